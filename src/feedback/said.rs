//! What somebody says of a dataset, and whether it can be taken. Start at [`Sent::checked`].

use super::{FeedbackError, FeedbackLimits, accept::draft};
use crate::overrides::{Override, Value, property};
use chrono::NaiveDate;
use harvestd_vocab::{
    links::{self, is_http},
    terms::prefixed,
};
use oxrdf::{Literal, NamedNode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes of a name and of an address to be asked at.
const NAME_BYTES_MAX: usize = 200;
const CONTACT_BYTES_MAX: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Another value is right: it can become an override.
    Correction,
    /// Something about its quality: words, a rating, or both.
    Remark,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Remark => "remark",
        }
    }
}

/// What everybody may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub kind: Kind,
    /// The IRI under which the dataset (or series, service, catalogue, agent) is published.
    pub dataset: String,
    /// A distribution of it: IRI, access address or download address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// `dct:title`, or a whole IRI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Only the values in this language are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The values that are wrong; None: nothing is said of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Vec<Value>>,
    /// The right ones, of a correction; none of them: what is found should go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub should_be: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_lang: Option<String>,
    /// From 1, of no use, to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    /// A name: it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// What came in: what is said, and where whoever says it can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub said: Said,
    pub contact: Option<String>,
}

/// What is wrong with one part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub key: String,
    pub found: String,
    pub expected: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: found {}, expected {}",
            self.key, self.found, self.expected
        )
    }
}

impl Said {
    /// Of something nothing is said any more but what it was about.
    pub fn nothing(dataset: &str, kind: Kind) -> Self {
        Self {
            kind,
            dataset: dataset.to_owned(),
            distribution: None,
            property: None,
            lang: None,
            found: None,
            should_be: None,
            text: None,
            text_lang: None,
            rating: None,
            who: None,
        }
    }

    /// The same of a dataset as it is published.
    pub(super) fn published_as(mut self, kept: Option<String>) -> Self {
        self.dataset = kept.unwrap_or(self.dataset);
        self
    }

    /// Every text in it, by its key.
    fn texts(&self) -> Vec<(&'static str, &str)> {
        let mut texts = vec![("dataset", self.dataset.as_str())];
        for (key, text) in [
            ("distribution", &self.distribution),
            ("property", &self.property),
            ("text", &self.text),
        ] {
            texts.extend(text.as_deref().map(|text| (key, text)));
        }
        for (key, all) in [("found", &self.found), ("should_be", &self.should_be)] {
            texts.extend(all.iter().flatten().map(|value| (key, words(value))));
        }
        texts
    }
}

fn words(value: &Value) -> &str {
    match value {
        Value::Text(text) | Value::Tagged { text, .. } | Value::Typed { text, .. } => text,
        Value::Iri { iri } => iri,
    }
}

impl Sent {
    /// The same, if it can be taken; all that is wrong is told at once.
    pub fn checked(mut self, limits: &FeedbackLimits) -> Result<Self, FeedbackError> {
        let said = &mut self.said;
        for text in [&mut said.text, &mut said.who, &mut self.contact] {
            *text = text
                .take()
                .map(|t| t.trim().to_owned())
                .filter(|t| !t.is_empty());
        }
        let mut rows = Vec::new();
        sizes(&self, limits, &mut rows);
        people(&self, &mut rows);
        let said = &self.said;
        if !is_http(&said.dataset) || NamedNode::new(&said.dataset).is_err() {
            let expected = "the IRI of a dataset as it is published, as \"https://…\"";
            rows.push(Row::new("dataset", quoted(&said.dataset), expected));
        }
        if let Some(lang) = &said.text_lang
            && Literal::new_language_tagged_literal("", lang).is_err()
        {
            rows.push(Row::new(
                "text_lang",
                quoted(lang),
                "a language tag, as \"zh-Hant\"",
            ));
        }
        if let Some(rating) = said.rating.filter(|rating| !(1..=5).contains(rating)) {
            rows.push(Row::new(
                "rating",
                rating.to_string(),
                "a whole number from 1 to 5",
            ));
        }
        // The rest would tell the same again.
        if rows.is_empty() {
            match said.kind {
                Kind::Correction => correction(said, &mut rows),
                Kind::Remark => remark(said, &mut rows),
            }
        }
        if !rows.is_empty() {
            return Err(FeedbackError::Refused(rows));
        }
        self.said.in_one_spelling();
        Ok(self)
    }
}

impl Said {
    /// However it was sent, the same is spelt the same.
    fn in_one_spelling(&mut self) {
        if let Some(written) = &self.property
            && let Ok(known) = property(written)
        {
            self.property = Some(prefixed(known.as_str()));
        }
        for tag in [&mut self.lang, &mut self.text_lang] {
            *tag = tag.take().map(|tag| tag.to_ascii_lowercase());
        }
    }
}

fn sizes(sent: &Sent, limits: &FeedbackLimits, rows: &mut Vec<Row>) {
    let said = &sent.said;
    for (key, text) in said.texts() {
        if text.len() > limits.text_bytes_max {
            let found = format!("{} bytes", text.len());
            rows.push(Row::new(
                key,
                found,
                format!("at most {}", limits.text_bytes_max),
            ));
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            rows.push(Row::new(key, "control characters", "a text"));
        }
    }
    for (key, all) in [("found", &said.found), ("should_be", &said.should_be)] {
        let count = all.as_ref().map_or(0, Vec::len);
        if count > limits.values_max {
            let expected = format!("at most {}", limits.values_max);
            rows.push(Row::new(key, format!("{count} values"), expected));
        }
    }
}

/// A name is published, so it must not be an address.
fn people(sent: &Sent, rows: &mut Vec<Row>) {
    let line = |key: &str, text: &Option<String>, most: usize, rows: &mut Vec<Row>| {
        let text = text.as_deref().unwrap_or_default();
        if text.len() > most || text.chars().any(char::is_control) {
            let expected = format!("one line of at most {most} bytes");
            rows.push(Row::new(
                key,
                format!("{} bytes (not shown)", text.len()),
                expected,
            ));
        }
    };
    line("who", &sent.said.who, NAME_BYTES_MAX, rows);
    line("contact", &sent.contact, CONTACT_BYTES_MAX, rows);
    let is_address = |who: &String| {
        who.starts_with("mailto:")
            || who.starts_with("tel:")
            || who
                .split_whitespace()
                .any(|word| links::email(word.trim_matches(['<', '>', '(', ')', ','])).is_some())
    };
    if sent.said.who.as_ref().is_some_and(is_address) {
        let expected = "a name: it is published; an address goes into \"contact\", which is not";
        rows.push(Row::new("who", "an address (not shown)", expected));
    }
}

/// It has to be what an override can say.
fn correction(said: &Said, rows: &mut Vec<Row>) {
    if said.should_be.is_none() && said.property.is_some() {
        let expected = "the right value or values, or [] where what is found should go";
        rows.push(Row::new("should_be", "nothing", expected));
        return;
    }
    if said.rating.is_some() {
        rows.push(Row::new(
            "rating",
            "a rating with a correction",
            "a remark of its own",
        ));
    }
    let draft = draft(said, "somebody", "feedback", NaiveDate::default());
    if let Err(problems) = Override::new(draft, "") {
        rows.extend(
            problems
                .into_iter()
                .map(|p| Row::new(spoken(p.key), p.found, p.expected)),
        );
    }
}

/// The words of an override's file, in those of feedback.
pub(super) fn spoken(key: &str) -> &str {
    match key {
        "expect" => "found",
        "set" => "should_be",
        key => key,
    }
}

fn remark(said: &Said, rows: &mut Vec<Row>) {
    if said.text.is_none() && said.rating.is_none() {
        rows.push(Row::new(
            "text",
            "nothing",
            "a text, a rating from 1 to 5, or both",
        ));
    }
    if let Some(written) = &said.property
        && let Err(problem) = property(written)
    {
        rows.push(Row::new(problem.key, problem.found, problem.expected));
    }
    if let Some(address) = &said.distribution
        && links::link(address).is_err()
    {
        let expected = "the IRI, access address or download address of a distribution";
        rows.push(Row::new("distribution", quoted(address), expected));
    }
    for (key, is_there) in [
        ("found", said.found.is_some()),
        ("should_be", said.should_be.is_some()),
        ("lang", said.lang.is_some()),
    ] {
        if is_there {
            rows.push(Row::new(
                key,
                "values with a remark",
                "kind = \"correction\"",
            ));
        }
    }
}

pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    format!("{short:?}")
}
