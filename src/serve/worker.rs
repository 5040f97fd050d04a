//! The worker: a child process that answers one question at a time from a snapshot opened read-only.
//!
//! It never writes to a store, never reaches the network, and outlives neither its parent nor its limits: when its stdin
//! closes it exits, whatever it is doing. One thread with a large stack reads questions, evaluates and answers: handing a
//! question to another thread costs a short query one more wake-up. Start at [`main`]; `answer.rs` says what each
//! question means.

use super::{
    answer::{self, Session},
    guard,
    wire::{self, BODY_BYTES, Head, Kind, Question, Refused, WorkerLimits},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Resource, Rlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use std::{
    fs::File,
    io::{self, BufReader, Write},
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    thread,
};

/// Reads questions from stdin and answers on stdout until stdin closes. What the hidden subcommand `worker` calls.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Nothing but stderr is left to say it on; the daemon keeps the last of it for its log.
            let _ = writeln!(io::stderr(), "worker: {e}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    // Neither is buffered: a question is read into a buffer of its own, and an answer is written in one piece.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let limits = match next_question(&mut input)? {
        Some(Question::Settle(limits)) => limits,
        Some(_) => return Err(io::Error::other("the first question must be Settle")),
        None => return Ok(()),
    };
    settle(&limits)?;
    let stack_bytes = usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX);
    thread::Builder::new()
        .name("evaluator".into())
        .stack_size(stack_bytes)
        .spawn(move || {
            if let Err(e) = evaluate(BufReader::new(input), output, &limits) {
                let _ = writeln!(io::stderr(), "worker: {e}");
                std::process::exit(1);
            }
            std::process::exit(0);
        })?;
    until_closed(&io::stdin())?;
    // The daemon is gone, or has done with this worker: an evaluation under way interests nobody.
    std::process::exit(0);
}

/// Waits until nobody can write to `input` any more. Takes nothing from it, and sleeps while questions come.
fn until_closed(input: &impl AsFd) -> io::Result<()> {
    loop {
        let mut watched = [PollFd::new(input, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
        }
        if !watched[0].revents().is_empty() {
            return Ok(());
        }
    }
}

/// Limits that hold from before the first byte of a snapshot is read. A worker beyond its memory aborts.
fn settle(limits: &WorkerLimits) -> io::Result<()> {
    let both = |value| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(Resource::As, both(limits.memory_bytes_max))?;
    setrlimit(Resource::Core, both(0))?;
    let allowed = rustix::process::getrlimit(Resource::Nofile)
        .maximum
        .unwrap_or(limits.files_max);
    setrlimit(Resource::Nofile, both(limits.files_max.min(allowed)))?;
    Ok(())
}

fn next_question(input: &mut impl io::Read) -> io::Result<Option<Question>> {
    match wire::read_frame(input)? {
        None => Ok(None),
        Some((Kind::Question, payload)) => Ok(Some(serde_json::from_slice(&payload)?)),
        Some((kind, _)) => Err(io::Error::other(format!(
            "a frame {kind:?}, expected a question"
        ))),
    }
}

fn evaluate(mut input: impl io::Read, mut output: File, limits: &WorkerLimits) -> io::Result<()> {
    let mut session = Session::new(limits.merge_triples_max);
    while let Some(question) = next_question(&mut input)? {
        let mut reply = Reply::new(&mut output, limits.whole_bytes_max);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            answer::answer(&mut session, &question, &mut reply)
        }));
        match ended {
            Ok(Ok(())) => reply.end()?,
            Ok(Err(answer::Failure::Output(e))) => return Err(e),
            Ok(Err(answer::Failure::Refused(refused))) => reply.refuse(&refused)?,
            Err(_) => {
                let detail = "The query could not be evaluated.".to_owned();
                reply.refuse(&guard::refuse(500, "internal", detail))?;
                return Err(io::Error::other("an evaluation panicked"));
            }
        }
    }
    Ok(())
}

/// Where an answer is written. Its first part is held back, so that a failure within it is still a proper error.
pub struct Reply<'a> {
    output: &'a mut File,
    media_type: String,
    held: Vec<u8>,
    begun: bool,
    whole_bytes_max: usize,
}

impl<'a> Reply<'a> {
    fn new(output: &'a mut File, whole_bytes_max: usize) -> Self {
        Self {
            output,
            media_type: String::new(),
            held: Vec::new(),
            begun: false,
            whole_bytes_max,
        }
    }

    /// To be said before the first byte.
    pub fn is(&mut self, media_type: &str) {
        media_type.clone_into(&mut self.media_type);
    }

    fn head(&self, length: Option<u64>) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(&Head::Given {
            media_type: self.media_type.clone(),
            length,
        })?)
    }

    fn send(&mut self) -> io::Result<()> {
        let mut frames = Vec::with_capacity(self.held.len() + 256);
        if !self.begun {
            wire::write_frame(&mut frames, Kind::Head, &self.head(None)?)?;
            self.begun = true;
        }
        wire::write_frame(&mut frames, Kind::Body, &self.held)?;
        self.held.clear();
        self.output.write_all(&frames)
    }

    fn end(mut self) -> io::Result<()> {
        let mut frames = Vec::with_capacity(self.held.len() + 256);
        if !self.begun {
            wire::write_frame(
                &mut frames,
                Kind::Head,
                &self.head(Some(self.held.len() as u64))?,
            )?;
        }
        if !self.held.is_empty() {
            wire::write_frame(&mut frames, Kind::Body, &std::mem::take(&mut self.held))?;
        }
        wire::write_frame(&mut frames, Kind::End, &used())?;
        self.output.write_all(&frames)
    }

    fn refuse(self, refused: &Refused) -> io::Result<()> {
        let mut frames = Vec::new();
        if self.begun {
            wire::write_frame(&mut frames, Kind::Broken, &serde_json::to_vec(refused)?)?;
        } else {
            wire::write_frame(
                &mut frames,
                Kind::Head,
                &serde_json::to_vec(&Head::Refused(refused.clone()))?,
            )?;
            wire::write_frame(&mut frames, Kind::End, &used())?;
        }
        self.output.write_all(&frames)
    }
}

/// What this process has used of processors, as an end says it.
fn used() -> [u8; 8] {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    wire::said_used(time.try_into().unwrap_or_default())
}

impl Write for Reply<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len()
            >= if self.begun {
                BODY_BYTES
            } else {
                self.whole_bytes_max
            }
        {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
