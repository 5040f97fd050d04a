//! A real day's changes over the real national export. Skipped, loudly, where the material is absent.
//!
//! The day (579 rows) is applied to the export as it stood before; what must come of it is worked out here from the raw
//! files alone, and brought into a second house as one full export. Both must hold the same, triple by triple.
//! HARVESTD_WHOLE=1 takes all 52,547 rows, else every 200th of those that the day does not name.

use super::{parts::Portal, whole::Whole};
use harvestd::log::Verb;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

type Row = Map<String, Value>;

const ID: &str = "資料集識別碼";
const TITLE: &str = "資料集名稱";
const STATUS: &str = "資料集變動狀態";
const MODIFIED: &str = "詮釋資料更新時間";

fn material(name: &str) -> Option<Vec<Row>> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/corpora/taiwan/datagovtw")
        .join(name);
    if !path.exists() {
        eprintln!("SKIPPED: ../shared not present");
        return None;
    }
    let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(unpacked.status.success());
    Some(serde_json::from_slice(&unpacked.stdout).unwrap())
}

fn text<'r>(row: &'r Row, column: &str) -> &'r str {
    row[column].as_str().unwrap_or_default()
}

/// The rows of the day by what they say, and the export of the day before: what is new is not there yet, and what has
/// changed is older and says something else in every field that can.
struct Day {
    before: Vec<Row>,
    changes: Vec<Row>,
}

impl Day {
    fn load() -> Option<Self> {
        let changes = material("datagovtw_changed_export_579.json.gz")?;
        let all = std::env::var_os("HARVESTD_WHOLE").is_some();
        let named: BTreeMap<&str, &Row> = changes.iter().map(|r| (text(r, ID), r)).collect();
        let mut before = Vec::new();
        for (place, mut row) in material("datagovtw_export_full.json.gz")?
            .into_iter()
            .enumerate()
        {
            match named.get(text(&row, ID)).map(|change| text(change, STATUS)) {
                None if all || place % 200 == 0 => {}
                Some("資料集下架") => {}
                Some("資料集修改") => {
                    row.insert(TITLE.to_owned(), json!(format!("舊 {}", text(&row, TITLE))));
                    row.insert("備註".to_owned(), json!("舊的附註"));
                    row.insert("相關網址".to_owned(), json!("https://old.example/"));
                    row.insert(MODIFIED.to_owned(), json!("2017-01-01 00:00:00"));
                }
                None | Some(_) => continue,
            }
            before.push(row);
        }
        Some(Self { before, changes })
    }

    fn of(&self, status: &str) -> Vec<&Row> {
        self.changes
            .iter()
            .filter(|r| text(r, STATUS) == status)
            .collect()
    }

    /// What the catalogue must be afterwards: removed rows are gone, new ones are there, and of a changed one every field
    /// that the day says something of.
    fn after(&self) -> Vec<Row> {
        let mut after: BTreeMap<&str, Row> = self
            .before
            .iter()
            .map(|r| (text(r, ID), r.clone()))
            .collect();
        for change in &self.changes {
            if text(change, STATUS) == "資料集下架" {
                after.remove(text(change, ID));
                continue;
            }
            let row = after.entry(text(change, ID)).or_default();
            for (column, value) in change {
                let nothing =
                    value.is_null() || value.as_str().is_some_and(|v| v.trim().is_empty());
                if column != STATUS && !nothing {
                    row.insert(column.clone(), value.clone());
                }
            }
        }
        after.into_values().collect()
    }
}

fn services(rows: &[&Row]) -> usize {
    rows.iter()
        .filter(|r| text(r, "資料提供屬性") == "API服務")
        .count()
}

fn datasets(rows: &[&Row]) -> BTreeSet<String> {
    let iri = |row: &&Row| format!("https://data.gov.tw/dataset/{}", text(row, ID));
    rows.iter().map(iri).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_changes_over_the_full_export() {
    let Some(day) = Day::load() else { return };
    let (new, changed, removed) = (
        day.of("資料集上架"),
        day.of("資料集修改"),
        day.of("資料集下架"),
    );
    assert_eq!((new.len(), changed.len(), removed.len()), (37, 519, 23));
    assert!(day.changes.iter().all(|row| row["檔案格式"].is_null()));

    let portal = Portal::start().await;
    portal.book.lock().unwrap().export = json!(day.before).to_string();
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "");
    let report = house.complete("national").await;
    println!("before: {}", report.line());
    let head = Whole::of(&house.daemon).head;

    portal.book.lock().unwrap().day = json!(day.changes).to_string();
    let report = house.complete("national").await;
    println!("the day: {}", report.line());
    let c = &report.counts;
    assert_eq!(
        (c.new, c.changed, c.gone),
        (37, 519, 23),
        "{}",
        report.line()
    );
    assert_eq!(c.holds as usize, day.before.len() + 37 - 23);
    assert_eq!(
        (report.parts["change"], report.refused.len()),
        ((37 + 519 + services(&new) + services(&changed)) as u64, 0)
    );

    // The log says what the document says, dataset by dataset.
    let whole = Whole::of(&house.daemon);
    let said = |verb: Verb| -> BTreeSet<String> {
        let activities = whole.since(head.seq).iter().filter(|(v, _)| *v == verb);
        let entities = activities.map(|(_, entity)| entity.clone());
        entities
            .filter(|e| e.starts_with("https://data.gov.tw/dataset/") && !e.contains('#'))
            .collect()
    };
    assert_eq!(said(Verb::Create), datasets(&new));
    assert_eq!(said(Verb::Update), datasets(&changed));
    assert_eq!(said(Verb::Delete), datasets(&removed));
    house.close().await;

    // The same, worked out from the files and harvested as one export.
    portal.book.lock().unwrap().export = json!(day.after()).to_string();
    let other = tempfile::tempdir().unwrap();
    let expected = portal.house(other.path(), "");
    expected.complete("national").await;
    assert_eq!(Whole::of(&expected.daemon).bodies, whole.bodies);
    expected.close().await;
}

/// Over the export that has the changes already, the day takes away what it takes down, and its nulls change nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nulls_change_nothing() {
    let Some(changes) = material("datagovtw_changed_export_579.json.gz") else {
        return;
    };
    let ids: BTreeSet<&str> = changes.iter().map(|row| text(row, ID)).collect();
    let mut export = material("datagovtw_export_full.json.gz").unwrap();
    export.retain(|row| ids.contains(text(row, ID)));
    let portal = Portal::start().await;
    {
        let mut book = portal.book.lock().unwrap();
        book.export = json!(export).to_string();
        book.day = json!(changes).to_string();
    }
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "");
    assert_eq!(house.complete("national").await.counts.new, 579);
    let before = Whole::of(&house.daemon);
    let report = house.complete("national").await;
    let c = &report.counts;
    assert_eq!(
        (c.new, c.changed, c.unchanged, c.gone),
        (0, 0, 556, 23),
        "{}",
        report.line()
    );
    let mut left = before.bodies;
    let taken_down: Vec<&Row> = changes
        .iter()
        .filter(|r| text(r, STATUS) == "資料集下架")
        .collect();
    let taken_down = datasets(&taken_down);
    left.retain(|entity, _| !taken_down.contains(entity.trim_end_matches("#service")));
    assert_eq!(Whole::of(&house.daemon).bodies, left);
    house.close().await;
}
