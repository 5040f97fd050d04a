//! One dataset, measured: every indicator with what was found, every result of the shapes, and how its addresses fare. Pure.
//! Start at [`Detail::measured`].

use super::figures::{Asks, date};
use crate::facts::{CHINESE_FIRST, Facts};
use crate::links::told::Checked;
use chrono::NaiveDate;
use harvestd_vocab::quality::{
    self, Circumstances, Conformance, Counts, Met, Rating, Scheme, Timeliness, Timely, Words,
    indicators, percent, points,
};
use harvestd_vocab::shacl::{self, ValidationResult};
use harvestd_vocab::terms::dct;
use serde::Serialize;

/// One dataset.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    pub dataset: String,
    pub title: Option<String>,
    /// Points of 405.
    pub mqa: u32,
    pub rating: Rating,
    /// Per cent.
    pub fair: u32,
    pub ai_ready: u32,
    pub timeliness: Promise,
    /// None: no shapes were held against it.
    pub conformance: Option<Conformance>,
    /// The file whose points count.
    pub file: Option<String>,
    pub indicators: Vec<Judged>,
    /// What shapes are violated, and what is recommended.
    pub results: Vec<Shaped>,
    /// How its addresses fare: the national checks, beside the badge that the portal gives. None: nothing is known of any.
    pub checks: Option<Checked>,
}

/// What a shape says of a description (SHACL, section 3.6).
#[derive(Debug, Clone, Serialize)]
pub struct Shaped {
    /// `dcat-ap` or `taiwan`.
    pub profile: &'static str,
    pub severity: String,
    pub focus: String,
    /// With short names: `dct:title`.
    pub path: Option<String>,
    /// Local name of the constraint component.
    pub component: String,
    pub found: String,
    pub message: Option<Words>,
}

/// How a promised rhythm is kept.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Promise {
    pub state: Timely,
    pub promised_days: Option<i32>,
    pub changed: Option<NaiveDate>,
    /// Unless it changes.
    pub late_from: Option<NaiveDate>,
}

/// What came of an indicator.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    #[serde(flatten)]
    pub indicator: Asks,
    pub met: Met,
    /// What it gets of its points.
    pub gets: u32,
    pub found: Words,
}

impl Detail {
    /// Measures a dataset by its description: taken apart, and the same for shapes. `today`: days since 1970, UTC.
    pub fn measured(
        iri: &str,
        facts: &Facts<'_>,
        shaped: &shacl::Facts<'_>,
        today: i32,
        checks: Option<Checked>,
    ) -> Self {
        let (eu, taiwan) = (
            shacl::dcat_ap().validate(shaped),
            shacl::taiwan().validate(shaped),
        );
        let reach = |address: &str| checks.as_ref().and_then(|checks| checks.reach(address));
        let circumstances = Circumstances {
            today,
            reach: &reach,
            conformance: Some(Conformance {
                dcat_ap: Counts::of(&eu),
                taiwan: Counts::of(&taiwan),
            }),
        };
        let quality = quality::measure(facts, iri, &circumstances);
        let told = |profile, results: &[ValidationResult<'_>]| -> Vec<Shaped> {
            results.iter().map(|r| Shaped::of(profile, r)).collect()
        };
        let results = [told("dcat-ap", &eu), told("taiwan", &taiwan)].concat();
        let met = quality.met();
        let mqa = points(Scheme::Mqa, met);
        let rows = indicators().iter().zip(&quality.outcomes);
        Self {
            dataset: iri.to_owned(),
            title: facts
                .text(iri, dct::TITLE, CHINESE_FIRST)
                .map(str::to_owned),
            mqa,
            rating: Rating::of(mqa),
            fair: percent(Scheme::Fair, met),
            ai_ready: percent(Scheme::AiReady, met),
            timeliness: Promise::of(&quality.timeliness),
            conformance: quality.conformance,
            file: quality.file.map(str::to_owned),
            results,
            indicators: rows
                .map(|(row, outcome)| Judged {
                    indicator: Asks::of(row),
                    met: outcome.met,
                    gets: match outcome.met {
                        Met::Yes => row.points,
                        Met::No | Met::Unchecked => 0,
                    },
                    found: outcome.found.told(),
                })
                .collect(),
            checks,
        }
    }
}

impl Shaped {
    pub fn of(profile: &'static str, result: &ValidationResult<'_>) -> Self {
        let message = |language| result.message(language);
        Self {
            profile,
            severity: format!("{:?}", result.severity()).to_lowercase(),
            focus: result.focus.to_string(),
            path: result.path(),
            component: result.component(),
            found: result.found(),
            message: message("en")
                .zip(message("zh-hant"))
                .map(|(en, zh)| Words::of(en, zh)),
        }
    }
}

impl Promise {
    fn of(found: &Timeliness) -> Self {
        Self {
            state: found.state,
            promised_days: found.promised_days,
            changed: found.changed.map(date),
            late_from: found.late_from.map(date),
        }
    }
}
