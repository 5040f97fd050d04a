//! The compaction that a bulk load wants before it is read, on a thread of its own: what else belongs to the run goes on
//! meanwhile, and whoever makes a snapshot waits for it.
//!
//! Changes nothing that the store says. Start at [`Compacting::begin`].

use super::StoreError;
use oxigraph::store::StorageError;
use std::{
    sync::{Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

/// The one that is under way, if there is one.
#[derive(Default)]
pub(super) struct Compacting(Mutex<Option<JoinHandle<Result<(), StorageError>>>>);

impl Compacting {
    /// Begins what compacts; one that is under way ends first.
    pub fn begin(
        &self,
        compact: impl FnOnce() -> Result<(), StorageError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.end()?;
        let thread = Builder::new()
            .name("compact".to_owned())
            .spawn(compact)
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use crate::store::{Store, WriteLimits};
    use std::{
        path::Path,
        sync::mpsc,
        thread,
        time::{Duration, Instant},
    };

    const DEADLINE: Duration = Duration::from_secs(120);

    fn store(dir: &Path) -> Store {
        let limits = WriteLimits {
            batch_triples_max: 1_000,
            flush_triples: 1_000,
            segment_activities_max: 10,
            bulk_bytes_min: 1_000_000,
            bulk_batch_quads: 1_000,
            runs_noted: 10,
        };
        Store::open(dir, "https://hub.example/", limits).unwrap()
    }

    #[test]
    fn a_snapshot_waits_until_the_store_is_compacted() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let snapshot = dir.path().join("snapshot");
        let (go_on, held) = mpsc::channel();
        let begun_early = snapshot.clone();
        let (told, early) = mpsc::channel();
        let compact = move || {
            held.recv_timeout(DEADLINE).unwrap();
            told.send(begun_early.exists()).unwrap();
            Ok(())
        };
        store.compacting.begin(compact).unwrap();
        thread::scope(|scope| {
            let made = scope.spawn(|| store.checkpoint(&snapshot));
            // It waits once it has taken the thread to wait for.
            let began = Instant::now();
            while store.compacting.0.lock().unwrap().is_some() {
                assert!(!made.is_finished() && began.elapsed() < DEADLINE);
                thread::yield_now();
            }
            assert!(!snapshot.exists());
            go_on.send(()).unwrap();
            made.join().unwrap().unwrap();
        });
        assert!(!early.recv().unwrap(), "begun before the compaction's end");
        assert!(snapshot.join("CURRENT").exists());
    }

    #[test]
    fn what_fails_is_told_by_the_snapshot_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let fails = || Err(oxigraph::store::StorageError::Other("planned".into()));
        store.compacting.begin(fails).unwrap();
        let failed = store.checkpoint(&dir.path().join("first")).unwrap_err();
        assert!(
            failed
                .to_string()
                .contains("compacting after the first load")
        );
        store.checkpoint(&dir.path().join("second")).unwrap();
    }
}
