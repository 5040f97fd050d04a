//! A ministry's datasets whose files are checked, and the settings of a daemon that checks them at once. Start at [`bed`].

use crate::{serving::Bed, texts::export};
use serde_json::json;

/// The configuration; `more` are further lines, of `[limits.links]` first.
pub fn at_once(more: &str) -> String {
    format!(
        "[links]\nrequests_per_second = 1000.0\nrobots = \"ignore\"\n\
         [limits.links]\nbegin_after_ms = 0\nlook_every_ms = 20\nsums_every_ms = 0\n{more}"
    )
}

/// A row of an export whose file is at this address and has these fields.
pub fn row(id: &str, url: &str, fields: &str) -> String {
    json!({
        "資料集識別碼": id,
        "資料集名稱": format!("資料 {id}"),
        "資料提供屬性": "檔案資料",
        "服務分類": "公共資訊",
        "品質檢測": "金",
        "檔案格式": "CSV",
        "編碼格式": "UTF-8",
        "資料下載網址": url,
        "主要欄位說明": fields,
        "資料集描述": "第一列",
        "提供機關": "示範部",
        "更新頻率": "每1月",
        "授權方式": "政府資料開放授權條款-第1版",
        "上架日期": "2020-01-02 03:04:05",
    })
    .to_string()
}

/// Three datasets with these fields, whose files have `name` and `lon`; that of the third is gone.
pub async fn bed(fields: [&str; 3]) -> Bed {
    let bed = Bed::new("[]".to_owned()).await;
    let files = ["/1.csv", "/2.csv", "/gone.csv"];
    let rows: Vec<String> = (1..)
        .zip(files.iter().zip(fields))
        .map(|(id, (file, fields))| row(&id.to_string(), &bed.origin.at(file), fields))
        .collect();
    bed.origin.say("/a", "application/json", export(&rows));
    for file in &files[..2] {
        bed.origin.say(file, "text/csv", "name,lon\na,121\n");
    }
    bed
}
