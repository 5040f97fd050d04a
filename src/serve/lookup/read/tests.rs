//! Lookups against the engine's own answers: over random graphs and patterns, and at the edge of the budget.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::serve::{answer::write, negotiate::GraphFormat};
use oxigraph::{
    io::RdfFormat,
    sparql::{SparqlEvaluator, results::QueryResultsFormat},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use spargebra::SparqlParser;
use std::{cell::Cell, fmt::Write as _, time::Duration};

const BYTES_MAX: usize = 100_000;

fn budget(triples: usize) -> Budget {
    Budget::new(
        triples,
        BYTES_MAX,
        Instant::now() + Duration::from_secs(600),
    )
}

fn plan(query: &str) -> Option<Plan> {
    Plan::of(SparqlParser::new().parse_query(query).unwrap())
}

fn store(turtle: &str) -> Store {
    let store = Store::new().unwrap();
    store.load_from_slice(RdfFormat::TriG, turtle).unwrap();
    store
}

/// The bytes of an answer as they go out, its rows sorted. A triple that the engine writes twice is one in the graph.
fn written(found: Found) -> String {
    let mut bytes = Vec::new();
    match found {
        Found::Table(results) => {
            write::write_table(results, QueryResultsFormat::Tsv, &mut bytes).unwrap();
        }
        Found::Graph(triples) => {
            bytes.extend(b"graph\n");
            let triples = triples.into_iter().map(Ok);
            write::write_triples(triples, GraphFormat::NTriples, &mut bytes).unwrap();
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, rows) = text.split_once('\n').unwrap_or((&text, ""));
    let mut rows: Vec<_> = rows.lines().collect();
    rows.sort_unstable();
    if head == "graph" {
        rows.dedup();
    }
    format!("{head}\n{}", rows.join("\n"))
}

fn of_the_engine(store: &Store, query: &str) -> String {
    let evaluator = SparqlEvaluator::new().parse_query(query).unwrap();
    match evaluator.on_store(store).execute().unwrap() {
        QueryResults::Graph(triples) => {
            written(Found::Graph(triples.map(Result::unwrap).collect()))
        }
        QueryResults::Boolean(found) => written(Found::Table(QueryResults::Boolean(found))),
        QueryResults::Solutions(solutions) => {
            let variables = Arc::from(solutions.variables());
            let rows: Vec<_> = solutions
                .map(|s| Ok(s.unwrap().values().to_vec()))
                .collect();
            let rows = QuerySolutionIter::from_tuples(variables, rows);
            written(Found::Table(QueryResults::Solutions(rows)))
        }
    }
}

/// None: the lookup leaves the query to a worker.
fn of_the_lookup(store: &Store, query: &str, triples_max: usize) -> Option<String> {
    match evaluate(store, &plan(query)?, &mut budget(triples_max)) {
        Ok(found) => Some(written(found)),
        Err(Over::Budget) => None,
        Err(Over::Storage(error)) => panic!("{error}"),
    }
}

/// Subjects and objects of the data. The first so many can be subjects.
const TERMS: &[&str] = &[
    "<n:0>",
    "<n:1>",
    "<n:2>",
    "<n:3>",
    "_:b",
    "\"a\"",
    "\"a\"@en",
    "\"a\"@zh-Hant",
    "1",
    "01",
    "1.0",
    "true",
    "\"a\"^^<n:0>",
    "\"2026-11-21T00:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>",
];
const SUBJECTS: usize = 5;
const PREDICATES: &[&str] = &["<n:0>", "<p:1>", "a"];
const VARIABLES: &[&str] = &["?a", "?b", "?c", "?d"];

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(from)
}

fn graph() -> impl Strategy<Value = String> {
    let triple = (pick(&TERMS[..SUBJECTS]), pick(PREDICATES), pick(TERMS));
    vec(triple, 0..80).prop_map(|triples| {
        let mut trig = String::new();
        for (s, p, o) in triples {
            writeln!(trig, "{s} {p} {o} .").unwrap();
        }
        // What is in a named graph is nothing to the default graph.
        trig + "<g:1> { <n:0> <p:1> <n:4> . <n:4> <p:1> \"a\" }"
    })
}

/// A triple pattern; `§` stands for the number of its group, since a blank node belongs to one.
fn triple() -> impl Strategy<Value = String> {
    let constant = |from| pick(from).prop_filter("a name, not a node", |t| *t != "_:b");
    let subject =
        prop_oneof![5 => pick(VARIABLES), 1 => Just("_:x§"), 4 => constant(&TERMS[..SUBJECTS])];
    let predicate = prop_oneof![1 => pick(VARIABLES), 4 => pick(PREDICATES)];
    let object = prop_oneof![4 => pick(VARIABLES), 1 => Just("_:x§"), 4 => constant(TERMS)];
    (subject, predicate, object).prop_map(|(s, p, o)| format!("{s} {p} {o} . "))
}

fn query() -> impl Strategy<Value = String> {
    let selected = prop_oneof![
        1 => Just("ASK".to_owned()),
        2 => Just("SELECT *".to_owned()),
        4 => proptest::sample::subsequence(VARIABLES, 1..=3).prop_map(|v| format!("SELECT {}", v.join(" "))),
        3 => vec(triple(), 1..3).prop_map(|made| format!("CONSTRUCT {{ {}}} WHERE", made.concat().replace("_:x§", "?e"))),
    ];
    let groups = vec(vec(triple(), 1..4), 1..4);
    let limit = proptest::option::weighted(0.3, 0..9_usize);
    (selected, groups, limit).prop_map(|(selected, groups, limit)| {
        let mut query = format!("{selected} {{ ");
        for (n, group) in groups.iter().enumerate() {
            let group = group.concat().replace('§', &n.to_string());
            query += &if n == 0 {
                group
            } else {
                format!("OPTIONAL {{ {group}}} ")
            };
        }
        query.push('}');
        match limit {
            Some(limit) if query.starts_with("SELECT") => format!("{query} LIMIT {limit}"),
            _ => query,
        }
    })
}

#[test]
fn a_lookup_answers_what_the_engine_answers() {
    let (tried, answered, rows) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let config = Config {
        cases: 4_000,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, seed)
        .run(&(graph(), query()), |(graph, query)| {
            let store = store(&graph);
            tried.set(tried.get() + 1);
            let Some(ours) = of_the_lookup(&store, &query, 500) else {
                return Ok(());
            };
            prop_assert_eq!(
                &ours,
                &of_the_engine(&store, &query),
                "{}\n{}",
                graph,
                query
            );
            answered.set(answered.get() + 1);
            rows.set(rows.get() + u32::from(ours.lines().count() > 2));
            Ok(())
        })
        .unwrap();
    let (tried, answered, rows) = (tried.get(), answered.get(), rows.get());
    assert!(
        answered * 4 > tried && rows * 20 > tried,
        "of {tried} queries {answered} were lookups and {rows} had several rows: the test compares too little"
    );
}

#[test]
fn what_is_no_lookup_goes_to_a_worker() {
    for (query, expected) in [
        ("SELECT ?p ?o { <n:0> ?p ?o }", true),
        (
            "SELECT * { ?s <p:1> \"a\" ; a <n:0> ; ?p ?o } LIMIT 9",
            true,
        ),
        (
            "SELECT ?s ?s2 { ?s <p:1> <n:0> OPTIONAL { ?s <p:2> ?s2 } }",
            true,
        ),
        ("ASK { <n:0> a <n:1> }", true),
        ("SELECT ?none { <n:0> <p:1> <n:1> }", true),
        ("SELECT * { ?s a <n:0> }", false),
        ("SELECT * { ?s ?p ?o }", false),
        ("SELECT * { <n:0> <p:1> ?a . ?b <p:1> ?c }", false),
        (
            "SELECT * { <n:0> <p:1> ?a OPTIONAL { ?b <p:1> ?c } }",
            false,
        ),
        (
            "SELECT * { <n:0> <p:1> ?a OPTIONAL { ?a <p:1> ?c FILTER(?c > 1) } }",
            false,
        ),
        (
            "SELECT * { <n:0> <p:1> ?a OPTIONAL { ?a <p:1> ?c OPTIONAL { ?c ?p ?o } } }",
            false,
        ),
        ("SELECT DISTINCT ?p { <n:0> ?p ?o }", false),
        ("SELECT ?p { <n:0> ?p ?o } OFFSET 1", false),
        ("SELECT ?p { <n:0> ?p ?o } ORDER BY ?p", false),
        ("SELECT (COUNT(*) AS ?n) { <n:0> ?p ?o }", false),
        ("SELECT * FROM <g:1> { <n:0> ?p ?o }", false),
        ("SELECT * { GRAPH <g:1> { <n:0> ?p ?o } }", false),
        ("SELECT * { <n:0> <p:1>* ?o }", false),
        ("SELECT * { { <n:0> ?p ?o } UNION { <n:1> ?p ?o } }", false),
        ("SELECT * {}", false),
        ("ASK {}", false),
        ("CONSTRUCT { <n:0> ?p ?o } { <n:0> ?p ?o }", true),
        (
            "CONSTRUCT { ?s ?p ?o . ?o ?q ?v } { ?s <p:1> \"a\" ; ?p ?o OPTIONAL { ?o ?q ?v } }",
            true,
        ),
        ("CONSTRUCT WHERE { <n:0> ?p ?o }", true),
        ("CONSTRUCT { <n:0> ?p [] } { <n:0> ?p ?o }", false),
        ("CONSTRUCT { <n:0> ?p ?o } { <n:0> ?p ?o } LIMIT 3", false),
        ("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", false),
        ("CONSTRUCT { ?s ?p ?o } FROM <g:1> { <n:0> ?p ?o }", false),
        ("DESCRIBE <n:0>", false),
    ] {
        assert_eq!(plan(query).is_some(), expected, "{query}");
    }
}

#[test]
fn beyond_its_budget_a_lookup_ends() {
    let mut trig = String::new();
    for n in 0..300 {
        writeln!(trig, "<n:0> <p:1> <n:{n}> . <n:{n}> <p:2> <n:0> .").unwrap();
    }
    let store = store(&trig);
    let all = "SELECT * { <n:0> <p:1> ?a }";
    // One question of the index, and 300 triples.
    assert!(of_the_lookup(&store, all, 300).is_none());
    assert_eq!(
        of_the_lookup(&store, all, 301).unwrap().lines().count(),
        301
    );
    // Reached, but a product of 300 with 300: ended long before.
    let product = "SELECT * { <n:0> <p:1> ?a . ?a <p:2> ?b . ?b <p:1> ?c }";
    assert!(of_the_lookup(&store, product, 1_000).is_none());
    // Which ten rows these are would be the engine's choice.
    assert!(of_the_lookup(&store, &format!("{all} LIMIT 10"), 1_000).is_none());
    assert!(of_the_lookup(&store, &format!("{all} LIMIT 300"), 1_000).is_some());
    let plan = plan(all).unwrap();
    let mut late = Budget::new(1_000, BYTES_MAX, Instant::now());
    assert!(matches!(
        evaluate(&store, &plan, &mut late),
        Err(Over::Budget)
    ));
    let mut small = Budget::new(1_000, 100, Instant::now() + Duration::from_secs(600));
    assert!(matches!(
        evaluate(&store, &plan, &mut small),
        Err(Over::Budget)
    ));
}

#[test]
fn the_most_telling_pattern_is_read_first() {
    let mut trig = "<n:7> <p:id> \"7\" .".to_owned();
    for n in 0..300 {
        writeln!(trig, "<n:{n}> a <n:Set> ; <p:of> <n:agency> .").unwrap();
    }
    let found = of_the_lookup(
        &store(&trig),
        "SELECT * { ?s a <n:Set> ; <p:of> <n:agency> ; ?p ?o ; <p:id> \"7\" }",
        12,
    );
    assert_eq!(found.unwrap().lines().count(), 4);
}

/// What an OPTIONAL adds to solutions in a row is read once for those of one subject, and counted for each.
#[test]
fn one_dataset_as_a_graph() {
    let mut trig = "<n:0> <p:id> \"7\" .".to_owned();
    for n in 1..15 {
        writeln!(trig, "<n:0> <p:{n}> \"{n}\" .").unwrap();
    }
    for n in 1..4 {
        writeln!(trig, "<n:0> <p:x> <n:{n}> .").unwrap();
        for q in 0..8 {
            writeln!(trig, "<n:{n}> <q:{q}> \"{n}.{q}\" .").unwrap();
        }
    }
    let store = store(&trig);
    let query = "CONSTRUCT { ?d ?p ?o . ?x ?q ?v } { ?d <p:id> \"7\" ; ?p ?o . OPTIONAL { ?d <p:x> ?x . ?x ?q ?v } }";
    let rows = 18 * 24;
    let found = of_the_lookup(&store, query, rows + 150).unwrap();
    assert_eq!(found, of_the_engine(&store, query));
    assert_eq!(found.lines().count(), 1 + 18 + 24);
    assert!(of_the_lookup(&store, query, rows).is_none());
}
