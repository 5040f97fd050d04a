//! What sources name and the shared vocabulary lacks comes into it before the records that name it: an ordinary run of the
//! vocabulary, under the writer's lock that the naming run has already, and published together with it. So no agent is
//! ever published that nobody describes, and whoever replays the log meets an agency before its datasets.
//!
//! It asks nobody. Where nothing new is named, which is nearly always, it does nothing. Start at [`learn`].

use super::{
    Progress, Rooms, RunError, Writer, commit,
    gather::{self, Gathered},
    now_ms, relist,
    shared::{self, Vocabulary},
};
use crate::compare::{Intake, Reading};
use crate::config::{Config, Source};
use crate::describe::{Described, Describers};
use crate::gate::Evidence;
use crate::report::{Account, Outcome, Report, Trigger};
use crate::stage::Stage;
use harvestd_harvesters::Completeness;
use harvestd_vocab::{Agencies, Context, shared::SOURCE};
use std::sync::Arc;

/// What the records of a run name beyond the table, and what the run of the vocabulary needs that takes it in.
pub struct Lesson {
    named: Agencies,
    source: Source,
    context: Context,
    epoch: String,
    limits: (u64, usize),
}

impl Lesson {
    /// None where nothing is named that the table lacks.
    pub(crate) fn of(config: &Config, described: &mut Described) -> Option<Self> {
        let named = std::mem::take(&mut described.learned);
        if named.is_empty() {
            return None;
        }
        let source = shared::source(config, SOURCE);
        Some(Self {
            named,
            context: gather::context(config, &source),
            epoch: config.epoch(&source),
            limits: (
                config.limits.report_rows_bytes_max,
                config.limits.report_rows_max,
            ),
            source,
        })
    }
}

/// Takes in what the vocabulary lacks. Gives what the naming run's report says of it, if there was anything.
pub(super) fn learn(
    rooms: &Rooms,
    writer: &mut Writer,
    lesson: Lesson,
) -> Result<Option<(String, String)>, RunError> {
    let new = writer.agencies.lacking(&lesson.named);
    if new == 0 {
        return Ok(None);
    }
    relist::by(rooms, &writer.store, SOURCE)?;
    let mut agencies = writer.agencies.clone();
    agencies.merge(&lesson.named);
    let kind = &lesson.source.kind;
    let mut report = Report::begin(SOURCE, kind, Trigger::Learn, now_ms());
    let gathered = gathered(rooms, writer, &lesson, &agencies, &report.run)?;
    report.outcome = Outcome::Complete;
    commit::committed_by(rooms, writer, &lesson.source, gathered, &mut report)?;
    writer.agencies = agencies;
    crate::crash_point!("learned");
    report.close(now_ms());
    super::remember(rooms, &lesson.source, &mut report);
    let (activities, line) = (report.activities, report.line());
    tracing::info!(source = SOURCE, run = report.run, ?activities, "{line}");
    let text = format!("{new} agencies are new to the shared vocabulary, or have a new name there");
    Ok(Some(("agencies-learned".to_owned(), text)))
}

/// The whole vocabulary, said once more: what is as it was costs a hash.
fn gathered(
    rooms: &Rooms,
    writer: &Writer,
    lesson: &Lesson,
    agencies: &Agencies,
    run: &str,
) -> Result<Gathered, RunError> {
    let vocabulary = Arc::new(Vocabulary::new(writer.store.base(), agencies));
    let stage = Stage::begin(rooms.spool_dir.join(run)).map_err(RunError::io("staging"))?;
    let context = Arc::new(lesson.context.clone());
    let (bytes_max, examples_max) = lesson.limits;
    let account = Account::new(&rooms.spool_dir, bytes_max, examples_max);
    let describers = Describers::start(vocabulary.clone(), context, stage, 1, &account)
        .map_err(RunError::io("starting threads"))?;
    let had = rooms.state.had(SOURCE, &lesson.epoch)?;
    let mut intake = Intake::new(had, describers, false, &account);
    let _ = vocabulary.say(&mut Reading {
        intake: &mut intake,
        progress: &Progress::default(),
    });
    let Intake {
        had,
        describers,
        said,
        ..
    } = intake;
    let mut state = rooms.state.source(SOURCE)?;
    state.epoch.clone_from(&lesson.epoch);
    Ok(Gathered {
        evidence: Evidence {
            source: SOURCE.to_owned(),
            proof: Some(Completeness::ClosedDocument),
            seen_all: said.referents.received,
            ..Evidence::default()
        },
        described: describers.finish().map_err(RunError::io("staging"))?,
        had,
        said,
        absent: Vec::new(),
        keeping: None,
        log: None,
        state,
        lesson: None,
        symptom: None,
        receipts: None,
    })
}
