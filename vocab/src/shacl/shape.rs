//! What a shape is, once it is compiled.

use super::facts::{Literal, Node};
use super::path::Path;
use super::rule::Rule;
use crate::terms::sh;

pub(super) type ShapeId = usize;

#[derive(Debug)]
pub(super) struct Shape {
    pub node: Node<'static>,
    /// None: a node shape.
    pub path: Option<Path>,
    pub severity: Severity,
    pub messages: Vec<Literal<'static>>,
    pub deactivated: bool,
    pub constraints: Vec<Constraint>,
}

/// How much a result weighs. The order is that of weight; what a shape defines itself comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Violation,
    /// A severity of the shape's own; its IRI.
    Other(String),
}

impl Severity {
    pub fn iri(&self) -> &str {
        match self {
            Self::Info => sh::INFO.as_str(),
            Self::Warning => sh::WARNING.as_str(),
            Self::Violation => sh::VIOLATION.as_str(),
            Self::Other(iri) => iri,
        }
    }

    /// For people.
    pub fn word(&self) -> &str {
        match self {
            Self::Info => "information",
            Self::Warning => "warning",
            Self::Violation => "violation",
            Self::Other(iri) => iri,
        }
    }

    pub(super) fn of(iri: &str) -> Self {
        let known = [Self::Info, Self::Warning, Self::Violation];
        let found = known.into_iter().find(|severity| severity.iri() == iri);
        found.unwrap_or_else(|| Self::Other(iri.to_owned()))
    }
}

#[derive(Debug)]
pub(super) enum Constraint {
    /// Of each value alone.
    Value(Rule),
    Class(String),
    MinCount(usize),
    MaxCount(usize),
    UniqueLang,
    Equals(String),
    Disjoint(String),
    LessThan(String),
    LessThanOrEquals(String),
    Not(ShapeId),
    And(Vec<ShapeId>),
    Or(Vec<ShapeId>),
    Xone(Vec<ShapeId>),
    Node(ShapeId),
    /// All of the property shapes of one shape.
    Properties(Vec<ShapeId>),
    QualifiedMin(Qualified, usize),
    QualifiedMax(Qualified, usize),
    /// The predicates that a node may have.
    Closed(Vec<String>),
    HasValue(Node<'static>),
}

#[derive(Debug, Clone)]
pub(super) struct Qualified {
    pub shape: ShapeId,
    /// A value that conforms to one of these does not count.
    pub siblings: Vec<ShapeId>,
}

impl Constraint {
    /// The component that this is of, without `ConstraintComponent` at the end of its name.
    pub fn component(&self) -> &'static str {
        match self {
            Self::Value(rule) => rule.component(),
            Self::Class(_) => "Class",
            Self::MinCount(_) => "MinCount",
            Self::MaxCount(_) => "MaxCount",
            Self::UniqueLang => "UniqueLang",
            Self::Equals(_) => "Equals",
            Self::Disjoint(_) => "Disjoint",
            Self::LessThan(_) => "LessThan",
            Self::LessThanOrEquals(_) => "LessThanOrEquals",
            Self::Not(_) => "Not",
            Self::And(_) => "And",
            Self::Or(_) => "Or",
            Self::Xone(_) => "Xone",
            Self::Node(_) => "Node",
            Self::Properties(_) => "Property",
            Self::QualifiedMin(..) => "QualifiedMinCount",
            Self::QualifiedMax(..) => "QualifiedMaxCount",
            Self::Closed(_) => "Closed",
            Self::HasValue(_) => "HasValue",
        }
    }
}
