//! How a source is, for whoever asks with SPARQL: of failed runs `{base}graph/runs` tells as well, and of the one by which
//! the source is well again, though they changed nothing.
//!
//! A row of failures is one write each, of which the first and the newest stay; what begins and what ends a row is
//! published at once, what goes on with the next publication. Start at [`note`].

use super::{Rooms, RunError, prov};
use crate::config::Source;
use crate::report::{Outcome, Report, Trigger};
use std::sync::Arc;

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
