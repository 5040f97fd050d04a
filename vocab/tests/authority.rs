//! Every EU IRI in our tables exists in the authority tables, and media types are spelled as others spell them.
//!
//! The authority tables are read from `../shared/standards` where that is present.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use oxrdf::Term;
use oxrdfio::{RdfFormat, RdfParser};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

const AUTHORITY: &str = "http://publications.europa.eu/resource/authority/";

fn standards() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/standards");
    if found.is_dir() {
        return Some(found);
    }
    println!("SKIPPED: ../shared not present");
    None
}

fn cells() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    let mut cells = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            cells.push((name.clone(), line.split('\t').map(str::to_owned).collect()));
        }
    }
    cells
}

fn iris_of(folder: &Path, into: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            iris_of(&path, into);
            continue;
        }
        let Some(format) = path
            .extension()
            .and_then(|e| RdfFormat::from_extension(e.to_str()?))
        else {
            continue;
        };
        let bytes = fs::read(&path).unwrap();
        for quad in RdfParser::from_format(format)
            .lenient()
            .for_slice(&bytes)
            .flatten()
        {
            into.insert(quad.subject.to_string());
            if let Term::NamedNode(node) = quad.object {
                into.insert(node.to_string());
            }
        }
    }
}

/// What concepts are alike to, and does not exist: EU data themes and categories of high-value datasets.
fn missing_matches(known: &HashSet<String>) -> Vec<String> {
    let concepts = cells()
        .into_iter()
        .filter(|(table, _)| table == "concept.tsv");
    let matches = concepts.flat_map(|(_, row)| {
        let themes = row[6].split_whitespace();
        let themes = themes.map(|name| format!("<{AUTHORITY}data-theme/{name}>"));
        let high_value = row[7].split_whitespace();
        let high_value = high_value.map(|name| format!("<http://data.europa.eu/bna/{name}>"));
        themes.chain(high_value).collect::<Vec<_>>()
    });
    let matches: Vec<String> = matches.collect();
    assert!(matches.len() >= 27, "{matches:?}");
    matches
        .into_iter()
        .filter(|iri| !known.contains(iri))
        .collect()
}

#[test]
fn every_eu_iri_of_our_tables_exists() {
    let Some(standards) = standards() else { return };
    let mut known = HashSet::new();
    iris_of(&standards.join("eu-vocab"), &mut known);
    assert!(
        known.len() > 1000,
        "the authority tables were not read: {}",
        known.len()
    );
    let missing: BTreeSet<String> = cells()
        .into_iter()
        // What ends with a slash is a whole table of theirs.
        .filter(|(_, row)| row[1].starts_with(AUTHORITY) && !row[1].ends_with('/'))
        .filter(|(_, row)| !known.contains(&format!("<{}>", row[1])))
        .map(|(table, row)| format!("{table}: {} -> {}", row[0], row[1]))
        .chain(missing_matches(&known))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_media_type_of_our_tables_is_known_to_others() {
    let Some(standards) = standards() else { return };
    let known =
        fs::read_to_string(standards.join("media-types/mime-db-1.54.0.json")).expect("mime-db");
    let missing: BTreeSet<String> = cells()
        .into_iter()
        .filter(|(table, row)| {
            table == "format.tsv"
                && !row[2].is_empty()
                && !known.contains(&format!("\"{}\": {{", row[2]))
        })
        .map(|(_, row)| format!("{} -> {}", row[0], row[2]))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
