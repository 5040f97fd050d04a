//! The benchmark table: `make bench`, or `make bench ARGS="--only first,unchanged"`.
//!
//! Drives the real daemon as a child process against an export server on loopback, and prints one line for each
//! figure: both inputs of every ratio, measured in this run, beside the goal. It prints no figure that it did not
//! measure, and fails where the daemon did something else than what is being measured.
//! Start at [`run`]; the lines are in the order in which they are measured.

mod bulk;
mod daemon;
mod describe;
mod disk;
mod dump;
mod export;
mod feed;
mod http;
mod identity;
mod links;
mod memory;
mod place;
mod push;
mod queries;
mod replica;
mod search;
mod table;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use daemon::{Daemon, Run};
use export::{Export, Sends, Server};
use place::Place;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use table::{Goal, Line, Table};

/// The allocator of the daemon, so that the loader it is measured against has no other.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The lines of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// First harvest over Oxigraph's bulk loader; peak memory of that load.
    First,
    /// Harvest again, nothing changed.
    Unchanged,
    /// Harvest again, one per cent changed.
    Changed,
    /// All records described again: time and peak memory.
    Redescribe,
    /// Records described, normalised and validated per second, one core, in process.
    Describe,
    /// Ten catalogue queries against Oxigraph's own server.
    Queries,
    /// The feed, replayed as it lies on disk.
    Feed,
    /// The whole catalogue, against Oxigraph's own dump.
    Dump,
    /// CKAN's interface and the search page: datasets shown a second, searches with facets, a run published with its index.
    Search,
    /// Disk after many runs of one per cent changes.
    Disk,
    /// Pushes, durable and answered: one after the other, and many at once.
    Push,
    /// A second harvestd that follows the first.
    Replica,
    /// What a second source that holds some of the same datasets costs a run.
    Identity,
    /// Addresses checked, and what their answers cost a publication.
    Links,
}

#[derive(Debug, Parser)]
#[command(about = "Measures harvestd and prints a table of ratios and peaks")]
struct Arguments {
    /// Only these lines, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Runs of one per cent changes for the disk line.
    #[arg(long, env = "BENCH_DISK_RUNS", default_value_t = 200)]
    disk_runs: u64,
    /// How often each query is asked of each server, at least; short ones are asked more often.
    #[arg(long, env = "BENCH_QUERY_TIMES", default_value_t = 21)]
    query_times: usize,
    /// Oxigraph's own server.
    #[arg(long, env = "OXIGRAPH")]
    oxigraph: Option<PathBuf>,
    /// The source's records come in parts, as with config/sources/data-gov-tw.toml; no part but the rows is asked for.
    #[arg(long)]
    in_parts: bool,
    /// Given by cargo; says nothing.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    inner: Option<Inner>,
}

#[derive(Debug, Subcommand)]
enum Inner {
    /// Loads N-Quads with Oxigraph's bulk loader: the benchmark starts itself with this.
    #[command(hide = true)]
    Bulk { file: PathBuf, store: PathBuf },
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.inner {
        Some(Inner::Bulk { file, store }) => bulk::load(file, store),
        None => run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let export = Export::open()?;
    let mut table = Table::default();
    if arguments.wants(Part::Describe) {
        describe::lines(&export, &mut table)?;
    }
    match arguments.only.as_slice() {
        [Part::Describe] => {}
        // These have places of their own, and stand on no other line.
        [Part::Identity] => identity::lines(&mut Server::start(export)?, &mut table)?,
        [Part::Links] => links::lines(&mut Server::start(export)?, &mut table)?,
        _ => harvest(arguments, export, &mut table)?,
    }
    print!("{table}");
    Ok(())
}

/// Everything that needs the daemon. The first harvest is measured whatever is asked for: the rest stands on it.
fn harvest(arguments: &Arguments, export: Export, table: &mut Table) -> Result<()> {
    let place = Place::new()?;
    let mut server = Server::start(export)?;
    place.configure(&server.url(), arguments.in_parts)?;
    let first = First::measure(&place, &server)?;
    if arguments.wants(Part::First) || arguments.wants(Part::Queries) {
        let bulk = bulk::measure(&place)?;
        if arguments.wants(Part::First) {
            first.lines(&bulk, table);
        }
        if arguments.wants(Part::Queries) {
            let daemon = Daemon::start(&place)?;
            queries::lines(arguments, &server.example()?, &daemon, &bulk.store, table)?;
            daemon.stop()?;
        }
        bulk.remove()?;
    }
    if arguments.wants(Part::Feed) {
        let daemon = Daemon::start(&place)?;
        feed::lines(&daemon, table)?;
        daemon.stop()?;
    }
    if arguments.wants(Part::Dump) {
        dump::lines(&place, table)?;
    }
    if arguments.wants(Part::Unchanged) {
        unchanged(&place, &mut server, &first, table)?;
    }
    if arguments.wants(Part::Changed) {
        changed(&place, &mut server, &first, table)?;
    }
    if arguments.wants(Part::Search) {
        search::lines(&place, &mut server, table)?;
    }
    if arguments.wants(Part::Redescribe) {
        redescribe(&place, &first, table)?;
    }
    if arguments.wants(Part::Push) {
        push::lines(&place, table)?;
    }
    if arguments.wants(Part::Disk) {
        let runs = arguments.disk_runs;
        disk::lines(runs, &place, &mut server, first.disk_bytes, table)?;
    }
    if arguments.wants(Part::Replica) {
        replica::lines(&mut server, table)?;
    }
    if arguments.wants(Part::Identity) {
        identity::lines(&mut server, table)?;
    }
    if arguments.wants(Part::Links) {
        links::lines(&mut server, table)?;
    }
    Ok(())
}

/// The first harvest: from the order to run until its snapshot is visible.
struct First {
    took: Duration,
    run: Run,
    /// Of it, what measuring the quality of all datasets added before they were published.
    quality_took: Duration,
    peak_bytes: u64,
    workers_peak_bytes: u64,
    disk_bytes: u64,
}

impl First {
    fn measure(place: &Place, server: &Server) -> Result<Self> {
        say(&format!(
            "first harvest of {} rows ({})",
            server.rows(),
            server.origin()
        ));
        let mut daemon = Daemon::start(place)?;
        let (took, run) = daemon.run()?;
        let quality_took = Duration::try_from_secs_f64(daemon.sum_of("harvestd_quality_seconds")?)?;
        let peak_bytes = daemon.peak_bytes()?;
        let workers_peak_bytes = daemon.children_peak_bytes()?;
        daemon.stop()?;
        let disk_bytes = disk::used_bytes(&place.data_dir())?;
        say(&format!("  {took:.2?}: {run}"));
        let accounted = run.new + run.refused + run.duplicate;
        ensure!(
            run.new > 0 && accounted == server.rows(),
            "the first harvest accounts for {accounted} of {} rows: {run}",
            server.rows()
        );
        Ok(Self {
            took,
            run,
            quality_took,
            peak_bytes,
            workers_peak_bytes,
            disk_bytes,
        })
    }

    fn lines(&self, bulk: &bulk::Bulk, table: &mut Table) {
        let name = format!("first harvest, {} datasets", self.run.new);
        let loader = format!("bulk loader, {} quads", bulk.quads);
        table.add(Line::seconds(
            &name,
            self.took,
            &loader,
            bulk.took,
            Goal::AtMost(2.0),
        ));
        table.add(Line::seconds(
            "  of it, quality measured and written",
            self.quality_took,
            &name,
            self.took,
            Goal::None,
        ));
        table.add(Line::bytes(
            "peak resident, first load",
            self.peak_bytes,
            Goal::AtMost(600e6),
        ));
        table.add(Line::bytes(
            "  its query workers, together",
            self.workers_peak_bytes,
            Goal::None,
        ));
        table.add(Line::bytes(
            "  the bulk loader's own peak",
            bulk.peak_bytes,
            Goal::None,
        ));
    }
}

/// How often the short runs are repeated; the median counts.
const TIMES: usize = 3;

fn unchanged(place: &Place, server: &mut Server, first: &First, table: &mut Table) -> Result<()> {
    let mut daemon = Daemon::start(place)?;
    for (name, sends) in [
        ("unchanged, \"not modified\"", Sends::Validators),
        ("unchanged, same bytes again", Sends::Whole),
        ("unchanged, rows in another order", Sends::Shuffled),
    ] {
        say(name);
        let mut took = Vec::new();
        // One more than counts: the first answer of each kind brings the server's validators or their absence.
        for _ in 0..=TIMES {
            server.serve(sends);
            let (time, run) = daemon.run()?;
            say(&format!("  {time:.2?}: {run}"));
            ensure!(
                run.new + run.changed + run.deleted == 0,
                "nothing changed, but the run says: {run}"
            );
            took.push(time);
        }
        let over = format!("first harvest, {} datasets", first.run.new);
        table.add(Line::seconds(
            name,
            median(&took[1..]),
            &over,
            first.took,
            Goal::AtMost(0.03),
        ));
    }
    server.serve(Sends::Validators);
    daemon.stop()
}

fn changed(place: &Place, server: &mut Server, first: &First, table: &mut Table) -> Result<()> {
    say("one per cent changed");
    let mut daemon = Daemon::start(place)?;
    let mut took = Vec::new();
    let mut changed = 0;
    for _ in 0..TIMES {
        let (time, run) = one_per_cent(&mut daemon, server)?;
        say(&format!("  {time:.2?}: {run}"));
        took.push(time);
        changed = run.changed;
    }
    let name = format!("1 % changed ({changed} datasets)");
    let over = format!("first harvest, {} datasets", first.run.new);
    table.add(Line::seconds(
        &name,
        median(&took),
        &over,
        first.took,
        Goal::AtMost(0.08),
    ));
    daemon.stop()
}

/// Changes one row of a hundred at the source and harvests. Rows that were refused stay refused, so a few less may count.
fn one_per_cent(daemon: &mut Daemon, server: &mut Server) -> Result<(Duration, Run)> {
    let rows = server.change_one_per_cent()?;
    let (time, run) = daemon.run()?;
    ensure!(
        run.changed <= rows && run.changed * 10 >= rows * 9 && run.new + run.deleted == 0,
        "{rows} rows changed, but the run says: {run}"
    );
    Ok((time, run))
}

fn redescribe(place: &Place, first: &First, table: &mut Table) -> Result<()> {
    say("redescribe");
    let (took, peak_bytes) = daemon::redescribe(place).context("describing every record again")?;
    say(&format!("  {took:.2?}"));
    let over = format!("first harvest, {} datasets", first.run.new);
    table.add(Line::seconds(
        "redescribe, all records",
        took,
        &over,
        first.took,
        Goal::None,
    ));
    table.add(Line::bytes(
        "peak resident, redescribe",
        peak_bytes,
        Goal::AtMost(600e6),
    ));
    Ok(())
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Progress, for the person who waits.
fn say(text: &str) {
    eprintln!("bench: {text}");
}
