//! What people look for, in Chinese and English, and what they expect to see first.

use super::{catalogue, page, search, titles};

/// A question, and the titles that come first.
const QUESTIONS: [(&str, &[&str]); 20] = [
    ("空氣品質", &["空氣品質即時監測資料"]),
    // Words that stand apart in the title.
    ("空氣品質監測", &["空氣品質即時監測資料"]),
    // 臺 and 台 are one, in runs as in words.
    ("台北公車", &["臺北市公車站牌位置"]),
    ("臺北 捷運", &["台北捷運進出站人次"]),
    // One character; what says it twice in its title fits better. Not 水準, which is in a description.
    ("水", &["自來水水質檢驗", "水庫每日營運狀況"]),
    // What is in the title comes before what is in the description.
    ("捷運", &["台北捷運進出站人次"]),
    ("登革熱", &["登革熱病例統計"]),
    // Wide letters and digits.
    ("ＰＭ２．５", &["空氣品質即時監測資料"]),
    // A publisher.
    ("水利署", &["水庫每日營運狀況"]),
    ("停車位", &["停車場即時剩餘車位"]),
    ("農產品行情", &["農產品交易行情"]),
    ("air quality", &["Air quality stations"]),
    ("station", &["Air quality stations"]),
    ("city population", &["Population by city"]),
    ("county", &["Cities and counties"]),
    // What is typed comes before what says it in the other language, which comes too.
    ("bus", &["Bus routes", "臺北市公車站牌位置"]),
    ("dengue fever", &["登革熱病例統計"]),
    ("reservoirs", &["水庫每日營運狀況"]),
    ("the metro of Taipei", &["台北捷運進出站人次"]),
    // A colon that people type is no field.
    ("監測:空氣", &["空氣品質即時監測資料"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_look_for_comes_first() {
    let bed = catalogue(|_, _| ()).await;
    let serving = bed.serve().await;
    serving.run().await;
    for (q, expected) in QUESTIONS {
        let found = titles(&page(&serving, &search(&[("q", q)]), "zh-TW").await);
        let first: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .take(expected.len())
            .collect();
        assert_eq!(first, expected, "{q}: {found:?}");
    }
    // The IRI of a dataset leads to it, and it alone.
    let iri = page(
        &serving,
        &search(&[("q", "https://data.gov.tw/dataset/6")]),
        "zh",
    )
    .await;
    assert_eq!(titles(&iri), ["登革熱病例統計"]);
    // What is not there says what helps.
    let none = page(&serving, &search(&[("q", "量子電腦")]), "en").await;
    assert!(none.contains("No dataset found") && none.contains("fewer or shorter words"));
    assert!(
        !none.contains("Narrow down"),
        "there is nothing to narrow: {none}"
    );
    let signs = page(&serving, &search(&[("q", "（）")]), "en").await;
    assert!(signs.contains("This query is not understood."), "{signs}");
    assert!(
        signs.contains("<span lang=\"en\">character 1: there is no word in it"),
        "{signs}"
    );
    serving.stop().await;
}
