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
mod progress;
pub(crate) mod prov;
pub(crate) mod relist;
mod rooms;
pub mod shared;
pub(crate) mod trial;
pub mod unify;

pub(crate) use learn::Lesson;
pub use progress::{Phase, Progress};
pub use rooms::{Rooms, Writer};

use crate::config::{Config, Source};
use crate::diagnosis::Symptom;
use crate::gate::{Evidence, Hold, Verdict};
use crate::report::{Outcome, Report, Trigger};
use harvestd_harvesters::Completeness;
use std::sync::{Arc, atomic::Ordering::Relaxed};

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
