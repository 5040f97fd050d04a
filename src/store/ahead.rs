//! Reading ahead: what the next staged records will be compared with is read on all cores, before their turn comes.
//!
//! What was read counts as long as nothing was committed since; else it is read again, in turn. So it changes nothing but
//! the time. Start at [`Applying::read_ahead`].

use super::apply::Applying;
use super::lines::body_of;
use super::place::Standing;
use super::{Store, StoreError};
use crate::stage::Staged;
use crate::store_read::Nearby;
use oxigraph::model::NamedNodeRef;
use std::{num::NonZero, thread};

/// Records that are read ahead of, and bytes of their bodies.
const RECORDS: usize = 64;
const BYTES: usize = 4 * 1024 * 1024;
/// Fewer are not worth a thread.
const FEW: usize = 4;

/// What the store says of a record's entity.
#[derive(Default)]
pub(super) struct Ahead {
    standing: Option<Standing>,
    /// Its description in the default graph.
    body: Option<String>,
    /// How many commits there had been.
    commits: u64,
}

/// The next of these records, as many as are read ahead of.
pub(super) fn next_of<E>(
    staged: &mut impl Iterator<Item = Result<(u64, Staged), E>>,
) -> Result<Vec<(u64, Staged)>, E> {
    let (mut next, mut bytes) = (Vec::new(), 0);
    while next.len() < RECORDS && bytes < BYTES {
        match staged.next() {
            Some(staged) => {
                let staged = staged?;
                bytes += staged.1.body.len();
                next.push(staged);
            }
            None => break,
        }
    }
    Ok(next)
}

impl Applying<'_> {
    /// Reads what the store says of the entities of these records; what of it is not read is to be read in turn.
    pub(super) fn read_ahead(&self, staged: &[(u64, Staged)]) -> Vec<Ahead> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(staged.len() / FEW);
        let mut ahead = Vec::with_capacity(staged.len());
        if threads > 1 {
            let (store, share) = (&*self.store, staged.len().div_ceil(threads));
            thread::scope(|scope| {
                let readers = staged.chunks(share);
                let readers = readers.map(|some| scope.spawn(move || read(store, some)));
                let readers: Vec<_> = readers.collect();
                // The trouble of a thread that did not read is told in turn.
                for (reader, some) in readers.into_iter().zip(staged.chunks(share)) {
                    let mut read = reader.join().unwrap_or_default();
                    read.resize_with(some.len(), Ahead::default);
                    ahead.append(&mut read);
                }
            });
        }
        ahead.resize_with(staged.len(), Ahead::default);
        for ahead in &mut ahead {
            ahead.commits = self.commits;
        }
        ahead
    }

    /// How the entity stands.
    pub(super) fn standing(&mut self, entity: &str) -> Result<Standing, StoreError> {
        match self.still_true().and_then(|ahead| ahead.standing.take()) {
            Some(standing) => Ok(standing),
            None => self.store.standing(entity),
        }
    }

    /// The entity's description in the default graph; `near` is a text that is nearly it.
    pub(super) fn old_body(
        &mut self,
        entity: NamedNodeRef<'_>,
        near: &str,
    ) -> Result<String, StoreError> {
        match self.still_true().and_then(|ahead| ahead.body.take()) {
            Some(body) => Ok(body),
            None => self.store.winner_body_near(entity, near),
        }
    }

    fn still_true(&mut self) -> Option<&mut Ahead> {
        let commits = self.commits;
        Some(&mut self.ahead).filter(|ahead| ahead.commits == commits)
    }
}

fn read(store: &Store, staged: &[(u64, Staged)]) -> Vec<Ahead> {
    let texts = staged.iter().map(|(_, staged)| staged.body.as_str());
    let Ok(mut nearby) = Nearby::read(&store.quads, texts) else {
        return Vec::new();
    };
    let read = |(_, staged): &(u64, Staged)| {
        let entity = NamedNodeRef::new_unchecked(&staged.entity);
        let body = nearby.description_of(&store.quads, entity).ok();
        Ahead {
            standing: store.standing(&staged.entity).ok(),
            body: body.map(|triples| body_of(&triples)),
            commits: 0,
        }
    };
    staged.iter().map(read).collect()
}
