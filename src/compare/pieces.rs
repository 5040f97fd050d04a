//! Records that come in parts: each part is kept when it comes, and a record is described once a run, from the newest
//! of every part, when the last of them is in.
//!
//! Start at [`Intake::piece`], which takes one, and [`Intake::describe_pieces`], which describes what has changed.

use super::Intake;
use crate::parts::Log;
use crate::report::Row;
use crate::state::{Had, part_name};
use harvestd_harvesters::{Harvester, PartName, RecordId, with_pieces};
use harvestd_vocab::Class;
use std::{
    collections::{HashMap, HashSet},
    io,
};

/// What a run knows of records in parts.
pub struct Pieces {
    pub log: Log,
    /// Part and record: what came in this run, and the hash of its bytes.
    came: HashMap<([u8; 8], [u8; 16]), [u8; 16]>,
    /// Records to be described, in the order in which they turned out to be.
    changed: Vec<[u8; 16]>,
    pub(super) is_changed: HashSet<[u8; 16]>,
    /// What came in this run and is no record's own, and what of it came anew, changed or went (`compare/loose.rs`).
    pub(super) loose_seen: HashSet<[u8; 16]>,
    pub(super) loose_changed: HashSet<[u8; 16]>,
}

impl Pieces {
    pub fn new(log: Log) -> Self {
        Self {
            log,
            came: HashMap::new(),
            changed: Vec::new(),
            is_changed: HashSet::new(),
            loose_seen: HashSet::new(),
            loose_changed: HashSet::new(),
        }
    }

    /// Is this one of the parts that are kept?
    pub fn knows(&self, part: PartName) -> bool {
        self.log.kind(part).is_some()
    }

    /// Does the log lack a part that a record was described from? Then records cannot be put together from it.
    pub fn lacks(&self, had: &Had) -> bool {
        let names: Vec<_> = self
            .log
            .kinds
            .iter()
            .map(|k| (part_name(k.name), k.name))
            .collect();
        had.records.iter().any(|(record, known)| {
            let held = self.log.held(record);
            known.parts.iter().any(|(name, _)| {
                let kept = names.iter().find(|(known, _)| known == name);
                kept.is_some_and(|(_, part)| held.is_none_or(|held| held.part(part).is_none()))
            })
        })
    }

    /// Did anything of this record come in this run?
    pub fn has_come(&self, part: PartName, record: [u8; 16]) -> bool {
        self.came.contains_key(&(part_name(part), record))
    }

    /// A newer version of a part is on its way.
    pub(super) fn forget(&mut self, part: PartName, record: [u8; 16]) {
        self.came.remove(&(part_name(part), record));
    }

    /// The record is no more: nothing of it has come. True where it was to be described.
    pub(super) fn take_back(&mut self, record: [u8; 16]) -> bool {
        for kind in self.log.kinds {
            self.forget(kind.name, record);
        }
        self.is_changed.remove(&record)
    }

    pub(super) fn change(&mut self, record: [u8; 16]) -> bool {
        let first = self.is_changed.insert(record);
        if first {
            self.changed.push(record);
        }
        first
    }
}

impl Intake {
    /// Takes a part; true where it is the first of its record in this run. The record is changed where the part's bytes
    /// are, or where the part puts another out of date.
    pub(super) fn piece(
        &mut self,
        id: RecordId,
        record: [u8; 16],
        part: PartName,
        raw: &[u8],
        hash: [u8; 16],
    ) -> io::Result<bool> {
        let Some(pieces) = &mut self.pieces else {
            return Ok(false);
        };
        let Some(kind) = pieces.log.kind(part) else {
            return Ok(false);
        };
        let is_held = self.seen.contains_key(&record) || self.had.records.contains_key(&record);
        if self.gone.contains(&record) || !(kind.stands_alone || is_held) {
            return Ok(false);
        }
        let name = part_name(part);
        if let Some(before) = pieces.came.get(&(name, record)).copied() {
            if !kind.repeats {
                self.again(&id, before != hash);
            } else if id.class == Class::Dataset {
                self.said.datasets.received += 1;
                self.said.datasets.duplicate += 1;
                self.said.rows.push(&Row::duplicate(&id));
            }
            return Ok(false);
        }
        pieces.came.insert((name, record), hash);
        *self.said.parts.entry(part.to_owned()).or_default() += 1;
        let mut changed = self
            .had
            .records
            .get(&record)
            .is_none_or(|known| !known.parts.contains(&(name, hash)));
        let held = pieces.log.held(&record);
        let has = |part| held.is_some_and(|held| held.part(part).is_some());
        let outdated: Vec<PartName> = kind.replaces.iter().copied().filter(|p| has(p)).collect();
        if held.and_then(|held| held.part(part)).map(|p| p.hash) != Some(hash) {
            pieces.log.put(&id, part, raw)?;
        }
        for part in outdated {
            pieces.log.drop_part(&id, part)?;
            changed = true;
        }
        let turned = changed && pieces.change(record);
        let unchanged = !pieces.is_changed.contains(&record);
        Ok(self.count_piece(&id, record, hash, turned, unchanged))
    }

    /// A record is received once, whatever number of parts it has, and unchanged until one of them is not.
    fn count_piece(
        &mut self,
        id: &RecordId,
        record: [u8; 16],
        hash: [u8; 16],
        turned: bool,
        unchanged: bool,
    ) -> bool {
        let first = self.seen.insert(record, hash).is_none();
        if first {
            self.see(record, id.class);
        }
        let counts = self.counts(id.class);
        counts.received += u64::from(first);
        counts.unchanged += u64::from(first && unchanged);
        counts.unchanged -= u64::from(!first && turned);
        first
    }

    /// Everything that is kept is to be described anew.
    pub fn all_pieces(&mut self) {
        let Some(pieces) = &mut self.pieces else {
            return;
        };
        for record in pieces.log.all() {
            if pieces.is_loose(&record) {
                continue;
            }
            pieces.change(record);
            let Some(id) = pieces.log.held(&record).map(|held| held.id.clone()) else {
                continue;
            };
            if let Some(known) = self.had.records.get_mut(&record) {
                known.seen = true;
            }
            self.said.distinct += u64::from(id.class == Class::Dataset);
            if id.class == Class::Dataset {
                self.said.datasets.received += 1;
            } else {
                self.said.referents.received += 1;
            }
        }
    }

    /// Describes every record that has changed, or whose pieces have. `whole`: asking came to its end.
    pub fn describe_pieces(&mut self, harvester: &dyn Harvester, whole: bool) -> io::Result<()> {
        self.refer(harvester, whole)?;
        let Some(pieces) = &mut self.pieces else {
            return Ok(());
        };
        for name in std::mem::take(&mut pieces.changed) {
            if !pieces.is_changed.remove(&name) {
                continue;
            }
            let Some(record) = pieces.log.record(&name)? else {
                continue;
            };
            let parts = pieces.log.held(&name).map_or_else(Vec::new, |held| {
                let hash = |place: &crate::parts::Place| (part_name(place.part), place.hash);
                held.parts.iter().map(hash).collect()
            });
            let record = with_pieces(harvester, record, &mut |key| pieces.loose(key))?;
            self.describers.push(record, parts);
        }
        Ok(())
    }
}
