//! Answers in CKAN's form: `{"help": …, "success": true, "result": …}`, and its errors.
//!
//! A result comes as JSON that is written already: packages lie so in the index, and are handed out as they lie. Start at
//! [`Given`] and [`Failed`].

use crate::search::{Package, SearchError, View};
use crate::serve::{fresh::Content, problem::Own};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");
/// Packages that are read at a time, for an answer with many.
const AT_ONCE: usize = 50;

/// What an action gives.
pub enum Given {
    /// A result, as JSON.
    Json(Vec<u8>),
    /// A result with many packages in it: what comes before them, and after them. They are read as the client takes them, so
    /// that a page of a thousand costs no memory while somebody reads slowly.
    Packages {
        view: Arc<View>,
        before: Vec<u8>,
        packages: Vec<Package>,
        after: Vec<u8>,
    },
}

/// Why an action gives nothing.
#[derive(Debug)]
pub enum Failed {
    NotFound(String),
    /// Of each parameter, what is wrong with it.
    Invalid(Vec<(String, String)>),
    Query(String),
    NotYet(&'static str),
    /// Told in the log.
    Inside(String),
}

impl From<SearchError> for Failed {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Query { .. } => Self::Query(error.to_string()),
            other => Self::Inside(other.to_string()),
        }
    }
}

impl Failed {
    pub fn invalid(parameter: &str, why: impl Into<String>) -> Self {
        Self::Invalid(vec![(parameter.to_owned(), why.into())])
    }

    pub fn answered(self, help: &str) -> Response {
        let (status, kind, message) = match self {
            Self::NotFound(what) if what.is_empty() => (
                StatusCode::NOT_FOUND,
                "Not Found Error",
                "Not found".to_owned(),
            ),
            Self::NotFound(what) => (
                StatusCode::NOT_FOUND,
                "Not Found Error",
                format!("Not found: {what}"),
            ),
            Self::Invalid(wrong) => {
                let mut error = Map::new();
                for (parameter, why) in wrong {
                    error.insert(parameter, json!([why]));
                }
                error.insert("__type".to_owned(), json!("Validation Error"));
                return refused(StatusCode::CONFLICT, help, Value::Object(error));
            }
            Self::Query(why) => (
                StatusCode::BAD_REQUEST,
                "Search Query Error",
                format!("Search Query is invalid: {why}"),
            ),
            Self::NotYet(why) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Search Connection Error",
                why.to_owned(),
            ),
            Self::Inside(why) => {
                tracing::error!(why, "an action of CKAN's interface failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Internal Server Error",
                    "Internal Server Error".to_owned(),
                )
            }
        };
        let mut response = refused(status, help, json!({"__type": kind, "message": message}));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from_static("10");
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl Given {
    pub fn value(value: &Value) -> Self {
        Self::Json(value.to_string().into_bytes())
    }

    /// A tag of the answer's content. Packages that are sent as the client takes them are read for it, and dropped again.
    pub fn tag(&self, help: &str) -> Result<String, SearchError> {
        let mut content = Content::default();
        content.add(help.as_bytes());
        match self {
            Self::Json(result) => content.add(result),
            Self::Packages {
                view,
                before,
                packages,
                after,
            } => {
                content.add(before);
                for package in packages {
                    content.add(&view.json(*package)?);
                }
                content.add(after);
            }
        }
        Ok(content.tag())
    }

    pub fn answered(self, help: &str) -> Response {
        let mut begin = format!(
            "{{\"help\": {}, \"success\": true, \"result\": ",
            Value::from(help)
        )
        .into_bytes();
        let body = match self {
            Self::Json(result) => {
                begin.reserve(result.len() + 1);
                begin.extend(result);
                begin.push(b'}');
                Body::from(begin)
            }
            Self::Packages {
                view,
                before,
                packages,
                mut after,
            } => {
                begin.extend(before);
                after.push(b'}');
                in_pieces(view, begin, packages, after)
            }
        };
        with_type(StatusCode::OK, body)
    }
}

/// Where a package cannot be read the answer breaks: it never ends as if it had been whole.
fn in_pieces(view: Arc<View>, begin: Vec<u8>, packages: Vec<Package>, after: Vec<u8>) -> Body {
    let state = (Some(begin), packages.into_iter(), Some(after), true);
    let pieces = stream::unfold(state, move |(begin, mut packages, after, first)| {
        let view = view.clone();
        async move {
            if let Some(begin) = begin {
                return Some((Ok(Bytes::from(begin)), (None, packages, after, first)));
            }
            let some: Vec<Package> = packages.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                let after = after?;
                return Some((Ok(Bytes::from(after)), (None, packages, None, first)));
            }
            let read = tokio::task::spawn_blocking(move || joined(&view, &some, first)).await;
            let piece = read
                .map_err(std::io::Error::other)
                .and_then(|piece| piece.map_err(std::io::Error::other));
            if let Err(error) = &piece {
                tracing::error!(%error, "an answer of CKAN's interface broke");
            }
            Some((piece.map(Bytes::from), (None, packages, after, false)))
        }
    });
    // Layers may ask again after the end.
    Body::from_stream(pieces.fuse())
}

/// Packages with commas between them.
pub fn joined(view: &View, packages: &[Package], first: bool) -> Result<Vec<u8>, SearchError> {
    let mut out = Vec::new();
    for (at, package) in packages.iter().enumerate() {
        if at > 0 || !first {
            out.extend(b", ");
        }
        out.extend(view.json(*package)?);
    }
    Ok(out)
}

/// Where help for an action is.
pub fn help(base: &str, action: &str) -> String {
    format!("{base}api/3/action/help_show?name={action}")
}

/// What CKAN says where there is no action to say it: a text.
pub fn bad_request(why: &str) -> Response {
    let text = Value::from(format!("Bad request: {why}"));
    with_type(StatusCode::BAD_REQUEST, Body::from(text.to_string()))
}

fn refused(status: StatusCode, help: &str, error: Value) -> Response {
    let document = json!({"help": help, "success": false, "error": error});
    with_type(status, Body::from(document.to_string()))
}

fn with_type(status: StatusCode, body: Body) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    if !status.is_success() {
        response.extensions_mut().insert(Own);
    }
    response
}
