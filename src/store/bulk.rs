//! The first load of a large source: what is purely new goes through the bulk loader, in one atomic commit, while its
//! segments of the log are written beside it.
//!
//! Whatever is not purely new is left to the transactions of `apply.rs`. Start at [`Store::bulk`].

use super::applied::{Applied, Outcome};
use super::batch::Segments;
use super::claims::{Claims, claim, short};
use super::lines::quads;
use super::mirror;
use super::place::Policy;
use super::project::{foreign_nodes, project};
use super::replaced::Run;
use super::{Clock, Store, StoreError};
use crate::digest::Change;
use crate::log::Verb;
use crate::stage::{StageFiles, Staged};
use crate::undo::journal::Entry;
use oxigraph::model::{GraphName, Quad};
use std::collections::{BTreeSet, HashMap, HashSet};

impl Store {
    /// Loads what is purely new through the bulk loader, in one atomic commit; the rest is left to transactions.
    /// Returns the places in the stage that are done.
    pub(super) fn bulk(
        &mut self,
        stage: &StageFiles,
        policy: &Policy,
        applied: &mut Applied,
        run: Option<&Run>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<HashSet<u64>, StoreError> {
        self.refuse_damaged()?;
        let (send, receive) = crossbeam_channel::bounded::<Load>(256);
        let quads = self.quads.clone();
        let batch = self.limits.bulk_batch_quads;
        self.has_strays = true;
        std::thread::scope(|scope| {
            let loader = scope.spawn(move || load(&quads, &receive, batch));
            let mut bulk = Bulk {
                send,
                segments: Segments::default(),
                clock: self.commit_begins(),
                claims: HashMap::new(),
                entities: HashSet::new(),
                done: HashSet::new(),
                changes: Vec::new(),
                new: Vec::new(),
                run,
                store: self,
                policy,
                applied,
            };
            let fed = bulk.feed(stage, progress).and_then(|()| bulk.keep());
            let Bulk {
                send,
                clock,
                done,
                changes,
                ..
            } = bulk;
            if fed.is_ok() && send.send(Load::Commit).is_err() {
                tracing::debug!("the bulk loader ended early");
            }
            drop(send);
            let loaded = loader
                .join()
                .map_err(|_| StoreError::Broken("the bulk loader panicked".to_owned()))?;
            loaded.and_then(|n| fed.map(|()| n)).map(|loaded| {
                applied.quads += loaded;
                if clock.seq > self.head.seq {
                    applied.logged(self.head.seq + 1, clock.seq);
                }
                self.commit_ended(&clock);
                self.changed(changes);
                done
            })
        })
        .and_then(|done| {
            self.has_strays = false;
            self.flush()?;
            tracing::debug!(
                records = done.len(),
                "the bulk load is ingested; compacting"
            );
            let quads = self.quads.clone();
            self.compacting.begin(move || quads.optimize())?;
            Ok(done)
        })
    }
}

/// What goes to the loader's thread.
enum Load {
    Body(String),
    Index(Vec<Quad>),
    /// Nothing was missing: make it visible.
    Commit,
}

/// Parses and loads until told to commit. A channel that ends without that word leaves the store as it was.
fn load(
    store: &oxigraph::store::Store,
    receive: &crossbeam_channel::Receiver<Load>,
    batch: usize,
) -> Result<u64, StoreError> {
    let mut loader = store
        .bulk_loader()
        .with_num_threads(1)
        .with_max_memory_size_in_megabytes(batch.div_ceil(1000));
    let (mut count, mut commit) = (0, false);
    let stream = receive.iter().flat_map(
        |message| -> Box<dyn Iterator<Item = Result<Quad, StoreError>>> {
            match message {
                Load::Body(text) => match quads(&text, &GraphName::DefaultGraph) {
                    Ok(quads) => Box::new(quads.into_iter().map(Ok)),
                    Err(e) => Box::new(std::iter::once(Err(e))),
                },
                Load::Index(quads) => Box::new(quads.into_iter().map(Ok)),
                Load::Commit => {
                    commit = true;
                    Box::new(std::iter::empty())
                }
            }
        },
    );
    loader.load_ok_quads::<StoreError, StoreError>(stream.inspect(|_| count += 1))?;
    crate::crash_point!("bulk");
    if !commit {
        return Err(StoreError::Broken("the bulk load was given up".to_owned()));
    }
    crate::crash_point!("ingest");
    loader
        .commit()
        .map_err(StoreError::storage("committing a bulk load"))?;
    crate::crash_point!("ingested");
    Ok(count)
}

impl From<oxigraph::store::StorageError> for StoreError {
    fn from(source: oxigraph::store::StorageError) -> Self {
        Self::storage("loading in bulk")(source)
    }
}

struct Bulk<'a> {
    send: crossbeam_channel::Sender<Load>,
    segments: Segments,
    clock: Clock,
    claims: Claims,
    entities: HashSet<[u8; 16]>,
    done: HashSet<u64>,
    changes: Vec<Change>,
    /// There were no such records before.
    new: Vec<Entry>,
    run: Option<&'a Run>,
    store: &'a Store,
    policy: &'a Policy,
    applied: &'a mut Applied,
}

impl Bulk<'_> {
    fn feed(
        &mut self,
        stage: &StageFiles,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), StoreError> {
        let empty = self
            .store
            .quads
            .is_empty()
            .map_err(StoreError::storage("looking whether the store is empty"))?;
        for (index, staged) in (0_u64..).zip(stage.read()) {
            let staged = staged.map_err(StoreError::Stage)?;
            let first_seen = self.entities.insert(short(&staged.entity));
            let known = !empty
                && (self.store.placement(&staged.record)?.is_some()
                    || self.store.is_known(&staged.entity)?);
            if first_seen
                && !known
                && !self.policy.corrects(&staged.entity)
                && self.add(&staged, empty)?
            {
                self.done.insert(index);
                if self.run.is_some() {
                    let (id, before) = (staged.id.clone(), None);
                    self.new.push(Entry { id, before });
                }
                self.applied.count(staged.id.class, Outcome::New);
                progress(index + 1);
            }
        }
        self.close_segment()
    }

    fn keep(&self) -> Result<(), StoreError> {
        let run = self
            .run
            .map(|run| self.store.keep(run, &self.new, self.clock.seq));
        run.unwrap_or(Ok(()))
    }

    /// False: it takes over what another entity holds, and its turn comes later.
    fn add(&mut self, s: &Staged, empty: bool) -> Result<bool, StoreError> {
        let others = |node: &str| -> Result<bool, StoreError> {
            Ok(!empty && self.store.is_others(node, &|owner| owner == s.entity)?)
        };
        let mut taken = BTreeSet::new();
        for node in foreign_nodes(&s.body, &s.entity, s.name()) {
            if node.starts_with(&self.store.base)
                || others(node)?
                || claim(&mut self.claims, node, &s.entity)
            {
                taken.insert(node);
            }
        }
        if s.mirrors.is_some() && (!taken.is_empty() || others(s.name())? || others(&s.entity)?) {
            return Ok(false);
        }
        let body = project(&s.body, s.name(), &taken);
        let activity = self.clock.next(Verb::Create, s.entity.clone(), body);
        let full = self.segments.append(self.store, &activity)?;
        self.changes.push(Change::of(&activity));
        self.tell(Load::Index(self.store.index(&activity).into()))?;
        self.tell(Load::Index(mirror::of_staged(&self.store.base, s)))?;
        self.tell(Load::Body(activity.body))?;
        if full {
            self.close_segment()?;
        }
        Ok(true)
    }

    fn close_segment(&mut self) -> Result<(), StoreError> {
        match self.segments.close(self.store)? {
            Some(named) => self.tell(Load::Index(vec![named])),
            None => Ok(()),
        }
    }

    fn tell(&self, load: Load) -> Result<(), StoreError> {
        self.send
            .send(load)
            .map_err(|_| StoreError::Broken("the bulk loader stopped".to_owned()))
    }
}
