//! Sources that go wrong, each in a way of its own: what an operator is to see before it is a real one.
//!
//! Below `/sick/{way}` of the sample server lies a catalogue for each of [`WAYS`]. All are well until the world has made
//! its next step (what was never well has nothing to lose), and sick from then on: `POST /well` cures them, `POST /sick` does
//! the opposite. `config/sick.toml` has them as sources. Start at [`answer`].

use super::{
    ministry,
    world::{Moment, World},
};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{any, post},
};
use chrono::Utc;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The ways, each the last part of its catalogue's address.
pub const WAYS: [&str; 13] = [
    "challenged",
    "walled",
    "behind-login",
    "unfiltered",
    "liar",
    "circle",
    "rewritten",
    "late",
    "gone",
    "emptied",
    "halved",
    "broken",
    "asked-too-much",
];

const CHALLENGE: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";
const FIREWALL: &str = "<html><title>Request Rejected</title><p>Access denied: 4711</html>";
const LOGIN: &str = "<!doctype html><title>Please sign in</title><input type=\"password\">";
const TRACE: &str = "java.lang.NullPointerException\n\tat org.ckan.Main";
/// A server's clock that stands.
const LONG_AGO: &str = "Fri, 20 Nov 2015 08:00:00 GMT";
const NEXT_PAGE: &str = "<> a <http://www.w3.org/ns/hydra/core#PagedCollection> ; <http://www.w3.org/ns/hydra/core#nextPage> <?page=2> .\n";
/// Packages of a CKAN, and how many it says that it has when it lies.
const PACKAGES: usize = 3;
const LIE: usize = 5;
/// Datasets of a catalogue that loses most of them.
const MANY: usize = 20;
const FEW: usize = 2;

/// From which step on the sources are sick.
#[derive(Debug, Clone)]
struct Clinic {
    world: World,
    from: Arc<AtomicU64>,
}

impl Clinic {
    fn moment(&self) -> Moment {
        self.world.moment(Utc::now())
    }
}

/// The addresses of the sick.
pub fn routes(world: &World) -> Router {
    let clinic = Clinic {
        from: Arc::new(AtomicU64::new(world.moment(Utc::now()).step + 1)),
        world: world.clone(),
    };
    Router::new()
        .route("/sick", post(fall_sick))
        .route("/well", post(get_well))
        .route("/sick/{way}", any(visit))
        .route("/sick/{way}/{*rest}", any(visit))
        .with_state(clinic)
}

async fn fall_sick(State(clinic): State<Clinic>) -> Json<Value> {
    clinic.from.store(0, Relaxed);
    Json(json!({"sick": WAYS}))
}

async fn get_well(State(clinic): State<Clinic>) -> Json<Value> {
    clinic.from.store(u64::MAX, Relaxed);
    Json(json!({"well": WAYS}))
}

async fn visit(State(clinic): State<Clinic>, request: Request) -> Response {
    let way = request.uri().path().split('/').nth(2).unwrap_or_default();
    let moment = clinic.moment();
    let sick = moment.step >= clinic.from.load(Relaxed);
    match answer(way, sick, moment, &request) {
        Some(response) => response,
        None => (StatusCode::NOT_FOUND, "no such way to be sick\n").into_response(),
    }
}

/// What the catalogue of a way answers. None: there is no such way.
fn answer(way: &str, sick: bool, moment: Moment, request: &Request) -> Option<Response> {
    WAYS.contains(&way).then(|| match sick {
        false => well(way, moment, request),
        true => ill(way, request),
    })
}

fn well(way: &str, moment: Moment, request: &Request) -> Response {
    match way {
        "unfiltered" | "liar" => ckan(request, PACKAGES),
        "rewritten" => {
            let mut body = Vec::new();
            match ministry::write_json(moment, FEW as u64, &mut body) {
                Ok(()) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
                Err(error) => {
                    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
                }
            }
        }
        "halved" => turtle(catalogue(way, MANY)),
        _ => turtle(catalogue(way, FEW)),
    }
}

fn ill(way: &str, request: &Request) -> Response {
    match way {
        "challenged" => (StatusCode::FORBIDDEN, Html(CHALLENGE)).into_response(),
        "walled" => (StatusCode::FORBIDDEN, Html(FIREWALL)).into_response(),
        "behind-login" => Html(LOGIN).into_response(),
        "liar" => ckan(request, LIE),
        "unfiltered" => ckan(request, PACKAGES),
        "circle" => turtle(catalogue(way, FEW) + NEXT_PAGE),
        "rewritten" => Json(json!({"datasets": []})).into_response(),
        "late" => {
            let date = [(header::DATE, LONG_AGO)];
            (date, turtle(catalogue(way, FEW))).into_response()
        }
        "gone" => (StatusCode::GONE, "\n we are elsewhere now\n").into_response(),
        "emptied" => turtle(catalogue(way, 0)),
        "halved" => turtle(catalogue(way, 1)),
        "broken" => (StatusCode::INTERNAL_SERVER_ERROR, TRACE).into_response(),
        _ => {
            let later = [(header::RETRY_AFTER, "7200")];
            (StatusCode::TOO_MANY_REQUESTS, later).into_response()
        }
    }
}

fn turtle(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/turtle")], text).into_response()
}

/// A catalogue in Turtle with so many datasets.
fn catalogue(way: &str, datasets: usize) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n@prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n@prefix d: <https://{way}.example.org/> .\n\
         d:catalog a dcat:Catalog ; dct:title \"Of a sick source: {way}\"@en ; dct:publisher d:office .\n\
         d:office a foaf:Agent ; foaf:name \"Office\"@en .\n"
    );
    for n in 1..=datasets {
        let _ = writeln!(
            text,
            "d:catalog dcat:dataset d:{n} .\nd:{n} a dcat:Dataset ; dct:title \"Dataset {n} of {way}\"@en ; \
             dct:description \"There is no such dataset.\"@en ; dct:publisher d:office ; dcat:distribution d:{n}-file .\n\
             d:{n}-file a dcat:Distribution ; dcat:accessURL <https://{way}.example.org/{n}.csv> ."
        );
    }
    text
}

/// A CKAN that pages as it should, knows no filter, and says that it has so many packages.
fn ckan(request: &Request, says: usize) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let way = request.uri().path().split('/').nth(2).unwrap_or_default();
    let number = |key: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(name, _)| name == key);
        found.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let mut all: Vec<Value> = (1..=PACKAGES).map(|n| package(way, n)).collect();
    if query.contains("sort=metadata_modified") {
        all.reverse();
    }
    let page = all.into_iter().skip(number("start").unwrap_or_default());
    let results: Vec<_> = page.take(number("rows").unwrap_or(PACKAGES)).collect();
    Json(json!({ "success": true, "result": { "count": says, "sort": "id asc", "results": results } }))
        .into_response()
}

fn package(way: &str, n: usize) -> Value {
    json!({
        "id": format!("{way}-{n}"), "name": format!("{way}-{n}"), "title": format!("Package {n} of {way}"),
        "type": "dataset", "state": "active", "private": false, "resources": [],
        "metadata_created": "2020-01-01T00:00:00", "metadata_modified": format!("202{n}-01-01T00:00:00"),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use axum::body::Body;
    use tower::ServiceExt;

    async fn ask(routes: &Router, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path);
        let response = routes.clone().oneshot(request.body(Body::empty()).unwrap());
        let (parts, body) = response.await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn all_are_well_until_the_next_step_or_until_they_are_told() {
        let world = World::standing("2026-11-02T01:00:00Z".parse().unwrap());
        let routes = routes(&world);
        for way in WAYS {
            let path = format!("/sick/{way}");
            let (status, well) = ask(&routes, "GET", &path).await;
            assert_eq!(status, StatusCode::OK, "{way}");
            let ckan = matches!(way, "unfiltered" | "liar");
            let size = if ckan { "count" } else { way };
            assert!(well.contains(size) || way == "rewritten", "{way}: {well}");
        }
        let states = async |expected: StatusCode| {
            assert_eq!(ask(&routes, "GET", "/sick/walled").await.0, expected);
        };
        world.advance();
        states(StatusCode::FORBIDDEN).await;
        ask(&routes, "POST", "/well").await;
        states(StatusCode::OK).await;
        ask(&routes, "POST", "/sick").await;
        states(StatusCode::FORBIDDEN).await;
        assert_eq!(
            ask(&routes, "GET", "/sick/nobody").await.0,
            StatusCode::NOT_FOUND
        );
    }
}
