//! What is wrong with a configuration: all of it, each with its place and with what would be right.
//!
//! Never shows the value of a secret or of a `${NAME}`.

use serde::Serialize;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    pub file: String,
    /// One-based. None where the file as a whole is meant.
    pub line: Option<usize>,
    /// One-based, in characters.
    pub column: Option<usize>,
    /// The setting, with its tables: `limits.query.workers`.
    pub key: String,
    pub found: String,
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": found {}, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for ConfigError {}

/// Everything that is wrong, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            writeln!(f, "{error}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 error in the configuration"),
            n => write!(f, "{n} errors in the configuration"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// The word of `known` that was probably meant, if any comes near.
pub(crate) fn meant<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = written.to_ascii_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|word| (distance(&written, &word.replace('-', "_")), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edit distance of Levenshtein, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above.min(row[j]) + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let known = ["listen", "limits", "admin_listen", "public_url"];
        assert_eq!(meant("lisen", known), Some("listen"));
        assert_eq!(meant("public-url", known), Some("public_url"));
        assert_eq!(meant("Limit", known), Some("limits"));
        assert_eq!(meant("workers", known), None);
    }

    #[test]
    fn counts_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("a", "b", 1),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
