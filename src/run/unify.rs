//! After a run's own changes: which records are one dataset now, and what has to be published anew for it.
//!
//! Only the changed records and those around them are compared; where the state cannot say what was, everything is, once.
//! Where one source alone holds datasets nothing is compared at all. Works under the writer's lock, before anything is
//! flushed or published, so that a snapshot never shows half of it. Start at [`unify`].

use super::{RunError, Writer};
use crate::identity::{
    Decision, Features, Link, Linked, Thresholds,
    candidates::{affected, links},
    clusters::{self, Clusters},
    plan::{Situation, plan},
};
use crate::stage::StageFiles;
use crate::state::{Joined, State};
use crate::store::Applied;
use harvestd_vocab::{Class, iris::parse_record_iri};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    let basis = basis(writer);
    let comparison = if trusted {
        Comparison::of_changes(state, writer, changed)?
    } else {
        Comparison::of_everything(writer)?
    };
    let decisions = writer.store.decisions()?;
    let clusters = comparison.settle(state, writer, &decisions)?;
    let applied = restate(writer, &comparison, &clusters, changed)?;
    let joined = Joined {
        datasets: clusters.clusters.len() as u64,
        records: clusters.clusters.iter().map(|c| c.len() as u64).sum(),
        listed: clusters
            .links
            .iter()
            .filter(|l| l.standing.is_open())
            .count() as u64,
    };
    state.trust_identity(&basis, joined)?;
    tell(joined);
    Ok(Unified {
        applied,
        joined: Some(joined),
    })
}

/// Is what the state keeps of identity not as the store is, or made under other rules?
pub fn doubted(state: &State, writer: &Writer) -> Result<bool, RunError> {
    Ok(state.identity_basis()?.is_none_or(|b| b != basis(writer)))
}

/// Takes the state's word that what it keeps of identity is as the store is, before the store is changed. False: it did
/// not give it, or not for these rules.
pub fn doubt(state: &State, writer: &Writer) -> Result<bool, RunError> {
    let doubted = doubted(state, writer)?;
    state.doubt_identity()?;
    Ok(!doubted)
}

/// For the metrics: at start, and after each comparison.
#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
pub fn tell(joined: Joined) {
    metrics::gauge!("harvestd_identity_datasets").set(joined.datasets as f64);
    metrics::gauge!("harvestd_identity_listed").set(joined.listed as f64);
}

/// By which rules is compared and chosen: a change of these has everything looked at once more.
fn basis(writer: &Writer) -> String {
    const FORMAT: u32 = 1;
    let Thresholds {
        merge_min,
        list_min,
    } = writer.thresholds;
    format!("{FORMAT} {merge_min} {list_min} {}", writer.policy.digest())
}

/// All records of datasets, and the links between them.
struct Comparison {
    all: Vec<Features>,
    links: Vec<Link>,
    /// What was linked before, where the state knows.
    before: Option<Vec<Linked>>,
    /// Features that the state does not know yet, by their places.
    new: Vec<usize>,
    gone: Vec<Box<str>>,
}

impl Comparison {
    fn of_everything(writer: &Writer) -> Result<Self, RunError> {
        tracing::info!("every record is compared with every other of another source, once");
        let mut all = writer.store.all_features()?;
        all.sort_unstable_by(|a, b| a.record.cmp(&b.record));
        let links = links(&all, None);
        Ok(Self {
            new: (0..all.len()).collect(),
            all,
            links,
            before: None,
            gone: Vec::new(),
        })
    }

    fn of_changes(state: &State, writer: &Writer, changed: &Changed<'_>) -> Result<Self, RunError> {
        let mut all: BTreeMap<Box<str>, Features> = BTreeMap::new();
        for features in state.features()? {
            all.insert(features.record.clone(), features);
        }
        let mut old = Vec::new();
        let mut gone = Vec::new();
        for record in changed.gone {
            if let Some(features) = all.remove(record.as_str()) {
                gone.push(features.record.clone());
                old.push(features);
            }
        }
        let mut come = BTreeSet::new();
        for features in staged(writer, changed)? {
            let record = features.record.clone();
            match all.insert(record.clone(), features) {
                Some(before) if before == all[&record] => {}
                before => {
                    old.extend(before);
                    come.insert(record);
                }
            }
        }
        let all: Vec<Features> = all.into_values().collect();
        let new: Vec<usize> = (0..all.len())
            .filter(|at| come.contains(&all[*at].record))
            .collect();
        let before = state.links()?;
        let again = |f: &&Features| changed.again.iter().any(|record| *record == *f.record);
        let again = all.iter().filter(again);
        let changed: Vec<&Features> = old
            .iter()
            .chain(new.iter().map(|at| &all[*at]))
            .chain(again)
            .collect();
        let links = links_again(&all, &before, &changed);
        Ok(Self {
            all,
            links,
            before: Some(before),
            new,
            gone,
        })
    }

    /// Clusters, and where each pair stands; the store and the state know of them from now on.
    fn settle(
        &self,
        state: &State,
        writer: &mut Writer,
        decisions: &[Decision],
    ) -> Result<Clusters, RunError> {
        let found = clusters::cluster(&self.all, &self.links, decisions, writer.thresholds);
        let anew = self.before.is_none();
        let key = |l: &Linked| (l.link.a.clone(), l.link.b.clone());
        let before = self.before.as_deref().unwrap_or_default();
        let old: HashMap<_, &Linked> = before.iter().map(|l| (key(l), l)).collect();
        let new: HashMap<_, &Linked> = found.links.iter().map(|l| (key(l), l)).collect();
        let gone = before.iter().filter(|l| new.get(&key(l)) != Some(l));
        let come = found.links.iter().filter(|l| old.get(&key(l)) != Some(l));
        let (gone, come): (Vec<Linked>, Vec<Linked>) =
            (gone.cloned().collect(), come.cloned().collect());
        let known = (!anew).then_some(gone.as_slice());
        writer.store.set_pairs(known, &come)?;
        let records = self.new.iter().map(|at| &self.all[*at]);
        state.set_features(anew, self.gone.iter().map(|r| &**r), records)?;
        state.set_links(anew, gone.iter(), come.iter())?;
        Ok(found)
    }
}

/// The features of the records that were applied.
fn staged(writer: &Writer, changed: &Changed<'_>) -> Result<Vec<Features>, RunError> {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    let mut all = Vec::new();
    for staged in changed.staged.into_iter().flat_map(StageFiles::read) {
        let staged = staged.map_err(RunError::io("reading staged records"))?;
        let base = writer.store.base();
        let Some(name) = parse_record_iri(base, &staged.record) else {
            continue;
        };
        if staged.id.class != Class::Dataset {
            continue;
        }
        let known = std::cell::RefCell::new(&mut names);
        let names_of = |agent: &str| -> Vec<String> {
            let mut known = known.borrow_mut();
            let names = known.entry(agent.to_owned());
            names
                .or_insert_with(|| writer.store.names_of(agent))
                .clone()
        };
        let (record, entity) = (&staged.record, &staged.entity);
        let features = Features::of(&staged.body, record, entity, &name.source, &names_of);
        all.push(features);
    }
    Ok(all)
}

/// Links as they are: those around what changed found again, the others as they were.
fn links_again(all: &[Features], before: &[Linked], changed: &[&Features]) -> Vec<Link> {
    let affected = affected(all, changed);
    let mut touched: HashSet<&str> = changed.iter().map(|f| &*f.record).collect();
    touched.extend(affected.iter().map(|at| &*all[*at as usize].record));
    let kept = before.iter().map(|l| &l.link).filter(|l| {
        // What rests on a decision alone is made again from the decision.
        let found = l.evidence.iter().all(|e| &*e.code != clusters::DECIDED);
        found && !touched.contains(&*l.a) && !touched.contains(&*l.b)
    });
    let mut again: Vec<Link> = kept.cloned().collect();
    again.extend(links(all, Some(&affected)));
    again.sort_by(|l, r| (&l.a, &l.b).cmp(&(&r.a, &r.b)));
    again
}

fn restate(
    writer: &mut Writer,
    comparison: &Comparison,
    clusters: &Clusters,
    changed: &Changed<'_>,
) -> Result<Applied, RunError> {
    let replaced = writer.store.replaced()?;
    let pending = writer.store.pending()?;
    let situation = Situation {
        all: &comparison.all,
        clusters: &clusters.clusters,
        replaced: &replaced,
        pending: &pending,
        before: &changed.before,
        everything: comparison.before.is_none(),
    };
    let policy = writer.policy.clone();
    let rank = |f: &Features| policy.rank(&f.source, &f.entity);
    let speaks = |kept: &str| writer.store.speaks(kept);
    let groups = plan(&situation, &rank, &speaks);
    let mut applied = writer.store.restate(&groups, &policy)?;
    // Datasets of which nothing is left to compare.
    applied.add(&writer.store.restate_pending(&policy)?);
    Ok(applied)
}
