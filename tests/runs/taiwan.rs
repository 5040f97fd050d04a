//! A platform of the interchange standard, and a list in Big5 that only its configuration explains: asked by the daemon.

use super::*;
use axum::{http::StatusCode, response::IntoResponse};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

const LIST: &str = "/api/rest/dataset";

/// A platform whose datasets a test may change: identifier -> title. It keeps the questions for its list.
#[derive(Clone, Default)]
struct Platform {
    datasets: Arc<Mutex<BTreeMap<String, String>>>,
    /// What it answers to the question for changes.
    changed: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Whether its whole list answers 500.
    fails: Arc<AtomicBool>,
}

impl Platform {
    fn serve(&self, origin: &Origin) {
        let platform = self.clone();
        origin.answer(LIST, move |request| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let all: Vec<String> = match query.contains("modified=") {
                true => platform.changed.lock().unwrap().clone(),
                false => platform.datasets.lock().unwrap().keys().cloned().collect(),
            };
            let offset = query.split("offset=").nth(1);
            let offset = offset.map_or(0, |o| o.parse::<usize>().unwrap());
            let fails = platform.fails.load(Relaxed) && !query.contains("modified=");
            platform.asked.lock().unwrap().push(query);
            if fails {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            let page = all.get(offset..).unwrap_or_default();
            origin::plain(JSON, json!({"success": true, "result": page}).to_string())
        });
        for n in 0..20 {
            let (platform, id) = (self.clone(), format!("Z-{n:02}"));
            origin.answer(&format!("{LIST}/{id}"), move |_| {
                let title = platform.datasets.lock().unwrap().get(&id).cloned();
                let answer = match title {
                    Some(title) => json!({"success": true, "result": {
                        "identifier": id, "title": title, "publisher": "範例部",
                        "publisherOID": "2.16.886.101.99999.20001", "publisherOrgCode": "Z11010000A",
                        "distribution": [{"format": "CSV", "downloadURL": format!("https://z.example/{id}.csv")}]}}),
                    None => json!({"success": false, "error": {"error_type": "ER0050", "message": "查無資料"}}),
                };
                origin::plain(JSON, answer.to_string())
            });
        }
    }

    fn set(&self, id: &str, title: &str) {
        let mut datasets = self.datasets.lock().unwrap();
        datasets.insert(id.to_owned(), title.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_is_read_whole_then_by_its_changes_and_whole_again() {
    let (origin, platform) = (Origin::start().await, Platform::default());
    (0..12).for_each(|n| platform.set(&format!("Z-{n:02}"), "title"));
    platform.serve(&origin);
    let dir = tempfile::tempdir().unwrap();
    let a = source("a", "tw_interchange", &origin.at("/api"), "");
    let house = House::open(dir.path(), "", &[a]);

    let first = house.complete("a").await;
    assert_eq!(
        (first.counts.new, first.counts.declared),
        (12, Some(12)),
        "{}",
        first.line()
    );
    assert_eq!(*platform.asked.lock().unwrap(), ["", "limit=100&offset=11"]);
    assert!(
        Whole::of(&house.daemon)
            .graph
            .contains("<http://oid-info.com/get/2.16.886.101.99999.20001> <http://purl.org/dc/terms/identifier> \"Z11010000A\" .")
    );

    // One changed, one is named as changed and is no more; what is not named stays.
    platform.set("Z-03", "another title");
    platform.datasets.lock().unwrap().remove("Z-04");
    *platform.changed.lock().unwrap() = vec!["Z-03".to_owned(), "Z-04".to_owned()];
    platform.asked.lock().unwrap().clear();
    let second = house.complete("a").await;
    let c = &second.counts;
    assert_eq!(
        (c.received, c.changed, c.gone, c.absent, c.holds),
        (1, 1, 1, 0, 11),
        "{}",
        second.line()
    );
    let asked = platform.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|query| query.starts_with("modified=20")),
        "{asked:?}"
    );
    Whole::of(&house.daemon);

    // Only a full run sees what is not there any more.
    platform.datasets.lock().unwrap().remove("Z-11");
    let third = house.order("a", Trigger::Hand, true).await;
    house::assert_adds_up(&third);
    assert_eq!(
        (third.counts.absent, third.counts.holds),
        (1, 10),
        "{}",
        third.line()
    );
    Whole::of(&house.daemon);
}

/// Everything is due at every run, and the list of everything fails: the changes come all the same, at every other run.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_list_that_fails_does_not_hold_up_the_changes() {
    let (origin, platform) = (Origin::start().await, Platform::default());
    (0..12).for_each(|n| platform.set(&format!("Z-{n:02}"), "title"));
    platform.serve(&origin);
    let dir = tempfile::tempdir().unwrap();
    let a = source(
        "a",
        "tw_interchange",
        &origin.at("/api"),
        "full_every_ms = 0",
    );
    let house = House::open(dir.path(), "", &[a]);
    house.complete("a").await;
    platform.asked.lock().unwrap().clear();

    platform.fails.store(true, Relaxed);
    platform.set("Z-03", "another title");
    *platform.changed.lock().unwrap() = vec!["Z-03".to_owned()];
    let failed = house.run("a").await;
    assert_eq!((failed.outcome, failed.counts.holds), (Outcome::Failed, 12));
    let between = house.complete("a").await;
    assert_eq!((between.counts.changed, between.counts.holds), (1, 12));
    let again = house.run("a").await;
    assert_eq!(again.outcome, Outcome::Failed);
    let asked = platform.asked.lock().unwrap().clone();
    let whole: Vec<bool> = asked.iter().map(|q| !q.contains("modified=")).collect();
    assert_eq!(whole, [true, false, false, true], "{asked:?}");
    Whole::of(&house.daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_big5_is_read_by_its_mapping() {
    let origin = Origin::start().await;
    let list = "編號,資料名稱,檔案格式\n7,交通事故資料,\"CSV,ods\"\n8,\"公車\n站牌\",CSV\n";
    let (bytes, ..) = encoding_rs::BIG5.encode(list);
    origin.say("/list", "text/csv; charset=big5", bytes.into_owned());
    let dir = tempfile::tempdir().unwrap();
    let options = "[source.options]\nformat = \"csv\"\nid = \"編號\"\n\
        [source.options.map]\ntitle = \"資料名稱\"\n\
        [source.options.map.distribution]\nzip = \",\"\nlead = \"format\"\nformat = \"檔案格式\"\n\
        access_url = { template = \"https://z.example/{編號}\" }\n";
    let a = source("a", "mapped", &origin.at("/list"), options);
    let house = House::open(dir.path(), "", &[a]);

    let first = house.complete("a").await;
    assert_eq!(first.counts.new, 2, "{}", first.line());
    let whole = Whole::of(&house.daemon);
    for expected in ["\"交通事故資料\"", "\"公車\\n站牌\"", "file-type/ODS>"] {
        assert!(
            whole.graph.contains(expected),
            "{expected}\n{}",
            whole.graph
        );
    }
    let second = house.complete("a").await;
    assert_eq!(
        (second.not_modified, second.activities),
        (1, None),
        "{}",
        second.line()
    );
}
