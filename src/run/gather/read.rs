//! Reading what came, on blocking threads: the intake is lent to them and comes back. Never asks anything.

use super::Gathering;
use crate::compare::{Intake, Reading};
use crate::encoding;
use crate::network::Spooled;
use crate::run::{Phase, RunError};
use crate::state::Body;
use harvestd_harvesters::{Answer, Harvester, Page, ReadError, ReadErrorKind, Request, push};

impl Gathering<'_> {
    /// Describes the records of which a part has changed, on a blocking thread.
    pub(super) async fn describe_pieces(&mut self) -> Result<(), RunError> {
        self.progress.phase(Phase::Reading);
        let (harvester, whole) = (self.harvester.clone(), self.trouble.is_none());
        self.blocking(move |intake| intake.describe_pieces(&*harvester, whole))
            .await?
            .map_err(RunError::io("reading kept parts"))
    }

    /// Says again what was pushed, on a blocking thread.
    pub(super) async fn say_bodies(&mut self) -> Result<(), RunError> {
        let (rooms, source) = (self.rooms.clone(), self.source.id.clone());
        let progress = self.progress.clone();
        self.progress.phase(Phase::Reading);
        let said = self.blocking(move |intake| -> Result<_, RunError> {
            for body in rooms.state.bodies(&source)? {
                let Body { id, part, raw } = body?;
                let Some(part) = push::PARTS.into_iter().find(|name| *name == part) else {
                    continue;
                };
                let mut reading = Reading {
                    intake,
                    progress: &progress,
                };
                if reading.part(id, part, &raw).is_break() {
                    return Ok(false);
                }
            }
            let silent = intake.had.records.values().filter(|known| !known.seen);
            let silent = silent.count();
            if silent > 0 {
                let text = format!("{silent} records stay as they are, since what was pushed of them is not kept: push them again");
                intake.notice("body-not-kept", text);
            }
            Ok(true)
        });
        if !said.await?? {
            self.trouble = Some("the run was stopped".to_owned());
        }
        Ok(())
    }

    /// Lends the intake to a blocking thread.
    pub(in crate::run) async fn blocking<T: Send + 'static>(
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
    pub(in crate::run) async fn read(
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
