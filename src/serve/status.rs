//! How things stand: `/healthz`, `/readyz`, `/metrics`, `/status`, `/status.json`.
//!
//! Asks the desk, never the store. Start at [`routes`].

mod health;

use super::{
    House,
    desk::{Readiness, SourceStatus},
    fresh,
    html::{self, escape},
    negotiate::{self, Offer},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
    webhooks,
};
use crate::{
    figures,
    report::{Counts, Outcome},
    state::Joined,
    webhooks::WebhookStatus,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
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

fn overrides(house: &House) -> BTreeMap<&'static str, usize> {
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

/// JSON unless the client likes HTML better.
async fn status(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    const OFFERS: &[Offer<bool>] = &[
        Offer {
            media_type: "application/json",
            format: false,
        },
        Offer {
            media_type: "text/html",
            format: true,
        },
    ];
    let offer = negotiate::choose(&accept(&headers), OFFERS)
        .ok_or_else(|| Problem::not_acceptable(&negotiate::on_offer(OFFERS)))?;
    let status = Status::of(&house);
    let mut response = if offer.format {
        let page = status_page(house.prefix(), &status).into_bytes();
        fresh::given(page, "text/html; charset=utf-8", &headers)?
    } else {
        fresh::json(&status, &headers)?
    };
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn status_page(prefix: &str, status: &Status) -> String {
    let mut body = String::new();
    if status.ready.ready {
        let read_only = status.ready.why.starts_with("read-only");
        let why = read_only.then(|| format!(", {}", escape(&status.ready.why)));
        body.push_str(&format!("<p>Ready{}.", why.unwrap_or_default()));
    } else {
        body.push_str(&format!("<p>Not ready: {}.", escape(&status.ready.why)));
    }
    match &status.published {
        Some(published) => body.push_str(&format!(
            " Published: activity {} of generation {}, {}.</p>\n",
            published.seq,
            published.generation,
            escape(
                published
                    .published
                    .as_deref()
                    .unwrap_or("at an unknown time")
            )
        )),
        None => body.push_str(" Nothing is published yet.</p>\n"),
    }
    if !status.overrides.is_empty() {
        let counts = status.overrides.iter();
        let counts: Vec<String> = counts.map(|(state, n)| format!("{n} {state}")).collect();
        body.push_str(&format!(
            "<p>Corrections by hand: {}.</p>\n",
            counts.join(", ")
        ));
    }
    if let Some(said) = status.feedback.filter(|said| *said != Default::default()) {
        body.push_str(&format!(
            "<p><a href=\"{}/feedback\">Feedback</a>: {} open, {} accepted, {} declined.</p>\n",
            escape(prefix),
            said.open,
            said.accepted,
            said.declined
        ));
    }
    if let Some(joined) = status.identity {
        body.push_str(&format!(
            "<p>{} records of several sources are about {} datasets, each published once. {} pairs are listed for a person: <code>harvestd identity list</code>.</p>\n",
            joined.records, joined.datasets, joined.listed
        ));
    }
    body.push_str("<table><thead><tr>");
    for heading in [
        "Source",
        "Holds",
        "Last run",
        "Declared",
        "Received",
        "New",
        "Changed",
        "Unchanged",
        "Refused",
        "Unreadable",
        "Duplicate",
        "Filtered",
        "Looped",
        "Gone",
        "Absent",
        "Held",
        "Next run",
    ] {
        body.push_str(&format!("<th>{heading}</th>"));
    }
    body.push_str("</tr></thead><tbody>\n");
    for source in &status.sources {
        body.push_str(&source_row(prefix, source));
    }
    body.push_str("</tbody></table>\n");
    body.push_str(&webhooks::table(&status.webhooks));
    html::page(prefix, "Status", &body)
}

fn source_row(prefix: &str, summary: &SourceSummary) -> String {
    let source = &summary.source;
    let title = source.title.values().next().unwrap_or(&source.id);
    let mut row = format!(
        "<tr><td>{}<br><small>{} · {} · {}</small></td><td class=\"number\">{}</td><td>{}</td>",
        escape(title),
        escape(&source.id),
        escape(&source.kind),
        escape(&source.url),
        source.holds,
        last_run(prefix, source),
    );
    let counts = source
        .last
        .as_ref()
        .map_or_else(Counts::default, |last| last.counts.clone());
    let declared = counts
        .declared
        .map_or_else(|| "–".to_owned(), |declared| declared.to_string());
    row.push_str(&format!("<td class=\"number\">{declared}</td>"));
    for count in [
        counts.received,
        counts.new,
        counts.changed,
        counts.unchanged,
        counts.refused,
        counts.unreadable,
        counts.duplicate,
        counts.filtered,
        counts.looped,
        counts.gone,
        counts.absent,
        counts.held,
    ] {
        row.push_str(&format!("<td class=\"number\">{count}</td>"));
    }
    let next = match (source.enabled, source.paused, &summary.next_due) {
        (false, ..) => "not enabled",
        (_, true, _) => "paused",
        (.., Some(due)) => due,
        (.., None) => "by hand",
    };
    row.push_str(&format!("<td>{}</td></tr>\n", escape(next)));
    row
}

fn last_run(prefix: &str, source: &SourceStatus) -> String {
    let mut cell = String::new();
    if let Some(running) = &source.running {
        let of = running
            .declared
            .map_or_else(String::new, |declared| format!(" of {declared}"));
        let usually = source.expected_ms.map_or_else(String::new, |ms| {
            format!("; usually takes {} s", ms.div_ceil(1000))
        });
        cell.push_str(&format!(
            "running: {}, {}{of}{usually}<br>",
            escape(&running.phase),
            running.received
        ));
    }
    if let Some(details) = source.details.filter(|details| details.remaining > 0) {
        cell.push_str(&format!(
            "details of {} records to come<br>",
            details.remaining
        ));
    }
    let Some(last) = &source.last else {
        cell.push_str("none yet");
        cell.push_str(&health::cell(source));
        return cell;
    };
    let (class, word) = match last.outcome {
        Outcome::Complete => ("good", "complete"),
        Outcome::Partial => ("bad", "partial"),
        Outcome::Failed => ("bad", "failed"),
    };
    let report = format!("{prefix}/sources/{}/report", source.id);
    cell.push_str(&format!(
        "<a class=\"{class}\" href=\"{}\">{word}</a> {}",
        escape(&report),
        escape(&time(last.ended_ms).unwrap_or_default())
    ));
    if let Some(why) = &last.why {
        cell.push_str(&format!("<br><small>{}</small>", escape(why)));
    }
    cell.push_str(&health::cell(source));
    for disagreement in &last.disagreements {
        cell.push_str(&format!(
            "<br><small class=\"bad\">{}</small>",
            escape(disagreement)
        ));
    }
    cell
}
