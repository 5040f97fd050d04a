//! What is taken, in every form, and what is given back of it.

use super::*;
use serde_json::{Value, json};

const PREFIXES: &str = "@prefix oa: <http://www.w3.org/ns/oa#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix dqv: <http://www.w3.org/ns/dqv#> . \
    @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> . \
    @prefix h: <https://w3id.org/harvestd/ns#> . @prefix schema: <http://schema.org/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_kept_and_has_an_address() {
    let mut bed = Bed::new().await;
    let response = bed.say(&correction("Rainfall")).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, "https://hub.example/feedback/1");
    let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    for (key, value) in [
        ("id", json!(1)),
        ("status", json!("open")),
        ("sender", json!("centre")),
        ("dataset", json!(RAIN)),
        ("property", json!("dct:title")),
        ("found", json!(["Rain"])),
        ("should_be", json!(["Rainfall"])),
        ("who", json!("Mei")),
        ("sources", json!(["centre"])),
        (
            "publishers",
            json!([{ "iri": "https://centre.example/office", "names": ["Office of Rain"] }]),
        ),
    ] {
        assert_eq!(said[key], value, "{key}: {said}");
    }
    assert_eq!(bed.json(&location).await, said);
    // Nothing of the dataset has changed by that.
    assert_eq!(bed.titles(RAIN).await.0, ["Rain"]);
    assert_eq!(bed.json("/status.json").await["feedback"]["open"], 1);
    assert_eq!(
        bed.metric("harvestd_feedback_items{status=\"open\"}").await,
        1.0
    );
    let turtle = bed.text(&location, "text/turtle").await;
    for part in [
        "oa:Annotation",
        "oa:editing",
        "dct:title \"Rainfall\"@en",
        "\"Rain\"@en",
        "foaf:name \"Mei\"",
    ] {
        assert!(turtle.contains(part), "{part}: {turtle}");
    }
    let linked: Value =
        serde_json::from_str(&bed.text(&location, "application/ld+json").await).unwrap();
    assert!(
        linked
            .to_string()
            .contains("http://www.w3.org/ns/oa#Annotation"),
        "{linked}"
    );
    assert_eq!(
        bed.request("GET", "/feedback/2")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    assert_eq!(
        bed.request("GET", "/feedback/x")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let refused = bed
        .request("GET", "/feedback/1")
        .header("accept", "image/png")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 406);

    // In the graph of feedback, and there still after a restart.
    let graph = "SELECT ?v { GRAPH <https://hub.example/graph/feedback> { \
        ?a <http://www.w3.org/ns/oa#hasTarget> <https://centre.example/dataset/rain> ; <http://www.w3.org/ns/oa#hasBody> ?b . ?b <http://purl.org/dc/terms/title> ?v } }";
    bed::eventually("it can be asked for", async || {
        bed.select(graph).await == ["Rainfall"]
    })
    .await;
    bed.restart("").await;
    assert_eq!(bed.json(&location).await, said);
    assert_eq!(bed.select(graph).await, ["Rainfall"]);
}

/// What is given back, sent again, is the same word for word, and so not kept twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_says_the_same() {
    let bed = Bed::new().await;
    let whole = json!({ "kind": "correction", "dataset": RAIN, "distribution": "https://centre.example/rain.csv" });
    let gone = json!({ "kind": "correction", "dataset": RAIN, "property": "dcat:keyword", "found": ["a", { "text": "b", "lang": "en" }], "should_be": [] });
    let typed = json!({ "kind": "correction", "dataset": RAIN, "property": "dct:license", "distribution": "https://centre.example/rain.csv",
        "should_be": { "iri": "https://creativecommons.org/licenses/by/4.0/" } });
    let said = json!({ "kind": "remark", "dataset": RAIN, "text": "壞了\n<&>", "text_lang": "zh-Hant", "rating": 1, "who": "Wu" });
    for (n, sent) in [correction("Rainfall"), whole, gone, typed, said]
        .iter()
        .enumerate()
    {
        let id = n as u64 + 1;
        let first = answer(bed.say(sent), 201).await;
        assert_eq!(first["id"], id);
        for media_type in [
            "text/turtle",
            "application/ld+json",
            "application/n-triples",
            "application/rdf+xml",
        ] {
            let text = bed.text(&format!("/feedback/{id}"), media_type).await;
            let again = answer(bed.rdf(media_type, text.clone()), 200).await;
            assert_eq!(again, first, "{media_type}: {text}");
        }
        let again = answer(bed.say(sent), 200).await;
        assert_eq!(again, first);
        // Said by somebody else, it is another one.
    }
    let other = bed
        .anyone(&correction("Rainfall"))
        .bearer_auth(&bed.other_token);
    assert_eq!(answer(other, 201).await["id"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn web_annotations_as_others_write_them() {
    let bed = Bed::new().await;
    let annotation = json!({
        "@context": ["http://www.w3.org/ns/anno.jsonld", { "dct": "http://purl.org/dc/terms/" }],
        "type": "Annotation",
        "motivation": "editing",
        "creator": { "type": "Person", "name": "Mei", "email": "mailto:mei@people.example" },
        "target": { "type": "SpecificResource", "source": RAIN },
        "body": [
            { "dct:title": { "@language": "en", "@value": "Rainfall" } },
            { "type": "TextualBody", "value": "It says too little.", "language": "en", "purpose": "commenting" }
        ]
    });
    let said = answer(bed.rdf("application/ld+json", annotation.to_string()), 201).await;
    for (key, value) in [
        ("kind", json!("correction")),
        ("property", json!("dct:title")),
        ("lang", json!("en")),
        ("should_be", json!(["Rainfall"])),
        ("text", json!("It says too little.")),
        ("text_lang", json!("en")),
        ("who", json!("Mei")),
        ("found", Value::Null),
        ("contact", Value::Null),
    ] {
        assert_eq!(said[key], value, "{key}: {said}");
    }
    let kept = answer(bed.operator("GET", "/feedback/1"), 200).await;
    assert_eq!(kept["contact"], "mailto:mei@people.example");

    let turtle = format!(
        "{PREFIXES}[] a dqv:UserQualityFeedback ; oa:motivatedBy dqv:qualityAssessment ; oa:hasTarget <{RAIN}> ;\n\
         oa:hasBody [ a oa:TextualBody ; rdf:value \"Three months are missing.\" ] , [ a schema:Rating ; schema:ratingValue 2 ] ."
    );
    let said = answer(bed.rdf("text/turtle", turtle), 201).await;
    assert_eq!(
        (&said["kind"], &said["rating"]),
        (&json!("remark"), &json!(2))
    );
    assert_eq!(said["text"], "Three months are missing.");
    let plain = format!(
        "{PREFIXES}<#a> a oa:Annotation ; oa:motivatedBy oa:assessing ; oa:hasTarget <{RAIN}> ; oa:bodyValue \"Good.\"@en ."
    );
    assert_eq!(
        answer(bed.rdf("text/turtle", plain), 201).await["text"],
        "Good."
    );
    let removed = format!(
        "{PREFIXES}[] a oa:Annotation ; oa:motivatedBy oa:editing ; oa:hasTarget <{RAIN}> ; oa:hasBody [ rdf:predicate dcat:keyword ; h:expected \"x\" ] ."
    );
    let said = answer(bed.rdf("text/turtle", removed), 201).await;
    assert_eq!(
        (&said["should_be"], &said["found"]),
        (&json!([]), &json!(["x"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_remark() {
    let bed = Bed::new().await;
    let say = |text: &str, key: &str| bed.say(&remark(text)).header("idempotency-key", key);
    let first = answer(say("a", "k"), 201).await;
    let again = say("a", "k").send().await.unwrap();
    assert_eq!(
        (
            again.status().as_u16(),
            &again.headers()["idempotency-replayed"] == "true"
        ),
        (201, true)
    );
    assert_eq!(
        again.headers()["location"],
        "https://hub.example/feedback/1"
    );
    problem(say("b", "k"), 422, "idempotency-key-used").await;
    // Another key says that it is meant once more.
    let second = answer(say("a", "l"), 201).await;
    assert_eq!((&first["id"], &second["id"]), (&json!(1), &json!(2)));
    let other = bed
        .anyone(&remark("b"))
        .bearer_auth(&bed.other_token)
        .header("idempotency-key", "k");
    assert_eq!(answer(other, 201).await["id"], 3);
    assert_eq!(bed.ids("/feedback").await, [1, 2, 3]);
}
