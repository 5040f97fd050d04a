//! An entity for a reader of its own: what is known of it is gathered here, and rendered in `portrait`.
//!
//! Runs in the worker's process only. Start at [`write`].

use super::{Failure, house};
use crate::{
    log::date_time,
    serve::{
        guard,
        portrait::{NAMES, Portrait, Said, croissant, page, schema_org},
        wire::Site,
        worker::Reply,
    },
    store_read,
};
use harvestd_vocab::terms::foaf;
use oxigraph::{
    model::{GraphNameRef, Literal, NamedNodeRef, NamedOrBlankNode, Term},
    store::{StorageError, Store},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

/// Nodes that an entity refers to, of which names are looked up.
const NAMED_MAX: usize = 500;

pub fn write(
    store: &Store,
    iri: &str,
    portrait: Portrait,
    site: &Site,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let said = said(store, iri, site)?;
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

fn said(store: &Store, iri: &str, site: &Site) -> Result<Said, Failure> {
    let (entity, triples) = house::found(store, iri, &site.base)?;
    let mut said = Said::of(entity.as_str(), triples);
    let topic = said.iris(entity.as_str(), foaf::PRIMARY_TOPIC).next();
    match topic.map(str::to_owned) {
        // A record that is not the winner: what it is about has its words here, and at its address alone.
        Some(topic) => {
            said.entity = topic;
            said.address = iri.to_owned();
        }
        None => {
            let address = address(store, &site.base, entity.as_ref())?;
            said.address = address.unwrap_or_else(|| iri.to_owned());
            let (base, generation) = (site.base.as_str(), site.generation);
            let committed = store_read::committed(store, base, generation, entity.as_ref())?;
            said.committed = committed.map(date_time);
        }
    }
    let named: BTreeSet<String> = said
        .references()
        .chain(said.catalogues())
        .take(NAMED_MAX)
        .map(str::to_owned)
        .collect();
    let mut names = BTreeMap::new();
    for node in named {
        let found = names_of(store, &node)?;
        if !found.is_empty() {
            names.insert(node, found);
        }
    }
    said.names = names;
    Ok(said)
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

fn names_of(store: &Store, node: &str) -> Result<Vec<Literal>, StorageError> {
    let node = NamedNodeRef::new_unchecked(node);
    let graph = Some(GraphNameRef::DefaultGraph);
    for property in NAMES {
        let mut names = Vec::new();
        for quad in store.quads_for_pattern(Some(node.into()), Some(property), None, graph) {
            if let Term::Literal(name) = quad?.object {
                names.push(name);
            }
        }
        if !names.is_empty() {
            names.sort_by_cached_key(Literal::to_string);
            return Ok(names);
        }
    }
    Ok(Vec::new())
}
