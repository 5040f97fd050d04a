//! A body that another harvestd has made, taken over as it comes, where it is what it should be. Start at [`taken_over`].

use super::{Left, Said, looped};
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Context, Normal, Refusal, containment::record_class, iris::record_iri};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf},
};

const PRIMARY_TOPIC: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");

/// The body, unchanged, with the record of ours that places it, and the one that it brings.
pub fn taken_over(id: &RecordId, raw: &[u8], context: &Context) -> Result<Said, Left> {
    let bad = |found: &str, expected: &str| Refusal::new("not-a-body", "", found, expected);
    let entity =
        NamedNode::new(&id.key).map_err(|e| bad(&e.to_string(), "the IRI of an entity"))?;
    let body = String::from_utf8(raw.to_vec()).map_err(|e| bad(&e.to_string(), "UTF-8"))?;
    let class = record_class(id.class);
    let triples = parsed(raw).map_err(|e| bad(&e, "N-Triples"))?;
    if let Some(sign) = looped::sign(&context.base, &entity.clone().into(), &triples) {
        return Err(Left::Looped(sign.to_owned()));
    }
    let (mut topics, mut records) = (Vec::new(), Vec::new());
    for triple in &triples {
        let Some(subject) = named(triple) else {
            return Err(bad(&triple.to_string(), "no blank node").into());
        };
        if subject.as_str().starts_with(&context.base) {
            return Err(bad(subject.as_str(), "nothing that is ours").into());
        }
        if triple.predicate == PRIMARY_TOPIC && triple.object == Term::from(entity.clone()) {
            topics.push(subject.clone());
        }
        if triple.predicate == rdf::TYPE && triple.object == Term::from(class.into_owned()) {
            records.push(subject.clone());
        }
    }
    topics.retain(|record| records.contains(record));
    let [origin] = topics.as_slice() else {
        let found = format!("{} records about it", topics.len());
        return Err(bad(&found, "one").into());
    };
    let normal = Normal {
        class: id.class,
        entity,
        record: record_iri(&context.base, &context.source, id.class, &id.key),
        body,
        findings: Vec::new(),
        learned: Vec::new(),
    };
    Ok((normal, Some(origin.as_str().to_owned())))
}

fn parsed(raw: &[u8]) -> Result<Vec<Triple>, String> {
    RdfParser::from_format(RdfFormat::NTriples)
        .for_slice(raw)
        .map(|quad| quad.map(Triple::from).map_err(|e| e.to_string()))
        .collect()
}

fn named(triple: &Triple) -> Option<&NamedNode> {
    match (&triple.subject, &triple.object) {
        (_, Term::BlankNode(_)) | (NamedOrBlankNode::BlankNode(_), _) => None,
        (NamedOrBlankNode::NamedNode(subject), _) => Some(subject),
    }
}
