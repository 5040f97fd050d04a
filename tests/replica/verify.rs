//! `harvestd verify` and `/feed/state`: what was changed behind the daemon's back is named, entity by entity.

use super::*;
use oxigraph::{
    model::{GraphName, GraphNameRef, Literal, NamedNode, NamedNodeRef, Quad, Term},
    store::Store,
};
use std::collections::BTreeSet;
use texts::{export, rows, source};

const DIFFERS: i32 = 6;

/// A hub that harvested `count` rows of a ministry's export.
async fn harvested(count: usize) -> (Hub, Origin) {
    let (hub, origin) = (
        Hub::new("bulk_bytes_min = 1_000_000_000"),
        Origin::start().await,
    );
    origin.say("/a", JSON, export(&rows(1, count, 1)));
    hub.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
    hub.run("a").await;
    (hub, origin)
}

fn title(store: &Store, begin: &str) -> Quad {
    let title = NamedNodeRef::new("http://purl.org/dc/terms/title").unwrap();
    let all = store.quads_for_pattern(None, Some(title), None, Some(GraphNameRef::DefaultGraph));
    all.map(Result::unwrap)
        .find(|quad| matches!(&quad.object, Term::Literal(l) if l.value().starts_with(begin)))
        .unwrap()
}

fn subject(quad: &Quad) -> String {
    quad.subject.to_string().trim_matches(['<', '>']).to_owned()
}

/// The entities that a check names, each with what is lacking.
fn named(verified: &Value, with: &str) -> BTreeSet<(String, bool, bool)> {
    let checks = verified["checks"].as_array().unwrap();
    let check = checks.iter().find(|c| c["with"] == *with).unwrap();
    let differences = check["differences"].as_array().unwrap().iter();
    differences
        .map(|d| {
            let entity = d["entity"].as_str().unwrap().to_owned();
            (entity, d["first"].is_string(), d["second"].is_string())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_changed_by_hand() {
    let (hub, origin) = harvested(40).await;
    let (code, verified) = hub.verify(&["--replay"]).await;
    assert_eq!(code, 0, "{verified}");
    let entities = verified["entities"].as_u64().unwrap();
    assert!(
        entities > 40,
        "datasets, agencies and catalogues: {entities}"
    );
    assert_eq!(verified["checks"][0]["entities"], entities);
    assert_eq!(verified["checks"][1]["entities"], entities);

    let store = Store::open(hub.data_dir().join("store")).unwrap();
    let quad = title(&store, "資料 7.");
    store.remove(&quad).unwrap();
    let other = Literal::new_language_tagged_literal("資料 7,1", "zh-hant").unwrap();
    let changed = Quad {
        object: other.into(),
        ..quad.clone()
    };
    store.insert(&changed).unwrap();
    store.flush().unwrap();
    drop(store);

    let (code, verified) = hub.verify(&["--replay"]).await;
    assert_eq!(code, DIFFERS);
    let differs = BTreeSet::from([(subject(&quad), true, true)]);
    assert_eq!(named(&verified, "store"), differs);
    assert_eq!(
        named(&verified, "log"),
        BTreeSet::new(),
        "the log is as it was"
    );

    // A harvest that changes the row says it anew, from the ground up.
    origin.say(
        "/a",
        JSON,
        export(&[rows(1, 6, 1), rows(7, 7, 2), rows(8, 40, 1)].concat()),
    );
    hub.run("a").await;
    let (code, verified) = hub.verify(&[]).await;
    assert_eq!(
        (
            code,
            verified["checks"][0]["differences"]
                .as_array()
                .unwrap()
                .len()
        ),
        (0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_and_what_is_nobodys() {
    let (hub, _origin) = harvested(10).await;
    let store = Store::open(hub.data_dir().join("store")).unwrap();
    let quad = title(&store, "資料 3.");
    let lost = subject(&quad);
    let entity = NamedNode::new(&lost).unwrap();
    let topic = NamedNodeRef::new("http://xmlns.com/foaf/0.1/primaryTopic").unwrap();
    let record = store.quads_for_pattern(None, Some(topic), Some(entity.as_ref().into()), None);
    for quad in record.map(Result::unwrap).collect::<Vec<_>>() {
        store.remove(&quad).unwrap();
    }
    let stranger = NamedNode::new("https://nobody.example/s").unwrap();
    let title = quad.predicate.clone();
    let literal = Literal::new_simple_literal("nobody's");
    let nobodys = Quad::new(stranger, title, literal, GraphName::DefaultGraph);
    store.insert(&nobodys).unwrap();
    store.flush().unwrap();
    drop(store);

    let (code, verified) = hub.verify(&[]).await;
    assert_eq!(code, DIFFERS);
    assert_eq!(
        named(&verified, "store"),
        BTreeSet::from([(lost.clone(), true, false)])
    );
    let subjects = verified["checks"][0]["subjects"].to_string();
    assert!(subjects.contains("nobody.example/s"), "{subjects}");
    assert!(subjects.contains(&lost), "{subjects}");

    let output = hub.does(&["verify"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("not in store: {lost}")), "{text}");
    assert!(text.contains("belong to no entity"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_was_lost_is_computed_from_the_store() {
    let (hub, _origin) = harvested(25).await;
    let (_, before) = hub.verify(&[]).await;
    std::fs::remove_dir_all(hub.data_dir().join("state")).unwrap();
    let (code, after) = hub.verify(&["--replay"]).await;
    assert_eq!((code, &after["sum"]), (0, &before["sum"]));
}

/// A copy of a data directory is in step until one of the two goes on.
#[tokio::test(flavor = "multi_thread")]
async fn against_another_harvestd() {
    let (hub, origin) = harvested(30).await;
    let copy = Hub {
        base: hub.base.clone(),
        ..Hub::new(hub.limits)
    };
    copied(&hub.data_dir(), &copy.data_dir());
    copy.configure(&[]);
    let mut serving = copy.serve().await;
    let there = format!("http://{}", copy.listen);
    let shown = format!("{there}/");
    let (code, verified) = hub.verify(&["--against", &there]).await;
    assert_eq!(code, 0, "{verified}");
    assert_eq!(verified["checks"][1]["entities"], verified["entities"]);

    // 1 goes, 2 changes, 31 comes.
    let mut now = rows(2, 2, 2);
    now.extend(rows(3, 31, 1));
    origin.say("/a", JSON, export(&now));
    hub.run("a").await;
    let (code, verified) = hub.verify(&["--against", &there]).await;
    assert_eq!(code, DIFFERS);
    assert_eq!(named(&verified, "store"), BTreeSet::new());
    let datasets: Vec<_> = named(&verified, &shown)
        .into_iter()
        .filter(|(entity, ..)| entity.contains("/dataset/"))
        .collect();
    let dataset = |n: usize| format!("https://data.gov.tw/dataset/{n}");
    let found: BTreeSet<_> = datasets.into_iter().collect();
    let expected = [(1, false, true), (2, true, true), (31, true, false)];
    let expected = expected.map(|(n, here, there)| (dataset(n), here, there));
    assert_eq!(found, BTreeSet::from(expected), "{verified}");

    let check = &verified["checks"][1];
    assert_eq!(check["place"]["generation"], verified["generation"]);
    assert!(check["place"]["seq"].as_u64() < verified["seq"].as_u64());
    let output = hub.does(&["verify", "--against", &there]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for (side, place) in [("here", &verified), ("there", &check["place"])] {
        let (seq, generation) = (&place["seq"], &place["generation"]);
        let time = place["published"].as_str().unwrap();
        let line = format!("  {side}: activity {seq} of generation {generation} ({time})\n");
        assert!(text.contains(&line), "{line}{text}");
    }
    assert!(text.contains("it may be on its way"), "{text}");
    let lacking = format!("not held here: {}\n", dataset(1));
    assert!(text.contains(&lacking), "{text}");

    serving.kill().await.unwrap();
    let output = hub.does(&["verify", "--against", &there]).await;
    assert_eq!(output.status.code(), Some(1), "nobody answers there");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("Connection refused"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_tell_all_sums_and_each_bucket() {
    let (hub, _origin) = harvested(12).await;
    let _serving = hub.serve().await;
    let (status, head, body) = get(hub.listen, "/feed/state", "").await.unwrap();
    assert_eq!(status, 200);
    let state: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(state["method"], "harvestd-state-1");
    let buckets = state["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 4096);
    let tag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap();
    let held = format!("If-None-Match: {tag}\r\n").replace("w/", "W/");
    let (status, _, body) = get(hub.listen, "/feed/state", &held).await.unwrap();
    assert_eq!((status, body.as_str()), (304, ""));

    let nothing = "0".repeat(64);
    let mut entities = 0;
    for (number, sum) in buckets
        .iter()
        .enumerate()
        .filter(|(_, sum)| **sum != *nothing)
    {
        let path = format!("/feed/state?bucket={number}");
        let (status, _, body) = get(hub.listen, &path, "").await.unwrap();
        let bucket: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &bucket["sum"], &bucket["seq"]),
            (200, sum, &state["seq"])
        );
        let listed = bucket["entities"].as_array().unwrap();
        if let [only] = listed.as_slice() {
            assert_eq!(only["sha256"], *sum);
        }
        entities += listed.len() as u64;
    }
    assert_eq!(state["entities"], entities);
    for bad in ["bucket=4096", "bucket=-1", "bucket=x", "buckets=1"] {
        let (status, _, body) = get(hub.listen, &format!("/feed/state?{bad}"), "")
            .await
            .unwrap();
        assert_eq!(status, 400, "{bad}: {body}");
    }
}
