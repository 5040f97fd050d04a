//! Our shapes of DCAT-AP beside those that the specification's editors publish, over real descriptions and over the editors'
//! own examples: what the one calls a violation the other does. Skipped where the material (`../shared`) is absent.
//!
//! Both run in our validator. Differences that are wanted are in [`is_wanted`].

#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Location, Page, PartName, Record, RecordId, Request, Settings,
    Stop,
};
use harvestd_vocab::shacl::{Facts, Severity, Shapes, dcat_ap, taiwan};
use harvestd_vocab::{Class, Context, Description, Refusal, normalise};
use oxrdf::vocab::{rdf, rdfs};
use oxrdf::{NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow::{self, Continue};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SH: &str = "http://www.w3.org/ns/shacl#";
const TRIPLES_A_FILE_MAX: usize = 30_000;
const DATASETS_A_FILE_MAX: usize = 40;

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(folder);
    if !path.exists() {
        println!("SKIPPED: ../shared/{folder} not present");
        return None;
    }
    Some(path)
}

fn triples(text: &[u8], format: RdfFormat) -> Option<Vec<Triple>> {
    let parser = RdfParser::from_format(format);
    let parser = parser
        .with_base_iri("http://base.example/")
        .unwrap()
        .lenient();
    let quads: Result<Vec<_>, _> = parser.for_slice(text).collect();
    Some(quads.ok()?.into_iter().map(Triple::from).collect())
}

/// The editors' shapes, with what our file says of classes.
fn editors() -> Option<Shapes> {
    let path = shared("standards/dcat-ap/3.0.1/shacl/dcat-ap-SHACL.ttl")?;
    let mut all = triples(&fs::read(path).unwrap(), RdfFormat::Turtle).unwrap();
    let with_path: BTreeSet<String> = all
        .iter()
        .filter(|t| t.predicate.as_str() == format!("{SH}path"))
        .map(|t| t.subject.to_string())
        .collect();
    let before = all.len();
    // The published file names a property of services without saying which: no shape at all.
    all.retain(|t| {
        t.predicate.as_str() != format!("{SH}property") || with_path.contains(&t.object.to_string())
    });
    println!(
        "{} property shapes without a path are left out",
        before - all.len()
    );
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vocab/shapes/dcat-ap-3.ttl");
    let ours = triples(&fs::read(ours).unwrap(), RdfFormat::Turtle).unwrap();
    all.extend(
        ours.into_iter()
            .filter(|t| t.predicate == rdfs::SUB_CLASS_OF),
    );
    Some(Shapes::of(&Facts::of_triples(&all)).unwrap())
}

/// Focus node, path, component, and the value.
type Violation = (String, String, String, Option<String>);

fn violations(shapes: &Shapes, facts: &Facts<'_>) -> BTreeSet<Violation> {
    let results = shapes.validate(facts).into_iter();
    let violations = results.filter(|result| *result.severity() == Severity::Violation);
    violations
        .map(|result| {
            (
                result.focus.to_string(),
                result.path().unwrap_or_default(),
                result.component(),
                result.value.map(ToString::to_string),
            )
        })
        .collect()
}

/// A size in bytes may be any whole number from 0 on with us, with them an `xsd:nonNegativeInteger`, which a store that keeps
/// numbers by value does not give back.
fn is_wanted((_, path, ..): &Violation) -> bool {
    path == "dcat:byteSize"
}

/// What was compared: graphs, violations, and what differs.
#[derive(Default)]
struct Comparison {
    graphs: usize,
    conform: usize,
    violations: BTreeMap<(String, String), usize>,
    wanted: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn compare(&mut self, what: &str, theirs: &Shapes, facts: &Facts<'_>) {
        let (theirs, ours) = (violations(theirs, facts), violations(dcat_ap(), facts));
        for different in theirs.symmetric_difference(&ours) {
            let whose = if ours.contains(different) {
                "ours"
            } else {
                "theirs"
            };
            match is_wanted(different) {
                true => self.wanted += 1,
                false => self
                    .differences
                    .push(format!("{what}: only {whose}: {different:?}")),
            }
        }
        self.graphs += 1;
        self.conform += usize::from(ours.is_empty());
        for (_, path, component, _) in ours {
            *self.violations.entry((path, component)).or_default() += 1;
        }
    }

    fn tell(&self, of: &str) {
        println!(
            "{of}: {} graphs, {} conform, {} wanted differences, violations {:#?}",
            self.graphs, self.conform, self.wanted, self.violations
        );
        let first: Vec<_> = self.differences.iter().take(20).collect();
        assert!(
            first.is_empty(),
            "{} differences: {first:#?}",
            self.differences.len()
        );
    }
}

#[test]
fn the_editors_own_examples_are_judged_alike() {
    let Some(theirs) = editors() else { return };
    let mut comparison = Comparison::default();
    for folder in [
        "dcat-ap/3.0.1/html/examples",
        "dcat-ap/3.0.0-hvd/html/examples",
    ] {
        let Some(folder) = shared(&format!("standards/{folder}")) else {
            return;
        };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "ttl") {
                continue;
            }
            let name = path.display().to_string();
            let Some(triples) = triples(&fs::read(&path).unwrap(), RdfFormat::Turtle) else {
                println!("left out, no Turtle: {name}");
                continue;
            };
            comparison.compare(&name, &theirs, &Facts::of_triples(&triples));
            comparison.compare(&name, &theirs, &Facts::of_triples(&triples).closed());
        }
    }
    comparison.tell("the editors' examples, open and closed");
    assert!(comparison.graphs > 20);
}

#[test]
fn datasets_of_real_catalogues_are_judged_alike() {
    let Some(theirs) = editors() else { return };
    let Some(folder) = shared("corpora/dcat-rdf") else {
        return;
    };
    let (mut comparison, mut paths) = (Comparison::default(), Vec::new());
    files(&folder, &mut paths);
    paths.sort();
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let Some(format) = extension.and_then(RdfFormat::from_extension) else {
            continue;
        };
        let Some(triples) = triples(&fs::read(&path).unwrap(), format) else {
            continue;
        };
        if triples.len() > TRIPLES_A_FILE_MAX {
            continue;
        }
        for (n, node) in datasets(&triples).into_iter().enumerate() {
            let description = Description {
                class: Class::Dataset,
                node,
                triples: triples.clone(),
            };
            let body = normalise(description, &n.to_string(), &context("en"))
                .unwrap()
                .body;
            let what = format!("{} {n}", path.display());
            comparison.compare(&what, &theirs, &Facts::of_body(&body));
        }
    }
    comparison.tell("datasets of real catalogues");
    assert!(comparison.graphs > 100);
}

#[test]
fn rows_of_the_national_export_are_judged_alike() {
    const EVERY: usize = 25;
    let Some(theirs) = editors() else { return };
    let Some(bodies) = national(EVERY) else {
        return;
    };
    let mut comparison = Comparison::default();
    let mut told: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    for body in &bodies {
        let facts = Facts::of_body(body);
        comparison.compare("a row", &theirs, &facts);
        for (of, shapes) in [("DCAT-AP", dcat_ap()), ("Taiwan", taiwan())] {
            for result in shapes.validate(&facts) {
                let weight = result.severity().word().to_owned();
                let message = result.message("en").unwrap_or_default().to_owned();
                assert!(
                    result
                        .message("zh-hant")
                        .is_some_and(|text| text != message)
                );
                *told.entry((of, weight, message)).or_default() += 1;
            }
        }
    }
    println!("{told:#?}");
    comparison.tell("rows of the national export");
    assert!(comparison.graphs > 2_000);
}

/// `cargo test -p harvestd-harvesters --test shapes -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn datasets_validated_per_second() {
    const ROUNDS: u32 = 10;
    let Some(bodies) = national(25) else { return };
    let mut took = [Duration::ZERO; 3];
    let mut results = [0_usize; 3];
    for _ in 0..ROUNDS {
        for body in &bodies {
            let mut begun = Instant::now();
            let mut lap = |n: usize, found: usize| {
                took[n] += begun.elapsed();
                results[n] += found;
                begun = Instant::now();
            };
            let facts = Facts::of_body(std::hint::black_box(body));
            lap(0, facts.all().len());
            lap(1, dcat_ap().validate(&facts).len());
            lap(2, taiwan().validate(&facts).len());
        }
    }
    let many = f64::from(ROUNDS) * bodies.len() as f64;
    for (n, what) in [
        "statements read",
        "results of DCAT-AP",
        "results of Taiwan's profile",
    ]
    .into_iter()
    .enumerate()
    {
        let each = took[n].as_secs_f64() / many;
        let found = results[n] as f64 / many;
        println!(
            "{what}: {found:.1} a dataset, {:.1} µs, {:.0} datasets/s",
            each * 1e6,
            1.0 / each
        );
    }
    let both: Duration = took.into_iter().sum();
    println!(
        "all of it: {:.0} datasets/s on one core",
        many / both.as_secs_f64()
    );
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, into),
            false => into.push(path),
        }
    }
}

fn datasets(triples: &[Triple]) -> Vec<NamedOrBlankNode> {
    let is_dataset = |t: &&Triple| {
        let class = "http://www.w3.org/ns/dcat#Dataset";
        t.predicate == rdf::TYPE && matches!(&t.object, Term::NamedNode(c) if c.as_str() == class)
    };
    let nodes = triples.iter().filter(is_dataset).map(|t| t.subject.clone());
    nodes.take(DATASETS_A_FILE_MAX).collect()
}

fn context(language: &str) -> Context {
    Context {
        base: "https://harvestd.example/".to_owned(),
        source: "national".to_owned(),
        language: Some(language.to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    }
}

/// The bodies of every so many datasets of the national export.
fn national(every: usize) -> Option<Vec<String>> {
    let path = shared("corpora/taiwan/datagovtw/datagovtw_export_full.json.gz")?;
    let Ok(unpacked) = Command::new("gzip").arg("-dc").arg(path).output() else {
        println!("SKIPPED: no gzip");
        return None;
    };
    assert!(unpacked.status.success());
    let settings = Settings {
        source: "national".to_owned(),
        url: "https://data.gov.tw/api/front/dataset/export?format=json"
            .parse()
            .unwrap(),
        options: serde_json::json!({}),
        record_bytes_max: 1 << 20,
        document: Default::default(),
    };
    let harvester = (harvestd_harvesters::kind("data_gov_tw").unwrap().open)(settings).unwrap();
    let request = harvester.begin(None, 0).remove(0);
    let mut rows = Rows {
        every,
        seen: 0,
        records: Vec::new(),
    };
    let answer = Answer {
        request: &request,
        status: 200,
        url: request.url.clone(),
        media_type: Some("application/json".to_owned()),
        link_next: None,
        body: &mut unpacked.stdout.as_slice(),
    };
    harvester.read(answer, &mut rows).unwrap();
    let bodies = rows.records.iter().map(|record| {
        let description = harvester.describe(record).unwrap();
        normalise(description, &record.id.key, &context("zh-Hant"))
            .unwrap()
            .body
    });
    Some(bodies.collect())
}

/// Keeps one dataset of so many.
struct Rows {
    every: usize,
    seen: usize,
    records: Vec<Record>,
}

impl Page for Rows {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.class == Class::Dataset {
            if self.seen.is_multiple_of(self.every) {
                let parts = vec![(part, raw.to_owned())];
                self.records.push(Record { id, parts });
            }
            self.seen += 1;
        }
        Continue(())
    }
    fn refused(&mut self, _: Location, why: Refusal) -> ControlFlow<Stop> {
        panic!("{why}")
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        unreachable!()
    }
}
