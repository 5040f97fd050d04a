//! `kill -9` at every point: what was acknowledged is there, and whoever comes again is answered as if nothing had
//! happened.

use super::*;
use serde_json::json;

async fn dies_at(failpoint: &str, is_durable: bool) {
    let mut bed = Bed::new().await;
    bed.restart(failpoint).await;
    let say = |bed: &Bed| {
        bed.say(&correction("Rainfall"))
            .header("idempotency-key", "k")
    };
    assert!(
        say(&bed).send().await.is_err(),
        "{failpoint}: it is not answered"
    );
    bed.died().await;
    bed.restart("").await;
    let kept = if is_durable { vec![1] } else { Vec::new() };
    assert_eq!(bed.ids("/feedback").await, kept, "{failpoint}");
    let again = say(&bed).send().await.unwrap();
    assert_eq!(again.status(), 201, "{failpoint}");
    assert_eq!(
        again.headers().contains_key("idempotency-replayed"),
        is_durable,
        "{failpoint}"
    );
    assert_eq!(
        again.headers()["location"],
        "https://hub.example/feedback/1"
    );
    assert_eq!(bed.ids("/feedback").await, [1], "{failpoint}: once");
    let graph = "SELECT ?v { GRAPH <https://hub.example/graph/feedback> { ?a <http://www.w3.org/ns/oa#hasBody>/<http://purl.org/dc/terms/title> ?v } }";
    bed::eventually("it can be asked for", async || {
        bed.select(graph).await == ["Rainfall"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_is_written() {
    dies_at("feedback-write=return", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn between_durable_and_answered() {
    dies_at("feedback-durable=return", true).await;
}

/// Accepting is begun again where it was cut short, and comes to the same.
#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_accepted() {
    for failpoint in [
        "feedback-override=return",
        "feedback-judge=return",
        "feedback-durable=return",
    ] {
        let mut bed = Bed::new().await;
        answer(bed.say(&correction("Rainfall")), 201).await;
        bed.restart(failpoint).await;
        let accept = json!({ "verdict": "accept", "who": "Lin" });
        assert!(bed.judge(1, &accept).send().await.is_err(), "{failpoint}");
        bed.died().await;
        bed.restart("").await;
        assert_eq!(
            bed.titles(RAIN).await.0,
            ["Rainfall"],
            "{failpoint}: the file counts"
        );
        if failpoint.starts_with("feedback-durable") {
            assert_eq!(bed.ids("/feedback?status=accepted").await, [1]);
            continue;
        }
        assert_eq!(bed.ids("/feedback?status=open").await, [1], "{failpoint}");
        answer(bed.judge(1, &accept), 200).await;
        assert_eq!(
            bed.ids("/feedback?status=accepted").await,
            [1],
            "{failpoint}"
        );
        assert_eq!(
            std::fs::read_dir(bed.dir.path().join("overrides"))
                .unwrap()
                .count(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_line_was_never_acknowledged() {
    let mut bed = Bed::new().await;
    answer(bed.say(&remark("a")), 201).await;
    let file = bed.data_dir().join("feedback.jsonl");
    let mut text = std::fs::read_to_string(&file).unwrap();
    let whole = text.clone();
    text.push_str("{\"sent\":{\"remark\":{\"id\":2,");
    std::fs::write(&file, text).unwrap();
    bed.restart("").await;
    assert_eq!(bed.ids("/feedback").await, [1]);
    assert_eq!(answer(bed.say(&remark("b")), 201).await["id"], 2);
    let lines = std::fs::read_to_string(&file).unwrap();
    assert!(
        lines.starts_with(&whole) && lines.lines().count() == 2,
        "{lines}"
    );
    // A line that is broken in the middle is not passed over in silence.
    std::fs::write(&file, lines.replacen("\"sent\"", "\"snet\"", 1)).unwrap();
    let (code, _, error) = bed_stopped(bed).await;
    assert!(
        code == 1 && error.contains("feedback.jsonl: line 1"),
        "{code}: {error}"
    );
}

async fn bed_stopped(mut bed: Bed) -> (i32, String, String) {
    bed.stop().await;
    bed.command(&["feedback", "list"]).await
}
