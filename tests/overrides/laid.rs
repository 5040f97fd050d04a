//! Corrections laid over a description: `laid/{case}/` holds what was harvested (Turtle), the corrections (TOML), and what
//! comes of both: how each correction stands, and which lines go and come.
//!
//! HARVESTD_BLESS=1 writes the expected files anew.

use harvestd::config::{Config, Outside, Variables};
use harvestd::overrides::{Override, apply};
use harvestd_vocab::{Class, Context, Description, Normal, body, normalise};
use oxrdf::NamedNode;
use oxrdfio::{RdfFormat, RdfParser};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const DATASET: &str = "https://city.example/dataset/1";

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/overrides/laid");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 8, "{cases:?}");
    cases
}

/// The description as a source would have it kept.
fn harvested(turtle: &str) -> Normal {
    let parser = RdfParser::from_format(RdfFormat::Turtle);
    let triples = parser.for_slice(turtle).map(|quad| quad.unwrap().into());
    let description = Description {
        class: Class::Dataset,
        node: NamedNode::new_unchecked(DATASET).into(),
        triples: triples.collect(),
    };
    let cx = Context {
        base: "https://hub.example/".to_owned(),
        source: "city".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: None,
        shared_agencies: false,
    };
    normalise(description, "1", &cx).unwrap()
}

fn corrections(toml: &str) -> Config {
    let outside = Outside {
        variables: Variables::none(),
        ..Outside::default()
    };
    let text = format!("public_url = \"https://hub.example/\"\n{toml}");
    Config::parse("c.toml", &text, &outside)
        .map_err(|e| e.to_string())
        .unwrap()
}

fn told(normal: &Normal, overrides: &[&Override]) -> String {
    let corrected = apply(
        overrides,
        &normal.body,
        normal.entity.as_str(),
        normal.record.as_str(),
    );
    let mut told = String::new();
    for standing in &corrected.standings {
        let list = |values: &[String]| {
            if values.is_empty() {
                "nothing".to_owned()
            } else {
                values.join(", ")
            }
        };
        writeln!(
            told,
            "{}: expected {}, found {}, published {}{}",
            standing.state.word(),
            list(&standing.expected),
            list(&standing.found),
            list(&standing.published),
            standing
                .note
                .as_ref()
                .map_or(String::new(), |note| format!(" ({note})")),
        )
        .unwrap();
    }
    for line in body::removed(&normal.body, &corrected.body) {
        writeln!(told, "- {line}").unwrap();
    }
    for line in body::added(&normal.body, &corrected.body) {
        writeln!(told, "+ {line}").unwrap();
    }
    told
}

#[test]
fn corrections_are_laid_over_what_was_harvested() {
    let bless = std::env::var_os("HARVESTD_BLESS").is_some();
    for case in cases() {
        let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
        let normal = harvested(&read("harvested.ttl"));
        let config = corrections(&read("overrides.toml"));
        let overrides: Vec<&Override> = config.overrides.of(DATASET).iter().collect();
        assert!(!overrides.is_empty(), "{}", case.display());
        let found = told(&normal, &overrides);
        if bless {
            std::fs::write(case.join("expected.txt"), &found).unwrap();
        }
        assert_eq!(found, read("expected.txt"), "{}", case.display());

        let reversed: Vec<&Override> = overrides.iter().rev().copied().collect();
        let laid = |o: &[&Override]| apply(o, &normal.body, DATASET, normal.record.as_str()).body;
        if !found.contains("in another way") {
            assert_eq!(
                laid(&overrides),
                laid(&reversed),
                "the order counts for nothing"
            );
        }
        assert_eq!(
            laid(&[]),
            normal.body,
            "without corrections, the same bytes"
        );
        assert_fixed_point(&laid(&overrides));
    }
}

/// What the store gives back is what it was given: else a log replayed would differ from it.
fn assert_fixed_point(text: &str) {
    let store = oxigraph::store::Store::new().unwrap();
    let quads = RdfParser::from_format(RdfFormat::NTriples).for_slice(text);
    store.extend(quads.map(Result::unwrap)).unwrap();
    let mut lines: Vec<String> = store
        .iter()
        .map(|quad| format!("{} .\n", oxrdf::Triple::from(quad.unwrap())))
        .collect();
    lines.sort();
    assert_eq!(lines.concat(), text);
}
