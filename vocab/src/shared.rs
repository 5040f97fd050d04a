//! What all sources share, as records of a source of our own: the agencies and the concept schemes of Taiwan.
//!
//! Ordinary records, so that they are in the default graph, in the feed and in every backup like everything else. No
//! question is asked for them: whoever runs this harvests the source [`SOURCE`] from [`records`] alone, before any
//! other, and again when [`crate::tables_version`] changes.

use crate::agents::{self, Agency};
use crate::concepts;
use crate::iris::catalog_iri;
use crate::terms::{dcat, dct, foaf, harvestd, org};
use crate::{Class, Description};
use oxrdf::vocab::rdf;
use oxrdf::{BlankNode, Literal, NamedNodeRef, NamedOrBlankNode, Term, Triple};

pub use crate::agents::SOURCE;

/// The key of the record of a source's own catalogue, as the configuration or this file describes it.
pub const CATALOG_KEY: &str = "self";

/// Its title, by language.
pub const TITLE: [(&str, &str); 2] = [
    ("zh-Hant", "臺灣政府資料的共用詞彙"),
    ("en", "Shared vocabulary of Taiwan's public data"),
];
const DESCRIPTION: [(&str, &str); 2] = [
    ("zh-Hant", "各來源共用的機關與分類體系。"),
    ("en", "Agencies and concept schemes that the sources share."),
];
/// The language of names that say none.
pub const LANGUAGE: &str = "zh-Hant";

/// A record of what is shared.
#[derive(Debug)]
pub struct Shared {
    pub class: Class,
    pub key: &'static str,
    pub description: Description,
}

/// Every record of the source [`SOURCE`]: the agencies, and the catalogue that defines the concept schemes. `base` is
/// that of [`crate::Context`]. They are to be normalised with [`SOURCE`] as the source.
pub fn records(base: &str) -> Vec<Shared> {
    let agencies = agents::all().iter().map(|agency| Shared {
        class: Class::Agent,
        key: agency.key,
        description: describe_agency(base, agency),
    });
    agencies.chain([catalog(base)]).collect()
}

fn describe_agency(base: &str, agency: &Agency) -> Description {
    let node = NamedOrBlankNode::from(BlankNode::new_unchecked("agency"));
    let mut triples = vec![Triple::new(node.clone(), rdf::TYPE, org::ORGANIZATION)];
    let mut say = |predicate: NamedNodeRef<'static>, object: Term| {
        triples.push(Triple::new(node.clone(), predicate, object));
    };
    for (name, language) in [(agency.zh_hant, "zh-hant"), (agency.english, "en")] {
        if !name.is_empty() {
            let name = Literal::new_language_tagged_literal_unchecked(name, language);
            say(foaf::NAME, name.into());
        }
    }
    let identifiers = [
        (agency.oid, harvestd::OID),
        (agency.code, harvestd::ORGANISATION_CODE),
    ];
    for (identifier, datatype) in identifiers {
        if !identifier.is_empty() {
            let identifier = Literal::new_typed_literal(identifier, datatype);
            say(org::IDENTIFIER, identifier.into());
        }
    }
    if !agency.parent.is_empty() {
        let parent = agents::iri(base, agency.parent);
        say(org::SUB_ORGANIZATION_OF, parent.into());
    }
    Description {
        class: Class::Agent,
        node,
        triples,
    }
}

fn catalog(base: &str) -> Shared {
    let node = catalog_iri(base, SOURCE);
    let mut triples = vec![Triple::new(node.clone(), rdf::TYPE, dcat::CATALOG)];
    for (predicate, texts) in [(dct::TITLE, TITLE), (dct::DESCRIPTION, DESCRIPTION)] {
        for (language, text) in texts {
            let language = language.to_ascii_lowercase();
            let text = Literal::new_language_tagged_literal_unchecked(text, language);
            triples.push(Triple::new(node.clone(), predicate, text));
        }
    }
    // The lists are kept with this program, whoever runs it.
    let publisher = BlankNode::new_unchecked("publisher");
    triples.push(Triple::new(node.clone(), dct::PUBLISHER, publisher.clone()));
    triples.push(Triple::new(publisher.clone(), rdf::TYPE, foaf::AGENT));
    let name = Literal::new_simple_literal("harvestd");
    triples.push(Triple::new(publisher, foaf::NAME, name));
    for scheme in concepts::scheme_iris() {
        triples.push(Triple::new(node.clone(), harvestd::DEFINES, scheme.clone()));
        triples.push(Triple::new(node.clone(), dcat::THEME_TAXONOMY, scheme));
    }
    triples.extend(concepts::schemes());
    Shared {
        class: Class::Catalog,
        key: CATALOG_KEY,
        description: Description {
            class: Class::Catalog,
            node: node.into(),
            triples,
        },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Context, normalise};

    fn context() -> Context {
        Context {
            base: "https://h.example/".to_owned(),
            source: SOURCE.to_owned(),
            language: Some("zh-Hant".to_owned()),
            offset_minutes: Some(480),
            shared_agencies: true,
        }
    }

    #[test]
    fn agencies_are_entities_under_their_shared_iri() {
        let cx = context();
        let mut names = 0;
        for shared in records(&cx.base) {
            let (class, key) = (shared.class, shared.key);
            let normal = normalise(shared.description, key, &cx).unwrap();
            assert_eq!(normal.findings, [], "{key}");
            if class == Class::Agent {
                assert_eq!(normal.entity, agents::iri(&cx.base, key));
                names += usize::from(normal.body.contains("foaf/0.1/name"));
            }
        }
        assert_eq!(names, agents::all().len());
    }

    #[test]
    fn the_catalogue_contains_its_schemes_whole() {
        let cx = context();
        let catalog = records(&cx.base).pop().unwrap();
        let said = catalog.description.triples.len();
        let normal = normalise(catalog.description, catalog.key, &cx).unwrap();
        assert_eq!(normal.entity, catalog_iri(&cx.base, SOURCE));
        // Beside what was said: three statements of the record, and that the catalogue has it.
        assert_eq!(normal.body.lines().count(), said + 4);
        let label = "<https://w3id.org/harvestd/tw/service-category/I00> <http://www.w3.org/2004/02/skos/core#prefLabel> \"公共資訊\"@zh-hant .";
        assert!(normal.body.lines().any(|line| line == label));
    }
}
