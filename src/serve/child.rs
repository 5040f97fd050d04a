//! One worker process as the daemon sees it: its pipes, its frames, its last words.
//!
//! Decides nothing: the pool says when a child is asked and when it is ended. Start at [`Child::spawn`].

use super::{
    running::used_by,
    wire::{self, Head, Kind, Question, Refused, WorkerLimits},
};
use crate::{snapshot::Published, store::damage};
use bytes::{Bytes, BytesMut};
use std::{
    ffi::OsString,
    io,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

/// What a child says on stderr is kept up to this size.
const LAST_WORDS_BYTES_MAX: usize = 4096;

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("{doing}: {error}")]
    Io {
        doing: &'static str,
        error: io::Error,
    },
    #[error("it closed its output before the answer was whole")]
    Closed,
    #[error("it answered {0}")]
    Answer(String),
}

impl ChildError {
    fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }
}

/// How an answer begins, as far as the head says.
pub enum Begun {
    Refused(Refused),
    Whole(String, Bytes),
    Stream(String),
}

pub struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    words: Arc<Mutex<Vec<u8>>>,
    listener: JoinHandle<()>,
    /// The snapshot it has open: kept on disk until it is closed.
    holds: Option<Arc<Published>>,
    /// What it had used of processors when its last answer ended. None: it has a question, or did not say.
    used: Option<Duration>,
}

impl Child {
    pub async fn spawn(
        program: &Path,
        arguments: &[OsString],
        limits: WorkerLimits,
    ) -> Result<Self, ChildError> {
        let mut process = Command::new(program)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(ChildError::io("starting the worker"))?;
        let (Some(input), Some(output), Some(errors)) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        ) else {
            return Err(ChildError::Closed);
        };
        let words = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::spawn(listen(errors, Arc::clone(&words)));
        let output = BufReader::with_capacity(128 * 1024, output);
        let mut child = Self {
            process,
            input,
            output,
            words,
            listener,
            holds: None,
            used: None,
        };
        child.send(&Question::Settle(limits)).await?;
        Ok(child)
    }

    /// Its process, while that runs.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// What it has used of processors in all.
    pub fn used(&self) -> Duration {
        self.used.unwrap_or_else(|| used_by(self.id()))
    }

    pub fn holds(&self) -> Option<&Arc<Published>> {
        self.holds.as_ref()
    }

    /// Sends a question and reads the answer's beginning, or all of it where it is short.
    pub async fn begin(
        &mut self,
        question: &Question,
        snapshot: &Arc<Published>,
    ) -> Result<Begun, ChildError> {
        self.send(question).await?;
        let (kind, payload) = self.frame().await?;
        if kind != Kind::Head {
            return Err(ChildError::Answer(format!(
                "a frame {kind:?}, expected a head"
            )));
        }
        // Whatever it had open before is closed now.
        self.holds = Some(Arc::clone(snapshot));
        match serde_json::from_slice(&payload)
            .map_err(|e| ChildError::Answer(format!("a head that does not parse: {e}")))?
        {
            Head::Refused(refused) => {
                refused
                    .damaged
                    .as_deref()
                    .into_iter()
                    .for_each(damage::note);
                self.rest(Some(0)).await?;
                Ok(Begun::Refused(refused))
            }
            Head::Given {
                media_type,
                length: Some(length),
            } => Ok(Begun::Whole(media_type, self.rest(Some(length)).await?)),
            Head::Given {
                media_type,
                length: None,
            } => Ok(Begun::Stream(media_type)),
        }
    }

    /// Reads bodies up to the end, and compares their length with what was announced.
    async fn rest(&mut self, announced: Option<u64>) -> Result<Bytes, ChildError> {
        let mut all = Bytes::new();
        loop {
            match self.frame().await? {
                // Most answers are one body, and are not copied.
                (Kind::Body, bytes) if all.is_empty() => all = bytes,
                (Kind::Body, bytes) => {
                    let mut longer = BytesMut::from(all);
                    longer.extend_from_slice(&bytes);
                    all = longer.freeze();
                }
                (Kind::End, _) if announced.is_none_or(|length| length == all.len() as u64) => {
                    return Ok(all);
                }
                (kind, _) => {
                    return Err(ChildError::Answer(format!(
                        "a frame {kind:?} after {} of {announced:?} bytes",
                        all.len()
                    )));
                }
            }
        }
    }

    pub async fn frame(&mut self) -> Result<(Kind, Bytes), ChildError> {
        let mut first = [0; 5];
        self.output
            .read_exact(&mut first)
            .await
            .map_err(closed_or("reading a frame"))?;
        let (kind, length) =
            wire::parse_prefix(first).map_err(ChildError::io("reading a frame"))?;
        let mut payload = vec![0; length];
        self.output
            .read_exact(&mut payload)
            .await
            .map_err(closed_or("reading a frame"))?;
        if kind == Kind::End {
            self.used = wire::used(&payload);
        }
        Ok((kind, payload.into()))
    }

    async fn send(&mut self, question: &Question) -> Result<(), ChildError> {
        self.used = None;
        let json = serde_json::to_vec(question)
            .map_err(|e| ChildError::Answer(format!("a question that cannot be said: {e}")))?;
        let mut frame = Vec::with_capacity(json.len() + 5);
        wire::write_frame(&mut frame, Kind::Question, &json)
            .map_err(ChildError::io("writing a question"))?;
        self.input
            .write_all(&frame)
            .await
            .map_err(ChildError::io("writing a question"))?;
        self.input
            .flush()
            .await
            .map_err(ChildError::io("writing a question"))
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    pub fn kill(&mut self) {
        if let Err(error) = self.process.start_kill() {
            tracing::debug!(%error, "a worker to be ended had ended");
        }
    }

    pub async fn reap(&mut self) {
        if let Err(error) = self.process.wait().await {
            tracing::warn!(%error, "a worker's end could not be awaited");
        }
    }

    /// The last it said on stderr.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.words.lock().unwrap_or_else(PoisonError::into_inner))
            .into_owned()
    }

    /// The last it said, once it has ended.
    pub async fn last_words_at_end(&mut self) -> String {
        const LONGEST: Duration = Duration::from_secs(1);
        let _ = timeout(LONGEST, self.process.wait()).await;
        let _ = timeout(LONGEST, &mut self.listener).await;
        self.last_words()
    }
}

fn closed_or(doing: &'static str) -> impl FnOnce(io::Error) -> ChildError {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ChildError::Closed,
        _ => ChildError::Io { doing, error },
    }
}

async fn listen(mut errors: ChildStderr, words: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 1024];
    while let Ok(read) = errors.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        tracing::warn!(said = %String::from_utf8_lossy(&buffer[..read]), "a worker complained");
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.extend_from_slice(&buffer[..read]);
        let beyond = words.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        words.drain(..beyond);
    }
}
