//! `/quality` and `harvestd quality`.

use super::*;
use serde_json::Value;
use serving::Bed;
use texts::{export, rows};

pub(super) async fn said(bed: &Bed, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = bed.command(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn quoted(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_say_one_thing_in_every_form_and_so_does_the_command() {
    let bed = Bed::new(export(&rows(1, 6, 1))).await;
    let daemon = bed.serve().await;
    daemon.run().await;
    let whole = daemon.json("/quality").await;
    assert_eq!(whole["datasets"], 6);
    assert_eq!(whole["indicators"].as_array().unwrap().len(), 42);
    assert_eq!(whole["sources"][0]["id"], "a");
    let ratings = &whole["ratings"];
    let rated = ["excellent", "good", "sufficient", "bad"].map(|r| ratings[r].as_u64().unwrap());
    assert_eq!(rated.iter().sum::<u64>(), 6);
    assert_eq!(whole["trend"].as_array().unwrap().len(), 1);
    let worst = whole["worst"][0].as_str().unwrap();
    let lost = whole["indicators"].as_array().unwrap().iter();
    // Of those by which as much is lost, the first in the table.
    let lost = lost.rev().filter(|i| i["scheme"] == "mqa").max_by_key(|i| {
        let number = |key: &str| i[key].as_u64().unwrap();
        // What was not checked is not lost.
        number("points") * (6 - number("met") - number("unchecked"))
    });
    assert_eq!(worst, lost.unwrap()["id"].as_str().unwrap());

    let of_source = daemon.json("/quality/source/a").await;
    assert_eq!(
        (&of_source["datasets"], &of_source["mqa"]),
        (&whole["datasets"], &whole["mqa"])
    );
    let publisher = whole["publishers"][0]["id"].as_str().unwrap();
    let of_publisher = daemon
        .json(&format!("/quality/publisher/{publisher}"))
        .await;
    assert_eq!(of_publisher["datasets"], whole["publishers"][0]["datasets"]);

    // The pages say the same.
    for (path, wanted) in [
        ("/quality", "/quality/source/a"),
        ("/quality/source/a", "/sources/a"),
    ] {
        let page = daemon.get(path).header("accept", "text/html");
        let page = page.header("accept-language", "en").send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let page = page.text().await.unwrap();
        let mqa = format!("{:.1} <span", number(&whole["mqa"]));
        let name = whole["indicators"][0]["name"]["en"].as_str().unwrap();
        for wanted in [wanted, &mqa, name, "Datasets by rating"] {
            assert!(page.contains(wanted), "{path}: {wanted}: {page}");
        }
    }

    // What the graph says is what the door computes.
    let query = "SELECT ?d ?v { GRAPH ?g { ?d <http://www.w3.org/ns/dqv#hasQualityMeasurement> ?m . \
        ?m <http://www.w3.org/ns/dqv#isMeasurementOf> ?of ; <http://www.w3.org/ns/dqv#value> ?v } \
        FILTER(STRENDS(STR(?of), \"quality#mqa\")) }";
    let answer = daemon
        .get(&format!("/sparql?query={}", quoted(query)))
        .header("accept", "application/sparql-results+json")
        .send()
        .await
        .unwrap();
    let found: Value = serving::parsed(answer).await;
    let found = found["results"]["bindings"].as_array().unwrap();
    assert_eq!(found.len(), 6);
    let mut points = 0.0;
    for row in found {
        let iri = row["d"]["value"].as_str().unwrap();
        let detail = daemon
            .get(&format!("/quality/dataset?iri={}", quoted(iri)))
            .send()
            .await
            .unwrap();
        let detail = serving::parsed(detail).await;
        assert_eq!(
            detail["mqa"].to_string(),
            row["v"]["value"].as_str().unwrap()
        );
        let gets = detail["indicators"].as_array().unwrap().iter();
        let gets = gets
            .filter(|i| i["scheme"] == "mqa")
            .map(|i| i["gets"].as_u64().unwrap());
        assert_eq!(detail["mqa"], gets.sum::<u64>());
        for judged in detail["indicators"].as_array().unwrap() {
            let told = [&judged["found"], &judged["name"], &judged["explanation"]];
            for words in told {
                assert!(
                    words["en"].is_string() && words["zh-Hant"].is_string(),
                    "{judged}"
                );
            }
        }
        points += number(&detail["mqa"]);
    }
    assert!((points / 6.0 - number(&whole["mqa"])).abs() < 0.01);

    let csv = daemon.get("/quality?format=csv").send().await.unwrap();
    let csv = csv.text().await.unwrap();
    let parts = |key: &str| whole[key].as_array().unwrap().len();
    assert_eq!(
        csv.lines().count(),
        2 + parts("sources") + parts("publishers")
    );
    assert!(csv.contains("\nall,,,6,"), "{csv}");
    let missing = daemon
        .get("/quality/dataset?iri=http://x.example/")
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), 404);
    let figures = daemon
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        figures.contains("harvestd_quality_mean{metric=\"mqa\",source=\"a\"}"),
        "{figures}"
    );

    let iri = found[0]["d"]["value"].as_str().unwrap().to_owned();
    commands(&bed, &whole, &iri).await;
    daemon.stop().await;
    commands(&bed, &whole, &iri).await;
}

/// The same with a daemon and without.
async fn commands(bed: &Bed, whole: &Value, iri: &str) {
    let (code, json, errors) = said(bed, &["quality", "--json"]).await;
    assert_eq!(code, Some(0), "{errors}");
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&told["mqa"], &told["sources"]),
        (&whole["mqa"], &whole["sources"])
    );
    let (code, text, errors) = said(bed, &["quality"]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.contains("source a") && text.contains("findability"),
        "{text}"
    );
    let (_, text, _) = said(bed, &["quality", "--source", "a", "--worst"]).await;
    let first = text.lines().nth(1).unwrap_or_default();
    assert!(
        first.starts_with(whole["worst"][0].as_str().unwrap()),
        "{text}"
    );
    let (code, text, errors) = said(bed, &["quality", "--dataset", iri]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.contains("of 405") && text.contains("download-url-reachable"),
        "{text}"
    );
    let (code, csv, _) = said(bed, &["quality", "--csv"]).await;
    assert_eq!(
        (
            code,
            csv.lines()
                .next()
                .unwrap_or_default()
                .starts_with("scope,id,")
        ),
        (Some(0), true)
    );
    let (code, _, errors) = said(bed, &["quality", "--source", "nobody"]).await;
    assert_ne!(code, Some(0), "{errors}");
    let (code, ..) = said(bed, &["quality", "--source", "a", "--dataset", iri]).await;
    assert_eq!(code, Some(2), "one of them");
}
