//! The page of what changed: the newest activities by day, with what is known of each. Start at [`Changes`].

use crate::{Frame, moment::Moment, said::Said};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "changes.html")]
pub struct Changes {
    pub frame: Frame,
    /// The newest activity that is published, as `generation-sequence`.
    pub head: String,
    pub days: Vec<Day>,
    /// Where older ones are.
    pub older: Option<String>,
    /// Where the newest are, on a page of older ones.
    pub newest: Option<String>,
}

/// The activities of a day, newest first.
#[derive(Debug, Clone, Default)]
pub struct Day {
    pub day: String,
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, Default)]
pub struct Change {
    pub verb: Verb,
    /// What sort of thing it is, in the words of the page.
    pub class: String,
    pub title: Option<Said>,
    /// IRI of the entity.
    pub iri: String,
    /// Where it is shown.
    pub page: Option<String>,
    pub moment: Option<Moment>,
    pub seq: u64,
    /// Where the activity itself is.
    pub activity: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verb {
    #[default]
    Create,
    Update,
    Delete,
}

impl Verb {
    /// The key of its word, and its ground.
    fn key(self) -> &'static str {
        match self {
            Self::Create => "verb-create",
            Self::Update => "verb-update",
            Self::Delete => "verb-delete",
        }
    }

    fn tint(self) -> &'static str {
        match self {
            Self::Create => "good",
            Self::Update => "",
            Self::Delete => "bad",
        }
    }
}

/// Activities in the order in which they are told, by the day on which they came.
pub fn by_day(changes: impl IntoIterator<Item = Change>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for change in changes {
        let day = change.moment.as_ref().map(Moment::day).unwrap_or_default();
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) => last.changes.push(change),
            None => days.push(Day {
                day: day.to_owned(),
                changes: vec![change],
            }),
        }
    }
    days
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Words};

    fn change(seq: u64, ms: i64, verb: Verb) -> Change {
        Change {
            verb,
            title: Some(Said::of(format!("<b>{seq}"))),
            iri: "javascript:alert(1)".to_owned(),
            moment: Moment::of_ms(ms),
            seq,
            activity: format!("/activity/1/{seq}"),
            ..Change::default()
        }
    }

    fn page(language: Language, newest: Option<String>) -> String {
        let words = Words(language);
        let day_ms = 86_400_000;
        let changes = [
            change(3, 2 * day_ms, Verb::Delete),
            change(2, day_ms + 5, Verb::Update),
            change(1, day_ms, Verb::Create),
        ];
        let page = Changes {
            frame: Frame {
                words,
                path: "/changes".to_owned(),
                ..Frame::default()
            },
            head: "1-3".to_owned(),
            days: by_day(changes),
            older: Some("/changes?before=1".to_owned()),
            newest,
        };
        page.render().unwrap()
    }

    #[test]
    fn activities_are_told_by_day_with_their_word() {
        let english = page(Language::English, None);
        for wanted in [
            "<span lang=\"\">&#60;b&#62;3<",
            "1970-01-03",
            "deleted",
            "href=\"/changes?before=1\"",
            "aria-live=\"polite\"",
            "data-follows=\"/changes\"",
        ] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        assert_eq!(english.matches("<h2").count(), 2, "{english}");
        assert!(!english.contains("href=\"javascript:") && !english.contains("<b>"));
        assert!(page(Language::Chinese, None).contains("移除"));
        let older = page(Language::English, Some("/changes".to_owned()));
        assert!(
            !older.contains("data-follows"),
            "what is old does not move: {older}"
        );
    }
}
