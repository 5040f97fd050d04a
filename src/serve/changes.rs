//! `/changes`: what happened to the catalogue, activity by activity, without the bodies: as server-sent events, or in
//! JSON a page at a time, waited for where nothing has happened yet; for people as a page.
//!
//! Tells nothing that is not published, and never leaves an activity out: where the log does not hold one any more, or
//! belongs to another generation, the answer is 410. A stream reads the log as its client takes it, so that a slow client
//! costs no memory; one that takes nothing is cut by the listener and goes on with Last-Event-ID. Start at [`changes`]; streams are in `stream.rs`.

mod stream;

use super::{
    House, fresh,
    negotiate::{self, Offer},
    openapi::{Routes, table},
    pages,
    problem::Problem,
    sparql::accept,
};
use crate::{
    log::{Activity, After, Log, Verb, date_time},
    snapshot::Published,
};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::sleep};

/// Limits of `/changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesLimits {
    /// Streams and waiting questions at one time; one more is answered 503.
    pub streams_max: usize,
    /// A stream on which nothing happens says so, so that proxies leave it open.
    pub heartbeat_ms: u64,
    /// How long a client is told to wait before it connects again.
    pub retry_ms: u64,
    /// Activities in one JSON answer.
    pub page_activities_max: usize,
    /// Longest wait for a JSON answer.
    pub wait_ms_max: u64,
}

impl Default for ChangesLimits {
    fn default() -> Self {
        Self {
            streams_max: 64,
            heartbeat_ms: 15_000,
            retry_ms: 3_000,
            page_activities_max: 1_000,
            wait_ms_max: 60_000,
        }
    }
}

pub fn routes() -> Routes {
    Routes::new().route(table::changes(), get(changes))
}

/// One activity as it is told to the world: everything but the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Generation and sequence number: where to go on after it.
    pub id: String,
    pub seq: u64,
    /// `Create`, `Update` or `Delete` of Activity Streams 2.0.
    #[serde(rename = "type")]
    pub kind: String,
    /// IRI of the entity.
    pub object: String,
    pub published: String,
    /// IRI of the activity.
    pub activity: String,
}

impl Told {
    pub fn of(log: &Log, generation: u64, activity: &Activity) -> Self {
        Self {
            id: format!("{generation}-{}", activity.seq),
            seq: activity.seq,
            kind: word(activity.verb).to_owned(),
            object: activity.entity.clone(),
            published: date_time(activity.published_us),
            activity: log.activity_iri(generation, activity.seq),
        }
    }
}

/// The word of Activity Streams 2.0.
pub fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "Create",
        Verb::Update => "Update",
        Verb::Delete => "Delete",
    }
}

#[derive(Deserialize)]
struct Wanted {
    after: Option<String>,
    /// Of the page: activities before this one.
    before: Option<u64>,
    wait_ms: Option<String>,
    limit: Option<String>,
}

#[derive(Clone, Copy)]
enum Format {
    Json,
    Events,
    Page,
}

/// Where a client stands: the last activity it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    generation: u64,
    seq: u64,
}

async fn changes(
    State(house): State<House>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    const OFFERS: &[Offer<Format>] = &[
        Offer {
            media_type: "application/json",
            format: Format::Json,
        },
        Offer {
            media_type: "text/event-stream",
            format: Format::Events,
        },
        Offer {
            media_type: "text/html",
            format: Format::Page,
        },
    ];
    let offer = negotiate::best(&accept(&headers), OFFERS)?;
    if matches!(offer.format, Format::Page) {
        return pages::changes::page(&house, wanted.before, &uri, &headers).await;
    }
    let newest = house.snapshot()?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .filter(|id| !id.is_empty());
    // A client that connects again asks the address it began with: what it has seen since counts.
    let said = match (offer.format, last) {
        (Format::Events, Some(last)) => Some(last),
        _ => wanted.after.as_deref(),
    };
    let begin = match offer.format {
        Format::Events => newest.seq,
        _ => 0,
    };
    let cursor = cursor(said, begin, &newest)?;
    match offer.format {
        Format::Events => stream::events(&house, cursor).await,
        _ => page(&house, cursor, &wanted, &headers).await,
    }
}

/// `42`, or `1-42` with its generation.
fn cursor(said: Option<&str>, begin: u64, newest: &Published) -> Result<Cursor, Problem> {
    let Published {
        generation, seq, ..
    } = *newest;
    let parsed = match said {
        None => Some(Cursor {
            generation,
            seq: begin,
        }),
        Some(text) => match text.split_once('-') {
            Some((of, seq)) => of
                .parse()
                .ok()
                .zip(seq.parse().ok())
                .map(|(generation, seq)| Cursor { generation, seq }),
            None => text.parse().ok().map(|seq| Cursor { generation, seq }),
        },
    };
    let at = |problem: Problem| {
        problem
            .with_member("generation", generation)
            .with_member("head", seq)
    };
    let cursor = parsed.ok_or_else(|| {
        let expected = "expected the id of an activity (1-42) or its sequence number (42)";
        Problem::bad_request(
            "after",
            format!("`after` is {:?}; {expected}.", said.unwrap_or_default()),
        )
    })?;
    if cursor.generation != generation {
        return Err(at(other_generation(cursor.generation)));
    }
    if cursor.seq > seq {
        return Err(at(Problem::bad_request(
            "after-ahead",
            format!(
                "Activity {} is not published; the newest is `head`.",
                cursor.seq
            ),
        )));
    }
    Ok(cursor)
}

fn other_generation(asked: u64) -> Problem {
    Problem::new(
        StatusCode::GONE,
        "other-generation",
        format!(
            "History began anew: generation {asked} is over. Take the whole catalogue, then follow `generation`."
        ),
    )
}

/// The log, and a reader that stands after a cursor.
async fn reader(house: &House, cursor: Cursor, head: u64) -> Result<(Log, After), Problem> {
    let (dir, base) = (house.config.data_dir.join("log"), house.base().to_owned());
    let opened = tokio::task::spawn_blocking(move || {
        let log = Log::open(dir, &base)?;
        let begins = log.begins(cursor.generation)?;
        let after = log.after(cursor.generation, cursor.seq, head);
        Ok::<_, io::Error>((log, begins, after))
    });
    match opened.await.map_err(io::Error::other).flatten() {
        Ok((log, _, Ok(after))) => Ok((log, after)),
        Ok((_, begins, Err(error))) if error.kind() == io::ErrorKind::NotFound => Err(Problem::new(
            StatusCode::GONE,
            "changes-gone",
            "The log does not go back so far. Take the whole catalogue, then go on from what it shows.",
        )
        .with_member("generation", cursor.generation)
        .with_member("head", head)
        .with_member("begins", begins)),
        Ok((_, _, Err(error))) | Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(%error, "the change log could not be read");
    Problem::internal()
}

/// Reads on in the log, off the threads that serve.
async fn read_on(mut reader: After, most: usize) -> io::Result<(After, Vec<Activity>)> {
    tokio::task::spawn_blocking(move || {
        let read = reader.by_ref().take(most).collect::<io::Result<Vec<_>>>()?;
        Ok((reader, read))
    })
    .await
    .map_err(io::Error::other)?
}

fn number(said: Option<&str>, name: &str, default: u64, most: u64) -> Result<u64, Problem> {
    match said.map(str::parse::<u64>) {
        None => Ok(default),
        Some(Ok(number)) => Ok(number.min(most)),
        Some(Err(_)) => Err(Problem::bad_request(
            name,
            format!("`{name}` is {said:?}; expected a whole number."),
        )),
    }
}

/// A page of activities in JSON. Where there is none yet it is waited for, if the client wants that.
async fn page(
    house: &House,
    mut cursor: Cursor,
    wanted: &Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let limits = &house.config.limits.changes;
    let wait_ms = number(wanted.wait_ms.as_deref(), "wait_ms", 0, limits.wait_ms_max)?;
    let most = limits.page_activities_max;
    let limit = number(wanted.limit.as_deref(), "limit", most as u64, most as u64)?;
    let mut head = house.snapshot()?;
    if head.seq == cursor.seq && wait_ms > 0 {
        let _place = place(house)?;
        head = beyond(house, cursor, Duration::from_millis(wait_ms)).await?;
    }
    if head.generation != cursor.generation {
        return Err(other_generation(cursor.generation)
            .with_member("generation", head.generation)
            .with_member("head", head.seq));
    }
    let (log, after) = reader(house, cursor, head.seq).await?;
    let limit = usize::try_from(limit.max(1)).unwrap_or(most);
    let (_, read) = read_on(after, limit).await.map_err(|e| unreadable(&e))?;
    let told: Vec<Told> = read
        .iter()
        .map(|a| Told::of(&log, cursor.generation, a))
        .collect();
    cursor.seq = read.last().map_or(cursor.seq, |last| last.seq);
    let page = json!({
        "generation": cursor.generation,
        "head": head.seq,
        "next": format!("{}-{}", cursor.generation, cursor.seq),
        "more": cursor.seq < head.seq,
        "activities": told,
    });
    let mut response = fresh::json(&page, headers)?;
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// What is published once it is beyond the cursor, or after the wait.
async fn beyond(house: &House, cursor: Cursor, wait: Duration) -> Result<Arc<Published>, Problem> {
    let mut published = house.published.clone();
    let moved = published.wait_for(|now| {
        now.as_ref()
            .is_some_and(|now| now.generation != cursor.generation || now.seq > cursor.seq)
    });
    tokio::select! {
        _ = moved => {}
        () = sleep(wait) => {}
        () = house.ending.cancelled() => {}
    }
    house.snapshot()
}

fn place(house: &House) -> Result<OwnedSemaphorePermit, Problem> {
    const RETRY_AFTER_S: u32 = 10;
    house
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| {
            Problem::unavailable(
                "too-many-streams",
                "As many clients follow the changes as may at one time; try again shortly, or ask without waiting.",
                RETRY_AFTER_S,
            )
        })
}
