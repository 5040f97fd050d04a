//! Which entity of a run contains a node, where the store cannot say so yet. Knows neither store nor log.

use std::collections::HashMap;

/// Hash of a node's IRI -> hash of its entity's IRI.
pub(super) type Claims = HashMap<[u8; 16], [u8; 16]>;

pub(super) fn short(iri: &str) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&blake3::hash(iri.as_bytes()).as_bytes()[..16]);
    out
}

/// True where another entity of this run has the node already; else it is this entity's from now on.
pub(super) fn claim(claims: &mut Claims, node: &str, entity: &str) -> bool {
    claimed_by(claims, node, entity).is_some()
}

/// The other entity of this run that has the node already; where none has, it is this entity's from now on.
pub(super) fn claimed_by(claims: &mut Claims, node: &str, entity: &str) -> Option<[u8; 16]> {
    let entity = short(entity);
    let first = *claims.entry(short(node)).or_insert(entity);
    (first != entity).then_some(first)
}
