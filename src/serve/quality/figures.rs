//! The figures of `/quality` as values, in JSON as they stand. Pure: sums come in. Start at [`Overview`].

use crate::quality::{Day, Publisher, Sum, Sums};
use chrono::{Days, NaiveDate};
use harvestd_vocab::quality::{self, Rating, Scheme, Words, indicators};
use serde::Serialize;

/// Everything that is published.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// The newest activity that is in it.
    pub generation: u64,
    pub sequence: u64,
    /// The day (UTC) on which what is late was late.
    pub day: NaiveDate,
    /// Changes with the formulas.
    pub formulas: &'static str,
    #[serde(flatten)]
    pub standing: Standing,
    pub sources: Vec<Row>,
    pub publishers: Vec<Row>,
    /// One for each day on which the figures changed.
    pub trend: Vec<Trend>,
}

/// Some of it.
#[derive(Debug, Clone, Serialize)]
pub struct Scoped {
    #[serde(flatten)]
    pub name: Name,
    #[serde(flatten)]
    pub standing: Standing,
    pub trend: Vec<Trend>,
}

/// What figures are of.
#[derive(Debug, Clone, Serialize)]
pub struct Name {
    /// A source's id, or a publisher's name.
    pub id: String,
    pub title: Option<String>,
    pub english: Option<String>,
    pub iri: Option<String>,
}

/// One line of many.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub name: Name,
    #[serde(flatten)]
    pub figures: Figures,
}

/// How good datasets are, in few numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub datasets: u64,
    /// Mean points of 405.
    pub mqa: f64,
    /// What so many points are called.
    pub rating: Rating,
    pub ratings: Ratings,
    /// Mean per cent of the indicators of FAIR.
    pub fair: f64,
    /// The same of AI-ready.
    pub ai_ready: f64,
    /// None: no shapes are held against the datasets.
    pub conformance: Option<Conforming>,
    pub timeliness: Timeliest,
}

/// Datasets by their rating.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ratings {
    pub excellent: u64,
    pub good: u64,
    pub sufficient: u64,
    pub bad: u64,
}

/// Datasets that violate no shape.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Conforming {
    pub validated: u64,
    pub dcat_ap: u64,
    pub taiwan: u64,
    /// Results of all together.
    pub violations: u64,
    pub warnings: u64,
}

/// Datasets by how a promised rhythm is kept.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Timeliest {
    pub on_time: u64,
    pub late: u64,
    pub no_rhythm: u64,
    pub unknown_frequency: u64,
    pub unknown_change: u64,
}

/// The same with every indicator.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    #[serde(flatten)]
    pub figures: Figures,
    pub dimensions: Vec<Dimension>,
    pub indicators: Vec<Share>,
    /// Ids of indicators of the 405 points, those first by which most points are lost, as [`Share::lost`] has it.
    pub worst: Vec<&'static str>,
}

/// Mean points of a part of a scheme.
#[derive(Debug, Clone, Serialize)]
pub struct Dimension {
    pub scheme: Scheme,
    pub dimension: &'static str,
    pub points: f64,
    pub of: u32,
}

/// How many datasets meet an indicator.
#[derive(Debug, Clone, Serialize)]
pub struct Share {
    #[serde(flatten)]
    pub indicator: Asks,
    pub met: u64,
    pub unchecked: u64,
    /// Met, of all datasets: 0 to 1.
    pub share: f64,
}

/// An indicator, for people.
#[derive(Debug, Clone, Serialize)]
pub struct Asks {
    pub id: &'static str,
    pub scheme: Scheme,
    pub dimension: &'static str,
    pub points: u32,
    pub name: Words,
    pub explanation: Words,
    pub source: &'static str,
}

/// The figures of a day.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Trend {
    pub day: NaiveDate,
    pub datasets: u64,
    pub mqa: f64,
    pub fair: f64,
    pub ai_ready: f64,
}

impl Overview {
    pub fn of(sums: &Sums, trend: Vec<Trend>) -> Self {
        let sources = sums.by_source();
        let publishers = sums.by_publisher();
        Self {
            generation: sums.generation,
            sequence: sums.seq,
            day: date(sums.today),
            formulas: quality::version(),
            standing: Standing::of(&sums.whole()),
            sources: sources
                .into_iter()
                .map(|(id, sum)| Row::of(id, None, &sum))
                .collect(),
            publishers: publishers
                .into_iter()
                .map(|(name, (publisher, sum))| Row::of(name, Some(publisher), &sum))
                .collect(),
            trend,
        }
    }
}

impl Scoped {
    pub fn of(id: &str, publisher: Option<&Publisher>, sum: &Sum, trend: Vec<Trend>) -> Self {
        Self {
            name: Name::of(id, publisher),
            standing: Standing::of(sum),
            trend,
        }
    }
}

impl Name {
    fn of(id: &str, publisher: Option<&Publisher>) -> Self {
        Self {
            id: id.to_owned(),
            title: publisher.map(|p| p.title.clone()),
            english: publisher.and_then(|p| p.english.clone()),
            iri: publisher.and_then(|p| p.iri.clone()),
        }
    }
}

impl Row {
    fn of(id: &str, publisher: Option<&Publisher>, sum: &Sum) -> Self {
        Self {
            name: Name::of(id, publisher),
            figures: Figures::of(sum),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn mean(all: u64, datasets: u64) -> f64 {
    // To a hundredth: more digits would say what is not known.
    (all as f64 * 100.0 / datasets.max(1) as f64).round() / 100.0
}

impl Figures {
    fn of(sum: &Sum) -> Self {
        let [excellent, good, sufficient, bad] = sum.ratings;
        let [on_time, late, no_rhythm, unknown_frequency, unknown_change] = sum.timely;
        Self {
            datasets: sum.datasets,
            mqa: mean(sum.mqa, sum.datasets),
            rating: Rating::of(u32::try_from(sum.mqa / sum.datasets.max(1)).unwrap_or(u32::MAX)),
            ratings: Ratings {
                excellent,
                good,
                sufficient,
                bad,
            },
            fair: mean(sum.fair, sum.datasets),
            ai_ready: mean(sum.ai_ready, sum.datasets),
            conformance: (sum.validated > 0).then_some(Conforming {
                validated: sum.validated,
                dcat_ap: sum.conforming,
                taiwan: sum.conforming_tw,
                violations: sum.results[0] + sum.results[2],
                warnings: sum.results[1] + sum.results[3],
            }),
            timeliness: Timeliest {
                on_time,
                late,
                no_rhythm,
                unknown_frequency,
                unknown_change,
            },
        }
    }
}

impl Standing {
    fn of(sum: &Sum) -> Self {
        let mut dimensions: Vec<(Dimension, u64)> = Vec::new();
        for (place, row) in indicators().iter().enumerate() {
            let (met, points) = (sum.met[place], u64::from(row.points));
            let known = dimensions
                .iter_mut()
                .find(|(d, _)| d.scheme == row.scheme && d.dimension == row.dimension);
            match known {
                Some((dimension, all)) => {
                    dimension.of += row.points;
                    *all += points * met;
                }
                None => dimensions.push((
                    Dimension {
                        scheme: row.scheme,
                        dimension: row.dimension,
                        points: 0.0,
                        of: row.points,
                    },
                    points * met,
                )),
            }
        }
        let shares = indicators().iter().enumerate();
        let shares: Vec<Share> = shares
            .map(|(place, row)| Share::of(row, place, sum))
            .collect();
        let mqa = shares
            .iter()
            .filter(|share| share.indicator.scheme == Scheme::Mqa);
        let lost = mqa.map(|share| (share.lost(sum.datasets), share.indicator.id));
        let mut worst: Vec<(u64, &str)> = lost.filter(|(lost, _)| *lost > 0).collect();
        worst.sort_by_key(|(lost, _)| std::cmp::Reverse(*lost));
        Self {
            figures: Figures::of(sum),
            dimensions: dimensions
                .into_iter()
                .map(|(dimension, all)| Dimension {
                    points: mean(all, sum.datasets),
                    ..dimension
                })
                .collect(),
            indicators: shares,
            worst: worst.into_iter().map(|(_, id)| id).collect(),
        }
    }
}

impl Share {
    /// Points that so many datasets do not get by it. What was not checked is not counted: there is nothing to mend yet.
    pub fn lost(&self, datasets: u64) -> u64 {
        let missed = datasets.saturating_sub(self.met + self.unchecked);
        missed * u64::from(self.indicator.points)
    }

    pub(super) fn of(row: &quality::Indicator, place: usize, sum: &Sum) -> Self {
        Self {
            indicator: Asks::of(row),
            met: sum.met[place],
            unchecked: sum.unchecked[place],
            share: mean(sum.met[place] * 100, sum.datasets) / 100.0,
        }
    }
}

impl Asks {
    pub(super) fn of(row: &quality::Indicator) -> Self {
        Self {
            id: row.id,
            scheme: row.scheme,
            dimension: row.dimension,
            points: row.points,
            name: row.name(),
            explanation: row.explanation(),
            source: row.source,
        }
    }
}

impl Trend {
    pub fn of(day: &Day) -> Self {
        Self {
            day: date(day.day),
            datasets: day.datasets(),
            mqa: day.mqa(),
            fair: day.fair(),
            ai_ready: day.ai_ready(),
        }
    }
}

/// The date of a day since 1970; the first or last of all where there is none.
pub(super) fn date(day: i32) -> NaiveDate {
    let epoch = NaiveDate::default();
    let days = Days::new(u64::from(day.unsigned_abs()));
    match day {
        0.. => epoch.checked_add_days(days).unwrap_or(NaiveDate::MAX),
        _ => epoch.checked_sub_days(days).unwrap_or(NaiveDate::MIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_checked_is_not_among_what_is_mended_first() {
        let of = |id: &str| indicators().iter().position(|row| row.id == id);
        let (access, keyword) = (of("access-url-reachable"), of("keyword"));
        let (Some(access), Some(keyword)) = (access, keyword) else {
            panic!("these indicators are in the table");
        };
        let mut sum = Sum {
            datasets: 10,
            met: [10; _],
            ..Sum::default()
        };
        (sum.met[access], sum.unchecked[access]) = (0, 10);
        sum.met[keyword] = 4;
        let standing = Standing::of(&sum);
        assert_eq!(standing.worst, ["keyword"]);
        assert_eq!(standing.indicators[keyword].lost(10), 180);
        sum.unchecked[access] = 3;
        assert_eq!(
            Standing::of(&sum).worst,
            ["access-url-reachable", "keyword"]
        );
    }
}
