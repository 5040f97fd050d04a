//! Descriptions read with the help of texts that are nearly them: many nodes in one question.
//!
//! Reading a description looks up words: of each triple its subject, its predicate and its object. A
//! new text of the same dataset tells nearly all nodes and predicates before; they are asked for by number, and only objects
//! are looked up. The answer is that of [`description_of`](super::description_of), whatever the texts say. Start at
//! [`Nearby::read`].

use super::{Walk, links, records_about, triples_of};
use harvestd_vocab::containment::{is_membership, membership_predicates};
use oxigraph::{
    model::{Literal, NamedNode, NamedNodeRef, Term, Triple},
    sparql::{QueryResults, QuerySolution, SparqlEvaluator},
    store::{StorageError, Store},
};
use spargebra::{
    Query,
    algebra::{Expression, GraphPattern},
    term::{GroundTerm, NamedNodePattern, TermPattern, TriplePattern, Variable},
};
use std::{
    collections::{BTreeSet, HashMap},
    io,
};

/// Nodes that one question asks for: it nests as deeply.
const NODES_AT_ONCE: usize = 32;

/// What the store says of the nodes of some texts, but for links to members. True as long as the store is not changed.
#[derive(Default)]
pub struct Nearby(HashMap<String, Vec<Triple>>);

impl Nearby {
    /// Of texts in N-Triples. What is none says nothing.
    pub fn read<'t>(
        store: &Store,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, StorageError> {
        let (mut nodes, mut predicates) = (BTreeSet::new(), BTreeSet::new());
        let lines = texts.into_iter().flat_map(str::lines);
        for (node, predicate) in lines.filter_map(begin) {
            // Collections are not read whole.
            if !is_membership(NamedNodeRef::new_unchecked(predicate)) {
                nodes.insert(node);
                predicates.insert(predicate);
            }
        }
        let (nodes, predicates) = (Vec::from_iter(nodes), Vec::from_iter(predicates));
        let mut nearby = Self::default();
        for some in nodes.chunks(NODES_AT_ONCE) {
            nearby.ask(store, some, &predicates)?;
        }
        Ok(nearby)
    }

    /// Every triple of the default graph that belongs to the entity, each once. Empty where we hold no such entity.
    pub fn description_of(
        &mut self,
        store: &Store,
        entity: NamedNodeRef<'_>,
    ) -> Result<Vec<Triple>, StorageError> {
        let records = records_about(store, entity)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let walk = Walk::through(store, entity, &records, &mut |node, depth| match self
            .0
            .remove(node.as_str())
        {
            Some(triples) => Ok(triples),
            None => triples_of(store, node, depth),
        })?;
        links(store, entity, &records, walk.triples)
    }

    fn ask(
        &mut self,
        store: &Store,
        nodes: &[&str],
        predicates: &[&str],
    ) -> Result<(), StorageError> {
        let Some(query) = question(nodes, predicates) else {
            return Ok(());
        };
        let results = SparqlEvaluator::new()
            .for_query(query)
            .on_store(store)
            .execute()
            .map_err(|e| other(e.into()))?;
        let QueryResults::Solutions(solutions) = results else {
            return Err(other("a SELECT gave no solutions".into()));
        };
        for solution in solutions {
            let solution = solution.map_err(|e| other(e.into()))?;
            let (node, triple) = told(&solution, nodes, predicates)
                .ok_or_else(|| other("a row that is no triple".into()))?;
            match self.0.get_mut(node) {
                Some(triples) => triples.push(triple),
                None => {
                    self.0.insert(node.to_owned(), vec![triple]);
                }
            }
        }
        Ok(())
    }
}

/// The node and the predicate with which a line begins.
fn begin(line: &str) -> Option<(&str, &str)> {
    let (node, rest) = line.strip_prefix('<')?.split_once("> <")?;
    let (predicate, _) = rest.split_once("> ")?;
    Some((node, predicate))
}

fn other(error: Box<dyn std::error::Error + Send + Sync>) -> StorageError {
    StorageError::Io(io::Error::other(error))
}

/// A row: the number of a node, the number of a predicate or itself, and an object.
fn told<'n>(
    row: &QuerySolution,
    nodes: &[&'n str],
    predicates: &[&str],
) -> Option<(&'n str, Triple)> {
    let numbered = |term: &Term| match term {
        Term::Literal(number) => number.value().parse::<usize>().ok(),
        _ => None,
    };
    let [Some(node), Some(predicate), Some(object)] = row.values() else {
        return None;
    };
    let node = *nodes.get(numbered(node)?)?;
    let predicate = match predicate {
        Term::NamedNode(predicate) => predicate.clone(),
        number => NamedNode::new_unchecked(*predicates.get(numbered(number)?)?),
    };
    let subject = NamedNode::new_unchecked(node);
    Some((node, Triple::new(subject, predicate, object.clone())))
}

/// `SELECT ?s (IF(BOUND(?n), ?n, ?p) AS ?q) ?o { { <node> ?p ?o BIND(0 AS ?s) } UNION … OPTIONAL { VALUES (?p ?n) { … } } }`.
/// None: there is nothing to be asked for.
fn question(nodes: &[&str], predicates: &[&str]) -> Option<Query> {
    let [s, p, o, n, q] = ["s", "p", "o", "n", "q"].map(Variable::new_unchecked);
    let of_node = |(number, node): (u64, &&str)| GraphPattern::Extend {
        inner: Box::new(GraphPattern::Bgp {
            patterns: vec![TriplePattern {
                subject: TermPattern::NamedNode(NamedNode::new_unchecked(*node)),
                predicate: NamedNodePattern::Variable(p.clone()),
                object: TermPattern::Variable(o.clone()),
            }],
        }),
        variable: s.clone(),
        expression: Expression::Literal(Literal::from(number)),
    };
    let all = (0_u64..).zip(nodes).map(of_node);
    let all = all.reduce(|left, right| GraphPattern::Union {
        left: Box::new(left),
        right: Box::new(right),
    })?;
    let bindings = (0_u64..).zip(predicates).map(|(number, predicate)| {
        let predicate = GroundTerm::NamedNode(NamedNode::new_unchecked(*predicate));
        let number = GroundTerm::Literal(Literal::from(number));
        vec![Some(predicate), Some(number)]
    });
    let numbered = GraphPattern::LeftJoin {
        left: Box::new(GraphPattern::Filter {
            expr: no_link(&p)?,
            inner: Box::new(all),
        }),
        right: Box::new(GraphPattern::Values {
            variables: vec![p.clone(), n.clone()],
            bindings: bindings.collect(),
        }),
        expression: None,
    };
    let pattern = GraphPattern::Extend {
        inner: Box::new(numbered),
        variable: q.clone(),
        expression: Expression::If(
            Box::new(Expression::Bound(n.clone())),
            Box::new(Expression::Variable(n)),
            Box::new(Expression::Variable(p)),
        ),
    };
    Some(Query::Select {
        dataset: None,
        pattern: GraphPattern::Project {
            inner: Box::new(pattern),
            variables: vec![s, q, o],
        },
        base_iri: None,
    })
}

/// The predicate is no link to a member.
fn no_link(predicate: &Variable) -> Option<Expression> {
    let each = membership_predicates().iter().map(|link| {
        let link = Expression::NamedNode(link.into_owned());
        let predicate = Expression::Variable(predicate.clone());
        let is_link = Expression::SameTerm(Box::new(predicate), Box::new(link));
        Expression::Not(Box::new(is_link))
    });
    each.reduce(|a, b| Expression::And(Box::new(a), Box::new(b)))
}
