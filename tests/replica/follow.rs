//! A replica between two daemons at work: it hears of what is published, goes on after the other side was away, starts
//! from the dump where pages were removed, and begins anew with a new generation.

use super::{
    step::{assert_equal_graphs, graph, in_step, mirror},
    *,
};
use harvestd::log::Log;
use texts::{export, rows, source};

const LIMITS: &str = "bulk_bytes_min = 1_000_000_000\nbatch_triples_max = 1_000";
/// Due on the first of January alone, whatever is heard meanwhile.
const NEVER_DUE: &str =
    "schedule = \"0 0 1 1 *\"\n[source.follow]\nretry_first_ms = 20\nretry_max_ms = 200\n";
const KEEPS: &str = "[feed]\nkeep_days = 1\n";

async fn sum(hub: &Hub) -> Option<Value> {
    let (status, _, body) = get(hub.listen, "/feed/state", "").await?;
    let state: Value = serde_json::from_str(&body).ok()?;
    (status == 200).then(|| state["sum"].clone())
}

/// Waits until both say the same, which is not what they said `before`.
async fn until_equal(a: &Hub, b: &Hub, before: Option<&Value>) -> Value {
    let began = Instant::now();
    loop {
        let (one, other) = (sum(a).await, sum(b).await);
        if let (Some(one), true) = (&one, one == other)
            && Some(one) != before
        {
            return one.clone();
        }
        assert!(
            began.elapsed() < DEADLINE,
            "never in step: {one:?}, {other:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What `/status.json` says of the source.
async fn standing(hub: &Hub, source: &str) -> Value {
    let (_, _, body) = get(hub.listen, "/status.json", "").await.unwrap();
    let status: Value = serde_json::from_str(&body).unwrap();
    let mut all = status["sources"].as_array().unwrap().iter();
    all.find(|s| s["id"] == *source).unwrap().clone()
}

/// What it says of the source's last run.
async fn last(hub: &Hub, source: &str) -> Value {
    standing(hub, source).await["last"].clone()
}

/// Waits until no run of the source is under way: what a run publishes is seen a while before the run is over.
async fn until_idle(hub: &Hub, source: &str) {
    let began = Instant::now();
    loop {
        let standing = standing(hub, source).await;
        if standing["running"].is_null() {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "it never ends: {standing}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A run is in the store before it is in the status.
async fn until_told(hub: &Hub, source: &str, what: &str, expected: &str) {
    let began = Instant::now();
    loop {
        let last = last(hub, source).await;
        if last[what] == *expected {
            return;
        }
        assert!(
            began.elapsed() < DEADLINE,
            "{what} is never {expected}: {last}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until so many titles end in `ending`: of two with sources of their own no sums are equal.
async fn until_titled(hub: &Hub, ending: &str, expected: usize) {
    let query = format!(
        "SELECT ?s {{ ?s <http://purl.org/dc/terms/title> ?t FILTER(STRENDS(STR(?t), '{ending}')) }}"
    );
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let path = format!("/sparql?query={query}");
    let began = Instant::now();
    loop {
        let (status, _, body) = get(hub.listen, &path, "Accept: text/csv\r\n")
            .await
            .unwrap();
        // One that could not be answered is asked again, as one with another answer is.
        if status == 200 && body.lines().count() == 1 + expected {
            return;
        }
        assert!(
            began.elapsed() < DEADLINE,
            "not {expected} titles: {status} {body}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn ends(mut serving: Child) {
    serving.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn news_is_heard_and_harvested() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(LIMITS), Hub::new(LIMITS));
    a.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
    let url = format!("{}feed", a.base);
    b.configure(&[source("mirror", "ldes", &url, NEVER_DUE)]);
    origin.say("/a", JSON, export(&rows(1, 40, 1)));
    a.run("a").await;
    let first = a.serve().await;
    let _second = b.serve().await;
    // The first run is due at once, since there was none.
    let mut now = until_equal(&a, &b, None).await;
    let (_, head, root) = get(a.listen, "/feed", "").await.unwrap();
    for (word, relation, path) in [
        ("state", "related", "feed/state"),
        ("changes", "monitor", "changes"),
        ("dump", "alternate", "catalog.nq"),
    ] {
        let address = format!("<{}{path}>", a.base);
        assert!(
            root.contains(&format!("harvestd:{word} {address}")),
            "{root}"
        );
        assert!(
            head.contains(&format!("link: {address}; rel=\"{relation}\"")),
            "{head}"
        );
    }
    for revision in 2..=4 {
        origin.say("/a", JSON, export(&rows(1, 40, revision)));
        a.run("a").await;
        now = until_equal(&a, &b, Some(&now)).await;
        until_told(&b, "mirror", "trigger", "news").await;
    }
    // The other side is away for a while, and comes back with something new.
    ends(first).await;
    origin.say("/a", JSON, export(&rows(3, 42, 5)));
    a.run("a").await;
    let _first = a.serve().await;
    until_equal(&a, &b, Some(&now)).await;
    until_told(&b, "mirror", "outcome", "complete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_listen_hears_nothing() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(LIMITS), Hub::new(LIMITS));
    a.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
    let url = format!("{}feed", a.base);
    let deaf = NEVER_DUE.replace("[source.follow]", "[source.follow]\nlisten = false");
    b.configure(&[source("mirror", "ldes", &url, &deaf)]);
    origin.say("/a", JSON, export(&rows(1, 20, 1)));
    a.run("a").await;
    let (_first, _second) = (a.serve().await, b.serve().await);
    let before = until_equal(&a, &b, None).await;
    // Else the run by hand is refused.
    until_idle(&b, "mirror").await;
    origin.say("/a", JSON, export(&rows(1, 20, 2)));
    a.run("a").await;
    b.run("mirror").await;
    until_equal(&a, &b, Some(&before)).await;
    assert_eq!(last(&b, "mirror").await["trigger"], "hand");
}

/// Pages that were not read are gone, with deletions on them: what the dump does not hold is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn from_the_dump_where_pages_were_removed() {
    let origin = Origin::start().await;
    let (a, b, newcomer) = (Hub::new(LIMITS), Hub::new(LIMITS), Hub::new(LIMITS));
    a.configure(&[
        source("a", "data_gov_tw", &origin.at("/a"), ""),
        KEEPS.to_owned(),
    ]);
    b.configure(&[mirror(&a)]);
    newcomer.configure(&[mirror(&a)]);
    origin.say("/a", JSON, export(&rows(1, 600, 1)));
    a.run("a").await;
    let serving = a.serve().await;
    let report = b.run("mirror").await;
    // An operator who removes pages says so: a newcomer begins with the dump even where all are there still.
    assert!(said(&report, "from-the-dump"), "{report}");
    assert_eq!(report["counts"]["new"], 600, "{report}");
    in_step(&b, &a).await;

    // 1 to 50 go, the others change, and again: all on pages that go before they are read.
    for revision in 2..=4 {
        origin.say("/a", JSON, export(&rows(51, 600, revision)));
        a.run("a").await;
    }
    let forget = harvestd_log(&a);
    ends(serving).await;
    assert!(forget.prune(1, 2_001).unwrap() > 10, "segments go");
    let serving = a.serve().await;
    let report = b.run("mirror").await;
    assert!(said(&report, "from-the-dump"), "{report}");
    let counts = &report["counts"];
    assert_eq!(
        (&counts["changed"], &counts["absent"], &report["outcome"]),
        (&550.into(), &50.into(), &"complete".into()),
        "{report}"
    );
    in_step(&b, &a).await;

    // It goes on with the feed from there.
    origin.say("/a", JSON, export(&rows(52, 601, 5)));
    a.run("a").await;
    let report = b.run("mirror").await;
    assert!(!said(&report, "from-the-dump"), "{report}");
    let counts = &report["counts"];
    assert_eq!(
        (&counts["new"], &counts["gone"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    in_step(&b, &a).await;
    newcomer.run("mirror").await;
    in_step(&newcomer, &a).await;
    ends(serving).await;
    assert_equal_graphs(&a, &b);
    assert_equal_graphs(&a, &newcomer);
}

/// A replica is put back to a copy of an earlier day, and stands behind what it had told of: it follows from there, and is
/// told again what it has lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_put_back_catches_up() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(LIMITS), Hub::new(LIMITS));
    a.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
    b.configure(&[mirror(&a)]);
    origin.say("/a", JSON, export(&rows(1, 60, 1)));
    a.run("a").await;
    let serving = a.serve().await;
    b.run("mirror").await;
    let old = b.dir.path().join("old");
    copied(&b.data_dir(), &old);
    for revision in 2..=3 {
        origin.say("/a", JSON, export(&rows(revision, 60 + revision, revision)));
        a.run("a").await;
        b.run("mirror").await;
    }
    in_step(&b, &a).await;
    std::fs::remove_dir_all(b.data_dir()).unwrap();
    std::fs::rename(old, b.data_dir()).unwrap();
    let report = b.run("mirror").await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["new"], &counts["gone"], &counts["absent"]),
        (&3.into(), &2.into(), &0.into()),
        "{report}"
    );
    in_step(&b, &a).await;
    ends(serving).await;
    assert_equal_graphs(&a, &b);
}

/// History begins anew at the first: the second notices, and holds what the first holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_while_it_is_followed() {
    let (origin, own) = (Origin::start().await, Origin::start().await);
    let (a, b) = (Hub::new(LIMITS), Hub::new(LIMITS));
    a.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
    let url = format!("{}feed", a.base);
    let followed = source("mirror", "ldes", &url, NEVER_DUE);
    b.configure(std::slice::from_ref(&followed));
    origin.say("/a", JSON, export(&rows(1, 60, 1)));
    a.run("a").await;
    let first = a.serve().await;
    let second = b.serve().await;
    let before = until_equal(&a, &b, None).await;

    ends(first).await;
    // Deleted just before: the new history does not tell of it.
    origin.say("/a", JSON, export(&rows(4, 61, 2)));
    a.run("a").await;
    let output = a.does(&["feed", "new-generation", "--why", "a test"]).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let first = a.serve().await;
    until_equal(&a, &b, Some(&before)).await;
    until_told(&b, "mirror", "completeness", "last-page").await;

    // And on, beside a source of its own.
    ends(second).await;
    own.say("/b", JSON, export(&rows(900, 910, 1)));
    let mine = source("b", "data_gov_tw", &own.at("/b"), "");
    b.configure(&[followed, mine]);
    let second = b.serve().await;
    b.run("b").await;
    origin.say("/a", JSON, export(&rows(5, 61, 3)));
    a.run("a").await;
    until_titled(&b, ".3", 57).await;
    until_idle(&b, "mirror").await;
    assert_eq!(last(&b, "mirror").await["trigger"], "news");
    let (code, verified) = b.verify(&["--replay"]).await;
    assert_eq!(code, 0, "{verified}");
    ends(first).await;
    ends(second).await;
    let (a, b) = (graph(&a), graph(&b));
    let lost: Vec<_> = a.difference(&b).take(5).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let own: Vec<_> = b.iter().filter(|l| l.contains("dataset/905>")).collect();
    assert!(!own.is_empty(), "what is its own stays");
}

/// What `feed.keep_days` has the daemon do when pages are old.
fn harvestd_log(hub: &Hub) -> Log {
    Log::open(hub.data_dir().join("log"), &hub.base).unwrap()
}

fn said(report: &Value, code: &str) -> bool {
    let mut all = report["noticed"].as_array().unwrap().iter();
    all.any(|noticed| noticed[0] == *code)
}
