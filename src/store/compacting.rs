//! The compaction that a bulk load wants before it is read, on a thread of its own: what else belongs to the run goes on
//! meanwhile, and whoever makes a snapshot waits for it.
//!
//! Changes nothing that the store says. Start at [`Compacting::begin`].

use super::StoreError;
use oxigraph::store::{StorageError, Store as Quads};
use std::{
    sync::{Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

/// The one that is under way, if there is one.
#[derive(Default)]
pub(super) struct Compacting(Mutex<Option<JoinHandle<Result<(), StorageError>>>>);

impl Compacting {
    /// Begins; one that is under way ends first.
    pub fn begin(&self, quads: Quads) -> Result<(), StoreError> {
        self.end()?;
        let thread = Builder::new()
            .name("compact".to_owned())
            .spawn(move || quads.optimize())
            .map_err(StoreError::log("starting a thread that compacts"))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Waits for its end. What failed is told once.
    pub fn end(&self) -> Result<(), StoreError> {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(compacted)) => {
                compacted.map_err(StoreError::storage("compacting after the first load"))
            }
            Some(Err(_)) => Err(StoreError::Broken("compacting panicked".to_owned())),
        }
    }
}

impl Drop for Compacting {
    /// The engine's files are not left to a thread that nobody waits for.
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(%error, "the store is left as the load wrote it");
        }
    }
}
