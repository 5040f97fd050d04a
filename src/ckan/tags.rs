//! Keywords as CKAN's tags: 2 to 100 letters, digits, spaces, hyphens, underscores and full stops; each once. Pure.

use super::names;
use serde::Serialize;
use serde_json::{Value, json};

const CHARS_MIN: usize = 2;
const CHARS_MAX: usize = 100;

/// The tags that keywords give. What CKAN would refuse in one becomes a space; what is then too short is no tag (the extras
/// keep the source's keywords).
pub fn of(keywords: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for keyword in keywords {
        let legal = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
        let plain: String = keyword
            .chars()
            .map(|c| if legal(c) { c } else { ' ' })
            .collect();
        let tag = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        let tag: String = tag.chars().take(CHARS_MAX).collect();
        let tag = tag.trim_end().to_owned();
        if tag.chars().count() >= CHARS_MIN && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.sort();
    tags
}

/// CKAN's id of a tag.
pub fn id_of(tag: &str) -> String {
    names::id_of(&format!("urn:harvestd:tag:{tag}"))
}

/// A tag as CKAN shows it, its fields sorted.
#[derive(Serialize)]
pub(super) struct Tag<'a> {
    display_name: &'a str,
    id: String,
    name: &'a str,
    state: &'static str,
    vocabulary_id: (),
}

impl<'a> Tag<'a> {
    pub fn of(tag: &'a str) -> Self {
        Self {
            display_name: tag,
            id: id_of(tag),
            name: tag,
            state: "active",
            vocabulary_id: (),
        }
    }
}

pub fn json(tag: &str) -> Value {
    json!(Tag::of(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_ckan_takes() {
        let given = [
            "水",
            "水情",
            "a/b (c)",
            "x",
            "  ",
            "水情",
            "e\u{301}t\u{e9}",
        ];
        let tags = of(&given.map(str::to_owned));
        assert_eq!(tags, ["a b c", "e t\u{e9}", "水情"]);
        let long = of(&["字".repeat(101)]);
        assert_eq!(long[0].chars().count(), 100);
    }
}
