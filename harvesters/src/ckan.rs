//! Connector `ckan`: catalogues that answer the Action API of CKAN, version 3.
//!
//! A run asks three things:
//! 1. **Head**: the newest change that the portal knows. It becomes the bookmark: whatever changes while the run goes
//!    on is newer, and belongs to the next run, however long this one takes.
//! 2. **Pages** of `package_search`, sorted by `id`, all of them or those changed since the bookmark: [`search`] says
//!    why this order, and when a walk through it proves that nothing is missing.
//! 3. Where the search fails, or where the source's settings say so: **names** by `package_list`, then every package
//!    by `package_show`: [`listing`].
//!
//! It never writes to a portal, never asks with a key of its own (a source's headers carry it), and trusts neither
//! `count` nor a filter. What a package says is mapped in [`dataset`] and its neighbours.

mod access;
mod agent;
mod contact;
mod dataset;
mod fields;
mod geometry;
mod listing;
mod package;
mod place;
mod resource;
mod say;
mod search;
#[cfg(test)]
mod tests;

use crate::{
    Answer, Bookmark, Harvester, Kind, Page, ReadError, ReadErrorKind, Record, Request, Settings,
    SettingsError,
};
use harvestd_vocab::{Class, Description, Refusal};
use listing::Show;
use search::{Head, Walk};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read};
use url::Url;

pub const KIND: Kind = Kind {
    name: "ckan",
    about: "CKAN portals: package_search, or package_list and package_show (the Action API, version 3)",
    mapping_version: 3,
    pushes: false,
    portal: false,
    open: |settings| Ok(Box::new(Ckan::open(settings)?)),
};

/// The `[source.options]` of a source of this kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Packages a page. Portals of CKAN's own defaults give 1,000 at most.
    rows: u64,
    /// A filter query of the portal's own search that every package must match.
    fq: Option<String>,
    /// How far before the bookmark an incremental run begins: search indexes lag, and clocks differ.
    overlap_minutes: i64,
    mode: Mode,
    /// Only packages of these organisations (name or id). Empty: all.
    organisations_include: Vec<String>,
    /// No packages of these organisations (name or id).
    organisations_exclude: Vec<String>,
    /// The field or extra that says who may have the data, where a portal has its own.
    access_rights_key: Option<String>,
    /// How the source says who may have the data: rules, and where to apply.
    access: access::Access,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rows: 100,
            fq: None,
            overlap_minutes: 60,
            mode: Mode::Search,
            organisations_include: Vec::new(),
            organisations_exclude: Vec::new(),
            access_rights_key: None,
            access: access::Access::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// `package_search`, and the list where it fails.
    Search,
    /// `package_list` and `package_show` from the start.
    List,
}

/// One portal.
pub(crate) struct Ckan {
    /// Where the portal's pages are, without a slash at its end.
    portal: String,
    /// Where the actions are, with a slash at its end.
    api: Url,
    options: Options,
    pub(crate) record_bytes_max: usize,
}

/// What the connector asked, and all that it must remember until the answer comes. The tag is the note's version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case")]
enum Note {
    Head(Head),
    Walk(Walk),
    Names,
    Show(Show),
}

impl Ckan {
    pub(crate) fn open(settings: Settings) -> Result<Self, SettingsError> {
        let refused = |key: &str, found: String, expected: &str| SettingsError {
            key: key.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let mut options = match settings.options {
            serde_json::Value::Null => Options::default(),
            table => serde_json::from_value(table).map_err(|e| {
                refused("options", e.to_string(), "rows, fq, overlap_minutes, mode (search or list), organisations_include, organisations_exclude, access_rights_key, access")
            })?,
        };
        if let Some((key, found, expected)) = options.access.fault() {
            return Err(refused(&key, found, expected));
        }
        if let Some(key) = &options.access_rights_key {
            options.access.reads_as_access_rights(key);
        }
        if !(2..=1_000_000).contains(&options.rows) {
            return Err(refused(
                "options.rows",
                options.rows.to_string(),
                "2 to 1000000 packages a page",
            ));
        }
        if !(0..=525_600).contains(&options.overlap_minutes) {
            return Err(refused(
                "options.overlap_minutes",
                options.overlap_minutes.to_string(),
                "0 to 525600 minutes",
            ));
        }
        let (portal, api) = addresses(&settings.url).ok_or_else(|| {
            refused(
                "url",
                settings.url.to_string(),
                "an http(s) address of a portal or of its Action API",
            )
        })?;
        Ok(Self {
            portal,
            api,
            options,
            record_bytes_max: settings.record_bytes_max,
        })
    }

    fn question(&self, action: &str, parameters: &[(&str, &str)], note: &Note) -> Request {
        let mut url = self.api.clone();
        url.set_path(&format!("{}{action}", self.api.path()));
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Request::get(url, "application/json").note(note)
    }
}

/// The portal's own address and that of its actions, from either of them.
fn addresses(configured: &Url) -> Option<(String, Url)> {
    let mut api = configured.clone();
    api.set_query(None);
    api.set_fragment(None);
    if !matches!(api.scheme(), "http" | "https") {
        return None;
    }
    let path = configured.path().trim_end_matches('/');
    let (root, actions) = match root_of_api(path) {
        Some(root) if path.ends_with("/action") => (root, path.to_owned()),
        Some(root) => (root, format!("{root}/api/3/action")),
        None => (path, format!("{path}/api/3/action")),
    };
    let mut portal = api.clone();
    // Names and passwords of an address are nobody else's business: IRIs are made of this one.
    portal.set_username("").ok()?;
    portal.set_password(None).ok()?;
    portal.set_path(root);
    api.set_path(&format!("{actions}/"));
    Some((portal.as_str().trim_end_matches('/').to_owned(), api))
}

/// What stands before `/api`, `/api/3`, `/api/action` or `/api/3/action`.
fn root_of_api(path: &str) -> Option<&str> {
    let path = path.strip_suffix("/action").unwrap_or(path);
    path.strip_suffix("/api").or_else(|| {
        let (before, version) = path.rsplit_once('/')?;
        let is_version = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
        before.strip_suffix("/api").filter(|_| is_version)
    })
}

impl Harvester for Ckan {
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request> {
        vec![match self.options.mode {
            Mode::Search => self.ask_head(Head::new(since, now_ms)),
            Mode::List => self.ask_names(),
        }]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let note = Note::deserialize(&answer.request.note).map_err(|e| {
            let found = format!("{} ({e})", answer.request.note);
            ReadError::new(
                ReadErrorKind::Malformed,
                "reading the connector's own note",
                found,
                "a note of version 1",
            )
        })?;
        match note {
            Note::Head(head) => self.read_head(head, answer, page),
            Note::Walk(walk) => self.read_page(walk, answer, page),
            Note::Names => self.read_names(answer, page),
            Note::Show(show) => self.read_package(&show, answer, page),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let (part, raw) = record.parts.first().ok_or_else(|| {
            Refusal::new(
                "no-part",
                "package",
                "a record without parts",
                "a package of the portal",
            )
        })?;
        let value = package::json(raw)?;
        match record.id.class {
            Class::Dataset | Class::DatasetSeries => {
                self.describe_package(&record.id, fields::Fields::of(&value))
            }
            Class::Agent => self.describe_agent(part, &value),
            Class::DataService => self.describe_service(&value),
            Class::Catalog => Err(Refusal::new(
                "not-of-this-kind",
                "package",
                &record.id.to_string(),
                "a dataset, a series, a data service or an agent",
            )),
        }
    }
}

/// What CKAN says around every result.
#[derive(Debug, Default, Deserialize)]
struct Envelope {
    success: Option<bool>,
    error: Option<serde_json::Value>,
}

impl Envelope {
    fn of(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// The portal's own words for its failure.
    fn complaint(&self) -> String {
        match &self.error {
            Some(error) => {
                let message = error.get("message").and_then(serde_json::Value::as_str);
                message.map_or_else(|| error.to_string(), str::to_owned)
            }
            None if self.success == Some(false) => "success is false, without an error".to_owned(),
            None => "a JSON answer without a result".to_owned(),
        }
    }
}

/// What a portal answered instead of a result: its status, and its own words as far as they help.
fn complaint_of(status: u16, body: &mut dyn BufRead) -> String {
    const BYTES_MAX: u64 = 16 * 1024;
    let mut text = Vec::new();
    let read = body.take(BYTES_MAX).read_to_end(&mut text);
    let envelope = Envelope::of(&text);
    match (read, envelope.error.is_some()) {
        (Ok(_), true) => format!("status {status}: {}", envelope.complaint()),
        _ => format!("status {status}"),
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
