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

use crate::{Location, ReadError, ReadErrorKind, Stop, input::Input};
use std::{io::BufRead, ops::ControlFlow};

mod frame;
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

impl Found<'_> {
    /// Where it stands.
    pub fn at(&self) -> Location {
        let (index, offset) = match self {
            Self::Element(slice) => (slice.index, slice.offset),
            Self::TooLarge { index, offset, .. } => (*index, *offset),
        };
        Location {
            index: Some(index),
            offset: Some(offset),
            ..Location::default()
        }
    }
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
    let input = Input { body, offset: 0 };
    let mut splitter = Splitter {
        input,
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
    input: Input<'r>,
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

impl From<ReadError> for Halt {
    fn from(e: ReadError) -> Self {
        Self::Failed(e)
    }
}

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
                self.input.consume(1);
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
            self.input.consume(1);
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
            match self.peek()? {
                Some(b',') => self.input.consume(1),
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
        let (index, offset) = (self.frame.elements, self.input.offset);
        self.place = Some(Place {
            index,
            offset,
            disagree: None,
        });
        self.frame.elements += 1;
        held.clear();
        let mut shape = Shape::new(false);
        loop {
            let buffer = self.input.fill()?;
            if buffer.is_empty() {
                self.disagreement(&shape, offset);
                return Err(self.truncated());
            }
            let end = shape.advance(buffer);
            let (piece, bytes) = (&buffer[..end.unwrap_or(buffer.len())], shape.seen);
            let fits = bytes <= self.limits.record_bytes_max as u64;
            if fits && (end.is_none() || !held.is_empty()) {
                held.extend_from_slice(piece);
            }
            let said = end.map(|_| {
                let raw = trimmed(if held.is_empty() { piece } else { held });
                each(match fits {
                    true => Found::Element(Slice { index, offset, raw }),
                    false => Found::TooLarge {
                        index,
                        offset,
                        bytes,
                    },
                })
            });
            let read = piece.len();
            self.input.consume(read);
            match said {
                None => {}
                Some(ControlFlow::Break(Stop)) => return Err(Halt::Stopped),
                Some(ControlFlow::Continue(())) => {
                    self.disagreement(&shape, offset);
                    return Ok(());
                }
            }
        }
    }

    /// Skips white space; the byte after it, which is not read.
    fn white_space(&mut self) -> Result<Option<u8>, Halt> {
        loop {
            let buffer = self.input.fill()?;
            let next = buffer.iter().position(|b| !is_space(*b));
            let (skip, found) = (next.unwrap_or(buffer.len()), next.map(|at| buffer[at]));
            let ended = buffer.is_empty();
            self.input.consume(skip);
            if found.is_some() || ended {
                return Ok(found);
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, Halt> {
        Ok(self.input.fill()?.first().copied())
    }

    fn disagreement(&mut self, shape: &Shape, start: u64) {
        if let Some(place) = &mut self.place {
            place.disagree = shape.disagree.map(|at| start + at);
        }
    }

    fn truncated(&self) -> Halt {
        let found = format!(
            "the end of the answer at offset {}{}",
            self.input.offset,
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
                    self.input.offset,
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
