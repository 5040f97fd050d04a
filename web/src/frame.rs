//! What surrounds every page: head, navigation, switch of languages, foot. Start at [`Frame`]; its template is
//! `frame.html`, which pages extend.

use crate::{Language, Words, assets};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a value of a query.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A value as it stands in a query.
pub fn encoded(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

/// The rooms that the navigation leads to: the key of its words, and its path.
pub const ROOMS: [(&str, &str); 6] = [
    ("nav-search", "/search"),
    ("nav-publishers", "/publishers"),
    ("nav-sources", "/sources"),
    ("nav-quality", "/quality"),
    ("nav-changes", "/changes"),
    ("nav-sparql", "/sparql"),
];

/// What every page needs beside its own.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub words: Words,
    /// What goes before our paths: empty, or `/prefix` without a slash at its end.
    pub prefix: String,
    /// What our own IRIs begin with, with a slash at its end.
    pub base: String,
    /// What the catalogue is called, in the language of the page.
    pub site: String,
    /// What this page is called.
    pub title: String,
    /// The path of this page below the prefix, such as `/search`.
    pub path: String,
    /// The query of this page without `lang`, as it was asked.
    pub query: String,
    /// Files that this page loads beside those of every page, such as `yasgui.js`; styles and scripts.
    pub loads: Vec<&'static str>,
    /// The page is the operator's: it may act.
    pub operator: bool,
}

impl Frame {
    pub fn language(&self) -> Language {
        self.words.0
    }

    /// An address of ours.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub fn asset(&self, name: &str) -> String {
        assets::address(&self.prefix, name)
    }

    /// The styles this page loads beside that of every page.
    pub fn styles(&self) -> Vec<String> {
        self.loaded(".css")
    }

    pub fn scripts(&self) -> Vec<String> {
        self.loaded(".js")
    }

    fn loaded(&self, ending: &str) -> Vec<String> {
        let names = self.loads.iter().filter(|name| name.ends_with(ending));
        names.map(|name| self.asset(name)).collect()
    }

    /// This page in another language.
    pub fn in_language(&self, language: &Language) -> String {
        let query = match self.query.as_str() {
            "" => String::new(),
            query => format!("{query}&"),
        };
        format!(
            "{}{}?{query}lang={}",
            self.prefix,
            self.path,
            language.tag()
        )
    }

    /// The other languages.
    pub fn others(&self) -> Vec<Language> {
        let mine = self.language();
        Language::ALL
            .into_iter()
            .filter(|one| *one != mine)
            .collect()
    }

    /// The rooms as the navigation shows them: words, address, whether this page is in it.
    pub fn rooms(&self) -> Vec<(&'static str, String, bool)> {
        // Of what the world has, the operator's listener has the sources.
        let rooms = ROOMS.iter();
        rooms
            .filter(|(_, path)| !self.operator || *path == "/sources")
            .map(|(key, path)| {
                let here = self.path == *path || self.path.starts_with(&format!("{path}/"));
                (self.words.say(key), self.to(path), here)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_keeps_what_was_asked() {
        let frame = Frame {
            prefix: "/open".to_owned(),
            path: "/search".to_owned(),
            query: format!("q={}", encoded("空氣 &品質")),
            ..Frame::default()
        };
        assert_eq!(
            frame.in_language(&Language::English),
            "/open/search?q=%E7%A9%BA%E6%B0%A3%20%26%E5%93%81%E8%B3%AA&lang=en"
        );
        assert_eq!(frame.others(), [Language::English]);
        assert_eq!(frame.rooms()[0], ("搜尋", "/open/search".to_owned(), true));
    }
}
