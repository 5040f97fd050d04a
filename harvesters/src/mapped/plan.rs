//! The `[source.options]` of a mapped source, checked: what is asked, where the records stand, and what their fields mean.
//!
//! Everything that can be wrong is wrong here, before the first question: an unknown word, a path that is none, a page
//! number that goes nowhere. Start reading at [`Plan::read`].

use super::{
    path::Path,
    template::{self, Template},
    terms::{Place, Term},
    value::{From, Wrong},
};
use crate::{Settings, SettingsError};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

mod map;

/// As it is written in the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    format: Format,
    /// Where a record's identifier stands.
    id: Value,
    /// The dataset's own IRI, made of values of the record.
    iri: Option<String>,
    request: RequestOptions,
    paging: PagingOptions,
    answer: AnswerOptions,
    map: Map<String, Value>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    #[default]
    Json,
    Csv,
    Xml,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RequestOptions {
    /// GET, or POST of `body`.
    method: Option<String>,
    /// The address with its places; the source's own where there are none.
    url: Option<String>,
    body: Option<String>,
    media_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PagingOptions {
    by: By,
    /// The number of the first page: 1 unless it is said.
    first: Option<u64>,
    /// Records a page: 100 unless it is said.
    limit: Option<u64>,
    /// Where the address of the next page stands; `link` for the header of that name.
    next: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// One answer holds everything.
    #[default]
    None,
    /// `{page}` counts pages.
    Page,
    /// `{offset}` counts records.
    Offset,
    /// Each page names the next.
    Next,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AnswerOptions {
    /// Where the list of records stands; of XML, the way to the element that is repeated.
    records: Option<String>,
    /// Where the number of all records stands.
    total: Option<String>,
    /// Where it stands whether the source could answer.
    success: Option<String>,
    /// Where it stands why not.
    error: Option<String>,
}

/// What is asked and read, and what it means.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) format: Format,
    pub(super) url: String,
    pub(super) post: Option<(String, String)>,
    pub(super) by: By,
    pub(super) first: u64,
    pub(super) limit: u64,
    pub(super) next: Option<Next>,
    pub(super) records: Vec<String>,
    pub(super) total: Option<Path>,
    pub(super) success: Option<Path>,
    pub(super) error: Option<Path>,
    pub(super) id: From,
    pub(super) iri: Option<Template>,
    pub(super) fields: Vec<(Place, &'static Term, From)>,
    pub(super) distributions: Option<Distributions>,
}

#[derive(Debug)]
pub(super) enum Next {
    Header,
    Path(Path),
}

#[derive(Debug)]
pub(super) struct Distributions {
    pub(super) lists: Lists,
    pub(super) fields: Vec<(&'static Term, From)>,
}

/// How many distributions a record has.
#[derive(Debug)]
pub(super) enum Lists {
    /// One.
    One,
    /// One for each object of a list.
    Each(Path),
    /// One for each item of a list in one field; the items of the other fields belong to it by their place.
    Zip {
        separator: String,
        /// Which field's list counts.
        lead: usize,
    },
}

fn refused(
    key: impl Into<String>,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> SettingsError {
    SettingsError {
        key: format!("options.{}", key.into()),
        found: found.into(),
        expected: expected.into(),
    }
}

impl Plan {
    pub(super) fn read(settings: &Settings) -> Result<Self, SettingsError> {
        let options: Options = match &settings.options {
            Value::Null => Options::default(),
            table => Options::deserialize(table).map_err(|e| SettingsError {
                key: "options".to_owned(),
                found: e.to_string(),
                expected: "format, id, iri, and the tables request, paging, answer, map".to_owned(),
            })?,
        };
        let (url, post) = question(&options.request, &settings.url)?;
        let next = paging(&options.paging, options.format, &url, post.as_ref())?;
        let answer = answer(&options.answer, options.format)?;
        let path = |key: &str, text: &Option<String>| {
            text.as_deref().map(|t| checked_path(key, t)).transpose()
        };
        let (fields, distributions) = map::read(&options.map)?;
        let iri = options.iri.as_deref().map(|text| {
            let expected = "an http(s) address with places, as \"https://a.example/{id}\"";
            match Template::parse(text) {
                Ok(template) if text.starts_with("http") => Ok(template),
                Ok(_) => Err(refused("iri", format!("{text:?}"), expected)),
                Err(e) => Err(refused("iri", e.found, e.expected)),
            }
        });
        Ok(Self {
            format: options.format,
            url,
            post,
            by: options.paging.by,
            first: options.paging.first.unwrap_or(1),
            limit: options.paging.limit.unwrap_or(100),
            next,
            records: answer,
            total: path("answer.total", &options.answer.total)?,
            success: path("answer.success", &options.answer.success)?,
            error: path("answer.error", &options.answer.error)?,
            id: id(&options.id)?,
            iri: iri.transpose()?,
            fields,
            distributions,
        })
    }

    /// The keys of a record that the mapping reads: for each right side, those of which one is enough.
    pub(super) fn keys(&self) -> Vec<Vec<&str>> {
        let mut sides: Vec<&From> = vec![&self.id];
        sides.extend(self.fields.iter().map(|(.., from)| from));
        let mut keys = Vec::new();
        if let Some(distributions) = &self.distributions {
            match &distributions.lists {
                // Its fields stand in the items of the list.
                Lists::Each(path) => keys.push(vec![path.first_key()]),
                _ => sides.extend(distributions.fields.iter().map(|(_, from)| from)),
            }
        }
        let of = |from: &&'_ From| !from.paths().is_empty();
        for from in sides.into_iter().filter(of) {
            keys.push(from.paths().into_iter().map(Path::first_key).collect());
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

fn id(written: &Value) -> Result<From, SettingsError> {
    if written.is_null() {
        let expected = "where a record's identifier stands, as \"id\"";
        return Err(refused("id", "nothing", expected));
    }
    right_side("id", written)
}

fn right_side(key: &str, written: &Value) -> Result<From, SettingsError> {
    From::read(written).map_err(|wrong| {
        let Wrong {
            below,
            found,
            expected,
        } = wrong;
        let dot = if below.is_empty() { "" } else { "." };
        refused(format!("{key}{dot}{below}"), found, expected)
    })
}

fn checked_path(key: &str, text: &str) -> Result<Path, SettingsError> {
    Path::parse(text).map_err(|e| refused(key, e.found, e.expected))
}

type Question = (String, Option<(String, String)>);

fn question(request: &RequestOptions, source: &Url) -> Result<Question, SettingsError> {
    let url = request.url.clone().unwrap_or_else(|| source.to_string());
    let filled = template::Counted {
        page: 1,
        offset: 0,
        limit: 1,
    }
    .fill(&url);
    if !Url::parse(&filled).is_ok_and(|u| matches!(u.scheme(), "http" | "https")) {
        let expected = "an http(s) address, its places {page}, {offset} or {limit}";
        return Err(refused("request.url", format!("{url:?}"), expected));
    }
    let method = request.method.as_deref().unwrap_or("GET");
    let post = match (method, &request.body) {
        ("GET", None) => None,
        ("POST", body) => {
            let media_type = request.media_type.as_deref().unwrap_or("application/json");
            Some((media_type.to_owned(), body.clone().unwrap_or_default()))
        }
        ("GET", Some(_)) => {
            let expected = "method = \"POST\" as well, or no body";
            return Err(refused("request.body", "a body of a GET", expected));
        }
        (other, _) => {
            let found = format!("{other:?}");
            return Err(refused("request.method", found, "\"GET\" or \"POST\""));
        }
    };
    let body = post.as_ref().map_or("", |(_, body)| body.as_str());
    for (key, text) in [("request.url", url.as_str()), ("request.body", body)] {
        if let Some(word) = template::unknown_place(text) {
            let expected = "{page}, {offset} or {limit}";
            return Err(refused(key, format!("{{{word}}}"), expected));
        }
    }
    Ok((url, post))
}

fn paging(
    paging: &PagingOptions,
    format: Format,
    url: &str,
    post: Option<&(String, String)>,
) -> Result<Option<Next>, SettingsError> {
    if paging.limit.is_some_and(|limit| limit == 0) {
        return Err(refused("paging.limit", "0", "at least 1 record a page"));
    }
    let said =
        |name: &str| template::has(url, name) || post.is_some_and(|p| template::has(&p.1, name));
    let missing = |name: &str| {
        let found = format!("no {{{name}}} in request.url or request.body");
        let expected =
            format!("{{{name}}} where the number goes: without it every page is the first");
        Err(refused("paging.by", found, expected))
    };
    match (paging.by, &paging.next) {
        (By::Page, _) if !said("page") => missing("page"),
        (By::Offset, _) if !said("offset") => missing("offset"),
        (By::None | By::Next, _) if said("page") || said("offset") => Err(refused(
            "paging.by",
            "{page} or {offset} in the request, and nothing that counts them",
            "by = \"page\" or by = \"offset\"",
        )),
        (By::Next, Some(next)) if next == "link" => Ok(Some(Next::Header)),
        (By::Next, Some(next)) if format == Format::Json => {
            checked_path("paging.next", next).map(|path| Some(Next::Path(path)))
        }
        (By::Next, Some(next)) => Err(refused(
            "paging.next",
            format!("{next:?}"),
            "\"link\": only JSON has another place for it",
        )),
        (By::Next, None) => Err(refused(
            "paging.next",
            "nothing",
            "where the address of the next page stands, or \"link\" for the header",
        )),
        (_, Some(next)) => Err(refused(
            "paging.next",
            format!("{next:?}"),
            "by = \"next\" as well",
        )),
        _ => Ok(None),
    }
}

fn answer(answer: &AnswerOptions, format: Format) -> Result<Vec<String>, SettingsError> {
    if format != Format::Json {
        for (key, given) in [
            ("total", &answer.total),
            ("success", &answer.success),
            ("error", &answer.error),
        ] {
            if given.is_some() {
                let key = format!("answer.{key}");
                return Err(refused(key, "a path", "format = \"json\", or none"));
            }
        }
    }
    let records = answer.records.as_deref();
    match (format, records) {
        (Format::Csv, Some(_)) => Err(refused(
            "answer.records",
            "a path",
            "none: the rows of a CSV are its records",
        )),
        (Format::Xml, None) => Err(refused(
            "answer.records",
            "nothing",
            "the way to the element that is repeated, as \"nodes.node\"",
        )),
        (_, None | Some("")) => Ok(Vec::new()),
        (_, Some(text)) => {
            let path = checked_path("answer.records", text)?;
            let keys = path.keys().ok_or_else(|| {
                let expected = "nothing but keys, as \"payload.records\"";
                refused("answer.records", format!("{text:?}"), expected)
            })?;
            Ok(keys.into_iter().map(str::to_owned).collect())
        }
    }
}
