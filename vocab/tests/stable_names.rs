//! Former blank nodes keep their names: whatever the order of triples and the labels, and whatever happens to their
//! siblings; with bounded work.

#![expect(clippy::unwrap_used, reason = "tests")]

use harvestd_vocab::{Class, Context, Description, Normal, normalise};
use oxrdf::{BlankNode, Literal, NamedNode, Term, Triple};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

fn context() -> Context {
    Context {
        base: "https://example.org/".to_owned(),
        source: "s".to_owned(),
        language: None,
        offset_minutes: None,
        shared_agencies: false,
    }
}

/// A statement about the blank node `0` (0 is the entity).
#[derive(Debug, Clone)]
enum Said {
    Link(usize, usize, usize),
    Word(usize, usize, u8),
}

const PREDICATES: [&str; 4] = [
    "http://www.w3.org/ns/dcat#distribution",
    "http://purl.org/dc/terms/relation",
    "http://example.org/p",
    "http://www.w3.org/ns/dcat#accessURL",
];

fn triples(said: &[Said], label: impl Fn(usize) -> String) -> Vec<Triple> {
    let blank = |n: usize| BlankNode::new(label(n)).unwrap();
    said.iter()
        .map(|statement| match statement {
            Said::Link(from, p, to) => Triple::new(
                blank(*from),
                NamedNode::new(PREDICATES[*p]).unwrap(),
                Term::from(blank(*to)),
            ),
            Said::Word(node, p, word) => {
                let object: Term = match PREDICATES[*p].ends_with("accessURL") {
                    true => NamedNode::new(format!("http://x.org/{word}"))
                        .unwrap()
                        .into(),
                    false => Literal::new_simple_literal(format!("{word}")).into(),
                };
                Triple::new(
                    blank(*node),
                    NamedNode::new(PREDICATES[*p]).unwrap(),
                    object,
                )
            }
        })
        .collect()
}

fn normal(triples: Vec<Triple>, entity: &str) -> Normal {
    let node = BlankNode::new(entity).unwrap().into();
    normalise(
        Description {
            class: Class::Dataset,
            node,
            triples,
        },
        "k",
        &context(),
    )
    .unwrap()
}

fn subjects(normal: &Normal) -> BTreeSet<String> {
    normal
        .body
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

fn said(nodes: usize) -> impl Strategy<Value = Vec<Said>> {
    let statement = prop_oneof![
        3 => (0..nodes, 0..PREDICATES.len(), 0..nodes).prop_map(|(a, p, b)| Said::Link(a, p, b)),
        1 => (0..nodes, 0..PREDICATES.len(), 0u8..3).prop_map(|(a, p, w)| Said::Word(a, p, w)),
    ];
    proptest::collection::vec(statement, 1..nodes * 3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_labels_take_no_part(
        (statements, shuffled, labels) in (2usize..14).prop_flat_map(|nodes| {
            said(nodes).prop_flat_map(move |s| {
                let labels = Just((0..nodes).collect::<Vec<_>>()).prop_shuffle();
                (Just(s.clone()), Just(s).prop_shuffle(), labels)
            })
        }),
    ) {
        let one = normal(triples(&statements, |n| format!("n{n}")), "n0");
        let other = normal(triples(&shuffled, |n| format!("b{}", labels[n])), &format!("b{}", labels[0]));
        prop_assert_eq!(&one.body, &other.body);
        prop_assert_eq!(&one.findings, &other.findings);
        prop_assert!(!one.body.contains("_:"));
    }
}

/// Links that make every node hang on every other, from the entity to all.
fn complete(nodes: usize) -> Vec<Said> {
    let mut said: Vec<Said> = (1..=nodes).map(|n| Said::Link(0, 1, n)).collect();
    for a in 1..=nodes {
        said.extend((1..=nodes).filter(|b| *b != a).map(|b| Said::Link(a, 2, b)));
    }
    said
}

/// A ring in which each node knows both its neighbours; the entity knows the first.
fn ring(nodes: usize) -> Vec<Said> {
    let mut said = vec![Said::Link(0, 1, 1)];
    for n in 0..nodes {
        said.push(Said::Link(n + 1, 2, (n + 1) % nodes + 1));
        said.push(Said::Link((n + 1) % nodes + 1, 1, n + 1));
    }
    said
}

/// Each node with a few links, by a fixed rule that looks random.
fn tangle(nodes: usize) -> Vec<Said> {
    let mut said: Vec<Said> = (1..=nodes).map(|n| Said::Link(0, 1, n)).collect();
    let mut state = 7_usize;
    for n in 1..=nodes {
        for _ in 0..3 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            said.push(Said::Link(n, 2, (state >> 33) % nodes + 1));
        }
    }
    said
}

#[test]
fn interlinked_nodes_cost_bounded_work() {
    for (what, nodes, statements) in [
        ("8, each with each", 8, complete(8)),
        ("200, each with each", 200, complete(200)),
        ("1000 in a ring", 1000, ring(1000)),
        ("1000 in a tangle", 1000, tangle(1000)),
        ("6000 in a tangle", 6000, tangle(6000)),
    ] {
        let start = Instant::now();
        let one = normal(triples(&statements, |n| format!("n{n}")), "n0");
        let took = start.elapsed();
        println!("{what}: {took:?}");
        // Unbounded it would take longer than anybody waits; a busy machine takes its time as well.
        assert!(took < Duration::from_secs(120), "{what}: {took:?}");
        let mut turned = statements;
        turned.reverse();
        let other = normal(
            triples(&turned, |n| format!("x{}", (n * 7) % 100_003)),
            "x0",
        );
        assert_eq!(one.body, other.body, "{what}");
        let own = subjects(&one).iter().filter(|s| s.contains('#')).count();
        match what {
            "8, each with each" | "1000 in a ring" => assert_eq!(own, nodes, "{what}"),
            "1000 in a tangle" => assert!(own > 990, "{what}: {own}"),
            "200, each with each" => {
                assert!(
                    one.findings
                        .iter()
                        .any(|f| f.code == "indistinguishable-blank-nodes")
                );
            }
            _ => assert!(
                one.findings
                    .iter()
                    .any(|f| f.code == "too-many-blank-nodes")
            ),
        }
    }
}

#[test]
fn a_change_in_one_node_renames_no_other() {
    let before = [
        Said::Link(0, 0, 1),
        Said::Link(0, 0, 2),
        Said::Link(0, 0, 3),
        Said::Link(0, 1, 4),
        Said::Link(0, 1, 5),
        Said::Word(1, 3, 1),
        Said::Word(2, 3, 2),
        Said::Word(3, 3, 3),
        Said::Word(4, 2, 1),
        Said::Word(5, 2, 2),
    ];
    let names = |said: &[Said]| subjects(&normal(triples(said, |n| format!("n{n}")), "n0"));
    let first = names(&before);
    for (what, changed) in [
        (
            "a word more about a node with a URL",
            [&before[..], &[Said::Word(2, 2, 9)]].concat(),
        ),
        (
            "a node more",
            [&before[..], &[Said::Link(0, 0, 6), Said::Word(6, 3, 9)]].concat(),
        ),
    ] {
        assert!(names(&changed).is_superset(&first), "{what}");
    }
    let mut other = before.to_vec();
    other[8] = Said::Word(4, 2, 7);
    assert_eq!(
        names(&other).intersection(&first).count(),
        first.len() - 1,
        "only node 4 is renamed"
    );
}
