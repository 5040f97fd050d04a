//! After a run's own changes: which records are one dataset now, and what has to be published anew for it.
//!
//! Only the changed records and those around them are compared, by the index of keys in the state ([`relink`]), and only
//! what hangs together with them is looked at ([`settle`]); where the state cannot say what was, everything is, once. Never
//! are the features of all records held. Where one source alone holds datasets nothing is compared at all. Works under the
//! writer's lock, before anything is flushed or published, so that a snapshot never shows half of it. Start at [`unify`].

mod relink;
mod settle;

use super::{RunError, Writer};
use crate::identity::{Decision, Features, Thresholds, clusters};
use crate::stage::{StageFiles, Staged};
use crate::state::{Joined, State, tag};
use crate::store::Applied;
use harvestd_vocab::{Class, iris::parse_record_iri};
use relink::{CHUNK, Change, Pair, Relinked, Relinking};
use settle::{Decisions, Settling};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Instant,
};

/// What may have changed since records were last compared.
#[derive(Default)]
pub struct Changed<'a> {
    /// Records that were applied.
    pub staged: Option<&'a StageFiles>,
    /// IRIs of records that went.
    pub gone: &'a [String],
    /// IRIs of records to look at again, changed or not.
    pub again: &'a [String],
    /// A source that may hold datasets now, whatever the state says yet.
    pub source: Option<&'a str>,
    /// Dataset -> the IRI under which it was published before the decision that is taken back.
    pub before: BTreeMap<String, String>,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unified {
    pub applied: Applied,
    /// None: nothing was compared, since one source alone holds datasets.
    pub joined: Option<Joined>,
}

/// Compares what changed, and publishes anew what has to be. `trusted`: the state said before the changes that what it
/// keeps of identity is as the store was.
pub fn unify(
    state: &State,
    writer: &mut Writer,
    changed: &Changed<'_>,
    trusted: bool,
) -> Result<Unified, RunError> {
    let mut sources: BTreeSet<String> = state.sources_of_datasets()?.into_iter().collect();
    sources.extend(changed.source.map(str::to_owned));
    if sources.len() < 2 && writer.store.replaced()?.is_empty() {
        state.doubt_identity()?;
        let applied = writer.store.restate_pending(&writer.policy)?;
        return Ok(Unified {
            applied,
            joined: None,
        });
    }
    let began = Instant::now();
    let basis = basis(writer);
    let decisions = Decisions::of(writer.store.decisions()?);
    let (applied, joined) = if trusted {
        compare_changes(state, writer, changed, &decisions)?
    } else {
        compare_everything(state, writer, changed, &decisions)?
    };
    state.trust_identity(&basis, joined)?;
    tell(joined);
    metrics::histogram!("harvestd_identity_seconds").record(began.elapsed().as_secs_f64());
    Ok(Unified {
        applied,
        joined: Some(joined),
    })
}

/// Is what the state keeps of identity not as the store is, or made under other rules?
pub fn doubted(state: &State, writer: &Writer) -> Result<bool, RunError> {
    Ok(state.identity_basis()?.is_none_or(|b| b != basis(writer)))
}

/// Takes the state's word that what it keeps of identity is as the store is, before the store is changed: it has to be
/// durable then. False: it did not give it, or not for these rules.
pub fn doubt(state: &State, writer: &Writer) -> Result<bool, RunError> {
    let doubted = doubted(state, writer)?;
    state.doubt_identity()?;
    Ok(!doubted)
}

/// For the metrics: at start, and after each comparison.
#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
pub fn tell(joined: Joined) {
    metrics::gauge!("harvestd_identity_datasets").set(joined.datasets as f64);
    metrics::gauge!("harvestd_identity_listed_pairs").set(joined.listed as f64);
}

/// By which rules is compared and chosen: a change of these has everything looked at once more.
fn basis(writer: &Writer) -> String {
    const FORMAT: u32 = 3;
    let Thresholds {
        merge_min,
        list_min,
    } = writer.thresholds;
    format!("{FORMAT} {merge_min} {list_min} {}", writer.policy.digest())
}

/// Puts every record in the state anew, compares each with those that share a key with it, and looks at every dataset
/// that is linked, decided of, or published with another.
fn compare_everything(
    state: &State,
    writer: &mut Writer,
    changed: &Changed<'_>,
    decisions: &Decisions,
) -> Result<(Applied, Joined), RunError> {
    tracing::info!("every record is compared with every other of another source, once");
    let all = writer.store.all_features();
    state.fill_identity(all.map(|features| features.map_err(RunError::from)))?;
    let joins = joins(decisions);
    Relinking::new(state, &joins, writer.thresholds.list_min).link_all()?;
    let replaced = writer.store.replaced()?;
    let mut settling = Settling::new(state, writer, decisions, &changed.before)?;
    for kept in state.links()? {
        let link = kept?.link;
        settling.take_in_record(&link.a)?;
        settling.take_in_record(&link.b)?;
    }
    for decision in decisions.joins() {
        settling.take_in_record(&decision.a)?;
        settling.take_in_record(&decision.b)?;
    }
    for entity in replaced.keys() {
        settling.take_in(entity)?;
    }
    for entity in settling.pending.clone() {
        settling.take_in(&entity)?;
    }
    let (applied, joined) = settling.end()?;
    let mut stale = Vec::new();
    for pair in writer.store.pairs() {
        let (a, b) = pair?;
        if !state.is_linked(&a, &b)? {
            stale.push((a, b));
        }
    }
    writer.store.set_pairs(&stale, &[])?;
    Ok((applied, joined))
}

fn compare_changes(
    state: &State,
    writer: &mut Writer,
    changed: &Changed<'_>,
    decisions: &Decisions,
) -> Result<(Applied, Joined), RunError> {
    let Relinked { entities, before } = relink(state, writer, changed, decisions)?;
    let joined = state.joined()?.unwrap_or_default();
    let mut settling = Settling::new(state, writer, decisions, &changed.before)?;
    settling.before = Some(before);
    settling.joined = joined;
    for record in changed.gone.iter().chain(changed.again) {
        settling.take_in_record(record)?;
    }
    let pending = settling.pending.clone();
    let entities = entities.iter().map(AsRef::as_ref);
    for entity in entities.chain(pending.iter().map(String::as_str)) {
        settling.take_in(entity)?;
    }
    settling.end()
}

/// Takes the changes into the state, and finds the links again that change with them.
fn relink(
    state: &State,
    writer: &Writer,
    changed: &Changed<'_>,
    decisions: &Decisions,
) -> Result<Relinked, RunError> {
    let joins = joins(decisions);
    let mut relinking = Relinking::new(state, &joins, writer.thresholds.list_min);
    let mut chunk = Vec::new();
    for record in changed.gone {
        if let Some(was) = state.features_of(tag(record))? {
            let was = Some(was);
            chunk.push(Change { was, is: None });
        }
        if chunk.len() >= CHUNK {
            relinking.change(std::mem::take(&mut chunk))?;
        }
    }
    relinking.change(std::mem::take(&mut chunk))?;
    let mut names = HashMap::new();
    for staged in changed.staged.into_iter().flat_map(StageFiles::read) {
        let staged = staged.map_err(RunError::io("reading staged records"))?;
        let Some(is) = features(writer, &staged, &mut names) else {
            continue;
        };
        let was = state.features_of(tag(&is.record))?;
        if was.as_ref() == Some(&is) {
            continue;
        }
        let is = Some(is);
        chunk.push(Change { was, is });
        if chunk.len() >= CHUNK {
            relinking.change(std::mem::take(&mut chunk))?;
        }
    }
    relinking.change(chunk)?;
    let mut again = BTreeMap::new();
    for record in changed.again {
        if let Some(features) = state.features_of(tag(record))? {
            again.insert(tag(record), features);
        }
    }
    relinking.link(&again)?;
    Ok(relinking.ended())
}

/// Pairs that a person joined.
fn joins(decisions: &Decisions) -> HashSet<Pair> {
    let pair = |d: &Decision| (d.a.as_str().into(), d.b.as_str().into());
    decisions.joins().map(pair).collect()
}

/// The features of a record that was applied, if it is one of a dataset. `names` are those of agents that are records of
/// their own.
fn features(
    writer: &Writer,
    staged: &Staged,
    names: &mut HashMap<String, Vec<String>>,
) -> Option<Features> {
    let name = parse_record_iri(writer.store.base(), &staged.record)?;
    if staged.id.class != Class::Dataset {
        return None;
    }
    let names = RefCell::new(names);
    let names_of = |agent: &str| -> Vec<String> {
        let mut names = names.borrow_mut();
        let known = names.entry(agent.to_owned());
        known
            .or_insert_with(|| writer.store.names_of(agent))
            .clone()
    };
    let Staged {
        body,
        record,
        entity,
        ..
    } = staged;
    Some(Features::of(body, record, entity, &name.source, &names_of))
}
