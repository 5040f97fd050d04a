//! The feed as its clients see it: followed over HTTP from a real daemon, and what single answers say.
//!
//! Start at [`follower`], a small client of our own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;

#[path = "feed/follower.rs"]
mod follower;
#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod whole;

#[path = "feed/answers.rs"]
mod answers;
#[path = "feed/replay.rs"]
mod replay;
