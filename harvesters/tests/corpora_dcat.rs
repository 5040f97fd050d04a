//! The `dcat` connector over documents that real catalogues and other projects' tests gave, if they are at hand
//! (`../shared/corpora` beside the workspace). They are never part of the project.
//!
//! Start at [`every_document_is_read_or_refused_with_a_reason`]: what the connector found is compared with a plain count
//! by the parser alone, and every difference has to have its reason.
#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, ReadError, ReadErrorKind,
    Record, RecordId, Request, Settings, Stop, dcat,
    guard::{JsonLimits, XmlLimits, scan_json, scan_xml},
};
use harvestd_vocab::{Class, Context, Refusal, normalise};
use oxrdf::{NamedNodeRef, NamedOrBlankNode, Term, vocab::rdf};
use oxrdfio::{JsonLdProfileSet, RdfFormat, RdfParser};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::ControlFlow::{self, Continue},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use url::Url;

const BASE: &str = "https://catalog.example/catalog";
const DCAT: &str = "http://www.w3.org/ns/dcat#";

/// What the connector said of one document.
#[derive(Default)]
struct Heard {
    records: Vec<Record>,
    refused: Vec<(Location, Refusal)>,
    noticed: Vec<(String, String)>,
    next: Vec<Url>,
    completed: bool,
    bytes: usize,
}

impl Heard {
    fn count(&self, class: Class) -> usize {
        self.records
            .iter()
            .filter(|record| record.id.class == class)
            .count()
    }
}

impl Page for Heard {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        self.bytes += raw.len();
        self.records.push(Record {
            id,
            parts: vec![(part, raw.to_vec())],
        });
        Continue(())
    }
    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        panic!("nothing says that {id} is gone")
    }
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        self.refused.push((at, why));
        Continue(())
    }
    fn filtered(&mut self, id: RecordId, _: &'static str) -> ControlFlow<Stop> {
        panic!("{id} is filtered by nothing")
    }
    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.noticed.push((code.to_owned(), text));
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.next.push(question.url);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        self.completed = true;
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

fn connector() -> Box<dyn Harvester> {
    let settings = Settings {
        source: "corpus".to_owned(),
        url: Url::parse(BASE).unwrap(),
        options: serde_json::Value::Null,
        record_bytes_max: 8 << 20,
        document: Default::default(),
    };
    (dcat::KIND.open)(settings).unwrap()
}

fn read(document: &[u8], media_type: Option<&str>) -> (Result<(), ReadError>, Heard) {
    let connector = connector();
    let request = connector.begin(None, 0).remove(0);
    let mut body = document;
    let mut heard = Heard::default();
    let answer = Answer {
        request: &request,
        status: 200,
        url: Url::parse(BASE).unwrap(),
        media_type: media_type.map(str::to_owned),
        link_next: None,
        body: &mut body,
    };
    let result = connector.read(answer, &mut heard);
    for record in &heard.records {
        let description = connector.describe(record).unwrap();
        assert_eq!(description.class, record.id.class);
        assert!(
            description
                .triples
                .iter()
                .any(|triple| triple.subject == description.node),
            "{}",
            record.id
        );
        let normal = normalise(description, &record.id.key, &context()).unwrap();
        assert!(
            normal.body.contains(normal.entity.as_str()),
            "{}",
            record.id
        );
    }
    (result, heard)
}

fn context() -> Context {
    Context {
        base: "https://harvestd.example/".to_owned(),
        source: "corpus".to_owned(),
        language: None,
        offset_minutes: None,
        shared_agencies: false,
    }
}

fn corpora(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpora")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: ../shared not present ({folder})");
    None
}

fn files(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn format(path: &Path) -> Option<(RdfFormat, &'static str)> {
    Some(match path.extension()?.to_str()? {
        "rdf" => (RdfFormat::RdfXml, "application/rdf+xml"),
        "ttl" => (RdfFormat::Turtle, "text/turtle"),
        "nt" => (RdfFormat::NTriples, "application/n-triples"),
        "nq" => (RdfFormat::NQuads, "application/n-quads"),
        "trig" => (RdfFormat::TriG, "application/trig"),
        "jsonld" | "json" => (
            RdfFormat::JsonLd {
                profile: JsonLdProfileSet::empty(),
            },
            "application/ld+json",
        ),
        _ => return None,
    })
}

/// The count that knows nothing of the connector: what a plain parse of the document says.
struct Plain {
    /// Subjects typed dcat:Dataset.
    typed: BTreeSet<String>,
    /// Of these, what is a catalogue or a series as well, which we count as such.
    otherwise: BTreeSet<String>,
    /// What a catalogue lists as a dataset, is described, and is not typed so.
    untyped: BTreeSet<String>,
    /// What a catalogue lists as a dataset, and nothing describes.
    only_listed: BTreeSet<String>,
    /// The parser's complaint, where it had one. The counts then hold for what came before.
    error: Option<String>,
    /// What the strict parser said, where another way to count was found.
    leniently: Option<String>,
}

/// Where the strict parser gives up: what the lenient one makes of it, or of the same example in Turtle where a remote
/// context would be needed.
fn plain(path: &Path, document: &[u8], format: RdfFormat) -> Plain {
    let strict = plainly(document, RdfParser::from_format(format));
    let Some(error) = strict.error.clone() else {
        return strict;
    };
    let twin = path.with_extension("ttl");
    let lenient = match (format, fs::read(&twin)) {
        (RdfFormat::JsonLd { .. }, Ok(twin)) => {
            plainly(&twin, RdfParser::from_format(RdfFormat::Turtle).lenient())
        }
        _ => plainly(document, RdfParser::from_format(format).lenient()),
    };
    match lenient.error {
        None => Plain {
            error: None,
            leniently: Some(error),
            ..lenient
        },
        Some(_) => Plain {
            error: Some(error),
            ..strict
        },
    }
}

fn plainly(document: &[u8], parser: RdfParser) -> Plain {
    let named = |local: &str| {
        Term::from(NamedNodeRef::new_unchecked(&format!("{DCAT}{local}")).into_owned())
    };
    let mut types: BTreeMap<String, Vec<Term>> = BTreeMap::new();
    let (mut described, mut listed, mut error) = (BTreeSet::new(), BTreeSet::new(), None);
    for quad in parser.with_base_iri(BASE).unwrap().for_slice(document) {
        let quad = match quad {
            Ok(quad) => quad,
            Err(e) => {
                error = Some(e.to_string());
                break;
            }
        };
        let subject = match &quad.subject {
            NamedOrBlankNode::NamedNode(iri) => iri.to_string(),
            NamedOrBlankNode::BlankNode(node) => node.to_string(),
        };
        if quad.predicate == rdf::TYPE {
            types
                .entry(subject.clone())
                .or_default()
                .push(quad.object.clone());
        }
        if quad.predicate.as_str() == format!("{DCAT}dataset") && !quad.object.is_literal() {
            listed.insert(quad.object.to_string());
        }
        described.insert(subject);
    }
    let is = |node: &String, locals: &[&str]| {
        types
            .get(node)
            .is_some_and(|types| locals.iter().any(|local| types.contains(&named(local))))
    };
    let typed: BTreeSet<_> = types
        .keys()
        .filter(|node| is(node, &["Dataset"]))
        .cloned()
        .collect();
    let otherwise = typed
        .iter()
        .filter(|node| is(node, &["Catalog", "DatasetSeries"]))
        .cloned()
        .collect();
    let records = [
        "Dataset",
        "Catalog",
        "DatasetSeries",
        "DataService",
        "Distribution",
        "CatalogRecord",
    ];
    let untyped = listed
        .iter()
        .filter(|node| described.contains(*node) && !is(node, &records))
        .cloned()
        .collect();
    let only_listed = listed
        .iter()
        .filter(|node| !described.contains(*node) && !node.starts_with("_:"))
        .cloned()
        .collect();
    Plain {
        typed,
        otherwise,
        untyped,
        only_listed,
        error,
        leniently: None,
    }
}

impl Plain {
    /// Why we count another number of datasets than there are subjects typed dcat:Dataset. None: we should count the
    /// same, or the reasons do not add up.
    fn reasons(&self, counted: usize) -> Option<String> {
        let expected =
            self.typed.len() - self.otherwise.len() + self.untyped.len() + self.only_listed.len();
        let reasons: Vec<_> = [
            (self.otherwise.len(), "typed as catalogue or series too"),
            (self.untyped.len(), "listed by dcat:dataset and not typed"),
            (
                self.only_listed.len(),
                "listed by dcat:dataset and not described",
            ),
        ]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, why)| format!("{n} {why}"))
        .collect();
        (expected == counted).then(|| reasons.join("; "))
    }
}

/// Is what we made of a document explained, and how?
fn explain(result: &Result<(), ReadError>, plain: &Plain, counted: usize) -> (bool, Vec<String>) {
    let strictly = plain
        .leniently
        .iter()
        .map(|strict| format!("counted leniently; strictly: {strict}"));
    let (explained, reason) = match (result, &plain.error) {
        (Err(e), None) => {
            let about_else = plain.typed.is_empty() && e.kind == ReadErrorKind::NotACatalogue;
            (about_else, e.to_string())
        }
        (Err(e), Some(alone)) => (true, format!("{e}; the parser alone: {alone}")),
        (Ok(()), None) => match plain.reasons(counted) {
            Some(reasons) => (true, reasons),
            None => (false, String::new()),
        },
        (Ok(()), Some(alone)) => (true, format!("read leniently; the parser alone: {alone}")),
    };
    (explained, std::iter::once(reason).chain(strictly).collect())
}

#[test]
fn every_document_is_read_or_refused_with_a_reason() {
    let Some(root) = corpora("dcat-rdf") else {
        return;
    };
    println!(
        "{:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5}  file: why",
        "typed", "accep", "refus", "serie", "servi", "catal", "agent"
    );
    let mut totals = [0; 7];
    let (mut unexplained, mut documents) = (Vec::new(), 0);
    for path in files(&root) {
        let Some((format, media_type)) = format(&path) else {
            continue;
        };
        let document = fs::read(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let (result, heard) = read(&document, Some(media_type));
        let (sniffed, heard_sniffed) = read(&document, None);
        let same =
            result.is_ok() == sniffed.is_ok() && heard.records.len() == heard_sniffed.records.len();
        let plain = plain(&path, &document, format);
        let accepted = heard.count(Class::Dataset);
        let refused = heard
            .refused
            .iter()
            .filter(|(_, why)| ["no-identifier", "not-described"].contains(&why.code.as_str()))
            .count();
        let row = [
            plain.typed.len(),
            accepted,
            refused,
            heard.count(Class::DatasetSeries),
            heard.count(Class::DataService),
            heard.count(Class::Catalog),
            heard.count(Class::Agent),
        ];
        let mut why: Vec<String> = heard
            .refused
            .iter()
            .map(|(at, why)| format!("refused {at}: {why}"))
            .collect();
        let (explained, reasons) = explain(&result, &plain, accepted + refused);
        why.splice(0..0, reasons);
        why.extend(
            heard
                .noticed
                .iter()
                .map(|(code, text)| format!("noticed {code}: {text}")),
        );
        if !explained || !same {
            why.insert(0, format!("UNEXPLAINED (sniffed alike: {same})"));
            unexplained.push(name.clone());
        }
        why.retain(|why| !why.is_empty());
        println!(
            "{}  {name}: {}",
            row.map(|n| format!("{n:>5}")).join(" "),
            why.join(" | ")
        );
        totals = std::array::from_fn(|at| totals[at] + row[at]);
        documents += 1;
    }
    println!(
        "{}  {documents} documents",
        totals.map(|n| format!("{n:>5}")).join(" ")
    );
    assert!(documents > 200, "only {documents} documents");
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn hostile_documents_end_quickly_and_with_a_reason() {
    let Some(root) = corpora("hostile") else {
        return;
    };
    let mut documents = 0;
    for path in files(&root) {
        let document = fs::read(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        let began = Instant::now();
        let guarded = match extension {
            "xml" | "xsd" | "rdf" => Some(scan_xml(&document, XmlLimits::default())),
            "json" => Some(scan_json(&document, JsonLimits::default())),
            _ => None,
        };
        let media_type = match extension {
            "xml" | "xsd" => Some("application/rdf+xml"),
            _ => format(&path).map(|(_, media_type)| media_type),
        };
        let (read, heard) = read(&document, media_type);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(60), "{name} took {took:?}");
        assert!(
            heard.bytes <= 64 << 20,
            "{name}: {} bytes of records",
            heard.bytes
        );
        if let Err(e) = &read {
            assert!(!e.found.is_empty() && !e.expected.is_empty(), "{name}: {e}");
        }
        let shown = |result: &Result<(), ReadError>| {
            result
                .as_ref()
                .map_or_else(ToString::to_string, |()| "passes".to_owned())
        };
        let guarded = guarded
            .as_ref()
            .map_or_else(|| "no guard".to_owned(), shown);
        println!(
            "{name}\n    guard: {guarded}\n    read:  {}, {} records, {} refused",
            shown(&read),
            heard.records.len(),
            heard.refused.len()
        );
        let bomb = [
            "xmlbomb.xml",
            "xmlbomb2.xml",
            "quadratic.xml",
            "cyclic.xml",
            "external.xml",
            "external_file.xml",
        ];
        if bomb.iter().any(|bomb| name.ends_with(bomb)) {
            assert!(
                matches!(
                    read,
                    Err(ReadError {
                        kind: ReadErrorKind::Limit,
                        ..
                    })
                ),
                "{name} was not stopped"
            );
        }
        documents += 1;
    }
    // Of the whole test, as far as the system tells.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        println!("peak memory {kilobytes} kB");
        assert!(kilobytes < 300_000, "{kilobytes} kB");
    }
    assert!(documents > 400, "only {documents} documents");
}
