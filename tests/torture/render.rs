//! The sources' servers on loopback: each says its catalogue in its own kind's words, and fails as it is told.

use super::{
    origin::Origin,
    texts::{BASE, export, row},
    world::{Catalogue, Fault, SHARED, SOURCES, title},
};
use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use futures_util::stream;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fmt::Write,
    io,
    path::Path,
    sync::{Arc, Mutex},
};

pub type World = Arc<Mutex<BTreeMap<&'static str, Catalogue>>>;
/// Activities of a page of the feed.
const PAGE: usize = 10;
const PAGES: usize = 60;

pub fn world() -> World {
    let all = SOURCES.map(|source| (source, Catalogue::default()));
    Arc::new(Mutex::new(all.into()))
}

/// Begins to serve it.
pub async fn serve(world: &World) -> Origin {
    let origin = Origin::start().await;
    let doors = [
        ("full", "/full".to_owned(), "application/json"),
        ("graph", "/graph".to_owned(), "text/turtle"),
        (
            "paged",
            "/paged/api/3/action/package_search".to_owned(),
            "application/json",
        ),
        ("feed", "/feed".to_owned(), "application/trig"),
    ];
    let pages = (0..PAGES).map(|n| ("feed", format!("/feed/{n}"), "application/trig"));
    for (source, path, media_type) in doors.into_iter().chain(pages) {
        let world = world.clone();
        origin.answer(&path, move |request| {
            let mut world = world.lock().unwrap();
            let catalogue = world.get_mut(source).unwrap();
            answer(source, catalogue, request, media_type)
        });
    }
    origin
}

/// The daemon's configuration: all sources, none with a schedule, small batches.
pub fn configuration(data: &Path, origin: &Origin) -> String {
    let source = |id: &str, kind: &str, url: String, more: &str| {
        format!(
            "[[source]]\nid = \"{id}\"\nkind = \"{kind}\"\nurl = \"{url}\"\ntitle = {{ en = \"{id}\" }}\n{more}\n\
             [source.network]\nallow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = 1000.0\n\n"
        )
    };
    let limits = "batch_triples_max = 1_000\nsegment_activities_max = 40\ngate.pass_after_runs = 0\npush.publish_every_ms = 50\n\
                  network.tries_max = 1\nnetwork.run_retry_first_ms = 0\nsnapshots_kept = 2\n";
    let sources = [
        source("full", "data_gov_tw", origin.at("/full"), "priority = 10"),
        source("paged", "ckan", origin.at("/paged"), "options = { rows = 7 }"),
        source("graph", "dcat", origin.at("/graph"), ""),
        source("feed", "ldes", origin.at("/feed"), ""),
        "[[source]]\nid = \"centre\"\nkind = \"push\"\nurl = \"https://centre.example/\"\ntitle = { en = \"centre\" }\n".to_owned(),
    ];
    format!(
        "public_url = \"{BASE}\"\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[limits]\n{limits}\n{}",
        data.display(),
        sources.concat()
    )
}

fn answer(source: &str, said: &mut Catalogue, request: &Request, media_type: &str) -> Response {
    let body = match source {
        "full" => full(said),
        "graph" => graph(said),
        "paged" => paged(said, request.uri().query().unwrap_or_default()),
        _ => feed(said, request.uri().path()),
    };
    said.asked += 1;
    said.served += 1;
    match said.fault {
        Some((fault, at)) if at < said.asked => failing(fault, media_type, body),
        _ => good(request, media_type, body),
    }
}

fn good(request: &Request, media_type: &str, body: String) -> Response {
    let etag = format!("\"{}\"", &blake3::hash(body.as_bytes()).to_hex()[..16]);
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let headers = [
        (header::ETAG, etag),
        (header::CONTENT_TYPE, media_type.to_owned()),
    ];
    (headers, body).into_response()
}

fn failing(fault: Fault, media_type: &str, body: String) -> Response {
    let media_type = media_type.to_owned();
    let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    let broken = || {
        let cut = Err(io::Error::other("cut"));
        Body::from_stream(stream::iter([Ok(half), cut]))
    };
    match fault {
        Fault::Status => (StatusCode::INTERNAL_SERVER_ERROR, "no\n").into_response(),
        Fault::Html => {
            let page =
                "<!DOCTYPE html><html><body><form><input type=password></form></body></html>";
            ([(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        Fault::Cut => {
            let headers = [
                (header::CONTENT_TYPE, media_type),
                (header::CONTENT_LENGTH, body.len().to_string()),
            ];
            (headers, broken()).into_response()
        }
        Fault::Broken => ([(header::CONTENT_TYPE, media_type)], broken()).into_response(),
    }
}

fn time(clock: u64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_577_836_800, 0).unwrap() + Duration::hours(2 * clock as i64)
}

fn full(said: &Catalogue) -> String {
    let all = said.now.iter();
    let mut rows: Vec<String> = all
        .map(|(key, revision)| row(&key.to_string(), &title("full", *key, *revision)))
        .collect();
    for key in said.twice.iter().filter(|key| said.now.contains_key(key)) {
        rows.push(row(&key.to_string(), &title("full", *key, said.now[key])));
    }
    rows.extend(vec!["42".to_owned(); said.junk]);
    export(&rows)
}

/// The IRI of a dataset of `graph`.
fn iri(key: u32) -> String {
    match key {
        ..SHARED => format!("https://data.gov.tw/dataset/{key}"),
        _ => format!("https://graph.example/dataset/{key}"),
    }
}

fn graph(said: &Catalogue) -> String {
    let mut text = "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n@prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n\
         <https://graph.example/catalog> a dcat:Catalog ; dct:title \"Graph\"@en ; dct:publisher <https://graph.example/office> .\n\
         <https://graph.example/office> a foaf:Agent ; foaf:name \"Office\"@en .\n"
        .to_owned();
    // In another order each time, which is no change.
    let mut all: Vec<_> = said.now.iter().collect();
    all.sort_by_key(|(key, _)| key.wrapping_mul(0x9e37_79b1).rotate_left(said.served));
    for (key, revision) in all {
        let (iri, title) = (iri(*key), title("graph", *key, *revision));
        writeln!(
            text,
            "<https://graph.example/catalog> dcat:dataset <{iri}> .\n\
             <{iri}> a dcat:Dataset ; dct:title \"{title}\"@en ; dct:publisher <https://graph.example/office> ;\n\
             dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://graph.example/{key}.csv> ] ;\n\
             dcat:contactPoint [ a <http://www.w3.org/2006/vcard/ns#Kind> ; <http://www.w3.org/2006/vcard/ns#fn> \"{title}\" ] ."
        )
        .unwrap();
    }
    text
}

fn package(said: &Catalogue, key: u32) -> serde_json::Value {
    let modified = time(said.changed[&key]);
    json!({
        "id": format!("p-{key:04}"),
        "name": format!("p-{key:04}"),
        "title": title("paged", key, said.now[&key]),
        "type": "dataset",
        "state": "active",
        "private": false,
        "metadata_modified": modified.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        "resources": [{"id": format!("r-{key:04}"), "url": format!("https://paged.example/{key}.csv"), "format": "CSV"}],
    })
}

fn paged(said: &Catalogue, query: &str) -> String {
    let asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let number = |name: &str| asked[name].parse::<usize>().unwrap();
    let since = asked
        .get("fq")
        .and_then(|fq| fq.split_once("metadata_modified:[")?.1.split_once("Z TO *"))
        .map(|(since, _)| since.to_owned());
    let mut keys: Vec<u32> = said.now.keys().copied().collect();
    keys.retain(|key| {
        let modified = time(said.changed[key])
            .format("%Y-%m-%dT%H:%M:%S")
            .to_string();
        since.as_ref().is_none_or(|since| modified >= *since)
    });
    if asked["sort"].ends_with("desc") {
        keys.sort_by_key(|key| std::cmp::Reverse(said.changed[key]));
    }
    let twice = said.twice.iter().filter(|key| keys.contains(key));
    let mut again: Vec<u32> = keys.iter().chain(twice).copied().collect();
    if !asked["sort"].ends_with("desc") {
        again.sort_unstable();
    }
    let count = again.len() + said.junk;
    let mut all: Vec<_> = again.iter().map(|key| package(said, *key)).collect();
    all.extend(vec![json!(42); said.junk]);
    let page: Vec<_> = all
        .into_iter()
        .skip(number("start"))
        .take(number("rows"))
        .collect();
    json!({"success": true, "result": {"count": count, "results": page}}).to_string()
}

const FEED: &str = "https://feed.example/";

/// The root, or a page. Relations lead where the root was asked for.
fn feed(said: &Catalogue, path: &str) -> String {
    let mut text = format!(
        "@prefix as: <https://www.w3.org/ns/activitystreams#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .\n\
         @prefix dct: <http://purl.org/dc/terms/> . @prefix ldes: <https://w3id.org/ldes#> .\n\
         @prefix tree: <https://w3id.org/tree#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\
         <{FEED}feed#stream> a ldes:EventStream ; ldes:timestampPath as:published ; ldes:versionOfPath as:object ; tree:view </feed> .\n"
    );
    let stamp = |clock: u64| {
        format!(
            "\"{}\"^^xsd:dateTime",
            time(clock).format("%Y-%m-%dT%H:%M:%SZ")
        )
    };
    let pages: Vec<_> = said.log.chunks(PAGE).collect();
    assert!(pages.len() <= PAGES, "a page more than the server has");
    let Some(number) = path.strip_prefix("/feed/") else {
        text += "</feed> a tree:Node .\n";
        for (n, page) in pages.iter().enumerate() {
            let from = stamp(page[0].0);
            writeln!(text, "</feed> tree:relation [ a tree:GreaterThanOrEqualToRelation ; tree:node </feed/{n}> ; tree:path as:published ; tree:value {from} ] .").unwrap();
            if let Some(next) = pages.get(n + 1) {
                let until = stamp(next[0].0);
                writeln!(text, "</feed> tree:relation [ a tree:LessThanRelation ; tree:node </feed/{n}> ; tree:path as:published ; tree:value {until} ] .").unwrap();
            }
        }
        return text;
    };
    writeln!(text, "</feed/{number}> a tree:Node .").unwrap();
    let page = number.parse().ok().and_then(|n: usize| pages.get(n));
    for (clock, key, revision) in page.copied().unwrap_or_default() {
        let (activity, object) = (
            format!("<{FEED}a/{clock}>"),
            format!("<{FEED}dataset/{key}>"),
        );
        let verb = revision.map_or("Delete", |_| "Update");
        writeln!(text, "<{FEED}feed#stream> tree:member {activity} .\n{activity} a as:{verb} ; as:object {object} ; as:published {} .", stamp(*clock)).unwrap();
        if let Some(revision) = revision {
            let title = title("feed", *key, *revision);
            writeln!(text, "{activity} {{ {object} a dcat:Dataset ; dct:title \"{title}\"@en ; dcat:landingPage <{FEED}page/{key}> . }}").unwrap();
        }
    }
    text
}
