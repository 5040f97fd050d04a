//! What a run has gathered, added up: the evidence for the gate, and the source's state as it will be. Never commits.

use super::{Before, Gathered, Gathering, Way};
use crate::compare::{Intake, Said};
use crate::config::{Config, NetworkLimits};
use crate::diagnosis::Symptom;
use crate::gate::Evidence;
use crate::run::{RunError, ask::Questions, learn::Lesson, now_ms};
use crate::state::SourceState;
use harvestd_harvesters::Completeness;
use std::time::Duration;

pub(super) fn finish(
    gathering: Gathering<'_>,
    config: &Config,
    run: &str,
) -> Result<Gathered, RunError> {
    let Gathering {
        rooms,
        source,
        progress,
        way,
        before,
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
    let mut described = describers.finish().map_err(RunError::io("staging"))?;
    let proof = match way {
        Way::Source | Way::Trial => proved(&said, unframed),
        Way::Details | Way::KeptAnswers | Way::KeptParts | Way::KeptBodies => {
            Some(Completeness::Changes)
        }
    };
    let absent = match proof {
        // Absence says nothing, and looking for it takes as long as the source is large.
        Some(Completeness::Changes) => Vec::new(),
        _ if way == Way::Trial => Vec::new(),
        _ => rooms.state.unseen(&source.id, &had)?,
    };
    let evidence = Evidence {
        source: source.id.clone(),
        proof,
        declared: said.datasets.declared,
        seen: said.distinct,
        seen_all: said.distinct + said.referents.received,
        duplicates: said.datasets.duplicate,
        refused_nameless: said.refused_nameless,
        had: had.datasets,
        of_two_runs: questions.is_of_two_runs(),
        trouble,
        ..Evidence::default()
    };
    let whole = evidence.trouble.is_none();
    let again = match whole {
        true => None,
        // It goes on at the next start.
        false if progress.stopped() => Some(Duration::ZERO),
        false if questions.may_pass => wait(&source.network.limits, before.state.failures_in_row),
        false => None,
    };
    let symptom = match progress.stopped() {
        true => Some(Symptom::Stopped),
        false => questions.symptom.clone(),
    };
    let mut state = after(before, way, &said, questions, whole);
    if way == Way::Source {
        let again = again.and_then(|wait| i64::try_from(wait.as_millis()).ok());
        state.try_again_ms = again.map(|wait| now_ms().saturating_add(wait));
        state.broke_off = again.map(|_| run.to_owned());
    }
    Ok(Gathered {
        lesson: Lesson::of(config, &mut described),
        state,
        symptom,
        had,
        said,
        described,
        evidence,
        absent,
        keeping,
        log: pieces.map(|pieces| pieces.log),
        receipts: None,
    })
}

/// How long the source is left alone before the run is tried again: twice as long after each further failure. None: it
/// waits until it is due.
fn wait(limits: &NetworkLimits, failures_before: u32) -> Option<Duration> {
    let first = limits.run_retry_first_ms;
    let doubled = first.saturating_mul(1 << failures_before.min(32));
    (first > 0).then(|| Duration::from_millis(doubled.min(limits.run_retry_max_ms)))
}

/// The source's state as it will be if the run is committed. `whole`: asking came to its end.
fn after(before: Before, way: Way, said: &Said, questions: Questions, whole: bool) -> SourceState {
    let of_other_settings = before.is_of_other_settings();
    let mut state = before.state;
    if way.redescribes() {
        state.validators.clear();
    } else if way == Way::Source {
        // Of two runs together no bookmark is true: a page of the first may have grown since, behind where the second stands.
        let holds = whole && !questions.is_of_two_runs();
        let bookmark = said.bookmark.clone().filter(|_| holds);
        state.bookmark = bookmark.or(state.bookmark);
        state.validators = questions.new_validators;
        if said.mirrors.is_some() {
            state.listens = said.listens.as_ref().map(url::Url::to_string);
        }
    }
    // Until a run under the new settings has seen everything, asking for changes only would leave the rest as it was.
    if before.lacking || (of_other_settings && !way.redescribes()) {
        state.last_full_ms = None;
    }
    if way != Way::Details {
        state.epoch = before.epoch;
    }
    let wait = questions
        .retry_after
        .and_then(|wait| i64::try_from(wait.as_millis()).ok());
    state.not_before_ms = wait.map(|wait| now_ms().saturating_add(wait));
    state
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut limits = NetworkLimits {
            run_retry_first_ms: 10,
            run_retry_max_ms: 45,
            ..NetworkLimits::default()
        };
        let waits = [0, 1, 2, 3, 4_000_000].map(|failures| wait(&limits, failures));
        assert_eq!(
            waits.map(|w| w.map(|w| w.as_millis())),
            [Some(10), Some(20), Some(40), Some(45), Some(45)]
        );
        limits.run_retry_first_ms = 0;
        assert_eq!(wait(&limits, 3), None);
    }
}
