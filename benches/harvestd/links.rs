//! Addresses checked by the daemon, with every kind of fault among them, and what their answers cost a publication.
//!
//! The server is that of the tests: many hosts, all on loopback. Addresses of the export are not asked: what came from them
//! is written into the state while the daemon is stopped. Start at [`lines`].

#[path = "../../tests/support/crooked.rs"]
mod crooked;

use crate::{
    daemon::Daemon,
    export::Server,
    http::Client,
    identity::changes,
    one_per_cent,
    place::{PUSHES, Place},
    push, say,
    table::{Goal, Line, Table},
};
use anyhow::{Context as _, Result, ensure};
use chrono::Utc;
use crooked::{Crooked, KINDS};
use harvestd::{
    config::Config,
    daemon::write_limits,
    links::{Links, judge::Came, trouble::Trouble},
    state::{Found, State},
    store::Store,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::{self, Runtime};

const ADDRESSES: usize = 10_000;
/// Of one dataset.
const FILES: usize = 4;
/// Requests a second to one host: few enough that hosts, and not processors, set the pace.
const PER_SECOND: f64 = 10.0;
/// A name that leads nowhere is looked up in the machine's own network.
const NOT_HERE: &[Trouble] = &[Trouble::NoName];
/// So many are asked for the first time between two publications: about as many datasets name them as a run changes.
const NEWS: usize = 2_000;
/// A run is over in a second or two, and the first ones after a start still find their way.
const RUNS: usize = 9;

pub fn lines(server: &mut Server, table: &mut Table) -> Result<()> {
    rounds(table)?;
    publications(server, table)
}

/// The server's own.
fn runtime() -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build()
}

/// Of `[links]`: loopback at this pace; and limits.
fn quickly(per_second: f64) -> String {
    format!(
        "allow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = {per_second:?}\nrobots = \"ignore\"\n\n\
         [limits.links]\nconnect_ms = 4_000\ntotal_ms = 4_000\n"
    )
}

/// What is to be told of each address.
type Expected = BTreeMap<String, Trouble>;

fn rounds(table: &mut Table) -> Result<()> {
    let runtime = runtime()?;
    let server = runtime.block_on(Crooked::start())?;
    let expected = server.addresses(ADDRESSES, NOT_HERE);
    let place = Place::new()?;
    place.configure("http://127.0.0.1/", false)?;
    let bearer = push::bearer(&place)?;
    let daemon = Daemon::start(&place)?;
    push::catalog(&daemon, &bearer, &catalog(&expected))?;
    daemon.stop()?;

    say(&format!(
        "links: {ADDRESSES} addresses, {PER_SECOND} a second of each host"
    ));
    place.check_links(&format!(
        "[links]\n{}begin_after_ms = 0\nlook_every_ms = 100\n",
        quickly(PER_SECOND)
    ))?;
    let mut daemon = Daemon::start(&place)?;
    until_checked(&mut daemon)?;
    let heard = server.heard();
    let first = daemon.peak_bytes()?;
    told_rightly(&expected, &listed(&daemon)?)?;
    say("links: all of them once more, by hand");
    told_rightly(&expected, &by_hand(&mut daemon)?)?;
    let second = daemon.peak_bytes()?;
    daemon.stop()?;

    let all = heard.values().flatten();
    let (began, ended) = (all.clone().min(), all.max());
    let took = *ended.context("nothing was asked")? - *began.context("nothing was asked")?;
    let busiest = heard.values().map(Vec::len).max().unwrap_or_default();
    let least = Duration::from_secs_f64((busiest - 1) as f64 / PER_SECOND);
    table.add(Line::seconds(
        &format!(
            "{ADDRESSES} addresses checked: {:.0} a second",
            ADDRESSES as f64 / took.as_secs_f64()
        ),
        took,
        &format!("{busiest} requests at {PER_SECOND} a second of one host"),
        least,
        Goal::AtMost(1.2),
    ));
    let kinds = KINDS.len() - NOT_HERE.len();
    let name = format!("  told rightly in two rounds, {kinds} kinds of fault among them");
    let right = format!("{0} and {0}", expected.len());
    table.add(Line::plain(&name, right, &format!("{ADDRESSES} each")));
    table.add(Line::sizes(
        "  peak resident, after a second round",
        second,
        "after the first",
        first,
        Goal::AtMost(1.1),
    ));
    Ok(())
}

/// Datasets that name these addresses.
fn catalog(expected: &Expected) -> String {
    let mut text = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix cnt: <http://www.w3.org/2011/content#> .\n".to_owned();
    let urls: Vec<&String> = expected.keys().collect();
    for (n, urls) in urls.chunks(FILES).enumerate() {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "<https://centre.example/dataset/{n}> a dcat:Dataset ; dct:title \"Dataset {n}\"@en"
        );
        for url in urls {
            let _ = write!(
                text,
                " ;\n dcat:distribution [ a dcat:Distribution ; dcat:accessURL <{url}> ; dcat:downloadURL <{url}> ; dct:format \
                 <http://publications.europa.eu/resource/authority/file-type/CSV> ; cnt:characterEncoding \"UTF-8\" ; \
                 dct:tableOfContents \"name;lon\" ]"
            );
        }
        text += " .\n";
    }
    text
}

fn until_checked(daemon: &mut Daemon) -> Result<()> {
    const POLL: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(900);
    let began = Instant::now();
    loop {
        let checked = daemon.figure("harvestd_links_checked_total")?;
        if checked.is_some_and(|checked| checked >= ADDRESSES as f64) {
            return Ok(());
        }
        ensure!(
            began.elapsed() < LONGEST,
            "{checked:?} of {ADDRESSES} addresses are checked after {LONGEST:?}"
        );
        thread::sleep(POLL);
    }
}

/// What the daemon tells of each address.
type Told = BTreeMap<String, String>;

fn listed(daemon: &Daemon) -> Result<Told> {
    let asked = [("accept", "text/csv")];
    let answer = Client::new(daemon.address).ask("GET", "/links/addresses", &asked, &[])?;
    let mut table = csv::Reader::from_reader(answer.body.as_slice());
    let columns = table.headers()?.clone();
    let column = |name: &str| columns.iter().position(|column| column == name);
    let (url, trouble) = column("url")
        .zip(column("trouble"))
        .context("other columns")?;
    let told = table.into_records().map(|row| {
        let row = row?;
        Ok((row[url].to_owned(), row[trouble].to_owned()))
    });
    told.collect()
}

/// Has all of them checked now.
fn by_hand(daemon: &mut Daemon) -> Result<Told> {
    let answer = daemon.order(&format!("/links/check?source={PUSHES}"))?;
    let lines = serde_json::Deserializer::from_slice(&answer.body).into_iter::<Value>();
    let mut told = Told::new();
    for line in lines {
        let line = line?;
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        told.extend(text("url").zip(text("trouble")));
    }
    Ok(told)
}

fn told_rightly(expected: &Expected, told: &Told) -> Result<()> {
    let other = |(url, trouble): &(&String, &Trouble)| {
        told.get(*url).map(String::as_str) != Some(trouble.code())
    };
    let wrong: Vec<_> = expected.iter().filter(other).collect();
    let found: Vec<_> = wrong
        .iter()
        .take(5)
        .map(|(url, _)| told.get(*url))
        .collect();
    ensure!(
        wrong.is_empty() && told.len() == expected.len(),
        "{} of {} addresses are told wrongly, and {} are listed: {:?} as {found:?}",
        wrong.len(),
        expected.len(),
        told.len(),
        &wrong[..wrong.len().min(5)]
    );
    Ok(())
}

/// Runs of one per cent changes with their publication: with and without what is known of addresses, and with news of it.
fn publications(server: &mut Server, table: &mut Table) -> Result<()> {
    let runtime = runtime()?;
    let near = runtime.block_on(Crooked::start())?;
    let place = Place::new()?;
    place.configure(&server.url(), false)?;
    // Only by hand, and then nothing but what is pushed.
    place.check_links(&format!("[links]\nenabled = false\n{}", quickly(1_000.0)))?;
    let bearer = push::bearer(&place)?;
    say("links: the export, none of its addresses known");
    let mut daemon = Daemon::start(&place)?;
    let (took, run) = daemon.run()?;
    say(&format!("  {took:.2?}: {run}"));
    daemon.stop()?;
    let mut daemon = Daemon::start(&place)?;
    let (alone, changed) = warm(&mut daemon, server)?;
    daemon.stop()?;

    let known = all_well(&place)?;
    say(&format!("links: {known} addresses are known"));
    let began = Instant::now();
    let daemon = Daemon::start(&place)?;
    let started = format!("{:.2?}", began.elapsed());
    daemon.stop()?;
    let mut daemon = Daemon::start(&place)?;
    let (both, _) = warm(&mut daemon, server)?;
    let name = format!("1 % changed ({changed}), {known} addresses known");
    let over = "the same, none known";
    table.add(Line::seconds(&name, both, over, alone, Goal::AtMost(1.1)));
    table.add(Line::plain("  the start that learns of all", started, ""));

    let pushed = near.addresses(NEWS, NOT_HERE);
    push::catalog(&daemon, &bearer, &catalog(&pushed))?;
    told_rightly(&pushed, &by_hand(&mut daemon)?)?;
    let (news, run) = one_per_cent(&mut daemon, server)?;
    say(&format!("  {news:.2?}, with news: {run}"));
    let name = format!(
        "  the first after news of {} datasets",
        NEWS.div_ceil(FILES)
    );
    let over = "one without news";
    table.add(Line::seconds(&name, news, over, both, Goal::None));
    daemon.stop()
}

/// The median time of a run of one per cent changes, none of them the first after a start, and how many these are.
fn warm(daemon: &mut Daemon, server: &mut Server) -> Result<(Duration, u64)> {
    one_per_cent(daemon, server)?;
    changes(daemon, server, RUNS)
}

/// Every address of the catalogue was asked, and is well. Gives how many these are. The daemon must be stopped.
fn all_well(place: &Place) -> Result<usize> {
    let config = Arc::new(Config::load(&place.path("bench.toml"))?);
    let (dir, base) = (place.data_dir(), config.public_url.as_str());
    let store = Store::open(&dir, base, write_limits(&config))?;
    let cache_bytes = config.limits.state_cache_bytes;
    let (state, found) = State::open(&dir, store.head(), cache_bytes)?;
    ensure!(found == Found::Good, "the state is {found:?}");
    let every = || {
        let every = store.every();
        every.map(|described| described.map_err(|error| error.to_string()))
    };
    let links = Links::open(&state, config.clone())?;
    let now_ms = Utc::now().timestamp_millis();
    links.follow(store.log(), store.head(), now_ms, &|| false, every)?;
    let well = Came {
        status: Some(200),
        ..Came::default()
    };
    let (kept, mut count) = (state.addresses()?, 0);
    for entry in kept.after(None) {
        let (key, mut address) = entry?;
        address.note(Trouble::Ok, well.clone(), now_ms, &config.limits.links);
        kept.set_address(key, &address)?;
        count += 1;
    }
    kept.make_durable()?;
    Ok(count)
}
