//! For crawlers: `/robots.txt`, `/sitemap.xml` (the index) and `/sitemap/{n}.xml`.
//!
//! A sitemap names the address here of every dataset, with our commit time. Start at [`routes`].

use super::{
    House, fresh,
    openapi::{Routes, table},
    problem::Problem,
    wire::{Question, Site},
};
use crate::snapshot::Published;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};

pub fn routes() -> Routes {
    Routes::new()
        .route(table::robots(), get(robots))
        .route(table::sitemap_index(), get(index))
        .route(table::sitemap(), get(one))
}

/// Queries and streams without an end are not for crawlers; everything else is.
async fn robots(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    let (prefix, base) = (house.prefix(), house.base());
    let text = format!(
        "User-agent: *\nDisallow: {prefix}/sparql?\nDisallow: {prefix}/changes\nDisallow: {prefix}/metrics\n\n\
         Sitemap: {base}sitemap.xml\n"
    );
    fresh::given(text.into_bytes(), "text/plain; charset=utf-8", &headers)
}

async fn index(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    give(&house, None, &headers).await
}

async fn one(
    State(house): State<House>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let number = file
        .strip_suffix(".xml")
        .and_then(|number| number.parse().ok());
    let number: u16 = number.ok_or_else(|| {
        let detail = format!("There is no sitemap {file:?}; /sitemap.xml names all there are.");
        Problem::not_found(detail)
    })?;
    give(&house, Some(number), &headers).await
}

async fn give(
    house: &House,
    number: Option<u16>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Sitemap {
        snapshot: snapshot.path.clone(),
        number,
        site: site(house, &snapshot),
    };
    let answer = house.readers.ask(question, &snapshot).await?;
    fresh::answered(answer, &snapshot, headers)
}

/// What a worker has to know of the house.
pub fn site(house: &House, snapshot: &Published) -> Site {
    Site {
        base: house.base().to_owned(),
        prefix: house.prefix().to_owned(),
        generation: snapshot.generation,
        seq: snapshot.seq,
    }
}
