//! The program as its users start it: the demo, what only reads, and the operator's doors of a daemon at work.
//!
//! Deaths and signals are in `tests/crash.rs`. Start at [`Daemon`] and [`harvestd`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

#[path = "program/crowded.rs"]
mod crowded;
#[path = "program/demo.rs"]
mod demo;
#[path = "program/operator.rs"]
mod operator;
#[path = "program/reading.rs"]
mod reading;
#[path = "program/secrets.rs"]
mod secrets;

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// How long anything here may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// How a command ended.
#[derive(Debug)]
struct Told {
    exit: Option<i32>,
    out: String,
    error: String,
}

impl Told {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

fn program(words: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    program.args(words).kill_on_drop(true);
    // What is set where the tests are started is not theirs.
    for variable in ["HARVESTD_CONFIG", "HARVESTD_DATA_DIR", "DEMO_URL"] {
        program.env_remove(variable);
    }
    program.env("HARVESTD_LOG", "warn").stdin(Stdio::null());
    program
}

/// A command, until it ends.
async fn harvestd(words: &[&str]) -> Told {
    let output = tokio::time::timeout(DEADLINE, program(words).output()).await;
    let output = output.expect("the command ends").unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Told {
        exit: output.status.code(),
        out: text(&output.stdout),
        error: text(&output.stderr),
    }
}

/// `harvestd serve` or `harvestd demo`, at ports that the system gave it.
struct Daemon {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
}

impl Daemon {
    /// Starts it and waits for the first line that it prints.
    async fn start(words: &[&str]) -> (Self, String) {
        Self::spawn(program(words)).await
    }

    async fn spawn(mut program: Command) -> (Self, String) {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(DEADLINE, out.next_line()).await;
        let first = first.expect("it says where it listens").unwrap();
        (Self { child, out }, first.expect("it did not end"))
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Ends it with SIGTERM: its exit code, and what it printed since its first line.
    async fn terminate(mut self) -> (Option<i32>, String) {
        self.signal(rustix::process::Signal::TERM);
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let exit = ended.expect("it ends").unwrap().code();
        let mut rest = String::new();
        let mut out = self.out.into_inner();
        out.read_to_string(&mut rest).await.unwrap();
        (exit, rest)
    }
}

/// Polls until there is something.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn get(url: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answered = client.get(url).send().await.unwrap();
    answered.error_for_status().unwrap().text().await.unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
