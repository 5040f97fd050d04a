//! What a connector is. It never touches the network, keeps nothing between answers, and may be asked again.

use crate::guard::{DocumentLimits, LOOKED_AT_BYTES, explain_html, looks_like_html};
use harvestd_vocab::{Class, Description, Refusal};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    fmt,
    io::{BufRead, Cursor, Read},
    ops::ControlFlow,
};
use url::Url;

/// One kind of catalogue, opened for one source.
pub trait Harvester: Send + Sync {
    /// The first questions of a run that begins at `now_ms` (milliseconds since 1970, UTC: a connector has no clock of its
    /// own). `since` is the bookmark that the last complete run left; None asks for everything.
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request>;

    /// Reads one spooled answer and hands out what it finds, one by one: a 70 MB export never lies in memory.
    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError>;

    /// One record, all its parts, in RDF, in the words the source used.
    fn describe(&self, record: &Record) -> Result<Description, Refusal>;

    /// The parts that records may be made of, where these arrive at different times. None, as with most kinds: a record
    /// comes whole. Where there are some, the newest raw bytes of each are kept, and a record is described from all that
    /// it has whenever one of them changes.
    fn parts(&self) -> &'static [PartKind] {
        &[]
    }

    /// The keys that a kept part refers to, each once: pieces of these keys ([`Page::piece_at`]) are put into its record.
    fn refers(&self, _raw: &[u8]) -> Vec<String> {
        Vec::new()
    }

    /// A feed of changes: pages are asked for in depth, each child of a page before its siblings, and an address once.
    /// Whether the source speaks of its own catalogue is known when its first page is read ([`Page::mirrors`]).
    fn follows_feed(&self) -> bool {
        false
    }

    /// The question that the source answers as soon as it has something new, where its feed named `door`
    /// ([`Page::listens`]); it waits for that no longer than `wait_ms`. `heard` is where the last answer left us; None:
    /// nothing was heard yet. None: this kind does not listen.
    fn listen(&self, _door: &Url, _heard: Option<&str>, _wait_ms: u64) -> Option<Request> {
        None
    }

    /// Reads the answer to [`Harvester::listen`]'s question.
    fn hear(&self, answer: Answer<'_>) -> Result<News, ReadError> {
        Err(ReadError::new(
            ReadErrorKind::Malformed,
            "listening for news",
            answer.request.url.as_str(),
            "a kind that listens",
        ))
    }

    /// The question for what the source tells of one record when asked for it alone. `record` has all parts that are held.
    /// None: there is nothing to ask. Its answer is read like any other, and gives parts that do not stand alone.
    fn detail(&self, _record: &Record) -> Option<Detail> {
        None
    }
}

/// [`Harvester::read`], where a web page in the place of data is named as what it is (a login form, a challenge against
/// robots, a page of a firewall), whatever the kind of catalogue.
pub fn read(
    harvester: &dyn Harvester,
    answer: Answer<'_>,
    page: &mut dyn Page,
) -> Result<(), ReadError> {
    let mut begin = Vec::new();
    (&mut *answer.body)
        .take(LOOKED_AT_BYTES as u64)
        .read_to_end(&mut begin)?;
    // A portal's own page for "not found" is told by its status.
    let is_page = (200..300).contains(&answer.status) && looks_like_html(&begin);
    let explained = is_page.then(|| explain_html(&begin));
    let mut whole = Cursor::new(begin).chain(answer.body);
    let answer = Answer {
        body: &mut whole,
        ..answer
    };
    harvester
        .read(answer, page)
        .map_err(|error| match &explained {
            Some(found) if error.is_of_the_document() => ReadError::new(
                ReadErrorKind::NotACatalogue,
                "reading the answer",
                found,
                error.expected,
            ),
            _ => error,
        })
}

/// Where `read` puts what it finds. Every method may say stop; `read` then returns `Ok(())` at once.
pub trait Page {
    /// A part of a record: the raw slice as the source gave it, hashed before anybody parses it.
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop>;
    /// The source says that this record is no more (private, deleted, withdrawn).
    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop>;
    /// [`Page::part`] where a record may come in several versions, in any order: that of the latest time counts.
    fn part_at(
        &mut self,
        id: RecordId,
        part: PartName,
        raw: &[u8],
        _time_us: i64,
    ) -> ControlFlow<Stop> {
        self.part(id, part, raw)
    }
    /// [`Page::gone`] at a time, as in [`Page::part_at`].
    fn gone_at(&mut self, id: RecordId, _time_us: i64) -> ControlFlow<Stop> {
        self.gone(id)
    }
    /// A piece: no record, but put into each that refers to its key ([`Harvester::refers`]), directly or through another
    /// piece, in whatever order they come. None: it is no more. Versions as in [`Page::part_at`]; keys are IRIs.
    fn piece_at(&mut self, _key: &str, _raw: Option<&[u8]>, _time_us: i64) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    /// Said once by a feed: does it give the bodies of another harvestd, to be kept as they come ([`MIRRORED`])?
    fn mirrors(&mut self, _mirrors: bool) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    /// Said once by a feed: the address that is asked for news of it ([`Harvester::listen`]).
    fn listens(&mut self, _door: &Url) -> ControlFlow<Stop> {
        ControlFlow::Continue(())
    }
    /// Something that stands where a record should stand and cannot be one.
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop>;
    /// A record that the source's own settings leave out (`why` is a word for the report: `harvest-source`, `other-organisation`, …).
    fn filtered(&mut self, id: RecordId, why: &'static str) -> ControlFlow<Stop>;
    /// Something the operator should know of the answer as a whole (`count-lies`, `filter-ignored`, `sniffed-format`).
    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop>;
    /// A further question. Asked after this answer is read, in order.
    fn next(&mut self, question: Request) -> ControlFlow<Stop>;
    /// The number of datasets that the source says it has (in the whole run, not on this page).
    fn declares(&mut self, total: u64) -> ControlFlow<Stop>;
    /// Said once a run, by the answer that proves that everything asked for has been seen.
    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop>;
    /// Where the next run may begin. Kept only when the run is complete.
    fn bookmark(&mut self, b: Bookmark) -> ControlFlow<Stop>;
}

/// What an answer to [`Harvester::listen`]'s question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Where it leaves us, in the connector's own words.
    pub heard: String,
    /// Something was published that was not there before.
    pub any: bool,
}

/// The run wants no more of this answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop;

/// Names a record within its source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordId {
    pub class: Class,
    /// The source's own identifier: never empty, at most 2,000 bytes.
    pub key: String,
}

impl RecordId {
    pub fn new(class: Class, key: impl Into<String>) -> Self {
        Self {
            class,
            key: key.into(),
        }
    }
    pub fn dataset(key: impl Into<String>) -> Self {
        Self::new(Class::Dataset, key)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.class.segment(), self.key)
    }
}

/// A record may arrive in parts, at different times: a row of an export, a detail page.
pub type PartName = &'static str;

/// The part that is another harvestd's body of an entity: sorted N-Triples, kept as they come.
pub const MIRRORED: PartName = "mirrored";

/// The parts of a record that came as pieces ([`Page::piece_at`]): any number of them.
pub const PIECE: PartName = "piece";

/// Pieces that are put into one record.
const PIECES_MAX: usize = 2_000;

/// The newest bytes of the piece of a key.
pub type PieceOf<'a, E> = dyn FnMut(&str) -> Result<Option<Vec<u8>>, E> + 'a;

/// The record with the pieces that it refers to, found by their key: a piece may refer to others.
pub fn with_pieces<E>(
    harvester: &dyn Harvester,
    mut record: Record,
    piece: &mut PieceOf<'_, E>,
) -> Result<Record, E> {
    let (mut asked, mut at, mut pieces) = (HashSet::from([record.id.key.clone()]), 0, 0);
    while let Some((_, raw)) = record.parts.get(at) {
        at += 1;
        for key in harvester.refers(raw) {
            if pieces < PIECES_MAX
                && asked.insert(key.clone())
                && let Some(raw) = piece(&key)?
            {
                pieces += 1;
                record.parts.push((PIECE, raw));
            }
        }
    }
    Ok(record)
}

/// One of the parts that the records of a source may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartKind {
    pub name: PartName,
    /// Parts that are out of date once this one has come, even where it came as it was.
    pub replaces: &'static [PartName],
    /// It makes a record. False: it adds to a record that is there, and without one it is nothing.
    pub stands_alone: bool,
    /// It may come more than once in a run, newest first. False: the second one is a fault of the source's.
    pub repeats: bool,
}

/// A question about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// How new the record is, in a form that sorts as text: the newest is asked first.
    pub age: String,
    pub request: Request,
}

/// A record as the source gave it.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: RecordId,
    pub parts: Vec<(PartName, Vec<u8>)>,
}

impl Record {
    /// The raw bytes of a part.
    pub fn part(&self, name: PartName) -> Option<&[u8]> {
        self.parts
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, raw)| raw.as_slice())
    }
}

/// A question to the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub url: Url,
    /// None: GET. Some: POST of this body.
    pub post: Option<Post>,
    /// The Accept header.
    pub accept: String,
    /// The connector's own note, handed back with the answer: at most 4 kB, no secrets, versioned by the connector.
    pub note: serde_json::Value,
    /// May be answered with "not modified": only where the answer does not depend on the time of asking.
    pub conditional: bool,
    /// Not answering 2xx is an answer too: it comes to `read` with its status instead of ending the run.
    pub any_status: bool,
    /// The answer comes when there is something to say: until then the question takes no other one's place.
    #[serde(default)]
    pub waits: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub media_type: String,
    pub body: String,
}

impl Request {
    pub fn get(url: Url, accept: &str) -> Self {
        Self {
            url,
            post: None,
            accept: accept.to_owned(),
            note: serde_json::Value::Null,
            conditional: false,
            any_status: false,
            waits: false,
        }
    }
    pub fn note<T: Serialize>(mut self, note: &T) -> Self {
        self.note = serde_json::to_value(note).unwrap_or(serde_json::Value::Null);
        self
    }
}

/// What came back, spooled to disk, decompressed, and decoded to UTF-8 where it is text in another encoding.
/// Bytes that claim to be UTF-8 come as they are: a connector quarantines the record that is not.
pub struct Answer<'a> {
    pub request: &'a Request,
    pub status: u16,
    /// Where the answer came from in the end, after redirects.
    pub url: Url,
    /// Media type without parameters, lower case, as declared; None where none was.
    pub media_type: Option<String>,
    /// `Link: <…>; rel="next"`, resolved.
    pub link_next: Option<Url>,
    pub body: &'a mut dyn BufRead,
}

/// Where in an answer something stands. Empty fields are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The record's key, as far as it could be read.
    pub key: Option<String>,
    /// Zero-based position among the records of the answer.
    pub index: Option<u64>,
    /// Byte offset in the (decoded) answer.
    pub offset: Option<u64>,
    /// One-based line, for line-based formats.
    pub line: Option<u64>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sep = "";
        for (name, value) in [
            ("record", self.key.clone()),
            ("index", self.index.map(|v| v.to_string())),
            ("offset", self.offset.map(|v| v.to_string())),
            ("line", self.line.map(|v| v.to_string())),
        ] {
            if let Some(value) = value {
                write!(f, "{sep}{name} {value}")?;
                sep = ", ";
            }
        }
        Ok(())
    }
}

/// Why we believe that nothing is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// One document held the whole catalogue, and its closing mark was seen.
    ClosedDocument,
    /// One document held the whole catalogue, in a form without a closing mark (line formats, Turtle, CSV): only as
    /// good as the framing of the answer.
    EndOfBody,
    /// All pages were followed to the last one, and as many records came as the source declared.
    LastPage,
    /// Everything changed since the bookmark was seen. Absence says nothing; the bookmark may move.
    Changes,
}

/// Where the next run may begin, in the connector's own words: at most 4 kB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark(pub String);

/// The answer as a whole cannot be read: it ends the run. Names what was done, expected and found.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
#[error("{kind}: {doing}: found {found}, expected {expected}")]
pub struct ReadError {
    pub kind: ReadErrorKind,
    pub doing: String,
    pub found: String,
    pub expected: String,
}

impl ReadError {
    pub fn new(
        kind: ReadErrorKind,
        doing: impl Into<String>,
        found: impl AsRef<str>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            doing: doing.into(),
            found: harvestd_vocab::description::printable(found.as_ref()),
            expected: expected.into(),
        }
    }
    /// Is it about what the document is, and not about how it came?
    fn is_of_the_document(&self) -> bool {
        matches!(
            self.kind,
            ReadErrorKind::NotACatalogue | ReadErrorKind::Malformed | ReadErrorKind::Truncated
        )
    }

    /// May asking again help?
    pub fn retry(&self) -> bool {
        matches!(
            self.kind,
            ReadErrorKind::Truncated | ReadErrorKind::Io | ReadErrorKind::SourceFailed
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadErrorKind {
    /// A web page, a login form, an error text: something, but no catalogue.
    NotACatalogue,
    /// It begins as what it should be and then breaks the syntax.
    Malformed,
    /// It ends before its end.
    Truncated,
    /// A limit of ours stopped it (depth, size, entities).
    Limit,
    /// The source itself says that it failed (`success: false`, a status).
    SourceFailed,
    /// The source wants a key, or another one: asked again, it says the same until somebody gives it one.
    Denied,
    /// Reading the spooled answer failed.
    Io,
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotACatalogue => "not a catalogue",
            Self::Malformed => "malformed answer",
            Self::Truncated => "truncated answer",
            Self::Limit => "limit reached",
            Self::SourceFailed => "the source failed",
            Self::Denied => "the source denies us its answer",
            Self::Io => "reading the answer failed",
        })
    }
}

impl From<std::io::Error> for ReadError {
    fn from(e: std::io::Error) -> Self {
        Self::new(
            ReadErrorKind::Io,
            "reading the spooled answer",
            e.to_string(),
            "bytes",
        )
    }
}

/// What a connector is opened with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The source's id.
    pub source: String,
    /// The address of the catalogue, as configured.
    pub url: Url,
    /// The `[source.options]` table of the configuration: the kind's own settings, unknown keys refused by the kind.
    pub options: serde_json::Value,
    /// Largest raw record in bytes; a larger one is refused, not read into memory.
    pub record_bytes_max: usize,
    /// What a document may cost its parser.
    pub document: DocumentLimits,
}

/// A setting that the kind refuses.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{key}: found {found}, expected {expected}")]
pub struct SettingsError {
    pub key: String,
    pub found: String,
    pub expected: String,
}

/// A kind of catalogue.
pub struct Kind {
    pub name: &'static str,
    /// One line for `--help` and error messages.
    pub about: &'static str,
    /// Raised whenever `describe` says anything differently: unchanged records are then described again.
    pub mapping_version: u32,
    /// Its sources hand in their records themselves: nobody asks them.
    pub pushes: bool,
    /// Its sources are the central portal, where their settings do not say otherwise: what is won from it is not given back.
    pub portal: bool,
    pub open: fn(Settings) -> Result<Box<dyn Harvester>, SettingsError>,
}
