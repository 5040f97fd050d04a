//! What a person orders of a source's records: held deletions approved or refused, a run taken back, a record restored. Each
//! is a run of its own, committed, logged and published as any, and can itself be taken back.
//!
//! Runs between two runs of the source, never beside one. Start at [`change`].

mod undo;

pub use undo::Undone;

use super::{
    Rooms, RunError, commit,
    gather::{self, Gathered},
    now_ms, relist,
};
use crate::compare::Said;
use crate::config::{Config, Source};
use crate::describe::{Described, Looped};
use crate::gate::{
    Evidence, Verdict,
    book::{self, HeldTold},
};
use crate::parts::Log;
use crate::report::{Outcome, Report, Trigger};
use crate::stage::{Stage, StageFiles};
use crate::state::{Parts, id_digest};
use crate::store::StoreError;
use harvestd_harvesters::{Completeness, RecordId};
use harvestd_vocab::iris::record_iri;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Wanted {
    /// Held deletions go. `list` names the list that was looked at: another one is not touched.
    Approve { list: Option<String> },
    /// What is on the list stays, and is not asked about again until the source names it.
    Reject { list: Option<String> },
    /// Of the list some records, by their IRIs: they go, or they stay. The rest is held on.
    Choose {
        list: String,
        records: BTreeSet<String>,
        approve: bool,
    },
    /// What a person kept counts as absent again.
    Release,
    /// A run is taken back; with the later ones that built on it, or alone. `dry`: nothing is changed.
    Undo {
        run: String,
        with_later: bool,
        dry: bool,
    },
    /// A record that went comes back as it was, and stays.
    Restore { iri: String },
}

/// What became of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Changed {
    /// None: nothing was committed.
    pub report: Option<Report>,
    /// The list that was approved or refused.
    pub held: Option<HeldTold>,
    /// Records that were released.
    pub released: u64,
    pub undone: Option<Undone>,
}

/// It was not done.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("nothing of {0:?} is held: there is nothing to approve or to reject")]
    NothingHeld(String),
    #[error(
        "the list of {source_id:?} is another one by now: {found}, not {expected}. Look at it again"
    )]
    OtherList {
        source_id: String,
        found: String,
        expected: String,
    },
    #[error("none of the chosen records is on the list of {0:?}")]
    NotListed(String),
    #[error(
        "what run {0:?} replaced is not kept: there was no such run, it changed nothing, or it was longer ago than limits.undo_days or in an older generation of the feed"
    )]
    NotKept(String),
    #[error("later runs built on {run:?}: {}. `--with-later` takes them back as well", later.join("; "))]
    Later { run: String, later: Vec<String> },
    #[error("{0} is held as it is: there is nothing to restore")]
    IsHeld(String),
    #[error(
        "nothing is kept of {0}: it was never held, or it went longer ago than limits.undo_days or in an older generation of the feed"
    )]
    NeverHeld(String),
    #[error(transparent)]
    Run(#[from] RunError),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Run(error.into())
    }
}

impl From<crate::state::StateError> for ChangeError {
    fn from(error: crate::state::StateError) -> Self {
        Self::Run(error.into())
    }
}

/// Does what is wanted. Waits for the writer and for the disk.
pub fn change(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    wanted: &Wanted,
) -> Result<Changed, ChangeError> {
    relist::here_if_interrupted(rooms, &source.id)?;
    match wanted {
        Wanted::Approve { list } => approve(rooms, config, source, list.as_deref()),
        Wanted::Reject { list } => reject(rooms, source, list.as_deref()),
        Wanted::Choose {
            list,
            records,
            approve,
        } => choose(rooms, config, source, list, records, *approve),
        Wanted::Release => release(rooms, source),
        Wanted::Undo {
            run,
            with_later,
            dry,
        } => undo::undo(rooms, config, source, run, *with_later, *dry),
        Wanted::Restore { iri } => undo::restore(rooms, config, source, iri),
    }
}

fn approve(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    list: Option<&str>,
) -> Result<Changed, ChangeError> {
    let held = held(rooms, source, list)?;
    let told = held.told();
    let order = Order::new(rooms, source, Trigger::Approve)?;
    let order = Order {
        none: held.records.into_iter().collect(),
        ..order
    };
    let report = order.commit(rooms, config, source)?;
    // Also what had gone otherwise by now.
    note(rooms, source, |page| page.held = None)?;
    Ok(Changed {
        held: Some(told),
        ..Changed::of(report)
    })
}

fn reject(rooms: &Rooms, source: &Source, list: Option<&str>) -> Result<Changed, ChangeError> {
    let held = held(rooms, source, list)?;
    let told = held.told();
    note(rooms, source, |page| {
        page.kept.extend(held.records);
        page.held = None;
    })?;
    tracing::info!(
        source = source.id,
        list = told.list,
        "held deletions are rejected by hand"
    );
    Ok(Changed {
        held: Some(told),
        ..Changed::default()
    })
}

fn choose(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    list: &str,
    records: &BTreeSet<String>,
    approve: bool,
) -> Result<Changed, ChangeError> {
    let mut held = held(rooms, source, Some(list))?;
    let base = config.public_url.as_str();
    held.records.retain(|id| {
        let iri = record_iri(base, &source.id, id.class, &id.key);
        records.contains(iri.as_str())
    });
    if held.records.is_empty() {
        return Err(ChangeError::NotListed(source.id.clone()));
    }
    let told = held.told();
    let mut changed = Changed::default();
    if approve {
        let order = Order {
            none: held.records.into_iter().collect(),
            ..Order::new(rooms, source, Trigger::Approve)?
        };
        changed = Changed::of(order.commit(rooms, config, source)?);
    } else {
        note(rooms, source, |page| {
            page.settle(&|id| held.records.contains(id));
            page.kept.append(&mut held.records.clone());
        })?;
        tracing::info!(
            source = source.id,
            list = told.list,
            "some held deletions are rejected by hand"
        );
    }
    Ok(Changed {
        held: Some(told),
        ..changed
    })
}

fn release(rooms: &Rooms, source: &Source) -> Result<Changed, ChangeError> {
    let released = note(rooms, source, |page| std::mem::take(&mut page.kept))?;
    let released = released.len() as u64;
    tracing::info!(
        source = source.id,
        released,
        "kept records are released by hand"
    );
    Ok(Changed {
        released,
        ..Changed::default()
    })
}

/// The list as it is, if it is the one that was meant.
fn held(rooms: &Rooms, source: &Source, list: Option<&str>) -> Result<book::Held, ChangeError> {
    let page = rooms.book.page(&source.id);
    let page = page.map_err(RunError::io("reading what the gate remembers"))?;
    let none = || ChangeError::NothingHeld(source.id.clone());
    let held = page.held.ok_or_else(none)?;
    match list {
        Some(expected) if expected != held.list => Err(ChangeError::OtherList {
            source_id: source.id.clone(),
            found: held.list,
            expected: expected.to_owned(),
        }),
        _ => Ok(held),
    }
}

fn note<T>(
    rooms: &Rooms,
    source: &Source,
    change: impl FnOnce(&mut book::Page) -> T,
) -> Result<T, RunError> {
    let noted = rooms.book.change(&source.id, change);
    noted.map_err(RunError::io("writing what the gate remembers"))
}

impl Changed {
    fn of(report: Report) -> Self {
        Self {
            report: Some(report),
            ..Self::default()
        }
    }
}

/// Records of a source, as they are to be.
struct Order {
    report: Report,
    stage: StageFiles,
    /// The staged ones.
    held: Vec<RecordId>,
    /// Those that are to go.
    none: Vec<RecordId>,
    /// What the source says is asked for anew, all of it.
    asks_anew: bool,
}

impl Order {
    fn new(rooms: &Rooms, source: &Source, trigger: Trigger) -> Result<Self, RunError> {
        let mut report = Report::begin(&source.id, &source.kind, trigger, now_ms());
        report.outcome = Outcome::Complete;
        let stage = stage(rooms, &report)?;
        let stage = stage.finish().map_err(RunError::io("staging"))?;
        Ok(Self {
            report,
            stage,
            held: Vec::new(),
            none: Vec::new(),
            asks_anew: false,
        })
    }

    /// Commits it as a run of the source, and writes its report.
    fn commit(self, rooms: &Rooms, config: &Config, source: &Source) -> Result<Report, RunError> {
        let Self {
            mut report,
            stage,
            held,
            mut none,
            asks_anew,
        } = self;
        let had = rooms.state.had(&source.id, "")?;
        none.retain(|id| had.records.contains_key(&id_digest(id)));
        let touched: HashSet<RecordId> = held.iter().chain(&none).cloned().collect();
        let withdrawn = book::datasets(&none);
        let mut said = Said::default();
        for id in &held {
            said.count(id.class).received += 1;
        }
        for id in &none {
            said.count(id.class).gone += 1;
        }
        said.withdrawn = none;
        let mut state = rooms.state.source(&source.id)?;
        if asks_anew {
            (state.bookmark, state.last_full_ms) = (None, None);
            state.validators.clear();
            // Before anything changes: where this is killed after its commit, the next run asks anew as well.
            rooms.state.set_source(&source.id, &state)?;
            let forgotten = rooms.answers.forget(&source.id);
            forgotten.map_err(RunError::io("removing kept answers"))?;
        }
        let log = forget(rooms, config, source, &report, &touched)?;
        let gathered = Gathered {
            evidence: Evidence {
                proof: Some(Completeness::Changes),
                had: had.datasets,
                ..Evidence::default()
            },
            had,
            said,
            described: described(stage, held),
            absent: Vec::new(),
            keeping: None,
            log,
            state,
            lesson: None,
            symptom: None,
            receipts: None,
        };
        let verdict = Verdict::NotInferred(String::new());
        let progress = super::Progress::default();
        commit::committed(rooms, source, gathered, &verdict, &mut report, &progress)?;
        note(rooms, source, |page| {
            page.settle(&|id| touched.contains(id));
            page.lower(withdrawn);
        })?;
        report.close(now_ms());
        rooms
            .reports
            .save(&mut report)
            .map_err(RunError::io("keeping a report"))?;
        Ok(report)
    }
}

fn stage(rooms: &Rooms, report: &Report) -> Result<Stage, RunError> {
    Stage::begin(rooms.spool_dir.join(&report.run)).map_err(RunError::io("staging"))
}

/// Nothing that is kept of these records may bring back what they said: describing again would. Where records come in parts,
/// their parts go with the commit.
fn forget(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    report: &Report,
    touched: &HashSet<RecordId>,
) -> Result<Option<Log>, RunError> {
    rooms.state.drop_bodies(&source.id, touched.iter())?;
    let kinds = gather::open(config, source)?.parts();
    if kinds.is_empty() {
        return Ok(None);
    }
    let forgetting = || {
        let mut log = rooms.parts.open(&source.id, &report.run, kinds)?;
        touched.iter().try_for_each(|id| log.remove(id))?;
        Ok(Some(log))
    };
    forgetting().map_err(RunError::io("removing kept parts"))
}

/// What is staged, as if it had just been described. That no bytes are known of a record has the next run compare it.
fn described(stage: StageFiles, held: Vec<RecordId>) -> Described {
    let unknown = |id| (id, Parts::new());
    Described {
        stage,
        upserts: held.into_iter().map(unknown).collect(),
        refused: Vec::new(),
        refused_datasets: 0,
        refused_referents: 0,
        looped: Looped::default(),
        findings: Vec::new(),
        findings_by_code: Default::default(),
        rows: Default::default(),
        learned: Default::default(),
    }
}
