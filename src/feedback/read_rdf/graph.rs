//! From bytes to statements, through the guards, and what is asked of them. Start at [`parse`].

use crate::{feedback::FeedbackError, push::read::unreadable};
use harvestd_harvesters::guard::{JsonLimits, XmlLimits, scan_json, scan_xml};
use oxrdf::{NamedNodeRef, NamedOrBlankNode, Term, Triple};
use oxrdfio::{JsonLdProfileSet, LoadedDocument, RdfFormat, RdfParser};

/// Where Web Annotation has its context, without the scheme.
const CONTEXT: &str = "www.w3.org/ns/anno.jsonld";

pub(super) fn parse(
    body: &[u8],
    media_type: &str,
    base: &str,
) -> Result<Vec<Triple>, FeedbackError> {
    let refused = FeedbackError::Unreadable;
    let format = match media_type {
        "application/ld+json" => {
            scan_json(body, JsonLimits::default()).map_err(|e| refused(unreadable(&e)))?;
            RdfFormat::JsonLd {
                profile: JsonLdProfileSet::empty(),
            }
        }
        "application/rdf+xml" => {
            scan_xml(body, XmlLimits::default()).map_err(|e| refused(unreadable(&e)))?;
            RdfFormat::RdfXml
        }
        "application/n-triples" | "application/n-quads" => RdfFormat::NQuads,
        _ => RdfFormat::TriG,
    };
    let parser = RdfParser::from_format(format)
        .with_base_iri(format!("{base}feedback"))
        .map_err(|e| refused(e.to_string()))?;
    let quads = parser.for_reader(body).with_document_loader(move |url| {
        let address = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        if address != Some(CONTEXT) {
            let expected = "a context in the document, or http://www.w3.org/ns/anno.jsonld";
            return Err(format!("the remote @context {url}, expected {expected}").into());
        }
        Ok(LoadedDocument {
            url: url.to_owned(),
            content: include_str!("../anno.json").into(),
            format,
        })
    });
    let triples = quads.map(|quad| quad.map(Triple::from));
    let triples = triples.collect::<Result<Vec<_>, _>>();
    triples.map_err(|e| refused(format!("reading the {format}: {e}")))
}

/// The statements of a document, without their graphs.
pub(super) struct Graph(pub Vec<Triple>);

impl Graph {
    pub fn all<'a>(
        &'a self,
        subject: &'a NamedOrBlankNode,
        predicate: NamedNodeRef<'a>,
    ) -> impl Iterator<Item = &'a Term> {
        let said = self.0.iter();
        said.filter(move |t| t.subject == *subject && t.predicate == predicate)
            .map(|t| &t.object)
    }

    pub fn first<'a>(
        &'a self,
        subject: &'a NamedOrBlankNode,
        predicates: &[NamedNodeRef<'a>],
    ) -> Option<&'a Term> {
        predicates
            .iter()
            .find_map(|predicate| self.all(subject, *predicate).next())
    }

    pub fn has(
        &self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'_>,
        iri: NamedNodeRef<'_>,
    ) -> bool {
        let mut objects = self
            .0
            .iter()
            .filter(|t| t.subject == *subject && t.predicate == predicate);
        objects.any(|t| matches!(&t.object, Term::NamedNode(node) if *node == iri))
    }
}
