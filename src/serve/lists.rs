//! `/data.json` (DCAT-US 1.1), `/catalog.csv` (the 22 columns of Taiwan's national portal), and `/catalog.safe.csv`, the same for spreadsheets.
//!
//! Narrowed by the same parameters as the catalogue's pages, but always whole. Written by a worker; nothing lies in memory
//! here. Start at [`give`].

use super::{
    House,
    asof::{Asked, printable},
    catalog::{Validators, empty, narrowed::Narrowed},
    problem::Problem,
    respond,
    wire::{ListForm, Question},
};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};

const PATHS: [&str; 3] = ["data.json", "catalog.csv", "catalog.safe.csv"];

pub fn routes() -> Router<House> {
    PATHS.into_iter().fold(Router::new(), |routes, path| {
        let list = async move |State(house): State<House>,
                               RawQuery(query): RawQuery,
                               method: Method,
                               headers: HeaderMap| {
            give(&house, path, &query.unwrap_or_default(), &method, &headers).await
        };
        routes.route(&format!("/{path}"), get(list))
    })
}

async fn give(
    house: &House,
    path: &'static str,
    query: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::of(house, path, query, headers)?;
    let narrowed = Narrowed::of(query, false)?;
    let view = asked.find(house)?;
    let snapshot = &view.snapshot;
    let form = form(house, path, &narrowed);
    let validators = Validators::of(snapshot, path, &narrowed.said)?;
    let mut response = if validators.still_hold(headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if method == Method::HEAD && narrowed.which.source.is_none() {
        empty(form.media_type())
    } else {
        let question = Question::List {
            snapshot: snapshot.path.clone(),
            list: narrowed.list(house, snapshot),
            form,
        };
        let readers = view.pool(house, &house.readers);
        respond::answered(readers.ask(question, snapshot).await?)?
    };
    validators.say(snapshot, &mut response);
    view.dress(house, &mut response);
    Ok(response)
}

fn form(house: &House, path: &str, narrowed: &Narrowed) -> ListForm {
    match path {
        "data.json" => {
            let mark = if narrowed.said.is_empty() { "" } else { "?" };
            let address = format!("{}{path}{mark}{}", house.base(), narrowed.said);
            ListForm::DataJson {
                address: printable(&address),
            }
        }
        path => ListForm::NationalCsv {
            safe: path == "catalog.safe.csv",
        },
    }
}

impl ListForm {
    /// What the answer's Content-Type says.
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::DataJson { .. } => "application/json",
            Self::NationalCsv { .. } => "text/csv; charset=utf-8",
        }
    }
}
