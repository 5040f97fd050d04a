//! `kill -9` at every point around a push's commit and its answer: come again, it is answered as if nothing had happened.

use super::*;
use crate::{house::House, texts};
use harvestd::push::tokens;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

async fn start(dir: &Path, failpoints: &str) -> (Child, String) {
    let file = dir.join("harvestd.toml");
    let text = texts::configuration(&dir.join("data"), "", &[CENTRE.to_owned()]);
    std::fs::write(&file, text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_harvestd"))
        .args(["serve", "--json", "--config"])
        .arg(&file)
        .env("FAILPOINTS", failpoints)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let began = Instant::now();
    let pid = child.id().unwrap();
    loop {
        let told = std::fs::read(dir.join("data/running.json")).unwrap_or_default();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap_or_default();
        if told["pid"] == pid {
            return (child, told["listen"].as_str().unwrap().to_owned());
        }
        assert!(
            began.elapsed() < crate::house::DEADLINE,
            "the daemon does not come up"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// `is_answered` is None where it may have been, or not.
async fn dies_at(failpoint: &str, is_committed: bool, is_answered: Option<bool>) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (_, token) = tokens::make(&data, "centre", 0).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = |listen: &str| {
        client
            .put(format!("http://{listen}/push/centre/rain"))
            .bearer_auth(&token.0)
            .header("content-type", "text/turtle")
            .header("idempotency-key", "k")
            .header("harvestd-version", "7")
            .body(dataset("rain", "Rain"))
            .send()
    };
    let (mut child, listen) = start(dir.path(), failpoint).await;
    let answered = put(&listen).await.is_ok();
    assert!(
        is_answered.is_none_or(|expected| expected == answered),
        "{failpoint}: {answered}"
    );
    child.wait().await.unwrap();
    let house = House::open(&data, "", &[CENTRE.to_owned()]);
    let after = crate::whole::Whole::of(&house.daemon);
    house.close().await;
    assert_eq!(after.head.seq > 0, is_committed, "{failpoint}");

    let (mut child, listen) = start(dir.path(), "").await;
    let again = put(&listen).await.unwrap();
    assert_eq!(again.status(), 201, "{failpoint}");
    assert_eq!(
        again.headers().contains_key("idempotency-replayed"),
        is_committed,
        "{failpoint}"
    );
    let first = bed::json(again).await;
    let third = bed::json(put(&listen).await.unwrap()).await;
    assert_eq!(third, first, "{failpoint}");
    child.kill().await.unwrap();
    let house = House::open(&data, "", &[CENTRE.to_owned()]);
    let done = crate::whole::Whole::of(&house.daemon);
    house.close().await;
    let of_rain = done
        .log
        .iter()
        .filter(|(_, entity)| entity.ends_with("/rain"));
    assert_eq!(of_rain.count(), 1, "{failpoint}: logged once");
    let number = first["records"][0]["activity"].as_u64().unwrap() as usize;
    assert!(
        done.log[number - 1].1.ends_with("/rain"),
        "{failpoint}: {first}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_commit() {
    dies_at("commit=return", false, Some(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_commit() {
    dies_at("committed=return", true, Some(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_state() {
    dies_at("state=return", true, Some(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_snapshot() {
    // It is answered before; but who was long about the commit comes to the snapshot at once, and the answer may be on
    // its way still.
    dies_at("backup=return", true, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_answer() {
    dies_at("push-answer=return", true, Some(false)).await;
}
