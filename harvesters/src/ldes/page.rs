//! A page as quads: parsed whole through the guards, within a limit. Start at [`parse`].

use super::{bookmark::Note, skim::Skim};
use crate::{
    ReadError, ReadErrorKind,
    dcat::{bundled, syntax},
    guard::{DocumentLimits, Guard, JsonGuard, Utf8Guard},
};
use oxrdf::{GraphName, NamedOrBlankNode, Quad, Term, vocab::rdf};
use oxrdfio::{JsonLdProfileSet, LoadedDocument, RdfFormat, RdfParser};
use std::{
    collections::HashMap,
    io::{BufRead, Cursor, Read},
};
use url::Url;

pub const TREE: &str = "https://w3id.org/tree#";
pub const LDES: &str = "https://w3id.org/ldes#";

const DOING: &str = "reading a page of the feed";
/// How much of a page is looked at before its syntax is decided, in bytes.
const BEGIN_BYTES: u64 = 8 * 1024;

/// The statements of a page, in its order, each once in a graph.
#[derive(Debug, Default)]
pub struct Quads {
    all: Vec<Quad>,
    /// Where the statements about a node of the default graph stand.
    about: HashMap<NamedOrBlankNode, Vec<u32>>,
    /// Where the statements of a named graph stand.
    graphs: HashMap<NamedOrBlankNode, Vec<u32>>,
}

impl Quads {
    fn add(&mut self, quad: Quad) {
        let at = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let places = match &quad.graph_name {
            GraphName::DefaultGraph => self.about.entry(quad.subject.clone()),
            GraphName::NamedNode(graph) => self.graphs.entry(graph.clone().into()),
            GraphName::BlankNode(graph) => self.graphs.entry(graph.clone().into()),
        };
        places.or_default().push(at);
        self.all.push(quad);
    }

    fn at(&self, places: Option<&Vec<u32>>) -> impl Iterator<Item = &Quad> {
        let places = places.map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|at| self.all.get(*at as usize))
    }

    pub fn default_graph(&self) -> impl Iterator<Item = &Quad> {
        let all = self.all.iter();
        all.filter(|quad| quad.graph_name == GraphName::DefaultGraph)
    }

    /// What the default graph says of a node.
    pub fn about(&self, node: &NamedOrBlankNode) -> impl Iterator<Item = &Quad> {
        self.at(self.about.get(node))
    }

    /// A named graph.
    pub fn graph(&self, name: &NamedOrBlankNode) -> impl Iterator<Item = &Quad> {
        self.at(self.graphs.get(name))
    }

    pub fn object(&self, node: &NamedOrBlankNode, predicate: &str) -> Option<Term> {
        let found = self.about(node).find(|q| q.predicate.as_str() == predicate);
        found.map(|q| q.object.clone())
    }

    /// The address that the page gives by that word, of whatever it says it.
    pub fn word(&self, predicate: &str) -> Option<String> {
        let said = |quad: &&Quad| quad.predicate.as_str() == predicate;
        match &self.default_graph().find(said)?.object {
            Term::NamedNode(address) => Some(address.as_str().to_owned()),
            _ => None,
        }
    }

    pub fn subjects_of_type(&self, class: &str) -> impl Iterator<Item = NamedOrBlankNode> {
        let is_of = move |q: &&Quad| {
            q.predicate == rdf::TYPE
                && matches!(&q.object, Term::NamedNode(of) if of.as_str() == class)
        };
        self.default_graph()
            .filter(is_of)
            .map(|q| q.subject.clone())
    }
}

/// Parses a page. Of what was read before, by the note, bodies may be left out.
pub fn parse(
    body: &mut dyn BufRead,
    url: &Url,
    media_type: Option<&str>,
    quads_max: usize,
    limits: DocumentLimits,
    note: &Note,
) -> Result<Quads, ReadError> {
    let mut begin = Vec::new();
    (&mut *body).take(BEGIN_BYTES).read_to_end(&mut begin)?;
    let format = match syntax(media_type, &begin) {
        Some(format) if !matches!(format, RdfFormat::RdfXml) => format,
        _ => {
            let begin = String::from_utf8_lossy(&begin[..begin.len().min(100)]).into_owned();
            let found = format!(
                "{} beginning with {begin:?}",
                media_type.unwrap_or("something")
            );
            let expected = "N-Quads, TriG, Turtle, N-Triples or JSON-LD";
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                DOING,
                found,
                expected,
            ));
        }
    };
    let whole = Cursor::new(begin).chain(body);
    match format {
        RdfFormat::JsonLd { .. } => {
            let guard = JsonGuard::new(Utf8Guard::new(whole), limits.json);
            read(guard, format, url, quads_max)
        }
        RdfFormat::NQuads => match Skim::of(whole, note) {
            Ok(skim) => read(Utf8Guard::new(skim), format, url, quads_max),
            Err(whole) => read(Utf8Guard::new(whole), format, url, quads_max),
        },
        _ => read(Utf8Guard::new(whole), format, url, quads_max),
    }
}

fn read(
    mut guard: impl Guard,
    format: RdfFormat,
    url: &Url,
    quads_max: usize,
) -> Result<Quads, ReadError> {
    let malformed =
        |found: String| ReadError::new(ReadErrorKind::Malformed, DOING, found, format.name());
    let parser = RdfParser::from_format(format).with_base_iri(url.as_str());
    let parser = parser.map_err(|e| malformed(e.to_string()))?.lenient();
    let (mut quads, mut failed) = (Quads::default(), None);
    let loader = |url: &str| match bundled(url) {
        Some(context) => Ok(LoadedDocument {
            url: url.to_owned(),
            content: context.into(),
            format: RdfFormat::JsonLd {
                profile: JsonLdProfileSet::empty(),
            },
        }),
        None => Err(format!("the remote context {url} is not at hand").into()),
    };
    for quad in parser.for_reader(&mut guard).with_document_loader(loader) {
        match quad {
            Ok(_) if quads.all.len() >= quads_max => {
                return Err(ReadError::new(
                    ReadErrorKind::Limit,
                    DOING,
                    format!("more than {quads_max} statements"),
                    "a smaller page, or a larger options.page_quads_max",
                ));
            }
            Ok(quad) => quads.add(quad),
            Err(e) => {
                failed = Some(e.to_string());
                break;
            }
        }
    }
    if let Some(why) = guard.refusal() {
        return Err(why.clone());
    }
    match failed {
        Some(e) => Err(malformed(e)),
        None => guard.finish().map(|()| quads),
    }
}
