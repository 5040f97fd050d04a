//! Pages for people over the real daemon: what they show, in both languages, without scripts, and to whom they lead.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/daemon.rs"]
mod daemon;

#[path = "pages/held.rs"]
mod held;
#[path = "pages/manners.rs"]
mod manners;
#[path = "pages/questions.rs"]
mod questions;
#[path = "pages/searching.rs"]
mod searching;

use daemon::{
    serving::{Bed, Serving},
    texts,
};
use serde_json::{Value, json};
use url::form_urlencoded;

/// A page as a browser is given it. `languages` is what it accepts.
async fn page(serving: &Serving, path: &str, languages: &str) -> String {
    let (status, text) = answered(serving, path, languages).await;
    assert_eq!(status, 200, "{path}: {text}");
    text
}

async fn answered(serving: &Serving, path: &str, languages: &str) -> (u16, String) {
    let request = serving
        .get(path)
        .header("accept", "text/html,*/*;q=0.8")
        .header("accept-language", languages);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/html; charset=utf-8", "{path}");
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let text = response.text().await.unwrap();
    assert!(!text.contains(" style=") && !text.contains(" onclick="));
    (status, text)
}

/// The address of a search.
fn search(pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/search?{query}")
}

/// Titles of what a page of a search shows, in order.
fn titles(page: &str) -> Vec<String> {
    let hits = page.split("<h3><a ").skip(1);
    hits.map(|hit| {
        let marked = hit.split_once('>').unwrap().1.split("</a>").next().unwrap();
        marked.replace("<mark>", "").replace("</mark>", "")
    })
    .collect()
}

/// Where the first element leads whose text is this.
fn address(page: &str, text: &str) -> String {
    let at = page
        .find(&format!(">{text}<"))
        .unwrap_or_else(|| panic!("{text} is not in\n{page}"));
    let before = page[..at].rsplit("href=\"").next().unwrap();
    let href = before.split('"').next().unwrap();
    href.replace("&#38;", "&").replace("&amp;", "&")
}

/// Rows of a ministry's export: title, description, agency.
const ROWS: [(&str, &str, &str); 14] = [
    ("空氣品質即時監測資料", "全國測站的 PM2.5 與臭氧", "環境部"),
    ("臺北市公車站牌位置", "每一站的座標", "交通局"),
    ("水庫每日營運狀況", "蓄水量與水位", "經濟部水利署"),
    (
        "Air quality stations",
        "Positions of monitoring stations",
        "Environment Agency",
    ),
    ("資料庫使用統計", "水準測量的點位，捷運沿線", "圖書館"),
    ("登革熱病例統計", "每日確定病例", "疾病管制署"),
    (
        "台北捷運進出站人次",
        "Metro ridership (MRT) of Taipei",
        "捷運公司",
    ),
    ("Cities and counties", "Boundaries", "內政部"),
    ("自來水水質檢驗", "各淨水場的檢驗結果", "自來水事業處"),
    ("停車場即時剩餘車位", "路外停車場", "交通局"),
    ("Population by city", "How many people live there", "內政部"),
    ("公共藝術", "捷運站與公園裡的作品", "文化部"),
    ("農產品交易行情", "批發市場每日價量", "農業部"),
    ("Bus routes", "Where the buses of a city go", "交通局"),
];

/// The catalogue of [`ROWS`]: `extra` changes the row of a number.
async fn catalogue(extra: impl Fn(usize, &mut Value)) -> Bed {
    let rows = ROWS.iter().enumerate().map(|(number, row)| {
        let (title, description, agency) = row;
        let text = texts::row(&(number + 1).to_string(), title);
        let mut row: Value = serde_json::from_str(&text).unwrap();
        row["資料集描述"] = json!(description);
        row["提供機關"] = json!(agency);
        extra(number + 1, &mut row);
        row.to_string()
    });
    Bed::new(texts::export(&rows.collect::<Vec<_>>())).await
}
