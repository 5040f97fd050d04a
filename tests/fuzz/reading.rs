//! A connector over one document, as the answer to its first question and to those that follow. Start at [`read`].

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Kind, Location, Page, PartName, ReadError, Record,
    RecordId, Request, Settings, Stop, guard::DocumentLimits,
};
use harvestd_vocab::{Context, Refusal, normalise};
use serde_json::Value;
use std::{
    collections::VecDeque,
    fs,
    io::Cursor,
    ops::ControlFlow::{self, Break, Continue},
    path::Path,
};

pub const RECORD_BYTES_MAX: usize = 1 << 20;
const URL: &str = "https://fuzz.example/data";
/// A document may lead to itself for ever: the daemon ends that, and here four times are enough.
const ANSWERS: usize = 4;

/// What a connector made of a document.
#[derive(Default)]
pub struct Said {
    pub records: Vec<Record>,
    pub refused: usize,
    /// How often it said that the catalogue is complete.
    pub proofs: usize,
    /// Why it read no further.
    pub failed: Option<ReadError>,
    records_max: usize,
    questions: VecDeque<Request>,
}

impl Page for Said {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        assert!(raw.len() <= RECORD_BYTES_MAX, "{id}");
        let parts = vec![(part, raw.to_vec())];
        self.records.push(Record { id, parts });
        match self.records.len() < self.records_max {
            true => Continue(()),
            false => Break(Stop),
        }
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
    fn noticed(&mut self, _: &'static str, text: String) -> ControlFlow<Stop> {
        assert!(!text.is_empty());
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
        self.proofs += 1;
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

/// Opened without options where that may be, and as each of its recorded cases is that says something different.
/// `cases`: the folder with those of all kinds.
pub fn opened(kind: &Kind, cases: &Path) -> Vec<Box<dyn Harvester>> {
    let mut options = vec![Value::Null];
    let cases = fs::read_dir(cases.join(kind.name)).unwrap();
    let mut cases: Vec<_> = cases.map(|case| case.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let Ok(text) = fs::read_to_string(case.join("case.json")) else {
            continue;
        };
        let case: Value = serde_json::from_str(&text).unwrap();
        if !options.contains(&case["options"]) {
            options.push(case["options"].clone());
        }
    }
    let open = |options| {
        (kind.open)(Settings {
            source: "fuzz".to_owned(),
            url: URL.parse().unwrap(),
            options,
            record_bytes_max: RECORD_BYTES_MAX,
            document: DocumentLimits::default(),
        })
        .ok()
    };
    let opened: Vec<_> = options.into_iter().filter_map(open).collect();
    assert!(!opened.is_empty(), "{} cannot be opened", kind.name);
    opened
}

/// Reads a document, and describes what came of it. It stops after `records_max` records.
pub fn read(
    harvester: &dyn Harvester,
    media_type: Option<&str>,
    document: &[u8],
    records_max: usize,
) -> Said {
    let mut said = Said {
        records_max,
        questions: harvester.begin(None, 1_795_000_000_000).into(),
        ..Said::default()
    };
    if said.questions.is_empty() {
        let first = Request::get(URL.parse().unwrap(), "*/*");
        said.questions.push_back(first);
    }
    for _ in 0..ANSWERS {
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
        if let Err(error) = harvestd_harvesters::read(harvester, answer, &mut said) {
            assert!(
                !error.found.is_empty() && !error.expected.is_empty(),
                "{error}"
            );
            said.failed = Some(error);
            break;
        }
    }
    let context = Context {
        base: "https://hub.example/".to_owned(),
        source: "fuzz".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    };
    for record in &said.records {
        let described = harvester.describe(record);
        let normal = described.and_then(|d| normalise(d, &record.id.key, &context));
        match normal {
            Ok(normal) => assert!(!normal.body.lines().any(|line| line.starts_with("_:"))),
            Err(_) => said.refused += 1,
        }
        let _ = harvester.detail(record);
    }
    said
}
