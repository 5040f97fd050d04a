//! Which properties can be corrected. Start at [`property`].

use super::Problem;
use crate::config::meant;
use harvestd_vocab::containment::is_membership;
use harvestd_vocab::links::is_http;
use harvestd_vocab::terms::{adms, dcat, expanded, foaf, prefixed, short_names};
use oxrdf::{NamedNode, NamedNodeRef, vocab::rdf};

const PROPERTY: &str = "a property, as \"dct:title\", or the whole IRI of one";

/// What makes a description one: which node it is about, and which nodes it has.
const FRAME: [NamedNodeRef<'static>; 5] = [
    rdf::TYPE,
    foaf::PRIMARY_TOPIC,
    dcat::HAS_DISTRIBUTION,
    adms::SAMPLE,
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#alternateOf"),
];

/// The property that is meant: a short name of ours, or a whole IRI, also of a vocabulary that we do not know.
pub fn property(written: &str) -> Result<NamedNode, Problem> {
    let iri = match expanded(written) {
        Some(iri) => iri,
        None if is_http(written) => written.to_owned(),
        None => {
            let names = properties();
            let near = meant(written, names.iter().map(String::as_str));
            let expected = near.map_or(PROPERTY.to_owned(), |name| format!("{name:?}"));
            return Err(Problem::new("property", format!("{written:?}"), expected));
        }
    };
    let property = NamedNode::new(&iri)
        .map_err(|e| Problem::new("property", format!("{written:?}: {e}"), PROPERTY))?;
    let short = prefixed(&iri);
    let of_ours = short != iri;
    if of_ours && (expanded(&short).is_none() || !is_property(&short)) {
        let names = properties();
        let near = meant(&short, names.iter().map(String::as_str));
        let expected = near.map_or(PROPERTY.to_owned(), |name| format!("{name:?}"));
        return Err(Problem::new("property", format!("{written:?}"), expected));
    }
    if FRAME.contains(&property.as_ref()) || is_membership(property.as_ref()) {
        let found = format!("{written:?}, which holds the description together");
        let expected = "a property that says something, as \"dct:title\"; a distribution is removed by naming it, with remove = true and no property";
        return Err(Problem::new("property", found, expected));
    }
    Ok(property)
}

fn properties() -> Vec<String> {
    short_names().filter(|short| is_property(short)).collect()
}

/// Names of classes begin with a capital.
fn is_property(short: &str) -> bool {
    let local = short.split_once(':').map_or(short, |(_, local)| local);
    local.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_by_short_name_and_by_iri() {
        for (written, iri) in [
            ("dct:title", "http://purl.org/dc/terms/title"),
            (
                "http://purl.org/dc/terms/title",
                "http://purl.org/dc/terms/title",
            ),
            ("https://e.example/ns#level", "https://e.example/ns#level"),
        ] {
            assert_eq!(
                property(written).map(NamedNode::into_string),
                Ok(iri.to_owned())
            );
        }
    }

    #[test]
    fn what_is_no_property_is_told_with_what_was_meant() {
        for (written, told) in [
            (
                "dct:titel",
                "property: found \"dct:titel\", expected \"dct:title\"",
            ),
            (
                "title",
                "property: found \"title\", expected a property, as",
            ),
            ("dcat:Distribution", "expected \"dcat:distribution\""),
            ("http://purl.org/dc/terms/titel", "expected \"dct:title\""),
            ("rdf:type", "which holds the description together"),
            ("dcat:dataset", "which holds the description together"),
            ("dcat:distribution", "remove = true and no property"),
            ("urn:x:y", "expected a property"),
        ] {
            let problem = property(written).map_or_else(|p| p.to_string(), |p| p.to_string());
            assert!(problem.contains(told), "{written}: {problem}");
        }
    }
}
