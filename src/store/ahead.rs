//! Reading ahead: what the next staged records will be compared with is read on all cores, before their turn comes.
//!
//! What was read counts as long as nothing was committed since; else it is read again, in turn. So it changes nothing but
//! the time. Start at [`Applying::read_ahead`].

use super::apply::Applying;
use super::lines::body_of;
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

/// A description of the default graph.
pub(super) struct Ahead {
    body: String,
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
    /// Reads what the default graph says of the entities of these records. None: it is to be read in turn.
    pub(super) fn read_ahead(&self, staged: &[(u64, Staged)]) -> Vec<Option<Ahead>> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(staged.len() / FEW);
        let mut ahead = Vec::with_capacity(staged.len());
        if threads > 1 {
            let (store, share) = (&*self.store, staged.len().div_ceil(threads));
            thread::scope(|scope| {
                let readers = staged.chunks(share);
                let readers = readers.map(|some| scope.spawn(move || bodies(store, some)));
                let readers: Vec<_> = readers.collect();
                // Whatever a thread did not read is read in turn, and its trouble told then.
                for (reader, some) in readers.into_iter().zip(staged.chunks(share)) {
                    let mut read = reader.join().unwrap_or_default();
                    read.resize_with(some.len(), || None);
                    ahead.append(&mut read);
                }
            });
        }
        ahead.resize_with(staged.len(), || None);
        let commits = self.commits;
        let ahead = ahead.into_iter();
        ahead
            .map(|body| body.map(|body| Ahead { body, commits }))
            .collect()
    }

    /// The entity's description in the default graph; `near` is a text that is nearly it.
    pub(super) fn old_body(
        &mut self,
        entity: NamedNodeRef<'_>,
        near: &str,
    ) -> Result<String, StoreError> {
        let ahead = self.ahead.take();
        match ahead.filter(|ahead| ahead.commits == self.commits) {
            Some(ahead) => Ok(ahead.body),
            None => self.store.winner_body_near(entity, near),
        }
    }
}

fn bodies(store: &Store, staged: &[(u64, Staged)]) -> Vec<Option<String>> {
    let texts = staged.iter().map(|(_, staged)| staged.body.as_str());
    let Ok(mut nearby) = Nearby::read(&store.quads, texts) else {
        return Vec::new();
    };
    let body = |(_, staged): &(u64, Staged)| {
        let entity = NamedNodeRef::new_unchecked(&staged.entity);
        let body = nearby.description_of(&store.quads, entity);
        body.ok().map(|triples| body_of(&triples))
    };
    staged.iter().map(body).collect()
}
