//! In which turn the records of a stage are applied: nothing is taken over before it is given up.
//!
//! A feed of another harvestd tells where its entities stand in the end, in no order of ours. Where two records became
//! one dataset, or two again, or another record speaks for a dataset, a node goes from one entity to another. Taken over
//! too early, it would be two entities' at once, and go with the change of the first. So a mirrored record waits as long
//! as another entity holds what it brings; those that wait for one another are made at once. Start at
//! [`Applying::in_turn`].
//!
//! Records of other sources never wait: what is another's is renamed in them (`project.rs`).

use super::StoreError;
use super::ahead::next_of;
use super::apply::Applying;
use super::claims::{claimed_by, short};
use super::project::{foreign_nodes, project};
use crate::stage::{StageFiles, Staged};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A record that waits.
pub(super) struct Waits {
    /// Its entity, and those that it waits for, by their hashes.
    entity: [u8; 16],
    on: HashSet<[u8; 16]>,
    /// The place in the stage of its last version.
    place: u64,
    /// Triples of that version.
    triples: usize,
}

/// Records that wait, by their IRIs.
pub(super) type Waiting = HashMap<String, Waits>;

impl Applying<'_> {
    /// Applies the staged records that are `due` by their place in the stage, but for those that have to wait.
    pub(super) fn in_turn(
        &mut self,
        stage: &StageFiles,
        due: impl Fn(u64) -> bool,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Waiting, StoreError> {
        let mut waiting = Waiting::new();
        let all = (0_u64..).zip(stage.read());
        let all = all.filter(|(place, _)| due(*place));
        let mut all = all.map(|(place, staged)| {
            Ok::<_, StoreError>((place, staged.map_err(StoreError::Stage)?))
        });
        loop {
            let next = next_of(&mut all)?;
            if next.is_empty() {
                return Ok(waiting);
            }
            let ahead = self.read_ahead(&next);
            for ((place, mut staged), ahead) in next.into_iter().zip(ahead) {
                self.store.keep_own_date(&mut staged)?;
                self.ahead = ahead;
                if self.upsert(&staged)? {
                    // An older version has nothing more to say.
                    waiting.remove(&staged.record);
                    progress(place + 1);
                } else {
                    let waits = Waits {
                        entity: short(&staged.entity),
                        on: std::mem::take(&mut self.waits_on),
                        place,
                        triples: staged.body.lines().count(),
                    };
                    waiting.insert(staged.record, waits);
                }
            }
        }
    }

    /// Applies what had to wait. What waits in a circle, or for what this run does not change, is made at once: a circle
    /// in one commit, and with it as many others as a commit should hold.
    pub(super) fn after_waiting(
        &mut self,
        stage: &StageFiles,
        mut waiting: Waiting,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), StoreError> {
        while !waiting.is_empty() {
            let places: HashSet<u64> = waiting.values().map(|waits| waits.place).collect();
            let still = self.in_turn(stage, |place| places.contains(&place), progress)?;
            if still.len() < waiting.len() {
                waiting = still;
                continue;
            }
            self.claimed.clear();
            for some in commits(&still, self.store.limits.batch_triples_max) {
                self.commit()?;
                self.at_once = Some(some.iter().map(|waits| waits.entity).collect());
                let places: HashSet<u64> = some.iter().map(|waits| waits.place).collect();
                self.in_turn(stage, |place| places.contains(&place), progress)?;
                self.at_once = None;
            }
            return self.commit_if_full();
        }
        Ok(())
    }

    /// The default graph's form of a mirrored body: as it came, since no two entities have a node where it comes from.
    /// None: it has to wait. What somebody else has for good is renamed.
    ///
    /// `old` is the entity's description so far, and `stands` whether the same catalogue record spoke for it.
    pub(super) fn as_it_came(
        &mut self,
        s: &Staged,
        old: &str,
        stands: bool,
    ) -> Result<Option<String>, StoreError> {
        let had = foreign_nodes(old, &s.entity, s.name());
        let (mut taken, mut on) = (BTreeSet::new(), HashSet::new());
        for node in foreign_nodes(&s.body, &s.entity, s.name()) {
            if had.contains(node) {
                continue;
            }
            let other = match self.holder(node, s)? {
                None => claimed_by(&mut self.claimed, node, &s.entity),
                holder => holder,
            };
            if let Some(other) = other {
                on.insert(other);
                taken.insert(node);
            }
        }
        if !stands {
            on.extend(self.holder(s.name(), s)?);
            on.extend(self.holder(&s.entity, s)?);
        }
        if !on.is_empty() && self.at_once.is_none() {
            self.waits_on = on;
            return Ok(None);
        }
        Ok(Some(project(&s.body, s.name(), &taken)))
    }

    /// The other entity that holds the node and does not give it up at the same time.
    fn holder(&mut self, node: &str, s: &Staged) -> Result<Option<[u8; 16]>, StoreError> {
        loop {
            let holder = self.store.owner(node)?;
            let Some(holder) = holder.filter(|holder| holder.as_str() != s.entity) else {
                return Ok(None);
            };
            let name = short(holder.as_str());
            match &self.at_once {
                Some(all) => return Ok((!all.contains(&name)).then_some(name)),
                // It may just have given it up.
                None if self.batch.touched.contains(holder.as_str()) => self.commit()?,
                None => return Ok(Some(name)),
            }
        }
    }
}

/// What waits, by the commits in which it is made: what waits for one another stays together, in the order of the stage.
fn commits(waiting: &Waiting, triples_max: usize) -> Vec<Vec<&Waits>> {
    let mut all: Vec<&Waits> = waiting.values().collect();
    all.sort_unstable_by_key(|waits| waits.place);
    // Entities that hang together -> one of them.
    let mut of: HashMap<[u8; 16], [u8; 16]> = HashMap::new();
    for waits in &all {
        for other in &waits.on {
            let (a, b) = (root(&mut of, waits.entity), root(&mut of, *other));
            if a != b {
                of.insert(a, b);
            }
        }
    }
    let mut circles: HashMap<[u8; 16], Vec<&Waits>> = HashMap::new();
    for waits in all {
        circles
            .entry(root(&mut of, waits.entity))
            .or_default()
            .push(waits);
    }
    let mut circles: Vec<_> = circles.into_values().collect();
    circles.sort_unstable_by_key(|circle| circle.first().map(|waits| waits.place));
    let (mut commits, mut triples) = (Vec::<Vec<&Waits>>::new(), usize::MAX);
    for circle in circles {
        let more: usize = circle.iter().map(|waits| waits.triples).sum();
        triples = triples.saturating_add(more);
        match commits.last_mut().filter(|_| triples <= triples_max) {
            Some(commit) => commit.extend(circle),
            None => {
                commits.push(circle);
                triples = more;
            }
        }
    }
    commits
}

/// The one that stands for all that hang together with this one. Ways are halved as they are walked.
fn root(of: &mut HashMap<[u8; 16], [u8; 16]>, mut entity: [u8; 16]) -> [u8; 16] {
    while let Some(next) = of.get(&entity).copied() {
        if let Some(after) = of.get(&next).copied() {
            of.insert(entity, after);
        }
        entity = next;
    }
    entity
}

#[cfg(test)]
mod tests;
