//! The page of one source: its state in words, its runs as pictures, the account of a run record by record, what is held,
//! and how it is asked. Start at [`Source`].

mod diagnosis;

pub use diagnosis::{Trouble, is_known_trouble};

use crate::{
    Frame,
    chart::{Columns, Lines},
    moment::Moment,
    operator::Acting,
    said::Said,
    sources::Next,
    values::followed,
};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "source.html")]
pub struct Source {
    pub frame: Frame,
    pub id: String,
    pub title: Said,
    pub badges: Vec<Badge>,
    pub trouble: Option<Trouble>,
    /// What a run under way is doing.
    pub running: Option<String>,
    pub holds: u64,
    pub last: Option<Run>,
    pub next: Next,
    /// How long a run takes, in words.
    pub expected: Option<String>,
    pub held: Option<Held>,
    /// Records that a person keeps although the source does not name them any more.
    pub kept: u64,
    /// What a run came to, run by run; how long it took; what is held after it.
    pub pictures: Option<Pictures>,
    pub runs: Vec<Run>,
    /// Where older runs are listed.
    pub older: Option<String>,
    pub account: Option<Account>,
    pub settings: Vec<Setting>,
    pub acting: Option<Acting>,
}

#[derive(Debug)]
pub struct Pictures {
    pub came: Columns,
    pub unchanged: Lines,
    pub took: Columns,
}

/// A word with a ground.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Badge {
    pub tint: Tint,
    pub text: String,
}

impl Badge {
    pub fn new(tint: Tint, text: impl Into<String>) -> Self {
        Self {
            tint,
            text: text.into(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tint {
    #[default]
    Plain,
    Good,
    Fair,
    Bad,
}

impl Tint {
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Bad => "bad",
        }
    }
}

/// One run in short.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub run: String,
    pub started: Option<Moment>,
    /// Who or what began it, in words.
    pub trigger: String,
    pub outcome: Badge,
    /// What is wrong, in the language of the page.
    pub what: Option<Said>,
    /// Why it is not complete, with the counts.
    pub why: Option<Said>,
    /// What does not add up.
    pub disagreements: Vec<String>,
    pub took: String,
    pub declared: Option<u64>,
    pub received: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub refused: u64,
    /// Filtered, duplicate or looped.
    pub left_out: u64,
    pub deleted: u64,
    pub held: u64,
}

/// Deletions that wait for a person.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Names the list: the same for the same records.
    pub list: String,
    /// What holds them, in the language of the page.
    pub cause: Option<&'static str>,
    pub why: Said,
    pub datasets: u64,
    pub others: u64,
    pub since: Option<Moment>,
    /// Runs in a row that left out exactly these.
    pub runs: u64,
    /// The account of the run that held them.
    pub rows: String,
    /// None are named where nobody may act.
    pub records: Vec<Record>,
    /// Records on the list that are not shown.
    pub more: u64,
}

/// A record that its source does not name any more.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub iri: String,
    pub key: String,
    pub title: Option<String>,
    /// Where it can be seen.
    pub page: Option<String>,
}

/// The account of a run: which rows, and where the others are.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub run: String,
    /// The fates there are: in words, how many rows have it, where they are, whether they are the ones shown.
    pub fates: Vec<Fate>,
    pub rows: Vec<Row>,
    /// The number of the first row that is shown, from 1, and of all with this fate.
    pub from: u64,
    pub all: u64,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// Rows that are counted and were not written.
    pub not_written: u64,
    /// The account in other forms: name and address.
    pub forms: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Default)]
pub struct Fate {
    pub name: String,
    pub rows: u64,
    pub address: String,
    pub chosen: bool,
}

/// A row of the account.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub fate: String,
    pub record: Option<String>,
    pub code: String,
    /// What the code means, where we have words for it.
    pub means: Option<&'static str>,
    pub path: String,
    pub found: String,
    /// In English.
    pub expected: String,
    /// What was expected where it has this code, and what to do, in the language of the page.
    pub mend: Option<&'static str>,
    /// Where in the answer, in words.
    pub place: String,
}

/// How the source is asked, in words.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    pub name: &'static str,
    pub value: String,
    /// Where it leads, if it is an address.
    pub link: Option<String>,
    /// It is code, not words.
    pub code: bool,
}

impl Record {
    fn address(&self) -> Option<&str> {
        followed(self.page.as_deref()?)
    }
}

impl Row {
    /// What was found is told in English, or is the source's own: nobody knows in which language that is.
    fn found_lang(&self) -> &'static str {
        match self.found.is_ascii() {
            true => "en",
            false => "",
        }
    }
}

impl Setting {
    fn address(&self) -> Option<&str> {
        followed(self.link.as_deref()?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        Language, Words,
        chart::{About, Series, Tone},
    };

    fn pictures(words: Words) -> Pictures {
        let about = |id: &str| About {
            id: id.to_owned(),
            title: "Runs".to_owned(),
            ..About::default()
        };
        let labels = vec!["01-01".to_owned(), "01-02".to_owned()];
        let series = || vec![Series::new("New", Tone::One, [1.0, 2.0])];
        Pictures {
            came: Columns::new(words, about("a"), labels.clone(), series()),
            unchanged: Lines::new(words, about("b"), labels.clone(), series()),
            took: Columns::new(words, about("c"), labels, series()),
        }
    }

    fn page(language: Language, acting: Option<Acting>) -> Source {
        let words = Words(language);
        let mut trouble = Trouble::of("too-much-gone", "more is missing", "look", language);
        let run = Run {
            run: "1-moi".to_owned(),
            started: Moment::of_ms(0),
            trigger: words.say("trigger-schedule").to_owned(),
            outcome: Badge::new(Tint::Good, words.say("outcome-complete")),
            what: Some(trouble.what.clone()),
            why: Some(Said::english("40 of 100 <absent>")),
            received: 1_000,
            ..Run::default()
        };
        trouble.seen = "40 of 100".to_owned();
        trouble.url = Some("javascript:alert(1)".to_owned());
        trouble.first_line = Some("<script>x".to_owned());
        Source {
            frame: Frame {
                words,
                title: "Interior".to_owned(),
                path: "/sources/moi".to_owned(),
                operator: acting.is_some(),
                ..Frame::default()
            },
            id: "moi".to_owned(),
            title: Said::english("Interior \"x\""),
            badges: vec![Badge::new(Tint::Bad, words.say("state-sick"))],
            trouble: Some(trouble),
            running: None,
            holds: 12,
            last: Some(run.clone()),
            next: Next::ByHand,
            expected: Some("2 min".to_owned()),
            held: Some(Held {
                list: "abc123".to_owned(),
                cause: Some("Too much <is> gone"),
                why: Said::english("40 absent"),
                datasets: 40,
                since: Moment::of_ms(0),
                runs: 1,
                records: vec![Record {
                    iri: "https://hub.example/record/moi/7".to_owned(),
                    key: "7".to_owned(),
                    title: Some("資料 <7>".to_owned()),
                    page: Some("javascript:x".to_owned()),
                }],
                more: 39,
                ..Held::default()
            }),
            kept: 2,
            pictures: Some(pictures(words)),
            runs: vec![run],
            older: Some("?before=1-moi".to_owned()),
            account: Some(Account {
                run: "1-moi".to_owned(),
                fates: vec![Fate {
                    name: words.say("fate-refused").to_owned(),
                    rows: 3,
                    address: "?fate=refused".to_owned(),
                    chosen: true,
                }],
                rows: vec![Row {
                    fate: words.say("fate-refused").to_owned(),
                    means: Some("It has no <title>"),
                    record: Some("a<b".to_owned()),
                    code: "no-title".to_owned(),
                    path: "$.title".to_owned(),
                    found: "\"<script>\"".to_owned(),
                    expected: "a title".to_owned(),
                    mend: Some("Give it a <title>"),
                    place: "12".to_owned(),
                }],
                from: 1,
                all: 3,
                next: Some("?from=51".to_owned()),
                forms: vec![("CSV", "/sources/moi/report/1-moi?format=csv".to_owned())],
                ..Account::default()
            }),
            settings: vec![Setting {
                name: words.say("set-address"),
                value: "javascript:alert(2)".to_owned(),
                link: Some("javascript:alert(2)".to_owned()),
                code: true,
            }],
            acting,
        }
    }

    #[test]
    fn the_page_tells_all_of_a_source_and_nothing_breaks_out() {
        let english = page(Language::English, None).render().unwrap();
        for wanted in [
            "more is missing",
            "40 of 100 &#60;absent&#62;",
            "abc123",
            "Too much &#60;is&#62; gone<br><span lang=\"en\">40 absent<",
            "no-title",
            "$.title",
            "<td lang=\"en\">&#34;&#60;script&#62;&#34;<",
            "<td>Give it a &#60;title&#62;<br><span class=\"small quiet\" lang=\"en\">a title<",
            "format=csv",
            "?before=1-moi",
            "1,000",
        ] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        for never in ["<script>", "href=\"javascript:", "style=", "<form"] {
            assert!(!english.contains(never), "{never}: {english}");
        }
        let chinese = page(Language::Chinese, None).render().unwrap();
        assert!(
            chinese.contains(
                "<br><span class=\"small\" lang=\"zh-Hant\">消失的資料超過可自動移除的數量<"
            ),
            "{chinese}"
        );
        assert!(chinese.contains("<h2 id=\"trouble\" lang=\"zh-Hant\">"));
        assert!(!chinese.contains("more is missing"));
        assert_eq!(chinese.matches("<h1").count(), 1);
    }

    #[test]
    fn who_may_act_has_forms_that_carry_the_session_s_token() {
        let acting = Acting {
            token: "t0ken".to_owned(),
            ..Acting::default()
        };
        let page = page(Language::English, Some(acting)).render().unwrap();
        let forms = page.matches("<form method=\"post\"").count();
        assert!(forms >= 5, "{page}");
        assert_eq!(
            page.matches("name=\"token\" value=\"t0ken\"").count(),
            forms
        );
        for wanted in ["name=\"list\" value=\"abc123\"", "資料 &#60;7&#62;"] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert!(!page.contains("href=\"javascript:"), "{page}");
    }
}
