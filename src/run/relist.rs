//! After a commit that failed half-way the store knows more of a source than the state does: its records are listed from
//! the store before the next run of it compares anything. At a restart [`crate::daemon`] does the same.

use super::{Rooms, RunError};
use crate::store::Store;
use std::sync::Arc;

/// Rebuilds the state of a source whose last commit was interrupted; else does nothing.
pub async fn if_interrupted(rooms: &Arc<Rooms>, source: &str) -> Result<(), RunError> {
    if !rooms.state.interrupted(source)? {
        return Ok(());
    }
    let (rooms, source) = (rooms.clone(), source.to_owned());
    let relisted = tokio::task::spawn_blocking(move || here_if_interrupted(&rooms, &source));
    relisted.await.map_err(|e| RunError::Panic(e.to_string()))?
}

/// The same on the thread that asks for it: it waits for the writer.
pub(crate) fn here_if_interrupted(rooms: &Rooms, source: &str) -> Result<(), RunError> {
    match rooms.state.interrupted(source)? {
        true => by(rooms, &rooms.writer()?.store, source),
        false => Ok(()),
    }
}

/// The same for one who has the writer.
pub(super) fn by(rooms: &Rooms, store: &Store, source: &str) -> Result<(), RunError> {
    if !rooms.state.interrupted(source)? {
        return Ok(());
    }
    let records = store.record_ids(source)?;
    let records = rooms.state.rebuild(source, records.into_iter())?;
    tracing::warn!(
        source,
        records,
        "the last commit failed half-way; the source's records are listed from the store and described once more"
    );
    Ok(())
}
