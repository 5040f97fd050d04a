//! The commands, end to end: two sources hold one dataset, and issues of two months of another.

use super::{
    origin::Origin,
    texts::{self, source},
};
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

/// The first is a copy of the ministry's 7. The second is another month's issue of its 8, by the same agency and with the
/// same address of data, and the portal even says that it is from there.
const PORTAL: &str = r#"
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix p: <https://portal.example/dataset/> .

<https://portal.example/> a dcat:Catalog ; dct:title "Portal"@en ; dcat:dataset p:toilets, p:may .
p:toilets a dcat:Dataset ; dct:title "台南市公廁（一覽）"@zh-Hant ; dct:identifier "toilets" ;
    dcat:landingPage <http://data.gov.tw/node/7/> ; dct:publisher [ a foaf:Agent ; foaf:name "示範部"@zh-Hant ] ;
    dcat:distribution [ a dcat:Distribution ; dcat:accessURL <http://ministry.example/7.csv> ] .
p:may a dcat:Dataset ; dct:title "115年5月份村里人口數"@zh-Hant ; dct:identifier "may" ;
    dcat:landingPage <https://data.gov.tw/dataset/8> ; dct:publisher [ a foaf:Agent ; foaf:name "示範部"@zh-Hant ] ;
    dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://ministry.example/8.csv> ] .
"#;

async fn harvestd(config: &Path, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    let output = command
        .args(words)
        .args(["--log", "warn", "--config"])
        .arg(config);
    let output = output.output().await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), format!("{told}{complaint}"))
}

pub async fn well(config: &Path, words: &[&str]) -> String {
    let (code, text) = harvestd(config, words).await;
    assert_eq!(code, 0, "{words:?}: {text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_tell_one_dataset_from_the_next_issue() {
    let origin = Origin::start().await;
    let rows = [
        texts::row("7", "臺南市公廁(一覽)"),
        texts::row("8", "115年4月份村里人口數"),
    ];
    origin.say("/export", "application/json", texts::export(&rows));
    origin.say("/portal", "text/turtle", PORTAL);
    let dir = tempfile::tempdir().unwrap();
    let sources = [
        source("ministry", "data_gov_tw", &origin.at("/export"), ""),
        source("portal", "dcat", &origin.at("/portal"), ""),
    ];
    let config = dir.path().join("harvestd.toml");
    let data = dir.path().join("data");
    std::fs::write(&config, texts::configuration(&data, "", &sources)).unwrap();
    for id in ["ministry", "portal"] {
        well(&config, &["run", id]).await;
    }

    let (national, copy) = (
        "https://data.gov.tw/dataset/7",
        "https://portal.example/dataset/toilets",
    );
    let listing: Value =
        serde_json::from_str(&well(&config, &["identity", "list", "--json"]).await).unwrap();
    assert_eq!(
        (&listing["records"], &listing["sources"]),
        (&4.into(), &2.into())
    );
    let clusters = listing["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 1, "{listing:#}");
    assert_eq!(clusters[0]["datasets"], serde_json::json!([national, copy]));
    assert_eq!(clusters[0]["published"], national);
    let codes: Vec<&str> = clusters[0]["links"][0]["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["names-the-other", "same-data", "agency-same", "title-equal"]
    );
    assert_eq!(listing["unsure"], serde_json::json!([]));

    let text = well(&config, &["identity", "list"]).await;
    assert!(
        text.contains(&format!("ONE DATASET, published as {national}\n"))
            && text.contains(&format!("* {national}\n  {copy}\n"))
            && text.contains(" 1 dataset that"),
        "{text}"
    );
    // What the configuration leaves out is compared for the question, and makes nothing one.
    let lower = well(&config, &["identity", "list", "--min", "0.5"]).await;
    assert_eq!(lower, text);
    assert!(!text.contains("5月"), "{text}");
    let text = well(&config, &["identity", "explain", national]).await;
    assert!(
        text.contains("one by its score") && !text.contains("5月"),
        "{text}"
    );
    let pair = [
        "https://data.gov.tw/dataset/8",
        "https://portal.example/dataset/may",
    ];
    let text = well(&config, &["identity", "explain", pair[0], pair[1]]).await;
    assert!(
        text.contains("0.000 two") && text.contains("other-numbers"),
        "{text}"
    );
    let (code, text) = harvestd(&config, &["identity", "explain", "https://a.example/x"]).await;
    assert_eq!(code, 1, "{text}");

    assert_eq!(published(&config, &[national, copy]).await, [national]);
    let text = well(
        &config,
        &[
            "identity",
            "split",
            national,
            copy,
            "--why",
            "two halls",
            "--who",
            "Lin",
        ],
    )
    .await;
    assert!(text.contains("two datasets"), "{text}");
    assert_eq!(
        published(&config, &[national, copy]).await,
        [national, copy]
    );
    let text = well(&config, &["identity", "list"]).await;
    assert!(
        !text.contains("ONE DATASET") && text.contains("split"),
        "{text}"
    );
    well(&config, &["run", "portal"]).await;
    assert_eq!(
        published(&config, &[national, copy]).await,
        [national, copy],
        "it holds"
    );
    let text = well(&config, &["identity", "decisions"]).await;
    assert!(text.contains("Lin: two halls"), "{text}");
    let text = well(&config, &["identity", "explain", copy]).await;
    assert!(
        text.contains("two by decision") && text.contains("Lin: two halls"),
        "{text}"
    );
    let text = well(&config, &["identity", "forget", copy, national]).await;
    assert!(
        text.contains("Taken back") && text.contains("one dataset"),
        "{text}"
    );
    assert_eq!(published(&config, &[national, copy]).await, [national]);

    // What people say goes before what the titles say.
    let text = well(
        &config,
        &[
            "identity", "join", pair[0], pair[1], "--why", "a slip", "--json",
        ],
    )
    .await;
    let decided: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        decided["published"],
        serde_json::json!([pair[0], pair[0]]),
        "{text}"
    );
    assert_eq!(published(&config, &pair).await, [pair[0]]);
    for words in [&pair[..1], &pair[1..], &pair] {
        let text = well(&config, &[&["identity", "explain"], words].concat()).await;
        assert!(
            text.contains("0.000 one by decision") && text.contains(": a slip"),
            "{text}"
        );
        let json = well(
            &config,
            &[&["identity", "explain", "--json"], words].concat(),
        )
        .await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["decision"]["why"], "a slip", "{json:#}");
    }
    let text = well(&config, &["identity", "explain", national, copy]).await;
    assert!(!text.contains("decision"), "{text}");
    for (words, said) in [
        (
            [
                "identity",
                "join",
                national,
                "https://portal.example/dataset/toilet",
                "--why",
                "x",
            ],
            "did you mean https://portal.example/dataset/toilets?",
        ),
        (
            ["identity", "join", national, pair[0], "--why", "x"],
            "one source",
        ),
        (
            ["identity", "split", national, copy, "--why", " "],
            "say why",
        ),
    ] {
        let (code, text) = harvestd(&config, &words).await;
        assert!(code == 1 && text.contains(said), "{words:?}: {code} {text}");
    }
    let (code, text) = harvestd(&config, &["identity", "forget", national, copy]).await;
    assert!(
        code == 1 && text.contains("nothing was decided"),
        "{code} {text}"
    );
}

/// Which of these are in the catalogue.
async fn published(config: &Path, iris: &[&str]) -> Vec<String> {
    let values: String = iris.iter().map(|iri| format!("<{iri}> ")).collect();
    let query = format!(
        "SELECT ?d {{ ?d a <http://www.w3.org/ns/dcat#Dataset> VALUES ?d {{ {values} }} }} ORDER BY ?d"
    );
    let text = well(config, &["query", &query, "-o", "csv"]).await;
    text.lines().skip(1).map(str::to_owned).collect()
}
