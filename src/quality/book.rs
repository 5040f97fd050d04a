//! A compact result for each dataset, in memory and in a file of the data directory.
//!
//! Never truth: where the file is missing, damaged, ahead of the store or of other formulas, everything is measured anew. So
//! it is not synced, and not written at each of many small publications: the log tells what it lacks. Start at [`Book`].

use super::entry::{self, Entry, Group};
use super::sums::{Sum, Sums};
use super::{Mark, Prepared, SurveyError};
use crate::search::Agents;
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Of the file's form.
const FORM: u32 = 1;
const FILE: &str = "book";
/// The first 128 bits of BLAKE3 of a dataset's IRI.
type Key = [u8; 16];
const SUM_BYTES: usize = 32;
/// The file is written when a twentieth of the datasets changed since, or after this time.
const WRITE_SHARE: usize = 20;
const WRITE_EVERY: Duration = Duration::from_secs(60);

/// What was measured.
#[derive(Default)]
pub struct Book {
    /// Up to where. None: nothing.
    pub mark: Option<Mark>,
    entries: HashMap<Key, Entry>,
    /// Another one where a dataset is rated otherwise, comes or goes; 0 where there is none.
    pub ratings: u64,
    /// In the order of their numbers, each with the sum of its datasets.
    groups: Vec<(Arc<Group>, Sum)>,
    numbers: HashMap<Arc<Group>, u32>,
    /// Entries that the file does not have.
    unwritten: usize,
    written: Option<Instant>,
    sums: Option<Arc<Sums>>,
}

/// The first line of the file.
#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
    mark: String,
    groups: Vec<Group>,
}

impl Book {
    /// What the file says; an empty book where it says nothing that can be relied on.
    pub fn read(dir: &Path) -> Self {
        let found = fs::read(dir.join(FILE));
        match found.map(|bytes| Self::parse(&bytes)) {
            Ok(Some(book)) => book,
            Ok(None) => {
                tracing::warn!(
                    "what was measured of datasets is damaged or of another form: it is measured anew"
                );
                Self::default()
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, "what was measured of datasets cannot be read: it is measured anew");
                }
                Self::default()
            }
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (said, sum) = bytes.split_last_chunk::<SUM_BYTES>()?;
        if blake3::hash(said).as_bytes() != sum {
            return None;
        }
        let line = said.iter().position(|b| *b == b'\n')?;
        let head: Head = serde_json::from_slice(&said[..line]).ok()?;
        if head.form != FORM {
            return None;
        }
        let mut book = Self {
            mark: Some(Mark::parse(&head.mark)?),
            written: Some(Instant::now()),
            ..Self::default()
        };
        for group in head.groups {
            book.group(group);
        }
        let (rows, rest) = said[line + 1..].as_chunks::<{ 16 + entry::BYTES }>();
        for row in rows {
            let (key, entry) = row.split_first_chunk::<16>()?;
            let entry = Entry::read(entry.try_into().ok()?)?;
            book.count(&entry, true)?;
            book.ratings = book.ratings.wrapping_add(rated(key, &entry));
            book.entries.insert(*key, entry);
        }
        rest.is_empty().then_some(book)
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let head = Head {
            form: FORM,
            mark: self.mark.as_ref().map(Mark::text).unwrap_or_default(),
            groups: self.groups.iter().map(|(g, _)| Group::clone(g)).collect(),
        };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.reserve(self.entries.len() * (16 + entry::BYTES) + SUM_BYTES);
        for (key, entry) in &self.entries {
            bytes.extend(key);
            entry.write(&mut bytes);
        }
        let sum = blake3::hash(&bytes);
        bytes.extend(sum.as_bytes());
        Ok(bytes)
    }

    /// Writes the file, where enough has changed since or it was long ago. `durably`: in any case and to stay, since no log
    /// tells what it would lack.
    pub fn keep(&mut self, dir: &Path, now: Instant, durably: bool) -> io::Result<()> {
        let is_long = self
            .written
            .is_none_or(|at| now.saturating_duration_since(at) >= WRITE_EVERY);
        if !durably && !is_long && self.unwritten * WRITE_SHARE < self.entries.len() {
            return Ok(());
        }
        fs::create_dir_all(dir)?;
        let temporary = dir.join("book.tmp");
        fs::write(&temporary, self.bytes()?)?;
        if durably {
            fs::File::open(&temporary)?.sync_all()?;
        }
        fs::rename(temporary, dir.join(FILE))?;
        (self.unwritten, self.written) = (0, Some(now));
        Ok(())
    }

    /// The number of a group.
    pub fn group(&mut self, group: Group) -> u32 {
        if let Some(number) = self.numbers.get(&group) {
            return *number;
        }
        let number = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let group = Arc::new(group);
        self.numbers.insert(group.clone(), number);
        self.groups.push((group, Sum::default()));
        number
    }

    /// Is it the IRI of a publisher of datasets here?
    pub fn is_publisher(&self, iri: &str) -> bool {
        let mut groups = self.groups.iter();
        groups.any(|(group, _)| {
            let publisher = group.publisher.as_ref();
            publisher.is_some_and(|p| p.iri.as_deref() == Some(iri))
        })
    }

    /// How many are measured.
    pub fn datasets(&self) -> usize {
        self.entries.len()
    }

    pub fn entry(&self, entity: &str) -> Option<&Entry> {
        self.entries.get(&key(entity))
    }

    /// Takes in what was measured.
    pub fn apply(&mut self, prepared: Prepared, store: &Store) -> Result<(), SurveyError> {
        if prepared.is_anew {
            self.entries.clear();
            self.ratings = 0;
            for (_, sum) in &mut self.groups {
                *sum = Sum::default();
            }
        }
        self.ratings = prepared.ratings;
        for (entity, entry) in prepared.changes {
            let key = key(&entity);
            let before = match entry {
                Some(entry) => {
                    self.count(&entry, true);
                    self.entries.insert(key, entry)
                }
                None => self.entries.remove(&key),
            };
            if let Some(before) = before {
                self.count(&before, false);
            }
            self.unwritten += usize::from(before != entry);
        }
        self.rename(&prepared.renamed, store)?;
        self.mark = Some(prepared.mark);
        self.sums = None;
        Ok(())
    }

    /// What [`Book::ratings`] would be with these changes, and whose rating they change.
    pub fn rated_with(
        &self,
        changes: &HashMap<String, Option<Entry>>,
        is_anew: bool,
    ) -> (u64, Vec<String>) {
        let (mut ratings, mut moved) = (if is_anew { 0 } else { self.ratings }, Vec::new());
        for (entity, entry) in changes {
            let key = key(entity);
            let before = self.entries.get(&key).filter(|_| !is_anew);
            let (gone, come) = (before.map(Entry::rating), entry.map(|entry| entry.rating()));
            if gone == come {
                continue;
            }
            let of = |entry: Option<&Entry>| entry.map_or(0, |entry| rated(&key, entry));
            ratings = ratings
                .wrapping_sub(of(before))
                .wrapping_add(of(entry.as_ref()));
            moved.push(entity.clone());
        }
        (ratings, moved)
    }

    fn count(&mut self, entry: &Entry, comes: bool) -> Option<()> {
        let (_, sum) = self.groups.get_mut(entry.group as usize)?;
        sum.count(entry, comes);
        Some(())
    }

    /// Publishers are called what the store now calls them.
    fn rename(
        &mut self,
        renamed: &std::collections::HashSet<String>,
        store: &Store,
    ) -> Result<(), SurveyError> {
        if renamed.is_empty() {
            return Ok(());
        }
        let agents = Agents::of(store);
        for (number, (group, _)) in (0..).zip(&mut self.groups) {
            let Some(publisher) = &group.publisher else {
                continue;
            };
            let iri = publisher
                .iri
                .as_deref()
                .filter(|iri| renamed.contains(*iri));
            let called = match iri {
                Some(iri) => agents.agent(iri)?,
                None => None,
            };
            let Some(called) =
                called.filter(|c| c.title != publisher.title || c.english != publisher.english)
            else {
                continue;
            };
            let mut new = Group::clone(group);
            if let Some(publisher) = &mut new.publisher {
                (publisher.title, publisher.english) = (called.title, called.english);
            }
            self.numbers.remove(&*group);
            *group = Arc::new(new);
            self.numbers.insert(group.clone(), number);
        }
        Ok(())
    }

    /// All there is, summed up by group.
    pub fn sums(&mut self) -> Arc<Sums> {
        let made = || {
            let mark = self.mark.as_ref();
            let groups = self.groups.iter().filter(|(_, sum)| sum.datasets > 0);
            Arc::new(Sums {
                generation: mark.map_or(0, |mark| mark.generation),
                seq: mark.map_or(0, |mark| mark.seq),
                today: mark.map_or(0, |mark| mark.today),
                groups: groups.cloned().collect(),
            })
        };
        if self.sums.is_none() {
            let sums = made();
            self.sums = Some(sums);
        }
        self.sums.clone().unwrap_or_default()
    }
}

/// A dataset's part of [`Book::ratings`].
fn rated(key: &Key, entry: &Entry) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key);
    hasher.update(entry.rating().word().as_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

fn key(entity: &str) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(entity.as_bytes()).as_bytes()[..16]);
    key
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use harvestd_vocab::quality::Timely;

    fn book() -> Book {
        let mut book = Book {
            mark: Mark::parse("v 1 7 20000"),
            ..Book::default()
        };
        for (number, source) in [(0, "a"), (1, "b")] {
            let group = book.group(Group {
                publisher: None,
                sources: vec![source.to_owned()],
            });
            assert_eq!(group, number);
            let entry = Entry {
                met: 1,
                unchecked: 2,
                late_from: 3,
                group,
                timely: Timely::OnTime,
                is_validated: false,
                results: [0; 4],
            };
            book.count(&entry, true);
            book.entries.insert(key(source), entry);
        }
        book
    }

    #[test]
    fn a_book_is_read_as_it_was_written_and_no_other_way() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book();
        book.keep(dir.path(), Instant::now(), false).unwrap();
        let mut read = Book::read(dir.path());
        assert_eq!((&read.mark, &read.entries), (&book.mark, &book.entries));
        assert_eq!(read.sums().groups, book.sums().groups);
        let file = dir.path().join(FILE);
        let whole = fs::read(&file).unwrap();
        for at in [0, 20, whole.len() - 40, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(Book::parse(&damaged).is_none(), "byte {at}");
            assert!(Book::parse(&whole[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_file_is_written_when_enough_changed() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book();
        let now = Instant::now();
        book.keep(dir.path(), now, false).unwrap();
        let file = dir.path().join(FILE);
        fs::remove_file(&file).unwrap();
        book.keep(dir.path(), now, false).unwrap();
        assert!(!file.exists());
        book.unwritten = 1;
        book.keep(dir.path(), now, false).unwrap();
        assert!(file.exists());
        fs::remove_file(&file).unwrap();
        book.keep(dir.path(), now + WRITE_EVERY, false).unwrap();
        assert!(file.exists());
    }
}
