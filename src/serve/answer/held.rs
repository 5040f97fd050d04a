//! What is held under an IRI: as what it is published, by whom, and of which sources. Runs in the worker's process only.
//! Start at [`write`].

use super::Failure;
use crate::{
    feedback::{Held, Publisher},
    serve::worker::Reply,
    store_read,
};
use harvestd_vocab::{
    iris::parse_record_iri,
    terms::{dcat, dct, foaf},
};
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Term},
    store::{StorageError, Store},
};
use std::collections::BTreeSet;

/// One for each IRI, in their order.
pub fn write(
    store: &Store,
    base: &str,
    iris: &[String],
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let mut all = Vec::with_capacity(iris.len());
    for iri in iris {
        let node = NamedNode::new(iri).ok();
        let held = node.map_or_else(
            || Ok(Held::default()),
            |node| held(store, base, node.as_ref()),
        );
        all.push(held?);
    }
    reply.is("application/json");
    serde_json::to_writer(reply, &all).map_err(|e| Failure::Output(e.into()))
}

fn held(store: &Store, base: &str, iri: NamedNodeRef<'_>) -> Result<Held, StorageError> {
    let replaced = store_read::replaced(store, base, iri)?;
    let kept = replaced.unwrap_or_else(|| iri.into_owned());
    let records = store_read::records_about(store, kept.as_ref())?;
    if records.is_empty() {
        return Ok(Held::default());
    }
    let default = Some(GraphNameRef::DefaultGraph);
    let mut sources: BTreeSet<String> = records
        .iter()
        .filter_map(|record| parse_record_iri(base, record.as_str()))
        .map(|name| name.source.to_owned())
        .collect();
    for link in [dcat::HAS_DATASET, dcat::HAS_SERVICE] {
        let listed = store.quads_for_pattern(None, Some(link), Some(kept.as_ref().into()), default);
        for quad in listed {
            if let NamedOrBlankNode::NamedNode(catalog) = quad?.subject
                && let Some(source) = catalog.as_str().strip_prefix(&format!("{base}catalog/"))
            {
                sources.insert(source.to_owned());
            }
        }
    }
    let mut publishers = Vec::new();
    let said = store.quads_for_pattern(
        Some(kept.as_ref().into()),
        Some(dct::PUBLISHER),
        None,
        default,
    );
    for quad in said {
        if let Term::NamedNode(publisher) = quad?.object {
            publishers.push(Publisher {
                names: names(store, publisher.as_ref())?,
                iri: publisher.into_string(),
            });
        }
    }
    publishers.sort_by(|a, b| a.iri.cmp(&b.iri));
    Ok(Held {
        kept: Some(kept.into_string()),
        publishers,
        sources: sources.into_iter().collect(),
    })
}

fn names(store: &Store, agent: NamedNodeRef<'_>) -> Result<Vec<String>, StorageError> {
    let default = Some(GraphNameRef::DefaultGraph);
    let mut names = BTreeSet::new();
    for quad in store.quads_for_pattern(Some(agent.into()), Some(foaf::NAME), None, default) {
        if let Term::Literal(name) = quad?.object {
            names.insert(name.value().to_owned());
        }
    }
    Ok(names.into_iter().collect())
}
