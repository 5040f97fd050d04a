//! A run of details: what a source tells of single records when asked for each alone, the newest first, as many as the
//! source's settings allow.
//!
//! Which are missing is no list that somebody keeps: a record lacks its detail where it has none, or one that is
//! older than the rest of the record. So a run that is stopped goes on where it was. What is asked for in vain leaves
//! its record as it is, and waits. Start at [`ask_all`].

use super::{RunError, gather::Gathering, now_ms};
use crate::compare::Intake;
use crate::config::{Details, Source};
use crate::network::{Asked, NetworkErrorKind};
use crate::parts::{Held, Missed};
use crate::report::{self, Report};
use harvestd_harvesters::{Harvester, PartKind, PartName, RecordId, Request};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

/// What a run may ask for.
struct Plan {
    due: Vec<[u8; 16]>,
    /// Records that lack their detail, due or not.
    lacking: u64,
}

/// Asks for details until there are none left, or the settings or the source say that it is enough.
pub(super) async fn ask_all(g: &mut Gathering<'_>, report: &mut Report) -> Result<(), RunError> {
    let (harvester, settings) = (g.harvester.clone(), g.source.details.clone());
    let planned = g
        .blocking(move |intake| plan(intake, &*harvester, &settings, now_ms()))
        .await?;
    let plan = planned.map_err(RunError::io("reading kept parts"))?;
    let mut account = report::Details {
        remaining: plan.lacking,
        ..Default::default()
    };
    let asked = ask_planned(g, report, &mut account, plan.due).await;
    report.details = Some(account);
    asked
}

async fn ask_planned(
    g: &mut Gathering<'_>,
    report: &mut Report,
    account: &mut report::Details,
    due: Vec<[u8; 16]>,
) -> Result<(), RunError> {
    let source = paced(g.source);
    let settings = source.details.clone();
    let until = Instant::now() + Duration::from_millis(settings.run_ms_max);
    let mut in_row = 0;
    for name in due {
        if Instant::now() >= until {
            return Ok(());
        }
        let harvester = g.harvester.clone();
        let question = g.blocking(move |intake| question(intake, &*harvester, &name));
        let Some((id, request)) = question
            .await?
            .map_err(RunError::io("reading kept parts"))?
        else {
            continue;
        };
        let Some(outcome) = one(g, report, &source, name, request).await? else {
            return Ok(());
        };
        account.asked += 1;
        let Err(why) = outcome else {
            account.came += 1;
            account.remaining -= 1;
            in_row = 0;
            continue;
        };
        account.failed += 1;
        in_row += 1;
        let failed = why.clone();
        let noted = g.blocking(move |intake| note(intake, &id, &name, &failed));
        noted.await?.map_err(RunError::io("keeping parts"))?;
        if in_row >= settings.failures_in_row_max {
            g.trouble = Some(format!("{in_row} details in a row failed; the last: {why}"));
            return Ok(());
        }
    }
    Ok(())
}

/// Asks for one. None: the run ends here, and `trouble` says why.
async fn one(
    g: &mut Gathering<'_>,
    report: &mut Report,
    source: &Source,
    name: [u8; 16],
    request: Request,
) -> Result<Option<Result<(), String>>, RunError> {
    let asked = tokio::select! {
        biased;
        () = g.progress.until_stopped() => {
            g.trouble = Some("the run was stopped".to_owned());
            return Ok(None);
        }
        asked = g.rooms.network.ask_counted(source, &request, None, &g.rooms.spool_dir, &g.questions.sent) => asked,
    };
    let spooled = match asked {
        Ok(Asked::Answer(spooled)) => spooled,
        Ok(Asked::NotModified) => return Ok(Some(Err("not modified, unasked".to_owned()))),
        Err(error) if error.kind == NetworkErrorKind::RetryLater => {
            g.questions.retry_after = error.retry_after;
            g.trouble = Some(error.to_string());
            return Ok(None);
        }
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    report.bytes += spooled.bytes;
    if let Err(error) = g.read(request, spooled).await? {
        return Ok(Some(Err(error.to_string())));
    }
    let came = g.intake.as_ref().and_then(|i| i.pieces.as_ref());
    let came = came
        .is_some_and(|pieces| details_of(pieces.log.kinds).any(|part| pieces.has_come(part, name)));
    Ok(Some(if came {
        Ok(())
    } else {
        Err("the answer says nothing of the record".to_owned())
    }))
}

/// The records that lack their detail, the newest first.
fn plan(
    intake: &mut Intake,
    harvester: &dyn Harvester,
    settings: &Details,
    now_ms: i64,
) -> io::Result<Plan> {
    let Some(pieces) = &mut intake.pieces else {
        return Ok(Plan {
            due: Vec::new(),
            lacking: 0,
        });
    };
    let (mut due, mut lacking) = (Vec::new(), 0);
    for name in pieces.log.all() {
        let kinds = pieces.log.kinds;
        let held = pieces.log.held(&name);
        let missed = held.and_then(|held| held.missed);
        if !held.is_some_and(|held| lacks(held, kinds)) || !intake.had.records.contains_key(&name) {
            continue;
        }
        let record = pieces.log.record(&name)?;
        let Some(detail) = record.and_then(|record| harvester.detail(&record)) else {
            continue;
        };
        lacking += 1;
        if missed.is_none_or(|missed| is_over(missed, settings, now_ms)) {
            due.push((detail.age, name));
        }
    }
    // Stable: of the same age, the first kept is the first asked.
    due.sort_by(|(a, _), (b, _)| b.cmp(a));
    due.truncate(usize::try_from(settings.per_run_max).unwrap_or(usize::MAX));
    let due = due.into_iter().map(|(_, name)| name).collect();
    Ok(Plan { due, lacking })
}

/// Is the record's detail missing, or older than the rest of it?
fn lacks(held: &Held, kinds: &[PartKind]) -> bool {
    let newest = |stands_alone: bool| {
        let of = kinds.iter().filter(|k| k.stands_alone == stands_alone);
        of.filter_map(|k| held.part(k.name)).map(|p| p.order).max()
    };
    newest(false) < newest(true)
}

/// Has a record that was asked for in vain waited long enough? The wait doubles with each time.
fn is_over(missed: Missed, settings: &Details, now_ms: i64) -> bool {
    let doubled = missed.tries.saturating_sub(1).min(32);
    let wait = settings.retry_first_ms.saturating_mul(1 << doubled);
    let wait = i64::try_from(wait.min(settings.retry_max_ms)).unwrap_or(i64::MAX);
    now_ms >= missed.at_ms.saturating_add(wait)
}

fn details_of(kinds: &'static [PartKind]) -> impl Iterator<Item = PartName> {
    kinds.iter().filter(|k| !k.stands_alone).map(|k| k.name)
}

fn question(
    intake: &mut Intake,
    harvester: &dyn Harvester,
    name: &[u8; 16],
) -> io::Result<Option<(RecordId, Request)>> {
    let Some(pieces) = &mut intake.pieces else {
        return Ok(None);
    };
    let record = pieces.log.record(name)?;
    Ok(record.and_then(|record| Some((record.id.clone(), harvester.detail(&record)?.request))))
}

fn note(intake: &mut Intake, id: &RecordId, name: &[u8; 16], why: &str) -> io::Result<()> {
    intake.notice("detail-failed", format!("{id}: {why}"));
    let Some(pieces) = &mut intake.pieces else {
        return Ok(());
    };
    let held = pieces.log.held(name);
    let tries = held.and_then(|held| held.missed).map_or(0, |m| m.tries);
    pieces.log.missed(id, tries.saturating_add(1), now_ms())
}

/// The source at the pace that its settings give to details.
fn paced(source: &Arc<Source>) -> Arc<Source> {
    match source.details.requests_per_second {
        None => source.clone(),
        Some(pace) => {
            let mut slower = (**source).clone();
            slower.network.requests_per_second = pace;
            Arc::new(slower)
        }
    }
}
