//! The program itself, killed where it hurts most: what was acknowledged stays, and the next start goes on.
//!
//! Failpoints (`crash_point!` in the program) kill it at a named place, without a clock; [`at_random`] kills it anywhere.
//! After each death the data directory is opened here, and [`whole::Whole::of`] looks at everything.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
mod origin;
#[path = "support/texts.rs"]
mod texts;
#[path = "support/whole.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod whole;

#[path = "crash/at_random.rs"]
mod at_random;
#[path = "crash/commands.rs"]
mod commands;
#[path = "crash/decided.rs"]
mod decided;
#[path = "crash/failpoints.rs"]
mod failpoints;
#[path = "crash/half_failed.rs"]
mod half_failed;
#[path = "crash/shared.rs"]
mod shared;
#[path = "crash/signals.rs"]
mod signals;
#[path = "crash/starts.rs"]
mod starts;
#[path = "crash/storage.rs"]
mod storage;
#[path = "crash/sweep.rs"]
mod sweep;
#[path = "crash/undone.rs"]
mod undone;

use harvestd::report::Report;
use house::{DEADLINE, House};
use origin::Origin;
use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Output, Stdio},
    time::{Duration, Instant},
};
use texts::source;
use tokio::process::{Child, Command};
use whole::Whole;

const JSON: &str = "application/json";
const SIGKILL: i32 = 9;
const TEMPORARY_FAILURE: i32 = 75;

/// A ministry's server, a data directory and a configuration file with the one source `a`.
struct Bed {
    origin: Origin,
    dir: tempfile::TempDir,
    limits: &'static str,
}

impl Bed {
    async fn new(document: String, limits: &'static str) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", JSON, document);
        let dir = tempfile::tempdir().unwrap();
        let bed = Self {
            origin,
            dir,
            limits,
        };
        bed.configure("");
        bed
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("harvestd.toml")
    }

    fn source(&self, more: &str) -> String {
        source("a", "data_gov_tw", &self.origin.at("/a"), more)
    }

    fn configure(&self, more: &str) {
        let text = texts::configuration(&self.data_dir(), self.limits, &[self.source(more)]);
        std::fs::write(self.file(), text).unwrap();
    }

    fn command(&self, command: &str, failpoints: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args([command, "--json", "--config"])
            .arg(self.file())
            .env("FAILPOINTS", failpoints)
            .env("HARVESTD_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        program
    }

    /// `harvestd run a` in a process of its own.
    async fn run(&self, failpoints: &str) -> Output {
        let running = self.command("run", failpoints).arg("a").output();
        let ended = tokio::time::timeout(at_random::patience(), running).await;
        ended.expect("harvestd run ends").unwrap()
    }

    /// A run that ends by itself, with exit code 0.
    async fn completes(&self) -> Report {
        let output = self.run("").await;
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{log}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Opens the data directory in this process.
    fn open(&self) -> House {
        House::open(&self.data_dir(), self.limits, &[self.source("")])
    }

    async fn whole(&self) -> Whole {
        let house = self.open();
        let whole = Whole::of(&house.daemon);
        house.close().await;
        whole
    }
}

fn was_killed(output: &Output) -> bool {
    output.status.signal() == Some(SIGKILL)
}

/// Waits for something to become true.
async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < DEADLINE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}
