//! The source's own catalogue, as its configuration describes it: one more record of every run.

use crate::config::Source;
use harvestd_harvesters::{
    Answer, Bookmark, Detail, Harvester, News, Page, PartKind, ReadError, Record, RecordId, Request,
};
use harvestd_vocab::{
    Class, Description, Refusal,
    iris::catalog_iri,
    terms::{dcat, dct, foaf},
};
use oxrdf::{
    BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Triple, vocab::rdf, vocab::xsd,
};
use serde_json::{Value, json};
use url::Url;

pub use harvestd_vocab::shared::CATALOG_KEY as KEY;
/// Part of the record.
pub const PART: &str = "configuration";

/// A connector that describes the catalogue's own record as well.
pub struct WithCatalog {
    pub inner: Box<dyn Harvester>,
    pub base: String,
    pub source: String,
    pub day: String,
}

/// The day on which a catalogue that is described now was described last, as xsd:date in UTC.
pub fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

/// What the catalogue's record says of itself: `day` is when the description changed last. Nobody else knows it, since
/// the description is ours. Where nothing but the day differs from what the store holds, the store keeps its own
/// (`src/store/own_date.rs`).
pub fn changed_on(catalog: &NamedNode, day: &str) -> [Triple; 3] {
    let record = BlankNode::new_unchecked("record");
    let day = Literal::new_typed_literal(day, xsd::DATE);
    [
        Triple::new(record.clone(), rdf::TYPE, dcat::CATALOG_RECORD),
        Triple::new(record.clone(), foaf::PRIMARY_TOPIC, catalog.clone()),
        Triple::new(record, dct::MODIFIED, day),
    ]
}

/// The record and its raw bytes: what the configuration says of the catalogue.
pub fn record(source: &Source) -> (RecordId, Vec<u8>) {
    let said = json!({ "title": source.title, "description": source.description, "publisher": source.publisher, "homepage": source.homepage, "url": source.url.origin().ascii_serialization() });
    (
        RecordId::new(Class::Catalog, KEY),
        said.to_string().into_bytes(),
    )
}

impl Harvester for WithCatalog {
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request> {
        self.inner.begin(since, now_ms)
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        self.inner.read(answer, page)
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        match record.part(PART) {
            Some(raw) => self.describe_catalog(raw),
            None => self.inner.describe(record),
        }
    }

    fn parts(&self) -> &'static [PartKind] {
        self.inner.parts()
    }

    fn refers(&self, raw: &[u8]) -> Vec<String> {
        self.inner.refers(raw)
    }

    fn follows_feed(&self) -> bool {
        self.inner.follows_feed()
    }

    fn listen(&self, door: &Url, heard: Option<&str>, wait_ms: u64) -> Option<Request> {
        self.inner.listen(door, heard, wait_ms)
    }

    fn hear(&self, answer: Answer<'_>) -> Result<News, ReadError> {
        self.inner.hear(answer)
    }

    fn detail(&self, record: &Record) -> Option<Detail> {
        self.inner.detail(record)
    }
}

impl WithCatalog {
    fn describe_catalog(&self, raw: &[u8]) -> Result<Description, Refusal> {
        let said: Value = serde_json::from_slice(raw)
            .map_err(|e| Refusal::new("not-json", "", &e.to_string(), "JSON"))?;
        let node: NamedNode = catalog_iri(&self.base, &self.source);
        let mut triples = vec![Triple::new(node.clone(), rdf::TYPE, dcat::CATALOG)];
        let subject = NamedOrBlankNode::from(node.clone());
        triples.extend(texts(&said["title"], &subject, dct::TITLE));
        triples.extend(texts(&said["description"], &subject, dct::DESCRIPTION));
        let publisher = BlankNode::new_unchecked("publisher");
        let names = texts(&said["publisher"], &publisher.clone().into(), foaf::NAME);
        if !names.is_empty() {
            let published = Triple::new(node.clone(), dct::PUBLISHER, publisher.clone());
            triples.push(published);
            triples.push(Triple::new(publisher, rdf::TYPE, foaf::AGENT));
            triples.extend(names);
        }
        if let Some(Ok(homepage)) = said["homepage"].as_str().map(NamedNode::new) {
            triples.push(Triple::new(node.clone(), foaf::HOMEPAGE, homepage));
        }
        triples.extend(changed_on(&node, &self.day));
        Ok(Description {
            class: Class::Catalog,
            node: node.into(),
            triples,
        })
    }
}

/// `{language: text}` as literals of a node.
fn texts(said: &Value, node: &NamedOrBlankNode, predicate: NamedNodeRef<'static>) -> Vec<Triple> {
    let pairs = said.as_object().into_iter().flatten();
    pairs
        .map(|(language, text)| {
            let text = text.as_str().unwrap_or_default();
            let literal = Literal::new_language_tagged_literal(text, language)
                .unwrap_or_else(|_| Literal::new_simple_literal(text));
            Triple::new(node.clone(), predicate, literal)
        })
        .collect()
}
