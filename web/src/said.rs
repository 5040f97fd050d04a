//! What others say, with the language they say it in, and where their addresses may lead. Start at [`Said`] and [`link`].

use crate::Language;
use std::collections::BTreeMap;

/// A text in a language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// BCP 47. None: nobody knows.
    pub lang: Option<String>,
}

impl Said {
    pub fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            lang: None,
        }
    }

    pub fn english(text: impl Into<String>) -> Self {
        Self {
            lang: Some("en".to_owned()),
            ..Self::of(text)
        }
    }

    /// The one of several that a reader of this language wants: theirs, else the first.
    pub fn chosen(texts: &BTreeMap<String, String>, language: Language) -> Option<Self> {
        let theirs = texts
            .iter()
            .find(|(tag, _)| Language::of_tag(tag) == Some(language));
        theirs
            .or_else(|| texts.iter().next())
            .map(|(tag, text)| Self {
                text: text.clone(),
                lang: Some(tag.clone()),
            })
    }
}

/// An address that a page may lead to. None: it would be something else than a place, as a script is.
pub fn link(address: &str) -> Option<&str> {
    let address = address.trim();
    let scheme = address.split_once(':')?.0;
    let fit = ["http", "https", "mailto"]
        .iter()
        .any(|fit| scheme.eq_ignore_ascii_case(fit));
    fit.then_some(address)
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
        assert_eq!(chosen.lang.as_deref(), Some("fr"));
        assert_eq!(Said::chosen(&BTreeMap::new(), Language::English), None);
    }

    #[test]
    fn only_places_are_linked() {
        assert_eq!(link(" https://a.example/"), Some("https://a.example/"));
        assert_eq!(link("mailto:a@b.example"), Some("mailto:a@b.example"));
        for never in [
            "javascript:alert(1)",
            " JavaScript:x",
            "data:text/html,x",
            "/x",
            "vbscript:x",
        ] {
            assert_eq!(link(never), None, "{never}");
        }
    }
}
