//! A package's fields, wherever its portal keeps them: at the top (schemas of its own), in `extras` as a list of
//! pairs, or in `extras` as an object (the old API); with values that are JSON, or JSON inside a string.
//!
//! Keys are compared in lower case and without white space around them. It says nothing in RDF.
//! Start reading at [`Fields`].

use oxrdf::Literal;
use serde_json::Value;
use std::{borrow::Cow, collections::HashMap};

/// The fields of a package, of a resource, or of an object within one.
pub(super) struct Fields<'a> {
    value: &'a Value,
    /// What is not at the top: lower-case key -> value.
    others: HashMap<String, &'a Value>,
}

/// Words in one language, or in none that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) words: String,
    pub(super) language: Option<String>,
}

impl Text {
    pub(super) fn plain(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            language: None,
        }
    }

    pub(super) fn literal(&self) -> Literal {
        self.language
            .as_ref()
            .and_then(|tag| Literal::new_language_tagged_literal(&self.words, tag).ok())
            .unwrap_or_else(|| Literal::from(self.words.as_str()))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        let mut others = HashMap::new();
        let mut add = |key: &str, value: &'a Value| {
            if !is_empty(value) {
                others.entry(key.trim().to_lowercase()).or_insert(value);
            }
        };
        for (key, value) in value.as_object().into_iter().flatten() {
            add(key, value);
        }
        match value.get("extras") {
            Some(Value::Array(pairs)) => {
                for pair in pairs {
                    if let (Some(key), Some(value)) =
                        (pair.get("key").and_then(Value::as_str), pair.get("value"))
                    {
                        add(key, value);
                    }
                }
            }
            Some(Value::Object(extras)) => extras.iter().for_each(|(key, value)| add(key, value)),
            _ => {}
        }
        Self { value, others }
    }

    /// The whole object.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// The first of the keys that has something to say.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&'a Value> {
        keys.iter().find_map(|key| self.others.get(*key).copied())
    }

    /// The first of the keys that is a single word, number or text.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        keys.iter()
            .find_map(|key| self.words(&[key]).into_iter().next())
    }

    /// All words of the first of the keys that has any: of a list, of a list inside a string, or the one.
    pub(super) fn words(&self, keys: &[&str]) -> Vec<String> {
        keys.iter()
            .map(|key| {
                self.others
                    .get(*key)
                    .map_or_else(Vec::new, |value| words_of(value))
            })
            .find(|words| !words.is_empty())
            .unwrap_or_default()
    }

    /// The first of the keys, in all its languages: `key_translated` goes before `key`.
    pub(super) fn texts(&self, keys: &[&str]) -> Vec<Text> {
        keys.iter()
            .flat_map(|key| [Cow::from(format!("{key}_translated")), Cow::from(*key)])
            .map(|key| {
                self.others
                    .get(key.as_ref())
                    .map_or_else(Vec::new, |value| texts_of(value))
            })
            .find(|texts| !texts.is_empty())
            .unwrap_or_default()
    }

    /// The objects of a list (of subfields), or the one object.
    pub(super) fn objects(&self, keys: &[&str]) -> Vec<Value> {
        let Some(value) = self.get(keys) else {
            return Vec::new();
        };
        match opened(value).into_owned() {
            Value::Array(items) => items.into_iter().filter(Value::is_object).collect(),
            object @ Value::Object(_) => vec![object],
            _ => Vec::new(),
        }
    }
}

/// A single word, number or text, trimmed; None where there is nothing to read.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn words_of(value: &Value) -> Vec<String> {
    match opened(value).as_ref() {
        Value::Array(items) => items.iter().filter_map(text_of).collect(),
        single => text_of(single).into_iter().collect(),
    }
}

/// Words by language where the value is an object of them, else the words as they are.
pub(super) fn texts_of(value: &Value) -> Vec<Text> {
    let plain =
        |value: &Value| -> Vec<Text> { text_of(value).map(Text::plain).into_iter().collect() };
    match (opened(value).as_ref(), value) {
        (Value::Object(by_language), _) if by_language.keys().all(|key| is_language(key)) => {
            by_language
                .iter()
                .flat_map(|(tag, value)| {
                    words_of(value)
                        .into_iter()
                        .map(|words| (tag.replace('_', "-"), words))
                })
                .map(|(tag, words)| Text {
                    words,
                    language: Some(tag),
                })
                .collect()
        }
        (_, Value::Array(items)) => items.iter().flat_map(plain).collect(),
        // Words that happen to begin with a bracket stay as they are.
        _ => plain(value),
    }
}

/// `en`, `zh_Hant_TW`, `en-t-fr`: two or three letters, then subtags.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split(['-', '_']);
    let primary = subtags.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|tag| {
            (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// A list or an object that was put into a string, as itself.
fn opened(value: &Value) -> Cow<'_, Value> {
    if let Value::String(text) = value
        && text.trim_start().starts_with(['[', '{'])
        && let Ok(inner) = serde_json::from_str::<Value>(text)
        && inner.as_object().is_none_or(|o| !o.is_empty())
    {
        return Cow::Owned(inner);
    }
    Cow::Borrowed(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}
