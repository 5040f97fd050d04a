//! The sample federation in time: which items exist at a step, and what has happened to them.
//!
//! Every catalogue is a window over an endless numbered sequence of items. Each step moves the window by one (the
//! oldest item is deleted, a new one created) and revises every thirteenth item in it. All of it is arithmetic on the
//! step; nothing is random. All that is ever stored is when it began and the step ([`World::kept`]), so that a demo goes
//! on where it stopped. Knows no dialect and no network.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A world that moves: by the clock, by hand, or both. Clones share one history.
#[derive(Debug, Clone)]
pub struct World {
    history: History,
    every: TimeDelta,
    /// From when on the clock counts. None: it moves only by hand.
    started: Option<DateTime<Utc>>,
    by_hand: Arc<AtomicU64>,
    kept_in: Option<Arc<PathBuf>>,
    hub: Option<Arc<str>>,
}

/// Where a world began and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct History {
    began: DateTime<Utc>,
    step: u64,
}

impl World {
    /// Moves one step each `every` from `now` on, and by hand. An interval under a second counts as one.
    pub fn moving(now: DateTime<Utc>, every: Duration) -> Self {
        let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::days(1));
        Self {
            every: every.max(TimeDelta::seconds(1)),
            started: Some(now),
            ..Self::standing(now)
        }
    }

    /// The same, and goes on where the file says that it stopped. Stands still while nobody serves it.
    pub fn kept(file: PathBuf, now: DateTime<Utc>, every: Duration) -> io::Result<Self> {
        let mut world = Self::moving(now, every);
        match fs::read(&file) {
            Ok(bytes) => world.history = serde_json::from_slice(&bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        world.kept_in = Some(Arc::new(file));
        Ok(world)
    }

    /// Moves only by [`World::advance`]; by its own dates a step takes a minute.
    pub fn standing(began: DateTime<Utc>) -> Self {
        Self {
            history: History { began, step: 0 },
            every: TimeDelta::minutes(1),
            started: None,
            by_hand: Arc::default(),
            kept_in: None,
            hub: None,
        }
    }

    /// The same, where somebody in it harvests the daemon at this public address, which ends with a slash.
    pub fn with_hub(self, public_url: &str) -> Self {
        Self {
            hub: Some(public_url.into()),
            ..self
        }
    }

    /// The public address of the daemon that somebody in it harvests.
    pub fn hub(&self) -> Option<&str> {
        self.hub.as_deref()
    }

    /// One step forward, now.
    pub fn advance(&self) {
        self.by_hand.fetch_add(1, Ordering::SeqCst);
    }

    /// The world as it is at `now`.
    pub fn moment(&self, now: DateTime<Utc>) -> Moment {
        let by_clock = self.started.map_or(0, |started| {
            let elapsed_s = (now - started).num_seconds().max(0);
            (elapsed_s / self.every.num_seconds()).unsigned_abs()
        });
        let by_hand = self.by_hand.load(Ordering::SeqCst);
        Moment {
            began: self.history.began,
            every: self.every,
            step: self.history.step + by_clock + by_hand,
        }
    }

    /// Notes the step of `now` in the world's file, if it has one.
    pub fn keep(&self, now: DateTime<Utc>) -> io::Result<()> {
        let Some(file) = &self.kept_in else {
            return Ok(());
        };
        let Moment { began, step, .. } = self.moment(now);
        let temporary = file.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec(&History { began, step })?)?;
        fs::rename(&temporary, file.as_path())
    }
}

/// The world at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    began: DateTime<Utc>,
    every: TimeDelta,
    pub step: u64,
}

/// One item of a catalogue: a number that says what it is about, and its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    pub number: u64,
    /// How often it was revised since it was created.
    pub revision: u64,
    pub created: DateTime<Utc>,
    pub modified: DateTime<Utc>,
}

impl Moment {
    /// The items of a catalogue that holds `size` of them.
    pub fn items(self, size: u64) -> impl Iterator<Item = Item> {
        (self.step..self.step + size).map(move |number| self.item(number, size))
    }

    /// When the newest change happened.
    pub fn modified(self) -> DateTime<Utc> {
        self.time(self.step)
    }

    /// The same world at an earlier step; a later one does not exist yet.
    pub fn back_to(self, step: u64) -> Self {
        Self {
            step: step.min(self.step),
            ..self
        }
    }

    fn item(self, number: u64, size: u64) -> Item {
        let created_step = (number + 1).saturating_sub(size);
        let phase = revision_phase(number);
        let until = revisions_until(self.step, phase);
        let revision = until - revisions_until(created_step, phase);
        let created = match created_step {
            0 => self.began - TimeDelta::days(days(number, 30, 900)),
            step => self.time(step),
        };
        let modified = match (revision, created_step) {
            (0, 0) => self.began - TimeDelta::hours(days(number, 1, 600)),
            (0, step) => self.time(step),
            _ => self.time(phase + REVISED_EVERY * (until - 1)),
        };
        Item {
            number,
            revision,
            created,
            modified,
        }
    }

    /// When a step happened, by the world's own dates: steps made by hand run ahead of the clock.
    fn time(self, step: u64) -> DateTime<Utc> {
        let steps = i32::try_from(step).unwrap_or(i32::MAX);
        self.every
            .checked_mul(steps)
            .and_then(|passed| self.began.checked_add_signed(passed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// An item is revised at every thirteenth step.
const REVISED_EVERY: u64 = 13;

/// The first step at which an item is revised; neighbours are revised at different steps.
fn revision_phase(number: u64) -> u64 {
    number.wrapping_mul(5) % REVISED_EVERY
}

/// How many revisions fall on the steps up to and including `step`.
fn revisions_until(step: u64, phase: u64) -> u64 {
    if step < phase {
        0
    } else {
        (step - phase) / REVISED_EVERY + 1
    }
}

/// A number between `from` and `from + spread` that looks scattered.
fn days(number: u64, from: i64, spread: u64) -> i64 {
    from + i64::try_from(number.wrapping_mul(2_654_435_761) % spread).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeMap;

    fn began() -> DateTime<Utc> {
        "2026-11-02T01:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_step_is_the_same_world() {
        let (one, other) = (World::standing(began()), World::standing(began()));
        for _ in 0..20 {
            one.advance();
            other.advance();
            let (a, b) = (
                one.moment(began()),
                other.moment(began() + TimeDelta::days(1)),
            );
            assert_eq!(
                a.items(60).collect::<Vec<_>>(),
                b.items(60).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_clock_moves_it_too() {
        let world = World::moving(began(), Duration::from_secs(60));
        assert_eq!(world.moment(began() - TimeDelta::hours(1)).step, 0);
        assert_eq!(world.moment(began() + TimeDelta::seconds(59)).step, 0);
        assert_eq!(world.moment(began() + TimeDelta::seconds(180)).step, 3);
        world.advance();
        assert_eq!(world.moment(began() + TimeDelta::seconds(180)).step, 4);
    }

    #[test]
    fn a_kept_world_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("world.json");
        let every = Duration::from_secs(20);
        let stopped = began() + TimeDelta::seconds(65);
        let world = World::kept(file.clone(), began(), every).unwrap();
        world.advance();
        let last = world.moment(stopped);
        assert_eq!(last.step, 4);
        world.keep(stopped).unwrap();

        let days_later = began() + TimeDelta::days(3);
        let again = World::kept(file.clone(), days_later, every).unwrap();
        assert_eq!(again.moment(days_later), last);
        assert_eq!(again.moment(days_later + TimeDelta::seconds(20)).step, 5);
        fs::write(&file, "not a history").unwrap();
        assert!(World::kept(file, days_later, every).is_err());
    }

    #[test]
    fn each_step_creates_one_deletes_one_and_revises_some() {
        let world = World::standing(began());
        for size in [40, 60, 120] {
            for _ in 0..100 {
                let before = by_number(world.moment(began()), size);
                world.advance();
                let after = by_number(world.moment(began()), size);
                let created: Vec<_> = after
                    .values()
                    .filter(|i| !before.contains_key(&i.number))
                    .collect();
                let deleted = before.keys().filter(|n| !after.contains_key(n)).count();
                let revised: Vec<_> = after
                    .values()
                    .filter(|i| before.get(&i.number).is_some_and(|old| old != *i))
                    .collect();
                assert_eq!((created.len(), deleted), (1, 1));
                assert!(revised.len() >= 2, "{} revised of {size}", revised.len());
                let newest = before.values().map(|i| i.modified).max().unwrap();
                for item in created.into_iter().chain(revised) {
                    assert!(
                        item.modified > newest,
                        "what changes is the newest: {item:?}"
                    );
                    assert!(item.modified >= item.created);
                }
            }
        }
    }

    fn by_number(moment: Moment, size: u64) -> BTreeMap<u64, Item> {
        let items: BTreeMap<_, _> = moment.items(size).map(|i| (i.number, i)).collect();
        assert_eq!(items.len() as u64, size);
        items
    }
}
