//! Connector `dcat`: catalogues that are published as RDF, whole or in pages.
//!
//! An answer is parsed into one compact table ([`table`]); the records in it are found ([`find`]), and each is handed on
//! as the N-Triples of its part ([`subgraph`]). Pages are followed by Hydra's links or the Link header ([`paging`]).
//! What arrives is not trusted: see [`crate::guard`]. Graph names are dropped, no remote context is fetched.
//!
//! Start at [`Dcat::read`]. Whether a document that needs no closing mark (Turtle, N-Triples, …) was cut between two
//! statements cannot be seen here; see [`crate::guard`] on who has to.

mod contexts;
mod describe;
mod find;
mod format;
mod hand_out;
mod note;
mod options;
mod paging;
mod parse;
mod subgraph;
mod table;
#[cfg(test)]
mod tests;

use crate::{
    Answer, Bookmark, Harvester, Kind, Page, PartName, ReadError, Record, Request, Settings,
    SettingsError,
};
use hand_out::{Halt, HandOut};
use harvestd_vocab::{Description, Refusal};
use note::Note;
use options::Options;
use parse::{Document, parse};

pub(crate) use contexts::bundled;
pub(crate) use describe::describe_part;
pub(crate) use format::format_of as syntax;

pub const KIND: Kind = Kind {
    name: "dcat",
    about: "a DCAT catalogue as RDF/XML, JSON-LD, Turtle, TriG, N-Triples or N-Quads, in one document or in pages",
    mapping_version: 2,
    pushes: false,
    portal: false,
    open,
};

/// The only part of a record: the N-Triples of its part of the document.
pub const PART: PartName = "rdf";

/// The bookmark of a run in which one document held the whole catalogue: only then does "not modified" say anything.
const ONE_DOCUMENT: &str = "v1 one document";

fn open(settings: Settings) -> Result<Box<dyn Harvester>, SettingsError> {
    let options = Options::read(&settings.options)?;
    Ok(Box::new(Dcat { settings, options }))
}

struct Dcat {
    settings: Settings,
    options: Options,
}

impl Harvester for Dcat {
    fn begin(&self, since: Option<&Bookmark>, _now_ms: i64) -> Vec<Request> {
        let mut request = Request::get(self.settings.url.clone(), self.options.accept())
            .note(&Note::first(&self.settings.url));
        request.conditional = since.is_some_and(|bookmark| bookmark.0 == ONE_DOCUMENT);
        vec![request]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let note = Note::of(answer.request);
        let parsed = parse(Document {
            body: answer.body,
            url: &answer.url,
            media_type: answer.media_type.as_deref(),
            forced: self.options.syntax(),
            table_bytes_max: self.options.table_bytes_max,
            line_bytes_max: self.settings.record_bytes_max,
            limits: self.settings.document,
        })?;
        let mut out = HandOut {
            dcat: self,
            parsed,
            note,
            asked: &answer.request.url,
            from: &answer.url,
            page,
        };
        match out.all(answer.link_next.as_ref()) {
            Ok(()) | Err(Halt::Stopped) => Ok(()),
            Err(Halt::Failed(why)) => Err(why),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        describe_part(record, PART)
    }
}
