//! Corrections by hand: what a house says of a dataset instead of what its source says, and what it expects to find there.
//!
//! Pure but for [`write()`]: never reads a store, knows no clock. Files are read in `config/overrides.rs`, the store applies
//! what is here to what was harvested. Start at [`Override`], then [`apply()`].
//!
//! November 2026. A correction is laid over the harvested description, never mixed into it: what is published is always
//! `apply(overrides, harvested)`, so that taking a correction back gives the very bytes from before. Where the source no
//! longer says what the correction expects, the correction still holds, and says so ([`State::Drifted`]): whoever made it
//! knew the data better than the source did, and a source that spells the same mistake in another way must not bring it
//! back by that. Where the source has come to say what the correction says, nothing is left to do
//! ([`State::Fulfilled`]), and it can be removed.

mod apply;
mod property;
mod provenance;
mod value;
mod view;
mod write;

pub use apply::{Corrected, Standing, State, absent, apply};
pub use property::property;
pub use provenance::{graph, quads};
pub use value::Value;
pub use write::write;

use chrono::NaiveDate;
use oxrdf::NamedNode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use value::Said;

/// A correction as somebody writes it, in a file or through an interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// IRI of the dataset (or series, service, catalogue, agent) as it is published.
    pub dataset: String,
    /// A distribution of the dataset, by its IRI, access address or download address. None: the dataset itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// `dct:title`, or a whole IRI. None: the distribution as a whole, which is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Only the values in this language are expected and replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// All values that the source gave when the correction was made; none: it gave none.
    pub expect: Vec<Value>,
    /// All values that are published instead; none: they are removed.
    pub set: Vec<Value>,
    pub who: String,
    pub when: NaiveDate,
    pub why: String,
}

/// What is wrong with a draft: the key of the file that says it, what was found there, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: found {found}, expected {expected}")]
pub struct Problem {
    pub key: &'static str,
    pub found: String,
    pub expected: String,
}

impl Problem {
    fn new(key: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            key,
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// A correction that can be applied. Made by [`Override::new`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    draft: Draft,
    /// None: the distribution as a whole.
    change: Option<Change>,
    at: String,
}

/// Other values for one property of one node.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    property: NamedNode,
    /// As the store keeps tags: lower case.
    lang: Option<String>,
    expect: Vec<Said>,
    set: Vec<Said>,
}

impl Override {
    /// Reads a draft. `at` is where it is written, for messages. All that is wrong is told at once.
    pub fn new(draft: Draft, at: impl Into<String>) -> Result<Self, Vec<Problem>> {
        let change = value::read(&draft)?;
        Ok(Self {
            draft,
            change,
            at: at.into(),
        })
    }

    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// IRI of the dataset.
    pub fn entity(&self) -> &str {
        &self.draft.dataset
    }

    /// File, line and column where it is written.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// What it is about, in 16 hexadecimal digits: two corrections of one thing have the same.
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in self.subject_matter() {
            hasher.update(part.unwrap_or("\u{1}").as_bytes());
            hasher.update(&[0]);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Do both say something about the same values? A correction in one language is about some of those that one in all
    /// languages is about.
    pub fn overlaps(&self, other: &Self) -> bool {
        let lang = |o: &Self| o.subject_matter()[3].map(str::to_owned);
        let ([e, d, p, _], [oe, od, op, _]) = (self.subject_matter(), other.subject_matter());
        let (mine, theirs) = (lang(self), lang(other));
        (e, d) == (oe, od)
            && (p.is_none() || op.is_none() || p == op)
            && (mine.is_none() || theirs.is_none() || mine == theirs)
    }

    fn subject_matter(&self) -> [Option<&str>; 4] {
        let change = self.change.as_ref();
        [
            Some(&self.draft.dataset),
            self.draft.distribution.as_deref(),
            change.map(|c| c.property.as_str()),
            change.and_then(|c| c.lang.as_deref()),
        ]
    }
}

/// A correction in force: where it is written, what it says, how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Laid {
    pub at: String,
    #[serde(flatten)]
    pub draft: Draft,
    /// None: it is not in force.
    pub standing: Option<Standing>,
}

/// How each correction stands, by [`Override::id`].
pub type Standings = BTreeMap<String, Standing>;

/// All corrections that hold, by dataset; within one in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    by_entity: BTreeMap<String, Vec<Override>>,
}

impl Overrides {
    /// Takes one in; gives the place of an earlier one that is about the same values, where there is one.
    pub fn add(&mut self, added: Override) -> Result<(), String> {
        let of_entity = self.by_entity.entry(added.entity().to_owned()).or_default();
        if let Some(earlier) = of_entity.iter().find(|o| o.overlaps(&added)) {
            return Err(earlier.at.clone());
        }
        of_entity.push(added);
        Ok(())
    }

    /// Those of one dataset.
    pub fn of(&self, entity: &str) -> &[Override] {
        self.by_entity.get(entity).map_or(&[], Vec::as_slice)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Override> {
        self.by_entity.values().flatten()
    }

    /// Each with how it stands.
    pub fn laid(&self, standings: &Standings) -> Vec<Laid> {
        let laid = |o: &Override| Laid {
            at: o.at.clone(),
            draft: o.draft.clone(),
            standing: standings.get(&o.id()).cloned(),
        };
        self.iter().map(laid).collect()
    }

    /// The datasets that have corrections, sorted.
    pub fn entities(&self) -> impl Iterator<Item = &str> {
        self.by_entity.keys().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.by_entity.values().map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }
}
