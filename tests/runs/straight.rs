//! The straight line: first harvest, nothing new, changes and deletions; two sources at once.

use super::*;
use harvestd::{
    demo::{
        Faults, World, city, ministry, observatory, serve_sample_with,
        server::{CKAN, DCAT, DCAT_VIEW, EXPORT_CSV, EXPORT_JSON},
        world::Moment,
    },
    serve::desk::{Desk, Order},
    snapshot::Published,
};
use oxigraph::{model::NamedNodeRef, store::Store};
use std::{collections::BTreeMap, future::pending, time::Instant};

/// Number -> revision of the items that a catalogue of the sample federation holds.
fn items(moment: Moment, size: u64) -> BTreeMap<u64, u64> {
    moment.items(size).map(|i| (i.number, i.revision)).collect()
}

/// Three harvests of a catalogue of the sample federation, which changes before the third.
async fn three_harvests(kind: &str, path: &str, size: u64) {
    let world = World::standing("2026-11-02T01:00:00Z".parse().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    tokio::spawn(serve_sample_with(
        listener,
        world.clone(),
        Faults::default(),
        pending(),
    ));
    let dir = tempfile::tempdir().unwrap();
    let house = House::open(dir.path(), "", &[source("a", kind, &url, "")]);

    let first = house.complete("a").await;
    assert_eq!(
        (first.counts.new, first.counts.received),
        (size, size),
        "{}",
        first.line()
    );
    let before = Whole::of(&house.daemon);
    assert_eq!(first.activities, Some((1, before.head.seq)));
    assert!(before.log.iter().all(|(verb, _)| *verb == Verb::Create));

    let second = house.complete("a").await;
    assert_eq!(second.activities, None);
    assert_eq!(
        (
            second.counts.new,
            second.counts.changed,
            second.counts.holds
        ),
        (0, 0, size)
    );
    assert_eq!(
        Whole::of(&house.daemon),
        before,
        "nothing new changes nothing"
    );

    let now = "2026-11-02T01:00:00Z".parse().unwrap();
    let old = items(world.moment(now), size);
    (0..3).for_each(|_| world.advance());
    let new = items(world.moment(now), size);
    let third = house.order("a", Trigger::Hand, true).await;
    house::assert_adds_up(&third);
    assert_eq!(third.outcome, Outcome::Complete, "{}", third.line());
    let c = &third.counts;
    let came = new.keys().filter(|n| !old.contains_key(n)).count() as u64;
    let went = old.keys().filter(|n| !new.contains_key(n)).count() as u64;
    let revised = new
        .iter()
        .filter(|(n, r)| old.get(n).is_some_and(|o| o != *r))
        .count() as u64;
    assert_eq!((c.new, c.gone + c.absent), (came, went), "{}", third.line());
    assert_eq!(c.changed, revised, "{}", third.line());
    assert!(came > 0 && went > 0 && revised > 0);
    let after = Whole::of(&house.daemon);
    assert_eq!(
        third.activities,
        Some((before.head.seq + 1, after.head.seq))
    );
    assert!(
        after
            .since(before.head.seq)
            .iter()
            .any(|(verb, _)| *verb == Verb::Delete)
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ministry_s_export_as_json() {
    three_harvests("data_gov_tw", EXPORT_JSON, ministry::ROWS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ministry_s_export_as_csv() {
    three_harvests("data_gov_tw", EXPORT_CSV, ministry::ROWS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_s_ckan() {
    three_harvests("ckan", CKAN, city::PACKAGES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paged_collection() {
    three_harvests("dcat", DCAT, observatory::DATASETS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_collection_view() {
    three_harvests("dcat", DCAT_VIEW, observatory::DATASETS).await;
}

/// The bulk loader and the transactions leave the same store behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_load_is_no_other_catalogue() {
    let mut graphs = Vec::new();
    for limits in [
        "bulk_bytes_min = 1",
        "bulk_bytes_min = 16_000_000_000\nbatch_triples_max = 1_000",
    ] {
        let document = texts::export(&texts::rows(1, 300, 1));
        let bed = Bed::new("data_gov_tw", JSON, document, limits, "").await;
        assert_eq!(bed.house.complete("a").await.counts.new, 300);
        let whole = bed.whole();
        let (segments, log) = {
            let writer = bed.house.daemon.rooms.writer.lock().unwrap();
            (writer.store.log().segments(1).unwrap().len(), whole.log)
        };
        assert_eq!(
            segments > 1,
            limits.contains("batch"),
            "{segments} segments"
        );
        let without_time = |line: &&str| !line.contains(":modified>") && !line.contains("/issued>");
        let graph: Vec<String> = whole
            .graph
            .lines()
            .filter(without_time)
            .map(str::to_owned)
            .collect();
        // The server's port is in the catalogue's description.
        let graph: Vec<String> = graph
            .into_iter()
            .map(|l| l.replace(&bed.origin.url, ""))
            .collect();
        graphs.push((graph, log));
        bed.house.close().await;
    }
    let (transactions, bulk) = (graphs.pop().unwrap(), graphs.pop().unwrap());
    assert_eq!(bulk, transactions);
}

/// Datasets that a source's catalogue lists, and the revisions their titles name, in a published snapshot.
fn seen_in(snapshot: &Store, source: &str, ids: std::ops::Range<usize>) -> (usize, Vec<String>) {
    let catalog = format!("{}catalog/{source}", texts::BASE);
    let (catalog, link) = (
        NamedNodeRef::new(&catalog).unwrap(),
        NamedNodeRef::new("http://www.w3.org/ns/dcat#dataset").unwrap(),
    );
    let listed = snapshot
        .quads_for_pattern(Some(catalog.into()), Some(link), None, None)
        .count();
    let title = NamedNodeRef::new("http://purl.org/dc/terms/title").unwrap();
    let mut revisions: Vec<String> = snapshot
        .quads_for_pattern(None, Some(title), None, None)
        .map(|quad| quad.unwrap().object.to_string())
        .filter_map(|object| {
            let text = object.split('"').nth(1)?.strip_prefix("資料 ")?.to_owned();
            let (id, revision) = text.split_once('.')?;
            ids.contains(&id.parse().unwrap())
                .then(|| revision.to_owned())
        })
        .collect();
    revisions.sort();
    revisions.dedup();
    (listed, revisions)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sources_at_once_and_readers_see_whole_runs() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let sources = ["a", "b"].map(|id| source(id, "data_gov_tw", &origin.at(&format!("/{id}")), ""));
    let house = House::open(
        dir.path(),
        "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000",
        &sources,
    );
    let mut published = house.daemon.published();
    // What it shows of each source: nothing, or everything of one run. Gives the revisions, all sources together.
    let look = |newest: &Published| {
        let snapshot = Store::open_read_only(&newest.path).unwrap();
        let mut all = Vec::new();
        for (id, ids) in [("a", 1..201), ("b", 1001..1201)] {
            let (listed, revisions) = seen_in(&snapshot, id, ids);
            assert!(
                listed == 0 || listed == 200,
                "{listed} datasets of {id} in {}",
                newest.seq
            );
            assert!(
                revisions.len() <= 1,
                "a mixture of {revisions:?} in {}",
                newest.seq
            );
            all.extend(revisions);
        }
        all
    };
    for revision in 1..=3 {
        origin.say("/a", JSON, texts::export(&texts::rows(1, 200, revision)));
        origin.say(
            "/b",
            JSON,
            texts::export(&texts::rows(1001, 1200, revision)),
        );
        let order = Order {
            trigger: Trigger::Hand,
            full: true,
        };
        let mut running: Vec<_> = ["a", "b"]
            .map(|id| house.daemon.run_now(id, order).unwrap())
            .into();
        let began = Instant::now();
        while !running.is_empty() {
            assert!(began.elapsed() < house::DEADLINE);
            let newest = published.borrow_and_update().clone();
            if let Some(newest) = newest {
                look(&newest);
            }
            running.retain_mut(|report| match report.try_recv() {
                Ok(report) => {
                    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
                    false
                }
                Err(_) => true,
            });
            tokio::task::yield_now().await;
        }
        let newest = published.borrow_and_update().clone().unwrap();
        assert_eq!(look(&newest), [revision.to_string(), revision.to_string()]);
    }
    let whole = Whole::of(&house.daemon);
    assert_eq!(whole.titles().len(), 400);
    assert!(whole.titles().iter().all(|title| title.ends_with(".3")));
    house.close().await;
}

/// What the configuration says of a catalogue is published with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalogues_description_and_publisher_are_published() {
    let origin = Origin::start().await;
    origin.say("/a", JSON, texts::export(&texts::rows(1, 2, 1)));
    let dir = tempfile::tempdir().unwrap();
    let more = "description = { en = \"What the ministry knows\", zh-Hant = \"部會資料\" }\npublisher = { en = \"Ministry of Examples\" }";
    let a = source("a", "data_gov_tw", &origin.at("/a"), more);
    let house = House::open(dir.path(), "", &[a]);
    house.complete("a").await;
    let whole = Whole::of(&house.daemon);
    let catalog = format!("{}catalog/a", texts::BASE);
    let body = &whole.bodies[&catalog];
    let says = |predicate: &str, text: &str| {
        let subject = format!("<{catalog}> <http://purl.org/dc/terms/{predicate}> ");
        body.lines()
            .any(|line| line.starts_with(&subject) && line.contains(text))
    };
    assert!(
        says("description", "\"What the ministry knows\"@en"),
        "{body}"
    );
    assert!(says("description", "\"部會資料\"@zh-"), "{body}");
    assert!(says("publisher", ""), "{body}");
    assert!(body.contains("\"Ministry of Examples\"@en"), "{body}");
    let record = format!("<{}record/a/catalog:self>", texts::BASE);
    let changed = format!("{record} <http://purl.org/dc/terms/modified> \"20");
    assert!(body.contains(&changed), "{body}");
    house.close().await;
}
