//! How often: `每N單位` and other spellings -> ISO 8601 duration -> EU frequency.
//!
//! The rule only says how long the interval is; which intervals have a name is the table's business.

use crate::literals::parsed;
use crate::tables::{self, fold, frequencies};
use crate::terms::xsd;
use oxrdf::NamedNodeRef;
use std::collections::HashMap;
use std::sync::LazyLock;

macro_rules! frequency {
    () => {
        "http://publications.europa.eu/resource/authority/frequency/"
    };
}
/// The EU frequency of a word, an ISO 8601 duration (`P1M`, `R/P1M`) or a Chinese interval (`每10日`). An interval that
/// the EU has no name for is `OTHER`.
pub fn frequency(word: &str) -> Option<NamedNodeRef<'static>> {
    let table = frequencies();
    if let Some(known) = table.iri(word) {
        return Some(known);
    }
    let folded = fold(word);
    let bare = folded.strip_prefix("r/").unwrap_or(&folded);
    let other = || NamedNodeRef::new_unchecked(concat!(frequency!(), "OTHER"));
    table.iri(bare).or_else(|| {
        let interval = interval(bare)?.to_string();
        Some(table.iri(&interval).unwrap_or_else(other))
    })
}

/// The ISO 8601 duration that a word says itself, `每7年` as `P7Y`; None where it says a name (`monthly`) or nothing.
pub fn interval_of_word(word: &str) -> Option<String> {
    let folded = fold(word);
    let bare = folded.strip_prefix("r/").unwrap_or(&folded);
    if let Some(interval) = interval(bare) {
        return Some(interval.to_string());
    }
    let written = bare.to_ascii_uppercase();
    let is_duration =
        written.starts_with('P') && parsed(&written, &xsd::DURATION.into_owned()).is_some();
    is_duration.then_some(written)
}

/// The ISO 8601 duration of an EU frequency; None for those that say no interval (`IRREG`, `CONT`, `WEEKLY_3`).
pub fn interval_of_code(code: &str) -> Option<&'static str> {
    static INTERVALS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        let mut intervals = HashMap::new();
        for (word, code) in tables::frequency_rows() {
            if word.starts_with('P') && parsed(word, &xsd::DURATION.into_owned()).is_some() {
                intervals.entry(code).or_insert(word);
            }
        }
        intervals
    });
    INTERVALS.get(code).copied()
}

/// The length of time between two updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    Seconds(u32),
    Minutes(u32),
    Days(u32),
    Months(u32),
}

impl std::fmt::Display for Interval {
    /// ISO 8601, in the largest unit that divides the interval (weeks stay days).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Seconds(n) => write!(f, "PT{n}S"),
            Self::Minutes(n) if n % 1440 == 0 => write!(f, "P{}D", n / 1440),
            Self::Minutes(n) if n % 60 == 0 => write!(f, "PT{}H", n / 60),
            Self::Minutes(n) => write!(f, "PT{n}M"),
            Self::Days(n) => write!(f, "P{n}D"),
            Self::Months(n) if n % 12 == 0 => write!(f, "P{}Y", n / 12),
            Self::Months(n) => write!(f, "P{n}M"),
        }
    }
}

/// Reads `每{N}{unit}`, N absent (one), in Arabic or in simple Chinese numerals, or 半; with `更新` or `{N}次` behind it
/// (`每年2次` is every half year); and without 每 as well (`3個月`, `季`). The word is folded already.
pub fn interval(word: &str) -> Option<Interval> {
    let rest = word.strip_prefix(['每', '毎']).unwrap_or(word).trim_start();
    let (rest, times) = times(rest)?;
    let (number, unit) = number(rest)?;
    let (number, unit) = match (number, unit.trim_start().strip_prefix('半')) {
        // 半年 with a number before it: 每1半年.
        (Number::Whole(1), Some(unit)) => (Number::Half, unit),
        _ => (number, unit),
    };
    let half = number == Number::Half;
    let n = match number {
        Number::Half => 1,
        Number::Whole(n) => n,
    };
    let whole = unit_times(unit.trim_start(), n)?;
    let whole = if half { divided(whole, 2)? } else { whole };
    divided(whole, times)
}

fn unit_times(unit: &str, n: u32) -> Option<Interval> {
    Some(match unit {
        "秒" | "秒鐘" => Interval::Seconds(n),
        "分" | "分鐘" => Interval::Minutes(n),
        "時" | "小時" | "個小時" => Interval::Minutes(n.checked_mul(60)?),
        "日" | "天" => Interval::Days(n),
        "週" | "周" | "星期" | "個星期" | "禮拜" => Interval::Days(n.checked_mul(7)?),
        "旬" => Interval::Days(n.checked_mul(10)?),
        "月" | "個月" => Interval::Months(n),
        "季" => Interval::Months(n.checked_mul(3)?),
        "年" | "年度" => Interval::Months(n.checked_mul(12)?),
        _ => return None,
    })
}

/// What stands before `更新`, `{N}次` or `更新{N}次`, and the N. None for a count that is none.
fn times(text: &str) -> Option<(&str, u32)> {
    let text = text.strip_suffix("更新").unwrap_or(text).trim_end();
    let Some(counted) = text.strip_suffix('次') else {
        return Some((text, 1));
    };
    let digits = counted.trim_end_matches(|c: char| c.is_ascii_digit());
    let (before, count) = if digits.len() < counted.len() {
        (digits, counted[digits.len()..].parse().ok()?)
    } else {
        let last = counted.chars().next_back()?;
        (&counted[..counted.len() - last.len_utf8()], chinese(last)?)
    };
    let before = before.trim_end();
    let before = before.strip_suffix("更新").unwrap_or(before).trim_end();
    (count > 0).then_some((before, count))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Whole(u32),
    Half,
}

fn number(text: &str) -> Option<(Number, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let n = text[..digits].parse().ok().filter(|n| *n > 0)?;
        return Some((Number::Whole(n), &text[digits..]));
    }
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    if first == '半' {
        return Some((Number::Half, rest.strip_prefix('個').unwrap_or(rest)));
    }
    Some(match chinese(first) {
        Some(n) => (Number::Whole(n), rest),
        None => (Number::Whole(1), text),
    })
}

fn chinese(numeral: char) -> Option<u32> {
    let place = "一二三四五六七八九十".chars().position(|c| c == numeral);
    let value = place.map(|i| i + 1).or((numeral == '兩').then_some(2));
    value.and_then(|v| u32::try_from(v).ok())
}

/// An n-th of an interval, where that is a whole number of some unit.
fn divided(whole: Interval, n: u32) -> Option<Interval> {
    match whole {
        _ if n == 1 => Some(whole),
        Interval::Minutes(m) if m % n == 0 => Some(Interval::Minutes(m / n)),
        Interval::Days(d) if d % n == 0 => Some(Interval::Days(d / n)),
        Interval::Days(d @ 1..=31) if (d * 1440) % n == 0 => Some(Interval::Minutes(d * 1440 / n)),
        Interval::Months(1) if 30 % n == 0 => Some(Interval::Days(30 / n)),
        Interval::Months(m) if m % n == 0 => Some(Interval::Months(m / n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn intervals_of_the_national_export() {
        for (word, code) in [
            ("每1分", "1MIN"),
            ("每10分", "10MIN"),
            ("每1時", "HOURLY"),
            ("每小時", "HOURLY"),
            ("每1日", "DAILY"),
            ("每天", "DAILY"),
            ("每7日", "WEEKLY"),
            ("每1週", "WEEKLY"),
            ("每周", "WEEKLY"),
            ("每2週", "BIWEEKLY"),
            ("每10日", "MONTHLY_3"),
            ("每旬", "MONTHLY_3"),
            ("每半月", "MONTHLY_2"),
            ("每1月", "MONTHLY"),
            ("每個月", "MONTHLY"),
            ("每2月", "BIMONTHLY"),
            ("每3月", "QUARTERLY"),
            ("每1季", "QUARTERLY"),
            ("每季", "QUARTERLY"),
            ("每6月", "ANNUAL_2"),
            ("每半年", "ANNUAL_2"),
            ("每1年", "ANNUAL"),
            ("每12個月", "ANNUAL"),
            ("每年", "ANNUAL"),
            ("每２年", "BIENNIAL"),
            ("每兩年", "BIENNIAL"),
            ("每五年", "QUINQUENNIAL"),
            ("每10年", "DECENNIAL"),
            ("每年更新一次", "ANNUAL"),
            ("不定期更新", "IRREG"),
            ("不更新", "NEVER"),
            ("R/P1W", "WEEKLY"),
            ("p1m", "MONTHLY"),
            ("即時", "CONT"),
            ("Monthly", "MONTHLY"),
            ("notPlanned", "NOT_PLANNED"),
            ("每7年", "OTHER"),
            ("每30秒", "OTHER"),
            ("6年", "OTHER"),
            ("3個月", "QUARTERLY"),
            ("１年", "ANNUAL"),
            ("季", "QUARTERLY"),
            ("每年2次", "ANNUAL_2"),
            ("每月更新1次", "MONTHLY"),
            ("每月2次", "MONTHLY_2"),
            ("一日2次", "DAILY_2"),
            ("每月、年", "OTHER"),
            ("俟有修改再更新", "IRREG"),
            ("不需更新", "NEVER"),
            ("每周一次", "WEEKLY"),
        ] {
            let iri = frequency(word).unwrap_or_else(|| panic!("{word} is unmapped"));
            assert_eq!(iri.as_str().rsplit('/').next().unwrap(), code, "{word}");
        }
    }

    #[test]
    fn intervals_are_kept_as_durations() {
        for (word, duration) in [
            ("每1分", Some("PT1M")),
            ("每10日", Some("P10D")),
            ("每7年", Some("P7Y")),
            ("每半年", Some("P6M")),
            ("一日2次", Some("PT12H")),
            ("每30秒", Some("PT30S")),
            ("R/P1M", Some("P1M")),
            ("monthly", None),
            ("不定期", None),
            ("P1W", None),
        ] {
            assert_eq!(interval_of_word(word).as_deref(), duration, "{word}");
        }
        let of = |code| interval_of_code(&format!("{}{code}", frequency!()));
        assert_eq!(of("WEEKLY"), Some("P7D"));
        assert_eq!(of("ANNUAL"), Some("P1Y"));
        assert_eq!(of("IRREG"), None);
    }

    /// Every spelling of two lists of a city portal, of 2015 and of 2018. 無, 0 and 1 say nothing that can be known.
    #[test]
    fn every_spelling_of_a_free_text_portal() {
        let words = [
            "10分鐘",
            "1分鐘",
            "1年",
            "1日2次",
            "1次/月",
            "30秒",
            "3個月",
            "6個月",
            "6年",
            "other_每二年",
            "一天",
            "一日2次",
            "不定時",
            "不定期",
            "不定期更新",
            "不定期，每月詢問",
            "不更新",
            "不需更新",
            "依議期",
            "俟有修改再更新",
            "俟有新年度核定數後更新",
            "俟有新年度檢討報告完成後更新",
            "俟每年度檢討後更新",
            "動態資料:不定期",
            "半年",
            "即時輻射監控資料 每5分鐘(03:00起算,03:00,08:00...58:00)",
            "單次",
            "季",
            "季刊",
            "年",
            "按月更新",
            "新路段通車時更新",
            "月",
            "每10分鐘",
            "每15分鐘",
            "每2年",
            "每30分鐘",
            "每30秒",
            "每3年",
            "每5分鐘",
            "每三年",
            "每個月",
            "每分鐘",
            "每半年",
            "每周一次",
            "每天",
            "每季",
            "每季1次",
            "每季結束後15日",
            "每季，至104年12月為止",
            "每小時",
            "每年",
            "每年1次",
            "每年1次以上",
            "每年2月底",
            "每年2次",
            "每年3月",
            "每年一次",
            "每日",
            "每月",
            "每月1次",
            "每月2次",
            "每月`年",
            "每月`每季`半年",
            "每月、年",
            "每月下旬",
            "每月定期",
            "每月更新",
            "每月更新1次",
            "每月檢視不定期更新",
            "每週",
            "每週至每月",
            "永不",
            "法規修正",
            "災時訊息發布時同步更新",
            "異動時更新",
            "美日",
            "連結變更時更新",
            "隨時",
            "靜態資料:每天    動態資料:不定期",
            "１年",
        ];
        let unmapped: Vec<_> = words.iter().filter(|w| frequency(w).is_none()).collect();
        assert!(unmapped.is_empty(), "{unmapped:?}");
        assert!(["無", "0", "1"].iter().all(|w| frequency(w).is_none()));
    }

    #[test]
    fn what_has_no_name_has_none() {
        for word in [
            "每0日",
            "每月0次",
            "次",
            "每",
            "每次",
            "每99999999999日",
            "每4294967295年",
            "有時",
        ] {
            assert_eq!(frequency(word), None, "{word}");
        }
    }
}
