//! The `ldes` connector over mock streams and fragments that other projects test their clients with, if they are at hand
//! (`../shared` beside the workspace). They are never part of the project.
//!
//! Start at [`every_object_is_handed_out`]: what the connector found is compared with a plain count by the parser alone.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, RecordId, Request,
    Settings, Stop, ldes,
};
use harvestd_vocab::Refusal;
use oxrdf::{GraphName, Quad, Term};
use oxrdfio::{JsonLdProfileSet, RdfFormat, RdfParser};
use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    fs,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
};
use url::Url;

const BASE: &str = "http://localhost:3000/";
const TREE: &str = "https://w3id.org/tree#";

/// What was handed out.
#[derive(Default)]
struct Heard {
    /// Records, what is no record, what is gone.
    parts: BTreeSet<String>,
    refused: BTreeSet<String>,
    gone: BTreeSet<String>,
    pieces: BTreeSet<String>,
    next: Vec<Request>,
    bookmark: Option<Bookmark>,
    complete: Option<Completeness>,
}

impl Page for Heard {
    fn part(&mut self, id: RecordId, _: PartName, _: &[u8]) -> ControlFlow<Stop> {
        self.parts.insert(id.key);
        Continue(())
    }
    fn piece_at(&mut self, key: &str, raw: Option<&[u8]>, _: i64) -> ControlFlow<Stop> {
        if raw.is_some() {
            self.pieces.insert(key.to_owned());
        }
        Continue(())
    }
    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        self.gone.insert(id.key);
        Continue(())
    }
    fn refused(&mut self, at: Location, _: Refusal) -> ControlFlow<Stop> {
        self.refused.insert(at.key.unwrap());
        Continue(())
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        Continue(())
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.next.push(question);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.complete = Some(proof);
        Continue(())
    }
    fn bookmark(&mut self, b: Bookmark) -> ControlFlow<Stop> {
        self.bookmark = Some(b);
        Continue(())
    }
}

fn open(url: &str) -> Box<dyn Harvester> {
    let settings = Settings {
        source: "mock".to_owned(),
        url: Url::parse(url).unwrap(),
        options: serde_json::Value::Null,
        record_bytes_max: 8 << 20,
        document: Default::default(),
    };
    (ldes::KIND.open)(settings).unwrap_or_else(|e| panic!("{e}"))
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()) {
        Some("nq") => "application/n-quads",
        Some("jsonld") => "application/ld+json",
        _ => "text/turtle",
    }
}

/// The parser alone: members, and the objects that they are versions of.
fn counted(
    file: &Path,
    url: &str,
    known: &mut Option<String>,
) -> Option<(usize, BTreeSet<String>)> {
    let format = match media_type(file) {
        "application/n-quads" => RdfFormat::NQuads,
        "application/ld+json" => RdfFormat::JsonLd {
            profile: JsonLdProfileSet::empty(),
        },
        _ => RdfFormat::TriG,
    };
    let text = fs::read(file).unwrap();
    let parser = RdfParser::from_format(format)
        .lenient()
        .with_base_iri(url)
        .unwrap();
    let quads: Vec<Quad> = parser.for_slice(&text).collect::<Result<_, _>>().ok()?;
    let in_default = |q: &&Quad| q.graph_name == GraphName::DefaultGraph;
    let object = |subject: &str, predicate: &str| {
        let found = quads
            .iter()
            .filter(in_default)
            .find(|q| q.subject.to_string() == subject && q.predicate.as_str() == predicate);
        found.map(|q| q.object.clone())
    };
    let path = quads
        .iter()
        .find(|q| q.predicate.as_str() == "https://w3id.org/ldes#versionOfPath");
    // Said on the first page, it holds for all.
    let path = path.map(|q| q.object.to_string()).or(known.take());
    known.clone_from(&path);
    let mut objects = BTreeSet::new();
    let members: BTreeSet<String> = quads
        .iter()
        .filter(in_default)
        .filter(|q| q.predicate.as_str() == format!("{TREE}member"))
        .map(|q| q.object.to_string())
        .collect();
    for member in &members {
        let version_of = path
            .as_ref()
            .and_then(|path| object(member, path.trim_matches(['<', '>'])));
        match version_of {
            Some(Term::NamedNode(object)) => objects.insert(object.into_string()),
            Some(_) => false,
            None if member.starts_with('<') => {
                objects.insert(member.trim_matches(['<', '>']).to_owned())
            }
            None => false,
        };
    }
    Some((members.len(), objects))
}

fn read(
    harvester: &dyn Harvester,
    request: &Request,
    file: &Path,
    heard: &mut Heard,
) -> Result<(), String> {
    let bytes = fs::read(file).unwrap();
    let answer = Answer {
        request,
        status: 200,
        url: request.url.clone(),
        media_type: Some(media_type(file).to_owned()),
        link_next: None,
        body: &mut bytes.as_slice(),
    };
    harvester.read(answer, heard).map_err(|e| e.to_string())
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    if !path.exists() {
        println!("SKIPPED: ../shared not present ({path:?})");
        return None;
    }
    Some(path)
}

/// Each mock stream from its root, as a client walks it.
#[test]
fn every_object_is_handed_out() {
    println!(
        "{:<40} {:>6} {:>8} {:>8} {:>8}",
        "stream", "pages", "members", "objects", "found"
    );
    for folder in [
        "standards/ldes/mock-ldes/tests/data/mock-ldes",
        "corpora/ldes/rdfc-ldes-client/mock-ldes",
    ] {
        let Some(folder) = shared(folder) else { return };
        let mut streams = 0;
        for name in [
            "mock-ldes",
            "mock-ldes-atypical",
            "mock-ldes-inbetween",
            "mock-ldes-linked-list",
            "mock-ldes-minimal-view",
            "mock-ldes-reverse",
            "mock-calendar-ldes",
        ] {
            let harvester = open(&format!("{BASE}{name}.ttl"));
            let (mut heard, mut asked) = (Heard::default(), HashSet::new());
            let mut waiting: VecDeque<Request> = harvester.begin(None, 0).into();
            let (mut members, mut objects, mut path) = (0, BTreeSet::new(), None);
            while let Some(request) = waiting.pop_front() {
                if !asked.insert(request.url.clone()) {
                    continue;
                }
                let file = folder.join(request.url.path().trim_start_matches('/'));
                let (count, found) = counted(&file, request.url.as_str(), &mut path).unwrap();
                members += count;
                objects.extend(found);
                read(&*harvester, &request, &file, &mut heard)
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                for next in std::mem::take(&mut heard.next).into_iter().rev() {
                    waiting.push_front(next);
                }
            }
            let found = heard.parts.union(&heard.refused).chain(&heard.pieces);
            let found: BTreeSet<String> = found.cloned().collect();
            println!(
                "{name:<40} {:>6} {members:>8} {:>8} {:>8}",
                asked.len(),
                objects.len(),
                found.len()
            );
            assert_eq!(found, objects, "{name}");
            assert!(!objects.is_empty() && heard.complete.is_some(), "{name}");
            streams += 1;
        }
        assert_eq!(streams, 7);
    }
}

/// Fragments of other servers and clients, each as one page: read, or refused with a reason.
#[test]
fn fragments_of_others() {
    let Some(folder) = shared("corpora/ldes") else {
        return;
    };
    let mut files = Vec::new();
    collect(&folder, &mut files);
    let (mut read_well, mut refused) = (0, 0);
    println!("{:>8} {:>8}  fragment", "objects", "found");
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        if !(text.contains("tree:member") || text.contains("tree#member"))
            || file.ends_with("context.jsonld")
        {
            continue;
        }
        let url = format!(
            "{}fragment",
            origin_of(&text).unwrap_or_else(|| BASE.to_owned())
        );
        let harvester = open(&url);
        let request = harvester.begin(None, 0).remove(0);
        let mut heard = Heard::default();
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        match read(&*harvester, &request, &file, &mut heard) {
            Ok(()) => {
                let (_, objects) = counted(&file, &url, &mut None).unwrap();
                let found: BTreeSet<String> = heard
                    .parts
                    .union(&heard.refused)
                    .chain(&heard.pieces)
                    .chain(&heard.gone)
                    .cloned()
                    .collect();
                println!("{:>8} {:>8}  {name}", objects.len(), found.len());
                let missing: Vec<&String> = objects.difference(&found).collect();
                assert!(missing.is_empty(), "{name}: {missing:?}");
                read_well += 1;
            }
            Err(why) => {
                println!("       -        -  {name}: {why}");
                refused += 1;
            }
        }
    }
    println!("{read_well} read, {refused} refused");
    assert!(read_well >= 20, "{read_well}");
}

/// Where the fragment's relations lead: no other host than its own is followed.
fn origin_of(text: &str) -> Option<String> {
    let (_, after) = text
        .split_once("tree:node")
        .or(text.split_once("tree#node"))?;
    let after = &after[after.find("http")?..];
    let url = Url::parse(after.split(['>', '"', ' ', '{']).next()?).ok()?;
    Some(format!("{}/", url.origin().ascii_serialization()))
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            collect(&path, files);
        } else if matches!(extension, "ttl" | "nq" | "jsonld")
            && !path.to_string_lossy().contains("rdfc-ldes-client")
        {
            files.push(path);
        }
    }
}
