//! The table of indicators: its rows with the formula of each. Start at [`indicators`].

use super::seen::{Node, Seen};
use super::{Outcome, Words, formulas, ready};
use crate::terms::dct;
use oxrdf::NamedNodeRef;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

pub(super) const ROWS: &str = include_str!("../../tables/quality.tsv");

/// How many indicators there are. A bit of 64 for each.
pub const COUNT: usize = 42;

/// What indicators are summed up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The 405 points of data.europa.eu.
    Mqa,
    /// Findable, accessible, interoperable, reusable.
    Fair,
    /// Ready to be trained on, or tested with.
    AiReady,
}

impl Scheme {
    pub const ALL: [Self; 3] = [Self::Mqa, Self::Fair, Self::AiReady];

    /// As the table, addresses and the graph have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mqa => "mqa",
            Self::Fair => "fair",
            Self::AiReady => "ai-ready",
        }
    }

    /// What it is called.
    pub fn name(self) -> Words {
        match self {
            Self::Mqa => Words::of(
                "Metadata quality (405 points of data.europa.eu)",
                "詮釋資料品質（data.europa.eu 405 分制）",
            ),
            Self::Fair => Words::of("FAIR indicators, per cent", "FAIR 指標（百分比）"),
            Self::AiReady => Words::of("AI-ready indicators, per cent", "AI 可用性指標（百分比）"),
        }
    }
}

/// How an indicator is judged.
#[derive(Clone, Copy)]
pub(super) enum Formula {
    /// By the dataset and all that belongs to it.
    Dataset(for<'s> fn(&Seen<'s>) -> Outcome<'s>),
    /// By each file: the best one counts.
    File(for<'s> fn(&Seen<'s>, &Node<'s>) -> Outcome<'s>),
    /// The same by a property, for which that of the dataset stands in.
    Dated(NamedNodeRef<'static>),
}

/// A row of the table.
pub struct Indicator {
    /// Unique among all.
    pub id: &'static str,
    pub scheme: Scheme,
    pub dimension: &'static str,
    pub points: u32,
    pub name: [&'static str; 2],
    pub asks: [&'static str; 2],
    /// Where the rule comes from.
    pub source: &'static str,
    pub(super) formula: Formula,
}

impl Indicator {
    pub fn name(&self) -> Words {
        Words::of(self.name[0], self.name[1])
    }

    /// What it asks for.
    pub fn explanation(&self) -> Words {
        Words::of(self.asks[0], self.asks[1])
    }

    pub(super) fn of_file<'s>(&self, seen: &Seen<'s>, file: &Node<'s>) -> Option<Outcome<'s>> {
        match self.formula {
            Formula::Dataset(_) => None,
            Formula::File(formula) => Some(formula(seen, file)),
            Formula::Dated(property) => Some(formulas::said(file, property)),
        }
    }
}

/// By the ids of the table.
const FORMULAS: [(&str, Formula); COUNT] = [
    ("keyword", Formula::Dataset(formulas::keyword)),
    ("theme", Formula::Dataset(formulas::theme)),
    ("spatial", Formula::Dataset(formulas::spatial)),
    ("temporal", Formula::Dataset(formulas::temporal)),
    (
        "access-url-reachable",
        Formula::File(formulas::access_reachable),
    ),
    ("download-url", Formula::File(formulas::download)),
    (
        "download-url-reachable",
        Formula::File(formulas::download_reachable),
    ),
    ("format", Formula::File(formulas::format)),
    ("media-type", Formula::File(formulas::media_type)),
    (
        "format-vocabulary",
        Formula::File(formulas::format_vocabulary),
    ),
    ("non-proprietary", Formula::File(formulas::non_proprietary)),
    (
        "machine-readable",
        Formula::File(formulas::machine_readable),
    ),
    ("dcat-ap", Formula::Dataset(formulas::dcat_ap)),
    ("licence", Formula::File(formulas::licence)),
    (
        "licence-vocabulary",
        Formula::File(formulas::licence_vocabulary),
    ),
    ("access-rights", Formula::Dataset(formulas::access_rights)),
    (
        "access-rights-vocabulary",
        Formula::Dataset(formulas::access_rights_vocabulary),
    ),
    ("contact-point", Formula::Dataset(formulas::contact_point)),
    ("publisher", Formula::Dataset(formulas::publisher)),
    ("rights", Formula::File(formulas::rights)),
    ("byte-size", Formula::File(formulas::byte_size)),
    ("issued", Formula::Dated(dct::ISSUED)),
    ("modified", Formula::Dated(dct::MODIFIED)),
    ("identifier", Formula::Dataset(ready::identifier)),
    (
        "rich-description",
        Formula::Dataset(ready::rich_description),
    ),
    ("names-data", Formula::Dataset(ready::names_data)),
    ("open-protocol", Formula::Dataset(ready::open_protocol)),
    ("stated-access", Formula::Dataset(formulas::access_rights)),
    ("readable-data", Formula::Dataset(ready::readable_data)),
    ("shared-words", Formula::Dataset(ready::shared_words)),
    ("references", Formula::Dataset(ready::references)),
    ("usage-licence", Formula::Dataset(ready::usage_licence)),
    ("provenance", Formula::Dataset(ready::provenance)),
    ("community-standard", Formula::Dataset(formulas::dcat_ap)),
    ("open-terms", Formula::Dataset(ready::open_terms)),
    ("loadable", Formula::Dataset(ready::loadable)),
    ("direct-download", Formula::Dataset(ready::direct_download)),
    ("fields", Formula::Dataset(ready::fields)),
    ("encoding", Formula::Dataset(ready::encoding)),
    ("schema", Formula::Dataset(ready::schema)),
    ("updates-kept", Formula::Dataset(ready::updates_kept)),
    ("croissant", Formula::Dataset(ready::croissant)),
];

/// All rows, in the order of the table.
pub fn indicators() -> &'static [Indicator] {
    static INDICATORS: LazyLock<Vec<Indicator>> = LazyLock::new(|| {
        let rows = ROWS.lines().filter(|line| !line.starts_with('#'));
        rows.filter_map(row).collect()
    });
    &INDICATORS
}

/// None: a row that has no formula, which a test forbids.
fn row(line: &'static str) -> Option<Indicator> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [
        id,
        scheme,
        dimension,
        points,
        en,
        zh,
        asks_en,
        asks_zh,
        source,
    ] = cells[..]
    else {
        return None;
    };
    let (_, formula) = FORMULAS.iter().find(|(of, _)| *of == id)?;
    Some(Indicator {
        id,
        scheme: Scheme::ALL.into_iter().find(|s| s.word() == scheme)?,
        dimension,
        points: points.parse().ok()?,
        name: [en, zh],
        asks: [asks_en, asks_zh],
        source,
        formula: *formula,
    })
}

/// The place of an indicator among all, by its id.
pub fn outcome_of_id(id: &str) -> Option<usize> {
    indicators().iter().position(|row| row.id == id)
}

pub(super) fn points(scheme: Scheme, met: u64) -> u32 {
    let rows = indicators().iter().enumerate();
    rows.filter(|(place, row)| row.scheme == scheme && met & (1 << place) != 0)
        .map(|(_, row)| row.points)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_formula_and_the_points_are_those_of_the_methodology() {
        let rows = ROWS.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((rows, indicators().len()), (COUNT, COUNT));
        for (row, (id, _)) in indicators().iter().zip(FORMULAS) {
            assert_eq!(row.id, id, "both are in one order");
        }
        let of = |dimension| -> u32 {
            let rows = indicators().iter();
            rows.filter(|row| row.scheme == Scheme::Mqa && row.dimension == dimension)
                .map(|row| row.points)
                .sum()
        };
        let dimensions = [
            "findability",
            "accessibility",
            "interoperability",
            "reusability",
            "contextuality",
        ];
        assert_eq!(dimensions.map(of), [100, 100, 110, 75, 20]);
        assert_eq!(points(Scheme::Mqa, u64::MAX), 405);
    }
}
