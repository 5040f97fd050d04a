//! The program itself as a daemon with its doors open, and one source on loopback.
//!
//! Start at [`Serving::start`]; [`Bed`] is what outlives a restart.

use super::{
    house::DEADLINE,
    origin::Origin,
    texts::{self, source},
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::{path::PathBuf, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A ministry's server, a data directory and a configuration file with the one source `a`.
pub struct Bed {
    pub origin: Origin,
    pub dir: tempfile::TempDir,
    /// Of the commands from now on (`src/crash.rs`).
    pub failpoints: String,
}

impl Bed {
    pub async fn new(document: String) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", "application/json", document);
        let dir = tempfile::tempdir().unwrap();
        let bed = Self {
            origin,
            dir,
            failpoints: String::new(),
        };
        bed.configure("", "");
        bed
    }

    /// `limits` are lines of `[limits]` and its tables, `more` are tables of their own.
    pub fn configure(&self, limits: &str, more: &str) {
        let source = source("a", "data_gov_tw", &self.origin.at("/a"), "");
        let text = texts::configuration(&self.data_dir(), limits, &[source, more.to_owned()]);
        std::fs::write(self.dir.path().join("harvestd.toml"), text).unwrap();
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A command of the program, with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args(arguments)
            .args(["--config"])
            .arg(self.dir.path().join("harvestd.toml"))
            .env("HARVESTD_LOG", "info")
            .env("FAILPOINTS", &self.failpoints)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        program
    }

    pub async fn serve(&self) -> Serving {
        Serving::start(self).await
    }
}

/// A daemon. Dropped, it is killed.
pub struct Serving {
    pub child: Child,
    pub listen: String,
    pub admin: String,
    token: String,
    client: Client,
    log: PathBuf,
}

impl Serving {
    async fn start(bed: &Bed) -> Self {
        let log = bed.dir.path().join("log.txt");
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let mut child = bed
            .command(&["serve", "--json"])
            .stderr(file)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
        let Some(line) = line.expect("it says where it listens").unwrap() else {
            panic!("{}", std::fs::read_to_string(&log).unwrap());
        };
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = |key: &str| said[key].as_str().unwrap().to_owned();
        let token = std::fs::read_to_string(bed.data_dir().join("admin-token")).unwrap();
        Self {
            child,
            listen: address("listen"),
            admin: address("admin_listen"),
            token: token.trim().to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
            log,
        }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.listen))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.listen))
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self
            .get(path)
            .header("accept", "application/json")
            .send()
            .await
            .unwrap();
        parsed(response).await
    }

    /// A request at the operator's door, with the token.
    pub fn operator(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.admin);
        let request = self.client.request(method.parse().unwrap(), url);
        request.bearer_auth(&self.token)
    }

    pub async fn admin(&self, method: &str, path: &str) -> Response {
        self.operator(method, path).send().await.unwrap()
    }

    /// A complete run of the source.
    pub async fn run(&self) -> Value {
        let report = parsed(self.admin("POST", "/sources/a/run?wait=true").await).await;
        assert_eq!(report["outcome"], "complete", "{report}");
        report
    }

    /// Everything that all daemons of the bed wrote to their log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Reads the configuration anew.
    pub async fn reload(&self) {
        let before = self.reloads().await;
        self.signal(rustix::process::Signal::HUP);
        eventually("it is read anew", async || self.reloads().await > before).await;
    }

    /// How often it was read anew since the start.
    async fn reloads(&self) -> u64 {
        let metrics = self.get("/metrics").send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let name = "harvestd_reloads_total{outcome=\"done\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// Ends it in good order.
    pub async fn stop(mut self) {
        self.signal(rustix::process::Signal::TERM);
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = ended.expect("it ends").unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }

    /// kill -9.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

pub async fn parsed(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Polls until `is` holds, and fails after a while.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is().await {
        assert!(began.elapsed() < DEADLINE, "in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
