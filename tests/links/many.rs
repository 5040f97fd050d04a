//! Ten thousand addresses with every kind of fault among them: `cargo test --workspace --test links -- --ignored --nocapture`.
//!
//! A small one of the same kind runs with the others. Prints what it measured, and fails where one address is told wrongly,
//! a host is asked faster than it should be, or memory grows with the number of addresses.

use crate::{Bed, dataset, format};
use harvestd::links::{round::Round, trouble::Trouble};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// Names of the server: each is a host of its own.
const HOSTS: usize = 40;
const PER_SECOND: f64 = 40.0;

/// Of each thousand addresses, so many fare so.
const KINDS: &[(Trouble, &str, usize)] = &[
    (Trouble::Gone, "gone", 40),
    (Trouble::Forbidden, "forbidden", 30),
    (Trouble::ServerError, "error", 30),
    (Trouble::Redirects, "circle", 20),
    (Trouble::LostPage, "moved", 30),
    (Trouble::Html, "html", 40),
    (Trouble::OtherType, "json", 30),
    (Trouble::Empty, "empty", 20),
    (Trouble::OtherEncoding, "big5", 30),
    (Trouble::OtherColumns, "columns", 30),
    (Trouble::CutOff, "cut", 20),
    (Trouble::Silence, "silent", 4),
    (Trouble::Slow, "slow", 4),
    (Trouble::NoConnection, "closed", 20),
    (Trouble::NoName, "no-name", 20),
];

/// When each host was asked.
type Heard = Arc<Mutex<BTreeMap<String, Vec<Instant>>>>;

fn body(kind: &str) -> (&'static str, Vec<u8>) {
    let good = "name,lon\n站,121\n".as_bytes().to_vec();
    match kind {
        "gone" => ("404 Not Found", Vec::new()),
        "forbidden" => ("403 Forbidden", Vec::new()),
        "error" => ("500 Internal Server Error", Vec::new()),
        "html" => ("200 OK", b"<!DOCTYPE html><title>Data</title>".to_vec()),
        "json" => ("200 OK", b"{\"name\": 1}".to_vec()),
        "empty" => ("200 OK", Vec::new()),
        "big5" => (
            "200 OK",
            encoding_rs::BIG5
                .encode("name,lon\n中正測站位置,121\n信義測站位置,121\n")
                .0
                .into_owned(),
        ),
        "columns" => ("200 OK", "id,height\n站,121\n".as_bytes().to_vec()),
        _ => ("200 OK", good),
    }
}

async fn answer(mut stream: TcpStream, heard: Heard) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default()
        .to_owned();
    heard
        .lock()
        .unwrap()
        .entry(host.clone())
        .or_default()
        .push(Instant::now());
    let mut words = head.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let kind = path.split('/').nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/" => ("200 OK", b"<!DOCTYPE html><title>Welcome</title>".to_vec()),
        _ => body(kind),
    };
    let (more, length) = match kind {
        "circle" => (
            format!(
                "Location: http://{host}/circle/{}\r\n",
                if path.ends_with("/a") { "b" } else { "a" }
            ),
            0,
        ),
        "moved" => (format!("Location: http://{host}/\r\n"), 0),
        "cut" | "slow" => (String::new(), 100_000),
        "silent" => {
            while stream.read(&mut [0; 64]).await? > 0 {}
            return Ok(());
        }
        _ => (String::new(), body.len()),
    };
    let status = if more.is_empty() { status } else { "302 Found" };
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/csv\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if method == "GET" {
        stream.write_all(&body[..body.len().min(length)]).await?;
    }
    if kind == "slow" && method == "GET" {
        loop {
            stream.write_all(b"a").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    stream.shutdown().await
}

/// Memory of this process: now and at its most.
fn memory_mb() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// The addresses with what is to be found of each.
fn addresses(count: usize, port: u16, closed: u16) -> BTreeMap<String, Trouble> {
    let kinds: Vec<(Trouble, &str)> = KINDS
        .iter()
        .flat_map(|(trouble, kind, many)| std::iter::repeat_n((*trouble, *kind), *many))
        .collect();
    (0..count)
        .map(|n| {
            // Seven is no divisor of a thousand: each kind comes to every host.
            let (trouble, kind) = kinds
                .get(n * 7 % 1000)
                .copied()
                .unwrap_or((Trouble::Ok, "good"));
            let url = match kind {
                "closed" => format!("http://127.0.1.{}:{closed}/{n}", 1 + n % 4),
                "no-name" => format!("http://host-{n}.invalid/{n}"),
                kind => format!("http://127.0.0.{}:{port}/{kind}/{n}", 1 + n % HOSTS),
            };
            (url, trouble)
        })
        .collect()
}

async fn told_rightly(count: usize, total_ms: u64) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let heard = Heard::default();
    let hears = heard.clone();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, hears.clone()));
        }
    });
    let open = format!(
        "[links]\nallow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = {PER_SECOND:?}\nrobots = \"ignore\"\n"
    );
    let limits = format!(
        "[limits.links]\nlook_every_ms = 10\ntotal_ms = {total_ms}\nconnect_ms = {total_ms}\n"
    );
    let bed = Bed::new(&open, &limits, &[]);
    let expected = addresses(count, port, closed);
    let more = format!(
        "{}{{d}} <http://www.w3.org/2011/content#characterEncoding> \"UTF-8\" .\n\
         {{d}} <http://purl.org/dc/terms/tableOfContents> \"name;lon\" .\n",
        format("CSV")
    );
    let datasets: Vec<_> = expected
        .keys()
        .enumerate()
        .map(|(n, url)| dataset(&format!("https://a.example/{n}"), url, &more))
        .collect();
    bed.hold(1, &datasets);
    drop(datasets);
    let stop = CancellationToken::new();
    let began = Instant::now();
    let round = tokio::spawn(Round::new(bed.means.clone(), stop.clone()).run());
    let (mut at_first, mut checked) = (None, 0);
    while checked < count {
        assert!(
            began.elapsed() < Duration::from_secs(500),
            "{checked} of {count}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
        checked = expected
            .keys()
            .filter(|url| bed.trouble(url).is_some())
            .count();
        if at_first.is_none() && checked * 4 > count {
            at_first = Some(memory_mb().0);
        }
    }
    let took = began.elapsed();
    stop.cancel();
    round.await.unwrap();
    serving.abort();
    let mut wrong = Vec::new();
    for (url, trouble) in &expected {
        let found = bed.trouble(url);
        if found != Some(*trouble) {
            wrong.push((url.clone(), *trouble, found));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} told wrongly: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    let heard = heard.lock().unwrap();
    let rates = heard
        .values()
        .filter(|times| times.len() > 10)
        .map(|times| {
            let over = *times.last().unwrap() - times[0];
            (times.len() - 1) as f64 / over.as_secs_f64()
        });
    let fastest = rates.fold(0.0, f64::max);
    assert!(fastest <= PER_SECOND * 1.05, "{fastest} a second");
    let requests: usize = heard.values().map(Vec::len).sum();
    let (now, most) = memory_mb();
    let first = at_first.unwrap_or(now);
    println!(
        "{count} addresses at {} hosts, {} kinds of fault: all told rightly in {:.1} s, {requests} requests heard; \
         the fastest host {fastest:.1} a second of {PER_SECOND}; resident {first} MB after a quarter, {now} MB at the end, {most} MB at most \
         (the server and the expectations are in the same process)",
        HOSTS + 4 + count / 50,
        KINDS.len(),
        took.as_secs_f64(),
    );
    assert!(
        now < first + 48,
        "memory grows with the number of addresses: {first} MB, then {now} MB"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_addresses_are_told_rightly() {
    told_rightly(1_000, 4_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: for figures"]
async fn ten_thousand_addresses_are_told_rightly() {
    told_rightly(10_000, 4_000).await;
}
