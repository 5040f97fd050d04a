//! When a source starts: after the daemon was down, what was due meanwhile is made up for once, or waits; after a run that
//! broke off, it is tried again soon.

use super::*;
use axum::{http::StatusCode, response::IntoResponse};
use chrono::{DateTime, Duration, FixedOffset, Timelike, Utc};
use harvestd::{
    daemon::{Daemon, Purpose},
    schedule::Schedule,
    serve::desk::Desk,
};
use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Instant,
};
use texts::{config, numbered};

/// Once a day, some twelve hours from now: not due while the test lives.
fn schedule() -> (String, Schedule) {
    let taipei = Utc::now().with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap());
    let line = format!("0 {} * * *", (taipei.hour() + 12) % 24);
    let schedule = Schedule::parse(&line, chrono_tz::Asia::Taipei).unwrap();
    (line, schedule)
}

struct Down {
    origin: Origin,
    dir: tempfile::TempDir,
    line: String,
    schedule: Schedule,
}

impl Down {
    /// A source that last ran so long ago. None: never.
    async fn since(last: Option<Duration>) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", TURTLE, numbered(2));
        let (line, schedule) = schedule();
        let down = Self {
            origin,
            dir: tempfile::tempdir().unwrap(),
            line,
            schedule,
        };
        if let Some(last) = last {
            let house = House::open(down.dir.path(), "", &[down.source("once")]);
            house.complete("a").await;
            let state = &house.daemon.rooms.state;
            let mut source = state.source("a").unwrap();
            source.last_started_ms = Some((Utc::now() - last).timestamp_millis());
            state.set_source("a", &source).unwrap();
            house.close().await;
        }
        down
    }

    fn source(&self, catch_up: &str) -> String {
        let more = format!(
            "schedule = \"{}\"\njitter_ms = 0\ncatch_up = \"{catch_up}\"",
            self.line
        );
        source("a", "dcat", &self.origin.at("/a"), &more)
    }

    fn start(&self, catch_up: &str, purpose: Purpose) -> House {
        let config = config(self.dir.path(), "", &[self.source(catch_up)]);
        House {
            daemon: Daemon::open(config, purpose).unwrap(),
        }
    }

    /// When the source is due, some twelve hours from now.
    fn tomorrow(&self) -> DateTime<Utc> {
        self.schedule.next_after(Utc::now()).unwrap()
    }

    /// When a daemon that starts now would run the source.
    async fn next(&self, catch_up: &str) -> DateTime<Utc> {
        let house = self.start(catch_up, Purpose::Work);
        let due = due(&house, |_| true).await;
        house.close().await;
        due
    }
}

async fn due(house: &House, is: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let began = Instant::now();
    loop {
        let ms = house.daemon.source("a").unwrap().next_due_ms;
        let due = ms.and_then(DateTime::from_timestamp_millis);
        if let Some(due) = due.filter(|due| is(*due)) {
            return due;
        }
        assert!(began.elapsed() < house::DEADLINE, "{due:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_made_up_for_or_waited_for() {
    let days = Duration::days;
    for (last, catch_up, at_once) in [
        (None, "once", true),
        (None, "skip", false),
        (Some(days(3)), "once", true),
        (Some(days(3)), "skip", false),
        (Some(Duration::hours(1)), "once", false),
    ] {
        let down = Down::since(last).await;
        let next = down.next(catch_up).await;
        if at_once {
            assert!(next <= Utc::now(), "{last:?}, {catch_up}: {next}");
        } else {
            assert_eq!(next, down.tomorrow(), "{last:?}, {catch_up}");
        }
    }
}

/// Three days were missed; one run makes up for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn many_missed_times_are_one_run() {
    let down = Down::since(Some(Duration::days(3))).await;
    let asked = down.origin.asked();
    let house = down.start("once", Purpose::Serve);
    let next = due(&house, |due| due > Utc::now()).await;
    assert_eq!(next, down.tomorrow());
    let last = house.daemon.rooms.reports.last("a").unwrap().unwrap();
    assert_eq!(
        (last.trigger, last.outcome),
        (Trigger::Schedule, Outcome::Complete)
    );
    assert_eq!(down.origin.asked(), asked + 1);
    house.close().await;
}

/// A server that answers like this, so many times, before it says what it has; and a source of it that never ran.
async fn out_of_order(status: u16, times: usize) -> Down {
    let down = Down::since(None).await;
    let broken = AtomicUsize::new(times);
    down.origin.answer("/a", move |_| {
        let fewer = |left: usize| left.checked_sub(1);
        match broken.fetch_update(SeqCst, SeqCst, fewer) {
            Ok(_) => StatusCode::from_u16(status).unwrap().into_response(),
            Err(_) => origin::plain(TURTLE, numbered(2)),
        }
    });
    down
}

impl Down {
    fn serve(&self, first_ms: u64) -> House {
        let limits = format!(
            "[source.network.limits]\nrun_retry_first_ms = {first_ms}\nrun_retry_max_ms = 3_600_000\n"
        );
        let config = config(self.dir.path(), "", &[self.source("once") + &limits]);
        House {
            daemon: Daemon::open(config, Purpose::Serve).unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_without_an_answer_is_tried_again_soon() {
    let down = out_of_order(503, 3).await;
    let house = down.serve(10);
    due(&house, |due| due == down.tomorrow()).await;
    let source = house.daemon.source("a").unwrap();
    assert_eq!((source.holds, source.failures_in_row), (2, 0));
    assert_eq!(down.origin.asked(), 4, "three times in vain");
    house.close().await;
}

/// It waits, and longer each time; a restart does not change it.
#[tokio::test(flavor = "multi_thread")]
async fn it_waits_before_it_tries_again() {
    let down = out_of_order(503, usize::MAX).await;
    let before = Utc::now();
    // Long enough that it is not over before the test is.
    const FIRST_MS: u64 = 1_800_000;
    let mut house = down.serve(FIRST_MS);
    let again = due(&house, |due| due > Utc::now()).await;
    let waits = again - before;
    assert!(
        waits >= Duration::minutes(30) && waits < Duration::minutes(60),
        "{waits}"
    );
    house.close().await;
    house = down.serve(FIRST_MS);
    assert_eq!(due(&house, |due| due > Utc::now()).await, again);
    let failed = house.order("a", Trigger::Hand, false).await;
    assert_eq!(failed.outcome, Outcome::Failed, "{}", failed.line());
    let then = due(&house, |due| due > again).await;
    assert!(
        then - Utc::now() > Duration::minutes(30),
        "the longest wait: {then}"
    );
    assert_eq!(down.origin.asked(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_pass_waits_until_it_is_due() {
    for (status, first_ms) in [(404, 10), (503, 0)] {
        let down = out_of_order(status, usize::MAX).await;
        let house = down.serve(first_ms);
        let next = due(&house, |due| due > Utc::now()).await;
        assert_eq!(next, down.tomorrow(), "{status}");
        assert_eq!(down.origin.asked(), 1);
        house.close().await;
    }
}
