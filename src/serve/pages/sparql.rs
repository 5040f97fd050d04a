//! The page of the SPARQL endpoint: an editor and examples without a query, and what a query found with one.
//!
//! The query is evaluated as for any client; of the answer so much is read as the page shows. Start at [`empty`] and
//! [`found`].

mod picture;
mod places;
mod read;

use super::{answer, dress, frame};
use crate::{
    config::QueryLimits,
    serve::{
        House, negotiate,
        pool::{Body, Piece},
        problem::{Own, Problem},
    },
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use harvestd_web::{
    Frame, Template, assets,
    frame::encoded,
    sparql::{Answer, Failure, Found, Sparql},
};
use std::{collections::HashMap, time::Instant};

/// What stands in the editor where nobody has asked anything.
const FIRST: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#>\nPREFIX dct: <http://purl.org/dc/terms/>\n\
                     SELECT ?dataset ?title WHERE {\n  ?dataset a dcat:Dataset ; dct:title ?title .\n} LIMIT 20";
/// What is read of an answer, whatever the form of the query: results in JSON, a graph in N-Triples.
pub const READ: &str = "application/sparql-results+json,application/n-triples;q=0.9";
/// Of the editor, where the daemon was built with it.
const EDITOR: [&str; 2] = ["yasqe.min.js", "yasqe.min.css"];

/// What a page is made of beside the answer.
pub struct Asked<'a> {
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub query: String,
    /// The parameters of the address, or of the form.
    pub parameters: HashMap<String, String>,
    pub began: Instant,
}

/// The page without a query.
pub fn empty(house: &House, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let page = Sparql {
        frame: framed(house, uri, headers),
        query: FIRST.to_owned(),
        as_of: None,
        failure: None,
        answer: None,
    };
    answer(&page, uri, headers)
}

fn framed(house: &House, uri: &Uri, headers: &HeaderMap) -> Frame {
    let mut frame = frame(house, uri, headers, |_| "SPARQL".to_owned());
    // The other spelling of the address is the same room.
    frame.path = "/sparql".to_owned();
    frame.loads = EDITOR
        .into_iter()
        .filter(|name| assets::has(name))
        .collect();
    frame
}

/// The page of a query with what it found, or with what is wrong.
pub async fn found(
    house: &House,
    asked: Asked<'_>,
    body: Result<(String, Body), Problem>,
) -> Result<Response, Problem> {
    let limits = &house.config.limits.query;
    let frame = framed(house, asked.uri, asked.headers);
    let found = match body {
        Ok((media_type, body)) => read_answer(limits, &frame, &asked, &media_type, body).await,
        Err(problem) => Err(problem),
    };
    let (status, answer, failure) = match found {
        Ok(answer) => (StatusCode::OK, Some(answer), None),
        Err(problem) => (problem.status, None, Some(problem)),
    };
    let retry = failure.as_ref().and_then(|problem| {
        let mut headers = problem.headers.iter();
        let found = headers.find(|(name, _)| *name == header::RETRY_AFTER);
        found.map(|(_, value)| value.clone())
    });
    let page = Sparql {
        frame,
        as_of: asked.parameters.get("as-of").cloned(),
        query: asked.query,
        failure: failure.map(told),
        answer,
    };
    let text = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::internal()
    })?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let mut response = (status, kind, text).into_response();
    dress(&mut response, asked.uri)?;
    response.extensions_mut().insert(Own);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(retry) = retry {
        headers.insert(header::RETRY_AFTER, retry);
    }
    Ok(response)
}

fn told(problem: Problem) -> Failure {
    let number = |name: &str| problem.members.get(name)?.as_u64();
    Failure {
        place: number("line").zip(number("column")),
        code: problem.code,
        detail: problem.detail,
    }
}

async fn read_answer(
    limits: &QueryLimits,
    frame: &Frame,
    asked: &Asked<'_>,
    media_type: &str,
    body: Body,
) -> Result<Answer, Problem> {
    let (bytes, whole) = beginning(body, limits.page_bytes_max).await?;
    let is_graph = media_type.starts_with("application/n-triples");
    let rows_max = limits.page_rows_max;
    let base = asked_base(frame);
    let found = match is_graph {
        true => read::graph(&bytes, whole, rows_max, &base),
        false => read::results(&bytes, whole, rows_max, &base),
    };
    let found = found.map_err(|error| {
        tracing::error!(error, "an answer of a worker cannot be read");
        Problem::internal()
    })?;
    let took_ms = u64::try_from(asked.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (picture, mappable) = match &found {
        Found::Table(table) => {
            let wanted = |name: &str| asked.parameters.get(name).map(String::as_str);
            let wanted = [wanted("chart"), wanted("x"), wanted("y")];
            let places = places::of(table);
            let picture = picture::of(frame.words, table, &places, wanted);
            (picture, !places.is_empty())
        }
        Found::Truth(_) => (None, false),
    };
    Ok(Answer {
        mappable,
        forms: forms(frame, asked, is_graph),
        found,
        took_ms,
        picture,
    })
}

/// What IRIs of ours begin with, and what their pages' addresses do.
pub struct Base {
    pub iris: String,
    pub pages: String,
}

fn asked_base(frame: &Frame) -> Base {
    Base {
        iris: frame.base.clone(),
        pages: format!("{}/", frame.prefix),
    }
}

/// So many bytes of an answer at most, and whether they are all of it.
async fn beginning(body: Body, most: usize) -> Result<(Vec<u8>, bool), Problem> {
    let mut pieces = match body {
        Body::Whole(bytes) => return Ok((bytes.to_vec(), true)),
        Body::Stream(pieces) => pieces,
    };
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match pieces.recv().await {
            Some(Piece::Bytes(piece)) => bytes.extend_from_slice(&piece),
            Some(Piece::End) => return Ok((bytes, true)),
            None => {
                let text = "The answer broke off: the query took longer or needed more memory than it may.";
                let status = StatusCode::GATEWAY_TIMEOUT;
                return Err(Problem::new(status, "answer-broke", text));
            }
        }
    }
    Ok((bytes, false))
}

/// The whole answer in each form, by its address: what was asked, as it was asked.
fn forms(frame: &Frame, asked: &Asked<'_>, is_graph: bool) -> Vec<(&'static str, String)> {
    let names: &[(&str, &str)] = match is_graph {
        true => &[
            ("Turtle", "ttl"),
            ("N-Triples", "nt"),
            ("RDF/XML", "rdf"),
            ("JSON-LD", "json-ld"),
        ],
        false => &[
            ("CSV", "csv"),
            ("TSV", "tsv"),
            ("JSON", "json"),
            ("XML", "xml"),
        ],
    };
    let mut rest = String::new();
    for name in ["as-of", "default-graph-uri", "named-graph-uri"] {
        if let Some(value) = asked.parameters.get(name) {
            rest.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let place = frame.to("/sparql");
    let query = encoded(&asked.query);
    let known = names
        .iter()
        .filter(|(_, name)| negotiate::named(name).is_some());
    known
        .map(|(name, format)| {
            (
                *name,
                format!("{place}?query={query}{rest}&format={format}"),
            )
        })
        .collect()
}
