//! What the operator orders of a source's records: held deletions, runs taken back, records restored; and a backup.
//! Decides nothing.
//! Start at [`routes`].

use super::{
    House,
    desk::{Change, Changed, DeskError, HeldList},
    openapi::{Routes, table},
    problem::Problem,
};
use crate::{backup::Staged, gate::book::Told, report::source_of_run, undo::Kept};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(table::held(), get(all))
        .route(table::held_of(), get(one))
        .route(table::approve(), post(approve))
        .route(table::reject(), post(reject))
        .route(table::release(), post(release))
        .route(table::undoable(), get(runs))
        .route(table::undo(), post(undo))
        .route(table::restore(), post(restore))
        .route(table::stage_backup(), post(stage_backup))
        .route(table::release_backup(), post(release_backup))
}

/// The sources of which deletions are held, or records kept by hand.
async fn all(State(house): State<House>) -> Json<Vec<Told>> {
    let told = house.desk.sources().into_iter().filter_map(|s| s.gate);
    Json(
        told.filter(|told| told.held.is_some() || told.kept > 0)
            .collect(),
    )
}

async fn one(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<HeldList>, Problem> {
    let desk = house.desk.clone();
    let list = tokio::task::spawn_blocking(move || desk.held(&id)).await;
    Ok(Json(list.map_err(|_| Problem::internal())??))
}

/// Which list was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    list: Option<String>,
}

async fn approve(
    State(house): State<House>,
    Path(id): Path<String>,
    Query(Listed { list }): Query<Listed>,
) -> Result<Json<Changed>, Problem> {
    changed(&house, &id, Change::Approve { list }).await
}

async fn reject(
    State(house): State<House>,
    Path(id): Path<String>,
    Query(Listed { list }): Query<Listed>,
) -> Result<Json<Changed>, Problem> {
    changed(&house, &id, Change::Reject { list }).await
}

async fn release(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<Changed>, Problem> {
    changed(&house, &id, Change::Release).await
}

async fn runs(
    State(house): State<House>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Kept>>, Problem> {
    let desk = house.desk.clone();
    let kept = tokio::task::spawn_blocking(move || desk.undoable(&id)).await;
    Ok(Json(kept.map_err(|_| Problem::internal())??))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Undo {
    with_later: bool,
    /// The source does not run by itself from then on.
    hold: bool,
    dry: bool,
}

async fn undo(
    State(house): State<House>,
    Path(run): Path<String>,
    Query(wanted): Query<Undo>,
) -> Result<Json<Changed>, Problem> {
    let Undo {
        with_later,
        hold,
        dry,
    } = wanted;
    let source = source_of_run(&run).map(str::to_owned);
    let known = source.and_then(|id| house.desk.source(&id));
    let source = known.ok_or_else(|| {
        let text =
            format!("{run:?} names no run of a source: a run's name is {{time}}-{{source}}.");
        Problem::new(StatusCode::NOT_FOUND, "not-found", text)
    })?;
    // Before, so that no run is due in between.
    let pauses = hold && !dry && !source.paused;
    if pauses {
        house.desk.pause(&source.id)?;
    }
    let wanted = Change::Undo {
        run,
        with_later,
        dry,
    };
    let done = changed(&house, &source.id, wanted).await;
    if done.is_err() && pauses {
        house.desk.resume(&source.id)?;
    }
    done
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    iri: String,
}

async fn restore(
    State(house): State<House>,
    Query(Restore { iri }): Query<Restore>,
) -> Result<Json<Changed>, Problem> {
    let (desk, asked) = (house.desk.clone(), iri.clone());
    let source = tokio::task::spawn_blocking(move || desk.source_of_gone(&asked)).await;
    let source = source.map_err(|_| Problem::internal())??;
    changed(&house, &source, Change::Restore { iri }).await
}

async fn stage_backup(State(house): State<House>) -> Result<Json<Staged>, Problem> {
    tracing::info!("a backup is staged");
    let desk = house.desk.clone();
    let staged = tokio::task::spawn_blocking(move || desk.stage_backup()).await;
    Ok(Json(staged.map_err(|_| Problem::internal())??))
}

async fn release_backup(State(house): State<House>) -> Result<StatusCode, Problem> {
    let desk = house.desk.clone();
    let released = tokio::task::spawn_blocking(move || desk.release_backup()).await;
    released.map_err(|_| Problem::internal())??;
    Ok(StatusCode::NO_CONTENT)
}

async fn changed(house: &House, id: &str, wanted: Change) -> Result<Json<Changed>, Problem> {
    tracing::info!(source = id, ?wanted, "ordered by hand");
    let changed = house.desk.change(id, wanted)?.await;
    Ok(Json(changed.map_err(|_| DeskError::Stopping)??))
}
