//! Which datasets are published as one, as the store knows it: graph `identity`, where the IRI that went says by which
//! one it is replaced; and graph `pending`, where a commit notes what is still to be stated anew.
//!
//! Nothing is pending in a published snapshot. Decides nothing. Start at [`Store::published_as`].

use super::{Store, StoreError};
use crate::identity::plan::Group;
use crate::store_read::{self, OWN};
use oxigraph::model::{
    GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term,
    vocab::rdf,
};
use std::collections::{BTreeMap, BTreeSet};

const IS_REPLACED_BY: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/isReplacedBy");

impl Store {
    /// The graph that says which records are one dataset, and why.
    pub(super) fn identity_graph(&self) -> NamedNode {
        store_read::identity_graph(&self.base)
    }

    fn pending_graph(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{}graph/pending", self.base))
    }

    /// The IRI under which what its source calls `entity` is published; it may be the same.
    pub fn published_as(&self, entity: &str) -> Result<String, StoreError> {
        let found = self.replacing(Some(entity), None)?;
        let kept = found.into_iter().next().map(|(_, kept)| kept);
        Ok(kept.unwrap_or_else(|| entity.to_owned()))
    }

    /// The IRIs that were replaced by this one.
    pub fn replaced_by(&self, kept: &str) -> Result<BTreeSet<String>, StoreError> {
        let found = self.replacing(None, Some(kept))?;
        Ok(found.into_iter().map(|(gone, _)| gone).collect())
    }

    /// Every IRI that was replaced, and by which.
    pub fn replaced(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.replacing(None, None)?.into_iter().collect())
    }

    fn replacing(
        &self,
        gone: Option<&str>,
        kept: Option<&str>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let graph = self.identity_graph();
        let quads = self.quads.quads_for_pattern(
            gone.map(|iri| NamedNodeRef::new_unchecked(iri).into()),
            Some(IS_REPLACED_BY),
            kept.map(|iri| NamedNodeRef::new_unchecked(iri).into()),
            Some(graph.as_ref().into()),
        );
        let mut found = Vec::new();
        for quad in quads {
            let quad = quad.map_err(StoreError::storage("reading which datasets are one"))?;
            if let (NamedOrBlankNode::NamedNode(gone), Term::NamedNode(kept)) =
                (quad.subject, quad.object)
            {
                found.push((gone.into_string(), kept.into_string()));
            }
        }
        Ok(found)
    }

    pub(super) fn replacement(&self, gone: &str, kept: &str) -> Quad {
        Quad::new(
            NamedNode::new_unchecked(gone),
            IS_REPLACED_BY,
            NamedNode::new_unchecked(kept),
            self.identity_graph(),
        )
    }

    /// Where the entity is published otherwise than as a plain projection of one record: under which IRI.
    pub(super) fn stated(&self, entity: &str) -> Result<Option<String>, StoreError> {
        let kept = self.published_as(entity)?;
        let speaker = self.speaker(&kept)?;
        let more = speaker.is_some_and(|s| s.kept || kept != entity);
        Ok(more.then_some(kept))
    }

    /// The dataset that is published under this IRI, as it stands.
    pub(super) fn group_of(&self, kept: &str) -> Result<Group, StoreError> {
        let mut entities = self.replaced_by(kept)?;
        entities.insert(kept.to_owned());
        let mut present = BTreeSet::new();
        for entity in entities {
            if !self.records_of(&entity)?.is_empty() {
                present.insert(entity);
            }
        }
        Ok(Group {
            kept: kept.to_owned(),
            entities: present,
            winner: None,
        })
    }

    /// What its source calls the dataset whose record speaks for what is published under this IRI.
    pub fn speaks(&self, kept: &str) -> Option<String> {
        let speaker = self.speaker(kept).ok().flatten();
        speaker.map(|speaker| speaker.entity.into_string())
    }

    /// The record that an IRI means, and its dataset as its source names it: the record itself, or the one that speaks
    /// for the dataset.
    pub fn record_meant(&self, iri: &str) -> Result<Option<(String, String)>, StoreError> {
        let mut found = self.placement(iri)?;
        if found.is_none() {
            let mut own = self.records_of(iri)?;
            own.sort_by_key(|placed| !placed.wins());
            found = own.into_iter().next();
        }
        if found.is_none() {
            found = self.speaker(&self.published_as(iri)?)?;
        }
        Ok(found.map(|placed| (placed.record.into_string(), placed.entity.into_string())))
    }

    /// Does the store know the IRI: by a record about it, as published, or as replaced?
    pub(super) fn is_known(&self, entity: &str) -> Result<bool, StoreError> {
        Ok(!self.about(entity)?.is_empty() || self.published_as(entity)? != entity)
    }

    pub(super) fn pending_quad(&self, entity: &str) -> Quad {
        let graph = GraphName::NamedNode(self.pending_graph());
        let class = NamedNode::new_unchecked(format!("{OWN}Pending"));
        Quad::new(NamedNode::new_unchecked(entity), rdf::TYPE, class, graph)
    }

    pub(super) fn is_pending(&self, entity: &str) -> Result<bool, StoreError> {
        let quad = self.pending_quad(entity);
        let found = self.quads.contains(QuadRef::from(&quad));
        found.map_err(StoreError::storage("looking for what is to be stated anew"))
    }

    /// The entities whose records changed, and that are not stated anew yet.
    pub fn pending(&self) -> Result<BTreeSet<String>, StoreError> {
        let graph = self.pending_graph();
        let graph = GraphNameRef::NamedNode(graph.as_ref());
        let mut pending = BTreeSet::new();
        for quad in self.quads.quads_for_pattern(None, None, None, Some(graph)) {
            let quad = quad.map_err(StoreError::storage("listing what is to be stated anew"))?;
            if let NamedOrBlankNode::NamedNode(entity) = quad.subject {
                pending.insert(entity.into_string());
            }
        }
        Ok(pending)
    }
}
