//! The feed in JSON-LD: expanded, so that no word of a context can change what a source's IRI means.
//!
//! Start at [`activity`].

use crate::log::{Activity, date_time};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{NamedOrBlankNode, Term, vocab::xsd},
};
use serde_json::{Map, Value, json};
use std::io;

const OBJECT: &str = "https://www.w3.org/ns/activitystreams#object";
const PUBLISHED: &str = "https://www.w3.org/ns/activitystreams#published";

/// An activity, with its body as its graph. Its name comes first, so that who reads a stream knows whose graph it is.
pub fn activity(name: &str, a: &Activity) -> io::Result<String> {
    let time = date_time(a.published_us);
    let published = json!([{ "@type": xsd::DATE_TIME.as_str(), "@value": time }]);
    let mut text = format!(
        "{{\"@id\":{},\"@type\":[\"{}\"],\"{OBJECT}\":{},\"{PUBLISHED}\":{published}",
        Value::from(name),
        a.verb.iri(),
        json!([{ "@id": a.entity }]),
    );
    if !a.body.is_empty() {
        text.push_str(&format!(",\"@graph\":{}", graph(&a.body)?));
    }
    text.push('}');
    Ok(text)
}

/// The nodes of sorted N-Triples: lines with one subject stand together.
fn graph(body: &str) -> io::Result<Value> {
    let mut nodes: Vec<(String, Vec<(String, Term)>)> = Vec::new();
    let parser = RdfParser::from_format(RdfFormat::NTriples).lenient();
    for quad in parser.for_slice(body.as_bytes()) {
        let quad = quad.map_err(io::Error::other)?;
        let subject = match quad.subject {
            NamedOrBlankNode::NamedNode(node) => node.into_string(),
            NamedOrBlankNode::BlankNode(node) => node.to_string(),
        };
        let word = (quad.predicate.into_string(), quad.object);
        match nodes.last_mut().filter(|(last, _)| *last == subject) {
            Some((_, words)) => words.push(word),
            None => nodes.push((subject, vec![word])),
        }
    }
    let nodes = nodes.into_iter();
    Ok(nodes
        .map(|(subject, words)| node(&subject, words))
        .collect())
}

/// A node and all that is said of it.
pub fn node(subject: &str, words: impl IntoIterator<Item = (String, Term)>) -> Value {
    let mut node = Map::new();
    node.insert("@id".to_owned(), subject.into());
    for (predicate, object) in words {
        let (key, value) = match object {
            Term::NamedNode(kind) if predicate == oxigraph::model::vocab::rdf::TYPE.as_str() => {
                ("@type".to_owned(), kind.into_string().into())
            }
            object => (predicate, value(object)),
        };
        let values = node.entry(key).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value);
        }
    }
    Value::Object(node)
}

fn value(object: Term) -> Value {
    match object {
        Term::NamedNode(node) => json!({ "@id": node.as_str() }),
        Term::BlankNode(node) => json!({ "@id": node.to_string() }),
        Term::Literal(literal) => match (literal.language(), literal.datatype()) {
            (Some(language), _) => json!({ "@language": language, "@value": literal.value() }),
            (None, xsd::STRING) => json!({ "@value": literal.value() }),
            (None, datatype) => {
                json!({ "@type": datatype.as_str(), "@value": literal.value() })
            }
        },
        #[expect(
            unreachable_patterns,
            reason = "quoted triples exist with a feature only"
        )]
        other => json!({ "@value": other.to_string() }),
    }
}
