//! Descriptions and what becomes of them, as a curator reads them: `tests/normalise/{case}.ttl` is what a connector
//! says, `{case}.nt` the body, `{case}.findings` the findings.
//!
//! `HARVESTD_BLESS=1` rewrites what is expected; the difference is for a person to read. In the Turtle, the node
//! `<entity>` resp. `_:entity` is the entity, and the comment in the first line gives class and key: `# dataset 1234`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use harvestd_vocab::{Class, Context, Description, Normal, normalise};
use oxrdf::{BlankNode, NamedNode, NamedOrBlankNode, Triple};
use oxrdfio::{RdfFormat, RdfParser};
use std::fs;
use std::path::Path;
use std::time::Instant;

const BASE: &str = "https://example.org/";

fn context() -> Context {
    Context {
        base: BASE.to_owned(),
        source: "demo".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    }
}

fn triples(turtle: &str) -> Vec<Triple> {
    RdfParser::from_format(RdfFormat::Turtle)
        .for_slice(turtle)
        .map(|quad| Triple::from(quad.expect("the test's Turtle parses")))
        .collect()
}

fn describe(turtle: &str) -> (Description, String) {
    let first = turtle.lines().next().unwrap().trim_start_matches("# ");
    let (class, key) = first
        .split_once(' ')
        .expect("`# class key` in the first line");
    let class = Class::ALL
        .into_iter()
        .find(|c| c.segment() == class)
        .expect("a class");
    let node = match turtle
        .lines()
        .nth(1)
        .and_then(|line| line.strip_prefix("# <"))
    {
        Some(iri) => NamedNode::new(iri.trim_end_matches('>')).unwrap().into(),
        None => NamedOrBlankNode::BlankNode(BlankNode::new("entity").unwrap()),
    };
    (
        Description {
            class,
            node,
            triples: triples(turtle),
        },
        key.to_owned(),
    )
}

fn findings(normal: &Normal) -> String {
    normal
        .findings
        .iter()
        .fold(String::new(), |all, finding| format!("{all}{finding}\n"))
}

fn check(case: &Path) {
    let (description, key) = describe(&fs::read_to_string(case).unwrap());
    let normal = normalise(description, &key, &context()).expect("the record is taken");
    assert!(
        !normal.body.contains("_:"),
        "{}: blank nodes\n{}",
        case.display(),
        normal.body
    );
    let parsed = RdfParser::from_format(RdfFormat::NTriples)
        .for_slice(&normal.body)
        .count();
    assert_eq!(
        parsed,
        normal.body.lines().count(),
        "{}: a line, a triple",
        case.display()
    );
    for (found, extension) in [(normal.body.clone(), "nt"), (findings(&normal), "findings")] {
        let path = case.with_extension(extension);
        if std::env::var_os("HARVESTD_BLESS").is_some() {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found,
            expected,
            "{}: HARVESTD_BLESS=1 rewrites it",
            path.display()
        );
    }
}

#[test]
fn every_case_is_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/normalise");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "ttl"));
    cases.sort();
    assert!(cases.len() >= 8, "cases are missing: {cases:?}");
    for case in cases {
        check(&case);
    }
}

#[test]
fn a_body_normalised_again_is_itself() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/normalise");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ttl") {
            continue;
        }
        let (description, key) = describe(&fs::read_to_string(&path).unwrap());
        let class = description.class;
        let once = normalise(description, &key, &context()).unwrap();
        let again = Description {
            class,
            node: once.entity.clone().into(),
            triples: triples(&once.body),
        };
        let twice = normalise(again, &key, &context()).unwrap();
        assert_eq!(once.body, twice.body, "{}", path.display());
    }
}

#[test]
fn only_a_record_without_an_identifier_is_refused() {
    let description = Description {
        class: Class::Dataset,
        node: BlankNode::new("entity").unwrap().into(),
        triples: Vec::new(),
    };
    let refusal = normalise(description.clone(), " ", &context()).unwrap_err();
    assert_eq!(refusal.code, "no-identifier");
    let normal = normalise(description, "k", &context()).unwrap();
    assert_eq!(normal.body.lines().count(), 6, "{}", normal.body);
}

/// `cargo test -p harvestd-vocab --test normalise -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn what_a_record_of_the_national_export_costs() {
    const ROUNDS: u32 = 20_000;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/normalise/export-four.ttl");
    let (description, key) = describe(&fs::read_to_string(path).unwrap());
    let (cx, mut bytes) = (context(), 0);
    let start = Instant::now();
    for _ in 0..ROUNDS {
        bytes += std::hint::black_box(description.clone()).triples.len();
    }
    let cloning = start.elapsed();
    let start = Instant::now();
    for _ in 0..ROUNDS {
        bytes += normalise(description.clone(), &key, &cx)
            .unwrap()
            .body
            .len();
    }
    let each = (start.elapsed() - cloning) / ROUNDS;
    println!(
        "{} triples: {each:?} a record ({bytes} bytes in all)",
        description.triples.len()
    );
}
