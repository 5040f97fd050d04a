//! What can be said of a value without looking at anything else. SHACL, sections 4.1, 4.3, 4.4 and 4.8.

use super::facts::Node;
use super::order::{Ordered, is_well_formed};
use super::result::listed;
use crate::terms::{prefixed, sh};
use regex::Regex;
use std::cmp::Ordering;
use std::fmt;

#[derive(Debug)]
pub(super) enum Rule {
    Datatype(String),
    NodeKind(NodeKind),
    MinExclusive(Bound),
    MinInclusive(Bound),
    MaxExclusive(Bound),
    MaxInclusive(Bound),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Regex),
    /// Ranges of languages, in lower case.
    LanguageIn(Vec<String>),
    In(Vec<Node<'static>>),
}

#[derive(Debug)]
pub(super) struct Bound {
    pub literal: Node<'static>,
    pub value: Option<Ordered>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum NodeKind {
    Iri,
    Blank,
    Literal,
    BlankOrIri,
    BlankOrLiteral,
    IriOrLiteral,
}

impl NodeKind {
    pub fn of(iri: &str) -> Option<Self> {
        let named = [
            (sh::IRI, Self::Iri),
            (sh::BLANK_NODE, Self::Blank),
            (sh::LITERAL, Self::Literal),
            (sh::BLANK_NODE_OR_IRI, Self::BlankOrIri),
            (sh::BLANK_NODE_OR_LITERAL, Self::BlankOrLiteral),
            (sh::IRI_OR_LITERAL, Self::IriOrLiteral),
        ];
        let found = named.into_iter().find(|(name, _)| name.as_str() == iri);
        found.map(|(_, kind)| kind)
    }

    pub fn has(self, node: &Node<'_>) -> bool {
        match node {
            Node::Iri(_) => matches!(self, Self::Iri | Self::BlankOrIri | Self::IriOrLiteral),
            Node::Blank(_) => {
                matches!(self, Self::Blank | Self::BlankOrIri | Self::BlankOrLiteral)
            }
            Node::Literal(_) => {
                matches!(
                    self,
                    Self::Literal | Self::BlankOrLiteral | Self::IriOrLiteral
                )
            }
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Iri => "an IRI",
            Self::Blank => "a blank node",
            Self::Literal => "a literal",
            Self::BlankOrIri => "an IRI or a blank node",
            Self::BlankOrLiteral => "a literal or a blank node",
            Self::IriOrLiteral => "an IRI or a literal",
        }
    }
}

impl Rule {
    pub fn component(&self) -> &'static str {
        match self {
            Self::Datatype(_) => "Datatype",
            Self::NodeKind(_) => "NodeKind",
            Self::MinExclusive(_) => "MinExclusive",
            Self::MinInclusive(_) => "MinInclusive",
            Self::MaxExclusive(_) => "MaxExclusive",
            Self::MaxInclusive(_) => "MaxInclusive",
            Self::MinLength(_) => "MinLength",
            Self::MaxLength(_) => "MaxLength",
            Self::Pattern(_) => "Pattern",
            Self::LanguageIn(_) => "LanguageIn",
            Self::In(_) => "In",
        }
    }

    /// Does a value meet it?
    pub fn meets(&self, value: &Node<'_>) -> bool {
        let length = || value.text().map(|text| text.chars().count());
        match self {
            Self::Datatype(datatype) => value.literal().is_some_and(|literal| {
                literal.datatype == *datatype && is_well_formed(&literal.value, datatype)
            }),
            Self::NodeKind(kind) => kind.has(value),
            Self::MinExclusive(bound) => is_within(value, bound, Ordering::is_gt),
            Self::MinInclusive(bound) => is_within(value, bound, Ordering::is_ge),
            Self::MaxExclusive(bound) => is_within(value, bound, Ordering::is_lt),
            Self::MaxInclusive(bound) => is_within(value, bound, Ordering::is_le),
            Self::MinLength(least) => length().is_some_and(|length| length >= *least),
            Self::MaxLength(most) => length().is_some_and(|length| length <= *most),
            Self::Pattern(pattern) => value.text().is_some_and(|text| pattern.is_match(text)),
            Self::LanguageIn(ranges) => value
                .literal()
                .is_some_and(|literal| ranges.iter().any(|range| speaks(&literal.language, range))),
            Self::In(nodes) => nodes.contains(value),
        }
    }
}

fn is_within(value: &Node<'_>, bound: &Bound, within: fn(Ordering) -> bool) -> bool {
    let value = value.literal().and_then(Ordered::of);
    let order = value.as_ref().zip(bound.value.as_ref());
    order
        .and_then(|(value, bound)| value.compare(bound))
        .is_some_and(within)
}

/// SPARQL's `langMatches`: `zh-hant-tw` is `zh-hant`, and `zh`.
fn speaks(tag: &str, range: &str) -> bool {
    if range == "*" {
        return !tag.is_empty();
    }
    let tag = tag.to_ascii_lowercase();
    tag.strip_prefix(range)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let than =
            |f: &mut fmt::Formatter<'_>, what, bound: &Bound| write!(f, "{what} {}", bound.literal);
        match self {
            Self::Datatype(datatype) => write!(f, "a well-formed {}", prefixed(datatype)),
            Self::NodeKind(kind) => f.write_str(kind.words()),
            Self::MinExclusive(bound) => than(f, "more than", bound),
            Self::MinInclusive(bound) => than(f, "at least", bound),
            Self::MaxExclusive(bound) => than(f, "less than", bound),
            Self::MaxInclusive(bound) => than(f, "at most", bound),
            Self::MinLength(least) => write!(f, "at least {least} characters"),
            Self::MaxLength(most) => write!(f, "at most {most} characters"),
            Self::Pattern(pattern) => write!(f, "what matches {pattern}"),
            Self::LanguageIn(ranges) => write!(f, "a text in {}", listed(ranges)),
            Self::In(nodes) => write!(f, "one of {}", listed(nodes)),
        }
    }
}
