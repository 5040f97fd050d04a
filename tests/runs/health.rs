//! Which sources fail is in the graph of runs, without a line for every attempt.

use super::*;
use axum::{http::StatusCode, response::IntoResponse};
use std::collections::BTreeMap;
use texts::turtle;

/// What the graph tells of runs, oldest first: how each ended, and which failure of a row it was.
fn told(bed: &Bed) -> Vec<(String, Option<String>)> {
    const OWN: &str = "https://w3id.org/harvestd/ns#failuresInRow";
    const TYPE: &str = "http://purl.org/dc/terms/type";
    let writer = bed.house.daemon.rooms.writer.lock().unwrap();
    let mut runs: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for quad in writer.store.quads().iter() {
        let quad = quad.unwrap();
        let value = match &quad.object {
            oxigraph::model::Term::Literal(literal) => literal.value().to_owned(),
            _ => continue,
        };
        let run = quad.subject.to_string();
        if !quad.graph_name.to_string().ends_with("graph/runs>") || !run.ends_with("-a>") {
            continue;
        }
        let run = runs.entry(run).or_default();
        match quad.predicate.as_str() {
            TYPE => run.0 = value,
            OWN => run.1 = Some(value),
            _ => {}
        }
    }
    runs.into_values().collect()
}

fn failed(n: u32) -> (String, Option<String>) {
    ("failed".to_owned(), Some(n.to_string()))
}

fn complete() -> (String, Option<String>) {
    ("complete".to_owned(), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_source_is_told_of_until_it_is_well_again() {
    let bed = Bed::dcat(turtle(&[("1", "One", "")])).await;
    bed.house.complete("a").await;
    assert_eq!(told(&bed), [complete()]);
    let whole = bed.whole();
    let unpublished = || {
        let writer = bed.house.daemon.rooms.writer.lock().unwrap();
        writer.store.is_unpublished()
    };

    bed.origin
        .answer("/a", |_| StatusCode::NOT_FOUND.into_response());
    for n in 1..=4 {
        let report = bed.house.run("a").await;
        assert_eq!(report.outcome, Outcome::Failed, "{}", report.line());
        let row: Vec<_> = [1, n].into_iter().take(n as usize).map(failed).collect();
        assert_eq!(told(&bed)[1..], row);
        // What begins a row is seen at once.
        assert_eq!(unpublished(), n > 1);
    }
    assert_eq!(
        bed.whole(),
        whole,
        "its datasets stay, and nothing is logged"
    );

    bed.say(turtle(&[("1", "One", "")]));
    let well = bed.house.complete("a").await;
    assert_eq!(well.activities, None);
    assert_eq!(told(&bed), [complete(), failed(1), failed(4), complete()]);
    assert!(!unpublished());
    // And no more of it: a run that changes nothing is not told of.
    bed.house.complete("a").await;
    assert_eq!(told(&bed).len(), 4);
    bed.house.close().await;
}
