//! The cases of identity in the demo's federation, by its own configuration and the commands that it prints.

use super::listed::well;
use harvestd::demo::{World, serve_sample};
use serde_json::Value;
use std::{future::pending, path::Path};

const HUB: &str = "http://127.0.0.1:8080/";
const SITE: &str = "https://data.centre.example.org/dataset/";

/// The first of the ministry's rows has this number; the cases are about these after it.
const FIRST: u64 = 700_001;

async fn json(config: &Path, words: &[&str]) -> Value {
    let text = well(config, &[words, &["--json"]].concat()).await;
    // What it warns of comes behind.
    let mut values = serde_json::Deserializer::from_str(&text).into_iter();
    values.next().unwrap().unwrap()
}

/// Score and evidence of the pair of a dataset of the centre's and one of the ministry's.
async fn pair(config: &Path, centre: &str, ministry: u64) -> (f64, Vec<String>) {
    let centre = format!("{SITE}{centre}");
    let national = format!("https://data.gov.tw/dataset/{}", FIRST + ministry);
    let links = json(config, &["identity", "explain", &centre, &national]).await;
    let evidence = links[0]["evidence"].as_array().unwrap().iter();
    let codes = evidence.map(|e| e["code"].as_str().unwrap().to_owned());
    (links[0]["score"].as_f64().unwrap(), codes.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_holds_every_case() {
    let world = World::standing("2026-11-02T01:00:00Z".parse().unwrap()).with_hub(HUB);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve_sample(listener, world, pending()));
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("demo.toml");
    let text = include_str!("../../config/demo.toml")
        .replace("${DEMO_URL}", &url)
        .replace("data/demo", &dir.path().join("data").to_string_lossy());
    std::fs::write(&config, text).unwrap();
    well(&config, &["run", "demo-ministry"]).await;
    let report = json(&config, &["run", "demo-centre"]).await;
    let counts = &report["counts"];
    let told = ["received", "new", "looped"].map(|name| counts[name].as_u64().unwrap());
    assert_eq!(told, [8, 7, 1], "{report}");
    assert!(report["noticed"].to_string().contains("harvested-from-us"));

    let list = well(&config, &["identity", "list"]).await;
    for said in ["ONE DATASET", "dataset/passed-on", "demo-centre/unsure"] {
        assert!(list.contains(said), "{said}\n{list}");
    }
    assert!(!list.contains("demo-centre/monthly"), "{list}");
    let (score, evidence) = pair(&config, "passed-on", 40).await;
    assert!(score >= 0.9, "{score}");
    for code in ["names-the-other", "same-data", "title-equal", "agency-same"] {
        assert!(evidence.iter().any(|e| e == code), "{evidence:?}");
    }
    let (score, evidence) = pair(&config, "unsure", 61).await;
    assert!((0.7..0.9).contains(&score), "{score} {evidence:?}");
    let (score, evidence) = pair(&config, "monthly", 81).await;
    assert!(score == 0.0 && evidence.contains(&"other-numbers".to_owned()));

    let query = format!(
        "SELECT ?d {{ ?d a <http://www.w3.org/ns/dcat#Dataset> FILTER(STRSTARTS(STR(?d), \"{SITE}\")) }}"
    );
    let text = well(&config, &["query", &query, "-o", "csv"]).await;
    assert_eq!(
        text.lines().count(),
        7,
        "what is passed on is published as the ministry's\n{text}"
    );
    let text = well(
        &config,
        &["query", harvestd::demo::banner::TIERS, "-o", "csv"],
    )
    .await;
    for tier in ["OpenAccess", "OnApplication", "Paid", "NotOpen"] {
        let of = format!("https://w3id.org/harvestd/ns#{tier}");
        assert!(text.lines().any(|l| l.ends_with(&of)), "{tier}\n{text}");
    }
}
