//! The daemon at work: one task a source, which waits until the source is due or somebody asks, and runs it.
//!
//! A source never runs twice at once, since its one task runs it. Start at [`Daemon::open`]. What a run does is in
//! [`crate::run`]; what the doors may ask is in [`crate::serve::desk`].

pub mod backup;
mod by_hand;
pub mod compact;
mod configure;
mod desk;
mod details;
mod digest;
mod due;
pub mod erase;
mod feedback;
mod links;
mod listen;
mod open;
mod push;
mod raise;
pub mod recover;
mod rewrite;
mod room;
mod search;
mod shared;
mod snapshots;
mod stale;

pub use open::{OpenError, Purpose, write_limits};
pub use raise::Raise;
pub use rewrite::RewriteError;
pub use shared::SharedError;

use crate::config::{Config, Source};
use crate::feedback::Feedback;
use crate::links::Links;
use crate::lock::Lock;
use crate::push::{Inbox, Push};
use crate::report::{Details, Outcome, Report, Trigger};
use crate::run::by_hand::{Changed, Wanted};
use crate::run::{self, Progress, Rooms, health, now_ms};
use crate::serve::desk::{DeskError, Order};
use crate::snapshot::{Published, shelf::Shelf};
use crate::webhooks::Webhooks;
use chrono::{DateTime, Utc};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Orders that may wait for one source.
const ORDERS_WAITING: usize = 16;
/// Everything that runs.
pub struct Daemon {
    pub rooms: Arc<Rooms>,
    config: RwLock<Arc<Config>>,
    places: Mutex<BTreeMap<String, Place>>,
    /// The task of each source, also of one that is ending: the next of the same source waits for it.
    lives: Mutex<BTreeMap<String, JoinHandle<()>>>,
    runs: Arc<Semaphore>,
    /// Of these, the places that large sources may take.
    large: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    purpose: Purpose,
    began: DateTime<Utc>,
    _lock: Lock,
    published: watch::Receiver<Option<Arc<Published>>>,
    shelf: Shelf,
    inbox: Arc<Inbox>,
    webhooks: Arc<Webhooks>,
    feedback: Arc<Feedback>,
    /// A backup that waits to be copied.
    staged: Mutex<Option<backup::Waiting>>,
    links: Arc<Links>,
    /// Held from reading files of the configuration to taking them over, and while one is written.
    turn: tokio::sync::Mutex<()>,
}

/// One source, as the daemon keeps it in mind.
struct Place {
    source: Arc<Source>,
    orders: mpsc::Sender<Asked>,
    /// What it pushes.
    pushes: mpsc::Sender<Push>,
    running: Option<Arc<Progress>>,
    /// The last run's report without the rows of single records.
    last: Option<Report>,
    /// What the last run of details came to.
    details: Option<Details>,
    next_due_ms: Option<i64>,
    /// When the last run since the daemon's start began, whatever became of it.
    begun_ms: Option<i64>,
    holds: u64,
    /// Of a source that pushes: datasets and other records held, where they are known without counting.
    push_holds: Option<(u64, u64)>,
    failures_in_row: u32,
    /// How long a run is likely to take.
    expected_ms: Option<u64>,
    paused: bool,
    /// Its task computes anew when it is due.
    look: Arc<Notify>,
    gone: CancellationToken,
}

/// What is ordered of a source.
enum Asked {
    Run {
        order: Order,
        answer: oneshot::Sender<Report>,
    },
    /// A change of its records by hand: it waits for a run under way.
    Change {
        wanted: Wanted,
        answer: oneshot::Sender<Result<Changed, DeskError>>,
    },
}

impl Daemon {
    pub fn config(&self) -> Arc<Config> {
        self.config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Nobody else reads or writes files of the configuration, and takes them over, until this is dropped.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Where pushes are handed in.
    pub fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    pub fn published(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.published.clone()
    }

    pub fn lock(&self) -> &Lock {
        &self._lock
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, source: Arc<Source>) -> Place {
        let (orders, incoming) = mpsc::channel(ORDERS_WAITING);
        let (pushes, pushed) = mpsc::channel(self.config().limits.push.waiting_max);
        let gone = self.stop.child_token();
        let look = Arc::new(Notify::new());
        let state = self.rooms.state.source(&source.id).unwrap_or_default();
        // What the host wanted before a restart, for all sources that are on it.
        let wanted = state.not_before_ms.map(|at| at.saturating_sub(now_ms()));
        if let Some(wait_ms) = wanted
            .and_then(|ms| u64::try_from(ms).ok())
            .filter(|ms| *ms > 0)
        {
            let network = &self.rooms.network;
            network.hold(&source, Duration::from_millis(wait_ms));
        }
        health::measure(&self.rooms, &source.id);
        let place = Place {
            holds: self.rooms.state.datasets(&source.id).unwrap_or_default(),
            last: self
                .rooms
                .reports
                .last(&source.id)
                .ok()
                .flatten()
                .map(Report::summary),
            details: self
                .rooms
                .reports
                .last_details(&source.id)
                .ok()
                .flatten()
                .and_then(|report| report.details),
            failures_in_row: state.failures_in_row,
            expected_ms: state.expected_ms(),
            paused: self.rooms.state.paused(&source.id).unwrap_or_default(),
            look: look.clone(),
            running: None,
            push_holds: None,
            begun_ms: None,
            next_due_ms: None,
            source: source.clone(),
            orders,
            pushes,
            gone: gone.clone(),
        };
        let (daemon, id) = (self.clone(), source.id.clone());
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lives.remove(&id);
        let life = self.tasks.spawn(async move {
            if let Some(before) = before {
                // Why it ended was told by itself.
                let _ = before.await;
            }
            if source.is_pushed() {
                daemon.take_pushes(id, pushed, incoming, gone).await;
            } else {
                daemon.keep(id, incoming, look, gone).await;
            }
        });
        lives.insert(place.source.id.clone(), life);
        place
    }

    /// The life of one source.
    async fn keep(
        self: Arc<Self>,
        id: String,
        mut incoming: mpsc::Receiver<Asked>,
        look: Arc<Notify>,
        gone: CancellationToken,
    ) {
        let scheduled = self.purpose == Purpose::Serve;
        let mut ear = listen::Ear::default();
        loop {
            self.look_for_staleness(&id);
            let due = self.next_start(&id);
            self.with(&id, |place| {
                place.next_due_ms = due.map(|d| d.timestamp_millis())
            });
            tokio::select! {
                biased;
                () = gone.cancelled() => return,
                asked = incoming.recv() => {
                    let Some(asked) = asked else { return };
                    self.obey(&id, asked, &gone).await;
                }
                () = look.notified() => {}
                () = self.news(&id, &mut ear), if scheduled => {
                    let report = self.run(&id, Trigger::News, false, &gone).await;
                    let source = self.with(&id, |place| place.source.clone());
                    ear.done(report.as_ref(), source.as_deref());
                }
                () = due::until(due.filter(|_| scheduled)) => {
                    if scheduled && due.is_some_and(|d| d <= Utc::now()) {
                        let report = self.run(&id, Trigger::Schedule, false, &gone).await;
                        if report.is_some_and(|r| r.outcome == Outcome::Complete) {
                            self.details(&id, &gone).await;
                        }
                    }
                }
            }
        }
    }

    /// Does what is ordered of a source.
    async fn obey(self: &Arc<Self>, id: &str, asked: Asked, gone: &CancellationToken) {
        match asked {
            Asked::Run { order, answer } => {
                let Order { trigger, full } = order;
                if let Some(report) = self.run(id, trigger, full, gone).await {
                    let _ = answer.send(report);
                }
            }
            Asked::Change { wanted, answer } => {
                let _ = answer.send(self.change_now(id, wanted, gone).await);
            }
        }
    }

    fn with<T>(&self, id: &str, with: impl FnOnce(&mut Place) -> T) -> Option<T> {
        self.places().get_mut(id).map(with)
    }

    async fn run(
        &self,
        id: &str,
        trigger: Trigger,
        full: bool,
        gone: &CancellationToken,
    ) -> Option<Report> {
        self.run_as(id, None, trigger, full, gone).await
    }

    /// Runs a source, with other settings than its own where there are some.
    async fn run_as(
        &self,
        id: &str,
        other: Option<Arc<Source>>,
        trigger: Trigger,
        full: bool,
        gone: &CancellationToken,
    ) -> Option<Report> {
        if !self.until_room(gone).await {
            return None;
        }
        let _turn = tokio::select! {
            turn = self.place_to_run(id) => turn?,
            () = gone.cancelled() => return None,
        };
        let progress = Arc::new(Progress::of(trigger));
        let source = self.with(id, |place| {
            // Whose place it is now runs it.
            if gone.is_cancelled() {
                return None;
            }
            place.running = Some(progress.clone());
            if !matches!(trigger, Trigger::Check | Trigger::Details) {
                place.begun_ms = Some(now_ms());
            }
            Some(other.unwrap_or_else(|| place.source.clone()))
        })??;
        tracing::info!(source = id, ?trigger, "a run begins");
        if trigger == Trigger::Hand {
            self.rooms.network.release(&source);
        }
        let config = self.config();
        let order = run::Order { trigger, full };
        let running = run::run(&self.rooms, &config, &source, order, &progress);
        tokio::pin!(running);
        let report = tokio::select! {
            report = &mut running => report,
            () = gone.cancelled() => {
                progress.stop();
                running.await
            }
        };
        tell(&report);
        let state = self.rooms.state.source(id).unwrap_or_default();
        let summary = report.clone().summary();
        self.with(id, |place| {
            place.running = None;
            if trigger != Trigger::Check {
                place.holds = self.rooms.state.datasets(id).unwrap_or(place.holds);
                place.failures_in_row = state.failures_in_row;
                place.expected_ms = state.expected_ms();
            }
            place.details = summary.details.or(place.details);
            if !matches!(trigger, Trigger::Check | Trigger::Details) {
                place.last = Some(summary);
            }
        });
        Some(report)
    }

    /// A place among those that run at one time. Large sources leave one of them, where there are several, to the small
    /// ones: who has ten datasets does not wait for who has fifty thousand. None: the daemon ends.
    async fn place_to_run(&self, id: &str) -> Option<[Option<OwnedSemaphorePermit>; 2]> {
        let state = self.rooms.state.source(id).unwrap_or_default();
        let large = match state.is_large(self.config().limits.large_run_ms) {
            true => Some(self.large.clone().acquire_owned().await.ok()?),
            false => None,
        };
        let place = self.runs.clone().acquire_owned().await.ok()?;
        Some([large, Some(place)])
    }

    /// Ends in good order: runs stop at the next record, what is committed stays committed.
    pub async fn close(&self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                grace_ms = grace.as_millis() as u64,
                "a run did not end in time; it goes on at the next start"
            );
        }
    }
}

fn tell(report: &Report) {
    let took_ms = now_ms() - report.started_ms;
    metrics::counter!("harvestd_runs_total", "source" => report.source.clone(), "outcome" => report.outcome.to_string()).increment(1);
    metrics::gauge!("harvestd_last_run_seconds", "source" => report.source.clone())
        .set(took_ms as f64 / 1000.0);
    let line = report.line();
    match report.outcome {
        Outcome::Complete => {
            tracing::info!(source = report.source, run = report.run, took_ms, "{line}")
        }
        Outcome::Partial | Outcome::Failed => {
            tracing::warn!(source = report.source, run = report.run, took_ms, "{line}")
        }
    }
    if let Some(diagnosis) = &report.diagnosis {
        let ([what, advice], code) = (diagnosis.lines(), diagnosis.code.name());
        let (source, run) = (&report.source, &report.run);
        match diagnosis.grave {
            true => tracing::warn!(source, run, diagnosis = code, advice, "diagnosis: {what}"),
            false => tracing::info!(source, run, diagnosis = code, advice, "diagnosis: {what}"),
        }
    }
    for said in &report.disagreements {
        tracing::warn!(
            source = report.source,
            run = report.run,
            "the counts do not add up: {said}"
        );
    }
}
