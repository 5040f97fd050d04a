//! Every public door, for people who write programs. Start at [`Doors`].

use crate::{Frame, Template};

#[derive(Debug, Default, Template)]
#[template(path = "doors.html")]
pub struct Doors {
    pub frame: Frame,
    pub groups: Vec<Group>,
}

/// Doors that belong together. All words of them are English, as in the document for programs.
#[derive(Debug, Default)]
pub struct Group {
    pub name: &'static str,
    pub operations: Vec<Operation>,
}

#[derive(Debug, Default)]
pub struct Operation {
    /// `GET`
    pub verb: String,
    /// `/sources/{id}`
    pub path: String,
    pub summary: &'static str,
    /// Whether a token is needed, in words; empty: none is.
    pub token: &'static str,
    /// Media types of bodies that are taken.
    pub takes: String,
    /// Name, place and meaning of each parameter.
    pub parameters: Vec<[String; 3]>,
    /// Status, media types and meaning of each answer.
    pub answers: Vec<[String; 3]>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_door_tells_what_it_takes_and_gives_and_nothing_breaks_out() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let page = Doors {
            frame: Frame {
                prefix: "/open".to_owned(),
                ..Frame::default()
            },
            groups: vec![Group {
                name: "The house",
                operations: vec![Operation {
                    verb: "GET".to_owned(),
                    path: "/sources/{id}".to_owned(),
                    parameters: vec![row(["id", "path, needed", "<b>"])],
                    answers: vec![row(["200", "text/html", "What was asked for."])],
                    ..Operation::default()
                }],
            }],
        };
        let text = page.render().unwrap();
        for wanted in [
            "href=\"/open/openapi.json\"",
            "/sources/{id}",
            "&#60;b&#62;",
            "path, needed",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert!(
            !text.contains("<b>") && text.contains("lang=\"en\""),
            "{text}"
        );
    }
}
