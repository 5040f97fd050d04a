//! The page of the SPARQL endpoint: an editor, examples, and what a query found as a table and a picture. Start at
//! [`Sparql`].

use crate::{
    Frame, Language, Words,
    chart::{Bars, Columns, Lines},
    frame::encoded,
    map::Map,
    values::followed,
};
use askama::Template;
use std::sync::LazyLock;

#[derive(Debug, Template)]
#[template(path = "sparql.html")]
pub struct Sparql {
    pub frame: Frame,
    pub query: String,
    /// The state of the catalogue that is asked, where it is not the newest.
    pub as_of: Option<String>,
    pub failure: Option<Failure>,
    pub answer: Option<Answer>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    pub code: String,
    /// What was found and what was expected, in the daemon's own words.
    pub detail: String,
    /// Line and column of the query, from 1.
    pub place: Option<(u64, u64)>,
}

/// What a query found.
#[derive(Debug)]
pub struct Answer {
    pub found: Found,
    /// Milliseconds from the question to the end of what is shown.
    pub took_ms: u64,
    /// The whole answer in other forms: name and address.
    pub forms: Vec<(&'static str, String)>,
    pub picture: Option<Picture>,
    /// It has places, so that a map can be asked for.
    pub mappable: bool,
}

#[derive(Debug)]
pub enum Found {
    Truth(bool),
    Table(Table),
}

/// Rows, or the triples of a graph.
#[derive(Debug, Default)]
pub struct Table {
    pub heads: Vec<String>,
    pub rows: Vec<Vec<Option<Cell>>>,
    /// There are more rows than are shown.
    pub more: bool,
    /// What a picture may be of: the heads of texts or dates, and of numbers.
    pub labels: Vec<String>,
    pub numbers: Vec<String>,
}

impl Table {
    fn is_chartable(&self) -> bool {
        !self.labels.is_empty() && !self.numbers.is_empty()
    }

    fn is_of_numbers(&self, head: &str) -> bool {
        self.numbers.iter().any(|number| number == head)
    }
}

/// A term of RDF.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub lang: Option<String>,
    /// The datatype in short, where it is not a plain text.
    pub datatype: Option<String>,
    /// Where it leads: a page of ours, or the address itself.
    pub link: Option<String>,
    pub is_number: bool,
}

impl Cell {
    /// An address of ours, or one that a page may lead to.
    fn address(&self) -> Option<&str> {
        let to = self.link.as_deref()?;
        if to.starts_with('/') && !to.starts_with("//") {
            return Some(to);
        }
        followed(to)
    }
}

/// The picture of an answer, and the heads of what it is of: of a map none.
#[derive(Debug)]
pub struct Picture {
    pub drawn: Drawn,
    pub label: String,
    pub number: String,
}

#[derive(Debug)]
pub enum Drawn {
    Bars(Bars),
    Lines(Lines),
    Columns(Columns),
    Map(Map),
}

impl Drawn {
    fn kind(&self) -> &'static str {
        match self {
            Self::Bars(_) => "bars",
            Self::Lines(_) => "line",
            Self::Columns(_) => "columns",
            Self::Map(_) => "map",
        }
    }

    fn markup(&self) -> askama::Result<String> {
        match self {
            Self::Bars(picture) => picture.render(),
            Self::Lines(picture) => picture.render(),
            Self::Columns(picture) => picture.render(),
            Self::Map(map) => map.render(),
        }
    }
}

impl Answer {
    /// The kinds of pictures that can be drawn of it; none: no picture at all.
    fn kinds(&self, table: &Table) -> Vec<(&'static str, &'static str)> {
        let charted = table.is_chartable();
        let fits = |kind: &str| match kind {
            "map" => self.mappable,
            "none" => self.mappable || charted,
            _ => charted,
        };
        let mut kinds = KINDS.to_vec();
        kinds.retain(|(kind, _)| fits(kind));
        kinds
    }

    /// Is it drawn so?
    fn is_drawn(&self, kind: &str) -> bool {
        match &self.picture {
            Some(picture) => picture.drawn.kind() == kind,
            None => kind == "none",
        }
    }

    /// Is the picture of this column?
    fn is_of(&self, head: &str) -> bool {
        let of = |picture: &Picture| picture.label == head || picture.number == head;
        self.picture.as_ref().is_some_and(of)
    }
}

/// The kinds of pictures that can be asked for, with the keys of their words.
const KINDS: [(&str, &str); 5] = [
    ("map", "picture-map"),
    ("bars", "picture-bars"),
    ("columns", "picture-columns"),
    ("line", "picture-line"),
    ("none", "picture-none"),
];

/// A query that works on what is held.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    pub chinese: &'static str,
    pub english: &'static str,
    pub query: &'static str,
}

const FILES: [&str; 8] = [
    include_str!("../queries/publishers.rq"),
    include_str!("../queries/formats.rq"),
    include_str!("../queries/licences.rq"),
    include_str!("../queries/themes.rq"),
    include_str!("../queries/issued.rq"),
    include_str!("../queries/access.rq"),
    include_str!("../queries/places.rq"),
    include_str!("../queries/recent.rq"),
];

static EXAMPLES: LazyLock<Vec<Example>> =
    LazyLock::new(|| FILES.iter().filter_map(|file| example(file)).collect());

/// The first line is the title in Chinese, the second in English.
fn example(file: &'static str) -> Option<Example> {
    let (chinese, rest) = file.strip_prefix("# zh: ")?.split_once('\n')?;
    let (english, query) = rest.strip_prefix("# en: ")?.split_once('\n')?;
    Some(Example {
        chinese,
        english,
        query: query.trim(),
    })
}

/// All of them.
pub fn examples() -> &'static [Example] {
    &EXAMPLES
}

impl Example {
    fn title(&self, words: &Words) -> &'static str {
        match words.0 {
            Language::Chinese => self.chinese,
            Language::English => self.english,
        }
    }
}

impl Sparql {
    /// Where an example is asked.
    fn ask(&self, example: &Example) -> String {
        format!(
            "{}?format=html&query={}",
            self.frame.to("/sparql"),
            encoded(example.query)
        )
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        chart::{About, Bar},
        map::Extent,
    };

    fn page(language: Language, failure: Option<Failure>, answer: Option<Answer>) -> String {
        let page = Sparql {
            frame: Frame {
                words: Words(language),
                path: "/sparql".to_owned(),
                ..Frame::default()
            },
            query: "SELECT * { ?s ?p \"</textarea><script>\" }".to_owned(),
            as_of: None,
            failure,
            answer,
        };
        page.render().unwrap()
    }

    fn answer(more: bool) -> Answer {
        let cell = |text: &str, link: Option<&str>| Cell {
            text: text.to_owned(),
            link: link.map(str::to_owned),
            ..Cell::default()
        };
        let number = Cell {
            is_number: true,
            datatype: Some("xsd:integer".to_owned()),
            ..cell("7", None)
        };
        Answer {
            found: Found::Table(Table {
                heads: vec!["s".to_owned(), "n".to_owned()],
                rows: vec![
                    vec![Some(cell("<b>", Some("javascript:alert(1)"))), Some(number)],
                    vec![Some(cell("ours", Some("/record/a/1"))), None],
                    vec![
                        Some(cell("theirs", Some("https://a.example/?a=1&b=2"))),
                        None,
                    ],
                ],
                more,
                labels: vec!["s".to_owned()],
                numbers: vec!["n".to_owned()],
            }),
            took_ms: 12,
            forms: vec![("CSV", "/sparql?query=x&format=csv".to_owned())],
            picture: Some(Picture {
                drawn: Drawn::Bars(Bars::new(
                    Words(Language::English),
                    About::default(),
                    vec![Bar::new("<i>", 7.0)],
                )),
                label: "s".to_owned(),
                number: "n".to_owned(),
            }),
            mappable: false,
        }
    }

    #[test]
    fn what_a_query_found_is_shown_whole_or_said_to_be_more() {
        let english = page(Language::English, None, Some(answer(true)));
        for wanted in [
            "&#60;/textarea&#62;&#60;script&#62;",
            "href=\"/record/a/1\"",
            "href=\"https://a.example/?a=1&#38;b=2\"",
            "xsd:integer",
            "only the first",
            "format=csv",
            "12 ms",
            "<option value=\"bars\" selected>",
        ] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        for never in ["href=\"javascript:", "<script>", "<b>", "style="] {
            assert!(!english.contains(never), "{never}: {english}");
        }
        let whole = page(Language::Chinese, None, Some(answer(false)));
        assert!(
            whole.contains("共 3 列") && !whole.contains("只顯示"),
            "{whole}"
        );
    }

    #[test]
    fn where_there_are_places_a_map_can_be_asked_for() {
        let plain = page(Language::English, None, Some(answer(false)));
        assert!(!plain.contains("<option value=\"map\""), "{plain}");
        let mut answer = answer(false);
        answer.mappable = true;
        let map = Map::of(&[Extent::Point((121.5, 25.0))], "One place".to_owned()).unwrap();
        answer.picture = Some(Picture {
            drawn: Drawn::Map(map),
            label: String::new(),
            number: String::new(),
        });
        // Without numbers there is no chart, and no column to choose for one.
        let Found::Table(table) = &mut answer.found else {
            panic!();
        };
        table.numbers.clear();
        let mapped = page(Language::English, None, Some(answer));
        assert!(
            mapped.contains("<option value=\"map\" selected>"),
            "{mapped}"
        );
        assert!(mapped.contains("<circle") && mapped.contains("One place"));
        for never in ["value=\"bars\"", "name=\"x\""] {
            assert!(!mapped.contains(never), "{never}: {mapped}");
        }
    }

    #[test]
    fn what_is_wrong_stands_above_the_query_that_is_kept() {
        let failure = Failure {
            code: "query-syntax".to_owned(),
            detail: "line 1, column 8 has <x>".to_owned(),
            place: Some((1, 8)),
        };
        let page = page(Language::English, Some(failure), None);
        let alert = page.find("role=\"alert\"").unwrap();
        assert!(alert < page.find("<textarea").unwrap());
        assert!(
            page.contains("has &#60;x&#62;") && page.contains("data-line=\"1\""),
            "{page}"
        );
        assert!(page.contains("SELECT * { ?s ?p"), "{page}");
    }

    #[test]
    fn examples_have_titles_in_both_languages() {
        assert_eq!(examples().len(), FILES.len());
        for example in examples() {
            assert!(
                !example.chinese.is_ascii() && example.english.is_ascii(),
                "{example:?}"
            );
            assert!(example.query.contains("SELECT"), "{example:?}");
        }
        let page = page(Language::Chinese, None, None);
        assert!(page.contains(examples()[0].chinese), "{page}");
    }
}
