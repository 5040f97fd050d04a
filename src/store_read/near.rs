//! The description of an entity, read with the help of a text that is nearly it.
//!
//! Most of what reading a description costs is looking up the words of its triples. Of a dataset that has changed nearly all
//! of them stand in the new text as well: what the store has of that text is told apart by identifiers alone, and only the
//! rest is looked up. The answer is that of [`description_of`](super::description_of), whatever the text says. Start at
//! [`description_near`].

use super::{Walk, links, records_about, triples_of};
use harvestd_vocab::containment::{is_membership, membership_predicates};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::xsd},
    sparql::{QueryResults, QuerySolution, SparqlEvaluator},
    store::{StorageError, Store},
};
use spargebra::{
    Query,
    algebra::{Expression, GraphPattern},
    term::{GroundTerm, NamedNodePattern, TermPattern, TriplePattern, Variable},
};
use std::{
    collections::{BTreeMap, HashSet},
    io,
};

/// Nodes that one question asks for: it nests as deeply.
const NODES_AT_ONCE: usize = 32;

/// Every triple of the default graph that belongs to the entity, each once. Empty where we hold no such entity. `near`:
/// lines of N-Triples.
pub fn description_near(
    store: &Store,
    entity: NamedNodeRef<'_>,
    near: &str,
) -> Result<Vec<Triple>, StorageError> {
    let records = records_about(store, entity)?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut held = held(store, &by_subject(near))?;
    let walk = Walk::through(store, entity, &records, &mut |node, depth| match held
        .remove(node.as_str())
    {
        Some(triples) => Ok(triples),
        None => triples_of(store, node, depth),
    })?;
    links(store, entity, &records, walk.triples)
}

/// What a text says, by the nodes that it speaks of.
type Said = BTreeMap<String, HashSet<Triple>>;

/// Collections are not among them. What is no N-Triples says nothing.
fn by_subject(near: &str) -> Said {
    let mut said = Said::new();
    let lines = RdfParser::from_format(RdfFormat::NTriples)
        .lenient()
        .for_slice(near.as_bytes());
    for triple in lines.map_while(Result::ok).map(Triple::from) {
        if let NamedOrBlankNode::NamedNode(subject) = &triple.subject
            && !is_membership(triple.predicate.as_ref())
        {
            let of = said.entry(subject.as_str().to_owned()).or_default();
            of.insert(triple);
        }
    }
    said
}

/// What the store says of these nodes, but for links to members; nodes of which it says nothing are left out.
fn held(store: &Store, said: &Said) -> Result<BTreeMap<String, Vec<Triple>>, StorageError> {
    let mut held: BTreeMap<String, Vec<Triple>> = BTreeMap::new();
    let nodes: Vec<_> = said.iter().collect();
    for some in nodes.chunks(NODES_AT_ONCE) {
        let known: Vec<&Triple> = some.iter().flat_map(|(_, triples)| *triples).collect();
        let subjects = some.iter().map(|(node, _)| NamedNode::new_unchecked(*node));
        let Some(query) = question(subjects, &known) else {
            continue;
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
            let triple = told(&solution, &known)
                .ok_or_else(|| other("a row that is neither a number nor a triple".into()))?;
            if let NamedOrBlankNode::NamedNode(subject) = &triple.subject {
                let of = held.entry(subject.as_str().to_owned()).or_default();
                of.push(triple);
            }
        }
    }
    Ok(held)
}

fn other(error: Box<dyn std::error::Error + Send + Sync>) -> StorageError {
    StorageError::Io(io::Error::other(error))
}

/// A row: the number of a known triple, three times, or another triple.
fn told(row: &QuerySolution, known: &[&Triple]) -> Option<Triple> {
    match row.values() {
        [Some(Term::Literal(number)), ..] => {
            let number: usize = number.value().parse().ok()?;
            known.get(number).map(|triple| (*triple).clone())
        }
        [
            Some(Term::NamedNode(subject)),
            Some(Term::NamedNode(predicate)),
            Some(object),
        ] => Some(Triple::new(
            subject.clone(),
            predicate.clone(),
            object.clone(),
        )),
        _ => None,
    }
}

/// `SELECT (IF(BOUND(?n), ?n, ?s) AS ?a) … { <node> ?p ?o … OPTIONAL { VALUES (?s ?p ?o ?n) { … } } }`: of a triple that is
/// known the number alone is decoded. None: there is nothing to be asked for.
fn question(subjects: impl Iterator<Item = NamedNode>, known: &[&Triple]) -> Option<Query> {
    let [s, p, o, n] = ["s", "p", "o", "n"].map(Variable::new_unchecked);
    let of_node = |node: NamedNode| GraphPattern::Extend {
        inner: Box::new(GraphPattern::Bgp {
            patterns: vec![TriplePattern {
                subject: TermPattern::NamedNode(node.clone()),
                predicate: NamedNodePattern::Variable(p.clone()),
                object: TermPattern::Variable(o.clone()),
            }],
        }),
        variable: s.clone(),
        expression: Expression::NamedNode(node),
    };
    let all = subjects
        .map(of_node)
        .reduce(|left, right| GraphPattern::Union {
            left: Box::new(left),
            right: Box::new(right),
        })?;
    let no_link = membership_predicates().iter().map(|link| {
        let link = Expression::NamedNode(link.into_owned());
        let is_link = Expression::SameTerm(Box::new(Expression::Variable(p.clone())), link.into());
        Expression::Not(Box::new(is_link))
    });
    let no_link = no_link.reduce(|a, b| Expression::And(Box::new(a), Box::new(b)))?;
    let pattern = GraphPattern::LeftJoin {
        left: Box::new(GraphPattern::Filter {
            expr: no_link,
            inner: Box::new(all),
        }),
        right: Box::new(GraphPattern::Values {
            variables: vec![s.clone(), p.clone(), o.clone(), n.clone()],
            bindings: numbered(known),
        }),
        expression: None,
    };
    let names = ["a", "b", "c"].map(Variable::new_unchecked);
    let pattern = names
        .iter()
        .zip([s, p, o])
        .fold(pattern, |inner, (name, of)| {
            let number = Expression::Variable(n.clone());
            GraphPattern::Extend {
                inner: Box::new(inner),
                variable: name.clone(),
                expression: Expression::If(
                    Box::new(Expression::Bound(n.clone())),
                    Box::new(number),
                    Box::new(Expression::Variable(of)),
                ),
            }
        });
    Some(Query::Select {
        dataset: None,
        pattern: GraphPattern::Project {
            inner: Box::new(pattern),
            variables: names.to_vec(),
        },
        base_iri: None,
    })
}

/// Of words alone: where a literal has a type, the store may write the same value in another way.
fn numbered(known: &[&Triple]) -> Vec<Vec<Option<GroundTerm>>> {
    let row = |(number, triple): (u64, &&Triple)| {
        let NamedOrBlankNode::NamedNode(subject) = &triple.subject else {
            return None;
        };
        let object = match &triple.object {
            Term::NamedNode(node) => GroundTerm::NamedNode(node.clone()),
            Term::Literal(words) if is_words(words) => GroundTerm::Literal(words.clone()),
            _ => return None,
        };
        Some(vec![
            Some(GroundTerm::NamedNode(subject.clone())),
            Some(GroundTerm::NamedNode(triple.predicate.clone())),
            Some(object),
            Some(GroundTerm::Literal(Literal::from(number))),
        ])
    };
    (0_u64..).zip(known).filter_map(row).collect()
}

fn is_words(literal: &Literal) -> bool {
    literal.language().is_some() || literal.datatype() == xsd::STRING
}
