//! What was pushed is described again under other settings, without anybody pushing it again.

use super::*;
use crate::bed::OTHER;
use harvestd::report::{Report, Trigger};
use harvestd_harvesters::RecordId;
use serde_json::json;

const LABELS: &str = "SELECT ?t { { ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> ?l } UNION \
    { ?a a <http://xmlns.com/foaf/0.1/Agent> ; <http://xmlns.com/foaf/0.1/name> ?l } BIND(CONCAT(?l, \"@\", LANG(?l)) AS ?t) } ORDER BY ?t";

fn centre(language: &str) -> String {
    format!("{CENTRE}language = \"{language}\"\n")
}

/// A dataset whose words name no language.
fn plain(id: &str, title: &str) -> String {
    dataset(id, title).replace("@en", "")
}

async fn package(bed: &Bed, id: &str, title: &str) {
    let office = json!({ "id": "o", "name": "office", "title": "Office" });
    let package = json!({ "id": id, "title": title, "organization": office });
    let request = bed.push("PUT", &format!("/push/centre/{id}"));
    let request = request.header("content-type", "application/json");
    answer(request.body(package.to_string()), 201).await;
}

async fn redescribe(bed: &Bed) -> Report {
    bed.house.order("centre", Trigger::Redescribe, false).await
}

fn noticed(report: &Report, code: &str) -> Option<String> {
    let found = report.noticed.iter().find(|(found, _)| found == code);
    found.map(|(_, text)| text.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_is_described_again() {
    let bed = Bed::with("", &[&centre("en"), OTHER]).await;
    let nothing = redescribe(&bed).await;
    let why = nothing.why.unwrap();
    assert!(why.contains("nothing that centre pushed is kept"), "{why}");
    for (id, title) in [("rain", "Old"), ("gone", "Gone"), ("lost", "Lost")] {
        let push = bed.turtle("PUT", &format!("/push/centre/{id}"), plain(id, title));
        answer(push, 201).await;
    }
    let newer = bed.turtle("PUT", "/push/centre/rain", plain("rain", "Rain"));
    answer(newer, 200).await;
    package(&bed, "wind", "Wind").await;
    answer(bed.push("DELETE", "/push/centre/gone"), 204).await;
    assert_eq!(
        bed.select(LABELS).await,
        ["Lost@en", "Office@en", "Rain@en", "Wind@en"]
    );
    let same = redescribe(&bed).await;
    let c = &same.counts;
    assert_eq!(
        (c.received, c.unchanged, c.holds),
        (3, 3, 3),
        "{}",
        same.line()
    );
    assert_eq!(
        (same.activities, noticed(&same, "body-not-kept")),
        (None, None)
    );

    // As a kill in the middle of its push would leave it.
    let lost = RecordId::dataset("lost");
    let state = &bed.house.daemon.rooms.state;
    state.drop_bodies("centre", [&lost].into_iter()).unwrap();
    let bed = Bed::at(bed.close().await, "", &[&centre("fr"), OTHER]).await;
    let again = redescribe(&bed).await;
    let c = &again.counts;
    assert_eq!(
        (c.received, c.changed, c.holds),
        (2, 2, 3),
        "{}",
        again.line()
    );
    let said = noticed(&again, "body-not-kept").unwrap();
    assert!(said.starts_with("1 records stay as they are"), "{said}");
    assert_eq!(
        bed.select(LABELS).await,
        ["Lost@en", "Office@fr", "Rain@fr", "Wind@fr"]
    );
    bed.whole();

    // Pushed again it is as if it had always been so; what has not changed since is not described once more.
    let lost = bed.turtle("PUT", "/push/centre/lost", plain("lost", "Lost"));
    assert_eq!(answer(lost, 200).await["records"][0]["outcome"], "updated");
    let rain = bed.turtle("PUT", "/push/centre/rain", plain("rain", "Rain"));
    assert_eq!(
        answer(rain, 200).await["records"][0]["outcome"],
        "unchanged"
    );
    let last = redescribe(&bed).await;
    assert_eq!(
        (last.counts.unchanged, last.activities),
        (3, None),
        "{}",
        last.line()
    );
    assert_eq!(noticed(&last, "body-not-kept"), None);
    assert_eq!(
        bed.select(LABELS).await,
        ["Lost@fr", "Office@fr", "Rain@fr", "Wind@fr"]
    );
    bed.whole();
}

/// Only the newest counts: a whole catalogue takes away what it does not name, and others than pushes forget all.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_more_does_not_come_back() {
    let bed = Bed::with("", &[&centre("en"), OTHER]).await;
    let whole = |ids: &[&str]| ids.iter().map(|id| plain(id, id)).collect::<String>();
    answer(
        bed.turtle("PUT", "/push/centre", whole(&["a", "b", "c"])),
        200,
    )
    .await;
    answer(bed.turtle("PUT", "/push/centre", whole(&["a", "c"])), 200).await;
    let again = redescribe(&bed).await;
    assert_eq!(
        (again.counts.received, again.counts.holds),
        (2, 2),
        "{}",
        again.line()
    );
    assert_eq!(bed.titles().await, ["a", "c"]);

    let origin = crate::origin::Origin::start().await;
    origin.say("/a", "text/turtle", crate::texts::numbered(3));
    let asked = crate::texts::source("centre", "dcat", &origin.at("/a"), "");
    let bed = Bed::at(bed.close().await, "", &[&asked, OTHER]).await;
    let report = bed.house.run("centre").await;
    assert_eq!(report.counts.new, 3, "{}", report.line());
    let bed = Bed::at(bed.close().await, "", &[&centre("en"), OTHER]).await;
    let nothing = redescribe(&bed).await;
    let why = nothing.why.unwrap();
    assert!(why.contains("nothing that centre pushed is kept"), "{why}");
}
