//! Corrections by hand: how they are read, how they are laid over a description, and what becomes of them in whole runs.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod texts;
#[path = "support/whole.rs"]
mod whole;

#[path = "overrides/joined.rs"]
mod joined;
#[path = "overrides/laid.rs"]
mod laid;
#[path = "overrides/refused.rs"]
mod refused;
#[path = "overrides/runs.rs"]
mod runs;
