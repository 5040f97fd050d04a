//! Our own IRIs answer: `{base}dataset/…`, `record/…`, `agent/…`, `catalog/…`, `service/…`, `series/…`.
//!
//! The description comes from a worker, in the format that Accept prefers. Start at [`describe`].

use super::{
    House, answer::MOVED, asof::Asked, pool::PoolError, problem::Problem, respond, sparql::accept,
    wire::Question,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// First words of our own IRIs.
const SEGMENTS: [&str; 6] = ["dataset", "record", "agent", "catalog", "service", "series"];

pub fn routes() -> Router<House> {
    SEGMENTS.iter().fold(Router::new(), |routes, segment| {
        routes.route(&format!("/{segment}/{{*rest}}"), get(describe))
    })
}

async fn describe(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = own_path(&house, &uri);
    let iri = format!("{}{path}", house.base());
    let asked = Asked::of(&house, &path, uri.query().unwrap_or_default(), &headers)?;
    let view = asked.find(&house)?;
    let snapshot = &view.snapshot;
    let question = Question::Describe {
        snapshot: snapshot.path.clone(),
        iri,
        accept: accept(&headers),
        base: house.base().to_owned(),
    };
    let readers = view.pool(&house, &house.readers);
    let mut response = match readers.ask(question, snapshot).await {
        Err(PoolError::Refused(refused)) if refused.code == MOVED => moved(&refused.detail)?,
        answer => respond::answered(answer?)?,
    };
    view.dress(&house, &mut response);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// One dataset has one address: that of a record of it leads there (RFC 9110, section 15.4.9).
fn moved(there: &str) -> Result<Response, Problem> {
    let there = HeaderValue::from_str(there).map_err(|_| Problem::internal())?;
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    response.headers_mut().insert(header::LOCATION, there);
    Ok(response)
}

/// The path of a request below `public_url`, as our IRIs spell it.
pub(super) fn own_path(house: &House, uri: &Uri) -> String {
    let path = uri.path();
    let path = path
        .strip_prefix(house.prefix())
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path);
    normal(path.trim_start_matches('/'))
}

/// A path as our IRIs spell it: everything but unreserved characters, and the `/`, `:` and `*` that are ours, is percent-encoded,
/// in capitals, however the client wrote it.
fn normal(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let encoded = (byte == b'%')
            .then(|| hex_pair(&mut bytes.clone()))
            .flatten();
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        match encoded {
            Some(decoded) => {
                bytes.next();
                bytes.next();
                if unreserved(decoded) {
                    normal.push(char::from(decoded))
                } else {
                    normal.push_str(&format!("%{decoded:02X}"))
                }
            }
            None if unreserved(byte) || matches!(byte, b'/' | b':' | b'*') => {
                normal.push(char::from(byte))
            }
            None => normal.push_str(&format!("%{byte:02X}")),
        }
    }
    normal
}

fn hex_pair(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(bytes.next()?)? * 16 + digit(bytes.next()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_spelt_as_our_iris_are() {
        for (asked, expected) in [
            ("dataset/moi/1", "dataset/moi/1"),
            ("dataset/moi/a%3ab", "dataset/moi/a%3Ab"),
            ("dataset/moi/a%2fb", "dataset/moi/a%2Fb"),
            ("dataset/moi/%41%7E", "dataset/moi/A~"),
            ("record/moi/catalog:x", "record/moi/catalog:x"),
            ("dataset/moi/人口", "dataset/moi/%E4%BA%BA%E5%8F%A3"),
            ("dataset/moi/100%", "dataset/moi/100%25"),
            ("dataset/moi/long*0a1b", "dataset/moi/long*0a1b"),
            ("dataset/moi/a%2ab", "dataset/moi/a%2Ab"),
            ("dataset/moi/a%zz", "dataset/moi/a%25zz"),
            ("dataset/moi/a+b", "dataset/moi/a%2Bb"),
        ] {
            assert_eq!(normal(asked), expected);
        }
    }
}
