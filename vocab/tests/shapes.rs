//! Our own shapes: a dataset that lacks nothing conforms, and of one that lacks something exactly that is told.
//!
//! `tests/shapes/whole.ttl` is the dataset. What others' shapes make of real descriptions is compared in
//! `harvesters/tests/shapes.rs`.

#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_vocab::shacl::{Facts, Severity, Shapes, dcat_ap, taiwan};
use harvestd_vocab::terms;
use oxrdf::{Literal, NamedNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};
use std::collections::BTreeMap;

const WHOLE: &str = include_str!("shapes/whole.ttl");
const SHAPES: [&str; 2] = [
    include_str!("../shapes/dcat-ap-3.ttl"),
    include_str!("../shapes/taiwan.ttl"),
];

fn triples(turtle: &str) -> Vec<Triple> {
    let quads = RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle);
    quads.map(|quad| Triple::from(quad.unwrap())).collect()
}

/// What shapes say: weight, path, and what was found, one after the other.
fn told(shapes: &Shapes, triples: &[Triple]) -> Vec<String> {
    let facts = Facts::of_triples(triples);
    let results = shapes.validate(&facts);
    let told = results.iter().map(|result| {
        let weight = match result.severity() {
            Severity::Violation => "!",
            Severity::Warning => "?",
            _ => "i",
        };
        let path = result.path().unwrap_or_default();
        format!("{weight}{path} {}", result.found())
    });
    told.collect()
}

fn both(triples: &[Triple]) -> [Vec<String>; 2] {
    [dcat_ap(), taiwan()].map(|shapes| told(shapes, triples))
}

#[test]
fn a_dataset_that_lacks_nothing_conforms_to_both() {
    assert_eq!(both(&triples(WHOLE)), [const { Vec::<String>::new() }; 2]);
}

/// The dataset without what part of it says with a predicate.
fn without(part: &str, predicate: &str) -> Vec<Triple> {
    let predicate = terms::expanded(predicate).unwrap_or_else(|| predicate.to_owned());
    let mut all = triples(WHOLE);
    let before = all.len();
    let is_part = |triple: &Triple| triple.subject.to_string().ends_with(&format!("{part}>"));
    all.retain(|triple| !(is_part(triple) && triple.predicate.as_str() == predicate));
    assert!(all.len() < before, "{part} has no {predicate}");
    all
}

#[test]
fn what_is_missing_is_told() {
    const CONTENTS: &str = "http://purl.org/dc/terms/tableOfContents";
    for (part, predicate, european, national) in [
        ("dataset/1", "dct:identifier", "", "!dct:identifier"),
        ("dataset/1", "dct:title", "!dct:title", "!dct:title"),
        (
            "dataset/1",
            "dct:description",
            "!dct:description",
            "!dct:description",
        ),
        ("dataset/1", CONTENTS, "", "!tableOfContents"),
        (
            "dataset/1",
            "dct:accrualPeriodicity",
            "",
            "!dct:accrualPeriodicity",
        ),
        ("dataset/1", "dct:issued", "", "?dct:issued"),
        ("dataset/1", "dct:language", "", "?dct:language"),
        (
            "dataset/1",
            "dct:publisher",
            "?dct:publisher",
            "!dct:publisher",
        ),
        ("dataset/1", "dct:spatial", "?dct:spatial", "?dct:spatial"),
        (
            "dataset/1",
            "dct:temporal",
            "?dct:temporal",
            "?dcat:startDate ?dcat:endDate",
        ),
        (
            "dataset/1",
            "schema:isAccessibleForFree",
            "",
            "!schema:isAccessibleForFree",
        ),
        (
            "dataset/1",
            "dcat:contactPoint",
            "?dcat:contactPoint",
            "?dcat:contactPoint ?vcard:fn ?vcard:hasTelephone ?vcard:hasEmail",
        ),
        ("#contact", "vcard:hasEmail", "", "?vcard:hasEmail"),
        (
            "#period",
            "dcat:startDate",
            "?dcat:startDate",
            "?dcat:startDate",
        ),
        (
            "dataset/1",
            "dcat:keyword",
            "?dcat:keyword",
            "?dcat:keyword",
        ),
        ("dataset/1", "dcat:landingPage", "", "?dcat:landingPage"),
        ("dataset/1", "dcat:theme", "?dcat:theme", "!dcat:theme"),
        (
            "#file",
            "dct:description",
            "?dct:description",
            "?dct:description",
        ),
        ("#file", "dct:format", "?dct:format", "!dct:format"),
        ("#file", "dct:license", "?dct:license", ""),
        ("#file", "dct:modified", "", "?dct:modified"),
        (
            "#file",
            "cnt:characterEncoding",
            "",
            "!cnt:characterEncoding",
        ),
        ("#file", "dcat:accessURL", "!dcat:accessURL", ""),
        ("#file", "dcatap:availability", "?dcatap:availability", ""),
        ("demo/1", "foaf:primaryTopic", "!foaf:primaryTopic", ""),
        ("demo/1", "dct:modified", "!dct:modified", ""),
        ("demo/1", "adms:status", "?adms:status", ""),
    ] {
        let found = both(&without(part, predicate));
        for (found, expected) in found.iter().zip([european, national]) {
            let mut unsaid: Vec<&str> = expected.split_whitespace().collect();
            let all = found.join("; ");
            for told in found {
                // The form of an identifier that is not there is told besides.
                let about = |expected: &&str| {
                    told.starts_with(&expected[..1]) && told.contains(&expected[1..])
                };
                let place = unsaid.iter().position(about);
                assert!(
                    place.is_some() || told.starts_with('i'),
                    "{part} {predicate}: {all}"
                );
                place.map(|place| unsaid.remove(place));
            }
            assert!(
                unsaid.is_empty(),
                "{part} {predicate}: {all}: no {unsaid:?}"
            );
        }
    }
}

/// The dataset with one statement more.
fn with(part: &str, predicate: &str, object: impl Into<Term>) -> Vec<Triple> {
    let mut all = triples(WHOLE);
    let is_part = |triple: &&Triple| triple.subject.to_string().ends_with(&format!("{part}>"));
    let subject = all.iter().find(is_part).unwrap().subject.clone();
    let predicate = NamedNode::new(terms::expanded(predicate).unwrap()).unwrap();
    all.push(Triple::new(subject, predicate, object));
    all
}

#[test]
fn what_is_too_much_or_of_another_kind_is_told() {
    let text = || Literal::new_simple_literal("other");
    let iri = |iri: &str| NamedNode::new(iri).unwrap();
    let category = iri("https://w3id.org/harvestd/tw/service-category/A00");
    let other: Term = iri("http://e.example/other").into();
    for (part, predicate, object, european, national) in [
        (
            "dataset/1",
            "dct:publisher",
            other.clone(),
            "!dct:publisher 2 values",
            "!dct:publisher 2 values",
        ),
        (
            "dataset/1",
            "dct:publisher",
            text().into(),
            "!dct:publisher \"other\"",
            "!dct:publisher 2 values",
        ),
        (
            "dataset/1",
            "dct:title",
            other.clone(),
            "!dct:title http://e.example/other",
            "",
        ),
        (
            "dataset/1",
            "dct:issued",
            text().into(),
            "?dct:issued \"other\"",
            "",
        ),
        (
            "dataset/1",
            "dcat:theme",
            category.into(),
            "",
            "?dcat:theme 3 values",
        ),
        (
            "dataset/1",
            "schema:isAccessibleForFree",
            Literal::new_typed_literal("false", oxrdf::vocab::xsd::BOOLEAN).into(),
            "",
            "! https://data.gov.tw/dataset/1",
        ),
        (
            "#file",
            "dcat:accessURL",
            text().into(),
            "!dcat:accessURL \"other\"",
            "",
        ),
        (
            "#file",
            "dcat:byteSize",
            text().into(),
            "!dcat:byteSize \"other\"",
            "",
        ),
        (
            "#file",
            "dct:format",
            iri("https://data.gov.tw/dataset/1").into(),
            "!dct:format https://data.gov.tw/dataset/1",
            "",
        ),
    ] {
        let found = both(&with(part, predicate, object));
        for (found, expected) in found.iter().zip([european, national]) {
            let is_told = expected.is_empty() || found.iter().any(|told| told == expected);
            assert!(is_told, "{predicate}: {expected} is not in {found:?}");
            let is_all = !expected.is_empty() || found.is_empty();
            assert!(is_all, "{predicate}: {found:?}");
        }
    }
}

#[test]
fn every_message_is_in_chinese_and_in_english() {
    let mut count = 0;
    for shapes in SHAPES.map(triples) {
        let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for triple in &shapes {
            let of = languages.entry(triple.subject.to_string());
            if let (Term::Literal(message), true) =
                (&triple.object, triple.predicate == terms::sh::MESSAGE)
            {
                of.or_default()
                    .push(message.language().unwrap_or_default().to_owned());
            }
        }
        for triple in shapes
            .iter()
            .filter(|triple| triple.predicate == terms::sh::PATH)
        {
            let name = triple.subject.to_string();
            let mut spoken = languages.remove(&name).unwrap_or_default();
            spoken.sort();
            let is_nested = name.starts_with("_:");
            assert!(
                spoken == ["en", "zh-hant"] || is_nested && spoken.is_empty(),
                "{name}: {spoken:?}"
            );
            count += usize::from(!is_nested);
        }
    }
    assert!(count > 100, "{count}");
}
