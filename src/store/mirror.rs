//! Entities whose bodies are another harvestd's: the default graph holds them as they came, with the catalogue record of
//! theirs, and a graph of ours says which record of ours that is.
//!
//! The graph of our record holds, in any case, what it is about and which record it mirrors; and the body, where another
//! record is the winner. Start at [`Staged::name`] and [`Placed::name`], the record by which a body knows itself.

use super::place::{PRIMARY_TOPIC, Placed};
use super::{Store, StoreError};
use crate::stage::Staged;
use crate::store_read::OWN;
use harvestd_vocab::iris::{RecordKey, parse_record_iri};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, NamedNodeRef, Quad, QuadRef, Term,
};

const IDENTIFIER: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/identifier");

fn mirrors() -> NamedNode {
    NamedNode::new_unchecked(format!("{OWN}mirrors"))
}

impl Staged {
    /// The catalogue record in the body: ours, or that of the harvestd that it comes from.
    pub(super) fn name(&self) -> &str {
        self.mirrors.as_deref().unwrap_or(&self.record)
    }
}

impl Placed {
    /// The catalogue record in the body: ours, or that of the harvestd that it comes from.
    pub fn name(&self) -> &str {
        self.origin.as_ref().unwrap_or(&self.record).as_str()
    }

    /// Does it stand for the same record of the same harvestd as before, or for none as before?
    pub(super) fn mirrors(&self, staged: &Staged) -> bool {
        self.origin.as_ref().map(NamedNode::as_str) == staged.mirrors.as_deref()
    }

    /// What its own graph says of a record that mirrors another; nothing for others.
    pub(super) fn markers(&self) -> Vec<Quad> {
        match &self.origin {
            Some(origin) => markers(&self.record, &self.entity, origin),
            None => Vec::new(),
        }
    }
}

/// What the graph of a record of ours says where it mirrors another.
pub(super) fn of_staged(base: &str, staged: &Staged) -> Vec<Quad> {
    let Some(origin) = &staged.mirrors else {
        return Vec::new();
    };
    let node = |iri: &str| NamedNode::new_unchecked(iri);
    let mut quads = markers(&node(&staged.record), &node(&staged.entity), &node(origin));
    let name = parse_record_iri(base, &staged.record);
    if name.is_some_and(|name| matches!(name.key, RecordKey::Shortened(_))) {
        let key = Literal::new_simple_literal(staged.id.key.as_str());
        let record = node(&staged.record);
        quads.push(Quad::new(record.clone(), IDENTIFIER, key, record));
    }
    quads
}

fn markers(record: &NamedNode, entity: &NamedNode, origin: &NamedNode) -> Vec<Quad> {
    let graph = GraphName::NamedNode(record.clone());
    vec![
        Quad::new(record.clone(), PRIMARY_TOPIC, entity.clone(), graph.clone()),
        Quad::new(record.clone(), mirrors(), origin.clone(), graph),
    ]
}

impl Store {
    /// The record of another harvestd that a record of ours mirrors, by its own graph.
    pub(super) fn mirrored(
        &self,
        record: NamedNodeRef<'_>,
    ) -> Result<Option<NamedNode>, StoreError> {
        let graph = Some(GraphNameRef::NamedNode(record));
        let word = mirrors();
        let found =
            self.quads
                .quads_for_pattern(Some(record.into()), Some(word.as_ref()), None, graph);
        for quad in found {
            let quad = quad.map_err(StoreError::storage("looking for what a record mirrors"))?;
            if let Term::NamedNode(origin) = quad.object {
                return Ok(Some(origin));
            }
        }
        Ok(None)
    }

    /// Is the body of a mirrored record in our record's graph? Then another record is the winner.
    pub(super) fn keeps_body(
        &self,
        record: NamedNodeRef<'_>,
        origin: NamedNodeRef<'_>,
        entity: NamedNodeRef<'_>,
    ) -> Result<bool, StoreError> {
        let graph = GraphNameRef::NamedNode(record);
        self.quads
            .contains(QuadRef::new(origin, PRIMARY_TOPIC, entity, graph))
            .map_err(StoreError::storage("looking for a mirrored body"))
    }
}

/// What stands in the graph of a record that mirrors another, without what says so.
pub(super) fn without_markers(own_graph: &str, record: &str) -> String {
    let begin = format!("<{record}> ");
    own_graph
        .lines()
        .filter(|line| !line.starts_with(&begin))
        .flat_map(|line| [line, "\n"])
        .collect()
}
