//! Whole dumps of the program itself, with sources on loopback; and what the catalogue's documents say beside: their entity
//! tags, and the operator's mail address.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/daemon.rs"]
mod daemon;

#[path = "dumps/mail.rs"]
mod mail;
#[path = "dumps/tags.rs"]
mod tags;

use daemon::{house, serving, texts};
use house::DEADLINE;
use reqwest::{Response, header::HeaderMap};
use serde_json::Value;
use serving::{Bed, Serving, eventually, parsed};
use sha2::{Digest, Sha256};
use texts::{export, rows};

/// A new dump for whoever asks after a publication.
const ALWAYS: &str = "[limits.dumps]\nevery_ms = 0\n";

async fn harvested(limits: &str) -> (Bed, Serving) {
    let bed = Bed::new(export(&rows(1, 30, 1))).await;
    bed.configure(limits, "");
    let daemon = bed.serve().await;
    daemon.run().await;
    (bed, daemon)
}

/// The rows of the beginning, but for a change in this one.
async fn changed(bed: &Bed, daemon: &Serving, row: usize) {
    let mut now = rows(1, 30, 1);
    now[row - 1] = rows(row, row, 2).remove(0);
    bed.origin.say("/a", "application/json", export(&now));
    assert_ne!(daemon.run().await["counts"]["changed"], 0);
}

/// An address of ours on this machine.
fn here(address: &Value) -> String {
    let address = address.as_str().unwrap();
    address
        .strip_prefix("https://hub.example")
        .unwrap_or_else(|| panic!("{address} is not ours"))
        .to_owned()
}

async fn asked(daemon: &Serving, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(daemon.get(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.send().await.unwrap()
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

async fn bytes(daemon: &Serving, path: &str) -> Vec<u8> {
    let response = asked(daemon, path, &[]).await;
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_what_its_manifest_says_and_what_is_published() {
    let (_bed, daemon) = harvested("").await;
    let published = asked(&daemon, "/catalog.nt", &[]).await;
    let sequence = header(published.headers(), "harvestd-sequence");
    let manifest = daemon.json("/dumps").await;
    assert_eq!(manifest["sequence"].to_string(), sequence);
    assert_eq!(manifest["datasets"], 30);
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    for (file, door) in files.iter().zip(["/catalog.nt", "/catalog.nq"]) {
        let packed = bytes(&daemon, &here(&file["url"])).await;
        assert_eq!(packed.len() as u64, file["bytes"]);
        assert_eq!(hex::encode(Sha256::digest(&packed)), file["sha256"]);
        let plain = zstd::decode_all(packed.as_slice()).unwrap();
        assert_eq!(plain.len() as u64, file["plainBytes"]);
        assert_eq!(lines(&plain).len() as u64, file["statements"]);
        let streamed = bytes(&daemon, door).await;
        assert_eq!(lines(&plain), lines(&streamed), "{door}");
    }
    assert_eq!(manifest["triples"], files[0]["statements"]);
    let one = daemon.json(&here(&manifest["id"])).await;
    assert_eq!(one["files"], manifest["files"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_in_parts() {
    let (_bed, daemon) = harvested("").await;
    let manifest = daemon.json("/dumps").await;
    let path = here(&manifest["files"][0]["url"]);
    let whole = asked(&daemon, &path, &[("accept-encoding", "gzip")]).await;
    assert!(!whole.headers().contains_key("content-encoding"));
    assert_eq!(header(whole.headers(), "accept-ranges"), "bytes");
    let (tag, modified) = (
        header(whole.headers(), "etag"),
        header(whole.headers(), "last-modified"),
    );
    let whole = whole.bytes().await.unwrap();
    let size = whole.len();
    let half = size / 2;
    let mut put_together = Vec::new();
    for (range, said) in [
        (
            format!("bytes=0-{}", half - 1),
            format!("bytes 0-{}/{size}", half - 1),
        ),
        (
            format!("bytes={half}-"),
            format!("bytes {half}-{}/{size}", size - 1),
        ),
    ] {
        let part = asked(&daemon, &path, &[("range", &range), ("if-range", &tag)]).await;
        assert_eq!(part.status(), 206);
        assert_eq!(header(part.headers(), "content-range"), said);
        assert_eq!(header(part.headers(), "etag"), tag);
        put_together.extend(part.bytes().await.unwrap());
    }
    assert_eq!(put_together, whole);
    let last = asked(&daemon, &path, &[("range", "bytes=-5")]).await;
    assert_eq!(last.bytes().await.unwrap(), whole[size - 5..]);
    // Whoever has the beginning of another file gets this one whole.
    let other = [("range", "bytes=10-"), ("if-range", "\"another\"")];
    let other = asked(&daemon, &path, &other).await;
    assert_eq!(other.status(), 200);
    assert_eq!(other.bytes().await.unwrap(), whole);
    let beyond = format!("bytes={size}-");
    let beyond = asked(&daemon, &path, &[("range", &beyond)]).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(
        header(beyond.headers(), "content-range"),
        format!("bytes */{size}")
    );
    for held in [("if-none-match", &tag), ("if-modified-since", &modified)] {
        let held = asked(&daemon, &path, &[(held.0, held.1)]).await;
        assert_eq!(held.status(), 304);
        assert_eq!(header(held.headers(), "etag"), tag);
    }
    let url = format!("http://{}{path}", daemon.listen);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let head = client.head(url).send().await.unwrap();
    assert_eq!(
        header(head.headers(), "content-length"),
        size.to_string(),
        "HEAD says how long it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_is_made_when_somebody_asks_and_the_oldest_goes() {
    let (bed, daemon) = harvested(ALWAYS).await;
    let first = daemon.json("/dumps").await;
    let again = daemon.json("/dumps").await;
    assert_eq!(first, again, "nothing was published meanwhile");
    changed(&bed, &daemon, 7).await;
    let second = daemon.json("/dumps").await;
    assert!(second["sequence"].as_u64() > first["sequence"].as_u64());
    assert_eq!(second["earlier"], serde_json::json!([first["id"]]));
    let old = here(&first["files"][0]["url"]);
    assert!(
        !bytes(&daemon, &old).await.is_empty(),
        "it can still be taken"
    );
    changed(&bed, &daemon, 8).await;
    let third = daemon.json("/dumps").await;
    assert_eq!(third["earlier"], serde_json::json!([second["id"]]));
    eventually("the first has gone", async || {
        asked(&daemon, &old, &[]).await.status() == 410
    })
    .await;
    let gone = parsed(asked(&daemon, &here(&first["id"]), &[]).await).await;
    assert_eq!(gone["dumps"], "https://hub.example/dumps");
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let url = format!("http://{}/dumps/latest/catalog.nt.zst", daemon.listen);
    let latest = client.build().unwrap().get(url).send().await.unwrap();
    assert_eq!(latest.status(), 307);
    assert_eq!(
        header(latest.headers(), "location"),
        third["files"][0]["url"].as_str().unwrap()
    );
    for nothing in [
        "/dumps/9-9",
        "/dumps/..%2f..",
        "/dumps/latest/passwords",
        "/dumps/1",
    ] {
        assert_eq!(
            asked(&daemon, nothing, &[]).await.status(),
            404,
            "{nothing}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_young_enough_is_given_although_something_was_published() {
    let (bed, daemon) = harvested("").await;
    let first = daemon.json("/dumps").await;
    changed(&bed, &daemon, 7).await;
    assert_eq!(daemon.json("/dumps").await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_asks_again() {
    let (_bed, daemon) = harvested("[limits.dumps]\nwait_ms = 0\n").await;
    let first = asked(&daemon, "/dumps", &[]).await;
    if first.status() == 503 {
        assert!(first.headers().contains_key("retry-after"));
    }
    eventually("it is written", async || {
        asked(&daemon, "/dumps", &[]).await.status() == 200
    })
    .await;
}

/// The number of the newest published activity, as the whole catalogue tells it.
async fn published(daemon: &Serving) -> String {
    let catalogue = asked(daemon, "/catalog.nt", &[]).await;
    header(catalogue.headers(), "harvestd-sequence")
}

/// A dump that takes its time is written beside everything else, and is of the state in which it was begun.
#[tokio::test(flavor = "multi_thread")]
async fn no_publication_waits_for_a_dump() {
    let mut bed = Bed::new(export(&rows(1, 30, 1))).await;
    bed.configure("[limits.dumps]\nwait_ms = 0\n", "");
    let go_on = bed.dir.path().join("go-on");
    bed.failpoints = format!("dump-file=return({})", go_on.display());
    let daemon = bed.serve().await;
    daemon.run().await;
    let before = published(&daemon).await;
    assert_eq!(asked(&daemon, "/dumps", &[]).await.status(), 503);
    let half = bed.data_dir().join(format!("dumps/1-{before}.making"));
    let begun = half.join("catalog.nt.zst");
    eventually("it is being written", async || begun.exists()).await;

    let run = tokio::time::timeout(DEADLINE, changed(&bed, &daemon, 7)).await;
    run.expect("the run does not wait for the dump");
    assert_ne!(published(&daemon).await, before);
    assert!(half.exists(), "the dump is held up still");
    assert_eq!(asked(&daemon, "/dumps", &[]).await.status(), 503);

    std::fs::write(&go_on, "").unwrap();
    eventually("it is written", async || {
        asked(&daemon, "/dumps", &[]).await.status() == 200
    })
    .await;
    let manifest = daemon.json("/dumps").await;
    assert_eq!(manifest["sequence"].to_string(), before);
    let file = &manifest["files"][0];
    let packed = bytes(&daemon, &here(&file["url"])).await;
    assert_eq!(hex::encode(Sha256::digest(&packed)), file["sha256"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_left_half_written_is_never_named() {
    let (bed, daemon) = harvested("").await;
    let first = daemon.json("/dumps").await;
    daemon.kill().await;
    let half = bed.data_dir().join("dumps/1-999.making");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("catalog.nt.zst"), "half").unwrap();
    let daemon = bed.serve().await;
    assert!(!half.exists());
    assert_eq!(daemon.json("/dumps").await, first, "the whole one is there");
}
