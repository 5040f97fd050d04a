//! May these deletions pass? Pure: counts in, verdict out.
//!
//! A deletion that is inferred from absence needs a proof that nothing is missing, and even then a run may not take
//! away too much at once: catalogues are lost to one empty answer.

use harvestd_harvesters::Completeness;

/// What a run knows when its last answer is read.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The source's id, for what is said.
    pub source: String,
    pub proof: Option<Completeness>,
    /// Why the run did not end as it should, where it did not.
    pub trouble: Option<String>,
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
    /// Datasets held and not seen.
    pub absent: u64,
}

/// How much of a source one run may take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateLimits {
    /// This many records may go, as long as they are not more than half.
    pub removed_records_max: u64,
    /// Or this share of what was held, in percent: at most 50.
    pub removed_percent_max: u64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            removed_records_max: 10,
            removed_percent_max: 20,
        }
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
    Held(String),
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
    if e.refused_nameless > 0 {
        return Verdict::Held(format!(
            "{} refused records could not be named; any of the {} absent ones may be among them: they stay until the source mends the refused records, which this report lists",
            e.refused_nameless, e.absent
        ));
    }
    if e.seen == 0 {
        return Verdict::Held(format!(
            "an empty catalogue where {} datasets were held: they stay, whatever the limits; look at the source",
            e.had
        ));
    }
    let share = e.had * limits.removed_percent_max.min(50) / 100;
    let allowed = limits.removed_records_max.min(e.had / 2).max(share);
    if e.absent > allowed {
        return Verdict::Held(format!(
            "{} of {} datasets are absent; one run may take away {allowed}: they stay. Look at the source; {}",
            e.absent,
            e.had,
            way_out(e)
        ));
    }
    Verdict::Pass
}

/// What lets these deletions pass, if a person finds them right.
fn way_out(e: &Evidence) -> String {
    let Evidence {
        source,
        absent,
        had,
        ..
    } = e;
    if *absent > had / 2 {
        return "no setting lets more than half of it go at once".to_owned();
    }
    format!(
        "if they are gone for good, set limits.gate.removed_records_max to {absent}, reload, and `harvestd run {source} --full`"
    )
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
    fn what_is_held_says_what_would_let_it_pass() {
        let fifth = Evidence {
            source: "city".to_owned(),
            ..complete(1000, 799, 201)
        };
        let Verdict::Held(why) = gate(&fifth, GateLimits::default()) else {
            panic!("it passes");
        };
        assert!(
            why.ends_with(
                "set limits.gate.removed_records_max to 201, reload, and `harvestd run city --full`"
            ),
            "{why}"
        );
        let raised = GateLimits {
            removed_records_max: 201,
            ..GateLimits::default()
        };
        assert_eq!(gate(&fifth, raised), Verdict::Pass);

        let widest = GateLimits {
            removed_records_max: 1_000,
            removed_percent_max: 50,
        };
        let Verdict::Held(why) = gate(&complete(10, 4, 6), widest) else {
            panic!("it passes");
        };
        assert!(why.contains("no setting lets more than half"), "{why}");
    }
}
