//! The mappings that are shipped, and what was recorded of the Taiwanese interchange standard and of Taipei's own lists,
//! through `read` and `describe`. What needs the recorded material is skipped where it is absent.
//!
//! It prints what came, so that a change of a connector or of a mapping shows in the figures.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, Record, RecordId, Request,
    Settings, Stop,
};
use harvestd_vocab::{Class, Context, Refusal, normalise};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::BufReader,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    time::Instant,
};

/// The recorded cases show the mappings as they are shipped: only the page size differs.
#[test]
fn the_recorded_cases_use_the_shipped_mappings() {
    for (file, source, case) in [
        ("taipei.toml", "taipei", "data-taipei"),
        ("new-taipei.toml", "new-taipei", "new-taipei"),
        ("portal-lists.toml", "taipei-list-2018", "list-2018"),
        ("portal-lists.toml", "taipei-list-2015", "list-2015"),
    ] {
        let case = workspace().join(format!("tests/connectors/mapped/{case}/case.json"));
        let case: Value = serde_json::from_str(&fs::read_to_string(case).unwrap()).unwrap();
        let mut options = shipped(file, source).options;
        if let Some(limit) = options.pointer_mut("/paging/limit") {
            *limit = json!(2);
        }
        assert_eq!(case["options"], options, "{source}");
    }
}

#[test]
fn both_lists_of_taipei_become_datasets() {
    let Some(folder) = material("portal-lists") else {
        return;
    };
    for (source, file, rows) in [
        ("taipei-list-2018", "01_taipei.csv", LIST_2018),
        (
            "taipei-list-2015",
            "data_taipei_2015_big5_multiline.csv",
            LIST_2015,
        ),
    ] {
        let settings = shipped("portal-lists.toml", source);
        let harvester = (harvestd_harvesters::kind("mapped").unwrap().open)(settings).unwrap();
        let bytes = fs::read(folder.join(file)).unwrap();
        // The daemon's work: it transcodes before it reads.
        let (text, _, undecodable) = encoding_rs::BIG5.decode(&bytes);
        let begun = Instant::now();
        let found = ask(&*harvester, &[(200, text.as_bytes())]);
        let told = Told::of(&*harvester, &found, source);
        println!(
            "{file}: {} rows, {} accepted, {} refused, {} twice, undecodable bytes: {undecodable}, {:?}",
            found.records.len() + found.refused.len() + found.again,
            found.records.len(),
            found.refused.len(),
            found.again,
            begun.elapsed()
        );
        println!("{told}");
        for (code, text) in &found.noticed {
            println!("  noticed {code}: {text}");
        }
        for (at, why) in found.refused.iter().take(3) {
            println!("  refused {at}: {why}");
        }
        assert_eq!(
            (found.records.len(), found.refused.len(), found.again),
            rows
        );
        assert_eq!(found.complete, [Completeness::EndOfBody]);
    }
}

/// Accepted, refused, twice.
const LIST_2018: (usize, usize, usize) = (1127, 0, 0);
const LIST_2015: (usize, usize, usize) = (422, 0, 0);

#[test]
fn the_recorded_dataset_of_the_standard_is_described_whole() {
    let Some(folder) = material("interchange") else {
        return;
    };
    let harvester = interchange();
    let id = "A41000000G-000001";
    let list = json!({"success": true, "result": [id]}).to_string();
    let end = json!({"success": true, "result": []}).to_string();
    let dataset = fs::read(folder.join("rest_dataset_A41000000G-000001.json")).unwrap();
    let answers = [
        (200, list.as_bytes()),
        (200, end.as_bytes()),
        (200, &dataset),
    ];
    let found = ask(&*harvester, &answers);
    assert_eq!(found.refused, []);
    assert_eq!(found.complete, [Completeness::LastPage]);
    let told = Told::of(&*harvester, &found, "national");
    println!("{told}");
    let agent = "<http://oid-info.com/get/2.16.886.101.20003.20069>";
    for expected in [
        format!("<http://purl.org/dc/terms/publisher> {agent} ."),
        format!("{agent} <http://purl.org/dc/terms/identifier> \"A41000000G\" ."),
        format!("{agent} <http://xmlns.com/foaf/0.1/name> \"國家發展委員會\""),
        "<http://purl.org/dc/terms/license> <https://data.gov.tw/license> .".to_owned(),
        "authority/frequency/DAILY> .".to_owned(),
        "authority/data-theme/GOVE> .".to_owned(),
        "<http://schema.org/isAccessibleForFree> \"true\"".to_owned(),
        "<http://purl.org/dc/terms/extent> \"28000\" .".to_owned(),
        "<http://purl.org/dc/terms/modified> \"2016-06-25T09:28:53+08:00\"".to_owned(),
        "<http://www.w3.org/ns/dcat#startDate> \"2014-01-01T00:00:00+08:00\"".to_owned(),
    ] {
        assert!(
            told.bodies.contains(&expected),
            "{expected}\n{}",
            told.bodies
        );
    }
    assert_eq!(
        told.bodies
            .matches("<http://www.w3.org/ns/dcat#downloadURL>")
            .count(),
        3
    );
    // The readers' comments hold names of persons.
    assert!(!told.bodies.contains("admin"));
}

/// The identifiers that a platform really had: none is refused for its form, and each becomes one question.
#[test]
fn real_identifiers_are_all_asked_for() {
    let Some(folder) = material("interchange") else {
        return;
    };
    let text = fs::read_to_string(folder.join("rest_dataset_identifiers.txt")).unwrap();
    let ids: Vec<&str> = text.lines().collect();
    let different: BTreeSet<&str> = ids.iter().copied().collect();
    let list = json!({"success": true, "result": ids}).to_string();
    let end = json!({"success": true, "result": [ids.last()]}).to_string();
    let found = ask(
        &*interchange(),
        &[(200, list.as_bytes()), (200, end.as_bytes())],
    );
    println!(
        "{} identifiers, {} different, {} asked for",
        ids.len(),
        different.len(),
        found.asked_in_vain
    );
    assert_eq!(found.refused, []);
    assert_eq!(found.asked_in_vain, different.len());
    assert_eq!(found.declared, Some(different.len() as u64));
    assert_eq!(found.complete, [Completeness::LastPage]);
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn material(name: &str) -> Option<PathBuf> {
    let folder = workspace().join("../shared/corpora/taiwan").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: ../shared not present");
    None
}

/// A source's settings as the project ships them.
fn shipped(file: &str, id: &str) -> Settings {
    let text = fs::read_to_string(workspace().join("config/sources").join(file)).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let sources = serde_json::to_value(table).unwrap();
    let source = sources["source"]
        .as_array()
        .unwrap()
        .iter()
        .find(|source| source["id"] == id)
        .unwrap();
    Settings {
        document: Default::default(),
        source: id.to_owned(),
        url: source["url"].as_str().unwrap().parse().unwrap(),
        options: source["options"].clone(),
        record_bytes_max: 8 << 20,
    }
}

fn interchange() -> Box<dyn Harvester> {
    let settings = Settings {
        document: Default::default(),
        source: "national".to_owned(),
        url: "https://data.example.tw/api/v1/rest/dataset"
            .parse()
            .unwrap(),
        options: json!({}),
        record_bytes_max: 1 << 20,
    };
    (harvestd_harvesters::kind("tw_interchange").unwrap().open)(settings).unwrap()
}

/// Asks what the connector asks, in order, as long as there are answers.
fn ask(harvester: &dyn Harvester, answers: &[(u16, &[u8])]) -> Found {
    let mut found = Found::default();
    let mut questions = harvester.begin(None, 0);
    let mut asked = 0;
    while asked < questions.len() {
        let Some((status, body)) = answers.get(asked) else {
            break;
        };
        let request = &questions[asked];
        let answer = Answer {
            request,
            status: *status,
            url: request.url.clone(),
            media_type: None,
            link_next: None,
            body: &mut BufReader::new(*body),
        };
        harvester.read(answer, &mut found).unwrap();
        questions.append(&mut found.questions);
        asked += 1;
    }
    found.asked_in_vain = questions.len() - asked;
    found
}

#[derive(Default)]
struct Found {
    records: Vec<Record>,
    keys: BTreeSet<RecordId>,
    again: usize,
    refused: Vec<(Location, Refusal)>,
    noticed: Vec<(&'static str, String)>,
    complete: Vec<Completeness>,
    declared: Option<u64>,
    questions: Vec<Request>,
    asked_in_vain: usize,
}

impl Page for Found {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if self.keys.insert(id.clone()) {
            let parts = vec![(part, raw.to_owned())];
            self.records.push(Record { id, parts });
        } else {
            self.again += 1;
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
    fn declares(&mut self, total: u64) -> ControlFlow<Stop> {
        self.declared = Some(total);
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.questions.push(question);
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        unreachable!()
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

/// What became of the records.
#[derive(Default)]
struct Told {
    datasets: usize,
    triples: usize,
    distributions: usize,
    findings: BTreeMap<String, usize>,
    /// The words that mapped to nothing, by finding.
    words: BTreeMap<String, BTreeMap<String, usize>>,
    bodies: String,
}

impl Told {
    fn of(harvester: &dyn Harvester, found: &Found, source: &str) -> Self {
        let cx = Context {
            base: "https://harvestd.example/".to_owned(),
            source: source.to_owned(),
            language: Some("zh-Hant".to_owned()),
            offset_minutes: Some(480),
            shared_agencies: false,
        };
        let mut told = Self::default();
        for record in &found.records {
            let description = harvester.describe(record).unwrap();
            let normal = normalise(description, &record.id.key, &cx).unwrap();
            told.datasets += usize::from(record.id.class == Class::Dataset);
            told.triples += normal.body.lines().count();
            told.distributions += normal
                .body
                .matches("<http://www.w3.org/ns/dcat#distribution>")
                .count();
            for finding in normal.findings {
                *told.findings.entry(finding.code.clone()).or_default() += 1;
                let words = told.words.entry(finding.code).or_default();
                *words.entry(finding.found).or_default() += 1;
            }
            told.bodies.push_str(&normal.body);
        }
        told
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            datasets,
            triples,
            distributions,
            ..
        } = self;
        write!(
            f,
            "  {datasets} datasets, {distributions} distributions, {triples} triples"
        )?;
        for (code, count) in &self.findings {
            let mut words: Vec<_> = self.words[code].iter().collect();
            words.sort_by(|a, b| b.1.cmp(a.1));
            let most: Vec<_> = words
                .iter()
                .take(4)
                .map(|(word, n)| format!("{word:?} {n}"))
                .collect();
            write!(f, "\n  {code}: {count} ({})", most.join(", "))?;
        }
        Ok(())
    }
}
