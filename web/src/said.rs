//! What others say, with the language they say it in. Start at [`Said`].

use crate::Language;
use std::collections::BTreeMap;

/// A text in a language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// BCP 47; empty where nobody knows, as HTML has it.
    pub lang: String,
}

impl Said {
    pub fn new(text: impl Into<String>, lang: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            lang: lang.into(),
        }
    }

    /// In a language that nobody knows.
    pub fn of(text: impl Into<String>) -> Self {
        Self::new(text, "")
    }

    /// In one of ours.
    pub fn ours(text: impl Into<String>, language: Language) -> Self {
        Self::new(text, language.tag())
    }

    pub fn english(text: impl Into<String>) -> Self {
        Self::ours(text, Language::English)
    }

    /// The one of several that a reader of this language wants: theirs, else the first.
    pub fn chosen(texts: &BTreeMap<String, String>, language: Language) -> Option<Self> {
        let theirs = texts
            .iter()
            .find(|(tag, _)| Language::of_tag(tag) == Some(language));
        theirs
            .or_else(|| texts.iter().next())
            .map(|(tag, text)| Self::new(text, tag))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_reader_s_language_is_chosen_or_any() {
        let texts = [("en", "Interior"), ("zh-TW", "內政部")];
        let texts = texts.map(|(tag, text)| (tag.to_owned(), text.to_owned()));
        let texts = BTreeMap::from(texts);
        let chosen = |language| Said::chosen(&texts, language).unwrap().text;
        assert_eq!(chosen(Language::Chinese), "內政部");
        assert_eq!(chosen(Language::English), "Interior");
        let one = BTreeMap::from([("fr".to_owned(), "Intérieur".to_owned())]);
        let chosen = Said::chosen(&one, Language::English).unwrap();
        assert_eq!(chosen.lang, "fr");
        assert_eq!(Said::chosen(&BTreeMap::new(), Language::English), None);
    }
}
