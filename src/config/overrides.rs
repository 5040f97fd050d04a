//! Reads `[[override]]`: corrections by hand, in the files of `overrides_dir` or beside the sources.
//!
//! Decides nothing of what a correction may say: that is [`crate::overrides`]. Start at [`read`].

use super::files::{File, matching};
use super::table::{Context, Found, Table};
use crate::overrides::{Draft, Override, Overrides, Value};
use chrono::NaiveDate;
use std::path::{Path, PathBuf};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

const DATASET: &str = "the IRI of a dataset as it is published, as \"https://…\"";
const DISTRIBUTION: &str = "the IRI, access address or download address of a distribution";
const PROPERTY: &str = "a property, as \"dct:title\"";
const LANGUAGE: &str = "a language tag, as \"zh-Hant\"";
const WHO: &str = "who made the correction";
const WHY: &str = "why it was made";
const WHEN: &str = "the day on which it was made, as 2026-11-21";
const VALUE: &str = "\"a text\", { text = \"…\", lang = \"zh-Hant\" }, { text = \"…\", datatype = \"xsd:date\" }, { iri = \"https://…\" }, a number, a date, true or false, or a list of those";

/// Where corrections are, unless the configuration says otherwise.
const FOLDER: &str = "overrides";

/// The folder of corrections, and the files in it, by name. [`FOLDER`] beside the configuration need not be there, nor one
/// that is said outside; any other that is configured must be.
pub(super) fn folder(
    root: &Table<'_>,
    outside: Option<&Path>,
    on_disk: bool,
) -> (PathBuf, Vec<PathBuf>) {
    let said = root.text("overrides_dir", "the path of a folder");
    let usual = said.as_ref().is_none_or(|said| said.value == FOLDER);
    let dir = match outside {
        Some(dir) => dir.to_owned(),
        None if usual && !on_disk => return (PathBuf::new(), Vec::new()),
        None => {
            let name = said.as_ref().map_or(FOLDER, |said| &said.value);
            root.cx.file.beside(name)
        }
    };
    if (usual || outside.is_some()) && !dir.exists() {
        return (dir, Vec::new());
    }
    let files = matching(&dir.join("*.toml")).unwrap_or_else(|e| {
        let at = said.map_or(root.start, |said| said.at);
        let found = format!("{}: {e}", dir.display());
        root.problem(at, "overrides_dir", found, "a folder of corrections");
        Vec::new()
    });
    (dir, files)
}

/// The corrections of one file, added to those of others.
pub(super) fn read(root: &Table<'_>, overrides: &mut Overrides) {
    for table in root.tables("override") {
        if let Some(correction) = one(&table) {
            let at = table.place_of("property");
            if let Err(first) = overrides.add(correction) {
                let found = format!("what {first} corrects already");
                let expected = "one correction of the same values: change the first one";
                table.problem(at, "property", found, expected);
            }
        }
        table.finish();
    }
}

/// A file that holds corrections and nothing else.
pub(super) fn read_file(cx: Context<'_>, file: &File, overrides: &mut Overrides) {
    let (document, whole) = file.parse(cx.problems);
    if whole {
        let root = Table::new(Context { file, ..cx }, "", 0, document.get_ref());
        read(&root, overrides);
        root.finish();
    }
}

/// None: something is wrong with it, and written down.
fn one(table: &Table<'_>) -> Option<Override> {
    let before = table.cx.problems.count();
    let text = |key, expected| table.text(key, expected).map(|f: Found<String>| f.value);
    let required = |key, expected| {
        let found = table.text(key, expected);
        table.required(key, found, expected).map(|f| f.value)
    };
    let dataset = required("dataset", DATASET);
    let distribution = text("distribution", DISTRIBUTION);
    let property = text("property", PROPERTY);
    let lang = text("lang", LANGUAGE);
    let expect = values(table, "expect").unwrap_or_default();
    let set = values(table, "set");
    let remove = table.boolean("remove");
    let who = required("who", WHO);
    let why = required("why", WHY);
    let when = when(table);
    match (&set, remove) {
        (None, None) if table.value("set").is_none() => {
            let expected = "set = …, the values to publish, or remove = true";
            table.problem(table.start, "set", "nothing", expected);
        }
        (Some(_), Some(_)) => {
            let expected = "either set or remove";
            table.problem(table.place_of("remove"), "remove", "both", expected);
        }
        (None, Some(false)) => {
            table.problem(
                table.place_of("remove"),
                "remove",
                "false",
                "true, or set = …",
            );
        }
        (Some(set), None) if set.is_empty() => {
            table.problem(
                table.place_of("set"),
                "set",
                "an empty list",
                "remove = true",
            );
        }
        _ => {}
    }
    let draft = Draft {
        dataset: dataset?,
        distribution,
        property,
        lang,
        expect,
        set: set.unwrap_or_default(),
        who: who?,
        when: when?,
        why: why?,
    };
    if table.cx.problems.count() > before {
        return None;
    }
    let (line, column) = table.cx.file.place(table.start);
    let at = format!("{}:{line}:{column}", table.cx.file.name);
    let read = Override::new(draft, at);
    read.map_err(|problems| {
        for p in problems {
            table.problem(table.place_of(p.key), p.key, p.found, p.expected);
        }
    })
    .ok()
}

fn when(table: &Table<'_>) -> Option<NaiveDate> {
    let value = table.value("when");
    let written = match value.map(Spanned::get_ref) {
        None => {
            table.problem(table.start, "when", "nothing", WHEN);
            return None;
        }
        Some(DeValue::Datetime(date)) if date.time.is_none() => date.to_string(),
        Some(DeValue::String(text)) => text.to_string(),
        Some(_) => {
            table.wrong_type("when", value?, WHEN);
            return None;
        }
    };
    let date = NaiveDate::parse_from_str(&written, "%Y-%m-%d").ok();
    if date.is_none() {
        let at = table.place_of("when");
        table.problem(at, "when", format!("{written:?}"), WHEN);
    }
    date
}

/// One value or a list of them. None: nothing is said, or nothing that can be read.
fn values(table: &Table<'_>, key: &'static str) -> Option<Vec<Value>> {
    let value = table.value(key)?;
    match value.get_ref() {
        DeValue::Array(items) => Some(
            items
                .iter()
                .filter_map(|item| of(table, key, item))
                .collect(),
        ),
        _ => of(table, key, value).map(|value| vec![value]),
    }
}

fn of<'a>(table: &Table<'a>, key: &'static str, value: &'a Spanned<DeValue<'a>>) -> Option<Value> {
    let at = value.span().start;
    let typed = |text: String, local: &str| Value::Typed {
        text,
        datatype: format!("xsd:{local}"),
    };
    match value.get_ref() {
        DeValue::String(text) => table.expand(key, text, at).map(|f| Value::Text(f.value)),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(typed(number.to_string(), "integer"))
        }
        DeValue::Float(number) if !number.as_str().contains(['e', 'E', 'n']) => {
            Some(typed(number.as_str().to_owned(), "decimal"))
        }
        DeValue::Float(number) => Some(typed(number.as_str().to_owned(), "double")),
        DeValue::Boolean(said) => Some(typed(said.to_string(), "boolean")),
        DeValue::Datetime(time) => match (time.date, time.time) {
            (Some(_), None) => Some(typed(time.to_string(), "date")),
            (Some(_), Some(_)) => Some(typed(time.to_string(), "dateTime")),
            _ => Some(typed(time.to_string(), "time")),
        },
        DeValue::Table(entries) => in_table(table, key, at, entries),
        DeValue::Array(_) => {
            table.wrong_type(key, value, VALUE);
            None
        }
    }
}

fn in_table<'a>(
    parent: &Table<'a>,
    key: &'static str,
    at: usize,
    entries: &'a DeTable<'a>,
) -> Option<Value> {
    let table = parent.within(key, at, entries);
    let of = |key, expected| table.text(key, expected).map(|f: Found<String>| f.value);
    let (text, lang) = (of("text", "a text"), of("lang", LANGUAGE));
    let datatype = of("datatype", "a datatype, as \"xsd:date\"");
    let iri = of("iri", "an absolute IRI");
    let value = match (text, lang, datatype, iri) {
        (Some(text), None, None, None) => Some(Value::Text(text)),
        (Some(text), Some(lang), None, None) => Some(Value::Tagged { text, lang }),
        (Some(text), None, Some(datatype), None) => Some(Value::Typed { text, datatype }),
        (None, None, None, Some(iri)) => Some(Value::Iri { iri }),
        _ => None,
    };
    let known = ["text", "lang", "datatype", "iri"];
    let strange = entries
        .keys()
        .any(|key| !known.contains(&key.get_ref().as_ref()));
    if value.is_none() && !strange {
        let keys: Vec<&str> = table.keys().collect();
        let found = format!(
            "a table of {}",
            if keys.is_empty() {
                "nothing".to_owned()
            } else {
                keys.join(", ")
            }
        );
        let expected = "{ text = \"…\" } with lang or datatype or neither, or { iri = \"…\" }";
        parent.problem(at, key, found, expected);
    }
    table.finish();
    value.filter(|_| !strange)
}
