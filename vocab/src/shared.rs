//! What all sources share, as records of a source of our own: the agencies and the concept schemes of Taiwan. Agencies that
//! the table lacks come to it as sources name them ([`crate::learned`]).
//!
//! Ordinary records, so that they are in the default graph, in the feed and in every backup like everything else. No
//! question is asked for them: whoever runs this harvests the source [`SOURCE`] from [`records`] alone, before any
//! other, and again when [`crate::tables_version`] changes or there is another agency.

use crate::agents::{self, Agency};
use crate::concepts;
use crate::iris::catalog_iri;
use crate::learned::{Agencies, Names};
use crate::terms::{dcat, dct, foaf, harvestd, org, skos};
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

/// A record of what is shared.
#[derive(Debug)]
pub struct Shared {
    pub class: Class,
    pub key: String,
    pub description: Description,
}

/// Every record of the source [`SOURCE`]: the agencies of the table and those learned, and the catalogue that defines the
/// concept schemes. `base` is that of [`crate::Context`]. They are to be normalised with [`SOURCE`] as the source.
pub fn records(base: &str, learned: &Agencies) -> Vec<Shared> {
    let shared = |key: &str, description| Shared {
        class: Class::Agent,
        key: key.to_owned(),
        description,
    };
    let of_table = agents::all().iter();
    let of_table = of_table.map(|agency| shared(agency.key, describe_agency(base, agency)));
    // An identifier that has come into a row of another key stays beside it: there are records that refer to it.
    let learned_only = |key: &str| agents::known(key).is_none_or(|agency| agency.key != key);
    let beyond = learned.iter().filter(|(key, _)| learned_only(key));
    let beyond = beyond.map(|(key, names)| {
        let description = describe_learned(base, key, names, learned.above(key));
        shared(key, description)
    });
    of_table.chain(beyond).chain([catalog(base)]).collect()
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

fn describe_learned(base: &str, key: &str, names: &Names, above: Option<&str>) -> Description {
    let node = NamedOrBlankNode::from(BlankNode::new_unchecked("agency"));
    let mut triples = vec![Triple::new(node.clone(), rdf::TYPE, org::ORGANIZATION)];
    let mut say = |predicate: NamedNodeRef<'static>, object: Term| {
        triples.push(Triple::new(node.clone(), predicate, object));
    };
    for (predicate, names) in [(foaf::NAME, &names.first), (skos::ALT_LABEL, &names.others)] {
        for name in names {
            say(predicate, name.clone().into());
        }
    }
    let datatype = match agents::is_oid(key) {
        true => harvestd::OID,
        false => harvestd::ORGANISATION_CODE,
    };
    say(
        org::IDENTIFIER,
        Literal::new_typed_literal(key, datatype).into(),
    );
    if let Some(above) = above {
        say(org::SUB_ORGANIZATION_OF, agents::iri(base, above).into());
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
        key: CATALOG_KEY.to_owned(),
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
            language: None,
            offset_minutes: None,
            shared_agencies: true,
        }
    }

    #[test]
    fn agencies_are_entities_under_their_shared_iri() {
        let cx = context();
        let mut names = 0;
        for shared in records(&cx.base, &Agencies::default()) {
            let (class, key) = (shared.class, shared.key);
            let normal = normalise(shared.description, &key, &cx).unwrap();
            assert_eq!(normal.findings, [], "{key}");
            assert_eq!(normal.learned, [], "{key}");
            if class == Class::Agent {
                assert_eq!(normal.entity, agents::iri(&cx.base, &key));
                names += usize::from(normal.body.contains("foaf/0.1/name"));
            }
        }
        assert_eq!(names, agents::all().len());
    }

    #[test]
    fn a_learned_agency_is_one_of_them() {
        let cx = context();
        let unit = "2.16.886.101.20003.20069.20099";
        let mut learned = Agencies::default();
        let named = |text: &str| Literal::new_language_tagged_literal_unchecked(text, "zh-hant");
        for name in ["某中心", "別名"] {
            learned.learn(crate::Learned {
                key: unit.to_owned(),
                names: vec![named(name)],
            });
        }
        // Its OID is in the table, in the row of this key: the table describes it.
        let council = "2.16.886.101.20003.20069";
        learned.learn(crate::Learned {
            key: council.to_owned(),
            names: vec![named("別的名稱")],
        });
        let all = records(&cx.base, &learned);
        assert_eq!(all.len(), agents::all().len() + 2);
        let there = all.into_iter().find(|shared| shared.key == unit).unwrap();
        let normal = normalise(there.description, unit, &cx).unwrap();
        assert_eq!(normal.findings, []);
        let iri = agents::iri(&cx.base, unit);
        for said in [
            "<http://xmlns.com/foaf/0.1/name> \"某中心\"@zh-hant".to_owned(),
            "<http://www.w3.org/2004/02/skos/core#altLabel> \"別名\"@zh-hant".to_owned(),
            format!(
                "<http://www.w3.org/ns/org#identifier> \"{unit}\"^^<https://w3id.org/harvestd/ns#oid>"
            ),
            format!(
                "<http://www.w3.org/ns/org#subOrganizationOf> {}",
                agents::iri(&cx.base, council)
            ),
        ] {
            let line = format!("{iri} {said} .");
            assert!(
                normal.body.lines().any(|l| l == line),
                "{line}\n{}",
                normal.body
            );
        }
    }

    #[test]
    fn the_catalogue_contains_its_schemes_whole() {
        let cx = context();
        let catalog = records(&cx.base, &Agencies::default()).pop().unwrap();
        let said = catalog.description.triples.len();
        let normal = normalise(catalog.description, &catalog.key, &cx).unwrap();
        assert_eq!(normal.entity, catalog_iri(&cx.base, SOURCE));
        // Beside what was said: three statements of the record, and that the catalogue has it.
        assert_eq!(normal.body.lines().count(), said + 4);
        let label = "<https://w3id.org/harvestd/tw/service-category/I00> <http://www.w3.org/2004/02/skos/core#prefLabel> \"公共資訊\"@zh-hant .";
        assert!(normal.body.lines().any(|line| line == label));
    }
}
