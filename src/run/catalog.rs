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
use oxrdf::{BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Triple, vocab::rdf};
use serde_json::{Value, json};
use url::Url;

/// Key and part of the record.
pub const KEY: &str = "self";
pub const PART: &str = "configuration";

/// A connector that describes the catalogue's own record as well.
pub struct WithCatalog {
    pub inner: Box<dyn Harvester>,
    pub base: String,
    pub source: String,
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
