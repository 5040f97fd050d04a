//! A store read whole, by every order that the engine keeps its quads in: what cannot be read, or is in one order and not in
//! another, is found here and not by whoever asks.
//!
//! Opens it read-only and changes nothing. An iterator of the engine does not end behind a damaged block, so the first error
//! ends the reading. Start at [`read_whole`].

use crate::store::{Head, StoreError};
use oxigraph::model::{GraphNameRef, NamedNodeRef, NamedOrBlankNodeRef, Quad, Term, TermRef};
use oxigraph::store::{QuadIter, StorageError, Store};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

const SHA256: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://spdx.org/rdf/terms#checksumValue");

/// What a store says, when all of it was read.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    pub head: Head,
    pub quads: u64,
    /// The IRI of each segment of the log that a commit names -> SHA-256 of its bytes.
    pub segments: BTreeMap<String, String>,
}

/// Reads a store that no process changes meanwhile. `tell` is called with the number of quads read so far.
///
/// # Errors
/// The damage, in the engine's words or ours.
pub fn read_whole(dir: &Path, base: &str, tell: &mut dyn FnMut(u64)) -> Result<Whole, StoreError> {
    let failed = StoreError::storage("reading all of it");
    let store = Store::open_read_only(dir).map_err(&failed)?;
    let head = crate::store::read_head(&store, base)?;
    let named = format!("{base}log/{}/", head.generation);
    let (mut segments, mut read) = (BTreeMap::new(), 0_u64);
    let quads = read_all(&store, &mut |quad| {
        read += 1;
        if read.is_multiple_of(10_000) {
            tell(read);
        }
        if quad.predicate.as_ref() == SHA256
            && let Term::Literal(sha256) = &quad.object
        {
            let name = quad.subject.to_string();
            let name = name.trim_start_matches('<').trim_end_matches('>');
            if name.starts_with(&named) {
                let sha256 = sha256.value().to_owned();
                segments.insert(name.to_owned(), sha256);
            }
        }
    })?;
    tell(quads);
    Ok(Whole {
        head,
        quads,
        segments,
    })
}

/// The same of a store that is open: gives each quad, and at the end how many there are.
///
/// # Errors
/// The damage, in the engine's words or ours.
pub fn read_all(store: &Store, each: &mut dyn FnMut(&Quad)) -> Result<u64, StoreError> {
    let failed = StoreError::storage("reading all of it");
    let mut seen = Seen::default();
    let mut counts = Counts::default();
    let mut quads = 0;
    for quad in store.iter() {
        let quad = quad.map_err(&failed)?;
        quads += 1;
        each(&quad);
        let (subject, object) = (quad.subject.as_ref(), quad.object.as_ref());
        counts
            .by_others(
                store,
                &mut seen,
                subject,
                quad.predicate.as_ref(),
                object,
                quad.graph_name.as_ref(),
            )
            .map_err(&failed)?;
    }
    counts.agree(quads)?;
    Ok(quads)
}

/// What was looked up already, by the first 128 bits of BLAKE3 of its text.
#[derive(Default)]
struct Seen(HashSet<[u8; 16]>);

impl Seen {
    fn is_new(&mut self, order: &str, words: &[&dyn std::fmt::Display]) -> bool {
        let mut text = order.to_owned();
        for word in words {
            text.push(' ');
            text.push_str(&word.to_string());
        }
        self.0.insert(crate::state::digest(text.as_bytes()))
    }
}

/// How many quads each order gave.
#[derive(Default)]
struct Counts {
    by_subject: u64,
    by_predicate: u64,
    by_object: u64,
    by_graph_and_predicate: u64,
    by_graph_and_object: u64,
    named: u64,
}

impl Counts {
    /// Looks up what has the quad's subject, predicate and object, each once.
    fn by_others(
        &mut self,
        store: &Store,
        seen: &mut Seen,
        s: NamedOrBlankNodeRef<'_>,
        p: NamedNodeRef<'_>,
        o: TermRef<'_>,
        g: GraphNameRef<'_>,
    ) -> Result<(), StorageError> {
        let in_any = |s, p, o| store.quads_for_pattern(s, p, o, None);
        if seen.is_new("s", &[&s]) {
            self.by_subject += count(in_any(Some(s), None, None))?;
        }
        if seen.is_new("p", &[&p]) {
            self.by_predicate += count(in_any(None, Some(p), None))?;
        }
        if seen.is_new("o", &[&o]) {
            self.by_object += count_of(in_any(None, None, Some(o)), o)?;
        }
        if g == GraphNameRef::DefaultGraph {
            return Ok(());
        }
        self.named += 1;
        if seen.is_new("gp", &[&g, &p]) {
            let found = store.quads_for_pattern(None, Some(p), None, Some(g));
            self.by_graph_and_predicate += count(found)?;
        }
        if seen.is_new("go", &[&g, &o]) {
            let found = store.quads_for_pattern(None, None, Some(o), Some(g));
            self.by_graph_and_object += count_of(found, o)?;
        }
        Ok(())
    }

    fn agree(&self, quads: u64) -> Result<(), StoreError> {
        for (order, found, expected) in [
            ("subjects", self.by_subject, quads),
            ("predicates", self.by_predicate, quads),
            ("objects", self.by_object, quads),
            (
                "graphs and predicates",
                self.by_graph_and_predicate,
                self.named,
            ),
            ("graphs and objects", self.by_graph_and_object, self.named),
        ] {
            if found != expected {
                return Err(StoreError::Broken(format!(
                    "by its {order} the store holds {found} quads, and {expected} were expected"
                )));
            }
        }
        Ok(())
    }
}

/// The same, of quads with this object. The engine looks for all keys that begin as an object's does, and where that ends in
/// the byte 0xFF, as that of the integer 255 does, it gives those of 256 and more besides (Oxigraph 0.5.13; its SPARQL leaves
/// them out).
fn count_of(quads: QuadIter<'_>, object: TermRef<'_>) -> Result<u64, StorageError> {
    let mut count = 0;
    for quad in quads {
        count += u64::from(quad?.object.as_ref() == object);
    }
    Ok(count)
}

/// Ends at the first error.
fn count(quads: QuadIter<'_>) -> Result<u64, StorageError> {
    let mut count = 0;
    for quad in quads {
        quad?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use oxigraph::model::{GraphName, Literal, NamedNode};

    #[test]
    fn numbers_whose_keys_end_in_ones_are_not_taken_for_damage() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let node = |name: u32| NamedNode::new_unchecked(format!("http://hub.example/{name}"));
        let graphs = [GraphName::DefaultGraph, node(0).into()];
        let quads = graphs.iter().flat_map(|graph| {
            let said = (250..=520).map(move |n| (n, Literal::from(n)));
            said.map(|(n, value)| Quad::new(node(n), node(1), value, graph.clone()))
        });
        store.extend(quads).unwrap();
        store.flush().unwrap();
        assert_eq!(read_all(&store, &mut |_| ()).unwrap(), 2 * 271);
    }
}
