//! Our own questions: the description of an entity, the whole default graph, how much it holds.
//!
//! Runs in the worker's process only. Start at [`description`].

use super::{
    Failure, internal,
    write::{misfit, write_graph},
};
use crate::{
    serve::{
        guard,
        negotiate::{self, GRAPHS, GraphFormat},
        wire::Holdings,
        worker::Reply,
    },
    store_read,
};
use harvestd_vocab::terms::{dcat, foaf};
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, Quad, Term, Triple, vocab::rdf},
    sparql::{QueryResults, SparqlEvaluator},
    store::{StorageError, Store},
};
use spargebra::SparqlParser;

/// What an entity is described by: itself, what it contains, and its record. A subject's triples come together, the
/// entity's first. Empty where we hold no such entity.
pub fn description(store: &Store, entity: NamedNodeRef<'_>) -> Result<Vec<Triple>, StorageError> {
    let mut triples = store_read::description_of(store, entity)?;
    triples.sort_by_cached_key(|triple| {
        (
            triple.subject != entity.into_owned().into(),
            triple.subject.to_string(),
        )
    });
    Ok(triples)
}

/// An entity's description; for a record, its graph, or the description of the entity it is the winner for.
pub fn describe(
    store: &Store,
    iri: &str,
    accept: &str,
    base: &str,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let offer = negotiate::choose(accept, GRAPHS)
        .ok_or_else(|| misfit("A description is a graph", accept, GRAPHS))?;
    let (_, triples) = found(store, iri, base)?;
    write_graph(triples.into_iter().map(Ok), offer, reply)
}

/// The entity that is told of under an IRI of ours: itself, or that for which a record speaks.
pub fn whose(store: &Store, iri: &str, base: &str, reply: &mut Reply<'_>) -> Result<(), Failure> {
    let found = match NamedNodeRef::new(iri) {
        Ok(node) => entity_under(store, node, base)?,
        Err(_) => None,
    };
    reply.is("application/json");
    serde_json::to_writer(reply, &found.as_ref().map(NamedNode::as_str))
        .map_err(|e| Failure::Output(e.into()))
}

fn entity_under(
    store: &Store,
    node: NamedNodeRef<'_>,
    base: &str,
) -> Result<Option<NamedNode>, StorageError> {
    match store_read::entity_of(store, node)? {
        None => super::graph::spoken_for(store, base, node),
        winner => Ok(winner),
    }
}

/// What is held under an IRI, with the entity that it is of: an entity's description, or the graph of a record that is
/// not the winner.
pub fn found(store: &Store, iri: &str, base: &str) -> Result<(NamedNode, Vec<Triple>), Failure> {
    let node = NamedNodeRef::new(iri)
        .map_err(|e| guard::refuse(404, "not-found", format!("{iri:?} is no IRI: {e}.")))?;
    let entity = entity_under(store, node, base)?.unwrap_or_else(|| node.into_owned());
    let mut triples = description(store, entity.as_ref())?;
    if triples.is_empty() {
        triples = store
            .quads_for_pattern(None, None, None, Some(node.into()))
            .map(|quad| quad.map(Triple::from))
            .collect::<Result<_, _>>()?;
        triples.sort_by_cached_key(|triple| triple.subject.to_string());
    }
    if triples.is_empty() {
        if let Some(there) = moved(store, base, node)? {
            return Err(guard::refuse(308, MOVED, there).into());
        }
        return Err(guard::refuse(
            404,
            "not-found",
            format!("Nothing is held here under {iri}."),
        )
        .into());
    }
    Ok((entity, triples))
}

/// Code of an answer that is elsewhere; its detail is where.
pub const MOVED: &str = "moved";

/// Where what was published under this IRI is described now: under the IRI that replaces it, or where that is not ours,
/// under that of its record.
fn moved(
    store: &Store,
    base: &str,
    gone: NamedNodeRef<'_>,
) -> Result<Option<String>, StorageError> {
    let Some(kept) = store_read::replaced(store, base, gone)? else {
        return Ok(None);
    };
    if kept.as_str().starts_with(base) {
        return Ok(Some(kept.into_string()));
    }
    let records = store_read::records_about(store, kept.as_ref())?;
    Ok(records
        .into_iter()
        .next()
        .map(|record| record.into_string()))
}

/// The default graph whole. The store's order keeps a subject's triples together.
pub fn dump(store: &Store, format: GraphFormat, reply: &mut Reply<'_>) -> Result<(), Failure> {
    let offer = negotiate::Offer {
        media_type: format.media_type(),
        format,
    };
    let quads = store.quads_for_pattern(None, None, None, Some(GraphNameRef::DefaultGraph));
    write_graph(
        quads.map(|quad| quad.map(Triple::from).map_err(Failure::from)),
        &offer,
        reply,
    )
}

pub fn count(store: &Store) -> Result<Holdings, Failure> {
    Ok(Holdings {
        triples: count_triples(store)?,
        datasets: of_class(store, dcat::DATASET)?,
        distributions: of_class(store, dcat::DISTRIBUTION)?,
        data_services: of_class(store, dcat::DATA_SERVICE)?,
        catalogs: of_class(store, dcat::CATALOG)?,
        agents: of_class(store, foaf::AGENT)?,
    })
}

fn of_class(store: &Store, class: NamedNodeRef<'_>) -> Result<u64, Failure> {
    let mut count = 0;
    for quad in store.quads_for_pattern(
        None,
        Some(rdf::TYPE),
        Some(class.into()),
        Some(GraphNameRef::DefaultGraph),
    ) {
        let _: Quad = quad?;
        count += 1;
    }
    Ok(count)
}

/// Through SPARQL: it counts without decoding a term.
fn count_triples(store: &Store) -> Result<u64, Failure> {
    let query = SparqlParser::new()
        .parse_query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        .map_err(|e| internal(&format!("the counting query does not parse: {e}")))?;
    let results = SparqlEvaluator::new()
        .for_query(query)
        .on_store(store)
        .execute()?;
    let QueryResults::Solutions(mut solutions) = results else {
        return Err(internal("a SELECT gave no solutions"));
    };
    match solutions
        .next()
        .transpose()?
        .as_ref()
        .and_then(|solution| solution.get("n"))
    {
        Some(Term::Literal(count)) => count
            .value()
            .parse()
            .map_err(|_| internal("a count is no number")),
        _ => Err(internal("a count gave nothing")),
    }
}
