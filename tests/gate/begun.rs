//! Runs that were killed while their one large answer was coming: where the server can tell that it still has the same, only
//! the rest is sent.

use super::{resumed::told, *};
use faulty::{Faulty, Heard, Script, Step};
use std::{
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::process::Command;

const ROWS: usize = 100;

/// Over 4 MiB, as it must be to be worth it: few records, and long ones.
fn large_export(revision: usize) -> String {
    let long = format!("列{}\"", "x".repeat(60_000));
    export(&rows(1, ROWS, revision)).replace("列\"", &long)
}

/// A server of one large export, which hangs in the middle of its first answer.
struct Large {
    server: Faulty,
    dir: tempfile::TempDir,
    /// Which of the exports it has by now.
    revision: Arc<AtomicUsize>,
}

fn answer(heard: &Heard, before: usize, body: &[u8], tag: &str) -> Script {
    let range = heard.header("range").and_then(|range| {
        let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    let from = range.filter(|_| heard.header("if-range") == Some(tag));
    let (status, part) = match from {
        Some(from) => ("206 Partial Content", &body[from..]),
        None => ("200 OK", body),
    };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {JSON}\r\nAccept-Ranges: bytes\r\nETag: {tag}\r\nContent-Length: {}\r\n",
        part.len()
    );
    if let Some(from) = from {
        let (last, all) = (body.len() - 1, body.len());
        head += &format!("Content-Range: bytes {from}-{last}/{all}\r\n");
    }
    head += "Connection: close\r\n\r\n";
    match before {
        0 => vec![
            Step::Send(head.into_bytes()),
            Step::Send(part[..part.len() / 2].to_vec()),
            Step::Hang,
        ],
        _ => vec![Step::Send(head.into_bytes()), Step::Send(part.to_vec())],
    }
}

impl Large {
    /// `tag` is that of the export of a revision.
    async fn new(tag: fn(usize) -> String) -> Self {
        let revision = Arc::new(AtomicUsize::new(1));
        let bodies: Vec<String> = (0..3).map(large_export).collect();
        let now = revision.clone();
        let server = Faulty::start(move |heard, before| {
            let now = now.load(SeqCst);
            answer(heard, before, bodies[now].as_bytes(), &tag(now))
        })
        .await;
        Self {
            server,
            dir: tempfile::tempdir().unwrap(),
            revision,
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn source(&self) -> String {
        source("a", "data_gov_tw", self.server.at("/a").as_str(), "")
    }

    fn command(&self) -> Command {
        let file = self.dir.path().join("harvestd.toml");
        let text = texts::configuration(&self.data_dir(), "", &[self.source()]);
        std::fs::write(&file, text).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args(["run", "a", "--json", "--config"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        program
    }

    /// Dies when half of the answer is on disk.
    async fn dies_in_the_middle(&self) {
        let half = large_export(1).len() as u64 / 2;
        let mut child = self.command().spawn().unwrap();
        let began = std::time::Instant::now();
        while self.spooled() < half - 200_000 {
            assert!(began.elapsed() < DEADLINE, "half of it comes");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        child.kill().await.unwrap();
    }

    /// Bytes of the largest file that is being spooled.
    fn spooled(&self) -> u64 {
        let files = whole::files(&self.data_dir().join("spool"));
        let sizes = files.iter().filter_map(|file| file.metadata().ok());
        sizes.map(|found| found.len()).max().unwrap_or(0)
    }

    async fn completes(&self) -> Report {
        let output = tokio::time::timeout(DEADLINE, self.command().output()).await;
        let output = output.expect("a run ends").unwrap();
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        assert_adds_up(&report);
        assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
        report
    }

    async fn titles(&self) -> usize {
        let house = House::open(&self.data_dir(), "", &[self.source()]);
        let titles = Whole::of(&house.daemon).titles().len();
        house.close().await;
        titles
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_rest_of_a_large_answer_is_asked_for() {
    let large = Large::new(|revision| format!("\"{revision}\"")).await;
    large.dies_in_the_middle().await;
    let report = large.completes().await;
    let heard = &large.server.requests()[1];
    let from = heard.header("range").unwrap().to_owned();
    assert_eq!(heard.header("if-range"), Some("\"1\""));
    assert_eq!(heard.header("accept-encoding"), Some("identity"));
    let said = told(&report, "resumed-answer").unwrap();
    let from = from.trim_start_matches("bytes=").trim_end_matches('-');
    assert!(
        said.starts_with(&format!("{from} of the ")),
        "{said} {from}"
    );
    assert_eq!((report.counts.new, report.requests), (ROWS as u64, 1));
    assert_eq!(large.spooled(), 0, "nothing is left of it");
    assert_eq!(large.titles().await, ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_by_now_is_asked_for_whole() {
    let large = Large::new(|revision| format!("\"{revision}\"")).await;
    large.dies_in_the_middle().await;
    large.revision.store(2, SeqCst);
    let report = large.completes().await;
    assert!(large.server.requests()[1].header("range").is_some());
    assert_eq!(told(&report, "resumed-answer"), None);
    assert_eq!(report.counts.new, ROWS as u64);
    assert_eq!(large.titles().await, ROWS);
}

/// A weak tag does not say that the bytes are the same.
#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_tell_all_of_it_is_asked_for() {
    let large = Large::new(|revision| format!("W/\"{revision}\"")).await;
    large.dies_in_the_middle().await;
    let report = large.completes().await;
    assert_eq!(large.server.requests()[1].header("range"), None);
    assert_eq!(told(&report, "resumed-answer"), None);
    assert_eq!(report.counts.new, ROWS as u64);
}
