//! JSON and JSON-LD, guarded byte by byte. Start at [`JsonGuard`].

use super::{Guard, carried, refusal, stopped};
use crate::{ReadError, ReadErrorKind};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// What a JSON document may cost. JSON-LD parsers keep the active context per nesting level and per object with a
/// context of its own, so nesting is paid for quadratically: 2,000 levels took 778 MB, 20,000 the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonLimits {
    /// Objects and arrays inside one another.
    pub depth_max: usize,
    /// Bytes of the whole document.
    pub total_bytes_max: u64,
    /// Bytes of one string as written.
    pub string_bytes_max: u64,
    /// Bytes of one `@context` as written.
    pub context_bytes_max: u64,
    /// Bytes of contexts that a JSON-LD parser copies: for every inner `@context` (and, where a context holds contexts
    /// of its own, for every object) the bytes of the contexts in force.
    pub context_work_bytes_max: u64,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self {
            depth_max: 64,
            total_bytes_max: 256 << 20,
            string_bytes_max: 16 << 20,
            context_bytes_max: 256 << 10,
            context_work_bytes_max: 2 << 30,
        }
    }
}

/// Passes JSON on and stops it where it goes beyond a limit, ends before its end or goes on after it.
/// Whether it is well formed otherwise is for the parser to say.
pub struct JsonGuard<R> {
    inner: R,
    limits: JsonLimits,
    offset: u64,
    state: State,
    /// Per open object or array: the bytes of its own context.
    open: Vec<Level>,
    /// Bytes of all contexts in force.
    context_in_force: u64,
    context_work: u64,
    scoped_contexts: bool,
    /// Where the current `@context` began, and at which depth.
    in_context: Option<(u64, usize)>,
    /// The string that was read last, up to [`KEY_BYTES`] and as written: a key, should a colon follow.
    last: Vec<u8>,
    refusal: Option<ReadError>,
}

#[derive(Default)]
struct Level {
    context_bytes: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Before,
    Between,
    InString { since: u64, escaped: bool },
    After,
}

/// Enough for `@context` with every character escaped.
const KEY_BYTES: usize = 64;
const DOING: &str = "guarding JSON";

impl<R: Read> JsonGuard<R> {
    pub fn new(inner: R, limits: JsonLimits) -> Self {
        Self {
            inner,
            limits,
            offset: 0,
            state: State::Before,
            open: Vec::new(),
            context_in_force: 0,
            context_work: 0,
            scoped_contexts: false,
            in_context: None,
            last: Vec::new(),
            refusal: None,
        }
    }

    fn byte(&mut self, byte: u8) -> Result<(), ReadError> {
        match (self.state, byte) {
            (State::InString { since, escaped }, _) => return self.in_string(since, escaped, byte),
            (_, b' ' | b'\t' | b'\n' | b'\r') => {}
            (State::After, _) => {
                return Err(self.refuse(
                    ReadErrorKind::Malformed,
                    "more after the end of the document",
                    "one JSON document",
                ));
            }
            (_, b'"') => {
                self.last.clear();
                self.state = State::InString {
                    since: self.offset,
                    escaped: false,
                };
            }
            (_, b'{' | b'[') => return self.enter(byte),
            (_, b'}' | b']') => self.leave()?,
            (State::Before, _) => {
                return Err(self.refuse(
                    ReadErrorKind::Malformed,
                    format!("{:?}", char::from(byte)),
                    "an object or an array",
                ));
            }
            (_, b':') => self.key()?,
            // A context that is neither object nor array ends with its value.
            (_, b',') => self.context_ends()?,
            _ => {}
        }
        Ok(())
    }

    fn in_string(&mut self, since: u64, escaped: bool, byte: u8) -> Result<(), ReadError> {
        if self.offset - since > self.limits.string_bytes_max {
            return Err(self.over(
                "a string of more bytes",
                "string_bytes_max",
                self.limits.string_bytes_max,
            ));
        }
        if byte == b'"' && !escaped {
            self.state = if self.open.is_empty() {
                State::After
            } else {
                State::Between
            };
            return Ok(());
        }
        if self.last.len() < KEY_BYTES {
            self.last.push(byte);
        }
        self.state = State::InString {
            since,
            escaped: byte == b'\\' && !escaped,
        };
        Ok(())
    }

    fn enter(&mut self, byte: u8) -> Result<(), ReadError> {
        self.open.push(Level::default());
        if self.open.len() > self.limits.depth_max {
            return Err(self.over(
                "nesting of more levels",
                "depth_max",
                self.limits.depth_max as u64,
            ));
        }
        self.state = State::Between;
        if byte == b'{' && self.scoped_contexts && self.in_context.is_none() {
            self.work()?;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), ReadError> {
        self.context_ends()?;
        let Some(level) = self.open.pop() else {
            return Err(self.refuse(
                ReadErrorKind::Malformed,
                "a closing bracket",
                "an opening one before it",
            ));
        };
        self.context_in_force -= level.context_bytes;
        self.context_ends()?;
        if self.open.is_empty() {
            self.state = State::After;
        }
        Ok(())
    }

    fn key(&mut self) -> Result<(), ReadError> {
        if !is_context(&self.last) {
            return Ok(());
        }
        if self.in_context.is_some() {
            self.scoped_contexts = true;
            return Ok(());
        }
        self.in_context = Some((self.offset, self.open.len()));
        self.work()
    }

    /// Called wherever a value may have ended: the context ends when we are back at the depth where it began.
    fn context_ends(&mut self) -> Result<(), ReadError> {
        let Some((begin, depth)) = self.in_context else {
            return Ok(());
        };
        if self.open.len() != depth {
            return Ok(());
        }
        let bytes = self.offset - begin;
        if bytes > self.limits.context_bytes_max {
            return Err(self.over(
                "a context of more bytes",
                "context_bytes_max",
                self.limits.context_bytes_max,
            ));
        }
        if let Some(level) = self.open.last_mut() {
            level.context_bytes += bytes;
            self.context_in_force += bytes;
        }
        self.in_context = None;
        Ok(())
    }

    fn work(&mut self) -> Result<(), ReadError> {
        self.context_work += self.context_in_force;
        if self.context_work > self.limits.context_work_bytes_max {
            return Err(self.over(
                "contexts to be copied of more bytes",
                "context_work_bytes_max",
                self.limits.context_work_bytes_max,
            ));
        }
        Ok(())
    }

    fn look(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        for byte in bytes {
            self.byte(*byte)?;
            self.offset += 1;
        }
        if self.offset > self.limits.total_bytes_max {
            return Err(self.over(
                "a document of more bytes",
                "total_bytes_max",
                self.limits.total_bytes_max,
            ));
        }
        Ok(())
    }

    fn ends(&self) -> Result<(), ReadError> {
        if self.state == State::After {
            return Ok(());
        }
        let found = match self.state {
            State::Before => "nothing".to_owned(),
            State::InString { .. } => "the end inside a string".to_owned(),
            _ => format!("the end with {} objects or arrays open", self.open.len()),
        };
        Err(self.refuse(ReadErrorKind::Truncated, found, "a closed document"))
    }

    fn over(&self, what: &str, limit: &str, max: u64) -> ReadError {
        self.refuse(
            ReadErrorKind::Limit,
            format!("{what} than {max}"),
            format!("at most {max} (limits.json.{limit})"),
        )
    }

    fn refuse(
        &self,
        kind: ReadErrorKind,
        found: impl AsRef<str>,
        expected: impl Into<String>,
    ) -> ReadError {
        refusal(kind, DOING, self.offset, found, expected)
    }
}

fn is_context(key: &[u8]) -> bool {
    if !key.contains(&b'\\') {
        return key == b"@context";
    }
    let quoted = [b"\"", key, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|key| key == "@context")
}

impl<R: Read> Read for JsonGuard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(why) = &self.refusal {
            return Err(stopped(why));
        }
        if out.is_empty() {
            return Ok(0);
        }
        let n = match self.inner.read(out) {
            Ok(n) => n,
            Err(e) => {
                let why = carried(e);
                let error = stopped(&why);
                self.refusal = Some(why);
                return Err(error);
            }
        };
        let looked = if n == 0 {
            self.ends()
        } else {
            self.look(&out[..n])
        };
        if let Err(why) = looked {
            let error = stopped(&why);
            self.refusal = Some(why);
            return Err(error);
        }
        Ok(n)
    }
}

impl<R: Read> Guard for JsonGuard<R> {
    fn refusal(&self) -> Option<&ReadError> {
        self.refusal.as_ref()
    }
}

#[cfg(test)]
mod tests;
