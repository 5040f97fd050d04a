//! The doors over a real snapshot and real worker processes, with a double at the desk.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;

#[path = "serve/asked_page.rs"]
mod asked_page;
#[path = "serve/documents.rs"]
mod documents;
#[path = "serve/hostile.rs"]
mod hostile;
#[path = "serve/lists.rs"]
mod lists;
#[path = "serve/lookups.rs"]
mod lookups;
#[path = "serve/manners.rs"]
mod manners;
#[path = "serve/operator.rs"]
mod operator;
#[path = "serve/operator_pages.rs"]
mod operator_pages;
#[path = "serve/pages.rs"]
mod pages;
#[path = "serve/queries.rs"]
mod queries;
#[path = "serve/standing.rs"]
mod standing;
#[path = "serve/workers.rs"]
mod workers;

use doors::{CATALOGUE_TRIPLES, Plan, TOKEN, eventually, open, problem, read_all};
use harvestd::{
    config::HttpLimits,
    serve::{ListenLimits, admin, layers},
};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::Quad,
};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};
use tokio::net::TcpStream;

/// Sorts millions of rows: the engine's own cancellation would not stop it, and its memory grows by hundreds of MB a second.
const ENDLESS_SORT: &str =
    "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o } ORDER BY ?c ?f ?i ?l ?o";
/// Counts for ever in little memory.
const ENDLESS: &str = "SELECT (COUNT(*) AS ?many) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }";
/// Gives rows at once, and never comes to an end in a test's time.
const ENDLESS_STREAM: &str = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }";
const TITLES: &str = "PREFIX dct: <http://purl.org/dc/terms/> SELECT ?title { ?d a <http://www.w3.org/ns/dcat#Dataset> ; dct:title ?title } ORDER BY ?title";

fn with_query_limits(change: impl FnOnce(&mut harvestd::config::QueryLimits)) -> Plan {
    let mut plan = Plan::default();
    change(&mut plan.limits.query);
    plan
}

fn parsed(format: RdfFormat, bytes: &[u8]) -> BTreeSet<String> {
    RdfParser::from_format(format)
        .for_slice(bytes)
        .map(|quad: Result<Quad, _>| quad.unwrap().to_string())
        .collect()
}

/// Fields as a form of a page sends them.
fn fields(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish())
}
