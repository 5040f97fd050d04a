//! A run's staged records and deletions, made true: what they change is worked out, logged and committed in batches.
//!
//! Start at [`Store::apply`]. New records of a large load go through the bulk loader in one atomic commit; everything
//! else through transactions of differences. Deletions come last.

use super::lines::{body_of, difference, quads};
use super::place::{Placed, Policy, foreign_nodes, project, unproject};
use super::{Clock, Store, StoreError};
use crate::log::{SegmentWriter, Verb};
use crate::stage::{StageFiles, Staged};
use harvestd_vocab::Class;
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How a run's changes are applied.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Work out what would change and commit nothing.
    pub dry: bool,
    /// Most of the staged records are new to the store: worth a bulk load, if there are enough of them.
    pub mostly_new: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    New,
    Changed,
    Unchanged,
}

/// Records of one class, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    pub by_class: BTreeMap<Class, Tally>,
    /// First and last sequence number, if there were activities.
    pub activities: Option<(u64, u64)>,
    /// Changed quads.
    pub quads: u64,
    /// Records that are kept in a graph of their own, since another source's record is the winner.
    pub losers: u64,
}

impl Applied {
    fn count(&mut self, class: Class, outcome: Outcome) {
        let tally = self.by_class.entry(class).or_default();
        match outcome {
            Outcome::New => tally.new += 1,
            Outcome::Changed => tally.changed += 1,
            Outcome::Unchanged => tally.unchanged += 1,
        }
    }

    fn logged(&mut self, first: u64, last: u64) {
        self.activities = Some(self.activities.map_or((first, last), |(f, _)| (f, last)));
    }
}

impl Store {
    /// Applies staged records, then deletions (`{class, record IRI}`, referents last), and commits in batches.
    /// `progress` is told the number of records done.
    pub fn apply(
        &mut self,
        stage: &StageFiles,
        deletions: &[(Class, String)],
        policy: &Policy,
        options: &ApplyOptions,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Applied, StoreError> {
        let mut applied = Applied::default();
        if !options.dry {
            // A run that failed here may have left segments that no commit names.
            self.log
                .sweep(self.head.generation, self.head.seq)
                .map_err(StoreError::log("sweeping"))?;
        }
        let bulk = options.mostly_new && !options.dry && stage.bytes >= self.limits.bulk_bytes_min;
        let done = if bulk {
            self.bulk(stage, &mut applied, progress)?
        } else {
            HashSet::new()
        };
        let mut applying = Applying {
            store: self,
            policy,
            dry: options.dry,
            batch: Batch::default(),
            claimed: HashMap::new(),
            applied,
        };
        for (index, staged) in (0_u64..).zip(stage.read()) {
            if !done.contains(&index) {
                applying.upsert(&staged.map_err(StoreError::Stage)?)?;
                progress(index + 1);
            }
        }
        for (class, record) in deletions {
            applying.delete(*class, record)?;
        }
        applying.commit()?;
        Ok(applying.applied)
    }
}

/// Changes that are not committed yet.
#[derive(Default)]
struct Batch {
    gone: Vec<Quad>,
    come: Vec<Quad>,
    /// Graphs of which nothing is left.
    emptied: Vec<NamedNode>,
    activities: Vec<(Verb, String, String)>,
    /// Entities in this batch: the store does not show their new state yet.
    touched: HashSet<String>,
}

struct Applying<'a> {
    store: &'a mut Store,
    policy: &'a Policy,
    dry: bool,
    batch: Batch,
    /// Contained nodes of records applied so far -> their entity.
    claimed: Claims,
    applied: Applied,
}

/// Hash of a node's IRI -> hash of its entity's IRI.
type Claims = HashMap<[u8; 16], [u8; 16]>;

fn short(iri: &str) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(iri.as_bytes()).as_bytes()[..16]);
    out
}

impl Applying<'_> {
    fn upsert(&mut self, s: &Staged) -> Result<(), StoreError> {
        self.settle(&s.entity)?;
        let mut placed = self.store.placement(&s.record)?;
        if let Some(elsewhere) = placed.take_if(|p| p.entity.as_str() != s.entity) {
            self.settle(elsewhere.entity.as_str())?;
            self.remove(&elsewhere)?;
            self.commit()?;
        }
        let winner = self
            .store
            .records_of(&s.entity)?
            .into_iter()
            .find(Placed::wins);
        let wins = match &winner {
            None => true,
            Some(w) if w.record.as_str() == s.record => true,
            Some(w) => {
                self.rank(w)
                    < self
                        .policy
                        .rank(source_of(&self.store.base, &s.record), &s.entity)
            }
        };
        let known = placed.is_some();
        let changed = if wins {
            self.win(s, placed, winner)?
        } else {
            self.lose(s, placed)?
        };
        let outcome = match (known, changed) {
            (false, _) => Outcome::New,
            (true, true) => Outcome::Changed,
            (true, false) => Outcome::Unchanged,
        };
        self.applied.count(s.id.class, outcome);
        self.commit_if_full()
    }

    /// The record's description becomes (or stays) the entity's in the default graph.
    fn win(
        &mut self,
        s: &Staged,
        placed: Option<Placed>,
        winner: Option<Placed>,
    ) -> Result<bool, StoreError> {
        let entity = NamedNodeRef::new_unchecked(&s.entity);
        let old = if winner.is_some() {
            self.store.winner_body(entity)?
        } else {
            String::new()
        };
        if let Some(loser) = winner.as_ref().filter(|w| w.record.as_str() != s.record) {
            let body = unproject(&old, loser.record.as_str());
            self.batch
                .come
                .extend(quads(&body, &GraphName::NamedNode(loser.record.clone()))?);
        }
        if let Some(p) = placed.filter(|p| !p.wins()) {
            self.empty(&p)?;
        }
        let new = self.projected(&s.body, &s.entity, &s.record)?;
        self.replace(winner.is_some(), &s.entity, &old, new)
    }

    /// Another record is the winner: this one is kept in a graph of its own.
    fn lose(&mut self, s: &Staged, placed: Option<Placed>) -> Result<bool, StoreError> {
        let graph = GraphName::NamedNode(NamedNode::new_unchecked(s.record.clone()));
        let old = placed.map_or(Ok(String::new()), |p| self.store.loser_body(&p))?;
        let (gone, come) = difference(&old, &s.body);
        let changed = !gone.is_empty() || !come.is_empty();
        self.applied.losers += 1;
        self.batch.gone.extend(quads(&joined(&gone), &graph)?);
        self.batch.come.extend(quads(&joined(&come), &graph)?);
        if changed {
            self.batch.touched.insert(s.entity.clone());
        }
        Ok(changed)
    }

    fn delete(&mut self, class: Class, record: &str) -> Result<(), StoreError> {
        let Some(mut placed) = self.store.placement(record)? else {
            return Ok(());
        };
        if self.batch.touched.contains(placed.entity.as_str()) {
            self.commit()?;
            let Some(again) = self.store.placement(record)? else {
                return Ok(());
            };
            placed = again;
        }
        self.remove(&placed)?;
        self.applied.by_class.entry(class).or_default().deleted += 1;
        self.commit_if_full()
    }

    /// Takes a record away; where it was the winner, the best of the others takes its place.
    fn remove(&mut self, placed: &Placed) -> Result<(), StoreError> {
        if !placed.wins() {
            self.batch.touched.insert(placed.entity.as_str().to_owned());
            return self.empty(placed);
        }
        let entity = placed.entity.as_str();
        let old = self.store.winner_body(placed.entity.as_ref())?;
        let others = self
            .store
            .records_of(entity)?
            .into_iter()
            .filter(|p| p.record != placed.record);
        let mut heirs: Vec<Placed> = others.collect();
        heirs.sort_by_key(|p| std::cmp::Reverse(self.rank(p)));
        let Some(heir) = heirs.first() else {
            let graph = GraphName::DefaultGraph;
            self.batch.gone.extend(quads(&old, &graph)?);
            self.batch.touched.insert(entity.to_owned());
            self.batch
                .activities
                .push((Verb::Delete, entity.to_owned(), String::new()));
            return Ok(());
        };
        let body = self.store.loser_body(heir)?;
        let new = self.projected(&body, entity, heir.record.as_str())?;
        self.empty(heir)?;
        self.replace(true, entity, &old, new).map(|_| ())
    }

    /// Changes the default graph from one description of the entity to another; says whether anything changed.
    fn replace(
        &mut self,
        known: bool,
        entity: &str,
        old: &str,
        new: String,
    ) -> Result<bool, StoreError> {
        let (gone, come) = difference(old, &new);
        if gone.is_empty() && come.is_empty() {
            return Ok(false);
        }
        self.batch
            .gone
            .extend(quads(&joined(&gone), &GraphName::DefaultGraph)?);
        self.batch
            .come
            .extend(quads(&joined(&come), &GraphName::DefaultGraph)?);
        self.batch.touched.insert(entity.to_owned());
        self.batch.activities.push((
            if known { Verb::Update } else { Verb::Create },
            entity.to_owned(),
            new,
        ));
        Ok(true)
    }

    /// Removes a record's own graph.
    fn empty(&mut self, placed: &Placed) -> Result<(), StoreError> {
        if let GraphName::NamedNode(graph) = &placed.graph {
            let body = self.store.loser_body(placed)?;
            self.batch.gone.extend(quads(&body, &placed.graph)?);
            self.batch.emptied.push(graph.clone());
        }
        Ok(())
    }

    fn projected(&mut self, body: &str, entity: &str, record: &str) -> Result<String, StoreError> {
        let mut taken = BTreeSet::new();
        for node in foreign_nodes(body, entity, record) {
            // The claim comes last: what is renamed claims nothing, or the true owner would be renamed as well.
            if node.starts_with(&self.store.base)
                || self.store.is_others(node, entity)?
                || self.store.is_renamed(record, node)?
                || claim(&mut self.claimed, node, entity)
            {
                taken.insert(node);
            }
        }
        Ok(project(body, record, &taken))
    }

    fn rank(&self, placed: &Placed) -> (bool, i32) {
        self.policy.rank(
            source_of(&self.store.base, placed.record.as_str()),
            placed.entity.as_str(),
        )
    }

    /// Commits first, if the store does not show the entity's state yet.
    fn settle(&mut self, entity: &str) -> Result<(), StoreError> {
        if self.batch.touched.contains(entity) {
            self.commit()
        } else {
            Ok(())
        }
    }

    fn commit_if_full(&mut self) -> Result<(), StoreError> {
        let limit = self.store.limits.batch_triples_max;
        if self.batch.gone.len() + self.batch.come.len() >= limit {
            self.commit()
        } else {
            Ok(())
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.gone.is_empty() && batch.come.is_empty() && batch.activities.is_empty() {
            return Ok(());
        }
        self.applied.quads += (batch.gone.len() + batch.come.len()) as u64;
        if self.dry {
            return Ok(());
        }
        if let Some((first, last)) = self.store.commit(batch)? {
            self.applied.logged(first, last);
        }
        Ok(())
    }
}

/// True where another entity of this run has the node already; else it is this entity's from now on.
fn claim(claims: &mut Claims, node: &str, entity: &str) -> bool {
    let entity = short(entity);
    *claims.entry(short(node)).or_insert(entity) != entity
}

/// The source's id in a record's IRI.
fn source_of<'a>(base: &str, record: &'a str) -> &'a str {
    record
        .strip_prefix(base)
        .and_then(|r| r.strip_prefix("record/"))
        .and_then(|r| r.split('/').next())
        .unwrap_or_default()
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|l| [*l, "\n"]).collect()
}

impl Store {
    /// One batch: its segment first, durable, then one transaction with everything, the segment's hash included.
    fn commit(&mut self, batch: Batch) -> Result<Option<(u64, u64)>, StoreError> {
        let mut clock = self.clock();
        let first = clock.seq + 1;
        let mut index = Vec::with_capacity(batch.activities.len() * 3 + 1);
        if !batch.activities.is_empty() {
            let mut segment = self
                .log
                .begin(self.head.generation, first)
                .map_err(StoreError::log("opening a segment"))?;
            for (verb, entity, body) in batch.activities {
                let activity = clock.next(verb, entity, body);
                segment
                    .append(&activity)
                    .map_err(StoreError::log("writing a segment"))?;
                index.extend(self.index(&activity));
            }
            let written = segment
                .finish()
                .map_err(StoreError::log("closing a segment"))?;
            index.push(self.segment_quad(&written));
        }
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
        transaction.extend(batch.come.iter().chain(&index).map(Quad::as_ref));
        crate::crash_point!("commit");
        transaction.commit().map_err(StoreError::storage(doing))?;
        crate::crash_point!("committed");
        let logged = (clock.seq >= first).then_some((first, clock.seq));
        self.head.seq = clock.seq;
        self.head.published_us = clock.last_us;
        self.triples_since_flush += triples;
        if self.triples_since_flush >= self.limits.flush_triples {
            self.flush()?;
        }
        Ok(logged)
    }

    /// Loads what is purely new through the bulk loader, in one atomic commit; the rest is left to transactions.
    /// Returns the places in the stage that are done.
    fn bulk(
        &mut self,
        stage: &StageFiles,
        applied: &mut Applied,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<HashSet<u64>, StoreError> {
        let (send, receive) = crossbeam_channel::bounded::<Load>(256);
        let quads = self.quads.clone();
        let batch = self.limits.bulk_batch_quads;
        std::thread::scope(|scope| {
            let loader = scope.spawn(move || load(&quads, &receive, batch));
            let mut bulk = Bulk {
                send,
                segment: None,
                clock: self.clock(),
                claims: HashMap::new(),
                entities: HashSet::new(),
                done: HashSet::new(),
                store: self,
                applied,
            };
            let fed = bulk.feed(stage, progress);
            let Bulk {
                send, clock, done, ..
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
                self.head.seq = clock.seq;
                self.head.published_us = clock.last_us;
                done
            })
        })
        .and_then(|done| {
            self.flush()?;
            tracing::debug!(
                records = done.len(),
                "the bulk load is ingested; compacting"
            );
            self.quads
                .optimize()
                .map_err(StoreError::storage("compacting after the first load"))?;
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
        Self::Storage {
            doing: "loading in bulk",
            source,
        }
    }
}

struct Bulk<'a> {
    send: crossbeam_channel::Sender<Load>,
    segment: Option<SegmentWriter>,
    clock: Clock,
    claims: Claims,
    entities: HashSet<[u8; 16]>,
    done: HashSet<u64>,
    store: &'a Store,
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
                    || !self.store.records_of(&staged.entity)?.is_empty());
            if first_seen && !known {
                self.add(&staged, empty)?;
                self.done.insert(index);
                self.applied.count(staged.id.class, Outcome::New);
                progress(index + 1);
            }
        }
        self.close_segment()
    }

    fn add(&mut self, s: &Staged, empty: bool) -> Result<(), StoreError> {
        let mut taken = BTreeSet::new();
        for node in foreign_nodes(&s.body, &s.entity, &s.record) {
            if node.starts_with(&self.store.base)
                || !empty && self.store.is_others(node, &s.entity)?
                || claim(&mut self.claims, node, &s.entity)
            {
                taken.insert(node);
            }
        }
        let body = project(&s.body, &s.record, &taken);
        let activity = self.clock.next(Verb::Create, s.entity.clone(), body);
        let segment = match &mut self.segment {
            Some(segment) => segment,
            none => none.insert(
                self.store
                    .log
                    .begin(self.store.head.generation, activity.seq)
                    .map_err(StoreError::log("opening a segment"))?,
            ),
        };
        segment
            .append(&activity)
            .map_err(StoreError::log("writing a segment"))?;
        let full = segment.len() >= self.store.limits.segment_activities_max;
        self.tell(Load::Index(self.store.index(&activity).into()))?;
        self.tell(Load::Body(activity.body))?;
        if full { self.close_segment() } else { Ok(()) }
    }

    fn close_segment(&mut self) -> Result<(), StoreError> {
        let Some(segment) = self.segment.take() else {
            return Ok(());
        };
        let written = segment
            .finish()
            .map_err(StoreError::log("closing a segment"))?;
        self.tell(Load::Index(vec![self.store.segment_quad(&written)]))
    }

    fn tell(&self, load: Load) -> Result<(), StoreError> {
        self.send
            .send(load)
            .map_err(|_| StoreError::Broken("the bulk loader stopped".to_owned()))
    }
}

/// All records of a source that are in the store: `{record IRI, entity IRI}`.
impl Store {
    pub fn records_of_source(
        &self,
        source: &str,
    ) -> impl Iterator<Item = Result<(String, String), StoreError>> {
        let prefix = format!("{}record/{source}/", self.base);
        self.quads
            .quads_for_pattern(None, Some(super::place::PRIMARY_TOPIC), None, None)
            .filter_map(move |quad| match quad {
                Err(e) => Some(Err(StoreError::storage("listing a source's records")(e))),
                Ok(Quad {
                    subject: NamedOrBlankNode::NamedNode(record),
                    object,
                    ..
                }) if record.as_str().starts_with(&prefix) => {
                    let oxigraph::model::Term::NamedNode(entity) = object else {
                        return None;
                    };
                    Some(Ok((record.into_string(), entity.into_string())))
                }
                Ok(_) => None,
            })
    }
}

/// The whole default graph as one sorted body: for tests and `harvestd verify`-like checks of small stores.
pub fn default_graph_body(store: &oxigraph::store::Store) -> Result<String, StoreError> {
    let mut triples = Vec::new();
    for quad in store.quads_for_pattern(
        None,
        None,
        None,
        Some(oxigraph::model::GraphNameRef::DefaultGraph),
    ) {
        triples.push(
            quad.map_err(StoreError::storage("reading the default graph"))?
                .into(),
        );
    }
    Ok(body_of(&triples))
}
