//! What each entity's triples hash to, and which triples are nobody's. Start at [`write`].

use super::Failure;
use crate::{
    digest::{Entity, hash},
    serve::{wire::Orphans, worker::Reply},
    store::body_of,
    store_read,
};
use oxigraph::{
    model::{GraphNameRef, NamedOrBlankNode, QuadRef},
    store::{QuadIter, StorageError, Store},
};
use std::io::Write;

/// Subjects of orphans that are named.
const NAMED_MAX: usize = 20;

/// A line for each entity, and one for what is nobody's.
pub fn write(store: &Store, reply: &mut Reply<'_>) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    let mut owned = 0;
    for described in store_read::scan(store) {
        let described = described?;
        owned += described.triples.len() as u64;
        let iri = described.entity.into_string();
        let sha256 = hash(&iri, &body_of(&described.triples));
        line(reply, &Entity { iri, sha256 })?;
    }
    let mut all = 0_u64;
    for quad in default_graph(store) {
        quad?;
        all += 1;
    }
    let orphans = if all == owned {
        Orphans::default()
    } else {
        orphans(store)?
    };
    line(reply, &orphans)
}

fn line(reply: &mut Reply<'_>, value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(value).map_err(|e| Failure::Output(e.into()))?;
    text.push(b'\n');
    reply.write_all(&text).map_err(Failure::Output)
}

fn default_graph(store: &Store) -> QuadIter<'static> {
    store.quads_for_pattern(None, None, None, Some(GraphNameRef::DefaultGraph))
}

/// Asked for triple by triple, since counting says that there are some.
fn orphans(store: &Store) -> Result<Orphans, StorageError> {
    let mut found = Orphans::default();
    for quad in default_graph(store) {
        let quad = quad?;
        if is_owned(store, quad.as_ref())? {
            continue;
        }
        found.orphans += 1;
        let subject = quad.subject.to_string();
        if found.subjects.len() < NAMED_MAX && !found.subjects.contains(&subject) {
            found.subjects.push(subject);
        }
    }
    Ok(found)
}

/// A link to a member is the member's, or its record's; anything else is its subject's.
fn is_owned(store: &Store, quad: QuadRef<'_>) -> Result<bool, StorageError> {
    use harvestd_vocab::containment::is_membership;
    use oxigraph::model::TermRef;
    let node = match (is_membership(quad.predicate), quad.object) {
        (true, TermRef::NamedNode(member)) => {
            return Ok(!store_read::records_about(store, member)?.is_empty()
                || store_read::entity_of(store, member)?.is_some());
        }
        _ => match quad.subject.into_owned() {
            NamedOrBlankNode::NamedNode(node) => node,
            NamedOrBlankNode::BlankNode(_) => return Ok(false),
        },
    };
    Ok(store_read::owner_of(store, node.as_ref())?.is_some())
}
