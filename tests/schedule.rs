//! Schedules against a matcher that knows nothing of them: it looks at every minute of a year.

#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use harvestd::schedule::Schedule;
use proptest::prelude::*;

const TAIPEI: Tz = chrono_tz::Asia::Taipei;
const BERLIN: Tz = chrono_tz::Europe::Berlin;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The due times after `from`, as many as asked for, on the local clock with its offset.
fn dues(line: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(line, zone).unwrap();
    let mut time = utc(from);
    (0..count)
        .map(|_| {
            time = schedule.next_after(time).unwrap();
            time.with_timezone(&zone).format("%F %T %:z").to_string()
        })
        .collect()
}

/// What a reader of the POSIX page would do: look at the local clock, field by field.
mod matcher {
    use super::*;

    /// For each field, whether each value fits.
    pub struct Line {
        minute: Vec<bool>,
        hour: Vec<bool>,
        day: Vec<bool>,
        month: Vec<bool>,
        weekday: Vec<bool>,
        either_day: bool,
        every_hour: bool,
    }

    impl Line {
        pub fn new(line: &str) -> Self {
            let fields: Vec<&str> = line.split(' ').collect();
            let [minute, hour, day, month, weekday] = fields[..] else {
                panic!("five fields: {line}")
            };
            let all = |field, min, max| (0..=max).map(|v| fits(field, v, min, max)).collect();
            let mut weekdays: Vec<bool> = all(weekday, 0, 6);
            weekdays[0] |= fits(weekday, 7, 0, 6);
            Self {
                minute: all(minute, 0, 59),
                hour: all(hour, 0, 23),
                day: all(day, 1, 31),
                month: all(month, 1, 12),
                weekday: weekdays,
                either_day: !day.starts_with('*') && !weekday.starts_with('*'),
                every_hour: hour.starts_with('*'),
            }
        }

        fn matches(&self, wall: NaiveDateTime) -> bool {
            let on_day = self.day[wall.day() as usize];
            let on_weekday = self.weekday[wall.weekday().num_days_from_sunday() as usize];
            self.minute[wall.minute() as usize]
                && self.hour[wall.hour() as usize]
                && self.month[wall.month() as usize]
                && if self.either_day {
                    on_day || on_weekday
                } else {
                    on_day && on_weekday
                }
        }

        pub fn due(&self, minute: &Minute) -> bool {
            let now = self.matches(minute.wall) && (self.every_hour || !minute.again);
            now || minute.skipped.iter().any(|wall| self.matches(*wall))
        }
    }

    fn fits(field: &str, value: u32, min: u32, max: u32) -> bool {
        field.split(',').any(|item| {
            let (range, step) = item.split_once('/').unwrap_or((item, "1"));
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (min, max),
                Some((from, to)) => (number(from), number(to)),
                None => (number(range), number(range)),
            };
            let to = if to < from { 7 } else { to };
            (from..=to).contains(&value) && (value - from).is_multiple_of(step.parse().unwrap())
        })
    }

    fn number(written: &str) -> u32 {
        let names = "sun mon tue wed thu fri sat - jan feb mar apr may jun jul aug sep oct nov dec";
        match names.split(' ').position(|n| n == written) {
            Some(at) if at > 7 => at as u32 - 7,
            Some(at) => at as u32,
            None => written.parse().unwrap(),
        }
    }

    /// Every minute from `from` on, with its time on the local clock and the minutes that the clock jumped over.
    pub struct Minute {
        pub at: DateTime<Utc>,
        pub wall: NaiveDateTime,
        pub again: bool,
        pub skipped: Vec<NaiveDateTime>,
    }

    pub fn minutes(zone: Tz, from: DateTime<Utc>, days: i64) -> Vec<Minute> {
        let mut latest = from.with_timezone(&zone).naive_local();
        (1..=days * 24 * 60)
            .map(|n| {
                let at = from + Duration::minutes(n);
                let wall = at.with_timezone(&zone).naive_local();
                let again = wall <= latest;
                let mut skipped = Vec::new();
                while !again && latest + Duration::minutes(1) < wall {
                    latest += Duration::minutes(1);
                    skipped.push(latest);
                }
                latest = latest.max(wall);
                Minute {
                    at,
                    wall,
                    again,
                    skipped,
                }
            })
            .collect()
    }
}

fn compare(line: &str, zone: Tz, minutes: &[matcher::Minute]) {
    let schedule = Schedule::parse(line, zone).unwrap();
    let reading = matcher::Line::new(line);
    let start = minutes.first().unwrap().at - Duration::minutes(1);
    let end = minutes.last().unwrap().at;
    let mut next = schedule.next_after(start);
    for minute in minutes.iter().filter(|minute| reading.due(minute)) {
        assert_eq!(next, Some(minute.at), "{line} in {zone}");
        next = schedule.next_after(minute.at);
    }
    assert!(
        next.is_none_or(|n| n > end),
        "{line} in {zone}: {next:?} is not due"
    );
}

const LINES: [&str; 42] = [
    "* * * * *",
    "*/10 * * * *",
    "*/7 * * * *",
    "59 * * * *",
    "0 * * * *",
    "30 * * * *",
    "30 2 * * *",
    "0 2 * * *",
    "0 3 * * *",
    "59 1 * * *",
    "15,45 1-3 * * *",
    "*/20 2 * * *",
    "*/20 */2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0 3 * * 1-5",
    "0 3 * * 0",
    "0 3 * * 7",
    "0 3 * * 0,7",
    "0 3 * * 5-7",
    "0 3 * * sun",
    "0 3 * * mon-fri",
    "0 3 * * fri-sun",
    "0 3 * * */2",
    "0 3 1 * *",
    "0 3 31 * *",
    "0 3 29 2 *",
    "0 3 1,15 * *",
    "0 3 1 * 1",
    "0 3 13 * 5",
    "0 3 31 2,4 1",
    "0 3 */2 * 1",
    "0 3 1 * */3",
    "0 3 1-7 * *",
    "0 3 28-31 * *",
    "0 3 1 1 *",
    "0 3 1 jan,jul *",
    "0 3 * mar-may *",
    "0 3 * */4 *",
    "5-59/15 9-17 * * 1-5",
    "0-30/10,45 8,20 10-20/5 3-9/2 2,4",
    "0 0 1 */6 0-7/7",
];

#[test]
fn agrees_with_a_look_at_every_minute_of_a_year() {
    // A leap year, so that 29 February comes.
    let from = utc("2027-12-31T12:00:00Z");
    let minutes = matcher::minutes(TAIPEI, from, 367);
    for line in LINES {
        compare(line, TAIPEI, &minutes);
    }
}

#[test]
fn agrees_where_clocks_change() {
    // Four days before each change of 2027. Lord Howe shifts by half an hour, Santiago at midnight.
    let changes = [
        (BERLIN, ["2027-03-24T00:00:00Z", "2027-10-27T00:00:00Z"]),
        (
            chrono_tz::America::New_York,
            ["2027-03-10T00:00:00Z", "2027-11-03T00:00:00Z"],
        ),
        (
            chrono_tz::Australia::Lord_Howe,
            ["2027-03-31T00:00:00Z", "2027-09-29T00:00:00Z"],
        ),
        (
            chrono_tz::America::Santiago,
            ["2027-03-31T00:00:00Z", "2027-09-01T00:00:00Z"],
        ),
    ];
    for (zone, starts) in changes {
        for start in starts {
            let minutes = matcher::minutes(zone, utc(start), 9);
            let changed = minutes.iter().any(|m| m.again || !m.skipped.is_empty());
            assert!(changed, "{zone} changes its clock after {start}");
            for line in LINES {
                compare(line, zone, &minutes);
            }
        }
    }
}

fn item(min: u32, max: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        (min..=max).prop_map(|v| v.to_string()),
        (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (min..=max, min..=max, 1..=(max - min)).prop_map(|(a, b, s)| format!(
            "{}-{}/{s}",
            a.min(b),
            a.max(b)
        )),
    ]
}

fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (1..=(max - min)).prop_map(|s| format!("*/{s}")),
        3 => prop::collection::vec(item(min, max), 1..4).prop_map(|items| items.join(",")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn agrees_for_any_line(
        fields in (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)),
        autumn in any::<bool>(),
    ) {
        let (minute, hour, day, month, weekday) = fields;
        let line = format!("{minute} {hour} {day} {month} {weekday}");
        // A day that no given month has is refused, and tested below.
        prop_assume!(Schedule::parse(&line, BERLIN).is_ok());
        let from = utc(if autumn { "2027-10-20T00:00:00Z" } else { "2027-03-20T00:00:00Z" });
        compare(&line, BERLIN, &matcher::minutes(BERLIN, from, 30));
    }

    #[test]
    fn never_panics(line in "[-*/,?@0-9a-z ]{0,24}|\\PC{0,16}") {
        if let Ok(schedule) = Schedule::parse(&line, TAIPEI) {
            prop_assert!(schedule.next_after(utc("2027-01-01T00:00:00Z")).is_some());
        }
    }
}

#[test]
fn sunday_is_zero_and_seven_and_monday_is_one() {
    let sunday = ["2026-11-22 03:00:00 +08:00"];
    assert_eq!(dues("0 3 * * 0", TAIPEI, "2026-11-18T00:00:00Z", 1), sunday);
    assert_eq!(dues("0 3 * * 7", TAIPEI, "2026-11-18T00:00:00Z", 1), sunday);
    assert_eq!(
        dues("0 3 * * 1-5", TAIPEI, "2026-11-20T00:00:00Z", 2),
        ["2026-11-23 03:00:00 +08:00", "2026-11-24 03:00:00 +08:00"]
    );
}

#[test]
fn six_fields_begin_with_seconds() {
    assert_eq!(
        dues("*/20 * * * * *", TAIPEI, "2026-11-20T00:00:30.5Z", 3),
        [
            "2026-11-20 08:00:40 +08:00",
            "2026-11-20 08:01:00 +08:00",
            "2026-11-20 08:01:20 +08:00"
        ]
    );
}

#[test]
fn shorthands() {
    let next = |line| dues(line, TAIPEI, "2026-11-20T00:00:30Z", 1).remove(0);
    assert_eq!(next("@hourly"), "2026-11-20 09:00:00 +08:00");
    assert_eq!(next("@daily"), "2026-11-21 00:00:00 +08:00");
    assert_eq!(next("@weekly"), "2026-11-22 00:00:00 +08:00");
    assert_eq!(next("@monthly"), "2026-12-01 00:00:00 +08:00");
}

#[test]
fn a_due_time_inside_a_gap_comes_at_its_end() {
    // Berlin, 28 March 2027: 02:00 becomes 03:00.
    assert_eq!(
        dues("30 2 * * *", BERLIN, "2027-03-27T00:00:00Z", 3),
        [
            "2027-03-27 02:30:00 +01:00",
            "2027-03-28 03:00:00 +02:00",
            "2027-03-29 02:30:00 +02:00"
        ]
    );
    // Several in one gap are one.
    assert_eq!(
        dues("*/20 2 * * *", BERLIN, "2027-03-28T00:00:00Z", 2),
        ["2027-03-28 03:00:00 +02:00", "2027-03-29 02:00:00 +02:00"]
    );
}

#[test]
fn a_day_that_never_was_is_due_at_its_end() {
    // Samoa left out 30 December 2011.
    assert_eq!(
        dues(
            "0 12 * * *",
            chrono_tz::Pacific::Apia,
            "2011-12-29T12:00:00Z",
            3
        ),
        [
            "2011-12-29 12:00:00 -10:00",
            "2011-12-31 00:00:00 +14:00",
            "2011-12-31 12:00:00 +14:00"
        ]
    );
}

#[test]
fn a_due_time_inside_an_overlap_comes_once_unless_hours_are_counted() {
    // Berlin, 31 October 2027: 03:00 becomes 02:00.
    assert_eq!(
        dues("30 2 * * *", BERLIN, "2027-10-30T12:00:00Z", 2),
        ["2027-10-31 02:30:00 +02:00", "2027-11-01 02:30:00 +01:00"]
    );
    assert_eq!(
        dues("30 * * * *", BERLIN, "2027-10-30T23:45:00Z", 3),
        [
            "2027-10-31 02:30:00 +02:00",
            "2027-10-31 02:30:00 +01:00",
            "2027-10-31 03:30:00 +01:00"
        ]
    );
}

#[test]
fn downtime_is_made_up_for_once() {
    let nightly = Schedule::parse("0 3 * * *", TAIPEI).unwrap();
    let (last, now) = (utc("2026-11-01T00:00:00Z"), utc("2026-11-20T00:00:00Z"));
    assert_eq!(
        nightly.due_between(last, now),
        Some(utc("2026-11-01T19:00:00Z"))
    );
    assert_eq!(nightly.next_after(now), Some(utc("2026-11-20T19:00:00Z")));
    assert_eq!(nightly.due_between(now, utc("2026-11-20T18:59:59Z")), None);
    assert_eq!(
        nightly.due_between(now, utc("2026-11-20T19:00:00Z")),
        Some(utc("2026-11-20T19:00:00Z"))
    );
}

#[test]
fn jitter_is_bounded_and_always_the_same() {
    let due = utc("2026-11-20T19:00:00Z");
    let nightly = Schedule::parse("0 3 * * *", TAIPEI)
        .unwrap()
        .with_jitter_ms(60_000);
    let late = |schedule: &Schedule, source: &str, due: DateTime<Utc>| {
        (schedule.starts_at(source, due) - due).num_milliseconds()
    };
    let seen: std::collections::BTreeSet<i64> = (0..200)
        .map(|n| late(&nightly, &format!("source-{n}"), due))
        .collect();
    assert!(seen.iter().all(|ms| (0..=60_000).contains(ms)), "{seen:?}");
    assert!(seen.len() > 190, "sources are spread: {}", seen.len());
    assert_eq!(late(&nightly, "a", due), late(&nightly.clone(), "a", due));
    assert_ne!(
        late(&nightly, "a", due),
        late(&nightly, "a", due + Duration::days(1))
    );

    // A schedule that comes every 20 seconds is not thrown out of order by a minute of jitter.
    let quick = Schedule::parse("*/20 * * * * *", TAIPEI)
        .unwrap()
        .with_jitter_ms(60_000);
    assert!((0..200).all(|n| late(&quick, &format!("source-{n}"), due) <= 2_000));
    let none = Schedule::parse("0 3 * * *", TAIPEI).unwrap();
    assert_eq!(none.starts_at("a", due), due);
}

#[test]
fn bad_lines_say_what_would_be_right() {
    let cases = [
        ("", "line: found 0 fields, expected five fields"),
        ("* * * *", "line: found 4 fields, expected five fields"),
        ("* * * * * * *", "line: found 7 fields"),
        (
            "60 * * * *",
            "minute: found \"60\", expected a number from 0 to 59",
        ),
        (
            "* 24 * * *",
            "hour: found \"24\", expected a number from 0 to 23",
        ),
        (
            "* * 0 * *",
            "day of month: found \"0\", expected a number from 1 to 31",
        ),
        (
            "* * * 13 *",
            "month: found \"13\", expected a number from 1 to 12, or a name from jan to dec",
        ),
        (
            "* * * * 8",
            "day of week: found \"8\", expected a number from 0 to 7, or a name from sun to sat",
        ),
        ("* * * * moon", "day of week: found \"moon\""),
        ("+5 * * * *", "minute: found \"+5\""),
        ("1, * * * *", "minute: found \"\""),
        (
            "*/0 * * * *",
            "minute: found \"*/0\", expected a step from 1 to 59",
        ),
        (
            "*/60 * * * *",
            "minute: found \"*/60\", expected a step from 1 to 59",
        ),
        (
            "5/15 * * * *",
            "minute: found \"5/15\", expected a range before the step, as in 5-59/2",
        ),
        (
            "0 22-4 * * *",
            "hour: found \"22-4\", expected a range that rises; around the end it is written 22-23,0-4",
        ),
        ("? * * * *", "minute: found \"?\""),
        (
            "0 3 30 2 *",
            "day of month: found 30, expected a day that one of the given months has",
        ),
        (
            "@yearly",
            "line: found \"@yearly\", expected one of @hourly, @daily, @weekly, @monthly",
        ),
    ];
    for (line, expected) in cases {
        let message = Schedule::parse(line, TAIPEI).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{line:?}: {message}");
    }
}

#[test]
fn the_dial_ends_with_an_answer() {
    let schedule = Schedule::parse("0 3 29 2 *", TAIPEI).unwrap();
    let end = Utc.with_ymd_and_hms(2100, 12, 31, 23, 59, 59).unwrap();
    assert_eq!(schedule.next_after(end), None);
}
