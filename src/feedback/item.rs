//! One thing that was said, with where it came from and what became of it. Start at [`Item`].

use super::said::{Kind, Said};
use crate::log::date_time;
use serde::{Deserialize, Serialize};

/// What everybody may know of it. Has nothing by which a person could be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// From 1 on, without gaps, in the order of arrival.
    pub id: u64,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The centre whose token it was sent with; none: somebody without one.
    pub sender: Option<String>,
    pub said: Said,
    /// Who published the dataset then.
    pub publishers: Vec<Publisher>,
    /// Whose records held it then.
    pub sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    pub iri: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// What the operator decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub verdict: Verdict,
    pub who: String,
    pub why: String,
    pub at_ms: i64,
    /// The override that it became, by its id.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<String>,
    /// What was said is not shown any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Accepted,
    Declined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Open,
    Accepted,
    Declined,
}

impl Status {
    pub const ALL: [Status; 3] = [Self::Open, Self::Accepted, Self::Declined];

    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl Item {
    pub fn status(&self) -> Status {
        match self.judged.as_ref().map(|judged| judged.verdict) {
            None => Status::Open,
            Some(Verdict::Accepted) => Status::Accepted,
            Some(Verdict::Declined) => Status::Declined,
        }
    }

    /// When something was last said or decided, in milliseconds since 1970.
    pub fn updated_ms(&self) -> i64 {
        self.judged
            .as_ref()
            .map_or(self.at_ms, |judged| judged.at_ms)
    }

    pub fn iri(&self, base: &str) -> String {
        format!("{base}feedback/{}", self.id)
    }

    /// What may be shown of what was said: all of it, unless the operator withholds it.
    pub fn shown(&self) -> Said {
        if self.judged.as_ref().is_some_and(|judged| judged.withheld) {
            return Said::nothing(&self.said.dataset, self.said.kind);
        }
        self.said.clone()
    }
}

/// An item in our own JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    pub id: u64,
    pub iri: String,
    pub status: Status,
    pub received: String,
    pub sender: Option<String>,
    #[serde(flatten)]
    pub said: Said,
    pub publishers: Vec<Publisher>,
    pub sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<ShownJudged>,
    /// For the operator alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownJudged {
    pub when: String,
    pub who: String,
    pub why: String,
    /// The IRI of the override that it became, in graph `overrides`.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

impl Shown {
    /// As everybody may see it.
    pub fn of(item: &Item, base: &str) -> Self {
        let judged = item.judged.as_ref().map(|judged| ShownJudged {
            when: date_time(judged.at_ms * 1_000),
            who: judged.who.clone(),
            why: judged.why.clone(),
            corrected_by: override_iri(base, judged),
            withheld: judged.withheld,
        });
        Self {
            id: item.id,
            iri: item.iri(base),
            status: item.status(),
            received: date_time(item.at_ms * 1_000),
            sender: item.sender.clone(),
            said: item.shown(),
            publishers: item.publishers.clone(),
            sources: item.sources.clone(),
            judged,
            contact: None,
        }
    }
}

/// The override's IRI in graph `overrides`.
pub(super) fn override_iri(base: &str, judged: &Judged) -> Option<String> {
    let id = judged.corrected_by.as_ref()?;
    Some(format!("{base}override/{id}"))
}

/// What is asked for; nothing said is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The IRI of what it is said of.
    pub dataset: Option<String>,
    /// IRI or name.
    pub publisher: Option<String>,
    /// The id of a source that has the dataset.
    pub source: Option<String>,
    /// The id of the centre that sent it.
    pub sender: Option<String>,
    pub status: Option<Status>,
    pub kind: Option<Kind>,
}

impl Filter {
    /// Whose the datasets are by now has to be known.
    pub fn needs_holdings(&self) -> bool {
        self.publisher.is_some() || self.source.is_some()
    }

    /// `now` is what is known of the item's dataset by now. What was known when it was said counts as well: it may be
    /// gone by now, or another's.
    pub fn fits(&self, item: &Item, now: Option<&super::Held>) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        let is_dataset = is(&self.dataset, &item.said.dataset)
            || now
                .and_then(|now| now.kept.as_deref())
                .is_some_and(|kept| is(&self.dataset, kept));
        let published_by = |wanted: &str, all: &[Publisher]| {
            all.iter()
                .any(|p| p.iri == wanted || p.names.iter().any(|name| name == wanted))
        };
        let of_publisher = self.publisher.as_deref().is_none_or(|wanted| {
            published_by(wanted, &item.publishers)
                || now.is_some_and(|now| published_by(wanted, &now.publishers))
        });
        let of_source = self.source.as_ref().is_none_or(|wanted| {
            item.sources.contains(wanted) || now.is_some_and(|now| now.sources.contains(wanted))
        });
        is_dataset
            && of_publisher
            && of_source
            && (self.sender.is_none() || self.sender == item.sender)
            && self.status.is_none_or(|status| status == item.status())
            && self.kind.is_none_or(|kind| kind == item.said.kind)
    }
}
