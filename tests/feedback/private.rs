//! How a person can be asked is in the file of feedback and at the operator's door, and nowhere else.

use super::*;
use std::{os::unix::fs::PermissionsExt, path::Path};

const ADDRESS: &str = "mei@people.example";

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_in_no_answer_no_snapshot_and_no_log() {
    let mut bed = Bed::with("", "open = true").await;
    let first = bed.anyone(&correction("Rainfall")).send().await.unwrap();
    assert_eq!(first.status(), 201);
    let mut said = vec![first.text().await.unwrap()];
    // Sent again, refused, and twice under one key.
    said.push(
        bed.anyone(&correction("Rainfall"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
    );
    let mut wrong = correction("Rain");
    wrong["contact"] = format!("{ADDRESS}\u{7}").into();
    said.push(
        bed.anyone(&wrong)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
    );
    let linked = format!(
        "{{\"@context\":\"http://www.w3.org/ns/anno.jsonld\",\"motivation\":\"assessing\",\"target\":\"{RAIN}\",\"bodyValue\":\"x\",\
         \"creator\":{{\"id\":\"mailto:{ADDRESS}\"}}}}"
    );
    let second = bed.rdf("application/ld+json", linked).send().await.unwrap();
    assert_eq!(second.status(), 201);
    said.push(second.text().await.unwrap());
    answer(
        bed.judge(1, &serde_json::json!({ "verdict": "accept", "who": "Lin" })),
        200,
    )
    .await;
    bed::eventually("it is published", async || {
        let standing = "SELECT ?s { GRAPH <https://hub.example/graph/feedback> { ?a <https://w3id.org/harvestd/ns#standing> ?s } } ORDER BY ?s";
        bed.select(standing).await == ["accepted", "open"]
    })
    .await;
    bed.restart("").await;
    for (path, accept) in [
        ("/feedback", "application/json"),
        ("/feedback", "text/turtle"),
        ("/feedback/1", "application/json"),
        ("/feedback/1", "application/ld+json"),
        ("/feedback/2", "application/rdf+xml"),
        ("/feedback/2", "application/n-quads"),
        ("/feedback/feed", "*/*"),
        ("/status.json", "*/*"),
        ("/metrics", "*/*"),
        ("/catalog.nt", "*/*"),
    ] {
        said.push(bed.text(path, accept).await);
    }
    said.push(
        bed.select("SELECT * { { GRAPH ?g { ?s ?p ?o } } UNION { ?s ?p ?o } }")
            .await
            .concat(),
    );
    said.push(bed.log());
    for text in said {
        assert!(!text.contains("people.example"), "{text}");
    }

    // The operator has it, from the one file that does.
    for id in ["1", "2"] {
        let (_, out, _) = bed.command(&["feedback", "show", id]).await;
        assert!(out.contains(ADDRESS), "{out}");
    }
    let (_, out, _) = bed.command(&["feedback", "list", "--json"]).await;
    assert!(out.contains(ADDRESS), "{out}");
    drop(bed.command(&["status"]).await);
    // Without the operator's token there is nothing.
    let stranger = bed.operator_as(&bed.token, "GET", "/feedback");
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    // A daemon at work makes and removes files.
    bed.stop().await;
    let holding: Vec<_> = files(bed.dir.path())
        .into_iter()
        .filter(|file| holds(&std::fs::read(file).unwrap(), "people.example"))
        .collect();
    let file = bed.data_dir().join("feedback.jsonl");
    assert_eq!(holding, std::slice::from_ref(&file));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
