//! Hands out what one answer holds: its records, what is wrong with it, and where it goes on.
//!
//! Start at [`HandOut::all`]. It neither parses nor describes.

use super::{
    Dcat, ONE_DOCUMENT, PART,
    find::{self, Entities},
    note::Note,
    paging::Pages,
    parse::Parsed,
    subgraph::{Subgraph, Walk},
    table::Oddities,
};
use crate::{Bookmark, Completeness, Location, Page, ReadError, ReadErrorKind, RecordId, Request, Stop};
use harvestd_vocab::{Class, Refusal};
use std::ops::ControlFlow;
use url::Url;

/// One answer on its way out.
pub struct HandOut<'a> {
    pub dcat: &'a Dcat,
    pub parsed: Parsed,
    pub note: Note,
    pub asked: &'a Url,
    pub from: &'a Url,
    pub page: &'a mut dyn Page,
}

/// Why handing out ends before its end.
pub enum Halt {
    /// The run wants no more.
    Stopped,
    Failed(ReadError),
}

impl From<ReadError> for Halt {
    fn from(why: ReadError) -> Self {
        Self::Failed(why)
    }
}

fn go(flow: ControlFlow<Stop>) -> Result<(), Halt> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(Stop) => Err(Halt::Stopped),
    }
}

/// Longest key, in bytes; the contract's.
const KEY_BYTES_MAX: usize = 2_000;
/// All records of a document may take this many times the memory of its triples, and [`COPIES_BYTES_FREE`] on top:
/// what records share is in each of them.
const COPIES_MAX: usize = 16;
const COPIES_BYTES_FREE: usize = 64 << 20;

impl HandOut<'_> {
    pub fn all(&mut self, link_next: Option<&Url>) -> Result<(), Halt> {
        let backwards = find::backwards(&self.parsed.table);
        self.parsed.table.finish(&backwards);
        let entities = Entities::find(&self.parsed.table);
        let pages = Pages::read(&self.parsed.table, &[self.from, self.asked], link_next);
        self.is_a_catalogue(&entities, &pages)?;
        self.remarks()?;
        self.broken_lines(&entities)?;
        self.records(&entities)?;
        self.only_listed(&entities, &pages)?;
        self.catalogs_elsewhere(&entities)?;
        self.goes_on(pages)
    }

    /// RDF about something else is no empty catalogue. A document without any statement may be one.
    fn is_a_catalogue(&mut self, entities: &Entities, pages: &Pages) -> Result<(), Halt> {
        let speaks = entities.has_catalog || pages.paged || entities.iter().any(|(_, class)| class != Class::Agent);
        let triples = self.parsed.table.rows().len();
        if speaks || triples == 0 || self.note.page > 1 {
            return Ok(());
        }
        let found = format!("{} of {triples} triples without a dcat:Catalog, a dcat:Dataset or a dcat:dataset", self.parsed.syntax);
        if self.note.referred {
            return self.doubt("no-catalogue", format!("{}: {found}", self.from));
        }
        Err(ReadError::new(ReadErrorKind::NotACatalogue, "looking for records", found, "a DCAT catalogue").into())
    }

    fn remarks(&mut self) -> Result<(), Halt> {
        if self.parsed.declared_otherwise {
            let syntax = self.parsed.syntax;
            go(self.page.noticed("sniffed-format", format!("{}: read as {syntax}, by how it begins; declared as something else", self.from)))?;
        }
        for value in std::mem::take(&mut self.parsed.values) {
            self.doubt("json-ld-value", value)?;
        }
        let Oddities { predicates, literals } = self.parsed.table.oddities;
        if predicates > 0 {
            go(self.page.noticed("predicate-no-iri", format!("{predicates} statements left out, since their predicate is no IRI")))?;
        }
        if literals > 0 {
            let text = format!("{literals} literals with a language tag or a datatype that is none: mended, or kept without it");
            go(self.page.noticed("language-or-datatype", text))?;
        }
        Ok(())
    }

    /// A broken line leaves a record with less than the source said, which is the record's trouble. But a line of which
    /// we do not know the record may have been the one that makes it a record.
    fn broken_lines(&mut self, entities: &Entities) -> Result<(), Halt> {
        for line in std::mem::take(&mut self.parsed.lines) {
            let known = line
                .subject
                .as_deref()
                .and_then(|subject| self.parsed.table.find_iri(subject))
                .is_some_and(|node| entities.class(node).is_some());
            self.note.doubt |= !known;
            let at = Location { line: Some(line.line), ..Location::default() };
            go(self.page.refused(at, line.why))?;
        }
        Ok(())
    }

    fn records(&mut self, entities: &Entities) -> Result<(), Halt> {
        let mut odd = Odd::default();
        let walk = Walk::new(&self.parsed.table, entities);
        let bytes_max = self.parsed.table.bytes() * COPIES_MAX + COPIES_BYTES_FREE;
        let mut bytes = 0;
        for (index, (node, class)) in entities.iter().enumerate() {
            self.note.count(class);
            let at = Location { index: Some(index as u64), ..Location::default() };
            let key = match find::key(&self.parsed.table, node) {
                Some(key) if key.len() <= KEY_BYTES_MAX => key,
                found => {
                    unnamed(self.page, class, at, find::title(&self.parsed.table, node), found)?;
                    continue;
                }
            };
            let part = Subgraph::of(&walk, node);
            odd.unnamed_references += part.unnamed_references;
            odd.too_deep += part.too_deep;
            let Some(raw) = part.bytes(node, self.dcat.settings.record_bytes_max) else {
                let expected = format!("a record of at most {} bytes", self.dcat.settings.record_bytes_max);
                let why = Refusal::new("record-too-large", "", &find::title(&self.parsed.table, node), expected);
                go(self.page.refused(Location { key: Some(key), ..at }, why))?;
                continue;
            };
            bytes += raw.len();
            if bytes > bytes_max {
                let found = format!("records of more than {bytes_max} bytes together");
                return Err(ReadError::new(ReadErrorKind::Limit, "taking the records apart", found, "records that share less").into());
            }
            go(self.page.part(RecordId::new(class, key), PART, &raw))?;
        }
        odd.notice(self.page)
    }

    /// The source has these, and says nothing of them. In a paged document other pages will.
    fn only_listed(&mut self, entities: &Entities, pages: &Pages) -> Result<(), Halt> {
        let listed = &entities.only_listed;
        let paged = pages.paged || self.note.page > 1;
        if let (true, Some(first)) = (paged, listed.first()) {
            let first = self.parsed.table.iri_text(*first).unwrap_or_default();
            let text = format!("{} datasets are listed and not described on this page, such as {first}", listed.len());
            return go(self.page.noticed("only-listed", text));
        }
        for node in listed {
            let key: String = self.parsed.table.iri_text(*node).unwrap_or_default().chars().take(KEY_BYTES_MAX / 4).collect();
            let why = Refusal::new("not-described", "dcat:dataset", &key, "statements about the dataset that is listed");
            go(self.page.refused(Location { key: Some(key), ..Location::default() }, why))?;
            self.note.datasets += 1;
        }
        Ok(())
    }

    fn catalogs_elsewhere(&mut self, entities: &Entities) -> Result<(), Halt> {
        let elsewhere = &entities.catalogs_elsewhere;
        let Some(first) = elsewhere.first() else { return Ok(()) };
        let first = self.parsed.table.iri_text(*first).unwrap_or_default();
        if !self.dcat.options.follow_catalogs {
            let text = format!("{} catalogues are referred to and not followed, such as {first}; follow_catalogs would", elsewhere.len());
            return go(self.page.noticed("catalogs-elsewhere", text));
        }
        let urls = elsewhere.iter().filter_map(|node| Url::parse(self.parsed.table.iri_text(*node)?).ok());
        let left_out = urls.filter(|url| matches!(url.scheme(), "http" | "https")).filter(|url| !self.note.remember_catalog(url.clone())).count();
        if left_out > 0 {
            return self.doubt("catalogs-left-out", format!("{left_out} catalogues that are referred to are not asked for: too many"));
        }
        Ok(())
    }

    fn goes_on(&mut self, pages: Pages) -> Result<(), Halt> {
        self.totals(&pages)?;
        if pages.ambiguous {
            self.doubt("next-page", format!("{}: several next pages; the first is taken", self.from))?;
        }
        if let Some(text) = &pages.unreadable {
            self.doubt("next-page", format!("{}: {text:?} is no address", self.from))?;
        }
        match pages.next {
            Some(next) if self.may_follow(&next)? => {
                let note = self.note.clone().next_page(&next);
                go(self.page.next(Request::get(next, self.dcat.options.accept()).note(&note)))
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
        let why = if !ours.iter().any(|url| url.host_str() == next.host_str()) {
            ("foreign-page", format!("the next page is said to be at {next}, another host: not followed"))
        } else if self.note.has_seen(next) {
            ("paging-loop", format!("page {} leads back to {next}", self.note.page))
        } else if self.note.page >= self.dcat.options.page_max {
            ("too-many-pages", format!("page_max is {}; there is more at {next}", self.dcat.options.page_max))
        } else {
            return Ok(true);
        };
        self.doubt(why.0, why.1)?;
        Ok(false)
    }

    /// The catalogue ends here: on to the next that waits, or to the end of all.
    fn ends(&mut self, pages: &Pages) -> Result<(), Halt> {
        if !self.note.adds_up() {
            let Note { declared, datasets, series, services, .. } = self.note;
            let text = format!("{} items declared; {datasets} datasets, {series} series and {services} services came", declared.unwrap_or(0));
            self.doubt("count-lies", text)?;
        }
        if let Some((url, note)) = self.note.clone().next_catalog() {
            return go(self.page.next(Request::get(url, self.dcat.options.accept()).note(&note)));
        }
        if self.note.doubt {
            return Ok(());
        }
        if self.note.page > 1 || self.note.referred || pages.paged {
            return go(self.page.complete(Completeness::LastPage));
        }
        go(self.page.complete(Completeness::ClosedDocument))?;
        go(self.page.bookmark(Bookmark(ONE_DOCUMENT.to_owned())))
    }

    /// Notices, and gives up the proof that nothing is missing.
    fn doubt(&mut self, code: &'static str, text: String) -> Result<(), Halt> {
        self.note.doubt = true;
        go(self.page.noticed(code, text))
    }
}

impl Note {
    fn count(&mut self, class: Class) {
        match class {
            Class::Dataset => self.datasets += 1,
            Class::DatasetSeries => self.series += 1,
            Class::DataService => self.services += 1,
            Class::Agent | Class::Catalog => {}
        }
    }
}

/// A dataset or a series without a key is refused. A catalogue without one is the source's own, of which the harvester
/// speaks itself, and a service without one is nothing that anybody refers to.
fn unnamed(page: &mut dyn Page, class: Class, at: Location, title: String, key: Option<String>) -> Result<(), Halt> {
    if let Some(key) = key {
        let why = Refusal::new("identifier-too-long", "", &key, format!("at most {KEY_BYTES_MAX} bytes"));
        return go(page.refused(at, why));
    }
    match class {
        Class::Dataset | Class::DatasetSeries => {
            let expected = "an IRI, a dct:identifier, an adms:identifier, a dcat:landingPage or a distribution's dcat:accessURL";
            go(page.refused(at, Refusal::new("no-identifier", "dct:identifier", &title, expected)))
        }
        Class::Catalog | Class::DataService | Class::Agent => {
            go(page.noticed("no-identifier", format!("a {} without an IRI or an identifier: {title}", class.segment())))
        }
    }
}

#[derive(Default)]
struct Odd {
    unnamed_references: u64,
    too_deep: u64,
}

impl Odd {
    fn notice(&self, page: &mut dyn Page) -> Result<(), Halt> {
        if self.unnamed_references > 0 {
            let text = format!("{} links to records without an IRI are left out", self.unnamed_references);
            go(page.noticed("unnamed-reference", text))?;
        }
        if self.too_deep > 0 {
            let text = format!("{} links to nodes too deep inside a record are left out", self.too_deep);
            go(page.noticed("too-deep", text))?;
        }
        Ok(())
    }
}
