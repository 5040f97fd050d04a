//! What a test needs that runs the whole daemon over a source on loopback, in one place. Start at [`serving::Bed`].

#[path = "house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
pub mod house;
#[path = "origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "serving.rs"]
#[expect(dead_code, reason = "tests/outgoing.rs uses the rest")]
pub mod serving;
#[path = "texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
pub mod texts;
