//! Every kind of connector over all documents that were made to break readers, if they are at hand
//! (`../shared/corpora/hostile` beside the workspace), as the answer to its first question and to those that follow.
//!
//! `cargo test -p harvestd-harvesters --test corpora_hostile -- --nocapture` prints what became of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, KINDS, Kind, Location, Page, PartName, ReadError,
    Record, RecordId, Request, Settings, Stop, guard::DocumentLimits,
};
use harvestd_vocab::{Context, Refusal, normalise};
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    io::Cursor,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Of one document, by one kind, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(20);
const RESIDENT_KB_MAX: u64 = 300_000;
const RECORD_BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
struct Said {
    records: Vec<Record>,
    questions: VecDeque<Request>,
    proven: bool,
    refused: usize,
}

impl Page for Said {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        assert!(raw.len() <= RECORD_BYTES_MAX, "{id}");
        let parts = vec![(part, raw.to_vec())];
        self.records.push(Record { id, parts });
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        Continue(())
    }
    fn refused(&mut self, _: Location, why: Refusal) -> ControlFlow<Stop> {
        assert!(!why.to_string().is_empty());
        self.refused += 1;
        Continue(())
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        Continue(())
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.questions.push_back(question);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        self.proven = true;
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

/// As a source of this kind is opened: without options where that may be, else as its first recorded case is.
fn opened(kind: &Kind) -> Box<dyn Harvester> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/connectors");
    let mut cases: Vec<_> = fs::read_dir(cases.join(kind.name))
        .unwrap()
        .filter_map(|case| fs::read_to_string(case.unwrap().path().join("case.json")).ok())
        .collect();
    cases.sort();
    let of_case =
        |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap()["options"].clone();
    let options = std::iter::once(serde_json::Value::Null).chain(cases.iter().map(of_case));
    let mut opened = options.filter_map(|options| {
        (kind.open)(Settings {
            source: "hostile".to_owned(),
            url: "https://hostile.example/data".parse().unwrap(),
            options,
            record_bytes_max: RECORD_BYTES_MAX,
            document: DocumentLimits::default(),
        })
        .ok()
    });
    opened.next().unwrap()
}

fn read(
    harvester: &dyn Harvester,
    media_type: Option<&str>,
    document: &[u8],
) -> Result<Said, ReadError> {
    let mut said = Said::default();
    let first = Request::get("https://hostile.example/data".parse().unwrap(), "*/*");
    let mut questions = harvester.begin(None, 1_795_000_000_000);
    questions.push(first);
    said.questions.extend(questions.into_iter().take(1));
    // A document may lead to itself for ever: the daemon ends that, and here four times are enough.
    for _ in 0..4 {
        let Some(request) = said.questions.pop_front() else {
            break;
        };
        let answer = Answer {
            request: &request,
            status: 200,
            url: request.url.clone(),
            media_type: media_type.map(str::to_owned),
            link_next: None,
            body: &mut Cursor::new(document),
        };
        harvestd_harvesters::read(harvester, answer, &mut said)?;
    }
    let context = Context {
        base: "https://hub.example/".to_owned(),
        source: "hostile".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    };
    for record in &said.records {
        let described = harvester.describe(record);
        let normal = described.and_then(|d| normalise(d, &record.id.key, &context));
        said.refused += usize::from(normal.is_err());
    }
    Ok(said)
}

/// What became of a document, in a word or two.
fn outcome(read: &Result<Said, ReadError>, name: &str) -> String {
    match read {
        Err(error) => {
            assert!(
                !error.found.is_empty() && !error.expected.is_empty(),
                "{name}: {error}"
            );
            error.kind.to_string()
        }
        Ok(said) if said.refused > 0 => "read, records refused".to_owned(),
        Ok(said) if said.records.is_empty() => "read, nothing in it".to_owned(),
        Ok(said) if said.proven => "read whole".to_owned(),
        Ok(_) => "read".to_owned(),
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
    let mut all = Vec::new();
    files(&root, &mut all);
    all.sort();
    assert!(all.len() > 400, "only {} documents", all.len());
    for kind in KINDS {
        let harvester = opened(kind);
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
            let read = read(&*harvester, media_type, &document);
            let took = began.elapsed();
            assert!(took < PATIENCE, "{}: {name} took {took:?}", kind.name);
            *outcomes.entry(outcome(&read, &name)).or_default() += 1;
            longest = longest.max((took, name));
        }
        println!(
            "{}: {} documents: {outcomes:?}, longest {:?} ({})",
            kind.name,
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
