//! Our own IRIs answer: `{base}dataset/…`, `record/…`, `agent/…`, `catalog/…`, `service/…`, `series/…`.
//!
//! The description comes from a worker, in the format that Accept or `format` prefers: RDF, a page, schema.org, or Croissant. Start at [`describe`].

use super::{
    House,
    answer::MOVED,
    asof::Asked,
    fresh,
    negotiate::{self, GRAPHS, Offer},
    openapi::{Routes, table},
    pages,
    pool::PoolError,
    portrait::Portrait,
    problem::Problem,
    quality,
    sitemap::site,
    sparql::accept,
    wire::{Framed, Question},
};
use crate::{links::told::Checked, snapshot::Published};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

/// First words of our own IRIs.
const SEGMENTS: [&str; 6] = ["dataset", "record", "agent", "catalog", "service", "series"];

pub fn routes() -> Routes {
    SEGMENTS.iter().fold(Routes::new(), |routes, segment| {
        routes.route(table::own_iri(segment), get(describe))
    })
}

async fn describe(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = own_path(&house, &uri);
    let iri = format!("{}{path}", house.base());
    let query = uri.query().unwrap_or_default();
    let asked = Asked::of(&house, &path, query, &headers)?;
    let form = Form::of(query, accept(&headers))?;
    let view = asked.find(&house)?;
    let snapshot = &view.snapshot;
    let is_page = form == Form::Portrait(Portrait::Page);
    let question = match form {
        Form::Graph(accept) => Question::Describe {
            snapshot: snapshot.path.clone(),
            iri,
            accept,
            base: house.base().to_owned(),
        },
        Form::Portrait(portrait) => Question::Portray {
            snapshot: snapshot.path.clone(),
            portrait,
            site: site(&house, snapshot),
            framed: Framed {
                // Of today: nobody kept how addresses fared in the past.
                checks: match is_page && view.newest {
                    true => checks(&house, snapshot, &iri).await?,
                    false => None,
                },
                ..framed(&house, &uri, &headers)
            },
            iri,
        },
    };
    let readers = view.pool(&house, &house.readers);
    let mut response = match readers.ask(question, snapshot).await {
        Err(PoolError::Refused(refused)) if refused.code == MOVED => {
            moved(&refused.detail, format_of(query))?
        }
        answer => fresh::answered(answer?, snapshot, &headers)?,
    };
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    if is_page {
        pages::dress(&mut response, &uri)?;
    }
    view.dress(&house, &mut response);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// How the addresses fare of the dataset that is told of under an IRI of ours.
async fn checks(
    house: &House,
    snapshot: &Arc<Published>,
    iri: &str,
) -> Result<Option<Checked>, Problem> {
    if house.desk.links().is_none() {
        return Ok(None);
    }
    match house.whose(snapshot, iri).await? {
        Some(entity) => quality::checks(house, &entity).await,
        None => quality::checks(house, iri).await,
    }
}

/// What a worker has to know of the page around an entity.
fn framed(house: &House, uri: &Uri, headers: &HeaderMap) -> Framed {
    let frame = pages::frame(house, uri, headers, |_| String::new());
    let sources = house.desk.sources().into_iter();
    Framed {
        language: frame.language().tag().to_owned(),
        title: frame.site,
        path: frame.path,
        query: frame.query,
        feedback: house.desk.feedback().map(|feedback| feedback.is_open()),
        portals: sources
            .filter(|source| source.portal)
            .map(|source| source.id)
            .collect(),
        checks: None,
    }
}

/// What is asked for: a graph in one of the formats that are accepted, or another form.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Graph(String),
    Portrait(Portrait),
}

impl Form {
    /// `format` counts instead of the Accept header: for links, which cannot set one.
    fn of(query: &str, accept: String) -> Result<Self, Problem> {
        let format = format_of(query).map(|format| {
            let spaced = format.replace('+', " ");
            let text = percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy();
            text.into_owned()
        });
        let Some(format) = format.filter(|format| !format.is_empty()) else {
            return Ok(Self::accepted(accept));
        };
        if let Some(portrait) = Portrait::named(&format) {
            return Ok(Self::Portrait(portrait));
        }
        let media_type = negotiate::named(&format).ok_or_else(|| {
            let detail = format!(
                "`format` is {format:?}; expected is html, schemaorg, croissant, ttl, nt, json, xml or a media type."
            );
            Problem::bad_request("unknown-format", detail)
        })?;
        Ok(Self::accepted(media_type))
    }

    fn accepted(accept: String) -> Self {
        let graphs = GRAPHS.iter().map(|offer| Offer {
            media_type: offer.media_type,
            format: None,
        });
        let page = Offer {
            media_type: Portrait::Page.media_type(),
            format: Some(Portrait::Page),
        };
        let offers: Vec<_> = graphs.chain([page]).collect();
        let chosen = negotiate::choose(&accept, &offers);
        match chosen.map(|offer| (offer.format, offer.media_type)) {
            Some((Some(portrait), _)) => Self::Portrait(portrait),
            Some((None, "application/ld+json")) if speaks_schema_org(&accept) => {
                Self::Portrait(Portrait::SchemaOrg)
            }
            _ => Self::Graph(accept),
        }
    }
}

/// JSON-LD with the profile of schema.org (RFC 6906).
fn speaks_schema_org(accept: &str) -> bool {
    accept.split(',').any(|range| {
        range.trim_start().starts_with("application/ld+json")
            && ["\"https://schema.org", "\"http://schema.org"]
                .iter()
                .any(|profile| range.contains(profile))
    })
}

/// The first `format` of a query, as it was written.
fn format_of(query: &str) -> Option<&str> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| pair.strip_prefix("format="))
}

/// One dataset has one address: that of a record of it leads there (RFC 9110, section 15.4.9).
fn moved(there: &str, format: Option<&str>) -> Result<Response, Problem> {
    let there = match format {
        Some(format) => format!("{there}?format={format}"),
        None => there.to_owned(),
    };
    let there = HeaderValue::from_str(&there).map_err(|_| Problem::internal())?;
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
    fn the_form_is_what_is_liked_best() {
        let graph = |accept: &str| Ok(Form::Graph(accept.to_owned()));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let profile = "application/ld+json;profile=\"https://schema.org/\", text/turtle;q=0.5";
        for (query, accept, expected) in [
            ("", "", graph("")),
            ("", "*/*", graph("*/*")),
            ("", browser, Ok(Form::Portrait(Portrait::Page))),
            ("format=ttl", browser, graph("text/turtle")),
            (
                "as-of=1-2&format=text%2Fturtle",
                browser,
                graph("text/turtle"),
            ),
            (
                "format=schemaorg",
                "*/*",
                Ok(Form::Portrait(Portrait::SchemaOrg)),
            ),
            ("format=html", "*/*", Ok(Form::Portrait(Portrait::Page))),
            ("", profile, Ok(Form::Portrait(Portrait::SchemaOrg))),
            ("", "application/ld+json", graph("application/ld+json")),
            ("format=pdf", "*/*", Err("unknown-format".to_owned())),
        ] {
            let found = Form::of(query, accept.to_owned()).map_err(|problem| problem.code);
            assert_eq!(found, expected, "{query} {accept}");
        }
    }

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
