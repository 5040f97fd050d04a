//! The questions of `config/queries`, each asked by the real program of a small federation on loopback: every one has
//! rows, and these are them. README shows what the same files answer of the national export.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

use harvestd::config::{Config, Outside};
use house::House;
use origin::Origin;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};
use url::Url;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One recorded answer: what was asked for behind the path, and the body.
struct Recorded {
    query: Vec<(String, String)>,
    body: String,
    media_type: &'static str,
}

fn pairs(url: &Url) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

/// Serves the recorded answers of a connector's case; gives its settings.
fn play(origin: &Origin, case: &str) -> Value {
    let folder = root().join("tests/connectors").join(case);
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let case: Value = serde_json::from_str(&read("case.json")).unwrap();
    let theirs = case["url"].as_str().unwrap().parse::<Url>().unwrap();
    let theirs = theirs.origin().ascii_serialization();
    let mut by_path: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
    for answer in case["answers"].as_array().unwrap() {
        let url: Url = answer["url"].as_str().unwrap().parse().unwrap();
        let file = answer["file"].as_str().unwrap();
        let recorded = Recorded {
            query: pairs(&url),
            body: read(file).replace(&theirs, &origin.url),
            media_type: if file.ends_with(".csv") {
                "text/csv"
            } else {
                "application/json"
            },
        };
        by_path
            .entry(url.path().to_owned())
            .or_default()
            .push(recorded);
    }
    for (path, answers) in by_path {
        origin.answer(&path, move |request| {
            let url = Url::parse("http://origin.example").unwrap();
            let asked = pairs(&url.join(&request.uri().to_string()).unwrap());
            let fits = answers.iter().find(|answer| answer.query == asked);
            let answer =
                fits.unwrap_or_else(|| panic!("nothing is recorded for {}", request.uri()));
            origin::plain(answer.media_type, answer.body.clone())
        });
    }
    case
}

/// A source's settings as TOML: JSON's inline form with `=` is near enough for what the cases have.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, v)| format!("{} = {}", json!(key), inline(v)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// A row of the national export: the title, who provides it, and its service category.
fn row(id: &str, title: &str, agency: &str, category: &str) -> String {
    let row = texts::row(id, title);
    let mut row: Value = serde_json::from_str(&row).unwrap();
    row["提供機關"] = json!(agency);
    row["服務分類"] = json!(category);
    row["詮釋資料更新時間"] = json!("2020-01-02 03:04:05");
    row.to_string()
}

/// Four catalogues: a national export, a city that has one of its datasets as well, a portal with access tiers, sensors.
async fn federation(origin: &Origin, dir: &Path) -> (PathBuf, Config) {
    let rows = [
        row("1", "監獄統計", "法務部矯正署", "公共資訊"),
        row("2", "監獄位置", "法務部矯正署", "交通及通訊"),
        row("3", "判決統計", "法務部", "交通及通訊"),
        row("4", "戶政統計", "民政處", "交通及通訊"),
    ];
    origin.say("/export", "application/json", texts::export(&rows));
    let mut copy = texts::turtle(&[("x", "監獄統計", "")]);
    copy = copy.replace("\"監獄統計\"", "\"監獄統計\"@zh-Hant");
    copy.push_str("d:x dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL> .\n");
    // It names the page of the row that it is a copy of: the two are one dataset.
    copy.push_str(
        "d:x <http://www.w3.org/ns/dcat#landingPage> <https://data.gov.tw/dataset/1> .\n",
    );
    // The city's own catalogue is not one more catalogue.
    copy.push_str("<https://city.example/> a <http://www.w3.org/ns/dcat#Catalog> ; <http://www.w3.org/ns/dcat#dataset> d:x ; dct:title \"城市目錄\"@zh-Hant .\n");
    origin.say("/city", "text/turtle", copy);
    let language = "language = \"zh-Hant\"\noffset_minutes = 480";
    let mut sources = vec![
        texts::source("national", "data_gov_tw", &origin.at("/export"), language),
        texts::source("city", "dcat", &origin.at("/city"), ""),
    ];
    for (id, kind, case) in [
        ("portal", "ckan", "ckan/access-tiers"),
        ("air", "sensorthings", "sensorthings/two-pages-v1-0"),
    ] {
        let case = play(origin, case);
        let url: Url = case["url"].as_str().unwrap().parse().unwrap();
        let options = format!("{language}\noptions = {}", inline(&case["options"]));
        sources.push(texts::source(id, kind, &origin.at(url.path()), &options));
    }
    let text = texts::configuration(&dir.join("data"), "", &sources);
    let text =
        format!("shared = [\"tw\"]\n{text}").replace("{ en = \"Source ", "{ zh-Hant = \"Source ");
    let file = dir.join("harvestd.toml");
    std::fs::write(&file, &text).unwrap();
    let config = Config::parse("test.toml", &text, &Outside::default());
    (
        file,
        config.unwrap_or_else(|errors| panic!("{errors}\n{text}")),
    )
}

/// The rows that the program prints, as CSV without its head.
fn ask(config: &Path, question: &str) -> Vec<String> {
    let asked = Command::new(env!("CARGO_BIN_EXE_harvestd"))
        .args(["query", "-o", "csv", "--log", "warn", "--config"])
        .arg(config)
        .arg("--file")
        .arg(root().join("config/queries").join(question))
        .output()
        .unwrap();
    let (out, log) = (
        String::from_utf8(asked.stdout).unwrap(),
        String::from_utf8_lossy(&asked.stderr),
    );
    assert!(asked.status.success(), "{question}: {log}");
    out.lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_an_answer() {
    let (origin, dir) = (Origin::start().await, tempfile::tempdir().unwrap());
    let (file, config) = federation(&origin, dir.path()).await;
    let sources: Vec<String> = config.sources.iter().map(|s| s.id.clone()).collect();
    let house = House::with(config);
    for id in sources {
        house.complete(&id).await;
    }
    house.close().await;

    let tiers = ask(&file, "access-tiers.rq");
    assert_eq!(tiers.len(), 4, "{tiers:#?}");
    for (row, tier) in tiers
        .iter()
        .zip(["not open,2", "on application,2", "open,1", "paid,1"])
    {
        assert!(row.ends_with(tier), "{row}");
    }
    assert_eq!(
        ask(&file, "stale.rq"),
        [
            "法務部矯正署,2,2020-01-02T03:04:05+08:00",
            "民政處,1,2020-01-02T03:04:05+08:00",
            "法務部,1,2020-01-02T03:04:05+08:00",
        ]
    );
    let air = ask(&file, "air-nearby.rq");
    assert_eq!(air.len(), 2, "{air:#?}");
    assert!(
        air[0].starts_with("PM2.5 – 行政院環境保護署,2.07"),
        "{air:#?}"
    );
    // The agency below counts for its ministry; what a bare unit publishes, for none.
    assert_eq!(
        ask(&file, "categories-by-ministry.rq"),
        ["法務部,交通及通訊,2"]
    );
    assert_eq!(
        ask(&file, "in-several-catalogues.rq"),
        ["Source national,Source city,1,1"]
    );

    let mut files = std::fs::read_dir(root().join("config/queries")).unwrap();
    assert!(files.all(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        let asked = include_str!("questions.rs").contains(&format!("\"{name}\""));
        let told = include_str!("../README.md").contains(&name);
        asked && told
    }));
    let quoted = std::fs::read_to_string(root().join("config/queries/stale.rq")).unwrap();
    let (_, quoted) = quoted.split_once('\n').unwrap();
    assert!(include_str!("../README.md").contains(quoted));
}
