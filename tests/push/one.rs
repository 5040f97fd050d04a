//! One dataset: pushed, seen everywhere, changed, deleted; in every form; and what is refused.

use super::*;
use harvestd::log::Verb;
use serde_json::json;

const IRI: &str = "https://centre.example/dataset/rain";

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_comes_changes_and_goes() {
    let bed = Bed::new().await;
    let response = bed
        .turtle("PUT", "/push/centre/rain", dataset("rain", "Rain"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], IRI);
    let number = response.headers()["harvestd-activity"]
        .to_str()
        .unwrap()
        .to_owned();
    let document = bed::json(response).await;
    assert_eq!(document["records"][0]["outcome"], "created");
    assert_eq!(document["records"][0]["activity"].to_string(), number);

    // Everywhere, as soon as it is answered.
    assert_eq!(bed.titles().await, ["Rain"]);
    let (status, catalogue) = bed.text("/catalog.ttl", "text/turtle").await;
    assert!(status == 200 && catalogue.contains(IRI), "{catalogue}");
    let (status, record) = bed.text("/record/centre/rain", "text/turtle").await;
    assert!(status == 200 && record.contains(IRI), "{record}");
    let report = harvestd::serve::desk::Desk::report(&*bed.house.daemon, "centre").unwrap();
    assert_eq!(
        (report.counts.new, report.counts.holds),
        (1, 1),
        "{}",
        report.line()
    );

    let changed = answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rainfall")),
        200,
    )
    .await;
    assert_eq!(changed["records"][0]["outcome"], "updated");
    assert_eq!(bed.titles().await, ["Rainfall"]);

    let gone = bed
        .push("DELETE", "/push/centre/rain")
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
    assert!(gone.headers().contains_key("harvestd-activity"));
    assert_eq!(bed.titles().await, Vec::<String>::new());
    let whole = bed.whole();
    assert_eq!(
        whole.log.last().unwrap(),
        &(Verb::Delete, IRI.to_owned()),
        "a tombstone"
    );
    problem(bed.push("DELETE", "/push/centre/rain"), 404, "not-found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_taken() {
    let bed = Bed::new().await;
    let put = |id: &str, media_type: &str, body: String| {
        let request = bed.push("PUT", &format!("/push/centre/{id}"));
        answer(request.header("content-type", media_type).body(body), 201)
    };
    put("t", "text/turtle; charset=utf-8", dataset("t", "Turtle")).await;
    let lines = "<https://centre.example/dataset/n> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n\
        <https://centre.example/dataset/n> <http://purl.org/dc/terms/identifier> \"n\" .\n\
        <https://centre.example/dataset/n> <http://purl.org/dc/terms/title> \"Lines\"@en .\n";
    put("n", "application/n-triples", lines.to_owned()).await;
    let xml = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:dcat=\"http://www.w3.org/ns/dcat#\" xmlns:dct=\"http://purl.org/dc/terms/\">\
        <dcat:Dataset rdf:about=\"https://centre.example/dataset/x\"><dct:identifier>x</dct:identifier><dct:title xml:lang=\"en\">XML</dct:title></dcat:Dataset></rdf:RDF>";
    put("x", "application/rdf+xml", xml.to_owned()).await;
    let json = json!({ "@id": "https://centre.example/dataset/j", "@type": "http://www.w3.org/ns/dcat#Dataset",
        "http://purl.org/dc/terms/identifier": "j", "http://purl.org/dc/terms/title": { "@value": "JSON", "@language": "en" } });
    put("j", "application/ld+json", json.to_string()).await;
    let package = json!({ "id": "c", "name": "ckan-package", "title": "CKAN", "resources": [{ "id": "r", "url": "https://centre.example/c.csv", "format": "CSV" }] });
    let ckan = put("c", "application/json", package.to_string()).await;
    assert_eq!(
        ckan["records"][0]["iri"],
        "https://centre.example/dataset/c"
    );
    assert_eq!(
        bed.titles().await,
        ["CKAN", "JSON", "Lines", "Turtle", "XML"]
    );
    // A dataset without an identifier of its own goes by its IRI.
    let nameless = dataset("iri", "By its IRI").replace("dct:identifier \"iri\" ;", "");
    let address = "/push/centre/https%3A%2F%2Fcentre.example%2Fdataset%2Firi";
    answer(bed.turtle("PUT", address, nameless), 201).await;
    assert_eq!(
        bed.push("DELETE", address).send().await.unwrap().status(),
        204
    );
    bed.whole();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_bad_is_refused_and_changes_nothing() {
    let bed = Bed::new().await;
    answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain")),
        201,
    )
    .await;
    let before = bed.whole();
    let two = dataset("rain", "Rain") + &dataset("snow", "Snow");
    let cases: &[(&str, &str, String, u16, &str, &str)] = &[
        (
            "not Turtle",
            "text/turtle",
            "<a".into(),
            422,
            "unreadable",
            "",
        ),
        ("empty", "text/turtle", String::new(), 422, "unreadable", ""),
        (
            "no dataset",
            "text/turtle",
            "<http://a/1> <http://b/2> 3 .".into(),
            422,
            "unreadable",
            "",
        ),
        (
            "a page",
            "text/html",
            "<html>".into(),
            415,
            "unsupported-media-type",
            "",
        ),
        (
            "another id",
            "text/turtle",
            dataset("snow", "Snow"),
            422,
            "refused",
            "identifier-differs",
        ),
        (
            "two datasets",
            "text/turtle",
            two,
            422,
            "refused",
            "not-one-dataset",
        ),
        (
            "not JSON",
            "application/json",
            "{\"id\":".into(),
            422,
            "unreadable",
            "",
        ),
        (
            "no id",
            "application/json",
            "{\"title\":\"x\"}".into(),
            422,
            "refused",
            "no-identifier",
        ),
        (
            "private",
            "application/json",
            "{\"id\":\"rain\",\"private\":true}".into(),
            422,
            "refused",
            "not-active",
        ),
        (
            "a list of none",
            "application/json",
            "[]".into(),
            422,
            "refused",
            "not-one-dataset",
        ),
        (
            "entities",
            "application/rdf+xml",
            "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><r>&b;</r>".into(),
            422,
            "unreadable",
            "",
        ),
        (
            "no media type of ours",
            "application/pdf",
            "x".into(),
            415,
            "unsupported-media-type",
            "",
        ),
        (
            "another charset",
            "text/turtle; charset=big5",
            dataset("rain", "x"),
            415,
            "unsupported-media-type",
            "",
        ),
    ];
    for (what, media_type, body, status, code, why) in cases {
        let request = bed
            .push("PUT", "/push/centre/rain")
            .header("content-type", *media_type);
        let (_, document) = problem(request.body(body.clone()), *status, code).await;
        if *code == "unreadable" {
            let said = document["detail"].as_str().unwrap();
            assert!(!said.contains("answer"), "{what}: {said}");
        }
        if !why.is_empty() {
            assert_eq!(
                document["refused"][0]["why"]["code"], *why,
                "{what}: {document}"
            );
            assert!(
                document["refused"][0]["why"]["expected"].is_string(),
                "{what}: {document}"
            );
        }
    }
    let zipped = bed
        .turtle("PUT", "/push/centre/rain", "x")
        .header("content-encoding", "gzip");
    problem(zipped, 415, "unsupported-media-type").await;
    let method = bed.push("PATCH", "/push/centre/rain");
    problem(method, 405, "method-not-allowed").await;
    problem(
        bed.turtle("PUT", "/push/centre/rain?dryrun", "x"),
        400,
        "query",
    )
    .await;
    let after = bed.whole();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let bed = Bed::new().await;
    let before = bed.whole();
    let dry = answer(
        bed.turtle("PUT", "/push/centre/rain?dry-run", dataset("rain", "Rain")),
        200,
    )
    .await;
    assert_eq!(
        (&dry["dry_run"], &dry["records"][0]["outcome"]),
        (&json!(true), &json!("valid"))
    );
    let bad = bed.turtle("PUT", "/push/centre/snow?dry-run", dataset("rain", "Rain"));
    problem(bad, 422, "refused").await;
    assert_eq!(bed.whole(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_nobody_knew_comes_before_its_dataset() {
    let bed = Bed::new().await;
    let mut config = (*bed.house.daemon.config()).clone();
    config.shared = vec!["tw".to_owned()];
    bed.house.daemon.configure(config).await.unwrap();
    let held = bed.whole().head.seq;
    let named = dataset("rain", "Rain").replace(
        "dct:identifier \"rain\" ;",
        "dct:identifier \"rain\" ; dct:publisher [ a <http://xmlns.com/foaf/0.1/Agent> ;
         <http://xmlns.com/foaf/0.1/name> \"Office\"@en ; dct:identifier \"2.16.886.101.90099\" ] ;",
    );
    let said = answer(bed.turtle("PUT", "/push/centre/rain", named.clone()), 201).await;
    let agent = format!("{}agent/tw/2.16.886.101.90099", crate::texts::BASE);
    let whole = bed.whole();
    let since: Vec<&str> = whole.since(held).iter().map(|(_, e)| e.as_str()).collect();
    let own = format!("{}catalog/centre", crate::texts::BASE);
    assert_eq!(since, [agent.as_str(), own.as_str(), IRI]);
    assert_eq!(said["records"][0]["activity"], held + 3);
    assert!(whole.bodies[IRI].contains(&format!("<{agent}> .")));
    assert!(whole.bodies[&agent].contains("\"Office\"@en"));
    // Seen together, as soon as it is answered.
    assert_eq!(bed.titles().await, ["Rain"]);
    let (status, found) = bed
        .text("/agent/tw/2.16.886.101.90099", "text/turtle")
        .await;
    assert!(status == 200 && found.contains("Office"), "{found}");
    let again = named.replace("Rain", "Rainfall");
    let said = answer(bed.turtle("PUT", "/push/centre/rain", again), 200).await;
    assert_eq!(
        said["records"][0]["activity"],
        held + 4,
        "the agency is known"
    );
    bed.whole();
}
