//! Records that come in several versions, in any order: the latest counts.
//!
//! Start at [`Reading::version`].

use super::{Intake, Reading};
use crate::state::{digest, id_digest, part_name};
use harvestd_harvesters::{Page, PartName, Record, RecordId, Stop};
use std::{io, ops::ControlFlow};

/// Under what the report counts versions that are older than one that came before.
const OLDER: &str = "older versions";

impl Reading<'_> {
    /// Takes one version of a record.
    pub(super) fn version(
        &mut self,
        id: RecordId,
        part: PartName,
        raw: &[u8],
        time_us: i64,
    ) -> ControlFlow<Stop> {
        let intake = &mut *self.intake;
        if intake.is_older(&id.key, time_us) {
            return self.progress.flow();
        }
        let name = id_digest(&id);
        if intake.gone.remove(&name) {
            intake.counts(id.class).gone -= 1;
            intake.said.withdrawn.retain(|gone| *gone != id);
        }
        let kept = intake.pieces.as_mut().filter(|p| p.knows(part));
        let is_kept = kept.is_some();
        // What is kept is described once, at the end.
        kept.into_iter().for_each(|p| p.forget(part, name));
        if is_kept || !intake.seen.contains_key(&name) {
            return self.part(id, part, raw);
        }
        // Whatever came of the version before, this one is described after it.
        let hash = digest(raw);
        intake.seen.insert(name, hash);
        intake.counts(id.class).received += 1;
        self.progress.received(id.class);
        let record = Record {
            id,
            parts: vec![(part, raw.to_vec())],
        };
        intake
            .describers
            .push(record, vec![(part_name(part), hash)]);
        self.progress.flow()
    }
}

impl Intake {
    /// Takes the news that a record is no more.
    pub(super) fn version_gone(&mut self, id: RecordId, time_us: i64) -> io::Result<()> {
        if self.is_older(&id.key, time_us) {
            return Ok(());
        }
        let name = id_digest(&id);
        let mut came = self.seen.remove(&name).is_some();
        if self.kept_gone(&id, name, came)? {
            came = false;
        }
        let known = self.had.records.get_mut(&name);
        if !(came || known.is_some()) || !self.gone.insert(name) {
            return Ok(());
        }
        if let Some(known) = known {
            known.seen = true;
        }
        self.counts(id.class).gone += 1;
        if !self.replay {
            self.said.withdrawn.push(id);
        }
        Ok(())
    }

    /// Forgets what is kept of a record that is no more; true where there was something. If it came in this run, it is
    /// as if it had not: nothing of it is described yet.
    fn kept_gone(&mut self, id: &RecordId, name: [u8; 16], came: bool) -> io::Result<bool> {
        let Some(pieces) = &mut self.pieces else {
            return Ok(false);
        };
        if pieces.log.held(&name).is_none() {
            return Ok(false);
        }
        pieces.log.remove(id)?;
        let changed = pieces.take_back(name);
        let counts = self.counts(id.class);
        counts.received -= u64::from(came);
        counts.unchanged -= u64::from(came && !changed);
        Ok(true)
    }

    /// Has something later come under this key? Else this is the latest from now on.
    pub(super) fn is_older(&mut self, key: &str, time_us: i64) -> bool {
        let latest = self
            .versions
            .entry(digest(key.as_bytes()))
            .or_insert(time_us);
        if time_us >= *latest {
            *latest = time_us;
            return false;
        }
        *self.said.parts.entry(OLDER.to_owned()).or_default() += 1;
        true
    }
}
