//! W3C's own tests of SHACL Core, as far as they are at hand: `scripts/shacl-tests.sh` fetches them.
//!
//! Each test's report is compared result by result: focus node, path, value, component, severity, shape, and the messages that
//! are expected. Without the tests this says so; `tests/shacl.rs` has cases of our own for every component.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use harvestd_vocab::shacl::{Facts, Node, Shapes};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNode, NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};
use std::fs;
use std::path::{Path, PathBuf};

const MF: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const SHT: &str = "http://www.w3.org/ns/shacl-test#";
const SH: &str = "http://www.w3.org/ns/shacl#";

fn folder() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("harvestd-peers/shacl-core")
}

/// A file's graph, its own address as base.
struct Graph(Vec<Triple>);

impl Graph {
    fn read(path: &Path) -> Self {
        let parser = RdfParser::from_format(RdfFormat::Turtle).with_base_iri(address(path));
        let text = fs::read_to_string(path).unwrap();
        let quads = parser.unwrap().for_slice(&text);
        Self(quads.map(|quad| Triple::from(quad.unwrap())).collect())
    }

    fn values(&self, subject: &Term, predicate: &str) -> Vec<Term> {
        let is = |triple: &&Triple| {
            Term::from(triple.subject.clone()) == *subject && triple.predicate.as_str() == predicate
        };
        self.0
            .iter()
            .filter(is)
            .map(|triple| triple.object.clone())
            .collect()
    }

    fn value(&self, subject: &Term, predicate: &str) -> Option<Term> {
        self.values(subject, predicate).into_iter().next()
    }

    fn list(&self, head: &Term) -> Vec<Term> {
        let mut members = Vec::new();
        let mut rest = Some(head.clone());
        while let Some(node) = rest {
            members.extend(self.value(&node, rdf::FIRST.as_str()));
            rest = self.value(&node, rdf::REST.as_str());
        }
        members
    }

    /// A path as `Path` tells it.
    fn path(&self, path: &Term) -> String {
        let told = |term: Term| self.path(&term);
        let joined = |list: &Term, between: &str| {
            let members: Vec<String> = self.list(list).into_iter().map(told).collect();
            format!("({})", members.join(between))
        };
        if let Term::NamedNode(iri) = path {
            return harvestd_vocab::terms::prefixed(iri.as_str());
        }
        if self.value(path, rdf::FIRST.as_str()).is_some() {
            return joined(path, "/");
        }
        if let Some(list) = self.value(path, &format!("{SH}alternativePath")) {
            return joined(&list, "|");
        }
        for (name, before, after) in [
            ("inversePath", "^", ""),
            ("zeroOrMorePath", "", "*"),
            ("oneOrMorePath", "", "+"),
            ("zeroOrOnePath", "", "?"),
        ] {
            if let Some(inner) = self.value(path, &format!("{SH}{name}")) {
                return format!("{before}{}{after}", self.path(&inner));
            }
        }
        panic!("no path: {path}")
    }
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn file(term: &Term) -> PathBuf {
    match term {
        Term::NamedNode(iri) => PathBuf::from(iri.as_str().trim_start_matches("file://")),
        other => panic!("no address of a file: {other}"),
    }
}

/// A result in comparable form.
type Told = [String; 6];

fn told(node: &Node<'_>) -> String {
    match node {
        Node::Iri(iri) => format!("<{iri}>"),
        Node::Blank(label) => format!("_:{label}"),
        Node::Literal(literal) => {
            format!(
                "{:?}@{}^^{}",
                literal.value, literal.language, literal.datatype
            )
        }
    }
}

fn expected(manifest: &Graph, report: &Term) -> Vec<Told> {
    let results = manifest.values(report, &format!("{SH}result"));
    let told = results.iter().map(|result| {
        let of = |name: &str| manifest.value(result, &format!("{SH}{name}"));
        let node = |name: &str| of(name).map(|term| told(&Node::from(&term)));
        [
            node("focusNode"),
            of("resultPath").map(|path| manifest.path(&path)),
            node("value"),
            node("sourceConstraintComponent"),
            node("resultSeverity"),
            node("sourceShape"),
        ]
        .map(Option::unwrap_or_default)
    });
    let mut told: Vec<Told> = told.collect();
    told.sort();
    told
}

fn found(facts: &Facts<'_>, shapes: &Shapes) -> Vec<Told> {
    let results = shapes.validate(facts);
    let told = results.iter().map(|result| {
        [
            told(result.focus),
            result.path().unwrap_or_default(),
            result.value.map(told).unwrap_or_default(),
            format!("<{}>", result.component_iri()),
            format!("<{}>", result.severity().iri()),
            told(result.source_shape()),
        ]
    });
    let mut told: Vec<Told> = told.collect();
    told.sort();
    told
}

/// What is wrong with a test, if anything.
fn differs(manifest: &Graph, own: &Path, test: &Term) -> Option<String> {
    let of = |node: &Term, name: &str| manifest.value(node, name).expect("a test is whole");
    let action = of(test, &format!("{MF}action"));
    let graph = |name: &str| {
        let path = file(&of(&action, &format!("{SHT}{name}")));
        // One reading of a file: blank nodes have the same names in all that is compared.
        match path == own {
            true => Graph(manifest.0.clone()),
            false => Graph::read(&path),
        }
    };
    let (data, shapes) = (graph("dataGraph"), graph("shapesGraph"));
    let (data, shapes) = (
        Facts::of_triples(&data.0).closed(),
        Facts::of_triples(&shapes.0),
    );
    let shapes = match Shapes::of(&shapes) {
        Ok(shapes) => shapes,
        Err(error) => return Some(error.to_string()),
    };
    let report = of(test, &format!("{MF}result"));
    let expected_messages = manifest
        .values(&report, &format!("{SH}result"))
        .into_iter()
        .flat_map(|result| manifest.values(&result, &format!("{SH}resultMessage")));
    let results = shapes.validate(&data);
    for message in expected_messages {
        let message = Node::from(&message);
        let given = results.iter().flat_map(|result| result.messages());
        if !given.into_iter().any(|own| message.literal() == Some(own)) {
            return Some(format!("no message {message}"));
        }
    }
    let conforms = of(&report, &format!("{SH}conforms"));
    let (expected, found) = (expected(manifest, &report), found(&data, &shapes));
    let said = matches!(&conforms, Term::Literal(literal) if literal.value() == "true");
    (expected != found || said != found.is_empty())
        .then(|| format!("expected {expected:#?}\nfound {found:#?}"))
}

/// Runs a manifest and those that it includes; returns how many tests there are, and which fail.
fn run(path: &Path, count: &mut usize, failed: &mut Vec<String>) {
    let manifest = Graph::read(path);
    let own: Term = NamedNode::new(address(path)).unwrap().into();
    for other in manifest.values(&own, &format!("{MF}include")) {
        run(&file(&other), count, failed);
    }
    for entries in manifest.values(&own, &format!("{MF}entries")) {
        for test in manifest.list(&entries) {
            *count += 1;
            if let Some(why) = differs(&manifest, path, &test) {
                failed.push(format!("{test}: {why}"));
            }
        }
    }
    let named = |t: &Triple| matches!(&t.subject, NamedOrBlankNode::NamedNode(_));
    assert!(
        manifest.0.iter().any(named),
        "{}: an empty manifest",
        path.display()
    );
}

#[test]
fn the_core_tests_pass() {
    let manifest = folder().join("manifest.ttl");
    if !manifest.is_file() {
        println!(
            "SKIPPED: W3C's tests of SHACL Core are not at {}: scripts/shacl-tests.sh fetches them",
            folder().display()
        );
        return;
    }
    let (mut count, mut failed) = (0, Vec::new());
    run(&manifest, &mut count, &mut failed);
    println!(
        "{} of {count} tests of SHACL Core pass",
        count - failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(count >= 98, "only {count} tests");
}
