//! What is committed and not published: it is no part of what is shown, and what is shown is no longer the newest state.

use super::{
    asof::{ask, lines},
    doors::problem,
    serving::{Bed, Serving, eventually, parsed},
    texts::{export, rows},
};
use serde_json::{Value, json};

const COUNT: &str = "SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }";

fn now() -> String {
    harvestd::log::date_time(chrono::Utc::now().timestamp_micros())
}

/// The newest of the list of kept snapshots.
async fn newest(serving: &Serving) -> Value {
    let listed = serving.json("/snapshots").await;
    listed["snapshots"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_ends_the_state_that_is_shown() {
    let mut bed = Bed::new(export(&rows(1, 20, 1))).await;
    let go_on = bed.dir.path().join("go-on");
    std::fs::write(&go_on, "").unwrap();
    bed.failpoints = format!("publish=return({})", go_on.display());
    let serving = bed.serve().await;
    serving.run().await;
    let first = newest(&serving).await;
    let (seq, published) = (first["seq"].as_u64().unwrap(), now());
    let shown = lines(ask(&serving, COUNT, Some(&published)).await).await;

    std::fs::remove_file(&go_on).unwrap();
    bed.origin
        .say("/a", "application/json", export(&rows(1, 25, 1)));
    serving.admin("POST", "/sources/a/run").await;
    eventually("it is committed", async || {
        let source = serving.admin("GET", "/sources/a").await;
        parsed(source).await["running"]["phase"] == "publishing"
    })
    .await;
    let between = now();
    let committed = (seq + 1).to_string();
    for moment in [&between, &committed] {
        let gone = ask(&serving, COUNT, Some(moment)).await;
        let gone = problem(gone, 410, "no-snapshot").await;
        assert_eq!(gone["earlier"]["seq"], seq, "{gone}");
        assert_eq!(gone["later"], Value::Null);
        assert!(gone["earlier"]["until"].as_str().unwrap() <= between.as_str());
    }
    let later = serving
        .get("/catalog.nt")
        .header("accept-datetime", "Wed, 01 Jan 2200 00:00:00 GMT");
    problem(later.send().await.unwrap(), 410, "no-snapshot").await;
    let ahead = ask(&serving, COUNT, Some(&(seq + 1000).to_string())).await;
    problem(ahead, 400, "as-of-ahead").await;
    // What was, is: under its number, at a moment before, and for who asks for no moment.
    for moment in [Some(seq.to_string()), Some(published.clone()), None] {
        let answer = ask(&serving, COUNT, moment.as_deref()).await;
        assert_eq!(lines(answer).await, shown, "{moment:?}");
    }

    std::fs::write(&go_on, "").unwrap();
    eventually("it is published", async || {
        newest(&serving).await["seq"].as_u64() > Some(seq)
    })
    .await;
    assert_eq!(newest(&serving).await["until"], Value::Null);
    // All was committed before that moment, so the new snapshot shows it.
    assert_eq!(
        lines(ask(&serving, COUNT, Some(&between)).await).await,
        ["25", "n"]
    );
    eventually("it is known how long the one before held", async || {
        ask(&serving, COUNT, Some(&published)).await.status() == 200
    })
    .await;
    assert_eq!(
        lines(ask(&serving, COUNT, Some(&published)).await).await,
        shown
    );
    let gone = ask(&serving, COUNT, Some(&committed)).await;
    let gone = problem(gone, 410, "no-snapshot").await;
    assert!(gone["later"]["seq"].as_u64() > Some(seq + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_state_the_newest_snapshot_answers_and_says_when_it_was_made() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    bed.configure(
        "[limits.feedback]\npublish_every_ms = 0",
        "[feedback]\nopen = true\n",
    );
    let serving = bed.serve().await;
    serving.run().await;
    let before = newest(&serving).await;
    let datasets = "SELECT ?d { ?d a <http://www.w3.org/ns/dcat#Dataset> } ORDER BY ?d LIMIT 1";
    let dataset = lines(ask(&serving, datasets, None).await).await;
    let dataset = dataset
        .iter()
        .find(|line| line.starts_with("http"))
        .unwrap();
    let said = "SELECT ?text { GRAPH <https://hub.example/graph/feedback> { ?s ?p ?text FILTER(?text = \"How often?\") } }";
    let seq = before["seq"].to_string();
    assert_eq!(lines(ask(&serving, said, Some(&seq)).await).await, ["text"]);

    let remark = json!({ "kind": "remark", "dataset": dataset, "text": "How often?" });
    let sent = serving
        .post("/feedback")
        .header("content-type", "application/json")
        .body(remark.to_string());
    assert_eq!(sent.send().await.unwrap().status(), 201);
    eventually("it is published", async || {
        newest(&serving).await["made"] != before["made"]
    })
    .await;
    let after = newest(&serving).await;
    for same in ["generation", "seq", "published", "memento"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert!(after["made"].as_str() > before["made"].as_str());
    assert_eq!(
        lines(ask(&serving, said, Some(&seq)).await).await,
        ["How often?", "text"]
    );
    // It says so after a restart as well: of two snapshots of one state, the one that was made last.
    serving.kill().await;
    let serving = bed.serve().await;
    assert!(newest(&serving).await["made"].as_str() >= after["made"].as_str());
}
