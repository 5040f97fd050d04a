//! Corrections by hand, in the store: which datasets have been corrected, how each correction stands, and the graph that
//! says who made it, when and why.
//!
//! What a correction does to a description is [`crate::overrides`]; how it comes to be published is `restate.rs`. Start at
//! [`Store::lay`].

use super::applied::Applied;
use super::batch::Batch;
use super::place::{Corrections, Policy, Publication};
use super::{Store, StoreError};
use crate::overrides::{self, Override, Overrides, Standings, absent, apply};
use harvestd_vocab::terms::oa;
use oxigraph::model::{GraphNameRef, Quad, Term};
use std::collections::{BTreeMap, BTreeSet};

impl Corrections for Overrides {
    fn concern(&self, iri: &str) -> bool {
        !self.of(iri).is_empty()
    }

    fn correct(&self, published: &Publication<'_>, body: String) -> String {
        let mut names: BTreeSet<&str> = published.entities.iter().map(String::as_str).collect();
        names.insert(published.kept);
        let all: Vec<&Override> = names.iter().flat_map(|name| self.of(name)).collect();
        apply(&all, &body, published.kept, published.record).body
    }
}

impl Store {
    /// Publishes what these corrections make of what was harvested, and takes back what earlier ones made of it. The
    /// policy has the corrections already. Where nothing changes, nothing is written.
    pub fn lay(&mut self, overrides: &Overrides, policy: &Policy) -> Result<Applied, StoreError> {
        let mut entities = self.corrected()?;
        entities.extend(overrides.entities().map(str::to_owned));
        self.restate_entities(entities.iter().map(String::as_str), policy)
    }

    /// How each correction stands to what is held now. The graph of corrections says the same afterwards.
    pub fn review(&mut self, overrides: &Overrides) -> Result<Standings, StoreError> {
        let standings = self.standings(overrides)?;
        let said = overrides.iter().filter_map(|o| {
            let standing = standings.get(&o.id())?;
            Some(overrides::quads(&self.base, o, standing))
        });
        let wanted: BTreeSet<String> = said.flatten().map(|quad| quad.to_string()).collect();
        let mut batch = Batch::default();
        let mut there = BTreeSet::new();
        for quad in self.corrections_said() {
            let quad = quad?;
            let text = quad.to_string();
            if !wanted.contains(&text) {
                batch.gone.push(quad);
            }
            there.insert(text);
        }
        for o in overrides.iter() {
            let Some(standing) = standings.get(&o.id()) else {
                continue;
            };
            let quads = overrides::quads(&self.base, o, standing);
            let new = quads
                .into_iter()
                .filter(|q| !there.contains(&q.to_string()));
            batch.come.extend(new);
        }
        if wanted.is_empty() && !there.is_empty() {
            batch.emptied.push(overrides::graph(&self.base));
        }
        if !batch.gone.is_empty() || !batch.come.is_empty() {
            self.commit(batch)?;
        }
        Ok(standings)
    }

    /// How those of these corrections stand that are in force, by the graph of corrections. Writes nothing.
    pub fn in_force(&self, overrides: &Overrides) -> Result<Standings, StoreError> {
        let mut said = BTreeSet::new();
        for quad in self.corrections_said() {
            said.insert(quad?.subject.to_string());
        }
        let mut standings = self.standings(overrides)?;
        standings.retain(|id, _| said.contains(&format!("<{}override/{id}>", self.base)));
        Ok(standings)
    }

    /// How corrections stand, whether they are in force or not. Writes nothing.
    pub fn standings(&self, overrides: &Overrides) -> Result<Standings, StoreError> {
        let mut by_kept: BTreeMap<String, Vec<&Override>> = BTreeMap::new();
        let mut standings = Standings::new();
        for entity in overrides.entities() {
            let kept = self.published_as(entity)?;
            if kept == entity || !self.records_of(entity)?.is_empty() {
                by_kept
                    .entry(kept)
                    .or_default()
                    .extend(overrides.of(entity));
            } else {
                standings.extend(overrides.of(entity).iter().map(|o| (o.id(), absent(o))));
            }
        }
        for (kept, all) in by_kept {
            let found = match self.speaker(&kept)? {
                Some(speaker) => {
                    let body = self.harvested(&speaker)?;
                    let (entity, record) = (speaker.entity.as_str(), speaker.record.as_str());
                    apply(&all, &body, entity, record).standings
                }
                None => all.iter().map(|o| absent(o)).collect(),
            };
            standings.extend(found.into_iter().map(|s| (s.id.clone(), s)));
        }
        Ok(standings)
    }

    /// The datasets that the graph of corrections knows.
    fn corrected(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut entities = BTreeSet::new();
        for quad in self.corrections_said() {
            let quad = quad?;
            if let Term::NamedNode(entity) = quad.object
                && quad.predicate == oa::HAS_TARGET
            {
                entities.insert(entity.into_string());
            }
        }
        Ok(entities)
    }

    fn corrections_said(&self) -> impl Iterator<Item = Result<Quad, StoreError>> + use<> {
        let graph = overrides::graph(&self.base);
        let graph = GraphNameRef::NamedNode(graph.as_ref());
        self.quads
            .quads_for_pattern(None, None, None, Some(graph))
            .map(|quad| quad.map_err(StoreError::storage("reading the graph of corrections")))
    }
}
