//! What centres push: over HTTP, into a daemon of this process, seen by the public doors.
//!
//! Everything is on loopback. Start at [`Bed`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
mod whole;

#[path = "push/admission.rs"]
mod admission;
#[path = "push/again.rs"]
mod again;
#[path = "push/bed.rs"]
mod bed;
#[path = "push/catalogue.rs"]
mod catalogue;
#[path = "push/killed.rs"]
mod killed;
#[path = "push/kind.rs"]
mod kind;
#[path = "push/one.rs"]
mod one;
#[path = "push/redescribe.rs"]
mod redescribe;
#[path = "push/together.rs"]
mod together;

use bed::{Bed, CENTRE, answer, dataset, problem};
