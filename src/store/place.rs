//! Where a record stands: in the default graph as the winner of its entity, or in a graph of its own, or in both.
//!
//! A winner whose words cannot be had back from what is published (it is published under another IRI than its source's,
//! or corrected) keeps them in its own graph as well. Start at [`Store::placement`].

use super::mirror::without_markers;
use super::project::{ALTERNATE_OF, renamed, unproject};
use super::{Store, StoreError};
use crate::store_read::{self, Nearby};
use oxigraph::model::{
    GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, QuadRef, Term,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

pub(super) const PRIMARY_TOPIC: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");

/// What people hold right of a dataset, whatever its sources say. Applied to what is published; what was harvested
/// stays readable in its record's own graph.
pub trait Corrections: Send + Sync + fmt::Debug {
    /// Is there a correction for a dataset that goes by this IRI? Asked for every record that is applied.
    fn concern(&self, iri: &str) -> bool;
    /// The body as it is to be published. It must stay about the same IRI, and its nodes must hang together.
    fn correct(&self, published: &Publication<'_>, body: String) -> String;
}

/// A dataset about to be published.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The IRI under which it is published.
    pub kept: &'a str,
    /// The IRIs that its sources give it.
    pub entities: &'a BTreeSet<String>,
    /// The record that speaks for it.
    pub record: &'a str,
}

/// Who wins where several records are about one IRI: the source that owns the IRI by its configured prefixes, then the
/// higher priority, then whoever was there first.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    sources: HashMap<String, (Vec<String>, i32)>,
    corrections: Option<Arc<dyn Corrections>>,
}

impl Policy {
    pub fn new(sources: impl IntoIterator<Item = (String, Vec<String>, i32)>) -> Self {
        Self {
            sources: sources
                .into_iter()
                .map(|(id, owns, priority)| (id, (owns, priority)))
                .collect(),
            corrections: None,
        }
    }

    /// The same, with corrections over what wins.
    #[must_use]
    pub fn corrected_by(mut self, corrections: Arc<dyn Corrections>) -> Self {
        self.corrections = Some(corrections);
        self
    }

    /// The same for the same rules: prefixes and priorities of all sources.
    pub fn digest(&self) -> String {
        let sorted: BTreeMap<_, _> = self.sources.iter().collect();
        blake3::hash(format!("{sorted:?}").as_bytes()).to_hex()[..16].to_owned()
    }

    pub(super) fn corrects(&self, iri: &str) -> bool {
        self.corrections.as_ref().is_some_and(|c| c.concern(iri))
    }

    pub(super) fn corrected(&self, published: &Publication<'_>, body: String) -> String {
        match &self.corrections {
            Some(corrections) => corrections.correct(published, body),
            None => body,
        }
    }

    /// Greater wins; equals leave things as they are.
    pub fn rank(&self, source: &str, entity: &str) -> (bool, i32) {
        self.sources
            .get(source)
            .map_or((false, i32::MIN), |(owns, priority)| {
                (
                    owns.iter()
                        .any(|prefix| entity.starts_with(prefix.as_str())),
                    *priority,
                )
            })
    }
}

/// A record that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub record: NamedNode,
    /// The IRI that its source gives what it is about.
    pub entity: NamedNode,
    /// The entity of the default graph that it speaks for.
    pub shown: Option<NamedNode>,
    /// Its words as harvested are in a graph of its own.
    pub kept: bool,
    /// The record of another harvestd whose body it is, where it is one's.
    pub origin: Option<NamedNode>,
}

impl Placed {
    pub fn wins(&self) -> bool {
        self.shown.is_some()
    }

    /// The record's own graph, whether there is one or not.
    pub fn graph(&self) -> GraphName {
        GraphName::NamedNode(self.record.clone())
    }
}

/// How an entity stands, as its source calls it.
pub(super) struct Standing {
    /// Where it is published otherwise than as a plain projection of one record: under which IRI.
    pub stated: Option<String>,
    /// The records whose sources call it so.
    pub records: Vec<Placed>,
}

impl Standing {
    pub fn record(&self, record: &str) -> Option<&Placed> {
        let mut all = self.records.iter();
        all.find(|placed| placed.record.as_str() == record)
    }
}

/// The one of the records about `published` that speaks for it: in the default graph, or by a body that is another's.
fn speaker_among<'p>(all: &'p [Placed], published: &str) -> Option<&'p Placed> {
    let is_shown = |placed: &&Placed| {
        let shown = placed.shown.as_ref().map(NamedNode::as_str);
        placed.origin.is_none() && shown == Some(published)
    };
    let is_anothers = |placed: &&Placed| placed.origin.is_some() && placed.wins();
    all.iter()
        .find(is_shown)
        .or_else(|| all.iter().find(is_anothers))
}

impl Store {
    /// Where the record stands, if it is in the store.
    pub(super) fn placement(&self, record: &str) -> Result<Option<Placed>, StoreError> {
        let record = NamedNodeRef::new_unchecked(record);
        let (mut shown, mut own) = (None, None);
        for quad in
            self.quads
                .quads_for_pattern(Some(record.into()), Some(PRIMARY_TOPIC), None, None)
        {
            let quad = quad.map_err(StoreError::storage("looking for a record"))?;
            if let Term::NamedNode(entity) = quad.object {
                match quad.graph_name {
                    GraphName::DefaultGraph => shown = Some(entity),
                    GraphName::NamedNode(graph) if graph == record => own = Some(entity),
                    _ => {}
                }
            }
        }
        if let Some(entity) = &own
            && let Some(origin) = self.mirrored(record)?
        {
            let kept = self.keeps_body(record, origin.as_ref(), entity.as_ref())?;
            return Ok(Some(Placed {
                record: record.into_owned(),
                entity: entity.clone(),
                shown: (!kept).then(|| entity.clone()),
                kept,
                origin: Some(origin),
            }));
        }
        let kept = own.is_some();
        Ok(own.or_else(|| shown.clone()).map(|entity| Placed {
            record: record.into_owned(),
            entity,
            shown,
            kept,
            origin: None,
        }))
    }

    /// All records whose sources give what they are about this IRI.
    pub(super) fn records_of(&self, entity: &str) -> Result<Vec<Placed>, StoreError> {
        let mut all = self.about(entity)?;
        all.retain(|placed| placed.entity.as_str() == entity);
        Ok(all)
    }

    /// The record that speaks for what is published under this IRI.
    pub(super) fn speaker(&self, published: &str) -> Result<Option<Placed>, StoreError> {
        let all = self.about(published)?;
        Ok(speaker_among(&all, published).cloned())
    }

    /// How the entity stands, looked up once.
    pub(super) fn standing(&self, entity: &str) -> Result<Standing, StoreError> {
        let kept = self.published_as(entity)?;
        let mut records = self.about(&kept)?;
        let speaker = speaker_among(&records, &kept);
        let more = speaker.is_some_and(|s| s.kept || kept != entity);
        if kept != entity {
            records = self.about(entity)?;
        }
        records.retain(|placed| placed.entity.as_str() == entity);
        Ok(Standing {
            stated: more.then_some(kept),
            records,
        })
    }

    /// Every record about this IRI: as its source calls what it is about, or as that is published.
    pub(super) fn about(&self, entity: &str) -> Result<Vec<Placed>, StoreError> {
        let entity = NamedNodeRef::new_unchecked(entity);
        let prefix = format!("{}record/", self.base);
        let mut records = BTreeSet::new();
        for quad in
            self.quads
                .quads_for_pattern(None, Some(PRIMARY_TOPIC), Some(entity.into()), None)
        {
            let quad = quad.map_err(StoreError::storage("looking for the records of an entity"))?;
            if let NamedOrBlankNode::NamedNode(record) = quad.subject
                && record.as_str().starts_with(&prefix)
            {
                records.insert(record.into_string());
            }
        }
        let placed = records.iter().map(|record| self.placement(record));
        placed.filter_map(Result::transpose).collect()
    }

    /// The record's body as it was harvested.
    pub(super) fn harvested(&self, placed: &Placed) -> Result<String, StoreError> {
        let body = match (placed.kept, &placed.origin) {
            (true, None) => self.own_graph(placed)?,
            (true, Some(_)) => without_markers(&self.own_graph(placed)?, placed.record.as_str()),
            (false, _) => self.winner_body(placed.entity.as_ref())?,
        };
        Ok(unproject(&body, placed.name()))
    }

    /// What stands in the record's own graph: its body, and the renamings it keeps in mind.
    pub(super) fn own_graph(&self, placed: &Placed) -> Result<String, StoreError> {
        let graph = GraphNameRef::NamedNode(placed.record.as_ref());
        let mut triples = Vec::new();
        for quad in self.quads.quads_for_pattern(None, None, None, Some(graph)) {
            triples.push(
                quad.map_err(StoreError::storage("reading a record's graph"))?
                    .into(),
            );
        }
        Ok(super::lines::body_of(&triples))
    }

    /// The entity's description in the default graph; read faster where a text is at hand that is nearly it.
    pub(super) fn winner_body_near(
        &self,
        entity: NamedNodeRef<'_>,
        near: &str,
    ) -> Result<String, StoreError> {
        let nearby = Nearby::read(&self.quads, [near]);
        let body = nearby.and_then(|mut nearby| nearby.description_of(&self.quads, entity));
        let body = body.map_err(StoreError::storage("reading a description"))?;
        Ok(super::lines::body_of(&body))
    }

    /// The entity's description in the default graph.
    pub(super) fn winner_body(&self, entity: NamedNodeRef<'_>) -> Result<String, StoreError> {
        let triples = store_read::description_of(&self.quads, entity)
            .map_err(StoreError::storage("reading a description"))?;
        Ok(super::lines::body_of(&triples))
    }

    /// Was this node renamed when this record was last projected? Then it stays renamed.
    pub(super) fn is_renamed(&self, record: &str, node: &str) -> Result<bool, StoreError> {
        let new = NamedNode::new_unchecked(renamed(record, node));
        let old = NamedNodeRef::new_unchecked(node);
        let own = GraphNameRef::NamedNode(NamedNodeRef::new_unchecked(record));
        for graph in [GraphNameRef::DefaultGraph, own] {
            let quad = QuadRef::new(new.as_ref(), ALTERNATE_OF, old, graph);
            let found = self.quads.contains(quad);
            if found.map_err(StoreError::storage("looking for a renamed node"))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Does the default graph know this IRI as something that belongs to none of `own`?
    pub(super) fn is_others(
        &self,
        node: &str,
        own: &dyn Fn(&str) -> bool,
    ) -> Result<bool, StoreError> {
        Ok(self.owner(node)?.is_some_and(|owner| !own(owner.as_str())))
    }

    /// The entity that the default graph knows this IRI as something of.
    pub(super) fn owner(&self, node: &str) -> Result<Option<NamedNode>, StoreError> {
        let node = NamedNodeRef::new_unchecked(node);
        let failed = StoreError::storage("looking for the owner of a node");
        let graph = Some(GraphNameRef::DefaultGraph);
        let mut about = self
            .quads
            .quads_for_pattern(Some(node.into()), None, None, graph);
        match about.next().transpose().map_err(&failed)? {
            None => Ok(None),
            Some(_) => store_read::owner_of(&self.quads, node).map_err(&failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let policy = Policy::new([
            ("a".into(), vec!["https://a.example/".into()], 0),
            ("b".into(), vec![], 9),
        ]);
        assert!(policy.rank("a", "https://a.example/1") > policy.rank("b", "https://a.example/1"));
        assert!(policy.rank("b", "https://c.example/1") > policy.rank("a", "https://c.example/1"));
        assert!(policy.rank("gone", "x") < policy.rank("a", "x"));
    }
}
