//! What a node says, as a hash: what identifies it, what tells it apart, or all of it.
//!
//! The order of edges takes no part, nor how often one is said.

use crate::graph::{Edge, Graph, NodeId, Value};
use crate::terms::{dcat, dct, foaf, rdfs, skos, spdx, vcard};
use oxrdf::NamedNodeRef;
use oxrdf::vocab::rdf;
use std::collections::HashMap;

pub(crate) type Hash = [u8; 16];

/// What identifies a node, the first group of which it has anything.
const IDENTIFYING: &[&[NamedNodeRef<'static>]] = &[
    &[dct::IDENTIFIER, skos::NOTATION],
    &[dcat::DOWNLOAD_URL, dcat::ACCESS_URL],
    &[dcat::ENDPOINT_URL],
    &[vcard::HAS_EMAIL, foaf::MBOX],
    &[vcard::FN, foaf::NAME, vcard::ORGANIZATION_NAME],
    &[spdx::CHECKSUM_VALUE],
    &[dct::TITLE, skos::PREF_LABEL],
];
/// What tells nodes apart that the first group does not.
const DISTINGUISHING: &[NamedNodeRef<'static>] = &[
    dct::TITLE,
    dct::FORMAT,
    dcat::MEDIA_TYPE,
    dct::LANGUAGE,
    dcat::ACCESS_URL,
    rdf::TYPE,
];

/// The hash of the first group of identifying values.
pub(crate) fn identity(graph: &Graph, id: NodeId) -> Option<Hash> {
    IDENTIFYING.iter().enumerate().find_map(|(n, group)| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&n.to_le_bytes());
        hash_values(graph, id, group, &mut hasher).then(|| truncated(&hasher))
    })
}

/// A key made finer by what tells nodes of one key apart.
pub(crate) fn distinction(graph: &Graph, id: NodeId, key: Hash) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key);
    hash_values(graph, id, DISTINGUISHING, &mut hasher);
    truncated(&hasher)
}

/// Hashes the values of some predicates in a fixed order. Languages take no part. False where there is none.
fn hash_values(
    graph: &Graph,
    id: NodeId,
    predicates: &[NamedNodeRef<'_>],
    hasher: &mut blake3::Hasher,
) -> bool {
    let edges = &graph.nodes[id].edges;
    let mut values: Vec<&str> = Vec::new();
    for edge in edges
        .iter()
        .filter(|edge| predicates.contains(&edge.predicate.as_ref()))
    {
        match &edge.value {
            Value::Iri(iri) => values.push(iri.as_str()),
            Value::Literal(literal) => values.push(literal.value()),
            Value::Node(node) => values.extend(label(graph, *node)),
        }
    }
    values.sort_unstable();
    values.dedup();
    for value in &values {
        hasher.update(value.as_bytes());
        hasher.update(&[0]);
    }
    !values.is_empty()
}

/// A node that stands for a word is as good as the word.
fn label(graph: &Graph, node: NodeId) -> Option<&str> {
    let labels = [rdfs::LABEL, skos::PREF_LABEL];
    graph.nodes[node]
        .edges
        .iter()
        .find_map(|edge| match &edge.value {
            Value::Literal(literal) if labels.contains(&edge.predicate.as_ref()) => {
                Some(literal.value())
            }
            _ => None,
        })
}

/// The hash of all that a node says: each edge once, in a fixed order; `of_node` says what an edge to a node says.
pub(crate) fn content(
    edges: &[Edge],
    mut of_node: impl FnMut(NodeId, &mut blake3::Hasher),
) -> Hash {
    let mut hashes: Vec<[u8; 32]> = Vec::with_capacity(edges.len());
    for edge in edges {
        let mut hasher = blake3::Hasher::new();
        hasher.update(edge.predicate.as_str().as_bytes());
        match &edge.value {
            Value::Iri(iri) => {
                hasher.update(b"<");
                hasher.update(iri.as_str().as_bytes());
            }
            Value::Literal(literal) => {
                let mut text = String::new();
                crate::body::push_literal(literal.as_ref(), &mut text);
                hasher.update(text.as_bytes());
            }
            Value::Node(target) => {
                hasher.update(b"_");
                of_node(*target, &mut hasher);
            }
        }
        hashes.push(*hasher.finalize().as_bytes());
    }
    hashes.sort_unstable();
    hashes.dedup();
    let mut hasher = blake3::Hasher::new();
    for hash in hashes {
        hasher.update(&hash);
    }
    truncated(&hasher)
}

/// What nodes say, with what the nodes below them say, so many levels deep.
pub(crate) fn contents_to_depth(
    graph: &Graph,
    blanks: &[NodeId],
    levels: usize,
) -> HashMap<NodeId, Hash> {
    let named = |target: NodeId, hasher: &mut blake3::Hasher| {
        if let Some(iri) = &graph.nodes[target].iri {
            hasher.update(iri.as_str().as_bytes());
        }
    };
    let mut now: HashMap<NodeId, Hash> = blanks
        .iter()
        .map(|id| (*id, content(&graph.nodes[*id].edges, named)))
        .collect();
    let has_node = |id: &NodeId| {
        graph.nodes[*id]
            .edges
            .iter()
            .any(|e| matches!(e.value, Value::Node(_)))
    };
    let inner: Vec<NodeId> = blanks.iter().copied().filter(has_node).collect();
    for _ in 0..levels {
        let next: Vec<(NodeId, Hash)> = inner
            .iter()
            .map(|id| {
                let hash = content(&graph.nodes[*id].edges, |target, hasher| {
                    named(target, hasher);
                    hasher.update(now.get(&target).map_or(&[][..], |hash| hash));
                });
                (*id, hash)
            })
            .collect();
        now.extend(next);
    }
    now
}

fn truncated(hasher: &blake3::Hasher) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}
