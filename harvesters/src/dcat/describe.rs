//! From a record's raw bytes to its description. Start at [`describe_part`].

use crate::{PartName, Record};
use harvestd_vocab::{Description, Refusal, terms::dct};
use oxrdf::{BlankNode, Literal, NamedNode, NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};

/// The triples of a record's part. Its entity is what its key names, if that is a subject, else the first statement's subject; where that is an IRI that nobody can
/// go to (`urn:…`), it becomes a blank node and an identifier.
pub fn describe_part(record: &Record, part: PartName) -> Result<Description, Refusal> {
    let raw = record.part(part).unwrap_or_default();
    let mut triples = Vec::new();
    for quad in RdfParser::from_format(RdfFormat::NTriples).for_slice(raw) {
        let quad = quad.map_err(|e| {
            Refusal::new(
                "not-n-triples",
                "",
                &e.to_string(),
                "N-Triples, as this connector wrote them",
            )
        })?;
        triples.push(Triple::from(quad));
    }
    let keyed = NamedNode::new(&record.id.key).map(NamedOrBlankNode::from);
    let of_key = |triple: &&Triple| keyed.as_ref().is_ok_and(|key| triple.subject == *key);
    let Some(first) = triples.iter().find(of_key).or(triples.first()) else {
        return Err(Refusal::new(
            "empty-record",
            "",
            &record.id.key,
            "at least one statement",
        ));
    };
    let node = match first.subject.clone() {
        NamedOrBlankNode::NamedNode(iri) if !is_http(&iri) => without_name(&iri, &mut triples),
        node => node,
    };
    Ok(Description {
        class: record.id.class,
        node,
        triples,
    })
}

fn is_http(iri: &NamedNode) -> bool {
    let iri = iri.as_str();
    ["http://", "https://"].iter().any(|scheme| {
        iri.get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    })
}

/// The IRI stays as the record's dct:identifier, if it has no other. One that says so itself is left as it is.
fn without_name(iri: &NamedNode, triples: &mut Vec<Triple>) -> NamedOrBlankNode {
    // No other blank node of the record is called so: they are b0, b1, …
    let blank = BlankNode::new_unchecked("entity");
    let identified = triples
        .iter()
        .any(|triple| triple.predicate == dct::IDENTIFIER && triple.subject == iri.as_ref().into());
    for triple in triples.iter_mut() {
        if triple.subject == iri.as_ref().into() {
            triple.subject = blank.clone().into();
        }
        if triple.object == iri.as_ref().into() && triple.predicate != dct::IDENTIFIER {
            triple.object = Term::BlankNode(blank.clone());
        }
    }
    if !identified {
        triples.push(Triple::new(
            blank.clone(),
            dct::IDENTIFIER.into_owned(),
            Literal::new_simple_literal(iri.as_str()),
        ));
    }
    blank.into()
}
