//! Property paths: which values a node has over one. SHACL, section 2.3.1.

use super::facts::{Facts, Node, Statement, with};
use crate::terms::prefixed;
use std::collections::HashSet;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// IRI.
    Predicate(String),
    Inverse(Box<Path>),
    Sequence(Vec<Path>),
    Alternative(Vec<Path>),
    ZeroOrMore(Box<Path>),
    OneOrMore(Box<Path>),
    ZeroOrOne(Box<Path>),
}

/// The nodes at the end of a path, each once.
pub(super) enum Values<'r> {
    One(&'r Node<'r>),
    /// The objects of statements.
    Said(&'r [Statement<'r>]),
    Many(Vec<&'r Node<'r>>),
}

impl<'r> Values<'r> {
    pub fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Said(said) => said.len(),
            Self::Many(nodes) => nodes.len(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &'r Node<'r>> {
        let (mut one, mut said, mut many) = (None, &[][..], &[][..]);
        match self {
            Self::One(node) => one = Some(*node),
            Self::Said(statements) => said = *statements,
            Self::Many(nodes) => many = nodes.as_slice(),
        }
        let said = said.iter().map(|statement| &statement.object);
        one.into_iter().chain(said).chain(many.iter().copied())
    }

    pub fn has(&self, node: &Node<'_>) -> bool {
        self.iter().any(|value| value == node)
    }
}

impl Path {
    /// The values of a node, of which `said` is what the graph says.
    pub(super) fn values<'r>(
        &self,
        facts: &'r Facts<'r>,
        node: &'r Node<'r>,
        said: &'r [Statement<'r>],
    ) -> Values<'r> {
        if let Self::Predicate(predicate) = self {
            return Values::Said(with(said, predicate));
        }
        Values::Many(self.reached(facts, node))
    }

    /// The nodes at the end of the path, each once.
    pub(super) fn reached<'r>(
        &self,
        facts: &'r Facts<'r>,
        from: &'r Node<'r>,
    ) -> Vec<&'r Node<'r>> {
        let mut found = Found::default();
        self.walk(facts, from, false, &mut found);
        found.nodes
    }

    /// `back`: from the end of the path to its beginning.
    fn walk<'r>(
        &self,
        facts: &'r Facts<'r>,
        from: &'r Node<'r>,
        back: bool,
        found: &mut Found<'r>,
    ) {
        match self {
            Self::Predicate(predicate) if back => {
                // Nothing is kept by object: shapes of descriptions rarely look backwards, and their graphs are small.
                let all = facts.all().iter();
                all.filter(|said| said.predicate == predicate && said.object == *from)
                    .for_each(|said| found.add(&said.subject));
            }
            Self::Predicate(predicate) => {
                let said = with(facts.about(from), predicate);
                said.iter().for_each(|said| found.add(&said.object));
            }
            Self::Inverse(path) => path.walk(facts, from, !back, found),
            Self::Alternative(paths) => {
                for path in paths {
                    path.walk(facts, from, back, found);
                }
            }
            Self::Sequence(paths) => {
                let mut reached = vec![from];
                for at in 0..paths.len() {
                    let step = if back { paths.len() - 1 - at } else { at };
                    let mut next = Found::default();
                    for node in reached {
                        paths[step].walk(facts, node, back, &mut next);
                    }
                    reached = next.nodes;
                }
                reached.into_iter().for_each(|node| found.add(node));
            }
            Self::ZeroOrOne(path) => {
                found.add(from);
                path.walk(facts, from, back, found);
            }
            Self::ZeroOrMore(path) => {
                let mut reached = Found::default();
                reached.add(from);
                path.close(facts, back, reached, found);
            }
            Self::OneOrMore(path) => {
                let mut reached = Found::default();
                path.walk(facts, from, back, &mut reached);
                path.close(facts, back, reached, found);
            }
        }
    }

    /// What is reached already, and all that is reached from there by any number of steps.
    fn close<'r>(
        &self,
        facts: &'r Facts<'r>,
        back: bool,
        mut reached: Found<'r>,
        found: &mut Found<'r>,
    ) {
        let mut at = 0;
        while let Some(node) = reached.nodes.get(at).copied() {
            self.walk(facts, node, back, &mut reached);
            at += 1;
        }
        reached.nodes.into_iter().for_each(|node| found.add(node));
    }
}

/// Nodes in the order in which they were reached, each once.
#[derive(Default)]
struct Found<'r> {
    nodes: Vec<&'r Node<'r>>,
    known: HashSet<&'r Node<'r>>,
}

impl<'r> Found<'r> {
    fn add(&mut self, node: &'r Node<'r>) {
        if self.known.insert(node) {
            self.nodes.push(node);
        }
    }
}

/// As SPARQL writes it, with short names.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, paths: &[Self], between: char| {
            for (at, path) in paths.iter().enumerate() {
                let open = if at == 0 { '(' } else { between };
                write!(f, "{open}{path}")?;
            }
            f.write_str(")")
        };
        match self {
            Self::Predicate(iri) => f.write_str(&prefixed(iri)),
            Self::Inverse(path) => write!(f, "^{path}"),
            Self::Sequence(paths) => joined(f, paths, '/'),
            Self::Alternative(paths) => joined(f, paths, '|'),
            Self::ZeroOrMore(path) => write!(f, "{path}*"),
            Self::OneOrMore(path) => write!(f, "{path}+"),
            Self::ZeroOrOne(path) => write!(f, "{path}?"),
        }
    }
}
