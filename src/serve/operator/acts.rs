//! What the operator does by forms: each is ordered at the desk as the doors in JSON order it, and what became of it is
//! shown on the page that follows. Start at [`run`].

use super::{
    Operating, answer, frame,
    gate::{Form, Signed},
    to,
};
use crate::{
    report::{Trigger, source_of_run},
    serve::{
        desk::{Change, Changed, DeskError, Order},
        pages::{self, sources},
        problem::Problem,
    },
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use harvestd_web::{
    Words,
    operator::{Notice, Undo},
};
use serde::Deserialize;
use std::{collections::BTreeSet, time::Duration};

/// What became of an order: its words, or why it was not done.
type Done = Result<String, DeskError>;

impl Operating {
    /// On to the source's page, which shows what became of it.
    fn shown(&self, form: &Form, headers: &HeaderMap, place: &str, done: Done) -> Response {
        let words = Words(pages::language("", headers));
        let notice = match done {
            Ok(text) => Notice {
                good: true,
                text,
                detail: None,
            },
            Err(error) => Notice {
                good: false,
                text: words.say("done-not").to_owned(),
                detail: Some(format!("{error}.")),
            },
        };
        self.sessions.tell(&form.id, notice);
        to(place)
    }

    /// Orders a change, and waits for it for a while. None: it is still to be done.
    async fn change(&self, id: &str, wanted: Change) -> Result<Option<Changed>, DeskError> {
        tracing::info!(source = id, ?wanted, "ordered by hand");
        let done = self.house.desk.change(id, wanted)?;
        let wait = Duration::from_millis(self.sessions.limits().wait_ms);
        match tokio::time::timeout(wait, done).await {
            Ok(done) => done.map_err(|_| DeskError::Stopping)?.map(Some),
            Err(_) => Ok(None),
        }
    }
}

fn words(headers: &HeaderMap) -> Words {
    Words(pages::language("", headers))
}

fn place(id: &str) -> String {
    format!("/operator/sources/{id}")
}

/// In words, or that it is still to be done.
fn said(words: Words, changed: Option<Changed>, say: impl FnOnce(Changed) -> String) -> String {
    match changed {
        Some(changed) => say(changed),
        None => words.say("done-later").to_owned(),
    }
}

pub async fn run(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    let order = Order {
        trigger: Trigger::Hand,
        full: form.is("full"),
    };
    tracing::info!(
        source = id,
        full = order.full,
        "a run was asked for by hand"
    );
    let asked = operating.house.desk.run_now(&id, order);
    let done = asked.map(|_| words(&headers).say("done-run").to_owned());
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

pub async fn pause(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    tracing::info!(source = id, "paused by hand");
    let done = operating.house.desk.pause(&id);
    let done = done.map(|()| words(&headers).say("done-pause").to_owned());
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

pub async fn resume(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    tracing::info!(source = id, "resumed by hand");
    let done = operating.house.desk.resume(&id);
    let done = done.map(|()| words(&headers).say("done-resume").to_owned());
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

/// The whole list, or those records of it that were chosen.
pub async fn held(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    let unfit = |what: &str| Problem::bad_request("form", format!("The form says no {what}."));
    let list = form.get("list").ok_or_else(|| unfit("list"))?.to_owned();
    let approve = match form.get("verdict") {
        Some("approve") => true,
        Some("reject") => false,
        _ => return Err(unfit("verdict: approve or reject")),
    };
    let records: BTreeSet<String> = form.all("record").map(str::to_owned).collect();
    let wanted = match (records.is_empty(), approve) {
        (true, true) => Change::Approve { list: Some(list) },
        (true, false) => Change::Reject { list: Some(list) },
        (false, approve) => Change::Choose {
            list,
            records,
            approve,
        },
    };
    let words = words(&headers);
    let done = operating.change(&id, wanted).await.map(|changed| {
        said(words, changed, |changed| {
            let held = changed
                .held
                .map(|held| (held.list, held.datasets + held.others));
            let (list, count) = held.unwrap_or_default();
            let count = words.number(count);
            match approve {
                true => words.fill("done-approve", &[&count]),
                false => words.fill("done-reject", &[&list, &count]),
            }
        })
    });
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

pub async fn release(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    let words = words(&headers);
    let done = operating.change(&id, Change::Release).await.map(|changed| {
        said(words, changed, |changed| {
            words.fill("done-release", &[&words.number(changed.released)])
        })
    });
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

/// Which run is to be taken back.
#[derive(Deserialize)]
pub struct Which {
    run: String,
    #[serde(default)]
    with_later: bool,
}

/// What taking a run back comes to, or why it cannot be.
pub async fn before_undo(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    signed: Signed,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    sources::known(&operating.house, &id)?;
    let dry = Change::Undo {
        run: which.run.clone(),
        with_later: which.with_later,
        dry: true,
    };
    let (comes_to, refused) = match operating.change(&id, dry).await {
        Ok(Some(changed)) => (changed.undone, None),
        Ok(None) => (None, Some(format!("{}.", DeskError::Running(id.clone())))),
        Err(error) => (None, Some(format!("{error}."))),
    };
    let frame = frame(&operating, &uri, &headers, |words| {
        words.say("undo-title").to_owned()
    });
    let page = Undo {
        token: signed.acting().token,
        frame,
        source: id,
        run: which.run,
        comes_to: comes_to.map(|undone| (undone.runs, undone.restored, undone.removed)),
        refused,
        with_later: which.with_later,
    };
    answer(&page, &uri, &headers)
}

pub async fn undo(
    State(operating): State<Operating>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let status = sources::known(&operating.house, &id)?;
    let run = form.get("run").unwrap_or_default();
    if source_of_run(run) != Some(id.as_str()) {
        return Err(Problem::bad_request(
            "form",
            format!("{run:?} names no run of {id:?}."),
        ));
    }
    let wanted = Change::Undo {
        run: run.to_owned(),
        with_later: form.is("with_later"),
        dry: false,
    };
    // Before, so that no run is due in between.
    let pauses = form.is("hold") && !status.paused;
    if pauses {
        operating.house.desk.pause(&id)?;
    }
    let done = operating.change(&id, wanted).await;
    if done.is_err() && pauses {
        operating.house.desk.resume(&id)?;
    }
    let words = words(&headers);
    let done = done.map(|changed| {
        said(words, changed, |changed| {
            let counts = changed
                .undone
                .map(|undone| [undone.runs.len() as u64, undone.restored, undone.removed]);
            let counts = counts.unwrap_or_default().map(|count| words.number(count));
            words.fill("done-undo", &counts.each_ref().map(String::as_str))
        })
    });
    Ok(operating.shown(&form, &headers, &place(&id), done))
}

pub async fn restore(
    State(operating): State<Operating>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let iri = form.get("iri").unwrap_or_default().trim().to_owned();
    let (desk, asked) = (operating.house.desk.clone(), iri.clone());
    let source = tokio::task::spawn_blocking(move || desk.source_of_gone(&asked)).await;
    let words = words(&headers);
    let (shown_at, done) = match source.map_err(|_| Problem::internal())? {
        Ok(source) => {
            let changed = operating.change(&source, Change::Restore { iri }).await;
            let say = |changed| said(words, changed, |_| words.say("done-restore").to_owned());
            (place(&source), changed.map(say))
        }
        Err(error) => (super::SOURCES.to_owned(), Err(error)),
    };
    Ok(operating.shown(&form, &headers, &shown_at, done))
}
