//! Reads for the guard and keeps what was read. Start at [`Tee`].

use std::io::{self, BufRead, Read};

/// Lets the guard's reader read, and keeps what it read for whoever stands behind the guard.
pub struct Tee<R> {
    inner: R,
    passed: Vec<u8>,
    handed: usize,
    event_bytes: u64,
    event_bytes_max: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("an event of too many bytes")]
pub struct TooLong;

impl<R> Tee<R> {
    pub fn new(inner: R, event_bytes_max: u64) -> Self {
        Self {
            inner,
            passed: Vec::new(),
            handed: 0,
            event_bytes: 0,
            event_bytes_max,
        }
    }

    pub fn event_begins(&mut self) {
        self.event_bytes = 0;
        if self.handed == self.passed.len() {
            self.passed.clear();
            self.handed = 0;
        }
    }

    pub fn drop_event_if(&mut self, yes: bool) {
        if yes {
            self.passed.clear();
            self.handed = 0;
        }
    }

    pub fn take(&mut self, out: &mut [u8]) -> usize {
        let waiting = &self.passed[self.handed..];
        let n = waiting.len().min(out.len());
        out[..n].copy_from_slice(&waiting[..n]);
        self.handed += n;
        n
    }
}

impl<R: BufRead> Read for Tee<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(out.len());
        out[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Tee<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event_bytes > self.event_bytes_max {
            return Err(io::Error::other(TooLong));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        // Consuming what was filled: the buffer is at hand and no error can come.
        if let Ok(available) = self.inner.fill_buf() {
            self.passed
                .extend_from_slice(&available[..n.min(available.len())]);
        }
        self.event_bytes += n as u64;
        self.inner.consume(n);
    }
}
