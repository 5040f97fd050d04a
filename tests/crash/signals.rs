//! One process at a time, an end in good order, and a configuration that is read anew only when it is right.

use super::*;
use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use rustix::process::Signal;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use texts::{export, rows};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Whatever is given so long to end is not waited for here: it must end by itself.
const PATIENT: &str = "shutdown_grace_ms = 300_000";

/// `harvestd serve`, up, and what it logs.
pub(super) struct Serving {
    pub(super) child: Child,
    log: Arc<Mutex<String>>,
}

impl Serving {
    pub(super) async fn start(bed: &Bed) -> Self {
        Self::with(bed, "").await
    }

    pub(super) async fn with(bed: &Bed, failpoints: &str) -> Self {
        let mut child = bed.command("serve", failpoints).spawn().unwrap();
        let log = logged(&mut child);
        let serving = Self { child, log };
        serving.logs("harvestd is up").await;
        serving
    }

    pub(super) async fn logs(&self, what: &str) {
        eventually(what, || self.log.lock().unwrap().contains(what)).await;
    }

    /// Ends it with SIGTERM.
    pub(super) async fn terminate(mut self) {
        signal(&self.child, Signal::TERM);
        let status = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = status.expect("serve ends").unwrap();
        assert_eq!(
            status.code(),
            Some(0),
            "{status}\n{}",
            self.log.lock().unwrap()
        );
    }
}

/// What a process logs from now on.
fn logged(child: &mut Child) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let (mut lines, shared) = (
        BufReader::new(child.stderr.take().unwrap()).lines(),
        log.clone(),
    );
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = shared.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_is_told_to_try_later() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    let first = Serving::start(&bed).await;
    let second = tokio::time::timeout(DEADLINE, bed.command("serve", "").output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.status.code(), Some(TEMPORARY_FAILURE));
    let told = String::from_utf8_lossy(&second.stderr);
    let pid = first.child.id().unwrap();
    assert!(
        told.contains(&format!("belongs to process {pid}")),
        "{told}"
    );
    // `run` finds the daemon that has the directory, and is served by it.
    assert_eq!(bed.completes().await.counts.new, 3);
    first.terminate().await;
    bed.whole().await;
}

/// Stopped for a while in the middle of a run, and not dead: nobody else gets the directory, and the run goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_stopped_for_a_while_goes_on() {
    let bed = Bed::new(String::new(), "").await;
    let document = export(&rows(1, 30, 1)).into_bytes();
    let (go_on, gate) = tokio::sync::watch::channel(false);
    bed.origin.answer("/a", move |_| {
        let (first, rest) = document.split_at(document.len() / 2);
        let (first, rest) = (first.to_owned(), rest.to_owned());
        let mut gate = gate.clone();
        let rest = stream::once(async move {
            gate.wait_for(|open| *open).await.unwrap();
            Ok::<_, Infallible>(Bytes::from(rest))
        });
        let first = stream::once(async move { Ok(Bytes::from(first)) });
        origin::plain(JSON, Body::from_stream(first.chain(rest)))
    });
    let daemon = Serving::start(&bed).await;
    let mut running = bed.command("run", "");
    let running = running.arg("a").spawn().unwrap();
    eventually("the source is asked", || bed.origin.asked() > 0).await;
    signal(&daemon.child, Signal::STOP);
    let second = tokio::time::timeout(DEADLINE, bed.command("serve", "").output()).await;
    let second = second.expect("it does not wait").unwrap();
    assert_eq!(second.status.code(), Some(TEMPORARY_FAILURE));
    go_on.send_replace(true);
    signal(&daemon.child, Signal::CONT);
    let ended = tokio::time::timeout(DEADLINE, running.wait_with_output()).await;
    let report = ended.expect("the run ends").unwrap().stdout;
    let report: Report = serde_json::from_slice(&report).unwrap();
    assert_eq!(report.counts.new, 30, "{}", report.line());
    daemon.terminate().await;
    assert_eq!(bed.whole().await.titles().len(), 30);
}

/// Sources that are due at the start: a server that never answers, one that never ends.
async fn ends_in_the_middle(answer: impl Fn() -> Body + Send + Sync + 'static) {
    let bed = Bed::new(String::new(), PATIENT).await;
    bed.configure("schedule = \"0 3 * * *\"\njitter_ms = 0");
    bed.origin
        .answer("/a", move |_| origin::plain(JSON, answer()));
    let serving = Serving::start(&bed).await;
    eventually("the source is asked", || bed.origin.asked() > 0).await;
    serving.terminate().await;
    let house = bed.open();
    let last = house.daemon.rooms.reports.last("a").unwrap().unwrap();
    assert!(
        last.why.as_ref().unwrap().contains("the run was stopped"),
        "{}",
        last.line()
    );
    Whole::of(&house.daemon);
    house.close().await;

    // It goes on at the next start, whenever it is due.
    let asked = bed.origin.asked();
    let serving = Serving::start(&bed).await;
    eventually("the source is asked again", || bed.origin.asked() > asked).await;
    serving.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_while_the_source_is_silent() {
    ends_in_the_middle(|| Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_while_the_source_drips() {
    ends_in_the_middle(|| {
        Body::from_stream(stream::unfold(false, |begun| async move {
            if begun {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Some((Ok::<_, Infallible>(Bytes::from_static(b"[\n\n\n\n")), true))
        }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_with_nothing_to_do() {
    let bed = Bed::new(export(&rows(1, 3, 1)), PATIENT).await;
    let serving = Serving::start(&bed).await;
    serving.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_with_an_error_changes_nothing() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    let serving = Serving::start(&bed).await;
    let good = std::fs::read_to_string(bed.file()).unwrap();
    std::fs::write(
        bed.file(),
        good.replace("kind = \"data_gov_tw\"", "kind = \"no such kind\""),
    )
    .unwrap();
    signal(&serving.child, Signal::HUP);
    serving
        .logs("the new configuration is refused; the one that runs stays")
        .await;
    serving.logs("no such kind").await;
    // The file is mended without another signal: the running configuration is what answers.
    std::fs::write(bed.file(), good).unwrap();
    assert_eq!(bed.completes().await.counts.new, 3);

    bed.configure("language = \"zh-Hant\"");
    signal(&serving.child, Signal::HUP);
    serving.logs("the configuration was read anew").await;
    assert_eq!(bed.completes().await.counts.changed, 3);
    serving.terminate().await;
    let house = House::open(&bed.data_dir(), "", &[bed.source("language = \"zh-Hant\"")]);
    assert!(
        Whole::of(&house.daemon)
            .graph
            .to_lowercase()
            .contains("\"資料 1.1\"@zh-hant")
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_no_longer_configured_keeps_what_is_held_of_it() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    let serving = Serving::start(&bed).await;
    assert_eq!(bed.completes().await.counts.new, 3);
    let configured = std::fs::read_to_string(bed.file()).unwrap();
    std::fs::write(bed.file(), texts::configuration(&bed.data_dir(), "", &[])).unwrap();
    signal(&serving.child, Signal::HUP);
    serving.logs("the configuration was read anew").await;
    serving.terminate().await;
    let without = House::open(&bed.data_dir(), "", &[]);
    let held = Whole::of(&without.daemon);
    without.close().await;
    assert!(held.graph.contains("資料 3.1"), "it is still published");

    std::fs::write(bed.file(), configured).unwrap();
    let again = bed.completes().await;
    assert_eq!((again.counts.unchanged, again.activities), (3, None));
}

/// The demo, up, with what its command line says beside.
async fn demo(dir: &std::path::Path, more: &[&str]) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    command.args(["demo", "--json", "--listen", "127.0.0.1:0"]);
    command.args(["--admin-listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir).args(more).kill_on_drop(true);
    command.env("HARVESTD_LOG", "info");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    let up = tokio::time::timeout(DEADLINE, told.next_line()).await;
    assert!(up.expect("it says where it listens").unwrap().is_some());
    Serving {
        log: logged(&mut child),
        child,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_reads_its_configuration_anew() {
    let dir = tempfile::tempdir().unwrap();
    let serving = demo(&dir.path().join("built-in"), &[]).await;
    signal(&serving.child, Signal::HUP);
    serving.logs("the configuration was read anew").await;
    serving.terminate().await;

    let file = dir.path().join("mydemo.toml");
    let text = include_str!("../../config/demo.toml");
    std::fs::write(&file, text).unwrap();
    let more = ["--config", file.to_str().unwrap()];
    let serving = demo(&dir.path().join("file"), &more).await;
    std::fs::write(&file, text.replace("kind = \"ckan\"", "kind = \"ckam\"")).unwrap();
    signal(&serving.child, Signal::HUP);
    serving.logs("the new configuration is refused").await;
    std::fs::write(&file, text).unwrap();
    signal(&serving.child, Signal::HUP);
    serving.logs("the configuration was read anew").await;
    serving.terminate().await;
}

/// `harvestd overrides …`
async fn overrides(bed: &Bed, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    command.arg("overrides").args(words);
    command.args(["--json", "--config"]).arg(bed.file());
    command.output().await.unwrap()
}

/// A file of corrections with an error keeps the corrections that are in force; a good one counts at once.
#[tokio::test(flavor = "multi_thread")]
async fn corrections_are_read_anew_only_when_they_are_right() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    let folder = bed.dir.path().join("overrides");
    std::fs::create_dir(&folder).unwrap();
    let dataset = "https://data.gov.tw/dataset/1";
    let correction = |property: &str, title: &str| {
        let text = format!(
            "[[override]]\ndataset = \"{dataset}\"\nproperty = \"{property}\"\nexpect = \"資料 1.1\"\nset = \"{title}\"\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n"
        );
        std::fs::write(folder.join("a.toml"), text).unwrap();
    };
    correction("dct:title", "first");
    let serving = Serving::start(&bed).await;
    assert_eq!(bed.completes().await.counts.new, 3);

    correction("dct:titel", "second");
    signal(&serving.child, Signal::HUP);
    serving
        .logs("the new configuration is refused; the one that runs stays")
        .await;
    serving
        .logs("overrides/a.toml:3:12: override.property: found")
        .await;
    correction("dct:title", "third");
    let listed = overrides(&bed, &["list"]).await;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let states: Vec<_> = listed.as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 2, "{listed:#}");
    assert_eq!(
        (&states[0]["state"], &states[0]["set"][0]),
        (&"applied".into(), &"first".into())
    );
    assert_eq!(
        (&states[1]["state"], &states[1]["set"][0]),
        (&"not in force".into(), &"third".into())
    );
    let checked = overrides(&bed, &["check"]).await;
    assert_eq!(checked.status.code(), Some(1));

    signal(&serving.child, Signal::HUP);
    serving.logs("the configuration was read anew").await;
    let checked = overrides(&bed, &["check"]).await;
    assert_eq!(
        (checked.status.code(), checked.stdout),
        (Some(0), b"[]\n".to_vec())
    );
    let explained = overrides(&bed, &["explain", dataset]).await;
    let explained: serde_json::Value = serde_json::from_slice(&explained.stdout).unwrap();
    assert_eq!(explained[0]["standing"]["published"][0], "\"third\"");
    serving.terminate().await;
    std::fs::remove_file(folder.join("a.toml")).unwrap();
    let whole = bed.whole().await;
    assert!(
        whole.bodies[dataset].contains("\"資料 1.1\""),
        "taken back at the next start"
    );
}
