//! Clusters as they should be, and datasets as they are published -> what has to be stated anew, and under which IRI.
//!
//! A dataset keeps the IRI under which it is published. Where several become one: the one of the cluster that is there
//! already, else the winner's own. Where one becomes several: whoever has it from its source keeps it, and the others
//! go by their winners' own. Start at [`plan`].

use super::{Features, clusters};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One dataset as it should be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The IRI under which it is published.
    pub kept: String,
    /// The IRIs that its sources give it.
    pub entities: BTreeSet<String>,
    /// The record that speaks for it; None where the store's own rule is enough.
    pub winner: Option<String>,
}

/// How things are, and what is known.
pub struct Situation<'a> {
    pub all: &'a [Features],
    /// Datasets that are one, by the IRIs of their sources.
    pub clusters: &'a [BTreeSet<Box<str>>],
    /// IRI that is published no more -> the one that replaces it.
    pub replaced: &'a BTreeMap<String, String>,
    /// Datasets that have to be stated anew, whether they move or not.
    pub pending: &'a BTreeSet<String>,
    /// Dataset -> the IRI under which it was published before something was decided that is taken back now.
    pub before: &'a BTreeMap<String, String>,
    /// State everything anew that is more than one record.
    pub everything: bool,
}

/// What has to be stated anew: closed sets of datasets, which change together. `rank` is that of a record's source, and
/// `speaks` the dataset whose record speaks now for what is published under an IRI.
pub fn plan<R: Ord>(
    situation: &Situation<'_>,
    rank: &dyn Fn(&Features) -> R,
    speaks: &dyn Fn(&str) -> Option<String>,
) -> Vec<Vec<Group>> {
    let mut by_entity: HashMap<&str, Vec<&Features>> = HashMap::new();
    let named = Sets::of(situation);
    for features in situation.all {
        if named.knows(&features.entity) {
            by_entity
                .entry(&features.entity)
                .or_default()
                .push(features);
        }
    }
    let clusters = situation.clusters.iter().enumerate();
    let planner = Planner {
        situation,
        by_entity,
        clusters: clusters
            .flat_map(|(at, c)| c.iter().map(move |entity| (&**entity, at)))
            .collect(),
        replacing: situation.replaced.values().map(String::as_str).collect(),
        rank,
        speaks,
    };
    let sets = named.sets();
    sets.iter().filter_map(|set| planner.plan(set)).collect()
}

struct Planner<'a, R> {
    situation: &'a Situation<'a>,
    by_entity: HashMap<&'a str, Vec<&'a Features>>,
    /// Dataset -> its cluster's place.
    clusters: HashMap<&'a str, usize>,
    /// The IRIs by which others are replaced.
    replacing: HashSet<&'a str>,
    rank: &'a dyn Fn(&Features) -> R,
    speaks: &'a dyn Fn(&str) -> Option<String>,
}

impl<R: Ord> Planner<'_, R> {
    /// The groups of a closed set, unless all is as it should be.
    fn plan(&self, set: &BTreeSet<&str>) -> Option<Vec<Group>> {
        let groups = self.groups(set);
        let kept: BTreeSet<&str> = groups
            .iter()
            .flatten()
            .map(|e| self.published_as(e))
            .collect();
        let pending = set.iter().any(|iri| self.situation.pending.contains(*iri));
        let as_it_is = kept.len() == groups.len()
            && groups.iter().all(|group| {
                let mut kept = group.iter().map(|e| self.published_as(e));
                let first = kept.next();
                kept.all(|k| Some(k) == first)
            });
        let single = groups.iter().all(|g| g.len() == 1) && kept.iter().all(|k| self.is_present(k));
        let leave = as_it_is && !pending && (single || !self.situation.everything);
        if leave || groups.is_empty() {
            return None;
        }
        let awarded = self.award(&groups, &kept);
        let groups = groups.iter().enumerate().map(|(at, entities)| {
            let winner = self.winner(entities);
            let free = awarded.iter().filter(|(_, to)| **to == at).map(|(k, _)| *k);
            let free: BTreeSet<&str> = free.collect();
            Group {
                kept: self.kept(entities, &free, winner).to_owned(),
                entities: entities.iter().map(|e| (*e).to_owned()).collect(),
                winner: winner
                    .filter(|_| entities.len() > 1)
                    .map(|w| w.record.to_string()),
            }
        });
        Some(groups.collect())
    }

    /// The datasets of a set that are there: those that are one together, the others each alone.
    fn groups<'s>(&self, set: &BTreeSet<&'s str>) -> Vec<BTreeSet<&'s str>> {
        let mut groups: BTreeMap<(Option<usize>, &str), BTreeSet<&str>> = BTreeMap::new();
        for entity in set.iter().copied().filter(|e| self.is_present(e)) {
            let cluster = self.clusters.get(entity).copied();
            let alone = if cluster.is_some() { "" } else { entity };
            groups.entry((cluster, alone)).or_default().insert(entity);
        }
        groups.into_values().collect()
    }

    fn is_present(&self, entity: &str) -> bool {
        self.by_entity.contains_key(entity)
    }

    fn published_as<'s>(&'s self, entity: &'s str) -> &'s str {
        let kept = self.situation.replaced.get(entity);
        kept.map_or(entity, String::as_str)
    }

    /// Which group has a right to which IRI of those published now.
    fn award<'k>(
        &self,
        groups: &[BTreeSet<&str>],
        kept: &BTreeSet<&'k str>,
    ) -> BTreeMap<&'k str, usize> {
        let has = |entity: &str| groups.iter().position(|g| g.contains(entity));
        let mut awarded = BTreeMap::new();
        for k in kept {
            let own = has(k);
            let speaker = || (self.speaks)(k).and_then(|entity| has(&entity));
            let any = || {
                groups
                    .iter()
                    .position(|g| g.iter().any(|e| self.published_as(e) == *k))
            };
            if let Some(at) = own.or_else(speaker).or_else(any) {
                awarded.insert(*k, at);
            }
        }
        awarded
    }

    /// The IRI of a group; `free` are those published now that it has a right to.
    fn kept<'k>(
        &'k self,
        entities: &BTreeSet<&'k str>,
        free: &BTreeSet<&'k str>,
        winner: Option<&'k Features>,
    ) -> &'k str {
        let before = entities
            .iter()
            .filter_map(|entity| self.situation.before.get(*entity))
            .map(String::as_str)
            .find(|kept| entities.contains(kept) || free.contains(kept));
        if let Some(before) = before {
            return before;
        }
        let own = winner.map(|w| &*w.entity);
        let own = own
            .or_else(|| entities.first().copied())
            .unwrap_or_default();
        let there: BTreeSet<&str> = free
            .iter()
            .copied()
            .filter(|k| self.replacing.contains(k))
            .collect();
        let winners = there.get(self.published_as(own)).or_else(|| there.first());
        winners.copied().unwrap_or(own)
    }

    fn winner<'s>(&'s self, entities: &BTreeSet<&str>) -> Option<&'s Features> {
        let records = entities.iter().filter_map(|e| self.by_entity.get(e));
        let records: Vec<&Features> = records.flatten().copied().collect();
        clusters::winner(&records, self.rank).map(|at| records[at])
    }
}

/// Sets of IRIs that belong together, before or after.
struct Sets<'a> {
    at: BTreeMap<&'a str, usize>,
    above: Vec<usize>,
}

impl<'a> Sets<'a> {
    fn of(situation: &Situation<'a>) -> Self {
        let mut sets = Self {
            at: BTreeMap::new(),
            above: Vec::new(),
        };
        for cluster in situation.clusters {
            let mut entities = cluster.iter();
            if let Some(first) = entities.next() {
                entities.for_each(|entity| sets.unite(first, entity));
            }
        }
        for (gone, kept) in situation.replaced {
            sets.unite(gone, kept);
        }
        for entity in situation.pending {
            sets.unite(entity, entity);
        }
        sets
    }

    fn knows(&self, iri: &str) -> bool {
        self.at.contains_key(iri)
    }

    fn place(&mut self, iri: &'a str) -> usize {
        let next = self.above.len();
        let at = *self.at.entry(iri).or_insert(next);
        if at == next {
            self.above.push(next);
        }
        at
    }

    fn top(&self, mut at: usize) -> usize {
        while self.above[at] != at {
            at = self.above[at];
        }
        at
    }

    fn unite(&mut self, a: &'a str, b: &'a str) {
        let (a, b) = (self.place(a), self.place(b));
        let (a, b) = (self.top(a), self.top(b));
        self.above[b.max(a)] = a.min(b);
    }

    fn sets(&self) -> Vec<BTreeSet<&'a str>> {
        let mut by_top: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (iri, at) in &self.at {
            by_top.entry(self.top(*at)).or_default().insert(*iri);
        }
        by_top.into_values().collect()
    }
}
