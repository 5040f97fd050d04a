//! The catalogue whole, and our own IRIs.

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
            .header("accept", "image/png")
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
    assert_eq!(
        first.headers()["last-modified"],
        "Thu, 01 Jan 2026 00:00:00 GMT"
    );
    let tag = first.headers()["etag"].clone();
    // This house keeps no sums: a snapshot is what names its documents.
    let (text, other) = (
        tag.to_str().unwrap(),
        doors.get("/catalog.nt").send().await.unwrap(),
    );
    assert!(text.starts_with("W/\"1-1-"), "{text}");
    let strong = format!("\"x\", {}", text.trim_start_matches("W/"));
    for (name, value, expected) in [
        ("if-none-match", text, 304),
        ("if-none-match", &strong, 304),
        (
            "if-none-match",
            other.headers()["etag"].to_str().unwrap(),
            200,
        ),
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
    assert_eq!(response.status(), 200);
    let text = response.headers()["etag"].to_str().unwrap();
    assert!(text.starts_with("W/\"1-2-"), "{text}");
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

/// What is one dataset with others has one address; those that went lead there, or to our page about it where it is not
/// ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_went_leads_to_the_one_that_is_kept() {
    let by = "<http://purl.org/dc/terms/isReplacedBy>";
    let base = "http://hub.example/";
    let replaced: &'static str = format!(
        "<{base}dataset/portal/9> {by} <{base}dataset/moi/1> .\n\
         <{base}dataset/portal/8> {by} <https://portal.example/8> .\n\
         <{base}dataset/portal/7> {by} <https://portal.example/gone> .\n"
    )
    .leak();
    let mut plan = Plan::default();
    plan.turtle += "m:8 a dcat:CatalogRecord ; foaf:primaryTopic <https://portal.example/8> .\n\
                    <https://portal.example/8> a dcat:Dataset .\n";
    plan.graphs
        .push(("http://hub.example/graph/identity", replaced));
    let doors = open(plan).await;
    for (path, there) in [
        (
            "/dataset/portal/9",
            Some("http://hub.example/dataset/moi/1"),
        ),
        ("/dataset/portal/8", Some("http://hub.example/record/moi/8")),
        ("/dataset/portal/7", None),
    ] {
        let response = doors.get(path).send().await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get("location");
        let location = location.map(|l| l.to_str().unwrap());
        let expected = if there.is_some() { 308 } else { 404 };
        assert_eq!((status, location), (expected, there), "{path}");
    }
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
            && page.contains("href=\"/open/data/assets/house.css?v="),
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
