//! Webhooks at the doors: for the operator how receivers are, their dead-letter lists, sending again; for everybody how
//! far they were told.
//!
//! Sends nothing itself. Start at [`routes`].

use super::{
    House,
    openapi::{Routes, table},
    problem::Problem,
};
use crate::webhooks::{Dead, WebhookError, WebhookStatus, Webhooks};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use std::sync::Arc;

/// The operator's.
pub fn routes() -> Routes {
    Routes::new()
        .route(table::webhooks(), get(all))
        .route(table::dead_letters(), get(dead))
        .route(table::resend(), post(resend))
        .route(table::enable(), post(enable))
}

fn told(house: &House, id: &str) -> Result<Arc<Webhooks>, Problem> {
    let unknown = || WebhookError::Unknown(id.to_owned()).into();
    house.desk.webhooks().ok_or_else(unknown)
}

async fn all(State(house): State<House>) -> Json<Vec<WebhookStatus>> {
    let webhooks = house.desk.webhooks();
    Json(webhooks.map_or_else(Vec::new, |webhooks| webhooks.status()))
}

async fn dead(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Dead>>, Problem> {
    Ok(Json(told(&house, &id)?.dead(&id).await?))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    batch: Option<String>,
}

async fn resend(
    State(house): State<House>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<String>>, Problem> {
    let webhooks = told(&house, &id)?;
    Ok(Json(webhooks.resend(&id, wanted.batch.as_deref()).await?))
}

async fn enable(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<WebhookStatus>, Problem> {
    let webhooks = told(&house, &id)?;
    webhooks.enable(&id).await?;
    tracing::info!(webhook = id, "enabled by hand");
    let status = webhooks.status().into_iter().find(|hook| hook.id == id);
    status
        .map(Json)
        .ok_or_else(|| WebhookError::Unknown(id).into())
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let (status, code) = match &error {
            WebhookError::Unknown(_) | WebhookError::UnknownBatch { .. } => {
                (StatusCode::NOT_FOUND, "not-found")
            }
            WebhookError::NotTaken { .. } => (StatusCode::BAD_GATEWAY, "not-taken"),
            WebhookError::Io { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        };
        Self::new(status, code, format!("{error}."))
    }
}

/// What everybody may know.
pub fn public(house: &House) -> Vec<WebhookStatus> {
    let Some(webhooks) = house.desk.webhooks() else {
        return Vec::new();
    };
    let mut all = webhooks.status();
    for hook in &mut all {
        (hook.server, hook.last_error_detail) = (None, None);
    }
    all
}
