//! Records that come in parts: rows of an export, rows of a day's changes, and their own pages.
//!
//! [`Portal`] is a national portal on loopback that hangs, fails and counts as it is told; its pages are invented, in
//! the exact form of the real ones.

use super::{
    faulty::{Faulty, Script, Step, answer, head},
    house::House,
    texts,
    whole::Whole,
};
use harvestd::{
    log::Verb,
    report::{Outcome, Report, Trigger},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

const NEVER: &str = "retry_first_ms = 31_536_000_000\nretry_max_ms = 31_536_000_000";

/// What the portal says.
#[derive(Default)]
pub struct Book {
    pub export: String,
    pub day: String,
    pub pages: BTreeMap<String, String>,
    /// The page of this dataset never comes.
    pub hangs: Option<String>,
}

pub struct Portal {
    pub book: Arc<Mutex<Book>>,
    server: Faulty,
}

/// A day's changes are asked for by their day in Taipei, which is not to end while a test runs.
async fn not_near_midnight() {
    const DAY_S: i64 = 86_400;
    let in_taipei = || (chrono::Utc::now().timestamp() + 8 * 3_600).rem_euclid(DAY_S);
    while in_taipei() > DAY_S - 180 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

impl Portal {
    pub async fn start() -> Self {
        not_near_midnight().await;
        let book = Arc::new(Mutex::new(Book {
            day: "[]".to_owned(),
            ..Book::default()
        }));
        let shared = book.clone();
        let server =
            Faulty::start(move |heard, _| script(&shared.lock().unwrap(), &heard.path)).await;
        Self { book, server }
    }

    pub fn source(&self, details: &str) -> String {
        let at = |path| self.server.at(path);
        texts::source("national", "data_gov_tw", at("export").as_str(), "")
            + &format!(
                "[source.options]\nchanges = \"{}\"\ndetails = \"{}\"\n[source.details]\n{details}\n\n",
                at("changed?format=json"),
                at("detail/")
            )
    }

    pub fn house(&self, dir: &Path, details: &str) -> House {
        House::open(dir, "", &[self.source(details)])
    }

    /// Datasets whose pages were asked for, in order.
    fn asked(&self) -> Vec<String> {
        let heard = self.server.requests();
        let pages = heard.iter().filter_map(|h| h.path.strip_prefix("/detail/"));
        pages.map(str::to_owned).collect()
    }

    pub fn change(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book.lock().unwrap());
    }

    /// An export of the datasets 1 to `count`, each changed a day after the one before, and a page for each.
    pub fn numbered(&self, count: usize) {
        let rows: Vec<Value> = (1..=count).map(|n| row(n, "原", n)).collect();
        self.change(|book| {
            book.export = json!(rows).to_string();
            book.pages = (1..=count).map(|n| (n.to_string(), page(n, 1))).collect();
        });
    }
}

fn script(book: &Book, path: &str) -> Script {
    let json = |body: &str| answer("200 OK", &["Content-Type: application/json"], body);
    if path == "/export" {
        return json(&book.export);
    }
    if path.starts_with("/changed?format=json&report_date=") {
        return json(&book.day);
    }
    let id = path.strip_prefix("/detail/").unwrap_or_default();
    if book.hangs.as_deref() == Some(id) {
        return vec![head("200 OK", &["Content-Length: 99"]), Step::Hang];
    }
    match book.pages.get(id) {
        Some(page) => json(page),
        None => answer("404 Not Found", &[], "no such dataset"),
    }
}

fn row(n: usize, title: &str, day: usize) -> Value {
    json!({
        "資料集識別碼": n.to_string(), "資料集名稱": format!("{title} {n}"), "資料提供屬性": "檔案資料", "檔案格式": "CSV",
        "資料下載網址": format!("https://ministry.example/{n}.csv"), "提供機關": "示範部", "備註": "註",
        "授權方式": "政府資料開放授權條款-第1版", "詮釋資料更新時間": format!("2026-01-{day:02} 10:00:00"),
    })
}

fn change(status: &str, n: usize, title: &str, day: usize) -> Value {
    let mut row = row(n, title, day);
    row["資料集變動狀態"] = json!(status);
    row["檔案格式"] = Value::Null;
    row["備註"] = json!("");
    row
}

/// A dataset's own page, as the portal's documents show it.
fn page(n: usize, revision: usize) -> String {
    let file = json!({
        "resourceDescription": "檔", "resourceField": [{"name": "id", "description": "編號"}], "qcLevel": "金",
        "resourceFormat": "CSV", "resourceCharacterEncoding": "UTF-8", "resourceQualityCheckTime": "",
        "resourceDownloadUrl": format!("https://ministry.example/{n}.csv"), "resourceAmount": "5",
        "resourceNotes": "", "resourceRequestMethod": "", "resourceOasUrl": "",
        "resourceRequestParameters": "", "resourcePathParameters": "",
    });
    let mut result = json!({
        "datasetId": n.to_string(), "identifier": format!("A45020000D-{n:06}"), "title": format!("原 {n}"),
        "description": "", "categoryService": "I00", "categoryDataset": "A", "type": "rawData", "license": "1",
        "cost": "free", "dataProvider": "示範部", "publisherOID": "2.16.886.101.20003.20082",
        "publisherContactName": "", "publisherContactPhone": "", "publisherContactEmail": "",
    });
    let rest = json!({
        "updateFrequency": {"regularupdate": "1", "Frequency": "1", "unittime": "日"}, "dataQuality": "金",
        "coverageStartedDate": "", "coverageEndedDate": "", "publishedDate": "2026-01-01 00:00:00",
        "modifiedDate": "2026-01-01 00:00:00", "spatialCoverage": "", "language": "zh-TW", "relatedUrl": "",
        "keyword": [format!("詞 {revision}")], "notes": "", "distribution": [file],
    });
    for (name, value) in rest.as_object().unwrap() {
        result[name] = value.clone();
    }
    json!({"help": "https://data.gov.tw/api/v2/rest/dataset", "success": true, "result": result})
        .to_string()
}

async fn details(house: &House) -> Report {
    let report = house.order("national", Trigger::Details, false).await;
    super::house::assert_adds_up(&report);
    report
}

/// asked, came, failed, remaining
fn account(report: &Report) -> (u64, u64, u64, u64) {
    let d = report.details.unwrap();
    (d.asked, d.came, d.failed, d.remaining)
}

fn body(whole: &Whole, n: usize) -> &str {
    &whole.bodies[&format!("https://data.gov.tw/dataset/{n}")]
}

fn ids(range: std::ops::RangeInclusive<usize>) -> Vec<String> {
    range.rev().map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn details_are_asked_newest_first_and_go_on_where_they_were() {
    let portal = Portal::start().await;
    portal.numbered(12);
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "per_run_max = 5\nrequests_per_second = 1000");
    let report = house.complete("national").await;
    assert_eq!((report.counts.new, report.parts["row"]), (12, 12));
    assert!(portal.asked().is_empty());
    let report = details(&house).await;
    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
    assert_eq!(account(&report), (5, 5, 0, 7));
    assert_eq!(
        (
            report.requests,
            report.counts.changed,
            report.parts["detail"]
        ),
        (5, 5, 5)
    );
    assert_eq!(portal.asked(), ids(8..=12));
    let whole = Whole::of(&house.daemon);
    assert!(
        body(&whole, 12).contains("2.16.886.101.20003.20082") && body(&whole, 12).contains("詞 1")
    );
    assert!(!body(&whole, 7).contains("詞 1"));

    // The next one is stopped while the third page does not come; what came is committed.
    portal.change(|book| book.hangs = Some("5".to_owned()));
    let stopping = house.daemon.clone();
    let waiting = house.order("national", Trigger::Details, false);
    let stop = async {
        let began = Instant::now();
        while portal.asked().len() < 8 {
            assert!(began.elapsed() < super::house::DEADLINE);
            tokio::task::yield_now().await;
        }
        stopping.close(super::house::DEADLINE).await;
    };
    let (report, ()) = tokio::join!(waiting, stop);
    assert_eq!(report.outcome, Outcome::Partial, "{}", report.line());
    assert_eq!(account(&report), (2, 2, 0, 5));
    drop(stopping);
    house.close().await;

    // After the start the rest follows, and nothing is asked twice but the page that never came.
    portal.change(|book| book.hangs = None);
    let house = portal.house(dir.path(), "requests_per_second = 1000");
    let report = details(&house).await;
    assert_eq!(account(&report), (5, 5, 0, 0), "{}", report.line());
    let mut expected = ids(5..=12);
    expected.extend(ids(1..=5));
    assert_eq!(portal.asked(), expected);
    assert_eq!(account(&details(&house).await), (0, 0, 0, 0));
    let whole = Whole::of(&house.daemon);
    assert!((1..=12).all(|n| body(&whole, n).contains("詞 1")));
    house.close().await;
}

#[tokio::test]
async fn a_detail_that_fails_harms_nothing_and_waits() {
    let portal = Portal::start().await;
    portal.numbered(4);
    portal.change(|book| {
        book.pages.remove("4");
        let refused = json!({"success": false, "error": {"error_type": "ER0003:查無資料"}});
        book.pages.insert("3".to_owned(), refused.to_string());
        book.pages.insert("2".to_owned(), page(1, 1));
    });
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), NEVER);
    house.complete("national").await;
    let before = Whole::of(&house.daemon);
    let report = details(&house).await;
    assert_eq!(account(&report), (4, 1, 3, 3), "{}", report.line());
    let failed: Vec<_> = report
        .noticed
        .iter()
        .filter(|(c, _)| c == "detail-failed")
        .collect();
    assert_eq!(failed.len(), 3, "{failed:?}");
    let whole = Whole::of(&house.daemon);
    for n in 2..=4 {
        assert_eq!(body(&whole, n), body(&before, n));
    }
    assert_eq!(account(&details(&house).await), (0, 0, 0, 3), "they wait");
    house.close().await;

    // Where the wait is over they are asked again; a record that changed is asked at once.
    portal.change(|book| book.day = json!([change("資料集修改", 4, "改", 20)]).to_string());
    let house = portal.house(dir.path(), NEVER);
    house.complete("national").await;
    assert_eq!(account(&details(&house).await), (1, 0, 1, 3));
    house.close().await;
    portal.numbered(4);
    let house = portal.house(dir.path(), "retry_first_ms = 0");
    assert_eq!(account(&details(&house).await), (3, 3, 0, 0));
    Whole::of(&house.daemon);
    house.close().await;
}

#[tokio::test]
async fn a_portal_that_fails_every_time_is_left_alone() {
    let portal = Portal::start().await;
    portal.numbered(9);
    portal.change(|book| book.pages.clear());
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), &format!("failures_in_row_max = 4\n{NEVER}"));
    house.complete("national").await;
    let state = house.daemon.rooms.state.source("national").unwrap();
    let report = details(&house).await;
    assert_eq!(report.outcome, Outcome::Failed, "{}", report.line());
    assert_eq!(account(&report), (4, 0, 4, 9));
    let after = house.daemon.rooms.state.source("national").unwrap();
    assert_eq!(after, state, "a run of details is no run of the source");
    // The others have their turn.
    assert_eq!(account(&details(&house).await), (4, 0, 4, 9));
    assert_eq!(portal.asked(), ids(2..=9));
    house.close().await;
}

#[tokio::test]
async fn after_a_scheduled_run_details_come_in_rounds() {
    let portal = Portal::start().await;
    portal.numbered(7);
    let dir = tempfile::tempdir().unwrap();
    let source = portal
        .source("per_run_max = 6\nper_commit_max = 2")
        .replacen("title", "schedule = \"0 3 29 2 *\"\ntitle", 1);
    let config = texts::config(dir.path(), "", &[source]);
    let house = House {
        daemon: harvestd::daemon::Daemon::open(config, harvestd::daemon::Purpose::Serve).unwrap(),
    };
    let reports = &house.daemon.rooms.reports;
    let began = Instant::now();
    let last = loop {
        assert!(began.elapsed() < super::house::DEADLINE);
        let last = reports.last_details("national").unwrap();
        match last.filter(|report| report.details.unwrap().remaining == 1) {
            Some(last) => break last,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(account(&last), (2, 2, 0, 1));
    assert_eq!(portal.asked(), ids(2..=7));
    let main = reports.last("national").unwrap().unwrap();
    assert_eq!((main.trigger, main.counts.new), (Trigger::Schedule, 7));
    house.close().await;
}

#[tokio::test]
async fn a_run_that_is_asked_for_ends_a_run_of_details() {
    let portal = Portal::start().await;
    portal.numbered(3);
    portal.change(|book| book.hangs = Some("2".to_owned()));
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "");
    house.complete("national").await;
    let asking = house.order("national", Trigger::Details, false);
    let run = async {
        let began = Instant::now();
        while portal.asked().len() < 2 {
            assert!(began.elapsed() < super::house::DEADLINE);
            tokio::task::yield_now().await;
        }
        house.complete("national").await
    };
    let (details, _) = tokio::join!(asking, run);
    assert_eq!(details.outcome, Outcome::Partial, "{}", details.line());
    assert_eq!(account(&details), (1, 1, 0, 2));
    assert!(body(&Whole::of(&house.daemon), 3).contains("詞 1"));
    house.close().await;
}

#[tokio::test]
async fn a_record_is_described_from_all_its_parts() {
    let portal = Portal::start().await;
    portal.numbered(3);
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "");
    house.complete("national").await;
    details(&house).await;
    // A day's change: its nulls leave the formats of the row, the words of the page stay.
    portal.change(|book| book.day = json!([change("資料集修改", 2, "改", 20)]).to_string());
    let report = house.complete("national").await;
    assert_eq!((report.counts.received, report.counts.changed), (1, 1));
    let whole = Whole::of(&house.daemon);
    for said in [
        "改 2",
        "\"註\"",
        "file-type/CSV",
        "詞 1",
        "2026-01-20T10:00:00+08:00",
    ] {
        assert!(
            body(&whole, 2).contains(said),
            "{said} in\n{}",
            body(&whole, 2)
        );
    }
    // Its page is older than the row now.
    portal.change(|book| {
        book.pages.insert("2".to_owned(), page(2, 2));
    });
    assert_eq!(account(&details(&house).await), (1, 1, 0, 0));
    assert!(body(&Whole::of(&house.daemon), 2).contains("詞 2"));

    // A changed mapping is applied to all parts, without asking.
    let asked = portal.server.requests().len();
    let described = house.order("national", Trigger::Redescribe, false).await;
    assert_eq!(described.outcome, Outcome::Complete, "{}", described.line());
    assert_eq!(
        (described.counts.received, described.counts.unchanged),
        (3, 3)
    );
    assert_eq!(portal.server.requests().len(), asked);

    // The same changes once more (a day is read twice) change nothing.
    let head = Whole::of(&house.daemon).head;
    let report = house.complete("national").await;
    assert_eq!((report.counts.received, report.counts.unchanged), (1, 1));
    assert_eq!(Whole::of(&house.daemon).head, head);

    // The full export has the last word, even where the row is as it was before.
    let report = house.order("national", Trigger::Hand, true).await;
    assert_eq!(
        (report.counts.received, report.counts.changed),
        (3, 1),
        "{}",
        report.line()
    );
    let whole = Whole::of(&house.daemon);
    assert!(body(&whole, 2).contains("原 2") && body(&whole, 2).contains("詞 2"));
    let report = house.order("national", Trigger::Hand, true).await;
    assert_eq!(report.counts.unchanged, 3, "{}", report.line());
    house.close().await;
}

#[tokio::test]
async fn lost_parts_are_asked_for_again_before_anything_is_described_from_half_a_record() {
    for lost in ["all", "one"] {
        let portal = Portal::start().await;
        portal.numbered(3);
        let dir = tempfile::tempdir().unwrap();
        let house = portal.house(dir.path(), "");
        house.complete("national").await;
        details(&house).await;
        let before = Whole::of(&house.daemon);
        house.close().await;
        let parts = dir.path().join("parts/national");
        if lost == "all" {
            std::fs::remove_dir_all(&parts).unwrap();
        } else {
            let mut segments: Vec<_> = super::whole::files(&parts);
            segments.retain(|path| path.extension().is_some_and(|e| e == "parts"));
            std::fs::remove_file(&segments[0]).unwrap();
        }
        portal.change(|book| book.day = json!([change("資料集修改", 2, "改", 20)]).to_string());
        let house = portal.house(dir.path(), "");
        let report = house.complete("national").await;
        assert_eq!(
            report.counts.received,
            3,
            "the full export: {}",
            report.line()
        );
        let whole = Whole::of(&house.daemon);
        assert!(body(&whole, 2).contains("file-type/CSV") && body(&whole, 2).contains("原 2"));
        assert_eq!(account(&details(&house).await), (3, 3, 0, 0));
        assert_eq!(Whole::of(&house.daemon).bodies, before.bodies);
        house.close().await;
    }
}

#[tokio::test]
async fn a_dataset_taken_down_goes_with_all_its_parts() {
    let portal = Portal::start().await;
    portal.numbered(3);
    let dir = tempfile::tempdir().unwrap();
    let house = portal.house(dir.path(), "");
    house.complete("national").await;
    details(&house).await;
    portal.change(|book| book.day = json!([change("資料集下架", 2, "原", 2)]).to_string());
    let report = house.complete("national").await;
    assert_eq!(
        (report.counts.gone, report.counts.holds),
        (1, 2),
        "{}",
        report.line()
    );
    let whole = Whole::of(&house.daemon);
    assert_eq!(whole.log.last().map(|(verb, _)| *verb), Some(Verb::Delete));
    // Back again, it has nothing but what the day says: no format, no word of its old page.
    portal.change(|book| book.day = json!([change("資料集上架", 2, "再", 3)]).to_string());
    house.complete("national").await;
    let whole = Whole::of(&house.daemon);
    assert!(body(&whole, 2).contains("再 2"));
    for old in ["file-type/CSV", "詞 1", "\"註\""] {
        assert!(!body(&whole, 2).contains(old), "{old}");
    }
    let titles: BTreeSet<String> = ["原 1", "再 2", "原 3"].map(str::to_owned).into();
    assert_eq!(whole.titles(), titles);
    house.close().await;
}
