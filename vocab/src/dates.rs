//! Dates and times as sources write them -> `xsd:dateTime`, `xsd:date`, `xsd:gYearMonth` or `xsd:gYear`.
//!
//! Only what can be read in one way is read: years of four digits first. Days before months (`03/07/2018`) are left as
//! they are. Years of the Republic (`民國101年`, `1150618`) are for [`of_the_republic`]: only where they are meant.

use crate::literals::parsed;
use crate::terms::xsd;
use oxrdf::{Literal, NamedNodeRef};
use std::fmt::Write;

/// The typed literal of a date in any of the known forms. `offset_minutes` is given to times that carry no offset.
pub fn parse(text: &str, offset_minutes: Option<i32>) -> Option<Literal> {
    let text = text.trim();
    let reader = Reader { rest: text };
    reader.date(offset_minutes).or_else(|| {
        let moment = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        typed(moment.to_rfc3339(), xsd::DATE_TIME)
    })
}

/// A date in years of the Republic (1 is 1912): `民國101年7月01日`, `101/7/1`, `101.7`, `1150618`, `0760221`; as
/// `xsd:date` or `xsd:gYearMonth`. Some(None) for 9991231 and 99991231, which say that there is no end.
pub fn of_the_republic(text: &str) -> Option<Option<Literal>> {
    const YEAR_OF_THE_REPUBLIC_MAX: u32 = 300;
    let text = text.trim();
    let bare = text.strip_prefix("中華").unwrap_or(text);
    let said = bare.strip_prefix("民國").or(bare.strip_prefix("國"));
    let compact: String = said.unwrap_or(bare).split_whitespace().collect();
    if matches!(
        compact.trim_end_matches(['日', '號']),
        "9991231"
            | "99991231"
            | "999/12/31"
            | "999-12-31"
            | "999.12.31"
            | "999年12月31"
            | "9999/12/31"
            | "9999-12-31"
    ) {
        return Some(None);
    }
    let mut reader = Reader { rest: &compact };
    let all_digits = compact.bytes().all(|b| b.is_ascii_digit());
    let year = match compact.len() {
        7 if all_digits => reader.digits(3, 3)?,
        6 if all_digits && said.is_some() => reader.digits(2, 2)?,
        _ if all_digits => return None,
        _ => reader.digits(1, 3)?,
    };
    if !(1..=YEAR_OF_THE_REPUBLIC_MAX).contains(&year) {
        return None;
    }
    // Without its name, a year of one or two digits may be a day.
    let certain = said.is_some() || year >= 50 || reader.rest.starts_with('年') || all_digits;
    let year = year + 1911;
    if reader.rest == "年" && certain {
        return typed(year.to_string(), xsd::G_YEAR).map(Some);
    }
    let (month, day) = reader.month_and_day().filter(|_| certain)?;
    reader.end()?;
    let date = match day {
        Some(day) => typed(format!("{year}-{month:02}-{day:02}"), xsd::DATE),
        None => typed(format!("{year}-{month:02}"), xsd::G_YEAR_MONTH),
    };
    date.map(Some)
}

fn typed(value: String, datatype: NamedNodeRef<'static>) -> Option<Literal> {
    parsed(&value, &datatype.into_owned())
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn date(mut self, offset_minutes: Option<i32>) -> Option<Literal> {
        let year = self.digits(4, 4).filter(|year| *year >= 1000)?;
        if self.rest.is_empty() || self.rest == "年" {
            return typed(format!("{year:04}"), xsd::G_YEAR);
        }
        let (month, day) = self.month_and_day()?;
        let Some(day) = day else {
            return typed(format!("{year:04}-{month:02}"), xsd::G_YEAR_MONTH);
        };
        let mut out = format!("{year:04}-{month:02}-{day:02}");
        let separated = self.take(&["T", "t"]) || !self.spaces().is_empty();
        if self.rest.is_empty() {
            return typed(out, xsd::DATE);
        }
        if !separated {
            self.zone(&mut out)?;
            return self.end().and_then(|()| typed(out, xsd::DATE));
        }
        self.time(&mut out)?;
        self.spaces();
        if self.rest.is_empty() {
            if let Some(minutes) = offset_minutes {
                push_offset(minutes, &mut out);
            }
        } else {
            self.zone(&mut out)?;
        }
        self.end().and_then(|()| typed(out, xsd::DATE_TIME))
    }

    /// `-05`, `-05-31`, `/5/31`, `年5月31日`, `0531`.
    fn month_and_day(&mut self) -> Option<(u32, Option<u32>)> {
        if self.rest.len() >= 4 && self.rest.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
            let month = self.digits(2, 2)?;
            return Some((month, Some(self.digits(2, 2)?)));
        }
        let (between, after): (&[&str], &[&str]) = match self.rest.chars().next()? {
            '-' => (&["-"], &[]),
            '/' => (&["/"], &[]),
            '.' => (&["."], &[]),
            '年' => (&["月"], &["日", "號"]),
            _ => return None,
        };
        let first = self.rest.chars().next()?;
        self.rest = &self.rest[first.len_utf8()..];
        let month = self.digits(1, 2)?;
        if self.rest.is_empty() {
            return Some((month, None));
        }
        if !self.take(between) {
            return None;
        }
        if self.rest.is_empty() && first == '年' {
            return Some((month, None));
        }
        let day = self.digits(1, 2)?;
        if !after.is_empty() && !self.take(after) {
            return None;
        }
        Some((month, Some(day)))
    }

    /// `08:30`, `08:30:00.000000`, `上午 08:30`, `8:30 PM`.
    fn time(&mut self, out: &mut String) -> Option<()> {
        let before = self.half_of_day();
        let mut hour = self.digits(1, 2)?;
        if !self.take(&[":"]) {
            return None;
        }
        let minute = self.digits(2, 2)?;
        let second = if self.take(&[":"]) {
            self.digits(2, 2)?
        } else {
            0
        };
        let fraction = if self.take(&["."]) {
            self.digit_run()
        } else {
            ""
        };
        self.spaces();
        let after = self.half_of_day();
        if let Some(afternoon) = before.or(after) {
            if hour > 12 {
                return None;
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        write!(out, "T{hour:02}:{minute:02}:{second:02}").ok()?;
        if !fraction.is_empty() {
            write!(out, ".{fraction}").ok()?;
        }
        Some(())
    }

    /// Some(true) after noon, Some(false) before, None where nothing is said.
    fn half_of_day(&mut self) -> Option<bool> {
        let said = if self.take(&["上午", "AM", "am"]) {
            Some(false)
        } else if self.take(&["下午", "PM", "pm"]) {
            Some(true)
        } else {
            None
        };
        self.spaces();
        said
    }

    /// `Z`, `UTC`, `+08:00`, `+0800`, `+08`.
    fn zone(&mut self, out: &mut String) -> Option<()> {
        if self.take(&["Z", "z", "UTC", "GMT"]) {
            out.push('Z');
            return Some(());
        }
        let sign = if self.take(&["+"]) {
            1
        } else if self.take(&["-"]) {
            -1
        } else {
            return None;
        };
        let hours = self.digits(2, 2)?;
        self.take(&[":"]);
        let minutes = if self.rest.is_empty() {
            0
        } else {
            self.digits(2, 2)?
        };
        let total = i32::try_from(hours * 60 + minutes).ok()?;
        push_offset(sign * total, out);
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    fn take(&mut self, options: &[&str]) -> bool {
        for option in options {
            if let Some(rest) = self.rest.strip_prefix(option) {
                self.rest = rest;
                return true;
            }
        }
        false
    }

    fn spaces(&mut self) -> &'a str {
        let trimmed = self.rest.trim_start();
        let (spaces, rest) = self.rest.split_at(self.rest.len() - trimmed.len());
        self.rest = rest;
        spaces
    }

    fn digit_run(&mut self) -> &'a str {
        let n = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(n);
        self.rest = rest;
        digits
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let n = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if n < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(n);
        self.rest = rest;
        digits.parse().ok()
    }
}

fn push_offset(minutes: i32, out: &mut String) {
    if minutes == 0 {
        out.push('Z');
        return;
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    // Writing to a String cannot fail.
    let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text, Some(480)).map(|l| {
            let datatype = l
                .datatype()
                .as_str()
                .rsplit('#')
                .next()
                .unwrap_or_default()
                .to_owned();
            format!("{} {datatype}", l.value())
        })
    }

    #[test]
    fn forms_that_are_read() {
        for (text, expected) in [
            ("2026-05-05", "2026-05-05 date"),
            ("2018/7/3", "2018-07-03 date"),
            ("2018.07.03", "2018-07-03 date"),
            ("20180703", "2018-07-03 date"),
            ("2018年7月3日", "2018-07-03 date"),
            ("2018年7月", "2018-07 gYearMonth"),
            ("2018-07", "2018-07 gYearMonth"),
            ("2018", "2018 gYear"),
            ("2026-05-05 00:00:00", "2026-05-05T00:00:00+08:00 dateTime"),
            ("2026-05-05 01:02", "2026-05-05T01:02:00+08:00 dateTime"),
            (
                "2026-05-05 01:02:03.120000",
                "2026-05-05T01:02:03.12+08:00 dateTime",
            ),
            ("2026-05-05T01:02:03.000Z", "2026-05-05T01:02:03Z dateTime"),
            (
                "2026-05-05T01:02:03+0800",
                "2026-05-05T01:02:03+08:00 dateTime",
            ),
            (
                "2026-05-05T01:02:03-05",
                "2026-05-05T01:02:03-05:00 dateTime",
            ),
            (
                "2018/7/3 下午 03:04:05",
                "2018-07-03T15:04:05+08:00 dateTime",
            ),
            (
                "2018/7/3 上午 12:00:00",
                "2018-07-03T00:00:00+08:00 dateTime",
            ),
            ("2018/7/3 3:04 PM", "2018-07-03T15:04:00+08:00 dateTime"),
            (
                "Tue, 3 Jul 2018 10:00:00 +0000",
                "2018-07-03T10:00:00Z dateTime",
            ),
            (" 2018-07-03 ", "2018-07-03 date"),
            ("2018-07-03+08:00", "2018-07-03+08:00 date"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn forms_that_are_left() {
        for text in [
            "",
            "never",
            "民國101年7月01日",
            "0760221",
            "1150618",
            "9991231",
            "03/07/2018",
            "2018-13-01",
            "2018-02-30",
            "2018-07-03T25:00:00",
            "2018-07-03 13:00 PM",
            "2018-07-03x",
            "2018-07-03T10:00:00 there",
            "101年",
            "2018-7-3-1",
            "０",
            "2018年7月3",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn years_of_the_republic() {
        for (text, expected) in [
            ("民國101年7月01日", "2012-07-01"),
            ("中華民國 101 年 7 月 1 日", "2012-07-01"),
            ("101年7月", "2012-07"),
            ("民國87年", "1998"),
            ("101/7/1", "2012-07-01"),
            ("101-07-01", "2012-07-01"),
            ("99.12.31", "2010-12-31"),
            ("101.7", "2012-07"),
            ("1150618", "2026-06-18"),
            ("0760221", "1987-02-21"),
            ("民國760221", "1987-02-21"),
        ] {
            let found = of_the_republic(text).flatten();
            assert_eq!(found.as_ref().map(Literal::value), Some(expected), "{text}");
        }
        for text in ["9991231", "999/12/31", "民國999年12月31日", "9999-12-31"] {
            assert_eq!(of_the_republic(text), Some(None), "{text}");
        }
        for text in [
            "",
            "1151318",
            "1150231",
            "115",
            "03/07/18",
            "5/6/7",
            "12345678",
            "760221",
            "101年7月1日起",
            "民國",
            "115年4月份",
            "0000101",
        ] {
            assert_eq!(of_the_republic(text), None, "{text}");
        }
    }

    #[test]
    fn without_an_offset_times_stay_without() {
        let literal = parse("2026-05-05 01:02:03", None);
        assert_eq!(
            literal.map(|l| l.value().to_owned()).as_deref(),
            Some("2026-05-05T01:02:03")
        );
    }
}
