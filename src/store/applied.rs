//! What applying a run's changes did, and how it is to be done: counts, without the store. Start at [`Applied`].

use super::replaced::Run;
use harvestd_vocab::Class;
use std::collections::BTreeMap;

/// How a run's changes are applied.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Work out what would change and commit nothing.
    pub dry: bool,
    /// Most of the staged records are new to the store: worth a bulk load, if there are enough of them.
    pub mostly_new: bool,
    /// The run under whose name what is replaced is kept. None: it is not kept.
    pub run: Option<Run>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    New,
    Changed,
    Unchanged,
}

/// Records of one class, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    pub by_class: BTreeMap<Class, Tally>,
    /// First and last sequence number, if there were activities.
    pub activities: Option<(u64, u64)>,
    /// Changed quads.
    pub quads: u64,
    /// New or changed records that are kept in a graph of their own, since another source's record is the winner.
    pub losers: u64,
}

impl Applied {
    pub(super) fn count(&mut self, class: Class, outcome: Outcome) {
        let tally = self.by_class.entry(class).or_default();
        match outcome {
            Outcome::New => tally.new += 1,
            Outcome::Changed => tally.changed += 1,
            Outcome::Unchanged => tally.unchanged += 1,
        }
    }

    /// With what was done after it.
    pub fn add(&mut self, later: &Self) {
        if let Some((first, last)) = later.activities {
            self.logged(first, last);
        }
        self.quads += later.quads;
    }

    pub(super) fn logged(&mut self, first: u64, last: u64) {
        self.activities = Some(self.activities.map_or((first, last), |(f, _)| (f, last)));
    }
}
