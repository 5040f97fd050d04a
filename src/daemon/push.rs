//! The life of a source that pushes: what waits is taken in together, in one run, again and again. Nothing else runs it.
//!
//! It waits for no turn among the runs that ask others: what centres push is answered while a long harvest goes on, and
//! waits only while that commits. Start at [`Daemon::take_pushes`].

use super::{Asked, Daemon, Place};
use crate::push::{self, Group, Push, run as taking};
use crate::report::{Report, Trigger};
use crate::run::{Progress, now_ms, remember};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinHandle};
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

/// What is to be done next.
enum Next {
    Take(Box<Push>),
    Run(Asked),
    /// Something else is due.
    Else,
}

/// A push is not hurried past an order, nor an order past a push that was given back.
async fn next(
    first: Option<Push>,
    waiting: &mut mpsc::Receiver<Push>,
    orders: &mut mpsc::Receiver<Asked>,
    due: Option<Instant>,
    gone: &CancellationToken,
) -> Next {
    if let Some(first) = first {
        return Next::Take(Box::new(first));
    }
    let until = async {
        match due {
            Some(due) => tokio::time::sleep_until(due.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = gone.cancelled() => Next::Else,
        () = until => Next::Else,
        Some(asked) = orders.recv() => Next::Run(asked),
        push = waiting.recv() => match push {
            Some(push) => Next::Take(Box::new(push)),
            None => {
                // Nobody can hand in any more: the source is about to go.
                gone.cancelled().await;
                Next::Else
            }
        }
    }
}

impl Daemon {
    /// Takes in what a source pushes until the source goes or the daemon stops. What is in line then is answered so.
    pub(super) async fn take_pushes(
        self: Arc<Self>,
        id: String,
        mut waiting: mpsc::Receiver<Push>,
        mut orders: mpsc::Receiver<Asked>,
        gone: CancellationToken,
    ) {
        let mut first = None;
        let mut tidied: Option<Instant> = None;
        let mut last_ms = 0;
        // When what was pushed is to be visible.
        let mut due: Option<Instant> = None;
        let mut publishing: Option<JoinHandle<()>> = None;
        loop {
            if gone.is_cancelled() || due.is_some_and(|due| due <= Instant::now()) {
                if let Some(before) = publishing.take() {
                    // Whatever became of it was told by itself.
                    let _ = before.await;
                }
                if due.take().is_some() {
                    let (daemon, id) = (self.clone(), id.clone());
                    publishing = Some(tokio::spawn(
                        async move { daemon.publish_pushes(&id).await },
                    ));
                }
                if gone.is_cancelled() {
                    if let Some(last) = publishing.take() {
                        let _ = last.await;
                    }
                    return;
                }
            }
            let push = match next(first.take(), &mut waiting, &mut orders, due, &gone).await {
                Next::Take(push) => *push,
                Next::Run(asked) => {
                    self.obey(&id, asked, &gone).await;
                    // The next run's name is a later one.
                    last_ms = last_ms.max(now_ms());
                    self.with(&id, |place| place.push_holds = None);
                    continue;
                }
                Next::Else => continue,
            };
            let limits = self.config().limits.push.clone();
            let mut group = Group::of(push, limits.per_commit_max);
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
            let every = Duration::from_millis(limits.publish_every_ms);
            due = due.or(Some(Instant::now() + every));
            self.take_in(&id, group, last_ms, tidy, &gone).await;
        }
    }

    /// Pushes are taken in meanwhile, but for the moment in which the snapshot is made.
    async fn publish_pushes(self: &Arc<Self>, id: &str) {
        let daemon = self.clone();
        let published = tokio::task::spawn_blocking(move || daemon.rooms.publish()).await;
        let error = match published {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic.to_string(),
        };
        tracing::error!(
            source = id,
            error,
            "what was pushed is durable, and could not be published"
        );
    }

    async fn take_in(
        self: &Arc<Self>,
        id: &str,
        group: Group,
        started_ms: i64,
        tidy: bool,
        gone: &CancellationToken,
    ) {
        let progress = Arc::new(Progress::of(Trigger::Push));
        let source = self.with(id, |place| {
            // The place may be another's now, of a source that does not push.
            if gone.is_cancelled() {
                return None;
            }
            place.running = Some(progress.clone());
            Some(place.source.clone())
        });
        let Some(source) = source.flatten() else {
            return;
        };
        let (daemon, config) = (self.clone(), self.config());
        let taken = tokio::task::spawn_blocking(move || {
            let holds = daemon.with(&source.id, |place| place.push_holds);
            let holds = match holds.flatten() {
                Some(holds) => holds,
                None => daemon.count(&source.id),
            };
            let order = taking::Order {
                rooms: &daemon.rooms,
                config: &config,
                source: &source,
                started_ms,
                tidy,
                progress: &progress,
                holds,
            };
            let mut report = taking::run(&order, group)?;
            remember(&daemon.rooms, &source, &mut report);
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
