//! What a connector says of one record, and what becomes of it.
//!
//! A record describes exactly one entity. Whatever the entity contains (distributions, contact points, …) is in the
//! same description; whatever it refers to (a publisher with an IRI, a catalogue) is a record of its own.

use crate::Learned;
use oxrdf::{NamedNode, NamedOrBlankNode, Triple};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What we keep and publish.
///
/// The order is the order of creation: referents come first, and deletion goes backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Agent,
    Catalog,
    DatasetSeries,
    DataService,
    Dataset,
}

impl Class {
    pub const ALL: [Self; 5] = [
        Self::Agent,
        Self::Catalog,
        Self::DatasetSeries,
        Self::DataService,
        Self::Dataset,
    ];

    /// The word of the class in our own IRIs: `{base}{segment}/{source}/{key}`.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Catalog => "catalog",
            Self::DatasetSeries => "series",
            Self::DataService => "service",
            Self::Dataset => "dataset",
        }
    }
}

/// One record in RDF, in the words the source used: literals where the source has words, the source's IRIs where it
/// has IRIs, blank nodes where it names nothing.
#[derive(Debug, Clone)]
pub struct Description {
    pub class: Class,
    /// The node that stands for the entity in `triples`. A blank node where the source gives no http(s) IRI.
    pub node: NamedOrBlankNode,
    /// Every triple the source says of the entity and of what it contains. A node that is typed `dcat:CatalogRecord`
    /// and whose `foaf:primaryTopic` is `node` speaks of the record itself (dct:issued, dct:modified, dct:source).
    pub triples: Vec<Triple>,
}

/// One record as we keep it: no blank nodes, controlled values, canonical literals.
#[derive(Debug, Clone)]
pub struct Normal {
    pub class: Class,
    pub entity: NamedNode,
    /// `{base}record/{source}/{key}`: the IRI of the record, and the name of its graph where it is not the winner.
    pub record: NamedNode,
    /// The entity's description and its CatalogRecord: N-Triples, one statement a line, sorted by bytes, each once.
    pub body: String,
    pub findings: Vec<Finding>,
    /// Agencies that it refers to, or is about, and that the table lacks: they belong to what all sources share, and have
    /// to be there before this is published.
    pub learned: Vec<Learned>,
}

/// Something about a record that its publisher should know. The record is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Kebab-case and stable: `unmapped-format`, `access-url-from-download-url`, …
    pub code: String,
    /// Where in the record: a predicate in prefixed form or a path of the source's own (`resources[2].url`).
    pub path: String,
    /// What was found, cut to a printable length.
    pub found: String,
    /// What would have been right.
    pub expected: String,
}

/// Why a record was not taken. The run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Kebab-case and stable: `no-identifier`, `not-json`, `invalid-utf-8`, …
    pub code: String,
    pub path: String,
    pub found: String,
    pub expected: String,
}

/// A finding and a refusal are told in the same words: `code: path: found …, expected …`.
macro_rules! told {
    ($($what:ty),*) => {$(
        impl $what {
            pub fn new(
                code: &str,
                path: impl Into<String>,
                found: &str,
                expected: impl Into<String>,
            ) -> Self {
                Self {
                    code: code.to_owned(),
                    path: path.into(),
                    found: printable(found),
                    expected: expected.into(),
                }
            }
        }

        impl fmt::Display for $what {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self { code, path, found, expected } = self;
                let colon = if path.is_empty() { "" } else { ": " };
                write!(f, "{code}{colon}{path}: found {found:?}, expected {expected}")
            }
        }
    )*};
}

told!(Finding, Refusal);

/// At most 200 characters, without control characters: fit for a log line or a report.
pub fn printable(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let mut out: String = text
        .chars()
        .take(CHARS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_whole_names_no_place() {
        let told = |path: &str| Refusal::new("not-json", path, "x\n", "JSON").to_string();
        assert_eq!(told(""), "not-json: found \"x \", expected JSON");
        assert_eq!(told("a.b"), "not-json: a.b: found \"x \", expected JSON");
    }
}
