//! Pushes into the store that the first harvest filled: how long until one is durable and answered; by one client after
//! the other, and by many at once. When it is visible is not measured here.

use crate::{
    daemon::Daemon,
    http::Client,
    place::{PUSHES, Place},
    say,
    table::{Line, Table},
};
use anyhow::{Context as _, Result, ensure};
use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

const ONE_AFTER_THE_OTHER: usize = 200;
const CLIENTS: usize = 16;
const EACH: usize = 40;
/// What is not counted: the first pushes find cold caches.
const WARM_UP: usize = 5;
const GOAL: Duration = Duration::from_millis(50);

/// A token of the centre's, as it is sent.
pub fn bearer(place: &Place) -> Result<String> {
    let made = place
        .subcommand("token", "new")
        .args([PUSHES, "--json"])
        .stdin(Stdio::null())
        .output()
        .context("making a token")?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let made: serde_json::Value = serde_json::from_slice(&made.stdout)?;
    Ok(format!(
        "Bearer {}",
        made["token"].as_str().context("a token")?
    ))
}

/// The centre's whole catalogue, in Turtle: in its place when this returns.
pub fn catalog(daemon: &Daemon<'_>, bearer: &str, turtle: &str) -> Result<()> {
    let answer = Client::new(daemon.address).ask(
        "PUT",
        &format!("/push/{PUSHES}"),
        &[("authorization", bearer), ("content-type", "text/turtle")],
        turtle.as_bytes(),
    )?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(
        (200..300).contains(&answer.status),
        "a catalogue was answered {}: {text}",
        answer.status
    );
    Ok(())
}

pub fn lines(place: &Place, table: &mut Table) -> Result<()> {
    let bearer = bearer(place)?;
    let daemon = Daemon::start(place)?;
    say(&format!(
        "{ONE_AFTER_THE_OTHER} pushes, one after the other"
    ));
    let mut took = pushes(&daemon, &bearer, "a", WARM_UP + ONE_AFTER_THE_OTHER)?.split_off(WARM_UP);
    let name = format!("push, durable, p95 of {ONE_AFTER_THE_OTHER} in a row");
    table.add(Line::time(&name, percentile(&mut took, 95), GOAL));
    let name = "  median";
    table.add(Line::plain(
        name,
        format!("{:.1?}", percentile(&mut took, 50)),
        "",
    ));
    say(&format!("{CLIENTS} clients at once, {EACH} pushes each"));
    let began = Instant::now();
    let all: Result<Vec<Vec<Duration>>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (daemon, bearer) = (&daemon, &bearer);
                scope.spawn(move || pushes(daemon, bearer, &format!("c{n}-"), EACH))
            })
            .collect();
        let ended = clients.into_iter().map(|client| match client.join() {
            Ok(took) => took,
            Err(_) => anyhow::bail!("a client panicked"),
        });
        ended.collect()
    });
    let whole = began.elapsed();
    let mut took: Vec<Duration> = all?.into_iter().flatten().collect();
    let name = format!("push, durable, p95 of {} by {CLIENTS} at once", took.len());
    let rate = took.len() as f64 / whole.as_secs_f64();
    table.add(Line::time(&name, percentile(&mut took, 95), GOAL));
    table.add(Line::plain("  pushes a second", format!("{rate:.0}"), ""));
    daemon.stop()
}

fn pushes(daemon: &Daemon<'_>, bearer: &str, prefix: &str, count: usize) -> Result<Vec<Duration>> {
    let mut client = Client::new(daemon.address);
    let mut took = Vec::with_capacity(count);
    for n in 0..count {
        let id = format!("{prefix}{n}");
        let key = format!("key-{id}");
        let headers = [
            ("authorization", bearer),
            ("content-type", "text/turtle"),
            ("idempotency-key", &key),
        ];
        let body = dataset(&id);
        let began = Instant::now();
        let answer = client.ask(
            "PUT",
            &format!("/push/{PUSHES}/{id}"),
            &headers,
            body.as_bytes(),
        )?;
        took.push(began.elapsed());
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            answer.status == 201,
            "a push was answered {}: {text}",
            answer.status
        );
    }
    Ok(took)
}

/// Some 30 triples, as many as a catalogue's datasets have.
fn dataset(id: &str) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n\
         <https://centre.example/dataset/{id}> a dcat:Dataset ; dct:identifier \"{id}\" ; dct:title \"Dataset {id}\"@en, \"資料集 {id}\"@zh-Hant ;\n\
         dct:description \"What a centre says of its dataset {id}.\"@en ; dcat:keyword \"rain\"@en, \"river\"@en, \"level\"@en ;\n\
         dct:issued \"2026-01-02\"^^<http://www.w3.org/2001/XMLSchema#date> ; dct:publisher <https://centre.example/office> ;\n\
         dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/DAILY> ; dcat:landingPage <https://centre.example/{id}> "
    );
    for n in 0..3 {
        text += &format!(
            ";\n dcat:distribution [ a dcat:Distribution ; dct:title \"File {n}\"@en ; dcat:accessURL <https://centre.example/{id}/{n}.csv> ; dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ] "
        );
    }
    text + ".\n<https://centre.example/office> a foaf:Agent ; foaf:name \"Office\"@en .\n"
}

pub fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}
