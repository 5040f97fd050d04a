//! How good a description is: every indicator of `tables/quality.tsv`, measured, with what was found.
//!
//! Points of metadata quality as data.europa.eu counts them, indicators of FAIR and of readiness for machine learning, and
//! whether a promised rhythm of updates is kept. Values in, values out: who reaches an address, which shapes a description
//! violates, and which day it is, the caller says. Start at [`measure`].
//!
//! November 2026: of files, the points of the best one count, as the scoring that data.europa.eu runs does it: a dataset does
//! not lose by giving one more form of its data.

mod formulas;
mod judged;
mod ready;
mod seen;
mod table;
mod timely;

pub use judged::{Found, Met, Outcome, Words};
pub use table::{COUNT, Indicator, Scheme, indicators, outcome_of_id};
pub use timely::{Timeliness, Timely, days_of_duration};

use crate::shacl::{self, Severity, Shapes, ValidationResult};
use crate::terms::dct;
use seen::{Node, Seen};
use std::sync::LazyLock;

/// Raised when a formula changes in a way that no table shows.
pub const VERSION: u32 = 2;

/// 16 hexadecimal digits that change whenever a formula or a table does that results rest on: everything is then measured
/// anew.
pub fn version() -> &'static str {
    static NOW: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&VERSION.to_le_bytes());
        for text in [
            table::ROWS,
            formulas::LISTS,
            crate::tables_version(),
            shacl::DCAT_AP,
            shacl::TAIWAN,
        ] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    });
    &NOW
}

/// Points from which a dataset is rated so, the best first; below the last it is bad. MQA methodology, scoring.
pub const RATINGS: [(Rating, u32); 4] = [
    (Rating::Excellent, 351),
    (Rating::Good, 221),
    (Rating::Sufficient, 121),
    (Rating::Bad, 0),
];

/// How data.europa.eu calls so many points.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rating {
    Excellent,
    Good,
    Sufficient,
    Bad,
}

impl Rating {
    pub fn of(points: u32) -> Self {
        let mut all = RATINGS.iter();
        all.find(|(_, least)| points >= *least)
            .map_or(Self::Bad, |(rating, _)| *rating)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Sufficient => "sufficient",
            Self::Bad => "bad",
        }
    }
}

/// An object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'s> {
    Iri(&'s str),
    /// The words of a literal; their language and datatype say nothing here.
    Text(&'s str),
}

impl<'s> Value<'s> {
    pub fn word(self) -> &'s str {
        match self {
            Self::Iri(word) | Self::Text(word) => word,
        }
    }
}

/// A description to be measured.
pub trait Facts {
    /// Tells every statement about a node: property and object.
    fn each<'s>(&'s self, node: &str, tell: &mut dyn FnMut(&'s str, Value<'s>));
}

/// What came of asking for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Reachable,
    Unreachable,
}

/// Results of a validation, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub violations: u32,
    pub warnings: u32,
}

impl Counts {
    pub fn of(results: &[ValidationResult<'_>]) -> Self {
        let mut counts = Self::default();
        for result in results {
            match result.severity() {
                Severity::Violation => counts.violations += 1,
                Severity::Warning => counts.warnings += 1,
                _ => {}
            }
        }
        counts
    }
}

/// What the shapes say of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Conformance {
    /// DCAT-AP 3.
    pub dcat_ap: Counts,
    /// The profile of Taiwan's portals.
    pub taiwan: Counts,
}

impl Conformance {
    /// Holds the shapes of both against a description (sorted N-Triples).
    pub fn of(body: &str) -> Self {
        let facts = shacl::Facts::of_body(body);
        let counted = |shapes: &Shapes| Counts::of(&shapes.validate(&facts));
        Self {
            dcat_ap: counted(shacl::dcat_ap()),
            taiwan: counted(shacl::taiwan()),
        }
    }
}

/// What a measurement needs beside the description.
pub struct Circumstances<'a> {
    /// Days since 1970, UTC.
    pub today: i32,
    /// What is known of an address. None: it was not checked.
    pub reach: &'a dyn Fn(&str) -> Option<Reach>,
    /// None: no shapes were asked.
    pub conformance: Option<Conformance>,
}

/// What was measured of a dataset.
#[derive(Debug, Clone)]
pub struct Quality<'s> {
    /// In the order of [`indicators`].
    pub outcomes: [Outcome<'s>; COUNT],
    /// The file whose points count.
    pub file: Option<&'s str>,
    pub timeliness: Timeliness,
    pub conformance: Option<Conformance>,
}

impl Quality<'_> {
    /// A bit for each indicator that is met, in their order.
    pub fn met(&self) -> u64 {
        self.bits(Met::Yes)
    }

    /// The same of those that nobody checked.
    pub fn unchecked(&self) -> u64 {
        self.bits(Met::Unchecked)
    }

    fn bits(&self, which: Met) -> u64 {
        let all = self.outcomes.iter().enumerate();
        all.filter(|(_, outcome)| outcome.met == which)
            .fold(0, |bits, (place, _)| bits | 1 << place)
    }
}

/// The points of a scheme that these bits ([`Quality::met`]) come to.
pub fn points(scheme: Scheme, met: u64) -> u32 {
    table::points(scheme, met)
}

/// The same in per cent of all that there are, rounded down.
pub fn percent(scheme: Scheme, met: u64) -> u32 {
    table::points(scheme, met) * 100 / table::points(scheme, u64::MAX).max(1)
}

/// Measures the dataset `entity`.
pub fn measure<'s>(
    facts: &'s impl Facts,
    entity: &str,
    circumstances: &Circumstances<'_>,
) -> Quality<'s> {
    let seen = Seen::of(facts, entity, circumstances);
    let rows = indicators();
    let mut outcomes = [Outcome::UNSEEN; COUNT];
    for (row, outcome) in rows.iter().zip(&mut outcomes) {
        *outcome = match row.formula {
            table::Formula::Dataset(formula) => formula(&seen),
            table::Formula::File(_) | table::Formula::Dated(_) => Outcome::no(Found::NoFile),
        };
    }
    let best = best_file(&seen);
    for (row, outcome) in rows.iter().zip(&mut outcomes) {
        if let Some(found) = best.and_then(|file| row.of_file(&seen, file)) {
            *outcome = found;
        }
        // Dates of the dataset stand in for those of its file.
        if let table::Formula::Dated(property) = row.formula
            && outcome.met != Met::Yes
        {
            *outcome = formulas::said(&seen.dataset, property);
        }
    }
    Quality {
        outcomes,
        file: best.map(|file| file.iri),
        timeliness: seen.timeliness,
        conformance: circumstances.conformance,
    }
}

/// The file with the most points; of equals the first by its IRI.
fn best_file<'a, 's>(seen: &'a Seen<'s>) -> Option<&'a Node<'s>> {
    let points = |file: &Node<'s>| -> u32 {
        let rows = indicators().iter();
        rows.filter(|row| {
            let outcome = row.of_file(seen, file);
            outcome.is_some_and(|outcome| outcome.met == Met::Yes)
        })
        .map(|row| row.points)
        .sum()
    };
    let mut best: Option<(u32, &Node<'s>)> = None;
    for file in &seen.files {
        let points = points(file);
        let is_better =
            best.is_none_or(|(most, of)| points > most || (points == most && file.iri < of.iri));
        if is_better {
            best = Some((points, file));
        }
    }
    best.map(|(_, file)| file)
}

/// The newest date that a description gives of its data, as days since 1970: when they were last changed, else issued.
pub(crate) fn last_change(seen: &Seen<'_>) -> Option<i32> {
    let nodes = || std::iter::once(&seen.dataset).chain(&seen.files);
    let newest = |property| {
        let dates = nodes().flat_map(|node| node.all(property));
        dates.filter_map(|date| timely::day_of(date.word())).max()
    };
    newest(dct::MODIFIED).or_else(|| newest(dct::ISSUED))
}

#[cfg(test)]
mod tests;
