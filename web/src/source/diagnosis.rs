//! What is wrong with a source, in the language of the page. Start at [`Trouble::of`].

use crate::{Language, said::Said, values::followed};
use std::{collections::HashMap, sync::LazyLock};

/// What is wrong, what was seen of it, and what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The same word for ever.
    pub code: String,
    /// What it is called, in the language of the page.
    pub name: String,
    pub what: Said,
    pub seen: String,
    pub url: Option<String>,
    pub status: Option<u16>,
    pub first_line: Option<String>,
    pub advice: Said,
    /// The run did not do what it should have done.
    pub grave: bool,
}

/// What is wrong in Traditional Chinese: code, name, what it is, what to do. The English words come with the diagnosis.
static CHINESE: LazyLock<HashMap<&str, [&str; 3]>> = LazyLock::new(|| {
    let lines = include_str!("../../troubles.tsv").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let code = cells.next()?;
            Some((code, [cells.next()?, cells.next()?, cells.next()?]))
        })
        .collect()
});

/// Whether the page has words of its own for a code.
pub fn is_known_trouble(code: &str) -> bool {
    CHINESE.contains_key(code)
}

impl Trouble {
    /// In the words of a language where there are any, else in the English that came with it.
    pub fn of(code: &str, what: &str, advice: &str, language: Language) -> Self {
        let plain = Self {
            code: code.to_owned(),
            name: code.to_owned(),
            what: Said::english(what),
            advice: Said::english(advice),
            ..Self::default()
        };
        match (language, CHINESE.get(code)) {
            (Language::Chinese, Some([name, what, advice])) => Self {
                name: (*name).to_owned(),
                what: Said::ours(*what, language),
                advice: Said::ours(*advice, language),
                ..plain
            },
            _ => plain,
        }
    }

    pub(super) fn address(&self) -> Option<&str> {
        followed(self.url.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_trouble_is_whole() {
        assert!(CHINESE.len() >= 30, "{}", CHINESE.len());
        for (code, cells) in CHINESE.iter() {
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{code}");
        }
    }
}
