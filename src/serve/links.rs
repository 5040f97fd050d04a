//! How the addresses in the catalogue fare: sums at `/links`, lists at `/links/addresses`, one address at `/links/address`, the
//! national checks at `/links/datasets`. Lists are whole: in JSON page by page, as a table at once.
//!
//! Asks the desk; judges nothing. Start at [`routes`]; checking by hand is the operator's.

pub mod operator;
mod rows;

use super::{
    House, fresh,
    negotiate::{self, Form, JSON_OR_CSV},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
};
use crate::links::{
    Links,
    told::{Checked, Filter, Row, UNCHECKED},
    trouble::{TABLE, Trouble},
};
use crate::run::now_ms;
use crate::state::{StateError, links::Key};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::get,
};
use rows::{table_of, whole};
use serde_json::json;
use std::sync::Arc;

pub fn routes() -> Routes {
    Routes::new()
        .route(table::links(), get(sums))
        .route(table::link_addresses(), get(addresses))
        .route(table::link_address(), get(address))
        .route(table::link_datasets(), get(datasets))
}

/// What a query says.
#[derive(Debug, Clone, Default)]
struct Asked {
    filter: Filter,
    url: Option<String>,
    after: Option<Key>,
    limit: Option<usize>,
    /// The query without the place in the list.
    rest: String,
}

impl Asked {
    /// `known`: the names that are taken here.
    fn of(
        query: Option<&str>,
        headers: &HeaderMap,
        known: &[&str],
    ) -> Result<(Self, Form), Problem> {
        let (mut asked, mut accepted) = (Self::default(), accept(headers));
        let mut rest = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let wrong = || {
                let text = format!("?{name}={value} is not known here: {}.", known.join(", "));
                Problem::bad_request("query", text)
            };
            if !known.contains(&&*name) {
                return Err(wrong());
            }
            let text = Some(value.clone().into_owned());
            let filter = &mut asked.filter;
            match &*name {
                "trouble" if value == UNCHECKED => filter.trouble = Some(None),
                "trouble" => filter.trouble = Some(Some(Trouble::of(&value).ok_or_else(wrong)?)),
                "host" => filter.host = text,
                "source" => filter.source = text,
                "publisher" => filter.publisher = text,
                "dataset" => filter.dataset = text,
                "broken" => filter.broken = Some(value.parse().map_err(|_| wrong())?),
                "url" => asked.url = text,
                "after" => asked.after = Some(place(&value).ok_or_else(wrong)?),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| *limit > 0);
                    asked.limit = Some(limit.ok_or_else(wrong)?);
                }
                "format" => accepted = negotiate::named(&value).ok_or_else(wrong)?,
                _ => return Err(wrong()),
            }
            if name != "after" {
                rest.append_pair(&name, &value);
            }
        }
        asked.rest = rest.finish();
        Ok((asked, negotiate::best(&accepted, JSON_OR_CSV)?.format))
    }

    fn next(&self, base: &str, path: &str, after: Option<Key>) -> Option<String> {
        let after = hex::encode(after?);
        let rest = match self.rest.is_empty() {
            true => String::new(),
            false => format!("{}&", self.rest),
        };
        Some(format!("{base}{path}?{rest}after={after}"))
    }
}

fn place(text: &str) -> Option<Key> {
    let mut key = Key::default();
    hex::decode_to_slice(text, &mut key).ok()?;
    Some(key)
}

pub(super) fn kept(house: &House) -> Result<Arc<Links>, Problem> {
    let none = || Problem::not_found("No addresses are checked here.");
    house.desk.links().ok_or_else(none)
}

/// Reads the book beside other requests.
pub(super) async fn read<T: Send + 'static>(
    links: &Arc<Links>,
    read: impl FnOnce(&Links) -> Result<T, StateError> + Send + 'static,
) -> Result<T, Problem> {
    let links = links.clone();
    let read = tokio::task::spawn_blocking(move || read(&links)).await;
    let read = read.map_err(|_| Problem::internal())?;
    read.map_err(|error| {
        tracing::error!(%error, "what is known of addresses cannot be read");
        Problem::internal()
    })
}

async fn sums(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, form) = Asked::of(query.as_deref(), &headers, &["format"])?;
    let links = kept(&house)?;
    let sums = read(&links, |links| links.sums(now_ms())).await?;
    let response = match form {
        Form::Json => {
            let mut said = json!(*sums);
            said["words"] = json!(TABLE);
            said["addresses"] = format!("{}links/addresses", house.base()).into();
            fresh::json(&said, &headers)
        }
        Form::Csv => fresh::given(table_of(&sums)?, "text/csv; charset=utf-8", &headers),
    };
    varied(response)
}

async fn addresses(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    const KNOWN: &[&str] = &[
        "trouble",
        "host",
        "source",
        "publisher",
        "dataset",
        "broken",
        "after",
        "limit",
        "format",
    ];
    let (asked, form) = Asked::of(query.as_deref(), &headers, KNOWN)?;
    let links = kept(&house)?;
    if form == Form::Csv {
        let filter = asked.filter;
        let page = move |links: &Links, after, most| links.list(&filter, after, most);
        return Ok(whole(links, Row::COLUMNS, page, Row::cells));
    }
    let most = limit(&links, asked.limit);
    let (filter, after) = (asked.filter.clone(), asked.after);
    let (rows, last) = read(&links, move |links| links.list(&filter, after, most)).await?;
    let next = asked.next(house.base(), "links/addresses", last);
    varied(fresh::json(
        &json!({ "addresses": rows, "next": next }),
        &headers,
    ))
}

async fn datasets(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    const KNOWN: &[&str] = &["dataset", "source", "publisher", "after", "limit", "format"];
    let (asked, form) = Asked::of(query.as_deref(), &headers, KNOWN)?;
    let links = kept(&house)?;
    let page = {
        let filter = asked.filter.clone();
        move |links: &Links, after: Option<Key>, most| match &filter.dataset {
            Some(iri) => Ok((Vec::from_iter(links.checks_of(iri)?), None)),
            None => links.checks_after(&filter, after, most),
        }
    };
    if form == Form::Csv {
        return Ok(whole(links, Checked::COLUMNS, page, Checked::cells));
    }
    let (most, after) = (limit(&links, asked.limit), asked.after);
    let (checked, last) = read(&links, move |links| page(links, after, most)).await?;
    let next = asked.next(house.base(), "links/datasets", last);
    varied(fresh::json(
        &json!({ "datasets": checked, "next": next }),
        &headers,
    ))
}

async fn address(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (asked, _) = Asked::of(query.as_deref(), &headers, &["url"])?;
    let url = asked.url.ok_or_else(|| {
        Problem::bad_request("query", "Which address? ?url= names it, percent-encoded.")
    })?;
    let found = read(&kept(&house)?, move |links| links.whole(&url)).await?;
    let none = || Problem::not_found("No dataset names this address.");
    varied(fresh::json(&found.ok_or_else(none)?, &headers))
}

fn limit(links: &Links, wanted: Option<usize>) -> usize {
    let most = links.config().limits.links.page_max;
    wanted.unwrap_or(most).min(most)
}

fn varied(response: Result<Response, Problem>) -> Result<Response, Problem> {
    let mut response = response?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}
