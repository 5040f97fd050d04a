//! The catalogue as a document: `/catalog.ttl`, `.rdf`, `.jsonld`, `.nt`, and `/catalog` by Accept. Whole, or where the
//! address has one of the parameters of [`narrowed`], in pages. `/catalog.nq`, always whole, is it entity by entity, for
//! who goes on with the feed from there.
//!
//! Streamed from a worker's scan of the default graph; nothing of it lies in memory here. Start at [`give`].

pub(super) mod narrowed;
pub(super) mod validators;

use super::{
    House,
    asof::{Asked, MEMENTO_DATETIME, View, printable},
    negotiate::{self, GRAPHS, GraphFormat},
    openapi::{Routes, table},
    problem::Problem,
    respond,
    sparql::accept,
    wire::{PageAsked, Question},
};
use crate::{snapshot::Published, store::Head};
use axum::{
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use narrowed::Narrowed;
use std::convert::Infallible;
use validators::{Long, Validators};

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

pub fn routes() -> Routes {
    let mut routes = Routes::new().route(table::catalog(), get(negotiated));
    for format in FILES {
        let file = async move |State(house): State<House>,
                               RawQuery(query): RawQuery,
                               method: Method,
                               headers: HeaderMap| {
            let wanted = Wanted::of(&house, None, format, &query.unwrap_or_default(), &headers)?;
            give(&house, &wanted, &method, &headers).await
        };
        routes = routes.route(table::catalog_as(format), get(file));
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
    let offer = negotiate::best(&accept(&headers), &offers)?;
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
        let format = self.format;
        if self.narrowed.is_whole() {
            return whole(house, snapshot, format);
        }
        let limits = &house.config.limits.pages;
        let datasets = self.narrowed.limit.unwrap_or(limits.datasets);
        let query = &self.narrowed.address;
        let address = format!("{}catalog.{}?{query}", house.base(), format.extension());
        Question::Page {
            snapshot: snapshot.path.clone(),
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

/// The catalogue whole: N-Quads entity by entity, as the feed has them, all else triple by triple.
pub fn whole(house: &House, snapshot: &Published, format: GraphFormat) -> Question {
    let path = snapshot.path.clone();
    match format {
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
    let question = wanted.question(house, snapshot);
    let (format, narrowed) = (wanted.format, &wanted.narrowed);
    let mark = format!("{}?{}", format.extension(), narrowed.said);
    let by_content = match format {
        // It says of which activity it is.
        GraphFormat::NQuads => Tagged::Ready(Validators::of_snapshot(snapshot, &mark)?),
        _ if narrowed.is_whole() => Tagged::Ready(Validators::of_all(house, snapshot, &mark)?),
        _ => Tagged::Content(mark, Long::Content),
    };
    let media_type = format.media_type();
    validated(
        house, &view, by_content, question, media_type, method, headers,
    )
    .await
}

/// Whence a document has its tag.
pub(super) enum Tagged {
    /// It is known before the document is written.
    Ready(Validators),
    /// It is made of what is written; this names the document.
    Content(String, Long),
}

/// The document, or 304, with its validators.
pub(super) async fn validated(
    house: &House,
    view: &View,
    tagged: Tagged,
    question: Question,
    media_type: &'static str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = &view.snapshot;
    let ask = async || {
        let readers = view.pool(house, &house.readers);
        let answer = readers.ask(question.clone(), snapshot).await;
        answer.map_err(Problem::from)
    };
    let (known, mark, long) = match tagged {
        Tagged::Ready(validators) => (Some(validators), String::new(), Long::Snapshot),
        Tagged::Content(mark, long) => {
            let known = Validators::remembered(house, snapshot, &mark)?;
            (known, mark, long)
        }
    };
    let (validators, answer) = match known {
        Some(known) if known.still_hold(headers) || method == Method::HEAD => (known, None),
        Some(known) => (known, Some(ask().await?)),
        None => {
            let answer = ask().await?;
            let made = Validators::of_content(house, snapshot, &mark, answer, long).await?;
            match made {
                (tagged, None) if !tagged.still_hold(headers) && method != Method::HEAD => {
                    (tagged, Some(ask().await?))
                }
                made => made,
            }
        }
    };
    let mut response = if validators.still_hold(headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match answer.filter(|_| method != Method::HEAD) {
            Some(answer) => respond::answered(answer)?,
            None => empty(media_type),
        }
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
