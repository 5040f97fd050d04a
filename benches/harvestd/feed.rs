//! The feed replayed as it lies on disk: how many members a second leave the daemon, and whether its memory stays flat.
//!
//! Takes the pages as gzip, decompresses them and counts their members. Start at [`lines`].

use crate::{
    daemon::Daemon,
    http::Client,
    say,
    table::{Goal, Line, Table},
};
use anyhow::{Result, ensure};
use std::{
    io::Read as _,
    time::{Duration, Instant},
};

/// Replays after the first, which also makes what is not there yet.
const TIMES: usize = 10;
/// Members of a closed page.
const MEMBERS: u64 = 1000;

pub fn lines(daemon: &Daemon<'_>, table: &mut Table) -> Result<()> {
    say("the feed, replayed");
    let mut client = Client::new(daemon.address);
    let pages = closed_pages(&mut client)?;
    ensure!(!pages.is_empty(), "the feed has no closed page");
    replay(&mut client, &pages)?;
    let after_first = daemon.peak_bytes()?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        took.push(replay(&mut client, &pages)?);
    }
    let after_all = daemon.peak_bytes()?;
    let members = pages.len() as u64 * MEMBERS;
    table.add(Line::seconds(
        &format!("feed, raw replay of {members} members"),
        crate::median(&took),
        "the same at 20,000 a second",
        Duration::from_secs_f64(members as f64 / 20_000.0),
        Goal::AtMost(1.0),
    ));
    table.add(Line::sizes(
        &format!("peak resident, {TIMES} replays more"),
        after_all,
        "after the first",
        after_first,
        Goal::AtMost(1.1),
    ));
    Ok(())
}

/// The addresses of the pages that are full, by the tree.
fn closed_pages(client: &mut Client) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    let mut todo = vec!["/feed".to_owned()];
    while let Some(path) = todo.pop() {
        let text = String::from_utf8(get(client, &path)?)?;
        let links = text.split("tree:node <").skip(1);
        let paths = links.filter_map(|link| {
            let iri = link.split('>').next()?;
            iri.find("/feed/").map(|at| iri[at..].to_owned())
        });
        let mut below: Vec<String> = paths.collect();
        below.dedup();
        let members = text.matches(" a as:").count() as u64;
        if members == MEMBERS {
            pages.push(path);
        }
        todo.extend(below);
    }
    Ok(pages)
}

fn replay(client: &mut Client, pages: &[String]) -> Result<Duration> {
    let began = Instant::now();
    for page in pages {
        let text = get(client, page)?;
        let members = text
            .split(|byte| *byte == b'\n')
            .filter(|line| line.starts_with(b"<") && line.windows(6).any(|word| word == b" a as:"));
        let members = members.count() as u64;
        ensure!(members == MEMBERS, "{page} has {members} members");
    }
    Ok(began.elapsed())
}

fn get(client: &mut Client, path: &str) -> Result<Vec<u8>> {
    let headers = [("accept-encoding", "gzip"), ("accept", "application/trig")];
    let answer = client.ask("GET", path, &headers, &[])?;
    ensure!(answer.status == 200, "{path} answers {}", answer.status);
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut text)?;
    Ok(text)
}
