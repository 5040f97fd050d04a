//! Real catalogues through the normaliser: every dataset gives a body of valid N-Triples without blank nodes, that is
//! itself when normalised again.
//!
//! Read from `../shared/corpora` where that is present. What a connector cuts out of a catalogue is not known here:
//! each dataset is described by the triples of its whole file.

#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_vocab::{Class, Context, Description, normalise};
use oxrdf::{NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};
use std::fs;
use std::path::{Path, PathBuf};

const DATASETS_A_FILE_MAX: usize = 40;
const TRIPLES_A_FILE_MAX: usize = 30_000;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into)
        } else {
            into.push(path)
        }
    }
}

fn parse(path: &Path, text: &[u8], format: RdfFormat) -> Option<Vec<Triple>> {
    let base = "http://base.example/";
    let parser = RdfParser::from_format(format)
        .with_base_iri(base)
        .ok()?
        .lenient();
    let quads: Result<Vec<_>, _> = parser.for_slice(text).collect();
    match quads {
        Ok(quads) => Some(quads.into_iter().map(Triple::from).collect()),
        Err(error) => {
            println!("left out: {}: {error}", path.display());
            None
        }
    }
}

fn datasets(triples: &[Triple]) -> Vec<NamedOrBlankNode> {
    let is_dataset = |t: &&Triple| {
        t.predicate == oxrdf::vocab::rdf::TYPE
            && matches!(&t.object, Term::NamedNode(c) if c.as_str() == "http://www.w3.org/ns/dcat#Dataset")
    };
    let mut nodes: Vec<_> = triples
        .iter()
        .filter(is_dataset)
        .map(|t| t.subject.clone())
        .collect();
    nodes.dedup();
    nodes.truncate(DATASETS_A_FILE_MAX);
    nodes
}

#[test]
fn every_dataset_of_the_corpora_becomes_a_body() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/dcat-rdf");
    if !folder.is_dir() {
        println!("SKIPPED: ../shared not present");
        return;
    }
    let cx = Context {
        base: "https://example.org/".to_owned(),
        source: "corpora".to_owned(),
        language: Some("en".to_owned()),
        offset_minutes: Some(0),
        shared_agencies: false,
    };
    let (mut paths, mut taken) = (Vec::new(), 0);
    files(&folder, &mut paths);
    paths.sort();
    for path in paths {
        let Some(format) = path
            .extension()
            .and_then(|e| RdfFormat::from_extension(e.to_str()?))
        else {
            continue;
        };
        let Some(triples) = parse(&path, &fs::read(&path).unwrap(), format) else {
            continue;
        };
        if triples.len() > TRIPLES_A_FILE_MAX {
            continue;
        }
        for (n, node) in datasets(&triples).into_iter().enumerate() {
            let described = Description {
                class: Class::Dataset,
                node,
                triples: triples.clone(),
            };
            let once = normalise(described, &format!("{n}"), &cx).unwrap();
            let again = parse(&path, once.body.as_bytes(), RdfFormat::NTriples).unwrap();
            assert_eq!(again.len(), once.body.lines().count(), "{}", path.display());
            assert!(
                again
                    .iter()
                    .all(|t| matches!(t.subject, NamedOrBlankNode::NamedNode(_)))
            );
            assert!(!once.body.contains(" _:"), "{}", path.display());
            let described = Description {
                class: Class::Dataset,
                node: once.entity.clone().into(),
                triples: again,
            };
            let twice = normalise(described, &format!("{n}"), &cx).unwrap();
            assert_eq!(once.body, twice.body, "{}", path.display());
            taken += 1;
        }
    }
    println!("{taken} datasets");
    assert!(taken > 100, "{taken} datasets");
}
