//! What the published catalogue holds, in sums: `/feed/state`, and `/feed/state?bucket=N` for the entities of one bucket.
//!
//! Shows what is published, never what is being committed. How the sums are made is in [`crate::digest`]. Start at
//! [`routes`].

use super::{
    House,
    openapi::{Routes, table},
    problem::Problem,
};
use crate::digest::{BUCKETS, Sum};
use crate::state::KeptDigest;
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;

pub fn routes() -> Routes {
    Routes::new().route(table::feed_state(), get(state))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The entities of this bucket, instead of all sums.
    bucket: Option<u16>,
}

async fn state(
    State(house): State<House>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    house.snapshot()?;
    let Query(Wanted { bucket }) = wanted.map_err(|_| no_bucket())?;
    let digest = house.desk.digest().ok_or_else(Problem::internal)?;
    let Some(number) = bucket else {
        let (head, sum) = digest.sum();
        let now = tag(head.generation, head.seq, &sum);
        if holds(&headers, &now) {
            // Whoever waits for a change asks often: the sums are not even looked at.
            return tagged(now, StatusCode::NOT_MODIFIED.into_response());
        }
        let told = digest.told();
        let tag = tag(told.generation, told.seq, &told.sum);
        return tagged(tag, Json(told).into_response());
    };
    let bucket = tokio::task::spawn_blocking(move || listed(&digest, number)).await;
    let bucket = bucket.map_err(|_| Problem::internal())??;
    let tag = tag(bucket.generation, bucket.seq, &bucket.sum);
    if holds(&headers, &tag) {
        return tagged(tag, StatusCode::NOT_MODIFIED.into_response());
    }
    tagged(tag, Json(bucket).into_response())
}

fn listed(digest: &Arc<KeptDigest>, number: u16) -> Result<crate::digest::Bucket, Problem> {
    let bucket = digest.bucket(number).map_err(|error| {
        tracing::error!(%error, "the digest of the state cannot be read");
        Problem::internal()
    })?;
    bucket.ok_or_else(no_bucket)
}

fn no_bucket() -> Problem {
    let text = format!(
        "`bucket` is a number from 0 to {}; without it, all sums come.",
        BUCKETS - 1
    );
    Problem::new(StatusCode::BAD_REQUEST, "no-such-bucket", text)
}

/// Weak: a compressed copy is the same answer in other bytes.
fn tag(generation: u64, seq: u64, sum: &Sum) -> String {
    format!("W/\"{generation}-{seq}-{}\"", &sum.to_string()[..16])
}

/// Does whoever asks hold this already?
fn holds(asked: &HeaderMap, tag: &str) -> bool {
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|held| held.trim() == tag || held.trim() == "*")
}

fn tagged(tag: String, mut response: Response) -> Result<Response, Problem> {
    let tag = HeaderValue::from_str(&tag).map_err(|_| Problem::internal())?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
