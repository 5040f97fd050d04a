//! The operator's own pages: signing in, and what acting needs on any page. Start at [`SignIn`] and [`Acting`].

use crate::Frame;
use askama::Template;

/// What a page needs so that its reader may act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acting {
    /// Goes with every form: what does not bring it is not done.
    pub token: String,
    /// What was done last.
    pub notice: Option<Notice>,
    pub paused: bool,
    pub running: bool,
    /// It hands in its records itself.
    pub pushes: bool,
    /// Runs that can be taken back, newest first.
    pub undoable: Vec<Undoable>,
}

/// What became of something that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    pub good: bool,
    /// What was done, in the language of the page.
    pub text: String,
    /// Why it was not done, in the daemon's own words.
    pub detail: Option<String>,
}

/// A run that can be taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undoable {
    pub run: String,
    pub at: String,
    pub records: u64,
}

#[derive(Debug, Template)]
#[template(path = "sign-in.html")]
pub struct SignIn {
    pub frame: Frame,
    /// Why it did not work.
    pub refused: Option<String>,
    /// Where to go then: a path of ours.
    pub next: String,
}

/// Before a run is taken back: what that comes to.
#[derive(Debug, Template)]
#[template(path = "undo.html")]
pub struct Undo {
    pub frame: Frame,
    pub token: String,
    pub source: String,
    pub run: String,
    /// The runs that go, records that come back, records that go. None: it cannot be done so.
    pub comes_to: Option<(Vec<String>, u64, u64)>,
    /// Why it cannot.
    pub refused: Option<String>,
    /// Later runs go with it.
    pub with_later: bool,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Words};

    fn frame(language: Language) -> Frame {
        Frame {
            words: Words(language),
            prefix: "/operator".to_owned(),
            path: "/sign-in".to_owned(),
            operator: true,
            ..Frame::default()
        }
    }

    #[test]
    fn signing_in_is_a_form_with_a_label_and_no_way_to_others() {
        let page = SignIn {
            frame: frame(Language::Chinese),
            refused: Some("<no>".to_owned()),
            next: "/operator/sources/\"x".to_owned(),
        };
        let page = page.render().unwrap();
        for wanted in [
            "<label for=\"token\">",
            "type=\"password\"",
            "autocomplete=\"current-password\"",
            "role=\"alert\"",
            "&#60;no&#62;",
            "/operator/sources/&#34;x",
            "action=\"/operator/sign-in\"",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        for never in ["/operator/search", "/operator/sparql", "/operator/feed"] {
            assert!(!page.contains(never), "{never}: {page}");
        }
    }

    #[test]
    fn taking_back_says_what_it_comes_to_before_it_asks() {
        let page = |comes_to, refused| Undo {
            frame: frame(Language::English),
            token: "t0ken".to_owned(),
            source: "moi".to_owned(),
            run: "1-moi".to_owned(),
            comes_to,
            refused,
            with_later: false,
        };
        let fit = page(Some((vec!["1-moi".to_owned()], 3, 1_200)), None);
        let fit = fit.render().unwrap();
        assert!(
            fit.contains("1,200") && fit.contains("value=\"t0ken\""),
            "{fit}"
        );
        let unfit = page(None, Some("later runs built on it".to_owned()));
        let unfit = unfit.render().unwrap();
        assert!(unfit.contains("later runs built on it"), "{unfit}");
        assert!(
            unfit.contains("with_later=true") && !unfit.contains("<form method=\"post\""),
            "{unfit}"
        );
    }
}
