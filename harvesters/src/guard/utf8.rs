//! UTF-8, checked as it streams by. Start at [`Utf8Guard`].

use super::{Guard, carry, refusal};
use crate::{ReadError, ReadErrorKind};
use std::io::{self, Read};

const CHUNK_BYTES: usize = 16 * 1024;

/// Passes UTF-8 on and stops at the first byte that is none, naming its offset. A byte order mark is left out.
pub struct Utf8Guard<R> {
    inner: R,
    /// Checked bytes not yet handed on are `buffer[handed..checked]`; `buffer[checked..filled]` is the begin of a character.
    buffer: Vec<u8>,
    handed: usize,
    checked: usize,
    filled: usize,
    /// Offset in the document of `buffer[0]`.
    offset: u64,
    ended: bool,
    refusal: Option<ReadError>,
}

impl<R: Read> Utf8Guard<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; CHUNK_BYTES],
            handed: 0,
            checked: 0,
            filled: 0,
            offset: 0,
            ended: false,
            refusal: None,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.checked..self.filled, 0);
        self.offset += self.checked as u64;
        self.filled -= self.checked;
        (self.handed, self.checked) = (0, 0);
        let n = self.inner.read(&mut self.buffer[self.filled..])?;
        self.ended = n == 0;
        self.filled += n;
        self.checked = match str::from_utf8(&self.buffer[..self.filled]) {
            Ok(_) => self.filled,
            Err(e) if e.error_len().is_none() && !self.ended => e.valid_up_to(),
            Err(e) => return Err(self.refuse(e.valid_up_to())),
        };
        if self.offset == 0 && self.buffer[..self.checked].starts_with("\u{feff}".as_bytes()) {
            self.handed = 3;
        }
        Ok(())
    }

    fn refuse(&mut self, at: usize) -> io::Error {
        let bytes = &self.buffer[at..self.filled.min(at + 4)];
        let found = bytes
            .iter()
            .map(|b| format!("{b:02X}"))
            .collect::<Vec<_>>()
            .join(" ");
        let why = refusal(
            ReadErrorKind::Malformed,
            "reading text",
            self.offset + at as u64,
            format!("invalid UTF-8 ({found})"),
            "UTF-8, or a declared charset",
        );
        let error = carry(&why);
        self.refusal = Some(why);
        error
    }
}

impl<R: Read> Read for Utf8Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.handed == self.checked {
            if let Some(why) = &self.refusal {
                return Err(carry(why));
            }
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let n = out.len().min(self.checked - self.handed);
        out[..n].copy_from_slice(&self.buffer[self.handed..self.handed + n]);
        self.handed += n;
        Ok(n)
    }
}

impl<R: Read> Guard for Utf8Guard<R> {
    fn refusal(&self) -> Option<&ReadError> {
        self.refusal.as_ref()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Hands out one byte a time: every character is cut everywhere.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn passes_text_and_drops_the_mark() {
        let mut out = String::new();
        Utf8Guard::new(Drip("\u{feff}臺北市 open data \u{feff}".as_bytes()))
            .read_to_string(&mut out)
            .unwrap();
        assert_eq!(out, "臺北市 open data \u{feff}");
    }

    #[test]
    fn names_the_offset() {
        let text = [b"abc".as_slice(), b"\xE8\x87\xBA", b"\xFF rest"].concat();
        let why = Utf8Guard::new(Drip(&text)).finish().unwrap_err();
        assert_eq!(
            why.to_string(),
            "malformed answer: reading text, byte 6: found invalid UTF-8 (FF), expected UTF-8, or a declared charset"
        );
        let cut = Utf8Guard::new(&b"ab\xE8\x87"[..]).finish().unwrap_err();
        assert!(cut.doing.ends_with("byte 2"), "{cut}");
    }
}
