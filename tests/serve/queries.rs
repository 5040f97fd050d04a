//! The SPARQL door: formats, refusals, what it says of itself.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_result_format() {
    let doors = open(Plan::default()).await;
    for (accept, expected, needle) in [
        ("*/*", "application/sparql-results+json", "\"人口統計\""),
        ("application/json", "application/json", "\"人口統計\""),
        (
            "application/sparql-results+xml",
            "application/sparql-results+xml",
            "xml:lang=\"zh\">人口統計",
        ),
        (
            "text/csv",
            "text/csv; charset=utf-8",
            "title\r\nHouseholds\r\n",
        ),
        (
            "text/tab-separated-values;q=0.9, text/html",
            "text/tab-separated-values; charset=utf-8",
            "\"人口統計\"@zh",
        ),
    ] {
        let response = doors
            .query(TITLES)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["content-type"].to_str().unwrap()
            ),
            (200, expected)
        );
        assert_eq!(response.headers()["vary"], "Accept");
        let text = response.text().await.unwrap();
        assert!(text.contains(needle), "{accept}: {needle} is not in {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_graph_format() {
    let doors = open(Plan::default()).await;
    let construct = "CONSTRUCT WHERE { ?s ?p ?o }";
    for format in [
        ("text/turtle", RdfFormat::Turtle),
        ("application/n-triples", RdfFormat::NTriples),
        ("application/rdf+xml", RdfFormat::RdfXml),
        (
            "application/ld+json",
            RdfFormat::JsonLd {
                profile: oxigraph::io::JsonLdProfileSet::empty(),
            },
        ),
        ("application/trig", RdfFormat::TriG),
        ("application/n-quads", RdfFormat::NQuads),
    ] {
        let response = doors
            .query(construct)
            .header("accept", format.0)
            .send()
            .await
            .unwrap();
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with(format.0)
        );
        assert_eq!(
            parsed(format.1, &response.bytes().await.unwrap()).len(),
            CATALOGUE_TRIPLES,
            "{}",
            format.0
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_answered_says_why() {
    let doors = open(with_query_limits(|limits| limits.query_bytes_max = 4096)).await;
    let ask = async |query: &str, accept: &str| {
        doors
            .query(query)
            .header("accept", accept)
            .send()
            .await
            .unwrap()
    };
    let document = problem(
        ask("SELECT * {\n  ?s ?p }", "*/*").await,
        400,
        "query-syntax",
    )
    .await;
    assert_eq!(
        (document["line"].as_u64(), document["column"].as_u64()),
        (Some(2), Some(10))
    );
    let document = problem(ask("ASK {}", "text/turtle").await, 406, "not-acceptable").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("application/sparql-results+json")
    );
    problem(
        ask("DESCRIBE <http://e.example/>", "text/csv").await,
        406,
        "not-acceptable",
    )
    .await;
    problem(
        ask(
            "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
            "*/*",
        )
        .await,
        400,
        "service-not-supported",
    )
    .await;
    problem(
        ask("SELECT (<http://e.example/f>(1) AS ?x) {}", "*/*").await,
        400,
        "query-not-evaluable",
    )
    .await;
    problem(
        ask(&format!("ASK {{}} # {}", "x".repeat(5000)), "*/*").await,
        413,
        "query-too-large",
    )
    .await;
    problem(
        doors
            .get("/sparql?default-graph-uri=http%3A%2F%2Fe.example%2F")
            .send()
            .await
            .unwrap(),
        400,
        "no-query",
    )
    .await;
    problem(
        doors
            .get("/sparql?query=ASK%7B%7D&default-graph-uri=%3Ca%3E")
            .send()
            .await
            .unwrap(),
        400,
        "bad-graph-iri",
    )
    .await;
    let huge = doors
        .query(&"x".repeat(4096 * 3 + 70_000))
        .send()
        .await
        .unwrap();
    problem(huge, 413, "content-too-large").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_nesting_is_refused_and_what_is_let_in_is_survived() {
    let doors = open(with_query_limits(|limits| limits.nesting_max = 200)).await;
    for (open, close) in [("{", "}"), ("(", ")")] {
        for deep in [5_000, 100_000] {
            let query = if open == "{" {
                format!("SELECT * {}{}", open.repeat(deep), close.repeat(deep))
            } else {
                format!(
                    "ASK {{ FILTER({}1{}) }}",
                    open.repeat(deep),
                    close.repeat(deep)
                )
            };
            problem(
                doors.query(&query).send().await.unwrap(),
                400,
                "query-too-deep",
            )
            .await;
        }
    }
    let allowed = format!("ASK {}{}", "{".repeat(200), "}".repeat(200));
    assert_eq!(doors.query(&allowed).send().await.unwrap().status(), 200);
    assert_eq!(doors.column(TITLES).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nearness_can_be_asked() {
    let doors = open(Plan::default()).await;
    let query = r#"
        PREFIX dcat: <http://www.w3.org/ns/dcat#>
        PREFIX geo: <http://www.opengis.net/ont/geosparql#>
        PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
        PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
        SELECT ?d { ?d <http://purl.org/dc/terms/spatial>/dcat:centroid ?at
          FILTER(geof:distance(?at, "POINT(121.5170 25.0478)"^^geo:wktLiteral, uom:metre) < 10000) }"#;
    assert_eq!(
        doors.column(query).await,
        ["<http://hub.example/dataset/moi/1>"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_describes_itself() {
    let doors = open(Plan::default()).await;
    let response = doors
        .get("/sparql")
        .header("accept", "application/n-triples")
        .send()
        .await
        .unwrap();
    let text = response.text().await.unwrap();
    let triples = format!(
        "<http://hub.example/sparql#default-graph> <http://rdfs.org/ns/void#triples> \"{CATALOGUE_TRIPLES}\"^^"
    );
    assert!(text.contains(&triples), "{text}");
    assert!(
        text.contains("sparql#datasets> <http://rdfs.org/ns/void#entities> \"2\"^^"),
        "{text}"
    );
    let response = doors.get("/sparql").send().await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/turtle; charset=utf-8"
    );
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let response = doors
        .get("/sparql")
        .header("accept", browser)
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    let page = response.text().await.unwrap();
    assert!(
        page.contains("<form action=\"/sparql\"") && !page.contains("<script>"),
        "{page}"
    );
    let switched = doors.get("/sparql?lang=en").header("accept", browser);
    let switched = switched.send().await.unwrap();
    assert!(
        switched.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .starts_with("lang=en;")
    );
    assert!(switched.text().await.unwrap().contains("Examples"));
}

/// An IRI may hold a comma: that of a query to another service does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_iri_with_a_comma_is_one_column_of_csv() {
    let doors = open(Plan::default()).await;
    let query =
        "SELECT ?a ?b { BIND(<http://e.example/x?select=a,b> AS ?a) BIND(\"c,\\\"d\\\"\" AS ?b) }";
    let request = doors.query(query).header("accept", "text/csv");
    let response = request.send().await.unwrap();
    assert_eq!(
        response.text().await.unwrap(),
        "a,b\r\n\"http://e.example/x?select=a,b\",\"c,\"\"d\"\"\"\r\n"
    );
}

/// A form cannot set a header; what it sends instead counts more than what the browser says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_chooses_the_format() {
    let doors = open(Plan::default()).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let ask = async |query: &str, format: &str| {
        let request = doors.get(&format!("/sparql?query={query}&format={format}"));
        request.header("accept", browser).send().await.unwrap()
    };
    for (query, format, expected) in [
        ("ASK%7B%7D", "json", "application/json"),
        ("ASK%7B%7D", "csv", "text/csv; charset=utf-8"),
        (
            "ASK%7B%7D",
            "application/sparql-results+json",
            "application/sparql-results+json",
        ),
        ("ASK%7B%7D", "", "application/xml"),
        ("DESCRIBE%20%3Ca:b%3E", "json", "application/json"),
        ("DESCRIBE%20%3Ca:b%3E", "ttl", "text/turtle; charset=utf-8"),
    ] {
        let response = ask(query, format).await;
        assert_eq!(
            response.headers()["content-type"],
            expected,
            "{query} {format}"
        );
        assert_eq!(response.status(), 200);
    }
    let program = async |query: &str, format: &str| {
        let request = doors.get(&format!("/sparql?query={query}&format={format}"));
        request.send().await.unwrap()
    };
    problem(
        program("DESCRIBE%20%3Ca:b%3E", "csv").await,
        406,
        "not-acceptable",
    )
    .await;
    let document = problem(program("ASK%7B%7D", "exe").await, 400, "unknown-format").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("json, xml, csv")
    );
    let posted = doors.post("/sparql").header("accept", browser);
    let posted = posted
        .header("content-type", "application/x-www-form-urlencoded")
        .body("query=ASK%7B%7D&format=tsv")
        .send()
        .await
        .unwrap();
    assert_eq!(posted.text().await.unwrap().trim_end(), "true");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_published_is_not_an_empty_catalogue() {
    let doors = open(Plan {
        publish: false,
        ..Plan::default()
    })
    .await;
    for path in [
        "/sparql?query=ASK%7B%7D",
        "/catalog.ttl",
        "/dataset/moi/1",
        "/readyz",
    ] {
        let response = doors.get(path).send().await.unwrap();
        assert!(response.headers().contains_key("retry-after"), "{path}");
        problem(response, 503, "nothing-published").await;
    }
    assert_eq!(doors.get("/healthz").send().await.unwrap().status(), 200);
    assert_eq!(doors.get("/sparql").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misspelt_query_and_an_update_are_told_apart() {
    let doors = open(Plan::default()).await;
    let misspelt = doors
        .query("# titles\nSELEC * { ?s ?p ?o }")
        .send()
        .await
        .unwrap();
    let document = problem(misspelt, 400, "query-syntax").await;
    assert_eq!(
        (document["line"].as_u64(), document["column"].as_u64()),
        (Some(2), Some(1))
    );
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains("Is SELECT meant?"), "{detail}");
    let update = doors
        .query("INSERT DATA { <a:b> <a:c> 1 }")
        .send()
        .await
        .unwrap();
    let document = problem(update, 400, "query-syntax").await;
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains("only answers queries"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_format_that_cannot_fit_is_answered_with_those_that_do() {
    let doors = open(Plan::default()).await;
    for (query, accept, answer, fitting) in [
        (
            "ASK {}",
            "text/turtle",
            "SELECT and ASK is a table",
            "text/csv",
        ),
        (
            "SELECT * {}",
            "application/ld+json",
            "SELECT and ASK is a table",
            "application/sparql-results+xml",
        ),
        (
            "CONSTRUCT WHERE { ?s ?p ?o }",
            "text/csv",
            "CONSTRUCT and DESCRIBE is a graph",
            "application/rdf+xml",
        ),
        (
            "DESCRIBE <http://e.example/>",
            "application/sparql-results+json",
            "is a graph",
            "text/turtle",
        ),
    ] {
        let response = doors
            .query(query)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        let document = problem(response, 406, "not-acceptable").await;
        let detail = document["detail"].as_str().unwrap();
        for needle in [answer, accept, fitting] {
            assert!(
                detail.contains(needle),
                "{query}: {needle} is not in {detail}"
            );
        }
    }
}

/// What a user means by describing a dataset is what its address answers; described with others it is the engine's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entity_is_described_with_what_it_contains() {
    let doors = open(Plan::default()).await;
    let describe = async |query: &str| {
        let response = doors
            .query(query)
            .header("accept", "application/n-triples")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{query}");
        parsed(RdfFormat::NTriples, &response.bytes().await.unwrap())
    };
    let address = doors
        .get("/dataset/moi/1")
        .header("accept", "application/n-triples")
        .send()
        .await
        .unwrap();
    let whole = parsed(RdfFormat::NTriples, &address.bytes().await.unwrap());
    let alone = describe("BASE <http://hub.example/> DESCRIBE <dataset/moi/1>").await;
    assert_eq!(alone, whole);
    assert!(
        alone
            .iter()
            .any(|triple| triple.contains("http://moi.example/1.csv")),
        "{alone:?}"
    );
    let with_where =
        describe("DESCRIBE ?d WHERE { ?d a <http://www.w3.org/ns/dcat#Dataset> }").await;
    assert!(
        !with_where
            .iter()
            .any(|triple| triple.contains("http://moi.example/1.csv"))
    );
    let distribution = describe("DESCRIBE <http://hub.example/record/moi/1#b0>").await;
    assert!(
        distribution
            .iter()
            .any(|triple| triple.contains("http://moi.example/1.csv"))
    );
    assert!(
        describe("DESCRIBE <http://e.example/unknown>")
            .await
            .is_empty()
    );
}
