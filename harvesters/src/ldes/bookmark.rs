//! What a run knows from page to page, and what it leaves for the next one. Start at [`Note`] and [`Mark`].

use super::page::{LDES, Quads};
use crate::{Bookmark, ReadError, ReadErrorKind, Request};
use oxrdf::{NamedOrBlankNode, Term};
use serde::{Deserialize, Serialize};
use url::Url;

const VERSION: u8 = 1;
/// What a harvestd says of its own stream.
const GENERATION: &str = "https://w3id.org/harvestd/ns#generation";
/// What its view says of its other doors.
const DUMP: &str = "https://w3id.org/harvestd/ns#dump";
pub const CHANGES: &str = "https://w3id.org/harvestd/ns#changes";

/// Travels with each question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub v: u8,
    /// This is the page that the source's configuration names.
    pub root: bool,
    /// On the way to the newest page: its newest member is where the next run begins.
    pub newest: bool,
    /// The time up to which members are known, in microseconds since 1970. None: everything is asked for.
    pub since: Option<i64>,
    /// The stream's IRI.
    pub stream: Option<String>,
    /// Predicates of members: when it was published, and which object it is a version of.
    pub timestamp: Option<String>,
    pub version_of: Option<String>,
    /// When the run began, in microseconds since 1970.
    #[serde(default)]
    pub began_us: Option<i64>,
    /// The generation, where the feed is that of a harvestd, whose bodies are kept as they come.
    pub mirror: Option<u64>,
    /// What the bookmark said of the stream.
    pub was: Option<Mark>,
    /// The page that the bookmark was taken from, if it leads nowhere else: unchanged, it has nothing new.
    #[serde(default)]
    pub page: Option<String>,
    /// There was no bookmark at all.
    #[serde(default)]
    pub fresh: bool,
    /// The address of the harvestd's dump, which the view names.
    #[serde(default)]
    pub dump: Option<String>,
    /// This is the dump, and no page.
    #[serde(default)]
    pub is_dump: bool,
}

/// Where the next run may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    v: u8,
    stream: Option<String>,
    mirror: Option<u64>,
    /// Microseconds since 1970.
    time_us: i64,
    /// The page that it was taken from, if that leads to no page that is still to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl Mark {
    /// One of another version is as good as none.
    pub fn of(bookmark: &Bookmark) -> Option<Self> {
        let mark: Self = serde_json::from_str(&bookmark.0).ok()?;
        (mark.v == VERSION).then_some(mark)
    }

    /// Where the feed goes on from a dump of that time.
    pub fn of_dump(stream: Option<String>, generation: Option<u64>, time_us: i64) -> Self {
        Self {
            v: VERSION,
            stream,
            mirror: generation,
            time_us,
            page: None,
        }
    }

    pub fn bookmark(&self) -> Option<Bookmark> {
        serde_json::to_string(self).ok().map(Bookmark)
    }

    pub fn is_of_page(&self, page: &Url) -> bool {
        self.page.as_deref() == Some(page.as_str())
    }
}

impl Note {
    pub fn first(mark: Option<Mark>) -> Self {
        Self {
            v: VERSION,
            root: true,
            newest: true,
            was: mark,
            ..Self::default()
        }
    }

    pub fn of(request: &Request) -> Result<Self, ReadError> {
        match serde_json::from_value::<Self>(request.note.clone()) {
            Ok(note) if note.v == VERSION => Ok(note),
            _ => Err(ReadError::new(
                ReadErrorKind::Malformed,
                "reading a page's note",
                request.note.to_string(),
                "a note of this version: run the source again",
            )),
        }
    }

    /// With what the page says of the stream. A stream that is not the bookmark's is read from its beginning.
    pub fn with(mut self, quads: &Quads, here: &Url) -> Result<Self, ReadError> {
        let Some(stream) = stream(quads) else {
            if self.stream.is_some() {
                return Ok(self);
            }
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                format!("looking for the event stream on {here}"),
                "none",
                "an ldes:EventStream, or a tree:view of one",
            ));
        };
        let iri = stream.to_string();
        let iri = iri.trim_matches(['<', '>']).to_owned();
        if let Some(known) = self.stream.as_ref().filter(|known| **known != iri) {
            return Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                format!("reading {here}"),
                format!("a page of the stream {iri}"),
                format!("one of {known}; where a new generation has begun, the next run reads it"),
            ));
        }
        let word = |name: &str| quads.object(&stream, &format!("{LDES}{name}"));
        self.timestamp = word("timestampPath").and_then(path).or(self.timestamp);
        self.version_of = word("versionOfPath").and_then(path).or(self.version_of);
        if self.stream.is_none() {
            self.mirror = match quads.object(&stream, GENERATION) {
                Some(Term::Literal(n)) => n.value().parse().ok(),
                _ => None,
            };
            self.dump = self.mirror.and(quads.word(DUMP));
        }
        self.stream = Some(iri);
        if let Some(mark) = self.was.take()
            && mark.stream == self.stream
            && mark.mirror == self.mirror
        {
            self.since = Some(self.not_beyond_now(mark.time_us));
            self.page = mark.page;
        }
        Ok(self)
    }

    /// Was a member of that time read before? A harvestd never gives two the same time; others do.
    pub fn is_known(&self, time_us: Option<i64>) -> bool {
        let (Some(since), Some(time)) = (self.since, time_us) else {
            return false;
        };
        time < since || (time == since && self.mirror.is_some())
    }

    /// May the question for a page be answered with "not modified"? The answer to a question that is put for the first
    /// time cannot be; its validators are kept for the next run.
    pub fn may_be_unchanged(&self, page: &Url) -> bool {
        let first = self.fresh && self.newest && self.mirror.is_some();
        first || self.page.as_deref() == Some(page.as_str())
    }

    /// A member that is dated into the future is not where the next run begins: what is dated right would be passed over.
    /// The times of a harvestd rise, whatever its clock says.
    fn not_beyond_now(&self, time_us: i64) -> i64 {
        match (self.mirror, self.began_us) {
            (None, Some(began_us)) => time_us.min(began_us),
            _ => time_us,
        }
    }

    /// The bookmark where the newest member is of that time; `page` is the one that it is on, if it leads nowhere else.
    pub fn mark(&self, newest_us: Option<i64>, page: Option<&Url>) -> Option<Bookmark> {
        let mark = Mark {
            v: VERSION,
            stream: self.stream.clone(),
            mirror: self.mirror,
            time_us: self.not_beyond_now(newest_us.max(self.since)?),
            page: page.map(Url::to_string),
        };
        mark.bookmark()
    }
}

/// The event stream that a page speaks of.
fn stream(quads: &Quads) -> Option<NamedOrBlankNode> {
    let by_type = quads.subjects_of_type(&format!("{LDES}EventStream")).next();
    let tree = |name: &str| {
        let predicate = format!("{}{name}", super::page::TREE);
        quads
            .default_graph()
            .find(move |q| q.predicate.as_str() == predicate)
    };
    by_type
        .or_else(|| tree("view").map(|q| q.subject.clone()))
        .or_else(|| tree("member").map(|q| q.subject.clone()))
}

/// Paths of one predicate are understood.
fn path(term: Term) -> Option<String> {
    match term {
        Term::NamedNode(predicate) => Some(predicate.into_string()),
        _ => None,
    }
}
