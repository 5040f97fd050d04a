//! The index follows what is published: changes, deletions, new names of publishers, restarts; and it is made again where it
//! is missing or broken.

use super::{
    result, row,
    serving::{Bed, Serving},
    texts, titles,
};
use serde_json::Value;
use url::form_urlencoded;

/// As many as the store has, by SPARQL.
async fn counted(serving: &Serving) -> u64 {
    let query = "SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }";
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", query)
        .finish();
    let response = serving
        .get(&format!("/sparql?{query}"))
        .header("accept", "application/sparql-results+json")
        .send()
        .await
        .unwrap();
    let answer = super::serving::parsed(response).await;
    answer["results"]["bindings"][0]["n"]["value"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Every package, in the order in which a harvesting CKAN asks for them.
async fn everything(serving: &Serving, fq: &str, rows: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let start = all.len().to_string();
        let page = [
            ("sort", "id asc"),
            ("rows", rows),
            ("start", &start),
            ("fq", fq),
        ];
        let found = result(serving, "package_search", &page).await;
        let page = found["results"].as_array().unwrap();
        if page.is_empty() {
            assert_eq!(found["count"], all.len());
            return all;
        }
        all.extend(page.iter().cloned());
    }
}

async fn published(bed: &Bed, serving: &Serving, rows: &[String]) {
    bed.origin
        .say("/a", "application/json", texts::export(rows));
    serving.run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_found_and_what_is_gone_is_not() {
    let bed = Bed::new(texts::export(&texts::rows(1, 40, 1))).await;
    bed.configure("[limits.gate]\nremoved_percent_max = 50", "");
    let serving = bed.serve().await;
    serving.run().await;
    let before = everything(&serving, "", "7").await;
    assert_eq!(
        (before.len() as u64, before.len()),
        (counted(&serving).await, 40)
    );
    let ids: Vec<&str> = before.iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted());
    let newest = before
        .iter()
        .map(|p| p["metadata_modified"].as_str().unwrap())
        .max()
        .unwrap();

    // Two changed, one new, ten gone.
    let mut rows = texts::rows(11, 38, 1);
    rows.extend(texts::rows(39, 40, 2));
    rows.extend(texts::rows(41, 41, 1));
    published(&bed, &serving, &rows).await;
    let after = everything(&serving, "", "1000").await;
    assert_eq!(
        (after.len() as u64, after.len()),
        (counted(&serving).await, 31)
    );
    let since = format!("metadata_modified:{{{newest}Z TO *]");
    let changed = everything(&serving, &since, "2").await;
    let mut changed: Vec<&str> = changed
        .iter()
        .map(|p| p["title"].as_str().unwrap())
        .collect();
    changed.sort_unstable();
    assert_eq!(changed, ["資料 39.2", "資料 40.2", "資料 41.1"]);
    for package in &after {
        let was = before.iter().find(|p| p["id"] == package["id"]);
        let created = was.map_or(
            &package["metadata_modified"],
            |was| &was["metadata_created"],
        );
        assert_eq!(&package["metadata_created"], created, "{package}");
    }

    // The same after a restart, and where the index is gone, is nonsense, is of another version; also without the log.
    serving.stop().await;
    let index = bed.data_dir().join("search");
    for trouble in [
        "none",
        "removed",
        "broken",
        "of another version",
        "without the log",
    ] {
        let meta = index.join("meta.json");
        match trouble {
            "removed" => std::fs::remove_dir_all(&index).unwrap(),
            "broken" => std::fs::write(&meta, "{").unwrap(),
            "of another version" => {
                let text = std::fs::read_to_string(&meta).unwrap();
                let mut json: Value = serde_json::from_str(&text).unwrap();
                json["payload"] = Value::from("0-0-0 1 1 1");
                std::fs::write(&meta, json.to_string()).unwrap();
            }
            "without the log" => {
                std::fs::remove_dir_all(&index).unwrap();
                let log = bed.data_dir().join("log/1");
                let mut segments: Vec<_> = std::fs::read_dir(log)
                    .unwrap()
                    .map(|s| s.unwrap().path())
                    .collect();
                segments.sort();
                std::fs::remove_file(&segments[0]).unwrap();
            }
            _ => {}
        }
        let serving = bed.serve().await;
        assert_eq!(everything(&serving, "", "100").await, after, "{trouble}");
        let from_store = serving
            .log()
            .contains("the search index is made from the store");
        assert_eq!(from_store, trouble == "without the log", "{trouble}");
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_index_is_where_the_store_is() {
    let bed = Bed::new(texts::export(&texts::rows(1, 30, 1))).await;
    let run = async |failpoints: &str| {
        let mut run = bed.command(&["run", "a"]);
        run.env("FAILPOINTS", failpoints)
            .output()
            .await
            .unwrap()
            .status
    };
    assert!(run("").await.success());
    // Between the store's commit and the index's, and after the index's.
    for (revision, point) in [(2, "backup=return"), (3, "indexed=return")] {
        bed.origin.say(
            "/a",
            "application/json",
            texts::export(&texts::rows(1, 30, revision)),
        );
        let point = point.replace("backup=", "backup=1*off->");
        assert!(!run(&point).await.success(), "{point}");
        let serving = bed.serve().await;
        let all = everything(&serving, "", "100").await;
        assert_eq!(all.len(), 30);
        let ending = format!(".{revision}");
        assert!(
            all.iter()
                .all(|p| p["title"].as_str().unwrap().ends_with(&ending)),
            "{all:?}"
        );
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_is_called_anew_is_called_so_everywhere() {
    let bed = Bed::new(texts::export(&[row("1", "a", "b", "c")])).await;
    let turtle = texts::turtle(&[("x", "Rain", ""), ("y", "Wind", "")]);
    bed.origin.say("/b", "text/turtle", turtle.clone());
    let source = texts::source("b", "dcat", &bed.origin.at("/b"), "");
    bed.configure("", &source);
    let serving = bed.serve().await;
    let run = async || serving.admin("POST", "/sources/b/run?wait=true").await;
    run().await;
    let by = async |name: &str| {
        let mut found = titles(&serving, &[("q", name)]).await;
        found.sort();
        found
    };
    assert_eq!(by("office").await, ["Rain", "Wind"]);
    let before = result(
        &serving,
        "package_show",
        &[("id", "https://city.example/dataset/x")],
    )
    .await;
    bed.origin.say(
        "/b",
        "text/turtle",
        turtle.replace("\"Office\"", "\"Bureau of weather\""),
    );
    run().await;
    assert_eq!(by("office").await, Vec::<String>::new());
    assert_eq!(by("weather bureau").await, ["Rain", "Wind"]);
    let after = result(
        &serving,
        "package_show",
        &[("id", "https://city.example/dataset/x")],
    )
    .await;
    assert_eq!(after["organization"]["title"], "Bureau of weather");
    assert_eq!(after["organization"]["id"], before["organization"]["id"]);
    // The dataset itself did not change.
    assert_eq!(after["metadata_modified"], before["metadata_modified"]);
    let listed = result(&serving, "organization_list", &[("all_fields", "true")]).await;
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["title"], "Bureau of weather");
}
