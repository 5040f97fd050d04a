//! `/sources` and `/sources/{id}`: how the sources stand, as pages or in JSON. The operator's listener shows the same pages
//! with forms.
//!
//! Asks the desk. Start at [`list`] and [`one`].

mod account;
mod runs;
mod settings;

use super::{answer, as_page, frame};
use crate::{
    config::Config,
    diagnosis::{Diagnosis, health::Standing as State},
    report::Report,
    serve::{
        House,
        desk::{Desk, SourceStatus},
        openapi::{Routes, table},
        problem::Problem,
        status, webhooks,
    },
};
use axum::{
    extract::{Path, Query, State as Of},
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use chrono::Utc;
use harvestd_web::{
    Frame, Words,
    chart::Spark,
    moment::{Moment, lasting},
    operator::Acting,
    said::Said,
    source::{self, Badge, Tint, Trouble},
    sources::{self, Line, Next, Receiver, Sources},
};
use serde::Deserialize;
use std::sync::Arc;

/// Runs whose outcome the small line of a source shows: a page of many sources reads so many reports of each.
const SPARK_RUNS: usize = 12;
/// Held records on a page at most: the whole list is in the account of the run.
const HELD_SHOWN: usize = 500;

pub fn routes() -> Routes {
    Routes::new()
        .route(table::all_sources(), get(all))
        .route(table::one_source(), get(of_id))
}

async fn all(Of(house): Of<House>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    if !as_page(&headers)? {
        return status::sources_in_short(&house, &headers);
    }
    let frame = frame(&house, &uri, &headers, |words| {
        words.say("sources-title").to_owned()
    });
    let page = list(&house, frame, None).await?;
    answer(&page, &uri, &headers)
}

async fn of_id(
    Of(house): Of<House>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let status = known(&house, &id)?;
    if !as_page(&headers)? {
        return status::source_in_short(&house, status, &headers);
    }
    let frame = frame(&house, &uri, &headers, |words| title(&status, *words).text);
    let page = one(&house, frame, status, wanted, None).await?;
    answer(&page, &uri, &headers)
}

/// A source that is configured.
pub fn known(house: &House, id: &str) -> Result<SourceStatus, Problem> {
    let unknown = || Problem::not_found(format!("No source is called {id:?}."));
    house.desk.source(id).ok_or_else(unknown)
}

/// Which part of a source's page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    run: Option<String>,
    fate: Option<String>,
    /// From 1.
    from: Option<u64>,
    before: Option<String>,
}

/// All sources. `acting`: the reader may act.
pub async fn list(house: &House, frame: Frame, acting: Option<Acting>) -> Result<Sources, Problem> {
    let words = frame.words;
    let desk = house.desk.clone();
    let lines = tokio::task::spawn_blocking(move || {
        let sources = desk.sources().into_iter();
        let lines = sources.map(|source| {
            let reports = desk.reports(&source.id, None, SPARK_RUNS);
            line(words, source, &reports)
        });
        lines.collect()
    });
    Ok(Sources {
        sources: lines.await.map_err(|_| Problem::internal())?,
        house: standing(house, words),
        receivers: webhooks::public(house).into_iter().map(receiver).collect(),
        frame,
        acting,
    })
}

fn standing(house: &House, words: Words) -> sources::Standing {
    let ready = house.desk.ready();
    let published = house.published.borrow().as_ref().map(|published| {
        let head = format!("{}-{}", published.generation, published.seq);
        (head, Moment::of_us(published.published_us))
    });
    let overrides = status::overrides(house).into_iter();
    let feedback = house.desk.feedback().map(|feedback| feedback.counts());
    let joined = house.desk.joined();
    sources::Standing {
        why: match ready.ready && !ready.why.starts_with("read-only") {
            true => String::new(),
            false => ready.why,
        },
        ready: ready.ready,
        published,
        overrides: overrides
            .map(|(state, count)| (called(words, "override", state).to_owned(), count as u64))
            .collect(),
        feedback: feedback
            .filter(|counts| *counts != Default::default())
            .map(|counts| [counts.open, counts.accepted, counts.declined].map(|n| n as u64)),
        identity: joined.map(|joined| [joined.records, joined.datasets, joined.listed]),
    }
}

fn receiver(hook: crate::webhooks::WebhookStatus) -> Receiver {
    Receiver {
        trouble: hook.disabled.or(hook.last_error),
        id: hook.id,
        cursor: hook.cursor,
        lag: hook.lag,
        tries: u64::from(hook.tries),
        given_up: hook.dead as u64,
    }
}

fn line(words: Words, source: SourceStatus, reports: &[Report]) -> Line {
    let holds = reports
        .iter()
        .rev()
        .filter(|report| runs::is_harvest(report));
    let holds = holds.map(|report| report.counts.holds as f64).collect();
    Line {
        title: title(&source, words),
        badges: badges(&source, words),
        trouble: trouble(&source, words),
        running: running(&source, words),
        last: source
            .last
            .as_ref()
            .and_then(|report| Moment::of_ms(report.started_ms)),
        next: next(&source),
        holds: source.holds,
        trend: Spark::new(words.say("trend-of").to_owned(), holds),
        held: held_of(&source).map_or(0, |held| held.datasets + held.others),
        kind: source.kind,
        id: source.id,
    }
}

/// The page of a source.
pub async fn one(
    house: &House,
    frame: Frame,
    status: SourceStatus,
    wanted: Wanted,
    acting: Option<Acting>,
) -> Result<source::Source, Problem> {
    let desk = house.desk.clone();
    let config = Arc::clone(&house.config);
    let gathered = tokio::task::spawn_blocking(move || {
        gather(&*desk, &config, frame, status, &wanted, acting)
    });
    gathered.await.map_err(|_| Problem::internal())?
}

/// Reads the disk, and where the reader may act waits for the writer.
fn gather(
    desk: &dyn Desk,
    config: &Config,
    frame: Frame,
    status: SourceStatus,
    wanted: &Wanted,
    acting: Option<Acting>,
) -> Result<source::Source, Problem> {
    let words = frame.words;
    let held = held(desk, &status, &frame, acting.is_some())?;
    let runs = runs::gather(desk, &status.id, &frame, wanted.before.as_deref());
    let account = account::gather(desk, &status.id, &frame, wanted)?;
    Ok(source::Source {
        title: title(&status, words),
        badges: badges(&status, words),
        trouble: trouble(&status, words),
        running: running(&status, words),
        holds: status.holds,
        last: status.last.as_ref().map(|report| runs::run(words, report)),
        next: next(&status),
        expected: status.expected_ms.map(|ms| lasting(words, ms)),
        held,
        kept: status.gate.as_ref().map_or(0, |told| told.kept),
        pictures: runs.pictures,
        runs: runs.runs,
        older: runs.older,
        account,
        settings: settings::of(words, config.source(&status.id), &status),
        id: status.id,
        acting,
        frame,
    })
}

fn held_of(status: &SourceStatus) -> Option<&crate::gate::book::HeldTold> {
    status.gate.as_ref()?.held.as_ref()
}

fn held(
    desk: &dyn Desk,
    status: &SourceStatus,
    frame: &Frame,
    by_name: bool,
) -> Result<Option<source::Held>, Problem> {
    let Some(held) = held_of(status) else {
        return Ok(None);
    };
    let mut records = match by_name {
        true => desk.held(&status.id)?.records,
        false => Vec::new(),
    };
    let more = records.len().saturating_sub(HELD_SHOWN);
    records.truncate(HELD_SHOWN);
    Ok(Some(source::Held {
        list: held.list.clone(),
        cause: frame.words.known(&format!("code-{}", held.cause.word())),
        why: Said::english(&held.why),
        datasets: held.datasets,
        others: held.others,
        since: Moment::of_ms(held.since_ms),
        runs: held.runs,
        more: more as u64,
        rows: format!(
            "{}?run={}&fate=held#account",
            frame.to(&format!("/sources/{}", status.id)),
            held.run
        ),
        records: records
            .into_iter()
            .map(|record| source::Record {
                iri: record.record,
                key: record.id.key,
                title: record.title,
                page: record.about,
            })
            .collect(),
    }))
}

fn title(status: &SourceStatus, words: Words) -> Said {
    Said::chosen(&status.title, words.0).unwrap_or_else(|| Said::of(&status.id))
}

fn badges(status: &SourceStatus, words: Words) -> Vec<Badge> {
    let badge = |tint, key| Badge::new(tint, words.say(key));
    let mut badges = Vec::new();
    match (status.health.state, status.last.is_some()) {
        (State::Sick, _) => badges.push(badge(Tint::Bad, "state-sick")),
        (State::Stale, _) => badges.push(badge(Tint::Bad, "state-stale")),
        (State::Well, true) => badges.push(badge(Tint::Good, "state-well")),
        (State::Well, false) => badges.push(badge(Tint::Plain, "state-new")),
    }
    if status.running.is_some() {
        badges.push(badge(Tint::Plain, "state-running"));
    }
    if !status.enabled {
        badges.push(badge(Tint::Plain, "state-off"));
    } else if status.paused {
        badges.push(badge(Tint::Fair, "state-paused"));
    }
    badges
}

fn running(status: &SourceStatus, words: Words) -> Option<String> {
    let Some(running) = &status.running else {
        let left = status.details.filter(|details| details.remaining > 0)?;
        return Some(words.fill("details-left", &[&words.number(left.remaining)]));
    };
    let phase = called(words, "phase", &running.phase);
    let received = words.number(running.received);
    Some(match running.declared {
        Some(declared) => words.fill("running-of", &[phase, &received, &words.number(declared)]),
        None => words.fill("running-now", &[phase, &received]),
    })
}

/// What a state of ours is called in the reader's language.
fn called<'s>(words: Words, of: &str, state: &'s str) -> &'s str {
    words.known(&format!("{of}-{state}")).unwrap_or(state)
}

fn next(status: &SourceStatus) -> Next {
    let pushes = harvestd_harvesters::kind(&status.kind).is_some_and(|kind| kind.pushes);
    match (status.enabled, status.paused, status.next_due_ms) {
        (false, ..) => Next::Off,
        (_, true, _) => Next::Paused,
        (.., Some(due)) if due <= Utc::now().timestamp_millis() => Next::Soon,
        (.., Some(due)) => Moment::of_ms(due).map_or(Next::ByHand, Next::At),
        (.., None) if pushes => Next::Pushes,
        (.., None) => Next::ByHand,
    }
}

fn trouble(status: &SourceStatus, words: Words) -> Option<Trouble> {
    let found: &Diagnosis = status.health.diagnosis.as_ref()?;
    let told = Trouble::of(found.code.name(), &found.what, &found.advice, words.0);
    Some(Trouble {
        seen: found.seen.text.clone(),
        url: found.seen.url.clone(),
        status: found.seen.status,
        first_line: found
            .seen
            .first_line
            .clone()
            .filter(|line| !line.is_empty()),
        grave: found.grave,
        ..told
    })
}

#[cfg(test)]
mod tests {
    use crate::{diagnosis::Ailment, gate::Cause, overrides::State, run::Phase};
    use harvestd_web::{Language, Words, source::is_known_trouble};

    #[test]
    fn the_pages_have_words_for_every_cause_that_holds_deletions() {
        use Cause::{Churn, Empty, Nameless, Share};
        for cause in [Empty, Churn, Share, Nameless] {
            let key = format!("code-{}", cause.word());
            assert!(Words(Language::Chinese).known(&key).is_some(), "{key}");
        }
    }

    #[test]
    fn the_pages_have_words_for_every_phase_and_state_of_a_correction() {
        let phases = Phase::ALL.map(|phase| format!("phase-{}", phase.word()));
        let states = State::ALL.map(|state| format!("override-{}", state.word()));
        for key in phases.iter().chain(&states) {
            assert!(Words(Language::Chinese).known(key).is_some(), "{key}");
        }
    }

    #[test]
    fn the_pages_have_words_for_every_ailment() {
        for ailment in Ailment::ALL {
            assert!(is_known_trouble(ailment.name()), "{}", ailment.name());
        }
    }
}
