//! One file of a dump as HTTP gives it: whole, or a part of it (RFC 9110, sections 13 and 14).
//!
//! Start at [`give`].

use super::{
    super::{
        catalog::{GENERATION, SEQUENCE},
        layers,
        problem::Problem,
    },
    modified,
    shelf::{Entry, Set},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{convert::Infallible, io::SeekFrom};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

pub const MEDIA_TYPE: &str = "application/zstd";
/// RFC 9530: of the whole file, also where a part of it comes.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const PIECE_BYTES: usize = 64 * 1024;

/// What of the file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// From this byte to before that one.
    Bytes(u64, u64),
    None,
}

pub async fn give(
    set: &Set,
    entry: &Entry,
    open: File,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", entry.sha256.get(..32).unwrap_or_default());
    let modified = modified(set);
    let part = match method {
        &Method::HEAD => Part::Whole,
        _ if if_range_holds(asked, &tag, &modified) => part(asked, entry.bytes),
        _ => Part::Whole,
    };
    let mut response = if held(asked, &tag, &modified) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match part {
            Part::Whole => body(open, 0, entry.bytes, StatusCode::OK, method).await?,
            Part::Bytes(from, until) => {
                let mut response =
                    body(open, from, until, StatusCode::PARTIAL_CONTENT, method).await?;
                let range = format!("bytes {from}-{}/{}", until - 1, entry.bytes);
                put(&mut response, header::CONTENT_RANGE, &range)?;
                response
            }
            Part::None => return Err(outside(entry)?),
        }
    };
    put(&mut response, header::ETAG, &tag)?;
    put(&mut response, header::LAST_MODIFIED, &modified)?;
    put(&mut response, header::ACCEPT_RANGES, "bytes")?;
    put(
        &mut response,
        header::CACHE_CONTROL,
        "public, max-age=604800, immutable",
    )?;
    let hash = hex::decode(&entry.sha256).map_err(|_| Problem::internal())?;
    let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(hash));
    put(&mut response, REPR_DIGEST, &digest)?;
    let headers = response.headers_mut();
    headers.insert(GENERATION, HeaderValue::from(set.generation));
    headers.insert(SEQUENCE, HeaderValue::from(set.seq));
    // The tag, the length and the ranges are of these very bytes.
    response.extensions_mut().insert(layers::AsItIs);
    Ok(response)
}

fn put(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::from_str(value).map_err(|_| Problem::internal())?;
    response.headers_mut().insert(name, value);
    Ok(())
}

async fn body(
    mut file: File,
    from: u64,
    until: u64,
    status: StatusCode,
    method: &Method,
) -> Result<Response, Problem> {
    let body = if method == Method::HEAD {
        Body::from_stream(futures_util::stream::empty::<Result<Bytes, Infallible>>())
    } else {
        file.seek(SeekFrom::Start(from)).await.map_err(|error| {
            tracing::error!(%error, "a dump could not be read");
            Problem::internal()
        })?;
        Body::from_stream(ReaderStream::with_capacity(
            file.take(until - from),
            PIECE_BYTES,
        ))
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(until - from));
    Ok(response)
}

fn outside(entry: &Entry) -> Result<Problem, Problem> {
    let range = format!("bytes */{}", entry.bytes);
    let range = HeaderValue::from_str(&range).map_err(|_| Problem::internal())?;
    let text = format!("The file has {} bytes, none of them in Range.", entry.bytes);
    Ok(
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", text)
            .with_header(header::CONTENT_RANGE, range),
    )
}

fn said<'h>(asked: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    asked.get(name).and_then(|value| value.to_str().ok())
}

/// Sections 13.1.2 and 13.1.3: If-None-Match decides where it is there.
fn held(asked: &HeaderMap, tag: &str, modified: &str) -> bool {
    if asked.contains_key(header::IF_NONE_MATCH) {
        return asked
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(|held| held.trim().trim_start_matches("W/"))
            .any(|held| held == "*" || held == tag);
    }
    let time =
        |text: &str| chrono::NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok();
    let since = said(asked, &header::IF_MODIFIED_SINCE).and_then(time);
    since.is_some_and(|since| time(modified).is_some_and(|modified| modified <= since))
}

/// Section 13.1.5: a part is only worth something to who has the rest of the same file.
fn if_range_holds(asked: &HeaderMap, tag: &str, modified: &str) -> bool {
    match asked.get(header::IF_RANGE) {
        None => true,
        Some(held) => held
            .to_str()
            .is_ok_and(|held| held == tag || held == modified),
    }
}

/// Section 14.2. Several ranges, and what is none, may be passed over: then the whole file comes.
fn part(asked: &HeaderMap, bytes: u64) -> Part {
    let range = said(asked, &header::RANGE).and_then(|range| range.split_once('='));
    let Some((unit, range)) = range else {
        return Part::Whole;
    };
    let ends = range.trim().split_once('-');
    let (Some((first, last)), true) = (ends, unit.trim().eq_ignore_ascii_case("bytes")) else {
        return Part::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (first, number(first), last, number(last)) {
        ("", _, _, Some(0)) => Part::None,
        ("", _, _, Some(_)) if bytes == 0 => Part::None,
        ("", _, _, Some(suffix)) => Part::Bytes(bytes.saturating_sub(suffix), bytes),
        (_, Some(from), "", _) if from < bytes => Part::Bytes(from, bytes),
        (_, Some(from), _, Some(last)) if last < from => Part::Whole,
        (_, Some(from), _, Some(last)) if from < bytes => {
            Part::Bytes(from, last.saturating_add(1).min(bytes))
        }
        (_, Some(_), "", _) | (_, Some(_), _, Some(_)) => Part::None,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_range_is_one_of_bytes() {
        for (range, expected) in [
            ("bytes=0-", Part::Bytes(0, 100)),
            ("bytes=0-0", Part::Bytes(0, 1)),
            ("Bytes=10-19", Part::Bytes(10, 20)),
            ("bytes=90-1000", Part::Bytes(90, 100)),
            ("bytes=90-99999999999999999999999", Part::Bytes(90, 100)),
            ("bytes=-10", Part::Bytes(90, 100)),
            ("bytes=-1000", Part::Bytes(0, 100)),
            ("bytes=100-", Part::None),
            ("bytes=100-200", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=20-10", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes", Part::Whole),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(header::RANGE, range.parse().unwrap());
            assert_eq!(part(&asked, 100), expected, "{range}");
        }
        assert_eq!(part(&HeaderMap::new(), 100), Part::Whole);
    }

    #[test]
    fn a_part_is_given_to_who_has_the_same_file() {
        let date = "Thu, 01 Jan 2026 00:00:00 GMT";
        for (held, expected) in [
            (None, true),
            (Some("\"a\""), true),
            (Some(date), true),
            (Some("\"b\""), false),
            (Some("W/\"a\""), false),
            (Some("Fri, 02 Jan 2026 00:00:00 GMT"), false),
        ] {
            let mut asked = HeaderMap::new();
            if let Some(held) = held {
                asked.insert(header::IF_RANGE, held.parse().unwrap());
            }
            assert_eq!(if_range_holds(&asked, "\"a\"", date), expected, "{held:?}");
        }
    }
}
