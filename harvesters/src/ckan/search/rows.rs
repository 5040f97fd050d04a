//! The rows of one page, as they stream by: each is handed out, and its place in the order is checked.
//!
//! Start reading at [`Rows::row`].

use super::{STOPPED, Said, Walk, modified, walk::STEPS_BACK_MAX};
use crate::{
    Location, Page,
    ckan::{Ckan, package},
    json_slices::Found,
};
use harvestd_vocab::Refusal;
use serde_json::Value;
use std::{collections::HashSet, ops::ControlFlow::Continue};

/// A longer id has no place in the order: a note must hold the last one, escaped.
const ORDERED_BYTES_MAX: usize = 500;

pub(super) struct Rows<'a> {
    ckan: &'a Ckan,
    walk: Walk,
    page: &'a mut dyn Page,
    /// The ids of this page.
    met: HashSet<String>,
    /// The id before, in this page.
    before: Option<String>,
    joined: Joined,
    arrived: Arrived,
    fingerprint: Fingerprint,
    end: End,
}

/// Does the page begin with what the page before ended with?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// No id has been met that could tell.
    Unknown,
    /// Row by row: the first `overlap` rows are known.
    Exactly,
    /// It begins earlier: rows moved back, none was skipped.
    Loosely,
}

enum End {
    Whole,
    Stopped,
    StepBack,
}

/// What a page brought.
#[derive(Default)]
pub(super) struct Arrived {
    /// Packages that had not come before.
    pub(super) new: u64,
    /// Rows after the last id, counting its own: what the next page should begin with.
    pub(super) trailing: u64,
    /// The highest id so far, where ids rise.
    pub(super) last: Option<String>,
    pub(super) sorted: bool,
    pub(super) gap: bool,
    /// Packages older than the filter for changes allows.
    pub(super) older: u64,
    /// Of the ids in their order: two pages with the same one are the same page.
    pub(super) fingerprint: u64,
}

pub(super) enum Read {
    Whole(Arrived),
    /// The run wants no more.
    Stopped,
    /// Rows may have been skipped: this is to be asked instead, and the rest of the answer was not read.
    StepBack(Walk),
    /// The same, and the answer was read whole.
    NotJoined(Walk),
}

impl<'a> Rows<'a> {
    pub(super) fn new(ckan: &'a Ckan, walk: Walk, page: &'a mut dyn Page) -> Self {
        let joined = if walk.start == 0 || !walk.sorted || walk.last.is_none() {
            Joined::Loosely
        } else {
            Joined::Unknown
        };
        let arrived = Arrived {
            last: walk.last.clone(),
            sorted: walk.sorted,
            trailing: 1,
            ..Arrived::default()
        };
        Self {
            ckan,
            walk,
            page,
            met: HashSet::new(),
            before: None,
            joined,
            arrived,
            fingerprint: Fingerprint::default(),
            end: End::Whole,
        }
    }

    pub(super) fn end(mut self) -> Read {
        match self.end {
            End::Stopped => Read::Stopped,
            End::StepBack => Read::StepBack(self.step_back()),
            // Not even the row that was there before: the catalogue has shrunk below the walk's place.
            End::Whole
                if self.joined == Joined::Unknown && self.walk.steps_back < STEPS_BACK_MAX =>
            {
                Read::NotJoined(self.step_back())
            }
            End::Whole => {
                self.arrived.gap |= self.joined == Joined::Unknown;
                self.arrived.fingerprint = self.fingerprint.finish();
                Read::Whole(self.arrived)
            }
        }
    }

    /// Twice as far as the time before.
    fn step_back(self) -> Walk {
        let mut walk = self.walk;
        walk.start = walk
            .start
            .saturating_sub((self.ckan.options.rows / 2).max(1) << walk.steps_back);
        walk.overlap = 0;
        walk.steps_back += 1;
        walk.stepped_back = true;
        walk
    }

    pub(super) fn row(&mut self, found: Found<'_>) -> Said {
        let at = found.at();
        let said = match found {
            Found::Element(slice) => self.element(at, slice.index, slice.raw),
            Found::TooLarge { index, bytes, .. } => self.without_id(index, |rows| {
                let expected = format!("at most {} bytes", rows.ckan.record_bytes_max);
                rows.page.refused(
                    at,
                    Refusal::new(
                        "record-too-large",
                        "package",
                        &format!("{bytes} bytes"),
                        expected,
                    ),
                )
            }),
        };
        if said.is_break() && matches!(self.end, End::Whole) {
            self.end = End::Stopped;
        }
        said
    }

    fn element(&mut self, at: Location, index: u64, raw: &[u8]) -> Said {
        let value: Value = serde_json::from_slice(raw).unwrap_or_default();
        let Some(id) = package::record_id(&value).ok().map(|id| id.key) else {
            return self.without_id(index, |rows| rows.ckan.hand_out(at, raw, rows.page));
        };
        self.fingerprint.add(&id);
        self.join(index, &id)?;
        let known_row = self.joined == Joined::Exactly && index < self.walk.overlap;
        let known_id = self.walk.sorted && self.walk.last.as_ref().is_some_and(|last| id <= *last);
        if self.before.as_ref().is_some_and(|before| id < *before) {
            self.arrived.sorted = false;
        }
        self.arrived.trailing = 1;
        self.before = Some(id.clone());
        if known_row || (known_id && self.walk.stepped_back) {
            return Continue(());
        }
        if id.len() > ORDERED_BYTES_MAX {
            self.arrived.sorted = false;
        } else if self.arrived.last.as_ref().is_none_or(|last| id > *last) {
            self.arrived.last = Some(id.clone());
        }
        self.arrived.new += u64::from(self.met.insert(id) && !known_id);
        if let (Some(changes), Some(modified)) = (&self.walk.changes, modified(&value)) {
            self.arrived.older += u64::from(modified < changes.from);
        }
        self.ckan.hand_out(at, raw, self.page)
    }

    /// A row whose id cannot be told has no place in the order; it is handed out unless the page before had it.
    fn without_id(&mut self, index: u64, hand_out: impl FnOnce(&mut Self) -> Said) -> Said {
        self.arrived.trailing += 1;
        if self.joined == Joined::Exactly && index < self.walk.overlap {
            return Continue(());
        }
        self.arrived.new += 1;
        hand_out(self)
    }

    /// Compares the first id of the page with the last one before it.
    fn join(&mut self, index: u64, id: &str) -> Said {
        let (Joined::Unknown, Some(last)) = (self.joined, self.walk.last.as_deref()) else {
            return Continue(());
        };
        if id <= last {
            let exactly = index == 0 && id == last && !self.walk.stepped_back;
            self.joined = if exactly {
                Joined::Exactly
            } else {
                Joined::Loosely
            };
            return Continue(());
        }
        if self.walk.steps_back < STEPS_BACK_MAX {
            self.end = End::StepBack;
            return STOPPED;
        }
        self.joined = Joined::Loosely;
        self.arrived.gap = true;
        Continue(())
    }
}

#[derive(Default)]
struct Fingerprint(blake3::Hasher);

impl Fingerprint {
    fn add(&mut self, id: &str) {
        self.0.update(id.as_bytes());
        self.0.update(&[0]);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        hash.as_bytes()
            .iter()
            .take(8)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}
