//! The accounts of runs, for whoever publishes a source: `/sources/{id}/report`, `/sources/{id}/report/{run}`,
//! `/sources/{id}/reports`. Each whole, in JSON, as a table, or in RDF; given out as it is read.
//!
//! Asks the desk. How a report is told is in [`crate::report::told`]. Start at [`routes`].

use super::{
    House, catalog, fresh,
    negotiate::{self, GRAPHS, GraphFormat, Offer},
    openapi::{Routes, table},
    problem::{self, Problem},
    sparql::accept,
};
use crate::report::{
    Fate, Report,
    told::{Form, Rows, Telling},
};
use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::{io, sync::LazyLock};

/// Reports on a page of the list where nobody says how many, and at most: each is a small file that is read.
const LISTED: usize = 50;
const LISTED_MAX: usize = 500;

pub fn routes() -> Routes {
    Routes::new()
        .route(table::report(), get(last))
        .route(table::report_of_run(), get(of_run))
        .route(table::reports(), get(list))
}

/// Which rows, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub form: Form,
    media_type: &'static str,
    /// Empty: all of them.
    fates: Vec<Fate>,
    rows_max: Option<usize>,
}

static OFFERS: LazyLock<Vec<Offer<Form>>> = LazyLock::new(|| {
    let offer = |media_type, format| Offer { media_type, format };
    let mut offers = vec![
        offer("application/json", Form::Json),
        offer("text/csv; charset=utf-8", Form::Csv),
    ];
    // What both call `application/json` is the report itself; a browser that likes any XML gets it, too.
    let graphs = GRAPHS.iter().filter(|graph| {
        !matches!(graph.format, GraphFormat::TriG | GraphFormat::NQuads)
            && !matches!(
                graph.media_type,
                "application/json" | "application/xml" | "text/xml"
            )
    });
    offers.extend(graphs.map(|graph| offer(graph.media_type, Form::Graph(graph.format.rdf()))));
    offers
});

impl Wanted {
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let mut accepted = accept(headers);
        let (mut fates, mut rows_max) = (Vec::new(), None);
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "format" => {
                    accepted = named(&value).ok_or_else(|| {
                        bad(format!("format={value} is not known: json, csv, ttl, nt, rdf, jsonld, or a media type."))
                    })?;
                }
                "fate" => {
                    for word in value.split(',') {
                        let fate = Fate::ALL.into_iter().find(|fate| fate.word() == word);
                        fates.push(fate.ok_or_else(|| {
                            let all = Fate::ALL.map(Fate::word).join(", ");
                            bad(format!("fate={word} is not known: {all}."))
                        })?);
                    }
                }
                "rows" => {
                    let rows = value.parse();
                    rows_max = Some(rows.map_err(|_| {
                        bad(format!(
                            "rows={value} is no whole number: how many rows at most."
                        ))
                    })?);
                }
                _ => {
                    return Err(bad(format!(
                        "?{name} is not known here: format, fate, rows."
                    )));
                }
            }
        }
        let offer = negotiate::best(&accepted, &OFFERS)?;
        Ok(Self {
            form: offer.format,
            media_type: offer.media_type,
            fates,
            rows_max,
        })
    }

    /// Everything, in JSON; not more rows than this.
    pub(super) fn json(rows_max: Option<usize>) -> Self {
        Self {
            form: Form::Json,
            media_type: "application/json",
            fates: Vec::new(),
            rows_max,
        }
    }

    fn rows(&self, report: &Report) -> io::Result<Rows> {
        let rows = report.account.read()?;
        let fates = self.fates.clone();
        let wanted = rows.filter(move |row| match row {
            Ok(row) => fates.is_empty() || fates.contains(&row.fate),
            Err(_) => true,
        });
        Ok(match self.rows_max {
            Some(most) => Box::new(wanted.take(most)),
            None => Box::new(wanted),
        })
    }

    /// A kept report never changes.
    fn tag(&self, report: &Report) -> String {
        let said = format!(
            "{} {} {} {self:?} {}",
            report.run,
            report.ended_ms,
            report.account.counted.written,
            env!("CARGO_PKG_VERSION")
        );
        fresh::tag(&[said.as_bytes()])
    }
}

fn named(format: &str) -> Option<String> {
    match format {
        "jsonld" => Some("application/ld+json".to_owned()),
        format => negotiate::named(format),
    }
}

fn bad(text: String) -> Problem {
    Problem::bad_request("query", text)
}

async fn last(
    State(house): State<House>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(query.as_deref(), &headers)?;
    known(&house, &id)?;
    let (desk, asked) = (house.desk.clone(), id.clone());
    let report = tokio::task::spawn_blocking(move || desk.report(&asked)).await;
    let report = report.unwrap_or_default().ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            problem::NEVER_RAN,
            format!("{id:?} never ran to an end: there is no report yet."),
        )
    })?;
    told(&house, &wanted, report, &method, &headers)
}

async fn of_run(
    State(house): State<House>,
    Path((id, run)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(query.as_deref(), &headers)?;
    known(&house, &id)?;
    let (desk, asked) = (house.desk.clone(), (id.clone(), run.clone()));
    let report = tokio::task::spawn_blocking(move || desk.report_of(&asked.0, &asked.1)).await;
    let report = report.unwrap_or_default().ok_or_else(|| {
        Problem::not_found(format!(
            "No report of a run {run:?} of {id:?} is kept: /sources/{id}/reports lists those that are."
        ))
    })?;
    told(&house, &wanted, report, &method, &headers)
}

fn known(house: &House, id: &str) -> Result<(), Problem> {
    match house.desk.source(id).is_some() || house.config.shares(id) {
        true => Ok(()),
        false => Err(Problem::not_found(format!("No source is called {id:?}."))),
    }
}

fn told(
    house: &House,
    wanted: &Wanted,
    report: Report,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = wanted.tag(&report);
    let address = format!(
        "{}sources/{}/report/{}",
        house.base(),
        report.source,
        report.run
    );
    let response = if fresh::held(&tag, headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if method == Method::HEAD {
        catalog::empty(wanted.media_type)
    } else {
        whole(house.base(), wanted, report)?
    };
    let mut response = fresh::tagged(response, &tag)?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(address) = HeaderValue::from_str(&address) {
        headers.insert(header::CONTENT_LOCATION, address);
    }
    Ok(response)
}

/// A report, given out as it is read. Where a row cannot be read the answer breaks: it never ends as if it had been whole.
pub(super) fn whole(base: &str, wanted: &Wanted, report: Report) -> Result<Response, Problem> {
    let rows = wanted.rows(&report).map_err(|error| {
        tracing::error!(run = report.run, %error, "the rows of a report cannot be read");
        Problem::internal()
    })?;
    let telling = Telling::new(wanted.form, base, report, rows);
    let pieces = stream::unfold(Some(telling), async |telling| {
        let mut telling = telling?;
        let next = tokio::task::spawn_blocking(move || (telling.piece(), telling)).await;
        match next.map_err(io::Error::other) {
            Ok((Ok(Some(piece)), telling)) => Some((Ok(Bytes::from(piece)), Some(telling))),
            Ok((Ok(None), _)) => None,
            Ok((Err(error), _)) | Err(error) => {
                tracing::error!(%error, "a report broke off");
                Some((Err(error), None))
            }
        }
    });
    // Layers may ask again after the end.
    let mut response = Body::from_stream(pieces.fuse()).into_response();
    let media_type = HeaderValue::from_static(wanted.media_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

async fn list(
    State(house): State<House>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (mut before, mut limit) = (None, LISTED);
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, value.parse()) {
            ("limit", Ok(number @ 1..)) => limit = LISTED_MAX.min(number),
            ("before", _) => before = Some(value.into_owned()),
            _ => {
                return Err(bad(format!(
                    "?{name}={value} is not known here: limit=N, before=RUN."
                )));
            }
        }
    }
    known(&house, &id)?;
    let (desk, asked) = (house.desk.clone(), id.clone());
    // One more, to know whether there is a next page.
    let found = move || desk.reports(&asked, before.as_deref(), limit + 1);
    let mut reports = tokio::task::spawn_blocking(found).await.unwrap_or_default();
    let more = reports.len() > limit;
    reports.truncate(limit);
    let base = house.base();
    let next = reports.last().filter(|_| more).map(|last| {
        format!(
            "{base}sources/{id}/reports?limit={limit}&before={}",
            last.run
        )
    });
    let reports: Vec<Value> = reports
        .iter()
        .map(|report| in_short(base, report))
        .collect();
    fresh::json(
        &json!({ "source": id, "reports": reports, "next": next }),
        &headers,
    )
}

fn in_short(base: &str, report: &Report) -> Value {
    json!({
        "run": report.run,
        "trigger": report.trigger,
        "started_ms": report.started_ms,
        "ended_ms": report.ended_ms,
        "outcome": report.outcome,
        "why": report.why,
        "counts": report.counts,
        "disagreements": report.disagreements,
        "account": report.account,
        "report": format!("{base}sources/{}/report/{}", report.source, report.run),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn wanted(query: &str, accept: &str) -> Result<Wanted, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        Wanted::of(Some(query), &headers)
    }

    #[test]
    fn the_form_is_what_is_accepted_or_named() {
        for (query, accept, media_type) in [
            ("", "*/*", "application/json"),
            (
                "",
                "text/html,application/xml;q=0.9,*/*;q=0.8",
                "application/json",
            ),
            ("", "text/csv", "text/csv; charset=utf-8"),
            ("", "application/ld+json", "application/ld+json"),
            (
                "format=ttl",
                "application/json",
                "text/turtle; charset=utf-8",
            ),
            ("format=jsonld", "*/*", "application/ld+json"),
            ("format=rdf", "*/*", "application/rdf+xml"),
            (
                "format=csv&rows=2&fate=refused,held",
                "*/*",
                "text/csv; charset=utf-8",
            ),
        ] {
            let wanted = wanted(query, accept).unwrap();
            assert_eq!(wanted.media_type, media_type, "{query} {accept}");
        }
        for (query, accept, status) in [
            ("format=xlsx", "*/*", 400),
            ("fate=bad", "*/*", 400),
            ("rows=-1", "*/*", 400),
            ("row=1", "*/*", 400),
            ("", "image/png", 406),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(wanted(query, accept).unwrap_err().status, status, "{query}");
        }
    }
}
