//! A lookup's solutions, by nested loops over the store's indexes, within a budget. Start at [`evaluate`].
//!
//! Every solution of a step comes of a triple that was counted, so the budget of triples bounds solutions and memory too.

use super::shape::{Asked, Pattern, Plan, Slot};
use oxigraph::{
    model::{GraphNameRef, NamedNodeRef, NamedOrBlankNodeRef, Quad, QuadRef, Term, TermRef},
    sparql::{QueryResults, QuerySolutionIter},
    store::{StorageError, Store},
};
use std::{sync::Arc, time::Instant};

/// Why there is no answer here.
#[derive(Debug)]
pub enum Over {
    Budget,
    Storage(StorageError),
}

impl From<StorageError> for Over {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// What is left to be spent.
pub struct Budget {
    triples: usize,
    bytes: usize,
    until: Instant,
}

impl Budget {
    pub fn new(triples: usize, bytes: usize, until: Instant) -> Self {
        Self {
            triples,
            bytes,
            until,
        }
    }

    /// One triple, or one question of the index that found none.
    fn spend(&mut self, bytes: usize) -> Result<(), Over> {
        let triples = self.triples.checked_sub(1);
        let bytes = self.bytes.checked_sub(bytes);
        let (Some(triples), Some(bytes)) = (triples, bytes) else {
            return Err(Over::Budget);
        };
        (self.triples, self.bytes) = (triples, bytes);
        if Instant::now() > self.until {
            return Err(Over::Budget);
        }
        Ok(())
    }
}

/// A term, or nothing yet, for each place.
type Solution = Vec<Option<Term>>;

pub fn evaluate(
    store: &Store,
    plan: &Plan,
    budget: &mut Budget,
) -> Result<QueryResults<'static>, Over> {
    let mut solutions = vec![vec![None; plan.width]];
    for pattern in &plan.required {
        solutions = joined(store, pattern, solutions, budget)?;
    }
    for group in &plan.optional {
        let mut extended = Vec::with_capacity(solutions.len());
        for solution in solutions {
            let mut with = vec![solution.clone()];
            for pattern in group {
                with = joined(store, pattern, with, budget)?;
            }
            if with.is_empty() {
                extended.push(solution);
            } else {
                extended.extend(with);
            }
        }
        solutions = extended;
    }
    match &plan.asked {
        Asked::Ask => Ok(QueryResults::Boolean(!solutions.is_empty())),
        Asked::Select {
            variables,
            places,
            solutions_max,
        } => {
            if solutions_max.is_some_and(|most| solutions.len() > most) {
                return Err(Over::Budget);
            }
            let places = places.clone();
            let rows = solutions.into_iter().map(move |solution| {
                Ok(places
                    .iter()
                    .map(|place| solution[*place].clone())
                    .collect())
            });
            let rows = QuerySolutionIter::from_tuples(Arc::clone(variables), rows);
            Ok(QueryResults::Solutions(rows))
        }
    }
}

/// Each solution with each triple that fits it.
fn joined(
    store: &Store,
    pattern: &Pattern,
    solutions: Vec<Solution>,
    budget: &mut Budget,
) -> Result<Vec<Solution>, Over> {
    let mut joined = Vec::new();
    for solution in solutions {
        let subject = known(&pattern.subject, &solution);
        let predicate = known(&pattern.predicate, &solution);
        let object = known(&pattern.object, &solution);
        if subject.is_none() && object.is_none() {
            // An OPTIONAL that was to bind it did not.
            return Err(Over::Budget);
        }
        budget.spend(0)?;
        let (Ok(subject), Ok(predicate)) = (
            subject.map(as_subject).transpose(),
            predicate.map(as_predicate).transpose(),
        ) else {
            continue;
        };
        let graph = GraphNameRef::DefaultGraph;
        if let (Some(subject), Some(predicate), Some(object)) = (subject, predicate, object) {
            // Nothing to be bound: the triple is there or not, and no term of it need be read.
            if store.contains(QuadRef::new(subject, predicate, object, graph))? {
                joined.push(solution);
            }
            continue;
        }
        let graph = Some(graph);
        for quad in store.quads_for_pattern(subject, predicate, object, graph) {
            let quad = quad?;
            budget.spend(bytes_of(&quad))?;
            joined.extend(fitted(pattern, &solution, quad));
        }
    }
    Ok(joined)
}

fn known<'a>(slot: &'a Slot, solution: &'a Solution) -> Option<TermRef<'a>> {
    match slot {
        Slot::Constant(term) => Some(term.as_ref()),
        Slot::Place(place) => solution[*place].as_ref().map(Term::as_ref),
    }
}

/// A term that cannot stand there: no triple has it so.
struct Misfit;

fn as_subject(term: TermRef<'_>) -> Result<NamedOrBlankNodeRef<'_>, Misfit> {
    match term {
        TermRef::NamedNode(node) => Ok(node.into()),
        TermRef::BlankNode(node) => Ok(node.into()),
        _ => Err(Misfit),
    }
}

fn as_predicate(term: TermRef<'_>) -> Result<NamedNodeRef<'_>, Misfit> {
    match term {
        TermRef::NamedNode(node) => Ok(node),
        _ => Err(Misfit),
    }
}

fn bytes_of(quad: &Quad) -> usize {
    let subject = match &quad.subject {
        oxigraph::model::NamedOrBlankNode::NamedNode(node) => node.as_str().len(),
        oxigraph::model::NamedOrBlankNode::BlankNode(node) => node.as_str().len(),
    };
    let object = match &quad.object {
        Term::NamedNode(node) => node.as_str().len(),
        Term::Literal(literal) => literal.value().len(),
        _ => 0,
    };
    subject + quad.predicate.as_str().len() + object
}

/// The solution with what the triple binds. None where a variable that stands twice in the pattern would be two terms.
fn fitted(pattern: &Pattern, solution: &Solution, quad: Quad) -> Option<Solution> {
    let mut fitted = solution.clone();
    for (slot, term) in [
        (&pattern.subject, quad.subject.into()),
        (&pattern.predicate, quad.predicate.into()),
        (&pattern.object, quad.object),
    ] {
        let Slot::Place(place) = slot else {
            continue;
        };
        match &fitted[*place] {
            None => fitted[*place] = Some(term),
            Some(bound) if *bound == term => {}
            Some(_) => return None,
        }
    }
    Some(fitted)
}

#[cfg(test)]
mod tests;
