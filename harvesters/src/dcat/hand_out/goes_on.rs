//! Where a run goes on after an answer: the next page, the next catalogue, or the end. Start at [`HandOut::goes_on`].

use super::{Halt, HandOut, go};
use crate::{
    Bookmark, Completeness, Request,
    dcat::{ONE_DOCUMENT, find::Entities, format::Syntax, note::Note, paging::Pages},
};
use url::Url;

impl HandOut<'_> {
    pub(super) fn catalogs_elsewhere(&mut self, entities: &Entities) -> Result<(), Halt> {
        let elsewhere = &entities.catalogs_elsewhere;
        let Some(first) = elsewhere.first() else {
            return Ok(());
        };
        let first = self.parsed.table.iri_text(*first).unwrap_or_default();
        if !self.dcat.options.follow_catalogs {
            let text = format!(
                "{} catalogues are referred to and not followed, such as {first}; follow_catalogs would",
                elsewhere.len()
            );
            return go(self.page.noticed("catalogs-elsewhere", text));
        }
        let urls = elsewhere
            .iter()
            .filter_map(|node| Url::parse(self.parsed.table.iri_text(*node)?).ok());
        let left_out = urls
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .filter(|url| !self.note.remember_catalog(url.clone()))
            .count();
        if left_out > 0 {
            return self.doubt(
                "catalogs-left-out",
                format!("{left_out} catalogues that are referred to are not asked for: too many"),
            );
        }
        Ok(())
    }

    pub(super) fn goes_on(&mut self, pages: Pages) -> Result<(), Halt> {
        self.totals(&pages)?;
        if pages.ambiguous {
            self.doubt(
                "next-page",
                format!("{}: several next pages; the first is taken", self.from),
            )?;
        }
        if let Some(text) = &pages.unreadable {
            self.doubt(
                "next-page",
                format!("{}: {text:?} is no address", self.from),
            )?;
        }
        match pages.next {
            Some(next) if self.may_follow(&next)? => {
                let note = self.note.clone().next_page(&next);
                go(self
                    .page
                    .next(Request::get(next, self.dcat.options.accept()).note(&note)))
            }
            _ => self.ends(&pages),
        }
    }

    fn totals(&mut self, pages: &Pages) -> Result<(), Halt> {
        if self.note.page > 1 {
            return Ok(());
        }
        self.note.declared = pages.total;
        let nothing = self.note.datasets == 0 && pages.next.is_none();
        match pages.total.or(nothing.then_some(0)) {
            Some(total) if !self.note.referred => go(self.page.declares(total)),
            _ => Ok(()),
        }
    }

    fn may_follow(&mut self, next: &Url) -> Result<bool, Halt> {
        let ours = [&self.dcat.settings.url, self.asked, self.from];
        if !ours.iter().any(|url| url.host_str() == next.host_str()) {
            let text = format!("the next page is said to be at {next}, another host: not followed");
            self.doubt("foreign-page", text)?;
        } else if self.note.has_seen(next) {
            let text = format!("page {} leads back to {next}", self.note.page);
            self.doubt("paging-loop", text)?;
        } else if self.note.page >= self.dcat.options.page_max {
            let most = self.dcat.options.page_max;
            let text = format!("page_max is {most}; there is more at {next}");
            self.doubt("too-many-pages", text)?;
        } else {
            return Ok(true);
        }
        Ok(false)
    }

    /// The catalogue ends here: on to the next that waits, or to the end of all.
    fn ends(&mut self, pages: &Pages) -> Result<(), Halt> {
        if !self.note.adds_up() {
            let Note {
                declared,
                datasets,
                series,
                services,
                ..
            } = self.note;
            let text = format!(
                "{} items declared; {datasets} datasets, {series} series and {services} services came",
                declared.unwrap_or(0)
            );
            self.doubt("count-lies", text)?;
        }
        if let Some((url, note)) = self.note.clone().next_catalog() {
            return go(self
                .page
                .next(Request::get(url, self.dcat.options.accept()).note(&note)));
        }
        if self.note.doubt {
            return Ok(());
        }
        if self.note.page > 1 || self.note.referred || pages.paged {
            return go(self.page.complete(Completeness::LastPage));
        }
        let closes = matches!(self.parsed.syntax, Syntax::RdfXml | Syntax::JsonLd);
        let proof = if closes {
            Completeness::ClosedDocument
        } else {
            Completeness::EndOfBody
        };
        go(self.page.complete(proof))?;
        go(self.page.bookmark(Bookmark(ONE_DOCUMENT.to_owned())))
    }
}
