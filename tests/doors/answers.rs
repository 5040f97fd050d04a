//! What tests read of answers, and how they wait.

use reqwest::Response;
use std::time::{Duration, Instant};
use tokio::{io::AsyncReadExt, net::TcpStream};

pub async fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is as good an end as any.
    let _ = stream.read_to_end(&mut all).await;
    all
}

/// Asserts that the response is a problem of the given status and code, and returns its document.
pub async fn problem(response: Response, status: u16, code: &str) -> serde_json::Value {
    let found = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert_eq!(
        (found, kind.as_deref()),
        (status, Some("application/problem+json")),
        "{text}"
    );
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        document["type"],
        format!("urn:harvestd:problem:{code}"),
        "{document}"
    );
    assert_eq!(document["status"], status);
    assert!(
        document["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{document}"
    );
    document
}

/// Polls until `is` holds, and fails after a while.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is().await {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "not in two minutes: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
