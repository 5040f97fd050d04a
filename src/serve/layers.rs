//! What surrounds every request: an id, a trace, limits, headers that browsers should have, documents for errors.
//!
//! Start at [`public`] and [`operator`].

use super::problem;
use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response,
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_BYTES_MAX: usize = 64;

/// For the world: any origin may read.
pub fn public(router: Router) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(Any)
        .expose_headers([
            header::ETAG,
            header::LAST_MODIFIED,
            header::LINK,
            header::RETRY_AFTER,
            REQUEST_ID,
        ])
        .max_age(Duration::from_secs(86_400));
    around(
        router
            .layer(middleware::map_response(problem::dress))
            .layer(CompressionLayer::new())
            .layer(cors),
    )
}

/// For the operator: no other origin may read, and nothing is compressed.
pub fn operator(router: Router) -> Router {
    around(router.layer(middleware::map_response(problem::dress)))
}

fn around(router: Router) -> Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_failure(());
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(own_ids_only))
        .layer(SetRequestIdLayer::new(REQUEST_ID, Ids))
        .layer(trace)
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(constant(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(constant(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(constant(header::REFERRER_POLICY, "no-referrer"))
        .layer(constant(header::X_FRAME_OPTIONS, "DENY"))
        .layer(constant(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"))
        .layer(CatchPanicLayer::custom(problem::panicked));
    router.layer(middleware::from_fn(measured)).layer(layers)
}

fn constant(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// A proxy's request id is kept where it is fit for a log; else the request gets one of ours.
async fn own_ids_only(mut request: Request, next: Next) -> Response {
    let fit = request.headers().get(REQUEST_ID).is_some_and(|id| {
        let id = id.as_bytes();
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    });
    if !fit {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// Ids that tell requests apart: when this process began to answer, and how many it had answered.
#[derive(Clone)]
struct Ids;

impl MakeRequestId for Ids {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        static BEGAN_MS: std::sync::LazyLock<i64> =
            std::sync::LazyLock::new(|| chrono::Utc::now().timestamp_millis());
        static ANSWERED: AtomicU64 = AtomicU64::new(0);
        let id = format!(
            "{:x}-{}",
            *BEGAN_MS,
            ANSWERED.fetch_add(1, Ordering::Relaxed)
        );
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

fn span(request: &axum::http::Request<axum::body::Body>) -> tracing::Span {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

/// Counts and times requests by their route, never by their path: paths are without number.
async fn measured(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("harvestd_http_requests_total", "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("harvestd_http_request_seconds", "route" => route)
        .record(began.elapsed().as_secs_f64());
    response
}
