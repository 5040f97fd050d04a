//! The only sled: what can be rebuilt or asked again, entry by entry with the place in the log it was true at.
//!
//! It never means "delete everything" or "start at 1": whenever it disagrees with the store it is rebuilt from the
//! store, and the next runs describe again what they would have skipped. Start at [`State::open`].

mod bodies;
mod carry;
mod db;
mod entries;
mod identity;
mod kept_digest;
pub mod links;
mod readable;

pub use bodies::Body;
pub use entries::{digest, id_digest, part_name};
pub use identity::{Holder, Joined, KeptLink, Tag, tag};
pub use kept_digest::KeptDigest;

use crate::network::Validators;
use crate::store::Head;
use entries::{
    FORMAT, class_byte, decode_json, decode_parts, encode_json, encode_parts, key_of, record_of,
};
use harvestd_harvesters::{Bookmark, RecordId};
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// What we remember of the sources between runs.
pub struct State {
    db: db::Db,
}

/// How the state was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Good,
    /// There was none.
    Fresh,
    /// It could not be trusted. Every source's records have to be listed from the store.
    Rebuilt(String),
}

/// What we remember of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceState {
    pub bookmark: Option<Bookmark>,
    /// By URL; dropped whenever records would have to be described again.
    pub validators: BTreeMap<String, Validators>,
    /// Version of mapping, tables and settings under which the hashes were taken.
    pub epoch: String,
    pub failures_in_row: u32,
    /// Of these, the last ones after which a source is spared by asking it less.
    pub spared_in_row: u32,
    pub last_started_ms: Option<i64>,
    pub last_complete_ms: Option<i64>,
    /// Start of the last complete run that asked for everything.
    pub last_full_ms: Option<i64>,
    /// How long the last complete runs took, in milliseconds, the newest last.
    pub took_ms: Vec<u64>,
    /// The source asked us to come back no earlier.
    pub not_before_ms: Option<i64>,
    /// The last run broke off for a reason that may pass: when it is tried again, if the source is not due before.
    pub try_again_ms: Option<i64>,
    /// The last run, if it broke off and the next one is to go on from what it was answered.
    pub broke_off: Option<String>,
    /// The address that is asked for news, where the source's feed named one.
    pub listens: Option<String>,
}

impl SourceState {
    /// One more complete run.
    pub fn took(&mut self, ms: u64) {
        const REMEMBERED: usize = 5;
        self.took_ms.push(ms);
        let beyond = self.took_ms.len().saturating_sub(REMEMBERED);
        self.took_ms.drain(..beyond);
    }

    /// How long a run is likely to take: what the middle one of the last ones took.
    pub fn expected_ms(&self) -> Option<u64> {
        let mut sorted = self.took_ms.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// Did one of the last runs take longer than that?
    pub fn is_large(&self, ms: u64) -> bool {
        self.took_ms.iter().any(|took| *took > ms)
    }
}

/// Hashes of a record's parts: name's hash -> raw bytes' hash.
pub type Parts = Vec<([u8; 8], [u8; 16])>;

/// The records of a source as the last runs left them.
#[derive(Debug, Default)]
pub struct Had {
    pub records: HashMap<[u8; 16], Known>,
    /// Records of class Dataset that are held, whether or not they are among `records`.
    pub datasets: u64,
    /// Records of the other classes that are held.
    pub referents: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Known {
    pub parts: Parts,
    pub seen: bool,
}

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state (sled) failed: {0}")]
    Sled(#[from] sled::Error),
    #[error("the state (sled) holds an entry that is none of ours: {0}")]
    Entry(String),
    #[error("the state's folder {0}: {1}")]
    Folder(PathBuf, std::io::Error),
}

impl State {
    /// Opens the state and compares it with the store's head. What cannot be trusted is set aside, not deleted.
    /// `cache_bytes` is sled's page cache, whose own default is 1 GB.
    pub fn open(
        data_dir: &Path,
        head: Head,
        cache_bytes: u64,
    ) -> Result<(Self, Found), StateError> {
        let dir = data_dir.join("state");
        let existed = dir.exists();
        let opened = catch_unwind(AssertUnwindSafe(|| open_checked(&dir, cache_bytes)));
        let trouble = match opened {
            Ok(Ok(state)) => {
                let told = state.head()?;
                if told == Some(head) || (!existed && head.seq == 0) {
                    return Ok((state, if existed { Found::Good } else { Found::Fresh }));
                }
                let ahead =
                    told.is_some_and(|t| t.generation != head.generation || t.seq > head.seq);
                state.forget(ahead)?;
                if told.is_some_and(|t| (t.generation, t.seq) > (head.generation, head.seq)) {
                    // The store was put back: what was pushed since is not in it.
                    state.forget_all_bodies()?;
                }
                let told = told.map_or("nothing".to_owned(), |t| {
                    format!("{}-{}", t.generation, t.seq)
                });
                let why = format!(
                    "the state stands at {told}, the store at {}-{}",
                    head.generation, head.seq
                );
                state.set_head(head)?;
                return Ok((state, Found::Rebuilt(why)));
            }
            Ok(Err(e)) => e.to_string(),
            Err(_) => "sled panicked while opening it".to_owned(),
        };
        let aside = data_dir.join(format!(
            "state.broken-{}",
            chrono::Utc::now().timestamp_millis()
        ));
        std::fs::rename(&dir, &aside).map_err(|e| StateError::Folder(dir.clone(), e))?;
        let state = open_checked(&dir, cache_bytes)?;
        state.set_head(head)?;
        Ok((
            state,
            Found::Rebuilt(format!("{trouble}; set aside as {}", aside.display())),
        ))
    }

    fn head(&self) -> Result<Option<Head>, StateError> {
        let Some(v) = self.db.get("head")? else {
            return Ok(None);
        };
        let (generation, seq, published_us) = decode_json(&v)?;
        Ok(Some(Head {
            generation,
            seq,
            published_us,
        }))
    }

    /// Everything that was said so far survives whatever comes.
    pub fn make_durable(&self) -> Result<(), StateError> {
        self.db.flush()?;
        Ok(())
    }

    /// The store was changed by something that says nothing of any source: what is known of sources stays true.
    pub fn moved_on(&self, head: Head) -> Result<(), StateError> {
        self.set_head(head)
    }

    fn set_head(&self, head: Head) -> Result<(), StateError> {
        self.db.insert(
            "head",
            encode_json(&(head.generation, head.seq, head.published_us)),
        )?;
        self.db.flush()?;
        Ok(())
    }

    /// Drops all hashes and validators; bookmarks as well where the state is ahead of the store.
    fn forget(&self, bookmarks: bool) -> Result<(), StateError> {
        for name in self.db.tree_names() {
            if name.starts_with(b"records:") || name.starts_with(b"identity") {
                self.db.drop_tree(&name)?;
            }
        }
        let sources = self.db.open_tree("sources")?;
        for entry in sources.iter() {
            let (id, value) = entry?;
            let mut source: SourceState = decode_json(&value)?;
            source.validators.clear();
            if bookmarks {
                source.bookmark = None;
            }
            sources.insert(id, encode_json(&source))?;
        }
        Ok(())
    }

    pub fn source(&self, id: &str) -> Result<SourceState, StateError> {
        match self.db.open_tree("sources")?.get(id)? {
            Some(value) => decode_json(&value),
            None => Ok(SourceState::default()),
        }
    }

    pub fn set_source(&self, id: &str, source: &SourceState) -> Result<(), StateError> {
        self.note_source(id, source)?;
        self.make_durable()
    }

    /// As [`State::set_source`]; durable with what is remembered next.
    pub fn note_source(&self, id: &str, source: &SourceState) -> Result<(), StateError> {
        self.db
            .open_tree("sources")?
            .insert(id, encode_json(source))?;
        Ok(())
    }

    /// Apart from what a run leaves behind: it may be said while one goes on.
    pub fn paused(&self, id: &str) -> Result<bool, StateError> {
        Ok(self.db.open_tree("paused")?.contains_key(id)?)
    }

    pub fn set_paused(&self, id: &str, paused: bool) -> Result<(), StateError> {
        let tree = self.db.open_tree("paused")?;
        match paused {
            true => tree.insert(id, &[FORMAT])?,
            false => tree.remove(id)?,
        };
        self.db.flush()?;
        Ok(())
    }

    /// Was a run of this source being committed when we last stopped? Then its hashes say nothing.
    pub fn interrupted(&self, id: &str) -> Result<bool, StateError> {
        Ok(self.db.open_tree("applying")?.contains_key(id)?)
    }

    /// The records of a source, as the store lists them; without hashes, and without validators, since the store may
    /// hold a part of what came after the answers that they stand for.
    pub fn rebuild(
        &self,
        id: &str,
        records: impl Iterator<Item = RecordId>,
    ) -> Result<u64, StateError> {
        let tree = self.tree(id)?;
        tree.clear()?;
        let mut count = 0;
        for record in records {
            tree.insert(key_of(&record), encode_parts(&Parts::new()))?;
            count += 1;
        }
        let mut source = self.source(id)?;
        source.validators.clear();
        self.db
            .open_tree("sources")?
            .insert(id, encode_json(&source))?;
        self.db.open_tree("applying")?.remove(id)?;
        self.db.flush()?;
        Ok(count)
    }

    /// All records of a source, in memory for the length of a run: some 100 bytes each.
    pub fn had(&self, id: &str, epoch: &str) -> Result<Had, StateError> {
        let hashes_hold = self.source(id)?.epoch == epoch;
        let mut had = Had::default();
        for entry in self.tree(id)?.iter() {
            let (key, value) = entry?;
            let parts = if hashes_hold {
                decode_parts(&value)?
            } else {
                Parts::new()
            };
            if key.first() == Some(&class_byte(Class::Dataset)) {
                had.datasets += 1;
            } else {
                had.referents += 1;
            }
            had.records
                .insert(digest(&key), Known { parts, seen: false });
        }
        Ok(had)
    }

    /// Only these records of a source, for a run that concerns no others: the counts of all are left at 0.
    pub fn had_of<'a>(
        &self,
        id: &str,
        epoch: &str,
        records: impl Iterator<Item = &'a RecordId>,
    ) -> Result<Had, StateError> {
        let hashes_hold = self.source(id)?.epoch == epoch;
        let (mut had, tree) = (Had::default(), self.tree(id)?);
        for record in records {
            let key = key_of(record);
            let Some(value) = tree.get(&key)? else {
                continue;
            };
            let parts = if hashes_hold {
                decode_parts(&value)?
            } else {
                Parts::new()
            };
            had.records
                .insert(digest(&key), Known { parts, seen: false });
        }
        Ok(had)
    }

    /// How many records of other classes than Dataset we hold of the source.
    pub fn referents(&self, id: &str) -> Result<u64, StateError> {
        Ok(self.tree(id)?.len() as u64 - self.datasets(id)?)
    }

    /// The day (since 1970, UTC) on which the source last pushed, and how many bytes it pushed on it.
    pub fn pushed(&self, id: &str) -> Result<(i64, u64), StateError> {
        match self.db.open_tree("pushed")?.get(id)? {
            Some(value) => decode_json(&value),
            None => Ok((0, 0)),
        }
    }

    /// Not flushed: it becomes durable with the next commit.
    pub fn set_pushed(&self, id: &str, day: i64, bytes: u64) -> Result<(), StateError> {
        self.db
            .open_tree("pushed")?
            .insert(id, encode_json(&(day, bytes)))?;
        Ok(())
    }

    /// The records of a source that a run did not see.
    pub fn unseen(&self, id: &str, had: &Had) -> Result<Vec<RecordId>, StateError> {
        let mut all = Vec::new();
        for entry in self.tree(id)?.iter() {
            let (key, _) = entry?;
            if had.records.get(&digest(&key)).is_some_and(|k| !k.seen) {
                all.push(record_of(&key)?);
            }
        }
        Ok(all)
    }

    /// How many datasets of the source we hold.
    pub fn datasets(&self, id: &str) -> Result<u64, StateError> {
        Ok(self
            .tree(id)?
            .scan_prefix([class_byte(Class::Dataset)])
            .count() as u64)
    }

    /// Notes that the store is about to be changed for this source.
    pub fn begin_applying(&self, id: &str) -> Result<(), StateError> {
        self.db.open_tree("applying")?.insert(id, &[FORMAT])?;
        self.db.flush()?;
        Ok(())
    }

    /// What a run leaves behind, once the store holds it.
    pub fn commit(
        &self,
        id: &str,
        head: Head,
        upserts: impl Iterator<Item = (RecordId, Parts)>,
        removed: impl Iterator<Item = RecordId>,
        source: &SourceState,
    ) -> Result<(), StateError> {
        crate::trouble_point!(
            "state-fails",
            StateError::Entry("a planned failure".to_owned())
        );
        let tree = self.tree(id)?;
        let mut batch = sled::Batch::default();
        if self.source(id)?.epoch != source.epoch {
            // Hashes taken under other settings say nothing from now on.
            for entry in tree.iter() {
                batch.insert(entry?.0, encode_parts(&Parts::new()));
            }
        }
        for (record, parts) in upserts {
            batch.insert(key_of(&record), encode_parts(&parts));
        }
        for record in removed {
            batch.remove(key_of(&record));
        }
        tree.apply_batch(batch)?;
        self.db
            .open_tree("sources")?
            .insert(id, encode_json(source))?;
        self.db.open_tree("applying")?.remove(id)?;
        crate::crash_point!("state");
        self.set_head(head)
    }

    fn tree(&self, id: &str) -> Result<sled::Tree, StateError> {
        Ok(self.db.open_tree(format!("records:{id}"))?)
    }
}

fn open_checked(dir: &Path, cache_bytes: u64) -> Result<State, StateError> {
    let db = db::open(dir, cache_bytes)?;
    for name in db.tree_names() {
        for entry in db.open_tree(&name)?.iter() {
            let (_, value) = entry?;
            if value.first() != Some(&FORMAT) {
                return Err(StateError::Entry(format!(
                    "in {}: format {:?}",
                    String::from_utf8_lossy(&name),
                    value.first()
                )));
            }
        }
    }
    Ok(State { db })
}

#[cfg(test)]
mod tests;
