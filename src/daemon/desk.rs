//! The daemon at the desk: what it tells the doors, always from memory.

use super::{Asked, Daemon, Place, Purpose};
use crate::backup::Staged;
use crate::diagnosis::health::Standing;
use crate::feedback::{Feedback, FeedbackError, Item, Wanted as Judgement};
use crate::links::{
    Links,
    round::{Line, Wanted as Addresses},
};
use crate::overrides::Laid;
use crate::report::{Report, Reports, Trigger};
use crate::run::by_hand::{Changed, Wanted as Change};
use crate::run::decide::{DecideError, Decided, Wanted, decide};
use crate::serve::desk::{
    Desk, DeskError, Health, HeldList, Order, Progress, Readiness, SourceStatus,
};
use crate::snapshot::{Published, shelf::Shelf};
use crate::state::Joined;
use crate::state::KeptDigest;
use crate::store::damage;
use crate::undo::Kept;
use crate::webhooks::Webhooks;
use std::sync::{Arc, atomic::Ordering::Relaxed};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

impl Desk for Daemon {
    fn sources(&self) -> Vec<SourceStatus> {
        let config = self.config();
        let places = self.places();
        config
            .sources
            .iter()
            .filter_map(|s| places.get(&s.id))
            .map(|place| self.status(place))
            .collect()
    }

    fn source(&self, id: &str) -> Option<SourceStatus> {
        self.places().get(id).map(|place| self.status(place))
    }

    fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    fn webhooks(&self) -> Option<Arc<Webhooks>> {
        Some(self.webhooks.clone())
    }

    fn feedback(&self) -> Option<Arc<Feedback>> {
        Some(self.feedback.clone())
    }

    fn links(&self) -> Option<Arc<Links>> {
        Some(self.links.clone())
    }

    fn check_links(&self, wanted: Addresses) -> Result<mpsc::Receiver<Line>, DeskError> {
        self.may_write()?;
        Ok(self.checked_now(wanted))
    }

    fn judge(&self, id: u64, wanted: &Judgement) -> Result<Arc<Item>, FeedbackError> {
        self.judged(id, wanted)
    }

    fn report(&self, id: &str) -> Option<Report> {
        self.of_known(id, |reports| reports.last(id)).flatten()
    }

    fn report_of(&self, id: &str, run: &str) -> Option<Report> {
        self.of_known(id, |reports| reports.of(id, run)).flatten()
    }

    fn reports(&self, id: &str, before: Option<&str>, max: usize) -> Vec<Report> {
        self.of_known(id, |reports| reports.list(id, before, max))
            .unwrap_or_default()
    }

    fn run_now(&self, id: &str, order: Order) -> Result<oneshot::Receiver<Report>, DeskError> {
        if !(self.purpose == Purpose::Check && order.trigger == Trigger::Check) {
            self.may_write()?;
        }
        let places = self.places();
        let place = places
            .get(id)
            .ok_or_else(|| DeskError::Unknown(id.to_owned()))?;
        if place.source.is_pushed() && order.trigger != Trigger::Redescribe {
            return Err(DeskError::Pushes(id.to_owned()));
        }
        match &place.running {
            // A group of pushes is soon done, and what is ordered waits for it.
            Some(_) if place.source.is_pushed() => {}
            Some(running) if running.yields => running.stop(),
            Some(_) => return Err(DeskError::Running(id.to_owned())),
            None => {}
        }
        let (answer, report) = oneshot::channel();
        place
            .orders
            .try_send(Asked::Run { order, answer })
            .map_err(|e| not_taken(id, &e))?;
        Ok(report)
    }

    fn pause(&self, id: &str) -> Result<(), DeskError> {
        self.set_paused(id, true)
    }

    fn resume(&self, id: &str) -> Result<(), DeskError> {
        self.set_paused(id, false)
    }

    fn change(
        &self,
        id: &str,
        wanted: Change,
    ) -> Result<oneshot::Receiver<Result<Changed, DeskError>>, DeskError> {
        self.order_change(id, wanted)
    }

    fn held(&self, id: &str) -> Result<HeldList, DeskError> {
        self.held_list(id)
    }

    fn undoable(&self, id: &str) -> Result<Vec<Kept>, DeskError> {
        self.kept_runs(id)
    }

    fn source_of_gone(&self, iri: &str) -> Result<String, DeskError> {
        self.gone_from(iri)
    }

    fn digest(&self) -> Option<Arc<KeptDigest>> {
        Some(self.rooms.digest.clone())
    }

    fn overrides(&self) -> Vec<Laid> {
        let standings = self.rooms.standings.borrow().clone();
        self.config().overrides.laid(&standings)
    }

    fn joined(&self) -> Option<Joined> {
        self.rooms.state.joined().ok().flatten()
    }

    fn decide(&self, wanted: &Wanted) -> Result<Decided, DeskError> {
        self.may_write()?;
        decide(&self.rooms, wanted).map_err(|error| match error {
            DecideError::Run(error) => DeskError::Failed(error.to_string()),
            refused => DeskError::Refused(refused.to_string()),
        })
    }

    fn stage_backup(&self) -> Result<Staged, DeskError> {
        self.staged_backup()
    }

    fn release_backup(&self) -> Result<(), DeskError> {
        self.released_backup()
    }

    fn ready(&self) -> Readiness {
        let published = self.published.borrow();
        let of_it = |p: &Arc<Published>| damage::below(&p.path);
        let damaged = self.rooms.room.damaged();
        if let Some(damaged) = damaged.or_else(|| published.as_ref().and_then(of_it)) {
            return Readiness {
                ready: false,
                why: format!("damaged: {damaged}. {}", damage::HELP),
            };
        }
        match published.as_ref() {
            Some(p) => Readiness {
                ready: true,
                why: match self.rooms.room.lacking() {
                    Some(why) => format!("read-only: {why}"),
                    None => format!(
                        "activity {} of generation {} is published",
                        p.seq, p.generation
                    ),
                },
            },
            None => Readiness {
                ready: false,
                why: "nothing is published yet".to_owned(),
            },
        }
    }
}

impl Daemon {
    /// What is kept of a source that is configured.
    fn of_known<T>(
        &self,
        id: &str,
        read: impl FnOnce(&Reports) -> std::io::Result<T>,
    ) -> Option<T> {
        // A shared vocabulary has no place among the sources, since there is nobody to ask and nothing to schedule.
        if !self.config().shares(id) {
            self.source(id)?;
        }
        read(&self.rooms.reports)
            .inspect_err(|error| tracing::warn!(source = id, %error, "a report cannot be read"))
            .ok()
    }

    fn status(&self, place: &Place) -> SourceStatus {
        SourceStatus {
            gate: self.rooms.book.of(&place.source.id),
            health: self.health(place),
            ..status(place)
        }
    }

    /// What is wrong by now counts more than what was when the source fell sick; that it is stale counts more than both.
    fn health(&self, place: &Place) -> Health {
        let change = self.rooms.health.of(&place.source.id);
        let last = place.last.as_ref();
        let last = last.and_then(|report| report.diagnosis.clone());
        let Some(change) = change else {
            return Health {
                diagnosis: last,
                ..Health::default()
            };
        };
        let diagnosis = match change.state {
            Standing::Stale => change.diagnosis,
            Standing::Sick | Standing::Well => last.or(change.diagnosis),
        };
        Health {
            state: change.state,
            since_ms: self.rooms.health.since(&place.source.id),
            diagnosis,
        }
    }

    /// A command that only reads holds the data directory while it does, and is asked meanwhile.
    pub(super) fn may_write(&self) -> Result<(), DeskError> {
        if let Some(why) = self.rooms.room.lacking() {
            return Err(DeskError::ReadOnly(why));
        }
        if self.purpose.writes() {
            return Ok(());
        }
        let pid = std::process::id();
        Err(DeskError::Refused(format!(
            "process {pid}, which has the data directory at this moment, only reads: try again when it has ended"
        )))
    }

    fn set_paused(&self, id: &str, paused: bool) -> Result<(), DeskError> {
        self.may_write()?;
        let mut places = self.places();
        let place = places
            .get_mut(id)
            .ok_or_else(|| DeskError::Unknown(id.to_owned()))?;
        let kept = self.rooms.state.set_paused(id, paused);
        kept.map_err(|e| DeskError::Failed(e.to_string()))?;
        place.paused = paused;
        place.look.notify_one();
        if paused {
            place.next_due_ms = None;
        }
        Ok(())
    }
}

pub(super) fn not_taken(id: &str, error: &TrySendError<Asked>) -> DeskError {
    match error {
        TrySendError::Full(_) => DeskError::Running(id.to_owned()),
        TrySendError::Closed(_) => DeskError::Stopping,
    }
}

fn status(place: &Place) -> SourceStatus {
    let source = &place.source;
    SourceStatus {
        gate: None,
        id: source.id.clone(),
        kind: source.kind.clone(),
        title: source.title.clone(),
        url: crate::network::redact(&source.url),
        portal: source.portal,
        enabled: source.enabled,
        paused: place.paused,
        running: place.running.as_ref().map(|progress| {
            let (received, declared) = progress.counts();
            Progress {
                phase: progress.phase_word().to_owned(),
                received,
                declared,
                committed: progress.committed.load(Relaxed),
                started_ms: progress.started_ms.load(Relaxed) as i64,
            }
        }),
        last: place.last.clone(),
        details: place.details,
        next_due_ms: place.next_due_ms.filter(|_| place.running.is_none()),
        holds: place.holds,
        failures_in_row: place.failures_in_row,
        expected_ms: place.expected_ms,
        health: Health::default(),
    }
}
