//! Hands out what one answer holds: its records, what is wrong with it, and where it goes on.
//!
//! Start at [`HandOut::all`]. It neither parses nor describes.

mod goes_on;

use super::{
    Dcat, PART,
    find::{self, Entities},
    note::Note,
    paging::Pages,
    parse::{Counted, Parsed},
    subgraph::{Subgraph, Walk},
    table::Oddities,
};
use crate::{Location, Page, ReadError, ReadErrorKind, RecordId, Stop};
use harvestd_vocab::{
    Class, Refusal,
    terms::{dcat, foaf},
};
use oxrdf::{NamedNodeRef, vocab::rdf};
use std::{collections::BTreeMap, ops::ControlFlow};
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
/// what records share is in each of them. No setting: how large a document may be is one (`limits.xml`, `limits.json`,
/// `limits.network.body_bytes_max`), and these are how much more than the document itself its records may ever take.
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
        if pages.paged && self.note.page == 1 {
            let home = entities.only_catalog(&self.parsed.table);
            self.note.remember_home(home);
        }
        self.records(&entities)?;
        self.only_listed(&entities, &pages)?;
        self.records_elsewhere()?;
        self.catalogs_elsewhere(&entities)?;
        self.goes_on(pages)
    }

    /// RDF about something else is no empty catalogue, nor is a document that says nothing (`{"error": …}` is JSON-LD).
    fn is_a_catalogue(&mut self, entities: &Entities, pages: &Pages) -> Result<(), Halt> {
        let speaks = entities.has_catalog
            || pages.paged
            || entities.iter().any(|(_, class)| class != Class::Agent);
        let triples = self.parsed.table.rows().len();
        if speaks || self.note.page > 1 {
            return Ok(());
        }
        let found = format!(
            "{} of {triples} triples without a dcat:Catalog, a dcat:Dataset or a dcat:dataset",
            self.parsed.syntax
        );
        if self.note.referred {
            return self.doubt("no-catalogue", format!("{}: {found}", self.from));
        }
        Err(ReadError::new(
            ReadErrorKind::NotACatalogue,
            "looking for records",
            found,
            "a DCAT catalogue",
        )
        .into())
    }

    fn remarks(&mut self) -> Result<(), Halt> {
        if self.parsed.declared_otherwise {
            let syntax = self.parsed.syntax;
            go(self.page.noticed(
                "sniffed-format",
                format!(
                    "{}: read as {syntax}, by how it begins; declared as something else",
                    self.from
                ),
            ))?;
        }
        let Counted { count, first } = std::mem::take(&mut self.parsed.senseless);
        if count > 0 {
            let text = format!("{count} values that make no sense as JSON-LD; the first: {first}");
            self.doubt("json-ld-value", text)?;
        }
        let Oddities {
            predicates,
            literals,
        } = self.parsed.table.oddities;
        if predicates > 0 {
            go(self.page.noticed(
                "predicate-no-iri",
                format!("{predicates} statements left out, since their predicate is no IRI"),
            ))?;
        }
        if literals > 0 {
            let text = format!(
                "{literals} literals with a language tag or a datatype that is none: mended, or kept without it"
            );
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
            let at = Location {
                line: Some(line.line),
                ..Location::default()
            };
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
            let at = Location {
                index: Some(index as u64),
                ..Location::default()
            };
            let key = match find::key(&self.parsed.table, node) {
                Some(key) if key.len() <= KEY_BYTES_MAX => key,
                found => {
                    let title = find::title(&self.parsed.table, node);
                    if let Some(why) = odd.unnamed(class, &title, found) {
                        go(self.page.refused(at, why))?;
                    }
                    continue;
                }
            };
            let home = self.note.home().filter(|_| class == Class::Dataset);
            let part = Subgraph::of(&walk, node, home, self.dcat.settings.record_bytes_max);
            odd.unnamed_references += part.unnamed_references;
            odd.too_deep += part.too_deep;
            bytes += part.bytes;
            if bytes > bytes_max {
                return Err(too_much(bytes_max).into());
            }
            match part.n_triples(node) {
                Some(raw) => go(self.page.part(RecordId::new(class, key), PART, &raw))?,
                None => {
                    let title = find::title(&self.parsed.table, node);
                    let key = Some(key);
                    let why = too_large(&title, self.dcat.settings.record_bytes_max);
                    go(self.page.refused(Location { key, ..at }, why))?;
                }
            }
        }
        odd.notice(self.page)
    }

    /// The source has these, and says nothing of them. In a paged document other pages will.
    fn only_listed(&mut self, entities: &Entities, pages: &Pages) -> Result<(), Halt> {
        let listed = &entities.only_listed;
        let paged = pages.paged || self.note.page > 1;
        if let (true, Some(first)) = (paged, listed.first()) {
            let first = self.parsed.table.iri_text(*first).unwrap_or_default();
            let text = format!(
                "{} datasets are listed and not described on this page, such as {first}",
                listed.len()
            );
            return go(self.page.noticed("only-listed", text));
        }
        for node in listed {
            let key: String = self
                .parsed
                .table
                .iri_text(*node)
                .unwrap_or_default()
                .chars()
                .take(KEY_BYTES_MAX / 4)
                .collect();
            let why = Refusal::new(
                "not-described",
                "dcat:dataset",
                &key,
                "statements about the dataset that is listed",
            );
            go(self.page.refused(
                Location {
                    key: Some(key),
                    ..Location::default()
                },
                why,
            ))?;
            self.note.datasets += 1;
        }
        Ok(())
    }

    /// A page is all that is known of a record, so what a CatalogRecord says of a dataset that stands on another page is
    /// left out.
    fn records_elsewhere(&mut self) -> Result<(), Halt> {
        let table = &self.parsed.table;
        let id = |iri: NamedNodeRef<'_>| table.find_iri(iri.as_str());
        let (Some(topic), Some(class)) = (id(foaf::PRIMARY_TOPIC), id(dcat::CATALOG_RECORD)) else {
            return Ok(());
        };
        let rdf_type = id(rdf::TYPE);
        let mut lonely = table.rows().iter().filter(|row| {
            row[1] == topic
                && !table.is_described(row[2])
                && table.objects(row[0], rdf_type).any(|of| of == class)
        });
        let Some(first) = lonely.next() else {
            return Ok(());
        };
        let first = table.iri_text(first[2]).unwrap_or("a node without an IRI");
        let text = format!(
            "{} catalogue records are about what is not described here, such as {first}: left out",
            1 + lonely.count()
        );
        go(self.page.noticed("record-elsewhere", text))
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

fn too_much(bytes_max: usize) -> ReadError {
    let found = format!("records of more than {bytes_max} bytes together");
    let doing = "taking the records apart";
    ReadError::new(
        ReadErrorKind::Limit,
        doing,
        found,
        "records that share less",
    )
}

fn too_large(title: &str, bytes_max: usize) -> Refusal {
    let expected = format!("a record of at most {bytes_max} bytes");
    Refusal::new("record-too-large", "", title, expected)
}

/// What is said once of an answer, however often it occurs.
#[derive(Default)]
struct Odd {
    unnamed: BTreeMap<Class, Counted>,
    unnamed_references: u64,
    too_deep: u64,
}

impl Odd {
    /// A catalogue without a key is the source's own, of which the harvester speaks itself, and a service without one
    /// is nothing that anybody refers to: noticed. A dataset or a series without one is refused.
    fn unnamed(&mut self, class: Class, title: &str, key: Option<String>) -> Option<Refusal> {
        if let Some(key) = key {
            let expected = format!("at most {KEY_BYTES_MAX} bytes");
            return Some(Refusal::new("identifier-too-long", "", &key, expected));
        }
        match class {
            Class::Dataset | Class::DatasetSeries => {
                let expected = "an IRI, a dct:identifier, an adms:identifier, a dcat:landingPage or a distribution's \
                    dcat:accessURL";
                Some(Refusal::new(
                    "no-identifier",
                    "dct:identifier",
                    title,
                    expected,
                ))
            }
            Class::Catalog | Class::DataService | Class::Agent => {
                self.unnamed.entry(class).or_default().add(title);
                None
            }
        }
    }

    fn notice(&self, page: &mut dyn Page) -> Result<(), Halt> {
        for (class, Counted { count, first }) in &self.unnamed {
            let class = class.segment();
            let text = format!(
                "{count} of class {class} without an IRI or an identifier; the first: {first}"
            );
            go(page.noticed("no-identifier", text))?;
        }
        let Self {
            unnamed_references,
            too_deep,
            ..
        } = self;
        if *unnamed_references > 0 {
            let text = format!("{unnamed_references} links to records without an IRI are left out");
            go(page.noticed("unnamed-reference", text))?;
        }
        if *too_deep > 0 {
            let text = format!("{too_deep} links to nodes too deep inside a record are left out");
            go(page.noticed("too-deep", text))?;
        }
        Ok(())
    }
}
