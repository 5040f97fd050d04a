//! The invented research centre: a CKAN with the cases that one dataset in several catalogues brings with it.
//!
//! It passes on a dataset of the ministry's, has one that may be another or not, next month's issue of a third, and a
//! dataset that it has from the harvester itself; its own are open, on application, paid, or not open. Knows no HTTP.

use super::{
    city::{Parameters, Reply, answer},
    ministry,
    world::{Item, Moment},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Where the centre's portal says it is.
const SITE: &str = "https://data.centre.example.org";

/// Of so many neighbouring rows of the ministry's, each case is about one; so there is always just one.
const ROWS: u64 = ministry::ROWS;
const PASSED_ON: u64 = 40;
const UNSURE: u64 = 61;

/// Packages in the centre's catalogue that do not come from the harvester.
pub const PACKAGES: u64 = 7;

/// Answers one call of the Action API. `hub`: the public address of the harvester that the centre harvests; None: of none.
pub fn action(moment: Moment, hub: Option<&str>, name: &str, parameters: &Parameters) -> Reply {
    answer(packages(moment, hub), name, parameters)
}

fn packages(moment: Moment, hub: Option<&str>) -> Vec<Value> {
    let mut all: Vec<Value> = moment.items(ROWS).filter_map(of_ministry).collect();
    let began = moment.back_to(0).modified();
    all.extend(TIERS.iter().map(|tier| of_its_own(tier, began)));
    all.extend(hub.map(|hub| from_hub(hub, began)));
    all
}

/// A row of the ministry's, as the centre has it.
fn of_ministry(item: Item) -> Option<Value> {
    let row = ministry::row(item);
    let urls: Vec<String> = row.urls.split(';').map(str::to_owned).collect();
    let agency = [extra("publisher_name", row.agency)];
    let mut package = match item.number % ROWS {
        PASSED_ON => {
            let title = row.title.replace('臺', "台");
            let mut package = package("passed-on", &title, &urls, &agency, item.modified);
            package["url"] = json!(format!("https://data.gov.tw/dataset/{}", row.id));
            package
        }
        UNSURE => {
            let moved = [format!("{SITE}/files/unsure.csv")];
            package("unsure", &row.title, &moved, &agency, item.modified)
        }
        ministry::MONTHLY => {
            let title = row.title.replace(ministry::MONTH, "（115年5月份）");
            package("monthly", &title, &urls, &agency, item.modified)
        }
        _ => return None,
    };
    package["notes"] = json!(row.description);
    if item.number % ROWS == UNSURE {
        package["notes"] = json!("研究中心整理之版本。");
    }
    Some(package)
}

/// Name, title, and what tells who may have it.
const TIERS: [(&str, &str, &[[&str; 2]]); 4] = [
    (
        "seismic",
        "地震測站連續波形（研究中心）",
        &[["資料開放方式", "開放"], ["計費方式", "免費"]],
    ),
    (
        "genomes",
        "族群基因體變異資料庫（研究中心）",
        &[
            ["資料開放方式", "須經申請審核"],
            ["申請網址", "https://data.centre.example.org/apply"],
            ["使用條件", "限學術研究使用，須簽署同意書。"],
        ],
    ),
    (
        "satellite",
        "衛星高解析影像圖磚（研究中心）",
        &[["資料開放方式", "付費使用"], ["計費方式", "付費"]],
    ),
    (
        "patients",
        "臨床病歷去識別化資料（研究中心）",
        &[["資料開放方式", "不開放"]],
    ),
];

fn of_its_own((name, title, said): &(&str, &str, &[[&str; 2]]), began: DateTime<Utc>) -> Value {
    let extras: Vec<Value> = said.iter().map(|[key, value]| extra(key, value)).collect();
    let urls = [format!("{SITE}/files/{name}.csv")];
    package(name, title, &urls, &extras, began)
}

/// What CKAN's harvesters note of a dataset that they have from somewhere: here from the very daemon that asks.
fn from_hub(hub: &str, began: DateTime<Utc>) -> Value {
    let extras = [extra("harvest_source_url", &format!("{hub}catalog.ttl"))];
    let urls = ["https://observatory.example.org/dataset/level-tamsui.csv".to_owned()];
    package("harvested", "淡水河水位觀測", &urls, &extras, began)
}

fn extra(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": value })
}

fn package(
    name: &str,
    title: &str,
    urls: &[String],
    extras: &[Value],
    modified: DateTime<Utc>,
) -> Value {
    let mut all = vec![extra("uri", &format!("{SITE}/dataset/{name}"))];
    all.extend_from_slice(extras);
    let resources: Vec<Value> = urls
        .iter()
        .enumerate()
        .map(|(n, url)| {
            let format = url.rsplit('.').next().unwrap_or_default().to_uppercase();
            json!({ "id": format!("{name}-{n}"), "url": url, "format": format })
        })
        .collect();
    json!({
        "id": name,
        "name": name,
        "title": title,
        "notes": "研究中心的資料（虛構）。",
        "type": "dataset",
        "state": "active",
        "private": false,
        "metadata_created": time(modified),
        "metadata_modified": time(modified),
        "organization": {
            "id": "centre", "name": "centre", "title": "示範研究中心", "type": "organization", "state": "active",
        },
        "num_resources": resources.len(),
        "resources": resources,
        "extras": all,
    })
}

/// CKAN's own form: UTC, six digits after the second, no zone.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::world::World;
    use super::*;

    #[test]
    fn every_case_is_always_there() {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        let world = World::standing(began);
        for _ in 0..300 {
            let moment = world.moment(began);
            let all = packages(moment, None);
            assert_eq!(all.len() as u64, PACKAGES);
            assert_eq!(packages(moment, Some("http://h/")).len(), all.len() + 1);
            let named = |name: &str| all.iter().find(|p| p["name"] == name).unwrap().clone();
            let rows: Vec<_> = ministry::rows(moment, ROWS).collect();
            let passed_on = named("passed-on")["url"].to_string();
            assert!(rows.iter().any(|row| passed_on.contains(&row.id)));
            let unsure = named("unsure");
            assert!(rows.iter().any(|row| unsure["title"] == row.title.as_str()));
            let months: Vec<_> = rows
                .iter()
                .filter(|row| row.title.contains(ministry::MONTH))
                .collect();
            assert_eq!(months.len(), 1);
            assert!(
                named("monthly")["title"]
                    .as_str()
                    .unwrap()
                    .contains("115年5月份")
            );
            world.advance();
        }
    }
}
