//! Lookups: what is small is answered without a worker, word for word as a worker would answer it.

use super::*;
use reqwest::Response;

type Busy = tokio::task::JoinHandle<reqwest::Result<Response>>;

const PREFIXES: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> \
     PREFIX foaf: <http://xmlns.com/foaf/0.1/> PREFIX d: <http://hub.example/dataset/moi/> ";

async fn asked(doors: &doors::Doors, query: &str, accept: &str) -> Response {
    doors
        .query(&format!("{PREFIXES}{query}"))
        .header("accept", accept)
        .send()
        .await
        .unwrap()
}

/// A house whose only worker is busy and takes no further question, so that what it answers it answers itself.
async fn without_a_worker() -> (doors::Doors, Busy) {
    let doors = open(with_query_limits(|limits| {
        limits.workers = 1;
        limits.queue_max = 0;
        // On a busy machine a lookup may take longer than it does by itself; a worker would not be there for it.
        limits.lookup_ms_max = 60_000;
    }))
    .await;
    let mut busy = tokio::spawn(doors.query(ENDLESS).send());
    // A worker that is opening the snapshot refuses everything for a moment, the endless query too.
    let mut refused = 0;
    eventually("the worker is busy, and lookups need none", async || {
        if busy.is_finished() {
            busy = tokio::spawn(doors.query(ENDLESS).send());
            refused = 0;
        }
        let other = asked(&doors, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "*/*").await;
        let lookup = asked(&doors, "ASK { d:1 a dcat:Dataset }", "*/*").await;
        let is_busy = (other.status().as_u16(), lookup.status().as_u16()) == (503, 200);
        refused = if is_busy { refused + 1 } else { 0 };
        refused == 3
    })
    .await;
    (doors, busy)
}

/// Status, headers but for those that tell answers apart, and the body, its lines sorted.
async fn seen(response: Response) -> (u16, Vec<String>, String) {
    let status = response.status().as_u16();
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    let text = response.text().await.unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    (status, headers, lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_is_answered_as_a_worker_would() {
    let (ours, busy) = without_a_worker().await;
    let workers = open(with_query_limits(|limits| limits.lookup_triples_max = 0)).await;
    for query in [
        "SELECT ?p ?o { ?d dct:title \"Population\"@en ; a dcat:Dataset ; ?p ?o }",
        "SELECT * { d:1 dcat:distribution ?x . ?x dcat:accessURL ?url OPTIONAL { ?x dct:title ?none } }",
        "SELECT ?title { d:none dct:title ?title }",
        "SELECT ?title { d:1 dct:title ?title } LIMIT 2",
        "ASK { <http://hub.example/record/moi/1> foaf:primaryTopic d:1 }",
        "ASK { d:1 dct:title \"Population\" }",
    ] {
        for accept in [
            "*/*",
            "application/json",
            "application/sparql-results+xml",
            "text/csv",
            "text/tab-separated-values",
        ] {
            // Rows have no order: they are compared where they are lines, which can be sorted.
            let has_rows = query.contains("?p ?o") || query.contains("LIMIT");
            if has_rows && !accept.starts_with("text/") {
                continue;
            }
            let answer = seen(asked(&ours, query, accept).await).await;
            assert_eq!(answer.0, 200, "{query} needed a worker: {}", answer.2);
            let expected = seen(asked(&workers, query, accept).await).await;
            assert_eq!(answer, expected, "{accept}: {query}");
        }
    }
    busy.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_lookup_waits_for_a_worker() {
    let (doors, busy) = without_a_worker().await;
    for query in [
        "SELECT ?d { ?d a dcat:Dataset }",
        "SELECT ?t { d:1 dct:title ?t } ORDER BY ?t",
        // Which one is the engine's choice.
        "SELECT ?t { d:1 dct:title ?t } LIMIT 1",
        "SELECT ?t { d:1 dct:title",
        "DESCRIBE d:1",
    ] {
        problem(asked(&doors, query, "*/*").await, 503, "busy").await;
    }
    let named =
        "?query=ASK%20%7B%20%3Curn%3Aa%3E%20a%20%3Curn%3Ab%3E%20%7D&default-graph-uri=urn%3Ag";
    let response = doors.get(&format!("/sparql{named}")).send().await.unwrap();
    problem(response, 503, "busy").await;
    let response = asked(&doors, "ASK { d:1 a dcat:Dataset }", "text/turtle").await;
    problem(response, 503, "busy").await;
    busy.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_reads_the_newest_snapshot_and_lets_the_old_one_go() {
    let mut doors = open(Plan::default()).await;
    for n in 1..=5 {
        let old = std::sync::Arc::downgrade(doors.published.borrow().as_ref().unwrap());
        doors.add(&format!(
            "<http://hub.example/dataset/moi/new> <http://purl.org/dc/terms/title> \"{n}\" ."
        ));
        doors.publish();
        for _ in 0..20 {
            let titles = doors
                .column("SELECT ?t { <http://hub.example/dataset/moi/new> <http://purl.org/dc/terms/title> ?t }")
                .await;
            assert_eq!(titles.len(), n, "after the publication of {n}");
        }
        eventually("the old snapshot is let go", async || {
            old.upgrade().is_none()
        })
        .await;
    }
}
