//! Times and spans of time as pages show them: on Taipei's clock, which the foot of every page says. Start at [`Moment`].

use crate::{Language, Words};
use chrono::{DateTime, FixedOffset, SecondsFormat};

/// Taipei's clock has been eight hours ahead, summer and winter, since 1980.
const AHEAD_S: i32 = 8 * 3600;

/// A moment, for machines and for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339, in UTC.
    pub iso: String,
    /// `2026-11-22 10:50`; of a catalogue also `2026-11-22` alone, or what it wrote.
    pub shown: String,
}

impl Moment {
    /// Of milliseconds since 1970. None: no clock shows it.
    pub fn of_ms(ms: i64) -> Option<Self> {
        Self::of_us(ms.checked_mul(1_000)?)
    }

    /// Of microseconds since 1970. None: no clock shows it.
    pub fn of_us(us: i64) -> Option<Self> {
        let time = DateTime::from_timestamp_micros(us)?;
        let here = time.with_timezone(&FixedOffset::east_opt(AHEAD_S)?);
        Some(Self {
            iso: time.to_rfc3339_opts(SecondsFormat::Secs, true),
            shown: here.format("%Y-%m-%d %H:%M").to_string(),
        })
    }

    /// Of a date or time as a catalogue wrote it: what cannot be read stands as it is.
    pub fn of_text(text: &str) -> Self {
        let read = DateTime::parse_from_rfc3339(text).ok();
        let moment = read.and_then(|time| Self::of_us(time.timestamp_micros()));
        let mut moment = moment.unwrap_or_else(|| Self {
            iso: text.to_owned(),
            shown: text.to_owned(),
        });
        if let Some(day) = moment.shown.strip_suffix(" 00:00") {
            moment.shown = day.to_owned();
        }
        moment
    }

    /// Its day, `2026-11-22`.
    pub fn day(&self) -> &str {
        self.shown.get(..10).unwrap_or_default()
    }

    /// Its time of day, `10:50`.
    pub fn time(&self) -> &str {
        self.shown.get(11..).unwrap_or_default()
    }

    /// In few letters, for the axis of a picture: `11-22`.
    pub fn short(&self) -> &str {
        self.shown.get(5..10).unwrap_or_default()
    }
}

/// A span of time in the two largest units that say something.
pub fn lasting(words: Words, ms: u64) -> String {
    let seconds = ms / 1000;
    let units = match words.0 {
        Language::Chinese => [" 天", " 小時", " 分", " 秒"],
        Language::English => [" d", " h", " min", " s"],
    };
    let counts = [
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ];
    let Some(first) = counts.iter().position(|count| *count > 0) else {
        return match words.0 {
            Language::Chinese => "不到 1 秒".to_owned(),
            Language::English => "less than 1 s".to_owned(),
        };
    };
    let parts = counts.iter().zip(units).skip(first).take(2);
    let said = parts.filter(|(count, _)| **count > 0);
    let said: Vec<String> = said.map(|(count, unit)| format!("{count}{unit}")).collect();
    said.join(" ")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn moments_are_on_taipei_s_clock() {
        let moment = Moment::of_ms(1_767_225_600_000).unwrap();
        assert_eq!(moment.iso, "2026-01-01T00:00:00Z");
        assert_eq!(moment.shown, "2026-01-01 08:00");
        assert_eq!(
            (moment.day(), moment.time(), moment.short()),
            ("2026-01-01", "08:00", "01-01")
        );
        assert_eq!(Moment::of_us(1_767_225_600_000_000), Some(moment));
        assert_eq!(
            (Moment::of_ms(i64::MAX), Moment::of_us(i64::MAX)),
            (None, None)
        );
    }

    #[test]
    fn what_catalogues_write_is_read_or_stands_as_it_is() {
        for (text, expected) in [
            ("2025-03-01T09:30:00Z", "2025-03-01 17:30"),
            ("2025-03-01T00:00:00+08:00", "2025-03-01"),
            ("2025-03-01", "2025-03-01"),
            ("民國114年", "民國114年"),
        ] {
            assert_eq!(Moment::of_text(text).shown, expected);
        }
    }

    #[test]
    fn spans_are_said_in_two_units() {
        let english = Words(Language::English);
        for (ms, expected) in [
            (400, "less than 1 s"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(lasting(english, ms), expected);
        }
        assert_eq!(lasting(Words(Language::Chinese), 125_000), "2 分 5 秒");
    }
}
