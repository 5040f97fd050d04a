//! What the daemon and a worker say to each other over the worker's stdin and stdout.
//!
//! Knows neither HTTP nor the store. A frame is one byte of kind, four bytes of length (little endian), and the payload:
//! JSON in questions and heads, bytes of the answer in bodies. An answer is a head, bodies, and an end; without its end
//! it is not whole. The end says what the worker has used of processors in all ([`used`]). Start at [`Question`] and [`Head`].

use super::portrait::Portrait;
use crate::{identity::Linked, links::told::Checked, store::damage::Damaged, store_read::Which};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::{path::PathBuf, time::Duration};

/// Largest payload that either side takes: far above a frame of an answer, and above any question the guard lets in.
pub const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bodies of answers that are longer than one piece.
pub const BODY_BYTES: usize = 64 * 1024;

/// What kind of frame follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Question = b'Q',
    Head = b'H',
    Body = b'B',
    /// The answer is whole.
    End = b'E',
    /// The answer broke after its head; the payload says why, as [`Refused`] in JSON.
    Broken = b'X',
}

impl Kind {
    pub fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Question,
            Self::Head,
            Self::Body,
            Self::End,
            Self::Broken,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// The five bytes before a payload.
pub fn prefix(kind: Kind, length: usize) -> io::Result<[u8; 5]> {
    let length = u32::try_from(length)
        .map_err(|_| invalid(format!("a frame of {length} bytes, at most 4 GB")))?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind as u8, a, b, c, d])
}

/// Reads the five bytes before a payload.
pub fn parse_prefix(bytes: [u8; 5]) -> io::Result<(Kind, usize)> {
    let [kind, a, b, c, d] = bytes;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let kind = Kind::from_byte(kind)
        .ok_or_else(|| invalid(format!("frame kind {kind:#04x}, expected one of QHBEX")))?;
    if length > FRAME_BYTES_MAX {
        return Err(invalid(format!(
            "a frame of {length} bytes, at most {FRAME_BYTES_MAX}"
        )));
    }
    Ok((kind, length))
}

/// Reads one frame. None at the end of the input between frames.
pub fn read_frame(input: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut first = [0; 5];
    if input.read(&mut first[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut first[1..])?;
    let (kind, length) = parse_prefix(first)?;
    let mut payload = vec![0; length];
    input.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}

/// Appends one frame to `out`.
pub fn write_frame(out: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    out.write_all(&prefix(kind, payload.len())?)?;
    out.write_all(payload)
}

/// Processor time of a process, as an end says it: nanoseconds, little endian.
pub fn said_used(time: Duration) -> [u8; 8] {
    u64::try_from(time.as_nanos())
        .unwrap_or(u64::MAX)
        .to_le_bytes()
}

/// The same, read. None: it does not say.
pub fn used(payload: &[u8]) -> Option<Duration> {
    let nanoseconds = payload.try_into().ok()?;
    Some(Duration::from_nanos(u64::from_le_bytes(nanoseconds)))
}

fn invalid(found: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, found)
}

/// What a worker is asked. The first question it gets is `Settle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// The limits the worker sets itself before it opens anything.
    Settle(WorkerLimits),
    /// Open this snapshot now, so that the next question need not wait for it.
    Open { snapshot: PathBuf },
    Query {
        snapshot: PathBuf,
        query: SparqlQuery,
    },
    /// The description of an IRI of ours: an entity, or a record.
    Describe {
        snapshot: PathBuf,
        iri: String,
        accept: String,
        /// That of our IRIs.
        base: String,
    },
    /// The whole default graph.
    Dump {
        snapshot: PathBuf,
        format: crate::serve::negotiate::GraphFormat,
    },
    /// A page of datasets with what they name, and where the pages before and after it are.
    Page { snapshot: PathBuf, page: PageAsked },
    /// A whole list of datasets in a form that others gave.
    List {
        snapshot: PathBuf,
        list: ListAsked,
        form: ListForm,
    },
    /// The whole default graph, entity by entity, each in a graph of its own name; `stream` is the feed's that goes on
    /// after the activity of these numbers and this time.
    Entities {
        snapshot: PathBuf,
        stream: String,
        generation: u64,
        seq: u64,
        published_us: i64,
    },
    /// What tells of each dataset's record which dataset it is about: a line of JSON each. `base` is that of our IRIs.
    Features { snapshot: PathBuf, base: String },
    /// Each entity of the default graph with its hash in the state digest: a line of JSON each, and at the end what belongs
    /// to no entity ([`Orphans`]).
    Hashes { snapshot: PathBuf },
    /// Pairs of records that have something in common, with what they are published as: a line of JSON each
    /// ([`PairedLine`]).
    Pairs { snapshot: PathBuf, base: String },
    /// What people decided of pairs of records: a line of JSON each.
    Decisions { snapshot: PathBuf, base: String },
    /// Of each of these IRIs what is held under it: a list of [`crate::feedback::Held`] in JSON.
    Held {
        snapshot: PathBuf,
        base: String,
        iris: Vec<String>,
    },
    /// Of each of these IRIs its description and the names of what it refers to: a line of JSON each ([`Described`]).
    Told {
        snapshot: PathBuf,
        iris: Vec<String>,
    },
    /// The datasets whose newest activity, by the log's index, comes before activity `before` of the generation: a line of
    /// JSON each ([`Unlogged`]).
    Unlogged {
        snapshot: PathBuf,
        base: String,
        generation: u64,
        before: u64,
    },
    /// A named graph. Of a record that is the winner of its entity, and has no other words of its own: the description.
    Graph {
        snapshot: PathBuf,
        graph: String,
        accept: String,
        /// That of our IRIs.
        base: String,
    },
    /// An entity for a reader of its own: a person, or a crawler.
    Portray {
        snapshot: PathBuf,
        iri: String,
        portrait: Portrait,
        site: Site,
        /// For a page: what is around it.
        framed: Framed,
    },
    /// The entity that is told of under an IRI of ours, in JSON; null where there is none.
    Whose {
        snapshot: PathBuf,
        iri: String,
        base: String,
    },
    /// Datasets with their addresses here: the sitemap of that number, or the index of all.
    Sitemap {
        snapshot: PathBuf,
        number: Option<u16>,
        site: Site,
    },
    /// What the default graph holds in figures, as [`Figures`] in JSON.
    Figures { snapshot: PathBuf },
    /// How much the default graph holds, as [`Holdings`] in JSON.
    Count { snapshot: PathBuf },
    /// All of it is read, by every order that it is kept in: is anything damaged?
    Read { snapshot: PathBuf },
}

/// A description and the names of what it refers to, each as N-Triples. Empty where nothing is held under the IRI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    pub body: String,
    pub named: String,
}

/// A dataset whose newest activity the log need not hold any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlogged {
    pub entity: String,
    pub seq: u64,
    /// Microseconds since 1970.
    pub published_us: i64,
    /// Sorted N-Triples.
    pub body: String,
}

/// A page of a list of datasets, ordered by their IRIs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAsked {
    pub format: crate::serve::negotiate::GraphFormat,
    /// What the list is of.
    pub list: ListAsked,
    /// The page begins with the first IRI after this one. None: with the first.
    pub after: Option<String>,
    pub datasets_max: usize,
    /// The page ends after the dataset with which it has grown to this size.
    pub bytes_max: u64,
    /// The first page's own address, which has a query already.
    pub address: String,
}

/// The forms of a list that are no RDF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListForm {
    /// DCAT-US; `address` is the document's own, `desk` name and mail address for datasets that name nobody.
    DataJson {
        address: String,
        desk: Option<(String, String)>,
    },
    /// The table of the national portal. `safe`: no cell is taken for a formula.
    NationalCsv { safe: bool },
}

/// A list of datasets in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAsked {
    pub which: Which,
    /// That of our IRIs.
    pub base: String,
    /// The snapshot's newest activity.
    pub generation: u64,
    pub seq: u64,
}

/// What a worker limits itself to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLimits {
    /// Address space (RLIMIT_AS).
    pub memory_bytes_max: u64,
    /// Stack of the thread that parses and evaluates.
    pub stack_bytes: u64,
    /// Descriptors (RLIMIT_NOFILE): the engine takes nearly all for the snapshot's files.
    pub files_max: u64,
    /// Triples of several default graphs that are merged in memory for one query.
    pub merge_triples_max: usize,
    /// An answer up to this size is sent in one piece with its length, and an error before it is a proper error.
    pub whole_bytes_max: usize,
}

/// A query as the protocol gives it (SPARQL 1.1 Protocol, section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparqlQuery {
    pub text: String,
    /// Base of relative IRIs in the query: the endpoint's own IRI.
    pub base: String,
    pub default_graphs: Vec<String>,
    pub named_graphs: Vec<String>,
    /// The Accept header: what formats fit is known once the query is parsed.
    pub accept: String,
    pub nesting_max: usize,
}

/// How much the default graph of a snapshot holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    pub triples: u64,
    pub datasets: u64,
    pub distributions: u64,
    pub data_services: u64,
    pub catalogs: u64,
    pub agents: u64,
}

/// What is known of the house that its store does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Of our IRIs, with a slash at its end.
    pub base: String,
    /// The path that goes before ours in links.
    pub prefix: String,
    /// What the log stood at in the snapshot.
    pub generation: u64,
    pub seq: u64,
}

/// What stands around the page of an entity, and what the store does not know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framed {
    /// Tag of the page's language.
    pub language: String,
    /// What the catalogue is called in it.
    pub title: String,
    /// The page's own path and query, as a frame has them.
    pub path: String,
    pub query: String,
    /// Feedback is taken from everybody, or shown at least.
    pub feedback: Option<bool>,
    /// Sources whose datasets are the central portal's own.
    pub portals: Vec<String>,
    /// How its addresses fare. None: nothing is known of any.
    pub checks: Option<Checked>,
}

/// The default graph in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub triples: u64,
    /// Classes with how many nodes are of them.
    pub classes: Vec<(String, u64)>,
    /// Properties with how many triples have them.
    pub properties: Vec<(String, u64)>,
    pub links: Vec<Links>,
}

/// Triples that lead with one property into what somebody else publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    pub property: String,
    /// What the IRIs begin with that they lead to.
    pub into: String,
    pub triples: u64,
}

/// Triples of the default graph that belong to no entity's description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphans {
    pub orphans: u64,
    /// Some of their subjects.
    pub subjects: Vec<String>,
}

/// A pair of records that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    #[serde(flatten)]
    pub linked: Linked,
    /// The datasets of the two, as their sources have them. None: the record is away.
    pub datasets: [Option<String>; 2],
    /// The IRIs under which these are published.
    pub published: [Option<String>; 2],
}

/// A line of the answer to [`Question::Pairs`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairedLine {
    Pair(Paired),
    /// The last line: of how many records these are the pairs.
    Of {
        records: u64,
        sources: u64,
    },
}

/// How an answer begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Head {
    /// The answer follows. `length` is there where the answer is already whole.
    Given {
        media_type: String,
        length: Option<u64>,
    },
    /// Nothing follows but the end.
    Refused(Refused),
}

/// Why a question has no answer, in terms of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub status: u16,
    /// Kebab-case and stable.
    pub code: String,
    pub detail: String,
    /// Where in the query: line and column, from 1.
    pub position: Option<(u64, u64)>,
    /// For the daemon alone: what could not be read, since it is damaged.
    pub damaged: Option<Box<Damaged>>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_sent() {
        let mut wire = Vec::new();
        write_frame(&mut wire, Kind::Body, b"abc").unwrap();
        let time = Duration::from_nanos(1_234_567_890);
        write_frame(&mut wire, Kind::End, &said_used(time)).unwrap();
        let mut input = wire.as_slice();
        assert_eq!(
            read_frame(&mut input).unwrap(),
            Some((Kind::Body, b"abc".to_vec()))
        );
        let (kind, end) = read_frame(&mut input).unwrap().unwrap();
        assert_eq!((kind, used(&end)), (Kind::End, Some(time)));
        assert_eq!(used(b""), None);
        assert_eq!(read_frame(&mut input).unwrap(), None);
    }

    #[test]
    fn a_cut_or_foreign_frame_is_an_error() {
        let mut wire = Vec::new();
        write_frame(&mut wire, Kind::Body, b"abc").unwrap();
        assert!(read_frame(&mut &wire[..6]).is_err());
        assert!(read_frame(&mut &wire[..3]).is_err());
        assert!(read_frame(&mut &b"hello"[..]).is_err());
        assert!(read_frame(&mut &[b'B', 0xff, 0xff, 0xff, 0xff][..]).is_err());
    }
}
