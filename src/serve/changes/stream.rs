//! The stream of events: one client that follows, from its cursor to the end of the house.
//!
//! Reads the log as the client takes it, and holds no more of it than one piece. Start at [`events`].

use super::{Cursor, Told, place, read_on, reader, word};
use crate::{
    log::{Activity, After, Log},
    serve::{House, problem::Problem},
    snapshot::Published,
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until},
};

/// Events that are read at a time.
const EVENTS: usize = 500;

/// The stream of events (HTML Standard, section "Server-sent events").
pub(super) async fn events(house: &House, cursor: Cursor) -> Result<Response, Problem> {
    let place = place(house)?;
    let head = house.snapshot()?.seq;
    let (log, after) = reader(house, cursor, head).await?;
    let follower = Follower {
        house: house.clone(),
        published: house.published.clone(),
        log,
        reading: Some((after, head)),
        cursor,
        _place: place,
    };
    let hello = Bytes::from(format!(
        "retry: {}\n\n",
        house.config.limits.changes.retry_ms
    ));
    let rest = stream::unfold(Some(follower), async |follower| follower?.next().await);
    let body = stream::once(async { Ok::<_, io::Error>(hello) }).chain(rest);
    let mut response = Body::from_stream(body.fuse()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept"),
        // nginx would hold events back until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// One client that follows.
struct Follower {
    house: House,
    published: watch::Receiver<Option<Arc<Published>>>,
    log: Log,
    /// A reader of the log, and up to where it reads. None: everything published was told.
    reading: Option<(After, u64)>,
    cursor: Cursor,
    _place: OwnedSemaphorePermit,
}

type Step = Option<(io::Result<Bytes>, Option<Follower>)>;

impl Follower {
    /// The next piece of the stream: events, a heartbeat, or the end.
    async fn next(mut self) -> Step {
        let heartbeat = Duration::from_millis(self.house.config.limits.changes.heartbeat_ms);
        let beat = Instant::now() + heartbeat;
        loop {
            if let Some((reader, up_to)) = self.reading.take() {
                match read_on(reader, EVENTS).await {
                    Ok((_, read)) if read.is_empty() => {}
                    Ok((reader, read)) => {
                        self.reading = Some((reader, up_to));
                        return self.told(&read);
                    }
                    // The connection breaks, and the client asks again.
                    Err(error) => return Some((Err(error), None)),
                }
            }
            let now = self.published.borrow_and_update().clone();
            match now {
                Some(now) if now.generation != self.cursor.generation => return Some(over(&now)),
                Some(now) if now.seq > self.cursor.seq => {
                    match self.log.after(now.generation, self.cursor.seq, now.seq) {
                        Ok(after) => self.reading = Some((after, now.seq)),
                        Err(error) => return Some((Err(error), None)),
                    }
                    continue;
                }
                _ => {}
            }
            tokio::select! {
                changed = self.published.changed() => { changed.ok()?; }
                () = sleep_until(beat) => return Some((Ok(Bytes::from_static(b":\n\n")), Some(self))),
                () = self.house.ending.clone().cancelled_owned() => return None,
            }
        }
    }

    fn told(mut self, read: &[Activity]) -> Step {
        let mut text = String::new();
        for activity in read {
            let told = Told::of(&self.log, self.cursor.generation, activity);
            let data = match serde_json::to_string(&told) {
                Ok(data) => data,
                Err(error) => return Some((Err(error.into()), None)),
            };
            let event = word(activity.verb).to_ascii_lowercase();
            text.push_str(&format!(
                "id: {}\nevent: {event}\ndata: {data}\n\n",
                told.id
            ));
            self.cursor.seq = activity.seq;
        }
        Some((Ok(text.into()), Some(self)))
    }
}

/// History began anew while the client followed: it is told, and the stream ends.
fn over(now: &Published) -> (io::Result<Bytes>, Option<Follower>) {
    let data = json!({ "generation": now.generation, "head": now.seq });
    let text = format!("event: generation\ndata: {data}\n\n");
    (Ok(text.into()), None)
}
