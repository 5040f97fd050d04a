//! Every word of ours that a page shows, in both languages: `words.tsv`. Start at [`Words::say`].

use crate::Language;
use std::{collections::HashMap, sync::LazyLock};

/// `key <tab> Chinese <tab> English`; a line that begins with `#` is a heading.
const TABLE: &str = include_str!("../words.tsv");

static WORDS: LazyLock<HashMap<&str, [&str; 2]>> = LazyLock::new(|| lines().collect());

fn lines() -> impl Iterator<Item = (&'static str, [&'static str; 2])> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        Some((cells.next()?, [cells.next()?, cells.next()?]))
    })
}

/// A whole number, or what leads to one: templates hand on references.
pub trait Whole {
    fn whole(&self) -> u64;
}

impl Whole for u64 {
    fn whole(&self) -> u64 {
        *self
    }
}

impl<T: Whole + ?Sized> Whole for &T {
    fn whole(&self) -> u64 {
        (**self).whole()
    }
}

/// The words in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words(pub Language);

impl Words {
    /// The words of a key; the key itself where the table has none, which a test sees to.
    pub fn say<'k>(&self, key: &'k str) -> &'k str {
        self.known(key).unwrap_or(key)
    }

    /// The words of a key that need not be in the table: of a code that catalogues may have.
    pub fn known(&self, key: &str) -> Option<&'static str> {
        let place = match self.0 {
            Language::Chinese => 0,
            Language::English => 1,
        };
        WORDS.get(key).map(|words| words[place])
    }

    /// The words of a key beside a number: beside one those of the key with `-one`, where the table has them.
    pub fn beside<'k>(&self, key: &'k str, number: &str) -> &'k str {
        let one = (number == "1").then(|| self.known(&format!("{key}-one")));
        one.flatten().unwrap_or_else(|| self.say(key))
    }

    /// The words of a key with `{}` replaced, one after the other; where the first is 1, as [`Self::beside`] has them.
    pub fn fill<V: AsRef<str>>(&self, key: &str, values: &(impl AsRef<[V]> + ?Sized)) -> String {
        let values = values.as_ref();
        let first = values.first().map_or("", AsRef::as_ref);
        let mut pieces = self.beside(key, first).split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in pieces.enumerate() {
            text.push_str(values.get(number).map_or("", AsRef::as_ref));
            text.push_str(piece);
        }
        text
    }

    /// A whole number with marks between thousands.
    pub fn number(&self, number: impl Whole) -> String {
        let digits = number.whole().to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// What templates and code say: `say("…")` and `fill("…"`.
    fn said(folder: &str, into: &mut BTreeSet<String>) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                said(&format!("{folder}/{name}"), into);
            } else if name != "words.rs" {
                let text = fs::read_to_string(path).unwrap();
                for opening in ["say(\"", "fill(\""] {
                    let keys = text.split(opening).skip(1);
                    into.extend(keys.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
    }

    #[test]
    fn every_word_that_is_said_is_in_the_table_once_and_in_both_languages() {
        let mut keys = BTreeSet::new();
        for (key, words) in lines() {
            assert!(keys.insert(key.to_owned()), "{key} is there twice");
            assert!(
                words.iter().all(|word| !word.trim().is_empty()),
                "{key} is empty"
            );
            let places = words.map(|word| word.matches("{}").count());
            // English need not say the number where it is one.
            let fewer = key.ends_with("-one") && places[1] < places[0];
            assert!(
                fewer || places[0] == places[1],
                "{key}: another number of {{}}"
            );
        }
        let lines_of_table = TABLE
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines_of_table {
            assert_eq!(line.split('\t').count(), 3, "{line:?}");
        }
        let mut wanted = BTreeSet::new();
        said("templates", &mut wanted);
        said("src", &mut wanted);
        assert!(wanted.len() > 5, "{wanted:?}");
        let missing: Vec<_> = wanted.difference(&keys).collect();
        assert!(missing.is_empty(), "not in words.tsv: {missing:?}");
    }

    #[test]
    fn words_are_said_filled_and_counted() {
        let english = Words(Language::English);
        assert_eq!(english.say("search"), "Search");
        assert_eq!(Words(Language::Chinese).say("search"), "搜尋");
        assert_eq!(english.fill("page-of", &["2", "9"]), "Page 2 of 9");
        assert_eq!(english.number(52_547), "52,547");
        assert_eq!(english.number(7), "7");
        assert_eq!(english.number(1_000_000), "1,000,000");
    }
}
