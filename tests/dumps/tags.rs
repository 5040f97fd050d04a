//! Entity tags of the catalogue's documents are of their content: what did not change is not sent again.

use super::*;

const WHOLE: [&str; 3] = ["/catalog.ttl", "/catalog.nt", "/catalog.csv"];
/// The first page of ten has the rows 1, 10, 11, …, 18 of the export; the rows 7 and 8 are elsewhere.
const PAGE: &str = "/catalog.ttl?limit=10";
const OTHERS: &str = "/catalog.csv?source=nobody-else";

async fn tag(daemon: &Serving, path: &str) -> String {
    let response = asked(daemon, path, &[]).await;
    assert_eq!(response.status(), 200, "{path}");
    header(response.headers(), "etag")
}

/// The sums follow a publication.
async fn settled(daemon: &Serving) {
    eventually("the sums are of what is published", async || {
        let state = daemon.json("/feed/state").await;
        state["seq"] == daemon.json("/status").await["published"]["seq"]
    })
    .await;
}

async fn tags(daemon: &Serving) -> Vec<String> {
    settled(daemon).await;
    let mut tags = Vec::new();
    for path in WHOLE {
        tags.push(tag(daemon, path).await);
    }
    tags
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_and_changes_back_has_the_tag_that_it_had() {
    let (bed, daemon) = harvested("").await;
    let first = tags(&daemon).await;
    let table = async || asked(&daemon, WHOLE[2], &[]).await.bytes().await.unwrap();
    let first_table = table().await;
    for (at, tag) in first.iter().enumerate() {
        assert!(!first[at + 1..].contains(tag), "each document has its own");
    }
    changed(&bed, &daemon, 7).await;
    let second = tags(&daemon).await;
    for (path, (before, after)) in WHOLE.iter().zip(first.iter().zip(&second)) {
        assert_ne!(before, after, "{path}");
    }
    bed.origin
        .say("/a", "application/json", export(&rows(1, 30, 1)));
    assert_eq!(daemon.run().await["counts"]["changed"], 1);
    let third = tags(&daemon).await;
    assert_eq!(third[..2], first[..2]);
    // The table tells when each dataset was committed, to the second: another time, if not within the same one.
    assert_eq!(third[2] == first[2], table().await == first_table);
    assert_ne!(third[2], second[2]);
    let held = asked(&daemon, WHOLE[0], &[("if-none-match", &first[0])]).await;
    assert_eq!(held.status(), 304);
    let not = asked(&daemon, WHOLE[0], &[("if-none-match", &second[0])]).await;
    assert_eq!(not.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_keeps_its_tag_while_others_change() {
    let (bed, daemon) = harvested("").await;
    let (page, listed) = (
        tag(&daemon, PAGE).await,
        tag(&daemon, "/catalog.csv?source=a").await,
    );
    let missing = asked(&daemon, OTHERS, &[]).await;
    assert_eq!(missing.status(), 404);
    changed(&bed, &daemon, 7).await;
    // Written anew, and found to be the same.
    let held = asked(&daemon, PAGE, &[("if-none-match", &page)]).await;
    assert_eq!(held.status(), 304);
    assert_eq!(tag(&daemon, PAGE).await, page);
    assert_ne!(tag(&daemon, "/catalog.csv?source=a").await, listed);
    let head = reqwest::Client::builder().no_proxy().build().unwrap();
    let head = head.head(format!("http://{}{PAGE}", daemon.listen));
    let head = head.send().await.unwrap();
    assert_eq!(header(head.headers(), "etag"), page);
    changed(&bed, &daemon, 10).await;
    assert_ne!(tag(&daemon, PAGE).await, page);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replicas_document_says_of_which_activity_it_is() {
    let (bed, daemon) = harvested("").await;
    let first = tag(&daemon, "/catalog.nq").await;
    changed(&bed, &daemon, 7).await;
    bed.origin
        .say("/a", "application/json", export(&rows(1, 30, 1)));
    daemon.run().await;
    assert_ne!(tag(&daemon, "/catalog.nq").await, first);
}
