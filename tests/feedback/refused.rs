//! What is not taken, and in which words.

use super::*;
use serde_json::{Value, json};

fn with(mut said: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => said.as_object_mut().unwrap().remove(key),
            value => said
                .as_object_mut()
                .unwrap()
                .insert(key.clone(), value.clone()),
        };
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_is_not_held_is_unknown() {
    let bed = Bed::new().await;
    let said = with(
        remark("x"),
        json!({ "dataset": "https://centre.example/dataset/snow" }),
    );
    let (_, document) = problem(bed.say(&said), 404, "unknown-dataset").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("/dataset/snow"),
        "{document}"
    );
    assert_eq!(bed.ids("/feedback").await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_that_is_wrong_is_told_with_what_is_expected() {
    let bed = Bed::with("text_bytes_max = 100\nvalues_max = 2", "").await;
    let right = || correction("Rainfall");
    for (said, key, expected) in [
        (
            with(right(), json!({ "property": "dct:titel" })),
            "property",
            "\"dct:title\"",
        ),
        (
            with(right(), json!({ "property": "rdf:type" })),
            "property",
            "a property that says something",
        ),
        (
            with(right(), json!({ "should_be": "Rain" })),
            "should_be",
            "other values than expected",
        ),
        (
            with(right(), json!({ "should_be": null })),
            "should_be",
            "the right value",
        ),
        (
            with(right(), json!({ "should_be": {} })),
            "should_be",
            "a text",
        ),
        (
            with(right(), json!({ "should_be": [], "found": null })),
            "found",
            "the values that are to be removed",
        ),
        (
            with(right(), json!({ "lang": "no tag" })),
            "lang",
            "a language tag",
        ),
        (
            with(
                right(),
                json!({ "property": "dct:issued", "lang": null, "should_be": "never" }),
            ),
            "should_be",
            "date",
        ),
        (
            with(right(), json!({ "should_be": "x".repeat(101) })),
            "should_be",
            "at most 100",
        ),
        (
            with(right(), json!({ "should_be": ["a", "b", "c"] })),
            "should_be",
            "at most 2",
        ),
        (with(right(), json!({ "text": "a\u{7}" })), "text", "a text"),
        (
            with(
                right(),
                json!({ "property": null, "lang": null, "found": null, "should_be": null }),
            ),
            "property",
            "a property",
        ),
        (
            with(right(), json!({ "who": "mei@people.example" })),
            "who",
            "a name: it is published",
        ),
        (
            with(right(), json!({ "dataset": "rain" })),
            "dataset",
            "the IRI of a dataset",
        ),
        (
            with(remark("x"), json!({ "rating": 6 })),
            "rating",
            "from 1 to 5",
        ),
        (
            with(remark("x"), json!({ "text": " ", "rating": null })),
            "text",
            "a text, a rating",
        ),
        (
            with(remark("x"), json!({ "should_be": "y" })),
            "should_be",
            "correction",
        ),
        (
            with(remark("x"), json!({ "property": "dct:titel" })),
            "property",
            "\"dct:title\"",
        ),
    ] {
        let (_, document) = problem(bed.say(&said), 422, "refused").await;
        let rows = document["refused"].as_array().unwrap();
        let fits = |row: &&Value| {
            row["key"] == key && row["expected"].as_str().unwrap().contains(expected)
        };
        assert!(
            rows.iter().any(|row| fits(&row)),
            "{key}, {expected}: {document}"
        );
        assert!(
            !document.to_string().contains("people.example"),
            "{document}"
        );
    }
    assert_eq!(bed.ids("/feedback").await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_read_are_told_why() {
    let bed = Bed::with("body_bytes_max = 8192", "").await;
    let json = "application/json";
    let linked = "application/ld+json";
    let annotation = |more: &str| {
        format!(
            "@prefix oa: <http://www.w3.org/ns/oa#> . <#a> a oa:Annotation ; oa:hasTarget <{RAIN}> ; {more} ."
        )
    };
    let deep = format!("{{\"@graph\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    for (media_type, body, status, says) in [
        (json, "{".to_owned(), 422, "guarding JSON"),
        (
            json,
            "{\"dataset\":\"x\"}".to_owned(),
            422,
            "missing field `kind`",
        ),
        (
            json,
            "{\"kind\":\"remark\",\"dataset\":\"x\",\"txt\":\"y\"}".to_owned(),
            422,
            "unknown field `txt`",
        ),
        (
            json,
            "{\"kind\":\"praise\",\"dataset\":\"x\"}".to_owned(),
            422,
            "`correction` or `remark`",
        ),
        (
            json,
            "{\"@context\":{},\"kind\":\"remark\"}".to_owned(),
            422,
            "application/ld+json",
        ),
        (
            linked,
            "{\"@context\":\"https://elsewhere.example/c\",\"a\":1}".to_owned(),
            422,
            "http://www.w3.org/ns/anno.jsonld",
        ),
        (linked, deep, 422, "nest"),
        ("text/turtle", "<a> <b>".to_owned(), 422, "reading the"),
        (
            "text/turtle",
            annotation("oa:hasBody [ ]"),
            422,
            "oa:editing for a correction",
        ),
        (
            "text/turtle",
            annotation("oa:motivatedBy oa:bookmarking"),
            422,
            "oa:editing for a correction",
        ),
        (
            "text/turtle",
            annotation("oa:motivatedBy oa:assessing ; oa:hasBody <https://e.example/essay>"),
            422,
            "a body that is in the document",
        ),
        (
            "text/turtle",
            annotation(
                "oa:motivatedBy oa:editing ; oa:hasBody [ <http://purl.org/dc/terms/title> \"x\" ; <http://purl.org/dc/terms/description> \"y\" ]",
            ),
            422,
            "one property with its right values",
        ),
        (
            "text/turtle",
            annotation(&format!(
                "oa:motivatedBy oa:assessing ; oa:hasTarget <{RAIN}2>"
            )),
            422,
            "one target",
        ),
        ("text/turtle", String::new(), 422, "one oa:Annotation"),
        ("text/plain", "nice".to_owned(), 415, "application/ld+json"),
    ] {
        let response = bed.rdf(media_type, body.clone()).send().await.unwrap();
        let (found, text) = (response.status().as_u16(), response.text().await.unwrap());
        assert!(
            found == status && text.contains(says),
            "{body}: {found} {text}"
        );
    }
    let long = remark(&"x".repeat(9_000));
    problem(bed.say(&long), 413, "content-too-large").await;
    let key = bed.say(&remark("x")).header("idempotency-key", "");
    problem(key, 400, "idempotency-key").await;
    assert_eq!(bed.ids("/feedback").await, [0; 0]);
    assert_eq!(
        bed.metric("harvestd_feedback_refused_total{status=\"413\"}")
            .await,
        1.0
    );
}
