//! What stands around the array: copied byte by byte, white space between values left out, and never more than a limit.
//!
//! Start reading at [`Splitter::members`].

use super::{Halt, Shape, Splitter, failed};
use crate::ReadErrorKind;

impl Splitter<'_> {
    /// Copies the members of an object until `wanted` has been read up to its value (true), or the object is closed.
    pub(super) fn members(&mut self, wanted: Option<&str>) -> Result<bool, Halt> {
        if self.white_space()? == Some(b'}') {
            self.keep()?;
            return Ok(false);
        }
        loop {
            if self.white_space()? != Some(b'"') {
                return Err(self.malformed("a key in quotes"));
            }
            let key_from = self.frame.json.len();
            self.key()?;
            let is_wanted = wanted.is_some_and(|w| same_key(&self.frame.json[key_from..], w));
            if self.white_space()? != Some(b':') {
                return Err(self.malformed("':' after a key"));
            }
            self.keep()?;
            self.white_space()?;
            if is_wanted {
                return Ok(true);
            }
            self.copy_value(false)?;
            if self.end_of_member()? {
                return Ok(false);
            }
        }
    }

    /// After a member's value: true where the object ends here, false where another member follows.
    fn end_of_member(&mut self) -> Result<bool, Halt> {
        match self.white_space()? {
            Some(b',') => self.keep().map(|()| false),
            Some(b'}') => self.keep().map(|()| true),
            _ => Err(self.malformed("',' or '}' after a member of an object")),
        }
    }

    pub(super) fn rest_of_object(&mut self) -> Result<(), Halt> {
        if !self.end_of_member()? {
            self.members(None)?;
        }
        Ok(())
    }

    /// Copies a key with its quotes into the frame.
    fn key(&mut self) -> Result<(), Halt> {
        self.keep()?;
        let mut escaped = false;
        while let Some(byte) = self.peek()? {
            self.keep()?;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Ok(()),
                _ => {}
            }
        }
        Err(self.truncated())
    }

    /// Copies a value into the frame. The root value has no comma or bracket after it and ends with its own bracket.
    pub(super) fn copy_value(&mut self, is_root: bool) -> Result<(), Halt> {
        let mut shape = Shape::new(is_root);
        loop {
            let buffer = self.input.fill()?;
            if buffer.is_empty() {
                return Err(self.truncated());
            }
            let end = shape.advance(buffer);
            let read = end.unwrap_or(buffer.len());
            if self.frame.json.len() + read > self.limits.frame_bytes_max {
                return Err(frame_too_long(self.limits.frame_bytes_max));
            }
            self.frame.json.extend_from_slice(&buffer[..read]);
            self.input.consume(read);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Moves one byte into the frame.
    pub(super) fn keep(&mut self) -> Result<(), Halt> {
        if self.frame.json.len() >= self.limits.frame_bytes_max {
            return Err(frame_too_long(self.limits.frame_bytes_max));
        }
        match self.peek()? {
            Some(byte) => self.frame.json.push(byte),
            None => return Err(self.truncated()),
        }
        self.input.consume(1);
        Ok(())
    }
}

fn frame_too_long(frame_bytes_max: usize) -> Halt {
    failed(
        ReadErrorKind::Limit,
        "more around the array of records",
        &format!("at most {frame_bytes_max} bytes"),
    )
}

fn same_key(quoted: &[u8], key: &str) -> bool {
    let plain = quoted
        .get(1..quoted.len().saturating_sub(1))
        .is_some_and(|inner| inner == key.as_bytes());
    plain
        || (quoted.contains(&b'\\')
            && serde_json::from_slice::<String>(quoted).is_ok_and(|k| k == key))
}
