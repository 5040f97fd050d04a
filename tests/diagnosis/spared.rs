//! A source that fails is asked less and less, with one question first; and it is stale when it has failed for too long.

use super::{
    house::{DEADLINE, House},
    origin::Origin,
    texts::{config, source, turtle},
};
use axum::{http::StatusCode, response::IntoResponse};
use chrono::Utc;
use harvestd::{
    daemon::{Daemon, Purpose},
    diagnosis::{Ailment, health::Standing},
    report::Trigger,
    serve::desk::{Desk, SourceStatus},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const HOUR_MS: i64 = 3_600_000;
/// Due every second.
const ALWAYS: &str = "schedule = \"* * * * * *\"\njitter_ms = 0";

fn serve(dir: &Path, origin: &Origin, health: &str) -> House {
    let limits = format!("[limits.health]\n{health}\n");
    let source = source("a", "dcat", &origin.at("/a"), ALWAYS)
        + "[source.network.limits]\ntries_max = 3\nbackoff_first_ms = 10\nbackoff_max_ms = 10\nrun_retry_first_ms = 0\n";
    let config = config(dir, &limits, &[source]);
    House {
        daemon: Daemon::open(config, Purpose::Serve).unwrap(),
    }
}

async fn until(house: &House, what: &str, is: impl Fn(&SourceStatus) -> bool) -> SourceStatus {
    let began = Instant::now();
    loop {
        let status = house.daemon.source("a").unwrap();
        if is(&status) {
            return status;
        }
        assert!(began.elapsed() < DEADLINE, "in vain: {what}: {status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_asked_less_through_a_restart_and_by_hand_all_the_same() {
    let (origin, dir) = (Origin::start().await, tempfile::tempdir().unwrap());
    let trouble = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    origin.answer("/a", move |_| trouble());
    let health = "spare_after_runs = 2\nspare_first_ms = 3_600_000";
    let house = serve(dir.path(), &origin, health);
    let later = |s: &SourceStatus| {
        let due = s.next_due_ms.unwrap_or_default();
        s.failures_in_row == 2 && due > Utc::now().timestamp_millis() + HOUR_MS / 2
    };
    let due = until(&house, "it is spared", later).await.next_due_ms;
    assert_eq!(origin.asked(), 6, "two runs of three tries");
    house.close().await;

    let house = serve(dir.path(), &origin, health);
    let again = until(&house, "it is still spared", later).await;
    assert_eq!((again.next_due_ms, origin.asked()), (due, 6));
    let report = house.order("a", Trigger::Hand, false).await;
    assert_eq!(report.diagnosis.unwrap().code, Ailment::ServerTrouble);
    assert_eq!(origin.asked(), 9);
    let doubled = |s: &SourceStatus| {
        let due = s.next_due_ms.unwrap_or_default();
        due > Utc::now().timestamp_millis() + HOUR_MS * 3 / 2
    };
    until(&house, "it is spared for longer", doubled).await;
    origin.say("/a", "text/turtle", turtle(&[("1", "One", "")]));
    house.complete("a").await;
    // Well again, it runs when it is due.
    let asked = origin.asked();
    until(&house, "it runs by itself", |s| {
        s.failures_in_row == 0 && origin.asked() > asked
    })
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spared_source_is_asked_one_question_until_it_answers_as_a_catalogue() {
    let (origin, dir) = (Origin::start().await, tempfile::tempdir().unwrap());
    origin.answer("/a", |_| StatusCode::SERVICE_UNAVAILABLE.into_response());
    let health = "spare_after_runs = 2\nspare_first_ms = 1\nspare_max_ms = 1";
    let house = serve(dir.path(), &origin, health);
    let failed = |n: u32| {
        move |s: &SourceStatus| s.running.is_none() && s.failures_in_row >= n && s.last.is_some()
    };
    let fourth = until(&house, "four runs fail", failed(4)).await;
    assert_eq!(fourth.last.unwrap().requests, 1);
    // The first two runs tried three times each, each later one once.
    assert_eq!(origin.asked() as u32 - fourth.failures_in_row, 4);
    origin.say("/a", "text/turtle", turtle(&[("1", "One", "")]));
    until(&house, "it is harvested whole", |s| s.holds == 1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_a_good_run_for_too_long_is_stale_until_it_is_well() {
    let (origin, dir) = (Origin::start().await, tempfile::tempdir().unwrap());
    origin.answer("/a", |_| StatusCode::NOT_FOUND.into_response());
    let health = "spare_after_runs = 0\nstale_after_periods = 2";
    let house = serve(dir.path(), &origin, health);
    let is = |state| move |s: &SourceStatus| s.health.state == state;
    let stale = until(&house, "it is stale", is(Standing::Stale)).await;
    let diagnosis = stale.health.diagnosis.unwrap();
    assert_eq!(diagnosis.code, Ailment::Stale);
    assert!(
        diagnosis.seen.text.contains("due 2 times since"),
        "{diagnosis:?}"
    );
    assert_eq!(diagnosis.advice, Ailment::Moved.advice(), "of its last run");
    origin.say("/a", "text/turtle", turtle(&[("1", "One", "")]));
    until(&house, "it is well", is(Standing::Well)).await;
    let book = &house.daemon.rooms.health;
    let told: Vec<_> = (0..3)
        .filter_map(|n| book.after(n))
        .map(|c| c.state)
        .collect();
    assert_eq!(told, [Standing::Sick, Standing::Stale, Standing::Well]);
    house.close().await;
}
