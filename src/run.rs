//! One run of one source: the straight line, and nothing else.
//!
//! due -> begin -> [ask -> read]* -> describe -> normalise -> compare -> gate -> commit -> publish -> report

mod ask;
pub mod by_hand;
pub(crate) mod catalog;
pub(crate) mod commit;
pub(crate) mod corrections;
pub mod decide;
mod details;
pub(crate) mod gather;
pub(crate) mod health;
pub(crate) mod hold;
mod learn;
pub(crate) mod prov;
pub(crate) mod relist;
pub mod shared;
pub(crate) mod trial;
pub mod unify;

pub(crate) use learn::Lesson;

use crate::answers::Answers;
use crate::config::{Config, Limits, Source};
use crate::diagnosis::{self, Symptom};
use crate::gate::{Evidence, Hold, Verdict, book::Book};
use crate::identity::Thresholds;
use crate::network::Network;
use crate::overrides::{Overrides, Standings};
use crate::parts::Parts;
use crate::quality::Survey;
use crate::report::{Account, Outcome, Report, Reports, Trigger};
use crate::room::Room;
use crate::snapshot::Publisher;
use crate::state::{KeptDigest, State};
use crate::store::{Policy, Store, StoreError};
use harvestd_harvesters::{Completeness, Stop};
use harvestd_vocab::{Agencies, Class};
use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::watch;

/// What runs share.
pub struct Rooms {
    pub network: Arc<Network>,
    pub writer: Mutex<Writer>,
    /// How corrections stand: asked without waiting for the writer.
    pub standings: watch::Receiver<Arc<Standings>>,
    pub state: State,
    pub digest: Arc<KeptDigest>,
    pub answers: Answers,
    pub parts: Parts,
    pub reports: Reports,
    pub book: Book,
    /// Which sources are sick.
    pub health: Arc<diagnosis::health::Book>,
    /// Whether anything may be written.
    pub room: Room,
    /// Spooled answers and staged changes; emptied at start.
    pub spool_dir: PathBuf,
}

impl Rooms {
    /// Where the rows of a run's report go.
    pub(crate) fn account(&self, limits: &Limits, source: &Source) -> Account {
        let (bytes_max, examples_max) = (limits.report_rows_bytes_max, limits.report_rows_max);
        Account::new(&self.spool_dir, bytes_max, examples_max)
            .hiding(crate::network::secrets(source))
    }

    /// Waits for the writer: never on a thread that others need.
    pub fn writer(&self) -> Result<MutexGuard<'_, Writer>, RunError> {
        self.writer
            .lock()
            .map_err(|_| RunError::Panic("the writer is poisoned: restart the daemon".to_owned()))
    }

    /// Publishes what is committed, if anything is that is not published. Most of what that takes is the flush before, and
    /// nobody waits for it: the writer is held only for what was committed since.
    pub fn publish(&self) -> Result<(), RunError> {
        let flushing = {
            let writer = self.writer()?;
            writer
                .store
                .is_unpublished()
                .then(|| writer.store.flushing())
        };
        let Some(flushing) = flushing else {
            return Ok(());
        };
        flushing()?;
        self.writer()?.publish()
    }
}

impl Writer {
    /// Publishes what is committed, if anything is that is not published.
    pub fn publish(&mut self) -> Result<(), RunError> {
        if self.store.is_unpublished() {
            self.store.flush()?;
            self.measured()?;
        }
        Ok(())
    }

    /// Publishes what the store holds, measured. The store must be flushed.
    pub fn measured(&mut self) -> Result<(), StoreError> {
        let sums = self.survey.follow(&mut self.store, chrono::Utc::now());
        self.publisher.measured(sums);
        self.publisher.publish(&self.store, &self.survey)?;
        Ok(())
    }
}

/// The one who changes the store and publishes it.
pub struct Writer {
    pub store: Store,
    pub publisher: Publisher,
    /// How good the datasets are.
    pub survey: Survey,
    /// Who wins; it holds the corrections as well.
    pub policy: Policy,
    pub thresholds: Thresholds,
    /// The corrections that are in force.
    pub overrides: Arc<Overrides>,
    /// The agencies that the shared vocabulary holds beyond its table.
    pub agencies: Agencies,
    /// How they stand, for whoever asks.
    pub standings: watch::Sender<Arc<Standings>>,
}

/// A run that could not even begin, or could not commit. The report says it as well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{0}")]
    Kind(String),
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Webhook(#[from] crate::webhooks::WebhookError),
    #[error("{doing}: {source}")]
    Io {
        doing: &'static str,
        source: std::io::Error,
    },
    #[error("a part of the run panicked: {0}")]
    Panic(String),
}

impl RunError {
    pub(crate) fn io(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

/// What a run is to be.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub trigger: Trigger,
    /// Ask for everything, not only for what changed.
    pub full: bool,
}

/// Runs a source once. Always ends in a report whose counts add up, or which says which do not.
pub async fn run(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    order: Order,
    progress: &Arc<Progress>,
) -> Report {
    let mut report = Report::begin(&source.id, &source.kind, order.trigger, now_ms());
    progress.started_ms.store(report.started_ms as u64, Relaxed);
    let ended = steps(rooms, config, source, order.full, &mut report, progress).await;
    if let Err(error) = &ended {
        report.outcome = Outcome::Failed;
        report.why = Some(error.to_string());
    }
    report.close(now_ms());
    report.diagnosis = health::diagnosed(rooms, config, &report, ended);
    report.scrub(&crate::network::secrets(source));
    if order.trigger != Trigger::Check {
        health::note(rooms, source, &report).await;
        remember(rooms, source, &mut report);
        health::change(rooms, config, &report);
    }
    report
}

/// What a run knows at its end beside what its report says.
struct Ended {
    symptom: Option<Symptom>,
    /// Datasets held before it.
    had: u64,
}

async fn steps(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    full: bool,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<Ended, RunError> {
    relist::if_interrupted(rooms, &source.id).await?;
    let mut gathered = gather::gather(rooms, config, source, full, report, progress).await?;
    let took_ms = now_ms() - report.started_ms;
    let staged = gathered.described.stage.records;
    tracing::debug!(
        source = source.id,
        staged,
        took_ms,
        "everything is read, described and staged"
    );
    let case = hold::Case {
        had: &gathered.had,
        said: &mut gathered.said,
        evidence: &mut gathered.evidence,
        absent: &mut gathered.absent,
    };
    let judged = hold::judge(rooms, config.limits.gate, report, case)?;
    report.held = judged.told();
    let verdict = judged.verdict.clone();
    tell(&gathered.evidence, &verdict, report);
    if report.outcome != Outcome::Failed && gathered.is_all_refused() {
        report.none_taken();
    }
    if report.outcome != Outcome::Complete && report.trigger != Trigger::Details {
        // What we hold is not what the answers said: "not modified" would be taken for more than it says.
        gathered.state.validators.clear();
    }
    let ended = Ended {
        symptom: gathered.symptom.take(),
        had: gathered.had.datasets,
    };
    progress.phase(Phase::Committing);
    commit::commit(rooms, source, gathered, verdict, report, progress).await?;
    judged.remember(rooms, report)?;
    Ok(ended)
}

/// What the gate says, in the report's words.
pub(crate) fn tell(evidence: &Evidence, verdict: &Verdict, report: &mut Report) {
    report.outcome = match verdict {
        Verdict::Pass => Outcome::Complete,
        Verdict::NotInferred(_)
            if evidence.proof == Some(Completeness::Changes) && evidence.trouble.is_none() =>
        {
            Outcome::Complete
        }
        Verdict::NotInferred(why) | Verdict::Held(Hold { why, .. }) => {
            report.why = Some(why.clone());
            let nothing = evidence.trouble.is_some() && evidence.seen == 0;
            if nothing {
                Outcome::Failed
            } else {
                Outcome::Partial
            }
        }
    };
}

/// Keeps the report and what the scheduler needs to know of the run.
pub(crate) fn remember(rooms: &Rooms, source: &Source, report: &mut Report) {
    let kept = rooms.reports.save(report).map_err(|e| e.to_string());
    if report.trigger == Trigger::Details {
        // It says nothing of when the source is due, nor of whether it can be harvested.
        if let Err(error) = kept {
            tracing::error!(source = source.id, %error, "the report of a run could not be kept");
        }
        return;
    }
    let noted = rooms.state.source(&source.id).and_then(|mut state| {
        state.last_started_ms = Some(report.started_ms);
        if report.outcome == Outcome::Complete {
            state.last_complete_ms = Some(report.started_ms);
            if matches!(report.trigger, Trigger::Schedule | Trigger::Hand) {
                state.took(u64::try_from(report.ended_ms - report.started_ms).unwrap_or_default());
            }
            (state.failures_in_row, state.spared_in_row) = (0, 0);
            let everything = report
                .completeness
                .is_some_and(|p| p != Completeness::Changes)
                && report.not_modified == 0;
            if everything {
                state.last_full_ms = Some(report.started_ms);
            }
        } else {
            state.failures_in_row += 1;
            state.spared_in_row = health::spared_in_row(&state, report);
        }
        match report.trigger {
            // Nothing hangs on it, and the next push waits for it.
            Trigger::Push => rooms.state.note_source(&source.id, &state),
            _ => rooms.state.set_source(&source.id, &state),
        }
    });
    if let Some(error) = kept.err().or(noted.err().map(|e| e.to_string())) {
        tracing::error!(source = source.id, %error, "the report of a run could not be kept");
    }
}

pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    Asking = 0,
    Reading = 1,
    Committing = 2,
    Publishing = 3,
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Reading => "reading",
            Self::Committing => "committing",
            Self::Publishing => "publishing",
        }
    }
}

/// Seen from outside while a run goes on; also the way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    received: AtomicU64,
    declared: AtomicU64,
    pub committed: AtomicU64,
    pub started_ms: AtomicU64,
    /// It ends where something else is wanted of the source, since it loses nothing.
    pub yields: bool,
    stop: AtomicBool,
    stopping: tokio::sync::Notify,
}

impl Progress {
    pub fn of(trigger: Trigger) -> Self {
        Self {
            yields: trigger == Trigger::Details,
            ..Self::default()
        }
    }

    /// Asks the run to end: at once while it waits for an answer, else at the next record.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.stopping.notify_one();
    }

    /// Waits until the run is to end.
    pub(crate) async fn until_stopped(&self) {
        while !self.stopped() {
            self.stopping.notified().await;
        }
    }

    pub fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub fn phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    pub fn phase_word(&self) -> &'static str {
        let phases = [
            Phase::Asking,
            Phase::Reading,
            Phase::Committing,
            Phase::Publishing,
        ];
        phases
            .into_iter()
            .find(|p| *p as u8 == self.phase.load(Relaxed))
            .map_or("", Phase::word)
    }

    /// Datasets received so far, and declared by the source, if it did.
    pub fn counts(&self) -> (u64, Option<u64>) {
        let declared = self.declared.load(Relaxed);
        (
            self.received.load(Relaxed),
            (declared > 0).then_some(declared),
        )
    }

    /// What was received so far counts no more.
    pub(crate) fn begin_anew(&self) {
        self.received.store(0, Relaxed);
    }

    pub(crate) fn received(&self, class: Class) {
        if class == Class::Dataset {
            self.received.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn declared(&self, total: u64) {
        self.declared.store(total, Relaxed);
    }

    pub(crate) fn flow(&self) -> ControlFlow<Stop> {
        if self.stopped() {
            ControlFlow::Break(Stop)
        } else {
            ControlFlow::Continue(())
        }
    }
}
