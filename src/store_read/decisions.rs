//! Graph `identity`, read: what people decided of pairs of records, and by which IRI one that went is replaced.
//!
//! Start at [`decisions`] and [`replaced`].

use crate::identity::{Decision, Verdict};
use crate::log::parse_date_time;
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, vocab::rdf},
    store::{StorageError, Store},
};
use std::{collections::BTreeMap, io};

/// Words of our own.
pub const OWN: &str = "https://w3id.org/harvestd/ns#";
const DCT: &str = "http://purl.org/dc/terms/";

/// What people decided, sorted by records. `base` is that of our IRIs.
pub fn decisions(store: &Store, base: &str) -> Result<Vec<Decision>, StorageError> {
    let graph = identity_graph(base);
    let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
    let class = NamedNode::new_unchecked(format!("{OWN}Decision"));
    let nodes = store.quads_for_pattern(None, Some(rdf::TYPE), Some(class.as_ref().into()), graph);
    let mut decisions = Vec::new();
    for node in nodes {
        let node = node?.subject;
        let mut said = BTreeMap::new();
        for quad in store.quads_for_pattern(Some(node.as_ref()), None, None, graph) {
            let quad = quad?;
            said.insert(quad.predicate.into_string(), text(quad.object));
        }
        let broken = || io::Error::other(format!("{node} is said to be a decision, and is none"));
        decisions.push(decision(&said).ok_or_else(broken)?);
    }
    decisions.sort_by(|x, y| (&x.a, &x.b).cmp(&(&y.a, &y.b)));
    Ok(decisions)
}

/// The IRI that replaces this one in what is published.
pub fn replaced(
    store: &Store,
    base: &str,
    gone: NamedNodeRef<'_>,
) -> Result<Option<NamedNode>, StorageError> {
    let graph = identity_graph(base);
    let by = NamedNode::new_unchecked(format!("{DCT}isReplacedBy"));
    let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
    for quad in store.quads_for_pattern(Some(gone.into()), Some(by.as_ref()), None, graph) {
        if let Term::NamedNode(kept) = quad?.object {
            return Ok(Some(kept));
        }
    }
    Ok(None)
}

/// The IRIs that this one replaces in what is published.
pub fn replaces(
    store: &Store,
    base: &str,
    kept: NamedNodeRef<'_>,
) -> Result<Vec<NamedNode>, StorageError> {
    let graph = identity_graph(base);
    let by = NamedNode::new_unchecked(format!("{DCT}isReplacedBy"));
    let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
    let mut gone = Vec::new();
    for quad in store.quads_for_pattern(None, Some(by.as_ref()), Some(kept.into()), graph) {
        if let NamedOrBlankNode::NamedNode(node) = quad?.subject {
            gone.push(node);
        }
    }
    Ok(gone)
}

/// The graph that says which records are one dataset, and why.
pub fn identity_graph(base: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}graph/identity"))
}

fn decision(said: &BTreeMap<String, String>) -> Option<Decision> {
    let own = |name: &str| said.get(&format!("{OWN}{name}")).cloned();
    let dct = |name: &str| said.get(&format!("{DCT}{name}")).cloned();
    let verdict = match own("verdict")?.as_str() {
        "join" => Verdict::Join,
        "split" => Verdict::Split,
        _ => return None,
    };
    Some(Decision {
        verdict,
        a: own("first")?,
        b: own("second")?,
        who: dct("creator")?,
        why: dct("description")?,
        at_ms: parse_date_time(&dct("created")?)?.div_euclid(1000),
        kept: [
            own("firstPublishedAs").unwrap_or_default(),
            own("secondPublishedAs").unwrap_or_default(),
        ],
    })
}

pub(super) fn text(term: Term) -> String {
    match term {
        Term::NamedNode(node) => node.into_string(),
        Term::Literal(literal) => literal.value().to_owned(),
        other => other.to_string(),
    }
}
