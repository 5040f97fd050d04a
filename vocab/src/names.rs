//! Names for blank nodes that stay the same while nothing changes: `{record}#distribution-3f9a0c1d2e4b`.
//!
//! A node is named by what identifies it (a distribution's URLs, a contact's address, an agent's name), else by what
//! it says; always by the predicate that leads to it and the node it hangs on. So a change in one node renames neither
//! its siblings nor what stands above it. Order and labels of the source take no part.
//!
//! Nodes that hang on one other node form trees and are named from the top. The others, reached on several ways, are
//! named first; where several of them look alike, [`crate::alike`] tells them apart, with a bound on its work.

use crate::alike;
use crate::contents::{self, Hash, content, contents_to_depth, identity};
use crate::graph::{Graph, NodeId, Value};
use oxrdf::NamedNode;
use std::collections::HashMap;

/// More blank nodes than this in one description are not told apart beyond what they say themselves. A constant, as the
/// bounds of [`crate::alike`] are: names depend on it, and the same description must have the same names everywhere.
pub(crate) const BLANK_NODES_MAX: usize = 5_000;

/// The names of the reached nodes, by id, and what could not be told apart.
pub(crate) struct Names {
    pub iris: Vec<NamedNode>,
    /// Nodes that were merged because no bounded work tells them apart.
    pub merged: usize,
    pub over_limit: bool,
}

/// Names every reached node. Nodes with an IRI keep it.
pub(crate) fn assign(graph: &Graph, record: &NamedNode) -> Names {
    let mut namer = Namer {
        graph,
        record: record.as_str(),
        blanks: graph
            .reached
            .iter()
            .copied()
            .filter(|id| graph.nodes[*id].iri.is_none())
            .collect(),
        incoming: Vec::new(),
        iris: graph.nodes.iter().map(|node| node.iri.clone()).collect(),
        signatures: HashMap::new(),
        merged: 0,
    };
    let over_limit = namer.blanks.len() > BLANK_NODES_MAX;
    if !namer.blanks.is_empty() {
        namer.find_incoming();
        namer.name_shared(over_limit);
        namer.name_trees();
    }
    let unnamed = NamedNode::new_unchecked("");
    let iris = namer
        .iris
        .into_iter()
        .map(|iri| iri.unwrap_or_else(|| unnamed.clone()))
        .collect();
    Names {
        iris,
        merged: namer.merged,
        over_limit,
    }
}

struct Namer<'a> {
    graph: &'a Graph,
    record: &'a str,
    /// In the order in which they were reached.
    blanks: Vec<NodeId>,
    /// By blank node: which nodes lead to it, over which predicates; sorted, each once.
    incoming: Vec<Vec<(NodeId, &'a str)>>,
    iris: Vec<Option<NamedNode>>,
    signatures: HashMap<NodeId, Hash>,
    merged: usize,
}

impl<'a> Namer<'a> {
    fn find_incoming(&mut self) {
        self.incoming = vec![Vec::new(); self.graph.nodes.len()];
        for source in &self.graph.reached {
            for edge in &self.graph.nodes[*source].edges {
                if let Value::Node(target) = edge.value
                    && self.graph.nodes[target].iri.is_none()
                {
                    self.incoming[target].push((*source, edge.predicate.as_str()));
                }
            }
        }
        for id in &self.blanks {
            self.incoming[*id].sort_unstable();
            self.incoming[*id].dedup();
        }
    }

    fn is_shared(&self, id: NodeId) -> bool {
        self.incoming[id].len() != 1
    }

    /// Nodes to which several ways lead hang on none of them.
    fn name_shared(&mut self, over_limit: bool) {
        let shared: Vec<NodeId> = self
            .blanks
            .iter()
            .copied()
            .filter(|id| self.is_shared(*id))
            .collect();
        if shared.is_empty() {
            return;
        }
        let contents = contents_to_depth(self.graph, &self.blanks, if over_limit { 0 } else { 4 });
        let groups = self.group(&shared, "", |namer, id| {
            identity(namer.graph, id).unwrap_or(contents[&id])
        });
        let any_alike = groups.iter().any(|(_, nodes)| nodes.len() > 1);
        let colours = if any_alike && !over_limit {
            alike::colours(self.graph, &self.blanks, &shared)
        } else {
            HashMap::new()
        };
        for (name, nodes) in groups {
            self.name_alike_shared(&name, &nodes, &colours);
        }
    }

    /// In the order of their colours; nodes of one colour become one node.
    fn name_alike_shared(
        &mut self,
        name: &NamedNode,
        nodes: &[NodeId],
        colours: &HashMap<NodeId, u64>,
    ) {
        let colour = |id: &NodeId| colours.get(id).copied().unwrap_or_default();
        let mut ranks: Vec<u64> = nodes.iter().map(colour).collect();
        ranks.sort_unstable();
        ranks.dedup();
        self.merged += nodes.len() - ranks.len();
        for id in nodes {
            let rank = ranks.binary_search(&colour(id)).unwrap_or_default();
            self.iris[*id] = Some(numbered(name, rank));
        }
    }

    /// From the top: a node's name takes in the name of the node it hangs on.
    fn name_trees(&mut self) {
        let mut children: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for id in &self.blanks {
            if let [(parent, _)] = self.incoming[*id][..] {
                children.entry(parent).or_default().push(*id);
            }
        }
        for parent in &self.graph.reached {
            let Some(nodes) = children.get(parent) else {
                continue;
            };
            let context = self.context(*parent);
            let groups = self.group(nodes, &context, Namer::key);
            for (name, nodes) in groups {
                match nodes[..] {
                    [id] => self.iris[id] = Some(name),
                    _ => self.name_alike_siblings(&nodes, &context),
                }
            }
        }
    }

    fn name_alike_siblings(&mut self, nodes: &[NodeId], context: &str) {
        let groups = self.group(nodes, context, |namer, id| {
            let key = namer.key(id);
            contents::distinction(namer.graph, id, key)
        });
        for (name, mut nodes) in groups {
            if nodes.len() > 1 {
                nodes.sort_by_cached_key(|id| self.signature(*id));
            }
            for (rank, id) in nodes.into_iter().enumerate() {
                self.iris[id] = Some(numbered(&name, rank));
            }
        }
    }

    fn group(
        &mut self,
        nodes: &[NodeId],
        context: &str,
        mut key: impl FnMut(&mut Self, NodeId) -> Hash,
    ) -> Vec<(NamedNode, Vec<NodeId>)> {
        let mut keyed: Vec<(NamedNode, NodeId)> = Vec::with_capacity(nodes.len());
        for id in nodes {
            let key = key(self, *id);
            keyed.push((self.base_name(*id, context, key), *id));
        }
        keyed.sort_unstable();
        let mut groups: Vec<(NamedNode, Vec<NodeId>)> = Vec::with_capacity(keyed.len());
        for (name, id) in keyed {
            match groups.last_mut() {
                Some((last, nodes)) if *last == name => nodes.push(id),
                _ => groups.push((name, vec![id])),
            }
        }
        groups
    }

    fn context(&self, parent: NodeId) -> String {
        match &self.iris[parent] {
            Some(iri) if parent != self.graph.entity => iri
                .as_str()
                .strip_prefix(self.record)
                .unwrap_or(iri.as_str())
                .to_owned(),
            _ => String::new(),
        }
    }

    fn base_name(&self, id: NodeId, context: &str, key: Hash) -> NamedNode {
        let predicate = self.incoming[id]
            .iter()
            .map(|(_, predicate)| local_name(predicate))
            .min();
        let kind = predicate.unwrap_or("node");
        let mut hasher = blake3::Hasher::new();
        hasher.update(context.as_bytes());
        hasher.update(&[0]);
        hasher.update(&key);
        let hash = hasher.finalize().to_hex();
        NamedNode::new_unchecked(format!("{}#{kind}-{}", self.record, &hash[..12]))
    }

    fn key(&mut self, id: NodeId) -> Hash {
        identity(self.graph, id).unwrap_or_else(|| self.signature(id))
    }

    /// Everything that a tree node says, down to its leaves. Shared nodes below it have their names already.
    fn signature(&mut self, id: NodeId) -> Hash {
        if let Some(signature) = self.signatures.get(&id) {
            return *signature;
        }
        let mut below = vec![id];
        let mut at = 0;
        while let Some(node) = below.get(at) {
            let targets =
                self.graph.nodes[*node]
                    .edges
                    .iter()
                    .filter_map(|edge| match edge.value {
                        Value::Node(target) if self.iris[target].is_none() => Some(target),
                        _ => None,
                    });
            let unknown: Vec<NodeId> = targets
                .filter(|target| !self.signatures.contains_key(target))
                .collect();
            below.extend(unknown);
            at += 1;
        }
        for node in below.into_iter().rev() {
            let hash = content(&self.graph.nodes[node].edges, |target, hasher| {
                match &self.iris[target] {
                    Some(iri) => hasher.update(iri.as_str().as_bytes()),
                    None => {
                        hasher.update(&self.signatures.get(&target).copied().unwrap_or_default())
                    }
                };
            });
            self.signatures.insert(node, hash);
        }
        self.signatures.get(&id).copied().unwrap_or_default()
    }
}

fn numbered(base: &NamedNode, rank: usize) -> NamedNode {
    match rank {
        0 => base.clone(),
        _ => NamedNode::new_unchecked(format!("{}-{}", base.as_str(), rank + 1)),
    }
}

fn local_name(predicate: &str) -> &str {
    let local = predicate.rsplit(['#', '/', ':']).next().unwrap_or_default();
    let plain = !local.is_empty()
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { local } else { "node" }
}
