//! An error, for people: what happened, and what to do. Start at [`Trouble`].

use crate::{Frame, Template};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "trouble.html")]
pub struct Trouble {
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code, kebab-case and stable.
    pub code: String,
    /// What was found and what was expected, in English.
    pub detail: String,
}

impl Trouble {
    /// The key of the words for a status.
    fn kind(status: u16) -> &'static str {
        match status {
            400 => "trouble-400",
            401 | 403 => "trouble-403",
            404 => "trouble-404",
            406 => "trouble-406",
            410 => "trouble-410",
            429 => "trouble-429",
            503 => "trouble-503",
            504 => "trouble-504",
            other if other / 100 == 4 => "trouble-4xx",
            _ => "trouble-500",
        }
    }

    /// What happened, in words.
    pub fn heading(frame: &Frame, status: u16) -> String {
        frame.words.say(Self::kind(status)).to_owned()
    }

    /// What to do.
    fn advice(&self) -> &str {
        let key = match self.status {
            404 | 410 if self.frame.operator => "advice-mend",
            404 | 410 => "advice-search",
            429 | 503 | 504 => "advice-wait",
            500.. => "advice-tell",
            _ => "advice-mend",
        };
        self.frame.words.say(key)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Words};

    #[test]
    fn every_status_has_words_in_both_languages_and_details_are_text() {
        for language in Language::ALL {
            for status in [400, 401, 403, 404, 405, 406, 410, 422, 429, 500, 503, 504] {
                let frame = Frame {
                    words: Words(language),
                    ..Frame::default()
                };
                let heading = Trouble::heading(&frame, status);
                assert!(!heading.starts_with("trouble-"), "{heading}");
                let page = Trouble {
                    frame: Frame {
                        title: heading.clone(),
                        ..frame
                    },
                    status,
                    code: "no-such".to_owned(),
                    detail: "<script>alert(1)</script>".to_owned(),
                };
                assert!(!page.advice().starts_with("advice-"), "{}", page.advice());
                let text = page.render().unwrap();
                assert!(text.contains(&heading) && !text.contains("<script>alert"));
                assert!(text.contains("lang=\"en\">&#60;script"), "{text}");
            }
        }
    }
}
