//! What was found, with the values by which it can be narrowed. Start at [`Search`]; [`Found`] alone is what is fetched
//! while somebody types.

use crate::{
    Frame, Template, Words,
    moment::Moment,
    said::Said,
    values::{Link, Pages},
};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "search.html")]
pub struct Search {
    pub frame: Frame,
    pub q: String,
    /// Names and values that the form carries on: what is narrowed by, and the order.
    pub carried: Vec<(String, String)>,
    pub found: Found,
}

#[derive(Debug, Clone, Default, Template)]
#[template(path = "found.html")]
pub struct Found {
    pub words: Words,
    /// How many, in words.
    pub count: String,
    /// What was looked for besides what was typed: the same in another language.
    pub besides: Vec<Said>,
    /// Why there is nothing, where that is not just so.
    pub trouble: Option<String>,
    /// The same to the letter, in English.
    pub why: Option<String>,
    pub chosen: Vec<Chosen>,
    /// Where everything that was chosen is taken away.
    pub without: Option<String>,
    pub orders: Vec<Order>,
    pub hits: Vec<Hit>,
    pub facets: Vec<Facet>,
    pub pages: Pages,
}

/// A value that is narrowed by, and where it is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    pub facet: String,
    pub said: Said,
    pub without: String,
}

/// An order of what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    pub words: String,
    pub href: String,
    pub here: bool,
}

/// A dataset that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    pub href: String,
    pub title: Vec<Piece>,
    pub title_lang: String,
    pub notes: Vec<Piece>,
    pub notes_lang: String,
    pub publisher: Option<Link>,
    pub formats: Vec<String>,
    pub licence: Option<Said>,
    /// Words for who may have it, where that is not everybody.
    pub access: Option<String>,
    pub changed: Option<Moment>,
}

/// A piece of a text: one that was looked for, or what is between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub marked: bool,
}

/// The values of one facet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facet {
    pub name: &'static str,
    pub words: String,
    pub values: Vec<Value>,
    /// Where all values are shown, or fewer again: words and address.
    pub more: Option<(String, String)>,
    /// Shown unfolded.
    pub open: bool,
}

/// A value of a facet: with it where it is not chosen, without it where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    pub said: Said,
    pub count: String,
    pub href: String,
    pub chosen: bool,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::Language;

    fn hostile() -> Search {
        let evil = "\"><script>alert(1)</script>";
        let said = Said::new(evil, "zh-hant");
        let piece = |text: &str, marked| Piece {
            text: text.to_owned(),
            marked,
        };
        Search {
            q: evil.to_owned(),
            carried: vec![("res_format".to_owned(), evil.to_owned())],
            found: Found {
                count: "1".to_owned(),
                chosen: vec![Chosen {
                    facet: "F".to_owned(),
                    said: said.clone(),
                    without: "/search?q=%22".to_owned(),
                }],
                hits: vec![Hit {
                    href: "/dataset/a/1".to_owned(),
                    title: vec![piece("<b>", false), piece("雨量", true)],
                    title_lang: "zh-hant".to_owned(),
                    notes: vec![piece(evil, false)],
                    publisher: Some(Link::out(said.clone(), "javascript:alert(1)")),
                    formats: vec![evil.to_owned()],
                    ..Hit::default()
                }],
                facets: vec![Facet {
                    name: "tags",
                    words: "F".to_owned(),
                    values: vec![Value {
                        said,
                        count: "3".to_owned(),
                        href: "/search?tags=x".to_owned(),
                        chosen: true,
                    }],
                    open: true,
                    more: None,
                }],
                ..Found::default()
            },
            ..Search::default()
        }
    }

    #[test]
    fn what_was_found_is_shown_as_text_in_both_languages() {
        for language in Language::ALL {
            let mut page = hostile();
            page.frame.words = Words(language);
            page.found.words = Words(language);
            let text = page.render().unwrap();
            assert!(!text.contains("<script>alert"), "{text}");
            assert!(!text.contains("javascript:"), "{text}");
            assert!(text.contains("&#60;b&#62;<mark>雨量</mark>"), "{text}");
            assert!(text.contains(&format!("<html lang=\"{}\"", language.tag())));
            assert!(text.contains("lang=\"zh-hant\""));
            assert_eq!(text.matches("<h1").count(), 1);
            assert!(text.contains("aria-current=\"true\""), "{text}");
        }
    }
}
