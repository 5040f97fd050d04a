//! The sample server: the federation of [`super::world`] over HTTP on loopback.
//!
//! Answers questions and keeps nothing but the step. Start at [`serve_sample`]; [`Faults`] is where a test makes an
//! address misbehave.

use super::{
    centre, city, ministry,
    observatory::{self, Paging},
    sick,
    world::{Moment, World},
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use oxrdfio::{JsonLdProfileSet, RdfFormat};
use std::{
    collections::BTreeMap,
    future::Future,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpListener;

/// Serves the sample federation until `shutdown` is done.
pub async fn serve_sample(
    listener: TcpListener,
    world: World,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_sample_with(listener, world, Faults::default(), shutdown).await
}

/// The same, with addresses that may misbehave.
pub async fn serve_sample_with(
    listener: TcpListener,
    world: World,
    faults: Faults,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let server = axum::serve(listener, routes(world.clone(), faults));
    tokio::select! {
        done = server.with_graceful_shutdown(shutdown) => done?,
        failed = keep(&world) => failed?,
    }
    world.keep(Utc::now())
}

/// Notes every few seconds how far the world has come. Ends only where that fails.
async fn keep(world: &World) -> io::Result<()> {
    const EVERY: Duration = Duration::from_secs(5);
    loop {
        tokio::time::sleep(EVERY).await;
        world.keep(Utc::now())?;
    }
}

/// Address of the ministry's export, below the sample server's own.
pub const EXPORT_JSON: &str = "/ministry/export.json";
/// Address of the same export as CSV.
pub const EXPORT_CSV: &str = "/ministry/export.csv";
/// Address of the city's CKAN: what a CKAN source is configured with.
pub const CKAN: &str = "/ckan";
/// Address of the research centre's CKAN.
pub const CENTRE: &str = "/centre";
/// Address of the observatory's catalogue as `hydra:PagedCollection`.
pub const DCAT: &str = "/dcat/catalog";
/// Address of the observatory's catalogue as `hydra:PartialCollectionView`.
pub const DCAT_VIEW: &str = "/dcat/view";

/// What answers in the place of the server: None lets the server answer.
type Fault = Arc<dyn Fn(&Request) -> Option<Response> + Send + Sync>;

/// Addresses that misbehave, by the beginning of their path. Clones share one list.
#[derive(Clone, Default)]
pub struct Faults {
    by_path: Arc<Mutex<BTreeMap<String, Fault>>>,
}

impl Faults {
    /// From now on every request whose path begins with `path` is first put to `fault`.
    pub fn set(
        &self,
        path: &str,
        fault: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) {
        self.lock().insert(path.to_owned(), Arc::new(fault));
    }

    /// The server answers for itself again.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn answer(&self, request: &Request) -> Option<Response> {
        let faults: Vec<_> = self
            .lock()
            .iter()
            .filter(|(path, _)| request.uri().path().starts_with(path.as_str()))
            .map(|(_, fault)| Arc::clone(fault))
            .collect();
        faults.iter().find_map(|fault| fault(request))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Fault>> {
        self.by_path.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn routes(world: World, faults: Faults) -> Router {
    let sick = sick::routes(&world);
    Router::new()
        .route("/", get(index))
        .route("/step", post(step))
        .route(EXPORT_JSON, get(export_json))
        .route(EXPORT_CSV, get(export_csv))
        .route("/ckan/api/3/action/{action}", get(ckan_get).post(ckan_post))
        .route("/ckan/api/action/{action}", get(ckan_get).post(ckan_post))
        .route("/centre/api/3/action/{action}", get(centre_get))
        .route(DCAT, get(dcat_paged))
        .route(DCAT_VIEW, get(dcat_view))
        .with_state(world)
        .merge(sick)
        .layer(middleware::from_fn_with_state(faults, misbehave))
}

async fn misbehave(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    match faults.answer(&request) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

fn now(world: &World) -> Moment {
    world.moment(Utc::now())
}

async fn index(State(world): State<World>) -> Html<String> {
    let step = now(&world).step;
    Html(format!(
        "<!doctype html><html lang=\"zh-Hant\"><meta charset=\"utf-8\"><title>Sample federation 示範資料目錄</title>
<h1>Sample federation 示範資料目錄</h1>
<p>Everything here is invented, and made for a harvester to read. 以下內容皆為虛構，供收割測試之用。</p>
<p>Step 步數: {step}. <code>curl -X POST …/step</code> makes the next change now.</p>
<ul>
<li><a href=\"{EXPORT_JSON}\">{EXPORT_JSON}</a>, <a href=\"{EXPORT_CSV}\">{EXPORT_CSV}</a>: 國土資訊部資料集匯出, {} rows
<li><a href=\"{CKAN}/api/3/action/package_search?rows=3\">{CKAN}/api/3/action/…</a>: 福山市 CKAN, {} packages
<li><a href=\"{CENTRE}/api/3/action/package_search\">{CENTRE}/api/3/action/…</a>: 示範研究中心 CKAN, {} packages, what it passes on among them
<li><a href=\"{DCAT}\">{DCAT}</a>, <a href=\"{DCAT_VIEW}\">{DCAT_VIEW}</a>: Strait River Observatory, {} datasets, paged DCAT
<li>/sick/{{{}}}: catalogues that go wrong; <code>curl -X POST …/well</code> cures them, <code>…/sick</code> does the opposite
</ul>",
        ministry::ROWS,
        city::PACKAGES,
        centre::PACKAGES,
        observatory::DATASETS,
        sick::WAYS.join(","),
    ))
}

async fn step(State(world): State<World>) -> Json<serde_json::Value> {
    world.advance();
    Json(serde_json::json!({"step": now(&world).step}))
}

async fn export_json(State(world): State<World>, headers: HeaderMap) -> Response {
    let moment = now(&world);
    let mut body = Vec::new();
    match ministry::write_json(moment, ministry::ROWS, &mut body) {
        Ok(()) => document(
            &headers,
            "application/json; charset=utf-8",
            moment.modified(),
            body,
        ),
        Err(error) => failed(&error),
    }
}

async fn export_csv(State(world): State<World>, headers: HeaderMap) -> Response {
    let moment = now(&world);
    let mut body = Vec::new();
    match ministry::write_csv(moment, ministry::ROWS, &mut body) {
        Ok(()) => document(&headers, "text/csv; charset=utf-8", moment.modified(), body),
        Err(error) => failed(&error),
    }
}

async fn ckan_get(
    State(world): State<World>,
    Path(action): Path<String>,
    Query(parameters): Query<city::Parameters>,
) -> Response {
    ckan(&world, &action, &parameters)
}

async fn ckan_post(
    State(world): State<World>,
    Path(action): Path<String>,
    body: Bytes,
) -> Response {
    match serde_json::from_slice(&body) {
        Ok(parameters) => ckan(&world, &action, &city::parameters_of(parameters)),
        Err(error) => (
            StatusCode::BAD_REQUEST,
            Json(format!("Bad request - JSON Error: {error}")),
        )
            .into_response(),
    }
}

async fn centre_get(
    State(world): State<World>,
    Path(action): Path<String>,
    Query(parameters): Query<city::Parameters>,
) -> Response {
    let reply = centre::action(now(&world), world.hub(), &action, &parameters);
    replied(reply)
}

fn ckan(world: &World, action: &str, parameters: &city::Parameters) -> Response {
    replied(city::action(now(world), action, parameters))
}

fn replied(reply: city::Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(reply.body)).into_response()
}

async fn dcat_paged(
    State(world): State<World>,
    Query(parameters): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    dcat(&world, Paging::PagedCollection, DCAT, &parameters, &headers)
}

async fn dcat_view(
    State(world): State<World>,
    Query(parameters): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    dcat(
        &world,
        Paging::PartialCollectionView,
        DCAT_VIEW,
        &parameters,
        &headers,
    )
}

fn dcat(
    world: &World,
    paging: Paging,
    path: &str,
    parameters: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> Response {
    let asked = |name: &str| parameters.get(name).and_then(|text| text.parse().ok());
    let moment = now(world).back_to(asked("step").unwrap_or(u64::MAX));
    let host = text(headers, &header::HOST).unwrap_or("localhost");
    let address = format!("http://{host}{path}");
    let Some(turtle) = observatory::page(moment, paging, &address, asked("page").unwrap_or(1))
    else {
        return (StatusCode::NOT_FOUND, "no such page\n").into_response();
    };
    let Some((format, media_type)) = negotiate(text(headers, &header::ACCEPT).unwrap_or("*/*"))
    else {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    };
    let body = match format {
        RdfFormat::Turtle => Ok(turtle.into_bytes()),
        other => observatory::translate(&turtle, other),
    };
    match body {
        Ok(body) => document(headers, media_type, moment.modified(), body),
        Err(error) => failed(&error),
    }
}

const SYNTAXES: [(&str, RdfFormat); 4] = [
    ("text/turtle", RdfFormat::Turtle),
    (
        "application/ld+json",
        RdfFormat::JsonLd {
            profile: JsonLdProfileSet::empty(),
        },
    ),
    ("application/rdf+xml", RdfFormat::RdfXml),
    ("application/n-triples", RdfFormat::NTriples),
];

/// The syntax the client wants most; Turtle where it does not care. None where it accepts nothing we have.
fn negotiate(accept: &str) -> Option<(RdfFormat, &'static str)> {
    let weight = |media_type: &str| {
        accept
            .split(',')
            .filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let name = parts.next()?;
                let (kind, _) = media_type.split_once('/')?;
                let specific = match name {
                    _ if name == media_type => 2,
                    _ if name.strip_suffix("/*") == Some(kind) => 1,
                    "*/*" => 0,
                    _ => return None,
                };
                let q = parts
                    .find_map(|p| p.strip_prefix("q=")?.parse().ok())
                    .unwrap_or(1.0_f32);
                Some((specific, q))
            })
            .max_by_key(|(specific, _)| *specific)
            .map_or(0.0, |(_, q)| q)
    };
    let mut best: Option<(f32, (RdfFormat, &'static str))> = None;
    for (media_type, format) in SYNTAXES {
        let q = weight(media_type);
        if q > best.map_or(0.0, |(q, _)| q) {
            best = Some((q, (format, media_type)));
        }
    }
    best.map(|(_, found)| found)
}

/// A document with validators: not sent again to a client that has it.
fn document(
    headers: &HeaderMap,
    media_type: &str,
    modified: DateTime<Utc>,
    body: Vec<u8>,
) -> Response {
    let etag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..16]);
    let modified = modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let known = text(headers, &header::IF_NONE_MATCH).is_some_and(|tags| {
        tags.split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == etag)
    });
    let validators = [
        (header::ETAG, etag),
        (header::LAST_MODIFIED, modified),
        (header::VARY, "accept".to_owned()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    (
        validators,
        [(header::CONTENT_TYPE, media_type)],
        Body::from(body),
    )
        .into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn failed(error: &io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use tower::ServiceExt;

    fn world() -> World {
        World::standing("2026-11-02T01:00:00Z".parse().unwrap())
    }

    async fn get(
        world: &World,
        faults: &Faults,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = axum::http::Request::get(path).header("host", "127.0.0.1:7");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = routes(world.clone(), faults.clone())
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        (
            parts.status,
            parts.headers,
            axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        )
    }

    #[tokio::test]
    async fn an_unchanged_export_is_not_sent_twice_and_a_changed_one_is() {
        let (world, faults) = (world(), Faults::default());
        let (status, headers, body) = get(&world, &faults, EXPORT_JSON, &[]).await;
        assert_eq!(status, StatusCode::OK);
        let etag = headers["etag"].to_str().unwrap().to_owned();
        let (status, _, empty) =
            get(&world, &faults, EXPORT_JSON, &[("if-none-match", &etag)]).await;
        assert_eq!((status, empty.len()), (StatusCode::NOT_MODIFIED, 0));
        world.advance();
        let (status, _, changed) =
            get(&world, &faults, EXPORT_JSON, &[("if-none-match", &etag)]).await;
        assert_eq!(status, StatusCode::OK);
        assert_ne!(body, changed);
    }

    #[tokio::test]
    async fn the_catalogue_comes_in_the_syntax_asked_for_and_leads_on_by_its_own_host() {
        let (world, faults) = (world(), Faults::default());
        for (accept, expected) in [
            ("*/*", "text/turtle"),
            ("application/ld+json", "application/ld+json"),
            (
                "text/turtle;q=0.5, application/rdf+xml",
                "application/rdf+xml",
            ),
            ("application/*;q=0.1, text/turtle", "text/turtle"),
        ] {
            let (status, headers, _) = get(&world, &faults, DCAT, &[("accept", accept)]).await;
            assert_eq!(
                (status, headers["content-type"].to_str().unwrap()),
                (StatusCode::OK, expected)
            );
        }
        let (status, ..) = get(&world, &faults, DCAT, &[("accept", "image/png")]).await;
        assert_eq!(status, StatusCode::NOT_ACCEPTABLE);
        let (_, _, body) = get(&world, &faults, DCAT_VIEW, &[]).await;
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains("hydra:next <http://127.0.0.1:7/dcat/view?page=2&step=0>"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn a_walk_through_the_pages_sees_one_catalogue_while_the_world_moves() {
        let (world, faults) = (world(), Faults::default());
        let (_, _, first) = get(&world, &faults, "/dcat/catalog?page=2&step=0", &[]).await;
        world.advance();
        let (_, _, again) = get(&world, &faults, "/dcat/catalog?page=2&step=0", &[]).await;
        let (_, _, moved) = get(&world, &faults, "/dcat/catalog?page=2", &[]).await;
        assert_eq!(first, again);
        assert_ne!(first, moved);
    }

    #[tokio::test]
    async fn an_address_misbehaves_as_long_as_it_is_told_to() {
        let (world, faults) = (world(), Faults::default());
        let search = "/ckan/api/3/action/package_search?rows=0";
        faults.set("/ckan", |request| {
            request
                .uri()
                .path()
                .ends_with("package_search")
                .then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
        });
        assert_eq!(
            get(&world, &faults, search, &[]).await.0,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            get(&world, &faults, EXPORT_CSV, &[]).await.0,
            StatusCode::OK
        );
        assert_eq!(
            get(&world, &faults, "/ckan/api/3/action/status_show", &[])
                .await
                .0,
            StatusCode::OK
        );
        faults.clear();
        assert_eq!(get(&world, &faults, search, &[]).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn it_answers_on_a_real_socket_and_stops_when_told() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve_sample(listener, world(), async move {
            let _ = stopped.await;
        }));
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"POST /step HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("{\"step\":1}"), "{answer}");
        let _ = stop.send(());
        server.await.unwrap().unwrap();
    }
}
