//! An entity for a reader of its own: what is known of it is gathered here, and rendered in `portrait`.
//!
//! Runs in the worker's process only. Start at [`write`].

use super::{Failure, house};
use crate::{
    facts::{Facts, NAMES},
    log::date_time,
    serve::{
        guard,
        portrait::{Portrait, Said, croissant, page, schema_org},
        wire::Site,
        worker::Reply,
    },
    store_read,
};
use harvestd_vocab::terms::foaf;
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Triple},
    store::{StorageError, Store},
};
use std::{collections::BTreeSet, io::Write};

/// Nodes that an entity refers to, of which names are looked up.
const NAMED_MAX: usize = 500;

pub fn write(
    store: &Store,
    iri: &str,
    portrait: Portrait,
    site: &Site,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let (entity, triples) = house::found(store, iri, &site.base)?;
    let own = said(store, iri, &entity, &triples, site)?;
    let named = named(store, &own)?;
    let said = Said {
        names: Facts::of_triples(&named),
        ..own
    };
    let schema_org = schema_org::document(&said);
    let text = match portrait {
        Portrait::Page => {
            let loadable = croissant::document(&said).is_ok();
            page::document(&said, &site.prefix, schema_org.as_ref(), loadable)
        }
        Portrait::Croissant => match croissant::document(&said) {
            Ok(document) => document.to_string(),
            Err(lacks) => {
                let why = format!("{iri} has no form in Croissant: {lacks}.");
                return Err(guard::refuse(406, "not-loadable", why).into());
            }
        },
        Portrait::SchemaOrg => match schema_org {
            Some(document) => document.to_string(),
            None => {
                let why = format!("{iri} is no dataset; schema.org is spoken of datasets only.");
                return Err(guard::refuse(406, "no-dataset", why).into());
            }
        },
    };
    reply.is(portrait.media_type());
    reply.write_all(text.as_bytes()).map_err(Failure::Output)
}

fn said<'t>(
    store: &Store,
    iri: &str,
    entity: &NamedNode,
    triples: &'t [Triple],
    site: &Site,
) -> Result<Said<'t>, Failure> {
    let facts = Facts::of_triples(triples);
    let topic = facts.iri(entity.as_str(), foaf::PRIMARY_TOPIC);
    // A record that is not the winner: what it is about has its words here, and at its address alone.
    if let Some(topic) = topic {
        return Ok(Said {
            entity: topic.to_owned(),
            address: iri.to_owned(),
            facts,
            ..Said::default()
        });
    }
    let address = address(store, &site.base, entity.as_ref())?;
    let (base, generation) = (site.base.as_str(), site.generation);
    let committed = store_read::committed(store, base, generation, entity.as_ref())?;
    Ok(Said {
        entity: entity.as_str().to_owned(),
        address: address.unwrap_or_else(|| iri.to_owned()),
        committed: committed.map(date_time),
        facts,
        ..Said::default()
    })
}

/// What the nodes are called that are referred to.
fn named(store: &Store, said: &Said<'_>) -> Result<Vec<Triple>, StorageError> {
    let nodes = said.facts.references().chain(said.catalogues());
    let nodes: BTreeSet<&str> = nodes.take(NAMED_MAX).collect();
    let mut names = Vec::new();
    for node in nodes {
        let node = NamedNodeRef::new_unchecked(node);
        let graph = Some(GraphNameRef::DefaultGraph);
        for property in NAMES {
            for quad in store.quads_for_pattern(Some(node.into()), Some(property), None, graph) {
                names.push(quad?.into());
            }
        }
    }
    Ok(names)
}

/// Where an entity is described here: at its own IRI where that is ours, else at that of its record.
pub fn address(
    store: &Store,
    base: &str,
    entity: NamedNodeRef<'_>,
) -> Result<Option<String>, StorageError> {
    if entity.as_str().starts_with(base) {
        return Ok(Some(entity.as_str().to_owned()));
    }
    let records = format!("{base}record/");
    let ours = |record: &str| record.starts_with(&records);
    let winners = store_read::records_about(store, entity)?;
    if let Some(record) = winners.iter().find(|record| ours(record.as_str())) {
        return Ok(Some(record.as_str().to_owned()));
    }
    // A record of ours that mirrors another's says in its own graph what it is about.
    let about = store.quads_for_pattern(None, Some(foaf::PRIMARY_TOPIC), Some(entity.into()), None);
    for quad in about {
        if let NamedOrBlankNode::NamedNode(record) = quad?.subject
            && ours(record.as_str())
            && super::graph::spoken_for(store, base, record.as_ref())?.is_some()
        {
            return Ok(Some(record.into_string()));
        }
    }
    Ok(None)
}
