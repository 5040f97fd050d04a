//! A daemon that has harvested nothing says so, instead of giving out an empty catalogue.

use super::serving::{Bed, parsed};
use super::texts::{export, rows};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_before_something_is_committed() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    let serving = bed.serve().await;
    assert_eq!(serving.get("/healthz").send().await.unwrap().status(), 200);
    let query = "/sparql?query=ASK%20%7B%7D";
    for (path, problem) in [
        ("/readyz", "not-ready"),
        ("/catalog.nt", "nothing-published"),
        (query, "nothing-published"),
    ] {
        let answer = serving.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let said = parsed(answer).await;
        assert_eq!(said["type"], format!("urn:harvestd:problem:{problem}"));
    }
    let status = serving.json("/status.json").await;
    assert_eq!(status["published"], serde_json::Value::Null);

    serving.run().await;
    for path in ["/readyz", "/catalog.nt", query] {
        assert_eq!(
            serving.get(path).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    serving.stop().await;
    let serving = bed.serve().await;
    let ready = serving.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 200, "what was harvested is there at once");
    serving.stop().await;
}

/// An empty catalogue that was asked for is a catalogue.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_finds_nothing_publishes_that() {
    let bed = Bed::new(export(&[])).await;
    let serving = bed.serve().await;
    serving.run().await;
    let ready = serving.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 200);
    serving.stop().await;
}
