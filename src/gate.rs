//! May these deletions pass? Pure: counts in, verdict out. Start at [`gate`].
//!
//! A deletion that is inferred from absence needs a proof that nothing is missing, and even then neither one run nor many
//! in a row may take away too much: catalogues are lost to one empty answer, and bled dry by a fifth a day. What is held
//! is a list for a person ([`book`], which keeps it, and does nothing else here that touches a disk).

pub mod book;

use harvestd_harvesters::Completeness;
use serde::{Deserialize, Serialize};

/// What a run knows when its last answer is read.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The source's id, for what is said.
    pub source: String,
    pub proof: Option<Completeness>,
    /// Why the run did not end as it should, where it did not.
    pub trouble: Option<String>,
    /// It went on with pages that an earlier run was answered: what moved from page to page since may be on none of them.
    pub of_two_runs: bool,
    /// Datasets the source says it has.
    pub declared: Option<u64>,
    /// Distinct datasets seen, those refused included.
    pub seen: u64,
    /// Records of all classes seen: some catalogues count series and services among their items.
    pub seen_all: u64,
    /// Datasets that came twice in the run: as many others may be missing.
    pub duplicates: u64,
    /// Records refused whose key could not be read: any held record might be one of them.
    pub refused_nameless: u64,
    /// Datasets held before the run.
    pub had: u64,
    /// The most datasets that were held in the last days ([`GateLimits::highest_of_days`]), as far as that is known.
    pub highest: u64,
    /// Datasets held and not seen, but for those that a person keeps.
    pub absent: u64,
}

/// How much of a source may go without a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateLimits {
    /// This many datasets may be missing of the most that were held, as long as they are not more than half.
    pub removed_records_max: u64,
    /// Or this share of the most that were held, in percent: at most 50.
    pub removed_percent_max: u64,
    /// The most that were held in so many days is what a loss is measured against.
    pub highest_of_days: u64,
    /// What is held passes by itself when so many complete runs in a row have left out exactly the same. 0: never.
    pub pass_after_runs: u64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            removed_records_max: 10,
            removed_percent_max: 20,
            highest_of_days: 30,
            pass_after_runs: 3,
        }
    }
}

impl GateLimits {
    /// How many datasets may be missing of `highest`.
    fn allowed(&self, highest: u64) -> u64 {
        let share = highest.saturating_mul(self.removed_percent_max.min(50)) / 100;
        self.removed_records_max.min(highest / 2).max(share)
    }
}

/// What becomes of the records that were not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They are deleted.
    Pass,
    /// The run says nothing of absence: a run of changes, or one that did not prove its end.
    NotInferred(String),
    /// The run is complete, and takes away too much: a person decides.
    Held(Hold),
}

/// Why deletions are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub cause: Cause,
    /// In words, with the counts.
    pub why: String,
}

/// What a run that takes away too much looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing is left.
    Empty,
    /// Nearly everything has another identifier than before.
    #[serde(rename = "identifiers-changed", alias = "churn")]
    Churn,
    /// Too large a share is gone, in this run or in those of the last days together.
    #[serde(rename = "too-much", alias = "share")]
    Share,
    /// Some of what came could not be named: it may be what is missing.
    Nameless,
}

impl Cause {
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Churn => "identifiers-changed",
            Self::Share => "too-much",
            Self::Nameless => "nameless",
        }
    }

    /// May it pass when the source says the same again and again? Otherwise only a person lets it pass.
    pub fn passes_in_time(self) -> bool {
        matches!(self, Self::Churn | Self::Share)
    }
}

pub fn gate(e: &Evidence, limits: GateLimits) -> Verdict {
    let full = matches!(
        e.proof,
        Some(Completeness::ClosedDocument | Completeness::EndOfBody | Completeness::LastPage)
    );
    if let Some(trouble) = &e.trouble {
        return Verdict::NotInferred(trouble.clone());
    }
    if e.proof == Some(Completeness::Changes) {
        return Verdict::NotInferred("a run of changes: absence says nothing".to_owned());
    }
    if !full {
        return Verdict::NotInferred(
            "the source's last answer did not prove that it was the last".to_owned(),
        );
    }
    if let Some(declared) = e.declared.filter(|d| *d > e.seen.max(e.seen_all)) {
        return Verdict::NotInferred(format!(
            "the source declares {declared} datasets and gave {}",
            e.seen
        ));
    }
    if e.proof == Some(Completeness::LastPage)
        && e.duplicates > 0
        && e.declared.is_none_or(|d| d > e.seen)
    {
        return Verdict::NotInferred(format!(
            "{} datasets came on two pages: as many others may have slipped between the pages",
            e.duplicates
        ));
    }
    if e.absent == 0 {
        return Verdict::Pass;
    }
    if e.of_two_runs {
        return Verdict::NotInferred(format!(
            "{} datasets are on no page, but some pages are those of an earlier run that ended early, and what moved between pages since may be missing: they stay until a run has asked for all pages itself",
            e.absent
        ));
    }
    match hold(e, limits) {
        Some((cause, why)) => Verdict::Held(Hold { cause, why }),
        None => Verdict::Pass,
    }
}

/// Why these deletions do not pass, if they do not.
fn hold(e: &Evidence, limits: GateLimits) -> Option<(Cause, String)> {
    let Evidence { absent, had, .. } = e;
    if e.refused_nameless > 0 {
        let why = format!(
            "{} refused records could not be named; any of the {absent} absent ones may be among them: they stay until the source mends the refused records, which this report lists",
            e.refused_nameless
        );
        return Some((Cause::Nameless, why));
    }
    if e.seen == 0 {
        let why = format!(
            "an empty catalogue where {had} datasets were held: they stay, whatever the limits; look at the source"
        );
        return Some((Cause::Empty, why));
    }
    let highest = e.highest.max(*had);
    let lost = highest.saturating_sub(had.saturating_sub(*absent));
    let allowed = limits.allowed(highest);
    if lost <= allowed && *absent <= had / 2 {
        return None;
    }
    let came = e.seen.saturating_sub(had.saturating_sub(*absent));
    if absent.saturating_mul(10) >= had.saturating_mul(9) && came * 2 >= *absent {
        let why = format!(
            "the identifiers changed: {absent} of {had} datasets are absent and {came} are new under other identifiers. The new ones are taken in, the old ones stay"
        );
        return Some((Cause::Churn, why));
    }
    let days = limits.highest_of_days;
    let before = match lost.saturating_sub(*absent) {
        0 => String::new(),
        before => format!(", after {before} that went in the last {days} days"),
    };
    let why = format!(
        "{absent} of {had} datasets are absent{before}; {allowed} of the {highest} held at most in {days} days may go: they stay"
    );
    Some((Cause::Share, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(had: u64, seen: u64, absent: u64) -> Evidence {
        Evidence {
            proof: Some(Completeness::LastPage),
            had,
            seen,
            absent,
            ..Evidence::default()
        }
    }

    #[test]
    fn the_rule() {
        let cases = [
            ("nothing absent", complete(100, 100, 0), "pass"),
            ("first run", complete(0, 5, 0), "pass"),
            ("ten may go", complete(100, 90, 10), "pass"),
            ("a fifth may go", complete(1000, 800, 200), "pass"),
            ("more than a fifth", complete(1000, 799, 201), "held"),
            ("never over half", complete(10, 4, 6), "held"),
            ("half of a small one", complete(10, 5, 5), "pass"),
            ("empty", complete(3, 0, 3), "held"),
            ("one held, one seen instead", complete(1, 1, 1), "held"),
            (
                "nameless refusals",
                Evidence {
                    refused_nameless: 1,
                    ..complete(1000, 999, 1)
                },
                "held",
            ),
            (
                "no proof",
                Evidence {
                    proof: None,
                    ..complete(100, 99, 1)
                },
                "not inferred",
            ),
            (
                "trouble",
                Evidence {
                    trouble: Some("cut".into()),
                    ..complete(100, 99, 1)
                },
                "not inferred",
            ),
            (
                "changes only",
                Evidence {
                    proof: Some(Completeness::Changes),
                    ..complete(100, 1, 99)
                },
                "not inferred",
            ),
            (
                "a catalogue that counts its series",
                Evidence {
                    declared: Some(101),
                    seen_all: 101,
                    ..complete(100, 99, 1)
                },
                "pass",
            ),
            (
                "pages of two runs",
                Evidence {
                    of_two_runs: true,
                    ..complete(100, 99, 1)
                },
                "not inferred",
            ),
            (
                "pages of two runs, and nothing is missing",
                Evidence {
                    of_two_runs: true,
                    ..complete(100, 100, 0)
                },
                "pass",
            ),
            (
                "twice on the pages",
                Evidence {
                    duplicates: 1,
                    ..complete(100, 99, 1)
                },
                "not inferred",
            ),
            (
                "count lies",
                Evidence {
                    declared: Some(120),
                    ..complete(100, 99, 1)
                },
                "not inferred",
            ),
        ];
        for (name, evidence, expected) in cases {
            let found = match gate(&evidence, GateLimits::default()) {
                Verdict::Pass => "pass",
                Verdict::NotInferred(_) => "not inferred",
                Verdict::Held(_) => "held",
            };
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_fifth_a_day_does_not_bleed_a_source_dry() {
        let limits = GateLimits::default();
        let (mut had, mut days) = (1_000, 0);
        loop {
            let absent = had * 19 / 100;
            let e = Evidence {
                highest: 1_000,
                ..complete(had, had - absent, absent)
            };
            match gate(&e, limits) {
                Verdict::Pass => had -= absent,
                Verdict::Held(hold) => {
                    assert_eq!(hold.cause, Cause::Share);
                    assert!(hold.why.contains("after 190 that went"), "{}", hold.why);
                    break;
                }
                Verdict::NotInferred(why) => panic!("{why}"),
            }
            days += 1;
        }
        assert_eq!((had, days), (810, 1), "200 of 1,000 may go in all");
    }

    #[test]
    fn what_is_held_is_told_apart() {
        let cases = [
            (complete(3, 0, 3), Cause::Empty),
            (complete(100, 100, 100), Cause::Churn),
            (complete(100, 95, 95), Cause::Churn),
            (complete(100, 3, 97), Cause::Share),
            (complete(100, 50, 50), Cause::Share),
            (
                Evidence {
                    refused_nameless: 2,
                    ..complete(100, 100, 1)
                },
                Cause::Nameless,
            ),
        ];
        for (evidence, cause) in cases {
            let Verdict::Held(hold) = gate(&evidence, GateLimits::default()) else {
                panic!("{evidence:?} passes");
            };
            assert_eq!(hold.cause, cause, "{}", hold.why);
        }
        let widest = GateLimits {
            removed_records_max: 1_000,
            removed_percent_max: 50,
            ..GateLimits::default()
        };
        let held = |e: &Evidence| matches!(gate(e, widest), Verdict::Held(_));
        assert!(held(&complete(10, 4, 6)), "never over half");
        assert!(!held(&complete(10, 5, 5)));
    }
}
