//! What is said of datasets: sent over HTTP to the program itself, kept, listed, judged, and published as a correction.
//!
//! Everything is on loopback. Start at [`Bed`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

#[path = "feedback/admission.rs"]
mod admission;
#[path = "feedback/bed.rs"]
mod bed;
#[path = "feedback/by_form.rs"]
mod by_form;
#[path = "feedback/judged.rs"]
mod judged;
#[path = "feedback/killed.rs"]
mod killed;
#[path = "feedback/lists.rs"]
mod lists;
#[path = "feedback/private.rs"]
mod private;
#[path = "feedback/refused.rs"]
mod refused;
#[path = "feedback/taken.rs"]
mod taken;

use bed::{Bed, RAIN, answer, correction, problem, remark};
