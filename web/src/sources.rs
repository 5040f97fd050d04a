//! The page of all sources: how each stands, when it ran and when it runs next. Start at [`Sources`].

use crate::{
    Frame, Words,
    chart::Spark,
    moment::Moment,
    said::Said,
    source::{Badge, Trouble},
};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "sources.html")]
pub struct Sources {
    pub frame: Frame,
    pub house: Standing,
    pub sources: Vec<Line>,
    /// Who is told of changes.
    pub receivers: Vec<Receiver>,
    /// Of the operator's page: what was done, and what is asked for with every form.
    pub acting: Option<crate::operator::Acting>,
}

/// How the daemon itself stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    pub ready: bool,
    /// Why not, or in what state.
    pub why: String,
    /// The newest activity that is published, as `generation-sequence`, and when it was.
    pub published: Option<(String, Option<Moment>)>,
    /// Corrections by hand: how they stand, and how many do.
    pub overrides: Vec<(String, u64)>,
    /// Of what was said of datasets: open, accepted, declined.
    pub feedback: Option<[u64; 3]>,
    /// Records of several sources, the datasets they are about, pairs listed for a person.
    pub identity: Option<[u64; 3]>,
}

impl Standing {
    /// Something is there to be told beside that it is ready.
    fn has_more(&self) -> bool {
        !self.overrides.is_empty() || self.feedback.is_some() || self.identity.is_some()
    }
}

/// A source in the list.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub id: String,
    pub title: Said,
    pub kind: String,
    pub badges: Vec<Badge>,
    pub trouble: Option<Trouble>,
    /// What a run under way is doing.
    pub running: Option<String>,
    pub last: Option<Moment>,
    pub next: Next,
    pub holds: u64,
    pub trend: Spark,
    /// Deletions that wait for a person.
    pub held: u64,
}

/// When a source runs by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next {
    At(Moment),
    /// Its time has come.
    Soon,
    Paused,
    Off,
    /// It hands in its records itself.
    Pushes,
    #[default]
    ByHand,
}

impl Next {
    pub fn say(&self, words: &Words) -> String {
        match self {
            Self::At(moment) => moment.shown.clone(),
            Self::Soon => words.say("next-soon").to_owned(),
            Self::Paused => words.say("next-paused").to_owned(),
            Self::Off => words.say("next-off").to_owned(),
            Self::Pushes => words.say("next-pushes").to_owned(),
            Self::ByHand => words.say("next-by-hand").to_owned(),
        }
    }
}

/// A receiver of changes, as everybody may see it.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    pub id: String,
    pub cursor: Option<String>,
    pub lag: Option<u64>,
    pub tries: u64,
    pub given_up: u64,
    /// Why nothing is sent any more, or what went wrong last. None: all is well.
    pub trouble: Option<String>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, source::Tint};

    fn page(language: Language) -> String {
        let words = Words(language);
        let page = Sources {
            frame: Frame {
                words,
                title: words.say("sources-title").to_owned(),
                path: "/sources".to_owned(),
                ..Frame::default()
            },
            house: Standing {
                ready: true,
                published: Some(("1-42".to_owned(), Moment::of_ms(0))),
                overrides: vec![("in force".to_owned(), 2)],
                ..Standing::default()
            },
            sources: vec![Line {
                id: "moi".to_owned(),
                title: Said::english("Interior <script>alert(1)</script>"),
                kind: "ckan".to_owned(),
                badges: vec![Badge::new(Tint::Bad, words.say("state-sick"))],
                trouble: Some(Trouble {
                    code: "slow".to_owned(),
                    what: Said::english("the source \"answers\" too slowly"),
                    seen: "12 s".to_owned(),
                    ..Trouble::default()
                }),
                last: Moment::of_ms(0),
                next: Next::Paused,
                holds: 52_547,
                trend: Spark::new("x".to_owned(), vec![1.0, 2.0]),
                held: 40,
                ..Line::default()
            }],
            receivers: vec![Receiver {
                id: "library".to_owned(),
                trouble: Some("<b>".to_owned()),
                ..Receiver::default()
            }],
            acting: None,
        };
        page.render().unwrap()
    }

    #[test]
    fn the_page_says_how_each_source_stands_in_both_languages() {
        let english = page(Language::English);
        for wanted in [
            "lang=\"en\"",
            "href=\"/sources/moi\"",
            "Interior &#60;script&#62;",
            "52,547",
            "1970-01-01 08:00",
            "datetime=\"1970-01-01T00:00:00Z\"",
            "paused",
            "40",
            "&#60;b&#62;",
            "aria-current=\"page\"",
        ] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        assert!(!english.contains("<script>") && !english.contains("style="));
        let chinese = page(Language::Chinese);
        for wanted in [
            "lang=\"zh-Hant\"",
            "已暫停",
            "資料來源",
            "lang=\"en\">Interior",
        ] {
            assert!(chinese.contains(wanted), "{wanted}: {chinese}");
        }
        assert_eq!(english.matches("<h1").count(), 1);
        assert!(!english.contains("<form"), "nobody acts here");
    }
}
