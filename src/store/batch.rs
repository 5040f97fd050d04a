//! One batch of changes, and its commit: the segment of the log first, then one transaction that names it.
//!
//! Decides nothing: what a batch holds is worked out in `apply.rs`. Start at [`Store::commit`].

use super::replaced::Run;
use super::{Clock, Head, Notes, Store, StoreError};
use crate::digest::Change;
use crate::log::{Activity, SegmentWriter, Verb};
use crate::undo::journal::Entry;
use oxigraph::model::{NamedNode, Quad};
use std::{collections::HashSet, sync::atomic::Ordering::Relaxed};

/// Changes that are not committed yet.
#[derive(Default)]
pub(super) struct Batch {
    pub gone: Vec<Quad>,
    pub come: Vec<Quad>,
    /// Graphs of which nothing is left.
    pub emptied: Vec<NamedNode>,
    pub activities: Vec<(Verb, String, String)>,
    /// Entities in this batch: the store does not show their new state yet.
    pub touched: HashSet<String>,
    /// What is no activity and is written with it.
    pub notes: Notes,
    /// What its records were, where it is of a run.
    pub replaced: Vec<Entry>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty()
            && self.come.is_empty()
            && self.activities.is_empty()
            && self.notes.is_empty()
            && self.replaced.is_empty()
    }
}

/// The segment under way, where a load writes one after the other.
#[derive(Default)]
pub(super) struct Segments(Option<SegmentWriter>);

impl Segments {
    /// Appends to the segment under way, or to a new one. Says whether it is full now.
    pub fn append(&mut self, store: &Store, activity: &Activity) -> Result<bool, StoreError> {
        let segment = match &mut self.0 {
            Some(segment) => segment,
            none => {
                let begun = store.log.begin(store.head.generation, activity.seq);
                none.insert(begun.map_err(StoreError::log("opening a segment"))?)
            }
        };
        segment
            .append(activity)
            .map_err(StoreError::log("writing a segment"))?;
        Ok(segment.len() >= store.limits.segment_activities_max)
    }

    /// Finishes the segment under way; the quad that names it.
    pub fn close(&mut self, store: &Store) -> Result<Option<Quad>, StoreError> {
        let written = self.0.take().map(SegmentWriter::finish).transpose();
        let written = written.map_err(StoreError::log("closing a segment"))?;
        Ok(written.map(|written| store.segment_quad(&written)))
    }
}

impl Store {
    /// A batch that is of no run.
    pub(super) fn commit(&mut self, batch: Batch) -> Result<Option<(u64, u64)>, StoreError> {
        self.commit_of(None, batch)
    }

    /// One batch: its segment first, durable, and what it replaces; then one transaction with everything, the segment's hash
    /// included.
    pub(super) fn commit_of(
        &mut self,
        run: Option<&Run>,
        batch: Batch,
    ) -> Result<Option<(u64, u64)>, StoreError> {
        self.refuse_damaged()?;
        let mut clock = match batch.activities.is_empty() {
            true => self.clock(),
            false => self.commit_begins(),
        };
        let first = clock.seq + 1;
        let is_logged = !batch.activities.is_empty();
        if is_logged {
            self.sweep_strays()?;
            self.has_strays = true;
        }
        let last = clock.seq + batch.activities.len() as u64;
        let (index, changes) = self.keep_beside(run, &batch.replaced, last, || {
            self.segment(batch.activities, &mut clock)
        })?;
        let triples = batch.gone.len() + batch.come.len();
        let doing = "committing a batch";
        let mut transaction = self
            .quads
            .start_transaction()
            .map_err(StoreError::storage(doing))?;
        for quad in &batch.gone {
            transaction.remove(quad);
        }
        for graph in &batch.emptied {
            transaction
                .remove_named_graph(graph)
                .map_err(StoreError::storage(doing))?;
        }
        for quad in &batch.notes.gone {
            transaction.remove(quad);
        }
        let come = batch.come.iter().chain(&batch.notes.come).chain(&index);
        transaction.extend(come.map(Quad::as_ref));
        crate::crash_point!("commit");
        crate::trouble_point!(
            "commit-fails",
            StoreError::Broken("a planned failure".to_owned())
        );
        self.unpublished.store(true, Relaxed);
        transaction.commit().map_err(StoreError::storage(doing))?;
        crate::crash_point!("committed");
        self.has_strays &= !is_logged;
        let logged = (clock.seq >= first).then_some((first, clock.seq));
        self.commit_ended(&clock);
        self.changed(changes);
        let since = self.triples_since_flush.fetch_add(triples, Relaxed) + triples;
        if since >= self.limits.flush_triples {
            self.flush()?;
        }
        Ok(logged)
    }

    /// Removes what was written beside a commit that failed: its numbers are given out once more.
    pub(super) fn sweep_strays(&mut self) -> Result<(), StoreError> {
        if self.has_strays {
            let Head {
                generation, seq, ..
            } = self.head;
            self.log
                .sweep(generation, seq)
                .map_err(StoreError::log("sweeping"))?;
            self.journal
                .mend(generation, seq)
                .map_err(StoreError::log("mending the undo journal"))?;
            self.has_strays = false;
        }
        Ok(())
    }

    /// Writes the segment of these activities; the quads that stand for it in the commit.
    fn segment(
        &self,
        activities: Vec<(Verb, String, String)>,
        clock: &mut Clock,
    ) -> Result<(Vec<Quad>, Vec<Change>), StoreError> {
        let mut index = Vec::with_capacity(activities.len() * 3 + 1);
        let mut changes = Vec::with_capacity(activities.len());
        let mut segments = Segments::default();
        for (verb, entity, body) in activities {
            let activity = clock.next(verb, entity, body);
            segments.append(self, &activity)?;
            index.extend(self.index(&activity));
            changes.push(Change::of(&activity));
        }
        index.extend(segments.close(self)?);
        Ok((index, changes))
    }
}
