//! `/.well-known/void`: the catalogue as a dataset of linked data (VoID, section 7.2): where to ask, what to take, how much
//! there is, which vocabularies, where its links lead.
//!
//! The figures are counted in the snapshot that is published, once for each: the service description and a query give the
//! same. Start at [`give`]; [`document`] is pure.

use super::{
    House, answer,
    asof::http_date,
    fresh,
    negotiate::{self, GRAPHS, GraphFormat},
    openapi::{Routes, table},
    problem::Problem,
    service_description::{number, term},
    sparql::accept,
    wire::{Figures, Links},
};
use crate::log::date_time;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::get,
};
use harvestd_vocab::terms::{dct, foaf};
use oxigraph::model::{
    Literal, NamedNode, NamedNodeRef, Term, Triple,
    vocab::{rdf, xsd},
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

const VOID: &str = "http://rdfs.org/ns/void#";
const FORMATS: &str = "http://www.w3.org/ns/formats/";
const PATH: &str = ".well-known/void";
/// What holds the default graph whole.
const DUMPS: [&str; 5] = [
    "catalog.ttl",
    "catalog.rdf",
    "catalog.jsonld",
    "catalog.nt",
    "dumps/latest/catalog.nt.zst",
];

pub fn routes() -> Routes {
    Routes::new().route(table::void(), get(give))
}

async fn give(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    let offer = negotiate::best(&accept(&headers), GRAPHS)?;
    let snapshot = house.snapshot()?;
    let figures = house.figures(&snapshot).await?;
    let about = About {
        base: house.base(),
        title: &house.config.title,
        published_us: snapshot.published_us,
        figures: &figures,
    };
    let body = document(&about, offer.format).map_err(|error| {
        tracing::error!(%error, "the VoID description could not be written");
        Problem::internal()
    })?;
    let mut response = fresh::given(body, offer.media_type, &headers)?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(modified) = HeaderValue::from_str(&http_date(snapshot.published_us)) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    Ok(response)
}

/// What the description is of.
pub struct About<'a> {
    /// Of our IRIs, with a slash at its end.
    pub base: &'a str,
    /// By language.
    pub title: &'a BTreeMap<String, String>,
    /// Commit time of the newest activity, microseconds since 1970.
    pub published_us: i64,
    pub figures: &'a Figures,
}

/// The description in the given format.
pub fn document(about: &About<'_>, format: GraphFormat) -> io::Result<Vec<u8>> {
    let mut writer = answer::write::serializer(format).for_writer(Vec::new());
    for triple in triples(about) {
        writer.serialize_triple(&triple)?;
    }
    writer.finish()
}

/// Triples of one subject after the other.
struct Says(Vec<Triple>);

impl Says {
    fn say(&mut self, subject: &NamedNode, property: NamedNodeRef<'_>, object: impl Into<Term>) {
        let triple = Triple::new(subject.clone(), property.into_owned(), object.into());
        self.0.push(triple);
    }

    fn void(&mut self, subject: &NamedNode, property: &str, object: impl Into<Term>) {
        let property = node(&format!("{VOID}{property}"));
        self.say(subject, property.as_ref(), object);
    }
}

fn node(iri: &str) -> NamedNode {
    NamedNode::new_unchecked(iri)
}

fn triples(about: &About<'_>) -> Vec<Triple> {
    let mut says = Says(Vec::new());
    let base = about.base;
    let described = node(&format!("{base}{PATH}"));
    // The same node as in the service description.
    let graph = node(&format!("{base}sparql#default-graph"));
    let modified = Literal::new_typed_literal(date_time(about.published_us), xsd::DATE_TIME);
    says.say(&described, rdf::TYPE, term(VOID, "DatasetDescription"));
    says.say(&described, foaf::PRIMARY_TOPIC, graph.clone());
    says.say(&described, dct::MODIFIED, modified.clone());
    says.say(&graph, rdf::TYPE, term(VOID, "Dataset"));
    for (language, title) in about.title {
        let title = Literal::new_language_tagged_literal(title, language)
            .unwrap_or_else(|_| Literal::new_simple_literal(title));
        says.say(&graph, dct::TITLE, title);
    }
    says.say(&graph, dct::MODIFIED, modified);
    says.say(&graph, foaf::HOMEPAGE, node(base));
    says.void(&graph, "sparqlEndpoint", node(&format!("{base}sparql")));
    for dump in DUMPS {
        says.void(&graph, "dataDump", node(&format!("{base}{dump}")));
    }
    for format in ["Turtle", "N-Triples", "RDF_XML", "JSON-LD"] {
        says.void(&graph, "feature", term(FORMATS, format));
    }
    for vocabulary in vocabularies(about.figures) {
        says.void(&graph, "vocabulary", node(&vocabulary));
    }
    let figures = about.figures;
    says.void(&graph, "triples", number(figures.triples));
    says.void(&graph, "classes", number(figures.classes.len() as u64));
    let properties = figures.properties.len() as u64;
    says.void(&graph, "properties", number(properties));
    partitions(&mut says, &graph, "class", "entities", &figures.classes);
    let parts = &figures.properties;
    partitions(&mut says, &graph, "property", "triples", parts);
    for (index, links) in figures.links.iter().enumerate() {
        linkset(&mut says, base, &graph, index, links);
    }
    says.0
}

/// A part of the dataset for each class or property (VoID, section 4.5), named by a hash of its IRI so that its own IRI
/// stays when others come.
fn partitions(
    says: &mut Says,
    graph: &NamedNode,
    kind: &str,
    measure: &str,
    parts: &[(String, u64)],
) {
    for (of, count) in parts {
        let hash = blake3::hash(of.as_bytes()).to_hex();
        let part = node(&format!("{}-{kind}-{}", graph.as_str(), &hash[..12]));
        says.void(graph, &format!("{kind}Partition"), part.clone());
        says.void(&part, kind, node(of));
        says.void(&part, measure, number(*count));
    }
}

/// Links of one property into what another publishes (VoID, section 5).
fn linkset(says: &mut Says, base: &str, graph: &NamedNode, index: usize, links: &Links) {
    let set = node(&format!("{base}{PATH}#links-{index}"));
    let target = node(&format!("{base}{PATH}#target-{index}"));
    says.void(graph, "subset", set.clone());
    says.say(&set, rdf::TYPE, term(VOID, "Linkset"));
    says.void(&set, "linkPredicate", node(&links.property));
    says.void(&set, "subjectsTarget", graph.clone());
    says.void(&set, "objectsTarget", target.clone());
    says.void(&set, "triples", number(links.triples));
    says.say(&target, rdf::TYPE, term(VOID, "Dataset"));
    let space = Literal::new_simple_literal(&links.into);
    says.void(&target, "uriSpace", space);
}

/// What the IRIs of the properties and classes in use begin with.
fn vocabularies(figures: &Figures) -> BTreeSet<String> {
    let used = figures.properties.iter().chain(&figures.classes);
    used.filter_map(|(iri, _)| {
        let end = iri.rfind(['#', '/'])?;
        Some(iri[..=end].to_owned())
    })
    .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_to_ask_and_how_much_there_is() {
        let figures = Figures {
            triples: 9,
            classes: vec![("http://www.w3.org/ns/dcat#Dataset".to_owned(), 2)],
            properties: vec![("http://purl.org/dc/terms/title".to_owned(), 9)],
            links: vec![Links {
                property: "http://www.w3.org/ns/dcat#theme".to_owned(),
                into: "http://themes.example/".to_owned(),
                triples: 3,
            }],
        };
        let about = About {
            base: "https://hub.example/data/",
            title: &BTreeMap::from([("en".to_owned(), "A hub".to_owned())]),
            published_us: 1_767_225_600_000_000,
            figures: &figures,
        };
        let document = document(&about, GraphFormat::NTriples).unwrap();
        let document = String::from_utf8(document).unwrap();
        let graph = "<https://hub.example/data/sparql#default-graph>";
        let links = "<https://hub.example/data/.well-known/void#links-0>";
        for (subject, rest) in [
            (graph, "sparqlEndpoint> <https://hub.example/data/sparql> ."),
            (graph, "dataDump> <https://hub.example/data/catalog.ttl> ."),
            (
                graph,
                "dataDump> <https://hub.example/data/dumps/latest/catalog.nt.zst> .",
            ),
            (graph, "vocabulary> <http://purl.org/dc/terms/> ."),
            (graph, "vocabulary> <http://www.w3.org/ns/dcat#> ."),
            (
                graph,
                "triples> \"9\"^^<http://www.w3.org/2001/XMLSchema#integer> .",
            ),
            (links, "linkPredicate> <http://www.w3.org/ns/dcat#theme> ."),
            (
                links,
                "triples> \"3\"^^<http://www.w3.org/2001/XMLSchema#integer> .",
            ),
        ] {
            let line = format!("{subject} <{VOID}{rest}");
            assert!(document.contains(&line), "{line} is not in\n{document}");
        }
        assert!(document.contains("\"2026-01-01T00:00:00Z\"^^"));
    }
}
