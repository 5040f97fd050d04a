//! What the doors may ask of the daemon, and nothing more.
//!
//! The doors hold no store, no state and no schedule: they ask here. Tests stand a double at the desk. Start at [`Desk`].

use crate::backup::Staged;
use crate::diagnosis::{Diagnosis, health::Standing};
use crate::feedback::{Feedback, FeedbackError, Item, Wanted as Judgement};
use crate::gate::book::Told;
use crate::links::{
    Links,
    round::{Line, Wanted as Addresses},
};
use crate::overrides::Laid;
use crate::report::{Details, Report};
pub use crate::run::Order;
pub use crate::run::by_hand::{Changed, Wanted as Change};
pub use crate::run::decide::{Decided, Wanted};
use crate::snapshot::shelf::Shelf;
use crate::state::Joined;
use crate::state::KeptDigest;
use crate::undo::Kept;
use crate::webhooks::Webhooks;
use harvestd_harvesters::RecordId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::{mpsc, oneshot};

/// The daemon, as the doors see it. Answers come from memory and wait for no run and no network; only a whole report is
/// read from disk.
pub trait Desk: Send + Sync {
    /// In the order of the configuration.
    fn sources(&self) -> Vec<SourceStatus>;
    fn source(&self, id: &str) -> Option<SourceStatus>;
    /// The report of the source's last run that ended.
    fn report(&self, id: &str) -> Option<Report>;
    /// The report of a run of the source, if it is kept.
    fn report_of(&self, id: &str, run: &str) -> Option<Report> {
        self.report(id).filter(|last| last.run == run)
    }
    /// The reports of a source that are kept, newest first; those of runs before `before`, at most so many.
    fn reports(&self, id: &str, _before: Option<&str>, _max: usize) -> Vec<Report> {
        self.report(id).into_iter().collect()
    }
    /// Starts a run as soon as there is room. Returns at once.
    /// The report comes when the run has ended.
    fn run_now(&self, id: &str, order: Order) -> Result<oneshot::Receiver<Report>, DeskError>;
    /// No run of the source starts by itself until it is resumed. A run under way goes on.
    fn pause(&self, id: &str) -> Result<(), DeskError>;
    fn resume(&self, id: &str) -> Result<(), DeskError>;
    fn ready(&self) -> Readiness;
    /// Orders a change of a source's records by hand, which waits for a run under way. Returns at once; what became of it
    /// comes when it is done.
    fn change(
        &self,
        id: &str,
        _wanted: Change,
    ) -> Result<oneshot::Receiver<Result<Changed, DeskError>>, DeskError> {
        Err(DeskError::Unknown(id.to_owned()))
    }
    /// The deletions of a source that are held for a person, and what a person keeps. Reads the disk and waits for the
    /// writer, as the next two do: never on a thread that others need.
    fn held(&self, id: &str) -> Result<HeldList, DeskError> {
        Err(DeskError::Unknown(id.to_owned()))
    }
    /// The runs of a source that can be taken back, oldest first.
    fn undoable(&self, id: &str) -> Result<Vec<Kept>, DeskError> {
        Err(DeskError::Unknown(id.to_owned()))
    }
    /// The source of a record that went and can be restored, by its IRI or by that of what it is about.
    fn source_of_gone(&self, iri: &str) -> Result<String, DeskError> {
        Err(DeskError::Refused(format!("nothing is kept of {iri}")))
    }
    /// Stages a backup for whoever copies it, unless another is being copied. Waits for a commit under way, and reads the
    /// disk: never on a thread that others need.
    fn stage_backup(&self) -> Result<Staged, DeskError> {
        Err(DeskError::Refused("nothing is kept here".to_owned()))
    }
    /// What was staged is copied, or not wanted any more.
    fn release_backup(&self) -> Result<(), DeskError> {
        Ok(())
    }
    /// What the published catalogue holds, in sums.
    fn digest(&self) -> Option<Arc<KeptDigest>> {
        None
    }
    /// Who is told of changes. None: this desk tells nobody.
    fn webhooks(&self) -> Option<Arc<Webhooks>> {
        None
    }
    /// What is said of datasets. None: this desk keeps nothing of it.
    fn feedback(&self) -> Option<Arc<Feedback>> {
        None
    }
    /// Does with something that was said what the operator wants. Waits for a commit under way: never on a thread that
    /// others need.
    fn judge(&self, id: u64, _wanted: &Judgement) -> Result<Arc<Item>, FeedbackError> {
        Err(FeedbackError::Unknown(id))
    }
    /// What is known of addresses. None: this desk checks none.
    fn links(&self) -> Option<Arc<Links>> {
        None
    }
    /// Checks addresses now. Returns at once; lines come as answers do, the last one when all are through.
    fn check_links(&self, _wanted: Addresses) -> Result<mpsc::Receiver<Line>, DeskError> {
        Err(DeskError::Refused(
            "no addresses are checked here".to_owned(),
        ))
    }
    /// The snapshots that are kept. A desk without any keeps none but the newest.
    fn shelf(&self) -> Shelf {
        Shelf::default()
    }
    /// The corrections by hand that are in force.
    fn overrides(&self) -> Vec<Laid>;
    /// What the last comparison of records came to. None: one source alone holds datasets.
    fn joined(&self) -> Option<Joined>;
    /// Decides of two records whether they are one dataset. Waits for a commit under way: never on a thread that others
    /// need.
    fn decide(&self, wanted: &Wanted) -> Result<Decided, DeskError>;
}

/// One source, as an operator wants to see it.
#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    pub id: String,
    pub kind: String,
    /// Language tag -> title.
    pub title: BTreeMap<String, String>,
    /// Without user, password, or query values: fit for a page.
    pub url: String,
    /// What is won from it is not handed to the central portal, whose own it is.
    pub portal: bool,
    pub enabled: bool,
    pub paused: bool,
    /// None: no run is under way.
    pub running: Option<Progress>,
    /// The last run that ended, but for runs of details.
    pub last: Option<Report>,
    /// What the last run of details came to.
    pub details: Option<Details>,
    /// When the source next runs by itself (its jitter and a Retry-After counted in), in milliseconds since 1970. Where
    /// nothing but a command has the data directory: when a daemon would. A time that has passed means: as soon as there
    /// is room. None: never, since it has no schedule, is paused or not enabled; or it runs now.
    pub next_due_ms: Option<i64>,
    /// Records held of this source.
    pub holds: u64,
    pub failures_in_row: u32,
    /// How long a run is likely to take, by the last complete ones, in milliseconds. None: there was none.
    pub expected_ms: Option<u64>,
    /// How it is, and what is wrong with it.
    pub health: Health,
    /// What the gate remembers of it: deletions that are held for a person, and records that a person keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Told>,
}

impl SourceStatus {
    /// Something is wrong with it that somebody should look at.
    pub fn is_ill(&self) -> bool {
        let held = self.gate.as_ref().and_then(|told| told.held.as_ref());
        self.health.state != Standing::Well || held.is_some()
    }
}

/// How a source is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Health {
    pub state: Standing,
    /// Since when, milliseconds since 1970. None: nothing was ever wrong.
    pub since_ms: Option<i64>,
    /// Of one that is sick or stale; of one that is well, what its last run went round.
    pub diagnosis: Option<Diagnosis>,
}

/// Deletions that are held for a person, record by record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldList {
    #[serde(flatten)]
    pub told: Told,
    pub records: Vec<HeldRecord>,
    /// Those that a person keeps.
    pub kept_records: Vec<HeldRecord>,
}

/// A record that its source does not name any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldRecord {
    pub id: RecordId,
    /// IRI of the record.
    pub record: String,
    /// What it is about, as its source names it. None: it is not held any more.
    pub about: Option<String>,
    pub title: Option<String>,
}

/// How far a run has come.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// What it is doing, in one word: `asking`, `comparing`, `committing`, …
    pub phase: String,
    pub received: u64,
    pub declared: Option<u64>,
    /// Staged records that are committed.
    pub committed: u64,
    /// Milliseconds since 1970.
    pub started_ms: i64,
}

/// Whether the daemon can serve what it is there for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    pub ready: bool,
    /// Why not, or in what state.
    pub why: String,
}

/// Why the daemon did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error("no source is called {0:?}")]
    Unknown(String),
    #[error("a run of {0:?} is under way")]
    Running(String),
    #[error(
        "{0:?} pushes its records itself; nobody asks it (but `redescribe` describes again what it pushed)"
    )]
    Pushes(String),
    /// What is wanted cannot be, for a reason that the caller can mend.
    #[error("{0}")]
    Refused(String),
    #[error("nothing can be written at this moment: {0}")]
    ReadOnly(String),
    #[error(
        "a backup is being made already: try again when it is; one that was staged and is not copied goes with `POST /backup/release`"
    )]
    BackupUnderWay,
    #[error("the daemon is stopping")]
    Stopping,
    #[error("{0}")]
    Failed(String),
}
