//! Whether a promised rhythm of updates is kept: the declared frequency against the last change.
//!
//! The last change is what the source says of its data (dct:modified of the dataset and its files, else dct:issued). Not our
//! own commit times: a mended mapping describes everything anew, and would make all data look fresh. Start at [`Timeliness`].

use super::seen::Node;
use crate::frequency::interval_of_code;
use crate::terms::{authority, dct, harvestd};
use chrono::NaiveDate;
use oxsdatatypes::Duration;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Of how many promised intervals one may be late, before it is told.
const INTERVALS: i64 = 2;
/// Days that anyone may take.
const LEAST_DAYS: i64 = 2;
const SECONDS_A_DAY: i64 = 86_400;
/// A month is 30.4375 days: a twelfth of a Julian year.
const MONTH: (i64, i64) = (487, 16);
/// Frequencies that promise no interval, on purpose.
const NO_RHYTHM: [&str; 4] = ["IRREG", "AS_NEEDED", "NEVER", "NOT_PLANNED"];
/// Frequencies without a break.
const WITHOUT_BREAK: [&str; 2] = ["CONT", "UPDATE_CONT"];
/// Frequencies of so many times in an interval.
const TIMES: [(&str, i32); 6] = [
    ("DAILY_2", 0),
    ("WEEKLY_2", 3),
    ("WEEKLY_3", 2),
    ("MONTHLY_2", 15),
    ("MONTHLY_3", 10),
    ("ANNUAL_3", 121),
];

/// How the promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Timely {
    OnTime = 0,
    Late = 1,
    /// Irregular, as needed, or never again.
    NoRhythm = 2,
    /// Nobody says how often.
    #[default]
    UnknownFrequency = 3,
    /// Nobody says when it was changed last.
    UnknownChange = 4,
}

impl Timely {
    pub const ALL: [Self; 5] = [
        Self::OnTime,
        Self::Late,
        Self::NoRhythm,
        Self::UnknownFrequency,
        Self::UnknownChange,
    ];
}

/// The promise, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timeliness {
    pub state: Timely,
    /// Whole days between two updates; 0: several a day.
    pub promised_days: Option<i32>,
    /// Days since 1970.
    pub changed: Option<i32>,
    /// The day from which it is late, unless it changes; days since 1970.
    pub late_from: Option<i32>,
}

impl Timeliness {
    pub(super) fn of(dataset: &Node<'_>, changed: Option<i32>, today: i32) -> Self {
        let promised = Promise::of(dataset);
        let none = |state| Self {
            state,
            changed,
            ..Self::default()
        };
        let days = match promised {
            Promise::Every(days) => days,
            Promise::NoRhythm => return none(Timely::NoRhythm),
            Promise::Nothing => return none(Timely::UnknownFrequency),
        };
        let known = Self {
            promised_days: Some(days),
            ..none(Timely::UnknownChange)
        };
        let Some(day) = changed else { return known };
        let allowed = (i64::from(days) * INTERVALS).max(LEAST_DAYS);
        let late_from = i32::try_from(i64::from(day) + allowed + 1).unwrap_or(i32::MAX);
        Self {
            state: state_on(today, late_from),
            late_from: Some(late_from),
            ..known
        }
    }
}

/// How a promise stands on a day that is kept until another.
pub(super) fn state_on(today: i32, late_from: i32) -> Timely {
    match today < late_from {
        true => Timely::OnTime,
        false => Timely::Late,
    }
}

enum Promise {
    /// Whole days, rounded down.
    Every(i32),
    NoRhythm,
    Nothing,
}

impl Promise {
    fn of(dataset: &Node<'_>) -> Self {
        let stated = dataset.all(harvestd::UPDATE_INTERVAL);
        if let Some(days) = stated.filter_map(|d| days_of_duration(d.word())).min() {
            return Self::Every(days);
        }
        let mut found = Self::Nothing;
        for iri in dataset.all(dct::ACCRUAL_PERIODICITY) {
            let Some(code) = iri.word().strip_prefix(authority::FREQUENCY) else {
                continue;
            };
            let times = TIMES.iter().find(|(known, _)| *known == code);
            let interval = || interval_of_code(iri.word()).and_then(days_of_duration);
            if WITHOUT_BREAK.contains(&code) {
                return Self::Every(0);
            }
            if let Some(days) = times.map(|(_, days)| *days).or_else(interval) {
                return Self::Every(days);
            }
            if NO_RHYTHM.contains(&code) {
                found = Self::NoRhythm;
            }
        }
        found
    }
}

/// Whole days of an ISO 8601 duration (`P1M`), rounded down; a month is 30.4375 days. None: it is none, or nothing.
pub fn days_of_duration(text: &str) -> Option<i32> {
    let duration = Duration::from_str(text).ok()?;
    let months = duration.years() * 12 + duration.months();
    let seconds =
        duration.days() * SECONDS_A_DAY + duration.hours() * 3_600 + duration.minutes() * 60;
    if months < 0 || seconds < 0 || (months == 0 && seconds == 0) {
        return None;
    }
    let days = months.checked_mul(MONTH.0)? / MONTH.1 + seconds / SECONDS_A_DAY;
    i32::try_from(days).ok()
}

/// The day of `2026-11-22…`, of `2026-11` its last, of `2026` the last of the year: nobody is late before that is over.
pub(super) fn day_of(date: &str) -> Option<i32> {
    let day = date
        .get(..10)
        .and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
    let month = || {
        let bare = date.get(..7).filter(|month| month.len() == date.len())?;
        let first = NaiveDate::parse_from_str(&format!("{bare}-01"), "%Y-%m-%d").ok()?;
        first.checked_add_months(chrono::Months::new(1))?.pred_opt()
    };
    let year = || {
        let bare = date.get(..4).filter(|year| year.len() == date.len())?;
        NaiveDate::from_ymd_opt(bare.parse().ok()?, 12, 31)
    };
    let day = day.or_else(month).or_else(year)?;
    let since = day.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_days() {
        for (text, days) in [
            ("P1D", Some(1)),
            ("PT10M", Some(0)),
            ("PT36H", Some(1)),
            ("P1M", Some(30)),
            ("P1Y", Some(365)),
            ("P7Y", Some(2_556)),
            ("P2W", None),
            ("P0D", None),
            ("-P1D", None),
            ("daily", None),
        ] {
            assert_eq!(days_of_duration(text), days, "{text}");
        }
    }

    #[test]
    fn dates_are_days_and_what_is_less_precise_is_over_when_it_is_over() {
        for (text, day) in [
            ("1970-01-02", Some(1)),
            ("1970-01-02T23:59:59+08:00", Some(1)),
            ("1970-02", Some(58)),
            ("1970", Some(364)),
            ("1970-13", None),
            ("yesterday", None),
        ] {
            assert_eq!(day_of(text), day, "{text}");
        }
    }
}
