//! What is said of datasets: `POST /feedback` takes it, also from the form of a page; `GET /feedback`, `/feedback/{id}` and
//! `/feedback/feed` show it.
//!
//! Nobody's body is read before it is known who sends it. How a sender can be asked is shown at the operator's door alone
//! (`operator.rs`). What can be said and what becomes of it is [`crate::feedback`]'s. Start at [`routes`] and [`taking`].

mod list;
pub mod operator;
mod page;

use super::{
    House,
    admin::bearer_token,
    client,
    layers::read_body,
    openapi::{Routes, table},
    pool,
    problem::Problem,
    push,
    wire::Question,
};
use crate::feedback::{FORM, Feedback, FeedbackError, Held, Sender, Shown, Taken};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

const MEDIA_TYPES: &str = "application/ld+json, text/turtle, application/trig, application/n-triples, application/n-quads, \
    application/rdf+xml, application/x-www-form-urlencoded, or application/json";
const RETRY_AFTER_S: u32 = 60;

/// What everybody may read.
pub fn routes() -> Routes {
    Routes::new()
        .route(table::feedback(), get(list::list))
        .route(table::feedback_feed(), get(list::atom))
        .route(table::feedback_one(), get(list::one))
}

/// The route itself.
pub(super) fn taking_routes() -> Routes {
    Routes::new().route(table::feedback_taken(), post(take))
}

/// Where feedback is taken; with and without the path of `public_url`, as the public routes are.
pub fn taking(house: House) -> Router {
    let prefix = house.prefix().to_owned();
    let routes = taking_routes().router.with_state(house);
    match prefix.as_str() {
        "" => routes,
        prefix => Router::new().nest(prefix, routes.clone()).merge(routes),
    }
}

fn kept(house: &House) -> Result<Arc<Feedback>, Problem> {
    let nothing = || Problem::not_found("No feedback is kept here.");
    house.desk.feedback().ok_or_else(nothing)
}

async fn take(State(house): State<House>, request: Request) -> Result<Response, Problem> {
    let feedback = kept(&house)?;
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let is_form = push::media_type(&headers, FORM).is_ok();
    let mut body = Bytes::new();
    let taken = match arrived(&house, &feedback, request).await {
        Ok(arrived) => {
            body = arrived.body.clone();
            taken(&house, &feedback, arrived).await
        }
        Err(refused) => Err(refused),
    };
    let taken = taken.inspect_err(|refused| {
        let status = refused.status.as_u16().to_string();
        metrics::counter!("harvestd_feedback_refused_total", "status" => status).increment(1);
    });
    if is_form {
        return page::sent(&house, &uri, &headers, &body, taken);
    }
    told(&house, &taken?)
}

fn told(house: &House, taken: &Taken) -> Result<Response, Problem> {
    let shown = Shown::of(&taken.item, house.base());
    let status = match taken.again && !taken.replayed {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let location = HeaderValue::from_str(&shown.iri).map_err(|_| Problem::internal())?;
    let mut response = (status, Json(shown)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if taken.replayed {
        headers.insert(push::REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// What somebody sent who may.
struct Arrived {
    sender: Sender,
    media_type: String,
    key: Option<String>,
    body: Bytes,
    at_ms: i64,
}

async fn arrived(house: &House, feedback: &Feedback, request: Request) -> Result<Arrived, Problem> {
    let at_ms = crate::run::now_ms();
    let sender = sender(feedback, &house.config.proxies, &request)?;
    feedback.admit(&sender, at_ms)?;
    let media_type = push::media_type(request.headers(), MEDIA_TYPES)?;
    let key = push::key(request.headers())?;
    let longest = Duration::from_millis(house.config.limits.http.body_read_ms);
    let bytes_max = feedback.limits().body_bytes_max;
    let body = read_body(request.into_body(), bytes_max, longest).await?;
    Ok(Arrived {
        sender,
        media_type,
        key,
        body,
        at_ms,
    })
}

async fn taken(
    house: &House,
    feedback: &Arc<Feedback>,
    arrived: Arrived,
) -> Result<Taken, Problem> {
    let Arrived {
        sender,
        media_type,
        key,
        body,
        at_ms,
    } = arrived;
    let mut hasher = Sha256::new();
    hasher.update(&media_type);
    hasher.update([0]);
    hasher.update(&body);
    let digest = hex::encode(hasher.finalize());
    if let Some(before) = feedback.before(&sender, key.as_deref(), &digest)? {
        return Ok(before);
    }
    let (reader, base) = (feedback.clone(), house.base().to_owned());
    let read = tokio::task::spawn_blocking(move || reader.read(&body, &media_type, &base));
    let sent = read.await.map_err(|_| Problem::internal())??;
    let iri = sent.said.dataset.clone();
    let held = held(house, vec![iri.clone()]).await?.pop();
    let held = held.filter(|held| held.kept.is_some());
    let held = held.ok_or(FeedbackError::UnknownDataset(iri))?;
    let keeper = feedback.clone();
    let kept =
        tokio::task::spawn_blocking(move || keeper.take(&sender, sent, held, key, &digest, at_ms));
    Ok(kept.await.map_err(|_| Problem::internal())??)
}

/// A centre by its token (RFC 6750, section 2.1); somebody without one where the configuration lets them in.
fn sender(
    feedback: &Feedback,
    proxies: &[ipnet::IpNet],
    request: &Request,
) -> Result<Sender, Problem> {
    let headers = request.headers();
    let text_of = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(header::AUTHORIZATION) {
        let token = text_of(&header::AUTHORIZATION).and_then(bearer_token);
        let centre = token
            .map(|token| feedback.centre_of(token))
            .transpose()?
            .flatten();
        let text = "The token is not that of a source that pushes: `harvestd token new SOURCE` makes one. Leave it out to send as anybody, where that is allowed.";
        return centre.map(Sender::Centre).ok_or_else(|| unauthorized(text));
    }
    if !feedback.is_open() {
        let text = "Feedback is taken from centres, with the token that they push with (Authorization: Bearer …). Its operator can open it to everybody: [feedback] open = true.";
        return Err(unauthorized(text));
    }
    Ok(Sender::Anyone(client::address(
        proxies,
        headers,
        request.extensions(),
    )))
}

fn unauthorized(text: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", text).with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"harvestd feedback\""),
    )
}

/// What is held under each of these IRIs, in the newest snapshot.
async fn held(house: &House, iris: Vec<String>) -> Result<Vec<Held>, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Held {
        snapshot: snapshot.path.clone(),
        base: house.base().to_owned(),
        iris,
    };
    let answer = house.readers.ask(question, &snapshot).await?;
    let bytes = match answer.body {
        pool::Body::Whole(bytes) => bytes.to_vec(),
        pool::Body::Stream(mut pieces) => {
            let mut bytes = Vec::new();
            loop {
                match pieces.recv().await {
                    Some(pool::Piece::Bytes(piece)) => bytes.extend_from_slice(&piece),
                    Some(pool::Piece::End) => break bytes,
                    None => return Err(Problem::internal()),
                }
            }
        }
    };
    serde_json::from_slice(&bytes).map_err(|_| Problem::internal())
}

impl From<FeedbackError> for Problem {
    fn from(error: FeedbackError) -> Self {
        let said = format!("{error}.");
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match error {
            FeedbackError::Unreadable(_) => Self::new(unprocessable, "unreadable", said),
            FeedbackError::Refused(rows) => {
                let rows = serde_json::to_value(rows).unwrap_or_default();
                Self::new(unprocessable, "refused", said).with_member("refused", rows)
            }
            FeedbackError::KeyUsed => Self::new(unprocessable, "idempotency-key-used", said),
            FeedbackError::UnknownDataset(_) => {
                Self::new(StatusCode::NOT_FOUND, "unknown-dataset", said)
            }
            FeedbackError::Unknown(_) => Self::not_found(said),
            FeedbackError::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", said),
            FeedbackError::TooMany { retry_after_s, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", said)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
            }
            FeedbackError::Full => Self::unavailable("full", said, RETRY_AFTER_S),
            FeedbackError::ReadOnly => Self::unavailable("read-only", said, RETRY_AFTER_S),
            FeedbackError::Failed(why) => {
                tracing::error!(why, "feedback failed");
                Self::internal()
            }
        }
    }
}

/// An answer with its entity tag, or 304.
fn tagged(headers: &HeaderMap, body: &[u8], mut response: Response) -> Result<Response, Problem> {
    let hash = hex::encode(&Sha256::digest(body)[..8]);
    let tag = format!("W/\"{hash}\"");
    let held = headers.get_all(header::IF_NONE_MATCH).iter();
    let held = held.filter_map(|value| value.to_str().ok());
    if held
        .flat_map(|line| line.split(','))
        .any(|held| held.trim() == tag || held.trim() == "*")
    {
        response = StatusCode::NOT_MODIFIED.into_response();
    }
    let tag = HeaderValue::from_str(&tag).map_err(|_| Problem::internal())?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}
