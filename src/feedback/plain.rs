//! Feedback as plain JSON, for scripts. Start at [`read`].

use super::{
    FeedbackError, Row,
    said::{Kind, Said, Sent},
};
use crate::{overrides::Value, push::read::unreadable};
use harvestd_harvesters::guard::{JsonLimits, scan_json};
use serde::Deserialize;
use serde_json::Value as Json;

const VALUE: &str = "\"a text\", {\"text\": \"…\", \"lang\": \"zh-Hant\"}, {\"text\": \"…\", \"datatype\": \"xsd:date\"}, {\"iri\": \"https://…\"}, a number, true or false, or a list of those";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    dataset: String,
    kind: Kind,
    distribution: Option<String>,
    property: Option<String>,
    lang: Option<String>,
    found: Option<Json>,
    should_be: Option<Json>,
    text: Option<String>,
    text_lang: Option<String>,
    rating: Option<u8>,
    who: Option<String>,
    contact: Option<String>,
}

pub(super) fn read(body: &[u8]) -> Result<Sent, FeedbackError> {
    scan_json(body, JsonLimits::default())
        .map_err(|e| FeedbackError::Unreadable(unreadable(&e)))?;
    let plain: Plain = serde_json::from_slice(body).map_err(|e| {
        let linked =
            serde_json::from_slice::<Json>(body).is_ok_and(|json| json.get("@context").is_some());
        let hint = if linked {
            ": a JSON-LD document is sent as application/ld+json"
        } else {
            ""
        };
        FeedbackError::Unreadable(format!("reading the JSON: {e}{hint}"))
    })?;
    let mut rows = Vec::new();
    let mut values = |key, said: Option<Json>| match said {
        None => None,
        Some(said) => match all(&said) {
            Some(all) => Some(all),
            None => {
                let found = said.to_string().chars().take(200).collect::<String>();
                rows.push(Row::new(key, found, VALUE));
                None
            }
        },
    };
    let (found, should_be) = (
        values("found", plain.found),
        values("should_be", plain.should_be),
    );
    if !rows.is_empty() {
        return Err(FeedbackError::Refused(rows));
    }
    let said = Said {
        kind: plain.kind,
        dataset: plain.dataset,
        distribution: plain.distribution,
        property: plain.property,
        lang: plain.lang,
        found,
        should_be,
        text: plain.text,
        text_lang: plain.text_lang,
        rating: plain.rating,
        who: plain.who,
    };
    Ok(Sent {
        said,
        contact: plain.contact,
    })
}

fn all(said: &Json) -> Option<Vec<Value>> {
    match said {
        Json::Array(items) => items.iter().map(one).collect(),
        said => one(said).map(|value| vec![value]),
    }
}

fn one(said: &Json) -> Option<Value> {
    let typed = |text: String, local: &str| Value::Typed {
        text,
        datatype: format!("xsd:{local}"),
    };
    match said {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Bool(is) => Some(typed(is.to_string(), "boolean")),
        Json::Number(n) if n.is_f64() => Some(typed(n.to_string(), "decimal")),
        Json::Number(n) => Some(typed(n.to_string(), "integer")),
        Json::Object(parts) => {
            let of = |key: &str| parts.get(key).and_then(Json::as_str).map(str::to_owned);
            match (
                parts.len(),
                of("text"),
                of("lang"),
                of("datatype"),
                of("iri"),
            ) {
                (1, Some(text), ..) => Some(Value::Text(text)),
                (2, Some(text), Some(lang), ..) => Some(Value::Tagged { text, lang }),
                (2, Some(text), _, Some(datatype), _) => Some(Value::Typed { text, datatype }),
                (1, .., Some(iri)) => Some(Value::Iri { iri }),
                _ => None,
            }
        }
        Json::Null | Json::Array(_) => None,
    }
}
