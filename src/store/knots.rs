//! Which changes of a run have to be made at once: a feed of another harvestd tells where its entities stand in the
//! end, and not the steps between. Where two records become one dataset or two again, a node goes from one entity to
//! another; made one by one, in whatever order they come, the second change would take away what the first has brought.
//!
//! Start at [`Store::knots`], which looks for them, and [`Applying::tie`], which makes the changes of one.

use super::apply::{Applying, Outcome};
use super::claims::short;
use super::project::foreign_nodes;
use super::{Store, StoreError};
use crate::stage::{StageFiles, Staged};
use crate::store_read;
use harvestd_vocab::Class;
use oxigraph::model::{GraphNameRef, NamedNode, NamedNodeRef};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Hash of an entity's IRI.
type Name = [u8; 16];

/// The knots of a run. Most runs have none.
#[derive(Debug, Default)]
pub(super) struct Knots {
    /// Entity -> the first of its knot.
    of: HashMap<Name, Name>,
    /// Records that go as part of a knot -> the first of it.
    gone: HashMap<String, Name>,
}

impl Knots {
    pub fn holds(&self, entity: &str) -> bool {
        !self.of.is_empty() && self.of.contains_key(&short(entity))
    }

    pub fn takes(&self, deleted: &str) -> bool {
        self.gone.contains_key(deleted)
    }

    /// What is tied together: staged records, and deletions.
    pub fn tied<'d>(
        &self,
        staged: Vec<Staged>,
        deletions: &'d [(Class, String)],
    ) -> Vec<(Vec<Staged>, Vec<&'d (Class, String)>)> {
        let mut all: BTreeMap<Name, (Vec<Staged>, Vec<_>)> = BTreeMap::new();
        for one in staged {
            if let Some(knot) = self.of.get(&short(&one.entity)) {
                all.entry(*knot).or_default().0.push(one);
            }
        }
        for deletion in deletions {
            if let Some(knot) = self.gone.get(&deletion.1) {
                all.entry(*knot).or_default().1.push(deletion);
            }
        }
        all.into_values().collect()
    }
}

impl Store {
    /// Looks for changes between which nodes move: a mirrored body holds what is another entity's until the run.
    pub(super) fn knots(
        &self,
        stage: &StageFiles,
        deletions: &[(Class, String)],
    ) -> Result<Knots, StoreError> {
        let (mut ties, mut staged) = (Ties::default(), HashSet::new());
        if self.head.seq == 0 || !stage.mirrors {
            return Ok(Knots::default());
        }
        for one in stage.read() {
            let one = one.map_err(StoreError::Stage)?;
            if one.mirrors.is_none() {
                continue;
            }
            let entity = short(&one.entity);
            staged.insert(entity);
            for owner in self.owners(&one)? {
                ties.tie(entity, short(owner.as_str()));
            }
        }
        if ties.0.is_empty() {
            return Ok(Knots::default());
        }
        let mut knots = Knots::default();
        let mut gone = Vec::new();
        for (_, record) in deletions {
            if let Some(placed) = self.placement(record)? {
                gone.push((record, short(placed.entity.as_str())));
            }
        }
        let mut size: HashMap<Name, usize> = HashMap::new();
        for entity in staged.iter().chain(gone.iter().map(|(_, entity)| entity)) {
            *size.entry(ties.first(*entity)).or_default() += 1;
        }
        // What is tied to something that this run does not change stays as it is, and is renamed.
        size.retain(|_, entities| *entities > 1);
        let mut knot = |entity| Some(ties.first(entity)).filter(|first| size.contains_key(first));
        knots.of = staged
            .into_iter()
            .filter_map(|entity| Some((entity, knot(entity)?)))
            .collect();
        knots.gone = gone
            .into_iter()
            .filter_map(|(record, entity)| Some((record.clone(), knot(entity)?)))
            .collect();
        Ok(knots)
    }

    /// The other entities to which something belongs now that the body says is its own.
    fn owners(&self, staged: &Staged) -> Result<Vec<NamedNode>, StoreError> {
        let failed = StoreError::storage("looking for the owners of nodes");
        let mut owners = Vec::new();
        let record = NamedNodeRef::new_unchecked(staged.name());
        owners.extend(store_read::entity_of(&self.quads, record).map_err(&failed)?);
        let foreign = foreign_nodes(&staged.body, &staged.entity, staged.name());
        for node in foreign.into_iter().chain([staged.entity.as_str()]) {
            let node = NamedNodeRef::new_unchecked(node);
            let graph = Some(GraphNameRef::DefaultGraph);
            let mut about = self
                .quads
                .quads_for_pattern(Some(node.into()), None, None, graph);
            if about.next().transpose().map_err(&failed)?.is_some() {
                owners.extend(store_read::owner_of(&self.quads, node).map_err(&failed)?);
            }
        }
        owners.retain(|owner| owner.as_str() != staged.entity);
        Ok(owners)
    }
}

/// Entity -> another one of its knot, nearer to the first.
#[derive(Default)]
struct Ties(HashMap<Name, Name>);

impl Ties {
    fn first(&mut self, entity: Name) -> Name {
        let mut first = entity;
        while let Some(next) = self.0.get(&first) {
            first = *next;
        }
        if first != entity {
            self.0.insert(entity, first);
        }
        first
    }

    fn tie(&mut self, a: Name, b: Name) {
        let (a, b) = (self.first(a), self.first(b));
        if a != b {
            self.0.insert(a.max(b), a.min(b));
        }
    }
}

impl Applying<'_> {
    /// Makes the changes of a knot in one batch: each is worked out against the store as it was before the first.
    pub(super) fn tie(
        &mut self,
        staged: Vec<Staged>,
        deletions: &[&(Class, String)],
    ) -> Result<(), StoreError> {
        // Of several versions of a record the last counts.
        let mut last: Vec<Staged> = Vec::with_capacity(staged.len());
        for one in staged {
            match last.iter_mut().find(|older| older.record == one.record) {
                Some(older) => {
                    self.applied.count(one.id.class, Outcome::Unchanged);
                    *older = one;
                }
                None => last.push(one),
            }
        }
        self.tied = last.iter().map(|one| one.entity.clone()).collect();
        for (_, record) in deletions {
            let placed = self.store.placement(record)?;
            self.tied
                .extend(placed.map(|placed| placed.entity.into_string()));
        }
        for one in &last {
            self.upsert(one)?;
        }
        for (class, record) in deletions {
            self.delete(*class, record)?;
        }
        self.tied.clear();
        self.commit_if_full()
    }
}
