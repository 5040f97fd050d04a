//! A source that has not come to a good end for too many of its due times is stale: what is held of it is out of date,
//! whatever its last run says.
//!
//! Asks nobody. Start at [`Daemon::look_for_staleness`].

use super::{Daemon, Purpose};
use crate::diagnosis::{
    Ailment, Diagnosis, Seen,
    health::{Change, Standing},
};
use crate::run::{health::tell_change, now_ms};
use crate::schedule::Schedule;
use chrono::{DateTime, Utc};

impl Daemon {
    /// Tells of the source where it has become stale. Paused and disabled ones are nobody's surprise.
    pub(super) fn look_for_staleness(&self, id: &str) {
        let periods = self.config().limits.health.stale_after_periods;
        let place = self.with(id, |place| (place.source.clone(), place.paused));
        let Some((source, false)) = place else { return };
        if self.purpose != Purpose::Serve || !source.enabled || periods == 0 {
            return;
        }
        let (Some(schedule), Ok(state)) = (&source.schedule, self.rooms.state.source(id)) else {
            return;
        };
        let complete = state
            .last_complete_ms
            .and_then(DateTime::from_timestamp_millis);
        // One that was never complete is waited for since we began to ask it. After a time without a daemon, one run is
        // waited for: what is due at the start says nothing of the source.
        let since = complete.unwrap_or(self.began);
        let now = Utc::now();
        let is_over = |stale: Option<DateTime<Utc>>| stale.is_some_and(|stale| now >= stale);
        let has_run = state.last_started_ms >= Some(self.began.timestamp_millis());
        let was_due = has_run || is_over(due_times(schedule, self.began, 1));
        if !was_due || !is_over(due_times(schedule, since, periods)) {
            return;
        }
        let last = self.with(id, |place| place.last.clone()).flatten();
        let (known, why) = last.map_or((None, None), |report| (report.diagnosis, report.why));
        let why = known.as_ref().map(|d| d.lines()[0].clone()).or(why);
        let text = format!(
            "{}; due {periods} times since{}",
            complete.map_or("no run was ever complete".to_owned(), |last| format!(
                "the last complete run began at {}",
                last.format("%Y-%m-%d %H:%M:%SZ")
            )),
            why.map_or_else(String::new, |why| format!("; its last run: {why}"))
        );
        let seen = Seen {
            text,
            ..Seen::default()
        };
        let mut diagnosis = Diagnosis::new(Ailment::Stale, seen);
        // What helps is what helps against the trouble of its last run.
        if let Some(known) = known.filter(|known| known.grave) {
            diagnosis.advice = known.advice;
        }
        tell_change(
            &self.rooms,
            Change {
                n: 0,
                at_ms: now_ms(),
                source: id.to_owned(),
                state: Standing::Stale,
                diagnosis: Some(diagnosis),
                last_complete_ms: state.last_complete_ms,
            },
        );
    }
}

/// The due time that is so many after `since`, with as much again as a run may take: until the one after it.
fn due_times(schedule: &Schedule, since: DateTime<Utc>, periods: u32) -> Option<DateTime<Utc>> {
    let mut due = since;
    for _ in 0..=periods {
        due = schedule.next_after(due)?;
    }
    Some(due)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn three_nights_without_a_good_run_are_over_at_the_fourth() {
        let nightly = Schedule::parse("0 3 * * *", chrono_tz::UTC).unwrap();
        let since: DateTime<Utc> = "2026-11-01T04:00:00Z".parse().unwrap();
        let stale = due_times(&nightly, since, 3).unwrap();
        assert_eq!(stale.to_rfc3339(), "2026-11-05T03:00:00+00:00");
    }
}
