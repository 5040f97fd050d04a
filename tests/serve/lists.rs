//! data.json, and the table of the national portal.

use super::*;
use serde_json::Value;

const CASES: &str = "tests/connectors/data_gov_tw";

/// What the connector and the normaliser make of a recorded export, with the export itself.
fn export() -> (Plan, Vec<Value>) {
    let text = |file: &str| std::fs::read_to_string(format!("{CASES}/json-export/{file}")).unwrap();
    let rows: Vec<Value> =
        serde_json::from_str(text("export.json").trim_start_matches('\u{feff}')).unwrap();
    let log = log(
        "https://harvestd.example/",
        rows_of(&rows).map(|id| format!("https://data.gov.tw/dataset/{id}")),
    );
    let plan = Plan {
        base: "https://harvestd.example/",
        turtle: text("expected.nt"),
        graphs: vec![(
            "https://harvestd.example/graph/changes/1/0",
            Box::leak(log.into_boxed_str()),
        )],
        ..Plan::default()
    };
    (plan, rows)
}

/// When everything in these tests was committed, as the log has it and as Taiwan writes it.
const COMMITTED: &str = "2026-11-01T20:30:40.5Z";
const COMMITTED_IN_TAIWAN: &str = "2026-11-02 04:30:40";

fn rows_of(rows: &[Value]) -> impl Iterator<Item = String> {
    rows.iter()
        .map(|row| row["資料集識別碼"].to_string().trim_matches('"').to_owned())
}

/// The log's index in which each of these entities came once.
fn log(base: &str, entities: impl Iterator<Item = String>) -> String {
    let activities = entities.enumerate().map(|(at, entity)| {
        format!(
            "<{base}activity/1/{}> a as:Create ; as:object <{entity}> ; as:published \"{COMMITTED}\" .\n",
            at + 1
        )
    });
    let prefix = "@prefix as: <https://www.w3.org/ns/activitystreams#> .\n".to_owned();
    activities.fold(prefix, |log, activity| log + &activity)
}

fn rows(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = text
        .strip_prefix('\u{feff}')
        .expect("a byte order mark, as the export has it");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let columns = table.headers().unwrap().iter().map(str::to_owned).collect();
    let cells = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    (
        columns,
        table.records().map(|row| cells(row.unwrap())).collect(),
    )
}

async fn text(doors: &doors::Doors, path: &str) -> String {
    let response = doors.get(path).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// What came in by the export goes out in its columns, word by word, where the catalogue keeps the words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_the_export_again() {
    let (plan, given) = export();
    let doors = open(plan).await;
    let (columns, rows) = rows(&text(&doors, "/catalog.csv").await);
    assert_eq!(columns.len(), 22);
    let mut compared = 0;
    for row in &rows {
        let cell = |name: &str| &row[columns.iter().position(|column| column == name).unwrap()];
        let id = cell("資料集識別碼");
        let original = given
            .iter()
            .find(|one| one["資料集識別碼"].to_string().trim_matches('"') == id)
            .unwrap_or_else(|| panic!("{id} is no row of the export"));
        for name in [
            "資料集名稱",
            "資料提供屬性",
            "提供機關",
            "更新頻率",
            "授權方式",
            "計費方式",
            "上架日期",
        ] {
            let expected = original[name].as_str().unwrap_or_default().trim();
            if !expected.is_empty() {
                // Who gave a day only gets its first second.
                let found = cell(name);
                let day = found.strip_suffix(" 00:00:00") == Some(expected);
                assert!(
                    found == expected || day,
                    "{id}: {name}: {found}, expected {expected}"
                );
                compared += 1;
            }
        }
        // When it changed here: no date of the export's.
        assert_eq!(cell("詮釋資料更新時間"), COMMITTED_IN_TAIWAN, "{id}");
        let files = cell("資料下載網址").split(";http").count();
        for name in ["檔案格式", "編碼格式", "資料量"] {
            assert_eq!(
                cell(name).split(';').count(),
                files,
                "{id}: {name} goes with the addresses"
            );
        }
    }
    assert!(
        rows.len() == 5 && compared > 25,
        "{} rows, {compared} cells",
        rows.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spreadsheet_calculates_nothing() {
    let plan = Plan {
        turtle: doors::CATALOGUE.replace("\"人口統計\"@zh", "\"=HYPERLINK(1)\"@zh"),
        ..Plan::default()
    };
    let doors = open(plan).await;
    let titles = |rows: Vec<Vec<String>>| {
        rows.into_iter()
            .map(|row| row[1].clone())
            .collect::<Vec<_>>()
    };
    let (_, plain) = rows(&text(&doors, "/catalog.csv").await);
    let (_, safe) = rows(&text(&doors, "/catalog.safe.csv").await);
    assert_eq!(titles(plain), ["=HYPERLINK(1)", "Households"]);
    assert_eq!(titles(safe), ["'=HYPERLINK(1)", "Households"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_json_lists_what_can_conform_and_counts_the_rest() {
    let mut plan = Plan::default();
    plan.turtle += r#"
@prefix own: <https://w3id.org/harvestd/ns#> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
m:8 a dcat:CatalogRecord ; foaf:primaryTopic <https://moi.example/8> .
<https://moi.example/8> a dcat:Dataset ; dct:title "戶數"@zh-hant, "Households by town"@en ; dct:description "Each month."@en ;
  dcat:keyword "town"@en ; dct:modified "2026-05-07"^^xsd:date ; dct:publisher <http://hub.example/record/moi/8#p> ;
  dcat:contactPoint <http://hub.example/record/moi/8#c> ; dct:rights <http://hub.example/record/moi/8#r> ;
  own:updateInterval "P1M"^^xsd:duration ; dcat:distribution <http://hub.example/record/moi/8#d>, <http://hub.example/record/moi/8#e> .
<http://hub.example/record/moi/8#p> a foaf:Agent ; foaf:name "Interior"@en .
<http://hub.example/record/moi/8#c> vcard:fn "Desk"@en ; vcard:hasEmail <mailto:desk@moi.example> .
<http://hub.example/record/moi/8#r> dct:type own:OnApplication ; dct:description "Ask first."@en .
<http://hub.example/record/moi/8#d> a dcat:Distribution ; dcat:downloadURL <https://moi.example/戶.csv> ; dcat:accessURL <https://moi.example/戶> ;
  dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> .
<http://hub.example/record/moi/8#e> a dcat:Distribution ; dcat:downloadURL <https://moi.example/8.zip> .
m:9 a dcat:CatalogRecord ; foaf:primaryTopic <https://moi.example/9> .
<https://moi.example/9> a dcat:Dataset ; dct:title "Undated"@en ; dct:description "Of no known day."@en ; dcat:keyword "town"@en ;
  dct:issued "2020-02-03"^^xsd:date ; dct:publisher <http://hub.example/record/moi/9#p> ;
  dcat:contactPoint <http://hub.example/record/moi/9#c> ; dct:rights <http://hub.example/record/moi/9#r> .
<http://hub.example/record/moi/9#p> a foaf:Agent ; foaf:name "Interior"@en .
<http://hub.example/record/moi/9#c> vcard:fn "Desk"@en ; vcard:hasEmail <mailto:desk@moi.example> .
<http://hub.example/record/moi/9#r> dct:type own:OpenAccess .
"#;
    let came = ["8", "9"].map(|id| format!("https://moi.example/{id}"));
    let log = log("http://hub.example/", came.into_iter());
    let page = "http://hub.example/graph/changes/1/0";
    plan.graphs.push((page, Box::leak(log.into_boxed_str())));
    let doors = open(plan).await;
    let document: Value = serde_json::from_str(&text(&doors, "/data.json").await).unwrap();
    assert_eq!(
        document["conformsTo"],
        "https://project-open-data.cio.gov/v1.1/schema"
    );
    assert_eq!(document["@id"], "http://hub.example/data.json");
    assert_eq!(document["harvestd:listed"], 2);
    assert_eq!(document["harvestd:leftOut"]["datasets"], 2);
    assert_eq!(document["harvestd:leftOut"]["lacking"]["contactPoint"], 2);
    assert_eq!(
        document["harvestd:leftOut"]["lacking"]["title"],
        Value::Null
    );
    let entry = &document["dataset"][0];
    for (member, expected) in [
        ("identifier", "https://moi.example/8"),
        ("title", "Households by town"),
        // When it changed here, whatever the source says of itself.
        ("modified", COMMITTED),
        ("accessLevel", "restricted public"),
        ("rights", "Ask first."),
        ("accrualPeriodicity", "R/P1M"),
    ] {
        assert_eq!(entry[member], expected, "{member}");
    }
    let undated = &document["dataset"][1];
    assert_eq!(
        (&undated["modified"], &undated["issued"]),
        (&COMMITTED.into(), &"2020-02-03".into()),
        "{undated}"
    );
    assert_eq!(entry["contactPoint"]["hasEmail"], "mailto:desk@moi.example");
    assert_eq!(entry["publisher"]["name"], "Interior");
    let files = entry["distribution"].as_array().unwrap();
    assert_eq!(files[0]["downloadURL"], "https://moi.example/%E6%88%B6.csv");
    assert_eq!(files[0]["mediaType"], "text/csv");
    assert_eq!(
        (&files[1]["downloadURL"], &files[1]["accessURL"]),
        (&Value::Null, &Value::from("https://moi.example/8.zip"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_narrowed_kept_and_refused_like_pages() {
    let doors = open(Plan::default()).await;
    for (path, kind) in [
        ("/data.json", "application/json"),
        ("/catalog.csv", "text/csv; charset=utf-8"),
        ("/catalog.safe.csv", "text/csv; charset=utf-8"),
    ] {
        let get = doors.get(path).send().await.unwrap();
        let head = doors.request("HEAD", path).send().await.unwrap();
        for name in ["content-type", "etag", "last-modified", "harvestd-sequence"] {
            assert_eq!(get.headers()[name], head.headers()[name], "{path}: {name}");
        }
        assert_eq!(get.headers()["content-type"], kind);
        let tag = get.headers()["etag"].clone();
        let again = doors
            .get(path)
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), 304, "{path}");
        problem(
            doors.get(&format!("{path}?source=x")).send().await.unwrap(),
            404,
            "no-such-source",
        )
        .await;
        problem(
            doors.get(&format!("{path}?limit=1")).send().await.unwrap(),
            400,
            "unknown-parameter",
        )
        .await;
    }
    let (_, none) = rows(&text(&doors, "/catalog.csv?access=paid").await);
    assert!(none.is_empty(), "{none:?}");
    let (_, all) = rows(&text(&doors, "/catalog.csv?source=moi").await);
    assert_eq!(all.len(), 2);
}
