//! The catalogue in pages: by key, narrowed, and while it moves.

use super::*;
use harvestd::store::Head;
use std::collections::BTreeMap;

const DCAT: &str = "http://www.w3.org/ns/dcat#";
const HYDRA: &str = "http://www.w3.org/ns/hydra/core#";
const TYPE: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>";

/// Datasets of two sources with one publisher that has a record of its own, named so that their order is known.
fn many(count: usize) -> String {
    let mut turtle = String::from(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n@prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n@prefix own: <https://w3id.org/harvestd/ns#> .\n\
         <http://hub.example/agent/a/1> a foaf:Agent ; foaf:name \"Statistics\"@en .\n\
         <http://hub.example/record/a/agent:1> a own:AgentRecord ; foaf:primaryTopic <http://hub.example/agent/a/1> .\n",
    );
    for n in 0..count {
        turtle += &dataset(if n % 5 == 0 { "b" } else { "a" }, n);
    }
    for source in ["a", "b"] {
        turtle += &format!(
            "<http://hub.example/catalog/{source}> a dcat:Catalog ; dct:title \"Source {source}\"@en .\n\
             <http://hub.example/record/{source}/catalog:{source}> a dcat:CatalogRecord ; foaf:primaryTopic <http://hub.example/catalog/{source}> .\n"
        );
    }
    turtle
}

fn dataset(source: &str, n: usize) -> String {
    let (iri, record) = (iri(n), format!("http://hub.example/record/{source}/{n}"));
    let tier = if n.is_multiple_of(2) {
        "OpenAccess"
    } else {
        "OnApplication"
    };
    format!(
        "<{iri}> a <{DCAT}Dataset> ; <http://purl.org/dc/terms/title> \"Dataset {n}\"@en ; <http://purl.org/dc/terms/rights> <{record}#r> ;\n\
           <{DCAT}theme> <http://themes.example/{}> ; <http://purl.org/dc/terms/publisher> <http://hub.example/agent/a/1> .\n\
         <{record}#r> <http://purl.org/dc/terms/type> <https://w3id.org/harvestd/ns#{tier}> .\n\
         <{record}> a <{DCAT}CatalogRecord> ; <http://xmlns.com/foaf/0.1/primaryTopic> <{iri}> .\n\
         <http://hub.example/catalog/{source}> <{DCAT}dataset> <{iri}> ; <{DCAT}record> <{record}> .\n",
        n % 3
    )
}

fn iri(n: usize) -> String {
    format!("http://data.example/{n:04}")
}

fn house(count: usize) -> Plan {
    Plan {
        turtle: many(count),
        graphs: Vec::new(),
        ..Plan::default()
    }
}

/// A page as its reader has it.
struct Page {
    triples: BTreeSet<String>,
    /// The first Hydra property of each name, about the page.
    links: BTreeMap<String, String>,
    datasets: Vec<String>,
}

async fn page(doors: &doors::Doors, path: &str) -> Page {
    let format = match path {
        path if path.starts_with("/catalog.rdf") => RdfFormat::RdfXml,
        path if path.starts_with("/catalog.jsonld") => RdfFormat::JsonLd {
            profile: oxigraph::io::JsonLdProfileSet::empty(),
        },
        path if path.starts_with("/catalog.nt") => RdfFormat::NTriples,
        _ => RdfFormat::Turtle,
    };
    let response = doors.get(path).send().await.unwrap();
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
    let triples = parsed(format, &bytes);
    let here = format!("<http://hub.example{path}> ");
    let (mut links, mut datasets) = (BTreeMap::new(), Vec::new());
    for triple in &triples {
        if let Some((name, value)) = triple
            .strip_prefix(&format!("{here}<{HYDRA}"))
            .and_then(|rest| rest.split_once("> "))
        {
            let value = value.trim_start_matches(['<', '"']);
            let end = value.find(['>', '"']).unwrap();
            links.insert(name.to_owned(), value[..end].to_owned());
        }
        if let Some(subject) = triple.strip_suffix(&format!("> {TYPE} <{DCAT}Dataset>")) {
            datasets.push(subject.trim_start_matches('<').to_owned());
        }
    }
    Page {
        triples,
        links,
        datasets,
    }
}

fn path(link: &str) -> &str {
    link.strip_prefix("http://hub.example").unwrap()
}

/// Follows `next` from a page to the last.
async fn all(doors: &doors::Doors, first: &str) -> Vec<Page> {
    let mut pages = vec![page(doors, first).await];
    while let Some(next) = pages.last().unwrap().links.get("next").cloned() {
        assert!(pages.len() < 100, "pages without an end");
        pages.push(page(doors, path(&next)).await);
    }
    pages
}

fn datasets(pages: &[Page]) -> Vec<String> {
    pages
        .iter()
        .flat_map(|page| page.datasets.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_every_dataset_once_and_lead_to_each_other() {
    let doors = open(house(25)).await;
    let whole = parsed(RdfFormat::Turtle, many(25).as_bytes());
    for ending in ["ttl", "rdf", "jsonld", "nt"] {
        let first = format!("/catalog.{ending}?limit=10");
        let pages = all(&doors, &first).await;
        let expected: Vec<String> = (0..25).map(iri).collect();
        assert_eq!(datasets(&pages), expected, "{ending}");
        assert_eq!(pages.len(), 3);
        for page in &pages {
            assert_eq!(page.links["totalItems"], "25");
            assert_eq!(page.links["itemsPerPage"], "10");
            assert_eq!(path(&page.links["first"]), first);
            for (now, formerly) in [
                ("first", "firstPage"),
                ("next", "nextPage"),
                ("last", "lastPage"),
            ] {
                assert_eq!(page.links.get(now), page.links.get(formerly));
            }
            for class in ["PagedCollection", "PartialCollectionView"] {
                assert!(
                    page.triples
                        .iter()
                        .any(|t| t.ends_with(&format!("{TYPE} <{HYDRA}{class}>")))
                );
            }
            let publisher = "\"Statistics\"@en";
            assert!(
                page.triples.iter().any(|t| t.ends_with(publisher)),
                "a page can be read by itself"
            );
        }
        assert_eq!(pages[0].links["last"], pages[1].links["next"]);
        assert_eq!(pages[1].links["last"], pages[1].links["next"]);
        // Where the page before began is not known: it may have ended by its bytes.
        for page in &pages {
            assert_eq!(page.links.get("previous"), None);
        }
        assert_eq!(pages[2].links.get("next"), None);
        let union: BTreeSet<String> = pages
            .into_iter()
            .flat_map(|page| page.triples)
            .filter(|triple| !triple.contains(HYDRA))
            .collect();
        assert_eq!(union, whole, "together the pages are the catalogue");
    }
    let unpaged = doors.get("/catalog.ttl").send().await.unwrap();
    assert_eq!(
        parsed(RdfFormat::Turtle, &unpaged.bytes().await.unwrap()),
        whole,
        "without parameters the catalogue comes whole, as ever"
    );
}

/// Offsets would leave out one dataset for each that went before them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_moves_between_pages_loses_nobody() {
    let mut doors = open(house(30)).await;
    let mut pages = vec![page(&doors, "/catalog.ttl?limit=10").await];
    for gone in [iri(2), iri(9)] {
        doors.remove(&gone);
    }
    doors.add(&many(0));
    doors.add(&dataset("a", 31));
    doors.publish();
    let next = pages[0].links["next"].clone();
    pages.extend(all(&doors, path(&next)).await);
    let mut expected: Vec<String> = (0..30).map(iri).collect();
    expected.push(iri(31));
    assert_eq!(datasets(&pages), expected);
    // Who wants one state throughout asks for it.
    doors.publish_at(Head {
        generation: 1,
        seq: 9,
        published_us: 1_767_225_600_000_001,
    });
    let asked = page(&doors, "/catalog.ttl?limit=10").await;
    assert_eq!(asked.links["totalItems"], "29");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_where_it_has_grown_large() {
    let mut plan = house(12);
    plan.limits.pages.bytes_max = 2_048;
    let doors = open(plan).await;
    let pages = all(&doors, "/catalog.nt?limit=1000").await;
    assert!(pages.len() > 2, "{}", pages.len());
    assert_eq!(datasets(&pages), (0..12).map(iri).collect::<Vec<_>>());
    assert_eq!(pages[0].links["totalItems"], "12");
    // Counting would lead to a page that is not the last: what is not known is not said.
    let (last, before) = pages.split_last().unwrap();
    assert!(last.links.contains_key("last"));
    for page in before {
        assert_eq!(page.links.get("last"), None);
        assert_eq!(page.links.get("lastPage"), None);
    }
    // Pages that end by count: each leads to the last, which has no next.
    let pages = all(&doors, "/catalog.nt?limit=1").await;
    assert_eq!(pages.len(), 12);
    for one in &pages[..11] {
        assert_eq!(one.links["last"], pages[10].links["next"]);
    }
    let last = page(&doors, path(&pages[0].links["last"])).await;
    assert_eq!(last.links.get("next"), None);
    assert_eq!(last.datasets, [iri(11)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_narrowed_by_what_its_address_says() {
    let mut plan = house(20);
    plan.graphs = vec![(
        "http://hub.example/graph/changes/1/0",
        "@prefix as: <https://www.w3.org/ns/activitystreams#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\
         <http://hub.example/feed/1/1> as:object <http://data.example/0001> ; as:published \"2026-01-01T00:00:00Z\"^^xsd:dateTime .\n\
         <http://hub.example/feed/1/2> as:object <http://data.example/0002> ; as:published \"2026-01-02T00:00:00Z\"^^xsd:dateTime .\n\
         <http://hub.example/feed/1/3> as:object <http://data.example/0004> ; as:published \"2026-01-03T00:00:00Z\"^^xsd:dateTime .\n\
         <http://hub.example/feed/1/4> as:object <http://data.example/0001> ; as:published \"2026-01-04T00:00:00Z\"^^xsd:dateTime .\n",
    )];
    let doors = open(plan).await;
    let numbers = |wanted: fn(&usize) -> bool| (0..20).filter(wanted).map(iri).collect::<Vec<_>>();
    for (query, expected) in [
        ("source=b", numbers(|n| n % 5 == 0)),
        ("access=on-application", numbers(|n| n % 2 == 1)),
        ("access=open&source=b", numbers(|n| n % 10 == 0)),
        (
            "theme=http%3A%2F%2Fthemes.example%2F1",
            numbers(|n| n % 3 == 1),
        ),
        (
            "publisher=http%3A%2F%2Fhub.example%2Fagent%2Fa%2F1",
            numbers(|_| true),
        ),
        (
            "publisher=http%3A%2F%2Fhub.example%2Fagent%2Fa%2F2",
            Vec::new(),
        ),
        ("access=paid", Vec::new()),
        (
            "modified_since=2026-01-03T00:00:00Z",
            numbers(|n| matches!(n, 1 | 4)),
        ),
        (
            "modified_since=2026-01-03T00:00:00Z&access=open",
            numbers(|n| *n == 4),
        ),
        ("modified_since=2026-01-04T00:00:01Z", Vec::new()),
    ] {
        let pages = all(&doors, &format!("/catalog.ttl?{query}&limit=3")).await;
        assert_eq!(datasets(&pages), expected, "{query}");
        assert_eq!(
            pages[0].links["totalItems"],
            expected.len().to_string(),
            "{query}"
        );
    }
    for method in ["GET", "HEAD"] {
        let unknown = doors
            .request(method, "/catalog.ttl?source=nobody")
            .send()
            .await
            .unwrap();
        assert_eq!(
            unknown.status(),
            404,
            "{method}: an unknown source is no empty one"
        );
    }
    problem(
        doors
            .get("/catalog.ttl?source=nobody")
            .send()
            .await
            .unwrap(),
        404,
        "no-such-source",
    )
    .await;
    problem(
        doors.get("/catalog.ttl?sorce=a").send().await.unwrap(),
        400,
        "unknown-parameter",
    )
    .await;
    for query in ["source=a", "page=1"] {
        let whole = doors.get(&format!("/catalog.nq?{query}")).send().await;
        assert_eq!(whole.unwrap().status(), 400, "{query}: it comes whole");
    }
    problem(
        doors.get("/catalog.rdf?page=2").send().await.unwrap(),
        400,
        "bad-parameter",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_kept_as_long_as_it_holds() {
    let doors = open(house(5)).await;
    let first = doors.get("/catalog.ttl?limit=2").send().await.unwrap();
    let other = doors.get("/catalog.ttl?limit=3").send().await.unwrap();
    let head = doors
        .request("HEAD", "/catalog.ttl?limit=2")
        .send()
        .await
        .unwrap();
    let tag = first.headers()["etag"].clone();
    assert_eq!(head.headers()["etag"], tag);
    assert_ne!(other.headers()["etag"], tag);
    let again = doors
        .get("/catalog.ttl?limit=2")
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
    let located = doors.get("/catalog?limit=2").send().await.unwrap();
    assert_eq!(
        located.headers()["content-location"],
        "/catalog.ttl?limit=2"
    );
    let text = located.text().await.unwrap();
    assert!(
        text.contains("<http://hub.example/catalog.ttl?limit=2>"),
        "{text}"
    );
}

/// What is longer than waits in memory has a tag of its content all the same, but for what every activity changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_document_is_kept_as_long_as_its_content_holds() {
    let mut plan = house(40);
    plan.limits.pages.bytes_max = 512;
    plan.limits.query.whole_bytes_max = 256;
    let mut doors = open(plan).await;
    let paths = [
        ("/catalog.nt?limit=1000", true),
        ("/catalog.jsonld?source=b", true),
        ("/catalog.csv?source=b", true),
        ("/catalog.csv", false),
    ];
    let mut tags = Vec::new();
    for (path, _) in paths {
        let whole = doors.get(path).send().await.unwrap();
        let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
        let bytes = whole.bytes().await.unwrap();
        assert!(bytes.len() > 512, "{path}: {}", bytes.len());
        // The tag is remembered, and the document is the same when it is written again.
        let again = doors.get(path).send().await.unwrap();
        assert_eq!(again.headers()["etag"], *tag, "{path}");
        assert_eq!(again.bytes().await.unwrap(), bytes, "{path}");
        tags.push(tag);
    }
    doors.publish();
    for ((path, by_content), tag) in paths.iter().zip(&tags) {
        let held = doors.get(path).header("if-none-match", tag).send().await;
        let expected = if *by_content { 304 } else { 200 };
        assert_eq!(held.unwrap().status(), expected, "{path}");
        let head = doors.request("HEAD", path).send().await.unwrap();
        assert_eq!(head.headers()["etag"] == **tag, *by_content, "{path}");
    }
    doors.add(&dataset("b", 41));
    doors.remove(&iri(0));
    doors.publish();
    for ((path, _), tag) in paths.iter().zip(&tags) {
        let held = doors.get(path).header("if-none-match", tag).send().await;
        assert_eq!(held.unwrap().status(), 200, "{path}");
    }
}
