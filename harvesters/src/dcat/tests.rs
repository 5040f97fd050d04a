//! What the recorded answers under `tests/connectors/dcat` do not show: the same document written otherwise, documents
//! cut anywhere, documents that cost too much.
#![expect(clippy::unwrap_used, reason = "tests")]

mod pages;

use super::*;
use crate::{Completeness, Location, ReadErrorKind, RecordId, Stop};
use harvestd_vocab::Class;
use std::{
    collections::BTreeMap,
    ops::ControlFlow::{self, Continue},
};
use url::Url;

const AT: &str = "https://catalog.example/catalog";
const PREFIXES: &str = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
    @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix : <http://x/> .\n";

#[derive(Default)]
struct Heard {
    parts: BTreeMap<RecordId, String>,
    said: Vec<String>,
    completed: Option<Completeness>,
    next: Option<Request>,
}

impl Page for Heard {
    fn part(&mut self, id: RecordId, _: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        self.parts
            .insert(id, String::from_utf8(raw.to_vec()).unwrap());
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        Continue(())
    }
    fn refused(&mut self, _: Location, why: Refusal) -> ControlFlow<Stop> {
        self.said.push(why.code);
        Continue(())
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        Continue(())
    }
    fn noticed(&mut self, code: &'static str, _: String) -> ControlFlow<Stop> {
        self.said.push(code.to_owned());
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.said.push(format!("next {}", question.url));
        self.next = Some(question);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.completed = Some(proof);
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

fn opened(options: serde_json::Value) -> Result<Box<dyn Harvester>, SettingsError> {
    let url = Url::parse(AT).unwrap();
    open(Settings {
        source: "s".to_owned(),
        url,
        options,
        record_bytes_max: 1 << 20,
        document: Default::default(),
    })
}

fn read_with(options: serde_json::Value, document: &[u8]) -> (Result<(), ReadError>, Heard) {
    let dcat = opened(options).unwrap();
    let request = dcat.begin(None, 0).remove(0);
    let mut body = document;
    let mut heard = Heard::default();
    let url = request.url.clone();
    let answer = Answer {
        request: &request,
        status: 200,
        url,
        media_type: None,
        link_next: None,
        body: &mut body,
    };
    (dcat.read(answer, &mut heard), heard)
}

fn read(document: &[u8]) -> (Result<(), ReadError>, Heard) {
    read_with(serde_json::Value::Null, document)
}

fn turtle(statements: &str) -> Heard {
    let (result, heard) = read(format!("{PREFIXES}{statements}").as_bytes());
    result.unwrap();
    heard
}

fn dataset(heard: &Heard, key: &str) -> String {
    heard.parts[&RecordId::dataset(key)].clone()
}

#[test]
fn a_catalogue_record_of_another_page_is_noticed_and_left_out() {
    let heard = turtle(
        ":c a dcat:Catalog ; dcat:dataset :d . :d a dcat:Dataset ; dct:title 'D' .
         :r a dcat:CatalogRecord ; foaf:primaryTopic :elsewhere ; dct:modified '2026-01-01' .
         :s a dcat:CatalogRecord ; foaf:primaryTopic :d ; dct:modified '2026-01-02' .",
    );
    assert_eq!(heard.said, ["record-elsewhere"]);
    let part = dataset(&heard, "http://x/d");
    assert!(
        part.contains("2026-01-02") && !part.contains("2026-01-01"),
        "{part}"
    );
}

#[test]
fn agents_are_known_by_their_type_unless_they_are_parts() {
    let heard = turtle(
        ":c a dcat:Catalog ; dcat:dataset :d . :d a dcat:Dataset ; dcat:contactPoint :desk .
         :desk a foaf:Agent ; foaf:name 'desk' . :agency a foaf:Organization ; foaf:name 'agency' .
         :somebody a foaf:Person ; foaf:name 'somebody' .",
    );
    let agents: Vec<_> = heard
        .parts
        .keys()
        .filter(|id| id.class == Class::Agent)
        .collect();
    assert_eq!(agents, [&RecordId::new(Class::Agent, "http://x/agency")]);
    let part = dataset(&heard, "http://x/d");
    assert!(
        part.contains("\"desk\"") && !part.contains("somebody"),
        "{part}"
    );
}

#[test]
fn order_and_labels_of_a_document_do_not_matter() {
    let one = turtle(
        ":c a dcat:Catalog ; dcat:dataset :d .
         :d a dcat:Dataset ; dcat:keyword 'b', 'a' ; dct:creator _:p, _:q ; dcat:distribution _:x, _:y, _:z .
         _:p foaf:name 'P' ; foaf:knows _:q . _:q foaf:name 'Q' ; foaf:knows _:p .
         _:x dct:format 'CSV' ; dct:rights [ dct:title 'r1' ] . _:y dct:format 'CSV' ; dct:rights [ dct:title 'r2' ] .
         _:z dct:format 'CSV' ; dct:rights [ dct:title 'r1' ] .
         [] a dcat:CatalogRecord ; foaf:primaryTopic :d ; dct:modified '2026-01-01' .",
    );
    let other = turtle(
        "_:1 a dcat:CatalogRecord ; dct:modified '2026-01-01' ; foaf:primaryTopic :d .
         _:r dct:title 'r1' . _:z1 dct:rights _:r ; dct:format 'CSV' . _:z9 dct:rights [ dct:title 'r1' ] ; dct:format 'CSV' .
         _:b foaf:knows _:a ; foaf:name 'Q' . _:a foaf:knows _:b ; foaf:name 'P' .
         :d dcat:distribution _:z9, _:z5, _:z1 ; dct:creator _:b, _:a ; dcat:keyword 'a', 'b' ; a dcat:Dataset .
         _:z5 dct:rights [ dct:title 'r2' ] ; dct:format 'CSV' . :c dcat:dataset :d ; a dcat:Catalog .",
    );
    assert_eq!(one.parts, other.parts);
    let part = dataset(&one, "http://x/d");
    assert!(
        part.starts_with("<http://x/d> "),
        "the entity comes first: {part}"
    );
    assert!(
        part.ends_with("<http://x/c> <http://www.w3.org/ns/dcat#dataset> <http://x/d> .\n"),
        "membership comes last: {part}"
    );
}

#[test]
fn a_record_holds_what_it_contains_and_no_more() {
    let heard = turtle(
        ":c a dcat:Catalog ; dct:title 'C' ; dcat:dataset :d, :e ; dct:publisher :p .
         :d a dcat:Dataset ; dct:publisher :p ; dct:license :l ; dct:relation :e ; dcat:distribution :x ;
            dct:creator ( [ foaf:name '1' ] [ foaf:name '2' ] [ foaf:name '3' ] [ foaf:name '4' ] [ foaf:name '5' ]
                          [ foaf:name '6' ] [ foaf:name '7' ] [ foaf:name '8' ] [ foaf:name '9' ] [ foaf:name '10' ] ) .
         :e a dcat:Dataset ; dct:title 'E' . :p foaf:name 'P' . :l dct:title 'L' . :x dct:title 'X' .
         :s a dcat:DataService ; dcat:servesDataset :d .",
    );
    let part = dataset(&heard, "http://x/d");
    for inside in [
        "'10'",
        "\"X\"",
        // Of what is described and kept nowhere, the type alone: for the finding.
        "<http://x/l> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>",
    ] {
        assert!(
            part.contains(&inside.replace('\'', "\"")),
            "{inside}: {part}"
        );
    }
    for outside in [
        "\"E\"",
        "\"P\"",
        "\"L\"",
        "\"C\"",
        "<http://x/c> <http://purl.org/dc/terms",
        "servesDataset",
    ] {
        assert!(!part.contains(outside), "{outside}: {part}");
    }
    let keys: Vec<String> = heard.parts.keys().map(ToString::to_string).collect();
    assert_eq!(
        keys,
        [
            "agent http://x/p",
            "catalog http://x/c",
            "service http://x/s",
            "dataset http://x/d",
            "dataset http://x/e"
        ]
    );
    assert!(
        !heard.parts[&RecordId::new(harvestd_vocab::Class::Catalog, "http://x/c")]
            .contains("ns/dcat#dataset")
    );
}

#[test]
fn depth_is_bounded_and_said() {
    let nested = |n: usize| {
        format!(
            ":d a dcat:Dataset ; dct:relation {}'end'{} .",
            "[ dct:relation ".repeat(n),
            " ]".repeat(n)
        )
    };
    let heard = turtle(&nested(8));
    assert!(dataset(&heard, "http://x/d").contains("\"end\"") && heard.said.is_empty());
    let heard = turtle(&nested(9));
    assert!(!dataset(&heard, "http://x/d").contains("\"end\""));
    assert_eq!(heard.said, ["too-deep"]);
}

#[test]
fn links_to_what_has_no_name_are_left_out_and_said() {
    let heard =
        turtle(":d a dcat:Dataset ; dcat:inSeries [ a dcat:DatasetSeries ; dct:identifier 'S' ] .");
    assert_eq!(heard.said, ["unnamed-reference"]);
    assert!(!dataset(&heard, "http://x/d").contains("inSeries"));
    assert_eq!(heard.parts.len(), 2);
}

/// Wherever RDF/XML or JSON-LD is cut, nothing is handed on.
#[test]
fn a_cut_document_with_an_end_is_never_read() {
    let xml = "<?xml version=\"1.0\"?><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:dcat=\"http://www.w3.org/ns/dcat#\">\
        <dcat:Dataset rdf:about=\"http://x/臺\"/><dcat:Dataset rdf:about=\"http://x/b\"></dcat:Dataset></rdf:RDF>";
    let json = "{\"@graph\":[{\"@id\":\"http://x/臺\",\"@type\":\"http://www.w3.org/ns/dcat#Dataset\"},\
        {\"@id\":\"http://x/b\",\"@type\":[\"http://www.w3.org/ns/dcat#Dataset\"]}]}";
    for document in [xml, json] {
        for cut in 0..document.len() {
            let (result, heard) = read(&document.as_bytes()[..cut]);
            assert!(
                result.is_err() && heard.parts.is_empty() && heard.completed.is_none(),
                "{}",
                String::from_utf8_lossy(&document.as_bytes()[..cut])
            );
        }
        let (result, heard) = read(document.as_bytes());
        result.unwrap();
        assert_eq!(
            (heard.parts.len(), heard.completed),
            (2, Some(Completeness::ClosedDocument))
        );
    }
}

/// Turtle and N-Triples have no end: cut between statements they are whole, as far as anybody can see. Cut anywhere
/// else they are not.
#[test]
fn a_cut_document_without_an_end_is_read_between_statements_only() {
    let text = "<http://x/臺> a <http://www.w3.org/ns/dcat#Dataset> .\n<http://x/b> <http://x/p> \"a.b\"@zh , 1.5 .\n";
    let nt = "<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n<http://x/b> <http://x/p> \"a.b\"@zh .\n";
    for document in [text, nt] {
        for cut in 1..document.len() {
            let before = &document.as_bytes()[..cut];
            let between = before.trim_ascii().ends_with(b" .");
            let (result, _) = read(before);
            let shown = String::from_utf8_lossy(before);
            // `1.` is a number and a dot.
            assert_eq!(
                result.is_ok(),
                between || before.ends_with(b" 1."),
                "{shown}: {result:?}"
            );
        }
    }
}

#[test]
fn a_document_that_costs_too_much_is_stopped() {
    let many: String = (0..40_000)
        .map(|n| format!("<http://x/{n}> a <http://www.w3.org/ns/dcat#Dataset> .\n"))
        .collect();
    let (result, heard) = read_with(
        serde_json::json!({ "table_bytes_max": 1 << 20 }),
        many.as_bytes(),
    );
    assert_eq!(
        (result.unwrap_err().kind, heard.parts.len()),
        (ReadErrorKind::Limit, 0)
    );
    // A node that all datasets contain, below the limit of a record: a copy in each.
    let mut shared = format!("{PREFIXES}:x dct:description '{}' .\n", "x".repeat(900_000));
    for n in 0..200 {
        shared += &format!(":d{n} a dcat:Dataset ; dcat:distribution :x .\n");
    }
    let (result, _) = read(shared.as_bytes());
    assert_eq!(result.unwrap_err().kind, ReadErrorKind::Limit);
}

#[test]
fn options_are_checked() {
    let refused = |options| opened(options).err().unwrap().to_string();
    assert_eq!(
        refused(serde_json::json!({"format": "rdf"})),
        "format: found \"rdf\", expected one of rdf-xml, turtle, json-ld, n-triples, trig, n-quads"
    );
    assert_eq!(
        refused(serde_json::json!({"page_max": 0})),
        "page_max: found 0, expected a whole number from 1 to 1000000"
    );
    assert!(refused(serde_json::json!({"formats": "turtle"})).starts_with("formats: "));
    let dcat = opened(serde_json::json!({"format": "n-triples", "page_max": 3})).unwrap();
    assert_eq!(dcat.begin(None, 0)[0].accept, "application/n-triples");
}

#[test]
fn not_modified_is_asked_for_only_where_one_document_was_all() {
    let dcat = opened(serde_json::Value::Null).unwrap();
    assert!(!dcat.begin(None, 0)[0].conditional);
    assert!(!dcat.begin(Some(&Bookmark("other".to_owned())), 0)[0].conditional);
    assert!(dcat.begin(Some(&Bookmark(ONE_DOCUMENT.to_owned())), 0)[0].conditional);
}

#[test]
fn pages_beyond_the_limit_are_left_and_said() {
    let page = "<http://x/c> a <http://www.w3.org/ns/dcat#Catalog> ; <http://www.w3.org/ns/hydra/core#next> </catalog?page=2> .";
    let (result, heard) = read(page.as_bytes());
    result.unwrap();
    assert_eq!(heard.said, ["next https://catalog.example/catalog?page=2"]);
    let (result, heard) = read_with(serde_json::json!({"page_max": 1}), page.as_bytes());
    result.unwrap();
    assert_eq!(
        (heard.said, heard.completed),
        (vec!["too-many-pages".to_owned()], None)
    );
}

#[test]
fn many_senseless_values_are_counted_and_the_rest_is_read() {
    let node = |n| {
        format!(
            "{{\"@id\":\"http://x/{n}\",\"@type\":\"http://www.w3.org/ns/dcat#Dataset\",\"http://x/p\":{{\"@value\":\"x\",\"@language\":3}}}}"
        )
    };
    let nodes: Vec<String> = (0..50).map(node).collect();
    let (result, heard) = read(format!("[{}]", nodes.join(",")).as_bytes());
    result.unwrap();
    assert_eq!(
        (heard.parts.len(), heard.said, heard.completed),
        (50, vec!["json-ld-value".to_owned()], None)
    );
}

#[test]
fn rdf_that_says_nothing_is_no_empty_catalogue() {
    for document in [
        "{\"error\":\"no such page\"}",
        "[]",
        "@prefix dcat: <http://www.w3.org/ns/dcat#> .",
    ] {
        assert_eq!(
            read(document.as_bytes()).0.unwrap_err().kind,
            ReadErrorKind::NotACatalogue,
            "{document}"
        );
    }
}
