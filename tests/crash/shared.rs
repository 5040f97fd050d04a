//! kill -9 while the shared vocabulary is committed, which a start does before anything else, or while it takes in what a
//! source names: the next start goes on.

use super::*;
use harvestd::{config::Config, log::Verb, report::Outcome};
use serde_json::json;
use texts::{export, rows};

const UNIT: &str = "2.16.886.101.20003.20069.20099";

fn shared(bed: &Bed) -> String {
    let text = texts::configuration(&bed.data_dir(), bed.limits, &[bed.source("")]);
    format!("shared = [\"tw\"]\n{text}")
}

fn look(bed: &Bed) -> House {
    let config = Config::parse("test.toml", &shared(bed), &Default::default());
    House::with(config.unwrap())
}

async fn dies_at(failpoint: &str) {
    let bed = Bed::new(export(&rows(1, 3, 1)), "batch_triples_max = 1_000").await;
    std::fs::write(bed.file(), shared(&bed)).unwrap();
    let killed = bed.run(failpoint).await;
    let log = String::from_utf8_lossy(&killed.stderr).into_owned();
    assert!(was_killed(&killed), "{failpoint}: {}\n{log}", killed.status);
    assert!(
        !log.contains("a run was asked for"),
        "{failpoint}: before any source\n{log}"
    );

    let report = bed.completes().await;
    assert_eq!(report.counts.new, 3, "{failpoint}: {}", report.line());
    let house = look(&bed);
    let done = Whole::of(&house.daemon);
    let last = house.daemon.rooms.reports.last("tw").unwrap().unwrap();
    house.close().await;
    assert_eq!(last.outcome, Outcome::Complete);
    let agencies = harvestd_vocab::shared::records(texts::BASE, &Default::default()).len() as u64;
    assert_eq!(last.referents.holds, agencies, "{failpoint}");

    let other = Bed::new(export(&rows(1, 3, 1)), bed.limits).await;
    std::fs::write(other.file(), shared(&other)).unwrap();
    other.completes().await;
    let house = look(&other);
    let uncrashed = Whole::of(&house.daemon);
    house.close().await;
    let graph = |whole: &Whole, bed: &Bed| whole.graph.replace(&bed.origin.url, "");
    assert_eq!(graph(&done, &bed), graph(&uncrashed, &other), "{failpoint}");
    assert_eq!(
        done.log.len(),
        uncrashed.log.len(),
        "{failpoint}: each change is logged once"
    );
}

macro_rules! dies {
    ($($name:ident: $failpoint:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            dies_at($failpoint).await;
        }
    )*};
}

dies! {
    shared_in_the_first_segment: "segment-write=return";
    shared_after_the_first_commit: "committed=return";
    shared_before_the_second_commit: "commit=1*off->return";
    shared_before_the_state: "state=return";
}

/// A platform whose dataset names an agency that the table has not.
async fn names_one() -> Bed {
    let bed = Bed::new(String::new(), "").await;
    let said = |result: serde_json::Value| json!({"success": true, "result": result}).to_string();
    bed.origin
        .say("/a/rest/dataset", JSON, said(json!(["Z-1"])));
    let dataset =
        json!({"identifier": "Z-1", "title": "Z-1", "publisher": "某中心", "publisherOID": UNIT});
    bed.origin.say("/a/rest/dataset/Z-1", JSON, said(dataset));
    std::fs::write(bed.file(), named(&bed)).unwrap();
    bed
}

fn named(bed: &Bed) -> String {
    let source = source("a", "tw_interchange", &bed.origin.at("/a"), "");
    let text = texts::configuration(&bed.data_dir(), bed.limits, &[source]);
    format!("shared = [\"tw\"]\n{text}")
}

async fn seen(bed: &Bed) -> (String, Vec<(Verb, String)>) {
    let config = Config::parse("test.toml", &named(bed), &Default::default());
    let house = House::with(config.unwrap());
    let whole = Whole::of(&house.daemon);
    house.close().await;
    (whole.graph.replace(&bed.origin.url, ""), whole.log)
}

/// What is learned is committed before what it was learned from, and once.
async fn learns_at(failpoint: &str) {
    let bed = names_one().await;
    let killed = bed.run(failpoint).await;
    let log = String::from_utf8_lossy(&killed.stderr).into_owned();
    assert!(was_killed(&killed), "{failpoint}: {}\n{log}", killed.status);
    let (half, _) = seen(&bed).await;
    let agent = format!("<{}agent/tw/{UNIT}> ", texts::BASE);
    assert!(half.contains(&agent), "{failpoint}: it is there");
    assert!(!half.contains("\"Z-1\""), "{failpoint}: its dataset is not");
    let report = bed.completes().await;
    assert_eq!(report.counts.new, 1, "{failpoint}: {}", report.line());

    let other = names_one().await;
    other.completes().await;
    assert_eq!(seen(&bed).await, seen(&other).await, "{failpoint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_and_its_dataset_not_yet() {
    learns_at("learned=return").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_before_the_state_knows() {
    learns_at("state=1*off->return").await;
}
