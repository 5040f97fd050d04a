//! An answer's bytes and where in the answer they stand. It reads nothing ahead of what its user consumes.

use crate::ReadError;
use std::io::{BufRead, ErrorKind};

pub(crate) struct Input<'r> {
    pub body: &'r mut dyn BufRead,
    /// Of the next byte, from the beginning of the answer.
    pub offset: u64,
}

impl Input<'_> {
    /// What lies in the reader's buffer: empty only at the end of the answer.
    pub fn fill(&mut self) -> Result<&[u8], ReadError> {
        let ended = loop {
            match self.body.fill_buf() {
                Ok(buffer) => break buffer.is_empty(),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        };
        if ended {
            Ok(&[])
        } else {
            Ok(self.body.fill_buf()?)
        }
    }

    pub fn consume(&mut self, bytes: usize) {
        self.body.consume(bytes);
        self.offset += bytes as u64;
    }
}
