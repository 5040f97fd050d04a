//! A description taken apart: its nodes, their edges, and which of them belong to it.
//!
//! Knows nothing of values; [`crate::mapping`] says each edge again, [`crate::names`] names the blank nodes.

use crate::Description;
use crate::containment::{DEPTH_MAX, RECORD_CLASSES, is_own_name};
use crate::properties::{self, Property, Rule};
use crate::terms::{foaf, xsd};
use oxrdf::vocab::rdf;
use oxrdf::{BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple};
use std::collections::HashMap;

pub(crate) type NodeId = usize;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Iri(NamedNode),
    Literal(Literal),
    Node(NodeId),
}

#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub predicate: NamedNode,
    pub property: &'static Property,
    pub value: Value,
    /// Follows from another value of the node, and gives way to one that the source states.
    pub derived: bool,
}

impl Edge {
    pub fn new(predicate: NamedNodeRef<'_>, value: Value) -> Self {
        let predicate = predicate.into_owned();
        Self {
            property: properties::of(predicate.as_str()),
            predicate,
            value,
            derived: false,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    /// None: a blank node, to be named under the record.
    pub iri: Option<NamedNode>,
    pub edges: Vec<Edge>,
    /// Steps from the entity or the record. None: not part of the description.
    pub depth: Option<usize>,
}

/// A triple from a collection to the entity or its record. The collection is not part of the description.
#[derive(Debug)]
pub(crate) struct Membership {
    pub collection: Collection,
    pub predicate: NamedNode,
    pub member: NodeId,
}

#[derive(Debug)]
pub(crate) enum Collection {
    Named(NamedNode),
    /// The source's own catalogue, unless the node turns out to be a part of the description.
    Blank(NodeId),
}

#[derive(Debug)]
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub entity: NodeId,
    /// The CatalogRecord: the source's own node, or a new one.
    pub record: NodeId,
    /// The IRI that the source gives its CatalogRecord.
    pub record_given: Option<NamedNode>,
    pub memberships: Vec<Membership>,
    /// The nodes of the description in the order in which they were reached.
    pub reached: Vec<NodeId>,
    named: HashMap<NamedNode, NodeId>,
}

impl Graph {
    pub fn new(description: Description) -> Self {
        Builder::new(&description.node, description.triples.len()).build(description.triples)
    }

    /// A new blank node.
    pub fn add(&mut self, edges: Vec<Edge>) -> NodeId {
        self.nodes.push(Node {
            iri: None,
            edges,
            depth: None,
        });
        self.nodes.len() - 1
    }

    /// The node that an edge of a node at `depth` goes on to, if it is a part of the description.
    pub fn contained(&self, edge: &Edge, depth: usize) -> Option<NodeId> {
        match &edge.value {
            Value::Node(id) => Some(*id),
            Value::Iri(iri)
                if (edge.property.containment && depth < DEPTH_MAX) || self.is_own(iri) =>
            {
                self.named.get(iri).copied()
            }
            _ => None,
        }
    }

    /// Is this the name of a former blank node of the record?
    fn is_own(&self, iri: &NamedNode) -> bool {
        let record = self.nodes[self.record].iri.as_ref();
        record.is_some_and(|record| is_own_name(record.as_str(), iri.as_str()))
    }

    pub fn reach(&mut self, id: NodeId, depth: usize) {
        if self.nodes[id].depth.is_none() {
            self.nodes[id].depth = Some(depth);
            self.reached.push(id);
        }
    }
}

struct Builder {
    nodes: Vec<Node>,
    named: HashMap<NamedNode, NodeId>,
    blank: HashMap<BlankNode, NodeId>,
    entity_node: NamedOrBlankNode,
    entity: NodeId,
    memberships: Vec<(NamedOrBlankNode, NamedNode, Term)>,
    /// Subjects of `foaf:primaryTopic` with the entity as object.
    topics: Vec<NodeId>,
}

impl Builder {
    fn new(entity_node: &NamedOrBlankNode, triples: usize) -> Self {
        let mut builder = Self {
            nodes: Vec::with_capacity(triples / 4 + 4),
            named: HashMap::new(),
            blank: HashMap::new(),
            entity_node: entity_node.clone(),
            entity: 0,
            memberships: Vec::new(),
            topics: Vec::new(),
        };
        builder.entity = builder.subject(entity_node.clone());
        builder
    }

    fn build(mut self, triples: Vec<Triple>) -> Graph {
        let mut last: Option<(NamedOrBlankNode, NodeId)> = None;
        for triple in triples {
            let property = properties::of(triple.predicate.as_str());
            if property.membership && self.take_membership(&triple) {
                continue;
            }
            let id = match &last {
                Some((subject, id)) if *subject == triple.subject => *id,
                _ => {
                    let id = self.subject(triple.subject.clone());
                    last = Some((triple.subject, id));
                    id
                }
            };
            let value = match triple.object {
                // DCAT-AP wants a literal of every identifier, be it the IRI of the entity itself.
                Term::NamedNode(iri) if property.rule == Rule::Identifier => {
                    Value::Literal(Literal::new_typed_literal(iri.as_str(), xsd::ANY_URI))
                }
                object => self.object(object),
            };
            if value == Value::Node(self.entity) && triple.predicate == foaf::PRIMARY_TOPIC {
                self.topics.push(id);
            }
            let edge = Edge {
                predicate: triple.predicate,
                property,
                value,
                derived: false,
            };
            self.nodes[id].edges.push(edge);
        }
        self.finish()
    }

    fn subject(&mut self, node: NamedOrBlankNode) -> NodeId {
        let next = self.nodes.len();
        let (id, iri) = match node {
            NamedOrBlankNode::NamedNode(iri) => match self.named.get(&iri) {
                Some(id) => return *id,
                None => (*self.named.entry(iri.clone()).or_insert(next), Some(iri)),
            },
            NamedOrBlankNode::BlankNode(node) => (*self.blank.entry(node).or_insert(next), None),
        };
        if id == next {
            self.nodes.push(Node {
                iri,
                ..Node::default()
            });
        }
        id
    }

    fn object(&mut self, term: Term) -> Value {
        match term {
            Term::Literal(literal) => Value::Literal(literal),
            Term::BlankNode(node) => Value::Node(self.subject(node.into())),
            Term::NamedNode(iri) => match &self.entity_node {
                NamedOrBlankNode::NamedNode(entity) if *entity == iri => Value::Node(self.entity),
                _ => Value::Iri(iri),
            },
        }
    }

    /// Is the triple kept apart? Those of blank collections stay with their node as well: it may turn out to be a
    /// part of the description. Links from the entity to members of its own belong to the members.
    fn take_membership(&mut self, triple: &Triple) -> bool {
        if triple.subject == self.entity_node {
            return true;
        }
        let (subject, predicate) = (triple.subject.clone(), triple.predicate.clone());
        self.memberships
            .push((subject, predicate, triple.object.clone()));
        matches!(triple.subject, NamedOrBlankNode::NamedNode(_))
    }

    fn finish(mut self) -> Graph {
        let (record, record_given) = self.take_records();
        if let Some(given) = &record_given {
            for edge in self.nodes.iter_mut().flat_map(|node| &mut node.edges) {
                if matches!(&edge.value, Value::Iri(iri) if iri == given) {
                    edge.value = Value::Node(record);
                }
            }
        }
        let memberships = std::mem::take(&mut self.memberships)
            .into_iter()
            .filter_map(|triple| self.membership(triple, record))
            .collect();
        let mut graph = Graph {
            nodes: self.nodes,
            entity: self.entity,
            record,
            record_given,
            memberships,
            reached: Vec::new(),
            named: self.named,
        };
        graph.reach(graph.entity, 0);
        graph.reach(graph.record, 0);
        graph
    }

    /// The record: all CatalogRecords that the source gives for this entity in one node, or a new node.
    fn take_records(&mut self) -> (NodeId, Option<NamedNode>) {
        let is_type = |edge: &Edge| {
            edge.predicate == rdf::TYPE
                && matches!(&edge.value, Value::Iri(iri) if RECORD_CLASSES.contains(&iri.as_ref()))
        };
        let mut records = std::mem::take(&mut self.topics);
        records.retain(|id| *id != self.entity && self.nodes[*id].edges.iter().any(is_type));
        records.sort_by(|a, b| self.nodes[*a].iri.cmp(&self.nodes[*b].iri));
        records.dedup();
        let given = records.iter().find_map(|id| self.nodes[*id].iri.clone());
        let Some((first, others)) = records.split_first() else {
            self.nodes.push(Node::default());
            return (self.nodes.len() - 1, None);
        };
        for other in others {
            let edges = std::mem::take(&mut self.nodes[*other].edges);
            self.nodes[*first].edges.extend(edges);
        }
        (*first, given)
    }

    fn membership(
        &self,
        (subject, predicate, object): (NamedOrBlankNode, NamedNode, Term),
        record: NodeId,
    ) -> Option<Membership> {
        let member = match &object {
            Term::NamedNode(iri) => self.named.get(iri),
            Term::BlankNode(node) => self.blank.get(node),
            Term::Literal(_) => None,
        };
        let member = *member.filter(|id| **id == self.entity || **id == record)?;
        let collection = match subject {
            NamedOrBlankNode::NamedNode(iri) => Collection::Named(iri),
            NamedOrBlankNode::BlankNode(node) => Collection::Blank(*self.blank.get(&node)?),
        };
        Some(Membership {
            collection,
            predicate,
            member,
        })
    }
}
