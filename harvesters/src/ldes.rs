//! Connector `ldes`: another harvestd, or any feed that is a Linked Data Event Stream: DCAT-AP Feeds, whose members are
//! activities, or a plain stream of versions.
//!
//! The tree is walked newest first, page by page ([`tree`]); pages that end before the bookmark are not asked for. A
//! member says what became of one object and when ([`members`]): its newest version counts, in whatever order members
//! come. A feed of a harvestd is mirrored: the bodies are kept as they come. What other feeds say is normalised;
//! what belongs into a record and comes as a member of its own is handed out as a piece ([`pieces`]).
//!
//! Start at [`Ldes::read`]. It follows no address outside the feed's own origin.

mod bookmark;
mod dump;
mod listen;
mod members;
mod options;
mod page;
mod pieces;
mod skim;
mod tree;

use crate::{
    Answer, Bookmark, Completeness, Harvester, Kind, Location, MIRRORED, News, PIECE, Page,
    PartKind, PartName, ReadError, ReadErrorKind, Record, RecordId, Request, Settings,
    SettingsError,
};
use bookmark::{CHANGES, Mark, Note};
use harvestd_vocab::{Class, Description, Refusal};
use members::{Member, Members, Verb};
use options::Options;
use page::Quads;
use std::ops::ControlFlow;
use tree::{Tree, address};
use url::Url;

pub const KIND: Kind = Kind {
    name: "ldes",
    about: "another harvestd, a DCAT-AP Feed, or any Linked Data Event Stream of versions of datasets",
    mapping_version: 1,
    pushes: false,
    portal: false,
    open,
};

/// What a member says of its object, in the words of a foreign feed.
const PART: PartName = crate::dcat::PART;

/// What is kept of a foreign feed. A mirrored body is kept as it comes, by the store alone.
const PARTS: [PartKind; 2] = [
    PartKind {
        name: PART,
        replaces: &[],
        stands_alone: true,
        repeats: true,
    },
    PartKind {
        name: PIECE,
        replaces: &[],
        stands_alone: true,
        repeats: true,
    },
];

/// The syntaxes of pages; the cheapest to read comes first.
const ACCEPT: &str = "application/n-quads, application/trig;q=0.9, application/ld+json;q=0.8, text/turtle;q=0.7, \
    application/n-triples;q=0.6";

fn open(settings: Settings) -> Result<Box<dyn Harvester>, SettingsError> {
    let options = Options::read(&settings.options)?;
    Ok(Box::new(Ldes { settings, options }))
}

struct Ldes {
    settings: Settings,
    options: Options,
}

impl Harvester for Ldes {
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request> {
        let mark = since.and_then(Mark::of);
        let is_all = mark
            .as_ref()
            .is_some_and(|m| m.is_of_page(&self.settings.url));
        let note = Note {
            fresh: since.is_none(),
            began_us: Some(now_ms.saturating_mul(1_000)),
            ..Note::first(mark)
        };
        // A root that leads to pages stays as it is while they change.
        let mut request = self.ask(self.settings.url.clone(), &note);
        request.conditional = is_all;
        vec![request]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let note = Note::of(answer.request)?;
        if answer.status == 410
            && let Some(dump) = self.dump_instead(&note)
        {
            let said = format!("the page {} was removed", answer.request.url);
            let _ = from_the_dump(page, dump, &said);
            return Ok(());
        }
        self.is_there(&answer, &note)?;
        if note.is_dump {
            return self.read_dump(answer, page);
        }
        let quads = page::parse(
            answer.body,
            &answer.url,
            answer.media_type.as_deref(),
            self.options.page_quads_max,
            self.settings.document,
            &note,
        )?;
        let mut reading = Reading {
            ldes: self,
            asked: &answer.request.url,
            here: &answer.url,
            note: note.with(&quads, &answer.url)?,
            page,
        };
        // A stop is no failure.
        match reading.all(&quads)? {
            ControlFlow::Continue(()) | ControlFlow::Break(_) => Ok(()),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        if record.part(MIRRORED).is_some() {
            return crate::dcat::describe_part(record, MIRRORED);
        }
        let mut description = crate::dcat::describe_part(record, PART)?;
        description.triples.extend(pieces::triples(record)?);
        Ok(description)
    }

    fn parts(&self) -> &'static [PartKind] {
        &PARTS
    }

    fn refers(&self, raw: &[u8]) -> Vec<String> {
        pieces::refers(raw)
    }

    fn follows_feed(&self) -> bool {
        true
    }

    fn listen(&self, door: &Url, heard: Option<&str>, wait_ms: u64) -> Option<Request> {
        Some(listen::question(door, heard, wait_ms))
    }

    fn hear(&self, answer: Answer<'_>) -> Result<News, ReadError> {
        listen::hear(answer)
    }
}

impl Ldes {
    fn ask(&self, url: Url, note: &Note) -> Request {
        let mut request = Request::get(url, ACCEPT).note(note);
        request.any_status = true;
        request.conditional = note.may_be_unchanged(&request.url);
        request
    }

    /// The question for the dump, where the view named one and this is not its answer.
    fn dump_instead(&self, note: &Note) -> Option<Request> {
        let dump = Url::parse(note.dump.as_deref()?).ok()?;
        let note = Note {
            is_dump: true,
            ..Note::first(None)
        };
        Some(self.ask(dump, &note))
    }

    fn read_dump(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let (mut index, most) = (0, self.settings.record_bytes_max);
        let mut give = |entity: dump::Entity| {
            let at = at(&entity.iri, index);
            index += 1;
            let Some(class) = entity.class else {
                return page.refused(at, not_a_record(&entity.types));
            };
            let id = RecordId::new(class, entity.iri);
            hand_over(page, at, id, MIRRORED, &entity.body, entity.time_us, most)
        };
        let Some(mark) = dump::read(answer.body, &mut give)? else {
            return Ok(());
        };
        let _ = match (page.complete(Completeness::ClosedDocument), mark.bookmark()) {
            (ControlFlow::Continue(()), Some(mark)) => page.bookmark(mark),
            (flow, _) => flow,
        };
        Ok(())
    }

    /// A page that is not there any more, or was never there.
    fn is_there(&self, answer: &Answer<'_>, note: &Note) -> Result<(), ReadError> {
        let doing = || format!("reading page {}", answer.request.url);
        match answer.status {
            200..300 => Ok(()),
            410 if note.since.is_some() => Err(self.gone(&answer.request.url)),
            status => Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                doing(),
                format!("status {status}"),
                "a page of the feed",
            )),
        }
    }
}

impl Ldes {
    fn gone(&self, page: &Url) -> ReadError {
        ReadError::new(
            ReadErrorKind::SourceFailed,
            format!("reading page {page}"),
            "410: the feed does not keep what happened since the last run",
            format!(
                "a page; `harvestd run {} --full` begins anew with what the feed still has",
                self.settings.source
            ),
        )
    }
}

/// Asks for the dump, and says so.
fn from_the_dump(page: &mut dyn Page, dump: Request, why: &str) -> Flow {
    let text = format!("{why}: everything is taken from {}", dump.url);
    page.noticed("from-the-dump", text)?;
    page.next(dump)
}

fn at(key: &str, index: u64) -> Location {
    Location {
        key: Some(key.to_owned()),
        index: Some(index),
        ..Location::default()
    }
}

fn not_a_record(types: &str) -> Refusal {
    let expected = "a dataset, a series, a service, a catalogue or an agent";
    Refusal::new("not-a-record", "rdf:type", types, expected)
}

fn too_large(bytes: usize, bytes_max: usize) -> Refusal {
    let expected = format!("at most {bytes_max} bytes");
    Refusal::new("record-too-large", "", &format!("{bytes} bytes"), expected)
}

/// Hands out a record, unless it is larger than `bytes_max`.
fn hand_over(
    page: &mut dyn Page,
    at: Location,
    id: RecordId,
    part: PartName,
    raw: &str,
    time_us: i64,
    bytes_max: usize,
) -> Flow {
    if raw.len() > bytes_max {
        return page.refused(at, too_large(raw.len(), bytes_max));
    }
    page.part_at(id, part, raw.as_bytes(), time_us)
}

/// One page, being read.
struct Reading<'a> {
    ldes: &'a Ldes,
    asked: &'a Url,
    /// Where the page came from, after redirects.
    here: &'a Url,
    note: Note,
    page: &'a mut dyn Page,
}

type Flow = ControlFlow<crate::Stop>;

impl Reading<'_> {
    fn all(&mut self, quads: &Quads) -> Result<Flow, ReadError> {
        let tree = Tree::read(quads, self.here, &self.ldes.settings.url, &self.note)?;
        let is_root = std::mem::take(&mut self.note.root);
        if is_root {
            let mirrors = self.note.mirror.is_some();
            if let ControlFlow::Break(stop) = self.page.mirrors(mirrors) {
                return Ok(ControlFlow::Break(stop));
            }
            if let Some(door) = self.door(quads)?
                && let ControlFlow::Break(stop) = self.page.listens(&door)
            {
                return Ok(ControlFlow::Break(stop));
            }
            if mirrors
                && tree.has_a_gap(&self.note)
                && let Some(flow) = self.instead_of_pages()?
            {
                return Ok(flow);
            }
        }
        let members = Members::read(quads, &self.note, self.here)?;
        let flow = self.hand_out(quads, &members);
        if flow.is_break() {
            return Ok(flow);
        }
        if is_root && let ControlFlow::Break(stop) = self.promise(&tree) {
            return Ok(ControlFlow::Break(stop));
        }
        if self.note.newest && (!members.all.is_empty() || tree.children.is_empty()) {
            self.note.newest = false;
            let page = tree.children.is_empty().then_some(self.asked);
            if let Some(mark) = self.note.mark(members.newest_us, page)
                && let ControlFlow::Break(stop) = self.page.bookmark(mark)
            {
                return Ok(ControlFlow::Break(stop));
            }
        }
        Ok(self.follow(tree))
    }

    /// The address that is asked for news of a harvestd's feed.
    fn door(&mut self, quads: &Quads) -> Result<Option<Url>, ReadError> {
        let source = &self.ldes.settings.url;
        let of_ours = |iri: String| Ok(Some(address(&iri, self.here, source)?));
        if let Some(dump) = &mut self.note.dump {
            *dump = address(dump, self.here, source)?.into();
        }
        let door = self.note.mirror.and(quads.word(CHANGES));
        door.map_or(Ok(None), of_ours)
    }

    /// The feed does not hold all that we lack: its dump does. None: there is no dump, and we lack everything.
    fn instead_of_pages(&mut self) -> Result<Option<Flow>, ReadError> {
        let Some(dump) = self.ldes.dump_instead(&self.note) else {
            return match self.note.since {
                None => Ok(None),
                Some(_) => Err(self.ldes.gone(self.asked)),
            };
        };
        let why = match self.note.since {
            None => "the feed does not keep its beginning",
            Some(_) => "the feed does not keep all that happened since the last run",
        };
        Ok(Some(from_the_dump(self.page, dump, why)))
    }

    /// Holds for the whole run, where every page that is asked for from now on comes and can be read.
    fn promise(&mut self, tree: &Tree) -> Flow {
        let whole = self.note.since.is_none() && !tree.prunes;
        self.page.complete(match whole {
            true => Completeness::LastPage,
            false => Completeness::Changes,
        })
    }

    fn follow(&mut self, tree: Tree) -> Flow {
        let mut newest = self.note.newest;
        for child in tree.children {
            let note = Note {
                newest: std::mem::take(&mut newest),
                ..self.note.clone()
            };
            self.page.next(self.ldes.ask(child, &note))?;
        }
        ControlFlow::Continue(())
    }

    fn hand_out(&mut self, quads: &Quads, members: &Members) -> Flow {
        for (index, member) in members.all.iter().enumerate() {
            if self.note.is_known(member.time_us) {
                continue;
            }
            self.member(quads, members, member, index as u64)?;
        }
        ControlFlow::Continue(())
    }

    fn member(&mut self, quads: &Quads, members: &Members, member: &Member, index: u64) -> Flow {
        let key = member.object.as_str();
        let time_us = member.time_us.unwrap_or_default();
        if member.verb == Verb::Gone {
            for class in Class::ALL {
                self.page.gone_at(RecordId::new(class, key), time_us)?;
            }
            return self.page.piece_at(key, None, time_us);
        }
        let mirror = self.note.mirror.is_some();
        let class = members.class(quads, member);
        if class.is_none() && (mirror || !members.is_part(quads, member)) {
            let why = not_a_record(&member.types(quads));
            return self.page.refused(at(key, index), why);
        }
        for other in Class::ALL.into_iter().filter(|other| Some(*other) != class) {
            self.page.gone_at(RecordId::new(other, key), time_us)?;
        }
        let Some(class) = class else {
            return self.piece(quads, members, member, index);
        };
        self.page.piece_at(key, None, time_us)?;
        let (part, raw) = match mirror {
            true => (MIRRORED, member.body(quads)),
            false => (PART, members.description(quads, member)),
        };
        let (at, id) = (at(key, index), RecordId::new(class, key));
        let most = self.ldes.settings.record_bytes_max;
        hand_over(self.page, at, id, part, &raw, time_us, most)
    }

    /// What records contain, as a member of its own.
    fn piece(&mut self, quads: &Quads, members: &Members, member: &Member, index: u64) -> Flow {
        let key = member.object.as_str();
        let raw = members.description(quads, member);
        let most = self.ldes.settings.record_bytes_max;
        if raw.len() > most {
            return self
                .page
                .refused(at(key, index), too_large(raw.len(), most));
        }
        let time_us = member.time_us.unwrap_or_default();
        self.page.piece_at(key, Some(raw.as_bytes()), time_us)
    }
}
