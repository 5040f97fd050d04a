//! What has not changed is left alone; what is only looked at leaves no trace; a changed mapping needs no server.

use super::*;
use axum::{
    extract::Request,
    http::{StatusCode, header},
    response::IntoResponse,
};
use harvestd::serve::desk::Desk;
use origin::plain;
use texts::{export, row, rows, turtle};

/// A frequency that no table knows: the record has a finding whenever it is described.
fn odd(id: &str, title: &str) -> String {
    row(id, title).replace("每1月", "隨喜")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_record_is_never_described() {
    let bed = Bed::ministry(export(&[odd("1", "一"), odd("2", "二"), odd("3", "三")])).await;
    let first = bed.house.complete("a").await;
    assert_eq!(first.findings.len(), 3, "{:?}", first.findings);

    bed.say(export(&[odd("1", "一"), odd("2", "二改"), odd("3", "三")]));
    let second = bed.house.complete("a").await;
    let described: Vec<&str> = second.findings.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(described, ["2"]);
    assert_eq!((second.counts.changed, second.counts.unchanged), (1, 2));
    assert_eq!(
        bed.whole().since(4),
        [(Verb::Update, "https://data.gov.tw/dataset/2".to_owned())]
    );

    let third = bed.house.complete("a").await;
    assert_eq!(
        (third.not_modified, third.bytes),
        (1, 0),
        "the server is asked conditionally"
    );
    assert_eq!((third.counts.unchanged, third.findings.len()), (3, 0));

    let fourth = bed.house.order("a", Trigger::Hand, true).await;
    assert_eq!(
        (
            fourth.not_modified,
            fourth.counts.unchanged,
            fourth.findings.len()
        ),
        (0, 3, 0)
    );
    assert_eq!(fourth.activities, None);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_would_change_and_writes_nothing() {
    let bed = Bed::dcat(turtle(&[
        ("1", "One", ""),
        ("2", "Two", ""),
        ("3", "Three", ""),
    ]))
    .await;
    let empty = (bed.whole(), whole::files(bed.dir.path()).len());
    let would = bed.house.order("a", Trigger::Check, false).await;
    assert_eq!(
        (would.outcome, would.counts.new),
        (Outcome::Complete, 3),
        "{}",
        would.line()
    );
    assert_eq!(bed.whole(), empty.0);
    assert!(bed.house.daemon.report("a").is_none());

    let did = bed.house.complete("a").await;
    let (before, published) = (bed.whole(), bed.house.daemon.published().borrow().clone());
    let kept = |bed: &Bed| {
        let all = whole::files(bed.dir.path()).into_iter();
        let kept = all.filter(|path| {
            ["answers", "reports", "log"]
                .iter()
                .any(|room| path.starts_with(bed.dir.path().join(room)))
        });
        kept.collect::<Vec<_>>()
    };
    let files = kept(&bed);
    assert!(!files.is_empty());
    bed.say(turtle(&[
        ("1", "One changed", ""),
        ("2", "Two", ""),
        ("4", "Four", ""),
    ]));
    let would = bed.house.order("a", Trigger::Check, false).await;
    let c = &would.counts;
    assert_eq!(
        (c.new, c.changed, c.unchanged, c.absent),
        (1, 1, 1, 1),
        "{}",
        would.line()
    );
    assert_eq!(would.activities, None);
    assert_eq!(bed.whole(), before);
    assert_eq!(kept(&bed), files);
    assert_eq!(*bed.house.daemon.published().borrow(), published);
    assert_eq!(bed.house.daemon.report("a").unwrap().run, did.run);

    let did = bed.house.complete("a").await;
    assert_eq!(
        (did.counts.new, did.counts.changed, did.counts.absent),
        (c.new, c.changed, c.absent)
    );
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redescribing_asks_nobody() {
    let bed = Bed::ministry(export(&rows(1, 5, 1))).await;
    let a = |more: &str| source("a", "data_gov_tw", &bed.origin.at("/a"), more);
    let configure = async |more: &str| {
        let config = texts::config(bed.dir.path(), "", &[a(more)]);
        bed.house.daemon.configure(config).await.unwrap();
    };
    bed.house.complete("a").await;
    let untagged = bed.whole();
    assert!(!untagged.graph.contains("@zh-hant"), "{}", untagged.graph);

    configure("language = \"zh-Hant\"").await;
    let asked = bed.origin.asked();
    let report = bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!(
        (report.outcome, report.counts.changed),
        (Outcome::Complete, 5),
        "{}",
        report.line()
    );
    assert_eq!(bed.origin.asked(), asked);
    let tagged = bed.whole();
    assert!(
        tagged.graph.to_lowercase().contains("\"資料 1.1\"@zh-hant"),
        "{}",
        tagged.graph
    );
    let updates = tagged.since(untagged.head.seq);
    assert!(updates.len() >= 5 && updates.iter().all(|(verb, _)| *verb == Verb::Update));

    let run = bed.house.complete("a").await;
    assert_eq!(
        (run.activities, run.counts.unchanged),
        (None, 5),
        "redescribed records are not described again"
    );
    configure("").await;
    bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!(bed.whole().graph, untagged.graph, "changed back");
    bed.house.close().await;
}

/// A cut answer under changed settings: what it did not bring is described when it comes.
#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_reach_every_record_after_a_cut() {
    let whole_export = export(&rows(1, 5, 1));
    let bed = Bed::ministry(whole_export.clone()).await;
    bed.house.complete("a").await;
    let a = source(
        "a",
        "data_gov_tw",
        &bed.origin.at("/a"),
        "language = \"zh-Hant\"",
    );
    bed.house
        .daemon
        .configure(texts::config(bed.dir.path(), "", &[a]))
        .await
        .unwrap();
    let third = whole_export.find("資料 3").unwrap();
    bed.say(&whole_export.as_bytes()[..third]);
    let cut = bed.house.run("a").await;
    assert_eq!(
        (cut.outcome, cut.counts.changed),
        (Outcome::Partial, 2),
        "{}",
        cut.line()
    );
    bed.say(whole_export);
    let report = bed.house.complete("a").await;
    assert_eq!(
        (report.counts.changed, report.counts.unchanged),
        (3, 2),
        "{}",
        report.line()
    );
    let graph = bed.whole().graph.to_lowercase();
    for n in 1..=5 {
        assert!(graph.contains(&format!("\"資料 {n}.1\"@zh-hant")), "{n}");
    }
    bed.house.close().await;
}

/// A server that says "not modified" of whatever it has: what changed is seen by the next run that asks for everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_lies_deceives_until_everything_is_asked_for() {
    let bed = Bed::ministry(export(&rows(1, 5, 1))).await;
    let lies = |document: String| {
        move |request: &Request| {
            let tag = [(header::ETAG, "\"always\"")];
            if request.headers().contains_key(header::IF_NONE_MATCH) {
                return (StatusCode::NOT_MODIFIED, tag).into_response();
            }
            (tag, plain(JSON, document.clone())).into_response()
        }
    };
    bed.origin.answer("/a", lies(export(&rows(1, 5, 1))));
    bed.house.complete("a").await;
    bed.origin.answer("/a", lies(export(&rows(1, 5, 2))));
    let deceived = bed.house.complete("a").await;
    assert_eq!((deceived.not_modified, deceived.counts.changed), (1, 0));
    let Bed {
        origin, house, dir, ..
    } = bed;
    house.close().await;
    let always = source("a", "data_gov_tw", &origin.at("/a"), "full_every_ms = 0");
    let house = House::open(dir.path(), "", &[always]);
    let seen = house.complete("a").await;
    assert_eq!((seen.not_modified, seen.counts.changed), (0, 5));
    house.close().await;
}
