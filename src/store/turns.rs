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
use super::apply::Applying;
use super::claims::{claim, short};
use super::project::{foreign_nodes, project};
use crate::stage::{StageFiles, Staged};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A record that waits -> its entity, and the place in the stage of its last version.
pub(super) type Waiting = HashMap<String, (String, u64)>;

impl Applying<'_> {
    /// Applies the staged records that are `due` by their place in the stage, but for those that have to wait.
    pub(super) fn in_turn(
        &mut self,
        stage: &StageFiles,
        due: impl Fn(u64) -> bool,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Waiting, StoreError> {
        let mut waiting = Waiting::new();
        for (place, staged) in (0_u64..).zip(stage.read()) {
            if !due(place) {
                continue;
            }
            let mut staged = staged.map_err(StoreError::Stage)?;
            self.store.keep_own_date(&mut staged)?;
            if self.upsert(&staged)? {
                // An older version has nothing more to say.
                waiting.remove(&staged.record);
                progress(place + 1);
            } else {
                waiting.insert(staged.record, (staged.entity, place));
            }
        }
        Ok(waiting)
    }

    /// Applies what had to wait. What waits in a circle, or for what this run does not change, is made in one commit.
    pub(super) fn after_waiting(
        &mut self,
        stage: &StageFiles,
        mut waiting: Waiting,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), StoreError> {
        while !waiting.is_empty() {
            let places: HashSet<u64> = waiting.values().map(|(_, place)| *place).collect();
            let still = self.in_turn(stage, |place| places.contains(&place), progress)?;
            if still.len() == waiting.len() {
                self.commit()?;
                self.claimed.clear();
                let entities = still.values().map(|(entity, _)| short(entity));
                self.at_once = Some(entities.collect());
                self.in_turn(stage, |place| places.contains(&place), progress)?;
                self.at_once = None;
                return self.commit_if_full();
            }
            waiting = still;
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
        let mut taken = BTreeSet::new();
        for node in foreign_nodes(&s.body, &s.entity, s.name()) {
            if !had.contains(node)
                && (self.is_held(node, s)? || claim(&mut self.claimed, node, &s.entity))
            {
                taken.insert(node);
            }
        }
        let waits = !taken.is_empty()
            || !stands && (self.is_held(s.name(), s)? || self.is_held(&s.entity, s)?);
        if waits && self.at_once.is_none() {
            return Ok(None);
        }
        Ok(Some(project(&s.body, s.name(), &taken)))
    }

    /// Does another entity hold the node, which does not give it up at the same time?
    fn is_held(&mut self, node: &str, s: &Staged) -> Result<bool, StoreError> {
        loop {
            let Some(holder) = self.store.owner(node)? else {
                return Ok(false);
            };
            if holder.as_str() == s.entity {
                return Ok(false);
            }
            match &self.at_once {
                Some(all) => return Ok(!all.contains(&short(holder.as_str()))),
                // It may just have given it up.
                None if self.batch.touched.contains(holder.as_str()) => self.commit()?,
                None => return Ok(true),
            }
        }
    }
}

#[cfg(test)]
mod tests;
