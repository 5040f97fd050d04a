//! One row of a run's account: what became of one record, where it stands, and why.

use super::LOOPED;
use harvestd_harvesters::{Location, RecordId};
use harvestd_vocab::{Class, Finding, Refusal};
use serde::{Deserialize, Serialize};

/// What became of a record, or what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Not taken: `code`, `path`, `found` and `expected` say why.
    Refused,
    /// Not taken, and nobody can say which record it is.
    Unreadable,
    /// Left out, as the source's settings say.
    Filtered,
    /// Came once more in the same run: the first one counts.
    Duplicate,
    /// Came from us, and came back.
    Looped,
    /// Its deletion waits for a person.
    Held,
    /// Taken, but its publisher should know this of it.
    Finding,
    /// A remark on an answer as a whole: no record's.
    Remark,
}

impl Fate {
    pub const ALL: [Self; 8] = [
        Self::Refused,
        Self::Unreadable,
        Self::Filtered,
        Self::Duplicate,
        Self::Looped,
        Self::Held,
        Self::Finding,
        Self::Remark,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
            Self::Filtered => "filtered",
            Self::Duplicate => "duplicate",
            Self::Looped => "looped",
            Self::Held => "held",
            Self::Finding => "finding",
            Self::Remark => "remark",
        }
    }

    /// The fate of something that stands where a record should stand and cannot be one. A record that has no identifier
    /// was read; of what has no name for another reason, nobody knows which record it is.
    pub fn of_refused(at: &Location, why: &Refusal) -> Self {
        const OF_NAMES: [&str; 3] = ["no-identifier", "bad-identifier", "identifier-too-long"];
        match at.key {
            None if !OF_NAMES.contains(&why.code.as_str()) => Self::Unreadable,
            _ => Self::Refused,
        }
    }
}

/// One row of an account. What is unknown, or says nothing, is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub fate: Fate,
    /// What the record is about. None: the row is of no single record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The record's key at its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    pub code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// Where in the answer, as [`Location`] has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Row {
    fn new(fate: Fate, code: &str) -> Self {
        Self {
            fate,
            class: None,
            record: None,
            code: code.to_owned(),
            path: String::new(),
            found: String::new(),
            expected: String::new(),
            index: None,
            offset: None,
            line: None,
        }
    }

    fn of(fate: Fate, id: &RecordId, code: &str) -> Self {
        Self {
            class: Some(id.class),
            record: Some(id.key.clone()),
            ..Self::new(fate, code)
        }
    }

    /// Of what stands where a dataset should stand.
    pub fn refused_at(at: &Location, why: &Refusal) -> Self {
        Self {
            class: Some(Class::Dataset),
            record: at.key.clone(),
            index: at.index,
            offset: at.offset,
            line: at.line,
            ..Self::new(Fate::of_refused(at, why), &why.code).why(why)
        }
    }

    /// Of a record that could not be described.
    pub fn refused(id: &RecordId, why: &Refusal) -> Self {
        Self::of(Fate::Refused, id, &why.code).why(why)
    }

    fn why(mut self, why: &Refusal) -> Self {
        (self.path, self.found, self.expected) =
            (why.path.clone(), why.found.clone(), why.expected.clone());
        self
    }

    pub fn filtered(id: &RecordId, why: &str) -> Self {
        Self::of(Fate::Filtered, id, why)
    }

    pub fn duplicate(id: &RecordId) -> Self {
        Self::of(Fate::Duplicate, id, "duplicate-identifier")
    }

    /// `sign`: the IRI of ours that shows it.
    pub fn looped(id: &RecordId, sign: &str) -> Self {
        Self {
            found: sign.to_owned(),
            ..Self::of(Fate::Looped, id, LOOPED)
        }
    }

    /// `cause`: why the gate holds it, in one word.
    pub fn held(id: &RecordId, cause: &str) -> Self {
        Self::of(Fate::Held, id, cause)
    }

    pub fn finding(id: &RecordId, finding: &Finding) -> Self {
        Self {
            path: finding.path.clone(),
            found: finding.found.clone(),
            expected: finding.expected.clone(),
            ..Self::of(Fate::Finding, id, &finding.code)
        }
    }

    pub fn remark(code: &str, text: &str) -> Self {
        Self {
            found: text.to_owned(),
            ..Self::new(Fate::Remark, code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_can_name_is_unreadable() {
        let fate = |key: Option<&str>, code: &str| {
            let at = Location {
                key: key.map(str::to_owned),
                ..Location::default()
            };
            Row::refused_at(&at, &Refusal::new(code, "", "", "")).fate
        };
        assert_eq!(fate(None, "not-json"), Fate::Unreadable);
        assert_eq!(fate(Some("500"), "not-json"), Fate::Refused);
        assert_eq!(fate(None, "no-identifier"), Fate::Refused);
    }
}
