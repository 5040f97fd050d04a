//! Pieces: no records, but put into those that refer to them, whichever comes first.
//!
//! They are kept beside the parts of records. Which records refer to a piece is found by reading what is kept, and only
//! in a run in which a piece has come, changed or gone. Start at [`Intake::loose`] and [`Intake::refer`].

use super::{Intake, Pieces};
use crate::state::{digest, id_digest};
use harvestd_harvesters::{Completeness, Harvester, PIECE, RecordId};
use std::io;

/// Under what a piece is kept: no record's key, since keys of such feeds are IRIs, which have no spaces.
fn kept_as(key: &str) -> RecordId {
    RecordId::dataset(format!("{PIECE} {key}"))
}

impl Pieces {
    pub(super) fn is_loose(&self, name: &[u8; 16]) -> bool {
        let held = self.log.held(name);
        held.is_some_and(|held| held.part(PIECE).is_some())
    }

    /// The newest bytes of a piece.
    pub(super) fn loose(&mut self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let record = self.log.record(&id_digest(&kept_as(key)))?;
        Ok(record.and_then(|record| record.parts.into_iter().next().map(|(_, raw)| raw)))
    }

    /// Does what is kept under this name refer to a piece that has come, changed or gone?
    fn is_touched(&mut self, name: &[u8; 16], harvester: &dyn Harvester) -> io::Result<bool> {
        let Some(record) = self.log.record(name)? else {
            return Ok(false);
        };
        let mut keys = record
            .parts
            .iter()
            .flat_map(|(_, raw)| harvester.refers(raw));
        Ok(keys.any(|key| self.loose_changed.contains(&id_digest(&kept_as(&key)))))
    }

    /// What the feed, read from its beginning, does not have any more.
    fn drop_unseen(&mut self) -> io::Result<()> {
        for name in self.log.all() {
            if !self.is_loose(&name) || self.loose_seen.contains(&name) {
                continue;
            }
            if let Some(id) = self.log.held(&name).map(|held| held.id.clone()) {
                self.log.remove(&id)?;
                self.loose_changed.insert(name);
            }
        }
        Ok(())
    }
}

impl Intake {
    /// Takes a piece, or the news that it is no more, if nothing later has come of it.
    pub(super) fn loose(&mut self, key: &str, raw: Option<&[u8]>, time_us: i64) -> io::Result<()> {
        if self.is_older(key, time_us) {
            return Ok(());
        }
        let Some(pieces) = &mut self.pieces else {
            return Ok(());
        };
        let id = kept_as(key);
        let name = id_digest(&id);
        let held = pieces.log.held(&name).and_then(|held| held.part(PIECE));
        let held = held.map(|place| place.hash);
        match raw {
            Some(raw) => {
                *self.said.parts.entry(PIECE.to_owned()).or_default() += 1;
                pieces.loose_seen.insert(name);
                if held != Some(digest(raw)) {
                    pieces.log.put(&id, PIECE, raw)?;
                    pieces.loose_changed.insert(name);
                }
            }
            None => {
                pieces.loose_seen.remove(&name);
                if held.is_some() {
                    pieces.log.remove(&id)?;
                    pieces.loose_changed.insert(name);
                }
            }
        }
        Ok(())
    }

    /// What refers to a piece that has come, changed or gone is to be described again. `whole`: asking came to its end.
    pub(super) fn refer(&mut self, harvester: &dyn Harvester, whole: bool) -> io::Result<()> {
        let proof = self.said.proof.filter(|_| whole);
        let everything = proof.is_some_and(|proof| proof != Completeness::Changes);
        let Some(pieces) = &mut self.pieces else {
            return Ok(());
        };
        if everything {
            pieces.drop_unseen()?;
        }
        if pieces.loose_changed.is_empty() {
            return Ok(());
        }
        let unchanged = |name: &[u8; 16]| !pieces.is_changed.contains(name);
        let waiting = pieces.log.all().into_iter().filter(unchanged);
        let (mut loose, records): (Vec<_>, Vec<_>) =
            waiting.partition(|name| pieces.is_loose(name));
        // What the whole feed does not have any more is gone, or held as it is.
        let records = records.into_iter();
        let records = records.filter(|name| !everything || self.seen.contains_key(name));
        let records: Vec<_> = records.collect();
        let mut more = !records.is_empty();
        while std::mem::take(&mut more) {
            for name in std::mem::take(&mut loose) {
                if pieces.loose_changed.contains(&name) {
                    continue;
                }
                if pieces.is_touched(&name, harvester)? {
                    pieces.loose_changed.insert(name);
                    more = true;
                } else {
                    loose.push(name);
                }
            }
        }
        for name in records {
            let touched = match &mut self.pieces {
                Some(pieces) => pieces.is_touched(&name, harvester)?,
                None => false,
            };
            if touched {
                self.again_with_pieces(name);
            }
        }
        Ok(())
    }

    /// A record is described again because of its pieces: received, if it was not, and no more unchanged, if it was.
    fn again_with_pieces(&mut self, name: [u8; 16]) {
        let Some(pieces) = &mut self.pieces else {
            return;
        };
        let Some(id) = pieces.log.held(&name).map(|held| held.id.clone()) else {
            return;
        };
        pieces.change(name);
        if self.seen.contains_key(&name) {
            self.counts(id.class).unchanged -= 1;
            return;
        }
        self.see(name, id.class);
        self.counts(id.class).received += 1;
    }
}
