//! Rounds of details after a scheduled run. What one round does is in `src/run/details.rs`. Start at [`Daemon::details`].

use super::{Daemon, ORDERS_WAITING};
use crate::report::{Outcome, Trigger};
use chrono::Utc;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

impl Daemon {
    /// Asks for the details of records after a scheduled run, where the source tells such: in rounds, so that what came is
    /// committed and published before the next ones are asked for.
    pub(super) async fn details(&self, id: &str, gone: &CancellationToken) {
        let Some(source) = self.with(id, |place| place.source.clone()) else {
            return;
        };
        let settings = &source.details;
        let harvester = source.open(&self.config().limits);
        let tells = harvester.is_ok_and(|h| h.parts().iter().any(|part| !part.stands_alone));
        let until = Instant::now() + Duration::from_millis(settings.run_ms_max);
        let mut left = settings.per_run_max;
        let quiet = |now| source.quiet.as_ref().is_some_and(|quiet| quiet.is_at(now));
        while tells
            && left > 0
            && Instant::now() < until
            && !gone.is_cancelled()
            && !quiet(Utc::now())
        {
            let time = until.saturating_duration_since(Instant::now());
            let mut round = (*source).clone();
            round.details.per_run_max = left.min(settings.per_commit_max);
            round.details.run_ms_max = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let round = Some(Arc::new(round));
            let report = self.run_as(id, round, Trigger::Details, false, gone).await;
            let Some(report) = report.filter(|r| r.outcome == Outcome::Complete) else {
                return;
            };
            let asked = report.details.map_or(0, |details| details.asked);
            let waiting = self.with(id, |place| place.orders.capacity() < ORDERS_WAITING);
            if asked == 0 || waiting != Some(false) {
                return;
            }
            left = left.saturating_sub(asked);
        }
    }
}
