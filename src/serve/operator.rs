//! The operator's pages, `/operator/…` on the operator's listener: the pages of the sources with forms for what can be done.
//!
//! Who is let in has signed in with the admin token, and holds a cookie. It opens these pages and no other door: those in
//! JSON want the token itself in every request, and never look at a cookie. A form is taken only with the token of its
//! session, and only from our own pages. Start at [`routes`].

mod acts;
mod gate;
pub mod session;

pub use session::OperatorLimits;

use super::{
    House, admin,
    openapi::{Routes, table},
    pages::{
        self,
        sources::{self, Wanted},
    },
    problem::Problem,
};
use crate::serve::desk::SourceStatus;
use axum::{
    Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gate::Signed;
use harvestd_web::{
    Frame, Template, Words,
    moment::Moment,
    operator::{Acting, Undoable},
};
use session::Sessions;
use std::sync::Arc;

/// Before the paths of these pages.
const HOME: &str = "/operator";
/// Where it leads to.
const SOURCES: &str = "/operator/sources";

/// What these pages need.
#[derive(Clone)]
pub struct Operating {
    pub house: House,
    sessions: Arc<Sessions>,
    /// SHA-256 of the admin token. Without one, nobody signs in.
    token_sha256: Option<[u8; 32]>,
}

/// The pages, for the operator's listener.
pub fn pages(house: House, token_sha256: Option<[u8; 32]>) -> Router {
    let sessions = Arc::new(Sessions::new(house.config.limits.operator.clone()));
    let operating = Operating {
        house,
        sessions,
        token_sha256,
    };
    let troubles = middleware::from_fn_with_state(operating.clone(), troubles);
    routes().router.route_layer(troubles).with_state(operating)
}

/// Errors are pages for who reads pages.
async fn troubles(State(operating): State<Operating>, request: Request, next: Next) -> Response {
    let frame = |uri: &Uri, headers: &HeaderMap| frame(&operating, uri, headers, |_| String::new());
    pages::trouble::framed(request, next, frame).await
}

pub fn routes() -> Routes<Operating> {
    Routes::new()
        .route(table::operators_home("/"), get(root))
        .route(table::operators_home(HOME), get(home))
        .route(table::operators_home("/operator/"), get(home))
        .route(table::operators_asset(), get(asset))
        .route(
            table::sign_in(),
            get(gate::sign_in_page).post(gate::sign_in),
        )
        .route(table::sign_out(), post(gate::sign_out))
        .route(table::operators_sources(), get(all))
        .route(table::operators_source(), get(one))
        .route(table::act_run(), post(acts::run))
        .route(table::act_pause(), post(acts::pause))
        .route(table::act_resume(), post(acts::resume))
        .route(table::act_held(), post(acts::held))
        .route(table::act_release(), post(acts::release))
        .route(table::act_undo(), get(acts::before_undo).post(acts::undo))
        .route(table::act_restore(), post(acts::restore))
}

/// A browser is led to the pages; a program is told what it needs.
async fn root(headers: HeaderMap) -> Response {
    match pages::as_page(&headers) {
        Ok(true) => to(SOURCES),
        _ => admin::unauthorized(),
    }
}

async fn home() -> Response {
    to(SOURCES)
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    pages::given_asset(&name)
}

/// On to another page of ours (RFC 9110, section 15.4.4).
fn to(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static(SOURCES));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The frame of one of these pages.
fn frame(
    operating: &Operating,
    uri: &Uri,
    headers: &HeaderMap,
    title: impl FnOnce(&Words) -> String,
) -> Frame {
    let frame = pages::frame(&operating.house, uri, headers, title);
    Frame {
        path: uri.path().strip_prefix(HOME).unwrap_or_default().to_owned(),
        prefix: HOME.to_owned(),
        operator: true,
        ..frame
    }
}

/// A page as an answer that nobody keeps. Forms say where they come from: to our own pages alone.
fn answer(page: &impl Template, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let mut response = pages::answer(page, uri, headers)?;
    let told = response.headers_mut();
    told.remove(header::ETAG);
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    told.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    told.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    Ok(response)
}

async fn all(
    State(operating): State<Operating>,
    signed: Signed,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let frame = frame(&operating, &uri, &headers, |words| {
        words.say("sources-title").to_owned()
    });
    let acting = signed.acting();
    let page = sources::list(&operating.house, frame, Some(acting)).await?;
    answer(&page, &uri, &headers)
}

async fn one(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    signed: Signed,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let status = sources::known(&operating.house, &id)?;
    let frame = frame(&operating, &uri, &headers, |_| id.clone());
    let acting = Acting {
        paused: status.paused,
        running: status.running.is_some(),
        pushes: harvestd_harvesters::kind(&status.kind).is_some_and(|kind| kind.pushes),
        undoable: undoable(&operating.house, &status).await,
        ..signed.acting()
    };
    let page = sources::one(&operating.house, frame, status, wanted, Some(acting)).await?;
    answer(&page, &uri, &headers)
}

/// The runs that can be taken back, newest first. Where they cannot be read the rest of the page is still right.
async fn undoable(house: &House, status: &SourceStatus) -> Vec<Undoable> {
    let (desk, id) = (house.desk.clone(), status.id.clone());
    let kept = tokio::task::spawn_blocking(move || desk.undoable(&id)).await;
    let kept = kept.ok().and_then(Result::ok).unwrap_or_default();
    let newest_first = kept.into_iter().rev();
    newest_first
        .map(|kept| Undoable {
            at: Moment::of_ms(kept.at_ms).unwrap_or_default().shown,
            run: kept.run,
            records: kept.records,
        })
        .collect()
}
