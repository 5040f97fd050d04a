//! What people look for, in English and Chinese. Data: `tables/word.tsv`. Start at [`rows`].

const TABLE: &str = include_str!("../tables/word.tsv");

/// One thing in both languages: each side has one variant or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Same {
    pub english: Vec<&'static str>,
    pub chinese: Vec<&'static str>,
}

/// The rows of the table.
pub fn rows() -> impl Iterator<Item = Same> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let (english, chinese) = row.split_once('\t')?;
        Some(Same {
            english: english.split('|').collect(),
            chinese: chinese.split('|').collect(),
        })
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_has_both_languages_and_no_english_stands_twice() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        let rows: Vec<Same> = rows().collect();
        assert_eq!(rows.len(), lines, "a row without a tab");
        let mut seen = HashSet::new();
        for row in &rows {
            for english in &row.english {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == ' ';
                assert!(
                    !english.is_empty() && english.chars().all(plain),
                    "{english:?}"
                );
                assert!(seen.insert(*english), "{english} stands twice");
            }
            for chinese in &row.chinese {
                let first = chinese.chars().next().unwrap();
                assert!(!chinese.contains([' ', '\t']), "{chinese:?}");
                assert!(!first.is_ascii_lowercase(), "{chinese:?} among the Chinese");
            }
        }
    }
}
