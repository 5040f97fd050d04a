//! What crawlers, people and clients of linked data ask for: the Graph Store Protocol, VoID, schema.org, pages, sitemaps.
#![expect(clippy::unwrap_used, reason = "tests")]

mod doors;

use doors::{CATALOGUE_TRIPLES, Doors, Plan, open, problem};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::Quad,
};
use reqwest::Response;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The winner of a source elsewhere, with an IRI of its own, and the log that says when it came.
const ELSEWHERE: &str = r#"
<https://moi.example/7> a dcat:Dataset ; dct:title "門牌"@zh ; dct:license <https://data.gov.tw/license> ;
    dct:description "門牌號碼"@zh ; dct:tableOfContents "road(路);number(號)" ;
    dcat:theme <http://publications.europa.eu/resource/authority/data-theme/GOVE> ; dcat:distribution <http://hub.example/record/moi/7#f> .
<http://hub.example/record/moi/7#f> a dcat:Distribution ; dcat:downloadURL <https://moi.example/7.csv> ;
    dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> .
m:7 a dcat:CatalogRecord ; foaf:primaryTopic <https://moi.example/7> .
"#;
const LOG: &str = r#"
@prefix as: <https://www.w3.org/ns/activitystreams#> .
<http://hub.example/activity/1/1> a as:Create ; as:object <https://moi.example/7> ; as:published "2025-12-24T08:00:00Z" .
<http://hub.example/activity/1/2> a as:Create ; as:object <http://hub.example/dataset/moi/1> ; as:published "2025-12-25T08:00:00Z" .
"#;

async fn house() -> Doors {
    let mut plan = Plan::default();
    plan.turtle += ELSEWHERE;
    plan.graphs
        .push(("http://hub.example/graph/changes/1/0", LOG));
    open(plan).await
}

fn triples(turtle: &str) -> BTreeSet<String> {
    let quads = RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle);
    quads
        .map(|quad: Result<Quad, _>| quad.unwrap().to_string())
        .collect()
}

async fn get(doors: &Doors, path: &str, accept: &str) -> Response {
    let request = doors.get(path).header("accept", accept);
    request.send().await.unwrap()
}

async fn text(doors: &Doors, path: &str, accept: &str) -> String {
    let response = get(doors, path, accept).await;
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    text
}

fn graph(iri: &str) -> String {
    let iri = percent_encoding::utf8_percent_encode(iri, percent_encoding::NON_ALPHANUMERIC);
    format!("/graph-store?graph={iri}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graphs_are_read_by_their_names() {
    let doors = open(Plan::default()).await;
    let whole = text(&doors, "/graph-store?default", "text/turtle").await;
    assert_eq!(triples(&whole).len(), CATALOGUE_TRIPLES);
    let losing = graph("http://hub.example/record/portal/1");
    let losing = text(&doors, &losing, "application/n-triples").await;
    assert_eq!(triples(&losing), triples(doors::LOSING));
    // The record of a winner has no graph: it answers with what is published of it.
    let winner = graph("http://hub.example/record/moi/1");
    let winner = text(&doors, &winner, "text/turtle").await;
    let entity = text(&doors, "/dataset/moi/1", "text/turtle").await;
    assert_eq!(triples(&winner), triples(&entity));
    assert!(winner.contains("Population"), "{winner}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_graph_store_says_what_is_wrong() {
    let doors = house().await;
    for (path, status, code) in [
        ("/graph-store", 400, "no-graph"),
        ("/graph-store?default&graph=urn:x:y", 400, "several-graphs"),
        ("/graph-store?graph=here", 400, "bad-graph-iri"),
        ("/graph-store?graph=urn:x:y", 404, "no-such-graph"),
        ("/graph/none", 404, "no-such-graph"),
    ] {
        problem(get(&doors, path, "*/*").await, status, code).await;
    }
    let csv = get(&doors, "/graph-store?default", "text/csv").await;
    problem(csv, 406, "not-acceptable").await;
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        let request = doors.request(method, "/graph-store?default");
        let response = request.body("").send().await.unwrap();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET,HEAD");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graphs_of_ours_have_addresses_and_head_is_get_without_its_body() {
    let doors = house().await;
    let changes = "/graph/changes/1/0";
    let there = text(&doors, changes, "text/turtle").await;
    assert_eq!(triples(&there).len(), 6);
    for (path, status) in [
        (changes, 200),
        ("/graph-store?default", 200),
        ("/graph-store?graph=urn:x:y", 404),
        ("/sitemap.xml", 200),
        ("/.well-known/void", 200),
    ] {
        let head = doors.request("HEAD", path).send().await.unwrap();
        let get = doors.get(path).send().await.unwrap();
        let kind = |response: &Response| response.headers()["content-type"].clone();
        assert_eq!((head.status().as_u16(), kind(&head)), (status, kind(&get)));
        assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
    }
}

/// Values of one variable and of another, of a SELECT.
async fn counts(doors: &Doors, query: &str) -> BTreeMap<String, u64> {
    let request = doors.query(query);
    let request = request.header("accept", "application/sparql-results+json");
    let table: Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let rows = table["results"]["bindings"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let of = row["of"]["value"].as_str().unwrap_or("all");
            let n = row["n"]["value"].as_str().unwrap();
            (of.to_owned(), n.parse().unwrap())
        })
        .collect()
}

/// What VoID says by the property that names a part, and the figure that it gives.
fn parts(document: &str, of: &str, figure: &str) -> BTreeMap<String, u64> {
    let store = oxigraph::store::Store::new().unwrap();
    store.load_from_slice(RdfFormat::Turtle, document).unwrap();
    let query = format!(
        "PREFIX void: <http://rdfs.org/ns/void#> SELECT ?of ?n {{ ?part void:{of} ?of ; void:{figure} ?n }}"
    );
    let results = oxigraph::sparql::SparqlEvaluator::new()
        .parse_query(&query)
        .unwrap()
        .on_store(&store)
        .execute()
        .unwrap();
    let oxigraph::sparql::QueryResults::Solutions(rows) = results else {
        panic!("a SELECT gives solutions");
    };
    let value = |term: &oxigraph::model::Term| match term {
        oxigraph::model::Term::NamedNode(node) => node.as_str().to_owned(),
        oxigraph::model::Term::Literal(literal) => literal.value().to_owned(),
        oxigraph::model::Term::BlankNode(node) => node.as_str().to_owned(),
    };
    rows.map(|row| {
        let row = row.unwrap();
        let n = value(row.get("n").unwrap());
        (value(row.get("of").unwrap()), n.parse().unwrap())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn void_counts_what_queries_count_and_is_never_stale() {
    let mut doors = house().await;
    for round in 0..2 {
        let document = text(&doors, "/.well-known/void", "text/turtle").await;
        for (pattern, of, figure) in [
            ("?s a ?of", "class", "entities"),
            ("?s ?of ?o", "property", "triples"),
        ] {
            let query = format!("SELECT ?of (COUNT(*) AS ?n) {{ {pattern} }} GROUP BY ?of");
            let counted = counts(&doors, &query).await;
            assert_eq!(parts(&document, of, figure), counted, "round {round}");
        }
        let all = counts(&doors, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").await["all"];
        let whole = parts(&document, "sparqlEndpoint", "triples");
        assert_eq!(whole["http://hub.example/sparql"], all);
        let service = text(&doors, "/sparql", "text/turtle").await;
        let classes = parts(&service, "class", "entities");
        let told = parts(&document, "class", "entities");
        for (class, entities) in classes {
            assert_eq!(told.get(&class).copied().unwrap_or(0), entities, "{class}");
        }
        let linked = parts(&document, "linkPredicate", "triples");
        let into = [
            "http://www.w3.org/ns/dcat#theme",
            "http://purl.org/dc/terms/format",
        ];
        let into = into.map(|property| (property.to_owned(), 1));
        assert_eq!(linked, BTreeMap::from(into));
        doors.add("<http://x.example/1> a <http://x.example/New> ; <http://x.example/p> \"v\" .");
        doors.publish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_is_told_in_the_words_of_schema_org() {
    let doors = house().await;
    let asked = [
        ("/dataset/moi/1?format=schemaorg", "*/*"),
        (
            "/dataset/moi/1",
            "application/ld+json;profile=\"https://schema.org/\"",
        ),
    ];
    for (path, accept) in asked {
        let document: Value = serde_json::from_str(&text(&doors, path, accept).await).unwrap();
        assert_eq!(document["@type"], "Dataset");
        assert_eq!(document["url"], "http://hub.example/dataset/moi/1");
        assert_eq!(document["name"], "人口統計");
        for when in ["dateModified", "sdDatePublished"] {
            assert_eq!(document[when], "2025-12-25T08:00:00Z");
        }
        let file = &document["distribution"];
        assert_eq!(file["url"], "http://moi.example/1.csv", "{document}");
    }
    // What has its IRI elsewhere has its address here at its record.
    let path = "/record/moi/7?format=schemaorg";
    let document: Value = serde_json::from_str(&text(&doors, path, "*/*").await).unwrap();
    assert_eq!(document["@id"], "https://moi.example/7");
    assert_eq!(document["url"], "http://hub.example/record/moi/7");
    assert_eq!(document["sameAs"], "https://moi.example/7");
    let catalog = get(&doors, "/catalog/moi?format=schemaorg", "*/*").await;
    problem(catalog, 406, "no-dataset").await;
    let unknown = get(&doors, "/dataset/moi/1?format=pdf", "*/*").await;
    problem(unknown, 400, "unknown-format").await;
    let none = get(&doors, "/dataset/moi/none?format=schemaorg", "*/*").await;
    problem(none, 404, "not-found").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_that_can_be_loaded_is_told_in_croissant() {
    let doors = house().await;
    let path = "/record/moi/7?format=croissant";
    let document: Value = serde_json::from_str(&text(&doors, path, "*/*").await).unwrap();
    assert_eq!(document["url"], "http://hub.example/record/moi/7");
    let file = &document["distribution"][0];
    assert_eq!(file["contentUrl"], "https://moi.example/7.csv");
    let columns = document["recordSet"][0]["field"].as_array().unwrap();
    let columns = columns
        .iter()
        .map(|c| c["source"]["extract"]["column"].as_str());
    assert_eq!(columns.collect::<Vec<_>>(), [Some("road"), Some("number")]);
    let page = text(&doors, "/record/moi/7", "text/html").await;
    assert!(page.contains("/record/moi/7?format=croissant\""), "{page}");
    // It has no licence: its page does not lead there either.
    let none = get(&doors, "/dataset/moi/1?format=croissant", "*/*").await;
    problem(none, 406, "not-loadable").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_has_what_crawlers_read_and_leads_to_the_other_forms() {
    let doors = house().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = text(&doors, "/dataset/moi/1", browser).await;
    assert!(page.contains("<h1 lang=\"zh\">人口統計</h1>"), "{page}");
    assert!(page.contains("<html lang=\"zh-Hant\">"), "{page}");
    let english = text(&doors, "/dataset/moi/1?lang=en", browser).await;
    assert!(
        english.contains("<h1 lang=\"en\">Population</h1>"),
        "{english}"
    );
    let embedded = page.split("<script type=\"application/ld+json\">").nth(1);
    let embedded = embedded.unwrap().split("</script>").next().unwrap();
    let own = text(&doors, "/dataset/moi/1?format=schemaorg", "*/*").await;
    let [embedded, own]: [Value; 2] = [embedded, &own].map(|t| serde_json::from_str(t).unwrap());
    assert_eq!(embedded, own);
    let links = page.split("href=\"").skip(1);
    let forms = links
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|address| address.contains("?format="));
    let forms: BTreeSet<&str> = forms.collect();
    let mut followed = 0;
    for form in forms {
        text(&doors, form, browser).await;
        followed += 1;
    }
    assert_eq!(followed, 4);
    // An agent or a catalogue has a page as well, without what is said of datasets.
    let catalog = text(&doors, "/catalog/moi", browser).await;
    assert!(catalog.contains("內政部") && !catalog.contains("ld+json\">"));
    let csp = &get(&doors, "/dataset/moi/1", browser).await;
    assert_eq!(csp.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sitemaps_name_every_dataset_with_our_commit_time() {
    let doors = house().await;
    let robots = text(&doors, "/robots.txt", "*/*").await;
    assert!(robots.contains("\nSitemap: http://hub.example/sitemap.xml\n"));
    let index = text(&doors, "/sitemap.xml", "*/*").await;
    let newest = "<sitemap><loc>http://hub.example/sitemap/0.xml</loc><lastmod>2025-12-25T08:00:00Z</lastmod></sitemap>";
    assert!(index.contains(newest), "{index}");
    let sitemap = text(&doors, "/sitemap/0.xml", "*/*").await;
    let named: Vec<&str> = sitemap
        .lines()
        .filter_map(|line| line.strip_prefix("<url><loc>")?.split('<').next())
        .collect();
    let mut expected = [
        "http://hub.example/dataset/moi/1",
        "http://hub.example/dataset/moi/a%3Ab",
        "http://hub.example/record/moi/7",
    ];
    expected.sort_unstable();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{sitemap}");
    let elsewhere =
        "<loc>http://hub.example/record/moi/7</loc><lastmod>2025-12-24T08:00:00Z</lastmod>";
    assert!(sitemap.contains(elsewhere), "{sitemap}");
    for address in named {
        let path = address.strip_prefix("http://hub.example").unwrap();
        text(&doors, path, "text/html").await;
    }
    for none in ["/sitemap/1.xml", "/sitemap/x.xml", "/sitemap/0"] {
        assert_eq!(get(&doors, none, "*/*").await.status(), 404, "{none}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_holds_while_its_content_is_the_same() {
    let mut doors = house().await;
    let paths = [
        ("/dataset/moi/1?format=schemaorg", true),
        ("/dataset/moi/1?format=html", true),
        ("/dataset/moi/1", true),
        ("/sitemap/0.xml", true),
        ("/graph/changes/1/0", true),
        ("/.well-known/void", false),
        ("/graph-store?default", false),
    ];
    let mut tags = Vec::new();
    for (path, _) in paths {
        let first = get(&doors, path, "*/*").await;
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        let again = doors.get(path).header("if-none-match", &tag);
        assert_eq!(again.send().await.unwrap().status(), 304, "{path}");
        tags.push(tag);
    }
    doors.add("<http://x.example/1> <http://x.example/p> \"v\" .");
    doors.publish();
    for ((path, same), tag) in paths.into_iter().zip(tags) {
        let again = doors.get(path).header("if-none-match", &tag);
        let status = again.send().await.unwrap().status().as_u16();
        assert_eq!(status, if same { 304 } else { 200 }, "{path}");
    }
}
