//! What a run, a start and a new configuration do about corrections by hand: lay them, look how they stand, and tell what
//! a person should know.
//!
//! Start at [`lay`].

use super::{RunError, Writer};
use crate::overrides::{Override, Overrides, Standing, Standings, State};
use crate::store::Applied;
use harvestd_vocab::terms::prefixed;
use std::sync::Arc;

/// Puts these corrections in force instead of those before: publishes what changes by it, and nothing else. On an error
/// the ones before stay in force.
pub(crate) fn lay(writer: &mut Writer, overrides: &Arc<Overrides>) -> Result<Applied, RunError> {
    let applied = writer.store.lay(overrides, &writer.policy)?;
    let before = std::mem::replace(&mut writer.overrides, overrides.clone());
    if let Err(error) = look(writer) {
        writer.overrides = before;
        return Err(error);
    }
    Ok(applied)
}

/// The same as [`review`], told in the log: where no run's report could tell it.
pub(crate) fn look(writer: &mut Writer) -> Result<(), RunError> {
    for (code, text) in review(writer)? {
        tracing::warn!(code, "{text}");
    }
    Ok(())
}

/// Looks how each correction stands after a change, and gives what is new about it: code and text.
pub(crate) fn review(writer: &mut Writer) -> Result<Vec<(String, String)>, RunError> {
    let now = writer.store.review(&writer.overrides)?;
    let before = writer.standings.borrow().clone();
    let overrides = writer.overrides.iter();
    let told = overrides.filter_map(|o| tell(o, &before, now.get(&o.id())?));
    let told = told.collect();
    writer.standings.send_replace(Arc::new(now));
    Ok(told)
}

/// What is worth telling once: drifted, without a place, to be removed, or without its dataset.
fn tell(of: &Override, before: &Standings, now: &Standing) -> Option<(String, String)> {
    let was = before.get(&now.id);
    if was.is_some_and(|was| was.state == now.state && was.found == now.found) {
        return None;
    }
    let values = |values: &[String]| match values {
        [] => "nothing".to_owned(),
        values => values.join(", "),
    };
    let said = match now.state {
        State::Applied => return None,
        State::Drifted => format!(
            "expected {}, found {}; {} is published all the same",
            values(&now.expected),
            values(&now.found),
            values(&now.published)
        ),
        State::Fulfilled => "the source says so by now: the correction can be removed".to_owned(),
        State::Unplaced => now.note.clone().unwrap_or_default(),
        State::Absent => "no such dataset is held; the correction waits for it".to_owned(),
    };
    let draft = of.draft();
    let property = draft
        .property
        .as_deref()
        .map_or("a distribution".to_owned(), prefixed);
    let text = format!("{}: {property}: {said} ({})", draft.dataset, of.at());
    Some((format!("override-{}", now.state.word()), text))
}
