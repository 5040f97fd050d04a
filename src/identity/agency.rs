//! Agencies by their names: the same, one within the other, or different.
//!
//! A bare unit name (民政處, 資訊室) is that of many agencies, so it never proves that two are the same. Start at
//! [`relation`].

use super::title::Title;

/// How the agencies of two records are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Same,
    /// One name begins or ends with the other (高雄市政府, 高雄市政府消防局), or both are the same bare unit name.
    Within,
    /// At least one of the records names none.
    Unknown,
    Different,
}

/// Endings of units that every authority has.
const UNITS: [&str; 12] = [
    "處", "局", "科", "室", "課", "組", "司", "所", "隊", "館", "站", "中心",
];
/// What says whose unit it is.
const QUALIFIERS: [char; 9] = ['縣', '市', '鄉', '鎮', '區', '院', '部', '署', '國'];
/// Longest name, in characters, that may be a bare unit.
const BARE_CHARS_MAX: usize = 6;

/// An agency's name in one spelling.
pub fn name(text: &str) -> Box<str> {
    Title::of(text).0
}

/// How two lists of names (all of them names of one agency each) are related: the closest relation of any two.
pub fn relation(a: &[Box<str>], b: &[Box<str>]) -> Relation {
    if a.is_empty() || b.is_empty() {
        return Relation::Unknown;
    }
    let pairs = || a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    if pairs().any(|(x, y)| x == y && !is_bare(x)) {
        Relation::Same
    } else if pairs().any(|(x, y)| within(x, y) || within(y, x)) {
        Relation::Within
    } else {
        Relation::Different
    }
}

fn within(whole: &str, part: &str) -> bool {
    part.chars().count() >= 2 && (whole.starts_with(part) || whole.ends_with(part))
}

/// Could this be a unit of any authority?
pub fn is_bare(name: &str) -> bool {
    name.chars().count() <= BARE_CHARS_MAX
        && UNITS.iter().any(|unit| name.ends_with(unit))
        && !name.contains(QUALIFIERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: &str, b: &str) -> Relation {
        relation(&[name(a)], &[name(b)])
    }

    #[test]
    fn bare_unit_names_prove_nothing() {
        assert_eq!(of("臺南市政府民政局", "台南市政府 民政局"), Relation::Same);
        assert_eq!(of("經濟部水利署", "經濟部水利署"), Relation::Same);
        assert_eq!(of("民政處", "民政處"), Relation::Within);
        assert_eq!(of("資訊中心", "資訊中心"), Relation::Within);
        assert_eq!(of("高雄市政府", "高雄市政府消防局"), Relation::Within);
        assert_eq!(of("消防局", "高雄市政府消防局"), Relation::Within);
        assert_eq!(
            of("台南市政府消防局", "高雄市政府消防局"),
            Relation::Different
        );
        assert_eq!(relation(&[], &[name("x")]), Relation::Unknown);
    }
}
