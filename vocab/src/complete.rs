//! What our own rules add to a description that has been said again: types, the record, access URLs.
//!
//! Nothing here is invented: types follow from the class of the record and from the predicates that lead to a node,
//! an access URL is one that the source gives elsewhere.

use crate::containment::{RECORD_CLASSES, record_class};
use crate::graph::{Edge, Graph, NodeId, Value};
use crate::terms::{dcat, dct, foaf, harvestd};
use crate::{Class, Finding};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode, NamedNodeRef};

pub(crate) fn complete(graph: &mut Graph, class: Class, key: &str, findings: &mut Vec<Finding>) {
    type_entity(graph, class);
    complete_record(graph, class, key, findings);
    let parts = parts(graph);
    type_parts(graph, &parts);
    give_access_urls(graph, &parts, findings);
    for id in graph.reached.clone() {
        settle_derived(&mut graph.nodes[id].edges);
    }
}

/// The classes of entities. An entity has one of them: the class of its record.
const ENTITY_CLASSES: [NamedNodeRef<'static>; 5] = [
    dcat::DATASET,
    dcat::DATASET_SERIES,
    dcat::DATA_SERVICE,
    dcat::CATALOG,
    dcat::RESOURCE,
];

fn class_iri(class: Class) -> NamedNodeRef<'static> {
    match class {
        Class::Agent => foaf::AGENT,
        Class::Catalog => dcat::CATALOG,
        Class::DatasetSeries => dcat::DATASET_SERIES,
        Class::DataService => dcat::DATA_SERVICE,
        Class::Dataset => dcat::DATASET,
    }
}

/// November 2026: a series is not typed `dcat:Dataset` here, though DCAT 3 makes it one, and a catalogue neither: who
/// counts datasets in the store counts datasets. What goes out to feeds types series as datasets besides.
fn type_entity(graph: &mut Graph, class: Class) {
    let edges = &mut graph.nodes[graph.entity].edges;
    edges.retain(|edge| {
        let entity_class =
            matches!(&edge.value, Value::Iri(iri) if ENTITY_CLASSES.contains(&iri.as_ref()));
        edge.predicate != rdf::TYPE || !entity_class
    });
    edges.push(type_edge(class_iri(class)));
}

fn type_edge(class: NamedNodeRef<'_>) -> Edge {
    Edge::new(rdf::TYPE, Value::Iri(class.into_owned()))
}

/// The record is about the entity, has our key, and says where the source keeps its own (`dct:source`).
///
/// November 2026: its dates are the source's own, as its CatalogRecord (or a field of the portal's about its entry)
/// gives them. DCAT-AP wants one `dct:modified`; a source that gives none leaves ours without, since nothing here knows
/// a true one: the date of the data is no date of the entry, and when we first saw it or saw it change is known to the
/// log of changes, not to a description, which would never be the same twice.
fn complete_record(graph: &mut Graph, class: Class, key: &str, findings: &mut Vec<Finding>) {
    let entity = graph.entity;
    let ours = graph.nodes[graph.record].iri.clone();
    let given = graph
        .record_given
        .take()
        .filter(|given| Some(given) != ours.as_ref());
    let edges = &mut graph.nodes[graph.record].edges;
    edges.retain(|edge| {
        if edge.predicate == dct::IDENTIFIER
            && let Value::Literal(literal) = &edge.value
            && literal.value() != key
        {
            let expected = format!("the key of the record, {key:?}");
            findings.push(Finding::new(
                "record-identifier-dropped",
                "dct:identifier",
                literal.value(),
                expected,
            ));
        }
        let typed = RECORD_CLASSES
            .iter()
            .any(|class| edge.predicate == rdf::TYPE && is_iri(&edge.value, *class));
        !typed && edge.predicate != dct::IDENTIFIER && edge.predicate != foaf::PRIMARY_TOPIC
    });
    edges.push(type_edge(record_class(class)));
    edges.push(Edge::new(foaf::PRIMARY_TOPIC, Value::Node(entity)));
    edges.push(Edge::new(
        dct::IDENTIFIER,
        Value::Literal(Literal::new_simple_literal(key)),
    ));
    if let Some(given) = given.filter(|given| crate::links::is_http(given.as_str()))
        && oxiri::Iri::parse(given.as_str()).is_ok()
    {
        edges.push(Edge::new(dct::SOURCE, Value::Iri(given)));
    }
}

fn is_iri(value: &Value, iri: NamedNodeRef<'_>) -> bool {
    matches!(value, Value::Iri(given) if *given == iri)
}

/// The contained nodes, each with the classes of the predicates that lead to it.
fn parts(graph: &Graph) -> Vec<(NodeId, NamedNodeRef<'static>)> {
    let mut parts = Vec::new();
    for id in &graph.reached {
        let node = &graph.nodes[*id];
        for edge in &node.edges {
            if let Some(class) = edge.property.range
                && let Some(part) = graph.contained(edge, node.depth.unwrap_or_default())
                && part != graph.entity
                && part != graph.record
            {
                parts.push((part, class));
            }
        }
    }
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Distributions are always typed, other parts where they say no type themselves.
fn type_parts(graph: &mut Graph, parts: &[(NodeId, NamedNodeRef<'static>)]) {
    for of_one in parts.chunk_by(|a, b| a.0 == b.0) {
        let Some((id, _)) = of_one.first() else {
            continue;
        };
        let edges = &mut graph.nodes[*id].edges;
        let typed = edges.iter().any(|edge| edge.predicate == rdf::TYPE);
        for (_, class) in of_one {
            let wanted = !typed || *class == dcat::DISTRIBUTION;
            let there = edges
                .iter()
                .any(|e| e.predicate == rdf::TYPE && is_iri(&e.value, *class));
            if wanted && !there {
                edges.push(type_edge(*class));
            }
        }
    }
}

/// A missing access URL is the download URL, else the landing page of the dataset. One finding a record for each.
fn give_access_urls(
    graph: &mut Graph,
    parts: &[(NodeId, NamedNodeRef<'static>)],
    findings: &mut Vec<Finding>,
) {
    let mut from_download: Option<NamedNode> = None;
    let mut from_page: Option<NamedNode> = None;
    let mut without = 0_usize;
    for (id, _) in parts
        .iter()
        .filter(|(_, class)| *class == dcat::DISTRIBUTION)
    {
        if has_access_url(&graph.nodes[*id].edges) {
            continue;
        }
        let mut urls = links(graph, *id, dcat::DOWNLOAD_URL);
        let origin = if urls.is_empty() {
            &mut from_page
        } else {
            &mut from_download
        };
        if urls.is_empty() {
            urls.extend(
                links(graph, graph.entity, dcat::LANDING_PAGE)
                    .into_iter()
                    .next(),
            );
        }
        let Some(first) = urls.first() else {
            without += 1;
            continue;
        };
        if origin.as_ref().is_none_or(|least| first < least) {
            *origin = Some(first.clone());
        }
        let edges = urls
            .into_iter()
            .map(|url| Edge::new(dcat::ACCESS_URL, Value::Iri(url)));
        graph.nodes[*id].edges.extend(edges);
    }
    let mut find = |code: &str, found: &str| {
        let expected = "an access URL for each distribution";
        findings.push(Finding::new(code, "dcat:accessURL", found, expected));
    };
    if let Some(url) = from_download {
        find("access-url-from-download-url", url.as_str());
    }
    if let Some(url) = from_page {
        find("access-url-from-landing-page", url.as_str());
    }
    if without > 0 {
        find("no-access-url", &format!("{without} distributions"));
    }
}

fn has_access_url(edges: &[Edge]) -> bool {
    edges
        .iter()
        .any(|edge| edge.predicate == dcat::ACCESS_URL && !matches!(edge.value, Value::Literal(_)))
}

/// Sorted.
fn links(graph: &Graph, id: NodeId, predicate: NamedNodeRef<'_>) -> Vec<NamedNode> {
    let mut links: Vec<NamedNode> = graph.nodes[id]
        .edges
        .iter()
        .filter(|edge| edge.predicate == predicate)
        .filter_map(|edge| match &edge.value {
            Value::Iri(iri) => Some(iri.clone()),
            _ => None,
        })
        .collect();
    links.sort_unstable();
    links
}

/// A value that only follows from another gives way to one that the source states.
fn settle_derived(edges: &mut Vec<Edge>) {
    for predicate in [dcat::MEDIA_TYPE, harvestd::UPDATE_INTERVAL] {
        let of = |edge: &Edge, derived| edge.derived == derived && edge.predicate == predicate;
        if edges.iter().any(|edge| of(edge, true)) && edges.iter().any(|edge| of(edge, false)) {
            edges.retain(|edge| !of(edge, true));
        }
    }
}
