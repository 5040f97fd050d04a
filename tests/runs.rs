//! Whole runs through one daemon: from a source's server to the store, the log and the report.
//!
//! Everything is on loopback. After each step [`whole::Whole::of`] looks whether what must always hold still holds.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/faulty.rs"]
#[expect(dead_code, reason = "shared with the tests of the network")]
mod faulty;
#[path = "support/house.rs"]
mod house;
#[path = "support/origin.rs"]
mod origin;
#[path = "support/texts.rs"]
mod texts;
#[path = "support/whole.rs"]
mod whole;

#[path = "runs/at_once.rs"]
mod at_once;
#[path = "runs/bad_input.rs"]
mod bad_input;
#[path = "runs/catch_up.rs"]
mod catch_up;
#[path = "runs/failed_load.rs"]
mod failed_load;
#[path = "runs/health.rs"]
mod health;
#[path = "runs/identity.rs"]
mod identity;
#[path = "runs/learned.rs"]
mod learned;
#[path = "runs/lost_state.rs"]
mod lost_state;
#[path = "runs/national.rs"]
mod national;
#[path = "runs/one_model.rs"]
mod one_model;
#[path = "runs/ownership.rs"]
mod ownership;
#[path = "runs/parts.rs"]
mod parts;
#[path = "runs/shared.rs"]
mod shared;
#[path = "runs/straight.rs"]
mod straight;
#[path = "runs/taiwan.rs"]
mod taiwan;
#[path = "runs/unchanged.rs"]
mod unchanged;

use harvestd::{
    log::Verb,
    report::{Outcome, Report, Trigger},
};
use house::House;
use origin::Origin;
use texts::source;
use whole::Whole;

const TURTLE: &str = "text/turtle";
const JSON: &str = "application/json";

/// A server with one document, and a daemon with one source `a` that asks for it.
struct Bed {
    origin: Origin,
    house: House,
    dir: tempfile::TempDir,
    kind: &'static str,
}

impl Bed {
    async fn dcat(document: String) -> Self {
        Self::new("dcat", TURTLE, document, "", "").await
    }

    async fn ministry(document: String) -> Self {
        Self::new("data_gov_tw", JSON, document, "", "").await
    }

    async fn new(
        kind: &'static str,
        media_type: &'static str,
        document: String,
        limits: &str,
        network: &str,
    ) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", media_type, document);
        let dir = tempfile::tempdir().unwrap();
        let a = source("a", kind, &origin.at("/a"), "") + network;
        let house = House::open(dir.path(), limits, &[a]);
        Self {
            origin,
            house,
            dir,
            kind,
        }
    }

    fn say(&self, document: impl Into<Vec<u8>>) {
        let media_type = if self.kind == "dcat" { TURTLE } else { JSON };
        self.origin.say("/a", media_type, document);
    }

    fn whole(&self) -> Whole {
        Whole::of(&self.house.daemon)
    }
}
