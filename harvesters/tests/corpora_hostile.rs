//! Every kind of connector, opened in each way that its recorded cases show, over all documents that were made to break
//! readers, if they are at hand (`../shared/corpora/hostile` beside the workspace), as the answer to its first question and
//! to those that follow.
//!
//! `cargo test -p harvestd-harvesters --test corpora_hostile -- --nocapture` prints what became of them.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../tests/fuzz/reading.rs"]
mod reading;

use harvestd_harvesters::KINDS;
use reading::{Said, opened, read};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Of one document, by one kind, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(20);
const RESIDENT_KB_MAX: u64 = 300_000;
/// What became of a document, in a word or two.
fn outcome(said: &Said) -> String {
    match &said.failed {
        Some(error) => error.kind.to_string(),
        None if said.refused > 0 => "read, records refused".to_owned(),
        None if said.records.is_empty() => "read, nothing in it".to_owned(),
        None if said.proofs > 0 => "read whole".to_owned(),
        None => "read".to_owned(),
    }
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, all),
            false => all.push(path),
        }
    }
}

#[test]
fn every_kind_ends_over_every_hostile_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/hostile");
    if !root.is_dir() {
        return println!("SKIPPED: {} not present", root.display());
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/connectors");
    let mut all = Vec::new();
    files(&root, &mut all);
    all.sort();
    assert!(all.len() > 400, "only {} documents", all.len());
    let ways = KINDS.iter().flat_map(|kind| {
        let opened = opened(kind, &cases).into_iter();
        opened.map(|harvester| (kind.name, harvester))
    });
    for (kind, harvester) in ways {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        let mut longest = (Duration::ZERO, String::new());
        for path in &all {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let document = fs::read(path).unwrap();
            let media_type = match path.extension().and_then(|e| e.to_str()) {
                Some("json") => Some("application/json"),
                Some("xml" | "xsd" | "rdf") => Some("application/rdf+xml"),
                Some("ttl") => Some("text/turtle"),
                Some("trig") => Some("application/trig"),
                Some("nq") => Some("application/n-quads"),
                Some("nt") => Some("application/n-triples"),
                Some("jsonld") => Some("application/ld+json"),
                _ => None,
            };
            let began = Instant::now();
            let said = read(&*harvester, media_type, &document, usize::MAX);
            let took = began.elapsed();
            assert!(took < PATIENCE, "{kind}: {name} took {took:?}");
            *outcomes.entry(outcome(&said)).or_default() += 1;
            longest = longest.max((took, name));
        }
        println!(
            "{kind}: {} documents: {outcomes:?}, longest {:?} ({})",
            all.len(),
            longest.0,
            longest.1
        );
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        println!("peak memory {kilobytes} kB");
        assert!(kilobytes < RESIDENT_KB_MAX, "{kilobytes} kB");
    }
}
