//! A bulk load that fails half-way: the store is as it was, and the next load leaves no gap in the log.

use harvestd::{
    log::Activity,
    stage::{Stage, StageFiles, Staged},
    store::{ApplyOptions, Policy, Store, WriteLimits, default_graph_body},
};
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Class, Normal};
use oxigraph::model::NamedNode;
use std::{io, path::Path};

const LIMITS: WriteLimits = WriteLimits {
    runs_noted: 10,
    batch_triples_max: 1_000,
    flush_triples: 400_000,
    segment_activities_max: 2,
    bulk_bytes_min: 1,
    bulk_batch_quads: 10_000,
};

fn staged(key: &str, body: Option<&str>) -> Staged {
    let entity = format!("https://e.example/{key}");
    let record = format!("{}record/s/{key}", super::texts::BASE);
    let own = format!(
        "<{entity}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n\
         <{record}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#CatalogRecord> .\n\
         <{record}> <http://xmlns.com/foaf/0.1/primaryTopic> <{entity}> .\n"
    );
    let normal = Normal {
        class: Class::Dataset,
        entity: NamedNode::new(entity).unwrap(),
        record: NamedNode::new(record).unwrap(),
        body: body.map_or(own, str::to_owned),
        findings: Vec::new(),
        learned: Vec::new(),
    };
    Staged::new(RecordId::dataset(key), normal, None)
}

fn stage(dir: &Path, records: &[Staged]) -> StageFiles {
    let mut stage = Stage::begin(dir.join("stage")).unwrap();
    records.iter().for_each(|s| stage.push(s).unwrap());
    stage.finish().unwrap()
}

#[test]
fn a_load_that_fails_leaves_nothing_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), super::texts::BASE, LIMITS).unwrap();
    let options = ApplyOptions {
        mostly_new: true,
        ..ApplyOptions::default()
    };
    let mut apply = |records: &[Staged]| {
        let stage = stage(dir.path(), records);
        store.apply(&stage, &[], &Policy::default(), &options, &|_| {})
    };
    let good: Vec<Staged> = (1..=7).map(|n| staged(&n.to_string(), None)).collect();
    let mut bad = good.clone();
    bad.push(staged("8", Some("this is no statement\n")));
    let error = apply(&bad).unwrap_err().to_string();
    assert!(
        error.contains("a normal description is no N-Triples"),
        "{error}"
    );

    let applied = apply(&good[..5]).unwrap();
    assert_eq!(applied.activities, Some((1, 5)));
    assert_eq!(store.head().seq, 5);
    let segments = store.log().segments(1).unwrap();
    let ranges: Vec<(u64, u64)> = segments.iter().map(|s| (s.first, s.last)).collect();
    assert_eq!(ranges, [(1, 2), (3, 4), (5, 5)]);
    let activities = segments.iter().flat_map(|s| s.read().unwrap());
    let activities: Vec<Activity> = activities.collect::<io::Result<_>>().unwrap();
    let mut logged: Vec<&str> = activities.iter().flat_map(|a| a.body.lines()).collect();
    logged.sort_unstable();
    let graph = default_graph_body(store.quads()).unwrap();
    assert_eq!(logged, graph.lines().collect::<Vec<_>>());
}
