//! The catalogue as a document: `/catalog.ttl`, `.rdf`, `.jsonld`, `.nt`, and `/catalog` by Accept. Whole, or where the
//! address has one of the parameters of [`narrowed`], in pages. `/catalog.nq`, always whole, is it entity by entity, for
//! who goes on with the feed from there.
//!
//! Streamed from a worker's scan of the default graph; nothing of it lies in memory here. Start at [`give`].

pub(super) mod narrowed;

use super::{
    House,
    asof::{Asked, MEMENTO_DATETIME, printable},
    negotiate::{self, GRAPHS, GraphFormat},
    problem::Problem,
    respond,
    sparql::accept,
    wire::{PageAsked, Question},
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
use narrowed::Narrowed;
use sha2::{Digest, Sha256};
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
            let wanted = Wanted::of(&house, None, format, &query.unwrap_or_default(), &headers)?;
            give(&house, &wanted, &method, &headers).await
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
    let offers: Vec<_> = GRAPHS
        .iter()
        .filter(|offer| FILES.contains(&offer.format))
        .copied()
        .collect();
    let offer = negotiate::choose(&accept(&headers), &offers)
        .ok_or_else(|| Problem::not_acceptable(&negotiate::on_offer(&offers)))?;
    let wanted = Wanted::of(
        &house,
        Some("catalog"),
        offer.format,
        &query.unwrap_or_default(),
        &headers,
    )?;
    let mut response = give(&house, &wanted, &method, &headers).await?;
    // The file of its own address is the catalogue's present.
    if response.headers().contains_key(MEMENTO_DATETIME) {
        return Ok(response);
    }
    let mut location = format!("{}/catalog.{}", house.prefix(), offer.format.extension());
    if !wanted.narrowed.said.is_empty() {
        location = printable(&format!("{location}?{}", wanted.narrowed.said));
    }
    let location = HeaderValue::from_str(&location).map_err(|_| Problem::internal())?;
    response
        .headers_mut()
        .insert(header::CONTENT_LOCATION, location);
    Ok(response)
}

/// What is asked for, as the address and the headers say it.
struct Wanted {
    format: GraphFormat,
    asked: Asked,
    narrowed: Narrowed,
}

impl Wanted {
    fn of(
        house: &House,
        path: Option<&str>,
        format: GraphFormat,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let file = format!("catalog.{}", format.extension());
        let narrowed = Narrowed::of(query, format != GraphFormat::NQuads)?;
        if format == GraphFormat::NQuads && !narrowed.is_whole() {
            return Err(Problem::bad_request(
                "bad-parameter",
                "/catalog.nq always comes whole; the other formats come in pages and narrowed.",
            ));
        }
        Ok(Self {
            format,
            asked: Asked::of(house, path.unwrap_or(&file), query, headers)?,
            narrowed,
        })
    }

    fn question(&self, house: &House, snapshot: &Published) -> Question {
        let (path, format) = (snapshot.path.clone(), self.format);
        if self.narrowed.is_whole() {
            return match format {
                GraphFormat::NQuads => Question::Entities {
                    snapshot: path,
                    stream: house.feed.feed(Head::from(snapshot)).stream(),
                    generation: snapshot.generation,
                    seq: snapshot.seq,
                    published_us: snapshot.published_us,
                },
                _ => Question::Dump {
                    snapshot: path,
                    format,
                },
            };
        }
        let limits = &house.config.limits.pages;
        let datasets = self.narrowed.limit.unwrap_or(limits.datasets);
        let query = &self.narrowed.address;
        let address = format!("{}catalog.{}?{query}", house.base(), format.extension());
        Question::Page {
            snapshot: path,
            page: PageAsked {
                format,
                list: self.narrowed.list(house, snapshot),
                after: self.narrowed.after.clone(),
                datasets_max: datasets.min(limits.datasets_max),
                bytes_max: limits.bytes_max,
                address: printable(&address),
            },
        }
    }
}

async fn give(
    house: &House,
    wanted: &Wanted,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = wanted.asked.find(house)?;
    let snapshot = &view.snapshot;
    let mark = wanted.format.extension();
    let validators = Validators::of(snapshot, mark, &wanted.narrowed.said)?;
    let mut response = if validators.still_hold(headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if method == Method::HEAD && wanted.narrowed.which.source.is_none() {
        empty(wanted.format.media_type())
    } else {
        let readers = view.pool(house, &house.readers);
        let question = wanted.question(house, snapshot);
        respond::answered(readers.ask(question, snapshot).await?)?
    };
    validators.say(snapshot, &mut response);
    view.dress(house, &mut response);
    Ok(response)
}

/// The answer to HEAD where the length is not known before the document is written.
pub(super) fn empty(media_type: &'static str) -> Response {
    let mut response =
        Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// What a client may keep its copy by (RFC 9110, section 8.8). The tag is weak: a compressed copy is the same document in
/// other bytes.
pub(super) struct Validators {
    tag: HeaderValue,
    modified: HeaderValue,
    modified_s: i64,
}

impl Validators {
    /// `mark` tells representations of one snapshot apart, `query` what the address says beside its path.
    pub(super) fn of(snapshot: &Published, mark: &str, query: &str) -> Result<Self, Problem> {
        let query = match query {
            "" => String::new(),
            some => format!("-{}", hex::encode(&Sha256::digest(some.as_bytes())[..8])),
        };
        let tag = format!(
            "W/\"{}-{}-{mark}{query}\"",
            snapshot.generation, snapshot.seq
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

    /// Into the headers, with the snapshot that the document is of.
    pub(super) fn say(self, snapshot: &Published, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag);
        headers.insert(header::LAST_MODIFIED, self.modified);
        headers.insert(GENERATION, HeaderValue::from(snapshot.generation));
        headers.insert(SEQUENCE, HeaderValue::from(snapshot.seq));
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }

    /// Sections 13.1.2 and 13.1.3: If-None-Match decides where it is there.
    pub(super) fn still_hold(&self, asked: &HeaderMap) -> bool {
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
