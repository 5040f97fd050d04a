//! One dataset once: what it costs that a second source holds some of the same datasets. The same change of the export is
//! harvested while it stands alone, and when a centre has pushed copies of every tenth of its datasets.

use crate::{
    TIMES,
    daemon::Daemon,
    export::Server,
    median, one_per_cent,
    place::Place,
    push, say,
    table::{Goal, Line, Table},
};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// Every so many of the export's datasets have a copy.
const COPIES_ONE_IN: usize = 10;
const COPIES_MAX: usize = 5_000;
/// Files of a copy: enough to be told by.
const FILES_MAX: usize = 3;

pub fn lines(server: &mut Server, table: &mut Table) -> Result<()> {
    let place = Place::new()?;
    place.configure(&server.url(), false)?;
    let bearer = push::bearer(&place)?;
    let mut daemon = Daemon::start(&place)?;
    say("identity: one source alone");
    let (took, run) = daemon.run()?;
    say(&format!("  {took:.2?}: {run}"));
    let (alone, changed) = changes(&mut daemon, server, TIMES)?;

    let (copies, body) = copies(server)?;
    say(&format!("identity: {copies} copies from a second source"));
    let before = daemon.peak_bytes()?;
    let began = Instant::now();
    push::catalog(&daemon, &bearer, &body)?;
    let took = began.elapsed();
    let peak = daemon.peak_bytes()?;
    say(&format!(
        "  {took:.2?}; peak {before} bytes before, {peak} after"
    ));
    let (both, _) = changes(&mut daemon, server, TIMES)?;
    table.add(Line::seconds(
        &format!("1 % changed ({changed}), {copies} copies elsewhere"),
        both,
        "the same with one source only",
        alone,
        Goal::AtMost(1.25),
    ));
    let name = format!("  first comparison, {} and {copies}", run.new);
    table.add(Line::plain(&name, format!("{took:.2?}"), ""));
    table.add(Line::bytes(
        "  peak resident, with it",
        daemon.peak_bytes()?,
        Goal::AtMost(600e6),
    ));
    daemon.stop()
}

/// The median time of so many runs of one per cent changes, and how many these are.
pub fn changes(daemon: &mut Daemon, server: &mut Server, times: usize) -> Result<(Duration, u64)> {
    let (mut took, mut changed) = (Vec::new(), 0);
    for _ in 0..times {
        let (time, run) = one_per_cent(daemon, server)?;
        say(&format!("  {time:.2?}: {run}"));
        took.push(time);
        changed = run.changed;
    }
    Ok((median(&took), changed))
}

/// Copies as another catalogue would hold them: same title, agency and files, under IRIs of its own. How many, and Turtle.
fn copies(server: &Server) -> Result<(usize, String)> {
    let mut text = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n".to_owned();
    let mut count = 0;
    for row in server.every(COPIES_ONE_IN).take(COPIES_MAX) {
        let row: Value = serde_json::from_str(row).context("reading a row")?;
        // JSON's strings are Turtle's.
        let (title, agency) = (&row["資料集名稱"], &row["提供機關"]);
        write!(
            text,
            "<https://centre.example/dataset/copy-{count}> a dcat:Dataset ; dct:title {title} ; dct:publisher [ a foaf:Agent ; foaf:name {agency} ]"
        )?;
        let files = row["資料下載網址"].as_str().unwrap_or_default().split(';');
        for file in files.filter(|file| is_iri(file)).take(FILES_MAX) {
            write!(
                text,
                " ;\n dcat:distribution [ a dcat:Distribution ; dcat:accessURL <{file}> ]"
            )?;
        }
        text += " .\n";
        count += 1;
    }
    Ok((count, text))
}

fn is_iri(text: &str) -> bool {
    text.starts_with("http") && !text.contains(|c: char| c <= ' ' || "<>\"{}|^`\\".contains(c))
}
