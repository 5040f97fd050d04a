//! Hours in which a source is left alone, on its own clock: `22:00-06:00`, `mon-fri 08:00-18:00`.
//!
//! Knows no clock: the time is always an argument. Start at [`Quiet::over_at`].

use super::ScheduleError;
use chrono::{DateTime, Datelike, Duration, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// When no run of a source begins by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    zone: Tz,
    spans: Vec<Span>,
    /// The same in the words in which they were given.
    said: Vec<String>,
}

/// From a minute of these days to another, of the same day or of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    /// Monday first.
    days: [bool; 7],
    from: u32,
    to: u32,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u32 = 24 * 60;

impl Quiet {
    /// Reads spans, each as `HH:MM-HH:MM` with or without days before it (`mon-fri`, `sat,sun`). One that ends no later
    /// than it begins ends on the next day.
    ///
    /// # Errors
    /// Where one cannot be read, or where all of them together leave no minute of the week.
    pub fn parse<'t>(
        spans: impl IntoIterator<Item = &'t str>,
        zone: Tz,
    ) -> Result<Self, ScheduleError> {
        let said: Vec<&str> = spans.into_iter().collect();
        let spans = said.iter().copied().map(span).collect::<Result<_, _>>()?;
        let quiet = Self {
            zone,
            spans,
            said: said.into_iter().map(str::to_owned).collect(),
        };
        let awake = |day: usize| (0..DAY_MINUTES).any(|minute| quiet.ends(day, minute).is_none());
        if !(0..DAYS.len()).any(awake) {
            return Err(ScheduleError {
                field: "quiet",
                found: "hours that leave no minute of the week".to_owned(),
                expected: "some time for a run; `enabled = false` asks never".to_owned(),
            });
        }
        Ok(quiet)
    }

    /// The spans as they were given.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// The first moment from `time` on that is not quiet: `time` itself, most often.
    pub fn over_at(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        let mut at = time;
        // Spans may follow each other; a week's worth of them ends somewhere.
        for _ in 0..=self.spans.len() * DAYS.len() {
            match self.end_of(at) {
                Some(end) if end > at => at = end,
                _ => break,
            }
        }
        at
    }

    pub fn is_at(&self, time: DateTime<Utc>) -> bool {
        self.end_of(time).is_some()
    }

    /// When the quiet hours end in which the time lies.
    fn end_of(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wall = time.with_timezone(&self.zone).naive_local();
        let day = wall.weekday().num_days_from_monday() as usize;
        let minutes = self.ends(day, wall.hour() * 60 + wall.minute())?;
        let midnight = wall.date().and_time(NaiveTime::MIN);
        Some(self.instant(midnight + Duration::minutes(i64::from(minutes))))
    }

    /// Minutes from this day's midnight to the latest end of a span in which its minute lies.
    fn ends(&self, day: usize, minute: u32) -> Option<u32> {
        let ends = self.spans.iter().filter_map(|span| {
            let yesterday = span.days[(day + DAYS.len() - 1) % DAYS.len()];
            let over_night = span.to <= span.from;
            if over_night && yesterday && minute < span.to {
                return Some(span.to);
            }
            let to = if over_night {
                span.to + DAY_MINUTES
            } else {
                span.to
            };
            (span.days[day] && (span.from..to).contains(&minute)).then_some(to)
        });
        ends.max()
    }

    /// When the source's clock shows this: for the second time, where it does so twice; an hour later, where it never does.
    fn instant(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        let later = || {
            self.zone
                .from_local_datetime(&(wall + Duration::hours(1)))
                .latest()
        };
        let found = self.zone.from_local_datetime(&wall).latest().or_else(later);
        found.map_or_else(|| wall.and_utc(), |at| at.to_utc())
    }
}

/// As the operator wrote it.
impl std::fmt::Display for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.said.join("; "))
    }
}

fn span(text: &str) -> Result<Span, ScheduleError> {
    let wrong = || ScheduleError {
        field: "quiet",
        found: format!("{text:?}"),
        expected: "hours, as \"22:00-06:00\" or \"mon-fri 08:00-18:00\"".to_owned(),
    };
    let (named, hours) = match text.trim().split_once(' ') {
        Some((named, hours)) => (named, hours.trim()),
        None => ("mon-sun", text.trim()),
    };
    let (from, to) = hours.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (
        minute(from).ok_or_else(wrong)?,
        minute(to).ok_or_else(wrong)?,
    );
    if from == to || from == DAY_MINUTES {
        return Err(wrong());
    }
    let mut days = [false; 7];
    for part in named.to_ascii_lowercase().split(',') {
        let day = |name: &str| DAYS.iter().position(|known| *known == name);
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first).ok_or_else(wrong)?, day(last).ok_or_else(wrong)?);
        let mut at = first;
        days[at] = true;
        while at != last {
            at = (at + 1) % DAYS.len();
            days[at] = true;
        }
    }
    Ok(Span { days, from, to })
}

/// Minutes since midnight; 24:00 is the end of the day.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| {
        (text.len() == 2)
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY_MINUTES).then_some(all)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chrono_tz::{Asia::Taipei, Europe::Berlin};

    fn over(spans: &[&str], zone: Tz, time: &str) -> String {
        let quiet = Quiet::parse(spans.iter().copied(), zone).unwrap();
        let time: DateTime<Utc> = time.parse().unwrap();
        let over = quiet.over_at(time);
        assert_eq!(quiet.is_at(time), over != time);
        over.with_timezone(&zone).format("%a %F %R").to_string()
    }

    #[test]
    fn it_is_shown_as_it_was_written() {
        let spans = ["mon-wed 08:00-18:00", "22:00-06:00"];
        let quiet = Quiet::parse(spans, Taipei).unwrap();
        assert_eq!(quiet.to_string(), "mon-wed 08:00-18:00; 22:00-06:00");
        assert_eq!(quiet.said(), spans);
    }

    #[test]
    fn quiet_is_over_on_the_sources_own_clock() {
        let office = ["mon-fri 08:00-18:00"];
        // Saturday 21 November 2026.
        for (spans, time, expected) in [
            (&office[..], "2026-11-23T00:00:00Z", "Mon 2026-11-23 18:00"),
            (&office, "2026-11-22T23:59:59Z", "Mon 2026-11-23 07:59"),
            (&office, "2026-11-21T04:00:00Z", "Sat 2026-11-21 12:00"),
            (
                &["22:00-06:00"],
                "2026-11-21T15:00:00Z",
                "Sun 2026-11-22 06:00",
            ),
            (
                &["22:00-06:00"],
                "2026-11-21T21:59:00Z",
                "Sun 2026-11-22 06:00",
            ),
            (
                &["sat 22:00-06:00"],
                "2026-11-22T20:00:00Z",
                "Mon 2026-11-23 04:00",
            ),
            // One after the other.
            (
                &["sat,sun 00:00-24:00", "mon 00:00-07:00"],
                "2026-11-21T04:00:00Z",
                "Mon 2026-11-23 07:00",
            ),
        ] {
            assert_eq!(over(spans, Taipei, time), expected, "{spans:?} {time}");
        }
        // The clock jumps from 02:00 to 03:00, and from 03:00 back to 02:00.
        assert_eq!(
            over(&["01:00-02:30"], Berlin, "2026-03-29T00:30:00Z"),
            "Sun 2026-03-29 03:30"
        );
        assert_eq!(
            over(&["01:00-02:30"], Berlin, "2026-10-24T23:30:00Z"),
            "Sun 2026-10-25 02:30"
        );
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for bad in [
            "",
            "8-18",
            "08:00",
            "08:00-08:00",
            "25:00-26:00",
            "08:60-09:00",
            "someday 08:00-09:00",
            "24:00-01:00",
        ] {
            let error = Quiet::parse([bad], Taipei).unwrap_err();
            assert_eq!(error.field, "quiet", "{bad}");
        }
        assert!(
            Quiet::parse(["00:00-24:00"], Taipei)
                .unwrap_err()
                .found
                .contains("no minute")
        );
        assert!(Quiet::parse(["00:00-12:00", "12:00-00:00"], Taipei).is_err());
    }
}
