//! What goes out beside the present: the past, the changes, and messages to those who want to be told.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;
#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/port.rs"]
mod port;
#[path = "support/serving.rs"]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

#[path = "outgoing/asof.rs"]
mod asof;
#[path = "outgoing/changes.rs"]
mod changes;
#[path = "outgoing/nothing.rs"]
mod nothing;
#[path = "outgoing/unpublished.rs"]
mod unpublished;
#[path = "outgoing/webhooks.rs"]
mod webhooks;
