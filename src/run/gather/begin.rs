//! What a run needs before it asks: the connector, what is held, what is kept, and the first questions. Asks nothing.

use super::{Before, Gathering, Way};
use crate::answers::{Keeping, Left};
use crate::compare::{Intake, Pieces};
use crate::config::{Config, Source};
use crate::describe::Describers;
use crate::report::{Account, Report, Trigger};
use crate::run::{Progress, Rooms, RunError, ask::Questions, catalog, shared, trial};
use crate::stage::Stage;
use crate::state::{Had, SourceState};
use harvestd_harvesters::{Harvester, Request};
use harvestd_vocab::Context;
use std::sync::Arc;

pub(super) fn begin<'a>(
    rooms: &'a Arc<Rooms>,
    config: &Config,
    source: &'a Arc<Source>,
    full: bool,
    report: &Report,
    progress: &'a Arc<Progress>,
) -> Result<Gathering<'a>, RunError> {
    let shared = match source.kind == shared::KIND {
        true => Some(Arc::new(shared::vocabulary(rooms, config)?)),
        false => None,
    };
    let harvester = match &shared {
        Some(vocabulary) => vocabulary.clone() as Arc<dyn Harvester>,
        None => open(config, source)?,
    };
    let pieces = pieces(rooms, source, report, &*harvester)?;
    let way = way(report.trigger, pieces.is_some(), source.is_pushed());
    let (before, had) = before(rooms, config, source, way, pieces.as_ref())?;
    let account = rooms.account(&config.limits, source);
    let describers = describers(rooms, config, source, &report.run, &harvester, &account)?;
    let mut intake = Intake::new(had, describers, way.redescribes(), &account);
    intake.pieces = pieces;
    let mut left = Left::default();
    if way == Way::Source {
        left = going_on(rooms, config, source, &before, report)?;
    }
    // A run that goes on began when the other one did: what it says of changes since then is not known.
    let began_ms = left.began_ms.unwrap_or(report.started_ms);
    let mut questions = match way {
        Way::Source | Way::Trial => {
            let known = !full && intake.had.datasets > 0 && stands(&before, source, report);
            let since = before.state.bookmark.as_ref().filter(|_| known);
            let first = harvester.begin(since, began_ms);
            first_questions(config, first, &before.state, known, report)
                .going_on(left.answers, harvester.follows_feed())
        }
        Way::KeptAnswers => kept_questions(rooms, source)?,
        Way::KeptBodies => kept_bodies(rooms, source)?,
        Way::Details | Way::KeptParts => {
            if intake.pieces.as_ref().is_some_and(|p| p.log.is_empty()) {
                return Err(nothing_kept(source));
            }
            Questions::of_kept(Vec::new())
        }
    };
    questions.canary = way == Way::Source
        && report.trigger == Trigger::Schedule
        && config.limits.health.is_spared(&before.state);
    let keeping = keeping(rooms, source, report, &*harvester, began_ms)?;
    Ok(Gathering {
        rooms,
        source,
        harvester,
        shared,
        progress,
        way,
        before,
        intake: Some(intake),
        keeping,
        questions,
        trouble: None,
        unframed: false,
        left: left.run,
    })
}

fn way(trigger: Trigger, in_parts: bool, pushed: bool) -> Way {
    match trigger {
        Trigger::Redescribe if pushed => Way::KeptBodies,
        Trigger::Details => Way::Details,
        Trigger::Trial => Way::Trial,
        Trigger::Redescribe if in_parts => Way::KeptParts,
        Trigger::Redescribe => Way::KeptAnswers,
        _ => Way::Source,
    }
}

/// How the source stands, and what is held of it. Where everything is to be described anew, nothing that is held counts
/// as described under the settings of now.
fn before(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    way: Way,
    pieces: Option<&Pieces>,
) -> Result<(Before, Had), RunError> {
    let epoch = config.epoch(source);
    if way == Way::Trial {
        let before = Before {
            state: SourceState::default(),
            epoch,
            lacking: false,
        };
        return Ok((before, Had::default()));
    }
    let state = rooms.state.source(&source.id)?;
    let under = if way.redescribes() { "" } else { &epoch };
    let mut had = rooms.state.had(&source.id, under)?;
    let lacking = pieces.is_some_and(|pieces| pieces.lacks(&had));
    if lacking {
        tracing::warn!(
            source = source.id,
            "kept parts of records are lost: everything is asked for again"
        );
        had = rooms.state.had(&source.id, "")?;
    }
    let before = Before {
        state,
        epoch,
        lacking,
    };
    Ok((before, had))
}

fn describers(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    run: &str,
    harvester: &Arc<dyn Harvester>,
    account: &Account,
) -> Result<Describers, RunError> {
    let stage = Stage::begin(rooms.spool_dir.join(run)).map_err(RunError::io("staging"))?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let context = Arc::new(context(config, source));
    Describers::start(harvester.clone(), context, stage, threads, account)
        .map_err(RunError::io("starting threads"))
}

/// Does what was said before still stand, so that asking for the changes is enough? Where everything is due and could not
/// be had the last time, the changes are asked for in between: what holds up the whole list does not hold up them.
fn stands(before: &Before, source: &Source, report: &Report) -> bool {
    let state = &before.state;
    let stale = match state.last_full_ms {
        None => true,
        Some(ms) => {
            let due = report.started_ms - ms >= source.full_every_ms as i64;
            due && state.failures_in_row.is_multiple_of(2)
        }
    };
    !stale && !before.lacking && !before.is_of_other_settings()
}

/// Where the answers of the run are kept. What is kept for good of records in parts are their parts, and a feed gives its
/// history whenever it is asked for it: of these they are there for going on after a kill.
fn keeping(
    rooms: &Rooms,
    source: &Source,
    report: &Report,
    harvester: &dyn Harvester,
    began_ms: i64,
) -> Result<Option<Keeping>, RunError> {
    match report.trigger {
        Trigger::Check | Trigger::Trial | Trigger::Redescribe | Trigger::Details => Ok(None),
        _ if source.kind == shared::KIND => Ok(None),
        _ => {
            let passing = !harvester.parts().is_empty() || harvester.follows_feed();
            rooms
                .answers
                .begin(&source.id, &report.run, passing, began_ms)
                .map(Some)
                .map_err(RunError::io("keeping answers"))
        }
    }
}

/// What an earlier run was answered that did not come to its end.
fn going_on(
    rooms: &Rooms,
    config: &Config,
    source: &Source,
    before: &Before,
    report: &Report,
) -> Result<Left, RunError> {
    let within_ms = config.limits.resume_within_ms;
    if within_ms == 0 || report.trigger == Trigger::Check {
        return Ok(Left::default());
    }
    let from_ms = report.started_ms.saturating_sub_unsigned(within_ms);
    let broke_off = before.state.broke_off.as_deref();
    rooms
        .answers
        .left(&source.id, broke_off, from_ms)
        .map_err(RunError::io("reading what an interrupted run was answered"))
}

/// What is kept of a source whose records come in parts.
fn pieces(
    rooms: &Rooms,
    source: &Source,
    report: &Report,
    harvester: &dyn Harvester,
) -> Result<Option<Pieces>, RunError> {
    if harvester.parts().is_empty() {
        return Ok(None);
    }
    let run = &report.run;
    let log = match report.trigger {
        Trigger::Trial => trial::parts(rooms, run).open(&source.id, run, harvester.parts()),
        _ => rooms.parts.open(&source.id, run, harvester.parts()),
    };
    let log = log.map_err(RunError::io("reading kept parts"))?;
    Ok(Some(Pieces::new(log)))
}

/// The connector of the source's kind, which also knows the source's own catalogue.
pub(crate) fn open(config: &Config, source: &Source) -> Result<Arc<dyn Harvester>, RunError> {
    let inner = source
        .open(&config.limits)
        .map_err(|e| RunError::Kind(format!("{}: {e}", source.at)))?;
    Ok(Arc::new(catalog::WithCatalog {
        inner,
        base: config.public_url.to_string(),
        source: source.id.clone(),
        day: catalog::today(),
    }))
}

pub(crate) fn context(config: &Config, source: &Source) -> Context {
    Context {
        base: config.public_url.to_string(),
        source: source.id.clone(),
        language: source.language.clone(),
        offset_minutes: source.offset_minutes,
        shared_agencies: config.shares(harvestd_vocab::shared::SOURCE),
    }
}

/// The first questions. They are conditional, and ask only for changes, where all we hold still stands (`known`).
fn first_questions(
    config: &Config,
    first: Vec<Request>,
    state: &SourceState,
    known: bool,
    report: &Report,
) -> Questions {
    let validators = if known && report.trigger != Trigger::Check {
        state.validators.clone()
    } else {
        Default::default()
    };
    Questions::of_source(first, validators, config.limits.requests_per_run_max)
}

fn kept_questions(rooms: &Rooms, source: &Source) -> Result<Questions, RunError> {
    let kept = rooms
        .answers
        .kept(&source.id)
        .map_err(RunError::io("reading kept answers"))?;
    if kept.is_empty() {
        return Err(nothing_kept(source));
    }
    Ok(Questions::of_kept(kept))
}

/// Nobody is asked for what was pushed; but some of it has to be kept.
fn kept_bodies(rooms: &Rooms, source: &Source) -> Result<Questions, RunError> {
    if rooms.state.bodies(&source.id)?.next().is_none() {
        return Err(RunError::Kind(format!(
            "nothing that {} pushed is kept: it has to push first",
            source.id
        )));
    }
    Ok(Questions::of_kept(Vec::new()))
}

fn nothing_kept(source: &Source) -> RunError {
    RunError::Kind(format!(
        "no answers of {} are kept: run it once first",
        source.id
    ))
}
