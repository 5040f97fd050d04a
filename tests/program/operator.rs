//! The operator's doors of a daemon at work: a source never runs twice at once, and one that is paused waits.

use super::*;
use axum::body::{Body, Bytes};
use futures_util::stream;
use origin::Origin;
use serde_json::Value;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use texts::{configuration, export, rows, source};
use tokio::sync::watch;

const EVERY_SECOND: &str = "schedule = \"* * * * * *\"\njitter_ms = 0";
/// Never by itself, as far as a test lives.
const ONCE_A_YEAR: &str = "schedule = \"0 3 1 1 *\"\njitter_ms = 0\ncatch_up = \"skip\"";

/// `harvestd serve` on sources of one server, and who is asked there.
struct Bed {
    origin: Origin,
    dir: tempfile::TempDir,
    client: reqwest::Client,
}

impl Bed {
    async fn new() -> Self {
        Self {
            origin: Origin::start().await,
            dir: tempfile::tempdir().unwrap(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn serve(&self, sources: &[(&str, &str)]) -> (Daemon, Doors<'_>) {
        let source = |(id, more): &(&str, &str)| {
            source(id, "data_gov_tw", &self.origin.at(&format!("/{id}")), more)
        };
        let sources: Vec<String> = sources.iter().map(source).collect();
        let (file, data) = (self.dir.path().join("c.toml"), self.dir.path().join("data"));
        std::fs::write(&file, configuration(&data, "", &sources)).unwrap();
        let (daemon, said) = Daemon::start(&["serve", "--json", "--config", text(&file)]).await;
        let said: Value = serde_json::from_str(&said).unwrap();
        let admin = format!("http://{}", said["admin_listen"].as_str().unwrap());
        let token = std::fs::read_to_string(data.join("admin-token")).unwrap();
        let token = token.trim().to_owned();
        let doors = Doors {
            bed: self,
            admin,
            token,
        };
        (daemon, doors)
    }

    /// Counts the questions for a path.
    fn counted(&self, path: &str) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counting = count.clone();
        self.origin.answer(path, move |_| {
            counting.fetch_add(1, SeqCst);
            origin::plain("application/json", export(&rows(1, 3, 1)))
        });
        count
    }
}

struct Doors<'a> {
    bed: &'a Bed,
    admin: String,
    token: String,
}

impl Doors<'_> {
    async fn asks(&self, method: &str, path: &str) -> (u16, Value) {
        let (method, url) = (method.parse().unwrap(), format!("{}{path}", self.admin));
        let asked = self.bed.client.request(method, url);
        let answer = asked.bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, path: &str) -> (u16, Value) {
        self.asks("POST", path).await
    }

    async fn source(&self, id: &str) -> Value {
        self.asks("GET", &format!("/sources/{id}")).await.1
    }
}

/// A server that holds its answers back until it is let go, and knows how many it held at once.
struct Slow {
    asked: Arc<AtomicUsize>,
    at_once_max: Arc<AtomicUsize>,
    go: watch::Sender<bool>,
}

impl Slow {
    fn at(origin: &Origin, path: &str) -> Self {
        let (go, going) = watch::channel(false);
        let slow = Self {
            asked: Arc::default(),
            at_once_max: Arc::default(),
            go,
        };
        let (asked, max, held) = (
            slow.asked.clone(),
            slow.at_once_max.clone(),
            Arc::new(AtomicUsize::new(0)),
        );
        origin.answer(path, move |_| {
            asked.fetch_add(1, SeqCst);
            max.fetch_max(1 + held.fetch_add(1, SeqCst), SeqCst);
            let (mut going, held) = (going.clone(), held.clone());
            let answer = stream::once(async move {
                going.wait_for(|go| *go).await.unwrap();
                held.fetch_sub(1, SeqCst);
                Ok::<_, Infallible>(Bytes::from(export(&rows(1, 3, 1))))
            });
            origin::plain("application/json", Body::from_stream(answer))
        });
        slow
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_never_runs_twice_at_once() {
    let bed = Bed::new().await;
    let slow = Slow::at(&bed.origin, "/a");
    let (daemon, doors) = bed.serve(&[("a", ONCE_A_YEAR)]).await;
    assert_eq!(doors.post("/sources/a/run").await.0, 202);
    eventually("it runs", async || {
        let running = doors.source("a").await["running"].is_object();
        (running && slow.asked.load(SeqCst) == 1).then_some(())
    })
    .await;
    for again in ["/sources/a/run", "/sources/a/run?wait=true&full=true"] {
        let (status, problem) = doors.post(again).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &"urn:harvestd:problem:running".into())
        );
    }
    slow.go.send_replace(true);
    let done = eventually("the run ends", async || {
        let source = doors.source("a").await;
        source["running"].is_null().then_some(source)
    })
    .await;
    assert_eq!(
        (&done["last"]["outcome"], &done["holds"]),
        (&"complete".into(), &3.into())
    );
    assert_eq!(
        slow.asked.load(SeqCst),
        1,
        "what was refused is not made up for"
    );

    // Both at the same moment: one after the other, or one of them is told to come again.
    let twice = async || doors.post("/sources/a/run?wait=true").await.0;
    let told = tokio::join!(twice(), twice());
    assert!(matches!(told, (200, 200 | 409) | (409, 200)), "{told:?}");
    assert_eq!(slow.at_once_max.load(SeqCst), 1);
    assert_eq!(daemon.terminate().await.0, Some(0));
}

/// What is due each second is not asked again while it still runs.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_while_it_runs_waits() {
    let bed = Bed::new().await;
    let slow = Slow::at(&bed.origin, "/a");
    let clock = bed.counted("/b");
    let (daemon, doors) = bed.serve(&[("a", EVERY_SECOND), ("b", EVERY_SECOND)]).await;
    eventually("a is asked", async || {
        (slow.asked.load(SeqCst) >= 1).then_some(())
    })
    .await;
    let until = clock.load(SeqCst) + 3;
    eventually("b ran three times since", async || {
        (clock.load(SeqCst) >= until).then_some(())
    })
    .await;
    assert_eq!(slow.asked.load(SeqCst), 1);
    slow.go.send_replace(true);
    eventually("a runs again", async || {
        (slow.asked.load(SeqCst) >= 3).then_some(())
    })
    .await;
    assert_eq!(slow.at_once_max.load(SeqCst), 1);
    assert_eq!(doors.source("a").await["failures_in_row"], 0);
    assert_eq!(daemon.terminate().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_waits_until_it_is_resumed() {
    let bed = Bed::new().await;
    let clock = bed.counted("/b");
    let slow = Slow::at(&bed.origin, "/a");
    let asked = &slow.asked;
    let sources = [("a", EVERY_SECOND), ("b", EVERY_SECOND)];
    let (daemon, doors) = bed.serve(&sources).await;
    eventually("a runs", async || (asked.load(SeqCst) >= 1).then_some(())).await;
    // While it runs: what the run writes down when it ends does not undo it.
    let (status, paused) = doors.post("/sources/a/pause").await;
    slow.go.send_replace(true);
    assert_eq!((status, &paused["paused"]), (202, &true.into()));
    eventually("the run under way ends", async || {
        doors.source("a").await["running"].is_null().then_some(())
    })
    .await;
    // By hand it runs all the same.
    let (status, report) = doors.post("/sources/a/run?wait=true").await;
    assert_eq!((status, &report["outcome"]), (200, &"complete".into()));
    let before = asked.load(SeqCst);
    // The other source is the clock.
    let ticks = async |count: usize| {
        let until = clock.load(SeqCst) + count;
        eventually("b runs", async || {
            (clock.load(SeqCst) >= until).then_some(())
        })
        .await;
    };
    ticks(2).await;
    assert_eq!(asked.load(SeqCst), before);
    let source = doors.source("a").await;
    assert_eq!(
        (&source["paused"], &source["next_due_ms"]),
        (&true.into(), &Value::Null)
    );
    assert_eq!(daemon.terminate().await.0, Some(0));

    let (daemon, doors) = bed.serve(&sources).await;
    ticks(2).await;
    assert_eq!(asked.load(SeqCst), before, "a restart does not forget it");
    assert_eq!(doors.post("/sources/a/resume").await.0, 202);
    eventually("it is not forgotten for long", async || {
        (asked.load(SeqCst) > before).then_some(())
    })
    .await;
    assert_eq!(doors.source("a").await["paused"], false);

    // While it waits for a time that is known already.
    doors.post("/sources/a/pause").await;
    // What was due at that very moment has begun by then.
    ticks(2).await;
    eventually("no run is under way", async || {
        doors.source("a").await["running"].is_null().then_some(())
    })
    .await;
    let before = asked.load(SeqCst);
    ticks(2).await;
    assert_eq!(asked.load(SeqCst), before);
    for order in ["run", "pause", "resume"] {
        assert_eq!(doors.post(&format!("/sources/c/{order}")).await.0, 404);
    }
    assert_eq!(daemon.terminate().await.0, Some(0));
}
