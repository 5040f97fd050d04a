//! Between the gate and the commit: what a run takes away is judged by what is remembered of the source, and what is held
//! becomes a list. Deletes nothing itself. Start at [`judge`].

use super::{Rooms, RunError, now_ms};
use crate::compare::Said;
use crate::gate::{
    Evidence, GateLimits, Hold, Verdict,
    book::{self, Held, Page},
    gate,
};
use crate::report::{Outcome, Report, Row, Trigger};
use crate::state::{Had, id_digest};
use harvestd_harvesters::RecordId;
use std::collections::BTreeSet;

/// What a run has come to, as far as it bears on deletions.
pub(crate) struct Case<'a> {
    pub had: &'a Had,
    pub said: &'a mut Said,
    pub evidence: &'a mut Evidence,
    /// Records that were held and not seen. Those that a person keeps are taken out.
    pub absent: &'a mut Vec<RecordId>,
}

/// What is to be done, and what is to be remembered when it is done.
pub(crate) struct Judged {
    pub verdict: Verdict,
    limits: GateLimits,
    /// Records of a list that the source names again.
    back: BTreeSet<RecordId>,
    held: Option<Held>,
    /// Datasets that were held, and pass since the source has said the same often enough.
    passed: u64,
    had: u64,
}

/// May what is absent go?
pub(crate) fn judge(
    rooms: &Rooms,
    limits: GateLimits,
    report: &Report,
    case: Case<'_>,
) -> Result<Judged, RunError> {
    let now_ms = now_ms();
    let evidence = case.evidence;
    let page = rooms.book.page(&evidence.source);
    let page = page.map_err(RunError::io("reading what the gate remembers"))?;
    case.absent.retain(|id| !page.kept.contains(id));
    evidence.absent = book::datasets(&*case.absent);
    evidence.highest = page.highest(limits.highest_of_days, now_ms);
    let mut judged = Judged {
        verdict: gate(evidence, limits),
        limits,
        back: named_again(&page, case.had),
        held: None,
        passed: 0,
        had: case.had.datasets,
    };
    if let Verdict::Held(hold) = &mut judged.verdict {
        let records = case.absent.iter().cloned().collect();
        let (before, why) = (page.held.as_ref(), hold.why.clone());
        let held = Held::next(before, hold.cause, why, &report.run, now_ms, records);
        let enough = limits.pass_after_runs;
        if enough > 0 && hold.cause.passes_in_time() && held.runs >= enough {
            let (runs, first) = (held.runs, &held.first_run);
            let text = format!(
                "{}. {runs} complete runs in a row have said so, the first was {first}: the deletions pass (limits.gate.pass_after_runs)",
                hold.why
            );
            case.said
                .noticed
                .push(("held-deletions-pass".to_owned(), text));
            judged.passed = evidence.absent;
            judged.verdict = Verdict::Pass;
        } else {
            hold.why
                .push_str(&way_out(&evidence.source, hold, limits, held.runs));
            let cause = hold.cause.word();
            let rows = held.records.iter().map(|id| Row::held(id, cause));
            rows.for_each(|row| case.said.rows.push(&row));
            judged.held = Some(held);
        }
    }
    Ok(judged)
}

/// What a person can do, and what happens otherwise.
fn way_out(source: &str, hold: &Hold, limits: GateLimits, runs: u64) -> String {
    let mut text = format!(
        ". `harvestd held show {source}` lists them, `harvestd held approve {source}` deletes them, `harvestd held reject {source}` keeps them"
    );
    let enough = limits.pass_after_runs;
    if enough > 0 && hold.cause.passes_in_time() {
        text.push_str(&format!(
            "; they go by themselves when {enough} complete runs in a row have left out the same, and {runs} did"
        ));
    }
    text
}

/// Records of the list, or kept by a person, that this run has seen.
fn named_again(page: &Page, had: &Had) -> BTreeSet<RecordId> {
    let listed = page.held.iter().flat_map(|held| &held.records);
    let seen = |id: &&RecordId| had.records.get(&id_digest(id)).is_some_and(|k| k.seen);
    listed.chain(&page.kept).filter(seen).cloned().collect()
}

impl Judged {
    /// The list, for the report.
    pub(crate) fn told(&self) -> Option<book::HeldTold> {
        self.held.as_ref().map(Held::told)
    }

    /// Remembers it, when the run is committed.
    pub(crate) fn remember(self, rooms: &Rooms, report: &Report) -> Result<(), RunError> {
        let complete = !matches!(self.verdict, Verdict::NotInferred(_));
        let withdrawn = report.counts.gone;
        if report.trigger == Trigger::Check
            || report.outcome == Outcome::Failed
            || (!complete && self.back.is_empty() && withdrawn == 0)
        {
            return Ok(());
        }
        let (days, now_ms) = (self.limits.highest_of_days, now_ms());
        let change = |page: &mut Page| {
            page.settle(&|id| self.back.contains(id));
            if complete {
                page.count(self.had, days, now_ms);
                page.held = self.held;
            }
            page.lower(self.passed + withdrawn);
            if complete {
                page.count(report.counts.holds, days, now_ms);
            }
        };
        let kept = rooms.book.change(&report.source, change);
        kept.map_err(RunError::io("writing what the gate remembers"))
    }
}
