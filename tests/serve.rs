//! The doors over a real snapshot and real worker processes, with a double at the desk.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;

use doors::{CATALOGUE_TRIPLES, Plan, TOKEN, eventually, open, problem, read_all};
use harvestd::serve::{ListenLimits, admin, layers};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::Quad,
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Sorts millions of rows: the engine's own cancellation would not stop it, and its memory grows by hundreds of MB a second.
const ENDLESS_SORT: &str =
    "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o } ORDER BY ?c ?f ?i ?l ?o";
/// Counts for ever in little memory.
const ENDLESS: &str = "SELECT (COUNT(*) AS ?many) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }";
/// Gives rows at once, and never comes to an end in a test's time.
const ENDLESS_STREAM: &str = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }";
const TITLES: &str = "PREFIX dct: <http://purl.org/dc/terms/> SELECT ?title { ?d a <http://www.w3.org/ns/dcat#Dataset> ; dct:title ?title } ORDER BY ?title";

fn with_query_limits(change: impl FnOnce(&mut harvestd::config::QueryLimits)) -> Plan {
    let mut plan = Plan::default();
    change(&mut plan.limits.query);
    plan
}

fn parsed(format: RdfFormat, bytes: &[u8]) -> BTreeSet<String> {
    RdfParser::from_format(format)
        .for_slice(bytes)
        .map(|quad: Result<Quad, _>| quad.unwrap().to_string())
        .collect()
}

mod queries {
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
            page.contains("<form action=\"/sparql\"") && !page.contains("<script"),
            "{page}"
        );
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
}

mod workers {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_deadline_ends_a_query_and_nobody_elses() {
        let doors = open(with_query_limits(|limits| {
            limits.deadline_ms = 1_500;
            limits.memory_bytes_max = 16 * 1024 * 1024 * 1024;
        }))
        .await;
        assert_eq!(doors.column(TITLES).await.len(), 3);
        let endless = tokio::spawn(doors.query(ENDLESS_SORT).send());
        let mut answered = 0;
        while !endless.is_finished() {
            assert_eq!(doors.column(TITLES).await.len(), 3);
            answered += 1;
        }
        assert!(
            answered > 5,
            "only {answered} queries were answered beside an endless one"
        );
        problem(endless.await.unwrap().unwrap(), 504, "deadline").await;
        // Both places are taken again, one by a fresh worker.
        let (a, b) = tokio::join!(doors.column(TITLES), doors.column(TITLES));
        assert_eq!((a.len(), b.len()), (3, 3));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_ends_a_query_and_nobody_elses() {
        let doors = open(with_query_limits(|limits| {
            limits.memory_bytes_max = 1024 * 1024 * 1024;
            limits.deadline_ms = 60_000;
            limits.workers = 1;
        }))
        .await;
        let document = problem(
            doors.query(ENDLESS_SORT).send().await.unwrap(),
            500,
            "memory",
        )
        .await;
        assert!(
            document["detail"].as_str().unwrap().contains("1073 MB"),
            "{document}"
        );
        assert_eq!(doors.column(TITLES).await.len(), 3);
    }

    /// Deep without a bracket: nothing but the worker's own end stops it, and the daemon lives on.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stack_that_overflows_takes_nothing_with_it() {
        let doors = open(with_query_limits(|limits| limits.workers = 1)).await;
        let query = format!("ASK {{ FILTER({}true) }}", "!".repeat(1_000_000));
        let response = doors.query(&query).send().await.unwrap();
        problem(response, 400, "query-too-deep").await;
        assert_eq!(doors.column(TITLES).await.len(), 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_that_goes_away_frees_its_worker() {
        let doors = open(with_query_limits(|limits| {
            limits.workers = 1;
            limits.deadline_ms = 300_000;
        }))
        .await;
        for query in [ENDLESS, ENDLESS_STREAM] {
            let stream = doors.raw(&doors.raw_query(query)).await;
            // The only worker has it once a second question would have to wait.
            eventually("the worker is taken", async || {
                let response = doors
                    .get("/metrics")
                    .send()
                    .await
                    .unwrap()
                    .text()
                    .await
                    .unwrap();
                response
                    .lines()
                    .any(|line| line.starts_with("harvestd_workers_free{pool=\"queries\"} 0"))
            })
            .await;
            drop(stream);
            let began = Instant::now();
            assert_eq!(doors.column(TITLES).await.len(), 3);
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{:?}",
                began.elapsed()
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_broken_answer_never_looks_whole() {
        let doors = open(with_query_limits(|limits| limits.deadline_ms = 1_000)).await;
        let bytes = read_all(doors.raw(&doors.raw_query(ENDLESS_STREAM)).await).await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("transfer-encoding: chunked"),
            "{}",
            &text[..300]
        );
        assert!(bytes.len() > 256 * 1024, "{} bytes", bytes.len());
        assert!(
            !bytes.ends_with(b"0\r\n\r\n"),
            "the cut answer ends as a whole one"
        );
        for encoding in ["gzip", "br", "zstd"] {
            let path = format!(
                "/sparql?query={}",
                ENDLESS_STREAM.replace(' ', "+").replace('?', "%3F")
            );
            let response = doors.encoded(&path, encoding).await;
            assert_eq!(
                (
                    response.status().as_u16(),
                    response.headers()["content-encoding"].to_str().unwrap()
                ),
                (200, encoding)
            );
            assert!(
                response.bytes().await.is_err(),
                "{encoding}: a cut answer was read as whole"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_long_answer_is_whole() {
        let mut turtle = String::from("@prefix e: <http://e.example/> .\n");
        for i in 0..20_000 {
            turtle.push_str(&format!("e:s{i} e:p \"value number {i}\" .\n"));
        }
        let doors = open(Plan {
            turtle,
            ..Plan::default()
        })
        .await;
        assert_eq!(doors.column("SELECT ?s { ?s ?p ?o }").await.len(), 20_000);
        let response = doors.get("/catalog.nt").send().await.unwrap();
        assert_eq!(
            parsed(RdfFormat::NTriples, &response.bytes().await.unwrap()).len(),
            20_000
        );
    }

    /// Two clients that read a dump slowly have their workers, and no more than two.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn slow_readers_of_dumps_do_not_hold_up_the_house() {
        let mut turtle = doors::CATALOGUE.to_owned();
        let long = "long words ".repeat(100);
        for i in 0..30_000 {
            turtle.push_str(&format!("<http://e.example/{i}> dct:title \"{long}\" .\n"));
        }
        let doors = open(Plan {
            turtle,
            ..Plan::default()
        })
        .await;
        let request = "GET /catalog.nt HTTP/1.1\r\nHost: hub.example\r\n\r\n";
        let mut slow = Vec::new();
        for _ in 0..4 {
            slow.push(doors.raw(request).await);
        }
        eventually("two dumps are under way", async || {
            let text = doors
                .get("/metrics")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            text.contains("harvestd_workers_free{pool=\"house\"} 1")
        })
        .await;
        for _ in 0..20 {
            assert_eq!(
                doors.get("/dataset/moi/1").send().await.unwrap().status(),
                200
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_queue_is_said_at_once() {
        let doors = open(with_query_limits(|limits| {
            limits.workers = 1;
            limits.queue_max = 1;
            limits.deadline_ms = 3_000;
        }))
        .await;
        assert_eq!(doors.column(TITLES).await.len(), 3);
        let answers =
            futures_util::future::join_all((0..4).map(|_| doors.query(ENDLESS).send())).await;
        let mut codes = Vec::new();
        for answer in answers {
            let answer = answer.unwrap();
            if answer.status() == 503 {
                assert_eq!(answer.headers()["retry-after"], "5");
            }
            let document: serde_json::Value =
                serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            codes.push(
                document["type"]
                    .as_str()
                    .unwrap()
                    .rsplit(':')
                    .next()
                    .unwrap()
                    .to_owned(),
            );
        }
        codes.sort_unstable();
        // One is evaluated, one waits, and two are refused at once. The one that waits may run out of time, too.
        assert_eq!(
            (codes[..2].concat(), codes[3].as_str()),
            ("busybusy".to_owned(), "deadline"),
            "{codes:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn readers_move_to_a_new_snapshot_and_let_the_old_one_go() {
        let mut doors = open(Plan::default()).await;
        assert_eq!(doors.column(TITLES).await.len(), 3);
        let old = std::sync::Arc::downgrade(doors.published.borrow().as_ref().unwrap());
        doors.add("<http://hub.example/dataset/moi/3> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> \"Third\" .");
        assert_eq!(
            doors.column(TITLES).await.len(),
            3,
            "an unpublished change is seen"
        );
        doors.publish();
        assert_eq!(doors.column(TITLES).await.len(), 4);
        eventually("the old snapshot is let go", async || {
            old.upgrade().is_none()
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn strangers_queries_do_not_hold_up_the_house() {
        let doors = open(with_query_limits(|limits| limits.deadline_ms = 4_000)).await;
        let endless = [
            tokio::spawn(doors.query(ENDLESS).send()),
            tokio::spawn(doors.query(ENDLESS).send()),
        ];
        let mut answered = 0;
        while !endless.iter().any(|task| task.is_finished()) {
            assert_eq!(
                doors.get("/dataset/moi/1").send().await.unwrap().status(),
                200
            );
            answered += 1;
        }
        assert!(answered > 5, "{answered}");
        for task in endless {
            problem(task.await.unwrap().unwrap(), 504, "deadline").await;
        }
    }
}

mod documents {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_catalogue_in_every_format_is_the_default_graph() {
        let doors = open(Plan::default()).await;
        let expected = parsed(RdfFormat::Turtle, doors::CATALOGUE.as_bytes());
        assert_eq!(expected.len(), CATALOGUE_TRIPLES);
        let json_ld = RdfFormat::JsonLd {
            profile: oxigraph::io::JsonLdProfileSet::empty(),
        };
        for (path, accept, kind, format) in [
            (
                "/catalog.ttl",
                "*/*",
                "text/turtle; charset=utf-8",
                RdfFormat::Turtle,
            ),
            (
                "/catalog.rdf",
                "*/*",
                "application/rdf+xml",
                RdfFormat::RdfXml,
            ),
            ("/catalog.jsonld", "*/*", "application/ld+json", json_ld),
            (
                "/catalog.nt",
                "text/html",
                "application/n-triples",
                RdfFormat::NTriples,
            ),
            (
                "/catalog",
                "*/*",
                "text/turtle; charset=utf-8",
                RdfFormat::Turtle,
            ),
            (
                "/catalog",
                "application/rdf+xml",
                "application/rdf+xml",
                RdfFormat::RdfXml,
            ),
        ] {
            let response = doors
                .get(path)
                .header("accept", accept)
                .send()
                .await
                .unwrap();
            assert_eq!(
                (
                    response.status().as_u16(),
                    response.headers()["content-type"].to_str().unwrap()
                ),
                (200, kind),
                "{path}"
            );
            assert_eq!(
                parsed(format, &response.bytes().await.unwrap()),
                expected,
                "{path}"
            );
        }
        problem(
            doors
                .get("/catalog")
                .header("accept", "text/html")
                .send()
                .await
                .unwrap(),
            406,
            "not-acceptable",
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_is_kept_as_long_as_it_holds() {
        let mut doors = open(Plan::default()).await;
        let first = doors.get("/catalog.ttl").send().await.unwrap();
        assert_eq!(first.headers()["etag"], "W/\"1-1-ttl\"");
        assert_eq!(
            first.headers()["last-modified"],
            "Thu, 01 Jan 2026 00:00:00 GMT"
        );
        let tag = first.headers()["etag"].clone();
        for (name, value, expected) in [
            ("if-none-match", tag.to_str().unwrap(), 304),
            ("if-none-match", "\"x\", \"1-1-ttl\"", 304),
            ("if-none-match", "\"1-1-nt\"", 200),
            ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT", 304),
            ("if-modified-since", "Wed, 31 Dec 2025 23:59:59 GMT", 200),
        ] {
            let response = doors
                .get("/catalog.ttl")
                .header(name, value)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status().as_u16(), expected, "{name}: {value}");
            assert_eq!(response.headers()["etag"], tag);
        }
        doors.publish();
        let response = doors
            .get("/catalog.ttl")
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["etag"].to_str().unwrap()
            ),
            (200, "W/\"1-2-ttl\"")
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn head_says_what_get_says() {
        let doors = open(Plan::default()).await;
        for path in [
            "/catalog.ttl",
            "/catalog",
            "/dataset/moi/1",
            "/status.json",
            "/healthz",
        ] {
            let get = doors.get(path).send().await.unwrap();
            let head = doors.request("HEAD", path).send().await.unwrap();
            assert_eq!(get.status(), head.status(), "{path}");
            for name in [
                "content-type",
                "etag",
                "last-modified",
                "content-location",
                "vary",
            ] {
                assert_eq!(
                    get.headers().get(name),
                    head.headers().get(name),
                    "{path}: {name}"
                );
            }
            let length = head.headers().get("content-length").cloned();
            assert!(
                length.is_none() || length.as_ref() == get.headers().get("content-length"),
                "{path}: {length:?}"
            );
            assert!(head.bytes().await.unwrap().is_empty());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn our_iris_dereference() {
        let doors = open(Plan::default()).await;
        let described = async |path: &str| {
            let response = doors
                .get(path)
                .header("accept", "application/n-triples")
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 200, "{path}");
            response.text().await.unwrap()
        };
        let one = described("/dataset/moi/1").await;
        assert!(
            one.contains("\"Population\"@en")
                && one.contains("<http://moi.example/1.csv>")
                && one.contains("CatalogRecord"),
            "{one}"
        );
        assert!(one.contains("<http://hub.example/catalog/moi> <http://www.w3.org/ns/dcat#dataset> <http://hub.example/dataset/moi/1>"));
        assert!(!one.contains("Households"), "{one}");
        assert_eq!(
            described("/record/moi/1").await,
            one,
            "the winner's record answers with its entity"
        );
        assert_eq!(described("/record/portal/1").await, doors::LOSING);
        assert!(
            described("/dataset/moi/a%3ab").await.contains("Households"),
            "percent-encoding is normalised"
        );
        let catalog = described("/catalog/moi").await;
        assert!(
            catalog.contains("內政部") && !catalog.contains("dcat#dataset>"),
            "{catalog}"
        );
        let turtle = doors.get("/dataset/moi/1").send().await.unwrap();
        assert_eq!(
            turtle.headers()["content-type"],
            "text/turtle; charset=utf-8"
        );
        for unknown in [
            "/dataset/moi/2",
            "/record/nobody/1",
            "/agent/x/y",
            "/series/x/y",
            "/service/x/y",
        ] {
            problem(doors.get(unknown).send().await.unwrap(), 404, "not-found").await;
        }
        problem(
            doors
                .get("/dataset/moi/1")
                .header("accept", "text/csv")
                .send()
                .await
                .unwrap(),
            406,
            "not-acceptable",
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_prefix_of_public_url_belongs_to_our_iris() {
        let base = "http://hub.example/open/data/";
        let turtle = doors::CATALOGUE.replace("http://hub.example/", base);
        let doors = open(Plan {
            base,
            turtle,
            ..Plan::default()
        })
        .await;
        // Behind a proxy that passes the path on, and behind one that cuts its prefix off.
        for path in ["/open/data/dataset/moi/1", "/dataset/moi/1"] {
            let text = doors.get(path).send().await.unwrap().text().await.unwrap();
            assert!(
                text.contains("<http://hub.example/open/data/dataset/moi/1>"),
                "{path}: {text}"
            );
        }
        let page = doors
            .get("/open/data/sparql")
            .header("accept", "text/html")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(
            page.contains("action=\"/open/data/sparql\"")
                && page.contains("href=\"/open/data/house.css\""),
            "{page}"
        );
        let located = doors.get("/open/data/catalog").send().await.unwrap();
        assert_eq!(
            located.headers()["content-location"],
            "/open/data/catalog.ttl"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn documents_are_compressed_for_those_who_can_read_it() {
        let doors = open(Plan::default()).await;
        let plain = doors.encoded("/catalog.ttl", "identity").await;
        assert!(!plain.headers().contains_key("content-encoding"));
        let plain = plain.text().await.unwrap();
        for encoding in ["gzip", "br", "zstd"] {
            let response = doors.encoded("/catalog.ttl", encoding).await;
            assert_eq!(response.headers()["content-encoding"], encoding);
            assert!(response.headers().get_all("vary").iter().any(|vary| {
                vary.to_str()
                    .unwrap()
                    .to_ascii_lowercase()
                    .contains("accept-encoding")
            }));
        }
        assert_eq!(
            doors
                .get("/catalog.ttl")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap(),
            plain
        );
    }
}

mod standing {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn readiness_has_its_reason() {
        let doors = open(Plan::default()).await;
        assert_eq!(doors.get("/readyz").send().await.unwrap().status(), 200);
        *doors.desk.unready.lock().unwrap() = Some("the store is being opened".to_owned());
        let document = problem(doors.get("/readyz").send().await.unwrap(), 503, "not-ready").await;
        assert_eq!(document["detail"], "the store is being opened");
        assert_eq!(
            doors
                .get("/healthz")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap(),
            "ok\n"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn status_shows_each_source_and_counts_that_add_up() {
        let doors = open(Plan::default()).await;
        let status = doors.json("/status").await;
        let source = &status["sources"][0];
        assert_eq!(
            (source["id"].as_str(), source["holds"].as_u64()),
            (Some("moi"), Some(2))
        );
        let counts = &source["last"]["counts"];
        let parts: u64 = [
            "new",
            "changed",
            "unchanged",
            "refused",
            "duplicate",
            "filtered",
        ]
        .iter()
        .map(|part| counts[*part].as_u64().unwrap())
        .sum();
        assert_eq!(Some(parts), counts["received"].as_u64());
        assert_eq!(source["next_due"], "2026-01-01T01:00:00.000Z");
        assert_eq!(source["report"], "http://hub.example/sources/moi/report");
        assert_eq!(status["published"]["seq"], 1);
        let same = doors.json("/status.json").await;
        assert_eq!(same, status);
        let report = doors.json("/sources/moi/report").await;
        assert_eq!(report["run"], "1767225600000-moi");
        problem(
            doors.get("/sources/nobody/report").send().await.unwrap(),
            404,
            "not-found",
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_page_shows_what_sources_say_as_text() {
        let doors = open(Plan::default()).await;
        let response = doors
            .get("/status")
            .header("accept", "text/html,*/*;q=0.8")
            .send()
            .await
            .unwrap();
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("script-src"),
            "{policy}"
        );
        let page = response.text().await.unwrap();
        assert!(
            page.contains("Interior &lt;script&gt;") && !page.contains("<script"),
            "{page}"
        );
        assert_eq!(
            doors.get("/house.css").send().await.unwrap().headers()["content-type"],
            "text/css; charset=utf-8"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn metrics_count_by_route() {
        let doors = open(Plan::default()).await;
        doors.get("/dataset/moi/1").send().await.unwrap();
        let text = doors
            .get("/metrics")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(
            text.contains(
                "harvestd_http_requests_total{route=\"/dataset/{*rest}\",status=\"200\"}"
            ),
            "{text}"
        );
        assert!(
            text.contains("harvestd_published_seq 1")
                && text.contains("harvestd_workers_free{pool=\"house\"}"),
            "{text}"
        );
        assert!(!text.contains("/dataset/moi/1"), "a path is a label");
    }
}

mod operator {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_answers_without_the_token() {
        let doors = open(Plan::default()).await;
        let wrong = [
            None,
            Some("Bearer wrong"),
            Some("Bearer "),
            Some("Basic open sesame"),
            Some("open sesame"),
        ];
        let unknown = [
            ("GET", "/"),
            ("GET", "/metrics"),
            ("DELETE", "/sources"),
            ("GET", "/sparql"),
            ("PATCH", "/sources/moi/run"),
        ];
        for (method, path) in admin::ROUTES.iter().chain(&unknown) {
            let path = path.replace("{id}", "moi");
            for authorization in wrong {
                let mut request = doors.admin(method, &path);
                if let Some(authorization) = authorization {
                    request = request.header("authorization", authorization);
                }
                let response = request.send().await.unwrap();
                assert_eq!(
                    response.headers()["www-authenticate"],
                    "Bearer realm=\"harvestd\""
                );
                problem(response, 401, "unauthorized").await;
            }
        }
        assert!(doors.desk.asked.lock().unwrap().is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn with_the_token_the_daemon_is_asked() {
        let doors = open(Plan::default()).await;
        let ask = async |method: &str, path: &str| {
            doors
                .admin(method, path)
                .bearer_auth(TOKEN)
                .send()
                .await
                .unwrap()
        };
        for (method, path) in admin::ROUTES {
            let status = ask(method, &path.replace("{id}", "moi"))
                .await
                .status()
                .as_u16();
            assert_eq!(
                status,
                if *method == "GET" { 200 } else { 202 },
                "{method} {path}"
            );
        }
        assert_eq!(
            *doors.desk.asked.lock().unwrap(),
            ["run moi", "pause moi", "resume moi"]
        );
        problem(ask("POST", "/sources/nobody/run").await, 404, "not-found").await;
        problem(ask("POST", "/sources/busy/run").await, 409, "running").await;
        problem(ask("GET", "/nothing").await, 404, "not-found").await;
        let response = ask("GET", "/sources/moi/run").await;
        assert_eq!(response.headers()["allow"], "POST");
        problem(response, 405, "method-not-allowed").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_public_door_does_not_lead_there() {
        let doors = open(Plan::default()).await;
        for (method, path) in admin::ROUTES {
            let response = doors
                .request(method, &path.replace("{id}", "moi"))
                .bearer_auth(TOKEN)
                .send()
                .await
                .unwrap();
            problem(response, 404, "not-found").await;
        }
        assert!(doors.desk.asked.lock().unwrap().is_empty());
    }
}

mod manners {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn errors_are_documents() {
        let doors = open(Plan::default()).await;
        problem(
            doors.get("/nothing/here").send().await.unwrap(),
            404,
            "not-found",
        )
        .await;
        let response = doors
            .request("DELETE", "/catalog.ttl")
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        problem(response, 405, "method-not-allowed").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn headers_that_browsers_should_have_and_an_id() {
        let doors = open(Plan::default()).await;
        for path in ["/status", "/nothing", "/sparql?query=x"] {
            let response = doors.get(path).send().await.unwrap();
            let headers = response.headers();
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert!(
                headers["content-security-policy"]
                    .to_str()
                    .unwrap()
                    .contains("frame-ancestors 'none'")
            );
            assert!(!headers["x-request-id"].is_empty());
        }
        let given = doors
            .get("/healthz")
            .header("x-request-id", "proxy-1")
            .send()
            .await
            .unwrap();
        assert_eq!(given.headers()["x-request-id"], "proxy-1");
        let long = "x".repeat(65);
        for unfit in ["a b", "<script>", long.as_str()] {
            let response = doors
                .get("/healthz")
                .header("x-request-id", unfit)
                .send()
                .await
                .unwrap();
            assert_ne!(response.headers()["x-request-id"], unfit);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn any_origin_may_ask_the_public_door() {
        let doors = open(Plan::default()).await;
        let preflight = doors
            .request("OPTIONS", "/sparql")
            .header("origin", "https://notebook.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                preflight.status().as_u16(),
                preflight.headers()["access-control-allow-origin"]
                    .to_str()
                    .unwrap()
            ),
            (200, "*")
        );
        let response = doors
            .query("ASK {}")
            .header("origin", "https://notebook.example")
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let admin = doors
            .admin("GET", "/sources")
            .bearer_auth(TOKEN)
            .header("origin", "https://evil.example")
            .send()
            .await
            .unwrap();
        assert!(!admin.headers().contains_key("access-control-allow-origin"));
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        use tower::ServiceExt;
        let router = axum::Router::new().route(
            "/",
            axum::routing::get(async || -> () { panic!("on purpose") }),
        );
        let request = axum::http::Request::get("/")
            .body(axum::body::Body::empty())
            .unwrap();
        let response = layers::public(router).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("on purpose"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_dawdles_with_headers_is_let_go() {
        let listen = ListenLimits {
            header_read: Duration::from_millis(200),
            ..ListenLimits::default()
        };
        let doors = open(Plan {
            listen,
            ..Plan::default()
        })
        .await;
        let stream = doors
            .raw("GET /healthz HTTP/1.1\r\nHost: hub.example\r\nX-Slow: ")
            .await;
        let answer = tokio::time::timeout(Duration::from_secs(10), read_all(stream))
            .await
            .unwrap();
        assert!(
            !answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stop_lets_requests_end_and_takes_no_more() {
        let plan = with_query_limits(|limits| limits.deadline_ms = 1_500);
        let mut doors = open(plan).await;
        assert_eq!(doors.column(TITLES).await.len(), 3);
        let under_way = tokio::spawn(doors.query(ENDLESS).send());
        eventually("the query is under way", async || {
            let text = doors
                .get("/metrics")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            text.contains("harvestd_workers_free{pool=\"queries\"} 1")
        })
        .await;
        doors.stop.take().unwrap().send(()).unwrap();
        problem(under_way.await.unwrap().unwrap(), 504, "deadline").await;
        doors.served.take().unwrap().await.unwrap().unwrap();
        assert!(tokio::net::TcpStream::connect(doors.public).await.is_err());
    }
}
