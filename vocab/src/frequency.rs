//! How often: `每N單位` and other spellings -> ISO 8601 duration -> EU frequency.
//!
//! The rule only says how long the interval is; which intervals have a name is the table's business.

use crate::tables::{fold, frequencies};
use oxrdf::NamedNodeRef;

/// The EU frequency of a word, an ISO 8601 duration (`P1M`, `R/P1M`) or a Chinese interval (`每10日`).
pub fn frequency(word: &str) -> Option<NamedNodeRef<'static>> {
    let table = frequencies();
    table.iri(word).or_else(|| {
        let folded = fold(word);
        let bare = folded.strip_prefix("r/").unwrap_or(&folded);
        table
            .iri(bare)
            .or_else(|| table.iri(&interval(bare)?.to_string()))
    })
}

/// The length of time between two updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    Minutes(u32),
    Days(u32),
    Months(u32),
}

impl std::fmt::Display for Interval {
    /// ISO 8601, in the largest unit that divides the interval (weeks stay days).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Minutes(n) if n % 1440 == 0 => write!(f, "P{}D", n / 1440),
            Self::Minutes(n) if n % 60 == 0 => write!(f, "PT{}H", n / 60),
            Self::Minutes(n) => write!(f, "PT{n}M"),
            Self::Days(n) => write!(f, "P{n}D"),
            Self::Months(n) if n % 12 == 0 => write!(f, "P{}Y", n / 12),
            Self::Months(n) => write!(f, "P{n}M"),
        }
    }
}

/// Reads `每{N}{unit}`, N absent (one), in Arabic or in simple Chinese numerals, or 半. The word is folded already.
pub fn interval(word: &str) -> Option<Interval> {
    let rest = word.strip_prefix('每')?.trim_start();
    let rest = ["更新一次", "更新1次", "一次", "1次", "更新"]
        .iter()
        .find_map(|tail| rest.strip_suffix(tail))
        .unwrap_or(rest)
        .trim_end();
    let (number, unit) = number(rest)?;
    let unit = unit.trim_start();
    let half = number == Number::Half;
    let n = match number {
        Number::Half => 1,
        Number::Whole(n) => n,
    };
    let whole = match unit {
        "分" | "分鐘" => Interval::Minutes(n),
        "時" | "小時" | "個小時" => Interval::Minutes(n.checked_mul(60)?),
        "日" | "天" => Interval::Days(n),
        "週" | "周" | "星期" | "個星期" => Interval::Days(n.checked_mul(7)?),
        "旬" => Interval::Days(n.checked_mul(10)?),
        "月" | "個月" => Interval::Months(n),
        "季" => Interval::Months(n.checked_mul(3)?),
        "年" => Interval::Months(n.checked_mul(12)?),
        _ => return None,
    };
    if half { halved(whole) } else { Some(whole) }
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
        return Some((Number::Half, rest));
    }
    let chinese = "一二三四五六七八九十".chars().position(|c| c == first);
    let value = chinese.map(|i| i + 1).or((first == '兩').then_some(2));
    Some(match value.and_then(|v| u32::try_from(v).ok()) {
        Some(n) => (Number::Whole(n), rest),
        None => (Number::Whole(1), text),
    })
}

fn halved(whole: Interval) -> Option<Interval> {
    match whole {
        Interval::Minutes(n) if n % 2 == 0 => Some(Interval::Minutes(n / 2)),
        Interval::Days(1) => Some(Interval::Minutes(720)),
        Interval::Months(1) => Some(Interval::Days(15)),
        Interval::Months(n) if n % 2 == 0 => Some(Interval::Months(n / 2)),
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
        ] {
            let iri = frequency(word).unwrap_or_else(|| panic!("{word} is unmapped"));
            assert_eq!(iri.as_str().rsplit('/').next().unwrap(), code, "{word}");
        }
    }

    #[test]
    fn what_has_no_name_has_none() {
        for word in [
            "每7年",
            "每0日",
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
