//! What is published of datasets that several records are about, or that people correct: stated anew as one.
//!
//! The one function behind joins, splits, changes of winner, deletions within a dataset, and corrections. Published is
//! the winner's body under the kept IRI, with the links of the others, corrected; the words of every record stay in its
//! own graph. Start at [`Store::restate`].

use super::ahead::Ahead;
use super::applied::Applied;
use super::apply::Applying;
use super::batch::Batch;
use super::lines::{difference, joined, quads};
use super::place::{Placed, Policy, Publication};
use super::project::{ALTERNATE_OF, memberships, renamings, sorted, under};
use super::{Store, StoreError};
use crate::identity::plan::Group;
use crate::log::Verb;
use oxigraph::model::GraphName;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

impl Store {
    /// Publishes datasets as they are told, each element of `all` in one transaction with others. An element is closed:
    /// whatever is published together with one of its entities, before or after, is in it.
    pub fn restate(&mut self, all: &[Vec<Group>], policy: &Policy) -> Result<Applied, StoreError> {
        let mut applying = Applying::new(self, policy);
        for groups in all {
            applying.restate(groups, None)?;
            applying.commit_if_full()?;
        }
        applying.commit()?;
        Ok(applying.applied)
    }

    /// The same for what these entities are published as, as it stands: after a change of corrections.
    pub fn restate_entities<'e>(
        &mut self,
        entities: impl IntoIterator<Item = &'e str>,
        policy: &Policy,
    ) -> Result<Applied, StoreError> {
        let mut kept = BTreeSet::new();
        for entity in entities {
            kept.insert(self.published_as(entity)?);
        }
        // What is another's is published as it is.
        let mut own = BTreeSet::new();
        for kept in kept {
            if self
                .speaker(&kept)?
                .is_none_or(|speaker| speaker.origin.is_none())
            {
                own.insert(kept);
            }
        }
        let groups = own.iter().map(|kept| Ok(vec![self.group_of(kept)?]));
        let groups = groups.collect::<Result<Vec<_>, StoreError>>()?;
        self.restate(&groups, policy)
    }

    /// The same for what the last changes left to be stated anew.
    pub fn restate_pending(&mut self, policy: &Policy) -> Result<Applied, StoreError> {
        let pending = self.pending()?;
        self.restate_entities(pending.iter().map(String::as_str), policy)
    }
}

/// A record of a dataset, with its words.
struct Member {
    placed: Placed,
    body: String,
}

impl<'a> Applying<'a> {
    pub(super) fn new(store: &'a mut Store, policy: &'a Policy) -> Self {
        Self {
            store,
            policy,
            dry: false,
            run: None,
            was: None,
            batch: Batch::default(),
            claimed: HashMap::new(),
            applied: Applied::default(),
            told: None,
            at_once: None,
            waits_on: HashSet::new(),
            ahead: Ahead::default(),
            commits: 0,
        }
    }

    /// A record of a dataset that is more than it goes. Where it is the one that speaks, another one speaks at once;
    /// else the dataset is stated anew with the run's other changes.
    pub(super) fn remove_from(&mut self, kept: &str, placed: &Placed) -> Result<(), StoreError> {
        if placed.wins() {
            let mut group = self.store.group_of(kept)?;
            group.entities.insert(placed.entity.as_str().to_owned());
            return self.restate(&[group], Some(placed.record.as_str()));
        }
        let entity = placed.entity.as_str();
        self.batch.come.push(self.store.pending_quad(entity));
        self.batch.touched.insert(entity.to_owned());
        self.empty(placed)
    }

    /// Publishes a closed set of datasets anew, without the record that is about to go.
    pub(super) fn restate(
        &mut self,
        groups: &[Group],
        without: Option<&str>,
    ) -> Result<(), StoreError> {
        let named: BTreeSet<&str> = groups
            .iter()
            .flat_map(|g| g.entities.iter().chain([&g.kept]))
            .map(String::as_str)
            .collect();
        for iri in &named {
            self.settle(iri)?;
        }
        let was = self.shown(&named)?;
        for kept in was.keys() {
            self.settle(kept)?;
        }
        let own = |iri: &str| named.contains(iri) || was.contains_key(iri);
        let mut now: BTreeMap<&str, String> = BTreeMap::new();
        for group in groups {
            let members = self.members(group, without, &was)?;
            if let Some(body) = self.published(group, &members, &was, &own)? {
                now.insert(&group.kept, body);
            }
        }
        self.log_changes(&was, &now)?;
        self.redirect(groups, &was, &now)?;
        self.done_with(&named, &was)
    }

    /// These are stated anew, and so is what was published with them and went.
    fn done_with(
        &mut self,
        named: &BTreeSet<&str>,
        was: &BTreeMap<String, (Placed, String)>,
    ) -> Result<(), StoreError> {
        let mut all: BTreeSet<String> = named.iter().map(|iri| (*iri).to_owned()).collect();
        for kept in named.iter().copied().chain(was.keys().map(String::as_str)) {
            all.extend(self.store.replaced_by(kept)?);
        }
        for iri in &all {
            if self.store.is_pending(iri)? {
                self.batch.gone.push(self.store.pending_quad(iri));
            }
        }
        self.batch.touched.extend(all);
        Ok(())
    }

    /// What these are published as before: who speaks for it, and the description.
    fn shown(
        &self,
        named: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, (Placed, String)>, StoreError> {
        let mut kept: BTreeSet<String> = named.iter().map(|iri| (*iri).to_owned()).collect();
        for iri in named {
            kept.insert(self.store.published_as(iri)?);
        }
        let mut shown = BTreeMap::new();
        for iri in kept {
            if let Some(speaker) = self.store.speaker(&iri)? {
                let entity = oxigraph::model::NamedNodeRef::new_unchecked(&iri);
                let body = self.store.winner_body(entity)?;
                shown.insert(iri, (speaker, body));
            }
        }
        Ok(shown)
    }

    /// The records of a group, with their words; the graph of the one that goes is emptied.
    fn members(
        &mut self,
        group: &Group,
        without: Option<&str>,
        was: &BTreeMap<String, (Placed, String)>,
    ) -> Result<Vec<Member>, StoreError> {
        let mut members = Vec::new();
        for entity in &group.entities {
            for placed in self.store.records_of(entity)? {
                if without == Some(placed.record.as_str()) {
                    self.empty(&placed)?;
                    continue;
                }
                let body = match (placed.kept, was.get(entity)) {
                    (false, Some((_, shown))) => {
                        super::project::unproject(shown, placed.record.as_str())
                    }
                    _ => self.store.harvested(&placed)?,
                };
                members.push(Member { placed, body });
            }
        }
        Ok(members)
    }

    /// The body of a group, if anything is left of it; the words of its records go where they belong.
    fn published(
        &mut self,
        group: &Group,
        members: &[Member],
        was: &BTreeMap<String, (Placed, String)>,
        own: &dyn Fn(&str) -> bool,
    ) -> Result<Option<String>, StoreError> {
        let Some(speaker) = self.speaker(group, members) else {
            return Ok(None);
        };
        let record = speaker.placed.record.as_str();
        let kept = group.kept.as_str();
        let entities: BTreeSet<String> = members
            .iter()
            .map(|m| m.placed.entity.as_str().to_owned())
            .collect();
        let entity = speaker.placed.entity.as_str();
        let single = entities.len() == 1 && entity == kept;
        let mut names = entities.iter().map(String::as_str).chain([kept]);
        let corrected = names.any(|name| self.policy.corrects(name));
        let body = if entity == kept {
            speaker.body.clone()
        } else {
            under(&speaker.body, entity, kept)
        };
        let mut body = self.projected_among(&body, kept, record, own)?;
        if !single {
            body = linked(&body, kept, &entities, members, record);
        }
        if corrected {
            let publication = Publication {
                kept,
                entities: &entities,
                record,
            };
            let said = self.policy.corrected(&publication, body);
            body = sorted(said.lines().map(|line| format!("{line}\n")).collect());
        }
        for member in members {
            let plain = single && !corrected && member.placed.record.as_str() == record;
            self.put(member, plain, record, was)?;
        }
        Ok(Some(body))
    }

    fn speaker<'m>(&self, group: &Group, members: &'m [Member]) -> Option<&'m Member> {
        let chosen = group.winner.as_deref();
        let chosen = members
            .iter()
            .find(|m| chosen == Some(m.placed.record.as_str()));
        chosen.or_else(|| {
            let own = members.iter().filter(|m| m.placed.origin.is_none());
            own.max_by_key(|m| {
                let record = m.placed.record.as_str();
                (self.rank(&m.placed), m.placed.wins(), Reverse(record))
            })
        })
    }

    /// A record's words are in its own graph, but for the one that is published as it is.
    fn put(
        &mut self,
        member: &Member,
        plain: bool,
        speaker: &str,
        was: &BTreeMap<String, (Placed, String)>,
    ) -> Result<(), StoreError> {
        let placed = &member.placed;
        if plain {
            return self.empty(placed);
        }
        let mut come = String::new();
        if !placed.kept {
            come.push_str(&member.body);
        }
        let record = placed.record.as_str();
        if let Some(shown) = placed.shown.as_ref().filter(|_| record != speaker)
            && let Some((_, body)) = was.get(shown.as_str())
        {
            come.push_str(&renamings(body, record));
        }
        self.batch.come.extend(quads(&come, &placed.graph())?);
        Ok(())
    }

    /// From what was published to what is published now, as activities.
    fn log_changes(
        &mut self,
        was: &BTreeMap<String, (Placed, String)>,
        now: &BTreeMap<&str, String>,
    ) -> Result<(), StoreError> {
        for (kept, body) in now {
            let old = was.get(*kept).map(|(_, body)| body.as_str());
            self.replace(old.is_some(), kept, old.unwrap_or_default(), body.clone())?;
        }
        for (gone, (_, body)) in was.iter().filter(|(k, _)| !now.contains_key(k.as_str())) {
            let (lines, _) = difference(body, "");
            let quads = quads(&joined(&lines), &GraphName::DefaultGraph)?;
            self.batch.gone.extend(quads);
            self.batch.touched.insert(gone.clone());
            let delete = (Verb::Delete, gone.clone(), String::new());
            self.batch.activities.push(delete);
        }
        Ok(())
    }

    /// Every IRI that went says by which one it is replaced, as long as that one is published.
    fn redirect(
        &mut self,
        groups: &[Group],
        was: &BTreeMap<String, (Placed, String)>,
        now: &BTreeMap<&str, String>,
    ) -> Result<(), StoreError> {
        let mut old = BTreeSet::new();
        let mut affected: BTreeSet<String> = was.keys().cloned().collect();
        for group in groups {
            affected.insert(group.kept.clone());
            affected.extend(group.entities.iter().cloned());
        }
        for iri in &affected {
            old.extend(
                self.store
                    .replaced_by(iri)?
                    .into_iter()
                    .map(|gone| (gone, iri.clone())),
            );
            let kept = self.store.published_as(iri)?;
            if kept != *iri {
                old.insert((iri.clone(), kept));
            }
        }
        let of = |iri: &str| groups.iter().find(|g| g.entities.contains(iri));
        let heir = |kept: &str| match now.contains_key(kept) {
            true => Some(kept.to_owned()),
            false => was
                .get(kept)
                .and_then(|(speaker, _)| of(speaker.entity.as_str()))
                .or_else(|| groups.first())
                .map(|group| group.kept.clone())
                .filter(|kept| now.contains_key(kept.as_str())),
        };
        let mut new: BTreeMap<String, String> = BTreeMap::new();
        for (gone, kept) in &old {
            new.extend(heir(kept).map(|kept| (gone.clone(), kept)));
        }
        for gone in was.keys().filter(|kept| !now.contains_key(kept.as_str())) {
            new.extend(heir(gone).map(|kept| (gone.clone(), kept)));
        }
        for group in groups.iter().filter(|g| now.contains_key(g.kept.as_str())) {
            for entity in &group.entities {
                new.insert(entity.clone(), group.kept.clone());
            }
        }
        new.retain(|gone, kept| gone != kept && !now.contains_key(gone.as_str()));
        for (gone, kept) in &old {
            if new.get(gone) != Some(kept) {
                self.batch.gone.push(self.store.replacement(gone, kept));
            }
        }
        for (gone, kept) in new {
            let known = old.contains(&(gone.clone(), kept.clone()));
            if !known {
                self.batch.come.push(self.store.replacement(&gone, &kept));
            }
        }
        Ok(())
    }
}

/// A body with what joins it to the other records: their places in catalogues, and the IRIs their sources use.
fn linked(
    body: &str,
    kept: &str,
    entities: &BTreeSet<String>,
    members: &[Member],
    speaker: &str,
) -> String {
    let mut lines: Vec<String> = body.lines().map(|line| format!("{line}\n")).collect();
    for member in members
        .iter()
        .filter(|m| m.placed.record.as_str() != speaker)
    {
        lines.extend(memberships(
            &member.body,
            member.placed.entity.as_str(),
            kept,
        ));
    }
    let others = entities.iter().filter(|entity| *entity != kept);
    lines.extend(others.map(|entity| format!("<{kept}> {ALTERNATE_OF} <{entity}> .\n")));
    sorted(lines)
}
