//! From an answer's bytes to its table of triples, through the guards.
//!
//! A document that breaks its syntax is refused as a whole, with the place; of line formats only the broken lines are.
//! It never fetches anything. Start at [`parse`].

mod lines;

use super::{
    contexts,
    format::{Declared, Syntax, declared, sniff},
    table::Table,
};
use crate::{
    ReadError, ReadErrorKind,
    guard::{DocumentLimits, Guard, JsonGuard, JsonLimits, Utf8Guard, XmlGuard, XmlLimits},
};
use harvestd_vocab::Refusal;
use oxrdfio::{JsonLdProfileSet, LoadedDocument, RdfFormat, RdfParseError, RdfParser};
use std::{
    io::{BufRead, Cursor, Read},
    sync::{Arc, Mutex},
};
use url::Url;

/// What is to be read, and how much of it may be.
pub struct Document<'a> {
    pub body: &'a mut dyn BufRead,
    /// Where it came from in the end: the base of its relative IRIs.
    pub url: &'a Url,
    pub media_type: Option<&'a str>,
    /// The syntax that the source's settings say.
    pub forced: Option<Syntax>,
    pub table_bytes_max: usize,
    /// Longest line of a line format, in bytes.
    pub line_bytes_max: usize,
    /// What it may cost.
    pub limits: DocumentLimits,
}

/// What was read.
pub struct Parsed {
    pub table: Table,
    pub syntax: Syntax,
    /// It was declared as something else.
    pub declared_otherwise: bool,
    /// Broken lines of a line format.
    pub lines: Vec<BrokenLine>,
    /// Values of JSON-LD that make no sense; what they belong to may be missing something.
    pub senseless: Counted,
}

/// How many there were, and what was said of the first.
#[derive(Default)]
pub struct Counted {
    pub count: u64,
    pub first: String,
}

impl Counted {
    pub fn add(&mut self, what: &str) {
        if self.count == 0 {
            self.first = what.to_owned();
        }
        self.count += 1;
    }
}

pub struct BrokenLine {
    /// One-based.
    pub line: u64,
    /// The subject, as far as it could be read.
    pub subject: Option<String>,
    pub why: Refusal,
}

/// How much of a document's begin is looked at before its syntax is decided, in bytes.
const BEGIN_BYTES: u64 = 8 * 1024;
const DOING: &str = "reading the document";

pub fn parse(document: Document<'_>) -> Result<Parsed, ReadError> {
    let mut begin = Vec::new();
    (&mut *document.body)
        .take(BEGIN_BYTES)
        .read_to_end(&mut begin)?;
    if begin.iter().all(|b| b.is_ascii_whitespace()) {
        return Err(ReadError::new(
            ReadErrorKind::Truncated,
            DOING,
            "an empty answer",
            "an RDF document",
        ));
    }
    let (syntax, declared_otherwise) = choose(&document, &begin)?;
    let mut parsed = Parsed {
        table: Table::new(document.table_bytes_max),
        syntax,
        declared_otherwise,
        lines: Vec::new(),
        senseless: Counted::default(),
    };
    let limits = document.limits;
    let whole = Cursor::new(begin).chain(document.body);
    match syntax {
        Syntax::RdfXml => rdf_xml(whole, document.url, limits.xml, &mut parsed)?,
        Syntax::JsonLd => json_ld(whole, document.url, limits.json, &mut parsed)?,
        Syntax::Turtle => turtle(whole, document.url, &mut parsed)?,
        Syntax::Lines => lines::read(whole, document.line_bytes_max, &mut parsed)?,
    }
    Ok(parsed)
}

/// The syntax, and whether the source declared another.
fn choose(document: &Document<'_>, begin: &[u8]) -> Result<(Syntax, bool), ReadError> {
    if let Some(forced) = document.forced {
        return Ok((forced, false));
    }
    let is_text = |syntax| matches!(syntax, Syntax::Turtle | Syntax::Lines);
    match (declared(document.media_type), sniff(begin)) {
        (Declared::As(said), None) => Ok((said, false)),
        (Declared::As(said), Some(seen)) if said == seen || (is_text(said) && is_text(seen)) => {
            Ok((said, false))
        }
        (Declared::Vaguely, Some(seen)) => Ok((seen, false)),
        (_, Some(seen)) => Ok((seen, true)),
        (_, None) => {
            let begin = String::from_utf8_lossy(&begin[..begin.len().min(100)]).into_owned();
            let found = format!(
                "{} beginning with {begin:?}",
                document.media_type.unwrap_or("something")
            );
            Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                DOING,
                found,
                "RDF/XML, JSON-LD, Turtle, TriG, N-Triples or N-Quads",
            ))
        }
    }
}

/// Sources write IRIs with spaces and language tags with underscores. The parsers let them pass, the table marks them.
fn parser(format: RdfFormat, base: &Url) -> Result<RdfParser, ReadError> {
    RdfParser::from_format(format)
        .lenient()
        .with_base_iri(base.as_str())
        .map_err(|e| {
            ReadError::new(
                ReadErrorKind::Malformed,
                DOING,
                format!("{base}: {e}"),
                "an IRI to resolve others against",
            )
        })
}

fn rdf_xml(
    whole: impl Read,
    base: &Url,
    limits: XmlLimits,
    parsed: &mut Parsed,
) -> Result<(), ReadError> {
    let mut guard = XmlGuard::new(Utf8Guard::new(whole), limits);
    let mut failed = None;
    for quad in parser(RdfFormat::RdfXml, base)?.for_reader(&mut guard) {
        match quad {
            Ok(quad) => parsed.table.add(&quad)?,
            Err(e) => {
                failed = Some(e);
                break;
            }
        }
    }
    if let Some(why) = guard.refusal() {
        return Err(why.clone());
    }
    if let Some(e) = failed {
        let doing = format!("reading RDF/XML, before byte {}", guard.position());
        return Err(ReadError::new(
            ReadErrorKind::Malformed,
            doing,
            e.to_string(),
            "RDF/XML",
        ));
    }
    guard.finish()
}

fn json_ld(
    whole: impl Read,
    base: &Url,
    limits: JsonLimits,
    parsed: &mut Parsed,
) -> Result<(), ReadError> {
    let mut guard = JsonGuard::new(Utf8Guard::new(whole), limits);
    let refused = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&refused);
    let format = RdfFormat::JsonLd {
        profile: JsonLdProfileSet::empty(),
    };
    let mut failed = None;
    let quads = parser(format, base)?
        .for_reader(&mut guard)
        .with_document_loader(move |url| match contexts::bundled(url) {
            Some(context) => Ok(LoadedDocument {
                url: url.to_owned(),
                content: context.into(),
                format,
            }),
            None => {
                if let Ok(mut seen) = seen.lock() {
                    seen.get_or_insert_with(|| url.to_owned());
                }
                Err("this remote context is not at hand".into())
            }
        });
    for quad in quads {
        match quad {
            Ok(quad) => parsed.table.add(&quad)?,
            // Without a place: well-formed JSON that makes no sense as JSON-LD. The parser goes on behind it.
            Err(RdfParseError::Syntax(e)) if e.location().is_none() => {
                parsed.senseless.add(&e.to_string());
            }
            Err(e) => {
                failed = Some(e);
                break;
            }
        }
    }
    if let Some(url) = refused.lock().ok().and_then(|mut url| url.take()) {
        return Err(remote_context(&url));
    }
    match (guard.refusal(), failed) {
        (Some(why), _) => Err(why.clone()),
        (None, Some(e)) => Err(syntax_error("reading JSON-LD", &e, false, "JSON-LD")),
        (None, None) => guard.finish(),
    }
}

fn remote_context(url: &str) -> ReadError {
    let found = format!("a remote @context, {url}");
    let expected = "a context in the document, or that of DCAT-AP 3";
    ReadError::new(ReadErrorKind::Malformed, "reading JSON-LD", found, expected)
}

fn turtle(whole: impl Read, base: &Url, parsed: &mut Parsed) -> Result<(), ReadError> {
    let mut guard = LastByte {
        inner: Utf8Guard::new(whole),
        bytes: 0,
        after_space: 0,
    };
    let mut failed = None;
    for quad in parser(RdfFormat::TriG, base)?.for_reader(&mut guard) {
        match quad {
            Ok(quad) => parsed.table.add(&quad)?,
            Err(e) => {
                failed = Some(e);
                break;
            }
        }
    }
    if let Some(why) = guard.inner.refusal() {
        return Err(why.clone());
    }
    let Some(e) = failed else { return Ok(()) };
    std::io::copy(&mut guard, &mut std::io::sink())?;
    let at_end = matches!(&e, RdfParseError::Syntax(e) if e.location().is_some_and(|at| at.end.offset >= guard.after_space));
    Err(syntax_error("reading Turtle", &e, at_end, "Turtle or TriG"))
}

fn syntax_error(doing: &str, error: &RdfParseError, at_end: bool, expected: &str) -> ReadError {
    let at = match error {
        RdfParseError::Syntax(e) => e.location().map(|at| at.start),
        RdfParseError::Io(_) => None,
    };
    let doing = match at {
        Some(at) => format!("{doing}, line {}, column {}", at.line + 1, at.column + 1),
        None => doing.to_owned(),
    };
    let kind = match (error, at_end) {
        (RdfParseError::Io(_), _) => ReadErrorKind::Io,
        (_, true) => ReadErrorKind::Truncated,
        (_, false) => ReadErrorKind::Malformed,
    };
    ReadError::new(kind, doing, error.to_string(), expected)
}

/// Knows where the document's last character stands that is not white space.
struct LastByte<R> {
    inner: Utf8Guard<R>,
    bytes: u64,
    after_space: u64,
}

impl<R: Read> Read for LastByte<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        if let Some(last) = out[..n].iter().rposition(|b| !b.is_ascii_whitespace()) {
            self.after_space = self.bytes + last as u64 + 1;
        }
        self.bytes += n as u64;
        Ok(n)
    }
}
