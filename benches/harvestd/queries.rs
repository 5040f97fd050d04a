//! Ten catalogue queries, asked in turn of the daemon and of Oxigraph's own server over the same data.
//!
//! Both are asked by the same client over a kept connection, one right after the other, and who is asked first changes
//! each time, since the second finds a busier machine. Short queries are asked more often than long ones. The median
//! counts. Answers of different size end the benchmark: a fast wrong answer is none.

use crate::{
    Arguments,
    daemon::{self, Daemon},
    http::Client,
    median, say,
    table::{Goal, Line, Table},
};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const PREFIXES: &str = "PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
";

/// A name and what follows the prefixes. `{id}` and `{agency}` are those of a row in the middle of the export.
const QUERIES: [(&str, &str); 10] = [
    (
        "count of datasets",
        "SELECT (COUNT(*) AS ?n) WHERE { ?d a dcat:Dataset }",
    ),
    (
        "one dataset by identifier",
        "SELECT ?p ?o WHERE { ?d dct:identifier \"{id}\" ; a dcat:Dataset ; ?p ?o }",
    ),
    (
        "one dataset as a graph",
        "CONSTRUCT { ?d ?p ?o . ?x ?q ?v } WHERE { ?d dct:identifier \"{id}\" ; a dcat:Dataset ; ?p ?o . OPTIONAL { ?d dcat:distribution ?x . ?x ?q ?v } }",
    ),
    (
        "titles that speak of air quality",
        "SELECT ?d ?title WHERE { ?d a dcat:Dataset ; dct:title ?title FILTER(CONTAINS(STR(?title), \"空氣品質\")) }",
    ),
    (
        "twenty newest",
        "SELECT ?d ?m WHERE { ?d a dcat:Dataset ; dct:issued ?m } ORDER BY DESC(?m) LIMIT 20",
    ),
    (
        "datasets by frequency",
        "SELECT ?f (COUNT(?d) AS ?n) WHERE { ?d a dcat:Dataset ; dct:accrualPeriodicity ?f } GROUP BY ?f",
    ),
    (
        "distributions by format",
        "SELECT ?f (COUNT(*) AS ?n) WHERE { ?d dcat:distribution ?x . ?x dct:format ?f } GROUP BY ?f",
    ),
    (
        "agencies by datasets",
        "SELECT ?name (COUNT(?d) AS ?n) WHERE { ?d a dcat:Dataset ; dct:publisher ?p . ?p foaf:name ?name } GROUP BY ?name ORDER BY DESC(?n) ?name LIMIT 20",
    ),
    (
        "a page of one agency's datasets",
        "SELECT ?d ?title WHERE { ?p foaf:name ?name . FILTER(STR(?name) = \"{agency}\") ?d dct:publisher ?p ; a dcat:Dataset ; dct:title ?title } ORDER BY ?title ?d LIMIT 50",
    ),
    (
        "datasets without a download",
        "SELECT (COUNT(?d) AS ?n) WHERE { ?d a dcat:Dataset OPTIONAL { ?d dcat:distribution/dcat:downloadURL ?u } FILTER(!BOUND(?u)) }",
    ),
];

pub fn lines(
    arguments: &Arguments,
    (id, agency): &(String, String),
    daemon: &Daemon<'_>,
    store: &Path,
    table: &mut Table,
) -> Result<()> {
    let Some(program) = program(arguments) else {
        say("!!");
        say(
            "!! SKIPPED queries: Oxigraph's own server is not there (set OXIGRAPH, or run ../shared/peers/setup.sh oxigraph)",
        );
        say("!!");
        return Ok(());
    };
    say("ten queries, in turn");
    let peer = Peer::start(&program, store)?;
    let mut ours = Asker {
        client: Client::new(daemon.address),
        path: "/sparql",
    };
    let mut theirs = Asker {
        client: Client::new(peer.address),
        path: "/query",
    };
    let mut ratios = Vec::new();
    for (name, query) in QUERIES {
        let query = query.replace("{id}", id).replace("{agency}", agency);
        let query = format!("{PREFIXES}{query}");
        let (a, b) = in_turn(&mut ours, &mut theirs, &query, arguments.query_times)
            .with_context(|| format!("query: {name}"))?;
        ratios.push(a.as_secs_f64() / b.as_secs_f64());
        let name = format!("query: {name}");
        table.add(Line::seconds(
            &name,
            a,
            "Oxigraph's server",
            b,
            Goal::AtMost(1.2),
        ));
    }
    let log_mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / 10.0;
    table.add(Line::plain(
        "  geometric mean of the ten ratios",
        format!("{:.3}", log_mean.exp()),
        "",
    ));
    Ok(())
}

/// The program that was named, or the one that the peers' set-up makes.
fn program(arguments: &Arguments) -> Option<PathBuf> {
    let made = || {
        let home = std::env::var_os("HOME")?;
        Some(Path::new(&home).join(".cache/harvestd-peers/venv-oxigraph/bin/oxigraph"))
    };
    arguments
        .oxigraph
        .clone()
        .or_else(made)
        .filter(|path| path.exists())
}

fn in_turn(
    ours: &mut Asker,
    theirs: &mut Asker,
    query: &str,
    times: usize,
) -> Result<(Duration, Duration)> {
    const WARM: usize = 3;
    /// A long query is asked no more once it has taken so long, and at least so often.
    const ENOUGH: Duration = Duration::from_secs(15);
    const TIMES_MIN: usize = 5;
    /// Asked for at least so long, and no more often than this: the median of a tenth of a millisecond wants company.
    const LONG: Duration = Duration::from_secs(1);
    const TIMES_MAX: usize = 1_000;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for n in 0..WARM + times.max(TIMES_MAX) {
        let (asked, took) = (n.saturating_sub(WARM), began.elapsed());
        if (asked >= times.max(1) && took >= LONG) || (asked >= TIMES_MIN && took >= ENOUGH) {
            break;
        }
        let ((time, found), (peer_time, expected)) = if n % 2 == 0 {
            let first = ours.ask(query)?;
            (first, theirs.ask(query)?)
        } else {
            let first = theirs.ask(query)?;
            (ours.ask(query)?, first)
        };
        ensure!(
            found == expected,
            "the daemon answers {found} rows, Oxigraph's server {expected}"
        );
        if n == 0 && found == 0 {
            say(&format!(
                "  no rows for: {}",
                query.lines().last().unwrap_or_default()
            ));
        }
        if n >= WARM {
            a.push(time);
            b.push(peer_time);
        }
    }
    Ok((median(&a), median(&b)))
}

struct Asker {
    client: Client,
    path: &'static str,
}

impl Asker {
    /// The time until the last byte, and the number of rows or triples.
    fn ask(&mut self, query: &str) -> Result<(Duration, usize)> {
        let graph = query.contains("CONSTRUCT");
        let accept = if graph {
            "application/n-triples"
        } else {
            "application/sparql-results+json"
        };
        let headers = [
            ("content-type", "application/sparql-query"),
            ("accept", accept),
        ];
        let began = Instant::now();
        let answer = self
            .client
            .ask("POST", self.path, &headers, query.as_bytes())?;
        let took = began.elapsed();
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 200, "answered {}: {text}", answer.status);
        let rows = if graph {
            text.lines().filter(|line| !line.trim().is_empty()).count()
        } else {
            let results: serde_json::Value = serde_json::from_str(&text)?;
            results["results"]["bindings"]
                .as_array()
                .context("no bindings")?
                .len()
        };
        Ok((took, rows))
    }
}

/// Oxigraph's own server, read only.
struct Peer {
    child: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(program: &Path, store: &Path) -> Result<Self> {
        const READY_S_MAX: u64 = 60;
        let address = daemon::free_port()?;
        let child = Command::new(program)
            .arg("serve-read-only")
            .arg("--location")
            .arg(store)
            .args(["--bind", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut peer = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(READY_S_MAX);
        while Client::new(address).get("/").is_err() {
            if let Some(status) = peer.child.try_wait()? {
                bail!("Oxigraph's server ended with {status}");
            }
            ensure!(
                Instant::now() < deadline,
                "Oxigraph's server does not answer"
            );
            thread::sleep(Duration::from_millis(20));
        }
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
