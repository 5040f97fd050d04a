//! SPARQL 1.1 Protocol, query operation: the requests of the W3C's twenty tests that apply to a read-only endpoint, and
//! what each must answer. One row a request.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;

use doors::{Plan, open};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const DATA: [&str; 3] = [
    "http://kasei.us/2009/09/sparql/data/data1.rdf",
    "http://kasei.us/2009/09/sparql/data/data2.rdf",
    "http://kasei.us/2009/09/sparql/data/data3.rdf",
];
const NOWHERE: &str = "http://kasei.us/2009/09/sparql/data/data0.rdf";

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const DIRECT: Option<&str> = Some("application/sparql-query");

#[derive(Clone, Copy)]
enum Expected {
    True,
    Table,
    Graph,
    ClientError,
}

struct Case {
    name: &'static str,
    method: &'static str,
    parameters: Vec<(&'static str, String)>,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    expected: Expected,
}

fn case(name: &'static str, method: &'static str, expected: Expected) -> Case {
    Case {
        name,
        method,
        parameters: Vec::new(),
        content_type: None,
        body: Vec::new(),
        expected,
    }
}

impl Case {
    fn with(mut self, parameter: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((parameter, value.into()));
        self
    }

    fn body(mut self, content_type: Option<&'static str>, body: impl Into<Vec<u8>>) -> Self {
        self.content_type = content_type;
        self.body = body.into();
        self
    }

    fn path(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if parameters.is_empty() {
            "/sparql".to_owned()
        } else {
            format!("/sparql?{}", parameters.join("&"))
        }
    }
}

/// `<data1> a ?type . <data2> a ?type .`, each in its own graph where `named`.
fn about(named: bool) -> String {
    let [one, two, _] = DATA;
    if named {
        format!("GRAPH ?g1 {{ <{one}> a ?type }} GRAPH ?g2 {{ <{two}> a ?type }}")
    } else {
        format!("<{one}> a ?type . <{two}> a ?type .")
    }
}

fn good_cases() -> Vec<Case> {
    use Expected::{Graph, Table, True};
    let [one, two, three] = DATA;
    let ask = |pattern: String| format!("ASK {{ {pattern} }}");
    let utf_8 = |text: String| text.into_bytes();
    vec![
        case("query_post_form", "POST", True)
            .with("default-graph-uri", NOWHERE)
            .body(FORM, "query=ASK%20%7B%7D"),
        case("query_dataset_default_graphs_get", "GET", True)
            .with("query", ask(about(false)))
            .with("default-graph-uri", one)
            .with("default-graph-uri", two),
        case("query_dataset_default_graphs_post", "POST", True)
            .with("default-graph-uri", one)
            .with("default-graph-uri", two)
            .body(DIRECT, utf_8(ask(about(false)))),
        case("query_dataset_named_graphs_post", "POST", True)
            .with("named-graph-uri", one)
            .with("named-graph-uri", two)
            .body(DIRECT, utf_8(ask(about(true)))),
        case("query_dataset_named_graphs_get", "GET", True)
            .with("query", ask(about(true)))
            .with("named-graph-uri", one)
            .with("named-graph-uri", two),
        case("query_dataset_full", "POST", True)
            .with("default-graph-uri", three)
            .with("named-graph-uri", one)
            .with("named-graph-uri", two)
            .body(
                DIRECT,
                utf_8(ask(format!("<{three}> a ?type {}", about(true)))),
            ),
        case("query_multiple_dataset", "POST", True)
            .with("named-graph-uri", one)
            .with("named-graph-uri", two)
            .body(
                DIRECT,
                utf_8(format!("ASK FROM <{three}> {{ {} }}", about(true))),
            ),
        case("query_get", "GET", True)
            .with("query", "ASK {}")
            .with("default-graph-uri", NOWHERE),
        case("query_content_type_select", "POST", Table)
            .with("default-graph-uri", NOWHERE)
            .body(DIRECT, "SELECT (1 AS ?value) {}"),
        case("query_content_type_ask", "POST", True)
            .with("default-graph-uri", NOWHERE)
            .body(DIRECT, "ASK {}"),
        case("query_content_type_describe", "POST", Graph)
            .with("default-graph-uri", NOWHERE)
            .body(DIRECT, "DESCRIBE <http://example.org/>"),
        case("query_content_type_construct", "POST", Graph)
            .with("default-graph-uri", NOWHERE)
            .body(DIRECT, "CONSTRUCT { <s> <p> 1 } WHERE {}"),
        case("query_post_direct", "POST", True).body(DIRECT, "ASK {}"),
    ]
}

fn bad_cases() -> Vec<Case> {
    use Expected::ClientError;
    let utf_16: Vec<u8> = std::iter::once(0xFEFF)
        .chain("ASK {}".encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    vec![
        case("bad_query_method", "PUT", ClientError)
            .with("query", "ASK {}")
            .body(FORM, ""),
        case("bad_multiple_queries", "GET", ClientError)
            .with("query", "ASK {}")
            .with("query", "SELECT * {}"),
        case("bad_query_wrong_media_type", "POST", ClientError).body(Some("text/plain"), "ASK {}"),
        case("bad_query_missing_form_type", "POST", ClientError).body(None, "query=ASK%20%7B%7D"),
        case("bad_query_missing_direct_type", "POST", ClientError).body(None, "ASK {}"),
        case("bad_query_non_utf8", "POST", ClientError)
            .body(Some("application/sparql-query; charset=UTF-16"), utf_16),
        case("bad_query_syntax", "GET", ClientError).with("query", "ASK {"),
    ]
}

async fn house() -> doors::Doors {
    const TYPED: [&str; 3] = [
        "<http://kasei.us/2009/09/sparql/data/data1.rdf> a <http://xmlns.com/foaf/0.1/Document> .",
        "<http://kasei.us/2009/09/sparql/data/data2.rdf> a <http://xmlns.com/foaf/0.1/Document> .",
        "<http://kasei.us/2009/09/sparql/data/data3.rdf> a <http://xmlns.com/foaf/0.1/Document> .",
    ];
    let graphs = DATA.into_iter().zip(TYPED.map(|triple| triple)).collect();
    open(Plan {
        graphs,
        turtle: String::new(),
        ..Plan::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_protocols_tests() {
    let doors = house().await;
    let cases: Vec<Case> = good_cases().into_iter().chain(bad_cases()).collect();
    assert_eq!(cases.len(), 20);
    for case in cases {
        let mut request = doors
            .request(case.method, &case.path())
            .header("accept", "*/*");
        if let Some(content_type) = case.content_type {
            request = request.header("content-type", content_type);
        }
        if case.method != "GET" {
            request = request.body(case.body.clone());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let text = response.text().await.unwrap();
        let name = case.name;
        match case.expected {
            Expected::ClientError => {
                assert!(status.is_client_error(), "{name}: {status} {text}");
                assert_eq!(kind, "application/problem+json", "{name}");
            }
            Expected::True => {
                assert_eq!(
                    (status.as_u16(), kind.as_str()),
                    (200, "application/sparql-results+json"),
                    "{name}: {text}"
                );
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(answer["boolean"], true, "{name}: {text}");
            }
            Expected::Table => {
                assert_eq!(
                    (status.as_u16(), kind.as_str()),
                    (200, "application/sparql-results+json"),
                    "{name}: {text}"
                );
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(
                    answer["results"]["bindings"][0]["value"]["value"], "1",
                    "{name}: {text}"
                );
            }
            Expected::Graph => {
                assert_eq!(
                    (status.as_u16(), kind.as_str()),
                    (200, "text/turtle; charset=utf-8"),
                    "{name}: {text}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_of_a_put_is_what_is_allowed() {
    let doors = house().await;
    let response = doors
        .request("PUT", "/sparql?query=ASK%20%7B%7D")
        .send()
        .await
        .unwrap();
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    doors::problem(response, 405, "method-not-allowed").await;
    let mut allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_are_refused_however_they_come() {
    let doors = house().await;
    let direct = doors
        .post("/sparql")
        .header("content-type", "application/sparql-update")
        .body("CLEAR ALL");
    doors::problem(direct.send().await.unwrap(), 403, "read-only").await;
    let form = doors
        .post("/sparql")
        .header("content-type", FORM.unwrap())
        .body("update=CLEAR%20ALL");
    doors::problem(form.send().await.unwrap(), 403, "read-only").await;
    doors::problem(
        doors
            .get("/sparql?update=CLEAR%20ALL")
            .send()
            .await
            .unwrap(),
        403,
        "read-only",
    )
    .await;
    doors::problem(
        doors.query("CLEAR ALL").send().await.unwrap(),
        400,
        "query-syntax",
    )
    .await;
    assert_eq!(
        doors
            .column("SELECT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g")
            .await
            .len(),
        3
    );
}

/// A merge holds a triple once, though several of its graphs hold it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_of_graphs_is_a_set() {
    let same = "<http://e.example/s> <http://e.example/p> 1 .";
    let graphs = vec![
        ("http://e.example/a", same),
        ("http://e.example/b", same),
        (
            "http://e.example/c",
            "<http://e.example/s> <http://e.example/p> 2 .",
        ),
    ];
    let doors = open(Plan {
        graphs,
        turtle: String::new(),
        ..Plan::default()
    })
    .await;
    let from = "FROM <http://e.example/a> FROM <http://e.example/b> FROM <http://e.example/c>";
    let counted = doors
        .column(&format!("SELECT (COUNT(*) AS ?n) {from} {{ ?s ?p ?o }}"))
        .await;
    assert_eq!(counted, ["2"]);
    let named = doors
        .column(&format!(
            "SELECT ?g {from} FROM NAMED <http://e.example/a> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
        ))
        .await;
    assert_eq!(named, ["<http://e.example/a>"]);
}
