//! Our questions for lists of datasets: the descriptions of some of them with the names of what they refer to, and those whose
//! last change the log does not hold any more.
//!
//! Runs in the worker's process only. Start at [`write`].

use super::Failure;
use crate::{
    log::parse_date_time,
    serve::{
        wire::{Described, Unlogged},
        worker::Reply,
    },
    store_read,
};
use harvestd_vocab::{
    Class,
    iris::parse_record_iri,
    terms::{dcat, dct, foaf, skos},
};
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple},
    store::{StorageError, Store},
};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{BufWriter, Write},
};

/// What a dataset refers to and whose names go with it.
const NAMED: [NamedNodeRef<'_>; 3] = [dct::PUBLISHER, dct::CREATOR, dcat::THEME];
const NAMES: [NamedNodeRef<'_>; 4] = [
    foaf::NAME,
    skos::PREF_LABEL,
    skos::NOTATION,
    dct::IDENTIFIER,
];
const ACTIVITY_OBJECT: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://www.w3.org/ns/activitystreams#object");
const ACTIVITY_PUBLISHED: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://www.w3.org/ns/activitystreams#published");

/// A line of JSON for each IRI, in their order.
pub(super) fn write(store: &Store, iris: &[String], reply: &mut Reply<'_>) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    let mut out = BufWriter::with_capacity(16 * 1024, reply);
    for iri in iris {
        let triples = match NamedNode::new(iri) {
            Ok(node) => store_read::description_of(store, node.as_ref())?,
            Err(_) => Vec::new(),
        };
        let named = names(store, &triples)?;
        let described = Described {
            body: text(&triples),
            named: text(&named),
        };
        line(&mut out, &described)?;
    }
    out.flush().map_err(Failure::Output)
}

/// Of every dataset whose newest activity comes before activity `before`: a line of JSON.
pub(super) fn write_unlogged(
    store: &Store,
    base: &str,
    generation: u64,
    before: u64,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    let mut out = BufWriter::with_capacity(16 * 1024, reply);
    let activities = format!("{base}activity/{generation}/");
    for record in store_read::records(store) {
        let NamedOrBlankNode::NamedNode(record) = record?.subject else {
            continue;
        };
        let class = parse_record_iri(base, record.as_str()).map(|name| name.class);
        if class != Some(Class::Dataset) {
            continue;
        }
        let Some(entity) = store_read::entity_of(store, record.as_ref())? else {
            continue;
        };
        let Some((seq, published_us)) = newest(store, &activities, entity.as_ref())? else {
            continue;
        };
        if seq < before {
            let unlogged = Unlogged {
                body: text(&store_read::description_of(store, entity.as_ref())?),
                entity: entity.into_string(),
                seq,
                published_us,
            };
            line(&mut out, &unlogged)?;
        }
    }
    out.flush().map_err(Failure::Output)
}

/// Number and time of the newest activity about an entity, by the log's index.
fn newest(
    store: &Store,
    activities: &str,
    entity: NamedNodeRef<'_>,
) -> Result<Option<(u64, i64)>, StorageError> {
    let mut newest = None;
    for quad in store.quads_for_pattern(None, Some(ACTIVITY_OBJECT), Some(entity.into()), None) {
        let quad = quad?;
        let NamedOrBlankNode::NamedNode(activity) = &quad.subject else {
            continue;
        };
        let seq = activity.as_str().strip_prefix(activities);
        let Some(seq) = seq.and_then(|seq| seq.parse::<u64>().ok()) else {
            continue;
        };
        if newest.is_some_and(|(newest, _)| newest >= seq) {
            continue;
        }
        let graph = Some(quad.graph_name.as_ref());
        let times =
            store.quads_for_pattern(Some(activity.into()), Some(ACTIVITY_PUBLISHED), None, graph);
        for time in times {
            if let Term::Literal(time) = time?.object
                && let Some(us) = parse_date_time(time.value())
            {
                newest = Some((seq, us));
            }
        }
    }
    Ok(newest)
}

fn names(store: &Store, triples: &[Triple]) -> Result<Vec<Triple>, StorageError> {
    let mut nodes = BTreeSet::new();
    for triple in triples {
        if let Term::NamedNode(node) = &triple.object
            && NAMED.contains(&triple.predicate.as_ref())
        {
            nodes.insert(node.clone());
        }
    }
    for triple in triples {
        if let NamedOrBlankNode::NamedNode(own) = &triple.subject {
            nodes.remove(own);
        }
    }
    let mut named = Vec::new();
    for node in &nodes {
        for predicate in NAMES {
            let graph = Some(GraphNameRef::DefaultGraph);
            for quad in store.quads_for_pattern(Some(node.into()), Some(predicate), None, graph) {
                named.push(quad?.into());
            }
        }
    }
    Ok(named)
}

/// Sorted N-Triples.
fn text(triples: &[Triple]) -> String {
    let lines: BTreeSet<String> = triples.iter().map(|triple| format!("{triple} .")).collect();
    lines.into_iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

fn line(out: &mut impl Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(|e| Failure::Output(e.into()))?;
    out.write_all(b"\n").map_err(Failure::Output)
}
