//! Which datasets a list holds: all of them, or those of a source, a publisher, a theme, a tier of access, or changed since.
//!
//! Every narrowing is read from an index, none by looking at each dataset. Start at [`members`].

use super::{GraphNameRef, NamedNode, NamedNodeRef, StorageError, Store};
use crate::{
    log::parse_date_time,
    store::{Head, OBJECT, PAGE, PUBLISHED, page_graph},
};
use harvestd_vocab::terms::{dcat, dct};
use oxigraph::model::{NamedOrBlankNode, Term, vocab::rdf};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Which datasets. Nothing said: all. Several things said: those of which all is true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// The id of a source: what its catalogue lists, also where another source's record is the one that is published.
    pub source: Option<String>,
    /// IRI of `dct:publisher`.
    pub publisher: Option<String>,
    /// IRI of `dcat:theme`.
    pub theme: Option<String>,
    /// IRI of the type of a rights statement.
    pub access: Option<String>,
    /// Created or updated here at this time or later, in microseconds since 1970.
    pub since_us: Option<i64>,
}

/// The IRIs of the datasets of the default graph that are `which`, sorted. None: there is no such source. `head` is that
/// of the snapshot which is read, `base` that of our IRIs.
pub fn members(
    store: &Store,
    base: &str,
    head: Head,
    which: &Which,
) -> Result<Option<Vec<String>>, StorageError> {
    let mut found = match &which.source {
        None => subjects(store, rdf::TYPE, dcat::DATASET)?,
        Some(source) => match of_source(store, base, source)? {
            Some(listed) => listed,
            None => return Ok(None),
        },
    };
    for (predicate, wanted) in [
        (dct::PUBLISHER, &which.publisher),
        (dcat::THEME, &which.theme),
    ] {
        if let Some(wanted) = wanted {
            let such = subjects(store, predicate, NamedNodeRef::new_unchecked(wanted))?;
            found.retain(|iri| such.contains(iri));
        }
    }
    if let Some(tier) = &which.access {
        let mut such = HashSet::new();
        for statement in subjects(store, dct::TYPE, NamedNodeRef::new_unchecked(tier))? {
            such.extend(subjects(
                store,
                dct::RIGHTS,
                NamedNodeRef::new_unchecked(&statement),
            )?);
        }
        found.retain(|iri| such.contains(iri));
    }
    if let Some(since_us) = which.since_us {
        let such = changed_since(store, base, head, since_us)?;
        found.retain(|iri| such.contains(iri));
    }
    // What a record contains has no description of its own.
    let contained = format!("{base}record/");
    let mut sorted: Vec<String> = found
        .into_iter()
        .filter(|iri| !iri.starts_with(&contained))
        .collect();
    sorted.sort_unstable();
    Ok(Some(sorted))
}

/// The datasets that a source's catalogue lists. None: there is no such catalogue.
fn of_source(
    store: &Store,
    base: &str,
    source: &str,
) -> Result<Option<HashSet<String>>, StorageError> {
    let catalog = NamedNode::new_unchecked(format!("{base}catalog/{source}"));
    let graph = Some(GraphNameRef::DefaultGraph);
    if store
        .quads_for_pattern(Some(catalog.as_ref().into()), None, None, graph)
        .next()
        .is_none()
    {
        return Ok(None);
    }
    let mut listed = HashSet::new();
    let all = subjects(store, rdf::TYPE, dcat::DATASET)?;
    for quad in store.quads_for_pattern(
        Some(catalog.as_ref().into()),
        Some(dcat::HAS_DATASET),
        None,
        graph,
    ) {
        if let Term::NamedNode(dataset) = quad?.object
            && all.contains(dataset.as_str())
        {
            listed.insert(dataset.into_string());
        }
    }
    Ok(Some(listed))
}

/// What has this value in the default graph.
fn subjects(
    store: &Store,
    predicate: NamedNodeRef<'_>,
    value: NamedNodeRef<'_>,
) -> Result<HashSet<String>, StorageError> {
    let mut found = HashSet::new();
    for quad in super::inward(store, predicate, value) {
        if let NamedOrBlankNode::NamedNode(subject) = quad?.subject {
            found.insert(subject.into_string());
        }
    }
    Ok(found)
}

/// The entities of activities from this time on, read backwards from the newest page of the log's index: their times only
/// rise.
fn changed_since(
    store: &Store,
    base: &str,
    head: Head,
    since_us: i64,
) -> Result<HashSet<String>, StorageError> {
    let mut changed = HashSet::new();
    let mut page = head.seq.div_ceil(PAGE);
    while page > 0 {
        page -= 1;
        let graph = page_graph(base, head.generation, page * PAGE + 1);
        let mut earlier = false;
        for quad in
            store.quads_for_pattern(None, Some(PUBLISHED), None, Some(graph.as_ref().into()))
        {
            let quad = quad?;
            let Term::Literal(time) = &quad.object else {
                continue;
            };
            if parse_date_time(time.value()).is_some_and(|us| us < since_us) {
                earlier = true;
                continue;
            }
            let graph = Some(graph.as_ref().into());
            for object in
                store.quads_for_pattern(Some(quad.subject.as_ref()), Some(OBJECT), None, graph)
            {
                if let Term::NamedNode(entity) = object?.object {
                    changed.insert(entity.into_string());
                }
            }
        }
        if earlier {
            break;
        }
    }
    Ok(changed)
}
