//! From a line as people write it to the dials that the cron crate reads: seconds first, Sunday is 1.
//!
//! Every field is read here in full, so that the cron crate only ever sees plain lists of numbers and every error is ours.

use super::ScheduleError;
use std::collections::BTreeSet;

/// A line in the words of the cron crate.
pub(super) struct Translated {
    pub dials: Vec<String>,
    /// The hour field begins with `*`.
    pub every_hour: bool,
}

struct Unit {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the values, the first for `min`.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const SECOND: Unit = unit("second", 0, 59, &[]);
const MINUTE: Unit = unit("minute", 0, 59, &[]);
const HOUR: Unit = unit("hour", 0, 23, &[]);
const DAY: Unit = unit("day of month", 1, 31, &[]);
const MONTH: Unit = unit("month", 1, 12, &MONTHS);
/// 7 is Sunday too.
const WEEKDAY: Unit = unit("day of week", 0, 7, &WEEKDAYS);

const fn unit(name: &'static str, min: u32, max: u32, names: &'static [&'static str]) -> Unit {
    Unit {
        name,
        min,
        max,
        names,
    }
}

const SHORTHANDS: [(&str, &str); 4] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
];

/// Days of the month at most, January first.
const MONTH_DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

struct Field {
    values: BTreeSet<u32>,
    /// Written with a `*` (or `?`) first: says nothing of its own.
    star: bool,
}

pub(super) fn translate(line: &str) -> Result<Translated, ScheduleError> {
    let written: Vec<&str> = long_form(line)?.split_ascii_whitespace().collect();
    let (second, rest) = match written.as_slice() {
        [rest @ .., _] if rest.len() == 4 => ("0", written.as_slice()),
        [second, rest @ ..] if rest.len() == 5 => (*second, rest),
        _ => {
            return Err(error(
                "line",
                format!("{} fields", written.len()),
                "five fields (minute, hour, day of month, month, day of week), or six with seconds first, as in \"30 3 * * 1-5\"",
            ));
        }
    };
    let [minute, hour, day, month, weekday] = rest else {
        return Err(error("line", format!("{line:?}"), "five or six fields"));
    };
    let times = [field(&SECOND, second)?, field(&MINUTE, minute)?];
    let hour = field(&HOUR, hour)?;
    let (day, month) = (field(&DAY, day)?, field(&MONTH, month)?);
    let weekday = field(&WEEKDAY, weekday)?;
    possible(&day, &month, &weekday)?;

    let time = format!("{} {} {}", list(&times[0]), list(&times[1]), list(&hour));
    let weekdays = cron_weekdays(&weekday);
    let month = list(&month);
    let dials = if day.star || weekday.star {
        vec![format!("{time} {} {month} {weekdays}", list(&day))]
    } else {
        vec![
            format!("{time} {} {month} *", list(&day)),
            format!("{time} * {month} {weekdays}"),
        ]
    };
    Ok(Translated {
        dials,
        every_hour: hour.star,
    })
}

fn long_form(line: &str) -> Result<&str, ScheduleError> {
    let line = line.trim();
    if !line.starts_with('@') {
        return Ok(line);
    }
    SHORTHANDS
        .iter()
        .find(|(short, _)| *short == line)
        .map(|(_, long)| *long)
        .ok_or_else(|| {
            let known = SHORTHANDS.map(|(short, _)| short).join(", ");
            error("line", format!("{line:?}"), format!("one of {known}"))
        })
}

fn field(unit: &Unit, written: &str) -> Result<Field, ScheduleError> {
    let mut values = BTreeSet::new();
    for item in written.split(',') {
        let (range, step) = match item.split_once('/') {
            None => (item, 1),
            Some((range, step)) => (range, self::step(unit, item, step)?),
        };
        let (from, to) = bounds(unit, item, range)?;
        values.extend((from..=to).step_by(step));
    }
    if unit.name == WEEKDAY.name && values.remove(&7) {
        values.insert(0);
    }
    Ok(Field {
        values,
        star: written.starts_with(['*', '?']),
    })
}

fn bounds(unit: &Unit, item: &str, range: &str) -> Result<(u32, u32), ScheduleError> {
    let is_weekday = unit.name == WEEKDAY.name;
    let day_field = is_weekday || unit.name == DAY.name;
    if range == "*" || (range == "?" && day_field) {
        return Ok((unit.min, if is_weekday { 6 } else { unit.max }));
    }
    let Some((from, to)) = range.split_once('-') else {
        if item.contains('/') {
            return Err(error(
                unit.name,
                format!("{item:?}"),
                format!("a range before the step, as in {range}-{}/2", unit.max),
            ));
        }
        return value(unit, range).map(|v| (v, v));
    };
    let (from, mut to) = (value(unit, from)?, value(unit, to)?);
    // "fri-sun" is meant as it reads.
    if is_weekday && to == 0 && from > 0 {
        to = 7;
    }
    if from > to {
        let parts = format!("{from}-{},{}-{to}", unit.max, unit.min);
        return Err(error(
            unit.name,
            format!("{item:?}"),
            format!("a range that rises; around the end it is written {parts}"),
        ));
    }
    Ok((from, to))
}

fn value(unit: &Unit, written: &str) -> Result<u32, ScheduleError> {
    let name = written.to_ascii_lowercase();
    if let Some(at) = unit.names.iter().position(|known| *known == name) {
        return Ok(unit.min + at as u32);
    }
    let digits = !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { written.parse().ok() } else { None };
    number
        .filter(|v| (unit.min..=unit.max).contains(v))
        .ok_or_else(|| {
            let names = match unit.names {
                [first, .., last] => format!(", or a name from {first} to {last}"),
                _ => String::new(),
            };
            let expected = format!("a number from {} to {}{names}", unit.min, unit.max);
            error(unit.name, format!("{written:?}"), expected)
        })
}

fn step(unit: &Unit, item: &str, written: &str) -> Result<usize, ScheduleError> {
    let most = unit.max - unit.min;
    match written.parse::<u32>() {
        Ok(step) if (1..=most).contains(&step) => Ok(step as usize),
        _ => Err(error(
            unit.name,
            format!("{item:?}"),
            format!("a step from 1 to {most}"),
        )),
    }
}

/// Refuses lines that are never due, as 30 February.
fn possible(day: &Field, month: &Field, weekday: &Field) -> Result<(), ScheduleError> {
    let first = day.values.first().copied().unwrap_or(1);
    let fits = |month: &u32| {
        MONTH_DAYS
            .get(*month as usize - 1)
            .is_some_and(|days| first <= *days)
    };
    if !weekday.star || month.values.iter().any(fits) {
        return Ok(());
    }
    Err(error(
        "day of month",
        first.to_string(),
        "a day that one of the given months has: this line is never due",
    ))
}

fn list(field: &Field) -> String {
    join(field.values.iter().copied())
}

/// The cron crate counts Sunday as 1. A full week must be `*`: only then does it not look at the weekday.
fn cron_weekdays(field: &Field) -> String {
    match field.values.len() {
        7 => "*".to_owned(),
        _ => join(field.values.iter().map(|day| day + 1)),
    }
}

fn join(values: impl Iterator<Item = u32>) -> String {
    values.map(|v| v.to_string()).collect::<Vec<_>>().join(",")
}

fn error(
    field: &'static str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> ScheduleError {
    ScheduleError {
        field,
        found: found.into(),
        expected: expected.into(),
    }
}
