//! A lookup's solutions, by nested loops over the store's indexes, within a budget. Start at [`evaluate`].
//!
//! Every solution of a step comes of a triple that was counted, so the budget of triples bounds solutions and memory too.

use super::shape::{Asked, Pattern, Plan, Slot};
use oxigraph::{
    model::{
        GraphNameRef, NamedNodeRef, NamedOrBlankNode, NamedOrBlankNodeRef, QuadRef, Term, TermRef,
        Triple, TripleRef,
    },
    sparql::{QueryResults, QuerySolutionIter},
    store::{StorageError, Store},
};
use std::{collections::HashSet, sync::Arc, time::Instant};

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

/// What the query asked for.
pub enum Found {
    Table(QueryResults<'static>),
    Graph(Vec<Triple>),
}

pub fn evaluate(store: &Store, plan: &Plan, budget: &mut Budget) -> Result<Found, Over> {
    let mut solutions = vec![vec![None; plan.width]];
    for pattern in &plan.required {
        solutions = joined(store, pattern, solutions, budget)?;
    }
    for group in &plan.optional {
        solutions = extended(store, group, solutions, budget)?;
    }
    Ok(Found::Table(match &plan.asked {
        Asked::Construct(template) => {
            return Ok(Found::Graph(constructed(template, &solutions, budget)?));
        }
        Asked::Ask => QueryResults::Boolean(!solutions.is_empty()),
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
            QueryResults::Solutions(rows)
        }
    }))
}

/// The triples that the template makes of the solutions; what would be no triple is none (SPARQL 1.1 Query, 16.2).
fn constructed(
    template: &[Pattern],
    solutions: &[Solution],
    budget: &mut Budget,
) -> Result<Vec<Triple>, Over> {
    let (mut triples, mut made) = (Vec::new(), HashSet::new());
    for pattern in template {
        for solution in solutions {
            let (Some(subject), Some(predicate), Some(object)) = (
                known(&pattern.subject, solution),
                known(&pattern.predicate, solution),
                known(&pattern.object, solution),
            ) else {
                continue;
            };
            let (Ok(subject), Ok(predicate)) = (as_subject(subject), as_predicate(predicate))
            else {
                continue;
            };
            let triple = TripleRef::new(subject, predicate, object);
            if made.insert(triple) {
                let triple = triple.into_owned();
                budget.spend(bytes_of(&triple))?;
                triples.push(triple);
            }
        }
    }
    Ok(triples)
}

/// Each solution with what the group adds to it, or as it is where the group adds nothing. Solutions in a row that differ
/// in nothing the group speaks of are asked for once.
fn extended(
    store: &Store,
    group: &[Pattern],
    solutions: Vec<Solution>,
    budget: &mut Budget,
) -> Result<Vec<Solution>, Over> {
    let slots = group
        .iter()
        .flat_map(|p| [&p.subject, &p.predicate, &p.object]);
    let mut places: Vec<usize> = slots
        .filter_map(|slot| match slot {
            Slot::Place(place) => Some(*place),
            Slot::Constant(_) => None,
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    let of_group = |solution: &Solution| -> Solution {
        places
            .iter()
            .map(|place| solution[*place].clone())
            .collect()
    };
    let mut extended = Vec::with_capacity(solutions.len());
    let mut before: Option<(Solution, Vec<Solution>)> = None;
    for solution in solutions {
        let key = of_group(&solution);
        let (_, added) = match before.take().filter(|(asked, _)| *asked == key) {
            Some(same) => before.insert(same),
            None => {
                let mut with = vec![solution.clone()];
                for pattern in group {
                    with = joined(store, pattern, with, budget)?;
                }
                before.insert((key, with.iter().map(of_group).collect()))
            }
        };
        if added.is_empty() {
            extended.push(solution);
            continue;
        }
        for terms in added {
            budget.spend(0)?;
            let mut with = solution.clone();
            for (place, term) in places.iter().zip(terms) {
                with[*place].clone_from(term);
            }
            extended.push(with);
        }
    }
    Ok(extended)
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
            let triple = Triple::from(quad?);
            budget.spend(bytes_of(&triple))?;
            joined.extend(fitted(pattern, &solution, triple));
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

fn bytes_of(triple: &Triple) -> usize {
    let subject = match &triple.subject {
        NamedOrBlankNode::NamedNode(node) => node.as_str().len(),
        NamedOrBlankNode::BlankNode(node) => node.as_str().len(),
    };
    let object = match &triple.object {
        Term::NamedNode(node) => node.as_str().len(),
        Term::Literal(literal) => literal.value().len(),
        _ => 0,
    };
    subject + triple.predicate.as_str().len() + object
}

/// The solution with what the triple binds. None where a variable that stands twice in the pattern would be two terms.
fn fitted(pattern: &Pattern, solution: &Solution, triple: Triple) -> Option<Solution> {
    let mut fitted = solution.clone();
    for (slot, term) in [
        (&pattern.subject, triple.subject.into()),
        (&pattern.predicate, triple.predicate.into()),
        (&pattern.object, triple.object),
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
