//! Ten thousand addresses with every kind of fault among them: `cargo test --workspace --test links -- --ignored --nocapture`.
//!
//! A small one of the same kind runs with the others. Prints what it measured, and fails where one address is told wrongly,
//! a host is asked faster than it should be, or memory grows with the number of addresses.

use crate::{
    Bed,
    crooked::{Crooked, KINDS},
    dataset, format,
};
use harvestd::links::{book::host_of, round::Round};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

const PER_SECOND: f64 = 40.0;

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

async fn told_rightly(count: usize, total_ms: u64) {
    let server = Crooked::start().await.unwrap();
    let open = format!(
        "[links]\nallow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = {PER_SECOND:?}\nrobots = \"ignore\"\n"
    );
    let limits = format!(
        "[limits.links]\nlook_every_ms = 10\ntotal_ms = {total_ms}\nconnect_ms = {total_ms}\n"
    );
    let bed = Bed::new(&open, &limits, &[]);
    let expected = server.addresses(count, &[]);
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
    let heard = server.heard();
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
    let hosts: BTreeSet<String> = expected.keys().map(|url| host_of(url)).collect();
    println!(
        "{count} addresses at {} hosts, {} kinds of fault: all told rightly in {:.1} s, {requests} requests heard; \
         the fastest host {fastest:.1} a second of {PER_SECOND}; resident {first} MB after a quarter, {now} MB at the end, {most} MB at most \
         (the server and the expectations are in the same process)",
        hosts.len(),
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
