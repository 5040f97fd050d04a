//! The questions, as URLs that need no further escapes. Start at [`SensorThings::ask_datastreams`].

use super::{
    SensorThings,
    note::{Facts, Note},
    row::Pair,
};
use crate::Request;
use serde_json::Value;
use url::Url;

/// How questions are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// With `$top`. Some services refuse more than they are willing to give, instead of giving less.
    pub(super) top: bool,
    /// With `$orderby`, `$select`, and options within `$expand`.
    pub(super) selects: bool,
}

/// Tried in this order.
pub(super) const MANNERS: [Manner; 3] = [
    Manner {
        top: true,
        selects: true,
    },
    Manner {
        top: false,
        selects: true,
    },
    Manner {
        top: false,
        selects: false,
    },
];

impl Facts {
    pub(super) fn manner(&self) -> Manner {
        MANNERS[self.manner.min(MANNERS.len() - 1)]
    }
}

impl SensorThings {
    /// The pair of each Datastream: `filter` as in [`Self::filter`].
    pub(super) fn ask_pairs(&self, facts: &Facts, filter: Option<&str>, note: &Note) -> Request {
        let expand = "Thing($select=properties),ObservedProperty($select=name)";
        self.ask_datastreams(facts, filter, ("id", expand), note)
    }

    /// All that a dataset is made of.
    pub(super) fn ask_whole(&self, facts: &Facts, filter: Option<&str>, note: &Note) -> Request {
        let select = "id,description,unitOfMeasurement,observationType,observedArea,phenomenonTime";
        let expand = "Thing($select=properties;$expand=Locations($select=encodingType,location)),ObservedProperty($select=name,definition)";
        self.ask_datastreams(facts, filter, (select, expand), note)
    }

    fn ask_datastreams(
        &self,
        facts: &Facts,
        filter: Option<&str>,
        (select, expand): (&str, &str),
        note: &Note,
    ) -> Request {
        let (manner, rows) = (facts.manner(), self.options.page_rows.to_string());
        let mut parameters = vec![("$count", "true")];
        parameters.extend(filter.map(|filter| ("$filter", filter)));
        if manner.selects {
            parameters.extend([("$select", select), ("$expand", expand), ("$orderby", "id")]);
        } else {
            parameters.push(("$expand", "Thing/Locations,ObservedProperty"));
        }
        parameters.extend(manner.top.then_some(("$top", rows.as_str())));
        self.question(self.address("Datastreams", &parameters), note)
    }

    pub(super) fn question(&self, url: Url, note: &Note) -> Request {
        Request::get(url, "application/json").note(note)
    }

    /// The address of an entity set, with these parameters.
    pub(super) fn address(&self, set: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}/{set}", self.root.path().trim_end_matches('/')));
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        url
    }

    /// What only Datastreams of that pair meet, `path` being the way to the Datastream. A part of the pair that is
    /// missing cannot be said: a filter for null is understood by few services.
    pub(super) fn filter(&self, path: &str, pair: &Pair) -> Option<String> {
        let group = pair.group.as_ref().map(|value| {
            let name = &self.options.group_by;
            format!("{path}Thing/properties/{name} eq {}", literal(value))
        });
        let property = pair
            .property
            .as_ref()
            .map(|name| format!("{path}ObservedProperty/name eq {}", quoted(name)));
        let said: Vec<String> = group.into_iter().chain(property).collect();
        (!said.is_empty()).then(|| said.join(" and "))
    }

    /// Does the filter say all of the pair?
    pub(super) fn says_all(&self, pair: &Pair) -> bool {
        (pair.group.is_some() || self.options.group_by.is_empty())
            && (pair.property.is_some() || !self.options.per_property)
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A text in a filter: quotes within it are doubled (OData 4.0, ABNF `SQUOTE-in-string`).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Escaped as far as a query needs it (RFC 3986, section 3.4), the quote too, which WHATWG's URLs do not leave alone.
/// What SensorThings itself is made of stays readable.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'$' | b'(' | b')' | b',' | b';' | b'=' | b'/' | b':' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
