//! The first half of a run: ask, read, describe, normalise, compare, until every change is staged on disk.
//!
//! `begin.rs` opens what the run needs, `read.rs` lends it to blocking threads, `finish.rs` adds up. Start at [`gather`].

mod begin;
mod finish;
mod read;

pub(crate) use begin::{context, open};

use super::{
    Phase, Progress, Rooms, RunError, ask::Questions, catalog, details, learn::Lesson, shared,
};
use crate::answers::Keeping;
use crate::compare::{Intake, Reading, Said};
use crate::config::{Config, Source};
use crate::describe::Described;
use crate::diagnosis::Symptom;
use crate::gate::Evidence;
use crate::network::{Asked, ErrorPage, Network, Spooled, redact};
use crate::parts::Log;
use crate::report::Report;
use crate::state::{Had, SourceState};
use crate::store::Receipts;
use harvestd_harvesters::{Harvester, Page, RecordId, Request, guard::LOOKED_AT_BYTES};
use std::{io::Read, sync::Arc};

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
    /// What has to be in the shared vocabulary before.
    pub lesson: Option<Lesson>,
    /// What ended the asking before its end.
    pub symptom: Option<Symptom>,
    /// What is to be written with the last of the run's commits.
    pub receipts: Option<Receipts>,
}

impl Gathered {
    /// Some datasets came, and none of them could be taken.
    pub fn is_all_refused(&self) -> bool {
        let mut datasets = self.said.datasets.clone();
        datasets.refused += self.described.refused_datasets;
        datasets.is_all_refused()
    }
}

pub async fn gather(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    full: bool,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<Gathered, RunError> {
    let mut gathering = begin::begin(rooms, config, source, full, report, progress)?;
    gathering.ask_from_the_start(report).await?;
    if gathering.lost_its_way() {
        let why = gathering.trouble.clone().unwrap_or_default();
        gathering.give_up(report)?;
        gathering = begin::begin(rooms, config, source, full, report, progress)?;
        gathering.begun_anew(&why);
        gathering.ask_from_the_start(report).await?;
    }
    let feed = gathering.harvester.follows_feed();
    let said = gathering.intake.as_ref().map(|intake| &intake.said);
    if feed && said.is_some_and(|said| said.mirrors == Some(false)) {
        gathering.say_own();
    }
    gathering.describe_pieces().await?;
    finish::finish(gathering, config, &report.run)
}

/// The same of a document that is at hand, or of what an address gives, compared with nothing that is held.
pub(super) async fn try_out(
    rooms: &Arc<Rooms>,
    config: &Config,
    source: &Arc<Source>,
    given: Option<Spooled>,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<Gathered, RunError> {
    let mut gathering = begin::begin(rooms, config, source, true, report, progress)?;
    match given {
        None => {
            let asked = gathering.ask(report).await;
            report.requests += gathering.questions.sent();
            asked?;
        }
        Some(document) => {
            let request = gathering.questions.first().ok_or_else(|| {
                RunError::Kind(format!("the kind {} asks nothing first", source.kind))
            })?;
            gathering.take(request, document, report).await?;
        }
    }
    gathering.describe_pieces().await?;
    finish::finish(gathering, config, &report.run)
}

/// A run between its begin and its end.
pub(super) struct Gathering<'a> {
    pub(super) rooms: &'a Arc<Rooms>,
    pub(super) source: &'a Arc<Source>,
    pub(super) harvester: Arc<dyn Harvester>,
    /// What is harvested, where that is a shared vocabulary.
    shared: Option<Arc<shared::Vocabulary>>,
    pub(super) progress: &'a Arc<Progress>,
    way: Way,
    before: Before,
    /// Lent to the blocking thread that reads.
    pub(super) intake: Option<Intake>,
    keeping: Option<Keeping>,
    pub(super) questions: Questions,
    /// Why asking ended before its end.
    pub(super) trouble: Option<String>,
    /// An answer came whose framing does not prove that it is whole.
    unframed: bool,
    /// The run that was killed or broke off, and is gone on with.
    left: Option<String>,
}

/// Where the records of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The source is asked.
    Source,
    /// The same for a trial.
    Trial,
    /// The source is asked for details of single records.
    Details,
    /// The answers kept of it are read again.
    KeptAnswers,
    /// The parts kept of its records are.
    KeptParts,
    /// The bodies kept of what it pushed are.
    KeptBodies,
}

impl Way {
    /// Nothing new is asked: what we hold is described once more.
    fn redescribes(self) -> bool {
        matches!(self, Self::KeptAnswers | Self::KeptParts | Self::KeptBodies)
    }
}

/// How things stood before the run.
struct Before {
    state: SourceState,
    /// The settings that this run describes under; those of the state may be others.
    epoch: String,
    /// Kept parts of records are lost.
    lacking: bool,
}

impl Before {
    fn is_of_other_settings(&self) -> bool {
        self.state.epoch != self.epoch
    }
}

impl Gathering<'_> {
    async fn ask_from_the_start(&mut self, report: &mut Report) -> Result<(), RunError> {
        if !self.harvester.follows_feed() {
            self.say_own();
        }
        let asked = self.ask(report).await;
        report.requests += self.questions.sent();
        if let (Some(left), 1..) = (self.left.take(), self.questions.resumed) {
            let answers = self.questions.resumed;
            let text =
                format!("{answers} answers are those that run {left} had when it ended early");
            self.notice("resumed", text);
        }
        asked
    }

    /// Did it end where an earlier run's answers led, such as to a page whose token has expired by now?
    fn lost_its_way(&self) -> bool {
        let ended = self.trouble.is_some() && !self.questions.may_pass;
        ended && self.questions.resumed > 0 && !self.progress.stopped()
    }

    /// Leaves nothing behind, for another beginning.
    fn give_up(self, report: &mut Report) -> Result<(), RunError> {
        report.bytes = 0;
        let Some(Intake { describers, .. }) = self.intake else {
            return Err(RunError::Panic("reading".to_owned()));
        };
        // Its stage goes with it.
        describers.finish().map_err(RunError::io("staging"))?;
        self.progress.begin_anew();
        let answers = &self.rooms.answers;
        let forgotten = answers.forget_left(&self.source.id);
        forgotten.map_err(RunError::io(
            "removing what an interrupted run was answered",
        ))?;
        let mut state = self.rooms.state.source(&self.source.id)?;
        state.broke_off = None;
        Ok(self.rooms.state.set_source(&self.source.id, &state)?)
    }

    fn begun_anew(&mut self, why: &str) {
        let text = format!("an interrupted run could not be gone on with ({why}): it began anew");
        self.notice("resumed-in-vain", text);
    }

    fn notice(&mut self, code: &str, text: String) {
        if let Some(intake) = &mut self.intake {
            intake.notice(code, text);
        }
    }

    /// What nobody has to be asked for: the source's own catalogue, or all of a shared vocabulary.
    fn say_own(&mut self) {
        let Some(intake) = &mut self.intake else {
            return;
        };
        let mut reading = Reading {
            intake,
            progress: self.progress,
        };
        let _ = match &self.shared {
            Some(vocabulary) => vocabulary.say(&mut reading),
            None => {
                let (id, raw) = catalog::record(self.source);
                reading.part(id, catalog::PART, &raw)
            }
        };
    }

    async fn ask(&mut self, report: &mut Report) -> Result<(), RunError> {
        match self.way {
            Way::Source | Way::Trial | Way::KeptAnswers => self.ask_all(report).await,
            Way::KeptParts => {
                self.intake.iter_mut().for_each(Intake::all_pieces);
                Ok(())
            }
            Way::KeptBodies => self.say_bodies().await,
            // Under other settings than the rest was described under, details wait for a run of the whole.
            Way::Details if self.before.lacking || self.before.is_of_other_settings() => Ok(()),
            Way::Details => details::ask_all(self, report).await,
        }
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
                    self.not_modified()?;
                    self.questions.new_validators = std::mem::take(&mut self.questions.validators);
                }
                Ok(Asked::Answer(spooled)) => {
                    if !self.take(request, spooled, report).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// What was asked for is as it was.
    fn not_modified(&mut self) -> Result<(), RunError> {
        let Some(intake) = &mut self.intake else {
            return Ok(());
        };
        if self.harvester.follows_feed() {
            intake.no_changes();
            return Ok(());
        }
        let page = self.rooms.book.page(&self.source.id);
        let page = page.map_err(RunError::io("reading what the gate remembers"))?;
        intake.not_modified(&page.kept);
        Ok(())
    }

    /// Reads an answer of the source. False: the asking ends here, and `trouble` says why.
    async fn take(
        &mut self,
        request: Request,
        spooled: Spooled,
        report: &mut Report,
    ) -> Result<bool, RunError> {
        report.bytes += spooled.bytes;
        self.unframed |= !spooled.framed;
        if spooled.had_bytes > 0 {
            let (had, all, url) = (spooled.had_bytes, spooled.bytes, redact(&request.url));
            let text = format!(
                "{had} of the {all} bytes of {url} had come before, and only the rest was asked for"
            );
            self.notice("resumed-answer", text);
        }
        self.progress.phase(Phase::Reading);
        let (page, before, records) = (spooled.hash, self.brought(), self.records());
        let url = redact(&request.url);
        let (status, again) = (spooled.status, spooled.file.reopen());
        if let Err(error) = self.read(request, spooled).await? {
            self.trouble = Some(error.to_string());
            self.questions.symptom = Some(Symptom::Unreadable {
                error,
                url,
                status,
                begin: begin_of(self.source, again),
            });
            return Ok(false);
        }
        if self.is_no_sign_of_life(records) {
            self.trouble = Some(format!(
                "{url} answers, but not as a catalogue does: nothing else is asked until it does"
            ));
            return Ok(false);
        }
        // Errors and probes may well be alike; pages that brought records may not.
        if self.brought() > before && self.questions.came_before(page) {
            self.questions.symptom = Some(Symptom::Circle { url: url.clone() });
            self.trouble = Some(format!(
                "paging loop: {url} answers the same bytes as a page before"
            ));
            return Ok(false);
        }
        Ok(true)
    }

    /// Was it the first answer to a source that has failed for long, and did it bring nothing, and lead nowhere?
    fn is_no_sign_of_life(&mut self, records_before: u64) -> bool {
        let canary = std::mem::take(&mut self.questions.canary);
        let said = self.intake.as_ref().map(|intake| &intake.said);
        let silent =
            said.is_none_or(|said| said.proof.is_none() && said.datasets.declared.is_none());
        canary && silent && self.records() == records_before && self.questions.is_over()
    }

    /// Records of all classes that came so far.
    fn records(&self) -> u64 {
        let said = self.intake.as_ref().map(|intake| &intake.said);
        said.map_or(0, |said| said.datasets.received + said.referents.received)
    }

    /// Datasets that answers have brought so far, those that came twice included. What is refused is not counted: a
    /// portal says the same of each package that it cannot show.
    fn brought(&self) -> u64 {
        let counts = self.intake.as_ref().map(|intake| &intake.said.datasets);
        counts.map_or(0, |c| c.received - c.not_taken())
    }
}

/// The first bytes of an answer that could not be read. What cannot be read again is not there.
fn begin_of(source: &Source, answer: std::io::Result<std::fs::File>) -> ErrorPage {
    let mut begin = Vec::new();
    if let Ok(file) = answer {
        let _ = file.take(LOOKED_AT_BYTES as u64).read_to_end(&mut begin);
    }
    Network::begin_of(source, &begin)
}
