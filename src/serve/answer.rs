//! What each question to a worker means: queries over one snapshot here, our own questions in [`house`].
//!
//! Never writes to the store. Runs in the worker's process only. Start at [`answer`].

mod entities;
mod features;
mod figures;
mod graph;
mod hashes;
mod held;
mod house;
mod lists;
mod page;
mod pairs;
mod portray;
mod session;
mod sitemap;
mod told;
mod unreadable;
pub mod write;

pub(super) use house::MOVED;
pub use session::Session;

use super::{
    geo, guard, syntax,
    wire::{Question, Refused, SparqlQuery},
    worker::Reply,
};
use crate::store::{Head, damage};
use oxigraph::{
    model::{GraphName, GraphNameRef, NamedNode, NamedOrBlankNode, QuadRef},
    sparql::{QueryDatasetSpecification, QueryEvaluationError, SparqlEvaluator},
    store::{StorageError, Store},
};
use spargebra::{
    Query, SparqlParser,
    algebra::{Expression, GraphPattern},
};
use std::{
    collections::HashSet,
    io::{self, Write},
};
use unreadable::unreadable;
use write::{Form, write_graph, write_results};

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    Refused(Refused),
    /// The daemon does not read any more.
    Output(io::Error),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        unreadable("reading the snapshot", None, &error)
    }
}

impl From<io::Error> for Failure {
    /// A serialiser's complaint (RDF/XML has no way to write some predicates) is told from a pipe that broke.
    fn from(error: io::Error) -> Self {
        if damage::met(&error).is_some() {
            return unreadable("reading the snapshot", None, &error);
        }
        match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => guard::refuse(
                406,
                "not-expressible",
                format!("The answer cannot be written in this format: {error}."),
            )
            .into(),
            _ => Self::Output(error),
        }
    }
}

impl From<QueryEvaluationError> for Failure {
    fn from(error: QueryEvaluationError) -> Self {
        match error {
            QueryEvaluationError::Dataset(error) | QueryEvaluationError::Unexpected(error) => {
                unreadable("evaluating", None, error.as_ref())
            }
            _ => guard::refuse(
                400,
                "query-not-evaluable",
                format!("The query cannot be evaluated: {error}."),
            )
            .into(),
        }
    }
}

/// Said to the operator on stderr, and to the client in general words.
fn internal(what: &str) -> Failure {
    let _ = writeln!(io::stderr(), "worker: {what}");
    guard::refuse(
        500,
        "internal",
        "The snapshot could not be read; the server's log says why.".to_owned(),
    )
    .into()
}

/// Answers one question into `reply`.
pub fn answer(
    session: &mut Session,
    question: &Question,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    match question {
        Question::Settle { .. } => Err(internal("limits are set once, by the first question")),
        Question::Open { snapshot } => session.store(snapshot).map(|_| ()),
        Question::Query { snapshot, query } => {
            let most = session.merge_triples_max;
            run(session.store(snapshot)?, query, most, reply)
        }
        Question::Describe {
            snapshot,
            iri,
            accept,
            base,
        } => house::describe(session.store(snapshot)?, iri, accept, base, reply),
        Question::Dump { snapshot, format } => {
            house::dump(session.store(snapshot)?, *format, reply)
        }
        Question::Page { snapshot, page } => {
            let members = session.list(snapshot, &page.list)?;
            let last = session.last(snapshot, page, &members)?;
            page::write(session.store(snapshot)?, page, &members, last, reply)
        }
        Question::List {
            snapshot,
            list,
            form,
        } => {
            let members = session.list(snapshot, list)?;
            lists::write(session.store(snapshot)?, list, form, &members, reply)
        }
        Question::Entities {
            snapshot,
            stream,
            generation,
            seq,
            published_us,
        } => {
            let head = Head {
                generation: *generation,
                seq: *seq,
                published_us: *published_us,
            };
            entities::write(session.store(snapshot)?, stream, head, reply)
        }
        Question::Features { snapshot, base } => {
            features::write(session.store(snapshot)?, base, reply)
        }
        Question::Pairs { snapshot, base } => pairs::write(session.store(snapshot)?, base, reply),
        Question::Hashes { snapshot } => hashes::write(session.store(snapshot)?, reply),
        Question::Decisions { snapshot, base } => {
            features::write_decisions(session.store(snapshot)?, base, reply)
        }
        Question::Held {
            snapshot,
            base,
            iris,
        } => held::write(session.store(snapshot)?, base, iris, reply),
        Question::Told { snapshot, iris } => told::write(session.store(snapshot)?, iris, reply),
        Question::Unlogged {
            snapshot,
            base,
            generation,
            before,
        } => told::write_unlogged(session.store(snapshot)?, base, *generation, *before, reply),
        Question::Graph {
            snapshot,
            graph,
            accept,
            base,
        } => graph::write(session.store(snapshot)?, graph, accept, base, reply),
        Question::Portray {
            snapshot,
            iri,
            portrait,
            site,
            framed,
        } => {
            let scene = portray::Scene { site, framed };
            portray::write(session.store(snapshot)?, iri, *portrait, &scene, reply)
        }
        Question::Whose {
            snapshot,
            iri,
            base,
        } => house::whose(session.store(snapshot)?, iri, base, reply),
        Question::Sitemap {
            snapshot,
            number,
            site,
        } => sitemap::write(session.store(snapshot)?, *number, site, reply),
        Question::Figures { snapshot } => figures::write(session.store(snapshot)?, reply),
        Question::Read { snapshot } => {
            reply.is("text/plain");
            unreadable::read(session.store(snapshot)?, snapshot)
        }
        Question::Count { snapshot } => {
            let holdings = house::count(session.store(snapshot)?)?;
            reply.is("application/json");
            serde_json::to_writer(reply, &holdings).map_err(|e| Failure::Output(e.into()))
        }
    }
}

/// The query, read as the protocol wants it read.
pub fn parse(asked: &SparqlQuery) -> Result<Query, Refused> {
    let parser = SparqlParser::new()
        .with_base_iri(asked.base.as_str())
        .map_err(|e| {
            guard::refuse(
                400,
                "bad-base",
                format!("The base {:?} is no IRI: {e}.", asked.base),
            )
        })?;
    let query = parser
        .parse_query(&asked.text)
        .map_err(|e| syntax::refused(&e, &asked.text))?;
    guard::after_parsing(&query)?;
    Ok(query)
}

fn run(
    store: &Store,
    asked: &SparqlQuery,
    merge_triples_max: usize,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    guard::nesting(&asked.text, asked.nesting_max)?;
    let query = parse(asked)?;
    let form = Form::of(&query, &asked.accept)?;
    if let (Form::Graph(offer), Some(entity)) = (form, described_alone(&query, asked)) {
        let triples = house::description(store, entity.as_ref())?;
        if !triples.is_empty() {
            return write_graph(triples.into_iter().map(Ok), offer, reply);
        }
    }
    let mut prepared = SparqlEvaluator::new()
        .with_custom_function(geo::DISTANCE.into_owned(), geo::distance)
        .for_query(query);
    if !asked.default_graphs.is_empty() || !asked.named_graphs.is_empty() {
        // What the protocol names replaces what the query names (SPARQL 1.1 Protocol, section 2.1.4).
        *prepared.dataset_mut() = dataset(&asked.default_graphs, &asked.named_graphs)?;
    }
    let merged = merged(store, prepared.dataset_mut(), merge_triples_max)?;
    let results = prepared
        .on_store(merged.as_ref().unwrap_or(store))
        .execute()?;
    write_results(results, form, reply)
}

/// The IRI of a query that is `DESCRIBE <iri>` and nothing else: where it is an entity of ours, the answer is its
/// description, with what it contains. SPARQL leaves it to the service what a description is (SPARQL 1.1 Query Language,
/// section 16.4); the engine's own is the triples of the one node, without its distributions.
fn described_alone(query: &Query, asked: &SparqlQuery) -> Option<NamedNode> {
    let Query::Describe {
        dataset: None,
        pattern: GraphPattern::Project { inner, variables },
        ..
    } = query
    else {
        return None;
    };
    match (inner.as_ref(), variables.as_slice()) {
        (
            GraphPattern::Extend {
                inner,
                variable,
                expression: Expression::NamedNode(iri),
            },
            [selected],
        ) if variable == selected
            && **inner == GraphPattern::default()
            && asked.default_graphs.is_empty()
            && asked.named_graphs.is_empty() =>
        {
            Some(iri.clone())
        }
        _ => None,
    }
}

/// The RDF dataset of the protocol's parameters.
fn dataset(
    default_graphs: &[String],
    named_graphs: &[String],
) -> Result<QueryDatasetSpecification, Refused> {
    let named = |iris: &[String]| {
        iris.iter()
            .map(|iri| {
                NamedNode::new(iri.as_str()).map_err(|e| {
                    guard::refuse(
                        400,
                        "bad-graph-iri",
                        format!("The graph {iri:?} is no IRI: {e}."),
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let mut dataset = QueryDatasetSpecification::new();
    dataset.set_default_graph(
        named(default_graphs)?
            .into_iter()
            .map(GraphName::from)
            .collect(),
    );
    dataset.set_available_named_graphs(
        named(named_graphs)?
            .into_iter()
            .map(NamedOrBlankNode::from)
            .collect(),
    );
    Ok(dataset)
}

/// The merge of several default graphs, in memory, where the query asks for one. The engine's own union gives a triple
/// once for each graph that holds it, so that counts come out wrong.
fn merged(
    store: &Store,
    dataset: &mut QueryDatasetSpecification,
    most: usize,
) -> Result<Option<Store>, Failure> {
    let Some(graphs) = dataset
        .default_graph_graphs()
        .filter(|graphs| graphs.len() > 1)
    else {
        return Ok(None);
    };
    let merge = Store::new()?;
    let mut copied = 0;
    for graph in graphs.iter().collect::<HashSet<_>>() {
        for quad in store.quads_for_pattern(None, None, None, Some(graph.as_ref())) {
            let quad = quad?;
            merge.insert(QuadRef::new(
                &quad.subject,
                &quad.predicate,
                &quad.object,
                GraphNameRef::DefaultGraph,
            ))?;
            within_merge(&mut copied, most)?;
        }
    }
    for graph in dataset.available_named_graphs().unwrap_or_default() {
        for quad in store.quads_for_pattern(None, None, None, Some(graph.as_ref().into())) {
            merge.insert(&quad?)?;
            within_merge(&mut copied, most)?;
        }
    }
    dataset.set_default_graph(vec![GraphName::DefaultGraph]);
    Ok(Some(merge))
}

fn within_merge(copied: &mut usize, most: usize) -> Result<(), Refused> {
    *copied += 1;
    if *copied > most {
        let detail = format!(
            "The graphs to be merged hold more than {most} triples; ask one graph at a time."
        );
        return Err(guard::refuse(400, "merge-too-large", detail));
    }
    Ok(())
}
