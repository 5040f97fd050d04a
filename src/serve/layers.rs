//! What surrounds every request: an id, a trace, limits, headers that browsers should have, documents for errors.
//!
//! Start at [`public`] and [`operator`].

use super::{
    catalog,
    problem::{self, Problem},
};
use crate::config::HttpLimits;
use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate},
    },
    cors::{Any, CorsLayer},
    trace::TraceLayer,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A request's id goes into each log line and back to the client: a UUID has 36 bytes, a W3C `traceparent` 55. Longer ones
/// are taken for something else, and replaced by one of ours.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// For the world: any origin may read.
pub fn public(router: Router, limits: &HttpLimits) -> Router {
    around(
        reading(router, limits)
            .layer(middleware::map_response(problem::dress))
            .layer(CompressionLayer::new().compress_when(compressed()))
            .layer(cors()),
    )
}

/// For the world as well, where bodies are read by who knows whose they are and how large they may be.
pub fn open(router: Router) -> Router {
    around(
        router
            .layer(middleware::map_response(problem::dress))
            .layer(cors()),
    )
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(Any)
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            header::ETAG,
            header::LAST_MODIFIED,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            super::asof::MEMENTO_DATETIME,
            catalog::GENERATION,
            catalog::SEQUENCE,
            REQUEST_ID,
        ])
        .max_age(Duration::from_secs(86_400))
}

/// An answer that is not compressed on its way out: it is already, or its entity tag is of these very bytes.
#[derive(Debug, Clone, Copy)]
pub struct AsItIs;

/// Which answers are compressed.
fn compressed() -> impl Predicate {
    let whole = |_: StatusCode, _: Version, _: &HeaderMap, marks: &Extensions| {
        marks.get::<AsItIs>().is_none()
    };
    DefaultPredicate::new().and(whole)
}

/// For the operator: no other origin may read, and nothing is compressed.
pub fn operator(router: Router, limits: &HttpLimits) -> Router {
    around(reading(router, limits).layer(middleware::map_response(problem::dress)))
}

/// For those who push: no origin's scripts may, and bodies are read by who knows how large they may be.
pub fn pushing(router: Router) -> Router {
    around(router.layer(middleware::map_response(problem::dress)))
}

fn around(router: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_failure(());
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(surrounded))
        .layer(trace)
        .layer(CatchPanicLayer::custom(problem::panicked));
    router.layer(layers)
}

/// What a browser should keep to with every answer of ours, unless the answer says otherwise itself.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    ),
];

/// Gives the request an id and the answer that id and our headers; counts and times by the route, never by the path:
/// paths are without number.
async fn surrounded(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = id_of(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    let route = route
        .as_ref()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let status = response.status().as_u16().to_string();
    metrics::counter!("harvestd_http_requests_total", "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("harvestd_http_request_seconds", "route" => route)
        .record(began.elapsed().as_secs_f64());
    response
}

/// A proxy's id where it is fit for a log; else one of ours, which tells requests apart: when this process began to
/// answer, and how many it had answered.
fn id_of(headers: &HeaderMap) -> HeaderValue {
    static BEGAN_MS: LazyLock<i64> = LazyLock::new(|| chrono::Utc::now().timestamp_millis());
    static ANSWERED: AtomicU64 = AtomicU64::new(0);
    let fit = |id: &&HeaderValue| {
        let id = id.as_bytes();
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if let Some(id) = headers.get(REQUEST_ID).filter(fit) {
        return id.clone();
    }
    let number = ANSWERED.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{:x}-{number}", *BEGAN_MS))
        .unwrap_or(HeaderValue::from_static("none"))
}

fn reading(router: Router, limits: &HttpLimits) -> Router {
    let bytes_max = limits.body_bytes_max;
    let longest = Duration::from_millis(limits.body_read_ms);
    router.layer(middleware::from_fn(move |request, next| {
        read_first(bytes_max, longest, request, next)
    }))
}

/// Reads the request's body before anything is done with it: what is too large or too slow stops here, for every route.
async fn read_first(bytes_max: usize, longest: Duration, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read_body(body, bytes_max, longest).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(refused) => refused.into_response(),
    }
}

/// A whole body, if it is small enough and comes soon enough.
pub async fn read_body(body: Body, bytes_max: usize, longest: Duration) -> Result<Bytes, Problem> {
    match timeout(longest, whole(body, bytes_max)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            format!(
                "The request's body did not come within {} seconds.",
                longest.as_secs_f64()
            ),
        )
        .with_header(header::CONNECTION, HeaderValue::from_static("close"))),
    }
}

async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "content-too-large",
            format!("The request's body has more than the {bytes_max} bytes that are taken."),
        )
    };
    if announced > bytes_max {
        return Err(too_large());
    }
    let mut pieces = body.into_data_stream();
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            Problem::bad_request("body-cut", "The request's body ended before it was whole.")
        })?;
        if whole.len() + piece.len() > bytes_max {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn span(request: &axum::http::Request<axum::body::Body>) -> tracing::Span {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}
