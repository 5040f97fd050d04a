//! What does not conform, where, and what would have been right.

use super::facts::{Literal, Node};
use super::path::Path;
use super::shape::{Constraint, Severity, Shape};
use crate::description::printable;
use crate::terms::{prefixed, sh};
use std::fmt;

/// One result of a validation (SHACL, section 3.6). Borrows from the graph and from the shapes.
#[derive(Clone)]
pub struct ValidationResult<'r> {
    /// The node that was looked at.
    pub focus: &'r Node<'r>,
    pub(super) path: Option<&'r Path>,
    /// The predicate that a closed shape does not allow.
    pub(super) predicate: Option<&'r str>,
    /// The value that is wrong. None: it is about all values together.
    pub value: Option<&'r Node<'r>>,
    /// How many values there are.
    pub count: usize,
    pub(super) shape: &'r Shape,
    pub(super) constraint: &'r Constraint,
}

impl<'r> ValidationResult<'r> {
    /// `sh:resultPath` with short names, as SPARQL writes paths: `dct:title`. None: it is about the focus node itself.
    pub fn path(&self) -> Option<String> {
        let predicate = self.predicate.map(prefixed);
        predicate.or_else(|| self.path.map(Path::to_string))
    }

    /// IRI of `sh:resultPath` where that is a single predicate.
    pub fn predicate(&self) -> Option<&'r str> {
        match (self.predicate, self.path) {
            (None, Some(Path::Predicate(iri))) => Some(iri),
            (predicate, _) => predicate,
        }
    }

    /// Local name of `sh:sourceConstraintComponent`: `MinCountConstraintComponent`.
    pub fn component(&self) -> String {
        format!("{}ConstraintComponent", self.constraint.component())
    }

    /// IRI of `sh:sourceConstraintComponent`.
    pub fn component_iri(&self) -> String {
        format!("{}{}", sh::NS, self.component())
    }

    pub fn severity(&self) -> &'r Severity {
        &self.shape.severity
    }

    /// `sh:sourceShape`.
    pub fn source_shape(&self) -> &'r Node<'static> {
        &self.shape.node
    }

    /// All messages of the shape (`sh:message`).
    pub fn messages(&self) -> &'r [Literal<'static>] {
        &self.shape.messages
    }

    /// The message in a language (in lower case: `zh-hant`), else in the first that there is. None: the shape has none.
    pub fn message(&self, language: &str) -> Option<&'r str> {
        let messages = &self.shape.messages;
        let spoken = messages.iter().find(|message| message.language == language);
        spoken.or(messages.first()).map(|message| &*message.value)
    }

    /// What was found, cut to a printable length: the value, else how many there are.
    pub fn found(&self) -> String {
        match (self.value, self.count) {
            (Some(value), _) => printable(&value.to_string()),
            (None, 0) => "nothing".to_owned(),
            (None, 1) => "1 value".to_owned(),
            (None, many) => format!("{many} values"),
        }
    }

    /// What would have been right.
    pub fn expected(&self) -> String {
        printable(&self.constraint.to_string())
    }
}

/// `violation at <focus> dct:title: found nothing, expected at least 1 value`.
impl fmt::Display for ValidationResult<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = self.severity().word();
        let path = self.path().map(|path| format!(" {path}"));
        write!(
            f,
            "{weight} at {}{}: found {}, expected {}",
            self.focus,
            path.unwrap_or_default(),
            self.found(),
            self.expected()
        )
    }
}

impl fmt::Debug for ValidationResult<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.component())
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(rule) => rule.fmt(f),
            Self::Class(class) => write!(f, "an instance of {}", prefixed(class)),
            Self::MinCount(least) => write!(f, "at least {least}"),
            Self::MaxCount(most) => write!(f, "at most {most}"),
            Self::UniqueLang => f.write_str("one text a language"),
            Self::Equals(other) => write!(f, "the values of {}", prefixed(other)),
            Self::Disjoint(other) => write!(f, "no value of {}", prefixed(other)),
            Self::LessThan(other) => write!(f, "less than {}", prefixed(other)),
            Self::LessThanOrEquals(other) => write!(f, "at most {}", prefixed(other)),
            Self::Not(_) => f.write_str("what does not conform to a shape"),
            Self::And(shapes) => write!(f, "what conforms to all of {} shapes", shapes.len()),
            Self::Or(shapes) => write!(f, "what conforms to one of {} shapes", shapes.len()),
            Self::Xone(shapes) => {
                write!(f, "what conforms to exactly one of {} shapes", shapes.len())
            }
            Self::Node(_) => f.write_str("what conforms to a shape"),
            Self::Properties(_) => f.write_str("properties that conform"),
            Self::QualifiedMin(_, least) => write!(f, "at least {least} of a shape"),
            Self::QualifiedMax(_, most) => write!(f, "at most {most} of a shape"),
            Self::Closed(allowed) => {
                write!(
                    f,
                    "only {}",
                    listed(allowed.iter().map(|iri| prefixed(iri)))
                )
            }
            Self::HasValue(node) => write!(f, "{node} among the values"),
        }
    }
}

pub(super) fn listed(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let mut out = String::new();
    for item in items {
        let between = if out.is_empty() { "" } else { ", " };
        out = format!("{out}{between}{item}");
    }
    out
}
