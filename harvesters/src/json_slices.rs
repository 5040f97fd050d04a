//! Splits the one long array of a JSON answer into the raw bytes of its elements, without parsing them.
//!
//! It looks at quotes, brackets and commas only, and never allocates for an element that lies whole in the reader's
//! buffer. Whether an element is JSON at all is for its reader to say: an element is whatever stands between two
//! commas of the array, so a malformed one is handed out like any other and does not harm its neighbours.
//!
//! How far a bad element can be contained: as long as its quotes are closed and it closes as many brackets as it
//! opens, however wrongly ordered. Otherwise nobody can say where the next element begins; the answer then ends in
//! an error that names the element and the offset where its brackets first disagree. Nesting is only counted, so
//! depth costs nothing here and a too deep element is refused by the parser that it is given to.
//!
//! Start reading at [`slices`].

use crate::{ReadError, ReadErrorKind, Stop};
use std::{
    io::{BufRead, ErrorKind},
    ops::ControlFlow,
};

mod shape;
#[cfg(test)]
mod tests;

use shape::Shape;

/// What may be held in memory at once.
#[derive(Debug, Clone, Copy)]
pub struct SliceLimits {
    /// A longer element is skipped and reported as [`Found::TooLarge`].
    pub record_bytes_max: usize,
    /// More than this around the array is an error of kind [`ReadErrorKind::Limit`].
    pub frame_bytes_max: usize,
}

/// One element of the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'a> {
    /// Zero-based position in the array.
    pub index: u64,
    /// Where `raw` begins in the answer, in bytes, a byte order mark included.
    pub offset: u64,
    /// The element's exact bytes, white space around it left out; empty where two commas follow each other.
    pub raw: &'a [u8],
}

/// What stands at one place of the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    Element(Slice<'a>),
    /// Longer than [`SliceLimits::record_bytes_max`]; `bytes` is its length.
    TooLarge {
        index: u64,
        offset: u64,
        bytes: u64,
    },
}

/// What stands around the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The document with the array's elements left out, so that counts and flags can be parsed from it.
    /// Only its beginning where `each` said stop.
    pub json: Vec<u8>,
    /// How many elements were met, those too large included.
    pub elements: u64,
    /// False: the document is whole, but has no array at `path`; `json` is then all of it.
    pub array_found: bool,
}

/// Hands out the elements of the array at `path` (object keys from the root; none: the root is the array).
///
/// # Errors
/// `NotACatalogue` where the answer is no JSON document, `Truncated` where it ends too early, `Malformed` where its
/// brackets and commas outside of elements are wrong or something follows its end, `Limit` where the frame is too long.
pub fn slices(
    body: &mut dyn BufRead,
    path: &[&str],
    limits: SliceLimits,
    each: &mut dyn FnMut(Found<'_>) -> ControlFlow<Stop>,
) -> Result<Frame, ReadError> {
    let frame = Frame {
        json: Vec::new(),
        elements: 0,
        array_found: false,
    };
    let mut splitter = Splitter {
        body,
        offset: 0,
        limits,
        frame,
        place: None,
    };
    match splitter.document(path, each) {
        Ok(()) | Err(Halt::Stopped) => Ok(splitter.frame),
        Err(Halt::Failed(e)) => Err(e),
    }
}

/// Why the splitter does not go on.
enum Halt {
    Stopped,
    Failed(ReadError),
}

struct Splitter<'r> {
    body: &'r mut dyn BufRead,
    /// Of the next byte of `body`.
    offset: u64,
    limits: SliceLimits,
    frame: Frame,
    /// The element under way, or the one just left: what an error about brackets is most likely about.
    place: Option<Place>,
}

struct Place {
    index: u64,
    offset: u64,
    disagree: Option<u64>,
}

const DOING: &str = "splitting the JSON answer into records";

impl Splitter<'_> {
    fn document(
        &mut self,
        path: &[&str],
        each: &mut dyn FnMut(Found<'_>) -> ControlFlow<Stop>,
    ) -> Result<(), Halt> {
        self.beginning()?;
        let mut objects_open = 0;
        let mut found = true;
        for key in path {
            if self.peek()? != Some(b'{') {
                found = false;
                break;
            }
            self.keep()?;
            if !self.members(Some(key))? {
                found = false;
                break;
            }
            objects_open += 1;
        }
        // An object that was searched in vain is already closed; any other value is copied.
        let closed = !found && self.frame.json.last() == Some(&b'}');
        if found && self.peek()? == Some(b'[') {
            self.frame.array_found = true;
            self.keep()?;
            self.elements(each)?;
            self.keep()?;
        } else if !closed {
            self.copy_value(objects_open == 0)?;
        }
        for _ in 0..objects_open {
            self.rest_of_object()?;
        }
        match self.white_space()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("the end of the answer")),
        }
    }

    /// Skips a byte order mark and makes sure that an object or an array follows.
    fn beginning(&mut self) -> Result<(), Halt> {
        let mut start = Vec::new();
        if self.peek()? == Some(0xEF) {
            while let (true, Some(byte)) = (start.len() < 3, self.peek()?) {
                start.push(byte);
                self.consume(1);
            }
        }
        if start == b"\xEF\xBB\xBF" {
            start.clear();
        }
        if start.is_empty() {
            match self.white_space()? {
                Some(b'{' | b'[') => return Ok(()),
                Some(_) => {}
                None => {
                    return Err(failed(
                        ReadErrorKind::Truncated,
                        "nothing at all",
                        "a JSON document",
                    ));
                }
            }
        }
        while let (true, Some(byte)) = (start.len() < BEGINNING_BYTES, self.peek()?) {
            start.push(byte);
            self.consume(1);
        }
        let text = format!(
            "an answer that begins with {:?}",
            String::from_utf8_lossy(&start)
        );
        Err(failed(
            ReadErrorKind::NotACatalogue,
            &text,
            "a JSON object or array",
        ))
    }

    /// The elements up to the array's closing bracket, which is left to be read.
    fn elements(
        &mut self,
        each: &mut dyn FnMut(Found<'_>) -> ControlFlow<Stop>,
    ) -> Result<(), Halt> {
        if self.white_space()? == Some(b']') {
            return Ok(());
        }
        let mut held = Vec::new();
        loop {
            self.white_space()?;
            self.element(&mut held, each)?;
            self.frame.elements += 1;
            match self.peek()? {
                Some(b',') => self.consume(1),
                Some(b']') => return Ok(()),
                _ => return Err(self.malformed("',' or ']' after an element of the array")),
            }
        }
    }

    fn element(
        &mut self,
        held: &mut Vec<u8>,
        each: &mut dyn FnMut(Found<'_>) -> ControlFlow<Stop>,
    ) -> Result<(), Halt> {
        let (index, start) = (self.frame.elements, self.offset);
        self.place = Some(Place {
            index,
            offset: start,
            disagree: None,
        });
        held.clear();
        let mut shape = Shape::new(false);
        loop {
            let buffer = fill(self.body)?;
            if buffer.is_empty() {
                self.disagreement(&shape, start);
                return Err(self.truncated());
            }
            let end = shape.advance(buffer);
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            let bytes = shape.seen;
            let fits = bytes <= self.limits.record_bytes_max as u64;
            let said = match (end, fits) {
                (Some(_), false) => Some(each(Found::TooLarge {
                    index,
                    offset: start,
                    bytes,
                })),
                (Some(_), true) if held.is_empty() => Some(each(Found::Element(Slice {
                    index,
                    offset: start,
                    raw: trimmed(piece),
                }))),
                (Some(_), true) => {
                    held.extend_from_slice(piece);
                    Some(each(Found::Element(Slice {
                        index,
                        offset: start,
                        raw: trimmed(held),
                    })))
                }
                (None, true) => {
                    held.extend_from_slice(piece);
                    None
                }
                (None, false) => None,
            };
            let read = piece.len();
            self.consume(read);
            match said {
                Some(ControlFlow::Break(Stop)) => {
                    self.frame.elements += 1;
                    return Err(Halt::Stopped);
                }
                Some(ControlFlow::Continue(())) => {
                    self.disagreement(&shape, start);
                    return Ok(());
                }
                None => {}
            }
        }
    }

    /// Copies the members of an object until `wanted` has been read up to its value (true), or the object is closed.
    fn members(&mut self, wanted: Option<&str>) -> Result<bool, Halt> {
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

    fn rest_of_object(&mut self) -> Result<(), Halt> {
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
    fn copy_value(&mut self, is_root: bool) -> Result<(), Halt> {
        let mut shape = Shape::new(is_root);
        loop {
            let buffer = fill(self.body)?;
            if buffer.is_empty() {
                return Err(self.truncated());
            }
            let end = shape.advance(buffer);
            let read = end.unwrap_or(buffer.len());
            if self.frame.json.len() + read > self.limits.frame_bytes_max {
                return Err(frame_too_long(self.limits.frame_bytes_max));
            }
            self.frame.json.extend_from_slice(&buffer[..read]);
            self.consume(read);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Moves one byte into the frame.
    fn keep(&mut self) -> Result<(), Halt> {
        if self.frame.json.len() >= self.limits.frame_bytes_max {
            return Err(frame_too_long(self.limits.frame_bytes_max));
        }
        match self.peek()? {
            Some(byte) => self.frame.json.push(byte),
            None => return Err(self.truncated()),
        }
        self.consume(1);
        Ok(())
    }

    /// Skips white space; the byte after it, which is not read.
    fn white_space(&mut self) -> Result<Option<u8>, Halt> {
        loop {
            let buffer = fill(self.body)?;
            let next = buffer.iter().position(|b| !is_space(*b));
            let (skip, found) = (next.unwrap_or(buffer.len()), next.map(|at| buffer[at]));
            let ended = buffer.is_empty();
            self.consume(skip);
            if found.is_some() || ended {
                return Ok(found);
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, Halt> {
        Ok(fill(self.body)?.first().copied())
    }

    fn consume(&mut self, bytes: usize) {
        self.body.consume(bytes);
        self.offset += bytes as u64;
    }

    fn disagreement(&mut self, shape: &Shape, start: u64) {
        if let Some(place) = &mut self.place {
            place.disagree = shape.disagree.map(|at| start + at);
        }
    }

    fn truncated(&self) -> Halt {
        let found = format!(
            "the end of the answer at offset {}{}",
            self.offset,
            self.nearby()
        );
        // Brackets that disagree are in the document already: asking again does not help.
        let disagree = self
            .place
            .as_ref()
            .is_some_and(|place| place.disagree.is_some());
        let kind = if disagree {
            ReadErrorKind::Malformed
        } else {
            ReadErrorKind::Truncated
        };
        failed(kind, &found, "the closing brackets")
    }

    /// The next byte is not what it should be.
    fn malformed(&mut self, expected: &str) -> Halt {
        match self.peek() {
            Err(halt) => halt,
            Ok(None) => self.truncated(),
            Ok(Some(byte)) => {
                let found = format!(
                    "'{}' at offset {}{}",
                    byte.escape_ascii(),
                    self.offset,
                    self.nearby()
                );
                failed(ReadErrorKind::Malformed, &found, expected)
            }
        }
    }

    fn nearby(&self) -> String {
        let Some(Place {
            index,
            offset,
            disagree,
        }) = &self.place
        else {
            return String::new();
        };
        let mut text = format!(", the last element begun being number {index} at offset {offset}");
        if let Some(at) = disagree {
            text += &format!(", whose brackets first disagree at offset {at}");
        }
        text
    }
}

/// How much of something that is no JSON is shown.
const BEGINNING_BYTES: usize = 80;

fn failed(kind: ReadErrorKind, found: &str, expected: &str) -> Halt {
    Halt::Failed(ReadError::new(kind, DOING, found, expected))
}

fn frame_too_long(frame_bytes_max: usize) -> Halt {
    failed(
        ReadErrorKind::Limit,
        "more around the array of records",
        &format!("at most {frame_bytes_max} bytes"),
    )
}

/// The reader's buffer, empty only at the end of the answer.
fn fill(body: &mut dyn BufRead) -> Result<&[u8], Halt> {
    let ended = loop {
        match body.fill_buf() {
            Ok(buffer) => break buffer.is_empty(),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(Halt::Failed(e.into())),
        }
    };
    if ended {
        return Ok(&[]);
    }
    body.fill_buf().map_err(|e| Halt::Failed(e.into()))
}

fn same_key(quoted: &[u8], key: &str) -> bool {
    let plain = quoted
        .get(1..quoted.len().saturating_sub(1))
        .is_some_and(|inner| inner == key.as_bytes());
    plain
        || (quoted.contains(&b'\\')
            && serde_json::from_slice::<String>(quoted).is_ok_and(|k| k == key))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn trimmed(raw: &[u8]) -> &[u8] {
    let end = raw
        .iter()
        .rposition(|b| !is_space(*b))
        .map_or(0, |at| at + 1);
    &raw[..end]
}
