//! Description -> Normal: a record said again in DCAT-AP 3, always in the same way.
//!
//! The line: take the description apart ([`crate::graph`]), walk what belongs to it and say each edge again
//! ([`crate::mapping`]), add what our own rules add ([`crate::complete`]), name the blank nodes ([`crate::names`]),
//! write the lines ([`crate::body`]). No clock, no order of arrival, no blank node label takes part.

use crate::body::{BodyWriter, push_iri, push_literal};
use crate::complete::complete;
use crate::containment::record_class;
use crate::graph::{Collection, Graph, NodeId, Value};
use crate::iris::{catalog_iri, entity_iri, record_iri};
use crate::links;
use crate::mapping::Mapper;
use crate::names::{self, BLANK_NODES_MAX, Names};
use crate::terms::{dcat, prefixed};
use crate::{Class, Description, Finding, Normal, Refusal};
use crate::{agents, disagree};
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What normalisation needs to know of the source. Everything here takes part in the versions that decide whether an
/// unchanged record must be described again.
#[derive(Debug, Clone)]
pub struct Context {
    /// The base of our own IRIs, with a slash at its end.
    pub base: String,
    /// The source's id in the configuration.
    pub source: String,
    /// BCP 47 tag for literals of titles, descriptions and keywords that carry none. None: they stay untagged.
    pub language: Option<String>,
    /// Offset in minutes for dates and times that carry none (Taipei: 480). None: they stay without.
    pub offset_minutes: Option<i32>,
    /// Agencies known by number or full name are named by the IRIs that all sources share. Only where the records of
    /// [`crate::shared`] are published beside: without them such a publisher would have lost its name. False: agencies
    /// stay in the descriptions that name them, numbers and all.
    pub shared_agencies: bool,
}

/// True for IRIs under our own base: a source cannot name what we name. Only the source's own catalogue is there.
fn is_ours_to_name(node: &NamedNode, class: Class, cx: &Context) -> bool {
    node.as_str().starts_with(&cx.base)
        && !(class == Class::Catalog && *node == catalog_iri(&cx.base, &cx.source))
}

/// Says a record again in DCAT-AP 3. `key` is the record's key within its source.
///
/// Refused only where there is no key to name it by. Whatever else is wrong with a record is a finding.
pub fn normalise(description: Description, key: &str, cx: &Context) -> Result<Normal, Refusal> {
    if key.trim().is_empty() {
        let expected = "an identifier within the source";
        return Err(Refusal::new(
            "no-identifier",
            "dct:identifier",
            key,
            expected,
        ));
    }
    let class = description.class;
    let record = record_iri(&cx.base, &cx.source, class, key);
    let shared = shared_agency(&description, key, cx);
    let entity = match (&shared, &description.node) {
        (Some(agency), _) => agents::iri(&cx.base, agency),
        (None, NamedOrBlankNode::NamedNode(node))
            if is_entity_iri(node) && !is_ours_to_name(node, class, cx) =>
        {
            node.clone()
        }
        _ => entity_iri(&cx.base, &cx.source, class, key),
    };
    let mut graph = Graph::new(description);
    let (entity_id, record_id) = (graph.entity, graph.record);
    graph.nodes[entity_id].iri = Some(entity.clone());
    graph.nodes[record_id].iri = Some(record.clone());

    let mut mapper = Mapper::new(cx);
    walk(&mut graph, &mut mapper);
    if let Some(agency) = &shared {
        mapper.belongs_above(&mut graph, agency);
        if cx.source != agents::SOURCE {
            let names = agents::names(&graph.nodes[entity_id].edges);
            let names = names.cloned().collect();
            mapper.learn(Cow::Borrowed(agency), names);
        }
    }
    let Mapper {
        mut findings,
        absorbed,
        learned,
        ..
    } = mapper;
    complete(&mut graph, class, key, &mut findings);
    disagree::report(&graph, &mut findings);
    report_dropped(&graph, &absorbed, &mut findings);
    let names = names::assign(&graph, &record);
    report_names(&names, &mut findings);

    let body = write(&graph, &names, class, &catalog_iri(&cx.base, &cx.source));
    Ok(Normal {
        class,
        entity,
        record,
        body,
        findings: in_order(findings),
        learned,
    })
}

/// The key of the agency that a record is about, where that is one that all sources share ([`crate::agents`]): one named
/// by its OID, or one without an IRI of its own that an identifier tells.
fn shared_agency<'a>(
    description: &Description,
    key: &'a str,
    cx: &Context,
) -> Option<Cow<'a, str>> {
    match &description.node {
        _ if description.class != Class::Agent || !cx.shared_agencies => None,
        _ if cx.source == agents::SOURCE => Some(Cow::Borrowed(key)),
        NamedOrBlankNode::NamedNode(node)
            if is_entity_iri(node) && !is_ours_to_name(node, Class::Agent, cx) =>
        {
            agents::key_of_iri(node.as_str())
        }
        _ => agents::key_of_description(description),
    }
}

fn is_entity_iri(node: &NamedNode) -> bool {
    links::is_http(node.as_str()) && oxiri::Iri::parse(node.as_str()).is_ok()
}

/// From the entity and the record over everything they contain, saying each edge again on the way.
fn walk(graph: &mut Graph, mapper: &mut Mapper<'_>) {
    let mut at = 0;
    while let Some(id) = graph.reached.get(at).copied() {
        at += 1;
        let depth = graph.nodes[id].depth.unwrap_or_default();
        let edges = std::mem::take(&mut graph.nodes[id].edges);
        let mut said = Vec::with_capacity(edges.len() + 4);
        for edge in edges {
            mapper.edge(graph, edge, &mut said);
        }
        for edge in &said {
            if let Some(part) = graph.contained(edge, depth) {
                graph.reach(part, depth + 1);
            }
        }
        graph.nodes[id].edges = said;
    }
}

/// What the source says of nodes that the description only refers to, or that nothing leads to: one finding for each
/// of the two, however many nodes they are.
fn report_dropped(graph: &Graph, absorbed: &[NodeId], findings: &mut Vec<Finding>) {
    let mut unconnected = 0_usize;
    let mut referred_to: BTreeSet<&str> = BTreeSet::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let says = node.edges.iter().any(|edge| !edge.property.membership);
        if node.depth.is_some() || !says || absorbed.contains(&id) {
            continue;
        }
        match &node.iri {
            Some(iri) => {
                referred_to.insert(iri.as_str());
            }
            None => unconnected += 1,
        }
    }
    if let Some(first) = referred_to.first() {
        let found = format!("{} nodes described, such as {first}", referred_to.len());
        findings.push(Finding::new(
            "reference-description-dropped",
            ways_to(graph, &referred_to),
            &found,
            "a record of its own for what is only referred to",
        ));
    }
    if unconnected > 0 {
        findings.push(Finding::new(
            "unconnected-description-dropped",
            "[]",
            &format!("{unconnected} nodes described"),
            "a way from the entity to what belongs to it",
        ));
    }
}

/// The predicates by which the description refers to any of these.
fn ways_to(graph: &Graph, iris: &BTreeSet<&str>) -> String {
    let edges = graph.reached.iter().flat_map(|id| &graph.nodes[*id].edges);
    let ways: BTreeSet<&str> = edges
        .filter(|edge| matches!(&edge.value, Value::Iri(iri) if iris.contains(iri.as_str())))
        .map(|edge| edge.predicate.as_str())
        .collect();
    let ways: Vec<String> = ways.into_iter().map(prefixed).collect();
    ways.join(", ")
}

fn report_names(names: &Names, findings: &mut Vec<Finding>) {
    if names.over_limit {
        let expected = format!("at most {BLANK_NODES_MAX} nodes without an IRI");
        findings.push(Finding::new("too-many-blank-nodes", "[]", "more", expected));
    }
    if names.merged > 0 {
        let found = format!("{} nodes merged", names.merged);
        let expected = "nodes without an IRI that differ in what they say";
        findings.push(Finding::new(
            "indistinguishable-blank-nodes",
            "[]",
            &found,
            expected,
        ));
    }
}

fn write(graph: &Graph, names: &Names, class: Class, catalog: &NamedNode) -> String {
    let lines = graph
        .reached
        .iter()
        .map(|id| graph.nodes[*id].edges.len())
        .sum::<usize>()
        + 4;
    let mut body = BodyWriter::with_capacity(lines * 160, lines);
    for id in &graph.reached {
        let subject = names.iris[*id].as_ref();
        for edge in &graph.nodes[*id].edges {
            body.line(|out| {
                push_iri(subject, out);
                out.push(' ');
                push_iri(edge.predicate.as_ref(), out);
                out.push(' ');
                match &edge.value {
                    Value::Iri(iri) => push_iri(iri.as_ref(), out),
                    Value::Literal(literal) => push_literal(literal.as_ref(), out),
                    Value::Node(target) => push_iri(names.iris[*target].as_ref(), out),
                }
            });
        }
    }
    for (collection, predicate, member) in memberships(graph, names, class, catalog) {
        body.line(|out| {
            push_iri(collection, out);
            out.push(' ');
            push_iri(predicate, out);
            out.push(' ');
            push_iri(member, out);
        });
    }
    body.finish()
}

/// The links from collections to the entity and its record: from the source's own catalogue, and as the source says.
fn memberships<'a>(
    graph: &'a Graph,
    names: &'a Names,
    class: Class,
    catalog: &'a NamedNode,
) -> Vec<(NamedNodeRef<'a>, NamedNodeRef<'a>, NamedNodeRef<'a>)> {
    let name = |id: NodeId| names.iris[id].as_ref();
    let (catalog, entity) = (catalog.as_ref(), name(graph.entity));
    let listed = record_class(class) == dcat::CATALOG_RECORD;
    let mut links = Vec::new();
    if listed {
        links.push((catalog, dcat::RECORD, name(graph.record)));
    }
    let own = match class {
        Class::Dataset => Some(dcat::HAS_DATASET),
        Class::DataService => Some(dcat::HAS_SERVICE),
        Class::Catalog => Some(dcat::HAS_CATALOG),
        Class::Agent | Class::DatasetSeries => None,
    };
    links.extend(
        own.filter(|_| entity != catalog)
            .map(|predicate| (catalog, predicate, entity)),
    );
    for membership in &graph.memberships {
        let predicate = membership.predicate.as_ref();
        if predicate == dcat::RECORD && !listed {
            continue;
        }
        let member = name(membership.member);
        match &membership.collection {
            Collection::Named(iri) if links::iri(iri.clone()).as_ref() == Ok(iri) => {
                links.push((iri.as_ref(), predicate, member));
            }
            Collection::Blank(id) if graph.nodes[*id].depth.is_none() && member != catalog => {
                links.push((catalog, predicate, member));
            }
            _ => {}
        }
    }
    links
}

/// Sorted, each once, and of each code not more than a person reads.
fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    const OF_ONE_CODE_MAX: usize = 20;
    findings
        .sort_unstable_by(|a, b| (&a.code, &a.path, &a.found).cmp(&(&b.code, &b.path, &b.found)));
    findings.dedup();
    if findings.len() <= OF_ONE_CODE_MAX {
        return findings;
    }
    let mut kept = Vec::with_capacity(findings.len());
    for of_one_code in findings.chunk_by(|a, b| a.code == b.code) {
        let (first, rest) = of_one_code.split_at(of_one_code.len().min(OF_ONE_CODE_MAX));
        kept.extend_from_slice(first);
        if let [one, ..] = rest {
            let more = format!("{} more", rest.len());
            kept.push(Finding::new(&one.code, "", &more, one.expected.clone()));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_source_cannot_name_what_we_name() {
        let cx = Context {
            base: "https://h.example/".to_owned(),
            source: "mine".to_owned(),
            language: None,
            offset_minutes: None,
            shared_agencies: false,
        };
        let entity = |iri: &str, class| {
            let node = NamedNode::new_unchecked(iri).into();
            let triples = Vec::new();
            let description = Description {
                class,
                node,
                triples,
            };
            normalise(description, "k", &cx)
                .unwrap()
                .entity
                .into_string()
        };
        let minted = "https://h.example/dataset/mine/k";
        for taken in [
            "https://h.example/dataset/yours/k",
            "https://h.example/catalog/mine",
        ] {
            assert_eq!(entity(taken, Class::Dataset), minted);
        }
        let own = "https://h.example/catalog/mine";
        assert_eq!(entity(own, Class::Catalog), own);
        let theirs = "https://e.example/1";
        assert_eq!(entity(theirs, Class::Dataset), theirs);
    }
}
