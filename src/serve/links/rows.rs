//! What is known of addresses as tables: their columns, and the answer that gives a whole list out.
//!
//! No cell is one that a spreadsheet would calculate. Start at [`whole`].

use super::Problem;
use crate::documents::national_csv::safe;
use crate::links::{
    Links,
    book::Owner,
    declared::Role,
    told::{Checked, Count, Fares, Row, Sums, UNCHECKED},
    trouble::Trouble,
};
use crate::state::{StateError, links::Key};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::{io, sync::Arc};

/// The sums.
pub fn table_of(sums: &Sums) -> Result<Vec<u8>, Problem> {
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

/// A whole list as a table, page by page as it is read. Where a page cannot be read the answer breaks off.
pub fn whole<T: 'static>(
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
    let body = Body::from_stream(first.chain(pages));
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
    pub(super) const COLUMNS: &'static [&'static str] = &[
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

    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let joined = |of: fn(&Owner) -> &String| {
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
    pub(super) const COLUMNS: &'static [&'static str] = &[
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
    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let told = |check: Option<bool>| check.map_or("", |ok| if ok { "1" } else { "0" });
        let row = |place: &Fares| {
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
