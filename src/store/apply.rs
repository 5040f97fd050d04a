//! A run's staged records and deletions, made true: what they change is worked out, logged and committed in batches.
//!
//! Start at [`Store::apply`]. New records of a large load go through the bulk loader in one atomic commit; everything
//! else through transactions of differences. Deletions come last.

use super::ahead::Ahead;
use super::applied::{Applied, ApplyOptions, Outcome};
use super::batch::Batch;
use super::claims::{Claims, claim};
use super::lines::{difference, joined, quads};
use super::mirror;
use super::place::{Placed, Policy};
use super::project::{foreign_nodes, project, renamings, unproject};
use super::receipts::{Done, Receipts, Told};
use super::replaced::Run;
use super::{Store, StoreError};
use crate::log::Verb;
use crate::stage::{StageFiles, Staged};
use harvestd_vocab::Class;
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef};
use std::collections::{BTreeSet, HashSet};

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
        self.apply_with(stage, deletions, policy, options, progress, None)
    }

    /// The same, and writes with the last commit what `receipts` says when everything is worked out.
    pub fn apply_with(
        &mut self,
        stage: &StageFiles,
        deletions: &[(Class, String)],
        policy: &Policy,
        options: &ApplyOptions,
        progress: &(dyn Fn(u64) + Sync),
        receipts: Option<Receipts>,
    ) -> Result<Applied, StoreError> {
        let before = self.head.seq;
        let mut applied = Applied::default();
        if !options.dry {
            self.sweep_strays()?;
        }
        let bulk = options.mostly_new && !options.dry && stage.bytes >= self.limits.bulk_bytes_min;
        let done = if bulk {
            self.bulk(stage, policy, &mut applied, options.run.as_ref(), progress)?
        } else {
            HashSet::new()
        };
        let mut applying = Applying {
            dry: options.dry,
            run: options.run.as_ref().filter(|_| !options.dry),
            applied,
            told: receipts.as_ref().map(|_| Vec::new()),
            ..Applying::new(self, policy)
        };
        let mut waiting = applying.in_turn(stage, |place| !done.contains(&place), progress)?;
        for (class, record) in deletions {
            applying.delete(*class, record)?;
            waiting.remove(record);
        }
        applying.after_waiting(stage, waiting, progress)?;
        if let Some(receipts) = receipts {
            let last = applying.seq();
            applying.batch.notes = receipts(&Done {
                generation: applying.store.head.generation,
                activities: (last > before).then_some((before + 1, last)),
                told: &applying.told.take().unwrap_or_default(),
                applied: &applying.applied,
            });
        }
        applying.commit()?;
        Ok(applying.applied)
    }
}

pub(super) struct Applying<'a> {
    pub store: &'a mut Store,
    pub policy: &'a Policy,
    pub dry: bool,
    /// Under whose name what is replaced is kept.
    pub run: Option<&'a Run>,
    /// The words of the record at hand before it changed, once they were read.
    pub was: Option<String>,
    pub batch: Batch,
    /// Contained nodes of records applied so far -> their entity.
    pub claimed: Claims,
    pub applied: Applied,
    /// What became of each record, where somebody wants to know.
    pub told: Option<Vec<Told>>,
    /// Entities whose changes are made in one commit, since they take over from one another.
    pub at_once: Option<HashSet<[u8; 16]>>,
    /// What the record that was not applied last waits for: entities by their hashes.
    pub waits_on: HashSet<[u8; 16]>,
    /// What was read ahead for the record whose turn it is.
    pub ahead: Ahead,
    /// How often the store was changed.
    pub commits: u64,
}

impl Applying<'_> {
    /// False: nothing was done, it has to wait for what another entity gives up.
    pub(super) fn upsert(&mut self, s: &Staged) -> Result<bool, StoreError> {
        let before = self.seq();
        self.settle(&s.entity)?;
        self.was = None;
        let mut standing = self.standing(&s.entity)?;
        let placed = standing.record(&s.record).cloned();
        let mut found = placed.clone();
        if placed.is_none()
            && let Some(elsewhere) = self.store.placement(&s.record)?
        {
            self.settle(elsewhere.entity.as_str())?;
            self.keep_replaced(&s.id, Some(&elsewhere))?;
            self.remove(&elsewhere)?;
            self.commit()?;
            standing = self.standing(&s.entity)?;
            found = Some(elsewhere);
        }
        let known = placed.is_some();
        // What is another's is published as it is: in step with where it comes from.
        let corrected = s.mirrors.is_none() && self.policy.corrects(&s.entity);
        if corrected || standing.stated.is_some() {
            let published = placed.as_ref().is_none_or(Placed::wins);
            let changed = self.keep(s, placed)?;
            self.keep_changed(s, found, changed)?;
            self.count(s, before, known, changed, published);
            self.commit_if_full()?;
            return Ok(true);
        }
        let winner = standing.records.into_iter().find(Placed::wins);
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
        let changed = if wins {
            match self.win(s, placed, winner)? {
                Some(changed) => changed,
                None => return Ok(false),
            }
        } else {
            self.lose(s, placed)?
        };
        self.keep_changed(s, found, changed)?;
        self.count(s, before, known, changed, wins);
        self.commit_if_full()?;
        Ok(true)
    }

    /// `before`: the number of the last activity before the record.
    fn count(&mut self, s: &Staged, before: u64, known: bool, changed: bool, published: bool) {
        let outcome = match (known, changed) {
            (false, _) => Outcome::New,
            (true, true) => Outcome::Changed,
            (true, false) => Outcome::Unchanged,
        };
        self.applied.count(s.id.class, outcome);
        self.tell(before, &s.record, &s.entity, Some(outcome), published);
    }

    /// What is published of the entity is more than this record: its words go to its own graph, and what is published is
    /// stated anew when the run's changes are in.
    fn keep(&mut self, s: &Staged, placed: Option<Placed>) -> Result<bool, StoreError> {
        let was = match &placed {
            Some(placed) => self.store.harvested(placed)?,
            None => String::new(),
        };
        let in_graph = placed.as_ref().is_some_and(|p| p.kept);
        let (gone, come) = difference(if in_graph { &was } else { "" }, &s.body);
        if gone.is_empty() && come.is_empty() {
            return Ok(false);
        }
        let graph = GraphName::NamedNode(NamedNode::new_unchecked(s.record.clone()));
        self.batch.gone.extend(quads(&joined(&gone), &graph)?);
        self.batch.come.extend(quads(&joined(&come), &graph)?);
        self.batch
            .come
            .extend(mirror::of_staged(&self.store.base, s));
        self.batch.come.push(self.store.pending_quad(&s.entity));
        self.batch.touched.insert(s.entity.clone());
        let changed = was != s.body;
        self.was = Some(was);
        Ok(changed)
    }

    /// The record's description becomes (or stays) the entity's in the default graph. None: it has to wait.
    fn win(
        &mut self,
        s: &Staged,
        placed: Option<Placed>,
        winner: Option<Placed>,
    ) -> Result<Option<bool>, StoreError> {
        let entity = NamedNodeRef::new_unchecked(&s.entity);
        let old = if winner.is_some() {
            self.old_body(entity, &s.body)?
        } else {
            String::new()
        };
        let stands = placed.as_ref().is_some_and(|p| p.wins() && p.mirrors(s));
        let new = match s.mirrors {
            None => self.projected(&s.body, &s.entity, s.name())?,
            Some(_) => match self.as_it_came(s, &old, stands)? {
                Some(new) => new,
                None => return Ok(None),
            },
        };
        if let Some(loser) = winner.as_ref().filter(|w| w.record.as_str() != s.record) {
            let mut body = unproject(&old, loser.name());
            body.push_str(&renamings(&old, loser.name()));
            self.batch.come.extend(quads(&body, &loser.graph())?);
        }
        if !stands {
            if let Some(p) = &placed {
                self.empty(p)?;
            }
            self.batch
                .come
                .extend(mirror::of_staged(&self.store.base, s));
        }
        let changed = self.replace(winner.is_some(), &s.entity, &old, new)?;
        if let Some(p) = placed.filter(|p| changed && p.wins() && !p.kept) {
            self.was = Some(unproject(&old, p.name()));
        }
        Ok(Some(changed))
    }

    /// Another record is the winner: this one is kept in a graph of its own.
    fn lose(&mut self, s: &Staged, placed: Option<Placed>) -> Result<bool, StoreError> {
        let graph = GraphName::NamedNode(NamedNode::new_unchecked(s.record.clone()));
        if !placed.as_ref().is_some_and(|p| p.mirrors(s)) {
            let markers = placed.iter().flat_map(Placed::markers);
            self.batch.gone.extend(markers);
            self.batch
                .come
                .extend(mirror::of_staged(&self.store.base, s));
        }
        let old = placed.map_or(Ok(String::new()), |p| self.store.harvested(&p))?;
        let (gone, come) = difference(&old, &s.body);
        let changed = !gone.is_empty() || !come.is_empty();
        self.batch.gone.extend(quads(&joined(&gone), &graph)?);
        self.batch.come.extend(quads(&joined(&come), &graph)?);
        if changed {
            self.applied.losers += 1;
            self.batch.touched.insert(s.entity.clone());
        }
        self.was = Some(old);
        Ok(changed)
    }

    /// The number of the last activity so far.
    pub(super) fn seq(&self) -> u64 {
        self.store.head.seq + self.batch.activities.len() as u64
    }

    pub(super) fn tell(
        &mut self,
        before: u64,
        record: &str,
        entity: &str,
        outcome: Option<Outcome>,
        published: bool,
    ) {
        let last = self.seq();
        if let Some(told) = &mut self.told {
            told.push(Told {
                record: record.to_owned(),
                entity: entity.to_owned(),
                outcome,
                activity: (last > before).then_some(last),
                published,
            });
        }
    }

    /// Changes the default graph from one description of the entity to another; says whether anything changed.
    pub(super) fn replace(
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

    pub(super) fn projected(
        &mut self,
        body: &str,
        entity: &str,
        record: &str,
    ) -> Result<String, StoreError> {
        self.projected_among(body, entity, record, &|owner| owner == entity)
    }

    /// The same, where the nodes of some other entities may be taken over: those that `own` says yes to.
    pub(super) fn projected_among(
        &mut self,
        body: &str,
        entity: &str,
        record: &str,
        own: &dyn Fn(&str) -> bool,
    ) -> Result<String, StoreError> {
        let mut taken = BTreeSet::new();
        for node in foreign_nodes(body, entity, record) {
            // The claim comes last: what is renamed claims nothing, or the true owner would be renamed as well.
            if node.starts_with(&self.store.base)
                || self.store.is_others(node, own)?
                || self.store.is_renamed(record, node)?
                || claim(&mut self.claimed, node, entity)
            {
                taken.insert(node);
            }
        }
        Ok(project(body, record, &taken))
    }

    pub(super) fn rank(&self, placed: &Placed) -> (bool, i32) {
        self.policy.rank(
            source_of(&self.store.base, placed.record.as_str()),
            placed.entity.as_str(),
        )
    }

    /// Commits first, if the store does not show the entity's state yet.
    pub(super) fn settle(&mut self, entity: &str) -> Result<(), StoreError> {
        if self.batch.touched.contains(entity) {
            self.commit()
        } else {
            Ok(())
        }
    }

    pub(super) fn commit_if_full(&mut self) -> Result<(), StoreError> {
        let limit = self.store.limits.batch_triples_max;
        let full = self.batch.gone.len() + self.batch.come.len() >= limit;
        if full && self.at_once.is_none() {
            self.commit()
        } else {
            Ok(())
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.applied.quads += (batch.gone.len() + batch.come.len()) as u64;
        if self.dry {
            return Ok(());
        }
        self.commits += 1;
        if let Some((first, last)) = self.store.commit_of(self.run, batch)? {
            self.applied.logged(first, last);
        }
        Ok(())
    }
}

/// The source's id in a record's IRI.
pub(super) fn source_of<'a>(base: &str, record: &'a str) -> &'a str {
    record
        .strip_prefix(base)
        .and_then(|r| r.strip_prefix("record/"))
        .and_then(|r| r.split('/').next())
        .unwrap_or_default()
}
