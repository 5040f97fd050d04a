//! Harvest loops: what goes round comes back to nothing, whatever the kind of catalogue it comes back as.

use super::*;
use serde_json::json;
use texts::{export, rows, source};

const NO_BULK: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";

/// A source that reads another hub's catalogue as one document.
fn dcat(id: &str, of: &Hub) -> String {
    source(id, "dcat", &format!("{}catalog.ttl", of.base), "")
}

/// Datasets of the default graph, each once however many sources have it.
async fn datasets(hub: &Hub) -> usize {
    let query = "SELECT DISTINCT ?d { ?d a <http://www.w3.org/ns/dcat#Dataset> }";
    let output = hub.does(&["query", query, "-o", "csv"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().count() - 1
}

fn counts(report: &Value, names: [&str; 3]) -> [u64; 3] {
    assert_eq!(report["disagreements"], json!([]), "{report}");
    assert_eq!(report["outcome"], "complete", "{report}");
    names.map(|name| report["counts"][name].as_u64().unwrap())
}

/// Each of these lets harvest from the one before it; what its report counts as `[received, looped, holds]`.
async fn round(hubs: &[(&Hub, &str)]) -> Vec<[u64; 3]> {
    let mut all = Vec::new();
    for (hub, from) in hubs {
        let report = hub.run(from).await;
        all.push(counts(&report, ["received", "looped", "holds"]));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_harvest_each_other_as_documents() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(NO_BULK), Hub::new(NO_BULK));
    origin.say("/own", JSON, export(&rows(1, 12, 1)));
    origin.say("/other", JSON, export(&rows(101, 105, 1)));
    a.configure(&[
        source("own", "data_gov_tw", &origin.at("/own"), ""),
        dcat("b", &b),
    ]);
    b.configure(&[
        source("other", "data_gov_tw", &origin.at("/other"), ""),
        dcat("a", &a),
    ]);
    let (mut serving_a, mut serving_b) = (a.serve().await, b.serve().await);
    a.run("own").await;
    b.run("other").await;
    // B's own come back from A as soon as A has them. A document that is as it was is not read again.
    for expected in [
        [[12, 0, 12], [17, 12, 5]],
        [[17, 5, 12], [17, 12, 5]],
        [[12, 0, 12], [5, 0, 5]],
    ] {
        assert_eq!(round(&[(&b, "a"), (&a, "b")]).await, expected);
        assert_eq!((datasets(&a).await, datasets(&b).await), (17, 17));
    }
    let output = a.does(&["run", "b", "--full", "--json"]).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        counts(&report, ["received", "looped", "unchanged"]),
        [17, 12, 5]
    );
    assert_eq!(report["activities"], Value::Null, "{report}");
    let told = report["noticed"].to_string();
    assert!(told.contains("harvested-from-us"), "{told}");
    // Which of them is named depends on the order of the document.
    let names = |what: &str| told.contains(&format!("{}{what}", a.base));
    assert!(names("record/own/") || names("catalog/own"), "{told}");

    // What A drops goes at B too, and does not come back.
    origin.say("/own", JSON, export(&rows(3, 12, 2)));
    a.run("own").await;
    round(&[(&a, "b"), (&b, "a"), (&a, "b")]).await;
    assert_eq!((datasets(&a).await, datasets(&b).await), (15, 15));
    serving_a.kill().await.unwrap();
    serving_b.kill().await.unwrap();
    assert_eq!((a.verify(&[]).await.0, b.verify(&[]).await.0), (0, 0));
}

/// B and C name what they took by the same IRI as A, and A sees by the way that the record tells that it is its own.
#[tokio::test(flavor = "multi_thread")]
async fn three_in_a_ring() {
    let origin = Origin::start().await;
    let (a, b, c) = (Hub::new(NO_BULK), Hub::new(NO_BULK), Hub::new(NO_BULK));
    origin.say("/own", JSON, export(&rows(1, 12, 1)));
    let city = texts::turtle(&[("parks", "Parks", ""), ("roads", "Roads", "")]);
    origin.say("/city", "text/turtle", city);
    a.configure(&[
        source("own", "data_gov_tw", &origin.at("/own"), ""),
        source("city", "dcat", &origin.at("/city"), ""),
        dcat("c", &c),
    ]);
    b.configure(&[dcat("a", &a)]);
    c.configure(&[dcat("b", &b)]);
    let mut serving = [a.serve().await, b.serve().await, c.serve().await];
    a.run("own").await;
    a.run("city").await;
    let ring = [(&b, "a"), (&c, "b"), (&a, "c")];
    for _ in 0..2 {
        let told = round(&ring).await;
        assert_eq!(told, [[14, 0, 14], [14, 0, 14], [14, 14, 0]]);
        assert_eq!(datasets(&a).await, 14);
    }
    let report = a.run("c").await;
    assert_eq!(report["referents"]["new"], 0, "{report}");

    origin.say("/own", JSON, export(&rows(4, 12, 1)));
    a.run("own").await;
    round(&ring).await;
    let left = [datasets(&a).await, datasets(&b).await, datasets(&c).await];
    assert_eq!(left, [11, 11, 11], "what A drops goes everywhere");
    for hub in &mut serving {
        hub.kill().await.unwrap();
    }
}

/// The feed of a harvestd that has what is ours from a document of ours.
#[tokio::test(flavor = "multi_thread")]
async fn out_as_a_document_and_back_as_a_feed() {
    let origin = Origin::start().await;
    let (a, b) = (Hub::new(NO_BULK), Hub::new(NO_BULK));
    origin.say("/own", JSON, export(&rows(1, 12, 1)));
    let feed = source("b", "ldes", &format!("{}feed", b.base), "");
    a.configure(&[source("own", "data_gov_tw", &origin.at("/own"), ""), feed]);
    b.configure(&[dcat("a", &a)]);
    let mut serving = [a.serve().await, b.serve().await];
    a.run("own").await;
    let told = round(&[(&b, "a"), (&a, "b")]).await;
    assert_eq!(told, [[12, 0, 12], [12, 12, 0]]);
    assert_eq!(datasets(&a).await, 12);
    for hub in &mut serving {
        hub.kill().await.unwrap();
    }
}

/// A CKAN that harvested us, and has packages of its own that only mention us.
#[tokio::test(flavor = "multi_thread")]
async fn through_a_ckan() {
    let (hub, origin) = (Hub::new(NO_BULK), Origin::start().await);
    let base = hub.base.clone();
    let ours = |name: &str, key: &str, value: String| {
        let extras = json!([{ "key": key, "value": value }]);
        package(name, "https://portal.example/about", &extras)
    };
    let chain = json!([
        "https://other.example/record/hub/1",
        format!("{base}record/city/1")
    ]);
    let mention = json!([
        { "key": "source", "value": format!("{base}dataset/city/1") },
        { "key": "documentation", "value": format!("{base}record/city/1") },
        { "key": "harvest_source_url", "value": "https://other.example/catalog.ttl" },
    ]);
    let mut packages = vec![
        ours("named", "uri", format!("{base}dataset/city/1")),
        ours("chained", "harvest_chain", chain.to_string()),
        ours("source", "harvest_source_url", format!("{base}catalog.ttl")),
        ours("homepage", "source_catalog_homepage", base.clone()),
        ours("guid", "guid", format!("{base}record/city/2")),
        package("mentions", &format!("{base}record/city/1"), &mention),
        package("own", "https://portal.example/own", &json!([])),
    ];
    let portal = |packages: &[Value]| {
        let all =
            json!({ "success": true, "result": { "count": packages.len(), "results": packages } });
        let path = "/api/3/action/package_search";
        origin.say(path, JSON, all.to_string());
    };
    portal(&packages);
    hub.configure(&[source("portal", "ckan", &origin.url, "")]);
    let report = hub.run("portal").await;
    let told = counts(&report, ["received", "looped", "new"]);
    assert_eq!(told, [7, 5, 2], "{report}");
    assert_eq!(datasets(&hub).await, 2);

    // A package of its own that is replaced by a copy of ours.
    packages[6] = ours("own", "harvest_source_url", format!("{base}catalog.ttl"));
    portal(&packages);
    let output = hub.does(&["run", "portal", "--full", "--json"]).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counts(&report, ["looped", "gone", "holds"]), [6, 1, 1]);
    assert_eq!(datasets(&hub).await, 1);
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}

fn package(name: &str, url: &str, extras: &Value) -> Value {
    json!({
        "id": format!("00000000-0000-0000-0000-{:0>12}", name.len()) + name, "name": name, "title": format!("Title of {name}"), "url": url,
        "state": "active", "type": "dataset", "metadata_modified": "2026-05-06T07:08:09.000000",
        "resources": [{ "id": format!("{name}-1"), "url": format!("https://portal.example/{name}.csv"), "format": "CSV" }],
        "extras": extras,
    })
}
