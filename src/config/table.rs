//! Reads one table of a file, key by key, and writes down everything that is wrong instead of stopping at the first.
//!
//! Knows no setting by name. Start at [`Table`]: ask for each key, then [`Table::finish`]. Whole trees of keys that
//! somebody else knows are in `table/tree.rs`.

mod tree;

use super::{
    errors::meant,
    files::{File, Problems},
    secrets::{Secret, Variables},
};
use std::{
    borrow::Cow, cell::RefCell, collections::BTreeMap, fs, ops::RangeInclusive, str::FromStr,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What every table needs to read its values.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub file: &'a File,
    pub problems: &'a Problems,
    pub variables: &'a Variables,
}

/// A table under reading.
pub(super) struct Table<'a> {
    pub cx: Context<'a>,
    /// With a dot at its end, or empty.
    path: String,
    /// Where the table begins.
    pub start: usize,
    entries: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value and where it stands.
pub(super) struct Found<T> {
    pub value: T,
    pub at: usize,
}

impl<'a> Table<'a> {
    pub fn new(cx: Context<'a>, path: &str, start: usize, entries: &'a DeTable<'a>) -> Self {
        Self {
            cx,
            path: path.to_owned(),
            start,
            entries,
            asked: RefCell::default(),
        }
    }

    /// Refuses every key that nobody asked for.
    pub fn finish(self) {
        let known = self.asked.borrow();
        for (key, _) in self.entries.iter() {
            let written: &str = key.get_ref();
            if !known.contains(&written) {
                self.unknown(key, &known);
            }
        }
    }

    fn unknown(&self, key: &Spanned<Cow<'_, str>>, known: &[&str]) {
        let expected = match meant(key.get_ref(), known.iter().copied()) {
            Some(word) => format!("{word:?}"),
            None => format!("one of {}", known.join(", ")),
        };
        let found = "a key that is not known";
        self.problem(key.span().start, key.get_ref(), found, expected);
    }

    pub fn problem(
        &self,
        at: usize,
        key: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let key = format!("{}{key}", self.path);
        self.cx
            .problems
            .at(self.cx.file, at, key, found.into(), expected.into());
    }

    pub fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.entries.get(key)
    }

    /// Where `key` stands, or else the table.
    pub fn place_of(&self, key: &str) -> usize {
        self.entries
            .get(key)
            .map_or(self.start, |value| value.span().start)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|key| key.get_ref().as_ref())
    }

    /// Where a key of a table below stands, as `query.workers`, if it does.
    pub fn place_in(&self, path: &str) -> Option<usize> {
        let mut entries = self.entries;
        let mut keys = path.split('.').peekable();
        loop {
            let value = entries.get(keys.next()?)?;
            if keys.peek().is_none() {
                return Some(value.span().start);
            }
            entries = value.get_ref().as_table()?;
        }
    }

    /// Where the last key of a path stands that there is: keys with dots are in quotes, as in `map."publisher.name"`.
    pub fn place_near(&self, path: &str) -> usize {
        let (mut entries, mut at, mut rest) = (self.entries, self.start, path);
        while let Some((key, after)) = first_key(rest) {
            let Some(value) = entries.get(key) else {
                break;
            };
            at = value.span().start;
            let Some(below) = value.get_ref().as_table() else {
                break;
            };
            (entries, rest) = (below, after);
        }
        at
    }

    /// The text of `key` as the file has it, for a message.
    pub fn shown(&self, key: &str) -> String {
        let value = self.entries.get(key).map(Spanned::get_ref);
        shown(value.and_then(DeValue::as_str).unwrap_or_default())
    }

    /// A table that stands as a value in this one.
    pub fn within(&self, key: &str, at: usize, entries: &'a DeTable<'a>) -> Table<'a> {
        Table::new(self.cx, &format!("{}{key}.", self.path), at, entries)
    }

    /// The value must be there.
    pub fn required<T>(
        &self,
        key: &'static str,
        found: Option<Found<T>>,
        expected: &str,
    ) -> Option<Found<T>> {
        if found.is_none() && !self.entries.contains_key(key) {
            self.problem(self.start, key, "nothing", expected);
        }
        found
    }

    pub fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = type_name(value.get_ref());
        self.problem(value.span().start, key, found, expected);
    }

    /// A text with its `${NAME}` replaced.
    pub fn text(&self, key: &'static str, expected: &str) -> Option<Found<String>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => self.expand(key, text, value.span().start),
            _ => {
                self.wrong_type(key, value, expected);
                None
            }
        }
    }

    pub fn expand(&self, key: &str, text: &str, at: usize) -> Option<Found<String>> {
        match self.cx.variables.expand(text) {
            Ok((value, used)) => {
                self.cx.problems.hide(used);
                Some(Found { value, at })
            }
            Err(e) => {
                self.problem(at, key, e.found, e.expected);
                None
            }
        }
    }

    /// A text that means something else: an address, a line of cron, a range of addresses.
    pub fn parsed<T>(
        &self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Found<T>> {
        let text = self.text(key, expected)?;
        match parse(&text.value) {
            Ok(value) => Some(Found { value, at: text.at }),
            Err(why) => {
                let found = format!("{}{why}", self.shown(key));
                self.problem(text.at, key, found, expected);
                None
            }
        }
    }

    pub fn parse<T: FromStr>(&self, key: &'static str, expected: &str) -> Option<Found<T>> {
        self.parsed(key, expected, |text| {
            text.parse().map_err(|_| String::new())
        })
    }

    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                self.wrong_type(key, value, "true or false");
                None
            }
        }
    }

    /// A whole number in a range.
    pub fn whole(&self, key: &'static str, range: RangeInclusive<i128>) -> Option<i128> {
        let value = self.value(key)?;
        self.whole_of(key, value, range)
    }

    fn whole_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        range: RangeInclusive<i128>,
    ) -> Option<i128> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(key, value, &expected);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.problem(value.span().start, key, integer.to_string(), expected);
        }
        number
    }

    /// A number in a range, with or without a point.
    pub fn number(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(key)?;
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let written = match value.get_ref() {
            DeValue::Integer(integer) => integer.to_string(),
            DeValue::Float(float) => float.as_str().to_owned(),
            _ => {
                self.wrong_type(key, value, &expected);
                return None;
            }
        };
        let number = written.parse().ok().filter(|n| range.contains(n));
        if number.is_none() {
            self.problem(value.span().start, key, written, expected);
        }
        number
    }

    /// A list of texts, each read by `parse`.
    pub fn list<T>(
        &self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, &format!("a list, each {expected}"));
            return Vec::new();
        };
        let item = |item: &Spanned<DeValue<'_>>| {
            let at = item.span().start;
            let DeValue::String(text) = item.get_ref() else {
                self.wrong_type(key, item, expected);
                return None;
            };
            let parsed = parse(&self.expand(key, text, at)?.value);
            if parsed.is_none() {
                self.problem(at, key, shown(text), expected);
            }
            parsed
        };
        items.iter().filter_map(item).collect()
    }

    /// A table of texts, as `{ en = "Weather", zh-Hant = "氣象" }`, with the place of each key.
    pub fn texts(&self, key: &'static str, expected: &str) -> BTreeMap<String, Found<String>> {
        let Some(table) = self.table_or(key, expected) else {
            return BTreeMap::new();
        };
        let text = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &Cow<'_, str> = name.get_ref();
            let DeValue::String(text) = value.get_ref() else {
                table.wrong_type(name, value, "a text in quotes");
                return None;
            };
            let text = table.expand(name, text, value.span().start)?;
            Some((name.to_string(), text))
        };
        table.entries.iter().filter_map(text).collect()
    }

    /// A table of secrets by name, each a text with `${NAME}` or `{ file = "…" }`.
    pub fn secrets(&self, key: &'static str, expected: &str) -> Vec<(String, Found<SecretText>)> {
        let Some(table) = self.table_or(key, expected) else {
            return Vec::new();
        };
        let secret = |(name, value): (&Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let name: &Cow<'_, str> = name.get_ref();
            Some((name.to_string(), table.secret_of(name, value)?))
        };
        table.entries.iter().filter_map(secret).collect()
    }

    pub fn secret(&self, key: &'static str) -> Option<Found<SecretText>> {
        self.secret_of(key, self.value(key)?)
    }

    fn secret_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Found<SecretText>> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => {
                let secret = self.expand(key, text, at)?;
                let literal = !text.contains("${");
                Some(secret.map(|value| SecretText {
                    value: Secret(value),
                    literal,
                }))
            }
            DeValue::Table(entries) => {
                let table = Table::new(self.cx, &format!("{}{key}.", self.path), at, entries);
                let path = table.required("file", table.text("file", PATH), PATH);
                table.finish();
                let value = self.secret_file(key, path?)?;
                Some(Found {
                    value: SecretText {
                        value,
                        literal: false,
                    },
                    at,
                })
            }
            _ => {
                self.wrong_type(key, value, SECRET);
                None
            }
        }
    }

    fn secret_file(&self, key: &str, path: Found<String>) -> Option<Secret> {
        let full = self.cx.file.beside(&path.value);
        let shown = full.display();
        let problem = |found: String| {
            self.problem(
                path.at,
                key,
                found,
                "a file that holds the secret and nothing else",
            );
        };
        match fs::read_to_string(&full) {
            Ok(text) if text.trim().is_empty() => problem(format!("nothing in {shown}")),
            Ok(text) => return Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(e) => problem(format!("{shown}: {e}")),
        }
        None
    }

    /// A table under this one. Missing: None, and nothing is wrong.
    pub fn table(&self, key: &'static str) -> Option<Table<'a>> {
        self.table_or(key, "a table")
    }

    fn table_or(&self, key: &'static str, expected: &str) -> Option<Table<'a>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(
                self.cx,
                &format!("{}{key}.", self.path),
                value.span().start,
                entries,
            )),
            _ => {
                self.wrong_type(key, value, expected);
                None
            }
        }
    }

    /// The tables of `[[key]]`.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let expected = format!("tables that begin with [[{key}]]");
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, &expected);
            return Vec::new();
        };
        let table = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(entries) => Some(Table::new(
                self.cx,
                &format!("{key}."),
                item.span().start,
                entries,
            )),
            _ => {
                self.wrong_type(key, item, &expected);
                None
            }
        };
        items.iter().filter_map(table).collect()
    }
}

/// A secret as it was configured.
pub(super) struct SecretText {
    pub value: Secret,
    /// It stands in the file itself.
    pub literal: bool,
}

pub(super) const SECRET: &str = "\"${NAME}\" or { file = \"…\" }";
const PATH: &str = "the path of a file";

impl<T> Found<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Found<U> {
        Found {
            value: f(self.value),
            at: self.at,
        }
    }
}

/// The first key of a path, and what follows it.
fn first_key(path: &str) -> Option<(&str, &str)> {
    let (key, rest) = match path.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => path.split_at(path.find(['.', '[']).unwrap_or(path.len())),
    };
    (!key.is_empty()).then(|| (key, rest.trim_start_matches('.')))
}

pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A text for a message: in quotes, without control characters, short, and without a password in an address.
pub(super) fn shown(text: &str) -> String {
    if text.contains("://") && text.contains('@') {
        return "an address with a user or password in it (not shown)".to_owned();
    }
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
