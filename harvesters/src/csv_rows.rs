//! Splits a CSV answer into rows of fields (RFC 4180), one row in memory at a time, each with its place.
//!
//! Quoted line breaks, doubled quotes, all three line ends and empty lines are read as the `csv` crate reads them
//! (a test compares the two). What that crate lacks is why this exists: a row longer than a limit is passed over
//! instead of being held, a quote that is still open at the end is an error, and a row knows its bytes' offset.
//! It knows nothing of encodings, headers or numbers of columns.
//!
//! Start reading at [`Rows::next_row`].

use crate::{ReadError, ReadErrorKind, input::Input};
use std::io::BufRead;

#[cfg(test)]
mod tests;

/// The rows of an answer.
pub struct Rows<'r> {
    input: Input<'r>,
    record_bytes_max: usize,
    line: u64,
    /// The unquoted text of the row's fields, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// What stands at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    Row(Row<'a>),
    /// Longer than the limit, or of more than [`FIELDS_MAX`] fields; `bytes` is its length.
    TooLarge {
        offset: u64,
        line: u64,
        bytes: u64,
    },
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Where the row begins, in bytes.
    pub offset: u64,
    /// The line it begins on, counted from one.
    pub line: u64,
    text: &'a [u8],
    ends: &'a [usize],
}

/// A row of more fields is no row of a catalogue: the widest export known has some thirty. No setting, because it only
/// keeps a row of commas from costing eight times its bytes; how large a row may be is `limits.record_bytes_max`.
pub const FIELDS_MAX: usize = 4096;

impl<'a> Row<'a> {
    /// The number of fields: at least one.
    pub fn width(&self) -> usize {
        self.ends.len()
    }

    /// A field without its quotes.
    pub fn field(&self, index: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }

    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        (0..self.width()).filter_map(|index| self.field(index))
    }
}

/// Where in a row the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end of the field, or half of a quote.
    Quote,
}

impl<'r> Rows<'r> {
    /// `offset` is the number of bytes already read of the answer: a byte order mark is for the caller to skip.
    pub fn new(body: &'r mut dyn BufRead, record_bytes_max: usize, offset: u64) -> Self {
        Self {
            input: Input { body, offset },
            record_bytes_max,
            line: 1,
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The next row that is not an empty line; None at the end.
    ///
    /// # Errors
    /// `Truncated` where the answer ends inside quotes.
    pub fn next_row(&mut self) -> Result<Option<Found<'_>>, ReadError> {
        self.empty_lines()?;
        let (offset, line) = (self.input.offset, self.line);
        self.text.clear();
        self.ends.clear();
        let mut at = At::FieldStart;
        let mut fits = true;
        loop {
            let buffer = self.input.fill()?;
            if buffer.is_empty() {
                break;
            }
            let step = scan(buffer, at, &mut self.text, &mut self.ends);
            self.line += newlines(&buffer[..step.bytes]);
            self.input.consume(step.bytes);
            at = step.at;
            if step.row_ended {
                return Ok(Some(self.found(offset, line, fits)));
            }
            if self.input.offset - offset > self.record_bytes_max as u64
                || self.ends.len() > FIELDS_MAX
            {
                fits = false;
                self.text.clear();
                self.ends.clear();
            }
        }
        if at == At::Quoted {
            return Err(ReadError::new(
                ReadErrorKind::Truncated,
                "splitting the CSV answer into rows",
                format!(
                    "the end of the answer inside quotes, in the row that begins on line {line} at offset {offset}"
                ),
                "a closing quote",
            ));
        }
        if self.input.offset == offset {
            return Ok(None);
        }
        self.ends.push(self.text.len());
        Ok(Some(self.found(offset, line, fits)))
    }

    fn found(&self, offset: u64, line: u64, fits: bool) -> Found<'_> {
        let bytes = self.input.offset - offset;
        if !fits || bytes > self.record_bytes_max as u64 || self.ends.len() > FIELDS_MAX {
            return Found::TooLarge {
                offset,
                line,
                bytes,
            };
        }
        Found::Row(Row {
            offset,
            line,
            text: &self.text,
            ends: &self.ends,
        })
    }

    fn empty_lines(&mut self) -> Result<(), ReadError> {
        loop {
            let buffer = self.input.fill()?;
            let rest = buffer.iter().position(|b| !matches!(b, b'\r' | b'\n'));
            let empty = rest.unwrap_or(buffer.len());
            let more = rest.is_none() && !buffer.is_empty();
            self.line += newlines(&buffer[..empty]);
            self.input.consume(empty);
            if !more {
                return Ok(());
            }
        }
    }
}

struct Step {
    bytes: usize,
    at: At,
    row_ended: bool,
}

/// Reads `buffer` up to the end of the row or of the buffer.
fn scan(buffer: &[u8], mut at: At, text: &mut Vec<u8>, ends: &mut Vec<usize>) -> Step {
    let mut read = 0;
    while let Some(&byte) = buffer.get(read) {
        match (at, byte) {
            (At::FieldStart, b'"') => at = At::Quoted,
            (At::Quote, b'"') => {
                text.push(byte);
                at = At::Quoted;
            }
            (At::Quoted, b'"') => at = At::Quote,
            (At::Quoted, _) => {
                let rest = &buffer[read..];
                let plain = rest.iter().position(|b| *b == b'"').unwrap_or(rest.len());
                text.extend_from_slice(&rest[..plain]);
                read += plain;
                continue;
            }
            (_, b',') => {
                ends.push(text.len());
                at = At::FieldStart;
            }
            (_, b'\n' | b'\r') => {
                ends.push(text.len());
                return Step {
                    bytes: read + 1,
                    at,
                    row_ended: true,
                };
            }
            _ => {
                let rest = &buffer[read..];
                let ends_field = |b: &u8| matches!(b, b',' | b'\n' | b'\r');
                let plain = rest.iter().position(ends_field).unwrap_or(rest.len());
                text.extend_from_slice(&rest[..plain]);
                read += plain;
                at = At::Plain;
                continue;
            }
        }
        read += 1;
    }
    Step {
        bytes: read,
        at,
        row_ended: false,
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}
