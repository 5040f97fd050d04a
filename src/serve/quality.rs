//! How good the datasets are: `/quality` for all of them, `/quality/source/{id}`, `/quality/publisher/{name}`, and
//! `/quality/dataset?iri=…` for one. In JSON or as a table; as pages, too, of which that of one dataset is its own.
//!
//! Sums are those of the newest snapshot; one dataset is measured when somebody asks. Who renders these figures otherwise
//! starts at [`overview`], [`of_source`], [`of_publisher`] and [`detail`]; the doors at [`routes`].

mod detail;
mod figures;
mod table;

pub use detail::{Detail, Judged, Promise, Shaped};
pub use figures::{
    Asks, Conforming, Dimension, Figures, Name, Overview, Ratings, Row, Scoped, Share, Standing,
    Timeliest, Trend,
};

use super::{
    House, fresh, links,
    negotiate::{self, Form, JSON_OR_CSV, Offer},
    openapi::{Routes, table as doors},
    pages,
    problem::Problem,
    sparql::accept,
};
use crate::{
    facts::Facts,
    links::told::Checked,
    quality::{Scope, Sums, read_days, today},
    snapshot::Published,
};
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
    routing::get,
};
use harvestd_vocab::{shacl, terms::dcat};
use serde::Serialize;
use std::sync::Arc;

pub fn routes() -> Routes {
    Routes::new()
        .route(doors::quality(), get(whole))
        .route(doors::quality_of_source(), get(source))
        .route(doors::quality_of_publisher(), get(publisher))
        .route(doors::quality_of_dataset(), get(dataset))
}

/// What is asked: the form, and the dataset where that may be named.
struct Asked {
    form: Offer<Form>,
    iri: Option<String>,
}

impl Asked {
    fn of(query: Option<&str>, headers: &HeaderMap, names_dataset: bool) -> Result<Self, Problem> {
        let (mut accepted, mut iri) = (accept(headers), None);
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "format" => {
                    accepted = negotiate::named(&value).ok_or_else(|| {
                        bad(format!("format={value} is not known here: json, csv."))
                    })?;
                }
                "iri" if names_dataset => iri = Some(value.into_owned()),
                _ if names_dataset => {
                    return Err(bad(format!("?{name} is not known here: iri, format.")));
                }
                _ => return Err(bad(format!("?{name} is not known here: format."))),
            }
        }
        let form = negotiate::best(&accepted, JSON_OR_CSV)?;
        Ok(Self { form: *form, iri })
    }

    /// In the form that was asked for.
    fn given(
        &self,
        value: &impl Serialize,
        rows: impl FnOnce() -> Vec<Vec<String>>,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let mut response = match self.form.format {
            Form::Json => fresh::json(value, headers),
            Form::Csv => fresh::given(table::csv(&rows())?, self.form.media_type, headers),
        }?;
        let vary = HeaderValue::from_static("Accept");
        response.headers_mut().insert(header::VARY, vary);
        Ok(response)
    }
}

/// A browser that names no form reads a page.
fn is_page(query: Option<&str>, headers: &HeaderMap) -> bool {
    let mut pairs = query.unwrap_or_default().split('&');
    let names_form = pairs.any(|pair| pair.starts_with("format="));
    !names_form && pages::as_page(headers).unwrap_or(false)
}

fn bad(text: String) -> Problem {
    Problem::bad_request("query", text)
}

async fn whole(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if is_page(query.as_deref(), &headers) {
        let overview = overview(&house).await?;
        return pages::quality::of_all(&house, &overview, &uri, &headers);
    }
    let asked = Asked::of(query.as_deref(), &headers, false)?;
    let overview = overview(&house).await?;
    asked.given(&overview, || table::overview(&overview), &headers)
}

async fn source(
    State(house): State<House>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if is_page(query.as_deref(), &headers) {
        let found = of_source(&house, &id).await?;
        return pages::quality::of_some(&house, &found, "/sources/", &uri, &headers);
    }
    let asked = Asked::of(query.as_deref(), &headers, false)?;
    let found = of_source(&house, &id).await?;
    asked.given(&found, || table::shares(&found.standing), &headers)
}

async fn publisher(
    State(house): State<House>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if is_page(query.as_deref(), &headers) {
        let found = of_publisher(&house, &name).await?;
        return pages::quality::of_some(&house, &found, "/publishers/", &uri, &headers);
    }
    let asked = Asked::of(query.as_deref(), &headers, false)?;
    let found = of_publisher(&house, &name).await?;
    asked.given(&found, || table::shares(&found.standing), &headers)
}

async fn dataset(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_page = is_page(query.as_deref(), &headers);
    let asked = match is_page {
        true => Asked::of(query.as_deref(), &HeaderMap::new(), true)?,
        false => Asked::of(query.as_deref(), &headers, true)?,
    };
    let iri = asked.iri.clone().ok_or_else(|| {
        bad("Which dataset? ?iri= is the IRI under which it is published.".to_owned())
    })?;
    if is_page {
        return pages::quality::of_dataset(&house, iri, &uri, &headers).await;
    }
    let found = detail(&house, &iri).await?;
    asked.given(&found, || table::detail(&found), &headers)
}

/// The sums of the newest snapshot.
fn sums(house: &House) -> Result<(Arc<Published>, Arc<Sums>), Problem> {
    let snapshot = house.snapshot()?;
    let sums = snapshot.quality().ok_or_else(|| {
        Problem::unavailable(
            "not-measured",
            "The quality of these datasets is not measured: that is done when a daemon publishes them.",
            30,
        )
    })?;
    Ok((snapshot, sums))
}

async fn trend(house: &House, scope: Scope) -> Result<Vec<Trend>, Problem> {
    let data_dir = house.config.data_dir.clone();
    let days = tokio::task::spawn_blocking(move || read_days(&data_dir, &scope)).await;
    match days {
        Ok(Ok(days)) => Ok(days.iter().map(Trend::of).collect()),
        Ok(Err(error)) => {
            tracing::error!(%error, "the figures of each day cannot be read");
            Err(Problem::internal())
        }
        Err(_) => Err(Problem::internal()),
    }
}

/// Everything, by source and by publisher.
pub async fn overview(house: &House) -> Result<Overview, Problem> {
    let (_, sums) = sums(house)?;
    let trend = trend(house, Scope::Whole).await?;
    Ok(Overview::of(&sums, trend))
}

/// The datasets that a source's catalogue lists.
pub async fn of_source(house: &House, id: &str) -> Result<Scoped, Problem> {
    let (_, sums) = sums(house)?;
    let sum = sums.of(|group| group.sources.iter().any(|source| source == id));
    if sum.datasets == 0 && house.desk.source(id).is_none() && !house.config.shares(id) {
        return Err(Problem::not_found(format!("No source is called {id:?}.")));
    }
    let trend = trend(house, Scope::Source(id.to_owned())).await?;
    Ok(Scoped::of(id, None, &sum, trend))
}

/// The datasets of a publisher, by its name in `organization_list`.
pub async fn of_publisher(house: &House, name: &str) -> Result<Scoped, Problem> {
    let (_, sums) = sums(house)?;
    let mut by_publisher = sums.by_publisher();
    let (publisher, sum) = by_publisher.remove(name).ok_or_else(|| {
        Problem::not_found(format!(
            "No publisher of datasets is called {name:?}: /quality lists them."
        ))
    })?;
    let trend = trend(house, Scope::Publisher(name.to_owned())).await?;
    Ok(Scoped::of(name, Some(publisher), &sum, trend))
}

/// One dataset, measured now: every indicator with what was found.
pub async fn detail(house: &House, iri: &str) -> Result<Detail, Problem> {
    let snapshot = house.snapshot()?;
    let checks = checks(house, iri).await?;
    let described = house.descriptions(&snapshot, vec![iri.to_owned()]).await?;
    let body = described.into_iter().next().map(|(_, said)| said.body);
    let body = body.unwrap_or_default();
    let facts = Facts::of(&body);
    if !facts.is_a(iri, dcat::DATASET) {
        return Err(Problem::not_found(format!(
            "{iri} is no dataset that is published here."
        )));
    }
    let shaped = shacl::Facts::of_body(&body);
    Ok(Detail::measured(iri, &facts, &shaped, today(), checks))
}

/// How its addresses fare. None: nothing is known of any.
pub async fn checks(house: &House, iri: &str) -> Result<Option<Checked>, Problem> {
    let Some(links) = house.desk.links() else {
        return Ok(None);
    };
    let iri = iri.to_owned();
    links::read(&links, move |links| links.checks_of(&iri)).await
}
