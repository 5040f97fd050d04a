//! Trial runs: by the rules of a real run, and nothing is kept.

use super::*;
use axum::body::Body;
use harvestd::push::tokens;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Mutex;

const CENTRE: &str = "[[source]]\nid = \"centre\"\nkind = \"push\"\nurl = \"https://centre.example/\"\ntitle = { en = \"Centre\" }\nlanguage = \"en\"\n";
const LOCAL: &str = "[source.network]\nallow_ranges = [\"127.0.0.0/8\"]\n";
const TURTLE: &str = "text/turtle";

struct Trials {
    bed: Bed,
    serving: Serving,
    token: String,
}

impl Trials {
    async fn new(limits: &str, network: &str) -> Self {
        let bed = Bed::new(export(&rows(1, 2, 1))).await;
        bed.configure(limits, &format!("{CENTRE}{network}"));
        let token = tokens::make(&bed.data_dir(), "centre", 0).unwrap().1.0;
        let serving = bed.serve().await;
        Self {
            bed,
            serving,
            token,
        }
    }

    async fn send(
        &self,
        query: &str,
        media_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let request = self.serving.post(&format!("/validate{query}"));
        let request = request
            .bearer_auth(&self.token)
            .header("content-type", media_type);
        request.body(body).send().await.unwrap()
    }

    async fn told(&self, query: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Value {
        let answered = self.send(query, media_type, body).await;
        let status = answered.status();
        let text = answered.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, query: &str, media_type: &str, body: &str, status: u16, code: &str) {
        let answered = self.send(query, media_type, body.to_owned()).await;
        is_problem(answered, status, code).await;
    }

    async fn datasets(&self) -> String {
        let query = "/sparql?query=SELECT%20%28COUNT%28%2A%29%20AS%20%3Fn%29%20%7B%3Fs%20%3Fp%20%3Fo%7D&format=csv";
        self.serving
            .get(query)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }
}

async fn is_problem(answered: Response, status: u16, code: &str) {
    assert_eq!(answered.status().as_u16(), status, "{code}");
    assert_eq!(
        answered.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = serde_json::from_str(&answered.text().await.unwrap()).unwrap();
    assert_eq!(
        problem["type"],
        format!("urn:harvestd:problem:{code}"),
        "{problem}"
    );
}

fn turtle(datasets: usize) -> String {
    let mut text =
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
            .to_owned();
    for n in 0..datasets {
        text.push_str(&format!(
            "<https://centre.example/{n}> a dcat:Dataset ; dct:identifier \"d{n}\" ; dct:title \"D {n}\"@en ; \
             dcat:distribution [ a dcat:Distribution ; dct:format \"of our own\" ; dcat:accessURL <https://centre.example/{n}.x> ] .\n"
        ));
    }
    // Nobody named it.
    text.push_str("[] a dcat:Dataset ; dct:title \"Nameless\"@en .\n");
    text
}

/// A trial writes what it reads, and leaves the room that there is to what must be kept.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_nearly_full_disk_nothing_is_tried() {
    let trials = Trials::new("disk_free_bytes_min = 1_000_000_000_000", "").await;
    let document = turtle(1);
    trials
        .refused("", TURTLE, &document, 503, "read-only")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_tried_by_the_real_rules_and_nothing_is_kept() {
    let trials = Trials::new("", "").await;
    trials.serving.run().await;
    let before = trials.datasets().await;
    let report = trials.told("", TURTLE, turtle(60)).await;
    assert_eq!(report["trigger"], "trial");
    assert_eq!(report["source"], "centre");
    assert_eq!(report["counts"]["new"], 60, "{}", report["counts"]);
    assert_eq!(
        report["disagreements"].as_array().unwrap().len(),
        0,
        "{report}"
    );
    let left_out = report["counts"]["refused"].as_u64().unwrap()
        + report["counts"]["unreadable"].as_u64().unwrap();
    assert_eq!(left_out, 1, "{}", report["counts"]);
    let rows = report["rows"].as_array().unwrap();
    let findings = rows
        .iter()
        .filter(|row| row["fate"] == "finding" && row["found"] == "of our own");
    assert_eq!(findings.count(), 60);

    let table = trials
        .send("?format=csv&fate=finding", TURTLE, turtle(3))
        .await;
    assert_eq!(table.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(table.text().await.unwrap().contains("of our own"));
    let graph = trials
        .send("?format=ttl", TURTLE, turtle(1))
        .await
        .text()
        .await
        .unwrap();
    assert!(graph.contains("sh:ValidationReport"), "{graph}");

    let packages = json!([{ "id": "p1", "name": "p1", "title": "One" }]).to_string();
    let report = trials.told("", "application/json", packages).await;
    assert_eq!(report["counts"]["new"], 1, "{report}");
    let export = export(&rows_of_two());
    let report = trials
        .told("?kind=data_gov_tw", "application/json", export)
        .await;
    assert_eq!(report["counts"]["new"], 2, "{report}");
    let report = trials
        .told("", TURTLE, "this is no Turtle".to_owned())
        .await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(
        report["why"].as_str().unwrap().contains("found"),
        "{report}"
    );

    assert_eq!(trials.datasets().await, before);
    let never = trials
        .serving
        .get("/sources/centre/report")
        .send()
        .await
        .unwrap();
    is_problem(never, 404, "never-ran").await;
    let spool = std::fs::read_dir(trials.bed.data_dir().join("spool")).unwrap();
    assert_eq!(spool.count(), 0, "a trial leaves nothing behind");
    assert!(!trials.bed.data_dir().join("parts/centre").exists());
}

fn rows_of_two() -> Vec<String> {
    rows(1, 2, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_a_problem() {
    let trials = Trials::new(
        "push.body_bytes_max = 2048\npush.catalog_bytes_max = 4096",
        "",
    )
    .await;
    let nobody = trials
        .serving
        .post("/validate")
        .header("content-type", TURTLE);
    is_problem(
        nobody.body(turtle(1)).send().await.unwrap(),
        401,
        "unauthorized",
    )
    .await;
    let wrong = trials.serving.post("/validate").bearer_auth("harvestd_0");
    let wrong = wrong.header("content-type", TURTLE).body(turtle(1));
    is_problem(wrong.send().await.unwrap(), 401, "unauthorized").await;
    let long = turtle(100);
    trials
        .refused("", TURTLE, &long, 413, "content-too-large")
        .await;
    trials
        .refused("", "image/png", "x", 415, "unsupported-media-type")
        .await;
    trials
        .refused("?kind=none", TURTLE, "", 422, "unknown-kind")
        .await;
    trials
        .refused("?kind=mapped", "application/json", "[]", 422, "settings")
        .await;
    trials.refused("?form=ttl", TURTLE, "", 400, "query").await;
    for (url, code) in [
        ("ftp://centre.example/", "not-an-address"),
        ("https://me:secret@centre.example/", "not-an-address"),
    ] {
        let body = json!({ "url": url }).to_string();
        trials
            .refused("", "application/json", &body, 422, code)
            .await;
    }
    let pushed = json!({ "url": "https://centre.example/", "kind": "push" }).to_string();
    trials
        .refused("", "application/json", &pushed, 422, "unknown-kind")
        .await;
    // The guard lets nobody at what is not public.
    let body = json!({ "url": trials.bed.origin.at("/c.ttl") }).to_string();
    let report = trials.told("", "application/json", body).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert_eq!(trials.bed.origin.asked(), 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_can_be_switched_off() {
    let trials = Trials::new("validate.url_ms_max = 0", LOCAL).await;
    let body = json!({ "url": trials.bed.origin.at("/c.ttl") }).to_string();
    trials
        .refused("", "application/json", &body, 422, "no-addresses")
        .await;
    let report = trials.told("", TURTLE, turtle(2)).await;
    assert_eq!(report["counts"]["new"], 2, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_asked_as_in_a_harvest() {
    let trials = Trials::new("", LOCAL).await;
    trials.bed.origin.say("/c.ttl", TURTLE, turtle(7));
    let body = json!({ "url": trials.bed.origin.at("/c.ttl") }).to_string();
    let report = trials.told("", "application/json", body).await;
    assert_eq!(
        (report["kind"].as_str(), report["requests"].as_u64()),
        (Some("dcat"), Some(1)),
        "{report}"
    );
    assert_eq!(report["counts"]["new"], 7, "{report}");
    let body = json!({ "url": trials.bed.origin.at("/a"), "kind": "data_gov_tw" }).to_string();
    let report = trials.told("", "application/json", body).await;
    assert_eq!(
        (report["outcome"].as_str(), report["counts"]["new"].as_u64()),
        (Some("complete"), Some(2)),
        "{report}"
    );
    let body = json!({ "url": trials.bed.origin.at("/nothing") }).to_string();
    let report = trials.told("", "application/json", body).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(report["why"].as_str().unwrap().contains("404"), "{report}");
    assert_eq!(report["diagnosis"]["code"], "moved", "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_places_and_so_much_time() {
    let trials = Trials::new("validate.at_once_max = 1", LOCAL).await;
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = Mutex::new(Some(wait));
    trials.bed.origin.answer("/slow.ttl", move |_| {
        let wait = wait.lock().unwrap().take().unwrap();
        let body = Body::from_stream(futures_util::stream::once(async move {
            let _ = wait.await;
            Ok::<_, std::convert::Infallible>(turtle(3))
        }));
        origin::plain(TURTLE, body)
    });
    let body = json!({ "url": trials.bed.origin.at("/slow.ttl") }).to_string();
    let first = trials.told("", "application/json", body);
    let second = async {
        serving::eventually("the first is under way", async || {
            trials.bed.origin.asked() == 1
        })
        .await;
        let second = trials.send("", TURTLE, turtle(1)).await;
        assert!(second.headers().contains_key("retry-after"));
        is_problem(second, 429, "too-many-trials").await;
        go.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(first, second);
    assert_eq!(report["counts"]["new"], 3, "{report}");
    let report = trials.told("", TURTLE, turtle(1)).await;
    assert_eq!(report["counts"]["new"], 1, "its place is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_come_to_its_end_is_left() {
    let trials = Trials::new("validate.url_ms_max = 300", LOCAL).await;
    trials.bed.origin.answer("/never.ttl", |_| {
        let never = futures_util::stream::pending::<Result<String, std::convert::Infallible>>();
        origin::plain(TURTLE, Body::from_stream(never))
    });
    let body = json!({ "url": trials.bed.origin.at("/never.ttl") }).to_string();
    let report = trials.told("", "application/json", body).await;
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(
        report["why"]
            .as_str()
            .unwrap()
            .contains("limits.validate.url_ms_max"),
        "{report}"
    );
}
