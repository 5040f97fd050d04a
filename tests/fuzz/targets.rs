//! What is fuzzed: a name, and a function of bytes that must come back. What it may answer is checked where rules hold of
//! every answer (an error says something; what is complete was readable).

use harvestd::{
    config::{Config, Outside, Source},
    push::{What, read as push_read},
    search::grammar,
    serve::{geo, guard as query_guard},
};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Kind, Location, Page, PartName, Record, RecordId,
    Request, Settings, Stop,
    csv_rows::Rows,
    guard::{self, DocumentLimits},
    json_slices::{SliceLimits, slices},
};
use harvestd_vocab::{Context, Refusal, normalise};
use oxrdf::{Literal, NamedNode, Term};
use serde::de::IgnoredAny;
use std::{
    collections::{BTreeMap, VecDeque},
    io::Cursor,
    ops::ControlFlow::{self, Continue},
    path::Path,
    sync::LazyLock,
};

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

pub const TARGETS: &[Target] = &[
    Target {
        name: "ckan",
        run: |bytes| catalogue("ckan", bytes),
    },
    Target {
        name: "dcat",
        run: |bytes| catalogue("dcat", bytes),
    },
    Target {
        name: "data_gov_tw",
        run: |bytes| catalogue("data_gov_tw", bytes),
    },
    Target {
        name: "ldes",
        run: |bytes| catalogue("ldes", bytes),
    },
    Target {
        name: "mapped",
        run: |bytes| catalogue("mapped", bytes),
    },
    Target {
        name: "push",
        run: |bytes| catalogue("push", bytes),
    },
    Target {
        name: "sensorthings",
        run: |bytes| catalogue("sensorthings", bytes),
    },
    Target {
        name: "tw_interchange",
        run: |bytes| catalogue("tw_interchange", bytes),
    },
    Target {
        name: "pushed-bodies",
        run: pushed,
    },
    Target {
        name: "guards",
        run: guards,
    },
    Target {
        name: "slices",
        run: sliced,
    },
    Target {
        name: "rows",
        run: rows,
    },
    Target {
        name: "sparql",
        run: sparql,
    },
    Target {
        name: "search",
        run: search,
    },
    Target {
        name: "geometry",
        run: geometry,
    },
    Target {
        name: "configuration",
        run: configuration,
    },
    Target {
        name: "encoding",
        run: encoding,
    },
];

const RECORD_BYTES_MAX: usize = 1 << 20;
const MEDIA_TYPES: [Option<&str>; 9] = [
    None,
    Some("application/json"),
    Some("text/turtle"),
    Some("application/rdf+xml"),
    Some("application/ld+json"),
    Some("application/trig"),
    Some("application/n-quads"),
    Some("text/csv"),
    Some("application/xml"),
];

/// Opened as each of its recorded cases is, that say something different.
static OPENED: LazyLock<BTreeMap<&str, Vec<Box<dyn Harvester>>>> = LazyLock::new(|| {
    let all = harvestd_harvesters::KINDS.iter();
    all.map(|kind| (kind.name, opened(kind))).collect()
});

fn opened(kind: &Kind) -> Vec<Box<dyn Harvester>> {
    let mut options = vec![serde_json::Value::Null];
    let cases = std::fs::read_dir(Path::new("tests/connectors").join(kind.name)).unwrap();
    let mut cases: Vec<_> = cases.map(|case| case.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let Ok(text) = std::fs::read_to_string(case.join("case.json")) else {
            continue;
        };
        let case: serde_json::Value = serde_json::from_str(&text).unwrap();
        if !options.contains(&case["options"]) {
            options.push(case["options"].clone());
        }
    }
    let open = |options| {
        (kind.open)(Settings {
            source: "fuzz".to_owned(),
            url: "https://fuzz.example/data".parse().unwrap(),
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

/// The bytes are the answer to the first question, and to those that follow from it.
fn catalogue(kind: &str, bytes: &[u8]) {
    let harvesters = &OPENED[kind];
    let pick = blake3::hash(bytes).as_bytes()[0] as usize;
    let harvester = &harvesters[pick % harvesters.len()];
    for media_type in MEDIA_TYPES {
        // All that look the same to a kind of one form would be read nine times.
        if media_type.is_some() && !matches!(kind, "dcat" | "ldes" | "push") {
            break;
        }
        let is_taken = read(&**harvester, media_type, bytes);
        let looks = matches!(bytes.first(), Some(b'[' | b'{'));
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        assert!(
            !(is_taken && looks && !is_json && ONLY_JSON.contains(&kind)),
            "a broken document is taken for a whole catalogue"
        );
    }
}

/// Kinds that read nothing but JSON where a document begins like it.
const ONLY_JSON: [&str; 4] = ["ckan", "data_gov_tw", "sensorthings", "tw_interchange"];

#[derive(Default)]
struct Said {
    records: Vec<Record>,
    questions: VecDeque<Request>,
    proofs: usize,
    refused: usize,
}

impl Page for Said {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        let parts = vec![(part, raw.to_vec())];
        self.records.push(Record { id, parts });
        match self.records.len() < 200 {
            true => Continue(()),
            false => ControlFlow::Break(Stop),
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

/// True: the catalogue is complete, and nothing in it was refused.
fn read(harvester: &dyn Harvester, media_type: Option<&str>, bytes: &[u8]) -> bool {
    let mut said = Said::default();
    said.questions
        .extend(harvester.begin(None, 1_795_000_000_000));
    if said.questions.is_empty() {
        let url = "https://fuzz.example/data".parse().unwrap();
        said.questions.push_back(Request::get(url, "*/*"));
    }
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
            body: &mut Cursor::new(bytes),
        };
        if let Err(error) = harvestd_harvesters::read(harvester, answer, &mut said) {
            assert!(
                !error.found.is_empty() && !error.expected.is_empty(),
                "{error}"
            );
            break;
        }
    }
    assert!(said.proofs < 3, "complete is said again and again");
    let context = Context {
        base: "https://hub.example/".to_owned(),
        source: "fuzz".to_owned(),
        language: Some("zh-Hant".to_owned()),
        offset_minutes: Some(480),
        shared_agencies: true,
    };
    let mut refused = said.refused;
    for record in said.records.iter().take(40) {
        let described = harvester.describe(record);
        let normal = described.and_then(|d| normalise(d, &record.id.key, &context));
        match normal {
            Ok(normal) => assert!(!normal.body.lines().any(|line| line.starts_with("_:"))),
            Err(_) => refused += 1,
        }
        let _ = harvester.detail(record);
    }
    said.proofs > 0 && refused == 0 && said.records.len() <= 40
}

static CENTRE: LazyLock<(Config, Source)> = LazyLock::new(|| {
    let text = "public_url = \"https://hub.example/\"\ndata_dir = \"unused\"\n[[source]]\nid = \"centre\"\nkind = \"push\"\ntitle = { en = \"Centre\" }\n";
    let config = Config::parse("fuzz.toml", text, &Outside::default());
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    let source = config.sources[0].clone();
    (config, source)
});

fn pushed(bytes: &[u8]) {
    let (config, source) = &*CENTRE;
    for media_type in [
        "application/json",
        "text/turtle",
        "application/ld+json",
        "application/rdf+xml",
    ] {
        let body = push_read::Body {
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec().into(),
            deleted: Vec::new(),
        };
        if let Err(error) = push_read::read(config, source, &What::Batch, body) {
            assert!(!error.to_string().contains("panic"), "{error}");
        }
    }
}

fn guards(bytes: &[u8]) {
    let limits = DocumentLimits::default();
    let _ = guard::scan_xml(bytes, limits.xml);
    let _ = guard::scan_json(bytes, limits.json);
}

fn sliced(bytes: &[u8]) {
    let limits = SliceLimits {
        record_bytes_max: RECORD_BYTES_MAX,
        frame_bytes_max: RECORD_BYTES_MAX,
    };
    for path in [&[][..], &["result", "results"], &["value"]] {
        let mut elements = 0;
        let frame = slices(&mut Cursor::new(bytes), path, limits, &mut |_| {
            elements += 1;
            Continue(())
        });
        let has_elements = matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{'));
        let is_json = has_elements && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if let Ok(frame) = frame {
            assert_eq!(frame.elements, elements);
        } else if is_json && path.is_empty() && bytes.len() < RECORD_BYTES_MAX / 2 {
            panic!("a JSON document is refused");
        }
    }
}

fn rows(bytes: &[u8]) {
    let mut body = Cursor::new(bytes);
    let mut rows = Rows::new(&mut body, RECORD_BYTES_MAX, 0);
    let mut count = 0;
    while let Ok(Some(_)) = rows.next_row() {
        count += 1;
        assert!(count <= bytes.len(), "more rows than bytes");
    }
}

fn sparql(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = query_guard::is_plain(&text);
    // What passes the guard is safe to be parsed on a worker's stack.
    if query_guard::before_parsing(&text, 1 << 16, 64).is_ok()
        && let Ok(query) = spargebra::SparqlParser::new().parse_query(&text)
    {
        let _ = query_guard::after_parsing(&query);
    }
}

fn search(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = grammar::parse(&text);
    let _ = grammar::words(&text);
}

fn geometry(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    for form in ["wktLiteral", "geoJSONLiteral", "gmlLiteral"] {
        let form = NamedNode::new(format!("http://www.opengis.net/ont/geosparql#{form}")).unwrap();
        let term = Term::from(Literal::new_typed_literal(text.clone(), form));
        let _ = geo::bounds(&term);
        let _ = geo::distance(&[term.clone(), term]);
    }
}

fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // What it includes is looked for on this machine's disk.
    if text.contains("include") || text.contains("_file") {
        return;
    }
    if let Err(errors) = Config::parse("fuzz.toml", &text, &Outside::default()) {
        assert!(!errors.to_string().is_empty());
    }
}

fn encoding(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    for (media_type, charset) in [
        (None, None),
        (Some("text/csv"), Some("big5")),
        (Some("application/xml"), None),
    ] {
        if let Ok(mut decoded) = harvestd::encoding::open(file.path(), media_type, charset) {
            let _ = std::io::copy(&mut decoded.reader, &mut std::io::sink());
        }
    }
}
