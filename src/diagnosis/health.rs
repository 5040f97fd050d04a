//! Which sources are sick, and since when: one line of a file for each change of a source's state, durable before it counts.
//!
//! The file is the memory: what a source is follows from its last line, so that no change is told twice and none is
//! forgotten, whatever else is lost. Asks nobody. Start at [`Book::note`].

use super::{Diagnosis, Seen};
use crate::state::SourceState;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// From when on a source counts as sick, and how it is treated then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthLimits {
    /// Runs in a row that ended in what often passes by itself; anything else makes a source sick at once.
    pub sick_after_runs: u32,
    /// Due times without a complete run after which a source is stale. 0: never.
    pub stale_after_periods: u32,
    /// Clocks may differ by so much.
    pub clock_skew_s_max: u64,
    /// Failed runs in a row after which a source is asked less and less. 0: never.
    pub spare_after_runs: u32,
    /// The time from one scheduled run to the next then; it doubles with each further failure, up to the second.
    pub spare_first_ms: u64,
    pub spare_max_ms: u64,
}

impl Default for HealthLimits {
    fn default() -> Self {
        const HOUR: u64 = 3_600_000;
        Self {
            sick_after_runs: 3,
            stale_after_periods: 3,
            clock_skew_s_max: 300,
            spare_after_runs: 5,
            spare_first_ms: HOUR,
            spare_max_ms: 24 * HOUR,
        }
    }
}

impl HealthLimits {
    /// Has the source failed so often that it is asked less?
    pub fn is_spared(&self, state: &SourceState) -> bool {
        self.spare_after_runs > 0 && state.spared_in_row >= self.spare_after_runs
    }

    /// How long after its last start the source is asked again at the earliest. None: it is not spared.
    pub fn spared_ms(&self, state: &SourceState) -> Option<u64> {
        let beyond = self
            .is_spared(state)
            .then(|| state.spared_in_row - self.spare_after_runs)?;
        let doubled = self.spare_first_ms.saturating_mul(1 << beyond.min(32));
        Some(doubled.min(self.spare_max_ms))
    }
}

/// How a source is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    #[default]
    Well,
    /// Its runs do not come to a good end.
    Sick,
    /// The same for so long that what is held of it is out of date.
    Stale,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Sick => "sick",
            Self::Stale => "stale",
        }
    }
}

/// A change of a source's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Counts from 1, without gaps.
    pub n: u64,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub source: String,
    pub state: Standing,
    /// Of a source that is not well.
    pub diagnosis: Option<Diagnosis>,
    /// The start of its last complete run, milliseconds since 1970.
    pub last_complete_ms: Option<i64>,
}

/// The file and what follows from it.
pub struct Book {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// The number of the last change.
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    /// All changes that are kept, oldest first.
    changes: Vec<Change>,
    file: Option<File>,
}

/// Beyond so many changes, the older half goes at the next start, but for the last one of each source.
const CHANGES_MAX: usize = 10_000;

impl Book {
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("health.jsonl");
        let (changes, whole) = read(&path)?;
        let last = changes.last().map_or(0, |change| change.n);
        let (last, _) = watch::channel(last);
        let book = Self {
            path,
            inner: Mutex::new(Inner {
                changes,
                file: None,
            }),
            last,
        };
        book.tidy(whole)?;
        Ok(book)
    }

    /// How a source is, and the change by which it came to be so. None: nothing was ever wrong with it.
    pub fn of(&self, source: &str) -> Option<Change> {
        let inner = self.inner();
        let mut newest = inner.changes.iter().rev();
        newest.find(|change| change.source == source).cloned()
    }

    /// Since when a source is as it is now: what is wrong with a sick one may have changed since. Milliseconds since 1970.
    pub fn since(&self, source: &str) -> Option<i64> {
        let inner = self.inner();
        let newest = inner.changes.iter().rev();
        let mut of_it = newest.filter(|change| change.source == source).peekable();
        let state = of_it.peek()?.state;
        let alike = of_it.take_while(|change| change.state == state);
        alike.last().map(|change| change.at_ms)
    }

    /// The first change after `n`.
    pub fn after(&self, n: u64) -> Option<Change> {
        let inner = self.inner();
        let at = inner.changes.partition_point(|change| change.n <= n);
        inner.changes.get(at).cloned()
    }

    /// The number of the last change; 0: there was none.
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Wakes whoever waits for a change.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// A source is so from now on. Gives the change, if it is one: what is wrong with a sick source may change, and a stale
    /// one stays stale until it is well. Durable when it returns.
    pub fn note(&self, mut change: Change) -> io::Result<Option<Change>> {
        let mut inner = self.inner();
        let mut newest = inner.changes.iter().rev();
        let before = newest.find(|other| other.source == change.source);
        let state = before.map(|other| other.state).unwrap_or_default();
        let code = |of: &Change| of.diagnosis.as_ref().map(|diagnosis| diagnosis.code);
        let is_news = match change.state {
            Standing::Well => state != Standing::Well,
            Standing::Sick if state == Standing::Sick => before.and_then(code) != code(&change),
            worse => worse > state,
        };
        if !is_news {
            return Ok(None);
        }
        change.n = inner.changes.last().map_or(0, |last| last.n) + 1;
        let file = match &mut inner.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?,
            ),
        };
        let mut line = serde_json::to_vec(&change)?;
        line.push(b'\n');
        let end = file.metadata()?.len();
        let written = file.write_all(&line).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // The next line begins where this one did; where that fails too, it is found out when the file is read again.
            let _ = file.set_len(end).and_then(|()| file.sync_all());
            inner.file = None;
            return Err(error);
        }
        inner.changes.push(change.clone());
        drop(inner);
        self.last.send_replace(change.n);
        Ok(Some(change))
    }

    /// Writes the file anew where its end was cut, or where it has grown long.
    fn tidy(&self, whole: bool) -> io::Result<()> {
        let mut inner = self.inner();
        let long = inner.changes.len() > CHANGES_MAX;
        if whole && !long {
            return Ok(());
        }
        if long {
            let mut newest = BTreeMap::new();
            for change in &inner.changes {
                newest.insert(change.source.clone(), change.n);
            }
            let from = inner.changes[CHANGES_MAX / 2].n;
            let stays = |c: &Change| c.n >= from || newest.get(&c.source) == Some(&c.n);
            inner.changes.retain(stays);
        }
        write(&self.path, &inner.changes)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was seen of sources goes, since it may quote what they said; how they are stays. While nobody has the file open.
pub fn forget_what_was_seen(data_dir: &Path) -> io::Result<()> {
    let path = data_dir.join("health.jsonl");
    let (mut changes, whole) = read(&path)?;
    if changes.is_empty() && whole {
        return Ok(());
    }
    for diagnosis in changes.iter_mut().filter_map(|c| c.diagnosis.as_mut()) {
        diagnosis.seen = Seen::default();
    }
    write(&path, &changes)
}

/// Writes the file anew: beside, synced, renamed.
fn write(path: &Path, changes: &[Change]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut file = File::create(&beside)?;
    for change in changes {
        file.write_all(&serde_json::to_vec(change)?)?;
        file.write_all(b"\n")?;
    }
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// The changes, and whether every line is one: a kill may have cut the last.
fn read(path: &Path) -> io::Result<(Vec<Change>, bool)> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        file => file?,
    };
    let (mut changes, mut whole) = (Vec::<Change>::new(), true);
    for line in BufReader::new(file).split(b'\n') {
        let last = changes.last().map_or(0, |change| change.n);
        match serde_json::from_slice::<Change>(&line?) {
            Ok(change) if change.n > last => changes.push(change),
            _ => whole = false,
        }
    }
    if !whole {
        tracing::warn!(file = %path.display(), kept = changes.len(), "lines that are no changes of health are left out");
    }
    Ok((changes, whole))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::diagnosis::{Ailment, of_error};

    fn change(source: &str, state: Standing) -> Change {
        Change {
            n: 0,
            at_ms: 1,
            source: source.to_owned(),
            state,
            diagnosis: (state != Standing::Well).then(|| of_error("x")),
            last_complete_ms: None,
        }
    }

    #[test]
    fn each_change_of_state_is_told_once_through_restarts_and_a_cut_file() {
        use Standing::{Sick, Stale, Well};
        let dir = tempfile::tempdir().unwrap();
        let mut told = Vec::new();
        for state in [Well, Sick, Sick, Stale, Sick, Stale, Well, Well, Sick] {
            // Opened anew each time.
            let book = Book::open(dir.path()).unwrap();
            told.extend(
                book.note(change("a", state))
                    .unwrap()
                    .map(|c| (c.n, c.state)),
            );
        }
        assert_eq!(told, [(1, Sick), (2, Stale), (3, Well), (4, Sick)]);
        let path = dir.path().join("health.jsonl");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        let book = Book::open(dir.path()).unwrap();
        assert_eq!((book.last(), book.of("a").unwrap().state), (3, Well));
        assert_eq!(book.note(change("a", Sick)).unwrap().unwrap().n, 4);
        assert_eq!(book.after(3).unwrap().state, Sick);
        assert_eq!((book.after(4), book.of("b")), (None, None));
        forget_what_was_seen(dir.path()).unwrap();
        let book = Book::open(dir.path()).unwrap();
        let sick = book.of("a").unwrap();
        assert_eq!((book.last(), sick.state), (4, Sick));
        assert_eq!(sick.diagnosis.unwrap().seen, Seen::default());
    }

    #[test]
    fn what_is_wrong_may_change_and_is_told_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path()).unwrap();
        let mut told = Vec::new();
        for (at_ms, code) in [
            (5, Ailment::Login),
            (6, Ailment::Login),
            (7, Ailment::Moved),
            (8, Ailment::Moved),
        ] {
            let change = Change {
                at_ms,
                diagnosis: Some(Diagnosis::new(code, Seen::default())),
                ..change("a", Standing::Sick)
            };
            told.extend(book.note(change).unwrap().map(|c| (c.n, c.at_ms)));
        }
        assert_eq!(told, [(1, 5), (2, 7)]);
        assert_eq!((book.since("a"), book.since("b")), (Some(5), None));
    }

    #[test]
    fn what_a_failed_write_left_is_not_continued() {
        use Standing::{Sick, Well};
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path()).unwrap();
        book.note(change("a", Sick)).unwrap();
        // Only to be read: the next write fails.
        book.inner().file = Some(File::open(dir.path().join("health.jsonl")).unwrap());
        assert!(book.note(change("a", Well)).is_err());
        assert_eq!(book.note(change("a", Well)).unwrap().unwrap().n, 2);
        drop(book);
        let book = Book::open(dir.path()).unwrap();
        assert_eq!((book.last(), book.of("a").unwrap().state), (2, Well));
    }

    #[test]
    fn a_source_that_fails_is_asked_less_and_less() {
        let limits = HealthLimits {
            spare_after_runs: 2,
            spare_first_ms: 10,
            spare_max_ms: 35,
            ..HealthLimits::default()
        };
        let spared = |spared_in_row| {
            limits.spared_ms(&SourceState {
                spared_in_row,
                ..SourceState::default()
            })
        };
        let found = [0, 1, 2, 3, 4, 4_000_000].map(spared);
        assert_eq!(found, [None, None, Some(10), Some(20), Some(35), Some(35)]);
    }
}
