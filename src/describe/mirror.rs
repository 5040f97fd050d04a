//! A body that another harvestd has made, taken over as it comes, where it is what it should be. Start at [`taken_over`].

use super::Said;
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Context, Normal, Refusal, containment::record_class, iris::record_iri};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term, vocab::rdf},
};

const PRIMARY_TOPIC: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://xmlns.com/foaf/0.1/primaryTopic");

/// The body, unchanged, with the record of ours that places it, and the one that it brings.
pub fn taken_over(id: &RecordId, raw: &[u8], context: &Context) -> Result<Said, Refusal> {
    let bad = |found: &str, expected: &str| Refusal::new("not-a-body", "", found, expected);
    let entity =
        NamedNode::new(&id.key).map_err(|e| bad(&e.to_string(), "the IRI of an entity"))?;
    let body = String::from_utf8(raw.to_vec()).map_err(|e| bad(&e.to_string(), "UTF-8"))?;
    let class = record_class(id.class);
    let (mut topics, mut records) = (Vec::new(), Vec::new());
    for quad in RdfParser::from_format(RdfFormat::NTriples).for_slice(raw) {
        let quad = quad.map_err(|e| bad(&e.to_string(), "N-Triples"))?;
        let Some(subject) = named(&quad) else {
            return Err(bad(&quad.to_string(), "no blank node"));
        };
        if subject.as_str().starts_with(&context.base) {
            return Err(bad(subject.as_str(), "nothing that is ours"));
        }
        if quad.predicate == PRIMARY_TOPIC && quad.object == Term::from(entity.clone()) {
            topics.push(subject.clone());
        }
        if quad.predicate == rdf::TYPE && quad.object == Term::from(class.into_owned()) {
            records.push(subject.clone());
        }
    }
    topics.retain(|record| records.contains(record));
    let [origin] = topics.as_slice() else {
        let found = format!("{} records about it", topics.len());
        return Err(bad(&found, "one"));
    };
    let normal = Normal {
        class: id.class,
        entity,
        record: record_iri(&context.base, &context.source, id.class, &id.key),
        body,
        findings: Vec::new(),
    };
    Ok((normal, Some(origin.as_str().to_owned())))
}

fn named(quad: &Quad) -> Option<&NamedNode> {
    match (&quad.subject, &quad.object) {
        (_, Term::BlankNode(_)) | (NamedOrBlankNode::BlankNode(_), _) => None,
        (NamedOrBlankNode::NamedNode(subject), _) => Some(subject),
    }
}
