//! Shapes and what becomes of them, as a curator reads them: each file of `tests/shacl` has data, shapes, and at its end the
//! results, one a line after `#> `, as they are told.
//!
//! `HARVESTD_BLESS=1` rewrites what is expected; the difference is for a person to read. Whatever is said of classes is in the
//! file (the graph is closed).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use harvestd_vocab::shacl::{Facts, Shapes, ShapesError};
use oxrdf::Triple;
use oxrdfio::{RdfFormat, RdfParser};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn triples(turtle: &str) -> Vec<Triple> {
    let quads = RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle);
    quads
        .map(|quad| Triple::from(quad.expect("the test's Turtle parses")))
        .collect()
}

/// The results of a file's shapes over its own data, told one a line.
fn results(turtle: &str) -> Vec<String> {
    let triples = triples(turtle);
    let facts = Facts::of_triples(&triples).closed();
    let shapes = Shapes::of(&facts).unwrap();
    let results = shapes.validate(&facts);
    let mut lines: Vec<String> = results
        .iter()
        .map(|result| {
            // Blank nodes have names by chance.
            let shape = result.source_shape().iri().unwrap_or("a blank shape");
            let messages = result.messages().iter().map(|m| format!(" [{}]", m.value));
            let told = format!("{result:?} of {shape}{}", messages.collect::<String>());
            without_labels(&told)
        })
        .collect();
    lines.sort();
    lines
}

fn without_labels(told: &str) -> String {
    let mut pieces = told.split("_:");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        out = format!("{out}_:blank{rest}");
    }
    out
}

fn check(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let (turtle, expected) = text.split_once("\n#> ").unwrap_or((text.trim_end(), ""));
    let expected: Vec<&str> = expected.trim_end().split("\n#> ").collect();
    let found = results(turtle);
    if std::env::var_os("HARVESTD_BLESS").is_some() {
        let lines = found
            .iter()
            .fold(String::new(), |all, line| all + "#> " + line + "\n");
        fs::write(path, format!("{turtle}\n{lines}")).unwrap();
        return found;
    }
    assert_eq!(
        found,
        expected,
        "{}: HARVESTD_BLESS=1 rewrites it",
        path.display()
    );
    found
}

#[test]
fn every_case_gives_the_results_in_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shacl");
    let mut told = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        told += &check(&entry.unwrap().path()).join("\n");
    }
    let components = [
        "Class",
        "Datatype",
        "NodeKind",
        "MinCount",
        "MaxCount",
        "MinExclusive",
        "MinInclusive",
        "MaxExclusive",
        "MaxInclusive",
        "MinLength",
        "MaxLength",
        "Pattern",
        "LanguageIn",
        "UniqueLang",
        "Equals",
        "Disjoint",
        "LessThan",
        "LessThanOrEquals",
        "Not",
        "And",
        "Or",
        "Xone",
        "Node",
        "QualifiedMinCount",
        "QualifiedMaxCount",
        "Closed",
        "HasValue",
        "In",
    ];
    let untold: BTreeSet<&str> = components
        .into_iter()
        .filter(|name| !told.contains(&format!("({name}ConstraintComponent)")))
        .collect();
    assert!(untold.is_empty(), "no case has results of {untold:?}");
}

const PREFIXES: &str = "@prefix : <urn:> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n";

fn refusal(shapes: &str) -> ShapesError {
    Shapes::parse(&format!("{PREFIXES}{shapes}")).unwrap_err()
}

#[test]
fn shapes_that_say_nothing_sensible_are_refused() {
    assert!(matches!(refusal(":s sh:path"), ShapesError::Syntax(_)));
    for (shapes, named) in [
        (":s sh:targetNode :a ; sh:minCount 1 .", "sh:path"),
        (":s sh:targetNode :a ; sh:property :p .", "sh:path"),
        (":s sh:targetNode :a ; sh:path [ :unknown :p ] .", "sh:path"),
        (
            ":s sh:targetNode :a ; sh:path :p ; sh:minCount \"x\" .",
            "sh:minCount",
        ),
        (
            ":s sh:targetNode :a ; sh:path :p ; sh:minCount -1 .",
            "sh:minCount",
        ),
        (":s sh:targetNode :a ; sh:pattern \"(\" .", "sh:pattern"),
        (":s sh:targetNode :a ; sh:class \"C\" .", "sh:class"),
        (":s sh:targetNode :a ; sh:nodeKind :Odd .", "sh:nodeKind"),
        (":s sh:targetNode :a ; sh:in :noList .", "sh:in"),
        (
            ":s sh:targetNode :a ; sh:in _:l . _:l rdf:first 1 ; rdf:rest _:l .",
            "sh:in",
        ),
        (
            ":s sh:targetNode :a ; sh:minInclusive :iri .",
            "sh:minInclusive",
        ),
    ] {
        let told = refusal(shapes).to_string();
        assert!(
            told.contains(&format!("{named}: expected")),
            "{shapes}: {told}"
        );
    }
}

#[test]
fn what_nests_without_end_is_refused() {
    let nesting = |shapes: &str| matches!(refusal(shapes), ShapesError::Nesting { .. });
    assert!(nesting(":s sh:targetNode :a ; sh:node :s ."));
    assert!(nesting(
        ":s sh:targetNode :a ; sh:not :t . :t sh:or ( :u ) . :u sh:property [ sh:path :p ; sh:node :s ] ."
    ));
    assert!(nesting(
        ":s sh:targetNode :a ; sh:path _:p . _:p sh:inversePath _:p ."
    ));
    let deep: String = (0..40)
        .map(|n| format!(":s{n} sh:node :s{} .\n", n + 1))
        .collect();
    assert!(nesting(&format!(":s0 sh:targetNode :a .\n{deep}")));
    let shallow: String = (0..30)
        .map(|n| format!(":s{n} sh:node :s{} .\n", n + 1))
        .collect();
    let shallow = format!("{PREFIXES}:s0 sh:targetNode :a .\n{shallow}:s30 sh:class :C .");
    assert!(Shapes::parse(&shallow).is_ok());
}

#[test]
fn of_what_is_elsewhere_only_what_is_known_can_be_wrong() {
    let shapes = format!(
        "{PREFIXES}:s sh:targetNode :a ; sh:path :p ; sh:class :C . :B <http://www.w3.org/2000/01/rdf-schema#subClassOf> :C ."
    );
    let shapes = Shapes::parse(&shapes).unwrap();
    let body = "<urn:a> <urn:p> \"text\" .\n<urn:a> <urn:p> <urn:here> .\n<urn:a> <urn:p> <urn:there> .\n\
                <urn:a> <urn:p> <urn:right> .\n<urn:a> <urn:p> <urn:wrong> .\n<urn:a> <urn:p> <urn:below> .\n\
                <urn:here> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:D> .\n\
                <urn:below> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:B> .\n";
    let found = |facts: &Facts<'_>| -> Vec<String> {
        let results = shapes.validate(facts);
        results.iter().map(|result| result.found()).collect()
    };
    assert_eq!(found(&Facts::of_body(body)), ["urn:here", "\"text\""]);
    let known = |iri: &str, class: &str| {
        assert_eq!(class, "urn:C");
        match iri {
            "urn:right" => Some(true),
            "urn:wrong" => Some(false),
            _ => None,
        }
    };
    let knowing = Facts::of_body(body).knowing(&known);
    assert_eq!(found(&knowing), ["urn:here", "urn:wrong", "\"text\""]);
    let closed = Facts::of_body(body).closed();
    assert_eq!(
        found(&closed),
        [
            "urn:here",
            "urn:right",
            "urn:there",
            "urn:wrong",
            "\"text\""
        ]
    );
}

/// Within a shape that must not be met, what is unknown is no fault either.
#[test]
fn what_is_in_doubt_is_a_fault_nowhere() {
    let body = "<urn:a> <urn:p> <urn:there> .\n";
    let count = |constraint: &str, facts: &Facts<'_>| {
        let shapes = format!("{PREFIXES}:s sh:targetNode :a ; sh:path :p ; {constraint} .");
        Shapes::parse(&shapes).unwrap().validate(facts).len()
    };
    for (constraint, closed) in [
        ("sh:class :C", 1),
        ("sh:not [ sh:class :C ]", 0),
        ("sh:not [ sh:not [ sh:class :C ] ]", 1),
        ("sh:xone ( [ sh:class :C ] [ sh:class :D ] )", 1),
        (
            "sh:not [ sh:xone ( [ sh:class :C ] [ sh:nodeKind sh:IRI ] ) ]",
            1,
        ),
        (
            "sh:qualifiedValueShape [ sh:class :C ] ; sh:qualifiedMinCount 1",
            1,
        ),
        (
            "sh:qualifiedValueShape [ sh:class :C ] ; sh:qualifiedMaxCount 0",
            0,
        ),
    ] {
        assert_eq!(count(constraint, &Facts::of_body(body)), 0, "{constraint}");
        assert_eq!(
            count(constraint, &Facts::of_body(body).closed()),
            closed,
            "{constraint}"
        );
    }
}
