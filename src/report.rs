//! The account of a run: every record a source declared is in exactly one count.

mod kept;
mod row;
mod rows;
pub mod told;

pub use kept::Reports;
pub use row::{Fate, Row};
pub use rows::{Account, Counted, RowReader, Rows, Section};

use crate::gate::book::HeldTold;
use harvestd_harvesters::{Completeness, Location};
use harvestd_vocab::{Finding, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Under what a report speaks of records that passed through us.
pub const LOOPED: &str = "harvested-from-us";
/// End of the name of a run that asked for details: no source's id has a dot.
const DETAILS: &str = ".details";

impl Trigger {
    /// End of the name of a run that is no harvest of the source; it is not among its last runs.
    fn ending(self) -> &'static str {
        match self {
            Self::Details => DETAILS,
            Self::Approve => ".approve",
            Self::Undo => ".undo",
            Self::Restore => ".restore",
            Self::Trial => ".trial",
            _ => "",
        }
    }
}

/// What one run did, whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// `{started, milliseconds since 1970}-{source}`: unique, and sorts by time.
    pub run: String,
    pub source: String,
    pub kind: String,
    pub trigger: Trigger,
    pub started_ms: i64,
    pub ended_ms: i64,
    pub outcome: Outcome,
    /// In words, for the operator: why the run is not complete.
    pub why: Option<String>,
    /// What is wrong with the source, as far as this run shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<crate::diagnosis::Diagnosis>,
    pub completeness: Option<Completeness>,
    pub counts: Counts,
    /// Records of other classes (agents, catalogues, series, services) that were new, changed or deleted.
    pub referents: Counts,
    /// Empty: the counts add up. Else each sentence says which do not.
    pub disagreements: Vec<String>,
    /// HTTP requests sent, retries and redirects included; none where kept answers are described again.
    pub requests: u64,
    /// Answers that were "not modified".
    pub not_modified: u64,
    /// Decoded bytes of all answers.
    pub bytes: u64,
    /// How many parts of each name came, where records come in parts.
    #[serde(default)]
    pub parts: BTreeMap<String, u64>,
    /// Of a run that asked for the details of single records.
    #[serde(default)]
    pub details: Option<Details>,
    /// Deletions that the gate holds for a person (`counts.held` of them are datasets).
    #[serde(default)]
    pub held: Option<HeldTold>,
    /// The runs that this one took back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<String>,
    /// First and last sequence number of the run's activities, if any.
    pub activities: Option<(u64, u64)>,
    /// The first refused records, each with its place; at most `limits.report_rows_max`. All of them are among the rows.
    #[serde(default)]
    pub refused: Vec<RefusedRow>,
    /// How often each finding code occurred.
    pub findings_by_code: BTreeMap<String, u64>,
    /// The first findings, each with its record; at most `limits.report_rows_max`. All of them are among the rows.
    #[serde(default)]
    pub findings: Vec<FindingRow>,
    /// The first remarks on answers as a whole (`count-lies`, `filter-ignored`, …).
    pub noticed: Vec<(String, String)>,
    /// The account, row by row.
    #[serde(default)]
    pub account: Rows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    Schedule,
    Hand,
    Redescribe,
    Check,
    /// Asks for the details of records that have none, or older ones than the rest of the record.
    Details,
    /// Nobody asked: the source handed in what it had to say.
    Push,
    /// The source said that it has something new.
    News,
    /// Of a shared vocabulary: a source named what it lacks.
    Learn,
    /// A person let held deletions pass.
    Approve,
    /// A person took runs back.
    Undo,
    /// A person had a record come back that went.
    Restore,
    /// Somebody wanted to know what would become of a document: nothing is held, and nothing changes.
    Trial,
}

/// What became of the questions for the details of single records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    pub asked: u64,
    pub came: u64,
    /// Asked in vain: the record stays as it is, and is asked for again later.
    pub failed: u64,
    /// Records that still lack theirs, those that wait for another try included.
    pub remaining: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything asked for was seen, and committed.
    Complete,
    /// What was read is committed; deletions by absence were held or not inferred. `why` says what was missing.
    Partial,
    /// Nothing was committed. `why` says what happened.
    Failed,
}

/// Counts of records. `received` is the sum of the eight that follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// What the source says it has.
    pub declared: Option<u64>,
    pub received: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub refused: u64,
    /// What stood where a record should stand, and nobody can say which.
    #[serde(default)]
    pub unreadable: u64,
    pub duplicate: u64,
    pub filtered: u64,
    /// Came from us, and came back: not compared with anything.
    #[serde(default)]
    pub looped: u64,
    /// Withdrawn by the source in so many words, or held until it turned out to come from us.
    pub gone: u64,
    /// Removed because a complete run did not see them.
    pub absent: u64,
    /// Deletions (gone or absent) that the gate holds back.
    pub held: u64,
    /// What we hold of the source after the run.
    pub holds: u64,
}

impl Counts {
    /// Records that came and could not be taken.
    pub fn not_taken(&self) -> u64 {
        self.refused + self.unreadable
    }

    /// Some came, and none of them could be taken.
    pub fn is_all_refused(&self) -> bool {
        self.received > 0 && self.not_taken() == self.received
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedRow {
    pub at: Location,
    pub why: Refusal,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindingRow {
    pub key: String,
    pub finding: Finding,
}

/// The source that a run's name names.
pub fn source_of_run(run: &str) -> Option<&str> {
    let (started, rest) = run.split_once('-')?;
    started.parse::<i64>().ok()?;
    rest.split('.').next().filter(|source| !source.is_empty())
}

impl Report {
    /// Nothing that came could be taken: that is no success, whatever else went well.
    pub fn none_taken(&mut self) {
        self.outcome = Outcome::Partial;
        self.why = Some("every record was refused".to_owned());
    }

    /// The report of a run that has only begun.
    pub fn begin(source: &str, kind: &str, trigger: Trigger, started_ms: i64) -> Self {
        Self {
            run: format!("{started_ms}-{source}{}", trigger.ending()),
            source: source.to_owned(),
            kind: kind.to_owned(),
            trigger,
            started_ms,
            ended_ms: started_ms,
            outcome: Outcome::Failed,
            why: None,
            diagnosis: None,
            completeness: None,
            counts: Counts::default(),
            referents: Counts::default(),
            disagreements: Vec::new(),
            requests: 0,
            not_modified: 0,
            bytes: 0,
            parts: BTreeMap::new(),
            details: None,
            held: None,
            undoes: Vec::new(),
            activities: None,
            refused: Vec::new(),
            findings_by_code: BTreeMap::new(),
            findings: Vec::new(),
            noticed: Vec::new(),
            account: Rows::default(),
        }
    }

    /// Ends the report: says which counts do not add up, if any.
    pub fn close(&mut self, ended_ms: i64) {
        self.ended_ms = ended_ms;
        let c = &self.counts;
        let handled = c.new + c.changed + c.unchanged + c.refused + c.unreadable;
        let sum = handled + c.duplicate + c.filtered + c.looped;
        if c.received != sum && self.outcome != Outcome::Failed {
            self.disagreements.push(format!(
                "{} records were received, but {sum} are accounted for",
                c.received
            ));
        }
        let distinct = c.received - c.duplicate;
        if let Some(declared) = c.declared
            && self
                .completeness
                .is_some_and(|p| p != Completeness::Changes)
            && !(distinct..=distinct + self.referents.received).contains(&declared)
        {
            self.disagreements.push(format!(
                "the source declares {declared} datasets and gave {distinct}"
            ));
        }
        if self.outcome != Outcome::Failed {
            self.compare_rows();
        }
    }

    /// Every record that a count leaves out has a row.
    fn compare_rows(&mut self) {
        let c = &self.counts;
        for (fate, counted) in [
            (Fate::Refused, c.refused),
            (Fate::Unreadable, c.unreadable),
            (Fate::Duplicate, c.duplicate),
            (Fate::Filtered, c.filtered),
            (Fate::Looped, c.looped),
            (Fate::Held, c.held),
        ] {
            let rows = self.account.counted.datasets(fate);
            if rows != counted {
                let word = fate.word();
                self.disagreements.push(format!(
                    "{counted} datasets are counted as {word}, and the account has {rows} rows of them"
                ));
            }
        }
    }

    /// Takes out what is secret: a server may say again what it was asked with.
    pub fn scrub(&mut self, secrets: &[String]) {
        let noticed = self.noticed.iter_mut().map(|(_, text)| text);
        let refused = self.refused.iter_mut().map(|row| &mut row.why.found);
        let findings = self.findings.iter_mut().map(|row| &mut row.finding.found);
        let seen = self.diagnosis.iter_mut().map(|found| &mut found.seen);
        let seen = seen.flat_map(|seen| {
            let told = [&mut seen.url, &mut seen.first_line].into_iter().flatten();
            told.chain([&mut seen.text])
        });
        let all = self.why.iter_mut().chain(noticed).chain(refused);
        for text in all.chain(findings).chain(seen) {
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                *text = crate::network::scrub(text, secrets);
            }
        }
    }

    /// Without the rows of single records: what a status shows. The whole report has its own address.
    pub fn summary(mut self) -> Self {
        const NOTICED_SHOWN: usize = 20;
        self.refused = Vec::new();
        self.findings = Vec::new();
        self.noticed.truncate(NOTICED_SHOWN);
        self.account.let_go();
        self
    }

    /// The report in one line, for logs and terminals.
    pub fn line(&self) -> String {
        // Of a vocabulary, which has no datasets, its agents are told.
        let (c, of) = match &self.counts {
            c if *c == Counts::default() => (&self.referents, " records that are no datasets"),
            c => (c, ""),
        };
        let of = if *c == Counts::default() { "" } else { of };
        let mut line = format!(
            "{}: {}: received {} (new {}, changed {}, unchanged {}, refused {}, unreadable {}, duplicate {}, filtered {}, looped {}), deleted {}, held back {}, holds {}{of}",
            self.source,
            self.outcome,
            c.received,
            c.new,
            c.changed,
            c.unchanged,
            c.refused,
            c.unreadable,
            c.duplicate,
            c.filtered,
            c.looped,
            c.gone + c.absent,
            c.held,
            c.holds
        );
        if let Some(d) = &self.details {
            line.push_str(&format!(
                "; details asked {}, came {}, failed {}, remaining {}",
                d.asked, d.came, d.failed, d.remaining
            ));
        }
        if let Some(why) = &self.why {
            line.push_str(": ");
            line.push_str(why);
        }
        line
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_do_not_add_up_are_said() {
        let mut report = Report::begin("s", "ckan", Trigger::Hand, 1);
        report.outcome = Outcome::Complete;
        report.completeness = Some(Completeness::LastPage);
        report.counts = Counts {
            declared: Some(5),
            received: 4,
            new: 4,
            ..Counts::default()
        };
        report.close(2);
        assert_eq!(
            report.disagreements,
            ["the source declares 5 datasets and gave 4"]
        );
        report.disagreements.clear();
        report.counts.unchanged = 2;
        report.close(2);
        assert_eq!(report.disagreements.len(), 2);
        report.disagreements.clear();
        report.counts = Counts {
            received: 2,
            new: 1,
            refused: 1,
            ..Counts::default()
        };
        report.close(2);
        let expected = "1 datasets are counted as refused, and the account has 0 rows of them";
        assert_eq!(report.disagreements, [expected]);
    }

    #[test]
    fn the_line_of_a_source_without_datasets_tells_what_else_it_has() {
        let mut report = Report::begin("tw", "shared", Trigger::Schedule, 1);
        report.outcome = Outcome::Complete;
        let counts = Counts {
            received: 199,
            new: 199,
            holds: 199,
            ..Counts::default()
        };
        report.referents = counts.clone();
        let line = report.line();
        assert!(line.contains("received 199 (new 199"), "{line}");
        assert!(
            line.ends_with("holds 199 records that are no datasets"),
            "{line}"
        );
        report.counts = counts;
        assert!(report.line().ends_with("holds 199"), "{}", report.line());
    }
}
