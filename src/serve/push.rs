//! Where centres push: `PUT`, `POST` and `DELETE /push/{source}/{id}` for one dataset, `POST /push/{source}` for several,
//! `PUT /push/{source}` for a whole catalogue. On the public listener, with a token, without CORS.
//!
//! Nobody's body is read before the token is found right. What a push means is [`crate::push`]'s. Start at [`routes`].

use super::{
    admin::bearer_token,
    layers::read_body,
    openapi::{Routes, table},
    problem::Problem,
};
use crate::push::{
    Answer, Inbox, Place, Push, PushError, What,
    read::{Body as Pushed, Read},
};
use axum::{
    Json, Router,
    body::HttpBody,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::put,
};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// IETF draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const VERSION: HeaderName = HeaderName::from_static("harvestd-version");
const ACTIVITY: HeaderName = HeaderName::from_static("harvestd-activity");
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// An Idempotency-Key is kept for days beside its answer, and named in logs: a UUID has 36 bytes, and what other interfaces
/// with such keys take is 255. A client's library then fits this one.
const KEY_BYTES_MAX: usize = 255;
/// Seconds until a client that found the queue full, or the daemon stopping, should come again: a queue of
/// `limits.push.waiting_max` pushes is committed within a second or two, and a restart takes as long.
const RETRY_AFTER_S: u32 = 2;
const MEDIA_TYPES: &str = "text/turtle, application/trig, application/n-triples, application/n-quads, application/rdf+xml, \
    application/ld+json, or application/json for CKAN packages";

/// Every route, for the tests that go through them.
pub const ROUTES: &[(&str, &str)] = &[
    ("PUT", "/push/{source}"),
    ("POST", "/push/{source}"),
    ("PUT", "/push/{source}/{id}"),
    ("POST", "/push/{source}/{id}"),
    ("DELETE", "/push/{source}/{id}"),
];

/// The routes themselves.
pub(super) fn described() -> Routes<Arc<Inbox>> {
    Routes::new()
        .route(table::push_many(), put(push).post(push))
        .route(table::push_one(), put(push).post(push).delete(push))
}

/// With and without the path of `public_url`, as the public routes are.
pub fn routes(inbox: Arc<Inbox>, prefix: &str) -> Router {
    let routes = described()
        .router
        .layer(middleware::from_fn_with_state(inbox.clone(), admit))
        .with_state(inbox);
    match prefix {
        "" => routes,
        prefix => Router::new().nest(prefix, routes.clone()).merge(routes),
    }
}

/// Where a push goes, by its address.
#[derive(Debug, Clone, serde::Deserialize)]
struct To {
    source: String,
    id: Option<String>,
}

/// Lets in whoever bears a token of the source (RFC 6750, section 2.1).
async fn admit(
    State(inbox): State<Arc<Inbox>>,
    Path(to): Path<To>,
    mut request: Request,
    next: Next,
) -> Response {
    match admitted(&inbox, &to, request.headers()) {
        Ok(place) => {
            request.extensions_mut().insert(place);
            next.run(request).await
        }
        Err(problem) => {
            metrics::counter!("harvestd_pushes_not_admitted_total").increment(1);
            problem.into_response()
        }
    }
}

fn admitted(inbox: &Inbox, to: &To, headers: &HeaderMap) -> Result<Arc<Place>, Problem> {
    let borne = headers.get(header::AUTHORIZATION);
    let borne = borne
        .and_then(|value| value.to_str().ok())
        .and_then(bearer_token);
    let source = match borne {
        Some(token) => inbox.source_of(token)?,
        None => None,
    };
    let Some(source) = source else {
        let text = "A token of the source is needed here: Authorization: Bearer …";
        return Err(
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", text).with_header(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"harvestd push\""),
            ),
        );
    };
    if source != to.source {
        let text = "The token belongs to another source than the one in the address.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not-your-source", text));
    }
    let text = "No source of this name is pushed to at the moment.";
    let place = inbox.place(&source);
    place.map(Arc::new).ok_or_else(|| Problem::not_found(text))
}

/// What the query says.
#[derive(Debug, Default)]
struct Asked {
    dry_run: bool,
    deleted: Vec<String>,
}

impl Asked {
    fn of(query: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                ("dry-run", "" | "true") => asked.dry_run = true,
                ("dry-run", "false") => asked.dry_run = false,
                ("delete", id) if !id.is_empty() => asked.deleted.push(id.to_owned()),
                _ => {
                    let text = format!(
                        "?{name}={value} is not known here: dry-run, and of a batch delete=ID."
                    );
                    return Err(Problem::bad_request("query", text));
                }
            }
        }
        Ok(asked)
    }
}

async fn push(
    State(inbox): State<Arc<Inbox>>,
    Path(to): Path<To>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::of(query.as_deref())?;
    let place = request.extensions().get::<Arc<Place>>().cloned();
    let place = place.ok_or_else(Problem::internal)?;
    let what = what(request.method(), to.id);
    if what != What::Batch && !asked.deleted.is_empty() {
        let text = "delete=ID goes with a batch: POST /push/SOURCE.";
        return Err(Problem::bad_request("query", text));
    }
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let address = request
        .uri()
        .path_and_query()
        .map(|path| path.as_str().to_owned());
    let (key, version) = (key(&headers)?, version(&headers)?);
    if version.is_none() && place.source.require_version {
        return Err(PushError::NoVersion.into());
    }
    let limits = inbox.config().limits.clone();
    let bytes_max = match what {
        What::Whole => limits.push.catalog_bytes_max,
        _ => limits.push.body_bytes_max,
    };
    let hint = request.body().size_hint();
    let announced = hint.exact().and_then(|bytes| usize::try_from(bytes).ok());
    let room = inbox.room(announced.unwrap_or(bytes_max).min(bytes_max))?;
    let longest = Duration::from_millis(limits.http.body_read_ms);
    let bytes = read_body(request.into_body(), bytes_max, longest).await?;
    inbox.count(&place.source.id, bytes.len() as u64, crate::run::now_ms())?;
    let request = digest(&method, address.as_deref(), &headers, &bytes);
    let read = if let What::Delete(id) = &what {
        Read::deleting(id)
    } else if bytes.is_empty() && what == What::Batch && !asked.deleted.is_empty() {
        Read::deleting_all(&asked.deleted)
    } else {
        let body = Pushed {
            media_type: media_type(&headers, MEDIA_TYPES)?,
            bytes: bytes.clone(),
            deleted: asked.deleted,
        };
        inbox.read(&place.source, &what, body).await?
    };
    if asked.dry_run && (read.refused.is_empty() || what == What::Whole) {
        return Ok(answered(Answer::dry(&place.source.id, &read)));
    }
    read.may_be_taken(&what)?;
    let (answer, answers) = oneshot::channel();
    let push = Push {
        what,
        read,
        key,
        request,
        version,
        bytes: bytes.len() as u64,
        answer,
        room: Some(room),
    };
    drop(bytes);
    inbox.hand_in(&place, push)?;
    let answer = answers.await.map_err(|_| PushError::Stopping)?;
    Ok(answered(answer?))
}

fn what(method: &Method, id: Option<String>) -> What {
    match (method, id) {
        (&Method::DELETE, Some(id)) => What::Delete(id),
        (_, Some(id)) => What::One(id),
        (&Method::PUT, None) => What::Whole,
        (_, None) => What::Batch,
    }
}

pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = key.to_str().ok().map(str::trim);
    let fit = key.filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let text = format!("Idempotency-Key: 1 to {KEY_BYTES_MAX} visible ASCII characters are taken.");
    let fit = fit.ok_or_else(|| Problem::bad_request("idempotency-key", text))?;
    Ok(Some(fit.to_owned()))
}

fn version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(version) = headers.get(VERSION) else {
        return Ok(None);
    };
    let version = version
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let text = "Harvestd-Version: a whole number is taken, higher than that of the push before.";
    version
        .map(Some)
        .ok_or_else(|| Problem::bad_request("version", text))
}

/// The media type without its parameters, if it is among those taken. What is not UTF-8 or is compressed is not taken.
pub(super) fn media_type(headers: &HeaderMap, taken: &str) -> Result<String, Problem> {
    let refused = |found: String| {
        let text = format!("{found} is not taken here: {taken}; in UTF-8, not compressed.");
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            text,
        )
    };
    let said = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if let Some(coding) = said(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        return Err(refused(format!("Content-Encoding {coding:?}")));
    }
    let Some(declared) = said(header::CONTENT_TYPE) else {
        return Err(refused("A body without a Content-Type".to_owned()));
    };
    let parsed: Option<mime::Mime> = declared.parse().ok();
    let parsed = parsed.ok_or_else(|| refused(format!("{declared:?}")))?;
    let charset = parsed.get_param(mime::CHARSET);
    let known = taken
        .split([',', ' '])
        .any(|name| name == parsed.essence_str());
    if !known || charset.is_some_and(|charset| charset != mime::UTF_8) {
        return Err(refused(format!("{declared:?}")));
    }
    Ok(parsed.essence_str().to_owned())
}

/// Names the request: the same key with another one is a mistake of the client's.
fn digest(method: &Method, address: Option<&str>, headers: &HeaderMap, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    let media_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let version = headers.get(VERSION).map(HeaderValue::as_bytes);
    let address = address.map(str::as_bytes);
    for part in [
        Some(method.as_str().as_bytes()),
        address,
        media_type,
        version,
        Some(body),
    ] {
        let part = part.unwrap_or_default();
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let document = &answer.document;
    let activity = document.records.iter().filter_map(|row| row.activity).max();
    let location = document.records.first().and_then(|row| row.iri.clone());
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(activity) = activity {
        headers.insert(ACTIVITY, HeaderValue::from(activity));
    }
    if answer.again {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if status == StatusCode::CREATED
        && let Some(Ok(location)) = location.map(HeaderValue::try_from)
    {
        headers.insert(header::LOCATION, location);
    }
    if status == StatusCode::NO_CONTENT {
        return (status, headers).into_response();
    }
    (status, headers, Json(answer.document)).into_response()
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        let said = format!("{error}.");
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match error {
            PushError::Unreadable(_) => Self::new(unprocessable, "unreadable", said),
            PushError::Refused(rows) => {
                let rows = serde_json::to_value(rows).unwrap_or_default();
                Self::new(unprocessable, "refused", said).with_member("refused", rows)
            }
            PushError::KeyUsed => Self::new(unprocessable, "idempotency-key-used", said),
            PushError::OldVersion { held, .. } => {
                Self::new(StatusCode::CONFLICT, "old-version", said).with_member("version", held)
            }
            PushError::NoVersion => {
                Self::new(StatusCode::PRECONDITION_REQUIRED, "version-required", said)
            }
            PushError::NotHeld(_) => Self::not_found(said),
            PushError::Full => Self::unavailable("full", said, RETRY_AFTER_S),
            PushError::ReadOnly(_) => Self::unavailable("read-only", said, RETRY_AFTER_S),
            PushError::Quota { retry_after_s } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "quota", said)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
            }
            PushError::Stopping => Self::unavailable("stopping", said, RETRY_AFTER_S),
            PushError::Failed(why) => {
                tracing::error!(why, "a push failed");
                Self::internal()
            }
        }
    }
}
