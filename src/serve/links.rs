//! How the addresses in the catalogue fare: sums at `/links`, lists at `/links/addresses`, one address at `/links/address`, the
//! national checks at `/links/datasets`. Lists are whole: in JSON page by page, as a table at once.
//!
//! Asks the desk; judges nothing. Start at [`routes`]; checking by hand is the operator's.

pub mod operator;

use super::{
    House, fresh,
    negotiate::{self, Offer},
    openapi::{Routes, table},
    problem::Problem,
    sparql::accept,
};
use crate::documents::national_csv::safe;
use crate::links::{
    Links,
    declared::Role,
    told::{Checked, Count, Filter, Row, Sums, UNCHECKED},
    trouble::{TABLE, Trouble},
};
use crate::run::now_ms;
use crate::state::{StateError, links::Key};
use axum::{
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use std::{io, sync::Arc};

pub fn routes() -> Routes {
    Routes::new()
        .route(table::links(), get(sums))
        .route(table::link_addresses(), get(addresses))
        .route(table::link_address(), get(address))
        .route(table::link_datasets(), get(datasets))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

const OFFERS: &[Offer<Form>] = &[
    Offer {
        media_type: "application/json",
        format: Form::Json,
    },
    Offer {
        media_type: "text/csv; charset=utf-8",
        format: Form::Csv,
    },
];

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
        let offer = negotiate::choose(&accepted, OFFERS);
        let none = || Problem::not_acceptable(&negotiate::on_offer(OFFERS));
        Ok((asked, offer.ok_or_else(none)?.format))
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

fn kept(house: &House) -> Result<Arc<Links>, Problem> {
    let none = || Problem::not_found("No addresses are checked here.");
    house.desk.links().ok_or_else(none)
}

/// Reads the book beside other requests.
async fn read<T: Send + 'static>(
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

fn table_of(sums: &Sums) -> Result<Vec<u8>, Problem> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut write = || -> Result<(), csv::Error> {
        out.write_record(["by", "name", "addresses", "faulty", "broken"])?;
        for (by, counts) in [
            ("trouble", &sums.troubles),
            ("host", &sums.hosts),
            ("source", &sums.sources),
            ("publisher", &sums.publishers),
        ] {
            for Count {
                name,
                addresses,
                faulty,
                broken,
            } in counts
            {
                let numbers = [addresses, faulty, broken].map(u64::to_string);
                let [a, b, c] = &numbers;
                out.write_record([by, &safe(name), a, b, c])?;
            }
        }
        Ok(())
    };
    write().map_err(|_| Problem::internal())?;
    out.into_inner().map_err(|_| Problem::internal())
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

/// A whole list as a table, page by page as it is read. Where a page cannot be read the answer breaks off.
fn whole<T: Serialize + 'static>(
    links: Arc<Links>,
    columns: &'static [&'static str],
    page: impl Fn(&Links, Option<Key>, usize) -> Result<(Vec<T>, Option<Key>), StateError>
    + Clone
    + Send
    + 'static,
    cells: fn(&T) -> Vec<Vec<String>>,
) -> Response {
    let begin = columns.join(",") + "\r\n";
    let first = stream::once(async move { Ok(Bytes::from(begin)) });
    let pages = stream::unfold(Some(None), move |at: Option<Option<Key>>| {
        let (links, page) = (links.clone(), page.clone());
        async move {
            let after = at?;
            let most = links.config().limits.links.page_max;
            let read = move || -> io::Result<(Bytes, Option<Key>)> {
                let (items, next) = page(&links, after, most).map_err(io::Error::other)?;
                let mut out = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(Vec::new());
                for row in items.iter().flat_map(cells) {
                    out.write_record(row.iter().map(|cell| safe(cell)))?;
                }
                let bytes = out
                    .into_inner()
                    .map_err(|e| io::Error::other(e.to_string()))?;
                Ok((bytes.into(), next))
            };
            let read = tokio::task::spawn_blocking(read).await;
            match read.map_err(io::Error::other).and_then(|read| read) {
                Ok((bytes, next)) => Some((Ok(bytes), next.map(Some))),
                Err(error) => {
                    tracing::error!(%error, "a list of addresses broke off");
                    Some((Err(error), None))
                }
            }
        }
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, pages));
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::VARY, HeaderValue::from_static("Accept")),
    ];
    (headers, body).into_response()
}

fn time(ms: Option<i64>) -> String {
    let time = ms.and_then(chrono::DateTime::from_timestamp_millis);
    time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .unwrap_or_default()
}

impl Row {
    const COLUMNS: &'static [&'static str] = &[
        "url",
        "host",
        "sources",
        "publishers",
        "trouble",
        "broken",
        "failures",
        "first_failed",
        "checked",
        "due",
        "status",
        "redirects",
        "landed",
        "media_type",
        "found",
        "encoding",
        "said",
    ];

    fn cells(&self) -> Vec<Vec<String>> {
        let joined = |of: fn(&crate::links::book::Owner) -> &String| {
            let mut all: Vec<&str> = self.of.iter().map(|owner| of(owner).as_str()).collect();
            all.dedup();
            all.join(";")
        };
        let found = self.found.map(|found| json!(found));
        vec![vec![
            self.url.clone(),
            self.host.clone(),
            joined(|owner| &owner.source),
            joined(|owner| &owner.publisher),
            self.trouble.map_or(UNCHECKED, Trouble::code).to_owned(),
            self.broken.to_string(),
            self.failures.to_string(),
            time(self.first_failed_ms),
            time(self.checked_ms),
            time(Some(self.due_ms)),
            self.status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            self.redirects.to_string(),
            self.landed.clone().unwrap_or_default(),
            self.media_type.clone().unwrap_or_default(),
            found
                .as_ref()
                .and_then(|f| f.as_str())
                .unwrap_or_default()
                .to_owned(),
            self.encoding.clone().unwrap_or_default(),
            self.said.clone().unwrap_or_default(),
        ]]
    }
}

impl Checked {
    const COLUMNS: &'static [&'static str] = &[
        "dataset",
        "source",
        "publisher",
        "badge",
        "distribution",
        "role",
        "url",
        "linkable",
        "downloadable",
        "structure",
        "encoding_match",
        "desc_match",
        "trouble",
        "checked",
    ];

    /// A row for each address. The checks are 1, 0, or empty where they cannot be told.
    fn cells(&self) -> Vec<Vec<String>> {
        let told = |check: Option<bool>| check.map_or("", |ok| if ok { "1" } else { "0" });
        let row = |place: &crate::links::told::Fares| {
            let verdict = place.verdict.as_ref();
            let checks = verdict.map(|verdict| verdict.checks).unwrap_or_default();
            let role = match place.role {
                Role::Download => "download",
                Role::Access => "access",
                Role::Landing => "landing",
            };
            let trouble = verdict.map_or(UNCHECKED, |verdict| verdict.trouble.code());
            let mut cells: Vec<String> = [&self.dataset, &self.source, &self.publisher]
                .map(Clone::clone)
                .into();
            cells.push(self.badge.clone().unwrap_or_default());
            cells.push(place.distribution.clone());
            cells.push(role.to_owned());
            cells.push(place.url.clone());
            let checks = [
                checks.linkable,
                checks.downloadable,
                checks.structure,
                checks.encoding_match,
                checks.desc_match,
            ];
            cells.extend(checks.map(|check| told(check).to_owned()));
            cells.push(trouble.to_owned());
            cells.push(time(place.checked_ms));
            cells
        };
        self.places.iter().map(row).collect()
    }
}
