//! The documents say what the log says, in every syntax.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::log::Verb;
use oxigraph::{
    io::{JsonLdProfileSet, RdfFormat, RdfParser},
    model::Quad,
};
use std::collections::BTreeSet;

const START_US: i64 = 1_767_225_600_000_000;

fn feed() -> Feed {
    Feed {
        base: "https://hub.example/".to_owned(),
        generation: 2,
        title: BTreeMap::from([("zh-Hant".to_owned(), "資料 \"目錄\"".to_owned())]),
        keep_days: None,
    }
}

fn parsed(syntax: Syntax, text: &[u8]) -> BTreeSet<String> {
    let format = match syntax {
        Syntax::TriG => RdfFormat::TriG,
        Syntax::NQuads => RdfFormat::NQuads,
        Syntax::JsonLd => RdfFormat::JsonLd {
            profile: JsonLdProfileSet::empty(),
        },
    };
    let mut quads = BTreeSet::new();
    for quad in RdfParser::from_format(format).for_slice(text) {
        let quad: Quad = quad.unwrap();
        assert!(quads.insert(quad.to_string()), "twice: {quad}");
    }
    quads
}

/// What is difficult to write: quotes, line ends, tags, datatypes, IRIs whose scheme looks like a prefix.
const BODY: &str = "\
<dct:Location> <http://purl.org/dc/terms/title> \"a\\n\\\"b\\\" \\\\ c\"@zh-hant .
<https://e.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .
<https://e.example/1> <http://purl.org/dc/terms/issued> \"2020-01-02\"^^<http://www.w3.org/2001/XMLSchema#date> .
<https://e.example/1> <http://purl.org/dc/terms/spatial> <dct:Location> .
<https://e.example/1> <http://purl.org/dc/terms/title> \"one\" .
<https://e.example/1> <http://purl.org/dc/terms/title> \"二 { } > .\"@zh .
";

fn activity(seq: u64) -> Activity {
    let verb = [Verb::Create, Verb::Update, Verb::Delete][seq as usize % 3];
    Activity {
        seq,
        verb,
        entity: format!("https://e.example/{}", seq % 7),
        published_us: START_US + seq as i64,
        body: if verb == Verb::Delete { "" } else { BODY }.to_owned(),
    }
}

fn page(number: u64, last: u64, syntax: Syntax) -> (Bounds, BTreeSet<String>) {
    let mut activities = (number * PAGE + 1..=last).map(|seq| Ok(activity(seq)));
    let mut out = Vec::new();
    let bounds = feed()
        .page(number, last, &mut activities, syntax, &mut out)
        .unwrap();
    (bounds, parsed(syntax, &out))
}

#[test]
fn a_page_says_the_same_in_every_syntax_and_what_the_log_says() {
    let (bounds, quads) = page(1, 1012, Syntax::NQuads);
    for syntax in Syntax::ALL {
        assert_eq!(page(1, 1012, syntax), (bounds, quads.clone()), "{syntax:?}");
    }
    let mut expected = Vec::new();
    for seq in 1001..=1012 {
        let name = feed().activity(seq);
        activity(seq).write(&name, &mut expected).unwrap();
        writeln!(
            expected,
            "<https://hub.example/feed#generation-2> <https://w3id.org/tree#member> <{name}> ."
        )
        .unwrap();
    }
    let expected = parsed(Syntax::NQuads, &expected);
    let about: Vec<&String> = quads.difference(&expected).collect();
    assert!(expected.is_subset(&quads));
    let stream = "<https://hub.example/feed#generation-2>";
    let words = [
        format!("{stream} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/ldes#EventStream>"),
        format!("{stream} <https://w3id.org/ldes#timestampPath> <https://www.w3.org/ns/activitystreams#published>"),
        format!("{stream} <https://w3id.org/ldes#versionOfPath> <https://www.w3.org/ns/activitystreams#object>"),
        format!("{stream} <https://w3id.org/tree#shape> <https://semiceu.github.io/LDES-DCAT-AP-feeds/shape.ttl#ActivityShape>"),
        format!("{stream} <https://w3id.org/tree#view> <https://hub.example/feed>"),
        "<https://hub.example/feed/2/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/tree#Node>".to_owned(),
    ];
    assert_eq!(
        about.into_iter().cloned().collect::<BTreeSet<_>>(),
        words.into()
    );
}

#[test]
fn bounds_are_whole_milliseconds_around_the_page() {
    let us = |published: &[i64]| {
        let all = published.to_vec();
        let mut activities = (1..).zip(all).map(|(seq, us)| {
            Ok(Activity {
                published_us: us,
                ..activity(seq)
            })
        });
        let last = published.len() as u64;
        let bounds = feed().page(0, last, &mut activities, Syntax::NQuads, &mut io::sink());
        let Bounds { from_us, until_us } = bounds.unwrap();
        (from_us, until_us)
    };
    assert_eq!(us(&[1000]), (1000, 2000));
    assert_eq!(us(&[1000, 1998]), (1000, 2000));
    // The next activity is at 2000 at the earliest, and the page that it begins a millisecond later.
    assert_eq!(us(&[1000, 1999]), (1000, 3000));
}

#[test]
fn a_page_with_a_gap_is_no_page() {
    for numbers in [vec![1, 3], vec![1, 2], vec![2, 3, 4]] {
        let mut activities = numbers.iter().map(|seq| Ok(activity(*seq)));
        let page = feed().page(0, 3, &mut activities, Syntax::TriG, &mut io::sink());
        assert!(page.is_err(), "{numbers:?}");
    }
}

fn rooted(feed: &Feed, relations: &[Relation]) -> BTreeSet<String> {
    let documents = Syntax::ALL.map(|syntax| {
        let mut out = Vec::new();
        feed.root(relations, syntax, &mut out).unwrap();
        parsed(syntax, &out)
    });
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[0], documents[2]);
    documents[0].clone()
}

#[test]
fn the_root_names_its_children_with_their_times() {
    let relations = [
        Relation {
            pages: 0..32,
            from_us: 1000,
            until_us: Some(5000),
        },
        Relation {
            pages: 32..33,
            from_us: 6_000_000,
            until_us: None,
        },
    ];
    let quads = rooted(&feed(), &relations);
    for (relation, kind, node, value) in [
        (
            "0-31-from",
            "GreaterThanOrEqualTo",
            "0-31",
            "1970-01-01T00:00:00.001Z",
        ),
        ("0-31-until", "LessThan", "0-31", "1970-01-01T00:00:00.005Z"),
        (
            "32-from",
            "GreaterThanOrEqualTo",
            "32",
            "1970-01-01T00:00:06Z",
        ),
    ] {
        let relation = format!("<https://hub.example/feed#{relation}>");
        for said in [
            format!("<https://hub.example/feed> <https://w3id.org/tree#relation> {relation}"),
            format!(
                "{relation} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/tree#{kind}Relation>"
            ),
            format!("{relation} <https://w3id.org/tree#node> <https://hub.example/feed/2/{node}>"),
            format!(
                "{relation} <https://w3id.org/tree#path> <https://www.w3.org/ns/activitystreams#published>"
            ),
            format!(
                "{relation} <https://w3id.org/tree#value> \"{value}\"^^<http://www.w3.org/2001/XMLSchema#dateTime>"
            ),
        ] {
            assert!(quads.contains(&said), "{said} is not in {quads:#?}");
        }
    }
    assert!(!quads.iter().any(|q| q.contains("32-until")), "it is open");
    assert!(
        quads
            .iter()
            .any(|q| q.contains("harvestd/ns#generation> \"2\""))
    );
    assert!(
        quads
            .iter()
            .any(|q| q.contains("\"資料 \\\"目錄\\\"\"@zh-hant"))
    );
    assert!(
        !quads.iter().any(|q| q.contains("retentionPolicy")),
        "full history"
    );
}

#[test]
fn a_retention_policy_is_one_node_with_an_iri_in_both_vocabularies() {
    let feed = Feed {
        keep_days: Some(730),
        ..feed()
    };
    let quads = rooted(&feed, &[]);
    let policies: BTreeSet<&str> = quads
        .iter()
        .filter(|q| q.contains("ldes#retentionPolicy>"))
        .map(|q| q.rsplit(' ').next().unwrap())
        .collect();
    let policy = "<https://hub.example/feed#retention>";
    assert_eq!(policies, [policy].into());
    let duration = "\"P730D\"^^<http://www.w3.org/2001/XMLSchema#duration>";
    for said in [
        format!(
            "{policy} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/ldes#DurationAgoPolicy>"
        ),
        format!("{policy} <https://w3id.org/tree#value> {duration}"),
        format!(
            "{policy} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/ldes#RetentionPolicy>"
        ),
        format!("{policy} <https://w3id.org/ldes#fullLogDuration> {duration}"),
    ] {
        assert!(quads.contains(&said), "{said} is not in {quads:#?}");
    }
}
