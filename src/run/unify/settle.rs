//! From links to what is published: whatever hangs together with a dataset, before or after, is looked at as a whole and
//! by itself, and stated anew where it is published otherwise than it should be.
//!
//! Two datasets hang together by a link that may make them one, by what a person joined, or by one being published as the
//! other. Nothing outside can change what becomes of them, so the outcome is that of looking at everything. Holds some
//! hundred datasets at a time. Start at [`Settling::take_in`].

use super::{
    RunError, Writer,
    clusters::{self, Clusters},
    relink::{Pair, is_decided, pair},
};
use crate::identity::{
    Decision, Features, Link, Linked, Verdict,
    plan::{Situation, plan},
};
use crate::state::{Joined, KeptLink, State, tag};
use crate::store::Applied;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Datasets that are looked at together; what hangs together is never torn apart for it.
const DATASETS_ENOUGH: usize = 256;

/// What people decided, by each of the two records.
pub struct Decisions {
    all: Vec<Decision>,
    by_record: HashMap<String, Vec<usize>>,
}

impl Decisions {
    pub fn of(all: Vec<Decision>) -> Self {
        let mut by_record: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, decision) in all.iter().enumerate() {
            for record in [&decision.a, &decision.b] {
                by_record.entry(record.clone()).or_default().push(at);
            }
        }
        Self { all, by_record }
    }

    pub fn joins(&self) -> impl Iterator<Item = &Decision> {
        self.all.iter().filter(|d| d.verdict == Verdict::Join)
    }

    fn of_record(&self, record: &str) -> impl Iterator<Item = usize> {
        self.by_record.get(record).into_iter().flatten().copied()
    }
}

/// What is looked at, dataset by dataset.
pub struct Settling<'a> {
    pub state: &'a State,
    pub writer: &'a mut Writer,
    pub decisions: &'a Decisions,
    /// Dataset -> the IRI under which it was published before the decision that is taken back.
    pub published_before: &'a BTreeMap<String, String>,
    /// Datasets that have to be stated anew, whatever else.
    pub pending: BTreeSet<String>,
    /// Links that changed, as they were. None: nothing is known of before, and everything is stated anew.
    pub before: Option<HashMap<Pair, Option<Linked>>>,
    pub joined: Joined,
    pub applied: Applied,
    seen: HashSet<[u8; 12]>,
    region: Region,
}

/// Datasets that hang together, and all that bears on them.
#[derive(Default)]
struct Region {
    /// IRIs, whether there is a record of them or not.
    entities: BTreeSet<String>,
    records: BTreeMap<Box<str>, Features>,
    /// Records that are away, of which something was decided.
    away: BTreeSet<String>,
    links: BTreeMap<Pair, KeptLink>,
    replaced: BTreeMap<String, String>,
}

impl<'a> Settling<'a> {
    pub fn new(
        state: &'a State,
        writer: &'a mut Writer,
        decisions: &'a Decisions,
        published_before: &'a BTreeMap<String, String>,
    ) -> Result<Self, RunError> {
        Ok(Self {
            state,
            pending: writer.store.pending()?,
            writer,
            decisions,
            published_before,
            before: None,
            joined: Joined::default(),
            applied: Applied::default(),
            seen: HashSet::new(),
            region: Region::default(),
        })
    }

    /// Takes in a dataset and whatever hangs together with it.
    pub fn take_in(&mut self, entity: &str) -> Result<(), RunError> {
        let mut queue = vec![entity.to_owned()];
        while let Some(entity) = queue.pop() {
            if !self.seen.insert(tag(&entity)) {
                continue;
            }
            for features in self.state.features_about(&entity)? {
                self.linked_with(&features.record, &mut queue)?;
                let record = features.record.clone();
                self.region.records.insert(record, features);
            }
            self.published_with(&entity, &mut queue)?;
            self.region.entities.insert(entity);
        }
        if self.region.entities.len() >= DATASETS_ENOUGH {
            self.conclude()?;
        }
        Ok(())
    }

    /// Takes in a record of which something was decided, there or not, and the dataset that it is about.
    pub fn take_in_record(&mut self, record: &str) -> Result<(), RunError> {
        if let Some(features) = self.state.features_of(tag(record))? {
            return self.take_in(&features.entity);
        }
        let mut others = Vec::new();
        self.linked_with(record, &mut others)?;
        self.region.away.insert(record.to_owned());
        others.iter().try_for_each(|other| self.take_in(other))
    }

    /// The links of a record; and the datasets that may be one with its own by them, or by what a person said.
    fn linked_with(&mut self, record: &str, queue: &mut Vec<String>) -> Result<(), RunError> {
        let mut others: Vec<Box<str>> = Vec::new();
        for kept in self.state.links_of(record)? {
            let Link { a, b, score, .. } = &kept.link;
            if *score >= self.writer.thresholds.merge_min {
                others.push(if **a == *record { b.clone() } else { a.clone() });
            }
            self.region.links.insert(pair(&kept.link), kept);
        }
        for at in self.decisions.of_record(record) {
            let Decision { verdict, a, b, .. } = &self.decisions.all[at];
            if *verdict == Verdict::Join {
                others.push(if *a == *record { b } else { a }.as_str().into());
            }
        }
        for other in others {
            let features = self.state.features_of(tag(&other))?;
            queue.extend(features.map(|f| f.entity.into_string()));
        }
        Ok(())
    }

    fn published_with(&mut self, entity: &str, queue: &mut Vec<String>) -> Result<(), RunError> {
        let store = &self.writer.store;
        let kept = store.published_as(entity)?;
        let mut pairs = Vec::new();
        if kept != entity {
            pairs.push((entity.to_owned(), kept));
        }
        let gone = store.replaced_by(entity)?;
        pairs.extend(gone.into_iter().map(|gone| (gone, entity.to_owned())));
        for (gone, kept) in pairs {
            queue.extend([gone.clone(), kept.clone()]);
            self.region.replaced.insert(gone, kept);
        }
        Ok(())
    }

    /// What was taken in becomes what it should be: clusters, links where each stands, and what is published.
    pub fn conclude(&mut self) -> Result<(), RunError> {
        let Region {
            entities,
            records,
            away,
            links,
            replaced,
        } = std::mem::take(&mut self.region);
        let decisions = self.decided_of(&records, &away);
        let all: Vec<Features> = records.into_values().collect();
        let compared = links.values().map(|kept| &kept.link);
        let compared: Vec<Link> = compared.filter(|l| !is_decided(l)).cloned().collect();
        let thresholds = self.writer.thresholds;
        let found = clusters::cluster(&all, &compared, &decisions, thresholds);
        self.keep(links, &found.links)?;
        self.count(&entities, &found)?;
        let pending = self.pending.intersection(&entities).cloned().collect();
        let situation = Situation {
            all: &all,
            clusters: &found.clusters,
            replaced: &replaced,
            pending: &pending,
            before: self.published_before,
            everything: self.before.is_none(),
        };
        self.restate(&situation)
    }

    fn decided_of(
        &self,
        records: &BTreeMap<Box<str>, Features>,
        away: &BTreeSet<String>,
    ) -> Vec<Decision> {
        let records = records.keys().map(AsRef::as_ref);
        let records = records.chain(away.iter().map(String::as_str));
        let at: BTreeSet<usize> = records.flat_map(|r| self.decisions.of_record(r)).collect();
        at.into_iter()
            .map(|at| self.decisions.all[at].clone())
            .collect()
    }

    /// The store and the state know of these links from now on, and of no others of the region.
    fn keep(
        &mut self,
        mut links: BTreeMap<Pair, KeptLink>,
        found: &[Linked],
    ) -> Result<(), RunError> {
        let mut come = Vec::new();
        for linked in found {
            let pair = pair(&linked.link);
            let kept = links.remove(&pair);
            let now = KeptLink {
                link: linked.link.clone(),
                standing: Some(linked.standing),
            };
            if kept.as_ref() != Some(&now) {
                self.state.set_link(&now)?;
            }
            let was = self.was(&pair, kept);
            self.list(was.as_ref(), Some(linked));
            if was.as_ref() != Some(linked) {
                come.push(linked.clone());
            }
        }
        let mut gone = Vec::new();
        for (pair, kept) in links {
            self.state.remove_link(&pair.0, &pair.1)?;
            let was = self.was(&pair, Some(kept));
            self.list(was.as_ref(), None);
            gone.push(pair);
        }
        Ok(self.writer.store.set_pairs(&gone, &come)?)
    }

    /// The link as it was before anything changed.
    fn was(&mut self, pair: &Pair, kept: Option<KeptLink>) -> Option<Linked> {
        let noted = self.before.as_mut().and_then(|before| before.remove(pair));
        noted.unwrap_or_else(|| kept.and_then(KeptLink::placed))
    }

    fn list(&mut self, was: Option<&Linked>, is: Option<&Linked>) {
        let open = |l: Option<&Linked>| u64::from(l.is_some_and(|l| l.standing.is_open()));
        let listed = &mut self.joined.listed;
        *listed = (*listed + open(is)).saturating_sub(open(was));
    }

    fn count(&mut self, entities: &BTreeSet<String>, found: &Clusters) -> Result<(), RunError> {
        let clusters = found.clusters.iter();
        let one: HashMap<&str, bool> = clusters
            .flat_map(|c| c.iter().enumerate().map(|(n, entity)| (&**entity, n == 0)))
            .collect();
        for entity in entities {
            let was = self.state.is_one(entity)?;
            let is = one.get(entity.as_str()).copied();
            if was == is {
                continue;
            }
            self.state.set_one(entity, is)?;
            let Joined {
                datasets, records, ..
            } = &mut self.joined;
            let counts = |one: Option<bool>| u64::from(one == Some(true));
            let is_in = |one: Option<bool>| u64::from(one.is_some());
            *datasets = (*datasets + counts(is)).saturating_sub(counts(was));
            *records = (*records + is_in(is)).saturating_sub(is_in(was));
        }
        Ok(())
    }

    fn restate(&mut self, situation: &Situation<'_>) -> Result<(), RunError> {
        let policy = self.writer.policy.clone();
        let store = &mut self.writer.store;
        let rank = |f: &Features| policy.rank(&f.source, &f.entity);
        let groups = plan(situation, &rank, &|kept: &str| store.speaks(kept));
        if !groups.is_empty() {
            self.applied.add(&store.restate(&groups, &policy)?);
        }
        Ok(())
    }

    /// The same for the last that were taken in, for links of which nothing is left, and for datasets of which there is
    /// nothing to compare.
    pub fn end(mut self) -> Result<(Applied, Joined), RunError> {
        self.conclude()?;
        let mut gone = Vec::new();
        for (pair, was) in self.before.take().into_iter().flatten() {
            if was.is_some() {
                self.list(was.as_ref(), None);
                gone.push(pair);
            }
        }
        self.writer.store.set_pairs(&gone, &[])?;
        let policy = self.writer.policy.clone();
        self.applied
            .add(&self.writer.store.restate_pending(&policy)?);
        Ok((self.applied, self.joined))
    }
}
