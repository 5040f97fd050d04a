//! The whole catalogue as N-Triples: streamed by the daemon, and written as a dump, over Oxigraph's own dump of the same
//! graph to a file.
//!
//! Oxigraph's runs in this process, on the daemon's store while the daemon is stopped; both write the same bytes, or the
//! benchmark fails. Start at [`lines`].

use crate::{
    daemon::Daemon,
    http::Client,
    median,
    place::Place,
    say, table,
    table::{Goal, Line, Table},
};
use anyhow::{Context as _, Result, ensure};
use oxigraph::{io::RdfFormat, model::GraphNameRef, store::Store};
use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    time::{Duration, Instant},
};

const TIMES: usize = 3;
/// A dump that takes longer is a fault.
const LONGEST_WRITING: Duration = Duration::from_secs(600);
/// At least 60 % of the speed.
const LONGEST: f64 = 1.0 / 0.6;

pub fn lines(place: &Place, table: &mut Table) -> Result<()> {
    say("the whole catalogue, by Oxigraph's own dump");
    let (theirs, bytes) = own(place)?;
    say("the same from the daemon");
    let daemon = Daemon::start(place)?;
    let mut client = Client::new(daemon.address);
    let mut took = Vec::new();
    for n in 0..TIMES {
        let began = Instant::now();
        let (status, streamed) = client.count("/catalog.nt")?;
        took.push(began.elapsed());
        say(&format!("  {:.2?}", took[n]));
        ensure!(
            status == 200 && streamed == bytes,
            "/catalog.nt was answered {status} with {streamed} bytes, and Oxigraph's dump has {bytes}"
        );
    }
    let name = format!("/catalog.nt, {}", table::bytes(bytes));
    let over = "Oxigraph's own dump";
    table.add(Line::seconds(
        &name,
        median(&took),
        over,
        theirs,
        Goal::AtMost(LONGEST),
    ));
    let began = Instant::now();
    // Asked while it is written, the daemon waits for a while and then says that it is not there yet.
    let answer = loop {
        let answer = client.get("/dumps")?;
        if answer.status != 503 || began.elapsed() > LONGEST_WRITING {
            break answer;
        }
    };
    let written = began.elapsed();
    ensure!(
        answer.status == 200,
        "/dumps was answered {}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    table.add(Line::seconds(
        "/dumps, both files written, packed and hashed",
        written,
        over,
        theirs,
        Goal::None,
    ));
    table.add(Line::bytes(
        "peak resident of the daemon meanwhile",
        daemon.peak_bytes()?,
        Goal::AtMost(300e6),
    ));
    daemon.stop()
}

/// Time and bytes of Oxigraph's dump of the default graph. The daemon is stopped.
fn own(place: &Place) -> Result<(Duration, u64)> {
    let store = Store::open_read_only(place.data_dir().join("store"));
    let store = store.context("opening the daemon's store")?;
    let path = place.path("own.nt");
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        let file = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        let mut file =
            store.dump_graph_to_writer(GraphNameRef::DefaultGraph, RdfFormat::NTriples, file)?;
        file.flush()?;
        took.push(began.elapsed());
    }
    let bytes = fs::metadata(&path)?.len();
    fs::remove_file(path)?;
    Ok((median(&took), bytes))
}
