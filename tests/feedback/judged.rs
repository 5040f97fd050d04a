//! What the operator decides, and what is published then.

use super::*;
use serde_json::{Value, json};

const CENTRE_OVERRIDES: &str = "overrides";

fn accept() -> Value {
    json!({ "verdict": "accept", "who": "Lin" })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_correction_is_published_and_the_original_stays_readable() {
    let mut bed = Bed::new().await;
    answer(bed.say(&correction("Rainfall")), 201).await;
    let (code, out, error) = bed.command(&["feedback", "list"]).await;
    assert!(
        code == 0 && out.contains("Rainfall") && out.contains("Mei (centre)"),
        "{out}{error}"
    );
    let (code, out, error) = bed
        .command(&["feedback", "accept", "1", "--why", "So it is."])
        .await;
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("https://hub.example/override/"), "{out}");
    let corrected = (vec!["Rainfall".to_owned()], vec!["Rain".to_owned()]);
    assert_eq!(bed.titles(RAIN).await, corrected);

    // A file as an operator would write it, in force, and said in the graph of corrections.
    let folder = bed.dir.path().join(CENTRE_OVERRIDES);
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    for part in [
        "expect = \"Rain\"",
        "set = \"Rainfall\"",
        "who = \"Lin\"",
        "why = \"So it is. (feedback of Mei: https://hub.example/feedback/1)\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, out, error) = bed.command(&["overrides", "list", "--json"]).await;
    assert_eq!(code, 0, "{error}");
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(listed[0]["state"], "applied", "{out}");
    let said = bed.json("/feedback/1").await;
    assert_eq!(said["status"], "accepted");
    let made = said["judged"]["override"].as_str().unwrap().to_owned();
    let standing = format!(
        "SELECT ?s {{ GRAPH ?g {{ <{made}> <https://w3id.org/harvestd/ns#standing> ?s }} }}"
    );
    assert_eq!(bed.select(&standing).await, ["applied"]);
    assert_eq!(said["judged"]["who"], "Lin");
    assert_eq!(
        bed.ids("/feedback?sender=centre&status=accepted").await,
        [1]
    );
    let generated = format!(
        "SELECT ?a {{ GRAPH ?g {{ ?j <http://www.w3.org/ns/prov#generated> <{made}> ; <http://www.w3.org/ns/prov#used> ?a }} }}"
    );
    bed::eventually("the decision can be asked for", async || {
        bed.select(&generated).await == ["https://hub.example/feedback/1"]
    })
    .await;

    // Neither a reload nor a restart changes anything; nor is it judged twice.
    bed.configure("", "").await;
    assert_eq!(bed.titles(RAIN).await, corrected);
    bed.restart("").await;
    assert_eq!(bed.titles(RAIN).await, corrected);
    assert_eq!(bed.json("/feedback/1").await, said);
    problem(bed.judge(1, &accept()), 409, "conflict").await;
    let decline = json!({ "verdict": "decline", "who": "Lin", "why": "No." });
    let (_, document) = problem(bed.judge(1, &decline), 409, "conflict").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("take that out first"),
        "{document}"
    );
    // Taken out, the source's own words are back, and it can be judged again.
    std::fs::remove_file(&files[0]).unwrap();
    bed.configure("", "").await;
    assert_eq!(bed.titles(RAIN).await.0, ["Rain"]);
    assert_eq!(
        answer(bed.judge(1, &decline), 200).await["status"],
        "declined"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_needs_a_reason_that_the_sender_reads() {
    let mut bed = Bed::new().await;
    answer(bed.say(&correction("Rubbish")), 201).await;
    let (code, _, error) = bed.command(&["feedback", "decline", "1"]).await;
    assert!(code == 2 && error.contains("--why"), "{error}");
    let empty = json!({ "verdict": "decline", "who": "Lin", "why": " " });
    problem(bed.judge(1, &empty), 409, "conflict").await;
    let (code, out, error) = bed
        .command(&["feedback", "decline", "1", "--why", "It is rain."])
        .await;
    assert_eq!((code, out.as_str()), (0, "Declined.\n"), "{error}");
    let said = bed.json("/feedback/1").await;
    assert_eq!(
        (&said["status"], &said["judged"]["why"]),
        (&json!("declined"), &json!("It is rain."))
    );
    assert_eq!(said["should_be"], json!(["Rubbish"]));
    assert_eq!(bed.titles(RAIN).await.0, ["Rain"]);
    // What is not fit to be public is not shown, wherever it could be.
    let (code, ..) = bed
        .command(&[
            "feedback",
            "decline",
            "1",
            "--why",
            "Not fit.",
            "--withhold",
        ])
        .await;
    assert_eq!(code, 0);
    let graph = "SELECT ?o { GRAPH <https://hub.example/graph/feedback> { ?s ?p ?o } }";
    bed::eventually("the graph forgets it", async || {
        let all = bed.select(graph).await;
        all.iter().any(|o| o == "Not fit.") && !all.iter().any(|o| o == "Rubbish")
    })
    .await;
    bed.restart("").await;
    for (path, accept) in [
        ("/feedback", "application/json"),
        ("/feedback/1", "application/json"),
        ("/feedback/1", "text/turtle"),
        ("/feedback/feed", "*/*"),
    ] {
        let text = bed.text(path, accept).await;
        assert!(
            text.contains("Not fit.") && !text.contains("Rubbish") && !text.contains("Mei"),
            "{text}"
        );
    }
    assert!(!bed.select(graph).await.iter().any(|o| o == "Rubbish"));
    let (_, out, _) = bed.command(&["feedback", "show", "1"]).await;
    assert!(
        out.contains("Rubbish") && out.contains("mei@people.example"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remark_is_acknowledged_or_becomes_a_correction() {
    let bed = Bed::new().await;
    for text in ["Thanks.", "The title says little.", "Another."] {
        answer(bed.say(&remark(text)), 201).await;
    }
    let (code, out, error) = bed.command(&["feedback", "accept", "1"]).await;
    assert!(
        code == 0 && out.contains("without a correction"),
        "{out}{error}"
    );
    assert_eq!(bed.titles(RAIN).await.0, ["Rain"]);
    let half = json!({ "verdict": "accept", "who": "Lin", "property": "dct:title" });
    problem(bed.judge(2, &half), 409, "conflict").await;
    let wrong = json!({ "verdict": "accept", "who": "Lin", "property": "dct:titel", "set": ["x"] });
    let (_, document) = problem(bed.judge(2, &wrong), 422, "refused").await;
    assert_eq!(
        document["refused"][0]["expected"], "\"dct:title\"",
        "{document}"
    );
    let (code, out, error) = bed
        .command(&[
            "feedback",
            "accept",
            "2",
            "--property",
            "dct:title",
            "--lang",
            "en",
            "--set",
            "Rain in Taipei",
        ])
        .await;
    assert!(code == 0 && out.contains("It is published"), "{out}{error}");
    assert_eq!(
        bed.titles(RAIN).await,
        (vec!["Rain in Taipei".to_owned()], vec!["Rain".to_owned()])
    );
    // What the source says at this moment is what is expected.
    let (_, out, _) = bed.command(&["overrides", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&listed[0]["state"], &listed[0]["expect"]),
        (&json!("applied"), &json!(["Rain"])),
        "{out}"
    );
    let (code, _, error) = bed.command(&["feedback", "accept", "9"]).await;
    assert!(
        code == 4 && error.contains("no feedback has the number 9"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_corrected_changes_nothing() {
    let bed = Bed::new().await;
    // The source says so by now.
    let mut said = correction("Rain");
    said["found"] = json!("Rian");
    answer(bed.say(&said), 201).await;
    let (code, out, error) = bed.command(&["feedback", "accept", "1"]).await;
    assert!(
        code == 0 && out.contains("the source says so by now"),
        "{out}{error}"
    );
    // No such distribution.
    let unplaced = json!({ "kind": "correction", "dataset": RAIN, "distribution": "https://centre.example/snow.csv",
        "property": "dct:title", "should_be": "Snow" });
    answer(bed.say(&unplaced), 201).await;
    let (_, document) = problem(bed.judge(2, &accept()), 409, "conflict").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("no distribution"),
        "{document}"
    );
    // Somebody has corrected the same by hand.
    let folder = bed.dir.path().join(CENTRE_OVERRIDES);
    std::fs::create_dir_all(&folder).unwrap();
    let by_hand = format!(
        "[[override]]\ndataset = \"{RAIN}\"\nproperty = \"dct:title\"\nexpect = \"Rain\"\nset = \"Rainy\"\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"By hand.\"\n"
    );
    std::fs::write(folder.join("by-hand.toml"), by_hand).unwrap();
    bed.configure("", "").await;
    assert_eq!(bed.titles(RAIN).await.0, ["Rainy"]);
    answer(bed.say(&correction("Rainfall")), 201).await;
    let (_, document) = problem(bed.judge(3, &accept()), 409, "conflict").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("by-hand.toml:1:1"),
        "{document}"
    );
    assert_eq!(bed.titles(RAIN).await.0, ["Rainy"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(bed.ids("/feedback?status=open").await, [2, 3]);
}

/// A second correction of the same values takes the place of the first one.
#[tokio::test(flavor = "multi_thread")]
async fn the_later_correction_of_the_same_takes_the_place_of_the_first() {
    let bed = Bed::new().await;
    answer(bed.say(&correction("Rainfall")), 201).await;
    answer(bed.say(&correction("Rainfall in mm")), 201).await;
    answer(bed.judge(1, &accept()), 200).await;
    assert_eq!(bed.titles(RAIN).await.0, ["Rainfall"]);
    answer(bed.judge(2, &accept()), 200).await;
    assert_eq!(
        bed.titles(RAIN).await,
        (vec!["Rainfall in mm".to_owned()], vec!["Rain".to_owned()])
    );
}
