//! What is wrong with a source, told apart: each ailment has a name, words for the operator, and what was seen of it.
//!
//! Asks nobody and changes nothing: what a run came to goes in, a [`Diagnosis`] comes out. All that can be said is in one
//! closed table ([`Ailment::ALL`], [`table`]). Start at [`of_run`]; what becomes of a source that is sick is in [`health`].

pub mod health;
mod judge;
mod table;

pub use judge::{Course, Symptom, of_error, of_run};
pub use table::Ailment;

use serde::{Deserialize, Serialize};

/// What is wrong, what was seen of it, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    pub code: Ailment,
    /// What it is, in a sentence.
    pub what: String,
    pub seen: Seen,
    /// What to do about it.
    #[serde(rename = "do")]
    pub advice: String,
    /// The run did not do what it should have done. False: it went round the trouble, or the trouble is about to come.
    pub grave: bool,
}

/// What was seen. Nothing in it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// In words: what was asked, found and expected; counts.
    pub text: String,
    /// The address that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The HTTP status that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The title of the page that came, or its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_line: Option<String>,
}

impl Diagnosis {
    pub fn new(code: Ailment, seen: Seen) -> Self {
        Self {
            code,
            what: code.what().to_owned(),
            seen,
            advice: code.advice().to_owned(),
            grave: true,
        }
    }

    /// The same, where the run did what it should.
    pub fn mild(self) -> Self {
        Self {
            grave: false,
            ..self
        }
    }

    /// In two lines, for logs and terminals: what it is and what was seen; what to do.
    pub fn lines(&self) -> [String; 2] {
        let mut seen = self.seen.text.clone();
        if let Some(line) = self.seen.first_line.as_ref().filter(|l| !l.is_empty()) {
            seen.push_str(&format!("; the page says {line:?}"));
        }
        [
            format!("{}: {} ({seen})", self.code.name(), self.what),
            self.advice.clone(),
        ]
    }
}
