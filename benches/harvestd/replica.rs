//! A second harvestd that follows the first: how long until it holds all, and how long after a run of changes.
//!
//! Both are children of this process, each with a data directory of its own. Proved with the state digest, not with a
//! count. Start at [`lines`].

use crate::{
    daemon::{self, Daemon},
    export::Server,
    http::Client,
    median, one_per_cent,
    place::Place,
    say,
    table::{Goal, Line, Table},
};
use anyhow::{Result, ensure};
use serde_json::Value;
use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

const TIMES: usize = 3;

pub fn lines(server: &mut Server, table: &mut Table) -> Result<()> {
    let (first, second) = (
        Place::at(daemon::free_port()?)?,
        Place::at(daemon::free_port()?)?,
    );
    first.configure(&server.url(), false)?;
    let mut origin = Daemon::start(&first)?;
    say("replica: the first harvestd harvests");
    let (harvest, run) = origin.run()?;
    say(&format!("  {harvest:.2?}: {run}"));
    second.configure_as("ldes", &format!("{}feed", first.public_url()), "")?;
    let mut replica = Daemon::start(&second)?;
    say("replica: the second reads the feed from its beginning");
    let (replayed, copied) = replica.run()?;
    say(&format!("  {replayed:.2?}: {copied}"));
    in_step(origin.address, replica.address)?;
    let name = format!("replica in step, {} datasets", copied.new);
    let over = format!("first harvest, {} datasets", run.new);
    table.add(Line::seconds(
        &name,
        replayed,
        &over,
        harvest,
        Goal::AtMost(3.0),
    ));
    table.add(Line::bytes(
        "peak resident, replica",
        replica.peak_bytes()?,
        Goal::AtMost(600e6),
    ));

    let (mut took, mut changed) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let (_, run) = one_per_cent(&mut origin, server)?;
        let time = until_in_step(origin.address, replica.address)?;
        say(&format!("  {time:.2?}: {run}"));
        took.push(time);
        changed = run.changed;
    }
    let name = format!("replica, {changed} changes, after their publication");
    let second = Duration::from_secs(1);
    table.add(Line::seconds(
        &name,
        median(&took),
        "one second",
        second,
        Goal::AtMost(1.0),
    ));
    replica.stop()?;
    origin.stop()
}

/// What is published at `a` was published just now, and nobody tells `b` to ask. The sums are asked for conditionally: an
/// answer has thousands of them, and the two have better things to do on the same cores.
fn until_in_step(a: SocketAddr, b: SocketAddr) -> Result<Duration> {
    const POLL: Duration = Duration::from_millis(5);
    const WAIT: Duration = Duration::from_secs(60);
    let (began, expected) = (Instant::now(), sum(a)?);
    let (mut client, mut tag) = (Client::new(b), String::new());
    loop {
        let held = [("if-none-match", tag.as_str())];
        let answer = client.ask("GET", "/feed/state", &held, &[])?;
        if answer.status == 200 {
            if sum_of(&answer.body)? == expected {
                return Ok(began.elapsed());
            }
            tag = answer.tag.unwrap_or_default();
        }
        ensure!(began.elapsed() < WAIT, "the replica hears of no change");
        thread::sleep(POLL);
    }
}

fn sum(at: SocketAddr) -> Result<Value> {
    sum_of(&Client::new(at).get("/feed/state")?.body)
}

fn sum_of(state: &[u8]) -> Result<Value> {
    let state: Value = serde_json::from_slice(state)?;
    Ok(state["sum"].clone())
}

fn in_step(a: SocketAddr, b: SocketAddr) -> Result<()> {
    let (a, b) = (sum(a)?, sum(b)?);
    ensure!(a.is_string() && a == b, "not in step: {a} and {b}");
    Ok(())
}
