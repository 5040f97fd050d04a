//! What people look for, in Chinese and English, and what they expect to find: in a small catalogue of our own, and in the
//! recorded national export where it is at hand (`HARVESTD_WHOLE=1`: all of it, else its first rows).

use super::{result, row, serving::Bed, texts, titles};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::{io::Read, path::Path};

async fn catalogue() -> Bed {
    let rows = [
        row(
            "1",
            "空氣品質即時監測資料",
            "全國測站的 PM2.5 與臭氧",
            "環境部",
        ),
        row("2", "臺北市公車站牌位置", "每一站的座標", "交通局"),
        row("3", "水庫每日營運狀況", "蓄水量與水位", "經濟部水利署"),
        row(
            "4",
            "Air quality stations",
            "Positions of monitoring stations",
            "Environment Agency",
        ),
        row("5", "資料庫使用統計", "水準測量的點位", "圖書館"),
        row("6", "登革熱病例統計", "每日確定病例", "疾病管制署"),
        row(
            "7",
            "台北捷運進出站人次",
            "Metro ridership (MRT) of Taipei",
            "捷運公司",
        ),
        row("8", "Cities and counties", "Boundaries", "內政部"),
    ];
    Bed::new(texts::export(&rows)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_searches_find_what_people_expect() {
    let bed = catalogue().await;
    let serving = bed.serve().await;
    serving.run().await;
    for (q, expected) in [
        // In the other language too; in quotes as it stands.
        (
            "空氣品質",
            &["空氣品質即時監測資料", "Air quality stations"][..],
        ),
        ("\"空氣品質\"", &["空氣品質即時監測資料"]),
        // Words that stand apart in the title.
        ("空氣品質監測", &["空氣品質即時監測資料"]),
        // 臺 and 台 are one.
        ("台北", &["臺北市公車站牌位置", "台北捷運進出站人次"]),
        // Not the library's database, though it has both characters.
        ("水庫", &["水庫每日營運狀況"]),
        // 全國測站 is in the description.
        (
            "air station",
            &["Air quality stations", "空氣品質即時監測資料"],
        ),
        ("PM2.5", &["空氣品質即時監測資料"]),
        ("ＭＲＴ", &["台北捷運進出站人次"]),
        ("city", &["Cities and counties", "臺北市公車站牌位置"]),
        ("\"quality stations\"", &["Air quality stations"]),
        ("統計 -登革熱", &["資料庫使用統計"]),
        ("水利署", &["水庫每日營運狀況"]),
        ("\"stations quality\"", &[]),
        (
            "title:空氣 OR title:登革熱",
            &["空氣品質即時監測資料", "登革熱病例統計"],
        ),
    ] {
        let mut found = titles(&serving, &[("q", q)]).await;
        let mut expected: Vec<String> = expected.iter().map(|title| (*title).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{q}");
    }
    // What is in the title comes before what is in the description.
    assert_eq!(
        titles(&serving, &[("q", "stations")]).await[0],
        "Air quality stations"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_facets_and_orders_agree() {
    let bed = catalogue().await;
    let serving = bed.serve().await;
    serving.run().await;
    let facets = json!([
        "organization",
        "groups",
        "tags",
        "res_format",
        "license_id",
        "source"
    ])
    .to_string();
    let all = result(
        &serving,
        "package_search",
        &[("rows", "0"), ("facet.field", &facets)],
    )
    .await;
    assert_eq!((&all["count"], &all["results"]), (&json!(8), &json!([])));
    let organizations = all["search_facets"]["organization"]["items"]
        .as_array()
        .unwrap();
    assert_eq!(organizations.len(), 8);
    assert_eq!(all["facets"]["source"], json!({"a": 8}));
    assert_eq!(all["facets"]["res_format"], json!({"CSV": 8}));
    for item in organizations {
        let fq = format!("organization:\"{}\"", item["name"].as_str().unwrap());
        let found = result(&serving, "package_search", &[("fq", &fq)]).await;
        assert_eq!(found["count"], item["count"]);
        assert_eq!(
            found["results"][0]["organization"]["title"],
            item["display_name"]
        );
        let without = result(&serving, "package_search", &[("fq", &format!("-{fq}"))]).await;
        assert_eq!(without["count"], 7);
    }
    let one = result(
        &serving,
        "package_search",
        &[("facet.field", "[\"organization\"]"), ("facet.limit", "1")],
    )
    .await;
    assert_eq!(
        one["search_facets"]["organization"]["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let list = json!(["title:空氣", "res_format:CSV"]).to_string();
    assert_eq!(
        titles(&serving, &[("fq_list", &list)]).await,
        ["空氣品質即時監測資料"]
    );

    for (sort, key) in [
        ("name", "name"),
        ("title", "title"),
        ("id", "id"),
        ("metadata_created", "metadata_created"),
    ] {
        let mut ways = Vec::new();
        for direction in ["asc", "desc"] {
            let found = result(
                &serving,
                "package_search",
                &[("sort", &format!("{sort} {direction}"))],
            )
            .await;
            let found = found["results"].as_array().unwrap().clone();
            ways.push(
                found
                    .iter()
                    .map(|p| p[key].as_str().unwrap().to_lowercase())
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(ways[0].len(), 8);
        if sort != "title" {
            assert!(ways[0].is_sorted(), "{sort}: {ways:?}");
        }
        ways[1].reverse();
        assert_eq!(ways[0], ways[1], "{sort}");
    }
    // Page by page is the whole.
    let whole = titles(&serving, &[("sort", "title asc, id desc")]).await;
    let mut paged = Vec::new();
    for start in ["0", "3", "6", "9"] {
        let page = [
            ("sort", "title asc, id desc"),
            ("rows", "3"),
            ("start", start),
        ];
        paged.extend(titles(&serving, &page).await);
    }
    assert_eq!(paged, whole);
}

/// Rows of the recorded export.
fn recorded() -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz");
    let Ok(packed) = std::fs::read(file) else {
        eprintln!("SKIPPED: ../shared not present: the searches in the recorded export");
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let mut rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    if std::env::var_os("HARVESTD_WHOLE").is_none() {
        rows.truncate(4_000);
    }
    Some(rows)
}

/// Places in which nothing else is expected than what has the words in its title.
const FIRST: usize = 5;

/// Every search finds all rows whose title has the words, and they come first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_in_the_national_export_miss_nothing() {
    let Some(rows) = recorded() else { return };
    let bed = Bed::new(Value::from(rows.clone()).to_string()).await;
    let serving = bed.serve().await;
    serving.run().await;
    for (q, has) in [
        ("空氣品質", &["空氣品質"][..]),
        ("臺北市 公車", &["北市", "公車"]),
        ("預算書", &["預算書"]),
        ("登革熱", &["登革熱"]),
        ("法務部 統計", &["法務部", "統計"]),
        ("水庫", &["水庫"]),
        ("交通事故", &["交通事故"]),
        ("農藥 檢驗", &["農藥", "檢驗"]),
        ("GIS", &["GIS"]),
        ("API", &["API"]),
    ] {
        let fold = |text: &str| text.replace('臺', "台");
        let titled: Vec<&str> = rows
            .iter()
            .filter(|row| {
                let title = fold(row["資料集名稱"].as_str().unwrap_or_default());
                has.iter().all(|word| title.contains(&fold(word)))
            })
            .filter_map(|row| row["資料集識別碼"].as_str())
            .collect();
        let found = result(
            &serving,
            "package_search",
            &[("q", q), ("rows", "1000"), ("sort", "score desc, id asc")],
        )
        .await;
        let count = found["count"].as_u64().unwrap() as usize;
        let packages = found["results"].as_array().unwrap();
        // Within a word of Latin letters nothing is looked for.
        assert!(
            count >= titled.len() || q.is_ascii(),
            "{q}: {count} found, {} titles have it",
            titled.len()
        );
        if count <= packages.len() {
            let urls: String = packages
                .iter()
                .map(|p| format!("{} ", p["extras"]))
                .collect();
            let missing: Vec<&&str> = titled
                .iter()
                .filter(|id| !urls.contains(&format!("https://data.gov.tw/dataset/{id}\"")))
                .collect();
            assert!(
                missing.is_empty() || q.is_ascii(),
                "{q}: not found: {missing:?}"
            );
        }
        // Whoever looks for words finds first what is called so.
        for (place, package) in packages.iter().take(FIRST.min(titled.len())).enumerate() {
            let title = fold(package["title"].as_str().unwrap());
            assert!(
                has.iter().all(|word| title.contains(&fold(word))),
                "{q}: in place {place} is {title}, and {} titles have it",
                titled.len()
            );
        }
        eprintln!("{q}: {count} found, {} titles have it", titled.len());
    }
}
