//! Page after page, and what may be concluded when they end.
//!
//! **The end.** A page without records ends the walk, and so does the page with which as many have come as the source
//! declares, unless it is a full one: then the declaration may be too low, and the next page is looked at. The same page
//! again ends it too: the source does not page, or gives its last page for ever.
//!
//! **The proof.** Everything was seen where the walk ended by itself and at least as many records came as were declared.
//! A declared number that was not reached, or the same page again without a number, proves nothing: it is noticed.
//!
//! Start reading at [`Mapped::read_page`].

use super::{
    Mapped, csv_form,
    intake::{Intake, Taken},
    json_form,
    plan::{By, Format, Next},
    template::Counted,
    xml_form,
};
use crate::{Answer, Completeness, Page, Post, ReadError, ReadErrorKind, Request, Stop};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow::{self, Continue};
use url::Url;

/// How far the walk has come. The tag is the note's version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case")]
pub(super) enum Note {
    Page(Walk),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Pages so far.
    pages: u64,
    /// Records so far, refused ones included.
    seen: u64,
    /// What the source declared last.
    total: Option<u64>,
    /// The page before.
    fingerprint: Option<String>,
}

/// What an answer says besides its records.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
}

impl Mapped {
    pub(super) fn ask_first(&self) -> Request {
        self.ask(Walk::default(), None)
    }

    /// The next question: the address that the page before named, or the template's with its numbers.
    fn ask(&self, walk: Walk, named: Option<Url>) -> Request {
        let counted = Counted {
            page: self.plan.first.saturating_add(walk.pages),
            offset: walk.seen,
            limit: self.plan.limit,
        };
        let filled = counted.fill(&self.plan.url);
        // The template was an address with other numbers when the configuration was read.
        let url = named.or_else(|| Url::parse(&filled).ok());
        let accept = match self.plan.format {
            Format::Json => "application/json, */*;q=0.5",
            Format::Csv => "text/csv, */*;q=0.5",
            Format::Xml => "application/xml, text/xml;q=0.9, */*;q=0.5",
        };
        let url = url.unwrap_or_else(|| self.source.clone());
        let mut request = Request::get(url, accept).note(&Note::Page(walk));
        request.post = self.plan.post.as_ref().map(|(media_type, body)| Post {
            media_type: media_type.clone(),
            body: counted.fill(body),
        });
        request.conditional = self.plan.by == By::None;
        request
    }

    pub(super) fn read_page(
        &self,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let Note::Page(walk) = Note::deserialize(&answer.request.note).map_err(|e| {
            let found = format!("{} ({e})", answer.request.note);
            let doing = "reading the connector's own note";
            ReadError::new(
                ReadErrorKind::Malformed,
                doing,
                found,
                "a note of version 1",
            )
        })?;
        let mut intake = Intake::new(&self.plan, self.record_bytes_max, page);
        let limit = self.record_bytes_max;
        let around = match self.plan.format {
            Format::Json => json_form::read(&self.plan, answer.body, limit, &mut intake)?,
            Format::Csv => csv_form::read(&self.plan, answer.body, limit, &mut intake)?,
            Format::Xml => xml_form::read(&self.plan, answer.body, limit, &mut intake)?,
        };
        let taken = intake.done();
        if taken.stopped {
            return Ok(());
        }
        let next = match &self.plan.next {
            Some(Next::Header) => answer.link_next,
            Some(Next::Path(_)) => around
                .next
                .as_deref()
                .map(|text| next_page(&answer.url, text))
                .transpose()?,
            None => None,
        };
        let _stopped = self.after(walk, &taken, around.total, next, page);
        Ok(())
    }

    fn after(
        &self,
        mut walk: Walk,
        taken: &Taken,
        total: Option<u64>,
        next: Option<Url>,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        notice_of(taken, walk.pages == 0, page)?;
        if let Some(total) = total.filter(|total| walk.total != Some(*total)) {
            page.declares(total)?;
            walk.total = Some(total);
        }
        let repeated = taken.count > 0 && walk.fingerprint.as_ref() == Some(&taken.fingerprint);
        walk.fingerprint = Some(taken.fingerprint.clone());
        walk.pages += 1;
        walk.seen += if repeated { 0 } else { taken.count };
        let goes_on = match self.plan.by {
            By::None => false,
            By::Next => next.is_some(),
            By::Page | By::Offset => {
                let full = taken.count >= self.plan.limit;
                let more = walk.total.is_none_or(|total| walk.seen < total);
                !repeated && taken.count > 0 && (full || more)
            }
        };
        if goes_on && !(repeated && self.plan.by == By::Next) {
            return page.next(self.ask(walk, next));
        }
        self.end(&walk, taken, repeated, page)
    }

    fn end(
        &self,
        walk: &Walk,
        taken: &Taken,
        repeated: bool,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        if let Some(total) = walk.total.filter(|total| *total != walk.seen) {
            let text = format!("{total} records declared, {} came", walk.seen);
            page.noticed("count-lies", text)?;
        }
        // More than was asked for, and no more the second time: the source does not page at all.
        let unpaged = repeated && walk.pages == 2 && taken.count > self.plan.limit;
        if repeated {
            let text = format!("page {} is the page before it again", walk.pages);
            page.noticed("paging-ignored", text)?;
        }
        let proven = match walk.total {
            Some(total) => walk.seen >= total,
            None => !repeated || unpaged,
        };
        if !proven {
            return Continue(());
        }
        page.complete(match (self.plan.by, self.plan.format) {
            (By::None, Format::Csv) => Completeness::EndOfBody,
            (By::None, _) => Completeness::ClosedDocument,
            _ => Completeness::LastPage,
        })
    }
}

fn notice_of(taken: &Taken, first: bool, page: &mut dyn Page) -> ControlFlow<Stop> {
    if !taken.missing.is_empty() && first {
        let text = format!(
            "no record of the first page has {}: see the source's map",
            taken.missing.join(", ")
        );
        page.noticed("missing-field", text)?;
    }
    if let Some((count, first)) = &taken.unequal {
        let text = format!(
            "{count} records have lists of unequal lengths, the first being {first}; such a list is said of the dataset as a whole"
        );
        page.noticed("unequal-lists", text)?;
    }
    Continue(())
}

fn next_page(from: &Url, text: &str) -> Result<Url, ReadError> {
    from.join(text).map_err(|e| {
        let doing = "looking for the next page";
        ReadError::new(
            ReadErrorKind::Malformed,
            doing,
            format!("{text:?} ({e})"),
            "an address",
        )
    })
}
