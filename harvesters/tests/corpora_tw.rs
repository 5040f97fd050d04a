//! The national export itself, in both its forms, through `read` and `describe`. Skipped where the material is absent.
//!
//! It prints what the export holds, so that a change of the connector shows in the figures.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, Record, RecordId, Request,
    Settings, Stop,
};
use harvestd_vocab::{Class, Context, Description, Normal, Refusal, normalise};
use oxrdf::{Term, Triple};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufReader,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[test]
fn both_forms_of_the_sample_say_the_same() {
    let Some(folder) = material() else { return };
    let harvester = open();
    let json = read_file(
        &*harvester,
        &folder.join("datagovtw_export_2026-07_rows27.json"),
    );
    let csv = read_file(
        &*harvester,
        &folder.join("datagovtw_export_2026-07_rows27.csv"),
    );
    for (found, proof) in [
        (&json, Completeness::ClosedDocument),
        (&csv, Completeness::EndOfBody),
    ] {
        assert_eq!(found.records.len(), 27);
        assert_eq!(found.refused, []);
        assert_eq!(found.complete, [proof]);
        let codes: BTreeSet<_> = found.noticed.iter().map(|(code, _)| *code).collect();
        assert_eq!(
            codes,
            BTreeSet::from(["sniffed-format"]),
            "{:?}",
            found.noticed
        );
    }
    for (a, b) in json.records.iter().zip(&csv.records) {
        assert_eq!(a.id, b.id);
        let (a, b) = (normal(&*harvester, a), normal(&*harvester, b));
        assert_eq!((a.class, a.entity, a.record), (b.class, b.entity, b.record));
        assert_eq!(a.body, b.body);
        assert_eq!(a.findings, b.findings);
    }
}

#[test]
fn the_full_export_is_read_whole() {
    let Some(folder) = material() else { return };
    let harvester = open();
    let (json_file, csv_file) = (
        folder.join("datagovtw_export_full.json.gz"),
        folder.join("datagovtw_export_full.csv.gz"),
    );
    if Command::new("gzip")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("SKIPPED: no gzip");
        return;
    }
    let json = read_file(&*harvester, &json_file);
    let csv = read_file(&*harvester, &csv_file);
    for (found, proof) in [
        (&json, Completeness::ClosedDocument),
        (&csv, Completeness::EndOfBody),
    ] {
        assert_eq!(found.refused, []);
        assert_eq!(found.keys(Class::Dataset).len(), 52_547);
        assert_eq!(found.complete, [proof]);
        let megabytes = found.bytes as f64 / 1e6;
        println!(
            "{megabytes:.1} MB read in {:?}: {:.0} MB/s",
            found.reading,
            megabytes / found.reading.as_secs_f64()
        );
    }
    for class in [Class::Dataset, Class::DataService] {
        assert_eq!(json.keys(class), csv.keys(class));
    }
    let mut shares = Shares::default();
    for (a, b) in json.records.iter().zip(&csv.records) {
        let begun = Instant::now();
        let description = harvester.describe(a).unwrap();
        shares.describing += begun.elapsed();
        assert_eq!(
            description.triples,
            harvester.describe(b).unwrap().triples,
            "{}",
            a.id
        );
        shares.count(&description);
    }
    println!("{shares}");
    assert_eq!(shares.of_class["dataset"], 52_547);
    assert_eq!(shares.of_class["service"], 1_934);
    assert_eq!(shares.objects["distribution"], 230_070);
}

fn normal(harvester: &dyn Harvester, record: &Record) -> Normal {
    let cx = Context {
        base: "https://harvestd.example/".to_owned(),
        source: "national".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: false,
    };
    normalise(harvester.describe(record).unwrap(), &record.id.key, &cx).unwrap()
}

/// The folder of the export, where there is one.
fn material() -> Option<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/taiwan/datagovtw");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: ../shared not present");
    None
}

fn open() -> Box<dyn Harvester> {
    let settings = Settings {
        source: "national".to_owned(),
        url: "https://data.gov.tw/api/front/dataset/export?format=json"
            .parse()
            .unwrap(),
        options: serde_json::json!({}),
        record_bytes_max: 1 << 20,
        document: Default::default(),
    };
    (harvestd_harvesters::kind("data_gov_tw").unwrap().open)(settings).unwrap()
}

fn read_file(harvester: &dyn Harvester, path: &Path) -> Found {
    if path.extension().is_none_or(|e| e != "gz") {
        return read(harvester, &std::fs::read(path).unwrap());
    }
    let unpacked = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(unpacked.status.success());
    read(harvester, &unpacked.stdout)
}

/// What the export holds, and how long reading takes where nothing is kept.
fn read(harvester: &dyn Harvester, body: &[u8]) -> Found {
    let mut found = Found::default();
    read_into(harvester, body, &mut found);
    let mut nothing = Found {
        only_count: true,
        ..Found::default()
    };
    let begun = Instant::now();
    read_into(harvester, body, &mut nothing);
    found.reading = begun.elapsed();
    assert_eq!(nothing.bytes, found.bytes);
    found
}

fn read_into(harvester: &dyn Harvester, body: &[u8], page: &mut Found) {
    let request = harvester.begin(None, 0).remove(0);
    let answer = Answer {
        request: &request,
        status: 200,
        url: request.url.clone(),
        media_type: Some("text/html".to_owned()),
        link_next: None,
        body: &mut BufReader::with_capacity(1 << 16, body),
    };
    harvester.read(answer, page).unwrap();
}

#[derive(Default)]
struct Found {
    only_count: bool,
    records: Vec<Record>,
    bytes: usize,
    refused: Vec<(Location, Refusal)>,
    noticed: Vec<(&'static str, String)>,
    complete: Vec<Completeness>,
    reading: Duration,
}

impl Found {
    fn keys(&self, class: Class) -> BTreeSet<&str> {
        self.records
            .iter()
            .filter(|r| r.id.class == class)
            .map(|r| r.id.key.as_str())
            .collect()
    }
}

impl Page for Found {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.class == Class::Dataset {
            self.bytes += raw.len();
        }
        if !self.only_count {
            let parts = vec![(part, raw.to_owned())];
            self.records.push(Record { id, parts });
        }
        Continue(())
    }
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        self.refused.push((at, why));
        Continue(())
    }
    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.noticed.push((code, text));
        Continue(())
    }
    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.complete.push(proof);
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

/// What the descriptions hold.
#[derive(Default)]
struct Shares {
    describing: Duration,
    of_class: BTreeMap<&'static str, usize>,
    /// Triples by the last word of their predicate.
    objects: BTreeMap<String, usize>,
    triples: usize,
    addresses_with_comma: usize,
    addresses_no_iri: usize,
    lists_of_datasets: usize,
}

impl Shares {
    fn count(&mut self, description: &Description) {
        *self
            .of_class
            .entry(description.class.segment())
            .or_default() += 1;
        self.triples += description.triples.len();
        for Triple {
            subject,
            predicate,
            object,
        } in &description.triples
        {
            let word = predicate.as_str().rsplit(['/', '#']).next().unwrap();
            *self.objects.entry(word.to_owned()).or_default() += 1;
            if word == "accessURL" {
                self.addresses_no_iri += usize::from(matches!(object, Term::Literal(_)));
                self.addresses_with_comma += usize::from(object.to_string().contains(','));
            }
            let of_dataset = *subject == description.node;
            self.lists_of_datasets += usize::from(
                of_dataset && matches!(word, "format" | "characterEncoding" | "extent"),
            );
        }
    }
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records: usize = self.of_class.values().sum();
        let each = self.describing / u32::try_from(records).unwrap();
        writeln!(
            f,
            "{records} records {:?} described in {:?}: {each:?} each",
            self.of_class, self.describing
        )?;
        writeln!(f, "{} triples: {:?}", self.triples, self.objects)?;
        writeln!(
            f,
            "addresses joined with commas: {}",
            self.addresses_with_comma
        )?;
        writeln!(
            f,
            "addresses that are no IRI as written: {}",
            self.addresses_no_iri
        )?;
        write!(f, "lists that fit no address: {}", self.lists_of_datasets)
    }
}
