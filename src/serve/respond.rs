//! From what a worker gave to what HTTP says.
//!
//! A stream that broke ends as a broken connection, never as a complete response. Start at [`answered`].

use super::{
    accounts::TooMuch,
    pool::{Answer, Body as Given, Piece, PoolError},
    problem::{DAMAGED, Problem},
    wire::Refused,
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::mpsc;

/// A response with the answer's bytes and its media type.
pub fn answered(answer: Answer) -> Result<Response, Problem> {
    let media_type = HeaderValue::from_str(&answer.media_type).map_err(|_| Problem::internal())?;
    let body = match answer.body {
        Given::Whole(bytes) => Body::from(bytes),
        Given::Stream(pieces) => streamed(pieces),
    };
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// A document that is at hand, or that the client's copy still holds (RFC 9110, section 13.1.2). The tag is weak: a
/// compressed copy is the same document in other bytes.
pub fn by_content(
    asked: &HeaderMap,
    media_type: &'static str,
    body: Vec<u8>,
) -> Result<Response, Problem> {
    let tag = tag_of(&body);
    tagged(asked, media_type, &tag, body)
}

/// A tag for these bytes.
pub fn tag_of(body: &[u8]) -> String {
    format!("W/\"{}\"", hex::encode(&Sha256::digest(body)[..8]))
}

/// The same with a tag of the caller's.
pub fn tagged(
    asked: &HeaderMap,
    media_type: &'static str,
    tag: &str,
    body: Vec<u8>,
) -> Result<Response, Problem> {
    let held = asked.get_all(header::IF_NONE_MATCH).iter();
    let holds = held
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|held| held == tag || held == "*");
    let mut response = if holds {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], body).into_response()
    };
    let headers = response.headers_mut();
    let tag = HeaderValue::from_str(tag).map_err(|_| Problem::internal())?;
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// The answer broke: the connection must not end as if it had been whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke before its end")]
struct Broken;

fn streamed(pieces: mpsc::Receiver<Piece>) -> Body {
    let stream = stream::unfold(Some(pieces), async |pieces| {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok::<Bytes, Broken>(bytes), Some(pieces))),
            Some(Piece::End) => None,
            None => Some((Err(Broken), None)),
        }
    });
    // Layers may ask again after the end.
    Body::from_stream(stream.fuse())
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        const RETRY_AFTER_S: u32 = 5;
        let said = error.to_string();
        match error {
            PoolError::Busy { .. } | PoolError::NoWorkerInTime(_) => Self::unavailable(
                "busy",
                "All query workers are busy; try again shortly.",
                RETRY_AFTER_S,
            ),
            PoolError::Deadline(longest) => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "deadline",
                format!(
                    "The query was not answered within {} seconds and was ended. Narrow it, or page with LIMIT.",
                    longest.as_secs_f64()
                ),
            ),
            PoolError::GaveWay { wait } => Self::too_many(
                "gave-way",
                "The query took long while others did, and was ended for them. Narrow it, or try again later.",
                wait,
            ),
            PoolError::Memory { bytes_max } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "memory",
                format!(
                    "The query needed more than the {} MB a query may use, and was ended.",
                    bytes_max / 1_000_000
                ),
            ),
            PoolError::Stack => {
                Self::bad_request("query-too-deep", "The query is too deep to be evaluated.")
            }
            PoolError::Died(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "worker-ended",
                "The query could not be evaluated: the process that evaluated it ended.",
            ),
            PoolError::NotStarted(_) => {
                tracing::error!(error = said, "no worker could be started");
                Self::unavailable(
                    "no-worker",
                    "No query worker can be started at the moment.",
                    RETRY_AFTER_S,
                )
            }
            PoolError::Damaged => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, DAMAGED.0, DAMAGED.1)
            }
            PoolError::Refused(refused) => refused.into(),
        }
    }
}

impl From<TooMuch> for Problem {
    fn from(error: TooMuch) -> Self {
        let text = format!("Too much at once: {error}. Others want answers as well.");
        let (code, wait) = match error {
            TooMuch::Spent { wait, .. } => ("budget-spent", wait),
            TooMuch::Open { .. } => ("too-many-queries", Duration::from_secs(1)),
        };
        Self::too_many(code, text, wait)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status =
            StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Self::new(status, refused.code, refused.detail);
        match refused.position {
            Some((line, column)) => problem
                .with_member("line", line)
                .with_member("column", column),
            None => problem,
        }
    }
}
