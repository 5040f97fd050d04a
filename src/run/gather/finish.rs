//! What a run has gathered, added up: the evidence for the gate, and the source's state as it will be. Never commits.

use super::{Before, Gathered, Gathering, Way};
use crate::compare::{Intake, Said};
use crate::gate::Evidence;
use crate::run::{RunError, ask::Questions, now_ms};
use crate::state::SourceState;
use harvestd_harvesters::Completeness;
use harvestd_vocab::Class;

pub(super) fn finish(gathering: Gathering<'_>) -> Result<Gathered, RunError> {
    let Gathering {
        rooms,
        source,
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
    let described = describers.finish().map_err(RunError::io("staging"))?;
    let absent = rooms.state.unseen(&source.id, &had)?;
    let evidence = Evidence {
        source: source.id.clone(),
        proof: match way {
            Way::Source => proved(&said, unframed),
            Way::Details | Way::KeptAnswers | Way::KeptParts => Some(Completeness::Changes),
        },
        declared: said.datasets.declared,
        seen: said.distinct,
        seen_all: said.distinct + said.referents.received,
        duplicates: said.datasets.duplicate,
        refused_nameless: said.refused_nameless,
        had: had.datasets,
        absent: absent.iter().filter(|r| r.class == Class::Dataset).count() as u64,
        trouble,
    };
    let whole = evidence.trouble.is_none();
    Ok(Gathered {
        state: after(before, way, &said, questions, whole),
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

/// The source's state as it will be if the run is committed. `whole`: asking came to its end.
fn after(before: Before, way: Way, said: &Said, questions: Questions, whole: bool) -> SourceState {
    let of_other_settings = before.is_of_other_settings();
    let mut state = before.state;
    if way.redescribes() {
        state.validators.clear();
    } else if way == Way::Source {
        let bookmark = said.bookmark.clone().filter(|_| whole);
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
