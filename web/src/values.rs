//! What pages show of catalogues: addresses that may be followed, sizes, lists. Start at [`Link`].

use crate::{Words, moment::Moment, said::Said};

/// Words that lead somewhere, if their address may be followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    pub said: Said,
    pub href: Option<String>,
}

impl Link {
    /// To an address that a catalogue gave.
    pub fn out(said: Said, address: &str) -> Self {
        Self {
            said,
            href: followed(address).map(str::to_owned),
        }
    }

    /// To an address of ours.
    pub fn own(said: Said, address: impl Into<String>) -> Self {
        Self {
            said,
            href: Some(address.into()),
        }
    }
}

/// The address, where a browser may be led to it: of any other scheme, as a script is, it stays text.
pub fn followed(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let may = ["http", "https", "mailto"];
    let plain = !address.contains(|c: char| c.is_control() || c == ' ');
    (plain && may.iter().any(|known| scheme.eq_ignore_ascii_case(known))).then_some(address)
}

/// A number of bytes as people read it: `1.2 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, so that no float is needed.
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        ..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

/// A value to browse by: what it is called, how many datasets have it, and where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    pub said: Said,
    pub count: u64,
    pub href: String,
}

impl Choice {
    /// How many, with marks between thousands.
    pub fn number(&self, words: &Words) -> String {
        words.number(self.count)
    }
}

/// A dataset in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brief {
    pub title: Link,
    pub publisher: Option<Link>,
    pub formats: Vec<String>,
    pub changed: Option<Moment>,
}

/// A choice with its part of the largest, drawn as a bar of so many units out of 100.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bar {
    pub choice: Choice,
    pub width: u64,
}

impl Bar {
    /// Beside each other: the largest is 100 wide, the smallest that is any is seen.
    pub fn all(choices: Vec<Choice>) -> Vec<Self> {
        let most = choices.iter().map(|choice| choice.count).max();
        let most = most.unwrap_or_default().max(1);
        let bars = choices.into_iter().map(|choice| Self {
            width: (choice.count * 100).div_ceil(most),
            choice,
        });
        bars.collect()
    }
}

/// Where a page of a list stands among the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    pub here: u64,
    pub all: u64,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Pages {
    pub fn said(&self, words: &Words) -> String {
        words.fill(
            "page-of",
            &[&words.number(self.here), &words.number(self.all)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_and_of_mail_are_followed() {
        for address in [
            "https://a.example/x",
            "HTTP://a.example",
            "mailto:a@b.example",
        ] {
            assert_eq!(followed(address), Some(address));
        }
        for address in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "/x",
            " https://a.example/",
            "java\tscript:x",
            "https://a.example/a b",
            "a.csv",
            "",
        ] {
            assert_eq!(followed(address), None, "{address:?}");
        }
    }

    #[test]
    fn sizes_are_told_in_tens() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_250_000, "1.2 MB"),
            (52_547_000, "52 MB"),
            (u64::MAX, "18446 PB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn the_longest_bar_is_whole_and_none_is_too_short_to_see() {
        let choice = |count| Choice {
            count,
            ..Choice::default()
        };
        let bars = Bar::all(vec![choice(1_000), choice(1), choice(0)]);
        let widths: Vec<u64> = bars.iter().map(|bar| bar.width).collect();
        assert_eq!(widths, [100, 1, 0]);
    }
}
