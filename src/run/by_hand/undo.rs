//! A run taken back, and a record restored, from what the journal keeps. Which records are one dataset, and which
//! corrections are in force, is nobody's run: it stays, and what is published is worked out from it anew.

use super::{ChangeError, Changed, Order, Rooms, RunError, note, stage};
use crate::config::{Config, Source};
use crate::report::{Report, Trigger};
use crate::run::now_ms;
use crate::undo::{self, Plan, Were};
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Class, iris::record_iri};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What taking a run back comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The run, and the later ones that went with it; oldest first.
    pub runs: Vec<String>,
    /// Records that are again what they were.
    pub restored: u64,
    /// Records that those runs had brought, and that go.
    pub removed: u64,
}

pub(super) fn undo(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    run: &str,
    with_later: bool,
    dry: bool,
) -> Result<Changed, ChangeError> {
    let (journal, generation, base) = journal(rooms)?;
    let reading = RunError::io("reading what runs replaced");
    let plan = Plan::of(&journal, generation, &source.id, run, with_later).map_err(&reading)?;
    let plan = plan.ok_or_else(|| ChangeError::NotKept(run.to_owned()))?;
    let mut report = Report::begin(&source.id, &source.kind, Trigger::Undo, now_ms());
    report.outcome = crate::report::Outcome::Complete;
    let staging = stage(rooms, &report)?;
    let at = (base.as_str(), source.id.as_str());
    let were = plan
        .stage(&journal, generation, at, staging)
        .map_err(reading)?;
    let mut later = plan.later.clone();
    later.extend(built_on(rooms, &base, source, &plan, &were)?);
    if !later.is_empty() {
        let run = run.to_owned();
        return Err(ChangeError::Later { run, later });
    }
    let undone = Undone {
        runs: plan.runs.clone(),
        restored: were.held.len() as u64,
        removed: were.none.len() as u64,
    };
    let report = match dry {
        true => None,
        false => {
            report.undoes.clone_from(&plan.runs);
            let order = Order {
                report,
                stage: were.stage,
                held: were.held,
                none: were.none,
                asks_anew: true,
            };
            Some(order.commit(rooms, config, source)?)
        }
    };
    Ok(Changed {
        report,
        undone: Some(undone),
        ..Changed::default()
    })
}

/// Later runs whose records refer to what would go: they built on it as well.
fn built_on(
    rooms: &Rooms,
    base: &str,
    source: &Source,
    plan: &Plan,
    were: &Were,
) -> Result<Vec<String>, ChangeError> {
    let writer = rooms.writer()?;
    let mut told = HashSet::new();
    let mut later = Vec::new();
    for id in were.none.iter().filter(|id| id.class != Class::Dataset) {
        let record = record_iri(base, &source.id, id.class, &id.key);
        for other in writer.store.referring_to(record.as_str(), &source.id)? {
            if let Some(run) = plan.changed_after(&other)
                && told.insert(run.to_owned())
            {
                later.push(format!("{run} (its {other} refers to {id})"));
            }
        }
    }
    Ok(later)
}

pub(super) fn restore(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    iri: &str,
) -> Result<Changed, ChangeError> {
    let (journal, generation, base) = journal(rooms)?;
    let found = undo::gone(&journal, generation, &base, iri)
        .map_err(RunError::io("reading what runs replaced"))?;
    let found = found.filter(|(of, ..)| *of == source.id);
    let (_, _, entry) = found.ok_or_else(|| ChangeError::NeverHeld(iri.to_owned()))?;
    let id: RecordId = entry.id;
    let before = entry
        .before
        .ok_or_else(|| ChangeError::NeverHeld(iri.to_owned()))?;
    let record = record_iri(&base, &source.id, id.class, &id.key);
    if rooms.writer()?.store.holds_record(record.as_str())? {
        return Err(ChangeError::IsHeld(iri.to_owned()));
    }
    let order = Order::new(rooms, source, Trigger::Restore)?;
    let mut staging = stage(rooms, &order.report)?;
    let staged = undo::staged(&base, &source.id, id.clone(), before);
    let staged = staging.push(&staged).and_then(|()| staging.finish());
    let order = Order {
        stage: staged.map_err(RunError::io("staging"))?,
        held: vec![id.clone()],
        ..order
    };
    let report = order.commit(rooms, config, source)?;
    // The source does not name it; it is to stay all the same.
    note(rooms, source, |page| page.kept.insert(id))?;
    Ok(Changed::of(report))
}

fn journal(rooms: &Rooms) -> Result<(undo::journal::Journal, u64, String), RunError> {
    let writer = rooms.writer()?;
    let store = &writer.store;
    let generation = store.head().generation;
    Ok((store.journal().clone(), generation, store.base().to_owned()))
}
