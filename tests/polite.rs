//! How sources are asked: robots.txt, quiet hours, what a host wants through a restart, small sources beside large ones.
//! Everything is on loopback.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/faulty.rs"]
#[expect(dead_code, reason = "shared with the tests of the network")]
mod faulty;
#[path = "support/house.rs"]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "shared with the tests of runs")]
mod texts;

use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use faulty::{Faulty, Step};
use harvestd::{
    diagnosis::Ailment,
    network::NetworkErrorKind,
    report::{Outcome, Report, Trigger},
    serve::desk::{Desk, Order},
};
use harvestd_harvesters::Request;
use house::{DEADLINE, House};
use origin::Origin;
use std::time::{Duration, Instant};
use texts::{numbered, source, turtle};

const OBEY: &str = "robots = \"obey\"\n";

/// A server with a catalogue at `/data/a` and this robots.txt, and a house with a source that obeys it.
struct Obedient {
    origin: Origin,
    house: House,
    _dir: tempfile::TempDir,
}

impl Obedient {
    async fn new(status: StatusCode, robots: &'static str, network: &str) -> Self {
        let origin = Origin::start().await;
        origin.say("/data/a", "text/turtle", numbered(2));
        origin.answer("/robots.txt", move |_| (status, robots).into_response());
        let dir = tempfile::tempdir().unwrap();
        let a = source("a", "dcat", &origin.at("/data/a"), "") + network;
        let house = House::open(dir.path(), "", &[a]);
        Self {
            origin,
            house,
            _dir: dir,
        }
    }

    async fn run(&self) -> Report {
        self.house.run("a").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_obeyed_where_a_source_says_so() {
    const NOBODY: &str = "User-agent: *\nDisallow: /data/\n";
    const OTHERS: &str =
        "User-agent: *\nDisallow: /\nUser-agent: harvestd\nAllow: /data/a\nDisallow: /data\n";
    let ok = StatusCode::OK;
    for (status, robots, network, outcome, asked) in [
        (ok, NOBODY, "", Outcome::Complete, 1),
        (ok, NOBODY, "robots = \"ignore\"\n", Outcome::Complete, 1),
        (ok, NOBODY, OBEY, Outcome::Failed, 1),
        (ok, OTHERS, OBEY, Outcome::Complete, 2),
        (StatusCode::NOT_FOUND, NOBODY, OBEY, Outcome::Complete, 2),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "",
            OBEY,
            Outcome::Failed,
            1,
        ),
    ] {
        let bed = Obedient::new(status, robots, network).await;
        let report = bed.run().await;
        assert_eq!(
            (report.outcome, bed.origin.asked()),
            (outcome, asked),
            "{status} {robots} {}",
            report.line()
        );
        let found = report.diagnosis.map(|d| (d.code, d.seen.text));
        match (outcome, status) {
            (Outcome::Complete, _) => assert_eq!(found, None),
            (_, StatusCode::OK) => {
                let (code, text) = found.unwrap();
                assert_eq!(code, Ailment::Robots);
                assert!(text.contains("Disallow: /data/"), "{text}");
            }
            _ => assert_eq!(found.unwrap().0, Ailment::ServerTrouble),
        }
        bed.house.close().await;
    }
}

/// Of a long one the first 512 KiB count (RFC 9309, section 2.5), and no half of a rule.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_robots_txt_the_beginning_counts() {
    const READ: usize = 512 * 1024;
    let long = |line: &str, at: usize| -> &'static str {
        let mut text = String::from("User-agent: *\n");
        while text.len() < at {
            let filler = (at - text.len()).min(1_000) - 1;
            text.push_str(&format!("{}\n", "#".repeat(filler)));
        }
        text.push_str(line);
        text.push_str(&"#\n".repeat(READ));
        text.leak()
    };
    let forbids = "Disallow: /data/a\n";
    for (at, outcome) in [
        (READ - forbids.len(), Outcome::Failed),
        // Cut in its middle, it would forbid /data.
        (READ - forbids.len() + 3, Outcome::Complete),
        (READ, Outcome::Complete),
    ] {
        let bed = Obedient::new(StatusCode::OK, long(forbids, at), OBEY).await;
        let report = bed.run().await;
        assert_eq!(report.outcome, outcome, "{at}: {}", report.line());
        assert_eq!(
            report.diagnosis.map(|d| d.code),
            (outcome == Outcome::Failed).then_some(Ailment::Robots)
        );
        bed.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robots_txt_is_believed_for_a_while_and_its_delay_is_kept_up_to_the_most() {
    const SLOWLY: &str = "User-agent: *\nCrawl-delay: 3600\n";
    let network = format!("{OBEY}[source.network.limits]\ncrawl_delay_max_ms = 200\n");
    let bed = Obedient::new(StatusCode::OK, SLOWLY, &network).await;
    bed.run().await;
    let began = Instant::now();
    bed.run().await;
    bed.run().await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(bed.origin.asked(), 4, "robots.txt once");
    bed.house.close().await;
    let network = format!("{OBEY}[source.network.limits]\nrobots_cache_ms = 0\n");
    let bed = Obedient::new(StatusCode::OK, "", &network).await;
    bed.run().await;
    bed.run().await;
    assert_eq!(bed.origin.asked(), 4, "robots.txt twice");
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_only_where_that_servers_robots_txt_allows() {
    let other = Origin::start().await;
    other.say("/hidden/a", "text/turtle", numbered(2));
    other.say(
        "/robots.txt",
        "text/plain",
        "User-agent: harvestd\nDisallow: /hidden\n",
    );
    let there = other.at("/hidden/a");
    let host = there.split('/').nth(2).unwrap().to_owned();
    let bed = Obedient::new(
        StatusCode::NOT_FOUND,
        "",
        &format!("{OBEY}allow_hosts = [\"{host}\"]\n"),
    )
    .await;
    bed.origin.answer("/data/a", move |_| {
        (StatusCode::FOUND, [(header::LOCATION, there.clone())]).into_response()
    });
    let report = bed.run().await;
    assert_eq!(report.diagnosis.unwrap().code, Ailment::Robots);
    assert_eq!(other.asked(), 1);
    bed.house.close().await;
}

/// When the source next runs, as a daemon sees it that is asked.
async fn due(house: &House) -> DateTime<Utc> {
    let began = Instant::now();
    loop {
        let ms = house.daemon.source("a").unwrap().next_due_ms;
        if let Some(due) = ms.and_then(DateTime::from_timestamp_millis) {
            return due;
        }
        assert!(began.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_begins_by_itself_in_quiet_hours() {
    let origin = Origin::start().await;
    origin.say("/a", "text/turtle", turtle(&[]));
    let now = Utc::now();
    let hour = |hours: i64| (now + TimeDelta::hours(hours)).format("%H:00").to_string();
    let over = (now + TimeDelta::hours(3)).with_minute(0).unwrap();
    let over = over.with_second(0).unwrap().with_nanosecond(0).unwrap();
    for (quiet, is_quiet) in [
        (format!("[\"{}-{}\"]", hour(-2), hour(3)), true),
        (format!("[\"{}-{}\"]", hour(3), hour(5)), false),
    ] {
        let more = format!(
            "schedule = \"* * * * * *\"\njitter_ms = 0\ntimezone = \"UTC\"\nquiet = {quiet}"
        );
        let dir = tempfile::tempdir().unwrap();
        let a = source("a", "dcat", &origin.at("/a"), &more);
        let house = House::open(dir.path(), "", &[a]);
        let due = due(&house).await;
        match is_quiet {
            true => assert_eq!(due, over),
            false => assert!(due < now + TimeDelta::hours(1), "{due}"),
        }
        house.complete("a").await;
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_wants_is_kept_for_all_its_sources_through_a_restart() {
    let (origin, dir) = (Origin::start().await, tempfile::tempdir().unwrap());
    origin.answer("/a", |_| {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "7200")],
        )
            .into_response()
    });
    origin.say("/b", "text/turtle", numbered(1));
    let sources = ["a", "b"].map(|id| source(id, "dcat", &origin.at(&format!("/{id}")), ""));
    let house = House::open(dir.path(), "", &sources);
    let report = house.run("a").await;
    assert_eq!(report.diagnosis.unwrap().code, Ailment::Quota);
    house.close().await;

    let house = House::open(dir.path(), "", &sources);
    let rooms = &house.daemon.rooms;
    let b = house.daemon.config().source("b").unwrap().clone();
    let request = Request::get(b.url.clone(), "*/*");
    let asked = rooms
        .network
        .ask(&b, &request, None, &rooms.spool_dir)
        .await;
    let error = asked.unwrap_err();
    assert_eq!(error.kind, NetworkErrorKind::RetryLater);
    assert!(error.retry_after.unwrap() > Duration::from_secs(7000));
    // A person knows better.
    house.complete("b").await;
    assert_eq!(origin.asked(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_source_does_not_wait_behind_large_ones() {
    let large = Faulty::always(vec![Step::Hang]).await;
    let origin = Origin::start().await;
    origin.say("/small", "text/turtle", numbered(1));
    let (dir, url) = (
        tempfile::tempdir().unwrap(),
        large.at("/export").to_string(),
    );
    let sources = [
        source("one", "dcat", &url, ""),
        source("two", "dcat", &url, ""),
        source("small", "dcat", &origin.at("/small"), ""),
    ];
    let house = House::open(
        dir.path(),
        "runs_at_once_max = 2\nlarge_run_ms = 1_000\n",
        &sources,
    );
    let state = &house.daemon.rooms.state;
    for id in ["one", "two"] {
        let mut known = state.source(id).unwrap();
        [500, 5_000, 700].into_iter().for_each(|ms| known.took(ms));
        assert_eq!(known.expected_ms(), Some(700));
        state.set_source(id, &known).unwrap();
    }
    let order = Order {
        trigger: Trigger::Hand,
        full: false,
    };
    let _one = house.daemon.run_now("one", order).unwrap();
    large.heard(1).await;
    let _two = house.daemon.run_now("two", order).unwrap();
    house.complete("small").await;
    assert_eq!(large.requests().len(), 1, "the other large one waits");
    let expected = house.daemon.source("small").unwrap().expected_ms;
    assert!(expected.is_some());
    house.close().await;
}
