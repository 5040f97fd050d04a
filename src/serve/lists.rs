//! `/data.json` (DCAT-US 1.1), `/catalog.csv` (the 22 columns of Taiwan's national portal), and `/catalog.safe.csv`, the same for spreadsheets.
//!
//! Narrowed by the same parameters as the catalogue's pages, but always whole. Written by a worker; nothing lies in memory
//! here. Start at [`give`].

use super::{
    House,
    asof::{Asked, printable},
    catalog::{Tagged, narrowed::Narrowed, validated, validators::Long},
    openapi::{Routes, table},
    problem::Problem,
    wire::{ListForm, Question},
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, Method},
    response::Response,
    routing::get,
};

const PATHS: [&str; 3] = ["data.json", "catalog.csv", "catalog.safe.csv"];

pub fn routes() -> Routes {
    PATHS.into_iter().fold(Routes::new(), |routes, path| {
        let list = async move |State(house): State<House>,
                               RawQuery(query): RawQuery,
                               method: Method,
                               headers: HeaderMap| {
            give(&house, path, &query.unwrap_or_default(), &method, &headers).await
        };
        routes.route(table::list(path), get(list))
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
    let mark = format!("{path}?{} {:?}", narrowed.said, desk(house));
    let long = match narrowed.said.is_empty() {
        true => Long::Snapshot,
        false => Long::Content,
    };
    let media_type = form.media_type();
    let question = Question::List {
        snapshot: snapshot.path.clone(),
        list: narrowed.list(house, snapshot),
        form,
    };
    let tagged = Tagged::Content(mark, long);
    validated(house, &view, tagged, question, media_type, method, headers).await
}

/// Who is asked about datasets that name nobody.
fn desk(house: &House) -> Option<(String, String)> {
    let mail = house.config.contact_email.clone()?;
    Some((house.title().to_owned(), mail))
}

fn form(house: &House, path: &str, narrowed: &Narrowed) -> ListForm {
    match path {
        "data.json" => {
            let mark = if narrowed.said.is_empty() { "" } else { "?" };
            let address = format!("{}{path}{mark}{}", house.base(), narrowed.said);
            ListForm::DataJson {
                address: printable(&address),
                desk: desk(house),
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
