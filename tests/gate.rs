//! What a person decides: deletions that are held, runs taken back, records restored; and what the gate lets pass without
//! being asked.
//!
//! Everything is on loopback. After each step [`whole::Whole::of`] looks whether what must always hold still holds.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/faulty.rs"]
#[expect(dead_code, reason = "shared with the tests of the network")]
mod faulty;
#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "tests/outgoing.rs uses the rest")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
mod whole;

#[path = "gate/begun.rs"]
mod begun;
#[path = "gate/by_form.rs"]
mod by_form;
#[path = "gate/commands.rs"]
mod commands;
#[path = "gate/held.rs"]
mod held;
#[path = "gate/one_answer.rs"]
mod one_answer;
#[path = "gate/restored.rs"]
mod restored;
#[path = "gate/resumed.rs"]
mod resumed;
#[path = "gate/together.rs"]
mod together;
#[path = "gate/undone.rs"]
mod undone;

use harvestd::{
    gate::book::{HeldTold, Told},
    report::{Outcome, Report, Trigger},
    serve::desk::{Change, Changed, Desk, DeskError},
};
use house::{DEADLINE, House, assert_adds_up};
use origin::Origin;
use texts::{export, rows, source};
use whole::Whole;

const JSON: &str = "application/json";
const TURTLE: &str = "text/turtle";

/// A server with one document, and a daemon with one source `a` that asks for it.
struct Bed {
    origin: Origin,
    house: House,
    dir: tempfile::TempDir,
    kind: &'static str,
    limits: &'static str,
}

impl Bed {
    /// A ministry's export.
    async fn ministry(document: String, limits: &'static str) -> Self {
        Self::new("data_gov_tw", document, limits).await
    }

    /// A city's catalogue.
    async fn city(document: String) -> Self {
        Self::new("dcat", document, "").await
    }

    async fn new(kind: &'static str, document: String, limits: &'static str) -> Self {
        let origin = Origin::start().await;
        let dir = tempfile::tempdir().unwrap();
        let a = source("a", kind, &origin.at("/a"), "");
        let house = House::open(dir.path(), limits, &[a]);
        let bed = Self {
            origin,
            house,
            dir,
            kind,
            limits,
        };
        bed.say(document);
        bed
    }

    fn say(&self, document: String) {
        let media_type = if self.kind == "dcat" { TURTLE } else { JSON };
        self.origin.say("/a", media_type, document);
    }

    /// A run that asks for everything.
    async fn full(&self) -> Report {
        let report = self.house.order("a", Trigger::Hand, true).await;
        assert_adds_up(&report);
        report
    }

    /// The same, and it is complete.
    async fn complete(&self) -> Report {
        let report = self.full().await;
        assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
        report
    }

    /// The same, and deletions are held.
    async fn held(&self) -> HeldTold {
        let report = self.full().await;
        assert_eq!(report.outcome, Outcome::Partial, "{}", report.line());
        let held = report.held.clone().unwrap();
        assert_eq!(held.datasets, report.counts.held, "{}", report.line());
        assert_eq!(held.run, report.run);
        assert_eq!(self.told().unwrap().held.unwrap(), held);
        held
    }

    fn told(&self) -> Option<Told> {
        Desk::source(&*self.house.daemon, "a").unwrap().gate
    }

    async fn change(&self, wanted: Change) -> Result<Changed, DeskError> {
        let changed = self.house.daemon.change("a", wanted).unwrap();
        let changed = tokio::time::timeout(DEADLINE, changed).await;
        changed.expect("it is done").unwrap()
    }

    /// What is done, and committed as a run.
    async fn committed(&self, wanted: Change) -> Report {
        let report = self.change(wanted).await.unwrap().report.unwrap();
        assert_adds_up(&report);
        assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
        report
    }

    async fn undo(&self, run: &str, with_later: bool) -> Result<Changed, DeskError> {
        let run = run.to_owned();
        let dry = false;
        self.change(Change::Undo {
            run,
            with_later,
            dry,
        })
        .await
    }

    fn whole(&self) -> Whole {
        Whole::of(&self.house.daemon)
    }

    async fn restart(self) -> Self {
        let Self {
            origin,
            house,
            dir,
            kind,
            limits,
        } = self;
        house.close().await;
        let a = source("a", kind, &origin.at("/a"), "");
        let house = House::open(dir.path(), limits, &[a]);
        Self {
            origin,
            house,
            dir,
            kind,
            limits,
        }
    }
}

fn refused(done: Result<Changed, DeskError>) -> String {
    match done {
        Err(DeskError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}
