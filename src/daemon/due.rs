//! When a source next starts by itself. Starts nothing. Start at [`Daemon::next_start`].

use super::Daemon;
use crate::config::{CatchUp, Source};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// A source that is not due is looked at this often all the same: clocks are set, machines sleep.
const LOOK_EVERY: Duration = Duration::from_secs(30);

impl Daemon {
    /// When the source next starts by itself, or would if this daemon ran sources when they are due.
    pub(super) fn next_start(&self, id: &str) -> Option<DateTime<Utc>> {
        let (source, paused, begun) = self.with(id, |place| {
            (place.source.clone(), place.paused, place.begun_ms)
        })?;
        if paused || !source.enabled {
            return None;
        }
        let schedule = source.schedule.as_ref()?;
        let now = Utc::now();
        let state = self.rooms.state.source(id).unwrap_or_default();
        let not_before = state
            .not_before_ms
            .and_then(DateTime::from_timestamp_millis);
        let started = state
            .last_started_ms
            .max(begun)
            .and_then(DateTime::from_timestamp_millis);
        let since = match (started, source.catch_up) {
            (None, CatchUp::Once) => {
                return Some(awake(&source, not_before.map_or(now, |n| n.max(now))));
            }
            (None, CatchUp::Skip) => self.began,
            (Some(last), CatchUp::Once) => last,
            (Some(last), CatchUp::Skip) => last.max(self.began),
        };
        let due = schedule
            .due_between(since.min(now), now)
            .or_else(|| schedule.next_after(now));
        let start = due.map(|due| schedule.starts_at(id, due));
        let again = state.try_again_ms.and_then(DateTime::from_timestamp_millis);
        // One that lies before the last start was for a run that could not even begin.
        let again = again.filter(|again| started.is_none_or(|last| last < *again));
        let start = start.into_iter().chain(again).min()?;
        let spared = self.config().limits.health.spared_ms(&state);
        let spared = started.zip(spared.and_then(|ms| i64::try_from(ms).ok()));
        let spared = spared.map(|(last, ms)| last + TimeDelta::milliseconds(ms));
        Some(
            [not_before, spared]
                .into_iter()
                .flatten()
                .fold(start, DateTime::max),
        )
    }
}

/// When the source's quiet hours allow it, that is.
fn awake(source: &Source, start: DateTime<Utc>) -> DateTime<Utc> {
    let quiet = source.quiet.as_ref();
    // A start that is overdue would be now.
    quiet.map_or(start, |quiet| quiet.over_at(start.max(Utc::now())))
}

/// Waits until then, or until it is time to look again.
pub(super) async fn until(due: Option<DateTime<Utc>>) {
    let wait = due.map_or(LOOK_EVERY, |due| {
        (due - Utc::now())
            .to_std()
            .unwrap_or_default()
            .min(LOOK_EVERY)
    });
    tokio::time::sleep(wait).await;
}
