//! More connections than there are descriptors: the daemon waits for some to end, without spinning, and goes on.

use super::*;
use serde_json::Value;
use texts::configuration;

/// Times at which the log says that a connection could not be accepted, in milliseconds.
fn refusals(log: &Path) -> Vec<i64> {
    let log = std::fs::read_to_string(log).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains("a connection could not be accepted"));
    let time = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let time = chrono::DateTime::parse_from_rfc3339(line["timestamp"].as_str()?).ok()?;
        Some(time.timestamp_millis())
    };
    lines.filter_map(time).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_it_waits_and_goes_on() {
    const DESCRIPTORS: usize = 600;
    let dir = tempfile::tempdir().unwrap();
    let (file, log) = (dir.path().join("c.toml"), dir.path().join("log"));
    let many = "[limits.http]\nconnections_max = 10_000\nconnections_per_client_max = 10_000\nheader_read_ms = 300_000\n";
    let settings = configuration(&dir.path().join("data"), "", &[]);
    std::fs::write(&file, settings.replace("[limits]\n", many)).unwrap();
    let mut few = Command::new("sh");
    few.args([
        "-c",
        &format!("ulimit -n {DESCRIPTORS} && exec \"$0\" serve --json --config \"$1\""),
    ])
    .args([env!("CARGO_BIN_EXE_harvestd"), text(&file)])
    .env("HARVESTD_LOG", "warn")
    .env("HARVESTD_LOG_FORMAT", "json")
    .stdin(Stdio::null())
    .stderr(std::fs::File::create(&log).unwrap())
    .kill_on_drop(true);
    let (daemon, said) = Daemon::spawn(few).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let address = said["listen"].as_str().unwrap().to_owned();

    let mut held = Vec::new();
    for _ in 0..DESCRIPTORS {
        held.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    let times = eventually("it cannot accept", async || {
        let times = refusals(&log);
        (times.len() > 10).then_some(times)
    })
    .await;
    let took_ms = times[10] - times[0];
    assert!(took_ms >= 900, "ten tries within {took_ms} ms");
    drop(held);
    let health = format!("http://{address}/healthz");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    eventually("it answers again", async || {
        let answer = client.get(&health).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(daemon.terminate().await.0, Some(0));
}
