//! The whole catalogue as one document: `/catalog.ttl`, `.rdf`, `.jsonld`, `.nt`, and `/catalog` by Accept; and
//! `/catalog.nq`, entity by entity, for who goes on with the feed from there.
//!
//! Streamed from a worker's scan of the default graph; nothing of it lies in memory here. Start at [`give`].

use super::{
    House,
    asof::{Asked, MEMENTO_DATETIME},
    negotiate::{self, GRAPHS, GraphFormat},
    problem::Problem,
    respond,
    sparql::accept,
    wire::Question,
};
use crate::{snapshot::Published, store::Head};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, NaiveDateTime};
use futures_util::stream;
use std::convert::Infallible;

/// The snapshot that a dump is of: who goes on with the feed from there begins after the activity of that number.
pub const GENERATION: HeaderName = HeaderName::from_static("harvestd-generation");
pub const SEQUENCE: HeaderName = HeaderName::from_static("harvestd-sequence");

/// Formats that have an address of their own.
const FILES: [GraphFormat; 5] = [
    GraphFormat::Turtle,
    GraphFormat::RdfXml,
    GraphFormat::JsonLd,
    GraphFormat::NTriples,
    GraphFormat::NQuads,
];

pub fn routes() -> Router<House> {
    let mut routes = Router::new().route("/catalog", get(negotiated));
    for format in FILES {
        let file = async move |State(house): State<House>,
                               RawQuery(query): RawQuery,
                               method: Method,
                               headers: HeaderMap| {
            let path = format!("catalog.{}", format.extension());
            let asked = Asked::of(&house, &path, &query.unwrap_or_default(), &headers)?;
            give(&house, format, &asked, &method, &headers).await
        };
        routes = routes.route(&format!("/catalog.{}", format.extension()), get(file));
    }
    routes
}

async fn negotiated(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::of(&house, "catalog", &query.unwrap_or_default(), &headers)?;
    let offers: Vec<_> = GRAPHS
        .iter()
        .filter(|offer| FILES.contains(&offer.format))
        .copied()
        .collect();
    let offer = negotiate::choose(&accept(&headers), &offers)
        .ok_or_else(|| Problem::not_acceptable(&negotiate::on_offer(&offers)))?;
    let mut response = give(&house, offer.format, &asked, &method, &headers).await?;
    // The file of its own address is the catalogue's present.
    if response.headers().contains_key(MEMENTO_DATETIME) {
        return Ok(response);
    }
    let location = format!("{}/catalog.{}", house.prefix(), offer.format.extension());
    let location = HeaderValue::from_str(&location).map_err(|_| Problem::internal())?;
    response
        .headers_mut()
        .insert(header::CONTENT_LOCATION, location);
    Ok(response)
}

async fn give(
    house: &House,
    format: GraphFormat,
    asked: &Asked,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = asked.find(house)?;
    let snapshot = &view.snapshot;
    let validators = Validators::of(snapshot, format)?;
    let mut response = if validators.still_hold(headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if method == Method::HEAD {
        // The length is not known before the document is written.
        let mut response =
            Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        );
        response
    } else {
        let path = snapshot.path.clone();
        let question = match format {
            GraphFormat::NQuads => Question::Entities {
                snapshot: path,
                stream: house.feed.feed(Head::from(&**snapshot)).stream(),
                generation: snapshot.generation,
                seq: snapshot.seq,
                published_us: snapshot.published_us,
            },
            _ => Question::Dump {
                snapshot: path,
                format,
            },
        };
        let readers = view.pool(house, &house.readers);
        respond::answered(readers.ask(question, snapshot).await?)?
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, validators.tag);
    headers.insert(header::LAST_MODIFIED, validators.modified);
    headers.insert(GENERATION, HeaderValue::from(snapshot.generation));
    headers.insert(SEQUENCE, HeaderValue::from(snapshot.seq));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    view.dress(house, &mut response);
    Ok(response)
}

/// What a client may keep its copy by (RFC 9110, section 8.8). The tag is weak: a compressed copy is the same document in
/// other bytes.
struct Validators {
    tag: HeaderValue,
    modified: HeaderValue,
    modified_s: i64,
}

impl Validators {
    fn of(snapshot: &Published, format: GraphFormat) -> Result<Self, Problem> {
        let tag = format!(
            "W/\"{}-{}-{}\"",
            snapshot.generation,
            snapshot.seq,
            format.extension()
        );
        let modified_s = snapshot.published_us.div_euclid(1_000_000);
        let modified = DateTime::from_timestamp(modified_s, 0).ok_or_else(Problem::internal)?;
        let modified = modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Ok(Self {
            tag: HeaderValue::from_str(&tag).map_err(|_| Problem::internal())?,
            modified: HeaderValue::from_str(&modified).map_err(|_| Problem::internal())?,
            modified_s,
        })
    }

    /// Sections 13.1.2 and 13.1.3: If-None-Match decides where it is there.
    fn still_hold(&self, asked: &HeaderMap) -> bool {
        let tags: Vec<&str> = asked
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if !tags.is_empty() {
            let own = self
                .tag
                .to_str()
                .unwrap_or_default()
                .trim_start_matches("W/");
            return tags
                .iter()
                .flat_map(|line| line.split(','))
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == own);
        }
        asked
            .get(header::IF_MODIFIED_SINCE)
            .and_then(|value| value.to_str().ok())
            .and_then(|since| {
                NaiveDateTime::parse_from_str(since, "%a, %d %b %Y %H:%M:%S GMT").ok()
            })
            .is_some_and(|since| self.modified_s <= since.and_utc().timestamp())
    }
}
