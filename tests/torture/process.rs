//! `harvestd serve` as a process: started, asked, killed.

use super::house::DEADLINE;
use reqwest::{Client, Response};
use serde_json::Value;
use std::{
    net::SocketAddr, os::unix::process::ExitStatusExt, path::Path, process::Stdio, time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const SIGKILL: i32 = 9;

/// A daemon. Dropped, it is killed.
pub struct Process {
    child: Child,
    pub listen: SocketAddr,
    admin: String,
    token: String,
    client: Client,
}

impl Process {
    /// None: it was killed by a failpoint before it was up.
    pub async fn start(dir: &Path, failpoints: &str) -> Option<Self> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(dir.join("log.txt"))
            .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_harvestd"))
            .args(["serve", "--json", "--config"])
            .arg(dir.join("harvestd.toml"))
            .env("FAILPOINTS", failpoints)
            .env("HARVESTD_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
        let Some(line) = line.expect("it says where it listens").unwrap() else {
            let status = child.wait().await.unwrap();
            let killed = status.signal() == Some(SIGKILL) && !failpoints.is_empty();
            assert!(killed, "it does not start: {status}");
            return None;
        };
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = |key: &str| said[key].as_str().unwrap().to_owned();
        let token = std::fs::read_to_string(dir.join("data/admin-token")).unwrap();
        Some(Self {
            child,
            listen: address("listen").parse().unwrap(),
            admin: address("admin_listen"),
            token: token.trim().to_owned(),
            client: Client::builder()
                .no_proxy()
                .timeout(DEADLINE)
                .build()
                .unwrap(),
        })
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("http://{}{path}", self.listen))
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("http://{}{path}", self.listen))
    }

    /// A request at the operator's door.
    pub fn operator(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.admin);
        let request = self.client.request(method.parse().unwrap(), url);
        request.bearer_auth(&self.token)
    }

    /// What a centre sends.
    pub fn push(&self, method: &str, path: &str, token: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.listen);
        let request = self.client.request(method.parse().unwrap(), url);
        request.bearer_auth(token)
    }

    /// Sends it, and kills the daemon after that long. None: no answer came before it died, by this or by a failpoint.
    pub async fn answers(
        &mut self,
        request: reqwest::RequestBuilder,
        dies_after: Option<Duration>,
    ) -> Option<(u16, Value)> {
        let answered = async { whole(request.send().await.ok()?).await };
        let Some(after) = dies_after else {
            return answered.await;
        };
        tokio::select! {
            biased;
            answer = answered => answer,
            () = tokio::time::sleep(after) => {
                self.child.start_kill().unwrap();
                None
            }
        }
    }

    /// Waits until it is dead, of itself or by kill -9.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it in good order. True: a failpoint killed it on the way.
    pub async fn terminate(mut self, may_die: bool) -> bool {
        if let Some(pid) = self.child.id() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = ended.expect("it ends").unwrap();
        let died = status.signal() == Some(SIGKILL);
        assert!(status.success() || (died && may_die), "{status}");
        died
    }

    pub fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

async fn whole(response: Response) -> Option<(u16, Value)> {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.ok()?;
    let document = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Some((status, document))
}
