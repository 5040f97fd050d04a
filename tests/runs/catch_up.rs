//! When a source starts after the daemon was down: what was due meanwhile is made up for once, or waits.

use super::*;
use chrono::{DateTime, Duration, FixedOffset, Timelike, Utc};
use harvestd::{
    daemon::{Daemon, Purpose},
    schedule::Schedule,
    serve::desk::Desk,
};
use std::time::Instant;
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
}

impl Down {
    /// A source that last ran so long ago. None: never.
    async fn since(last: Option<Duration>) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", TURTLE, numbered(2));
        let down = Self {
            origin,
            dir: tempfile::tempdir().unwrap(),
            line: schedule().0,
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
    let tomorrow = |now| schedule().1.next_after(now).unwrap();
    let days = Duration::days;
    for (last, catch_up, at_once) in [
        (None, "once", true),
        (None, "skip", false),
        (Some(days(3)), "once", true),
        (Some(days(3)), "skip", false),
        (Some(Duration::hours(1)), "once", false),
    ] {
        let down = Down::since(last).await;
        let now = Utc::now();
        let next = down.next(catch_up).await;
        if at_once {
            assert!(next <= Utc::now(), "{last:?}, {catch_up}: {next}");
        } else {
            assert_eq!(next, tomorrow(now), "{last:?}, {catch_up}");
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
    assert_eq!(next, schedule().1.next_after(Utc::now()).unwrap());
    let last = house.daemon.rooms.reports.last("a").unwrap().unwrap();
    assert_eq!(
        (last.trigger, last.outcome),
        (Trigger::Schedule, Outcome::Complete)
    );
    assert_eq!(down.origin.asked(), asked + 1);
    house.close().await;
}
