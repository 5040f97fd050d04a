//! Quality of what is published: measured at each publication for what changed since the last, kept small, and summed up.
//!
//! Derived from the store and the log, and made anew where it is missing, damaged, or of other formulas. The graph
//! `{base}graph/quality` is written through the store; beside it lie a compact result for each dataset ([`book`]) and one
//! figure a day ([`days`]). What an indicator asks for is `vocab`'s business ([`harvestd_vocab::quality`]). Start at
//! [`Survey::follow`].

mod book;
mod days;
mod entry;
mod measure;
mod sums;

pub use days::{Day, Scope, read as read_days};
pub use entry::{Entry, Group, Publisher};
pub use measure::entry_of;
pub use sums::{Sum, Sums};

use crate::chunks::Panicked;
use crate::log::{Activity, Verb};
use crate::state::{
    StateError,
    links::{KeptLinks, Moved},
};
use crate::store::{Head, Store, StoreError};
use book::Book;
use chrono::{DateTime, Utc};
use days::Days;
use harvestd_vocab::quality::Rating;
use measure::{Job, Made};
use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Quality could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("measuring quality: {0}")]
    Panicked(#[from] Panicked),
    #[error("measuring quality: {0}")]
    Io(#[from] io::Error),
    #[error("measuring quality: {0}")]
    State(#[from] StateError),
}

/// Up to where something is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Of the formulas.
    version: String,
    pub generation: u64,
    pub seq: u64,
    /// Days since 1970, UTC: what was on time that day may be late on the next.
    pub today: i32,
}

impl Mark {
    fn of(head: Head, today: i32) -> Self {
        Self {
            version: harvestd_vocab::quality::version().to_owned(),
            generation: head.generation,
            seq: head.seq,
            today,
        }
    }

    fn text(&self) -> String {
        format!(
            "{} {} {} {}",
            self.version, self.generation, self.seq, self.today
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        Some(Self {
            version: parts.next()?.to_owned(),
            generation: parts.next()?.parse().ok()?,
            seq: parts.next()?.parse().ok()?,
            today: parts.next()?.parse().ok()?,
        })
    }
}

/// What is measured and not written yet.
struct Prepared {
    mark: Mark,
    /// By dataset; None: it is none any more.
    changes: HashMap<String, Option<Entry>>,
    /// Nothing that was measured before counts.
    is_anew: bool,
    /// Publishers that may be called something else now.
    renamed: HashSet<String>,
    /// Of addresses, what is in it.
    moved: Vec<Moved>,
    /// [`Book::ratings`] with it.
    ratings: u64,
}

/// What the last measuring made of the ratings.
struct Turn {
    before: u64,
    now: u64,
    /// Whose rating is another.
    moved: Vec<String>,
}

/// The survey of a data directory.
pub struct Survey {
    /// Of the book: made again where it is missing.
    dir: PathBuf,
    /// None: not read yet, or not to be trusted since something failed.
    book: Option<Book>,
    prepared: Option<Prepared>,
    days: Days,
    /// What is known of addresses. None: nobody checks any.
    links: Option<KeptLinks>,
    /// None: the ratings are not known.
    turn: Option<Turn>,
}

/// Today, as days since 1970 (UTC).
pub fn today() -> i32 {
    day_of(Utc::now())
}

fn day_of(time: DateTime<Utc>) -> i32 {
    i32::try_from(time.timestamp().div_euclid(86_400)).unwrap_or(i32::MAX)
}

impl Survey {
    /// Nothing is read yet.
    pub fn of(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("survey"),
            days: Days::of(&data_dir.join("quality")),
            book: None,
            prepared: None,
            links: None,
            turn: None,
        }
    }

    /// The same with what is known of addresses. Where that changes, the datasets that name one are measured again.
    pub fn with_links(mut self, links: KeptLinks) -> Self {
        self.links = Some(links);
        self
    }

    /// Has anything become known of addresses since?
    pub fn has_news(&self) -> bool {
        self.links.as_ref().is_some_and(KeptLinks::has_moved)
    }

    /// The day up to which is measured. None: nothing was.
    pub fn day(&self) -> Option<i32> {
        let book = self.book.as_ref()?;
        book.mark.as_ref().map(|mark| mark.today)
    }

    /// How a dataset is rated, by the last measuring. None: it is none, or that is not known.
    pub fn rating(&self, entity: &str) -> Option<Rating> {
        let prepared = self.prepared.as_ref();
        let entry = match prepared.and_then(|prepared| prepared.changes.get(entity)) {
            Some(entry) => entry.as_ref(),
            None => self.book.as_ref()?.entry(entity),
        };
        entry.map(Entry::rating)
    }

    /// Another number where a dataset is rated otherwise; 0: the ratings are not known, or there are none.
    pub fn ratings(&self) -> u64 {
        self.turn.as_ref().map_or(0, |turn| turn.now)
    }

    /// Whose rating is another than when [`Survey::ratings`] gave that number. None: nobody remembers.
    pub fn rated_since(&self, ratings: u64) -> Option<&[String]> {
        match &self.turn {
            Some(turn) if turn.before == ratings => Some(&turn.moved),
            Some(turn) if turn.now != ratings => None,
            _ => Some(&[]),
        }
    }

    /// Brings the figures to where the store is, and gives the sums that belong to its head. Trouble here costs figures,
    /// never a publication: it is told, and all is tried again at the next one.
    pub fn follow(&mut self, store: &mut Store, now: DateTime<Utc>) -> Option<Arc<Sums>> {
        match self.advance(store, now) {
            Ok(sums) => Some(sums),
            Err(error) => {
                tracing::error!(%error, "the quality of datasets could not be measured; it is tried again at the next publication");
                (self.book, self.prepared, self.turn) = (None, None, None);
                None
            }
        }
    }

    /// What is known without writing anything: what was measured, and from there on what the log tells. None: all would
    /// have to be measured anew.
    pub fn look(&mut self, store: &Store, now: DateTime<Utc>) -> Option<Arc<Sums>> {
        let looked = self.prepare_unless_anew(store, day_of(now));
        if let Err(error) = &looked {
            tracing::warn!(%error, "the quality of datasets could not be read");
        }
        looked.ok().filter(|is_known| *is_known)?;
        let mut book = self.book.take()?;
        if let Some(prepared) = self.prepared.take() {
            book.apply(prepared, store).ok()?;
        }
        Some(self.book.insert(book).sums())
    }

    fn prepare_unless_anew(&mut self, store: &Store, today: i32) -> Result<bool, SurveyError> {
        let mark = Mark::of(store.head(), today);
        let stored = store.quality_mark()?.and_then(|text| Mark::parse(&text));
        if self.since(stored, &mark).is_none() {
            return Ok(false);
        }
        self.prepare_for(store, mark)?;
        Ok(self.prepared.as_ref().is_none_or(|p| !p.is_anew))
    }

    fn advance(&mut self, store: &mut Store, now: DateTime<Utc>) -> Result<Arc<Sums>, SurveyError> {
        let began = Instant::now();
        self.prepare_for(store, Mark::of(store.head(), day_of(now)))?;
        let mut book = self.book.take().unwrap_or_default();
        if let Some(mut prepared) = self.prepared.take() {
            let moved = std::mem::take(&mut prepared.moved);
            let (mark, measured) = (prepared.mark.text(), prepared.changes.len());
            let values = prepared.changes.iter();
            let values = values.map(|(entity, entry)| {
                let values = entry.as_ref().map(Entry::values).unwrap_or_default();
                (entity.as_str(), values)
            });
            store.set_quality(values, &mark, prepared.is_anew)?;
            crate::crash_point!("measured");
            book.apply(prepared, store)?;
            book.keep(&self.dir, began, !moved.is_empty())?;
            if let Some(links) = &self.links {
                links.settle(&moved)?;
            }
            let took_ms = began.elapsed().as_millis() as u64;
            tracing::debug!(measured, took_ms, "quality is measured");
            metrics::histogram!("harvestd_quality_seconds").record(began.elapsed().as_secs_f64());
        }
        let sums = book.sums();
        self.book = Some(book);
        self.days.note(&sums, now)?;
        sums.tell();
        Ok(sums)
    }

    /// Measures what [`Survey::follow`] will write, for whoever has time before.
    pub fn prepare(&mut self, store: &Store, now: DateTime<Utc>) {
        if let Err(error) = self.prepare_for(store, Mark::of(store.head(), day_of(now))) {
            // It is tried once more when it is needed, and told then.
            tracing::debug!(%error, "the quality of datasets could not be measured ahead");
        }
    }

    fn prepare_for(&mut self, store: &Store, mark: Mark) -> Result<(), SurveyError> {
        if self.prepared.as_ref().is_some_and(|p| p.mark == mark) {
            return Ok(());
        }
        self.prepared = None;
        let stored = store.quality_mark()?.and_then(|text| Mark::parse(&text));
        let since = self.since(stored.clone(), &mark);
        let moved = self.links.as_ref().map(KeptLinks::moved).transpose()?;
        let moved = moved.unwrap_or_default();
        let (book, links) = (self.book.get_or_insert_default(), self.links.as_ref());
        // One after the other, most of them take longer than all.
        let since = since.filter(|_| moved.len() * 2 <= book.datasets());
        let is_measured = stored.as_ref() == Some(&mark) && book.mark.as_ref() == Some(&mark);
        if is_measured && moved.is_empty() {
            let now = book.ratings;
            let known = self.turn.take().filter(|turn| turn.now == now);
            self.turn = Some(known.unwrap_or(Turn {
                before: now,
                now,
                moved: Vec::new(),
            }));
            return Ok(());
        }
        let mut prepared = Prepared {
            mark: mark.clone(),
            changes: HashMap::new(),
            is_anew: false,
            renamed: HashSet::new(),
            moved,
            ratings: 0,
        };
        let jobs = match since {
            Some((seq, _)) => logged(store, &mark, seq)?,
            None => None,
        };
        let jobs = match jobs {
            Some(jobs) => jobs,
            None => {
                prepared.is_anew = true;
                all(store, book.datasets() as u64)?
            }
        };
        measure::all(store, &mark, links, jobs, &mut |made| {
            take(book, &mut prepared, made);
        })?;
        if !prepared.is_anew {
            again(book, store, links, &mut prepared)?;
        }
        if let Some((_, day)) = since.filter(|(_, day)| *day != mark.today && !prepared.is_anew) {
            turned(book, store, day, &mut prepared)?;
        }
        let before = book.ratings;
        let (now, moved) = book.rated_with(&prepared.changes, prepared.is_anew);
        prepared.ratings = now;
        self.turn = Some(Turn { before, now, moved });
        self.prepared = Some(prepared);
        Ok(())
    }

    /// From which activity and day on something is to be measured. None: everything is.
    fn since(&mut self, stored: Option<Mark>, mark: &Mark) -> Option<(u64, i32)> {
        let book = self.book.get_or_insert_with(|| Book::read(&self.dir));
        let (stored, kept) = (stored?, book.mark.as_ref()?);
        let holds = |of: &Mark| {
            of.version == mark.version && of.generation == mark.generation && of.seq <= mark.seq
        };
        (holds(&stored) && holds(kept))
            .then(|| (stored.seq.min(kept.seq), stored.today.min(kept.today)))
    }
}

type Jobs<'s> = Box<dyn Iterator<Item = Result<Job, SurveyError>> + 's>;

/// What was committed after an activity. None: the log does not tell.
fn logged(store: &Store, mark: &Mark, seq: u64) -> Result<Option<Jobs<'static>>, SurveyError> {
    match store.log().after(mark.generation, seq, mark.seq) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        activities => Ok(Some(Box::new(activities?.map(job)))),
    }
}

/// All that the store holds, some so many entities: in the order of the log, where that is faster.
fn all(store: &Store, entities: u64) -> Result<Jobs<'_>, SurveyError> {
    Ok(match store.all_logged(entities)? {
        Some(activities) => Box::new(activities.map(job)),
        None => Box::new(store.every().map(|described| -> Result<Job, SurveyError> {
            let (entity, body) = described?;
            let body = Some(body);
            Ok(Job { entity, body })
        })),
    })
}

fn job(activity: io::Result<Activity>) -> Result<Job, SurveyError> {
    let activity = activity?;
    let is_here = activity.verb != Verb::Delete;
    Ok(Job {
        entity: activity.entity,
        body: is_here.then_some(activity.body),
    })
}

fn take(book: &mut Book, prepared: &mut Prepared, made: Made) {
    let entry = made.measured.map(|(entry, group)| Entry {
        group: book.group(group),
        ..entry
    });
    if entry.is_none() && book.is_publisher(&made.entity) {
        prepared.renamed.insert(made.entity.clone());
    }
    prepared.changes.insert(made.entity, entry);
}

/// What has not changed itself, but of which an address leads to something now, or no more.
fn again(
    book: &mut Book,
    store: &Store,
    links: Option<&KeptLinks>,
    prepared: &mut Prepared,
) -> Result<(), SurveyError> {
    let moved = prepared.moved.iter().filter_map(|moved| moved.iri.clone());
    let others: Vec<String> = moved
        .filter(|iri| !prepared.changes.contains_key(iri))
        .collect();
    let jobs = others
        .into_iter()
        .map(|entity| -> Result<Job, SurveyError> {
            let body = store.body(&entity)?;
            Ok(Job { entity, body })
        });
    let mark = prepared.mark.clone();
    measure::all(store, &mark, links, jobs, &mut |made| {
        take(book, prepared, made)
    })
}

/// What is late today and was not on the day before, or the other way round.
fn turned(
    book: &Book,
    store: &Store,
    before: i32,
    prepared: &mut Prepared,
) -> Result<(), SurveyError> {
    let (from, to) = (
        before.min(prepared.mark.today),
        before.max(prepared.mark.today),
    );
    for entity in store.measured()? {
        if prepared.changes.contains_key(&entity) {
            continue;
        }
        let entry = book.entry(&entity).copied();
        if let Some(entry) = entry.filter(|entry| (from + 1..=to).contains(&entry.late_from)) {
            let on = entry.on(prepared.mark.today);
            prepared.changes.insert(entity, Some(on));
        }
    }
    Ok(())
}
