//! What belongs into records and comes as members of its own (distributions, contacts, places): which of it a record
//! refers to, and its statements, once it is put into the record. Pure. Start at [`triples`].

use crate::{PIECE, Record};
use harvestd_vocab::Refusal;
use oxrdf::{BlankNode, NamedOrBlankNode, Term, Triple, vocab::rdf};
use oxrdfio::{RdfFormat, RdfParser};
use std::collections::BTreeSet;

/// The statements of all pieces of a record. Blank nodes of two pieces are never one.
pub fn triples(record: &Record) -> Result<Vec<Triple>, Refusal> {
    let pieces = record.parts.iter().filter(|(name, _)| *name == PIECE);
    let mut triples = Vec::new();
    for (n, (_, raw)) in pieces.enumerate() {
        for triple in parsed(raw) {
            let triple = triple.map_err(|found| {
                let expected = "N-Triples, as this connector wrote them";
                Refusal::new("not-n-triples", "", &found, expected)
            })?;
            triples.push(apart(triple, n));
        }
    }
    Ok(triples)
}

/// The IRIs that are the object of something, but for types.
pub fn refers(raw: &[u8]) -> Vec<String> {
    let triples = parsed(raw).filter_map(Result::ok);
    let objects = triples.filter_map(|triple| match triple.object {
        Term::NamedNode(object) if triple.predicate != rdf::TYPE => Some(object.into_string()),
        _ => None,
    });
    let objects: BTreeSet<String> = objects.collect();
    objects.into_iter().collect()
}

fn parsed(raw: &[u8]) -> impl Iterator<Item = Result<Triple, String>> {
    let quads = RdfParser::from_format(RdfFormat::NTriples).for_slice(raw);
    quads.map(|quad| quad.map(Triple::from).map_err(|e| e.to_string()))
}

fn apart(mut triple: Triple, piece: usize) -> Triple {
    let renamed = |node: &BlankNode| BlankNode::new_unchecked(format!("p{piece}{}", node.as_str()));
    if let NamedOrBlankNode::BlankNode(node) = &triple.subject {
        triple.subject = renamed(node).into();
    }
    if let Term::BlankNode(node) = &triple.object {
        triple.object = renamed(node).into();
    }
    triple
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::RecordId;

    #[test]
    fn blank_nodes_of_two_pieces_stay_two() {
        let raw = b"<https://e.example/d> <https://e.example/p> _:b0 .\n".to_vec();
        let record = Record {
            id: RecordId::dataset("https://e.example/1"),
            parts: vec![("rdf", raw.clone()), (PIECE, raw.clone()), (PIECE, raw)],
        };
        let triples = triples(&record).unwrap();
        assert_eq!(triples.len(), 2);
        assert_ne!(triples[0].object, triples[1].object);
    }

    #[test]
    fn types_and_literals_are_no_references() {
        let raw = b"<https://e.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://e.example/T> .\n\
<https://e.example/1> <https://e.example/p> <https://e.example/d> .\n\
<https://e.example/1> <https://e.example/q> <https://e.example/d> .\n\
<https://e.example/1> <https://e.example/p> \"https://e.example/x\" .\n";
        assert_eq!(refers(raw), ["https://e.example/d"]);
    }
}
