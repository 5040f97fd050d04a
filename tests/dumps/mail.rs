//! The operator's mail address: where interfaces demand one.

use super::*;
use texts::{source, turtle};

const WHOLE: &str = "d:1 dct:description \"Every tree\"@en ; dcat:keyword \"tree\"@en ; \
    dct:modified \"2026-01-02\"^^<http://www.w3.org/2001/XMLSchema#date> ; \
    dct:license <https://creativecommons.org/licenses/by/4.0/> .\n";

async fn city(mail: &str) -> (Bed, Serving) {
    let bed = Bed::new(export(&rows(1, 1, 1))).await;
    bed.configure("", &source("c", "dcat", &bed.origin.at("/c.ttl"), ""));
    let path = bed.dir.path().join("harvestd.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{mail}\n{text}")).unwrap();
    let trees = turtle(&[("1", "Trees", WHOLE)]);
    bed.origin.say("/c.ttl", "text/turtle", trees);
    let daemon = bed.serve().await;
    let report = parsed(daemon.admin("POST", "/sources/c/run?wait=true").await).await;
    assert_eq!(report["outcome"], "complete", "{report}");
    (bed, daemon)
}

async fn identity(daemon: &Serving) -> String {
    let said = bytes(daemon, "/oai?verb=Identify").await;
    String::from_utf8(said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_about_datasets_that_name_nobody() {
    let (_bed, daemon) = city("contact_email = \"desk@hub.example\"").await;
    assert!(
        identity(&daemon)
            .await
            .contains("<adminEmail>desk@hub.example</adminEmail>")
    );
    let document = daemon.json("/data.json").await;
    assert_eq!(document["harvestd:listed"], 1, "{document}");
    assert_eq!(
        document["dataset"][0]["contactPoint"],
        serde_json::json!({
            "@type": "vcard:Contact",
            "fn": "Federated catalogue of open data",
            "hasEmail": "mailto:desk@hub.example",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_one_nobody_is_made_up() {
    let (_bed, daemon) = city("").await;
    assert!(
        identity(&daemon)
            .await
            .contains("<adminEmail>postmaster@hub.example</adminEmail>")
    );
    let document = daemon.json("/data.json").await;
    assert_eq!(document["harvestd:listed"], 0, "{document}");
    let lacking = &document["harvestd:leftOut"]["lacking"];
    assert_eq!(*lacking, serde_json::json!({ "contactPoint": 1 }));
}
