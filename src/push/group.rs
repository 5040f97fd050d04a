//! Pushes that share one commit. Start at [`Group::take`].

use super::{Push, What};
use crate::state::id_digest;
use harvestd_vocab::Class;
use std::collections::{HashMap, HashSet};

/// Bytes of bodies in one commit, beyond which no further push is taken in.
const BYTES_ENOUGH: u64 = 16 * 1024 * 1024;

/// Pushes that do not get in each other's way: each dataset is in one of them, and where two say something of the same
/// publisher, they say the same.
pub struct Group {
    pub pushes: Vec<Push>,
    /// Digest of each record -> digest of its bytes, where others may say the same of it.
    said: HashMap<[u8; 16], Option<[u8; 16]>>,
    keys: HashSet<String>,
    bytes: u64,
    per_commit_max: usize,
}

impl Group {
    pub fn of(first: Push, per_commit_max: usize) -> Self {
        let mut group = Self {
            pushes: Vec::new(),
            said: HashMap::new(),
            keys: HashSet::new(),
            bytes: 0,
            per_commit_max,
        };
        group.add(first);
        group
    }

    /// Takes a push in, or gives it back: then it is the first of the next group, so that the order stays.
    pub fn take(&mut self, push: Push) -> Option<Push> {
        let alone = |push: &Push| push.what == What::Whole;
        let full = self.pushes.len() >= self.per_commit_max || self.bytes >= BYTES_ENOUGH;
        let again = push.key.as_ref().is_some_and(|key| self.keys.contains(key));
        let crosses = says(&push).any(|(id, said)| {
            self.said
                .get(&id)
                .is_some_and(|before| before.is_none() || *before != said)
        });
        if full || again || crosses || alone(&push) || self.pushes.iter().any(alone) {
            return Some(push);
        }
        self.add(push);
        None
    }

    fn add(&mut self, push: Push) {
        self.said.extend(says(&push));
        self.keys.extend(push.key.clone());
        self.bytes += push.bytes;
        self.pushes.push(push);
    }
}

/// The records that a push speaks of. None: it alone may.
fn says(push: &Push) -> impl Iterator<Item = ([u8; 16], Option<[u8; 16]>)> {
    let pieces = push.read.pieces.iter().map(|piece| {
        let shared = piece.id.class != Class::Dataset;
        (id_digest(&piece.id), shared.then_some(piece.hash))
    });
    let gone = push.read.gone.iter().map(|id| (id_digest(id), None));
    pieces.chain(gone)
}
