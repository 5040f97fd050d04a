//! Which datasets are published as one, as the store knows it: graph `identity`, where the IRI that went says by which
//! one it is replaced; and graph `pending`, where a commit notes what is still to be stated anew.
//!
//! Nothing is pending in a published snapshot. Decides nothing. Start at [`Store::published_as`].

use super::{Store, StoreError};
use oxigraph::model::{
    GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term,
    vocab::rdf,
};
use std::collections::{BTreeMap, BTreeSet};

/// Words of our own.
pub(super) const OWN: &str = "https://w3id.org/harvestd/ns#";
const IS_REPLACED_BY: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/isReplacedBy");

/// One dataset as it is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The IRI under which it is published.
    pub kept: String,
    /// The IRIs that its sources give it.
    pub entities: BTreeSet<String>,
    /// The record that speaks for it. None: the first by the policy, and of equals the one that speaks now.
    pub winner: Option<String>,
}

impl Store {
    /// The graph that says which records are one dataset, and why.
    pub(super) fn identity_graph(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{}graph/identity", self.base))
    }

    fn pending_graph(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{}graph/pending", self.base))
    }

    /// The IRI under which what its source calls `entity` is published; it may be the same.
    pub(super) fn published_as(&self, entity: &str) -> Result<String, StoreError> {
        let found = self.replacing(Some(entity), None)?;
        let kept = found.into_iter().next().map(|(_, kept)| kept);
        Ok(kept.unwrap_or_else(|| entity.to_owned()))
    }

    /// The IRIs that were replaced by this one.
    pub(super) fn replaced_by(&self, kept: &str) -> Result<BTreeSet<String>, StoreError> {
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
        Ok(speaker.is_some_and(|s| s.kept).then_some(kept))
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

    /// Does the store know the IRI: by a record about it, as published, or as replaced?
    pub(super) fn is_known(&self, entity: &str) -> Result<bool, StoreError> {
        Ok(!self.about(entity, None)?.is_empty() || self.published_as(entity)? != entity)
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
