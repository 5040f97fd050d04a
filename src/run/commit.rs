//! The second half of a run: what the gate lets pass is committed under the writer's lock, remembered, and published.

use super::unify::{self, Changed, unify};
use super::{Phase, Progress, Rooms, RunError, gather::Gathered, now_ms};
use crate::config::Source;
use crate::describe::{Described, Looped};
use crate::gate::Verdict;
use crate::parts::Log;
use crate::report::{Counts, LOOPED, Outcome, Report, Trigger};
use crate::state::Had;
use crate::store::{Applied, ApplyOptions};
use harvestd_harvesters::{Completeness, RecordId};
use harvestd_vocab::{Class, iris::record_iri};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering::Relaxed},
};

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
    gathered: Gathered,
    verdict: &Verdict,
    report: &mut Report,
    progress: &Progress,
) -> Result<(), RunError> {
    let Gathered {
        had,
        mut said,
        described,
        evidence,
        absent,
        keeping,
        log,
        state,
        receipts,
    } = gathered;
    let dry = report.trigger == Trigger::Check;
    let mut removed = std::mem::take(&mut said.withdrawn);
    let absent_datasets = evidence.absent;
    match verdict {
        Verdict::Pass => {
            removed.extend(absent);
            said.datasets.absent = absent_datasets;
        }
        Verdict::Held(_) => said.datasets.held = absent_datasets,
        Verdict::NotInferred(_) => {}
    }
    let looped = held_loops(&described, &had);
    for id in &looped {
        said.count(id.class).gone += 1;
    }
    removed.extend(looped);
    // What refers goes before what is referred to.
    removed.sort_by(|a, b| b.class.cmp(&a.class).then_with(|| a.key.cmp(&b.key)));

    let mut writer = rooms.writer()?;
    let writer = &mut *writer;
    let deletions: Vec<(Class, String)> = removed
        .iter()
        .map(|r| {
            (
                r.class,
                record_iri(writer.store.base(), &source.id, r.class, &r.key).into_string(),
            )
        })
        .collect();
    let new = described
        .upserts
        .iter()
        .filter(|(id, _)| !had.records.contains_key(&crate::state::id_digest(id)))
        .count();
    let options = ApplyOptions {
        dry,
        mostly_new: new * 2 > described.upserts.len(),
    };
    let failed = report.outcome == Outcome::Failed;
    let changes =
        !failed && (described.stage.records > 0 || !deletions.is_empty() || receipts.is_some());
    let mut applied = Applied::default();
    let mut joined = None;
    if changes {
        let trusted = if dry {
            false
        } else {
            let trusted = unify::doubt(&rooms.state, writer)?;
            if !source.is_pushed() {
                rooms.state.forget_bodies(&source.id)?;
            }
            rooms.state.begin_applying(&source.id)?;
            trusted
        };
        let count = |n| progress.committed.store(n, Relaxed);
        applied = writer.store.apply_with(
            &described.stage,
            &deletions,
            &writer.policy,
            &options,
            &count,
            receipts,
        )?;
        if !dry {
            let gone: Vec<String> = deletions.iter().map(|(_, record)| record.clone()).collect();
            let changed = Changed {
                staged: Some(&described.stage),
                gone: &gone,
                source: (holds((had.datasets, had.referents), &applied).0 > 0)
                    .then_some(source.id.as_str()),
                ..Changed::default()
            };
            let unified = unify(&rooms.state, writer, &changed, trusted)?;
            applied.add(&unified.applied);
            joined = unified.joined;
        }
    }
    left_out(&mut said.datasets, &mut said.referents, &described);
    account(&mut said.datasets, &mut said.referents, &applied);
    report.counts = said.datasets;
    report.referents = said.referents;
    (report.counts.holds, report.referents.holds) = holds((had.datasets, had.referents), &applied);
    if !failed && report.counts.received > 0 && report.counts.refused == report.counts.received {
        report.outcome = Outcome::Partial;
        report.why = Some("every record was refused".to_owned());
    }
    report.completeness = evidence.proof;
    report.activities = applied.activities;
    report.refused = said.refused;
    report.refused.extend(described.refused);
    report.findings = described.findings;
    report.findings_by_code = described.findings_by_code;
    report.noticed = said.noticed;
    report.noticed.extend(loops_told(&described.looped));
    report.parts = said.parts;
    if applied.losers > 0 {
        let text = format!(
            "{} new or changed records are about IRIs of which another source's record is published; they are kept in graphs of their own",
            applied.losers
        );
        report
            .noticed
            .push(("published-from-another-source".to_owned(), text));
    }
    if let Some(joined) = joined.filter(|j| j.datasets > 0 || j.listed > 0) {
        let text = format!(
            "{} records of all sources are about {} datasets, each published once; {} pairs are listed for a person (`harvestd identity list`)",
            joined.records, joined.datasets, joined.listed
        );
        report.noticed.push(("one-dataset-once".to_owned(), text));
    }
    if report.outcome == Outcome::Complete
        && report.counts.received == 0
        && report.counts.holds == 0
        && source.kind != super::shared::KIND
    {
        report.noticed.push((
            "empty-catalogue".to_owned(),
            "the source holds no dataset".to_owned(),
        ));
    }
    if dry {
        return Ok(());
    }
    if changes {
        let told = super::corrections::review(writer)?;
        report.noticed.extend(told);
    }
    let finish = |log: Log| log.finish().map_err(RunError::io("keeping parts"));
    if failed {
        // A run of details that brought none still knows which were asked for in vain.
        log.filter(|_| report.trigger == Trigger::Details)
            .map_or(Ok(()), finish)?;
        rooms.state.set_source(&source.id, &state)?;
        return keeping
            .map_or(Ok(()), crate::answers::Keeping::drop_all)
            .map_err(RunError::io("dropping a failed run's answers"));
    }
    let took_ms = now_ms() - report.started_ms;
    tracing::debug!(
        source = source.id,
        quads = applied.quads,
        took_ms,
        "everything is committed"
    );
    progress.phase(Phase::Publishing);
    if applied.quads > 0 {
        report.ended_ms = now_ms();
        let told = crate::run::prov::quads(writer.store.base(), report);
        writer.store.note_run(&source.id, told)?;
    }
    // Also what a run before committed and then failed to publish.
    let publish = writer.store.is_unpublished();
    // What is pushed is durable at once, and published together with what else is pushed meanwhile.
    let later = report.trigger == Trigger::Push;
    if later {
        writer.store.sync()?;
    } else if publish {
        writer.store.flush()?;
    }
    let head = writer.store.head();
    if let Some(mut log) = log {
        // Before the state: it may say too much of what the state knows, but never too little.
        for id in &removed {
            log.remove(id).map_err(RunError::io("keeping parts"))?;
        }
        finish(log)?;
        rooms
            .answers
            .forget(&source.id)
            .map_err(RunError::io("removing kept answers"))?;
    }
    rooms.state.commit(
        &source.id,
        head,
        described.upserts.into_iter(),
        removed.into_iter(),
        &state,
    )?;
    if publish && !later {
        writer.publisher.publish(&writer.store)?;
    }
    if let Some(keeping) = keeping {
        let full = report.outcome == Outcome::Complete
            && evidence.proof.is_some_and(|p| p != Completeness::Changes);
        keeping
            .finish(full && report.not_modified == 0)
            .map_err(RunError::io("keeping answers"))?;
    }
    Ok(())
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

/// What the report says of loops.
fn loops_told(looped: &Looped) -> Option<(String, String)> {
    let (id, sign) = looped.first.as_ref()?;
    let text = format!(
        "{} datasets and {} other records came back that had come from here, such as {id} ({sign}); they are not compared",
        looped.datasets, looped.referents
    );
    Some((LOOPED.to_owned(), text))
}

/// Counts what describing left out: what it refused, and what had passed through us.
pub(crate) fn left_out(datasets: &mut Counts, referents: &mut Counts, described: &Described) {
    datasets.refused += described.refused_datasets;
    referents.refused += described.refused_referents;
    datasets.looped += described.looped.datasets;
    referents.looped += described.looped.referents;
}

/// Counts what applying did into the sums of the run.
pub(crate) fn account(datasets: &mut Counts, referents: &mut Counts, applied: &Applied) {
    for (class, tally) in &applied.by_class {
        let counts = if *class == Class::Dataset {
            &mut *datasets
        } else {
            &mut *referents
        };
        counts.new += tally.new;
        counts.changed += tally.changed;
        counts.unchanged += tally.unchanged;
    }
}

/// Datasets, and other records, of the source in the store after a run, from those before it.
pub(crate) fn holds(before: (u64, u64), applied: &Applied) -> (u64, u64) {
    let (mut datasets, mut referents) = before;
    for (class, tally) in &applied.by_class {
        let held = if *class == Class::Dataset {
            &mut datasets
        } else {
            &mut referents
        };
        *held = (*held + tally.new).saturating_sub(tally.deleted);
    }
    (datasets, referents)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn described(looped: Looped) -> Described {
        let dir = tempfile::tempdir().unwrap();
        let stage = crate::stage::Stage::begin(dir.path().join("run")).unwrap();
        Described {
            stage: stage.finish().unwrap(),
            upserts: Vec::new(),
            refused: Vec::new(),
            refused_datasets: 1,
            refused_referents: 0,
            looped,
            findings: Vec::new(),
            findings_by_code: Default::default(),
        }
    }

    #[test]
    fn tallies_are_added_where_they_belong() {
        let mut said = crate::compare::Said::default();
        said.datasets.received = 5;
        let mut applied = Applied::default();
        applied.by_class.insert(
            Class::Dataset,
            crate::store::Tally {
                new: 1,
                changed: 1,
                unchanged: 0,
                deleted: 4,
            },
        );
        applied.by_class.insert(
            Class::Agent,
            crate::store::Tally {
                new: 5,
                ..Default::default()
            },
        );
        let looped = Looped {
            datasets: 2,
            ..Looped::default()
        };
        left_out(&mut said.datasets, &mut said.referents, &described(looped));
        account(&mut said.datasets, &mut said.referents, &applied);
        let c = &said.datasets;
        assert_eq!(
            (c.new, c.changed, c.refused, c.looped, said.referents.new),
            (1, 1, 1, 2, 5)
        );
    }

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
