//! The ways in which a source goes wrong, one source each: played by the demo's sample server, but for those that need a
//! server, or none, of their own.

use super::{
    certificates::{acceptor, issuer},
    faulty::{Faulty, answer},
    port::Port,
    serving::{Bed, Serving, eventually, parsed},
    texts::{export, rows, source},
};
use axum::http::StatusCode;
use harvestd::demo::{World, serve_sample};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the operator is to be told of one source.
struct Told {
    source: &'static str,
    diagnosis: &'static str,
    outcome: &'static str,
    status: Option<u16>,
    /// In what was seen.
    words: &'static str,
    /// Of the page that came.
    first_line: Option<&'static str>,
}

const fn told(
    source: &'static str,
    diagnosis: &'static str,
    outcome: &'static str,
    status: Option<u16>,
    words: &'static str,
    first_line: Option<&'static str>,
) -> Told {
    Told {
        source,
        diagnosis,
        outcome,
        status,
        words,
        first_line,
    }
}

/// The quota is the last one: all are on one host.
const WAYS: [Told; 15] = [
    told(
        "challenged",
        "challenge",
        "failed",
        Some(403),
        "403 Forbidden",
        Some("Just a moment..."),
    ),
    told(
        "walled",
        "blocked",
        "failed",
        Some(403),
        "403 Forbidden",
        Some("Request Rejected"),
    ),
    told(
        "behind-login",
        "login",
        "failed",
        Some(200),
        "a login page",
        Some("Please sign in"),
    ),
    told(
        "unfiltered",
        "ignored-filter",
        "complete",
        None,
        "the whole catalogue came",
        None,
    ),
    told(
        "liar",
        "lying-total",
        "partial",
        None,
        "5 packages declared, 3 different ones came",
        None,
    ),
    told(
        "circle",
        "repeated-page",
        "partial",
        None,
        "leads in a circle",
        None,
    ),
    told(
        "rewritten",
        "schema-change",
        "failed",
        Some(200),
        "",
        Some("{\"datasets\":[]}"),
    ),
    told(
        "late",
        "clock",
        "complete",
        None,
        "s behind this machine's",
        None,
    ),
    told(
        "unchained",
        "tls-chain",
        "failed",
        None,
        "unknown issuer",
        None,
    ),
    told(
        "gone",
        "moved",
        "failed",
        Some(410),
        "410 Gone",
        Some("we are elsewhere now"),
    ),
    told(
        "emptied",
        "empty",
        "partial",
        None,
        "an empty catalogue where 2",
        None,
    ),
    told(
        "halved",
        "too-much-gone",
        "partial",
        None,
        "19 of 20 datasets are absent",
        None,
    ),
    told("down", "unreachable", "failed", None, "no connection", None),
    told(
        "broken",
        "server-trouble",
        "failed",
        Some(500),
        "500 Internal Server Error",
        Some("java.lang.NullPointerException"),
    ),
    told(
        "asked-too-much",
        "quota",
        "failed",
        None,
        "asked again only after 7200 s",
        None,
    ),
];

/// These are sick with the third such run only.
const PASSING: [&str; 2] = ["down", "broken"];

/// Sources that were never well.
fn never_well(source: &str) -> bool {
    matches!(source, "unchained" | "down")
}

async fn run(serving: &Serving, told: &Told, full: bool) -> Value {
    let path = format!("/sources/{}/run?wait=true&full={full}", told.source);
    parsed(serving.admin("POST", &path).await).await
}

fn of<'v>(status: &'v Value, id: &str) -> &'v Value {
    let mut sources = status["sources"].as_array().unwrap().iter();
    sources.find(|source| source["id"] == id).unwrap()
}

/// What webhooks were told, by message id: what came twice counts once.
type Came = Arc<Mutex<BTreeMap<String, Value>>>;

async fn receiver() -> (String, Came) {
    let came = Came::default();
    let into = came.clone();
    let app = axum::Router::new().fallback(move |headers: axum::http::HeaderMap, body: String| {
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        into.lock()
            .unwrap()
            .insert(id, serde_json::from_str(&body).unwrap());
        async { StatusCode::NO_CONTENT }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, came)
}

/// Type and source of all messages, sorted.
fn messages(came: &Came) -> Vec<(String, String)> {
    let came = came.lock().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = came
        .values()
        .map(|m| (text(&m["type"]), text(&m["data"]["source"])))
        .collect();
    all.sort();
    all
}

/// The demo's sample server, with the sick in it.
struct Sample(String);

impl Sample {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = World::standing("2026-11-02T01:00:00Z".parse().unwrap());
        let forever = std::future::pending();
        tokio::spawn(async move { serve_sample(listener, world, forever).await.unwrap() });
        Self(address)
    }

    fn at(&self, source: &str) -> String {
        format!("{}/sick/{source}", self.0)
    }

    /// All are from now on: `well` or `sick`.
    async fn all(&self, how: &str) {
        let told = reqwest::Client::new().post(format!("{}/{how}", self.0));
        let told: Value = parsed(told.send().await.unwrap()).await;
        assert_eq!(told[how].as_array().unwrap().len(), 13, "{told}");
    }
}

fn sources(sample: &Sample, unchained: &Faulty, down: &Port) -> String {
    let all = WAYS.iter().map(|told| {
        let (kind, url) = match told.source {
            "unchained" => ("dcat", unchained.at("/catalogue").to_string()),
            "down" => ("dcat", format!("http://{}/catalogue", down.at)),
            "rewritten" => ("data_gov_tw", sample.at("rewritten")),
            ckan @ ("unfiltered" | "liar") => ("ckan", sample.at(ckan) + "/"),
            dcat => ("dcat", sample.at(dcat)),
        };
        source(told.source, kind, &url, "")
    });
    all.collect()
}

fn check_report(told: &Told, report: &Value) {
    let diagnosis = &report["diagnosis"];
    assert_eq!(report["outcome"], told.outcome, "{report}");
    assert_eq!(
        diagnosis["code"], told.diagnosis,
        "{}: {report}",
        told.source
    );
    assert_eq!(
        diagnosis["grave"],
        told.outcome != "complete",
        "{diagnosis}"
    );
    let seen = &diagnosis["seen"];
    assert_eq!(
        seen["status"].as_u64(),
        told.status.map(u64::from),
        "{diagnosis}"
    );
    assert_eq!(
        seen["first_line"].as_str().filter(|l| !l.is_empty()),
        told.first_line,
        "{diagnosis}"
    );
    assert!(
        seen["text"].as_str().unwrap().contains(told.words),
        "{diagnosis}"
    );
    if told.outcome == "failed" {
        assert!(
            seen["url"].as_str().unwrap().starts_with("http"),
            "{diagnosis}"
        );
    }
    for words in ["what", "do"] {
        assert!(diagnosis[words].as_str().unwrap().len() > 10, "{diagnosis}");
    }
}

fn is_sick(told: &Told) -> bool {
    told.outcome != "complete" && !PASSING.contains(&told.source)
}

/// All sources and a receiver that is told how they are.
struct Federation {
    bed: Bed,
    sample: Sample,
    came: Came,
    _unchained: Faulty,
    _down: Port,
}

impl Federation {
    async fn new() -> Self {
        let bed = Bed::new(export(&rows(1, 1, 1))).await;
        let chain = acceptor("localhost", 2040, Some(&issuer()));
        let unchained = Faulty::start_tls(chain, |_, _| answer("200 OK", &[], "")).await;
        let (down, (url, came)) = (Port::reserved(), receiver().await);
        let sample = Sample::start().await;
        std::fs::write(bed.dir.path().join("pager"), SECRET).unwrap();
        let hook = format!(
            "[[webhook]]\nid = \"pager\"\nurl = \"{url}\"\nsecret = {{ file = \"pager\" }}\ntells = [\"health\"]\n\
             begin = \"start\"\nallow_ranges = [\"127.0.0.0/8\"]\n"
        );
        bed.configure("", &(sources(&sample, &unchained, &down) + &hook));
        Self {
            bed,
            sample,
            came,
            _unchained: unchained,
            _down: down,
        }
    }

    /// These and no others were told.
    async fn told(&self, expected: &mut [(String, String)]) {
        expected.sort();
        let all = async || messages(&self.came).len() >= expected.len();
        eventually("all is told", all).await;
        assert_eq!(messages(&self.came), expected);
    }
}

/// A complete run of every source that ever is well.
async fn all_well(serving: &Serving, full: bool) {
    for told in WAYS.iter().filter(|told| !never_well(told.source)) {
        let report = run(serving, told, full).await;
        let found = (&report["outcome"], &report["diagnosis"]);
        assert_eq!(found, (&json!("complete"), &Value::Null), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_which_a_source_goes_wrong_is_told_apart_everywhere() {
    let all = Federation::new().await;
    let serving = all.bed.serve().await;
    all_well(&serving, false).await;
    all.sample.all("sick").await;
    for told in &WAYS {
        let report = run(&serving, told, told.source == "liar").await;
        check_report(told, &report);
    }
    check_status(&serving).await;
    check_log(&serving.log());
    check_metrics(&serving).await;
    check_commands(&all.bed).await;
    let message = |kind: &str, told: &Told| (kind.to_owned(), told.source.to_owned());
    let sick = WAYS.iter().filter(|told| is_sick(told));
    let mut expected: Vec<_> = sick
        .clone()
        .map(|told| message("harvestd.source.sick", told))
        .collect();
    all.told(&mut expected).await;

    // What is known of them is known after a kill, and told once.
    serving.kill().await;
    all.sample.all("well").await;
    let serving = all.bed.serve().await;
    let status = serving.json("/status.json").await;
    assert_eq!(of(&status, "challenged")["health"]["state"], "sick");
    all_well(&serving, true).await;
    let well = sick.filter(|told| !never_well(told.source));
    expected.extend(well.map(|told| message("harvestd.source.well", told)));
    all.told(&mut expected).await;
    serving.stop().await;
}

async fn check_status(serving: &Serving) {
    let status = serving.json("/status.json").await;
    for told in &WAYS {
        let source = of(&status, told.source);
        let state = if is_sick(told) { "sick" } else { "well" };
        assert_eq!(source["health"]["state"], state, "{source}");
        assert_eq!(
            source["health"]["diagnosis"]["code"], told.diagnosis,
            "{source}"
        );
        let page = serving.get(&format!("/sources/{}", told.source));
        let page = page.header("accept", "text/html").send().await.unwrap();
        let page = page.text().await.unwrap();
        let named = format!("(<code>{}</code>)", told.diagnosis);
        let word = if is_sick(told) {
            ">異常<"
        } else {
            ">正常<"
        };
        assert!(page.contains(&named) && page.contains(word), "{page}");
    }
}

fn check_log(log: &str) {
    for told in &WAYS {
        let named = format!("\"diagnosis\":\"{}\"", told.diagnosis);
        let of = format!("\"source\":\"{}\"", told.source);
        let lines: Vec<_> = log
            .lines()
            .filter(|l| l.contains(&named) && l.contains(&of))
            .collect();
        // One for the run, one where it makes the source sick.
        assert_eq!(
            lines.len(),
            1 + usize::from(is_sick(told)),
            "{}: {lines:?}",
            told.source
        );
        assert!(lines[0].contains("\"advice\":\""), "{lines:?}");
        let level = if told.outcome == "complete" {
            "INFO"
        } else {
            "WARN"
        };
        let level = format!("\"level\":\"{level}\"");
        assert!(lines.iter().all(|line| line.contains(&level)), "{lines:?}");
    }
}

async fn check_metrics(serving: &Serving) {
    let metrics = serving
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for told in &WAYS {
        let sick = u8::from(is_sick(told));
        let (source, code) = (told.source, told.diagnosis);
        let gauge = format!("harvestd_source_sick{{source=\"{source}\"}} {sick}\n");
        let count =
            format!("harvestd_diagnoses_total{{source=\"{source}\",diagnosis=\"{code}\"}} 1\n");
        assert!(
            metrics.contains(&gauge) && metrics.contains(&count),
            "{gauge}{count}{metrics}"
        );
        let complete = format!("harvestd_runs_total{{source=\"{source}\",outcome=\"complete\"}} ");
        let well_runs = usize::from(!never_well(source)) + usize::from(told.outcome == "complete");
        let found = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&complete));
        assert_eq!(
            found.map_or(0, |n| n.parse().unwrap()),
            well_runs,
            "{source}"
        );
    }
}

/// A run that failed never says success.
async fn check_commands(bed: &Bed) {
    for (arguments, code, words) in [
        (&["run", "walled"][..], 3, "diagnosis blocked: "),
        (&["check", "walled"], 3, "diagnosis blocked: "),
        (&["run", "emptied"], 3, "diagnosis empty: "),
        (&["status", "walled"], 0, "diagnosis blocked: "),
        (&["status"], 0, "walled: sick since "),
    ] {
        let done = bed.command(arguments).output().await.unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(
            said.contains(words) && said.contains("what to do: "),
            "{arguments:?}: {said}"
        );
    }
}
