//! The fields of a dataset by their names, however these are spelt. It says nothing in RDF. Start reading at [`Fields`].

use harvestd_vocab::Refusal;
use serde_json::Value;
use std::collections::HashMap;

/// An object whose keys are compared without case. White space around texts is no part of them.
pub(super) struct Fields<'a> {
    by_name: HashMap<String, &'a Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        let members = value.as_object().into_iter().flatten();
        let mut by_name = HashMap::new();
        for (key, value) in members {
            by_name.entry(key.trim().to_lowercase()).or_insert(value);
        }
        Self { by_name }
    }

    /// The first of the fields that says something.
    pub(super) fn get(&self, names: &[&str]) -> Option<&'a Value> {
        names
            .iter()
            .find_map(|name| self.by_name.get(*name).copied().filter(|v| !is_empty(v)))
    }

    /// The first of the fields that is a text or a number. Names are written in lower case.
    pub(super) fn text(&self, names: &[&str]) -> String {
        let text = |name: &&str| self.by_name.get(*name).and_then(|value| text_of(value));
        names.iter().find_map(text).unwrap_or_default()
    }

    /// Like [`Self::text`]; some agencies write 無 where there is nothing to write.
    pub(super) fn unless_nothing(&self, names: &[&str]) -> String {
        let text = self.text(names);
        if text == "無" { String::new() } else { text }
    }

    /// The items of a list, or of a text that holds one.
    pub(super) fn words(&self, names: &[&str]) -> Vec<String> {
        match self.get(names) {
            Some(Value::Array(items)) => items.iter().filter_map(text_of).collect(),
            Some(other) => text_of(other)
                .unwrap_or_default()
                .split([',', ';', '、', '，', '；', '\n'])
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect(),
            None => Vec::new(),
        }
    }

    /// The objects of a list, or the one object.
    pub(super) fn objects(&self, names: &[&str]) -> Vec<&'a Value> {
        match self.get(names) {
            Some(Value::Array(items)) => items.iter().filter(|item| item.is_object()).collect(),
            Some(object @ Value::Object(_)) => vec![object],
            _ => Vec::new(),
        }
    }
}

/// The JSON of a part, or why it is none.
pub(super) fn json(part: &str, raw: &[u8]) -> Result<Value, Refusal> {
    match serde_json::from_slice(raw) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(other) => {
            let found = other.to_string();
            Err(Refusal::new("not-a-dataset", part, &found, "a JSON object"))
        }
        Err(e) => Err(Refusal::new(
            "not-json",
            part,
            &e.to_string(),
            "a JSON object",
        )),
    }
}

/// A single text or number, trimmed; None where there is nothing to read. The successor standard writes times as
/// objects, whose `date` it is.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(time) => time.get("date").filter(|d| d.is_string()).and_then(text_of),
        _ => None,
    }
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
