//! What is known of each address, and what a new answer makes of it: history, when it counts as broken, when it is asked
//! again.
//!
//! Knows no network and no clock. Start at [`Address::note`].

use super::{
    LinkLimits,
    declared::Dataset,
    judge::{Came, judge},
    trouble::Trouble,
};
use serde::{Deserialize, Serialize};
use url::Url;

/// Datasets that name one address are looked at up to so many: a page that thousands name is one page.
pub const NAMED_BY_MAX: usize = 8;

/// An address and how it fared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub url: String,
    pub host: String,
    /// Whose it is: the sources and publishers of datasets that name it.
    pub of: Vec<Owner>,
    /// How it fared the last time that something was learnt. None: it was never checked.
    pub trouble: Option<Trouble>,
    /// It has failed often and long enough.
    pub broken: bool,
    /// It was well once.
    pub was_well: bool,
    /// Failed checks in a row, and when the first of them was.
    pub failures: u32,
    pub first_failed_ms: Option<i64>,
    pub checked_ms: Option<i64>,
    pub due_ms: i64,
    /// The last checks, the newest last.
    pub history: Vec<Try>,
    /// What came the last time.
    pub came: Option<Came>,
}

/// Whose an address is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    pub source: String,
    /// Name of the publisher, or else its IRI; empty: none is known.
    pub publisher: String,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub trouble: Trouble,
    pub status: Option<u16>,
    pub took_ms: u64,
}

impl Address {
    /// An address that nobody asked yet: it is due at once.
    pub fn new(url: &str, now_ms: i64) -> Self {
        Self {
            url: url.to_owned(),
            host: host_of(url),
            due_ms: now_ms,
            ..Self::default()
        }
    }

    /// Those who name it now. Gives whether that is news.
    pub fn set_owners(&mut self, named_by: &[Dataset]) -> bool {
        let mut of: Vec<Owner> = named_by.iter().map(owner).collect();
        of.sort();
        of.dedup();
        let news = self.of != of;
        self.of = of;
        news
    }

    /// What came, judged by what each of the datasets declares: the gravest counts.
    pub fn judged(&self, named_by: &[Dataset], came: &Came) -> Trouble {
        let places = named_by.iter().flat_map(|dataset| &dataset.places);
        let ours = places.filter(|place| place.url == self.url);
        let troubles = ours.map(|p| judge(&p.url, p.role, &p.declared, came).trouble);
        troubles.min().unwrap_or_else(|| {
            let nothing = super::declared::Declared::default();
            judge(&self.url, super::declared::Role::Access, &nothing, came).trouble
        })
    }

    /// One more check came to this. One bad minute is no alarm: an address is broken after several failures over several
    /// hours, and well again at once.
    pub fn note(&mut self, trouble: Trouble, came: Came, now_ms: i64, limits: &LinkLimits) {
        self.history.push(Try {
            at_ms: now_ms,
            trouble,
            status: came.status,
            took_ms: came.took_ms,
        });
        let beyond = self.history.len().saturating_sub(limits.history_max);
        self.history.drain(..beyond);
        self.checked_ms = Some(now_ms);
        if trouble == Trouble::Busy {
            let wait = came.retry_after_ms.unwrap_or_default();
            self.due_ms = later(
                now_ms,
                wait.max(limits.retry_first_ms).min(limits.period_ms),
            );
            return;
        }
        self.trouble = Some(trouble);
        self.came = Some(came);
        if trouble.is_fault() {
            self.failures = self.failures.saturating_add(1);
            let first = *self.first_failed_ms.get_or_insert(now_ms);
            let failing_ms = u64::try_from(now_ms - first).unwrap_or_default();
            self.broken |=
                self.failures >= limits.failures_min && failing_ms >= limits.failing_ms_min;
            let doublings = self.failures.saturating_sub(1).min(32);
            let wait = limits.retry_first_ms.saturating_mul(1 << doublings);
            self.due_ms = later(now_ms, wait.min(limits.retry_max_ms));
            return;
        }
        self.was_well |= trouble == Trouble::Ok;
        (self.failures, self.first_failed_ms, self.broken) = (0, None, false);
        self.due_ms = later(now_ms, spread(&self.url, limits.period_ms));
    }

    /// Whether the address leads to something; for those who count. None: it cannot be told yet.
    pub fn reach(&self) -> Option<bool> {
        let trouble = self.trouble?;
        match (trouble.is_unchecked(), trouble.is_reachable()) {
            (true, _) => None,
            (_, true) => Some(true),
            _ if self.broken => Some(false),
            // Until a fault is one, what was counts.
            _ => self.was_well.then_some(true),
        }
    }
}

fn owner(dataset: &Dataset) -> Owner {
    let publisher = dataset.publisher_name.clone().or(dataset.publisher.clone());
    Owner {
        source: dataset.source.clone(),
        publisher: publisher.unwrap_or_default(),
    }
}

/// The host as politeness knows it; of what is no address of the web, empty.
pub fn host_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

fn later(now_ms: i64, wait_ms: u64) -> i64 {
    now_ms.saturating_add(i64::try_from(wait_ms).unwrap_or(i64::MAX))
}

/// The period, and up to a tenth more: always the same for an address, so that those that came together do not stay so.
fn spread(url: &str, period_ms: u64) -> u64 {
    let hash = blake3::hash(url.as_bytes());
    let part = u64::from(hash.as_bytes()[0]);
    period_ms.saturating_add(period_ms / 10 / 256 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn failed(status: u16) -> Came {
        Came {
            status: Some(status),
            ..Came::default()
        }
    }

    #[test]
    fn one_bad_minute_is_no_alarm_and_a_bad_day_is_one() {
        let limits = LinkLimits::default();
        let mut address = Address::new("https://f.example/1", 0);
        address.note(Trouble::Ok, failed(200), 0, &limits);
        assert!(address.due_ms >= 7 * 24 * HOUR && address.due_ms <= 8 * 24 * HOUR);
        let mut now = address.due_ms;
        for (waits, broken) in [(1, false), (2, false), (4, false), (8, true), (16, true)] {
            address.note(Trouble::ServerError, failed(500), now, &limits);
            assert_eq!(address.broken, broken, "after {waits}");
            assert_eq!(address.due_ms - now, waits * HOUR);
            assert_eq!(address.reach(), Some(!broken));
            now = address.due_ms;
        }
        address.note(Trouble::Ok, failed(200), now, &limits);
        assert_eq!((address.broken, address.failures), (false, 0));
        assert_eq!(address.reach(), Some(true));
    }

    #[test]
    fn many_failures_in_one_minute_are_one_bad_minute() {
        let limits = LinkLimits::default();
        let mut address = Address::new("https://f.example/1", 0);
        for second in 0..50 {
            address.note(Trouble::Silence, Came::default(), second * 1_000, &limits);
        }
        assert!(!address.broken);
        assert_eq!(address.history.len(), limits.history_max);
        assert_eq!(address.reach(), None, "it was never well");
        let most = i64::try_from(limits.retry_max_ms).unwrap_or_default();
        assert_eq!(address.due_ms, 49_000 + most, "and the wait has its end");
    }

    #[test]
    fn who_asks_to_be_left_alone_is_and_has_not_failed() {
        let limits = LinkLimits::default();
        let mut address = Address::new("https://f.example/1", 0);
        let came = Came {
            retry_after_ms: Some(2 * 3_600_000),
            ..Came::default()
        };
        address.note(Trouble::Busy, came, 0, &limits);
        assert_eq!((address.due_ms, address.failures), (2 * HOUR, 0));
        assert_eq!(address.trouble, None);
    }
}
