//! Guards that stand between an untrusted document and a parser: they read ahead of it and stop what would cost it
//! too much (entity bombs, deep nesting, giant tags), and they prove that a document was closed.
//!
//! Each guard is a [`std::io::Read`] that passes bytes on only after it has looked at them, so nothing is held twice:
//! [`Utf8Guard`], [`XmlGuard`], [`JsonGuard`]. After parsing, ask [`Guard::finish`]: a parser may well be satisfied with
//! half a document (RDF/XML without its closing tags parses without an error), the guard is not.
//!
//! What no guard can see: Turtle, TriG, N-Triples and N-Quads cut exactly between two statements are valid documents.
//! For these only the framing of HTTP (Content-Length, the last chunk) proves that nothing is missing; whoever fetched
//! the document knows that and has to weigh it before it infers an absence.
//!
//! No guard parses more than it must, and none changes the document (but for the XML declaration, see [`XmlGuard`]).

mod html;
mod json;
mod utf8;
mod xml;

pub use html::{LOOKED_AT_BYTES, PageKind, explain_html, looks_like_html, page_kind};
pub use json::{JsonGuard, JsonLimits};
pub use utf8::Utf8Guard;
pub use xml::{XmlGuard, XmlLimits};

use crate::{ReadError, ReadErrorKind};
use std::io::{self, Read};

/// A reader that may refuse the document it reads.
pub trait Guard: Read {
    /// Why the guard stopped, if it did. The reader then has returned an error of kind `InvalidData`.
    fn refusal(&self) -> Option<&ReadError>;

    /// Reads what the parser left unread, and says whether the document was whole and within its limits.
    fn finish(&mut self) -> Result<(), ReadError> {
        let mut rest = [0; 8192];
        loop {
            if let Some(refusal) = self.refusal() {
                return Err(refusal.clone());
            }
            match self.read(&mut rest) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) => return Err(self.refusal().cloned().unwrap_or_else(|| e.into())),
            }
        }
    }
}

/// What a document may cost whoever parses it, by its form: the daemon's `limits.xml` and `limits.json`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DocumentLimits {
    pub xml: XmlLimits,
    pub json: JsonLimits,
}

/// Scans a whole XML document without parsing it for anything else.
pub fn scan_xml(document: &[u8], limits: XmlLimits) -> Result<(), ReadError> {
    XmlGuard::new(Utf8Guard::new(document), limits).finish()
}

/// Scans a whole JSON document without parsing it for anything else.
pub fn scan_json(document: &[u8], limits: JsonLimits) -> Result<(), ReadError> {
    JsonGuard::new(Utf8Guard::new(document), limits).finish()
}

/// What a guard was doing, what it found and what it expected, at which byte.
fn refusal(
    kind: ReadErrorKind,
    doing: &str,
    offset: u64,
    found: impl AsRef<str>,
    expected: impl Into<String>,
) -> ReadError {
    ReadError::new(kind, format!("{doing}, byte {offset}"), found, expected)
}

fn stopped(refusal: &ReadError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, refusal.to_string())
}

/// The refusal of an inner guard, carried through an outer one by its `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Carried(ReadError);

fn carry(refusal: &ReadError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Carried(refusal.clone()))
}

/// The other way: what an inner guard refused, or else the plain error.
fn carried(error: io::Error) -> ReadError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Carried>())
    {
        Some(Carried(refusal)) => refusal.clone(),
        None => error.into(),
    }
}
