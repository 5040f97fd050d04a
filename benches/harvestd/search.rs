//! Searching: datasets shown a second, searches with facets, and what a run of changes costs with its index.
//!
//! The load comes from this process, on the same cores, over kept connections. Cold is the first time that a dataset is asked
//! for after a start, each once. Start at [`lines`].

use crate::{
    daemon::Daemon,
    export::Server,
    http::Client,
    one_per_cent,
    place::Place,
    say,
    table::{Goal, Line, Table},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 4;
const WARM_REQUESTS: usize = 40_000;
/// Datasets that are asked for again and again.
const WARM_DATASETS: usize = 2_000;
const SEARCHES: usize = 400;
const FACETS: &str = "facet.field=%5B%22organization%22%2C%22groups%22%2C%22tags%22%2C%22res_format%22%2C%22license_id%22%5D";
/// Words of people, percent-encoded: 空氣品質, 臺北 公車, 水庫, 統計, air, API, 預算書, 交通事故, and everything.
const WORDS: [&str; 9] = [
    "%E7%A9%BA%E6%B0%A3%E5%93%81%E8%B3%AA",
    "%E8%87%BA%E5%8C%97+%E5%85%AC%E8%BB%8A",
    "%E6%B0%B4%E5%BA%AB",
    "%E7%B5%B1%E8%A8%88",
    "air",
    "API",
    "%E9%A0%90%E7%AE%97%E6%9B%B8",
    "%E4%BA%A4%E9%80%9A%E4%BA%8B%E6%95%85",
    "*:*",
];

pub fn lines(place: &Place, server: &mut Server, table: &mut Table) -> Result<()> {
    say("searching");
    let mut daemon = Daemon::start(place)?;
    let names = names(daemon.address)?;
    let before = daemon.own_and_mapped_bytes()?;
    let show = |name: &String| format!("/api/3/action/package_show?id={name}");
    let cold: Vec<String> = names.iter().map(show).collect();
    let took = load(daemon.address, &cold)?;
    table.add(rate(
        "package_show, each dataset once after a start",
        cold.len(),
        took,
        2_000.0,
    ));
    let warm: Vec<String> = names
        .iter()
        .take(WARM_DATASETS)
        .map(show)
        .cycle()
        .take(WARM_REQUESTS)
        .collect();
    let took = load(daemon.address, &warm)?;
    table.add(rate(
        &format!("package_show, {WARM_DATASETS} datasets again and again"),
        warm.len(),
        took,
        5_000.0,
    ));
    table.add(searches(daemon.address)?);
    table.add(pages(daemon.address)?);
    let after = daemon.own_and_mapped_bytes()?;
    table.add(Line::sizes(
        "memory of its own, after all that was asked",
        after.0,
        "before",
        before.0,
        Goal::None,
    ));
    table.add(Line::sizes(
        "files of the index that are mapped, after it",
        after.1,
        "before",
        before.1,
        Goal::None,
    ));
    load(daemon.address, &warm)?;
    searches(daemon.address)?;
    pages(daemon.address)?;
    let again = daemon.own_and_mapped_bytes()?;
    table.add(Line::sizes(
        "memory of its own, after the same again",
        again.0,
        "after the first time",
        after.0,
        Goal::AtMost(1.1),
    ));
    let (took, run) = one_per_cent(&mut daemon, server)?;
    let name = format!("a run of {} changes, published with its index", run.changed);
    table.add(Line::time(&name, took, Duration::from_secs(2)));
    daemon.stop()
}

/// The names of all datasets, in no order that the index knows.
fn names(address: SocketAddr) -> Result<Vec<String>> {
    let answer = Client::new(address).get("/api/3/action/package_list")?;
    ensure!(
        answer.status == 200,
        "package_list answers {}",
        answer.status
    );
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let names = answer["result"]
        .as_array()
        .context("package_list gives no list")?;
    let mut names: Vec<String> = names
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    names.sort_by_key(|name| blake3::hash(name.as_bytes()).to_hex());
    Ok(names)
}

/// Asks for all of these, [`CLIENTS`] at a time. Every answer has to be one.
fn load(address: SocketAddr, paths: &[String]) -> Result<Duration> {
    let began = Instant::now();
    let shares = paths.chunks(paths.len().div_ceil(CLIENTS).max(1));
    thread::scope(|scope| {
        let clients: Vec<_> = shares
            .map(|share| {
                scope.spawn(move || {
                    let mut client = Client::new(address);
                    for path in share {
                        let answer = client.get(path)?;
                        ensure!(answer.status == 200, "{path} answers {}", answer.status);
                    }
                    Ok(())
                })
            })
            .collect();
        for client in clients {
            client
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        Ok(began.elapsed())
    })
}

/// A rate beside the one that is the goal, as times for the same.
pub fn rate(name: &str, requests: usize, took: Duration, goal: f64) -> Line {
    let name = format!(
        "{name}: {:.0} a second",
        requests as f64 / took.as_secs_f64()
    );
    let goal_took = Duration::from_secs_f64(requests as f64 / goal);
    Line::seconds(
        &name,
        took,
        &format!("the same at {goal:.0} a second"),
        goal_took,
        Goal::AtMost(1.0),
    )
}

/// The 95th percentile of searches with five facets.
fn searches(address: SocketAddr) -> Result<Line> {
    let question = |words: &str| format!("/api/3/action/package_search?q={words}&rows=20&{FACETS}");
    Ok(Line::time(
        "package_search with five facets, 95th percentile",
        percentile_95(address, "application/json", question)?,
        Duration::from_millis(20),
    ))
}

/// The 95th percentile of the search page, which has all of its facets.
fn pages(address: SocketAddr) -> Result<Line> {
    let question = |words: &str| match words {
        "*:*" => "/search?res_format=CSV".to_owned(),
        words => format!("/search?q={words}"),
    };
    Ok(Line::time(
        "the search page with its facets, 95th percentile",
        percentile_95(address, "text/html", question)?,
        Duration::from_millis(30),
    ))
}

/// Asks with all words again and again, two clients at a time.
fn percentile_95(
    address: SocketAddr,
    accept: &str,
    question: impl Fn(&str) -> String + Sync,
) -> Result<Duration> {
    let ask = |from: usize| -> Result<Vec<Duration>> {
        let mut client = Client::new(address);
        let mut times = Vec::new();
        for at in 0..SEARCHES / 2 {
            let path = question(WORDS[(from + at) % WORDS.len()]);
            let began = Instant::now();
            let answer = client.ask("GET", &path, &[("accept", accept)], &[])?;
            ensure!(answer.status == 200, "{path} answers {}", answer.status);
            times.push(began.elapsed());
        }
        Ok(times)
    };
    let mut times = thread::scope(|scope| {
        let other = scope.spawn(|| ask(WORDS.len() / 2));
        let mut times = ask(0)?;
        times.extend(
            other
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??,
        );
        Ok::<_, anyhow::Error>(times)
    })?;
    Ok(crate::push::percentile(&mut times, 95))
}
