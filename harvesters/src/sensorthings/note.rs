//! What a question carries to its answer: how far the run has come. Start at [`Step`].
//!
//! Every field is bounded, so that the whole stays under the 4 kB that the contract allows; a test fills them all.

use super::{expand::Checked, find::Found, gather::Gathering};
use serde::{Deserialize, Serialize};

/// Raised whenever a note means anything else: kept answers of another version cannot be read again.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) v: u32,
    pub(super) step: Step,
}

impl Note {
    pub(super) fn new(step: Step) -> Self {
        Self { v: VERSION, step }
    }
}

/// The questions of a run, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Step {
    Root,
    /// Does the service understand the question as it is asked, and does it filter?
    Manner(Facts),
    /// A few Datastreams, and the last of them alone: is `$expand` to be believed?
    Few(Facts),
    Alone(Checked),
    /// Has it any Observation, and do its Datastreams know their times?
    Observations(Facts),
    Csv(Facts),
    GeoJson(Facts),
    /// The walk that finds the pairs of group and observed property.
    Find(Found),
    /// The walk through the Datastreams of one pair.
    Gather(Box<Gathering>),
    /// The first Observation of a pair whose Datastreams do not know their times, and the last.
    Earliest(Box<Gathering>),
    Latest(Box<Gathering>),
}

/// What was found out about the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) version: Version,
    /// Index of the form in which questions are asked: [`super::ask::MANNERS`].
    pub(super) manner: usize,
    pub(super) csv: bool,
    pub(super) geo_json: bool,
    /// Is there any Observation? None: it did not say.
    pub(super) observations: Option<bool>,
    /// Do Datastreams that have Observations know their `phenomenonTime`?
    pub(super) times: bool,
}

impl Facts {
    pub(super) fn of(version: Version) -> Self {
        Self {
            version,
            manner: 0,
            csv: false,
            geo_json: false,
            observations: None,
            times: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Version {
    #[serde(rename = "1.0")]
    V1_0,
    #[serde(rename = "1.1")]
    V1_1,
}
