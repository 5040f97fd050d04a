//! Telling blank nodes apart that say the same: by their place among the others.
//!
//! Colours are refined round by round by the colours around them, as long as that separates anything. Of nodes that
//! are still alike (in most cases because they really are interchangeable) one is singled out and the refinement goes
//! on, the choice being the one with the least outcome; so neither order nor labels matter. Both steps have a budget
//! that depends on the graph alone. What is left alike at its end stays alike.

use crate::contents::content;
use crate::graph::{Graph, NodeId, Value};
use std::collections::HashMap;

// None of these bounds is a setting: what is told apart has other names than what is not, and names are published.

/// Edges looked at, all rounds together, before the first refinement gives up.
const REFINE_EDGES_MAX: usize = 4_000_000;
/// Edges looked at, at worst, by singling out; graphs that might need more are left as refined.
const SINGLE_OUT_EDGES_MAX: usize = 16_000_000;
/// At most so many alike nodes are told apart by singling out.
const SINGLED_OUT_MAX: usize = 16;

/// A colour for every blank node. Nodes of `shared` with one colour cannot be told apart with bounded work.
pub(crate) fn colours(graph: &Graph, blanks: &[NodeId], shared: &[NodeId]) -> HashMap<NodeId, u64> {
    let field = Field::new(graph, blanks, shared);
    let first = field.first_colours(graph, blanks);
    let mut colours = field.refine(first);
    while let Some(alike) = field.least_alike(&colours) {
        let tried = alike.iter().map(|at| {
            let mut singled = colours.clone();
            singled[*at] = mix(singled[*at], 0x51);
            let refined = field.refine(singled);
            let mut outcome = refined.clone();
            outcome.sort_unstable();
            (outcome, refined)
        });
        match tried.min() {
            Some((_, best)) => colours = best,
            None => break,
        }
    }
    blanks.iter().copied().zip(colours).collect()
}

/// The blank nodes by position, and the edges between them in both directions.
struct Field {
    neighbours: Vec<Vec<(u64, usize)>>,
    shared: Vec<usize>,
    /// What a round looks at.
    edges: usize,
}

impl Field {
    fn new(graph: &Graph, blanks: &[NodeId], shared: &[NodeId]) -> Self {
        let position: HashMap<NodeId, usize> = blanks
            .iter()
            .enumerate()
            .map(|(at, id)| (*id, at))
            .collect();
        let mut neighbours: Vec<Vec<(u64, usize)>> = vec![Vec::new(); blanks.len()];
        for (at, id) in blanks.iter().enumerate() {
            for edge in &graph.nodes[*id].edges {
                if let Value::Node(target) = edge.value
                    && let Some(to) = position.get(&target)
                {
                    let predicate = text_colour(edge.predicate.as_str());
                    neighbours[at].push((predicate, *to));
                    neighbours[*to].push((mix(predicate, 0xB7), at));
                }
            }
        }
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup();
        }
        let edges = neighbours.iter().map(Vec::len).sum::<usize>() + blanks.len();
        let shared = shared
            .iter()
            .filter_map(|id| position.get(id).copied())
            .collect();
        Self {
            neighbours,
            shared,
            edges,
        }
    }

    /// What a node says itself, and which named nodes lead to it.
    fn first_colours(&self, graph: &Graph, blanks: &[NodeId]) -> Vec<u64> {
        let mut colours: HashMap<NodeId, u64> = HashMap::new();
        for id in blanks {
            let hash = content(&graph.nodes[*id].edges, |target, hasher| {
                if let Some(iri) = &graph.nodes[target].iri {
                    hasher.update(iri.as_str().as_bytes());
                }
            });
            let mut start = [0; 8];
            start.copy_from_slice(&hash[..8]);
            colours.insert(*id, u64::from_le_bytes(start));
        }
        let mut leading: HashMap<NodeId, Vec<u64>> = HashMap::new();
        for node in graph.reached.iter().map(|id| &graph.nodes[*id]) {
            let Some(iri) = &node.iri else { continue };
            for edge in &node.edges {
                if let Value::Node(target) = edge.value {
                    let colour = mix(
                        text_colour(iri.as_str()),
                        text_colour(edge.predicate.as_str()),
                    );
                    leading.entry(target).or_default().push(colour);
                }
            }
        }
        for (id, mut list) in leading {
            list.sort_unstable();
            list.dedup();
            if let Some(colour) = colours.get_mut(&id) {
                *colour = list.into_iter().fold(*colour, mix);
            }
        }
        blanks.iter().map(|id| colours[id]).collect()
    }

    fn refine(&self, mut colours: Vec<u64>) -> Vec<u64> {
        let mut kinds = count(&colours);
        let mut around: Vec<u64> = Vec::new();
        for _ in 0..REFINE_EDGES_MAX / self.edges {
            if kinds == colours.len() {
                break;
            }
            let mut next = Vec::with_capacity(colours.len());
            for (at, neighbours) in self.neighbours.iter().enumerate() {
                around.clear();
                around.extend(neighbours.iter().map(|(edge, to)| mix(*edge, colours[*to])));
                around.sort_unstable();
                next.push(
                    around
                        .iter()
                        .fold(colours[at], |colour, other| mix(colour, *other)),
                );
            }
            let now = count(&next);
            if now <= kinds {
                break;
            }
            (colours, kinds) = (next, now);
        }
        colours
    }

    /// The alike nodes of the least colour, if they are to be told apart by singling out.
    fn least_alike(&self, colours: &[u64]) -> Option<Vec<usize>> {
        let rounds_at_worst = self.neighbours.len() * SINGLED_OUT_MAX * SINGLED_OUT_MAX;
        if self.edges.saturating_mul(rounds_at_worst) > SINGLE_OUT_EDGES_MAX {
            return None;
        }
        let mut by_colour: HashMap<u64, Vec<usize>> = HashMap::new();
        for at in &self.shared {
            by_colour.entry(colours[*at]).or_default().push(*at);
        }
        by_colour.retain(|_, nodes| nodes.len() > 1);
        let all: usize = by_colour.values().map(Vec::len).sum();
        if all > SINGLED_OUT_MAX {
            return None;
        }
        by_colour
            .into_iter()
            .min_by_key(|(colour, _)| *colour)
            .map(|(_, nodes)| nodes)
    }
}

fn count(colours: &[u64]) -> usize {
    let mut sorted = colours.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

fn text_colour(text: &str) -> u64 {
    let mut start = [0; 8];
    start.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(start)
}

/// Not commutative: the order of what is mixed in matters, hence the sorting before.
fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x = (x ^ (x >> 29)).wrapping_mul(0xA24B_AED4_963E_E407);
    x ^ (x >> 32)
}
