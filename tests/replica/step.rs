//! A replica of another harvestd: the same bodies, the same digest, whatever happened on the way.

use super::*;
use oxigraph::store::Store;
use std::collections::BTreeSet;
use texts::{export, rows, source};

pub const NO_BULK: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";

/// A hub with one source of its own, and its address as a feed.
struct Pair {
    origin: Origin,
    first: Hub,
    second: Hub,
}

impl Pair {
    async fn new(limits: &'static str) -> Self {
        let origin = Origin::start().await;
        let (first, second) = (Hub::new(limits), Hub::new(limits));
        first.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
        second.configure(&[mirror(&first)]);
        Self {
            origin,
            first,
            second,
        }
    }

    fn say(&self, rows: &[String]) {
        self.origin.say("/a", JSON, export(rows));
    }

    /// Harvests at the first, then follows at the second: the second is in step.
    async fn follow(&self) -> Value {
        self.first.run("a").await;
        let mut serving = self.first.serve().await;
        let report = self.second.run("mirror").await;
        self.in_step().await;
        serving.kill().await.unwrap();
        report
    }

    /// Equal digests, computed anew on both sides.
    async fn in_step(&self) {
        in_step(&self.second, &self.first).await;
        replays(&self.first).await;
    }

    /// The default graphs, triple by triple. Both must have ended.
    fn assert_equal_graphs(&self) {
        assert_equal_graphs(&self.first, &self.second);
    }
}

/// The replica's digest, computed anew from its store and its log, is what the other side says of itself.
pub async fn in_step(replica: &Hub, of: &Hub) {
    let (code, verified) = replica.verify(&["--replay", "--against", &of.base]).await;
    assert_eq!(code, 0, "{verified}");
}

/// The digest, computed anew from store and log: of a log that is whole.
pub async fn replays(hub: &Hub) {
    let (code, verified) = hub.verify(&["--replay"]).await;
    assert_eq!(code, 0, "{verified}");
}

/// The default graphs, triple by triple. Both must have ended.
pub fn assert_equal_graphs(first: &Hub, second: &Hub) {
    let (a, b) = (graph(first), graph(second));
    let only = |x: &BTreeSet<String>, y| x.difference(y).take(5).cloned().collect::<Vec<_>>();
    assert!(a == b, "{:#?} {:#?}", only(&a, &b), only(&b, &a));
    assert!(a.len() > 100, "{}", a.len());
}

pub fn mirror(of: &Hub) -> String {
    source("mirror", "ldes", &format!("{}feed", of.base), "")
}

pub fn graph(hub: &Hub) -> BTreeSet<String> {
    let store = Store::open(hub.data_dir().join("store")).unwrap();
    let body = harvestd::store::default_graph_body(&store).unwrap();
    body.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_follows() {
    let pair = Pair::new(NO_BULK).await;
    pair.say(&rows(1, 60, 1));
    let report = pair.follow().await;
    assert_eq!(report["counts"]["new"], 60, "{report}");
    pair.assert_equal_graphs();

    // 1 to 5 go, 6 to 20 change, 61 to 90 come.
    let mut now = rows(6, 20, 2);
    now.extend(rows(21, 90, 1));
    pair.say(&now);
    let report = pair.follow().await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["new"], &counts["changed"], &counts["gone"]),
        (&30.into(), &15.into(), &5.into()),
        "{report}"
    );
    pair.assert_equal_graphs();

    let report = pair.follow().await;
    assert_eq!(report["activities"], Value::Null, "nothing new: {report}");
    // Everything from the beginning, onto what is there already.
    let mut serving = pair.first.serve().await;
    let output = pair
        .second
        .does(&["run", "mirror", "--full", "--json"])
        .await;
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["activities"], Value::Null, "{report}");
    serving.kill().await.unwrap();
}

/// The open page is sent once; a run in which nothing happened asks whether it is still the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_not_sent_again() {
    let pair = Pair::new(NO_BULK).await;
    pair.say(&rows(1, 60, 1));
    let first = pair.follow().await;
    let bytes = |report: &Value| report["bytes"].as_u64().unwrap();
    assert_eq!(first["not_modified"], 0, "{first}");
    for _ in 0..2 {
        let report = pair.follow().await;
        assert_eq!(report["not_modified"], 1, "{report}");
        assert_eq!(report["outcome"], "complete", "{report}");
        assert_eq!(report["completeness"], "changes", "{report}");
        assert_eq!(report["counts"]["received"], 0, "{report}");
        assert_eq!(report["activities"], Value::Null, "{report}");
        // The root alone.
        assert!(bytes(&report) * 10 < bytes(&first), "{report}");
    }
    pair.say(&rows(2, 61, 1));
    let report = pair.follow().await;
    let counts = &report["counts"];
    assert_eq!(
        (&report["not_modified"], &counts["new"], &counts["gone"]),
        (&0.into(), &1.into(), &1.into()),
        "{report}"
    );
    pair.assert_equal_graphs();
    assert_eq!(pair.follow().await["not_modified"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_in_bulk() {
    let pair = Pair::new("bulk_bytes_min = 1").await;
    pair.say(&rows(1, 150, 1));
    pair.follow().await;
    pair.assert_equal_graphs();
    pair.say(&rows(11, 140, 2));
    pair.follow().await;
    pair.assert_equal_graphs();
}

/// SplitMix64: the same numbers in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// kill -9 at a failpoint.
pub async fn dies(hub: &Hub, source: &str, failpoint: &str) {
    let mut command = hub.command(&["run", source, "--json"]);
    let output = command.env("FAILPOINTS", failpoint).output();
    let output = tokio::time::timeout(DEADLINE, output)
        .await
        .unwrap()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(9), "{failpoint}: {}", output.status);
}

/// More than a thousand creations, updates and deletions, and kill -9 on either side in every round.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_changes_and_kill_9_on_either_side() {
    const ROUNDS: [(&str, &str); 5] = [
        ("commit=1*off->return", "committed=return"),
        ("segment-written=return", "segment-write=1*off->return"),
        ("state=return", "commit=return"),
        ("digest=return", "state=return"),
        ("committed=1*off->return", "digest=return"),
    ];
    let pair = Pair::new(NO_BULK).await;
    let mut chance = Chance(20_261_121);
    let mut revisions: std::collections::BTreeMap<usize, usize> =
        (1..=300).map(|id| (id, 1)).collect();
    let rows_of = |revisions: &std::collections::BTreeMap<usize, usize>| {
        let row = |(id, revision): (&usize, &usize)| rows(*id, *id, *revision);
        revisions.iter().flat_map(row).collect::<Vec<_>>()
    };
    pair.say(&rows_of(&revisions));
    pair.follow().await;
    let mut changes = 0;
    for (round, (first, second)) in ROUNDS.into_iter().enumerate() {
        for id in 1..=400 {
            // Few deletions: a harvest that lost half of its source would be held.
            match (revisions.contains_key(&id), chance.below(20)) {
                (true, 0) => changes += usize::from(revisions.remove(&id).is_some()),
                (true, 1..=12) => {
                    *revisions.get_mut(&id).unwrap() += 1;
                    changes += 1;
                }
                (false, 0..=6) => {
                    revisions.insert(id, 1);
                    changes += 1;
                }
                _ => {}
            }
        }
        pair.say(&rows_of(&revisions));
        dies(&pair.first, "a", first).await;
        pair.first.run("a").await;
        let mut serving = pair.first.serve().await;
        dies(&pair.second, "mirror", second).await;
        pair.second.run("mirror").await;
        pair.in_step().await;
        serving.kill().await.unwrap();
        pair.assert_equal_graphs();
        println!(
            "round {round}: {changes} changes, {} datasets",
            revisions.len()
        );
    }
    assert!(changes >= 1000, "{changes}");
}

/// Two that harvest each other: each gives the other its own, and nothing comes back.
#[tokio::test(flavor = "multi_thread")]
async fn never_a_loop() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(NO_BULK), Hub::new(NO_BULK));
    origin.say("/a", JSON, export(&rows(1, 20, 1)));
    origin.say("/b", JSON, export(&rows(101, 130, 1)));
    a.configure(&[source("a", "data_gov_tw", &origin.at("/a"), ""), mirror(&b)]);
    b.configure(&[source("b", "data_gov_tw", &origin.at("/b"), ""), mirror(&a)]);
    let (_a, _b) = (a.serve().await, b.serve().await);
    a.run("a").await;
    b.run("b").await;
    assert_eq!(b.run("mirror").await["counts"]["new"], 20);
    let report = a.run("mirror").await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["new"], &counts["looped"]),
        (&30.into(), &20.into()),
        "{report}"
    );
    for _ in 0..2 {
        for hub in [&a, &b] {
            let report = hub.run("mirror").await;
            assert_eq!(report["activities"], Value::Null, "{report}");
        }
    }
    origin.say("/a", JSON, export(&rows(2, 20, 2)));
    a.run("a").await;
    let report = b.run("mirror").await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["changed"], &counts["gone"]),
        (&19.into(), &1.into()),
        "{report}"
    );
    assert_eq!(a.run("mirror").await["activities"], Value::Null);
    let (code, verified) = a.verify(&["--replay", "--against", &b.base]).await;
    assert_eq!(
        code, 0,
        "what each says of its own sources is with the other too: {verified}"
    );
}

/// One dataset from a source of our own and from a feed: who wins is what it always was, and the other one is kept.
#[tokio::test(flavor = "multi_thread")]
async fn mirrored_and_harvested_at_once() {
    let (pair, own) = (Pair::new(NO_BULK).await, Origin::start().await);
    pair.say(&rows(1, 40, 1));
    own.say("/b", JSON, export(&rows(1, 40, 7)));
    let own_source = |priority: i32| {
        let more = format!("priority = {priority}");
        source("b", "data_gov_tw", &own.at("/b"), &more)
    };
    pair.second.configure(&[own_source(5), mirror(&pair.first)]);
    pair.first.run("a").await;
    let _serving = pair.first.serve().await;
    pair.second.run("b").await;
    let report = pair.second.run("mirror").await;
    assert!(
        !report["activities"].is_null(),
        "agents and the catalogue of the other come: {report}"
    );
    let titles = |revision: usize| {
        let of = format!(".{revision}\"");
        let graph = graph(&pair.second);
        graph
            .iter()
            .filter(|line| line.contains("dc/terms/title") && line.contains(&of))
            .count()
    };
    assert_eq!((titles(1), titles(7)), (0, 40), "our own source wins");

    // What our own source drops is there from the feed.
    own.say("/b", JSON, export(&rows(1, 38, 7)));
    pair.second.run("b").await;
    assert_eq!((titles(1), titles(7)), (2, 38));
    assert_eq!(pair.second.verify(&["--replay"]).await.0, 0);

    // The feed goes before our own from now on: what changes there is taken.
    pair.second
        .configure(&[own_source(-5), mirror(&pair.first)]);
    pair.say(&rows(1, 40, 2));
    pair.first.run("a").await;
    pair.second.run("mirror").await;
    assert_eq!((titles(2), titles(7)), (40, 0), "the feed's");
    assert_eq!(pair.second.verify(&["--replay"]).await.0, 0);
    pair.say(&rows(3, 40, 2));
    pair.first.run("a").await;
    pair.second.run("mirror").await;
    assert_eq!((titles(2), titles(7)), (38, 2), "our own again");
    assert_eq!(pair.second.verify(&["--replay"]).await.0, 0);
}

/// A run that is taken back at the first is told in the feed like any other; one that is taken back at the replica comes
/// again when it follows.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_follows_what_is_taken_back() {
    let pair = Pair::new(NO_BULK).await;
    pair.say(&rows(1, 60, 1));
    pair.follow().await;
    let before = graph(&pair.first);
    let mut now = rows(6, 20, 2);
    now.extend(rows(21, 70, 1));
    pair.say(&now);
    let run = pair.first.run("a").await["run"].clone();
    let follows = async || {
        let mut serving = pair.first.serve().await;
        let report = pair.second.run("mirror").await;
        pair.in_step().await;
        serving.kill().await.unwrap();
        pair.assert_equal_graphs();
        report
    };
    follows().await;
    assert_ne!(graph(&pair.second), before);
    let undo = pair.first.does(&["undo", run.as_str().unwrap()]).await;
    assert!(
        undo.status.success(),
        "{}",
        String::from_utf8_lossy(&undo.stderr)
    );
    let report = follows().await;
    assert_eq!(graph(&pair.second), before);

    let undo = pair
        .second
        .does(&["undo", report["run"].as_str().unwrap()])
        .await;
    assert!(
        undo.status.success(),
        "{}",
        String::from_utf8_lossy(&undo.stderr)
    );
    assert_ne!(graph(&pair.second), before);
    replays(&pair.second).await;
    follows().await;
    assert_eq!(graph(&pair.second), before);
}
