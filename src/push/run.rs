//! One run of a source that pushes: a group of pushes, compared, staged, gated and committed as any run's records are.
//!
//! What is its own: keys and versions are looked at first ([`sort`]), and what the pushes are answered is written
//! into the commit itself. So a push that comes again after a `kill -9`, whenever that was, is answered as if nothing had
//! happened. Start at [`run`].

mod keep;
mod sort;

use super::{Answer, Group, Push, PushError, What, answer::Known};
use crate::compare::{Intake, Reading, Said};
use crate::config::{Config, Source};
use crate::describe::{Described, Describers};
use crate::gate::{Evidence, Hold, Verdict};
use crate::report::{Outcome, RefusedRow, Report, Trigger};
use crate::run::{
    Lesson, Progress, Rooms, RunError, catalog, commit,
    gather::{self, Gathered},
    hold, now_ms, relist, tell,
};
use crate::stage::Stage;
use crate::state::Had;
use crate::store::{Applied, Done, Notes, Receipt, Receipts, Store};
use harvestd_harvesters::{Completeness, Page};
use harvestd_vocab::Class;
use keep::Keep;
use sort::Sorted;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// From so many records on, all cores describe them.
const FEW: usize = 32;

/// What a run needs besides its pushes.
pub struct Order<'a> {
    pub rooms: &'a Rooms,
    pub config: &'a Config,
    pub source: &'a Source,
    /// Later than the start of the source's run before.
    pub started_ms: i64,
    /// Look for old receipts, and remove them.
    pub tidy: bool,
    pub progress: &'a Progress,
    /// Datasets and other records that are held of the source.
    pub holds: (u64, u64),
}

/// Pushes under way, each with its answer once that is known.
type Taken = Arc<Mutex<Vec<(Push, Option<Answer>)>>>;

/// Takes a group of pushes in and answers each. Gives the report; none where nothing was left to be committed. Waits for
/// the writer and for the disk.
pub fn run(order: &Order<'_>, group: Group) -> Option<Report> {
    let source = order.source.id.as_str();
    let sorted = relist::here_if_interrupted(order.rooms, source)
        .and_then(|()| Sorted::of(order, group.pushes));
    let sorted = match sorted {
        Ok(sorted) => sorted,
        Err(error) => {
            // Those who wait see that their push has gone unanswered.
            tracing::error!(source, %error, "pushes could not be looked at");
            return None;
        }
    };
    if sorted.pushes.is_empty() {
        return None;
    }
    let mut report = Report::begin(source, &order.source.kind, Trigger::Push, order.started_ms);
    report.bytes = sorted.pushes.iter().map(|push| push.bytes).sum();
    let text = match sorted.pushes.len() {
        1 => "1 push in this run".to_owned(),
        pushes => format!("{pushes} pushes share this run"),
    };
    let taken: Taken = Arc::default();
    let whole = sorted.pushes.iter().any(|push| push.what == What::Whole);
    let done = take_in(order, sorted, &taken, &mut report).and_then(|()| match whole {
        true => order.rooms.writer()?.publish(),
        false => Ok(()),
    });
    if let Err(error) = &done {
        report.outcome = Outcome::Failed;
        report.why = Some(error.to_string());
    }
    report.noticed.push(("pushes".to_owned(), text));
    report.close(now_ms());
    crate::crash_point!("push-answer");
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    for (push, answer) in taken.drain(..) {
        let why = match &done {
            Ok(()) => "the run ended without an answer".to_owned(),
            Err(error) => error.to_string(),
        };
        let answer = answer.filter(|_| done.is_ok());
        let _ = push.answer.send(answer.ok_or(PushError::Failed(why)));
    }
    Some(report)
}

/// The straight line.
fn take_in(
    order: &Order<'_>,
    mut sorted: Sorted,
    taken: &Taken,
    report: &mut Report,
) -> Result<(), RunError> {
    let had = std::mem::take(&mut sorted.had);
    let whole = sorted.pushes.iter().any(|push| push.what == What::Whole);
    let proof = match sorted.pushes.first() {
        Some(push) if whole => push.read.proof,
        _ => Some(Completeness::Changes),
    };
    let intake = compared(order, had, &sorted.pushes, &report.run)?;
    let pushes = sorted.pushes.drain(..).map(|push| (push, None));
    *taken.lock().unwrap_or_else(PoisonError::into_inner) = pushes.collect();
    let Intake {
        had,
        describers,
        mut said,
        ..
    } = intake;
    let mut described = describers.finish().map_err(RunError::io("staging"))?;
    let mut absent = if whole {
        order.rooms.state.unseen(&order.source.id, &had)?
    } else {
        Vec::new()
    };
    said.proof = proof;
    let mut evidence = evidence(order.source, &said, &had);
    let case = hold::Case {
        had: &had,
        said: &mut said,
        evidence: &mut evidence,
        absent: &mut absent,
    };
    let judged = hold::judge(order.rooms, order.config.limits.gate, report, case)?;
    report.held = judged.told();
    let verdict = judged.verdict.clone();
    tell(&evidence, &verdict, report);
    let goes = match verdict {
        Verdict::Pass => absent.as_slice(),
        Verdict::Held(_) | Verdict::NotInferred(_) => &[],
    };
    let keep = Keep::begin(order, &described, goes.iter().chain(&said.withdrawn))?;
    {
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        keep.unchanged(order, taken.iter().map(|(push, _)| push), &had)?;
    }
    let mut state = order.rooms.state.source(&order.source.id)?;
    state.epoch = order.config.epoch(order.source);
    let receipts = receipts(
        order,
        sorted,
        taken.clone(),
        &had,
        &verdict,
        &evidence,
        &said,
        &described,
        &report.run,
    );
    let gathered = Gathered {
        symptom: None,
        lesson: Lesson::of(order.config, &mut described),
        had,
        said,
        described,
        evidence,
        absent,
        keeping: None,
        log: None,
        state,
        receipts: Some(receipts),
    };
    commit::committed(
        order.rooms,
        order.source,
        gathered,
        &verdict,
        report,
        order.progress,
    )?;
    judged.remember(order.rooms, report)?;
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    keep.finish(order, taken.iter().map(|(push, _)| push))
}

/// What the pushes prove.
fn evidence(source: &Source, said: &Said, had: &Had) -> Evidence {
    Evidence {
        source: source.id.clone(),
        proof: said.proof,
        trouble: None,
        declared: None,
        seen: said.distinct,
        seen_all: said.distinct + said.referents.received,
        duplicates: said.datasets.duplicate,
        refused_nameless: said.refused_nameless,
        had: had.datasets,
        ..Evidence::default()
    }
}

/// Everything that the pushes say, against what is held.
fn compared(order: &Order<'_>, had: Had, pushes: &[Push], run: &str) -> Result<Intake, RunError> {
    let harvester = gather::open(order.config, order.source)?;
    let context = Arc::new(gather::context(order.config, order.source));
    let stage = Stage::begin(order.rooms.spool_dir.join(run)).map_err(RunError::io("staging"))?;
    let pieces: usize = pushes.iter().map(|push| push.read.pieces.len()).sum();
    let threads = match pieces {
        ..FEW => 1,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let account = order.rooms.account(&order.config.limits, order.source);
    let describers = Describers::start(harvester, context, stage, threads, &account)
        .map_err(RunError::io("starting threads"))?;
    let mut intake = Intake::new(had, describers, false, &account);
    let (id, raw) = catalog::record(order.source);
    let mut reading = Reading {
        intake: &mut intake,
        progress: order.progress,
    };
    let _ = reading.part(id, catalog::PART, &raw);
    for push in pushes {
        for piece in &push.read.pieces {
            let _ = reading.part(piece.id.clone(), piece.part, &piece.raw);
        }
        for id in &push.read.gone {
            let _ = reading.gone(id.clone());
        }
        for row in &push.read.refused {
            let _ = reading.refused(row.at.clone(), row.why.clone());
        }
        for (id, why) in &push.read.filtered {
            let _ = reading.filtered(id.clone(), why);
        }
        for (code, text) in &push.read.noticed {
            reading.intake.notice(code, text.clone());
        }
    }
    Ok(intake)
}

/// What is written with the commit: the pushes' answers under their keys, and the version they brought.
#[expect(clippy::too_many_arguments, reason = "all that an answer tells")]
fn receipts(
    order: &Order<'_>,
    sorted: Sorted,
    taken: Taken,
    had: &Had,
    verdict: &Verdict,
    evidence: &Evidence,
    said: &Said,
    described: &Described,
    run: &str,
) -> Receipts {
    let base = order.config.public_url.to_string();
    let (source, run) = (order.source.id.clone(), run.to_owned());
    let held: HashSet<_> = had.records.keys().copied().collect();
    let refused: Vec<RefusedRow> = said
        .refused
        .iter()
        .chain(&described.refused)
        .cloned()
        .collect();
    let mut counts = said.datasets.clone();
    let mut referents = said.referents.clone();
    commit::left_out(&mut counts, &mut referents, described);
    let before = (had.datasets, had.referents);
    let (held_back, why) = match verdict {
        Verdict::Pass => (0, None),
        Verdict::Held(Hold { why, .. }) | Verdict::NotInferred(why) => {
            (evidence.absent, Some(why.clone()))
        }
    };
    Box::new(move |done: &Done<'_>| {
        let told = done.told.iter().map(|told| (told.record.as_str(), told));
        let told: HashMap<_, _> = told.collect();
        commit::account(&mut counts, &mut referents, done.applied);
        counts.absent = deleted(done.applied).saturating_sub(counts.gone);
        counts.held = held_back;
        counts.holds = commit::holds(before, done.applied).0;
        let known = Known {
            counts: &counts,
            base: &base,
            source: &source,
            run: &run,
            had: &held,
            refused: &refused,
            held_back,
            why: why.as_deref(),
        };
        let mut notes = Notes {
            gone: sorted.old,
            come: Vec::new(),
        };
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        for (push, answer) in taken.iter_mut() {
            let made = Answer::of(push, &known, done, &told);
            if let Some(key) = &push.key {
                let receipt = Receipt {
                    request: push.request.clone(),
                    answer: serde_json::to_string(&made).unwrap_or_default(),
                };
                let at_us = now_ms() * 1_000;
                notes
                    .come
                    .extend(Store::note_receipt(&base, &source, key, &receipt, at_us));
            }
            *answer = Some(made);
        }
        if let Some(version) = sorted.version {
            let before = sorted.version_before;
            notes
                .gone
                .extend(before.map(|n| Store::note_version(&base, &source, n)));
            notes
                .come
                .push(Store::note_version(&base, &source, version));
        }
        notes
    })
}

/// Datasets that the run took away.
fn deleted(applied: &Applied) -> u64 {
    applied
        .by_class
        .get(&Class::Dataset)
        .map_or(0, |tally| tally.deleted)
}
