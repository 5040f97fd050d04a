//! Feedback at the operator's door: what waits, with how its senders can be asked, and what is decided of it. Start at
//! [`routes`].

use super::{
    FeedbackError, House, Problem, Shown, kept,
    list::{Asked, known},
};
use crate::feedback::{Feedback, Item, Wanted};
use crate::serve::openapi::{Routes, table};
use axum::{
    Json,
    extract::{Path, RawQuery, State},
    routing::{get, post},
};

/// The operator's.
pub fn routes() -> Routes {
    Routes::new()
        .route(table::operators_feedback(), get(all))
        .route(table::operators_item(), get(one))
        .route(table::judge(), post(judge))
}

/// All of it, also what is withheld from others.
fn shown(feedback: &Feedback, item: &Item, base: &str) -> Shown {
    Shown {
        said: item.said.clone(),
        contact: feedback
            .private(item.id)
            .and_then(|private| private.contact),
        ..Shown::of(item, base)
    }
}

async fn all(
    State(house): State<House>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Shown>>, Problem> {
    let (asked, feedback) = (Asked::of(query.as_deref())?, kept(&house)?);
    let known = known(&house, &feedback, &asked.filter).await?;
    let fits = |item: &Item| asked.filter.fits(item, known.get(&item.said.dataset));
    let items = feedback.all(fits, asked.after, usize::MAX);
    let shown = items
        .iter()
        .map(|item| shown(&feedback, item, house.base()));
    Ok(Json(shown.collect()))
}

async fn one(State(house): State<House>, Path(id): Path<u64>) -> Result<Json<Shown>, Problem> {
    let feedback = kept(&house)?;
    let item = feedback.get(id).ok_or(FeedbackError::Unknown(id))?;
    Ok(Json(shown(&feedback, &item, house.base())))
}

async fn judge(
    State(house): State<House>,
    Path(id): Path<u64>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Shown>, Problem> {
    let (desk, feedback) = (house.desk.clone(), kept(&house)?);
    let judged = tokio::task::spawn_blocking(move || desk.judge(id, &wanted)).await;
    let item = judged.map_err(|_| Problem::internal())??;
    Ok(Json(shown(&feedback, &item, house.base())))
}
