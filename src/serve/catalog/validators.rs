//! What a client may keep its copy of the catalogue by (RFC 9110, section 8.8): tags of the content, so that a publication
//! that changes nothing of a document leaves its tag as it was.
//!
//! The whole catalogue is named by the sum of what it holds, which every publication keeps anyway. Pages and lists are
//! hashed when they are written; what is short waits in memory meanwhile, what is long is written a second time to be sent.
//! The tag is remembered until something is published. A long list of the whole catalogue is named by its newest activity:
//! the commit times in it change with each. So is the past. All tags are weak: a compressed copy is the same document in
//! other bytes. Start at [`Validators`].

use super::{
    super::{
        House,
        asof::http_date,
        pool::{Answer, Body as Given, Piece},
        problem::Problem,
    },
    GENERATION, SEQUENCE,
};
use crate::{snapshot::Published, store::Head};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// Addresses whose tags are remembered: when there are more, all are forgotten. Some 200 bytes each.
const REMEMBERED_MAX: usize = 4_096;

/// What an answer's headers say of its document.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Validators {
    tag: HeaderValue,
    modified: HeaderValue,
    modified_s: i64,
}

/// What a document that is too long to wait in memory has its tag of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Long {
    Content,
    Snapshot,
}

/// Tags of documents that were written since the last publication.
#[derive(Debug, Default)]
pub(in crate::serve) struct Remembered(Mutex<HashMap<String, (Head, String)>>);

impl Remembered {
    fn get(&self, document: &str, head: Head) -> Option<String> {
        let tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, tag) = tags.get(document)?;
        (*of == head).then(|| tag.clone())
    }

    fn put(&self, document: &str, head: Head, tag: &str) {
        let mut tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tags.len() >= REMEMBERED_MAX {
            tags.clear();
        }
        tags.insert(document.to_owned(), (head, tag.to_owned()));
    }
}

impl Validators {
    /// Of a document that the default graph decides, with what `mark` says beside. Where the sum is not at hand (of the past,
    /// or just this moment) it is named by its snapshot.
    pub(in crate::serve) fn of_all(
        house: &House,
        snapshot: &Published,
        mark: &str,
    ) -> Result<Self, Problem> {
        let digest = house.desk.digest();
        let sum = digest.and_then(|digest| digest.sum_at(Head::from(snapshot)));
        match sum {
            Some(sum) => Self::tagged(snapshot, &short(&[&sum.to_string(), mark])),
            None => Self::of_snapshot(snapshot, mark),
        }
    }

    /// Of a document that every publication may change.
    pub(in crate::serve) fn of_snapshot(snapshot: &Published, mark: &str) -> Result<Self, Problem> {
        Self::tagged(snapshot, &named(snapshot, mark))
    }

    /// Of a document whose tag was made when it was last written, if nothing was published since.
    pub(in crate::serve) fn remembered(
        house: &House,
        snapshot: &Published,
        mark: &str,
    ) -> Result<Option<Self>, Problem> {
        let tag = house.tags.get(mark, Head::from(snapshot));
        tag.map(|tag| Self::tagged(snapshot, &tag)).transpose()
    }

    /// Of what a worker gives, and the answer, which has come so far meanwhile. Where the answer is `long` and its tag is to
    /// be of its content all the same, it was read to its end, and has to be asked for again.
    pub(in crate::serve) async fn of_content(
        house: &House,
        snapshot: &Published,
        mark: &str,
        answer: Answer,
        long: Long,
    ) -> Result<(Self, Option<Answer>), Problem> {
        let most = house.config.limits.pages.bytes_max;
        let (hash, answer) = hashed(answer, most, long).await?;
        let tag = match hash {
            Some(hash) => short(&[&hash, mark]),
            None => named(snapshot, mark),
        };
        house.tags.put(mark, Head::from(snapshot), &tag);
        Ok((Self::tagged(snapshot, &tag)?, answer))
    }

    fn tagged(snapshot: &Published, tag: &str) -> Result<Self, Problem> {
        let modified_s = snapshot.published_us.div_euclid(1_000_000);
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::internal());
        Ok(Self {
            tag: value(&format!("W/\"{tag}\""))?,
            modified: value(&http_date(modified_s * 1_000_000))?,
            modified_s,
        })
    }

    /// Into the headers, with the snapshot that the document is of.
    pub(in crate::serve) fn say(self, snapshot: &Published, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag);
        headers.insert(header::LAST_MODIFIED, self.modified);
        headers.insert(GENERATION, HeaderValue::from(snapshot.generation));
        headers.insert(SEQUENCE, HeaderValue::from(snapshot.seq));
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }

    /// Sections 13.1.2 and 13.1.3: If-None-Match decides where it is there.
    pub(in crate::serve) fn still_hold(&self, asked: &HeaderMap) -> bool {
        let tags: Vec<&str> = asked
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if !tags.is_empty() {
            let own = self.tag.to_str().unwrap_or_default();
            let own = own.trim_start_matches("W/");
            return tags
                .iter()
                .flat_map(|line| line.split(','))
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == own);
        }
        asked
            .get(header::IF_MODIFIED_SINCE)
            .and_then(|value| value.to_str().ok())
            .and_then(|since| {
                NaiveDateTime::parse_from_str(since, "%a, %d %b %Y %H:%M:%S GMT").ok()
            })
            .is_some_and(|since| self.modified_s <= since.and_utc().timestamp())
    }
}

/// By its snapshot.
fn named(snapshot: &Published, mark: &str) -> String {
    let Published {
        generation, seq, ..
    } = *snapshot;
    format!("{generation}-{seq}-{}", short(&[mark]))
}

fn short(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

/// Reads an answer, and keeps it as far as `most` bytes. Where it ends before that: its hash, and all of it. Else its hash
/// alone; or, if its snapshot names what is long, the answer with what was read at its beginning.
async fn hashed(
    answer: Answer,
    most: u64,
    long: Long,
) -> Result<(Option<String>, Option<Answer>), Problem> {
    let Answer { media_type, body } = answer;
    let whole = |media_type, hash: Sha256, bytes: Bytes| {
        let body = Given::Whole(bytes);
        let hash = hex::encode(hash.finalize());
        Ok((Some(hash), Some(Answer { media_type, body })))
    };
    let mut hash = Sha256::new();
    let mut pieces = match body {
        Given::Whole(bytes) => {
            hash.update(&bytes);
            return whole(media_type, hash, bytes);
        }
        Given::Stream(pieces) => pieces,
    };
    let (mut read, mut bytes): (Vec<Bytes>, u64) = (Vec::new(), 0);
    loop {
        match pieces.recv().await {
            Some(Piece::Bytes(piece)) => {
                bytes += piece.len() as u64;
                hash.update(&piece);
                read.push(piece);
            }
            Some(Piece::End) if bytes > most => {
                return Ok((Some(hex::encode(hash.finalize())), None));
            }
            Some(Piece::End) => return whole(media_type, hash, Bytes::from(read.concat())),
            None => return Err(Problem::internal()),
        }
        if bytes > most && long == Long::Snapshot {
            let body = Given::Stream(begun(read, pieces));
            return Ok((None, Some(Answer { media_type, body })));
        }
        if bytes > most {
            read.clear();
        }
    }
}

/// What was read already, then the rest.
fn begun(read: Vec<Bytes>, mut rest: mpsc::Receiver<Piece>) -> mpsc::Receiver<Piece> {
    let (give, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        for piece in read {
            if give.send(Piece::Bytes(piece)).await.is_err() {
                return;
            }
        }
        while let Some(piece) = rest.recv().await {
            if give.send(piece).await.is_err() {
                return;
            }
        }
    });
    pieces
}
