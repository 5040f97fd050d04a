//! Sources that go wrong, each in its own way, and what the operator is told of it: report, status, log, metrics, exit
//! codes, webhooks. The servers are real ones on loopback, and so is the daemon.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/faulty.rs"]
#[expect(dead_code, reason = "shared with the tests of the network")]
mod faulty;
#[path = "support/house.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod origin;
#[path = "support/port.rs"]
mod port;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod texts;

#[path = "diagnosis/spared.rs"]
mod spared;
#[path = "diagnosis/ways.rs"]
mod ways;
