//! A desk that takes notes instead of running anything: one source that ran, one that is busy, no other.

use harvestd::{
    overrides::Laid,
    report::{Counts, Outcome, Report, Trigger},
    serve::desk::{Decided, Desk, DeskError, Order, Readiness, SourceStatus, Wanted},
    state::Joined,
};
use std::{collections::BTreeMap, sync::Mutex};
use tokio::sync::oneshot;

/// A daemon that remembers what it was asked to do.
#[derive(Default)]
pub struct DeskDouble {
    pub asked: Mutex<Vec<String>>,
    pub unready: Mutex<Option<String>>,
}

impl DeskDouble {
    fn note(&self, what: &str, id: &str) -> Result<(), DeskError> {
        match id {
            "moi" => {
                self.asked.lock().unwrap().push(format!("{what} {id}"));
                Ok(())
            }
            "busy" => Err(DeskError::Running(id.to_owned())),
            _ => Err(DeskError::Unknown(id.to_owned())),
        }
    }
}

impl Desk for DeskDouble {
    fn sources(&self) -> Vec<SourceStatus> {
        vec![moi()]
    }

    fn source(&self, id: &str) -> Option<SourceStatus> {
        (id == "moi").then(moi)
    }

    fn report(&self, id: &str) -> Option<Report> {
        self.source(id).and_then(|source| source.last)
    }

    fn run_now(&self, id: &str, order: Order) -> Result<oneshot::Receiver<Report>, DeskError> {
        self.note("run", id)?;
        let (answer, report) = oneshot::channel();
        let done = Report::begin(id, "ckan", order.trigger, 0);
        answer.send(done).map_err(|_| DeskError::Stopping)?;
        Ok(report)
    }

    fn pause(&self, id: &str) -> Result<(), DeskError> {
        self.note("pause", id)
    }

    fn resume(&self, id: &str) -> Result<(), DeskError> {
        self.note("resume", id)
    }

    fn overrides(&self) -> Vec<Laid> {
        Vec::new()
    }

    fn joined(&self) -> Option<Joined> {
        Some(Joined {
            datasets: 12,
            records: 25,
            listed: 3,
        })
    }

    fn decide(&self, wanted: &Wanted) -> Result<Decided, DeskError> {
        Err(DeskError::Refused(format!("not of {}", wanted.a)))
    }

    fn ready(&self) -> Readiness {
        match &*self.unready.lock().unwrap() {
            Some(why) => Readiness {
                ready: false,
                why: why.clone(),
            },
            None => Readiness {
                ready: true,
                why: "serving".to_owned(),
            },
        }
    }
}

fn moi() -> SourceStatus {
    let counts = Counts {
        declared: Some(3),
        received: 3,
        new: 2,
        refused: 1,
        holds: 2,
        ..Counts::default()
    };
    SourceStatus {
        id: "moi".to_owned(),
        kind: "ckan".to_owned(),
        title: BTreeMap::from([(
            "en".to_owned(),
            "Interior <script>alert(1)</script>".to_owned(),
        )]),
        url: "https://moi.example/api".to_owned(),
        portal: false,
        enabled: true,
        paused: false,
        running: None,
        last: Some(Report {
            run: "1767225600000-moi".to_owned(),
            source: "moi".to_owned(),
            kind: "ckan".to_owned(),
            trigger: Trigger::Schedule,
            started_ms: 1_767_225_600_000,
            ended_ms: 1_767_225_660_000,
            outcome: Outcome::Complete,
            why: None,
            diagnosis: None,
            completeness: None,
            counts,
            referents: Counts::default(),
            disagreements: Vec::new(),
            requests: 1,
            not_modified: 0,
            bytes: 100,
            parts: BTreeMap::new(),
            details: None,
            held: None,
            undoes: Vec::new(),
            activities: Some((1, 3)),
            refused: Vec::new(),
            findings_by_code: BTreeMap::new(),
            findings: Vec::new(),
            noticed: Vec::new(),
            account: Default::default(),
        }),
        details: None,
        next_due_ms: Some(1_767_229_200_000),
        holds: 2,
        failures_in_row: 0,
        expected_ms: None,
        health: Default::default(),
        gate: None,
    }
}
