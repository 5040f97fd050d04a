//! How things stand: `/healthz`, `/readyz`, `/metrics`, `/status`, `/status.json`. For people the same is in `pages/sources.rs`.
//!
//! Asks the desk, never the store. Start at [`routes`].

use super::{
    House,
    desk::{Readiness, SourceStatus},
    fresh,
    openapi::{Routes, table},
    pages,
    problem::Problem,
    webhooks,
};
use crate::{figures, state::Joined, webhooks::WebhookStatus};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use std::collections::BTreeMap;

pub fn routes() -> Routes {
    Routes::new()
        .route(table::healthz(), get(healthz))
        .route(table::readyz(), get(readyz))
        .route(table::metrics(), get(metrics))
        .route(table::status(), get(status))
        .route(table::status_json(), get(status_json))
}

/// The process answers.
async fn healthz() -> Response {
    uncached("ok\n".into_response())
}

/// There is something to serve, and it can be served. Where nothing can be written, that is said as well.
async fn readyz(State(house): State<House>) -> Result<Response, Problem> {
    let Readiness { ready, why } = house.desk.ready();
    if !ready {
        return Err(Problem::unavailable("not-ready", why, 5));
    }
    house.snapshot()?;
    let text = match why.starts_with("read-only") {
        true => format!("ready, {why}\n"),
        false => "ready\n".to_owned(),
    };
    Ok(uncached(text.into_response()))
}

/// Prometheus' text format.
async fn metrics(State(house): State<House>) -> Response {
    for pool in [&house.workers, &house.readers] {
        let free = u32::try_from(pool.free()).unwrap_or(u32::MAX);
        metrics::gauge!("harvestd_workers_free", "pool" => pool.options().name).set(free);
    }
    if let Some(published) = house.published.borrow().as_ref() {
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics::gauge!("harvestd_published_seq").set(published.seq as f64);
        metrics::gauge!("harvestd_published_timestamp_seconds")
            .set(published.published_us as f64 / 1e6);
    }
    for source in house.desk.sources() {
        metrics::gauge!("harvestd_source_records", "source" => source.id).set(source.holds as f64);
    }
    figures::measure_memory();
    let mut response = house.metrics.render().into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    uncached(response)
}

#[derive(Serialize)]
struct Status {
    ready: Readiness,
    published: Option<PublishedStatus>,
    /// Corrections by hand, by how they stand.
    overrides: BTreeMap<&'static str, usize>,
    /// What is said of datasets, by what became of it.
    feedback: Option<crate::feedback::Counts>,
    /// What comparing the records of different sources came to. None: one source alone holds datasets.
    identity: Option<Joined>,
    sources: Vec<SourceSummary>,
    /// Who is told of changes, without addresses.
    webhooks: Vec<WebhookStatus>,
}

#[derive(Serialize)]
struct PublishedStatus {
    generation: u64,
    seq: u64,
    published: Option<String>,
}

/// A source's status with the last run in short: its rows are in the report.
#[derive(Serialize)]
struct SourceSummary {
    #[serde(flatten)]
    source: SourceStatus,
    next_due: Option<String>,
    report: Option<String>,
}

impl Status {
    fn of(house: &House) -> Self {
        let published = house
            .published
            .borrow()
            .as_ref()
            .map(|published| PublishedStatus {
                generation: published.generation,
                seq: published.seq,
                published: time(published.published_us.div_euclid(1000)),
            });
        let sources = house
            .desk
            .sources()
            .into_iter()
            .map(|source| SourceSummary::of(house, source))
            .collect();
        Self {
            ready: house.desk.ready(),
            published,
            overrides: overrides(house),
            feedback: house.desk.feedback().map(|feedback| feedback.counts()),
            identity: house.desk.joined(),
            sources,
            webhooks: webhooks::public(house),
        }
    }
}

impl SourceSummary {
    fn of(house: &House, mut source: SourceStatus) -> Self {
        let report = source.last.as_mut().map(|last| {
            last.refused.clear();
            last.findings.clear();
            format!("{}sources/{}/report", house.base(), source.id)
        });
        Self {
            next_due: source.next_due_ms.and_then(time),
            report,
            source,
        }
    }
}

/// Corrections by hand, by how they stand.
pub(super) fn overrides(house: &House) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for laid in house.desk.overrides() {
        if let Some(standing) = laid.standing {
            *counts.entry(standing.state.word()).or_default() += 1;
        }
    }
    counts
}

fn time(ms: i64) -> Option<String> {
    DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

async fn status_json(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    fresh::json(&Status::of(&house), &headers)
}

/// The sources alone, as [`status_json`] has them.
pub(super) fn sources_in_short(house: &House, headers: &HeaderMap) -> Result<Response, Problem> {
    let sources = house.desk.sources().into_iter();
    let sources: Vec<_> = sources
        .map(|source| SourceSummary::of(house, source))
        .collect();
    negotiated(fresh::json(&sources, headers)?)
}

/// One of them.
pub(super) fn source_in_short(
    house: &House,
    source: SourceStatus,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    negotiated(fresh::json(&SourceSummary::of(house, source), headers)?)
}

/// JSON; a browser is led to the page of the sources.
async fn status(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    if pages::as_page(&headers)? {
        let page = format!("{}/sources", house.prefix());
        let led = [(header::LOCATION, page)];
        return negotiated((StatusCode::SEE_OTHER, led).into_response());
    }
    negotiated(fresh::json(&Status::of(&house), &headers)?)
}

fn negotiated(mut response: Response) -> Result<Response, Problem> {
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
