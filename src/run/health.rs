//! How a source is, for whoever asks with SPARQL: of failed runs `{base}graph/runs` tells as well, and of the one by which
//! the source is well again, though they changed nothing.
//!
//! A row of failures is one write each, of which the first and the newest stay; what begins and what ends a row is
//! published at once, what goes on with the next publication. Start at [`note`].
//!
//! What is wrong with a source is told here as well: [`diagnosed`] at the end of a run, [`change`] where it makes a source
//! sick or well.

use super::{Ended, Rooms, RunError, now_ms, prov};
use crate::config::{Config, Source};
use crate::diagnosis::{
    Ailment, Course, Diagnosis,
    health::{Change, Standing},
    of_error, of_run,
};
use crate::report::{Outcome, Report, Trigger};
use crate::state::SourceState;
use std::sync::Arc;

/// Does the run tell how its source is? Not where only single records were asked for, or nobody was.
fn is_of_the_source(trigger: Trigger) -> bool {
    matches!(
        trigger,
        Trigger::Schedule | Trigger::Hand | Trigger::News | Trigger::Check
    )
}

/// What is wrong with the source, as the run shows.
pub(super) fn diagnosed(
    rooms: &Rooms,
    config: &Config,
    report: &Report,
    ended: Result<Ended, RunError>,
) -> Option<Diagnosis> {
    let vitals = rooms.network.take_vitals(&report.source);
    let ended = match ended {
        _ if !is_of_the_source(report.trigger) => return None,
        Ok(ended) => ended,
        Err(error) => return Some(of_error(&error.to_string())),
    };
    let refused = report.counts.not_taken();
    let before = (refused > 0).then(|| rooms.reports.last(&report.source));
    // A report that cannot be read is no reason to be silent: nothing was refused before, then.
    let before = before.and_then(|read| read.ok().flatten());
    let course = Course {
        symptom: ended.symptom,
        vitals,
        had: ended.had,
        refused_before: before.map_or(0, refused_as_ever),
        clock_skew_s_max: config.limits.health.clock_skew_s_max,
    };
    of_run(report, &course)
}

/// Records that a run refused; none, where it was then that the form changed, and it has not changed back.
fn refused_as_ever(report: Report) -> u64 {
    let changed = report
        .diagnosis
        .is_some_and(|d| d.code == Ailment::SchemaChange);
    if changed {
        0
    } else {
        report.counts.not_taken()
    }
}

/// How many runs in a row, this one among them, ended in what asking less would spare the source.
pub(super) fn spared_in_row(state: &SourceState, report: &Report) -> u32 {
    match &report.diagnosis {
        Some(diagnosis) if diagnosis.code.spares() => state.spared_in_row.saturating_add(1),
        Some(_) => 0,
        // It was stopped.
        None => state.spared_in_row,
    }
}

/// The source is sick or well from now on, where this run makes it so. After the run is remembered.
pub(super) fn change(rooms: &Rooms, config: &Config, report: &Report) {
    if !is_of_the_source(report.trigger) {
        return;
    }
    if let Some(diagnosis) = &report.diagnosis {
        metrics::counter!("harvestd_diagnoses_total", "source" => report.source.clone(), "diagnosis" => diagnosis.code.name()).increment(1);
    }
    let Ok(state) = rooms.state.source(&report.source) else {
        return;
    };
    let sick_after = config.limits.health.sick_after_runs;
    let standing = match (report.outcome, &report.diagnosis) {
        (Outcome::Complete, _) => Standing::Well,
        // It was stopped, which says nothing of the source.
        (_, None) => return,
        (_, Some(d)) if d.code.passes() && state.failures_in_row < sick_after => return,
        (_, Some(_)) => Standing::Sick,
    };
    let diagnosis = report.diagnosis.clone();
    tell_change(
        rooms,
        Change {
            n: 0,
            at_ms: now_ms(),
            source: report.source.clone(),
            state: standing,
            diagnosis: diagnosis.filter(|_| standing != Standing::Well),
            last_complete_ms: state.last_complete_ms,
        },
    );
}

/// Writes a change of a source's state down, if it is one, and tells of it.
pub(crate) fn tell_change(rooms: &Rooms, change: Change) {
    let (source, state) = (change.source.clone(), change.state);
    match rooms.health.note(change) {
        Err(error) => {
            tracing::error!(source, %error, "how a source is could not be written down");
        }
        Ok(None) => {}
        Ok(Some(change)) => match &change.diagnosis {
            None => tracing::info!(source, "the source is well again"),
            Some(diagnosis) => {
                let [what, advice] = diagnosis.lines();
                tracing::warn!(
                    source,
                    diagnosis = diagnosis.code.name(),
                    advice,
                    "the source is {}: {what}",
                    state.word()
                );
            }
        },
    }
    measure(rooms, &source);
}

/// The gauges of a source's state, as they are.
pub(crate) fn measure(rooms: &Rooms, source: &str) {
    let state = rooms.health.of(source).map(|change| change.state);
    let is = |bad: &[Standing]| f64::from(u8::from(state.is_some_and(|s| bad.contains(&s))));
    metrics::gauge!("harvestd_source_sick", "source" => source.to_owned())
        .set(is(&[Standing::Sick, Standing::Stale]));
    metrics::gauge!("harvestd_source_stale", "source" => source.to_owned())
        .set(is(&[Standing::Stale]));
    let complete = rooms.state.source(source).ok();
    if let Some(began_ms) = complete.and_then(|state| state.last_complete_ms) {
        metrics::gauge!("harvestd_source_last_complete_timestamp_seconds", "source" => source.to_owned())
            .set(began_ms as f64 / 1000.0);
    }
}

/// Before the run is remembered: the state still counts the failures before it.
pub(super) async fn note(rooms: &Arc<Rooms>, source: &Source, report: &Report) {
    // Runs of details say nothing of whether a source can be harvested.
    if report.trigger == Trigger::Details {
        return;
    }
    let (rooms, told) = (rooms.clone(), report.clone());
    let done = tokio::task::spawn_blocking(move || noted(&rooms, &told)).await;
    let error = match done {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic.to_string(),
    };
    tracing::error!(source = source.id, error, "a run could not be told of");
}

/// Waits for the writer.
fn noted(rooms: &Rooms, report: &Report) -> Result<(), RunError> {
    let before = rooms.state.source(&report.source)?.failures_in_row;
    let failed = report.outcome != Outcome::Complete;
    if !failed && before == 0 {
        return Ok(());
    }
    let writer = &mut *rooms.writer()?;
    let said = prov::quads(writer.store.base(), report);
    // A commit told of its run.
    if writer.store.tells_of_run(&report.run)? {
        return Ok(());
    }
    if failed {
        writer
            .store
            .note_failure(&report.source, said, before + 1)?;
    } else {
        writer.store.note_run(&report.source, said)?;
    }
    if before == 0 || !failed {
        writer.publish()?;
    }
    Ok(())
}
