//! How answers are written: which format fits, and the bytes of it. Evaluates nothing. Start at [`write_results`].

use super::{Failure, internal};
use crate::serve::{
    guard,
    negotiate::{self, GRAPHS, GraphFormat, RESULTS},
    wire::Refused,
    worker::Reply,
};
use oxigraph::{
    io::RdfSerializer,
    model::{LiteralRef, Term, TermRef, Triple, Variable, VariableRef},
    sparql::{
        QueryResults,
        results::{QueryResultsFormat, QueryResultsSerializer},
    },
};
use spargebra::Query;
use std::{
    io::{BufWriter, Write},
    sync::LazyLock,
};

/// Serialisers write in crumbs.
pub const CRUMBS_BYTES: usize = 16 * 1024;

/// The format of the answer: of results for SELECT and ASK, of a graph for CONSTRUCT and DESCRIBE.
#[derive(Clone, Copy)]
pub enum Form {
    Results(&'static negotiate::Offer<QueryResultsFormat>),
    Graph(&'static negotiate::Offer<GraphFormat>),
}

impl Form {
    pub fn of(query: &Query, accept: &str) -> Result<Self, Refused> {
        match query {
            Query::Select { .. } | Query::Ask { .. } => negotiate::choose(accept, RESULTS)
                .map(Self::Results)
                .ok_or_else(|| misfit("The answer to SELECT and ASK is a table", accept, RESULTS)),
            Query::Construct { .. } | Query::Describe { .. } => negotiate::choose(accept, GRAPHS)
                .map(Self::Graph)
                .ok_or_else(|| {
                    misfit(
                        "The answer to CONSTRUCT and DESCRIBE is a graph",
                        accept,
                        GRAPHS,
                    )
                }),
        }
    }
}

impl Form {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Results(offer) => offer.media_type,
            Self::Graph(offer) => offer.media_type,
        }
    }
}

/// What was accepted does not fit what the answer is.
pub fn misfit<T>(answer: &str, accept: &str, offers: &[negotiate::Offer<T>]) -> Refused {
    let on_offer = negotiate::on_offer(offers);
    guard::refuse(
        406,
        "not-acceptable",
        format!(
            "{answer}, and none of its formats is accepted by {accept:?}. On offer: {on_offer}."
        ),
    )
}

pub fn write_results(
    results: QueryResults<'_>,
    form: Form,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    match (results, form) {
        (QueryResults::Graph(triples), Form::Graph(offer)) => {
            let triples = triples.map(|triple| triple.map_err(Failure::from));
            write_graph(triples, offer, reply)
        }
        (table, Form::Results(offer)) => {
            reply.is(offer.media_type);
            let mut writer = BufWriter::with_capacity(CRUMBS_BYTES, reply);
            write_table(table, offer.format, &mut writer)?;
            Ok(writer.flush()?)
        }
        _ => Err(internal("the results are not of the query's form")),
    }
}

/// The answer to SELECT or ASK.
pub fn write_table(
    results: QueryResults<'_>,
    format: QueryResultsFormat,
    writer: impl Write,
) -> Result<(), Failure> {
    let serializer = QueryResultsSerializer::from_format(format);
    match results {
        QueryResults::Boolean(value) => {
            serializer.serialize_boolean_to_writer(writer, value)?;
        }
        QueryResults::Solutions(solutions) => {
            let variables = solutions.variables().to_vec();
            let mut table = serializer.serialize_solutions_to_writer(writer, variables)?;
            for solution in solutions {
                let solution = solution?;
                match format {
                    QueryResultsFormat::Csv => table.serialize(solution.iter().map(as_texts))?,
                    _ => table.serialize(&solution)?,
                }
            }
            table.finish()?;
        }
        QueryResults::Graph(_) => return Err(internal("a graph, expected a table")),
    }
    Ok(())
}

/// An IRI as a text, which is written the same but for one thing: of CSV the engine quotes texts alone, so that an IRI with
/// a comma would be two columns.
fn as_texts<'a>((name, term): (&'a Variable, &'a Term)) -> (VariableRef<'a>, TermRef<'a>) {
    let term = match term {
        Term::NamedNode(iri) => LiteralRef::new_simple_literal(iri.as_str()).into(),
        other => other.as_ref(),
    };
    (name.as_ref(), term)
}

/// Prefixes that make Turtle, TriG and RDF/XML readable and short.
const PREFIXES: &[(&str, &str)] = &[
    ("adms", "http://www.w3.org/ns/adms#"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcatap", "http://data.europa.eu/r5r/"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("locn", "http://www.w3.org/ns/locn#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// A serialiser with our prefixes.
pub fn serializer(format: GraphFormat) -> RdfSerializer {
    /// Once for each format: each prefix is checked and copied.
    static MADE: LazyLock<Vec<(GraphFormat, RdfSerializer)>> = LazyLock::new(|| {
        let formats = GRAPHS.iter().map(|offer| offer.format);
        formats
            .map(|format| (format, with_prefixes(format)))
            .collect()
    });
    let made = MADE.iter().find(|(of, _)| *of == format);
    made.map_or_else(|| with_prefixes(format), |(_, made)| made.clone())
}

fn with_prefixes(format: GraphFormat) -> RdfSerializer {
    PREFIXES.iter().fold(
        RdfSerializer::from_format(format.rdf()),
        |serializer, (name, iri)| {
            // The table's IRIs parse; a prefix that did not would be left out, and the document stay right.
            serializer
                .clone()
                .with_prefix(*name, *iri)
                .unwrap_or(serializer)
        },
    )
}

/// The answer to CONSTRUCT or DESCRIBE.
pub fn write_graph(
    triples: impl Iterator<Item = Result<Triple, Failure>>,
    offer: &negotiate::Offer<GraphFormat>,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is(offer.media_type);
    let mut writer = BufWriter::with_capacity(CRUMBS_BYTES, reply);
    write_triples(triples, offer.format, &mut writer)?;
    Ok(writer.flush()?)
}

pub fn write_triples(
    triples: impl Iterator<Item = Result<Triple, Failure>>,
    format: GraphFormat,
    writer: impl Write,
) -> Result<(), Failure> {
    let mut writer = serializer(format).for_writer(writer);
    for triple in triples {
        writer.serialize_triple(&triple?)?;
    }
    writer.finish()?;
    Ok(())
}
