//! The bytes as they come over the wire: how many, how fast, with what silences, until when.
//!
//! Decodes nothing. Start at [`Meter::open`].

use super::{
    error::{Doing, NetworkError, NetworkErrorKind as Kind, from_client},
    ms,
};
use crate::config::NetworkLimits;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::Response;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncBufRead,
    time::{Instant, timeout_at},
};
use tokio_util::io::StreamReader;

/// The bytes of a body, to be read; an error in it is a [`NetworkError`] within an I/O error.
pub type Wire<'a> = Pin<Box<dyn AsyncBufRead + Send + 'a>>;

/// Watches the bytes as they come: their number, the silence between them, their rate, the deadline.
pub struct Meter<'a> {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    limits: &'a NetworkLimits,
    doing: Doing<'a>,
    deadline: Instant,
    came: Arc<AtomicU64>,
    window: Window,
}

/// A stretch of waiting over which the rate is judged. Time that we spend decoding and writing is not the source's.
#[derive(Default)]
struct Window {
    waited: Duration,
    bytes: u64,
}

impl<'a> Meter<'a> {
    /// The bytes of a body, and how many of them have come.
    pub fn open(
        response: Response,
        limits: &'a NetworkLimits,
        deadline: Instant,
        doing: &Doing<'a>,
    ) -> (Wire<'a>, Arc<AtomicU64>) {
        let came = Arc::new(AtomicU64::new(0));
        let meter = Self {
            chunks: response.bytes_stream().boxed(),
            limits,
            doing: *doing,
            deadline,
            came: Arc::clone(&came),
            window: Window::default(),
        };
        (meter.reader(), came)
    }

    fn reader(self) -> Wire<'a> {
        let chunks = stream::try_unfold(self, |mut meter| async move {
            let chunk = meter.next().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, meter)))
        });
        Box::pin(StreamReader::new(Box::pin(chunks)))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, NetworkError> {
        let silent_until = Instant::now() + ms(self.limits.read_ms);
        loop {
            let began = Instant::now();
            let judged = began + self.window_length().saturating_sub(self.window.waited);
            let until = silent_until.min(self.deadline).min(judged);
            let came = timeout_at(until, self.chunks.next()).await;
            self.window.waited += began.elapsed();
            match came {
                Ok(None) => return Ok(None),
                Ok(Some(chunk)) => {
                    let failed = |error| from_client(&error, &self.doing, self.limits.connect_ms);
                    let chunk = chunk.map_err(failed)?;
                    self.came.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    self.window.bytes += chunk.len() as u64;
                    self.judge(None)?;
                    return Ok(Some(chunk));
                }
                Err(_) => self.judge(Some(silent_until))?,
            }
        }
    }

    fn window_length(&self) -> Duration {
        ms(self.limits.rate_window_ms.max(1))
    }

    /// `silent_until` is given where nothing came.
    fn judge(&mut self, silent_until: Option<Instant>) -> Result<(), NetworkError> {
        let (now, limits) = (Instant::now(), self.limits);
        if now >= self.deadline {
            let found = format!("an answer that was not whole after {} ms", limits.total_ms);
            return Err(self.error(Kind::Deadline, found, "a whole answer by then"));
        }
        // Without this, a compressed stream of empty blocks would go on for ever and decode to nothing.
        if self.came.load(Ordering::Relaxed) > limits.body_bytes_max {
            let found = format!("a body of more than {} bytes", limits.body_bytes_max);
            return Err(self
                .error(Kind::TooLarge, found, "at most so many")
                .advise("a larger catalogue needs a larger body_bytes_max for the source"));
        }
        if silent_until.is_some_and(|until| now >= until) {
            let found = format!("no byte for {} ms", limits.read_ms);
            return Err(self.error(Kind::Timeout, found, "a body that goes on"));
        }
        if self.window.waited >= self.window_length() {
            let Window { waited, bytes } = std::mem::take(&mut self.window);
            let least = u128::from(limits.bytes_per_second_min) * waited.as_millis() / 1000;
            if u128::from(bytes) < least {
                let found = format!("{bytes} bytes in {} ms", waited.as_millis());
                let expected = format!("at least {} bytes a second", limits.bytes_per_second_min);
                return Err(self.error(Kind::Drip, found, expected));
            }
        }
        Ok(())
    }

    fn error(&self, kind: Kind, found: String, expected: impl Into<String>) -> NetworkError {
        NetworkError::new(kind, &self.doing, found, expected)
    }
}
