//! The second half of a run: what the gate lets pass is committed under the writer's lock, remembered, and published.

mod sums;

use super::learn::learn;
use super::unify::{self, Changed, unify};
use super::{Phase, Progress, Rooms, RunError, Writer, gather::Gathered, now_ms};
use crate::config::Source;
use crate::describe::Described;
use crate::gate::Verdict;
use crate::report::{Outcome, Report, Rows, Trigger};
use crate::state::{Had, Joined};
use crate::store::{Applied, ApplyOptions, Store};
use harvestd_harvesters::{Completeness, RecordId};
use harvestd_vocab::{Class, iris::record_iri};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering::Relaxed},
};
pub(crate) use sums::{account, holds, left_out};
use sums::{joined_told, loops_told, losers_told};

pub async fn commit(
    rooms: &Arc<Rooms>,
    source: &Arc<Source>,
    gathered: Gathered,
    verdict: Verdict,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<(), RunError> {
    let (rooms, source, progress) = (rooms.clone(), source.clone(), progress.clone());
    let mut told = report.clone();
    let done = tokio::task::spawn_blocking(move || {
        let result = committed(&rooms, &source, gathered, &verdict, &mut told, &progress);
        (told, result)
    });
    let (told, result) = done.await.map_err(|e| RunError::Panic(e.to_string()))?;
    *report = told;
    result
}

/// The same on the thread that asks for it: it waits for the writer and for the disk.
pub(crate) fn committed(
    rooms: &Rooms,
    source: &Source,
    mut gathered: Gathered,
    verdict: &Verdict,
    report: &mut Report,
    progress: &Progress,
) -> Result<(), RunError> {
    let removed = removed(&mut gathered, verdict);
    let run = Run {
        rooms,
        source,
        progress,
        dry: report.trigger == Trigger::Check,
    };
    let writer = &mut *rooms.writer()?;
    if let Some(lesson) = gathered.lesson.take()
        && !run.dry
        && report.outcome != Outcome::Failed
    {
        let learned = learn(rooms, writer, lesson)?;
        gathered.said.noticed.extend(learned);
    }
    run.commit(writer, gathered, removed, report)
}

/// The same for one who has the writer, of a run that takes nothing away.
pub(super) fn committed_by(
    rooms: &Rooms,
    writer: &mut Writer,
    source: &Source,
    gathered: Gathered,
    report: &mut Report,
) -> Result<(), RunError> {
    let run = Run {
        rooms,
        source,
        progress: &Progress::default(),
        dry: false,
    };
    run.commit(writer, gathered, Vec::new(), report)
}

/// What goes, as far as the gate lets it. What refers goes before what is referred to.
fn removed(gathered: &mut Gathered, verdict: &Verdict) -> Vec<RecordId> {
    let said = &mut gathered.said;
    let mut removed = std::mem::take(&mut said.withdrawn);
    match verdict {
        Verdict::Pass => {
            removed.append(&mut gathered.absent);
            said.datasets.absent = gathered.evidence.absent;
        }
        Verdict::Held(_) => said.datasets.held = gathered.evidence.absent,
        Verdict::NotInferred(_) => {}
    }
    let looped = held_loops(&gathered.described, &gathered.had);
    for id in &looped {
        said.count(id.class).gone += 1;
    }
    removed.extend(looped);
    removed.sort_by(|a, b| b.class.cmp(&a.class).then_with(|| a.key.cmp(&b.key)));
    removed
}

/// Where a run is committed.
struct Run<'a> {
    rooms: &'a Rooms,
    source: &'a Source,
    progress: &'a Progress,
    /// Nothing is to change.
    dry: bool,
}

/// What a commit came to.
struct Done {
    applied: Applied,
    /// Where identity was looked at.
    joined: Option<Joined>,
}

impl Run<'_> {
    fn commit(
        &self,
        writer: &mut Writer,
        mut gathered: Gathered,
        removed: Vec<RecordId>,
        report: &mut Report,
    ) -> Result<(), RunError> {
        let failed = report.outcome == Outcome::Failed;
        let done = match failed {
            true => None,
            false => self.apply(writer, &mut gathered, &removed, &report.run)?,
        };
        self.sum_up(&mut gathered, done.as_ref(), report);
        if self.dry {
            return Ok(());
        }
        if done.is_some() {
            report.noticed.extend(super::corrections::review(writer)?);
        }
        if failed {
            return self.leave(gathered, report.trigger);
        }
        let failures = gathered.state.failures_in_row;
        self.tell(writer, done.as_ref(), failures, report)?;
        self.remember(writer, gathered, removed, report)
    }

    /// Changes the store. None: there is nothing to change.
    fn apply(
        &self,
        writer: &mut Writer,
        gathered: &mut Gathered,
        removed: &[RecordId],
        run: &str,
    ) -> Result<Option<Done>, RunError> {
        let (described, had) = (&gathered.described, &gathered.had);
        let receipts = gathered.receipts.take();
        if described.stage.records == 0 && removed.is_empty() && receipts.is_none() {
            return Ok(None);
        }
        let base = writer.store.base();
        let deletion = |r: &RecordId| {
            let record = record_iri(base, &self.source.id, r.class, &r.key);
            (r.class, record.into_string())
        };
        let deletions: Vec<(Class, String)> = removed.iter().map(deletion).collect();
        let is_new = |id: &RecordId| !had.records.contains_key(&crate::state::id_digest(id));
        let new = described.upserts.iter().filter(|(id, _)| is_new(id));
        let options = ApplyOptions {
            dry: self.dry,
            mostly_new: new.count() * 2 > described.upserts.len(),
            run: Some(crate::store::Run {
                source: self.source.id.clone(),
                name: run.to_owned(),
            }),
        };
        let trusted = !self.dry && self.begin(writer)?;
        let mut applied = writer.store.apply_with(
            &described.stage,
            &deletions,
            &writer.policy,
            &options,
            &|n| self.progress.committed.store(n, Relaxed),
            receipts,
        )?;
        let mut joined = None;
        if !self.dry {
            let gone: Vec<String> = deletions.into_iter().map(|(_, record)| record).collect();
            let changed = Changed {
                staged: Some(&described.stage),
                gone: &gone,
                source: (holds((had.datasets, had.referents), &applied).0 > 0)
                    .then_some(self.source.id.as_str()),
                ..Changed::default()
            };
            let unified = unify(&self.rooms.state, writer, &changed, trusted)?;
            applied.add(&unified.applied);
            joined = unified.joined;
        }
        Ok(Some(Done { applied, joined }))
    }

    /// What is written down before anything changes. Gives whether identity's index can be trusted.
    fn begin(&self, writer: &mut Writer) -> Result<bool, RunError> {
        let state = &self.rooms.state;
        let trusted = unify::doubt(state, writer)?;
        if !self.source.is_pushed() {
            state.forget_bodies(&self.source.id)?;
        }
        state.begin_applying(&self.source.id)?;
        Ok(trusted)
    }

    /// Everything that the report says.
    fn sum_up(&self, gathered: &mut Gathered, done: Option<&Done>, report: &mut Report) {
        let (described, said) = (&mut gathered.described, &mut gathered.said);
        let nothing = Applied::default();
        let applied = done.map_or(&nothing, |done| &done.applied);
        left_out(&mut said.datasets, &mut said.referents, described);
        account(&mut said.datasets, &mut said.referents, applied);
        report.counts = std::mem::take(&mut said.datasets);
        report.referents = std::mem::take(&mut said.referents);
        let before = (gathered.had.datasets, gathered.had.referents);
        (report.counts.holds, report.referents.holds) = holds(before, applied);
        report.completeness = gathered.evidence.proof;
        report.activities = applied.activities;
        let rows = [&mut said.rows, &mut described.rows].map(std::mem::take);
        report.account = Rows::of(rows);
        report.refused = std::mem::take(&mut said.refused);
        report.refused.append(&mut described.refused);
        report.findings = std::mem::take(&mut described.findings);
        report.findings_by_code = std::mem::take(&mut described.findings_by_code);
        report.noticed = std::mem::take(&mut said.noticed);
        report.noticed.extend(loops_told(&described.looped));
        report.parts = std::mem::take(&mut said.parts);
        report.noticed.extend(done.and_then(losers_told));
        report.noticed.extend(done.and_then(joined_told));
        report.noticed.extend(self.emptiness_told(report));
    }

    fn emptiness_told(&self, report: &Report) -> Option<(String, String)> {
        let empty = report.outcome == Outcome::Complete
            && report.counts.received == 0
            && report.counts.holds == 0
            && self.source.kind != super::shared::KIND;
        empty.then(|| {
            (
                "empty-catalogue".to_owned(),
                "the source holds no dataset".to_owned(),
            )
        })
    }

    /// Ends a run that failed: nothing of it is kept.
    fn leave(&self, gathered: Gathered, trigger: Trigger) -> Result<(), RunError> {
        // A run of details that brought none still knows which were asked for in vain.
        if let Some(log) = gathered.log.filter(|_| trigger == Trigger::Details) {
            log.finish().map_err(RunError::io("keeping parts"))?;
        }
        let state = &self.rooms.state;
        state.set_source(&self.source.id, &gathered.state)?;
        let goes_on = gathered.state.broke_off.is_some();
        let ended = gathered.keeping.map(|keeping| match goes_on {
            true => keeping.leave(false),
            false => keeping.drop_all(),
        });
        ended
            .unwrap_or(Ok(()))
            .map_err(RunError::io("dropping a failed run's answers"))
    }

    /// Tells of a run that changed something, after so many failures in a row.
    fn tell(
        &self,
        writer: &mut Writer,
        done: Option<&Done>,
        failures: u32,
        report: &mut Report,
    ) -> Result<(), RunError> {
        let quads = done.map_or(0, |done| done.applied.quads);
        let (source, took_ms) = (&self.source.id, now_ms() - report.started_ms);
        tracing::debug!(source, quads, took_ms, "everything is committed");
        self.progress.phase(Phase::Publishing);
        if quads > 0 {
            report.ended_ms = now_ms();
            let told = super::prov::quads(writer.store.base(), report);
            if report.outcome == Outcome::Complete || report.trigger == Trigger::Details {
                writer.store.note_run(source, told)?;
            } else {
                writer.store.note_failure(source, told, failures + 1)?;
            }
        }
        Ok(())
    }

    /// Makes it durable, remembers it, and publishes it. What is to be published is made ready meanwhile.
    fn remember(
        &self,
        writer: &mut Writer,
        gathered: Gathered,
        removed: Vec<RecordId>,
        report: &Report,
    ) -> Result<(), RunError> {
        // What is pushed is durable at once, and published together with what else is pushed meanwhile; what is learned,
        // with the records that it was learned from.
        if matches!(report.trigger, Trigger::Push | Trigger::Learn) {
            writer.store.sync()?;
            return self.keep(&writer.store, gathered, removed, report);
        }
        // Also what a run before committed and then failed to publish.
        if !writer.store.is_unpublished() {
            return self.keep(&writer.store, gathered, removed, report);
        }
        let (store, publisher) = (&writer.store, &mut writer.publisher);
        let survey = &mut writer.survey;
        std::thread::scope(|scope| {
            let preparing = scope.spawn(|| {
                // First how good they are: the index tells it.
                survey.prepare(store, chrono::Utc::now());
                publisher.prepare(store, survey);
            });
            let kept = store
                .flush()
                .map_err(RunError::from)
                .and_then(|()| self.keep(store, gathered, removed, report));
            let prepared = preparing.join();
            kept.and(prepared.map_err(|_| RunError::Panic("preparing the search index".to_owned())))
        })?;
        writer.measured()?;
        Ok(())
    }

    /// Remembers what the store holds for good.
    fn keep(
        &self,
        store: &Store,
        gathered: Gathered,
        removed: Vec<RecordId>,
        report: &Report,
    ) -> Result<(), RunError> {
        let source = &self.source.id;
        if let Some(mut log) = gathered.log {
            // Before the state: it may say too much of what the state knows, but never too little.
            let removing = removed.iter().try_for_each(|id| log.remove(id));
            let kept = removing.and_then(|()| log.finish());
            kept.map_err(RunError::io("keeping parts"))?;
            let forgotten = self.rooms.answers.forget(source);
            forgotten.map_err(RunError::io("removing kept answers"))?;
        }
        self.rooms.state.commit(
            source,
            store.head(),
            gathered.described.upserts.into_iter(),
            removed.into_iter(),
            &gathered.state,
        )?;
        if let Some(keeping) = gathered.keeping {
            let proof = gathered.evidence.proof;
            let full = report.outcome == Outcome::Complete
                && proof.is_some_and(|p| p != Completeness::Changes);
            let left = self.rooms.answers.forget_left(source);
            let kept = left.and_then(|()| match gathered.state.broke_off {
                Some(_) => keeping.leave(true),
                None => keeping.finish(full && report.not_modified == 0),
            });
            kept.map_err(RunError::io("keeping answers"))?;
        }
        Ok(())
    }
}

/// Records that turned out to have passed through us, and that we hold, or would by what came before in this run.
fn held_loops(described: &Described, had: &Had) -> Vec<RecordId> {
    let looped = &described.looped.ids;
    if looped.is_empty() {
        return Vec::new();
    }
    let staged = described.upserts.iter().map(|(id, _)| id);
    let staged: HashSet<&RecordId> = staged.filter(|id| looped.contains(*id)).collect();
    let is_held = |id: &&RecordId| {
        staged.contains(*id) || had.records.contains_key(&crate::state::id_digest(id))
    };
    looped.iter().filter(is_held).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_datasets_before_agents() {
        let mut removed = vec![
            RecordId::new(Class::Agent, "a"),
            RecordId::dataset("b"),
            RecordId::dataset("a"),
        ];
        removed.sort_by(|a, b| b.class.cmp(&a.class).then_with(|| a.key.cmp(&b.key)));
        assert_eq!(
            removed,
            [
                RecordId::dataset("a"),
                RecordId::dataset("b"),
                RecordId::new(Class::Agent, "a")
            ]
        );
    }
}
