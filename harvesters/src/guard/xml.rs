//! XML, guarded event by event with quick-xml. Start at [`XmlGuard`].

mod facts;
mod tee;

use super::{Guard, carried, refusal, stopped};
use crate::{ReadError, ReadErrorKind};
use facts::{Facts, Tag, entity};
use quick_xml::{Error, Reader, errors::SyntaxError, events::Event};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    io::{self, BufReader, Read},
};
use tee::{Tee, TooLong};

/// What an XML document may cost the parser behind the guard. Its entities are expanded in full, its attributes and
/// namespaces are searched linearly: 634 bytes of entities became a literal of 300 MB, 40,000 attributes took 6.7 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XmlLimits {
    /// Elements inside one another.
    pub depth_max: usize,
    /// Bytes of the whole document.
    pub total_bytes_max: u64,
    /// Bytes of one tag, its entities expanded.
    pub tag_bytes_max: u64,
    /// Attributes of one tag, namespace declarations included.
    pub attributes_max: usize,
    /// Namespace declarations in force at one place.
    pub namespaces_max: usize,
    /// Bytes of text between two tags, entities expanded; also of one comment or processing instruction.
    pub text_bytes_max: u64,
    /// Entities that the document type declares.
    pub entities_max: usize,
    /// Bytes of one entity's value.
    pub entity_bytes_max: usize,
    /// Bytes that all entity references of the document expand to.
    pub expanded_bytes_max: u64,
}

impl Default for XmlLimits {
    fn default() -> Self {
        Self {
            depth_max: 100,
            total_bytes_max: 256 << 20,
            tag_bytes_max: 64 << 10,
            attributes_max: 256,
            namespaces_max: 512,
            text_bytes_max: 16 << 20,
            entities_max: 64,
            entity_bytes_max: 512,
            expanded_bytes_max: 64 << 20,
        }
    }
}

/// Passes XML on, one event behind its own reading of it, and stops it where it goes beyond a limit, breaks the syntax
/// or ends before its root element is closed.
///
/// A document type may declare entities that stand for absolute IRIs (as RDF/XML writers do for namespaces) and nothing
/// else: no entity in an entity, no external subset, no element or attribute declarations.
///
/// The XML declaration is not passed on: what arrives here is UTF-8, whatever encoding it once was declared in.
pub struct XmlGuard<R: Read> {
    reader: Reader<Tee<BufReader<R>>>,
    limits: XmlLimits,
    event: Vec<u8>,
    /// Namespace declarations per open element.
    open: Vec<usize>,
    namespaces: usize,
    entities: HashMap<String, u64>,
    expanded: u64,
    text: u64,
    root_closed: bool,
    ended: bool,
    refusal: Option<ReadError>,
}

const DOING: &str = "guarding XML";

impl<R: Read> XmlGuard<R> {
    pub fn new(inner: R, limits: XmlLimits) -> Self {
        let event_bytes_max = limits.text_bytes_max.max(limits.tag_bytes_max);
        let tee = Tee::new(BufReader::new(inner), event_bytes_max);
        Self {
            reader: Reader::from_reader(tee),
            limits,
            event: Vec::new(),
            open: Vec::new(),
            namespaces: 0,
            entities: HashMap::new(),
            expanded: 0,
            text: 0,
            root_closed: false,
            ended: false,
            refusal: None,
        }
    }

    /// How far the document has been looked at, in bytes.
    pub fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Reads one event; its bytes then wait in the tee.
    fn step(&mut self) -> Result<(), ReadError> {
        let mut buffer = std::mem::take(&mut self.event);
        buffer.clear();
        self.reader.get_mut().event_begins();
        let result = match self.reader.read_event_into(&mut buffer) {
            Ok(event) => {
                let facts = Facts::of(&event, self.limits.tag_bytes_max);
                let declaration = matches!(event, Event::Decl(_));
                self.reader.get_mut().drop_event_if(declaration);
                self.look(facts)
            }
            Err(error) => Err(self.broken(error)),
        };
        self.event = buffer;
        result?;
        if self.position() > self.limits.total_bytes_max {
            return Err(self.over(
                "a document of more bytes",
                "total_bytes_max",
                self.limits.total_bytes_max,
            ));
        }
        Ok(())
    }

    fn look(&mut self, facts: Facts) -> Result<(), ReadError> {
        match facts {
            Facts::Tag { tag, empty } => self.tag(tag, empty),
            Facts::End => {
                self.text = 0;
                self.namespaces -= self.open.pop().unwrap_or(0);
                self.root_closed = self.open.is_empty();
                Ok(())
            }
            Facts::Text { bytes, blank } => {
                if self.open.is_empty() && !blank {
                    return Err(self.refuse(
                        ReadErrorKind::Malformed,
                        "text outside of the root element",
                        "one root element",
                    ));
                }
                self.text(bytes)
            }
            Facts::Reference(name) => {
                let bytes = self.entities.get(&name).copied().unwrap_or(1);
                self.expands(bytes)?;
                self.text(bytes)
            }
            Facts::DocumentType(text) => self.document_type(&text),
            Facts::Other => Ok(()),
            Facts::Eof => self.ends(),
        }
    }

    fn tag(&mut self, tag: Tag, empty: bool) -> Result<(), ReadError> {
        self.text = 0;
        if self.open.is_empty() && self.root_closed {
            return Err(self.refuse(
                ReadErrorKind::Malformed,
                "a second root element",
                "one root element",
            ));
        }
        let expands: u64 = tag
            .references
            .iter()
            .map(|name| self.entities.get(name).copied().unwrap_or(1))
            .sum();
        self.expands(expands)?;
        if tag.bytes + expands > self.limits.tag_bytes_max {
            return Err(self.over(
                "a tag of more bytes",
                "tag_bytes_max",
                self.limits.tag_bytes_max,
            ));
        }
        if tag.attributes > self.limits.attributes_max {
            return Err(self.over(
                "a tag of more attributes",
                "attributes_max",
                self.limits.attributes_max as u64,
            ));
        }
        if self.namespaces + tag.namespaces > self.limits.namespaces_max {
            return Err(self.over(
                "more namespaces in force",
                "namespaces_max",
                self.limits.namespaces_max as u64,
            ));
        }
        if self.open.len() >= self.limits.depth_max {
            return Err(self.over(
                "nesting of more levels",
                "depth_max",
                self.limits.depth_max as u64,
            ));
        }
        if empty {
            self.root_closed = self.open.is_empty();
        } else {
            self.open.push(tag.namespaces);
            self.namespaces += tag.namespaces;
        }
        Ok(())
    }

    fn text(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.text += bytes;
        if self.text > self.limits.text_bytes_max {
            return Err(self.over(
                "text of more bytes",
                "text_bytes_max",
                self.limits.text_bytes_max,
            ));
        }
        Ok(())
    }

    fn expands(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.expanded += bytes;
        if self.expanded > self.limits.expanded_bytes_max {
            return Err(self.over(
                "entities that expand to more bytes",
                "expanded_bytes_max",
                self.limits.expanded_bytes_max,
            ));
        }
        Ok(())
    }

    /// Every `<` inside must begin an entity that stands for an absolute IRI. The parser behind us splits at `<` as
    /// well, so that the two of us see the same declarations.
    fn document_type(&mut self, text: &str) -> Result<(), ReadError> {
        let (name, subset) = text.split_once('[').unwrap_or((text, ""));
        if name.split_ascii_whitespace().nth(1).is_some()
            || !self.entities.is_empty()
            || !self.open.is_empty()
        {
            return Err(self.document_type_refused(text));
        }
        let mut declarations = subset.split('<');
        if declarations
            .next()
            .is_some_and(|before| !before.trim_matches([' ', '\t', '\r', '\n', ']']).is_empty())
        {
            return Err(self.document_type_refused(text));
        }
        for declaration in declarations {
            let Some((name, value)) = entity(declaration) else {
                return Err(self.document_type_refused(declaration));
            };
            if value.len() > self.limits.entity_bytes_max {
                return Err(self.over(
                    "an entity of more bytes",
                    "entity_bytes_max",
                    self.limits.entity_bytes_max as u64,
                ));
            }
            self.entities.insert(name.to_owned(), value.len() as u64);
            if self.entities.len() > self.limits.entities_max {
                return Err(self.over(
                    "more entities",
                    "entities_max",
                    self.limits.entities_max as u64,
                ));
            }
        }
        Ok(())
    }

    fn document_type_refused(&self, found: &str) -> ReadError {
        let found = format!("in the document type: {}", found.trim());
        self.refuse(
            ReadErrorKind::Limit,
            found,
            "at most declarations like <!ENTITY dct \"http://purl.org/dc/terms/\">",
        )
    }

    fn ends(&mut self) -> Result<(), ReadError> {
        self.ended = true;
        if self.root_closed && self.open.is_empty() {
            return Ok(());
        }
        let found = match self.open.len() {
            0 => "no element".to_owned(),
            n => format!("the end with {n} elements open"),
        };
        Err(self.refuse(ReadErrorKind::Truncated, found, "a closed root element"))
    }

    fn broken(&self, error: Error) -> ReadError {
        match error {
            Error::Io(error) => match error.get_ref().is_some_and(|e| e.is::<TooLong>()) {
                true => self.over(
                    "text, a tag or a comment of more bytes",
                    "text_bytes_max",
                    self.limits.text_bytes_max,
                ),
                false => carried(
                    std::sync::Arc::try_unwrap(error)
                        .unwrap_or_else(|e| io::Error::new(e.kind(), e.to_string())),
                ),
            },
            Error::Syntax(SyntaxError::InvalidBangMarkup) => self.refuse(
                ReadErrorKind::Malformed,
                SyntaxError::InvalidBangMarkup.to_string(),
                "well-formed XML",
            ),
            Error::Syntax(unclosed) => self.refuse(
                ReadErrorKind::Truncated,
                unclosed.to_string(),
                "a closed root element",
            ),
            error => self.refuse(
                ReadErrorKind::Malformed,
                error.to_string(),
                "well-formed XML",
            ),
        }
    }

    fn over(&self, what: &str, limit: &str, max: u64) -> ReadError {
        self.refuse(
            ReadErrorKind::Limit,
            format!("{what} than {max}"),
            format!("at most {max} (limits.xml.{limit})"),
        )
    }

    fn refuse(
        &self,
        kind: ReadErrorKind,
        found: impl AsRef<str>,
        expected: impl Into<String>,
    ) -> ReadError {
        refusal(kind, DOING, self.position(), found, expected)
    }
}

impl<R: Read> Read for XmlGuard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(why) = &self.refusal {
                return Err(stopped(why));
            }
            let n = self.reader.get_mut().take(out);
            if n > 0 || self.ended {
                return Ok(n);
            }
            if let Err(why) = self.step() {
                self.refusal = Some(why);
            }
        }
    }
}

impl<R: Read> Guard for XmlGuard<R> {
    fn refusal(&self) -> Option<&ReadError> {
        self.refusal.as_ref()
    }
}

#[cfg(test)]
mod tests;
