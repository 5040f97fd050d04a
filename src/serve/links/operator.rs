//! Checking addresses now, at the operator's door: a line of JSON for each, as answers come, and one that sums up. Start at
//! [`routes`].

use super::{House, Problem, kept};
use crate::links::round::Wanted;
use crate::serve::openapi::{Routes, table};
use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, convert::Infallible};

/// The operator's.
pub fn routes() -> Routes {
    Routes::new().route(table::check_links(), post(check))
}

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: Option<String>,
    dataset: Option<String>,
    source: Option<String>,
}

async fn check(
    State(house): State<House>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    kept(&house)?;
    let wanted = match (asked.url, asked.dataset, asked.source) {
        (Some(url), None, None) => Wanted::Url(url),
        (None, Some(iri), None) => Wanted::Dataset(iri),
        (None, None, Some(id)) => Wanted::Source(id),
        _ => {
            let text = "Which addresses? One of ?url=, ?dataset= and ?source= says it.";
            return Err(Problem::bad_request("query", text));
        }
    };
    tracing::info!("addresses are checked by hand");
    let lines = house.desk.check_links(wanted)?;
    let sums = BTreeMap::<&str, u64>::new();
    let told = stream::unfold(Some((lines, sums)), async |at| {
        let (mut lines, mut sums) = at?;
        let Some(line) = lines.recv().await else {
            let checked: u64 = sums.values().sum();
            let last = json!({ "checked": checked, "troubles": sums });
            return Some((written(&last), None));
        };
        if let Some(trouble) = line.trouble {
            *sums.entry(trouble.code()).or_default() += 1;
        }
        Some((written(&json!(line)), Some((lines, sums))))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(told)).into_response())
}

fn written(line: &Value) -> Result<Bytes, Infallible> {
    Ok(format!("{line}\n").into())
}
