//! Harvest loops: what another catalogue has from us, and gives back. It names what it took, so nothing else is compared.
//!
//! A record passed through us where it is named by an IRI that we give, or where the CatalogRecord about it says that it
//! was made from one of ours: `dct:source` (each harvester adds the record that it read and keeps those that this one
//! names, so the whole way is there) or `prov:wasDerivedFrom` (an address of ours, as CKAN keeps it). What a dataset
//! itself refers to, its sources and pages, is no such sign: it only mentions us. Start at [`sign`].

use harvestd_vocab::{
    Class,
    terms::{dct, foaf, prov},
};
use oxigraph::model::{NamedOrBlankNode, Term, Triple};

/// What the paths of our own addresses begin with, besides the segments of [`Class`].
const DOORS: [&str; 4] = ["record", "catalog", "feed", "api"];

/// The IRI of ours that shows that the record about `entity` passed through us. None: nothing does.
pub fn sign<'a>(
    base: &str,
    entity: &'a NamedOrBlankNode,
    triples: &'a [Triple],
) -> Option<&'a str> {
    if let NamedOrBlankNode::NamedNode(iri) = entity
        && is_given(base, iri.as_str())
    {
        return Some(iri.as_str());
    }
    let records: Vec<&NamedOrBlankNode> = triples
        .iter()
        .filter(|triple| triple.predicate == foaf::PRIMARY_TOPIC && is(&triple.object, entity))
        .map(|triple| &triple.subject)
        .filter(|subject| *subject != entity)
        .collect();
    let mut named = records.iter().filter_map(|record| match record {
        NamedOrBlankNode::NamedNode(iri) => Some(iri.as_str()),
        NamedOrBlankNode::BlankNode(_) => None,
    });
    named.find(|iri| is_given(base, iri)).or_else(|| {
        let said = triples
            .iter()
            .filter(|triple| of_origin(triple, entity, &records));
        said.filter_map(|triple| text(&triple.object))
            .find(|iri| is_door(base, iri))
    })
}

/// Does it say where a record, or the identifier of its entity, comes from?
fn of_origin(triple: &Triple, entity: &NamedOrBlankNode, records: &[&NamedOrBlankNode]) -> bool {
    if triple.predicate == dct::IDENTIFIER {
        return triple.subject == *entity;
    }
    let way = triple.predicate == dct::SOURCE || triple.predicate == prov::WAS_DERIVED_FROM;
    way && records.contains(&&triple.subject)
}

fn is(term: &Term, node: &NamedOrBlankNode) -> bool {
    match (term, node) {
        (Term::NamedNode(a), NamedOrBlankNode::NamedNode(b)) => a == b,
        (Term::BlankNode(a), NamedOrBlankNode::BlankNode(b)) => a == b,
        _ => false,
    }
}

fn text(term: &Term) -> Option<&str> {
    match term {
        Term::NamedNode(iri) => Some(iri.as_str()),
        Term::Literal(literal) => Some(literal.value()),
        _ => None,
    }
}

/// Is it a name that we give to a record, an entity or a catalogue?
fn is_given(base: &str, iri: &str) -> bool {
    let Some((first, rest)) = iri.strip_prefix(base).and_then(|path| path.split_once('/')) else {
        return false;
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [source] => first == Class::Catalog.segment() && !source.is_empty(),
        [source, key] => is_segment(first) && !source.is_empty() && !key.is_empty(),
        _ => false,
    }
}

fn is_segment(word: &str) -> bool {
    word == "record" || Class::ALL.iter().any(|class| class.segment() == word)
}

/// Is it our address as a catalogue: the whole, one of its interfaces, or something that we name?
fn is_door(base: &str, iri: &str) -> bool {
    if iri == base.trim_end_matches('/') {
        return true;
    }
    let Some(path) = iri.strip_prefix(base) else {
        return false;
    };
    let first = path.split(['/', '.', '?', '#']).next().unwrap_or_default();
    first.is_empty() || DOORS.contains(&first) || is_given(base, iri)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxigraph::io::{RdfFormat, RdfParser};

    const BASE: &str = "https://hub.example/";

    fn shows(entity: &str, turtle: &str) -> Option<String> {
        let prefixes = "@prefix dct: <http://purl.org/dc/terms/> . @prefix prov: <http://www.w3.org/ns/prov#> .
            @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .";
        let text = format!("{prefixes}\n{turtle}");
        let triples: Vec<Triple> = RdfParser::from_format(RdfFormat::Turtle)
            .for_slice(text.as_bytes())
            .map(|quad| quad.unwrap().into())
            .collect();
        let entity = oxigraph::model::NamedNode::new(entity).unwrap().into();
        sign(BASE, &entity, &triples).map(str::to_owned)
    }

    #[test]
    fn by_a_name_that_we_give() {
        for ours in [
            "https://hub.example/dataset/city/1",
            "https://hub.example/record/city/1",
            "https://hub.example/agent/city/https%3A%2F%2Fcity.example%2F7",
            "https://hub.example/catalog/city",
        ] {
            assert_eq!(shows(ours, "").as_deref(), Some(ours));
        }
        for theirs in [
            "https://hub.example/dataset/parks",
            "https://hub.example/ckan/dataset/parks",
            "https://hub.example.org/dataset/city/1",
            "https://city.example/dataset/city/1",
        ] {
            assert_eq!(shows(theirs, ""), None, "{theirs}");
        }
    }

    #[test]
    fn by_the_way_that_its_record_tells() {
        let of = |said: &str| {
            let record = "<https://b.example/record/a/1> foaf:primaryTopic <https://e.example/1>";
            shows("https://e.example/1", &format!("{record} ; {said} ."))
        };
        for ours in [
            "https://hub.example/record/city/1",
            "https://hub.example/api/3/action/package_show?id=1",
            "https://hub.example/catalog.ttl",
            "https://hub.example/",
            "https://hub.example",
        ] {
            let said = format!("dct:source <https://c.example/record/b/1> , <{ours}>");
            assert_eq!(of(&said).as_deref(), Some(ours));
            let said = format!("prov:wasDerivedFrom <{ours}>");
            assert_eq!(of(&said).as_deref(), Some(ours));
        }
        assert_eq!(of("dct:source <https://c.example/record/b/1>"), None);
        let ckan = "prov:wasDerivedFrom <https://hub.example/ckan/api/3/action/package_show?id=1>";
        assert_eq!(of(ckan), None);
        let record =
            "<https://hub.example/record/city/1> foaf:primaryTopic <https://e.example/1> .";
        let sign = shows("https://e.example/1", record);
        assert_eq!(sign.as_deref(), Some("https://hub.example/record/city/1"));
    }

    #[test]
    fn not_by_a_mention() {
        let mentions = "<https://e.example/1> dct:source <https://hub.example/dataset/city/1> ;
            prov:wasDerivedFrom <https://hub.example/record/city/1> ; dct:identifier \"1\" ;
            dcat:landingPage <https://hub.example/dataset/city/1> ; dct:relation <https://hub.example/> .
            <https://b.example/r/2> foaf:primaryTopic <https://e.example/2> ; dct:source <https://hub.example/record/city/2> .
            <https://b.example/r/1> foaf:primaryTopic <https://e.example/1> ; foaf:page <https://hub.example/record/city/1> .";
        assert_eq!(shows("https://e.example/1", mentions), None);
        assert!(shows("https://e.example/2", mentions).is_some());
        let identified =
            "<https://e.example/1> dct:identifier \"https://hub.example/dataset/city/1\" .";
        assert!(shows("https://e.example/1", identified).is_some());
    }
}
