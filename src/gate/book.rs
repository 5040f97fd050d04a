//! What the gate remembers of each source: the most datasets held each day, the deletions that are held for a person, and
//! the records that a person keeps although the source does not name them any more.
//!
//! `gate/{source}.json`, written whole and synced. Where it cannot be read, a run of the source fails and nothing is
//! deleted; where it is missing, it begins anew with what is held. It decides nothing. Start at [`Book`].

use super::Cause;
use harvestd_harvesters::RecordId;
use harvestd_vocab::Class;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

const DAY_MS: i64 = 86_400_000;

/// The pages of all sources.
#[derive(Debug)]
pub struct Book {
    dir: PathBuf,
    /// In short, for whoever asks often.
    told: Mutex<BTreeMap<String, Told>>,
}

/// What is remembered of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Day since 1970 (UTC) -> the most datasets that were held.
    #[serde(default)]
    highest: BTreeMap<i64, u64>,
    #[serde(default)]
    pub held: Option<Held>,
    /// Records that a person keeps: their absence says nothing until the source names them again.
    #[serde(default)]
    pub kept: BTreeSet<RecordId>,
}

/// Deletions that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Names what is on the list: the same for the same records.
    pub list: String,
    pub cause: Cause,
    pub why: String,
    /// The first of the runs in a row that left out exactly these, and the newest.
    pub first_run: String,
    pub run: String,
    pub since_ms: i64,
    /// How many they are.
    pub runs: u64,
    pub records: BTreeSet<RecordId>,
}

/// A page in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub source: String,
    /// Deletions that wait for a person.
    pub held: Option<HeldTold>,
    /// Records that a person keeps.
    pub kept: u64,
}

/// A list of held deletions in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTold {
    /// Names what is on the list: the same for the same records.
    pub list: String,
    pub cause: Cause,
    pub why: String,
    pub datasets: u64,
    /// Agents, catalogues, series and services.
    pub others: u64,
    pub since_ms: i64,
    /// The newest run that left out exactly these, and how many in a row did.
    pub run: String,
    pub runs: u64,
}

impl Held {
    /// A list by a run that holds deletions: the next of a row where it is the same as `before`, else the first of one.
    pub fn next(
        before: Option<&Self>,
        cause: Cause,
        why: String,
        run: &str,
        now_ms: i64,
        records: BTreeSet<RecordId>,
    ) -> Self {
        let list = name_of(&records);
        let again = before.filter(|before| before.list == list);
        Self {
            list,
            // The new identifiers of the first run are old ones at the second.
            cause: again.map_or(cause, |held| held.cause),
            why,
            first_run: again.map_or_else(|| run.to_owned(), |held| held.first_run.clone()),
            run: run.to_owned(),
            since_ms: again.map_or(now_ms, |held| held.since_ms),
            runs: again.map_or(0, |held| held.runs) + 1,
            records,
        }
    }

    pub fn told(&self) -> HeldTold {
        let datasets = datasets(&self.records);
        HeldTold {
            list: self.list.clone(),
            cause: self.cause,
            why: self.why.clone(),
            datasets,
            others: self.records.len() as u64 - datasets,
            since_ms: self.since_ms,
            run: self.run.clone(),
            runs: self.runs,
        }
    }
}

/// How many of these records are datasets.
pub fn datasets<'r>(records: impl IntoIterator<Item = &'r RecordId>) -> u64 {
    let datasets = records.into_iter().filter(|r| r.class == Class::Dataset);
    datasets.count() as u64
}

fn name_of(records: &BTreeSet<RecordId>) -> String {
    let mut hasher = blake3::Hasher::new();
    for record in records {
        hasher.update(record.to_string().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

impl Page {
    /// The most datasets that were held in the last `days`, today included.
    pub fn highest(&self, days: u64, now_ms: i64) -> u64 {
        let today = now_ms.div_euclid(DAY_MS);
        let first = today.saturating_sub_unsigned(days.saturating_sub(1));
        let recent = self.highest.range(first..).map(|(_, count)| *count);
        recent.max().unwrap_or_default()
    }

    /// So many datasets are held now.
    pub fn count(&mut self, holds: u64, days: u64, now_ms: i64) {
        let today = now_ms.div_euclid(DAY_MS);
        let first = today.saturating_sub_unsigned(days.saturating_sub(1));
        self.highest.retain(|day, _| *day >= first);
        let most = self.highest.entry(today).or_default();
        *most = holds.max(*most);
    }

    /// So many went with somebody's word: they count as if they had not been held.
    pub fn lower(&mut self, by: u64) {
        for count in self.highest.values_mut() {
            *count = count.saturating_sub(by);
        }
    }

    /// These are not missing any more: they came again, or are gone.
    pub fn settle(&mut self, is_settled: &dyn Fn(&RecordId) -> bool) {
        self.kept.retain(|id| !is_settled(id));
        let Some(held) = &mut self.held else {
            return;
        };
        let before = held.records.len();
        held.records.retain(|id| !is_settled(id));
        if held.records.is_empty() {
            self.held = None;
        } else if held.records.len() < before {
            held.list = name_of(&held.records);
        }
    }

    /// Names these no more. A list that held one of them goes; the next run makes another.
    pub fn forget(&mut self, ids: &BTreeSet<RecordId>) {
        self.kept.retain(|id| !ids.contains(id));
        self.held.take_if(|held| !held.records.is_disjoint(ids));
    }

    fn told(&self, source: &str) -> Told {
        Told {
            source: source.to_owned(),
            held: self.held.as_ref().map(Held::told),
            kept: self.kept.len() as u64,
        }
    }
}

impl Book {
    /// Opens it, and looks through all pages once. A page that cannot be read is told of when it is needed.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let book = Self {
            dir: data_dir.join("gate"),
            told: Mutex::default(),
        };
        let entries = match fs::read_dir(&book.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(book),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let is = |extension: &str| path.extension().is_some_and(|e| e == extension);
            if is("tmp") {
                fs::remove_file(&path)?;
            } else if is("json")
                && let Some(source) = path.file_stem().and_then(|stem| stem.to_str())
            {
                match book.page(source) {
                    Ok(page) => book.tell(&mut book.told(), source, &page),
                    Err(error) => tracing::error!(source, %error, "what the gate remembers"),
                }
            }
        }
        Ok(book)
    }

    /// What is remembered of a source.
    pub fn page(&self, source: &str) -> io::Result<Page> {
        let path = self.path_of(source);
        let broken = |e: serde_json::Error| {
            let text = format!(
                "{} cannot be read ({e}): nothing of the source is deleted until it is mended or taken away",
                path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(broken),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Page::default()),
            Err(e) => Err(e),
        }
    }

    /// Changes what is remembered of a source, durably.
    pub fn change<T>(&self, source: &str, change: impl FnOnce(&mut Page) -> T) -> io::Result<T> {
        let mut told = self.told();
        let before = self.page(source)?;
        let mut page = before.clone();
        let given = change(&mut page);
        if page != before {
            self.write(source, &page)?;
        }
        self.tell(&mut told, source, &page);
        Ok(given)
    }

    /// What is remembered of a source, in short; always from memory.
    pub fn of(&self, source: &str) -> Option<Told> {
        self.told().get(source).cloned()
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<String, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    fn tell(&self, told: &mut BTreeMap<String, Told>, source: &str, page: &Page) {
        let now = page.told(source);
        let held = now.held.as_ref().map_or(0, |held| held.datasets);
        if held > 0 || told.contains_key(source) {
            metrics::gauge!("harvestd_held_datasets", "source" => source.to_owned())
                .set(held as f64);
        }
        told.insert(source.to_owned(), now);
    }

    fn write(&self, source: &str, page: &Page) -> io::Result<()> {
        crate::trouble_point!("gate-fails", crate::crash::planned());
        fs::create_dir_all(&self.dir)?;
        let path = self.path_of(source);
        let temporary = path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(page)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        File::open(&self.dir)?.sync_all()
    }

    fn path_of(&self, source: &str) -> PathBuf {
        self.dir.join(format!("{source}.json"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn ids(keys: &[&str]) -> BTreeSet<RecordId> {
        keys.iter().map(|key| RecordId::dataset(*key)).collect()
    }

    fn held(before: Option<&Held>, run: &str, keys: &[&str]) -> Held {
        Held::next(before, Cause::Share, "why".to_owned(), run, 7, ids(keys))
    }

    #[test]
    fn runs_in_a_row_are_counted_while_the_list_is_the_same() {
        let first = held(None, "1-a", &["x", "y"]);
        let second = held(Some(&first), "2-a", &["y", "x"]);
        assert_eq!((second.runs, second.first_run.as_str()), (2, "1-a"));
        assert_eq!(second.list, first.list);
        let other = held(Some(&second), "3-a", &["x"]);
        assert_eq!((other.runs, other.first_run.as_str()), (1, "3-a"));
    }

    #[test]
    fn what_is_forgotten_is_named_no_more() {
        let mut page = Page {
            held: Some(held(None, "1-a", &["x", "y"])),
            kept: ids(&["x", "z"]),
            ..Page::default()
        };
        page.forget(&ids(&["z"]));
        assert!(page.held.is_some());
        page.forget(&ids(&["x"]));
        assert_eq!(page, Page::default());
    }

    #[test]
    fn the_highest_count_of_the_last_days() {
        let mut page = Page::default();
        let day = |n: i64| n * DAY_MS + 5;
        page.count(1_000, 30, day(100));
        page.count(900, 30, day(100));
        page.count(800, 30, day(101));
        assert_eq!(page.highest(30, day(129)), 1_000);
        assert_eq!(
            page.highest(30, day(130)),
            800,
            "30 days, that day included"
        );
        page.lower(300);
        assert_eq!(page.highest(30, day(129)), 700);
        page.count(600, 30, day(200));
        assert_eq!(page.highest.len(), 1, "what is too old goes");
    }

    #[test]
    fn a_page_outlives_the_process_and_what_comes_back_leaves_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path()).unwrap();
        assert_eq!(book.of("a"), None);
        book.change("a", |page| {
            page.held = Some(held(None, "1-a", &["x", "y"]));
            page.kept = ids(&["k"]);
        })
        .unwrap();
        let again = Book::open(dir.path()).unwrap();
        let told = again.of("a").unwrap();
        assert_eq!((told.held.unwrap().datasets, told.kept), (2, 1));
        again
            .change("a", |page| {
                page.settle(&|id| id.key == "x" || id.key == "k")
            })
            .unwrap();
        let page = again.page("a").unwrap();
        assert_eq!(
            (page.held.unwrap().records, page.kept),
            (ids(&["y"]), ids(&[]))
        );
        again.change("a", |page| page.settle(&|_| true)).unwrap();
        assert_eq!(again.of("a").unwrap().held, None);
    }

    #[test]
    fn a_damaged_page_is_an_error_and_never_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path()).unwrap();
        book.change("a", |page| page.kept = ids(&["k"])).unwrap();
        fs::write(dir.path().join("gate/a.json"), "{").unwrap();
        let error = book.page("a").unwrap_err().to_string();
        assert!(error.contains("gate/a.json cannot be read"), "{error}");
        assert!(book.change("a", |_| ()).is_err());
    }
}
