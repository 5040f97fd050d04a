//! What people say of datasets, and the form by which they do; again where what they sent could not be taken. Start at
//! [`Feedback`].

use crate::{Frame, Template, moment::Moment, said::Said, values::Link};

#[derive(Debug, Default, Template)]
#[template(path = "feedback.html")]
pub struct Feedback {
    pub frame: Frame,
    /// Why a form was not taken.
    pub wrong: Option<Wrong>,
    pub form: Option<Form>,
    pub remarks: Vec<Remark>,
    /// Where there is more.
    pub next: Option<String>,
}

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The IRI of the dataset.
    pub dataset: String,
    pub text: String,
    pub who: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrong {
    /// The fields that are meant; none: it is something else.
    pub fields: Vec<String>,
    /// What was found and what was expected, in English.
    pub detail: String,
}

impl Wrong {
    /// The keys of the words that tell it.
    fn keys(&self) -> Vec<&'static str> {
        let key = |field: &String| match field.as_str() {
            "text" => "feedback-wrong-text",
            "who" => "feedback-wrong-who",
            _ => "feedback-wrong",
        };
        let mut keys: Vec<_> = self.fields.iter().map(key).collect();
        keys.dedup();
        match keys.is_empty() {
            true => vec!["feedback-wrong"],
            false => keys,
        }
    }

    pub fn is_of(&self, field: &str) -> bool {
        self.fields.iter().any(|known| known == field)
    }
}

/// One thing that was said, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    pub number: u64,
    pub href: String,
    /// In words.
    pub kind: String,
    /// `open`, `accepted` or `declined`.
    pub status: &'static str,
    pub dataset: Link,
    pub text: Said,
    /// From 1 to 5.
    pub rating: Option<u8>,
    /// What should be what, in words.
    pub correction: Option<String>,
    pub who: String,
    pub when: Option<Moment>,
    /// Why it was judged as it was.
    pub why: String,
}

impl Remark {
    fn status_key(&self) -> String {
        format!("feedback-{}", self.status)
    }

    fn tint(&self) -> &'static str {
        match self.status {
            "accepted" => "good",
            "declined" => "fair",
            _ => "",
        }
    }

    fn is_withheld(&self) -> bool {
        self.text.text.is_empty() && self.rating.is_none() && self.correction.is_none()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Words};

    fn frame(language: Language) -> Frame {
        Frame {
            words: Words(language),
            prefix: "/open".to_owned(),
            title: "Feedback".to_owned(),
            ..Frame::default()
        }
    }

    #[test]
    fn what_was_typed_is_kept_beside_what_is_wrong_with_it() {
        let page = Feedback {
            frame: frame(Language::Chinese),
            wrong: Some(Wrong {
                fields: vec!["who".to_owned()],
                detail: "who: an address <x>".to_owned(),
            }),
            form: Some(Form {
                dataset: "https://a.example/1".to_owned(),
                text: "</textarea><script>".to_owned(),
                who: "\"><script>".to_owned(),
            }),
            ..Feedback::default()
        };
        let text = page.render().unwrap();
        for wanted in [
            "role=\"alert\"",
            "value=\"https://a.example/1\"",
            "&#60;/textarea&#62;&#60;script&#62;</textarea>",
            "value=\"&#34;&#62;&#60;script&#62;\"",
            "aria-invalid=\"true\"",
            "action=\"/open/feedback\"",
            "an address &#60;x&#62;",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert_eq!(text.matches("aria-invalid").count(), 1);
        assert!(
            !text.contains("<script>") && !text.contains(">feedback-"),
            "{text}"
        );
    }

    #[test]
    fn what_was_said_is_text_in_both_languages() {
        for language in Language::ALL {
            let remark = Remark {
                number: 7,
                href: "/open/feedback/7".to_owned(),
                kind: "remark".to_owned(),
                status: "declined",
                dataset: Link::out(Said::of("javascript:x"), "javascript:x"),
                text: Said::new("<b>", "de"),
                rating: Some(3),
                who: "<i>".to_owned(),
                when: Moment::of_ms(0),
                ..Remark::default()
            };
            let withheld = Remark {
                status: "open",
                ..Remark::default()
            };
            assert!(withheld.is_withheld() && !remark.is_withheld());
            let page = Feedback {
                frame: frame(language),
                remarks: vec![remark, withheld],
                next: Some("/open/feedback?after=8".to_owned()),
                ..Feedback::default()
            };
            let text = page.render().unwrap();
            for wanted in [
                "lang=\"de\">&#60;b&#62;",
                "&#60;i&#62;",
                "after=8",
                "1970-01-01",
            ] {
                assert!(text.contains(wanted), "{wanted}: {text}");
            }
            for never in ["<b>", "<i>", "href=\"javascript:", ">feedback-", "style="] {
                assert!(!text.contains(never), "{never}: {text}");
            }
        }
    }
}
