//! `/snapshots`: which states of the catalogue are kept, as a TimeMap (RFC 7089, section 5) or in JSON.
//!
//! Shows what the policy keeps, and keeps nothing itself. Start at [`timemap`].

use super::{
    House, asof, fresh,
    negotiate::{self, Offer},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
};
use crate::snapshot::shelf::Kept;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::get,
};
use serde_json::json;

pub fn routes() -> Routes {
    Routes::new().route(table::snapshots(), get(timemap))
}

/// Of which resource: its address below ours, as `catalog.ttl` or `sparql?query=…`.
#[derive(serde::Deserialize)]
struct Wanted {
    #[serde(default = "whole")]
    of: String,
}

fn whole() -> String {
    "catalog".to_owned()
}

#[derive(Clone, Copy)]
enum Format {
    Links,
    Json,
}

async fn timemap(
    State(house): State<House>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    const OFFERS: &[Offer<Format>] = &[
        Offer {
            media_type: "application/link-format",
            format: Format::Links,
        },
        Offer {
            media_type: "application/json",
            format: Format::Json,
        },
    ];
    let offer = negotiate::best(&accept(&headers), OFFERS)?;
    let of = wanted.of.trim_start_matches('/');
    if of.contains("as-of=") || of.contains('#') {
        return Err(Problem::bad_request(
            "of",
            "`of` is the address of a resource below ours, without `as-of`, as `catalog.ttl`.",
        ));
    }
    let original = asof::printable(&format!("{}{of}", house.base()));
    let kept = house.desk.shelf().all();
    let body = match offer.format {
        Format::Links => links(&house, &original, &kept),
        Format::Json => {
            let all: Vec<_> = kept.iter().map(|k| asof::describe(k, &original)).collect();
            json!({ "original": original, "snapshots": all }).to_string()
        }
    };
    let mut response = fresh::given(body.into_bytes(), offer.media_type, &headers)?;
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// RFC 6690 with the relations of RFC 7089.
fn links(house: &House, original: &str, kept: &[Kept]) -> String {
    let date = |kept: &Kept| asof::http_date(kept.published.published_us);
    let span = match (kept.first(), kept.last()) {
        (Some(first), Some(last)) => {
            format!(";from=\"{}\";until=\"{}\"", date(first), date(last))
        }
        _ => String::new(),
    };
    let mut lines = vec![
        format!("<{original}>;rel=\"original timegate\""),
        format!(
            "<{}>;rel=\"self\";type=\"application/link-format\"{span}",
            asof::timemap(house, original)
        ),
    ];
    for (at, one) in kept.iter().enumerate() {
        let rel = match (at == 0, at + 1 == kept.len()) {
            (true, true) => "first last memento",
            (true, false) => "first memento",
            (false, true) => "last memento",
            (false, false) => "memento",
        };
        lines.push(format!(
            "<{}>;rel=\"{rel}\";datetime=\"{}\"",
            asof::memento(original, &one.published),
            date(one)
        ));
    }
    lines.join(",\n") + "\n"
}
