//! What a catalogue holds, proved: its digest against its store, its log, and another harvestd.
//!
//! Everything is on loopback, and the program itself is run, in processes of its own. Start at [`Hub`], a data directory
//! with its configuration.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/port.rs"]
mod port;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

#[path = "replica/follow.rs"]
mod follow;
#[path = "replica/foreign.rs"]
mod foreign;
#[path = "replica/joined.rs"]
mod joined;
#[path = "replica/loops.rs"]
mod loops;
#[path = "replica/step.rs"]
mod step;
#[path = "replica/verify.rs"]
mod verify;

use origin::Origin;
use port::Port;
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

const JSON: &str = "application/json";
/// How long anything here may take, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(180);

/// A data directory, a configuration, and an address of its own.
struct Hub {
    dir: tempfile::TempDir,
    listen: SocketAddr,
    base: String,
    limits: &'static str,
    _port: Port,
}

impl Hub {
    /// `limits` are lines of its `[limits]`.
    fn new(limits: &'static str) -> Self {
        let port = Port::reserved();
        let listen = port.at;
        Self {
            dir: tempfile::tempdir().unwrap(),
            listen,
            base: format!("http://{listen}/"),
            limits,
            _port: port,
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("harvestd.toml")
    }

    /// Writes the configuration with these sources.
    fn configure(&self, sources: &[String]) {
        let text = format!(
            "public_url = \"{}\"\ndata_dir = \"{}\"\nlisten = \"{}\"\nadmin_listen = \"127.0.0.1:0\"\n\
             [limits]\n{}\n[limits.network]\ntries_max = 1\n\n{}",
            self.base,
            self.data_dir().display(),
            self.listen,
            self.limits,
            sources.concat()
        );
        std::fs::write(self.file(), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args(arguments)
            .arg("--config")
            .arg(self.file())
            .env("HARVESTD_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        program
    }

    async fn does(&self, arguments: &[&str]) -> Output {
        let running = self.command(arguments).output();
        let ended = tokio::time::timeout(DEADLINE, running).await;
        ended.expect("the command ends").unwrap()
    }

    /// A complete run.
    async fn run(&self, source: &str) -> Value {
        let output = self.does(&["run", source, "--json"]).await;
        let error = String::from_utf8_lossy(&output.stderr);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}\n{told}\n{error}",
            output.status
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// `harvestd verify --json`: the exit code and what it printed.
    async fn verify(&self, more: &[&str]) -> (i32, Value) {
        let arguments: Vec<&str> = ["verify", "--json"].iter().chain(more).copied().collect();
        let output = self.does(&arguments).await;
        let error = String::from_utf8_lossy(&output.stderr);
        let json = serde_json::from_slice(&output.stdout);
        let json = json.unwrap_or_else(|e| panic!("{e}: {}\n{error}", output.status));
        (output.status.code().unwrap(), json)
    }

    /// `harvestd serve`, answering.
    async fn serve(&self) -> Child {
        let mut child = self
            .command(&["serve"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while get(self.listen, "/healthz", "")
            .await
            .is_none_or(|(status, ..)| status != 200)
        {
            assert!(began.elapsed() < DEADLINE, "harvestd does not come up");
            assert!(child.try_wait().unwrap().is_none(), "harvestd ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child
    }
}

/// Status, headers and body of a GET; None where nobody answers. `more` are further header lines.
async fn get(at: SocketAddr, path: &str, more: &str) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(at).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head.to_ascii_lowercase(), body.to_owned()))
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
