//! The feed: `/feed`, its pages and nodes `/feed/{generation}/{pages}`, and the IRIs of activities.
//!
//! Each by Accept, or with an ending (`.trig`, `.jsonld`, `.nq`). Hands out what [`crate::feed_cache`] has; writes nothing
//! itself. Start at [`give`].

use super::{
    House, layers,
    negotiate::{self, Offer},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
};
use crate::{
    feed::{Syntax, tree},
    feed_cache::{CacheError, Prepared, Source, What},
    snapshot::Published,
    store::{Head, PAGE},
};
use async_compression::tokio::bufread::GzipDecoder;
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{convert::Infallible, io::Cursor, sync::Arc};
use tokio::io::{AsyncRead, BufReader};
use tokio_util::io::ReaderStream;

/// The preferred first: clients that take anything get what the profile asks for, and what costs them least.
const OFFERS: [Offer<Syntax>; 4] = [
    offer("application/trig", Syntax::TriG),
    offer("application/ld+json", Syntax::JsonLd),
    offer("application/n-quads", Syntax::NQuads),
    offer("application/json", Syntax::JsonLd),
];

/// The doors beside the feed, for clients that know none of our words (RFC 8288; `monitor` is of RFC 5989).
const LINKS: [(&str, &str); 3] = [
    ("monitor", "changes"),
    ("related", "feed/state"),
    ("alternate", "catalog.nq"),
];

const fn offer(media_type: &'static str, format: Syntax) -> Offer<Syntax> {
    Offer { media_type, format }
}

pub fn routes() -> Routes {
    let mut routes = Routes::new()
        .route(
            table::feed(),
            get(
                async |State(house): State<House>, method: Method, headers: HeaderMap| {
                    give(&house, What::Root, None, &method, &headers).await
                },
            ),
        )
        .route(table::feed_node(), get(node))
        .route(table::activity(), get(activity));
    for syntax in Syntax::ALL {
        let root = async move |State(house): State<House>, method: Method, headers: HeaderMap| {
            give(&house, What::Root, Some(syntax), &method, &headers).await
        };
        routes = routes.route(table::feed_as(syntax.extension()), get(root));
    }
    routes
}

async fn node(
    State(house): State<House>,
    Path((generation, node)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("The feed has no page of that name.");
    let (name, ending) = match node.split_once('.') {
        Some((name, ending)) => (name, Some(ending)),
        None => (node.as_str(), None),
    };
    let syntax = ending.map(|ending| {
        let named = |syntax: &Syntax| syntax.extension() == ending;
        Syntax::ALL.into_iter().find(named).ok_or_else(unknown)
    });
    let pages = tree::named(name).ok_or_else(unknown)?;
    let snapshot = house.snapshot()?;
    current(&house, &snapshot, &generation)?;
    give(
        &house,
        What::Node(pages),
        syntax.transpose()?,
        &method,
        &headers,
    )
    .await
}

/// An activity's IRI leads to the page on which it stands.
async fn activity(
    State(house): State<House>,
    Path((generation, seq)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    current(&house, &snapshot, &generation)?;
    let seq = seq
        .parse()
        .ok()
        .filter(|seq| (1..=snapshot.seq).contains(seq));
    let seq: u64 = seq.ok_or_else(|| Problem::not_found("There is no activity of that number."))?;
    let page = (seq - 1) / PAGE;
    let to = house
        .feed
        .feed(Head::from(&*snapshot))
        .node(&(page..page + 1));
    let to = HeaderValue::from_str(&to).map_err(|_| Problem::internal())?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// Refuses another generation than the one that is published: an older one is gone for good.
fn current(house: &House, snapshot: &Published, generation: &str) -> Result<(), Problem> {
    let now = snapshot.generation;
    match generation.parse::<u64>() {
        Ok(asked) if asked == now && generation == now.to_string() => Ok(()),
        Ok(asked) if (1..now).contains(&asked) => Err(gone(
            house,
            snapshot,
            "generation-ended",
            &format!(
                "Generation {asked} of the feed has ended; its history is not to be followed any more. Forget what was taken from it, and begin with generation {now}."
            ),
        )),
        _ => Err(Problem::not_found("The feed has no such generation.")),
    }
}

/// 410, and where to go from here: the view, and a dump that says up to which activity it holds everything.
fn gone(house: &House, snapshot: &Published, code: &str, detail: &str) -> Problem {
    let (view, dump) = (
        house.feed.feed(Head::from(snapshot)).view(),
        format!("{}catalog.nq", house.base()),
    );
    let problem = Problem::new(StatusCode::GONE, code, detail)
        .with_member("view", view.clone())
        .with_member("dump", dump.clone())
        .with_member("generation", snapshot.generation)
        .with_member("sequence", snapshot.seq);
    let links = [(view, "successor-version"), (dump, "alternate")];
    links.into_iter().fold(
        problem,
        |problem, (to, relation)| match HeaderValue::from_str(&format!(
            "<{to}>; rel=\"{relation}\""
        )) {
            Ok(link) => problem.with_header(header::LINK, link),
            Err(_) => problem,
        },
    )
}

async fn give(
    house: &House,
    what: What,
    syntax: Option<Syntax>,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let syntax = match syntax {
        Some(syntax) => syntax,
        None => negotiate::best(&accept(asked), &OFFERS)?.format,
    };
    let snapshot = house.snapshot()?;
    let is_root = what == What::Root;
    let prepared = {
        let (cache, head) = (Arc::clone(&house.feed), Head::from(&*snapshot));
        tokio::task::spawn_blocking(move || cache.find(head, &what, syntax))
            .await
            .map_err(|_| Problem::internal())?
            .map_err(|error| refused(house, &snapshot, &error))?
    };
    let gzip = takes_gzip(asked);
    let tag = |coding: &str| HeaderValue::from_str(&format!("\"{}{coding}\"", prepared.tag));
    let (plain, packed) = match (tag(""), tag("-gzip")) {
        (Ok(plain), Ok(packed)) => (plain, packed),
        _ => return Err(Problem::internal()),
    };
    let holds = still_holds(asked, &[&plain, &packed]);
    let cache = match prepared.closed {
        true => "public, max-age=604800, immutable",
        false => "public, no-cache",
    };
    let mut response = if holds {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        full(prepared, syntax, gzip, method)
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, if gzip { packed } else { plain });
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Encoding"),
    );
    if is_root {
        for (relation, path) in LINKS {
            let link = format!("<{}{path}>; rel=\"{relation}\"", house.base());
            let link = HeaderValue::from_str(&link).map_err(|_| Problem::internal())?;
            headers.append(header::LINK, link);
        }
    }
    // The tag is of these very bytes.
    response.extensions_mut().insert(layers::AsItIs);
    Ok(response)
}

fn refused(house: &House, snapshot: &Published, error: &CacheError) -> Problem {
    match error {
        CacheError::Unknown => Problem::not_found("The feed has no page of that name."),
        CacheError::Pruned { oldest } => gone(
            house,
            snapshot,
            "pruned",
            &format!(
                "This page was removed; the feed begins with page {oldest}. Begin with the dump: its headers Harvestd-Generation and Harvestd-Sequence say after which activity the feed goes on from it."
            ),
        ),
        CacheError::Io(error) => {
            tracing::error!(%error, "a document of the feed could not be made");
            Problem::internal()
        }
    }
}

fn full(prepared: Prepared, syntax: Syntax, gzip: bool, method: &Method) -> Response {
    let length = match &prepared.gzip {
        Source::File { bytes, .. } => *bytes,
        Source::Memory(bytes) => bytes.len() as u64,
    };
    let body = if method == Method::HEAD {
        Body::from_stream(futures_util::stream::empty::<Result<Bytes, Infallible>>())
    } else {
        body(prepared.gzip, gzip)
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static(syntax.media_type());
    headers.insert(header::CONTENT_TYPE, media_type);
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn body(source: Source, gzip: bool) -> Body {
    match (source, gzip) {
        (Source::Memory(bytes), true) => Body::from(bytes),
        (Source::File { file, .. }, true) => streamed(tokio::fs::File::from_std(file)),
        (Source::Memory(bytes), false) => {
            streamed(GzipDecoder::new(BufReader::new(Cursor::new(bytes))))
        }
        (Source::File { file, .. }, false) => streamed(GzipDecoder::new(BufReader::new(
            tokio::fs::File::from_std(file),
        ))),
    }
}

fn streamed(reader: impl AsyncRead + Send + 'static) -> Body {
    const PIECE: usize = 64 * 1024;
    Body::from_stream(ReaderStream::with_capacity(reader, PIECE))
}

/// RFC 9110, section 12.5.3: is gzip among the codings that the client takes? Without the header it has not said so.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter();
    let codings: Vec<(String, bool)> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().to_ascii_lowercase();
            let none = weight
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q == 0.0));
            (name.trim().to_ascii_lowercase(), !none)
        })
        .collect();
    let says = |wanted: &[&str]| {
        let found = codings.iter().find(|(name, _)| wanted.contains(&&**name));
        found.map(|(_, takes)| *takes)
    };
    says(&["gzip", "x-gzip"]).or(says(&["*"])).unwrap_or(false)
}

/// RFC 9110, section 13.1.2.
fn still_holds(asked: &HeaderMap, tags: &[&HeaderValue]) -> bool {
    let lines = asked.get_all(header::IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tags.iter().any(|own| own.as_bytes() == tag.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn gzip_is_taken_where_the_client_says_so() {
        for (said, expected) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("br, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip;q=0.0, *"), false),
            (Some("*"), true),
            (Some("br;q=1, *;q=0"), false),
            (Some("zstd, br"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                headers.insert(header::ACCEPT_ENCODING, said.parse().unwrap());
            }
            assert_eq!(takes_gzip(&headers), expected, "{said:?}");
        }
    }
}
