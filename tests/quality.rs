//! Quality of datasets, from a source's answer to the graph, the doors and the command.
//!
//! Everything is on loopback. [`whole::Whole::of`] compares the graph of quality with what measuring every description anew
//! gives, here and wherever else it looks.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/checked.rs"]
mod checked;
#[path = "support/house.rs"]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod whole;

#[path = "quality/asked.rs"]
mod asked;
#[path = "quality/followed.rs"]
mod followed;
#[path = "quality/reached.rs"]
mod reached;

const JSON: &str = "application/json";
