//! What a push is answered: what became of each record, with the numbers of its activities in the feed. Start at
//! [`Answer::of`]. Kept under the push's key, and given again as it was.

use super::{Push, What};
use crate::report::{Counts, FindingRow, RefusedRow};
use crate::state::id_digest;
use crate::store::{Done, Outcome, Told};
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Class, iris::record_iri};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Rows of each kind in one answer; the run's report has them all.
const ROWS_MAX: usize = 1_000;

/// What the doors answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub document: Document,
    /// It was given before, under the same key.
    #[serde(skip)]
    pub again: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Document {
    pub source: String,
    /// The run whose report tells the rest; none where nothing was to be committed.
    pub run: Option<String>,
    /// Generation of the log in which the activities are numbered.
    pub generation: u64,
    /// First and last number of the activities of the commit; other pushes may have shared it.
    pub activities: Option<(u64, u64)>,
    /// Of a whole catalogue: its datasets, counted as in the report of the run.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// What became of each dataset, series and service; not listed where a whole catalogue was pushed.
    pub records: Vec<Row>,
    /// Records beyond those that are listed here.
    pub left_out: usize,
    /// What was noticed and did no harm.
    pub findings: Vec<FindingRow>,
    /// Of a whole catalogue: records that could not be taken. What was held of them stays.
    pub refused: Vec<RefusedRow>,
    /// Datasets that the catalogue does not name and that were kept all the same; `why` says why.
    pub held_back: u64,
    pub why: Option<String>,
    /// Only looked at: nothing was changed.
    pub dry_run: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub iri: Option<String>,
    /// `created`, `updated`, `unchanged`, `deleted`, `absent` (was to be deleted and is not held), or `valid`.
    pub outcome: String,
    /// Its activity in the feed, if this push made one.
    pub activity: Option<u64>,
    /// False: another source's record of the dataset is published; this one is kept beside it.
    pub published: bool,
}

/// What the run knows when the answers are written.
pub struct Known<'a> {
    pub base: &'a str,
    pub source: &'a str,
    pub run: &'a str,
    /// Digests of the records that were held before.
    pub had: &'a HashSet<[u8; 16]>,
    pub refused: &'a [RefusedRow],
    pub counts: &'a Counts,
    pub held_back: u64,
    pub why: Option<&'a str>,
}

impl Answer {
    /// What only looking at a push comes to.
    pub fn dry(source: &str, push: &super::read::Read) -> Self {
        let rows = push.pieces.iter().filter(|piece| is_listed(&piece.id));
        let rows = rows.map(|piece| Row {
            id: piece.id.key.clone(),
            iri: piece.entity.clone(),
            outcome: "valid".to_owned(),
            activity: None,
            published: true,
        });
        let document = Document {
            source: source.to_owned(),
            findings: push.findings.clone(),
            refused: push.refused.clone(),
            dry_run: true,
            ..Document::default()
        };
        Self {
            status: 200,
            document: document.with(rows.collect()),
            again: false,
        }
    }

    /// The same answer, for the same push come again.
    pub fn again(self) -> Self {
        Self {
            again: true,
            ..self
        }
    }

    /// What a push came to.
    pub fn of(
        push: &Push,
        known: &Known<'_>,
        done: &Done<'_>,
        told: &HashMap<&str, &Told>,
    ) -> Self {
        let row = |id: &RecordId, entity: Option<&String>, gone: bool| {
            let record = record_iri(known.base, known.source, id.class, &id.key);
            let told = told.get(record.as_str());
            let held = known.had.contains(&id_digest(id));
            let outcome = match told.map(|told| told.outcome) {
                Some(Some(Outcome::New)) => "created",
                Some(Some(Outcome::Changed)) => "updated",
                Some(None) => "deleted",
                None if gone && !held => "absent",
                None | Some(Some(Outcome::Unchanged)) => "unchanged",
            };
            Row {
                id: id.key.clone(),
                iri: told.map(|told| told.entity.clone()).or(entity.cloned()),
                outcome: outcome.to_owned(),
                activity: told.and_then(|told| told.activity),
                published: told.is_none_or(|told| told.published),
            }
        };
        let whole = push.what == What::Whole;
        let listed = push
            .read
            .pieces
            .iter()
            .filter(|piece| !whole && is_listed(&piece.id));
        let came = listed.map(|piece| row(&piece.id, piece.entity.as_ref(), false));
        let gone = push.read.gone.iter().map(|id| row(id, None, true));
        let rows: Vec<Row> = came.chain(gone).collect();
        let status = match (&push.what, rows.first()) {
            (What::Delete(_), _) => 204,
            (What::One(_), Some(row)) if row.outcome == "created" => 201,
            _ => 200,
        };
        let document = Document {
            source: known.source.to_owned(),
            run: Some(known.run.to_owned()),
            generation: done.generation,
            activities: done.activities,
            counts: whole.then(|| known.counts.clone()),
            findings: push.read.findings.clone(),
            refused: if whole {
                known.refused.to_vec()
            } else {
                Vec::new()
            },
            held_back: if whole { known.held_back } else { 0 },
            why: known.why.filter(|_| whole).map(str::to_owned),
            ..Document::default()
        };
        Self {
            status,
            document: document.with(rows),
            again: false,
        }
    }
}

impl Document {
    fn with(mut self, rows: Vec<Row>) -> Self {
        self.left_out = rows.len().saturating_sub(ROWS_MAX);
        self.records = rows;
        self.records.truncate(ROWS_MAX);
        self.findings.truncate(ROWS_MAX);
        self.refused.truncate(ROWS_MAX);
        self
    }
}

fn is_listed(id: &RecordId) -> bool {
    !matches!(id.class, Class::Agent | Class::Catalog)
}
