//! Who publishes: the list of all, and each with what it has. Start at [`Publishers`] and [`Publisher`].

use crate::{
    Frame, Template,
    chart::{Bars, Lines},
    entity::Badge,
    quality::Indicator,
    said::Said,
    values::{Bar, Brief, Choice, Link},
};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "publishers.html")]
pub struct Publishers {
    pub frame: Frame,
    pub q: String,
    /// How many, in words.
    pub count: String,
    pub all: Vec<Choice>,
}

#[derive(Debug, Default, Template)]
#[template(path = "publisher.html")]
pub struct Publisher {
    pub frame: Frame,
    pub title: Said,
    /// How many datasets, in words, and where they are.
    pub count: String,
    pub datasets: String,
    pub newest: Vec<Brief>,
    /// What its datasets have, facet by facet: how that is called, and its values.
    pub parts: Vec<(String, Vec<Bar>)>,
    /// None: its datasets are not measured.
    pub quality: Option<Quality>,
    /// Where the same is for machines, and who it is.
    pub links: Vec<Link>,
}

/// How good its datasets are.
#[derive(Debug)]
pub struct Quality {
    pub datasets: u64,
    /// Mean points of 405, and what they are called.
    pub mqa: f64,
    pub rating: Badge,
    /// Datasets by what their points are called.
    pub ratings: Bars,
    /// Points day by day. None: there is one day only.
    pub trend: Option<Lines>,
    /// What most points are lost by, with the points that all its datasets lose.
    pub worst: Vec<(Indicator, u64)>,
    /// Where every indicator is.
    pub all: String,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Words};

    #[test]
    fn names_are_text_and_addresses_are_of_the_web_in_both_languages() {
        let evil = Said::new("<script>alert(1)</script>", "zh-hant");
        let choice = Choice {
            said: evil.clone(),
            count: 12_345,
            href: "/publishers/x".to_owned(),
        };
        for language in Language::ALL {
            let frame = Frame {
                words: Words(language),
                ..Frame::default()
            };
            let list = Publishers {
                frame: frame.clone(),
                q: "\"><script>".to_owned(),
                all: vec![choice.clone()],
                ..Publishers::default()
            };
            let one = Publisher {
                frame,
                title: evil.clone(),
                parts: vec![("x".to_owned(), Bar::all(vec![choice.clone()]))],
                links: vec![Link::out(evil.clone(), "javascript:alert(1)")],
                ..Publisher::default()
            };
            for text in [list.render().unwrap(), one.render().unwrap()] {
                assert!(!text.contains("<script>alert"), "{text}");
                assert!(!text.contains("javascript:"), "{text}");
                assert!(text.contains("12,345") && text.contains("lang=\"zh-hant\""));
                assert_eq!(text.matches("<h1").count(), 1);
            }
        }
    }
}
