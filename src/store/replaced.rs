//! What a commit replaces, kept before it is replaced: the words of each record that changes or goes, or that there was none.
//!
//! Worked out here as records are applied, written by [`crate::undo::journal`] before each commit, beside its segment of the log. Start at
//! [`Applying::keep_changed`].

use super::apply::Applying;
use super::place::Placed;
use super::{Store, StoreError, now_us};
use crate::stage::Staged;
use crate::undo::journal::{Before, Entry, Head};
use harvestd_harvesters::RecordId;
use std::thread;

/// The run that a change is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub source: String,
    pub name: String,
}

impl Applying<'_> {
    /// Keeps what the record was, where it changed or is new. `found`: where it stood before.
    pub(super) fn keep_changed(
        &mut self,
        s: &Staged,
        found: Option<Placed>,
        changed: bool,
    ) -> Result<(), StoreError> {
        match found {
            // What was elsewhere is kept already.
            Some(found) if found.entity.as_str() != s.entity => Ok(()),
            Some(_) if !changed => Ok(()),
            found => self.keep_replaced(&s.id, found.as_ref()),
        }
    }

    /// Keeps the words of a record that is about to change or go; `placed`: where it stands until then.
    pub(super) fn keep_replaced(
        &mut self,
        id: &RecordId,
        placed: Option<&Placed>,
    ) -> Result<(), StoreError> {
        if self.run.is_none() {
            return Ok(());
        }
        let before = match placed {
            None => None,
            Some(placed) => Some(Before {
                entity: placed.entity.as_str().to_owned(),
                mirrors: placed.origin.as_ref().map(|o| o.as_str().to_owned()),
                body: match self.was.take() {
                    Some(was) => was,
                    None => self.store.harvested(placed)?,
                },
            }),
        };
        let id = id.clone();
        self.batch.replaced.push(Entry { id, before });
        Ok(())
    }
}

impl Store {
    /// Keeps what a commit is about to replace while `write` writes its segment: two files are made durable in little more
    /// time than one. Both are when this returns. `last`: number of the commit's last activity.
    pub(super) fn keep_beside<T>(
        &self,
        run: Option<&Run>,
        replaced: &[Entry],
        last: u64,
        write: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(run) = run.filter(|_| !replaced.is_empty()) else {
            return write();
        };
        thread::scope(|scope| {
            let keeping = scope.spawn(|| self.keep(run, replaced, last));
            let written = write();
            let panic = |_| {
                Err(StoreError::Broken(
                    "keeping what is replaced panicked".to_owned(),
                ))
            };
            keeping.join().unwrap_or_else(panic).and(written)
        })
    }

    /// Keeps what a commit is about to replace, whose last activity gets the number `last`.
    pub(super) fn keep(&self, run: &Run, replaced: &[Entry], last: u64) -> Result<(), StoreError> {
        if replaced.is_empty() {
            return Ok(());
        }
        let head = Head {
            run: run.name.clone(),
            at_ms: now_us() / 1000,
            seq: last,
        };
        self.journal
            .append(self.head.generation, &run.source, &head, replaced)
            .map_err(StoreError::log("keeping what is replaced"))
    }
}
