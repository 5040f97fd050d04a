//! A package as it comes: is it one, whose is it, may it be shown, and what else does it bring along?
//!
//! It maps nothing. Start reading at [`Ckan::hand_out`].

use super::{
    Ckan, agent,
    fields::{Fields, text_of},
    resource,
};
use crate::{Location, Page, RecordId, Stop};
use harvestd_vocab::{Class, Refusal};
use serde_json::Value;
use std::ops::ControlFlow;

/// Longest key that the contract allows.
const KEY_BYTES_MAX: usize = 2000;

/// States in which a package is not, or not yet, or no more, for everybody.
const HIDDEN_STATES: [&str; 5] = ["deleted", "draft", "draft-complete", "inactive", "pending"];

/// Types of packages that are no datasets: CKAN's extensions keep other things as packages, too.
const NO_DATASETS: [(&str, &str); 2] = [("harvest", "harvest-source"), ("showcase", "showcase")];

impl Ckan {
    /// Hands out a package and the entities that it refers to, each a record of its own.
    pub(crate) fn hand_out(
        &self,
        mut at: Location,
        raw: &[u8],
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        let value = match json(raw) {
            Ok(value) => value,
            Err(why) => {
                at.key = lossy_key(raw);
                return page.refused(at, why);
            }
        };
        let id = match record_id(&value) {
            Ok(id) => id,
            Err(why) => return page.refused(at, why),
        };
        let private = is_private(&value) && !self.options.access.speaks_of_private();
        if private || is_hidden(&value) {
            return page.gone(id);
        }
        if let Some(why) = self.left_out(&value) {
            return page.filtered(id, why);
        }
        let fields = Fields::of(&value);
        for (id, part, value) in agent::referents(&fields)
            .into_iter()
            .chain(resource::services(&fields))
        {
            page.part(id, part, value.to_string().as_bytes())?;
        }
        page.part(id, "package", raw)
    }

    /// Why the source's settings, or its nature, leave the package out.
    fn left_out(&self, package: &Value) -> Option<&'static str> {
        let kind = package
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let Some((_, why)) = NO_DATASETS.iter().find(|(word, _)| *word == kind) {
            return Some(why);
        }
        let organisation = package.get("organization").unwrap_or(&Value::Null);
        let names = [
            organisation.get("name"),
            organisation.get("id"),
            package.get("owner_org"),
        ];
        let is_one_of = |wanted: &[String]| {
            names
                .iter()
                .flatten()
                .filter_map(|v| v.as_str())
                .any(|name| wanted.iter().any(|w| w == name))
        };
        let (include, exclude) = (
            &self.options.organisations_include,
            &self.options.organisations_exclude,
        );
        ((!include.is_empty() && !is_one_of(include)) || is_one_of(exclude))
            .then_some("organisation")
    }
}

/// The package's JSON, or why it is none.
pub(super) fn json(raw: &[u8]) -> Result<Value, Refusal> {
    if let Err(e) = std::str::from_utf8(raw) {
        let from = e.valid_up_to();
        let bytes = &raw[from..raw.len().min(from + 8)];
        let found = format!("{} at byte {from} of the record", bytes.escape_ascii());
        return Err(Refusal::new("invalid-utf-8", "package", &found, "UTF-8"));
    }
    let value: Value = serde_json::from_slice(raw)
        .map_err(|e| Refusal::new("not-json", "package", &e.to_string(), "a JSON object"))?;
    match value {
        Value::Object(_) => Ok(value),
        other => Err(Refusal::new(
            "not-a-package",
            "package",
            &other.to_string(),
            "a JSON object",
        )),
    }
}

/// The key: `id`, or the name where a portal gives no id.
pub(super) fn record_id(package: &Value) -> Result<RecordId, Refusal> {
    let key = ["id", "name"]
        .into_iter()
        .find_map(|key| text_of(package.get(key)?))
        .ok_or_else(|| {
            let shown = package
                .get("title")
                .map_or_else(|| "no title either".to_owned(), Value::to_string);
            Refusal::new(
                "no-identifier",
                "id",
                &format!("neither id nor name (title: {shown})"),
                "an id or a name",
            )
        })?;
    if key.len() > KEY_BYTES_MAX {
        let expected = format!("at most {KEY_BYTES_MAX} bytes");
        return Err(Refusal::new(
            "identifier-too-long",
            "id",
            &format!("{} bytes", key.len()),
            expected,
        ));
    }
    let kind = package
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let class = if kind == "dataset_series" {
        Class::DatasetSeries
    } else {
        Class::Dataset
    };
    Ok(RecordId::new(class, key))
}

fn is_private(package: &Value) -> bool {
    match package.get("private") {
        Some(Value::Bool(private)) => *private,
        Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn is_hidden(package: &Value) -> bool {
    let state = package
        .get("state")
        .and_then(Value::as_str)
        .unwrap_or_default();
    HIDDEN_STATES.contains(&state.trim().to_ascii_lowercase().as_str())
}

/// The id of a package whose bytes are no text or no JSON, where it can still be told: the report then names it, and
/// what we hold of it stays.
fn lossy_key(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let key = serde_json::from_str(&text)
        .ok()
        .and_then(|value| record_id(&value).ok())?
        .key;
    (!key.contains(char::REPLACEMENT_CHARACTER)).then_some(key)
}
