//! Answers with an entity tag of their content (RFC 9110, section 8.8.3): who holds the same already is told so.
//!
//! The tag is weak, for a compressed copy is the same answer in other bytes. What is streamed has a tag of its snapshot,
//! for its content is not known before its end. Start at [`answered`], [`given`] and [`Content`].

use super::{
    pool::{Answer, Body},
    problem::Problem,
    respond,
};
use crate::snapshot::Published;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// What a worker gave, or 304.
pub fn answered(
    answer: Answer,
    snapshot: &Published,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = match &answer.body {
        Body::Whole(bytes) => tag(&[bytes]),
        Body::Stream(_) => {
            let name = snapshot.path.file_name().unwrap_or_default();
            tag(&[name.as_encoded_bytes(), answer.media_type.as_bytes()])
        }
    };
    if held(&tag, asked) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), &tag);
    }
    tagged(respond::answered(answer)?, &tag)
}

/// A document of our own that may change at any time, as JSON, or 304.
pub fn json(value: &impl Serialize, asked: &HeaderMap) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        Problem::internal()
    })?;
    given(body, "application/json", asked)
}

/// A document that is whole, or 304.
pub fn given(
    body: Vec<u8>,
    media_type: &'static str,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = tag(&[&body]);
    if held(&tag, asked) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), &tag);
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))];
    tagged((kind, body).into_response(), &tag)
}

/// Content that comes in parts, for its tag.
#[derive(Default)]
pub struct Content(blake3::Hasher);

impl Content {
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub fn tag(&self) -> String {
        format!("W/\"{}\"", &self.0.finalize().to_hex()[..32])
    }
}

/// The tag of content that is at hand.
pub fn tag(parts: &[&[u8]]) -> String {
    let mut content = Content::default();
    parts.iter().for_each(|part| content.add(part));
    content.tag()
}

/// Section 13.1.2, with the weak comparison.
pub fn held(tag: &str, asked: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|held| held.trim() == "*" || opaque(held) == opaque(tag))
}

pub fn tagged(mut response: Response, tag: &str) -> Result<Response, Problem> {
    let headers = response.headers_mut();
    let tag = HeaderValue::from_str(tag).map_err(|_| Problem::internal())?;
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
