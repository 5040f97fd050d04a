//! Small catalogues of our own writing, and the configuration of sources that are asked for them.

use harvestd::config::{Config, Outside};
use std::{fmt::Write, path::Path};

/// Base of all our IRIs in these tests.
pub const BASE: &str = "https://hub.example/";

const PREFIXES: &str = "\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix d: <https://city.example/dataset/> .
";

/// A catalogue in Turtle whose datasets are these: local name, title, and further statements of theirs.
pub fn turtle(datasets: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "{PREFIXES}<https://city.example/catalog> a dcat:Catalog ; dct:title \"City\"@en ; dct:publisher <https://city.example/office> .\n\
         <https://city.example/office> a foaf:Agent ; foaf:name \"Office\"@en .\n"
    );
    for (name, title, more) in datasets {
        write!(
            text,
            "<https://city.example/catalog> dcat:dataset d:{name} .\n\
             d:{name} a dcat:Dataset ; dct:title \"{title}\" ; dct:publisher <https://city.example/office> ;\n\
             dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://city.example/{name}.csv> ] .\n{more}"
        )
        .unwrap();
    }
    text
}

/// The datasets `1` to `count`, titled `Title n`.
pub fn numbered(count: usize) -> String {
    let names: Vec<(String, String)> = (1..=count)
        .map(|n| (n.to_string(), format!("Title {n}")))
        .collect();
    let rows: Vec<(&str, &str, &str)> = names
        .iter()
        .map(|(name, title)| (name.as_str(), title.as_str(), ""))
        .collect();
    turtle(&rows)
}

/// One row of a ministry's export.
pub fn row(id: &str, title: &str) -> String {
    serde_json::json!({
        "資料集識別碼": id,
        "資料集名稱": title,
        "資料提供屬性": "檔案下載",
        "服務分類": "生活安全及品質",
        "檔案格式": "CSV",
        "資料下載網址": format!("https://ministry.example/{id}.csv"),
        "資料集描述": format!("第 {id} 列"),
        "提供機關": "示範部",
        "更新頻率": "每1月",
        "授權方式": "政府資料開放授權條款-第1版",
        "上架日期": "2020-01-02 03:04:05",
    })
    .to_string()
}

/// An export of these rows.
pub fn export(rows: &[String]) -> String {
    format!("[{}]", rows.join(",\n"))
}

/// The rows `first` to `last`; `revision` is in every title.
pub fn rows(first: usize, last: usize, revision: usize) -> Vec<String> {
    (first..=last)
        .map(|n| row(&n.to_string(), &format!("資料 {n}.{revision}")))
        .collect()
}

/// One `[[source]]` that may be on loopback. `more` stands before its network table.
pub fn source(id: &str, kind: &str, url: &str, more: &str) -> String {
    format!(
        "[[source]]\nid = \"{id}\"\nkind = \"{kind}\"\nurl = \"{url}\"\ntitle = {{ en = \"Source {id}\" }}\n{more}\n\
         [source.network]\nallow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = 1000.0\n\n"
    )
}

/// A whole configuration file. `limits` are lines of its `[limits]`; nothing is asked twice.
pub fn configuration(data_dir: &Path, limits: &str, sources: &[String]) -> String {
    format!(
        "public_url = \"{BASE}\"\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
         [limits]\n{limits}\n[limits.network]\ntries_max = 1\n\n{}",
        data_dir.display(),
        sources.concat()
    )
}

pub fn config(data_dir: &Path, limits: &str, sources: &[String]) -> Config {
    let text = configuration(data_dir, limits, sources);
    match Config::parse("test.toml", &text, &Outside::default()) {
        Ok(config) => config,
        Err(errors) => panic!("{errors}\n{text}"),
    }
}
