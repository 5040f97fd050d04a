//! A daemon without a schedule, run by hand.
//!
//! Start at [`House::open`]; [`House::close`] ends when the data directory is free again.

use super::texts::config;
use harvestd::{
    config::Config,
    daemon::{Daemon, Purpose},
    report::{Outcome, Report, Trigger},
    serve::desk::{Desk, Order},
};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long anything here may take.
pub const DEADLINE: Duration = Duration::from_secs(120);

pub struct House {
    pub daemon: Arc<Daemon>,
}

impl House {
    pub fn open(data_dir: &Path, limits: &str, sources: &[String]) -> Self {
        Self::with(config(data_dir, limits, sources))
    }

    pub fn with(config: Config) -> Self {
        let daemon = Daemon::open(config, Purpose::Work).unwrap();
        Self { daemon }
    }

    pub async fn order(&self, source: &str, trigger: Trigger, full: bool) -> Report {
        let order = Order { trigger, full };
        let report = self.daemon.run_now(source, order).unwrap();
        let report = tokio::time::timeout(DEADLINE, report).await;
        report.expect("a run ends").unwrap()
    }

    /// A run whose counts add up.
    pub async fn run(&self, source: &str) -> Report {
        let report = self.order(source, Trigger::Hand, false).await;
        assert_adds_up(&report);
        report
    }

    /// A complete run.
    pub async fn complete(&self, source: &str) -> Report {
        let report = self.run(source).await;
        assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
        report
    }

    pub async fn close(self) {
        let daemon = self.daemon;
        daemon.close(DEADLINE).await;
        let began = Instant::now();
        while Arc::strong_count(&daemon) > 1 || Arc::strong_count(&daemon.rooms) > 1 {
            assert!(
                began.elapsed() < DEADLINE,
                "somebody still holds the daemon"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Everything received is in exactly one count; a failed run counts nothing.
pub fn assert_adds_up(report: &Report) {
    let c = &report.counts;
    let sum = c.new
        + c.changed
        + c.unchanged
        + c.refused
        + c.unreadable
        + c.duplicate
        + c.filtered
        + c.looped;
    if report.outcome != Outcome::Failed {
        assert_eq!(c.received, sum, "{}", report.line());
    }
    if report.outcome == Outcome::Complete {
        assert_eq!(
            report.disagreements,
            Vec::<String>::new(),
            "{}",
            report.line()
        );
    }
}
