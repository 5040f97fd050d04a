//! Records that come in several versions, in any order: the latest counts.
//!
//! Start at [`Reading::version`].

use super::{Intake, Reading};
use crate::state::{digest, id_digest, part_name};
use harvestd_harvesters::{Page, PartName, Record, RecordId, Stop};
use std::ops::ControlFlow;

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
        if intake.is_older(&id, time_us) {
            return self.progress.flow();
        }
        let name = id_digest(&id);
        if intake.gone.remove(&name) {
            intake.counts(id.class).gone -= 1;
            intake.said.withdrawn.retain(|gone| *gone != id);
        }
        if !intake.seen.contains_key(&name) {
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
    pub(super) fn version_gone(&mut self, id: RecordId, time_us: i64) {
        if self.is_older(&id, time_us) {
            return;
        }
        let name = id_digest(&id);
        let came = self.seen.remove(&name).is_some();
        let known = self.had.records.get_mut(&name);
        if !(came || known.is_some()) || !self.gone.insert(name) {
            return;
        }
        if let Some(known) = known {
            known.seen = true;
        }
        self.counts(id.class).gone += 1;
        if !self.replay {
            self.said.withdrawn.push(id);
        }
    }

    /// Has something later come under this key? Else this is the latest from now on.
    fn is_older(&mut self, id: &RecordId, time_us: i64) -> bool {
        let latest = self
            .versions
            .entry(digest(id.key.as_bytes()))
            .or_insert(time_us);
        if time_us >= *latest {
            *latest = time_us;
            return false;
        }
        *self.said.parts.entry(OLDER.to_owned()).or_default() += 1;
        true
    }
}
