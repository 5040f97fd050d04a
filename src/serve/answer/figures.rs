//! The default graph in figures: classes, properties, and links into what others publish.
//!
//! Through SPARQL, which counts without decoding terms. Runs in the worker's process only. Start at [`figures`].

use super::{Failure, internal};
use crate::serve::{
    wire::{Figures, Links},
    worker::Reply,
};
use harvestd_vocab::terms::{MEDIA_TYPES, authority, dcat, dct};
use oxigraph::{
    model::{NamedNodeRef, Term, vocab::rdf},
    sparql::{QueryResults, SparqlEvaluator},
    store::Store,
};
use spargebra::SparqlParser;

/// Properties whose values others publish, with what their IRIs begin with.
const LINKS: [(NamedNodeRef<'_>, &str); 8] = [
    (dcat::THEME, authority::DATA_THEME),
    (dct::ACCRUAL_PERIODICITY, authority::FREQUENCY),
    (dct::FORMAT, authority::FILE_TYPE),
    (dcat::MEDIA_TYPE, MEDIA_TYPES),
    (dct::LANGUAGE, authority::LANGUAGE),
    (dct::LICENSE, authority::LICENCE),
    (dct::ACCESS_RIGHTS, authority::ACCESS_RIGHT),
    (dct::TYPE, authority::DISTRIBUTION_TYPE),
];

pub fn write(store: &Store, reply: &mut Reply<'_>) -> Result<(), Failure> {
    let figures = figures(store)?;
    reply.is("application/json");
    serde_json::to_writer(reply, &figures).map_err(|e| Failure::Output(e.into()))
}

fn figures(store: &Store) -> Result<Figures, Failure> {
    let properties = counted(store, "?s ?of ?o")?;
    let mut links = Vec::new();
    for (property, into) in LINKS {
        let values = counted(store, &format!("?s {property} ?of"))?;
        let such = values.iter().filter(|(value, _)| value.starts_with(into));
        let triples = such.map(|(_, count)| count).sum();
        if triples > 0 {
            links.push(Links {
                property: property.as_str().to_owned(),
                into: into.to_owned(),
                triples,
            });
        }
    }
    Ok(Figures {
        triples: properties.iter().map(|(_, count)| count).sum(),
        classes: counted(store, &format!("?s {} ?of", rdf::TYPE))?,
        properties,
        links,
    })
}

/// How many matches of the pattern each IRI `?of` has, sorted by IRI.
fn counted(store: &Store, pattern: &str) -> Result<Vec<(String, u64)>, Failure> {
    let query = format!("SELECT ?of (COUNT(*) AS ?n) {{ {pattern} }} GROUP BY ?of");
    let query = SparqlParser::new()
        .parse_query(&query)
        .map_err(|e| internal(&format!("a counting query does not parse: {e}")))?;
    let prepared = SparqlEvaluator::new().for_query(query);
    let QueryResults::Solutions(solutions) = prepared.on_store(store).execute()? else {
        return Err(internal("a SELECT gave no solutions"));
    };
    let mut counts = Vec::new();
    for solution in solutions {
        let solution = solution?;
        match (solution.get("of"), solution.get("n")) {
            (Some(Term::NamedNode(of)), Some(Term::Literal(n))) => {
                let n = n.value().parse();
                let n = n.map_err(|_| internal("a count is no number"))?;
                counts.push((of.as_str().to_owned(), n));
            }
            // A literal is no class, and leads nowhere.
            (Some(_), Some(_)) => {}
            _ => return Err(internal("a count gave nothing")),
        }
    }
    counts.sort_unstable();
    Ok(counts)
}
