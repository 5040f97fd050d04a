//! The digest brought to where the store is, when the house opens. Start at [`open`].

use super::OpenError;
use crate::digest::{Change, hash};
use crate::state::{KeptDigest, State};
use crate::store::{Head, Store, StoreError, body_of};
use crate::store_read;
use std::sync::Arc;

/// The digest at the store's head: as it was left, or brought there from the log, or else computed from the store.
pub fn open(state: &State, store: &Store) -> Result<Arc<KeptDigest>, OpenError> {
    let digest = state.digest()?;
    let head = store.head();
    let told = digest.head();
    if told == Some(head) {
        return Ok(Arc::new(digest));
    }
    if let Some(told) = told
        && told.generation == head.generation
        && told.seq < head.seq
        && let Some(changes) = logged(store, told, head)?
    {
        tracing::info!(
            from = told.seq,
            to = head.seq,
            "the digest of the state is brought up from the log"
        );
        digest.advance(head, &changes)?;
        return Ok(Arc::new(digest));
    }
    if head.seq > 0 {
        tracing::info!(
            to = head.seq,
            "the digest of the state is computed from the store"
        );
    }
    let broken = StoreError::storage("computing the digest of the state");
    let entities = store_read::scan(store.quads()).map(|described| {
        let described = described.map_err(&broken)?;
        let entity = described.entity.into_string();
        let sum = hash(&entity, &body_of(&described.triples));
        Ok::<_, OpenError>((entity, sum))
    });
    digest.rebuild(head, entities)?;
    Ok(Arc::new(digest))
}

/// What the log says between two places; None where it does not hold all of it.
fn logged(store: &Store, from: Head, to: Head) -> Result<Option<Vec<Change>>, OpenError> {
    let broken = |error| OpenError::Io("reading the change log", error);
    let (mut changes, mut next) = (Vec::new(), from.seq + 1);
    for segment in store.log().segments(to.generation).map_err(broken)? {
        if segment.last < next {
            continue;
        }
        for activity in segment.read().map_err(broken)? {
            let activity = activity.map_err(broken)?;
            if activity.seq == next {
                changes.push(Change::of(&activity));
                next += 1;
            }
        }
    }
    Ok((next == to.seq + 1).then_some(changes))
}
