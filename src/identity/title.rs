//! Titles: what two of them have in common, and the numbers that keep them apart.
//!
//! A monthly issue differs from the next by one digit, so numbers are compared exactly and everything else by likeness.
//! Start at [`Title::of`] and [`likeness`].

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A title without what typography adds: NFKC, small letters, 臺 as 台, letters and digits only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Title(pub Box<str>);

/// How two titles are related.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likeness {
    Equal,
    /// One is the other with something added before or after it; the share of pairs of characters they have in common.
    Added(f64),
    /// They differ within (東區 and 西區; a law and its 施行細則); the share.
    Replaced(f64),
    /// Their numbers differ: other years, months, or parts.
    OtherNumbers,
}

impl Title {
    pub fn of(text: &str) -> Self {
        let folded: String = text
            .nfkc()
            .flat_map(char::to_lowercase)
            .filter(|c| c.is_alphanumeric())
            .map(|c| if c == '臺' { '台' } else { c })
            .collect();
        Self(folded.into())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers of the title in their order. Years of our era and of the Republic (1912 = 1) are one; so are 四月
    /// and 4月.
    pub fn numbers(&self) -> Vec<u32> {
        let text: Vec<char> = self.0.chars().collect();
        let mut numbers = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let from = at;
            while at < text.len() && text[at].is_ascii_digit() {
                at += 1;
            }
            if at > from {
                let digits: String = text[from..at].iter().collect();
                numbers.push(year_of_the_republic(digits.parse().unwrap_or(u32::MAX)));
                continue;
            }
            while at < text.len() && chinese_digit(text[at]).is_some() {
                at += 1;
            }
            if at == from {
                at += 1;
            } else if counts(&text, from, at) {
                numbers.push(chinese_number(&text[from..at]));
            }
        }
        numbers
    }

    /// Hashes of all pairs of neighbouring characters, sorted, each once.
    pub fn grams(&self) -> Vec<u64> {
        let chars: Vec<char> = self.0.chars().collect();
        let pair = |pair: &[char]| super::stirred(u64::from(pair[0]) << 32 | u64::from(pair[1]));
        let mut grams: Vec<u64> = match chars.as_slice() {
            [] => Vec::new(),
            [one] => vec![super::stirred(u64::from(*one))],
            several => several.windows(2).map(pair).collect(),
        };
        grams.sort_unstable();
        grams.dedup();
        grams
    }
}

/// How alike two titles are; what differs in its numbers is never alike.
pub fn likeness(a: &Title, b: &Title) -> Likeness {
    if a == b {
        return Likeness::Equal;
    }
    if a.numbers() != b.numbers() {
        return Likeness::OtherNumbers;
    }
    let (ga, gb) = (a.grams(), b.grams());
    let common = ga.iter().filter(|g| gb.binary_search(g).is_ok()).count();
    let share = 2.0 * common as f64 / (ga.len() + gb.len()).max(1) as f64;
    let (ca, cb): (Vec<char>, Vec<char>) = (a.0.chars().collect(), b.0.chars().collect());
    let least = ca.len().min(cb.len());
    let before = ca.iter().zip(&cb).take_while(|(x, y)| x == y).count();
    let after = ca.iter().rev().zip(cb.iter().rev());
    let after = after.take_while(|(x, y)| x == y).count();
    if before == least || after == least {
        Likeness::Added(share)
    } else {
        Likeness::Replaced(share)
    }
}

fn year_of_the_republic(number: u32) -> u32 {
    match number {
        1950..=2100 => number - 1911,
        other => other,
    }
}

fn chinese_digit(c: char) -> Option<u32> {
    "零一二三四五六七八九十"
        .chars()
        .position(|d| d == c)
        .and_then(|n| u32::try_from(n).ok())
}

/// Whether Chinese digits count something: 第二期 and 四月 do, 三民區 and 一覽表 do not.
fn counts(text: &[char], from: usize, to: usize) -> bool {
    let unit = text
        .get(to)
        .is_some_and(|c| "年月日季期屆週次號級".contains(*c));
    unit || from
        .checked_sub(1)
        .is_some_and(|before| text[before] == '第')
}

fn chinese_number(digits: &[char]) -> u32 {
    let (mut sum, mut last) = (0_u32, None);
    for digit in digits.iter().filter_map(|c| chinese_digit(*c)) {
        match digit {
            10 => sum = sum.saturating_add(last.take().unwrap_or(1) * 10),
            digit => last = Some(last.map_or(digit, |l: u32| l.saturating_mul(10) + digit)),
        }
    }
    year_of_the_republic(sum.saturating_add(last.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(a: &str, b: &str) -> Likeness {
        likeness(&Title::of(a), &Title::of(b))
    }

    #[test]
    fn typography_does_not_count() {
        for (a, b) in [
            ("臺南市　公廁（一覽）", "台南市公廁(一覽)"),
            ("ＹｏｕＢｉｋｅ 站點", "youbike站點"),
        ] {
            assert_eq!(alike(a, b), Likeness::Equal, "{a} {b}");
        }
    }

    #[test]
    fn numbers_keep_titles_apart() {
        for (a, b) in [
            ("115年4月份村里人口數", "115年5月份村里人口數"),
            ("115年4月份村里人口數", "村里人口數"),
            ("第一季營收", "第二季營收"),
            ("人口統計四月", "人口統計五月"),
            ("101年至105年預算", "101年至106年預算"),
            ("水位 第十一期", "水位 第十二期"),
        ] {
            assert_eq!(alike(a, b), Likeness::OtherNumbers, "{a} {b}");
        }
        for (a, b) in [
            ("2018年預算書", "107年預算書"),
            ("四月份人口", "4月份人口"),
            ("第二十一屆名單", "第21屆名單"),
        ] {
            assert!(matches!(alike(a, b), Likeness::Replaced(_)), "{a} {b}");
        }
        assert_eq!(Title::of("三民區一覽表1999專線").numbers(), [88]);
    }

    #[test]
    fn what_is_added_is_told_from_what_is_replaced() {
        assert!(matches!(
            alike("臺南市公廁", "臺南市公廁資訊"),
            Likeness::Added(_)
        ));
        assert!(matches!(
            alike("消防局歲出預算表", "高雄市政府消防局歲出預算表"),
            Likeness::Added(_)
        ));
        for (a, b) in [
            ("臺南市東區公廁", "臺南市西區公廁"),
            ("跨國移交受刑人法英文版", "跨國移交受刑人法施行細則英文版"),
        ] {
            assert!(matches!(alike(a, b), Likeness::Replaced(_)), "{a} {b}");
        }
    }
}
