//! From a pushed body to its records: the source's connector reads it, and what is to be taken whole or not at all is
//! described and normalised once, to see whether it can be. Touches no store. Start at [`read`].

use super::{PushError, What};
use crate::config::{Config, Source};
use crate::describe::{STACK_BYTES, normal_of};
use crate::report::{FindingRow, LOOPED, RefusedRow};
use crate::run::gather;
use crate::state::digest;
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Location, Page, PartName, ReadError, Record,
    RecordId, Request, Stop,
};
use harvestd_vocab::{Class, Refusal};
use std::{
    collections::HashSet,
    io::Cursor,
    ops::ControlFlow::{self, Continue},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Longest key of a record in bytes.
const KEY_BYTES_MAX: usize = 2_000;

/// What a body holds.
#[derive(Debug, Default)]
pub struct Read {
    pub pieces: Vec<Piece>,
    pub gone: Vec<RecordId>,
    pub refused: Vec<RefusedRow>,
    pub findings: Vec<FindingRow>,
    pub noticed: Vec<(String, String)>,
    pub filtered: Vec<(RecordId, &'static str)>,
    pub proof: Option<Completeness>,
}

/// One record.
#[derive(Debug)]
pub struct Piece {
    pub id: RecordId,
    pub part: PartName,
    pub raw: Vec<u8>,
    pub hash: [u8; 16],
    /// Its IRI, where it was described.
    pub entity: Option<String>,
}

/// A body and what it is said to be.
pub struct Body {
    pub media_type: String,
    pub bytes: bytes::Bytes,
    /// Ids of datasets that are no more, given beside the body.
    pub deleted: Vec<String>,
}

/// Reads a body, on a thread with room for parsers that recurse; waits for it.
pub fn read(config: &Config, source: &Source, what: &What, body: Body) -> Result<Read, PushError> {
    let harvester = gather::open(config, source).map_err(|e| PushError::Failed(e.to_string()))?;
    let context = gather::context(config, source);
    let deep = std::thread::Builder::new()
        .name("push-read".to_owned())
        .stack_size(STACK_BYTES);
    let url = source.url.clone();
    std::thread::scope(|scope| {
        let reading = deep.spawn_scoped(scope, || {
            let mut read = Read::default();
            parse(&harvester, url, &body, &mut read)?;
            let gone = body.deleted.iter().map(RecordId::dataset);
            read.gone.extend(gone);
            if *what != What::Whole {
                read.describe(&*harvester, &context);
                read.must_be(what);
            }
            Ok(read)
        });
        let failed = |e: String| PushError::Failed(format!("reading a pushed body: {e}"));
        let reading = reading.map_err(|e| failed(e.to_string()))?;
        reading
            .join()
            .unwrap_or_else(|_| Err(failed("a panic".to_owned())))
    })
}

fn parse(
    harvester: &Arc<dyn Harvester>,
    url: url::Url,
    body: &Body,
    read: &mut Read,
) -> Result<(), PushError> {
    let request = Request::get(url.clone(), "*/*");
    let answer = Answer {
        request: &request,
        status: 200,
        url,
        media_type: Some(body.media_type.clone()),
        link_next: None,
        body: &mut Cursor::new(&body.bytes),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        harvestd_harvesters::read(&**harvester, answer, read)
    }));
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(PushError::Unreadable(unreadable(&error))),
        Err(_) => Err(PushError::Unreadable(
            "reading the body made its parser panic: please report it".to_owned(),
        )),
    }
}

/// A connector speaks of the answer that it reads; here that is the body of a request.
pub(crate) fn unreadable(error: &ReadError) -> String {
    let body = |text: String| text.replace("answer", "body");
    let (kind, doing) = (body(error.kind.to_string()), body(error.doing.clone()));
    // What was found may be the pusher's own words.
    let found = match error.found.as_str() {
        "an empty answer" => "an empty body".to_owned(),
        found => match found.strip_prefix("the end of the answer") {
            Some(rest) => format!("the end of the body{rest}"),
            None => found.to_owned(),
        },
    };
    let expected = &error.expected;
    format!("{kind}: {doing}: found {found}, expected {expected}")
}

impl Read {
    /// What is read of a push that only takes a dataset away.
    pub fn deleting(id: &str) -> Self {
        Self {
            gone: vec![RecordId::dataset(id)],
            ..Self::default()
        }
    }

    /// The same of several.
    pub fn deleting_all(ids: &[String]) -> Self {
        Self {
            gone: ids.iter().map(RecordId::dataset).collect(),
            ..Self::default()
        }
    }

    /// May it be handed in? One dataset and a batch are taken whole or not at all; of a whole catalogue, what can be taken
    /// is, as in a harvest, if there is anything.
    pub fn may_be_taken(&self, what: &What) -> Result<(), PushError> {
        let nothing_else = self.pieces.is_empty() || *what != What::Whole;
        if !self.refused.is_empty() && nothing_else {
            return Err(PushError::Refused(self.refused.clone()));
        }
        Ok(())
    }

    /// Describes every record: what is refused now would be refused in the run.
    fn describe(&mut self, harvester: &dyn Harvester, context: &harvestd_vocab::Context) {
        for piece in &mut self.pieces {
            let record = Record {
                id: piece.id.clone(),
                parts: vec![(piece.part, piece.raw.clone())],
            };
            match normal_of(harvester, context, &record) {
                Ok(normal) => {
                    piece.entity = Some(normal.entity.into_string());
                    let key = piece.id.key.clone();
                    let rows = normal.findings.into_iter().map(|finding| FindingRow {
                        key: key.clone(),
                        finding,
                    });
                    self.findings.extend(rows);
                }
                // Whoever stands behind a dataset may be one of ours: the run leaves that record out, and counts it.
                Err(why) if why.code == LOOPED && piece.id.class != Class::Dataset => {}
                Err(why) => self.refused.push(row(&piece.id, why)),
            }
        }
    }

    /// Refuses what the address or the method does not allow.
    fn must_be(&mut self, what: &What) {
        for (id, why) in std::mem::take(&mut self.filtered) {
            let why = Refusal::new(
                why,
                "",
                &id.to_string(),
                "a record that the source's settings let in",
            );
            self.refused.push(row(&id, why));
        }
        let mut met = HashSet::new();
        let names = self
            .pieces
            .iter()
            .map(|piece| &piece.id)
            .filter(|id| id.class == Class::Dataset);
        for id in names.chain(&self.gone) {
            if !met.insert(id) {
                let expected = "each dataset once in a push";
                let why = Refusal::new("duplicate-identifier", "dct:identifier", &id.key, expected);
                self.refused.push(row(id, why));
            }
        }
        if let What::One(wanted) = what {
            self.must_be_one(wanted);
        }
    }

    fn must_be_one(&mut self, wanted: &str) {
        for id in &self.gone {
            let expected = "an active, public package; DELETE takes one away";
            let why = Refusal::new("not-active", "state", &id.key, expected);
            self.refused.push(row(id, why));
        }
        let datasets: Vec<&RecordId> = self
            .pieces
            .iter()
            .map(|piece| &piece.id)
            .filter(|id| id.class == Class::Dataset)
            .collect();
        let why = match datasets[..] {
            [id] if id.key == wanted => return,
            [id] => Refusal::new(
                "identifier-differs",
                "dct:identifier",
                &id.key,
                format!("{wanted:?}, as in the address; or PUT it to its own, percent-encoded"),
            ),
            _ if !self.refused.is_empty() => return,
            _ => Refusal::new(
                "not-one-dataset",
                "",
                &format!("{} datasets", datasets.len()),
                "one dataset; POST /push/SOURCE takes several",
            ),
        };
        self.refused.push(row(&RecordId::dataset(wanted), why));
    }
}

fn row(id: &RecordId, why: Refusal) -> RefusedRow {
    let at = Location {
        key: Some(id.key.clone()),
        ..Location::default()
    };
    RefusedRow { at, why }
}

impl Page for Read {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.key.is_empty() || id.key.len() > KEY_BYTES_MAX {
            let expected = format!("1 to {KEY_BYTES_MAX} bytes");
            let why = Refusal::new("bad-identifier", "dct:identifier", &id.key, expected);
            return self.refused(Location::default(), why);
        }
        self.pieces.push(Piece {
            id,
            part,
            raw: raw.to_vec(),
            hash: digest(raw),
            entity: None,
        });
        Continue(())
    }

    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        self.gone.push(id);
        Continue(())
    }

    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        self.refused.push(RefusedRow { at, why });
        Continue(())
    }

    fn filtered(&mut self, id: RecordId, why: &'static str) -> ControlFlow<Stop> {
        self.filtered.push((id, why));
        Continue(())
    }

    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.noticed.push((code.to_owned(), text));
        Continue(())
    }

    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
        Continue(())
    }

    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }

    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.proof = Some(proof);
        Continue(())
    }

    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}
