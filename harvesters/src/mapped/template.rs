//! Texts with places to fill in: `https://a.example/dataset/{id}`, `?page={page}&limit={limit}`.
//!
//! Start reading at [`Template`], for values of a record, or at [`Counted`], for the numbers of a page.

use super::path::{NoPath, Path};
use crate::saying::segment;

/// A text into which values of a record are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// Text before each path, and the path; the last has none.
    pieces: Vec<(String, Option<Path>)>,
    is_address: bool,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, NoPath> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (path, after) = after.split_once('}').ok_or_else(|| NoPath {
                found: format!("{text:?}"),
                expected: "a closing brace after the path of a value",
            })?;
            pieces.push((before.to_owned(), Some(Path::parse(path)?)));
            rest = after;
        }
        pieces.push((rest.to_owned(), None));
        Ok(Self {
            pieces,
            is_address: crate::saying::has_scheme(text),
        })
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.pieces.iter().filter_map(|(_, path)| path.as_ref())
    }

    /// The text with its places filled in. None where a value is missing. Inside an address, values are escaped.
    pub(super) fn fill(&self, mut value: impl FnMut(&Path) -> Option<String>) -> Option<String> {
        let mut out = String::new();
        for (before, path) in &self.pieces {
            out.push_str(before);
            if let Some(path) = path {
                let value = value(path)?;
                match self.is_address {
                    true => out.push_str(&segment(&value)),
                    false => out.push_str(&value),
                }
            }
        }
        Some(out)
    }
}

/// The numbers of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) page: u64,
    pub(super) offset: u64,
    pub(super) limit: u64,
}

const NAMES: [&str; 3] = ["page", "offset", "limit"];

impl Counted {
    pub(super) fn fill(self, text: &str) -> String {
        text.replace("{page}", &self.page.to_string())
            .replace("{offset}", &self.offset.to_string())
            .replace("{limit}", &self.limit.to_string())
    }
}

/// Does the text have that place?
pub(super) fn has(text: &str, name: &str) -> bool {
    text.contains(&format!("{{{name}}}"))
}

/// A place in braces that is none of ours. Braces around anything but one word are the text's own (JSON has many).
pub(super) fn unknown_place(text: &str) -> Option<&str> {
    text.split('{').skip(1).find_map(|after| {
        let (word, _) = after.split_once('}')?;
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (is_word && !NAMES.contains(&word)).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_are_escaped_in_addresses_only() {
        let fill = |text: &str| {
            Template::parse(text)
                .unwrap()
                .fill(|path| (path.first_key() != "none").then(|| "a/b 資".to_owned()))
        };
        assert_eq!(
            fill("https://a.example/{id}/x").unwrap(),
            "https://a.example/a%2Fb%20%E8%B3%87/x"
        );
        assert_eq!(fill("{id} ({id})").unwrap(), "a/b 資 (a/b 資)");
        assert_eq!(fill("https://a.example/{none}"), None);
        assert!(Template::parse("{id").is_err());
        assert!(Template::parse("{}").is_err());
    }

    #[test]
    fn braces_of_json_are_no_places() {
        assert_eq!(
            unknown_place(r#"{"page":{page},"f":{"a":[{}]},"g":{limit}}"#),
            None
        );
        assert_eq!(unknown_place("?p={pages}"), Some("pages"));
        let counted = Counted {
            page: 2,
            offset: 10,
            limit: 10,
        };
        assert_eq!(counted.fill("{page} {offset} {limit} {page}"), "2 10 10 2");
    }
}
