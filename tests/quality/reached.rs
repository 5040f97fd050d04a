//! What is known of addresses counts: at the next publication, or soon without one, and of the datasets that name them.

use super::*;
use serde_json::{Value, json};
use serving::{Serving, eventually};

/// One failure is enough, and what is learnt is measured at once.
fn at_once() -> String {
    checked::at_once(
        "failures_min = 1\nfailing_ms_min = 0\n[limits.snapshots]\nlook_every_ms = 20\n",
    )
}

/// Of all: how many datasets have a download that answers, and of how many nobody knows.
async fn downloads(daemon: &Serving) -> (u64, u64) {
    let whole = daemon.json("/quality").await;
    let mut all = whole["indicators"].as_array().unwrap().iter();
    let of = all.find(|i| i["id"] == "download-url-reachable").unwrap();
    (
        of["met"].as_u64().unwrap(),
        of["unchecked"].as_u64().unwrap(),
    )
}

async fn detail(daemon: &Serving, id: &str) -> Value {
    let iri = format!("https%3A%2F%2Fdata.gov.tw%2Fdataset%2F{id}");
    daemon.json(&format!("/quality/dataset?iri={iri}")).await
}

fn outcome<'v>(detail: &'v Value, id: &str) -> (&'v str, u64) {
    let mut all = detail["indicators"].as_array().unwrap().iter();
    let of = all.find(|i| i["id"] == id).unwrap();
    (of["met"].as_str().unwrap(), of["gets"].as_u64().unwrap())
}

/// The points that the graph says of each dataset, all together.
async fn in_graph(daemon: &Serving) -> u64 {
    let query = "SELECT (SUM(?v) AS ?all) { GRAPH ?g { ?d <http://www.w3.org/ns/dqv#hasQualityMeasurement> ?m . \
        ?m <http://www.w3.org/ns/dqv#isMeasurementOf> ?of ; <http://www.w3.org/ns/dqv#value> ?v } \
        FILTER(STRENDS(STR(?of), \"quality#mqa\")) }";
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let asked = daemon.get(&format!("/sparql?query={query}"));
    let asked = asked.header("accept", "application/sparql-results+json");
    let found: Value = serving::parsed(asked.send().await.unwrap()).await;
    let all = &found["results"]["bindings"][0]["all"]["value"];
    all.as_str().unwrap().parse().unwrap()
}

const RATINGS: [&str; 4] = ["excellent", "good", "sufficient", "bad"];

/// Datasets by rating, as the search has them.
async fn searched(daemon: &Serving) -> [u64; 4] {
    let path = "/api/3/action/package_search?rows=0&facet.field=%5B%22quality%22%5D";
    let found = daemon.json(path).await;
    let counts = &found["result"]["facets"]["quality"];
    RATINGS.map(|rating| counts[rating].as_u64().unwrap_or_default())
}

/// The same, as they are measured.
async fn overview(daemon: &Serving) -> [u64; 4] {
    let whole = daemon.json("/quality").await;
    RATINGS.map(|rating| whole["ratings"][rating].as_u64().unwrap())
}

async fn page(daemon: &Serving, path: &str) -> String {
    let asked = daemon.get(path).header("accept", "text/html");
    let answer = asked.header("accept-language", "en").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// People see it: at the dataset, at its publisher, and in the search.
async fn shown(daemon: &Serving) {
    let dataset = page(
        daemon,
        "/quality/dataset?iri=https%3A%2F%2Fdata.gov.tw%2Fdataset%2F3",
    )
    .await;
    for wanted in [
        "<h2 id=\"quality\">",
        "What costs points",
        "nothing is there any more",
        "It did not answer: ",
        "Fields match",
    ] {
        assert!(dataset.contains(wanted), "{wanted}: {dataset}");
    }
    let name = daemon.json("/quality").await["publishers"][0]["id"].clone();
    let publisher = page(daemon, &format!("/publishers/{}", name.as_str().unwrap())).await;
    for wanted in [
        "Datasets by rating",
        "What to mend first",
        "points lost in all",
        "quality=",
    ] {
        assert!(publisher.contains(wanted), "{wanted}: {publisher}");
    }
    let [_, good, sufficient, _] = searched(daemon).await;
    for (rating, count) in [("good", good), ("sufficient", sufficient)] {
        let found = page(daemon, &format!("/search?quality={rating}")).await;
        let count = match count {
            0 => "No dataset".to_owned(),
            1 => "1 dataset".to_owned(),
            many => format!("{many} datasets"),
        };
        assert!(found.contains(&count), "{rating}: {count}: {found}");
        assert!(found.contains("Quality of the metadata"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_learnt_of_addresses_counts_without_any_change_and_stays() {
    let bed = checked::bed(["name(站名);lon(經度)"; 3]).await;
    let at = |path: &str| bed.origin.at(path);
    bed.configure("", "[links]\nenabled = false\n");
    let daemon = bed.serve().await;
    daemon.run().await;
    assert_eq!(downloads(&daemon).await, (0, 3), "nobody looked");
    let unrated = searched(&daemon).await;
    assert_eq!(unrated, overview(&daemon).await);
    let before = in_graph(&daemon).await;
    let unknown = detail(&daemon, "1").await;
    assert_eq!(
        outcome(&unknown, "download-url-reachable"),
        ("unchecked", 0)
    );
    daemon.stop().await;

    bed.configure("", &at_once());
    let daemon = bed.serve().await;
    eventually("all are checked and measured", async || {
        downloads(&daemon).await == (2, 0)
    })
    .await;
    let well = detail(&daemon, "1").await;
    assert_eq!(outcome(&well, "download-url-reachable"), ("yes", 30));
    assert_eq!(
        (&well["checks"]["badge"], &well["checks"]["linkable"]),
        (&json!("金"), &json!(true)),
        "{well}"
    );
    let gone = detail(&daemon, "3").await;
    assert_eq!(outcome(&gone, "download-url-reachable"), ("no", 0));
    assert_eq!(gone["checks"]["places"][0]["verdict"]["trouble"], "gone");
    let each = well["mqa"].as_u64().unwrap() - unknown["mqa"].as_u64().unwrap();
    assert!(each >= 30, "{each}");
    assert_eq!(in_graph(&daemon).await, before + 2 * each);

    shown(&daemon).await;

    // It comes back, and is asked by hand.
    bed.origin.say("/gone.csv", "text/csv", "name,lon\na,121\n");
    let (code, said, errors) = asked::said(&bed, &["links", "check", &at("/gone.csv")]).await;
    assert_eq!(code, Some(0), "{said}{errors}");
    eventually("it counts again", async || {
        downloads(&daemon).await == (3, 0)
    })
    .await;
    assert_eq!(in_graph(&daemon).await, before + 3 * each);
    let rated = searched(&daemon).await;
    assert_ne!(rated, unrated, "points that came made another rating");
    assert_eq!(rated, overview(&daemon).await);
    daemon.stop().await;
    let daemon = bed.serve().await;
    assert_eq!(downloads(&daemon).await, (3, 0));
    assert_eq!(searched(&daemon).await, rated);
    daemon.stop().await;
}
