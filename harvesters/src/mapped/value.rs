//! The right side of a mapping: where a value comes from, and what is done with it before it is said.
//!
//! ```toml
//! title = "name"                                       # a path
//! keyword = { path = "tags", split = "," }             # one text that holds a list
//! language = { value = "zh" }                          # the same for all
//! landing_page = { template = "https://a.example/{id}" }
//! identifier = { path = "url", after = "oid=" }        # what follows the last "oid="
//! modified = { paths = ["changed", "issued"], date = "%Y/%m/%d %H:%M", zone = "+08:00" }
//! access_rights = { path = "fee", words = { "免費" = "http://…/PUBLIC" }, others = "drop" }
//! comment = { path = "note", skip = ["無", "-"] }
//! ```
//!
//! Start reading at [`From::texts`].

use super::{
    path::{NoPath, Path},
    template::Template,
    terms::{Kind, Term},
};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use harvestd_vocab::terms::xsd;
use oxrdf::Literal;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// As it is written in the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    path: Option<String>,
    paths: Vec<String>,
    template: Option<String>,
    value: Option<String>,
    split: Option<String>,
    before_scheme: bool,
    after: Option<String>,
    skip: Vec<String>,
    words: BTreeMap<String, String>,
    others: Others,
    date: Option<String>,
    zone: Option<String>,
    language: Option<String>,
    same: bool,
}

/// What becomes of a word that the table of words has not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Others {
    #[default]
    Keep,
    Drop,
}

/// Where a value comes from, and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct From {
    origin: Origin,
    split: Option<String>,
    before_scheme: bool,
    after: Option<String>,
    skip: Vec<String>,
    words: BTreeMap<String, String>,
    others: Others,
    date: Option<(String, Option<FixedOffset>)>,
    pub(super) language: Option<String>,
    /// Where lists are put side by side: this is none of them, and the same for all.
    same: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// The first that says something.
    Paths(Vec<Path>),
    Template(Template),
    Value(String),
}

/// Why the right side is none: a key below it (or nothing), what was found and what would be right.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) below: &'static str,
    pub(super) found: String,
    pub(super) expected: String,
}

fn wrong(below: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Wrong {
    Wrong {
        below,
        found: found.into(),
        expected: expected.into(),
    }
}

impl From {
    pub(super) fn read(written: &Value) -> Result<Self, Wrong> {
        const FORM: &str = "a path, as \"agency.name\", or a table with one of path, paths, template, value, and any of split, before_scheme, after, skip, words, others, date, zone, language, same";
        let written = match written {
            Value::String(path) => Written {
                path: Some(path.clone()),
                ..Written::default()
            },
            table @ Value::Object(_) => {
                Written::deserialize(table).map_err(|e| wrong("", e.to_string(), FORM))?
            }
            other => return Err(wrong("", other.to_string(), FORM)),
        };
        let origin = origin(&written)?;
        if written.split.as_deref() == Some("") {
            return Err(wrong("split", "\"\"", "the text between two items"));
        }
        if written.before_scheme && written.split.is_none() {
            let expected = "split as well: it says where a list is split, but for addresses";
            return Err(wrong("before_scheme", "no split", expected));
        }
        Ok(Self {
            origin,
            date: date(&written)?,
            split: written.split,
            before_scheme: written.before_scheme,
            after: written.after,
            skip: written.skip,
            words: written.words,
            others: written.others,
            language: written.language,
            same: written.same,
        })
    }

    /// The paths it reads.
    pub(super) fn paths(&self) -> Vec<&Path> {
        match &self.origin {
            Origin::Paths(paths) => paths.iter().collect(),
            Origin::Template(template) => template.paths().collect(),
            Origin::Value(_) => Vec::new(),
        }
    }

    /// Is it the same for each of several lists' items? Constants and templates are.
    pub(super) fn is_same(&self) -> bool {
        self.same || !matches!(self.origin, Origin::Paths(_))
    }

    /// Has it the form of a date, for a term that means none?
    pub(super) fn dated_without_need(&self, term: &Term) -> bool {
        self.date.is_some() && term.kind != Kind::Date
    }

    /// The values, each a text; none is empty.
    pub(super) fn texts(&self, scope: &Value, record: &Value) -> Vec<String> {
        let texts = self.raw(scope, record).into_iter();
        let split = texts.flat_map(|text| match &self.split {
            Some(separator) => self.items(&text, separator),
            None => vec![text],
        });
        split.filter_map(|text| self.one(&text)).collect()
    }

    /// The items of a list in one text, empty ones included: they hold a place. A list of JSON is one as well.
    pub(super) fn list(&self, scope: &Value, record: &Value, separator: &str) -> Vec<String> {
        let separator = self.split.as_deref().unwrap_or(separator);
        let raw = self.raw(scope, record);
        let items: Vec<String> = match raw.as_slice() {
            [text] => self.items(text, separator),
            _ => raw,
        };
        let mut items: Vec<String> = items
            .iter()
            .map(|text| self.one(text).unwrap_or_default())
            .collect();
        let said = items.iter().rposition(|item| !item.is_empty());
        items.truncate(said.map_or(0, |at| at + 1));
        items
    }

    /// How many places the list in one text has. Empty ones hold a place, but for the one after a last separator.
    pub(super) fn places(&self, record: &Value, separator: &str) -> usize {
        let separator = self.split.as_deref().unwrap_or(separator);
        match self.raw(record, record).as_slice() {
            [text] => {
                let items = self.items(text, separator);
                items.len() - usize::from(text.ends_with(separator))
            }
            texts => texts.len(),
        }
    }

    /// The literal of a date in the form of the settings. None where there is no form, or the date has another one.
    pub(super) fn dated(&self, text: &str) -> Option<Literal> {
        let (form, zone) = self.date.as_ref()?;
        if let Ok(moment) = DateTime::parse_from_str(text, form) {
            let value = moment.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
            return Some(Literal::new_typed_literal(value, xsd::DATE_TIME));
        }
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, form) {
            let mut value = moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
            if let Some(zone) = zone {
                value.push_str(&zone.to_string());
            }
            return Some(Literal::new_typed_literal(value, xsd::DATE_TIME));
        }
        let date = NaiveDate::parse_from_str(text, form).ok()?;
        Some(Literal::new_typed_literal(date.to_string(), xsd::DATE))
    }

    fn raw(&self, scope: &Value, record: &Value) -> Vec<String> {
        match &self.origin {
            Origin::Value(text) => vec![text.clone()],
            Origin::Paths(paths) => paths
                .iter()
                .map(|path| texts_at(path, scope, record))
                .find(|texts| texts.iter().any(|text| self.one(text).is_some()))
                .unwrap_or_default(),
            Origin::Template(template) => template
                .fill(|path| {
                    let texts = texts_at(path, scope, record);
                    texts.into_iter().find_map(|text| self.kept(&text))
                })
                .into_iter()
                .collect(),
        }
    }

    fn items(&self, text: &str, separator: &str) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for piece in text.split(separator) {
            match items.last_mut() {
                // The separator is a part of the address that stands before it.
                Some(open)
                    if self.before_scheme
                        && crate::saying::has_scheme(open)
                        && !crate::saying::has_scheme(piece.trim()) =>
                {
                    open.push_str(separator);
                    open.push_str(piece);
                }
                _ => items.push(piece.trim().to_owned()),
            }
        }
        for item in &mut items {
            let kept = item.trim_end_matches(|c: char| c.is_whitespace() || separator.contains(c));
            item.truncate(kept.len());
        }
        items
    }

    /// One item as it is said; None where nothing is.
    fn one(&self, text: &str) -> Option<String> {
        let mut text = match self.origin {
            Origin::Template(_) => text.trim().to_owned(),
            _ => self.kept(text)?,
        };
        if let Some(mark) = &self.after {
            text = text.rsplit_once(mark.as_str())?.1.trim().to_owned();
        }
        match self.words.get(&text) {
            Some(word) => text.clone_from(word),
            None if !self.words.is_empty() && self.others == Others::Drop => return None,
            None => {}
        }
        (!text.is_empty()).then_some(text)
    }

    fn kept(&self, text: &str) -> Option<String> {
        let text = text.trim();
        (!text.is_empty() && !self.skip.iter().any(|skip| skip == text)).then(|| text.to_owned())
    }
}

fn origin(written: &Written) -> Result<Origin, Wrong> {
    let given = [
        written.path.is_some(),
        !written.paths.is_empty(),
        written.template.is_some(),
        written.value.is_some(),
    ];
    let count = given.iter().filter(|given| **given).count();
    if count != 1 {
        let found = format!("{count} of them");
        return Err(wrong(
            "",
            found,
            "exactly one of path, paths, template, value",
        ));
    }
    let no_path = |below| move |e: NoPath| wrong(below, e.found, e.expected);
    if let Some(value) = &written.value {
        return Ok(Origin::Value(value.clone()));
    }
    if let Some(template) = &written.template {
        return Template::parse(template)
            .map(Origin::Template)
            .map_err(no_path("template"));
    }
    if let Some(path) = &written.path {
        let path = Path::parse(path).map_err(no_path("path"))?;
        return Ok(Origin::Paths(vec![path]));
    }
    let paths: Result<_, _> = written.paths.iter().map(|p| Path::parse(p)).collect();
    paths.map(Origin::Paths).map_err(no_path("paths"))
}

fn date(written: &Written) -> Result<Option<(String, Option<FixedOffset>)>, Wrong> {
    use chrono::format::{Item, StrftimeItems};
    let Some(form) = &written.date else {
        return match &written.zone {
            Some(zone) => Err(wrong(
                "zone",
                format!("{zone:?} without date"),
                "date as well; without it the source's offset_minutes is used",
            )),
            None => Ok(None),
        };
    };
    if StrftimeItems::new(form).any(|item| item == Item::Error) || !form.contains('%') {
        let expected = "the form of a date, as \"%Y/%m/%d %H:%M\"";
        return Err(wrong("date", format!("{form:?}"), expected));
    }
    let zone = written.zone.as_ref().map(|zone| {
        let expected = "an offset, as \"+08:00\"";
        zone.parse::<FixedOffset>()
            .map_err(|_| wrong("zone", format!("{zone:?}"), expected))
    });
    Ok(Some((form.clone(), zone.transpose()?)))
}

/// The texts at a path: lists are taken apart.
fn texts_at(path: &Path, scope: &Value, record: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for value in path.find(scope, record) {
        match value {
            Value::Array(items) => out.extend(items.iter().filter_map(text_of)),
            single => out.extend(text_of(single)),
        }
    }
    out
}

/// A text, a number or a truth; of an object, its text (XML) or its `date` (a time as PHP writes it).
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(members) => ["#text", "date"]
            .iter()
            .find_map(|key| members.get(*key).filter(|v| v.is_string()))
            .and_then(text_of),
        Value::Array(_) | Value::Null => None,
    }
}
