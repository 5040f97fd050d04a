//! One Datastream of an answer, with the Thing and the observed property that it was expanded by.
//!
//! Services differ in what they leave out, so nothing is required. Start at [`Row`].

use super::{SensorThings, options::Options};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of a group's or an observed property's name: a note holds both, in JSON.
const NAME_BYTES_MAX: usize = 240;

/// What a dataset is made by: the value of a property of Things, and the name of the observed property. None where
/// there is none, or where datasets are not made by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) group: Option<Value>,
    pub(super) property: Option<String>,
}

impl Pair {
    /// The dataset's key within the source: `{group}|{property}`.
    pub(super) fn key(&self) -> String {
        let group = self.group.as_ref().map(words).unwrap_or_default();
        let property = self.property.as_deref().unwrap_or_default();
        let plain = |text: &str| text.replace('%', "%25").replace('|', "%7C");
        format!("{}|{}", plain(&group), plain(property))
    }

    /// A name of the pair that no note could hold.
    pub(super) fn too_long(&self) -> bool {
        let bytes = |text: &str| Value::from(text).to_string().len();
        self.group
            .as_ref()
            .is_some_and(|value| value.to_string().len() > NAME_BYTES_MAX)
            || self
                .property
                .as_deref()
                .is_some_and(|name| bytes(name) > NAME_BYTES_MAX)
    }
}

/// The text of a value that is one.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

pub(super) struct Row(Value);

impl Row {
    pub(super) fn parse(raw: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(raw).ok()?;
        value.is_object().then_some(Self(value))
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.0.pointer(path)
    }

    /// Words at this place, trimmed; None where there are none.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        let text = self.get(path)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A property of the Thing, as words.
    pub(super) fn thing(&self, property: &str) -> Option<String> {
        let text = words(self.get("/Thing/properties")?.get(property)?);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(super) fn pair(&self, options: &Options) -> Pair {
        // Exactly as it stands there, spaces included: a filter will have to find it.
        let value = self
            .get("/Thing/properties")
            .and_then(|properties| properties.get(&options.group_by));
        let name = self.get("/ObservedProperty/name").and_then(Value::as_str);
        Pair {
            group: value
                .filter(|value| !words(value).trim().is_empty())
                .cloned(),
            property: name
                .filter(|name| options.per_property && !name.trim().is_empty())
                .map(str::to_owned),
        }
    }

    /// Was the Datastream expanded as it was asked to be?
    pub(super) fn is_expanded(&self) -> bool {
        self.get("/Thing").is_some_and(Value::is_object)
            && self.get("/ObservedProperty").is_some_and(Value::is_object)
    }
}

impl SensorThings {
    /// A pair that no Datastream has: whoever finds one does not filter.
    pub(super) fn pair_of_nobody(&self) -> Pair {
        const NOBODY: &str = "harvestd: nobody has this name";
        let options = &self.options;
        Pair {
            group: (!options.group_by.is_empty()).then(|| NOBODY.into()),
            property: options.per_property.then(|| NOBODY.to_owned()),
        }
    }
}
