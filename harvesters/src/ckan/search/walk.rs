//! How far a walk has come, and what may be concluded when it ends.
//!
//! A walk is the whole memory of a run: it goes out with a question and comes back with the answer.
//! Start reading at [`Ckan::after_page`].

use super::{Ckan, Said, rows::Arrived};
use crate::{Bookmark, Completeness, Page, json_slices::Frame};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow::Continue;

/// How often a walk may step back in all before it gives up its claim to be complete.
pub(super) const STEPS_BACK_MAX: u32 = 8;

/// How often one page may come again in a row: insertions before the walk's place can do that, a portal that ignores
/// `start` does it for ever.
const REPEATS_MAX: u32 = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::ckan) struct Walk {
    /// The row that the page begins with.
    pub(super) start: u64,
    /// How many rows of the page the page before has ended with.
    pub(super) overlap: u64,
    /// The highest id so far. None before the first, and where the portal does not sort.
    pub(super) last: Option<String>,
    /// False: ids did not rise, so the portal does not sort by them.
    pub(super) sorted: bool,
    /// Rows so far, each package once.
    pub(super) seen: u64,
    /// What the portal declared first, and the least and most since.
    count: Option<Counts>,
    /// A page did not join the one before, and stepping back did not help.
    pub(super) gap: bool,
    pub(super) steps_back: u32,
    /// The page was asked for again from further back: rows that are known come again.
    pub(super) stepped_back: bool,
    pub(super) changes: Option<Changes>,
    /// The portal gave packages that the filter excludes; it has been said.
    filter_inexact: bool,
    /// The newest change when the run began.
    newest: Option<String>,
    /// How many packages there are without the filter for changes.
    total: Option<u64>,
    /// Pages that brought something new.
    pages: u32,
    /// Of the page before.
    fingerprint: Option<u64>,
    /// How often that page has come again.
    repeats: u32,
}

/// Only what was changed since the bookmark.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Changes {
    /// The bookmark less the overlap: what is asked for.
    pub(super) from: String,
    pub(super) since: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    latest: u64,
    least: u64,
    most: u64,
}

impl Walk {
    pub(super) fn new(
        changes: Option<Changes>,
        newest: Option<String>,
        total: Option<u64>,
    ) -> Self {
        Self {
            start: 0,
            overlap: 0,
            last: None,
            sorted: true,
            seen: 0,
            count: None,
            gap: false,
            steps_back: 0,
            stepped_back: false,
            changes,
            filter_inexact: false,
            newest,
            total,
            pages: 0,
            fingerprint: None,
            repeats: 0,
        }
    }

    pub(super) fn without_filter(self) -> Self {
        Self::new(None, self.newest, self.total)
    }

    fn note_count(&mut self, count: u64) {
        let had = self.count.unwrap_or(Counts {
            latest: count,
            least: count,
            most: count,
        });
        self.count = Some(Counts {
            latest: count,
            least: had.least.min(count),
            most: had.most.max(count),
        });
    }
}

impl Ckan {
    /// Draws the conclusions of a page that was read to its end.
    pub(super) fn after_page(
        &self,
        mut walk: Walk,
        arrived: Arrived,
        frame: &Frame,
        count: Option<u64>,
        page: &mut dyn Page,
    ) -> Said {
        let first = walk.start == 0 && walk.steps_back == 0;
        self.judge_count(&mut walk, count, page)?;
        let repeated = !first && walk.fingerprint == Some(arrived.fingerprint);
        let new = if repeated { 0 } else { arrived.new };
        walk.fingerprint = Some(arrived.fingerprint);
        walk.repeats = if repeated { walk.repeats + 1 } else { 0 };
        walk.seen += new;
        walk.pages += u32::from(new > 0);
        walk.sorted = walk.sorted && arrived.sorted;
        walk.gap = walk.gap || arrived.gap;
        if first && let Some(walk) = self.contradicted(&walk, frame, page)? {
            return page.next(self.ask_page(walk));
        }
        self.judge_filter(&mut walk, arrived.older, count, page)?;
        let more_declared = walk
            .count
            .is_some_and(|c| walk.start + frame.elements < c.latest);
        // A full page proves nothing about what follows it, whatever the portal counts.
        let full = frame.elements >= self.options.rows;
        // After a step back, or where packages were inserted before its place, a page may hold nothing new.
        let on_its_way = walk.sorted && walk.repeats < REPEATS_MAX && frame.elements > 1;
        if (new > 0 || on_its_way) && (more_declared || full) {
            let stepped_back = walk.stepped_back && new == 0;
            let next = self.next_place(walk, frame, &arrived);
            return page.next(self.ask_page(Walk {
                stepped_back,
                ..next
            }));
        }
        if repeated {
            let text = format!(
                "the page from row {} is the page before it again",
                walk.start
            );
            page.noticed("paging-ignored", text)?;
            walk.gap = true;
        }
        self.end_walk(&walk, page)
    }

    fn judge_count(&self, walk: &mut Walk, count: Option<u64>, page: &mut dyn Page) -> Said {
        let Some(count) = count else {
            return Continue(());
        };
        let had = walk.count.map(|c| c.latest);
        walk.note_count(count);
        if had == Some(count) {
            return Continue(());
        }
        page.declares(count)?;
        match had {
            Some(had) => page.noticed(
                "count-changed",
                format!("{had} packages declared, then {count}, while paging"),
            ),
            None => Continue(()),
        }
    }

    /// The last row with an id and what follows it is asked for again: so pages are seen to join.
    fn next_place(&self, mut walk: Walk, frame: &Frame, arrived: &Arrived) -> Walk {
        walk.overlap = if walk.sorted && arrived.trailing < frame.elements {
            arrived.trailing
        } else {
            0
        };
        walk.start += frame.elements - walk.overlap;
        walk.last.clone_from(&arrived.last);
        walk
    }

    /// A walk through everything, where the first page of changes contradicts what the portal said before.
    fn contradicted(
        &self,
        walk: &Walk,
        frame: &Frame,
        page: &mut dyn Page,
    ) -> std::ops::ControlFlow<crate::Stop, Option<Walk>> {
        let (Some(changes), Some(newest)) = (&walk.changes, &walk.newest) else {
            return Continue(None);
        };
        if frame.elements > 0 || *newest < changes.from {
            return Continue(None);
        }
        let text = format!(
            "no change since {}, though the newest is of {newest}; the whole catalogue is read",
            changes.from
        );
        page.noticed("filter-broken", text)?;
        Continue(Some(walk.clone().without_filter()))
    }

    /// Notices packages that the filter should have left out, and whether it leaves out any.
    fn judge_filter(
        &self,
        walk: &mut Walk,
        older: u64,
        count: Option<u64>,
        page: &mut dyn Page,
    ) -> Said {
        let Some(changes) = walk
            .changes
            .as_ref()
            .filter(|_| older > 0 && !walk.filter_inexact)
        else {
            return Continue(());
        };
        let asked = format!(
            "asked for changes since {}, {older} packages of the page are older",
            changes.from
        );
        walk.filter_inexact = true;
        if walk
            .total
            .is_some_and(|total| count.is_some_and(|count| count >= total))
        {
            // The same catalogue with or without it: read as what it is. The filter stays in the questions, so that
            // all pages are answers to one question.
            page.noticed(
                "filter-ignored",
                format!("{asked}: the whole catalogue came"),
            )
        } else {
            page.noticed("filter-inexact", asked)
        }
    }

    fn end_walk(&self, walk: &Walk, page: &mut dyn Page) -> Said {
        let counts = walk.count;
        let (least, most) = (counts.map(|c| c.least), counts.map(|c| c.most));
        let lies = match (least, most) {
            (Some(least), _) if walk.seen < least => true,
            (_, Some(most)) if walk.seen > most => true,
            (None, _) => true,
            _ => false,
        };
        if lies {
            let declared = counts.map_or_else(
                || "no count".to_owned(),
                |c| format!("{} packages", c.latest),
            );
            page.noticed(
                "count-lies",
                format!("{declared} declared, {} different ones came", walk.seen),
            )?;
        }
        if walk.gap && walk.repeats == 0 {
            let text = format!(
                "packages were deleted while paging, and {STEPS_BACK_MAX} steps back did not close the gap"
            );
            page.noticed("catalogue-moved", text)?;
        }
        let ordered = walk.sorted || walk.pages <= 1;
        if !ordered {
            let text = "the portal does not sort by id, so its pages may overlap or skip: no deletion is inferred; with mode = \"list\" its catalogue can be proved whole";
            page.noticed("sort-ignored", text.to_owned())?;
        }
        let proven = !walk.gap && ordered && least.is_some_and(|least| walk.seen >= least);
        if !proven {
            return Continue(());
        }
        let whole = walk.changes.is_none()
            || (walk.filter_inexact && walk.total.is_some_and(|total| walk.seen >= total));
        page.complete(if whole {
            Completeness::LastPage
        } else {
            Completeness::Changes
        })?;
        let since = walk.changes.as_ref().map(|c| c.since.clone());
        match walk.newest.clone().max(since) {
            Some(newest) => page.bookmark(Bookmark(format!("{newest}Z"))),
            None => Continue(()),
        }
    }
}
