//! When a source is due: a cron line, its time zone, and a little jitter.
//!
//! Knows no clock: the time is always an argument, so that every answer can be tested. Start at [`Schedule::next_after`].
//!
//! How clock changes are treated (2026-11: chosen so that no night's harvest is lost or done twice):
//! - a due time inside a gap (the clock jumps from 02:00 to 03:00, the line says 02:30) is due at the gap's end, once;
//! - a due time inside an overlap (02:30 comes twice) is due the first time only, unless the hour field begins with `*`:
//!   such a line counts hours that pass, not hours on the dial, and is due in both.

mod line;
mod quiet;

pub use quiet::Quiet;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// A cron line with its time zone and jitter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    line: String,
    zone: Tz,
    jitter_ms: u64,
    /// Times on the dial, in the form that the cron crate reads. Two where day of month and day of week are both given:
    /// either matches.
    dials: Vec<cron::Schedule>,
    every_hour: bool,
}

/// Why a line is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: found {found}, expected {expected}")]
pub struct ScheduleError {
    /// The field of the line, in words: `minute`, `day of week`, …
    pub field: &'static str,
    pub found: String,
    pub expected: String,
}

impl Schedule {
    /// Reads five fields as POSIX has them (minute, hour, day of month, month, day of week; Sunday is 0 or 7; names,
    /// lists, ranges, steps), or six with seconds first, or `@hourly`, `@daily`, `@weekly`, `@monthly`.
    ///
    /// Where both day fields are given, a day that fits either is due, as in POSIX. A day field that begins with `*`
    /// counts as not given: `*/2` then only narrows the other, as in the cron of most systems.
    pub fn parse(line: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let translated = line::translate(line)?;
        let dials = translated.dials.iter().map(|dial| {
            dial.parse().map_err(|e: cron::error::Error| ScheduleError {
                field: "line",
                found: format!("{line:?}"),
                expected: format!("a schedule that can be computed ({e})"),
            })
        });
        Ok(Self {
            line: line.trim().to_owned(),
            zone,
            jitter_ms: 0,
            dials: dials.collect::<Result<_, _>>()?,
            every_hour: translated.every_hour,
        })
    }

    /// The same with at most this much jitter.
    pub fn with_jitter_ms(self, jitter_ms: u64) -> Self {
        Self { jitter_ms, ..self }
    }

    /// The line as it was written.
    pub fn line(&self) -> &str {
        &self.line
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    pub fn jitter_ms(&self) -> u64 {
        self.jitter_ms
    }

    /// The first due time later than `time`. None: never again (the dial ends with the year 2100).
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wall = self.wall(time);
        let mut from = wall;
        let found = loop {
            from = self.next_on_dial(from)?;
            match self.zone.from_local_datetime(&from) {
                LocalResult::Single(at) => break at.to_utc(),
                LocalResult::None => break self.gap_end(from),
                LocalResult::Ambiguous(first, _) if first.to_utc() > time => break first.to_utc(),
                LocalResult::Ambiguous(_, second) if self.every_hour => break second.to_utc(),
                LocalResult::Ambiguous(..) => {}
            }
        };
        Some(match self.in_second_pass(wall, time) {
            Some(second) => found.min(second),
            None => found,
        })
    }

    /// The first due time after `last` that is not later than `now`: however many were missed, one run makes up for all.
    /// The caller then goes on with `next_after(now)`.
    pub fn due_between(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.next_after(last).filter(|due| *due <= now)
    }

    /// When the run that is due at `due` really starts: later by a jitter that is always the same for this source and
    /// due time, at most `jitter_ms`, and at most a tenth of the time until the next due time.
    pub fn starts_at(&self, source: &str, due: DateTime<Utc>) -> DateTime<Utc> {
        let until_next = match self.next_after(due) {
            Some(next) => (next - due).num_milliseconds().unsigned_abs() / 10,
            None => u64::MAX,
        };
        let most = self.jitter_ms.min(until_next).min(i64::MAX as u64 - 1);
        let hash = blake3::Hasher::new()
            .update(source.as_bytes())
            .update(&due.timestamp_millis().to_le_bytes())
            .finalize();
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        let jitter = u64::from_le_bytes([a, b, c, d, e, f, g, h]) % (most + 1);
        due + Duration::milliseconds(jitter as i64)
    }

    fn wall(&self, time: DateTime<Utc>) -> NaiveDateTime {
        time.with_timezone(&self.zone).naive_local()
    }

    /// The dial knows no time zone: it is asked as if its times were UTC.
    fn next_on_dial(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let wall = wall.and_utc();
        self.dials
            .iter()
            .filter_map(|dial| dial.after(&wall).next())
            .min()
            .map(|t| t.naive_utc())
    }

    /// `time` lies in the first pass of an overlap, and the line is due in both: the first due time of the second pass.
    fn in_second_pass(&self, wall: NaiveDateTime, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let LocalResult::Ambiguous(first, second) = self.zone.from_local_datetime(&wall) else {
            return None;
        };
        if !self.every_hour || first.to_utc() != time {
            return None;
        }
        let before = first.offset().fix();
        let turn = first_second(first.to_utc(), second.to_utc(), |t| {
            t.with_timezone(&self.zone).offset().fix() != before
        });
        let due = self.next_on_dial(self.wall(turn) - Duration::milliseconds(1))?;
        self.zone
            .from_local_datetime(&due)
            .latest()
            .map(|at| at.to_utc())
    }

    /// The instant at which the clock has jumped over `wall`.
    fn gap_end(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        let about = wall.and_utc();
        let day = Duration::hours(26);
        first_second(about - day, about + day, |t| self.wall(t) > wall)
    }
}

/// The first whole second after `low`, at most `high`, at which `is` holds; it must hold from there on.
fn first_second(
    low: DateTime<Utc>,
    high: DateTime<Utc>,
    is: impl Fn(DateTime<Utc>) -> bool,
) -> DateTime<Utc> {
    let (mut low, mut high) = (low.timestamp(), high.timestamp());
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is(at(middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    at(high)
}
