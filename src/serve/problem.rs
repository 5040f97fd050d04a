//! Errors as documents that machines can read (RFC 9457, `application/problem+json`).
//!
//! Says nothing of what is inside: an internal error is logged where it happens and answered in general words. Start at
//! [`Problem`].

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

pub const MEDIA_TYPE: &str = "application/problem+json";

/// An answer that says what was wrong and, where it helps, what would have been right.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    /// Kebab-case and stable; the problem's type is `urn:harvestd:problem:{code}`.
    pub code: String,
    /// For people: what was found and what was expected.
    pub detail: String,
    /// Further members of the document.
    pub members: Map<String, Value>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Code and words of an answer that needs a file which is damaged.
pub const DAMAGED: (&str, &str) = (
    "damaged",
    "The answer needs what is damaged on the server's disk; its operator can see what, and what helps.",
);

/// The code where a source is known, and no run of it has ended yet.
pub const NEVER_RAN: &str = "never-ran";

impl Problem {
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// Nothing in the detail: what happened is in the log, under the request's id.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The request could not be answered; the server's log says why, under the request's id.",
        )
    }

    pub fn unavailable(code: &str, detail: impl Into<String>, retry_after_s: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// Section 4 of RFC 6585. Whole seconds, rounded up.
    pub fn too_many(code: &str, detail: impl Into<String>, wait: std::time::Duration) -> Self {
        let seconds = u64::from(wait.subsec_nanos() > 0).saturating_add(wait.as_secs());
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    pub fn not_acceptable(on_offer: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            format!("None of the accepted formats is available. On offer: {on_offer}."),
        )
    }

    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn document(&self) -> String {
        let mut document = Map::new();
        document.insert(
            "type".into(),
            format!("urn:harvestd:problem:{}", self.code).into(),
        );
        document.insert(
            "title".into(),
            self.status.canonical_reason().unwrap_or("Error").into(),
        );
        document.insert("status".into(), self.status.as_u16().into());
        document.insert("detail".into(), self.detail.clone().into());
        document.extend(self.members.clone());
        Value::Object(document).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        // Who reads pages is told the same in one (`pages/trouble.rs`).
        response.extensions_mut().insert(self);
        response
    }
}

/// An error in the form of the interface that was asked: it keeps its document (an extension of the response).
#[derive(Debug, Clone, Copy)]
pub struct Own;

/// Gives an error that a layer or the router answered without a document (404, 405, 413, …) its document. Its other
/// headers stay: Allow above all.
pub async fn dress(response: Response) -> Response {
    let status = response.status();
    let dressed = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == MEDIA_TYPE)
        || response.extensions().get::<Own>().is_some();
    if dressed || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("not-found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method-not-allowed",
            "The method is not one of those that Allow names.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "content-too-large",
            "The request's body is larger than is taken here.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "unsupported-media-type",
            "The request's media type is not taken here.",
        ),
        _ => (
            "refused",
            status
                .canonical_reason()
                .unwrap_or("The request was refused."),
        ),
    };
    let (mut parts, _) = response.into_parts();
    let problem = Problem::new(status, code, detail);
    parts.extensions.insert(problem.clone());
    let document = problem.into_response();
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in document.headers() {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, document.into_body())
}

/// The answer where a handler panicked.
pub fn panicked(what: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let said = what
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| what.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    tracing::error!(panic = said, "a request's handler panicked");
    Problem::internal().into_response()
}
