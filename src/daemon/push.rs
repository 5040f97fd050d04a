//! The life of a source that pushes: what waits is taken in together, in one run, again and again. Nothing else runs it.
//!
//! It waits for no turn among the runs that ask others: what centres push is answered while a long harvest goes on, and
//! waits only while that commits. Start at [`Daemon::take_pushes`].

use super::{Daemon, Place};
use crate::push::{
    self, Group, Push,
    run::{Order, run},
};
use crate::report::{Report, Trigger};
use crate::run::{Progress, now_ms, remember};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often old receipts of a source are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// What the inbox needs to know of the sources that push.
pub(super) fn places(places: &BTreeMap<String, Place>) -> BTreeMap<String, push::Place> {
    let pushing = places.iter().filter(|(_, place)| place.source.is_pushed());
    let place = |place: &Place| push::Place {
        source: place.source.clone(),
        waiting: place.pushes.clone(),
    };
    pushing.map(|(id, it)| (id.clone(), place(it))).collect()
}

impl Daemon {
    /// Takes in what a source pushes until the source goes or the daemon stops. What was in line then is answered so.
    pub(super) async fn take_pushes(
        self: Arc<Self>,
        id: String,
        mut waiting: mpsc::Receiver<Push>,
        gone: CancellationToken,
    ) {
        let mut first = None;
        let mut tidied: Option<Instant> = None;
        let mut last_ms = 0;
        loop {
            let push = match first.take() {
                Some(push) => push,
                None => tokio::select! {
                    biased;
                    () = gone.cancelled() => return,
                    push = waiting.recv() => match push {
                        Some(push) => push,
                        None => return,
                    },
                },
            };
            if gone.is_cancelled() {
                return;
            }
            let mut group = Group::of(push, self.config().limits.push.per_commit_max);
            while first.is_none()
                && let Ok(push) = waiting.try_recv()
            {
                first = group.take(push);
            }
            let tidy = tidied.is_none_or(|at| at.elapsed() > TIDY_EVERY);
            if tidy {
                tidied = Some(Instant::now());
            }
            last_ms = now_ms().max(last_ms + 1);
            self.take_in(&id, group, last_ms, tidy).await;
        }
    }

    async fn take_in(self: &Arc<Self>, id: &str, group: Group, started_ms: i64, tidy: bool) {
        let progress = Arc::new(Progress::of(Trigger::Push));
        let source = self.with(id, |place| {
            place.running = Some(progress.clone());
            place.source.clone()
        });
        let Some(source) = source else { return };
        let (daemon, config) = (self.clone(), self.config());
        let taken = tokio::task::spawn_blocking(move || {
            let holds = daemon.with(&source.id, |place| place.push_holds);
            let holds = match holds.flatten() {
                Some(holds) => holds,
                None => daemon.count(&source.id),
            };
            let order = Order {
                rooms: &daemon.rooms,
                config: &config,
                source: &source,
                started_ms,
                tidy,
                progress: &progress,
                holds,
            };
            let report = run(&order, group)?;
            remember(&daemon.rooms, &source, &report);
            Some(report)
        });
        match taken.await {
            Ok(report) => self.note_pushes(id, report),
            Err(error) => {
                tracing::error!(source = id, %error, "a run of pushes panicked");
                self.with(id, |place| place.push_holds = None);
                self.note_pushes(id, None);
            }
        }
    }

    fn count(&self, id: &str) -> (u64, u64) {
        let state = &self.rooms.state;
        let counted = (state.datasets(id), state.referents(id));
        (counted.0.unwrap_or_default(), counted.1.unwrap_or_default())
    }

    fn note_pushes(&self, id: &str, report: Option<Report>) {
        self.with(id, |place| {
            place.running = None;
        });
        let Some(report) = report else { return };
        super::tell(&report);
        let failed = report.outcome == crate::report::Outcome::Failed;
        self.with(id, |place| {
            place.begun_ms = Some(report.started_ms);
            if failed {
                place.push_holds = None;
                place.failures_in_row += 1;
            } else {
                place.failures_in_row = 0;
                place.holds = report.counts.holds;
                place.push_holds = Some((report.counts.holds, report.referents.holds));
            }
            place.last = Some(report.summary());
        });
    }
}
