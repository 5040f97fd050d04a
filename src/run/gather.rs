//! The first half of a run: ask, read, describe, normalise, compare, until every change is staged on disk.

use super::{Phase, Progress, Rooms, RunError, ask::Questions, catalog};
use crate::answers::Keeping;
use crate::compare::{Intake, Pieces, Reading, Said};
use crate::config::{Config, Source};
use crate::describe::{Described, Describers};
use crate::encoding;
use crate::gate::Evidence;
use crate::network::{Asked, Spooled};
use crate::parts::Log;
use crate::report::{Report, Trigger};
use crate::stage::Stage;
use crate::state::{Had, SourceState};
use harvestd_harvesters::{
    Answer, Completeness, Harvester, Page, ReadError, ReadErrorKind, RecordId, Request,
};
use harvestd_vocab::{Class, Context};
use std::sync::Arc;

/// What a run has gathered.
pub struct Gathered {
    pub had: Had,
    pub said: Said,
    pub described: Described,
    pub evidence: Evidence,
    /// Records that were held and not seen.
    pub absent: Vec<RecordId>,
    pub keeping: Option<Keeping>,
    /// The parts that came, where records come in parts.
    pub log: Option<Log>,
    /// The source's state as it will be if the run is committed.
    pub state: SourceState,
}

pub async fn gather(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    full: bool,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<Gathered, RunError> {
    let harvester = open(config, source)?;
    let epoch = config.epoch(source);
    let mut state = rooms.state.source(&source.id)?;
    let redescribe = report.trigger == Trigger::Redescribe;
    let details = report.trigger == Trigger::Details;
    let mut had = rooms
        .state
        .had(&source.id, if redescribe { "" } else { &epoch })?;
    let pieces = pieces(rooms, source, &report.run, &*harvester)?;
    let lacking = pieces.as_ref().is_some_and(|pieces| pieces.lacks(&had));
    if lacking {
        tracing::warn!(
            source = source.id,
            "kept parts of records are lost: everything is asked for again"
        );
        had = rooms.state.had(&source.id, "")?;
    }
    let stage = Stage::begin(rooms.spool_dir.join(&report.run)).map_err(RunError::io("staging"))?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows_max = config.limits.report_rows_max;
    let context = Arc::new(context(config, source));
    let describers = Describers::start(harvester.clone(), context, stage, threads, rows_max)
        .map_err(RunError::io("starting threads"))?;
    let mut intake = Intake::new(had, describers, redescribe, rows_max);
    let in_parts = pieces.is_some();
    intake.pieces = pieces;
    intake.base = config.public_url.to_string();
    let questions = if details || (redescribe && in_parts) {
        if intake.pieces.as_ref().is_some_and(|p| p.log.is_empty()) {
            return Err(nothing_kept(source));
        }
        Questions::of_kept(Vec::new())
    } else if redescribe {
        kept_questions(rooms, source)?
    } else {
        let stale = state
            .last_full_ms
            .is_none_or(|ms| report.started_ms - ms >= source.full_every_ms as i64);
        let known = !full && !stale && !lacking && state.epoch == epoch && intake.had.datasets > 0;
        first_questions(config, &*harvester, &state, known, report)
    };
    let keeping = match report.trigger {
        Trigger::Check | Trigger::Redescribe | Trigger::Details => None,
        // What is kept of these are their parts.
        _ if in_parts => None,
        // A feed is asked again and again, and gives its history whenever it is asked for it.
        _ if harvester.follows_feed() => None,
        _ => Some(
            rooms
                .answers
                .begin(&source.id, &report.run)
                .map_err(RunError::io("keeping answers"))?,
        ),
    };
    let mut gathering = Gathering {
        rooms,
        source,
        harvester,
        progress,
        intake: Some(intake),
        keeping,
        questions,
        trouble: None,
        unframed: false,
    };
    let feed = gathering.harvester.follows_feed();
    if !feed {
        gathering.say_catalog()?;
    }
    let asked = if details {
        if state.epoch == epoch && !lacking {
            super::details::ask_all(&mut gathering, report).await
        } else {
            Ok(())
        }
    } else if redescribe && in_parts {
        gathering.intake.iter_mut().for_each(Intake::all_pieces);
        Ok(())
    } else {
        gathering.ask_all(report).await
    };
    report.requests = gathering.questions.sent();
    asked?;
    let said = gathering.intake.as_ref().map(|intake| &intake.said);
    if feed && said.is_some_and(|said| said.mirrors == Some(false)) {
        gathering.say_catalog()?;
    }
    gathering.describe_pieces().await?;
    let Gathering {
        intake,
        keeping,
        questions,
        trouble,
        unframed,
        ..
    } = gathering;
    let Some(Intake {
        had,
        describers,
        said,
        pieces,
        ..
    }) = intake
    else {
        return Err(RunError::Panic("reading".to_owned()));
    };
    let described = describers.finish().map_err(RunError::io("staging"))?;
    let absent = rooms.state.unseen(&source.id, &had)?;
    if redescribe {
        state.validators.clear();
    } else if !details {
        state.bookmark = said
            .bookmark
            .clone()
            .filter(|_| trouble.is_none())
            .or(state.bookmark);
        state.validators = questions.new_validators.clone();
    }
    if lacking {
        state.last_full_ms = None;
    }
    if state.epoch != epoch && !redescribe {
        // Until a run under the new settings has seen everything, asking for changes only would leave the rest as it was.
        state.last_full_ms = None;
    }
    if !details {
        state.epoch = epoch;
    }
    let wait = questions
        .retry_after
        .and_then(|wait| i64::try_from(wait.as_millis()).ok());
    state.not_before_ms = wait.map(|wait| super::now_ms().saturating_add(wait));
    let evidence = Evidence {
        source: source.id.clone(),
        proof: if redescribe || details {
            Some(Completeness::Changes)
        } else {
            proved(&said, unframed)
        },
        trouble,
        declared: said.datasets.declared,
        seen: said.distinct,
        seen_all: said.distinct + said.referents.received,
        duplicates: said.datasets.duplicate,
        refused_nameless: said.refused_nameless,
        had: had.datasets,
        absent: absent.iter().filter(|r| r.class == Class::Dataset).count() as u64,
    };
    Ok(Gathered {
        had,
        said,
        described,
        evidence,
        absent,
        keeping,
        log: pieces.map(|pieces| pieces.log),
        state,
    })
}

/// What is kept of a source whose records come in parts.
fn pieces(
    rooms: &Rooms,
    source: &Source,
    run: &str,
    harvester: &dyn Harvester,
) -> Result<Option<Pieces>, RunError> {
    if harvester.parts().is_empty() {
        return Ok(None);
    }
    let log = rooms.parts.open(&source.id, run, harvester.parts());
    let log = log.map_err(RunError::io("reading kept parts"))?;
    Ok(Some(Pieces::new(log)))
}

/// The proof, where the framing of the answers does not take it back: a body that ended with its connection may have
/// been cut, and only closing marks or a declared total would show it.
fn proved(said: &Said, unframed: bool) -> Option<Completeness> {
    said.proof.filter(|proof| match proof {
        Completeness::EndOfBody => !unframed,
        Completeness::LastPage => !unframed || said.datasets.declared.is_some(),
        Completeness::ClosedDocument | Completeness::Changes => true,
    })
}

/// The connector of the source's kind, which also knows the source's own catalogue.
fn open(config: &Config, source: &Source) -> Result<Arc<dyn Harvester>, RunError> {
    let inner = source
        .open(&config.limits)
        .map_err(|e| RunError::Kind(format!("{}: {e}", source.at)))?;
    Ok(Arc::new(catalog::WithCatalog {
        inner,
        base: config.public_url.to_string(),
        source: source.id.clone(),
    }))
}

fn context(config: &Config, source: &Source) -> Context {
    Context {
        base: config.public_url.to_string(),
        source: source.id.clone(),
        language: source.language.clone(),
        offset_minutes: source.offset_minutes,
        shared_agencies: false,
    }
}

/// The first questions. They are conditional, and ask only for changes, where all we hold still stands (`known`).
fn first_questions(
    config: &Config,
    harvester: &dyn Harvester,
    state: &SourceState,
    known: bool,
    report: &Report,
) -> Questions {
    let since = state.bookmark.as_ref().filter(|_| known);
    let validators = if known && report.trigger != Trigger::Check {
        state.validators.clone()
    } else {
        Default::default()
    };
    Questions::of_source(
        harvester.begin(since, report.started_ms),
        validators,
        config.limits.requests_per_run_max,
    )
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

fn nothing_kept(source: &Source) -> RunError {
    RunError::Kind(format!(
        "no answers of {} are kept: run it once first",
        source.id
    ))
}

pub(super) struct Gathering<'a> {
    pub(super) rooms: &'a Arc<Rooms>,
    pub(super) source: &'a Arc<Source>,
    pub(super) harvester: Arc<dyn Harvester>,
    pub(super) progress: &'a Arc<Progress>,
    /// Lent to the blocking thread that reads.
    pub(super) intake: Option<Intake>,
    keeping: Option<Keeping>,
    pub(super) questions: Questions,
    /// Why asking ended before its end.
    pub(super) trouble: Option<String>,
    /// An answer came whose framing does not prove that it is whole.
    unframed: bool,
}

impl Gathering<'_> {
    fn say_catalog(&mut self) -> Result<(), RunError> {
        let (id, raw) = catalog::record(self.source);
        if let Some(intake) = &mut self.intake {
            let _ = Reading {
                intake,
                progress: self.progress,
            }
            .part(id, catalog::PART, &raw);
        }
        Ok(())
    }

    async fn ask_all(&mut self, report: &mut Report) -> Result<(), RunError> {
        loop {
            self.progress.phase(Phase::Asking);
            let asked = tokio::select! {
                biased;
                () = self.progress.until_stopped() => {
                    self.trouble = Some("the run was stopped".to_owned());
                    return Ok(());
                }
                asked = self.questions.ask(self.rooms, self.source) => asked?,
            };
            let Some((request, asked)) = asked else {
                return Ok(());
            };
            match asked {
                Err(trouble) => {
                    self.trouble = Some(trouble);
                    return Ok(());
                }
                Ok(Asked::NotModified) => {
                    report.not_modified += 1;
                    self.intake.iter_mut().for_each(Intake::not_modified);
                    self.questions.new_validators = std::mem::take(&mut self.questions.validators);
                }
                Ok(Asked::Answer(spooled)) => {
                    report.bytes += spooled.bytes;
                    self.unframed |= !spooled.framed;
                    self.progress.phase(Phase::Reading);
                    let (page, before) = (spooled.hash, self.brought());
                    let url = crate::network::redact(&request.url);
                    if let Err(error) = self.read(request, spooled).await? {
                        self.trouble = Some(error.to_string());
                        return Ok(());
                    }
                    // Errors and probes may well be alike; pages that brought records may not.
                    if self.brought() > before && self.questions.came_before(page) {
                        self.trouble = Some(format!(
                            "paging loop: {url} answers the same bytes as a page before"
                        ));
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Datasets that answers have brought so far, those that came twice included. What is refused is not counted: a
    /// portal says the same of each package that it cannot show.
    fn brought(&self) -> u64 {
        let counts = self.intake.as_ref().map(|intake| &intake.said.datasets);
        counts.map_or(0, |counts| counts.received - counts.refused)
    }

    /// Describes the records of which a part has changed, on a blocking thread.
    async fn describe_pieces(&mut self) -> Result<(), RunError> {
        self.progress.phase(Phase::Reading);
        self.blocking(Intake::describe_pieces)
            .await?
            .map_err(RunError::io("reading kept parts"))
    }

    /// Lends the intake to a blocking thread.
    pub(super) async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Intake) -> T + Send + 'static,
    ) -> Result<T, RunError> {
        let Some(mut intake) = self.intake.take() else {
            return Err(RunError::Panic("reading".to_owned()));
        };
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&mut intake);
            (intake, done)
        });
        let (intake, done) = worked.await.map_err(|e| RunError::Panic(e.to_string()))?;
        self.intake = Some(intake);
        Ok(done)
    }

    /// Reads one answer on a blocking thread, and keeps it on another meanwhile.
    pub(super) async fn read(
        &mut self,
        request: Request,
        spooled: Spooled,
    ) -> Result<Result<(), ReadError>, RunError> {
        let Some(mut intake) = self.intake.take() else {
            return Err(RunError::Panic("reading".to_owned()));
        };
        let (harvester, progress, mut keeping) = (
            self.harvester.clone(),
            self.progress.clone(),
            self.keeping.take(),
        );
        let read = tokio::task::spawn_blocking(move || {
            let (outcome, kept) = std::thread::scope(|scope| {
                let keeper = scope.spawn(|| {
                    keeping
                        .as_mut()
                        .map_or(Ok(()), |k| k.keep(&request, &spooled))
                });
                let outcome = read_one(
                    &*harvester,
                    &request,
                    &spooled,
                    &mut Reading {
                        intake: &mut intake,
                        progress: &progress,
                    },
                );
                (
                    outcome,
                    keeper
                        .join()
                        .unwrap_or_else(|_| Err(std::io::Error::other("a panic"))),
                )
            });
            (intake, keeping, outcome, kept)
        });
        let (mut intake, keeping, outcome, kept) =
            read.await.map_err(|e| RunError::Panic(e.to_string()))?;
        kept.map_err(RunError::io("keeping an answer"))?;
        if let Some(error) = intake.said.broken.take() {
            return Err(RunError::io("keeping a part")(error));
        }
        let questions = std::mem::take(&mut intake.said.questions);
        if self.harvester.follows_feed() {
            self.questions.add_before(questions);
        } else {
            self.questions.add(questions);
        }
        self.intake = Some(intake);
        self.keeping = keeping;
        Ok(outcome)
    }
}

fn read_one(
    harvester: &dyn Harvester,
    request: &Request,
    spooled: &Spooled,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut decoded = encoding::open(
        spooled.file.path(),
        spooled.media_type.as_deref(),
        spooled.charset.as_deref(),
    )?;
    let answer = Answer {
        request,
        status: spooled.status,
        url: spooled.url.clone(),
        media_type: spooled.media_type.clone(),
        link_next: spooled.link_next.clone(),
        body: &mut *decoded.reader,
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        harvestd_harvesters::read(harvester, answer, reading)
    }))
    .unwrap_or_else(|_| {
        Err(ReadError::new(
            ReadErrorKind::Malformed,
            "reading an answer",
            "a panic of the connector",
            "a connector that reads or refuses: please report it",
        ))
    })
}
