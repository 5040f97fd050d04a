//! What portals and crawlers ask for: the interchange standard, OAI-PMH and Atom, of the program itself with real sources on
//! loopback, compared with what SPARQL counts.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/daemon.rs"]
mod daemon;

#[path = "interfaces/atom.rs"]
mod atom;
#[path = "interfaces/interchange.rs"]
mod interchange;
#[path = "interfaces/oai.rs"]
mod oai;
#[path = "interfaces/prefix.rs"]
mod prefix;

use daemon::{serving, texts};
use serde_json::{Value, json};
use serving::{Bed, Serving, parsed};
use texts::{export, rows, source, turtle};

const JSON: &str = "application/json";

/// One dataset as a ministry's platform has it.
fn ministry(identifier: &str, title: &str) -> Value {
    json!({
        "identifier": identifier, "title": title, "description": "公車站牌的位置", "categoryCode": "A00",
        "fieldDescription": "站名、經度、緯度", "type": "rawData", "license": "政府資料開放授權條款-第1版",
        "cost": "免費", "organization": "範例部", "publisher": "範例部運輸司",
        "publisherOID": "2.16.886.101.99999.20001", "publisherOrgCode": "Z11010000A",
        "accrualPeriodicity": "每日", "temporalCoverageFrom": "2024-01-01", "issued": "2025-03-01 09:00:00",
        "modified": "2026-07-01 10:20:30", "spatial": "臺灣", "language": "zh",
        "landingPage": "https://www.example.tw/transport", "keyword": ["公車", "車站"], "numberOfData": 120,
        "notes": "每日更新",
        "distribution": [{
            "resourceID": format!("{identifier}-001"), "resourceDescription": "全部車站", "format": "CSV",
            "resourceModified": "2026-07-01 08:00:00", "downloadURL": "https://www.example.tw/stops.csv",
            "metadataSourceOfData": "https://www.example.tw/schema/stops", "characterSetCode": "UTF-8"}]
    })
}

/// A hub with three sources: `a` is the central portal, `c` a city's catalogue, `m` a ministry's platform.
async fn hub() -> (Bed, Serving) {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    let catalogue = source("c", "dcat", &bed.origin.at("/c.ttl"), "");
    let platform = source("m", "tw_interchange", &bed.origin.at("/platform"), "");
    bed.configure("", &(catalogue + &platform));
    city(&bed, &[("1", "Trees"), ("2", "Lamps")]);
    platform_says(&bed, &[("Z11010000A-000001", "公車站牌位置")]);
    let daemon = bed.serve().await;
    for source in ["a", "c", "m"] {
        run(&daemon, source).await;
    }
    (bed, daemon)
}

fn city(bed: &Bed, datasets: &[(&str, &str)]) {
    let datasets: Vec<_> = datasets
        .iter()
        .map(|(name, title)| (*name, *title, ""))
        .collect();
    bed.origin.say("/c.ttl", "text/turtle", turtle(&datasets));
}

fn platform_says(bed: &Bed, datasets: &[(&str, &str)]) {
    let path = "/platform/rest/dataset";
    let ids: Vec<&str> = datasets.iter().map(|(id, _)| *id).collect();
    let list = json!({"success": true, "result": ids}).to_string();
    bed.origin.say(path, JSON, list);
    for (id, title) in datasets {
        let one = json!({"success": true, "result": ministry(id, title)}).to_string();
        bed.origin.say(&format!("{path}/{id}"), JSON, one);
    }
}

async fn run(daemon: &Serving, source: &str) -> Value {
    let path = format!("/sources/{source}/run?wait=true&full=true");
    let report = parsed(daemon.admin("POST", &path).await).await;
    assert_eq!(report["outcome"], "complete", "{report}");
    report
}

/// The first value of the first row.
async fn value(daemon: &Serving, query: &str) -> String {
    let query = url::form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
    let request = daemon.get(&format!("/sparql?query={query}"));
    let response = request.header("accept", "text/csv").send().await.unwrap();
    let text = response.text().await.unwrap();
    text.lines().nth(1).unwrap_or_default().trim().to_owned()
}

/// How many datasets a pattern finds.
async fn count(daemon: &Serving, pattern: &str) -> u64 {
    let query = format!(
        "PREFIX dcat: <http://www.w3.org/ns/dcat#> SELECT (COUNT(DISTINCT ?dataset) AS ?n) {{ {pattern} }}"
    );
    value(daemon, &query).await.parse().unwrap()
}

/// When something of an entity was committed last.
async fn committed(daemon: &Serving, entity: &str) -> String {
    let query = format!(
        "PREFIX as: <https://www.w3.org/ns/activitystreams#>
         SELECT (MAX(?time) AS ?last) {{ GRAPH ?page {{ ?activity as:object <{entity}> ; as:published ?time }} }}"
    );
    value(daemon, &query).await
}
