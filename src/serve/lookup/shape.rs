//! Which queries are lookups: SELECT of variables, CONSTRUCT or ASK, over triple patterns of the default graph, with
//! OPTIONAL groups of triple patterns after them.
//!
//! Each pattern must be reached: from a constant subject or object, or from a variable that a pattern before it has bound.
//! So a whole class, a whole predicate or the product of two patterns is none. Reads nothing. Start at [`Plan::of`].

use oxigraph::model::{Term, Variable, vocab::rdf};
use spargebra::{
    Query,
    algebra::GraphPattern,
    term::{NamedNodePattern, TermPattern, TriplePattern},
};
use std::sync::Arc;

/// What is to be read, in this order.
#[derive(Debug)]
pub struct Plan {
    pub required: Vec<Pattern>,
    /// Each group extends a solution or leaves it.
    pub optional: Vec<Vec<Pattern>>,
    /// Places in a solution.
    pub width: usize,
    pub asked: Asked,
}

#[derive(Debug)]
pub enum Asked {
    /// Is there a solution?
    Ask,
    Select {
        variables: Arc<[Variable]>,
        /// Where each of them stands in a solution.
        places: Vec<usize>,
        /// More solutions than this are a worker's business: which of them are given is the engine's choice, and must
        /// not change from page to page.
        solutions_max: Option<usize>,
    },
    /// The triples of each solution.
    Construct(Vec<Pattern>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    pub subject: Slot,
    pub predicate: Slot,
    pub object: Slot,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Slot {
    Constant(Term),
    Place(usize),
}

impl Plan {
    /// None: the query is no lookup.
    pub fn of(query: Query) -> Option<Self> {
        let mut places = Places::default();
        let (pattern, asked) = match query {
            Query::Ask {
                dataset: None,
                pattern,
                ..
            } => match pattern {
                // What an ASK would select is nobody's business.
                GraphPattern::Project { inner, .. } => (*inner, Asked::Ask),
                pattern => (pattern, Asked::Ask),
            },
            Query::Select {
                dataset: None,
                pattern,
                ..
            } => selected(pattern, &mut places)?,
            Query::Construct {
                dataset: None,
                template,
                pattern,
                ..
            } => constructed(template, pattern, &mut places)?,
            _ => return None,
        };
        let (required, optional) = groups(pattern)?;
        let mut bound = Vec::new();
        let required = places.reached(required, &mut bound)?;
        let optional = optional
            .into_iter()
            .map(|group| places.reached(group, &mut bound))
            .collect::<Option<_>>()?;
        Some(Self {
            required,
            optional,
            width: places.names.len(),
            asked,
        })
    }
}

/// What is selected, and from what.
fn selected(pattern: GraphPattern, places: &mut Places) -> Option<(GraphPattern, Asked)> {
    let (pattern, solutions_max) = match pattern {
        GraphPattern::Slice {
            inner,
            start: 0,
            length,
        } => (*inner, length),
        pattern => (pattern, None),
    };
    let GraphPattern::Project { inner, variables } = pattern else {
        return None;
    };
    let named = variables.iter().map(|v| places.of(v.as_str(), false));
    let asked = Asked::Select {
        places: named.collect(),
        variables: variables.into(),
        solutions_max,
    };
    Some((*inner, asked))
}

/// What is made of each solution, and from what. New blank nodes for each solution are a worker's business.
fn constructed(
    template: Group,
    pattern: GraphPattern,
    places: &mut Places,
) -> Option<(GraphPattern, Asked)> {
    let is_blank = |term: &TermPattern| matches!(term, TermPattern::BlankNode(_));
    if template
        .iter()
        .any(|triple| is_blank(&triple.subject) || is_blank(&triple.object))
    {
        return None;
    }
    let template = template.into_iter().map(|triple| places.pattern(triple));
    let asked = Asked::Construct(template.collect::<Option<_>>()?);
    Some(match pattern {
        GraphPattern::Project { inner, .. } => (*inner, asked),
        pattern => (pattern, asked),
    })
}

type Group = Vec<TriplePattern>;

/// The triple patterns, and those of each OPTIONAL in the order of the query.
fn groups(mut pattern: GraphPattern) -> Option<(Group, Vec<Group>)> {
    let mut optional = Vec::new();
    loop {
        match pattern {
            GraphPattern::Bgp { patterns } => {
                optional.reverse();
                return Some((patterns, optional));
            }
            GraphPattern::LeftJoin {
                left,
                right,
                expression: None,
            } => {
                let GraphPattern::Bgp { patterns } = *right else {
                    return None;
                };
                optional.push(patterns);
                pattern = *left;
            }
            _ => return None,
        }
    }
}

/// Where each variable stands in a solution. A blank node of a query is a variable that nobody can name.
#[derive(Default)]
struct Places {
    names: Vec<(String, bool)>,
}

impl Places {
    fn of(&mut self, name: &str, blank: bool) -> usize {
        let known = self
            .names
            .iter()
            .position(|(n, b)| n == name && *b == blank);
        known.unwrap_or_else(|| {
            self.names.push((name.to_owned(), blank));
            self.names.len() - 1
        })
    }

    fn slot(&mut self, term: TermPattern) -> Option<Slot> {
        Some(match term {
            TermPattern::NamedNode(node) => Slot::Constant(node.into()),
            TermPattern::Literal(literal) => Slot::Constant(literal.into()),
            TermPattern::Variable(variable) => Slot::Place(self.of(variable.as_str(), false)),
            TermPattern::BlankNode(node) => Slot::Place(self.of(node.as_str(), true)),
            #[expect(
                unreachable_patterns,
                reason = "triple terms, where they are compiled in"
            )]
            _ => return None,
        })
    }

    fn pattern(&mut self, triple: TriplePattern) -> Option<Pattern> {
        Some(Pattern {
            subject: self.slot(triple.subject)?,
            predicate: match triple.predicate {
                NamedNodePattern::NamedNode(node) => Slot::Constant(node.into()),
                NamedNodePattern::Variable(variable) => {
                    Slot::Place(self.of(variable.as_str(), false))
                }
            },
            object: self.slot(triple.object)?,
        })
    }

    /// The group's patterns in the order in which they are to be read: of those that can be reached, the one that
    /// promises the fewest triples. None where one cannot be reached, or there is none.
    fn reached(&mut self, group: Group, bound: &mut Vec<usize>) -> Option<Vec<Pattern>> {
        let mut waiting: Vec<Pattern> = group
            .into_iter()
            .map(|triple| self.pattern(triple))
            .collect::<Option<_>>()?;
        let mut ordered = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let ranked = waiting.iter().enumerate();
            let (_, at) = ranked
                .filter_map(|(at, pattern)| Some((promise(pattern, bound)?, at)))
                .min()?;
            let next = waiting.remove(at);
            for slot in [&next.subject, &next.predicate, &next.object] {
                if let Slot::Place(place) = slot
                    && !bound.contains(place)
                {
                    bound.push(*place);
                }
            }
            ordered.push(next);
        }
        (!ordered.is_empty()).then_some(ordered)
    }
}

/// How many triples a pattern promises, as a rank: the fewer the better. None where it is not reached: then it could be
/// all of a class or of the store.
fn promise(pattern: &Pattern, bound: &[usize]) -> Option<u8> {
    let is_bound = |slot: &Slot| match slot {
        Slot::Constant(_) => true,
        Slot::Place(place) => bound.contains(place),
    };
    let names_a_class =
        matches!(&pattern.predicate, Slot::Constant(Term::NamedNode(p)) if p.as_ref() == rdf::TYPE);
    let says_a_text = matches!(&pattern.object, Slot::Constant(Term::Literal(_)));
    let [s, p, o] = [&pattern.subject, &pattern.predicate, &pattern.object].map(is_bound);
    match (s, p, o) {
        (true, true, true) => Some(0),
        (true, _, true) => Some(1),
        (true, true, false) => Some(2),
        (false, true, true) if names_a_class => None,
        (false, true, true) if says_a_text => Some(3),
        (true, false, false) => Some(4),
        (false, true, true) => Some(5),
        (false, false, true) => Some(6),
        (false, _, false) => None,
    }
}
