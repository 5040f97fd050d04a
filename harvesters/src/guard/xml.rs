//! XML, guarded event by event with quick-xml. Start at [`XmlGuard`].

use super::{Guard, carried, refusal, stopped};
use crate::{ReadError, ReadErrorKind};
use oxrdf::NamedNode;
use quick_xml::{Error, Reader, errors::SyntaxError, events::Event};
use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read},
};

/// What an XML document may cost the parser behind the guard. Its entities are expanded in full, its attributes and
/// namespaces are searched linearly: 634 bytes of entities became a literal of 300 MB, 40,000 attributes took 6.7 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        let tee = Tee { inner: BufReader::new(inner), passed: Vec::new(), handed: 0, event_bytes: 0, event_bytes_max };
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
            return Err(self.over("a document of more bytes", self.limits.total_bytes_max));
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
                    return Err(self.refuse(ReadErrorKind::Malformed, "text outside of the root element", "one root element"));
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
            return Err(self.refuse(ReadErrorKind::Malformed, "a second root element", "one root element"));
        }
        let expands: u64 = tag.references.iter().map(|name| self.entities.get(name).copied().unwrap_or(1)).sum();
        self.expands(expands)?;
        if tag.bytes + expands > self.limits.tag_bytes_max {
            return Err(self.over("a tag of more bytes", self.limits.tag_bytes_max));
        }
        if tag.attributes > self.limits.attributes_max {
            return Err(self.over("a tag of more attributes", self.limits.attributes_max as u64));
        }
        if self.namespaces + tag.namespaces > self.limits.namespaces_max {
            return Err(self.over("more namespaces in force", self.limits.namespaces_max as u64));
        }
        if self.open.len() >= self.limits.depth_max {
            return Err(self.over("nesting of more levels", self.limits.depth_max as u64));
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
            return Err(self.over("text of more bytes", self.limits.text_bytes_max));
        }
        Ok(())
    }

    fn expands(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.expanded += bytes;
        if self.expanded > self.limits.expanded_bytes_max {
            return Err(self.over("entities that expand to more bytes", self.limits.expanded_bytes_max));
        }
        Ok(())
    }

    /// Every `<` inside must begin an entity that stands for an absolute IRI. The parser behind us splits at `<` as
    /// well, so that the two of us see the same declarations.
    fn document_type(&mut self, text: &str) -> Result<(), ReadError> {
        let (name, subset) = text.split_once('[').unwrap_or((text, ""));
        if name.split_ascii_whitespace().nth(1).is_some() || !self.entities.is_empty() || !self.open.is_empty() {
            return Err(self.document_type_refused(text));
        }
        let mut declarations = subset.split('<');
        if declarations.next().is_some_and(|before| !before.trim_matches([' ', '\t', '\r', '\n', ']']).is_empty()) {
            return Err(self.document_type_refused(text));
        }
        for declaration in declarations {
            let Some((name, value)) = entity(declaration) else {
                return Err(self.document_type_refused(declaration));
            };
            if value.len() > self.limits.entity_bytes_max {
                return Err(self.over("an entity of more bytes", self.limits.entity_bytes_max as u64));
            }
            self.entities.insert(name.to_owned(), value.len() as u64);
            if self.entities.len() > self.limits.entities_max {
                return Err(self.over("more entities", self.limits.entities_max as u64));
            }
        }
        Ok(())
    }

    fn document_type_refused(&self, found: &str) -> ReadError {
        let found = format!("in the document type: {}", found.trim());
        self.refuse(ReadErrorKind::Limit, found, "at most declarations like <!ENTITY dct \"http://purl.org/dc/terms/\">")
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
                true => self.over("text, a tag or a comment of more bytes", self.limits.text_bytes_max),
                false => carried(std::sync::Arc::try_unwrap(error).unwrap_or_else(|e| io::Error::new(e.kind(), e.to_string()))),
            },
            Error::Syntax(SyntaxError::InvalidBangMarkup) => {
                self.refuse(ReadErrorKind::Malformed, SyntaxError::InvalidBangMarkup.to_string(), "well-formed XML")
            }
            Error::Syntax(unclosed) => self.refuse(ReadErrorKind::Truncated, unclosed.to_string(), "a closed root element"),
            error => self.refuse(ReadErrorKind::Malformed, error.to_string(), "well-formed XML"),
        }
    }

    fn over(&self, what: &str, max: u64) -> ReadError {
        self.refuse(ReadErrorKind::Limit, format!("{what} than {max}"), format!("at most {max}"))
    }

    fn refuse(&self, kind: ReadErrorKind, found: impl AsRef<str>, expected: impl Into<String>) -> ReadError {
        refusal(kind, DOING, self.position(), found, expected)
    }
}

/// What the guard wants to know of an event, free of its buffer.
enum Facts {
    Tag { tag: Tag, empty: bool },
    End,
    Text { bytes: u64, blank: bool },
    Reference(String),
    DocumentType(String),
    Other,
    Eof,
}

#[derive(Default)]
struct Tag {
    bytes: u64,
    attributes: usize,
    namespaces: usize,
    /// Names of the entities that its attributes refer to.
    references: Vec<String>,
}

impl Facts {
    fn of(event: &Event<'_>, tag_bytes_max: u64) -> Self {
        match event {
            Event::Start(tag) => Self::Tag { tag: Tag::of(tag, tag.attributes_raw(), tag_bytes_max), empty: false },
            Event::Empty(tag) => Self::Tag { tag: Tag::of(tag, tag.attributes_raw(), tag_bytes_max), empty: true },
            Event::End(_) => Self::End,
            Event::Text(text) => Self::Text { bytes: text.len() as u64, blank: text.trim_ascii().is_empty() },
            Event::CData(text) => Self::Text { bytes: text.len() as u64, blank: false },
            Event::GeneralRef(name) if name.is_char_ref() => Self::Text { bytes: 4, blank: false },
            Event::GeneralRef(name) => Self::Reference((**name).to_owned()),
            Event::DocType(text) => Self::DocumentType((**text).to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Self::Other,
            Event::Eof => Self::Eof,
        }
    }
}

impl Tag {
    /// Counts attributes by their equals signs outside of quotes: no check for doubles, no allocation per attribute.
    /// A tag that is too large already is not looked into.
    fn of(whole: &str, attributes: &str, bytes_max: u64) -> Self {
        let mut tag = Self { bytes: whole.len() as u64, ..Self::default() };
        if tag.bytes > bytes_max {
            return tag;
        }
        let mut quote = None;
        let mut name_begins = 0;
        for (at, byte) in attributes.bytes().enumerate() {
            match (quote, byte) {
                (Some(q), _) if q == byte => {
                    quote = None;
                    name_begins = at + 1;
                }
                (Some(_), b'&') => {
                    let rest = &attributes[at + 1..];
                    if let Some((name, _)) = rest.split_once(';') {
                        tag.references.push(name.to_owned());
                    }
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    let name = attributes[name_begins..at].trim_ascii();
                    tag.namespaces += usize::from(name == "xmlns" || name.starts_with("xmlns:"));
                }
                (None, _) => {}
            }
        }
        tag
    }
}

/// `!ENTITY name "absolute IRI">`, with white space and perhaps the end of the subset after it.
fn entity(declaration: &str) -> Option<(&str, &str)> {
    let rest = declaration.strip_prefix("!ENTITY")?;
    let (name, rest) = rest.strip_prefix(|c: char| c.is_ascii_whitespace())?.trim_start().split_once(|c: char| c.is_ascii_whitespace())?;
    let (value, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let after = rest.trim_start().strip_prefix('>')?;
    let nothing_more = after.trim_matches([' ', '\t', '\r', '\n', ']']).is_empty();
    let an_iri = !value.contains('&') && NamedNode::new(value).is_ok();
    (nothing_more && an_iri && !name.contains('%')).then_some((name, value))
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

/// Lets the guard's reader read, and keeps what it read for whoever stands behind the guard.
struct Tee<R> {
    inner: R,
    passed: Vec<u8>,
    handed: usize,
    event_bytes: u64,
    event_bytes_max: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("an event of too many bytes")]
struct TooLong;

impl<R> Tee<R> {
    fn event_begins(&mut self) {
        self.event_bytes = 0;
        if self.handed == self.passed.len() {
            self.passed.clear();
            self.handed = 0;
        }
    }

    fn drop_event_if(&mut self, yes: bool) {
        if yes {
            self.passed.clear();
            self.handed = 0;
        }
    }

    fn take(&mut self, out: &mut [u8]) -> usize {
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
            self.passed.extend_from_slice(&available[..n.min(available.len())]);
        }
        self.event_bytes += n as u64;
        self.inner.consume(n);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::scan_xml;
    use super::*;

    fn refused(xml: &str) -> String {
        scan_xml(xml.as_bytes(), XmlLimits::default()).unwrap_err().to_string()
    }

    const WHOLE: &str = "<?xml version=\"1.0\" encoding=\"Big5\"?>\n<!DOCTYPE rdf:RDF [\n <!ENTITY dct \"http://purl.org/dc/terms/\">\n]>\n\
        <!-- 目錄 --><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><a b=\"&dct;x > y\" c='d'/>&dct;title &amp; &#x81FA;<![CDATA[<b>]]></rdf:RDF >\n<!-- end -->\n";

    #[test]
    fn passes_everything_but_the_declaration() {
        let mut out = String::new();
        let mut guard = XmlGuard::new(WHOLE.as_bytes(), XmlLimits::default());
        guard.read_to_string(&mut out).unwrap();
        guard.finish().unwrap();
        assert_eq!(out, WHOLE.split_once("?>").unwrap().1);
    }

    #[test]
    fn sees_every_cut_before_the_root_is_closed() {
        let end = WHOLE.find("</rdf:RDF >").unwrap() + "</rdf:RDF >".len();
        for (cut, _) in WHOLE[..end].char_indices() {
            let why = scan_xml(&WHOLE.as_bytes()[..cut], XmlLimits::default()).unwrap_err();
            assert!(matches!(why.kind, ReadErrorKind::Truncated | ReadErrorKind::Malformed), "cut at {cut}: {why}");
        }
        scan_xml(&WHOLE.as_bytes()[..end], XmlLimits::default()).unwrap();
    }

    #[test]
    fn entities_must_be_iris() {
        let with = |subset: &str| format!("<!DOCTYPE r [{subset}]><r>&a;</r>");
        scan_xml(with("<!ENTITY a \"http://example.org/%E8\">").as_bytes(), XmlLimits::default()).unwrap();
        for subset in [
            "<!ENTITY a \"1234567890\"><!ENTITY b \"&a;&a;\">",
            "<!ENTITY a \"http://example.org/\"><!ENTITY b \"&a;&a;\">",
            "<!ENTITY a SYSTEM \"file:///etc/passwd\">",
            "<!ENTITY % a \"http://example.org/\">",
            "<!ELEMENT r ANY>",
            "<!ATTLIST r a CDATA #FIXED \"x\">",
            "<!-- <!ENTITY a \"http://example.org/\"> -->",
            "%a;",
        ] {
            assert!(refused(&with(subset)).contains("in the document type"), "{subset}");
        }
        assert!(refused("<!DOCTYPE r SYSTEM \"http://example.org/r.dtd\"><r/>").contains("in the document type"));
        assert!(refused("<!DOCTYPE r [<!ENTITY a \"urn:a\">]><!DOCTYPE r [<!ENTITY b \"urn:b\">]><r/>").contains("in the document type"));
    }

    #[test]
    fn expansion_is_bounded() {
        let iri = format!("http://example.org/{}", "x".repeat(400));
        let head = format!("<!DOCTYPE r [<!ENTITY a \"{iri}\">]><r");
        let references = "&a;".repeat(60_000);
        assert!(refused(&format!("{head}>{references}</r>")).contains("text of more bytes than 16777216"));
        assert!(refused(&format!("{head} x=\"{}\"/>", &references[..3_000])).contains("a tag of more bytes than 65536"));
        let long = format!("<!DOCTYPE r [<!ENTITY a \"urn:{}\">]><r/>", "x".repeat(600));
        assert!(refused(&long).contains("an entity of more bytes than 512"));
        let spread = format!("{head}>{}</r>", format!("<b>{}</b>", &references[..30_000]).repeat(20));
        assert!(refused(&spread).contains("entities that expand to more bytes than 67108864"));
    }

    #[test]
    fn other_limits() {
        let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        scan_xml(deep(100).as_bytes(), XmlLimits::default()).unwrap();
        assert!(refused(&deep(101)).contains("nesting of more levels than 100"));
        let attributes: String = (0..300).map(|n| format!(" a{n}='='")).collect();
        assert!(refused(&format!("<a{attributes}/>")).contains("a tag of more attributes than 256"));
        assert!(refused(&format!("<a b='{}'/>", "x".repeat(70_000))).contains("a tag of more bytes than 65536"));
        let namespaces: String = (0..200).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
        assert!(refused(&format!("<a{namespaces}>").repeat(3)).contains("more namespaces in force than 512"));
        let small = XmlLimits { total_bytes_max: 1_000, text_bytes_max: 500, tag_bytes_max: 100, ..XmlLimits::default() };
        let of = |xml: String| scan_xml(xml.as_bytes(), small).unwrap_err().to_string();
        assert!(of(format!("<a>{}</a>", "<b/>".repeat(400))).contains("a document of more bytes than 1000"));
        assert!(of(format!("<a><!-- {} --></a>", "x".repeat(60_000))).contains("text, a tag or a comment of more bytes than 500"));
    }

    #[test]
    fn one_root() {
        assert!(refused("<a/><b/>").contains("a second root element"));
        assert!(refused("<a/>text").contains("text outside of the root element"));
        assert!(refused("<a></b>").starts_with("malformed answer"));
        assert!(refused("").contains("found no element"));
        assert!(refused("<a>\u{0}</a").starts_with("truncated answer"));
    }
}
