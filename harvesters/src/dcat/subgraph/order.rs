//! In which order a record's nodes are written, and what its blank nodes are called: by what they say alone.

use super::{Id, Subgraph};
use std::collections::{BTreeSet, HashMap};

/// How often the names of blank nodes take in those of their neighbours.
const ROUNDS: usize = 4;

pub(super) struct Order {
    pub(super) nodes: Vec<Id>,
    pub(super) labels: HashMap<Id, usize>,
}

impl Subgraph<'_> {
    /// The nodes from the entity on, each node's neighbours in the order of what leads to them and what they say.
    pub(super) fn order(&self, entity: Id) -> Order {
        let says = self.says();
        let mut order = Order {
            nodes: Vec::new(),
            labels: HashMap::new(),
        };
        let mut roots: Vec<Id> = self
            .depths
            .keys()
            .copied()
            .filter(|node| *node != entity && self.depths[node] == 1)
            .collect();
        roots.sort_by_cached_key(|node| self.sorted_by(*node, &says));
        roots.push(entity);
        // The last in is visited first: the entity, then what it leads to, and catalogue records when it leads no further.
        let mut waiting = roots;
        if let Some(at) = waiting.iter().position(|node| *node == entity) {
            waiting[..at].reverse();
        }
        let mut seen = BTreeSet::new();
        while let Some(node) = waiting.pop() {
            if !seen.insert(node) {
                continue;
            }
            order.nodes.push(node);
            if self.walk.is_blank(node) {
                order.labels.insert(node, order.labels.len());
            }
            let rows = self.rows.get(&node).map(Vec::as_slice).unwrap_or_default();
            let mut next: Vec<(&str, Id)> = rows
                .iter()
                .filter(|row| self.depths.contains_key(&row[2]) && !seen.contains(&row[2]))
                .map(|row| (self.walk.table.form(row[1]), row[2]))
                .collect();
            next.sort_by_cached_key(|(predicate, object)| {
                (*predicate, self.sorted_by(*object, &says))
            });
            waiting.extend(next.into_iter().rev().map(|(_, object)| object));
        }
        order
    }

    fn sorted_by<'b>(&'b self, node: Id, says: &'b HashMap<Id, [u8; 32]>) -> (&'b [u8], Id) {
        match says.get(&node) {
            Some(hash) => (hash, node),
            None => (self.walk.table.form(node).as_bytes(), node),
        }
    }

    /// What each blank node says, as a hash: its triples, its neighbours taken in round by round.
    fn says(&self) -> HashMap<Id, [u8; 32]> {
        let blanks: Vec<Id> = self
            .depths
            .keys()
            .copied()
            .filter(|node| self.walk.is_blank(*node))
            .collect();
        let mut says: HashMap<Id, [u8; 32]> = blanks.iter().map(|node| (*node, [0; 32])).collect();
        let rounds = if blanks.len() > 1 { ROUNDS } else { 0 };
        for _ in 0..rounds {
            says = blanks
                .iter()
                .map(|node| (*node, self.say(*node, &says)))
                .collect();
        }
        says
    }

    fn say(&self, node: Id, says: &HashMap<Id, [u8; 32]>) -> [u8; 32] {
        let rows = self.rows.get(&node).map(Vec::as_slice).unwrap_or_default();
        let mut triples: Vec<(&[u8], &[u8])> = rows
            .iter()
            .map(|row| {
                let object = says.get(&row[2]).map_or_else(
                    || self.walk.table.form(row[2]).as_bytes(),
                    <[u8; 32]>::as_slice,
                );
                (self.walk.table.form(row[1]).as_bytes(), object)
            })
            .collect();
        triples.sort_unstable();
        let mut hash = blake3::Hasher::new();
        for (predicate, object) in triples {
            // No form holds a line feed.
            hash.update(predicate)
                .update(b"\n")
                .update(object)
                .update(b"\n");
        }
        *hash.finalize().as_bytes()
    }
}
