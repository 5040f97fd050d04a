//! The small graph that shapes are held against: one description, by subject.
//!
//! Borrows from lines of N-Triples or from triples; copies only texts that are written with escapes. Start at
//! [`Facts::of_body`].

use super::text;
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{NamedOrBlankNode, Term, Triple};
use std::borrow::Cow;

/// What is known of an IRI that a description refers to: is it an instance of this class? None: nothing is known.
pub type Known<'a> = &'a dyn Fn(&str, &str) -> Option<bool>;

/// A graph, and what is known of nodes outside of it.
pub struct Facts<'a> {
    /// Sorted, each once.
    statements: Vec<Statement<'a>>,
    elsewhere: Elsewhere<'a>,
}

/// What of a node whose types the graph does not say?
#[derive(Clone, Copy)]
enum Elsewhere<'a> {
    /// It has none.
    Nothing,
    /// It may be anything.
    Unknown,
    Known(Known<'a>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement<'a> {
    pub subject: Node<'a>,
    /// IRI.
    pub predicate: &'a str,
    pub object: Node<'a>,
}

/// A term.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node<'a> {
    Iri(Cow<'a, str>),
    /// Its label, without `_:`.
    Blank(Cow<'a, str>),
    Literal(Literal<'a>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal<'a> {
    pub value: Cow<'a, str>,
    /// The tag in lower case; empty: of no language.
    pub language: Cow<'a, str>,
    /// IRI.
    pub datatype: Cow<'a, str>,
}

impl<'a> Facts<'a> {
    /// Of lines of N-Triples, as a body has them. What is no statement is passed over: a body that we keep has none.
    ///
    /// A node that it refers to and says no type of may be anything ([`Facts::knowing`], [`Facts::closed`]).
    pub fn of_body(body: &'a str) -> Self {
        Self::sorted(body.lines().filter_map(text::statement).collect())
    }

    /// Of triples in any order; else as [`Facts::of_body`].
    pub fn of_triples(triples: impl IntoIterator<Item = &'a Triple>) -> Self {
        Self::sorted(triples.into_iter().map(Statement::from).collect())
    }

    fn sorted(mut statements: Vec<Statement<'a>>) -> Self {
        // A body is sorted by its lines, which is nearly this order: what merges runs is fast.
        statements.sort();
        statements.dedup();
        Self {
            statements,
            elsewhere: Elsewhere::Unknown,
        }
    }

    /// There is nothing outside of this graph: a node without a type in it is of no class.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.elsewhere = Elsewhere::Nothing;
        self
    }

    /// What is known outside of this graph, asked of IRIs that it says no type of.
    #[must_use]
    pub fn knowing(mut self, known: Known<'a>) -> Self {
        self.elsewhere = Elsewhere::Known(known);
        self
    }

    /// All statements, by subject, predicate and object.
    pub fn all(&self) -> &[Statement<'a>] {
        &self.statements
    }

    /// What is said of a node.
    pub fn about(&self, node: &Node<'_>) -> &[Statement<'a>] {
        if matches!(node, Node::Literal(_)) {
            return &[];
        }
        run(&self.statements, |statement| statement.subject.cmp(node))
    }

    /// Is a node that this graph says no type of an instance of the class? None: who knows.
    pub(super) fn is_elsewhere(&self, node: &Node<'_>, class: &str) -> Option<bool> {
        match (node, self.elsewhere) {
            (Node::Iri(_), Elsewhere::Unknown) => None,
            (Node::Iri(iri), Elsewhere::Known(known)) => known(iri, class),
            _ => Some(false),
        }
    }
}

/// The statements with a predicate among those of one subject.
pub(super) fn with<'s, 'a>(said: &'s [Statement<'a>], predicate: &str) -> &'s [Statement<'a>] {
    run(said, |statement| statement.predicate.cmp(predicate))
}

/// The run that compares equal, in a sorted slice.
fn run<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let from = sorted.partition_point(|item| compare(item).is_lt());
    let rest = sorted.get(from..).unwrap_or_default();
    // Runs are short.
    let many = rest.iter().take_while(|item| compare(item).is_eq()).count();
    rest.get(..many).unwrap_or_default()
}

impl<'a> From<&'a Triple> for Statement<'a> {
    fn from(triple: &'a Triple) -> Self {
        let subject = match &triple.subject {
            NamedOrBlankNode::NamedNode(iri) => Node::Iri(iri.as_str().into()),
            NamedOrBlankNode::BlankNode(node) => Node::Blank(node.as_str().into()),
        };
        Self {
            subject,
            predicate: triple.predicate.as_str(),
            object: (&triple.object).into(),
        }
    }
}

impl<'a> From<&'a Term> for Node<'a> {
    fn from(term: &'a Term) -> Self {
        match term {
            Term::NamedNode(iri) => Self::Iri(iri.as_str().into()),
            Term::BlankNode(node) => Self::Blank(node.as_str().into()),
            Term::Literal(literal) => Self::Literal(Literal {
                value: literal.value().into(),
                language: literal.language().unwrap_or_default().into(),
                datatype: literal.datatype().as_str().into(),
            }),
        }
    }
}

impl Node<'_> {
    pub fn iri(&self) -> Option<&str> {
        match self {
            Self::Iri(iri) => Some(iri),
            _ => None,
        }
    }

    pub fn literal(&self) -> Option<&Literal<'_>> {
        match self {
            Self::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    /// What SPARQL's `str()` gives: the IRI, or the text. None: a blank node.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Iri(text) | Self::Literal(Literal { value: text, .. }) => Some(text),
            Self::Blank(_) => None,
        }
    }

    pub(super) fn into_owned(self) -> Node<'static> {
        match self {
            Self::Iri(iri) => Node::Iri(owned(iri)),
            Self::Blank(label) => Node::Blank(owned(label)),
            Self::Literal(literal) => Node::Literal(literal.into_owned()),
        }
    }
}

impl Literal<'_> {
    pub(super) fn into_owned(self) -> Literal<'static> {
        Literal {
            value: owned(self.value),
            language: owned(self.language),
            datatype: owned(self.datatype),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// As N-Triples would have it, with shortened IRIs where a prefix of ours fits and without escapes: for people.
impl std::fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = crate::terms::prefixed;
        match self {
            Self::Iri(iri) => f.write_str(&short(iri)),
            Self::Blank(label) => write!(f, "_:{label}"),
            Self::Literal(literal) => {
                write!(f, "\"{}\"", literal.value)?;
                if !literal.language.is_empty() {
                    write!(f, "@{}", literal.language)
                } else if literal.datatype == xsd::STRING.as_str() {
                    Ok(())
                } else {
                    write!(f, "^^{}", short(&literal.datatype))
                }
            }
        }
    }
}

/// The datatype of a literal that names none.
pub(super) fn datatype_of(language: &str) -> &'static str {
    if language.is_empty() {
        xsd::STRING.as_str()
    } else {
        rdf::LANG_STRING.as_str()
    }
}
