//! From what was said to a correction that can be written down. Pure. Start at [`draft`].

use super::{FeedbackError, Kind, Row, Said, said::spoken};
use crate::overrides::{Draft, Override, Value};
use chrono::NaiveDate;
use oxrdf::Literal;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What the operator wants of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", deny_unknown_fields)]
pub enum Wanted {
    /// A correction becomes an override; so does a remark, with a property and its values. A remark without is
    /// acknowledged.
    Accept {
        who: String,
        #[serde(default)]
        why: String,
        /// Instead of what was said.
        #[serde(default)]
        property: Option<String>,
        #[serde(default)]
        lang: Option<String>,
        #[serde(default)]
        set: Option<Vec<Value>>,
    },
    Decline {
        who: String,
        why: String,
        /// What was said is not shown any more.
        #[serde(default)]
        withhold: bool,
    },
}

/// The correction that is meant. Without a word of what is found, it expects nothing yet.
pub fn draft(said: &Said, who: &str, why: &str, when: NaiveDate) -> Draft {
    Draft {
        dataset: said.dataset.clone(),
        distribution: said.distribution.clone(),
        property: said.property.clone(),
        lang: said.lang.clone(),
        expect: said.found.clone().unwrap_or_default(),
        set: said.should_be.clone().unwrap_or_default(),
        who: who.to_owned(),
        when,
        why: why.to_owned(),
    }
}

/// What was said, as the operator wants it. None: there is nothing in it that could be published.
pub(crate) fn meant(
    said: &Said,
    property: Option<&String>,
    lang: Option<&String>,
    set: Option<&Vec<Value>>,
) -> Option<Said> {
    let mut meant = said.clone();
    if let Some(property) = property.filter(|property| said.property.as_ref() != Some(property)) {
        meant.property = Some(property.clone());
        (meant.lang, meant.found) = (None, None);
    }
    if let Some(lang) = lang.filter(|lang| meant.lang.as_ref() != Some(lang)) {
        meant.lang = Some(lang.clone());
        meant.found = None;
    }
    if let Some(set) = set {
        meant.should_be = Some(set.clone());
    }
    let removes = said.kind == Kind::Correction && meant.distribution.is_some();
    let says = meant.should_be.is_some() || (removes && meant.property.is_none());
    says.then_some(meant)
}

/// The correction, or what is wrong with it in the words of feedback.
pub(crate) fn correction(draft: Draft, at: String) -> Result<Override, FeedbackError> {
    Override::new(draft, at).map_err(|problems| {
        let rows = problems.into_iter();
        let rows = rows.map(|p| Row::new(spoken(p.key), p.found, p.expected));
        FeedbackError::Refused(rows.collect())
    })
}

/// Tokens of N-Triples as values that a correction can expect. `lang` is that of the correction.
pub fn values_of(tokens: &[String], lang: Option<&str>) -> Vec<Value> {
    tokens
        .iter()
        .filter_map(|token| value_of(token, lang))
        .collect()
}

fn value_of(token: &str, lang: Option<&str>) -> Option<Value> {
    if let Some(iri) = token.strip_prefix('<').and_then(|t| t.strip_suffix('>')) {
        return Some(Value::Iri {
            iri: iri.to_owned(),
        });
    }
    let literal = Literal::from_str(token).ok()?;
    let text = literal.value().to_owned();
    Some(match literal.language() {
        Some(tag) if lang.is_none() => Value::Tagged {
            text,
            lang: tag.to_owned(),
        },
        Some(_) => Value::Text(text),
        None if literal.datatype() == oxrdf::vocab::xsd::STRING => Value::Text(text),
        None => Value::Typed {
            text,
            datatype: literal.datatype().as_str().to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_is_expected() {
        let found = [
            "\"a\"@en",
            "\"b\"",
            "<https://e.example/x>",
            "\"2026-01-02\"^^<http://www.w3.org/2001/XMLSchema#date>",
        ];
        let found = found.map(str::to_owned);
        let typed = Value::Typed {
            text: "2026-01-02".to_owned(),
            datatype: "http://www.w3.org/2001/XMLSchema#date".to_owned(),
        };
        let tagged = Value::Tagged {
            text: "a".to_owned(),
            lang: "en".to_owned(),
        };
        let iri = Value::Iri {
            iri: "https://e.example/x".to_owned(),
        };
        let b = Value::Text("b".to_owned());
        assert_eq!(values_of(&found, None), [tagged, b, iri, typed]);
        let in_english = values_of(&found[..1], Some("en"));
        assert_eq!(in_english, [Value::Text("a".to_owned())]);
    }
}
