//! The account of a run: every record a source declared is in exactly one count.

use harvestd_harvesters::{Completeness, Location};
use harvestd_vocab::{Finding, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub completeness: Option<Completeness>,
    pub counts: Counts,
    /// Records of other classes (agents, catalogues, series, services) that were new, changed or deleted.
    pub referents: Counts,
    /// Empty: the counts add up. Else each sentence says which do not.
    pub disagreements: Vec<String>,
    pub requests: u64,
    /// Answers that were "not modified".
    pub not_modified: u64,
    /// Decoded bytes of all answers.
    pub bytes: u64,
    /// First and last sequence number of the run's activities, if any.
    pub activities: Option<(u64, u64)>,
    /// Refused records, each with its place; at most `limits.report_rows_max`.
    pub refused: Vec<RefusedRow>,
    /// How often each finding code occurred.
    pub findings_by_code: BTreeMap<String, u64>,
    /// Findings, each with its record; at most `limits.report_rows_max`.
    pub findings: Vec<FindingRow>,
    /// Remarks on answers as a whole (`count-lies`, `filter-ignored`, …).
    pub noticed: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    Schedule,
    CatchUp,
    Hand,
    Redescribe,
    Check,
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

/// Counts of records. `received` is the sum of the six that follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// What the source says it has.
    pub declared: Option<u64>,
    pub received: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub refused: u64,
    pub duplicate: u64,
    pub filtered: u64,
    /// Withdrawn by the source in so many words.
    pub gone: u64,
    /// Removed because a complete run did not see them.
    pub absent: u64,
    /// Deletions (gone or absent) that the gate holds back.
    pub held: u64,
    /// What we hold of the source after the run.
    pub holds: u64,
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
