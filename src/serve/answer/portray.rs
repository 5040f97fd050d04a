//! An entity for a reader of its own: what is known of it is gathered here, and rendered in `portrait`.
//!
//! Runs in the worker's process only. Start at [`write`].

use super::{Failure, house};
use crate::{
    facts::{Facts, NAMES},
    log::date_time,
    quality::today,
    serve::{
        guard,
        portrait::{
            Portrait, Said, croissant,
            page::{self, Activity, Beside, Held},
            schema_org,
        },
        quality::Detail,
        wire::{Framed, Site},
        worker::Reply,
    },
    store_read,
};
use harvestd_vocab::{iris::parse_record_iri, shacl, terms::foaf};
use oxigraph::{
    model::{GraphName, GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Triple},
    store::{StorageError, Store},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

/// Nodes that an entity refers to, of which names are looked up.
const NAMED_MAX: usize = 500;
/// Activities of an entity that its page tells of.
const CHANGES_MAX: usize = 10;
/// Records of an entity that its page tells of.
const RECORDS_MAX: usize = 20;

/// What a portrait is made with.
pub struct Scene<'a> {
    pub site: &'a Site,
    pub framed: &'a Framed,
}

pub fn write(
    store: &Store,
    iri: &str,
    portrait: Portrait,
    scene: &Scene<'_>,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let site = scene.site;
    let (entity, triples) = house::found(store, iri, &site.base)?;
    let own = said(store, iri, &entity, &triples, site)?;
    let named = named(store, &own)?;
    let said = Said {
        names: Facts::of_triples(&named),
        ..own
    };
    let text = match portrait {
        Portrait::Page => page(store, &said, &triples, scene)?,
        Portrait::Croissant => match croissant::document(&said) {
            Ok(document) => document.to_string(),
            Err(lacks) => {
                let why = format!("{iri} has no form in Croissant: {lacks}.");
                return Err(guard::refuse(406, "not-loadable", why).into());
            }
        },
        Portrait::SchemaOrg => match schema_org::document(&said) {
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

fn page(
    store: &Store,
    said: &Said<'_>,
    triples: &[Triple],
    scene: &Scene<'_>,
) -> Result<String, Failure> {
    let site = scene.site;
    let entity = NamedNodeRef::new_unchecked(&said.entity);
    let newest = store_read::activities(store, &site.base, site.generation, entity, CHANGES_MAX)?;
    let activities = newest
        .into_iter()
        .map(|(seq, class, published_us)| Activity {
            seq,
            class,
            published_us,
        });
    // Of what is published, and of no other record.
    let is_measured = said.committed.is_some() && said.is_dataset();
    let quality = is_measured.then(|| {
        let (entity, checks) = (&said.entity, scene.framed.checks.clone());
        let shaped = shacl::Facts::of_triples(triples);
        Detail::measured(entity, &said.facts, &shaped, today(), checks)
    });
    let beside = Beside {
        site,
        framed: scene.framed,
        records: &records(store, &site.base, entity)?,
        activities: &activities.collect::<Vec<_>>(),
        quality: quality.as_ref(),
    };
    page::document(said, &beside).map_err(|error| super::internal(&error.to_string()))
}

/// Every record of an entity: the one that speaks first, then those of other sources by their IRIs, whatever these call it.
fn records(store: &Store, base: &str, entity: NamedNodeRef<'_>) -> Result<Vec<Held>, StorageError> {
    let speaking = store_read::records_about(store, entity)?;
    let mut called = vec![entity.into_owned()];
    called.extend(store_read::replaces(store, base, entity)?);
    let mut apart: BTreeMap<NamedNode, NamedNode> = BTreeMap::new();
    for name in called {
        let about = store.quads_for_pattern(
            None,
            Some(foaf::PRIMARY_TOPIC),
            Some(name.as_ref().into()),
            None,
        );
        for quad in about {
            let quad = quad?;
            if let (NamedOrBlankNode::NamedNode(record), GraphName::NamedNode(graph)) =
                (quad.subject, quad.graph_name)
                && record == graph
            {
                apart.insert(record, name.clone());
            }
        }
    }
    let mut held = Vec::new();
    let others = apart.keys().filter(|record| !speaking.contains(record));
    for record in speaking.iter().chain(others).take(RECORDS_MAX) {
        let Some(name) = parse_record_iri(base, record.as_str()) else {
            continue;
        };
        let own = match apart.get(record) {
            Some(_) => Some(graph_of(store, record)?),
            None => None,
        };
        held.push(Held {
            record: record.as_str().to_owned(),
            source: name.source,
            speaks: speaking.contains(record),
            entity: apart
                .get(record)
                .map_or(entity, NamedNode::as_ref)
                .as_str()
                .to_owned(),
            own,
        });
    }
    Ok(held)
}

fn graph_of(store: &Store, graph: &NamedNode) -> Result<Vec<Triple>, StorageError> {
    let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
    let quads = store.quads_for_pattern(None, None, None, graph);
    quads.map(|quad| quad.map(Triple::from)).collect()
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
