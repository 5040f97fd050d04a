//! The daemon as a child process: orders to run, what its status says.
//!
//! Talks to it as an operator does: the admin listener with the token it wrote, and `/status.json`.

use crate::{
    http::{Answer, Client},
    memory,
    place::{Place, SOURCE},
};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::{
    fmt, fs,
    net::{SocketAddr, TcpListener},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What a run did, as the status reports it.
#[derive(Debug, Clone)]
pub struct Run {
    pub name: String,
    pub outcome: String,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub refused: u64,
    pub duplicate: u64,
}

impl Run {
    fn read(report: &Value) -> Option<Self> {
        let counts = &report["counts"];
        let count = |name: &str| counts[name].as_u64();
        Some(Self {
            name: report["run"].as_str()?.to_owned(),
            outcome: report["outcome"].as_str()?.to_owned(),
            new: count("new")?,
            changed: count("changed")?,
            unchanged: count("unchanged")?,
            deleted: count("gone")? + count("absent")?,
            refused: count("refused")? + count("unreadable")?,
            duplicate: count("duplicate")?,
        })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            outcome,
            new,
            changed,
            unchanged,
            deleted,
            refused,
            duplicate,
            ..
        } = self;
        write!(
            f,
            "{outcome}, new {new}, changed {changed}, unchanged {unchanged}, deleted {deleted}, refused {refused}, duplicate {duplicate}"
        )
    }
}

pub struct Daemon<'a> {
    place: &'a Place,
    child: Child,
    pub address: SocketAddr,
    public: Client,
    admin: Client,
    token: String,
}

impl<'a> Daemon<'a> {
    /// Starts it and waits until it answers.
    pub fn start(place: &'a Place) -> Result<Self> {
        const READY_S_MAX: u64 = 60;
        let address = place.address.map_or_else(free_port, Ok)?;
        let admin = free_port()?;
        let child = place
            .command("serve")
            .args([
                "--listen",
                &address.to_string(),
                "--admin-listen",
                &admin.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(place.log()?)
            .stderr(place.log()?)
            .spawn()
            .context("starting the daemon")?;
        let (public, admin) = (Client::new(address), Client::new(admin));
        let mut daemon = Self {
            place,
            child,
            address,
            public,
            admin,
            token: String::new(),
        };
        let deadline = Instant::now() + Duration::from_secs(READY_S_MAX);
        while !daemon
            .public
            .get("/healthz")
            .is_ok_and(|answer| answer.status == 200)
        {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("the daemon ended with {status}:\n{}", place.log_end());
            }
            ensure!(
                Instant::now() < deadline,
                "the daemon does not answer:\n{}",
                place.log_end()
            );
            thread::sleep(POLL);
        }
        let token = fs::read_to_string(place.data_dir().join("admin-token"));
        token
            .context("reading the admin token")?
            .trim()
            .clone_into(&mut daemon.token);
        Ok(daemon)
    }

    /// An order of the operator's.
    pub fn order(&mut self, path: &str) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let answer = self
            .admin
            .ask("POST", path, &[("authorization", &bearer)], &[])?;
        ensure!(
            (200..300).contains(&answer.status),
            "POST {path} was answered {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        Ok(answer)
    }

    /// Orders a run; returns when its snapshot is visible.
    pub fn run(&mut self) -> Result<(Duration, Run)> {
        const RUN_S_MAX: u64 = 1_800;
        let before = self.last_run()?.map(|run| run.name);
        let began = Instant::now();
        self.order(&format!("/sources/{SOURCE}/run"))?;
        loop {
            if let Some(run) = self.last_run()?
                && Some(&run.name) != before.as_ref()
            {
                let took = began.elapsed();
                ensure!(
                    run.outcome == "complete",
                    "the run is {run}:\n{}",
                    self.place.log_end()
                );
                return Ok((took, run));
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended with {status}:\n{}", self.place.log_end());
            }
            ensure!(
                began.elapsed().as_secs() < RUN_S_MAX,
                "no end of the run after {RUN_S_MAX} s:\n{}",
                self.place.log_end()
            );
            thread::sleep(POLL);
        }
    }

    /// The newest run that ended and is visible: the published snapshot holds its last activity.
    fn last_run(&mut self) -> Result<Option<Run>> {
        let answer = self.public.get("/status.json")?;
        ensure!(
            answer.status == 200,
            "/status.json was answered {}",
            answer.status
        );
        let status: Value = serde_json::from_slice(&answer.body).context("reading /status.json")?;
        let source = status["sources"]
            .as_array()
            .and_then(|sources| sources.iter().find(|source| source["id"] == SOURCE))
            .context("/status.json does not list the source")?;
        let report = &source["last"];
        if report.is_null() {
            return Ok(None);
        }
        let run = Run::read(report).with_context(|| format!("no report of a run: {report}"))?;
        let last_activity = report["activities"][1].as_u64().unwrap_or(0);
        let published = status["published"]["seq"].as_u64().unwrap_or(0);
        Ok((published >= last_activity).then_some(run))
    }

    /// The sum of a histogram of `/metrics`, in its unit.
    pub fn sum_of(&mut self, histogram: &str) -> Result<f64> {
        let name = format!("{histogram}_sum");
        let sum = self.figure(&name)?;
        sum.with_context(|| format!("/metrics does not have {name}"))
    }

    /// A figure of `/metrics`, all its labels together. None: there is none yet.
    pub fn figure(&mut self, name: &str) -> Result<Option<f64>> {
        let answer = self.public.get("/metrics")?;
        let text = String::from_utf8(answer.body).context("/metrics is no text")?;
        let values = text.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let of_it = series.split('{').next() == Some(name);
            of_it.then(|| value.parse::<f64>().ok()).flatten()
        });
        Ok(values.reduce(|a, b| a + b))
    }

    pub fn peak_bytes(&self) -> Result<u64> {
        memory::peak_bytes(self.child.id())
    }

    pub fn own_and_mapped_bytes(&self) -> Result<(u64, u64)> {
        memory::own_and_mapped_bytes(self.child.id())
    }

    pub fn children_peak_bytes(&self) -> Result<u64> {
        memory::children_peak_bytes(self.child.id())
    }

    /// As an operator stops it.
    pub fn stop(mut self) -> Result<()> {
        const STOP_S_MAX: u64 = 60;
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let deadline = Instant::now() + Duration::from_secs(STOP_S_MAX);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "the daemon ended with {status}:\n{}",
                    self.place.log_end()
                );
                return Ok(());
            }
            thread::sleep(POLL);
        }
        bail!(
            "the daemon did not stop in {STOP_S_MAX} s:\n{}",
            self.place.log_end()
        )
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // Where it has ended already this does nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How finely a run is timed.
const POLL: Duration = Duration::from_millis(5);

/// Describes every record again, with the daemon stopped. Returns the time and the peak of the process.
pub fn redescribe(place: &Place) -> Result<(Duration, u64)> {
    let began = Instant::now();
    let mut child = place
        .command("redescribe")
        .arg(SOURCE)
        .stdin(Stdio::null())
        .stdout(place.log()?)
        .stderr(place.log()?)
        .spawn()?;
    let mut peak_bytes = 0;
    loop {
        // Read before the process is looked at: afterwards there is nothing to read.
        peak_bytes = memory::peak_bytes(child.id()).unwrap_or(0).max(peak_bytes);
        if let Some(status) = child.try_wait()? {
            ensure!(
                status.success(),
                "redescribe ended with {status}:\n{}",
                place.log_end()
            );
            ensure!(
                peak_bytes > 0,
                "redescribe ended before its memory could be read"
            );
            return Ok((began.elapsed(), peak_bytes));
        }
        thread::sleep(POLL);
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
