//! The operator's door, on a listener of its own: run now, pause, resume; held deletions, undo; identity, corrections, feedback, webhooks, hashes.
//!
//! Nothing here answers without the token, not even that an address exists. Start at [`admin_router`].

use super::{
    House, by_hand,
    desk::{Decided, DeskError, Order, SourceStatus, Wanted},
    feedback, fresh, layers, links,
    openapi::{self, Routes, door::Door, table},
    operator,
    problem::Problem,
    reports, respond, webhooks,
    wire::Question,
};
use crate::overrides::Laid;
use crate::report::Trigger;
use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;

/// Every door of the operator's.
pub fn doors() -> &'static [Door] {
    static DOORS: LazyLock<Vec<Door>> = LazyLock::new(|| routes().doors);
    &DOORS
}

fn routes() -> Routes {
    Routes::new()
        .route(table::sources(), get(sources))
        .route(table::source(), get(source))
        .route(table::run_source(), post(run))
        .route(table::pause_source(), post(pause))
        .route(table::resume_source(), post(resume))
        .route(table::features(), get(features))
        .route(table::pairs(), get(pairs))
        .route(table::decisions(), get(decisions))
        .route(table::decide(), post(decide))
        .route(table::hashes(), get(hashes))
        .route(table::overrides(), get(overrides))
        .merge(by_hand::routes())
        .merge(webhooks::routes())
        .merge(feedback::operator::routes())
        .merge(links::operator::routes())
        .route(table::operators_openapi(), get(document))
}

/// What the operator may do. `token_sha256` is the SHA-256 of the bearer token; without one, nobody may do anything.
pub fn admin_router(house: House, token_sha256: Option<[u8; 32]>) -> Router {
    let limits = house.config.limits.http.clone();
    let routes = routes()
        .router
        .fallback(async || Problem::not_found("There is nothing at this address."))
        .with_state(house.clone())
        .layer(middleware::from_fn(
            move |headers: HeaderMap, request: Request, next: Next| {
                admit(token_sha256, headers, request, next)
            },
        ));
    layers::operator(routes.merge(operator::pages(house, token_sha256)), &limits)
}

/// Lets in whoever bears the token (RFC 6750, section 2.1).
async fn admit(
    token_sha256: Option<[u8; 32]>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let borne = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer_token);
    let admitted = match (token_sha256, borne) {
        (Some(expected), Some(token)) => bool::from(
            Sha256::digest(token.as_bytes())
                .as_slice()
                .ct_eq(expected.as_slice()),
        ),
        _ => false,
    };
    if admitted {
        return next.run(request).await;
    }
    unauthorized()
}

/// What everybody is told who does not bear the token.
pub(super) fn unauthorized() -> Response {
    metrics::counter!("harvestd_admin_refused_total").increment(1);
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "A bearer token is needed here, and the right one.",
    )
    .with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"harvestd\""),
    )
    .into_response()
}

pub(super) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// These doors in OpenAPI 3.1.
async fn document(headers: HeaderMap) -> Result<Response, Problem> {
    let document = openapi::operators_document(doors()).to_string();
    fresh::given(document.into_bytes(), "application/json", &headers)
}

async fn sources(State(house): State<House>) -> Json<Vec<SourceStatus>> {
    Json(house.desk.sources())
}

/// The corrections by hand that are in force, and how they stand.
async fn overrides(State(house): State<House>) -> Json<Vec<Laid>> {
    Json(house.desk.overrides())
}

async fn source(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<SourceStatus>, Problem> {
    house
        .desk
        .source(&id)
        .map(Json)
        .ok_or_else(|| DeskError::Unknown(id).into())
}

/// What a run by hand is to be.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    /// `run` (where nothing is said), `check`, `redescribe` or `details`.
    what: What,
    /// Ask for everything, not only for what changed.
    full: bool,
    /// Answer with the report when the run has ended, not at once.
    wait: bool,
    /// How many rows of the account come with the report at most.
    rows: Option<usize>,
}

#[derive(Debug, Default, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    #[default]
    Run,
    Check,
    Redescribe,
    Details,
}

async fn run(
    State(house): State<House>,
    Path(id): Path<String>,
    Query(wanted): Query<Asked>,
) -> Result<Response, Problem> {
    let trigger = match wanted.what {
        What::Run => Trigger::Hand,
        What::Check => Trigger::Check,
        What::Redescribe => Trigger::Redescribe,
        What::Details => Trigger::Details,
    };
    let full = wanted.full;
    let report = house.desk.run_now(&id, Order { trigger, full })?;
    tracing::info!(source = id, ?trigger, "a run was asked for by hand");
    if !wanted.wait {
        return Ok(accepted(&house, &id));
    }
    let report = report.await.map_err(|_| DeskError::Stopping)?;
    reports::whole(house.base(), &reports::Wanted::json(wanted.rows), report)
}

async fn pause(State(house): State<House>, Path(id): Path<String>) -> Result<Response, Problem> {
    house.desk.pause(&id)?;
    tracing::info!(source = id, "paused by hand");
    Ok(accepted(&house, &id))
}

async fn resume(State(house): State<House>, Path(id): Path<String>) -> Result<Response, Problem> {
    house.desk.resume(&id)?;
    tracing::info!(source = id, "resumed by hand");
    Ok(accepted(&house, &id))
}

/// What tells of each record of a dataset which dataset it is about, in the newest snapshot: a line of JSON each.
async fn features(State(house): State<House>) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Features {
        snapshot: snapshot.path.clone(),
        base: house.config.public_url.to_string(),
    };
    respond::answered(house.readers.ask(question, &snapshot).await?)
}

/// Pairs of records that have something in common, in the newest snapshot: a line of JSON each.
async fn pairs(State(house): State<House>) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Pairs {
        snapshot: snapshot.path.clone(),
        base: house.config.public_url.to_string(),
    };
    respond::answered(house.readers.ask(question, &snapshot).await?)
}

/// The hash of each entity in the newest snapshot, computed from its triples: a line of JSON each, and at the end what
/// belongs to no entity. `Harvestd-Published` names the snapshot.
async fn hashes(State(house): State<House>) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Hashes {
        snapshot: snapshot.path.clone(),
    };
    let mut response = respond::answered(house.readers.ask(question, &snapshot).await?)?;
    let of = format!("{}-{}", snapshot.generation, snapshot.seq);
    let of = HeaderValue::from_str(&of).map_err(|_| Problem::internal())?;
    response.headers_mut().insert("harvestd-published", of);
    Ok(response)
}

/// What people decided of pairs of records, in the newest snapshot: a line of JSON each.
async fn decisions(State(house): State<House>) -> Result<Response, Problem> {
    let snapshot = house.snapshot()?;
    let question = Question::Decisions {
        snapshot: snapshot.path.clone(),
        base: house.config.public_url.to_string(),
    };
    respond::answered(house.readers.ask(question, &snapshot).await?)
}

async fn decide(
    State(house): State<House>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Decided>, Problem> {
    let desk = house.desk.clone();
    let decided = tokio::task::spawn_blocking(move || desk.decide(&wanted)).await;
    Ok(Json(decided.map_err(|_| Problem::internal())??))
}

/// The source as it stands now: what was asked for may still be to come.
fn accepted(house: &House, id: &str) -> Response {
    (StatusCode::ACCEPTED, Json(house.desk.source(id))).into_response()
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let (status, code) = match &error {
            DeskError::Unknown(_) => (StatusCode::NOT_FOUND, "not-found"),
            DeskError::Running(_) => (StatusCode::CONFLICT, "running"),
            DeskError::Pushes(_) => (StatusCode::CONFLICT, "pushes-itself"),
            DeskError::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            DeskError::ReadOnly(_) => (StatusCode::SERVICE_UNAVAILABLE, "read-only"),
            DeskError::BackupUnderWay => (StatusCode::CONFLICT, "backup-under-way"),
            DeskError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            DeskError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        };
        Self::new(status, code, format!("{error}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_has_a_token() {
        assert_eq!(bearer_token("Bearer abc"), Some("abc"));
        assert_eq!(bearer_token("bearer  abc "), Some("abc"));
        for none in ["abc", "Basic abc", "Bearer", "Bearer ", ""] {
            assert_eq!(bearer_token(none), None, "{none:?}");
        }
    }
}
