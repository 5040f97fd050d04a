//! Replays one run of one source from recorded answers, and writes down everything that the connector says.
//!
//! It stands where the daemon stands, without its network, its pace and its store: questions are asked in order, a
//! bad answer ends the run, a bad record does not. Start reading at [`replay`].

use crate::said::{body_faults, described, guarded};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Kind, Location, MIRRORED, Page, PartKind, PartName,
    Record, RecordId, Request, Settings, Stop, with_pieces,
};
use harvestd_vocab::{Class, Context, Refusal};
use serde::Deserialize;
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    convert::Infallible,
    fs,
    ops::ControlFlow::{self, Break, Continue},
    path::Path,
};
use url::Url;

const BASE: &str = "https://harvestd.example/";
/// The contract's bound on a connector's note.
const NOTE_BYTES_MAX: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, for its reader.
    #[serde(rename = "about")]
    _about: String,
    url: Url,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    /// The bookmark that the last complete run left.
    since: Option<String>,
    /// When the run begins, as RFC 3339; 1970 where the case does not say.
    now: Option<String>,
    /// Answers of an earlier run that asked for everything: what it brought is held, and its bookmark is the `since`.
    #[serde(default)]
    earlier: Vec<Recorded>,
    language: Option<String>,
    offset_minutes: Option<i32>,
    #[serde(default = "record_bytes_max")]
    record_bytes_max: usize,
    answers: Vec<Recorded>,
}

fn record_bytes_max() -> usize {
    8 * 1024 * 1024
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    url: Url,
    /// The question is a POST, and its body holds this.
    post_contains: Option<String>,
    file: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default = "json")]
    media_type: Option<String>,
    link_next: Option<Url>,
    /// Where the answer came from in the end, after redirects.
    answered_from: Option<Url>,
}

impl Case {
    fn now_ms(&self) -> i64 {
        let now = self.now.as_deref().unwrap_or("1970-01-01T00:00:00Z");
        chrono::DateTime::parse_from_rfc3339(now)
            .unwrap()
            .timestamp_millis()
    }
}

impl Recorded {
    fn answers(&self, question: &Request) -> bool {
        self.url == question.url
            && match (&question.post, &self.post_contains) {
                (Some(post), Some(part)) => post.body.contains(part.as_str()),
                (None, None) => true,
                _ => false,
            }
    }
}

fn ok() -> u16 {
    200
}

fn json() -> Option<String> {
    Some("application/json".to_owned())
}

pub struct Outcome {
    /// One line an event, in order.
    pub log: String,
    /// The union of all bodies, sorted.
    pub triples: String,
    /// What no expectation may excuse.
    pub faults: Vec<String>,
}

pub fn replay(kind: &Kind, folder: &Path, case: &Case) -> Outcome {
    let settings = Settings {
        source: folder.file_name().unwrap().to_string_lossy().into_owned(),
        url: case.url.clone(),
        options: case.options.clone().into(),
        record_bytes_max: case.record_bytes_max,
        document: Default::default(),
    };
    let cx = Context {
        base: BASE.to_owned(),
        source: settings.source.clone(),
        language: case.language.clone(),
        offset_minutes: case.offset_minutes,
        shared_agencies: false,
    };
    let mut run = Run::default();
    match (kind.open)(settings) {
        Ok(harvester) => {
            run.kinds = harvester.parts();
            let mut since = case.since.clone().map(Bookmark);
            if !case.earlier.is_empty() {
                run.line("an earlier run");
                run.ask_all(&*harvester, folder, None, case, &case.earlier);
                since = since.or(run.bookmark.take());
                run.line("this run");
                run.seen.clear();
                run.gone.clear();
                run.completed = 0;
            }
            let mut asked = run.ask_all(&*harvester, folder, since, case, &case.answers);
            run.ask_details(&*harvester, folder, &case.answers, &mut asked);
            run.never_asked(&case.answers, &asked);
            run.describe_all(&*harvester, &cx);
        }
        Err(e) => run.line(format!("settings refused: {e}")),
    }
    let triples: String = run.triples.iter().flat_map(|line| [line, "\n"]).collect();
    Outcome {
        log: run.log,
        triples,
        faults: run.faults,
    }
}

#[derive(Default)]
struct Run {
    log: String,
    faults: Vec<String>,
    triples: BTreeSet<String>,
    /// In the order of their first parts.
    records: Vec<Record>,
    place: HashMap<RecordId, usize>,
    questions: VecDeque<Request>,
    completed: u32,
    bookmark: Option<Bookmark>,
    /// What records may be made of.
    kinds: &'static [PartKind],
    /// What came in this run.
    seen: HashSet<(RecordId, PartName)>,
    gone: HashSet<RecordId>,
    /// What belongs into records, by key.
    pieces: HashMap<String, Vec<u8>>,
    /// Key -> the time of its latest version.
    versions: HashMap<String, i64>,
}

impl Run {
    fn is_older(&mut self, id: &RecordId, time_us: i64) -> bool {
        let latest = self.versions.entry(id.key.clone()).or_insert(time_us);
        *latest = time_us.max(*latest);
        time_us < *latest
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.log.push_str(line.as_ref());
        self.log.push('\n');
    }

    /// Which of the recorded answers were asked for.
    fn ask_all(
        &mut self,
        harvester: &dyn Harvester,
        folder: &Path,
        since: Option<Bookmark>,
        case: &Case,
        answers: &[Recorded],
    ) -> Vec<bool> {
        self.questions = harvester.begin(since.as_ref(), case.now_ms()).into();
        let mut asked = vec![false; answers.len()];
        let mut addresses = HashSet::new();
        while let Some(question) = self.questions.pop_front() {
            if harvester.follows_feed() && !addresses.insert(question.url.clone()) {
                continue;
            }
            self.line(format!("ask {}", shown(&question)));
            let fits = |r: &Recorded| r.answers(&question);
            let Some(at) = (0..asked.len()).find(|&i| !asked[i] && fits(&answers[i])) else {
                let again = if answers.iter().any(fits) {
                    "asked once more than recorded"
                } else {
                    "no recorded answer"
                };
                self.faults.push(format!("{again}: {}", shown(&question)));
                return asked;
            };
            asked[at] = true;
            if let Err(why) = self.read(harvester, &question, &answers[at], folder) {
                self.line(format!("the run ends: {why}"));
                break;
            }
        }
        if self.completed > 1 {
            self.faults
                .push(format!("complete was said {} times", self.completed));
        }
        asked
    }

    /// Asks for the details that are recorded, as the daemon does when a run is over.
    fn ask_details(
        &mut self,
        harvester: &dyn Harvester,
        folder: &Path,
        answers: &[Recorded],
        asked: &mut [bool],
    ) {
        for place in 0..self.records.len() {
            let Some(detail) = harvester.detail(&self.records[place]) else {
                continue;
            };
            let question = detail.request;
            let fits = |i: &usize| !asked[*i] && answers[*i].answers(&question);
            let Some(at) = (0..answers.len()).find(fits) else {
                continue;
            };
            asked[at] = true;
            self.line(format!("ask {} ({})", shown(&question), detail.age));
            if let Err(why) = self.read(harvester, &question, &answers[at], folder) {
                self.line(format!("the detail is left out: {why}"));
            }
        }
    }

    fn never_asked(&mut self, answers: &[Recorded], asked: &[bool]) {
        for (recorded, _) in answers.iter().zip(asked).filter(|(_, asked)| !**asked) {
            self.faults
                .push(format!("recorded, but never asked for: {}", recorded.url));
        }
    }

    /// Err: why the run would end here in the daemon.
    fn read(
        &mut self,
        harvester: &dyn Harvester,
        question: &Request,
        recorded: &Recorded,
        folder: &Path,
    ) -> Result<(), String> {
        // A note that does not survive being stored is no note.
        let note = serde_json::to_string(&question.note).unwrap();
        if note.len() > NOTE_BYTES_MAX {
            self.faults.push(format!(
                "a note of {} bytes: {}",
                note.len(),
                shown(question)
            ));
        }
        let question = Request {
            note: serde_json::from_str(&note).unwrap(),
            ..question.clone()
        };
        if !(200..300).contains(&recorded.status) && !question.any_status {
            return Err(format!("status {}", recorded.status));
        }
        let body = match fs::read(folder.join(&recorded.file)) {
            Ok(body) => body,
            Err(e) => {
                self.faults.push(format!("{}: {e}", recorded.file));
                return Err(e.to_string());
            }
        };
        self.line(format!("  read {} {}", recorded.status, recorded.file));
        self.stop_early(harvester, &question, recorded, &body);
        match read_once(harvester, &question, recorded, &body, self) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) if e.retry() => Err(format!("{e} (asking again may help)")),
            Ok(Err(e)) => Err(e.to_string()),
            Err(panic) => {
                self.faults
                    .push(format!("{}: read panicked: {panic}", recorded.file));
                Err(format!("panic: {panic}"))
            }
        }
    }

    /// A connector that is told to stop returns at once, and without an error.
    fn stop_early(
        &mut self,
        harvester: &dyn Harvester,
        question: &Request,
        recorded: &Recorded,
        body: &[u8],
    ) {
        let mut all = Counted::until(u64::MAX);
        let _ = read_once(harvester, question, recorded, body, &mut all);
        for calls_max in 1..=all.calls.min(4) {
            let mut stopping = Counted::until(calls_max);
            let read = read_once(harvester, question, recorded, body, &mut stopping);
            if stopping.late > 0 || matches!(read, Ok(Err(_))) {
                let file = &recorded.file;
                self.faults.push(format!(
                    "{file}: went on after it was told to stop at call {calls_max}"
                ));
            }
        }
    }

    fn describe_all(&mut self, harvester: &dyn Harvester, cx: &Context) {
        for record in std::mem::take(&mut self.records) {
            let mut piece = |key: &str| Ok::<_, Infallible>(self.pieces.get(key).cloned());
            let Ok(record) = with_pieces(harvester, record, &mut piece);
            let once = guarded(|| described(harvester, &record, cx));
            let twice = guarded(|| described(harvester, &record, cx));
            let described = match once {
                Ok(described) => described,
                Err(panic) => {
                    self.line(format!("describe {}: panic: {panic}", record.id));
                    self.faults
                        .push(format!("describe {}: panic: {panic}", record.id));
                    continue;
                }
            };
            if twice.as_ref() != Ok(&described) {
                self.faults.push(format!(
                    "describe {}: not the same the second time",
                    record.id
                ));
            }
            match described {
                Err(refusal) => self.line(format!("describe {}: refused: {refusal}", record.id)),
                Ok(said) => {
                    self.line(format!(
                        "describe {}: <{}>, {} triples",
                        record.id,
                        said.entity,
                        said.body.lines().count()
                    ));
                    for finding in &said.findings {
                        self.line(format!("    {finding}"));
                    }
                    self.faults.extend(
                        body_faults(&said.body)
                            .into_iter()
                            .map(|f| format!("describe {}: {f}", record.id)),
                    );
                    self.triples.extend(said.body.lines().map(str::to_owned));
                }
            }
        }
    }
}

fn read_once(
    harvester: &dyn Harvester,
    question: &Request,
    recorded: &Recorded,
    body: &[u8],
    page: &mut dyn Page,
) -> Result<Result<(), harvestd_harvesters::ReadError>, String> {
    // In small pieces, as a spooled answer comes.
    let mut body = std::io::BufReader::with_capacity(61, body);
    let answer = Answer {
        request: question,
        status: recorded.status,
        url: recorded
            .answered_from
            .clone()
            .unwrap_or_else(|| question.url.clone()),
        media_type: recorded.media_type.clone(),
        link_next: recorded.link_next.clone(),
        body: &mut body,
    };
    guarded(|| harvestd_harvesters::read(harvester, answer, page))
}

fn shown(question: &Request) -> String {
    match &question.post {
        None => format!("GET {}", question.url),
        Some(post) => format!("POST {} {}", question.url, post.body),
    }
}

impl Page for Run {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.key.is_empty() || id.key.len() > 2000 {
            self.faults.push(format!("a key of {} bytes", id.key.len()));
        }
        let kind = self.kinds.iter().find(|kind| kind.name == part);
        if kind.is_none() && !self.kinds.is_empty() && part != MIRRORED {
            self.faults
                .push(format!("a part that is not declared: {part}"));
        }
        if self.gone.contains(&id) {
            self.line(format!("  part {id}: {part}, older than its end"));
            return Continue(());
        }
        let again = !self.seen.insert((id.clone(), part));
        let remark = match self.place.get(&id) {
            None if kind.is_some_and(|kind| !kind.stands_alone) => ", left out: no such record",
            None => {
                self.place.insert(id.clone(), self.records.len());
                self.records.push(Record {
                    id: id.clone(),
                    parts: vec![(part, raw.to_vec())],
                });
                ""
            }
            Some(&at) if again => match self.records[at].part(part) == Some(raw) {
                true if id.class != Class::Dataset => ", again",
                _ if kind.is_some_and(|kind| kind.repeats) => ", older",
                _ => ", duplicate: the first is kept",
            },
            Some(&at) => {
                let parts = &mut self.records[at].parts;
                let replaces = kind.map_or(&[][..], |kind| kind.replaces);
                parts.retain(|(name, _)| *name != part && !replaces.contains(name));
                parts.push((part, raw.to_vec()));
                ""
            }
        };
        self.line(format!("  part {id}: {part}, {} bytes{remark}", raw.len()));
        Continue(())
    }

    fn part_at(
        &mut self,
        id: RecordId,
        part: PartName,
        raw: &[u8],
        time_us: i64,
    ) -> ControlFlow<Stop> {
        if self.is_older(&id, time_us) {
            self.line(format!("  part {id}: {part}, older"));
            return Continue(());
        }
        self.gone.remove(&id);
        match self.place.get(&id) {
            Some(&at) if self.seen.contains(&(id.clone(), part)) => {
                self.records[at].parts = vec![(part, raw.to_vec())];
                self.line(format!("  part {id}: {part}, {} bytes, newer", raw.len()));
                Continue(())
            }
            _ => self.part(id, part, raw),
        }
    }

    fn piece_at(&mut self, key: &str, raw: Option<&[u8]>, time_us: i64) -> ControlFlow<Stop> {
        let latest = self.versions.entry(key.to_owned()).or_insert(time_us);
        if time_us < *latest {
            self.line(format!("  piece {key}: older"));
            return Continue(());
        }
        *latest = time_us;
        match raw {
            Some(raw) => {
                self.line(format!("  piece {key}: {} bytes", raw.len()));
                self.pieces.insert(key.to_owned(), raw.to_vec());
            }
            None if self.pieces.remove(key).is_some() => self.line(format!("  no piece {key}")),
            None => {}
        }
        Continue(())
    }

    fn gone_at(&mut self, id: RecordId, time_us: i64) -> ControlFlow<Stop> {
        if self.is_older(&id, time_us) {
            return Continue(());
        }
        self.seen.retain(|(seen, _)| *seen != id);
        self.gone(id)
    }

    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        if !self.seen.iter().any(|(seen, _)| *seen == id) {
            if let Some(at) = self.place.remove(&id) {
                self.records.remove(at);
                let later = self.place.values_mut().filter(|place| **place > at);
                later.for_each(|place| *place -= 1);
            }
            self.gone.insert(id.clone());
        }
        self.line(format!("  gone {id}"));
        Continue(())
    }

    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        if why.code.is_empty() || why.expected.is_empty() {
            self.faults.push(format!("an unexplained refusal: {why}"));
        }
        self.line(format!("  refused {at}: {why}"));
        Continue(())
    }

    fn filtered(&mut self, id: RecordId, why: &'static str) -> ControlFlow<Stop> {
        self.line(format!("  filtered {id}: {why}"));
        Continue(())
    }

    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.line(format!("  noticed {code}: {text}"));
        Continue(())
    }

    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.line(format!("  next {}", shown(&question)));
        self.questions.push_back(question);
        Continue(())
    }

    fn declares(&mut self, total: u64) -> ControlFlow<Stop> {
        self.line(format!("  declares {total}"));
        Continue(())
    }

    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.completed += 1;
        self.line(format!("  complete: {proof:?}"));
        Continue(())
    }

    fn bookmark(&mut self, b: Bookmark) -> ControlFlow<Stop> {
        self.line(format!("  bookmark {}", b.0));
        self.bookmark = Some(b);
        Continue(())
    }
}

/// Says stop at a given call, and counts the calls that come after.
struct Counted {
    calls: u64,
    calls_max: u64,
    late: u64,
}

impl Counted {
    fn until(calls_max: u64) -> Self {
        Self {
            calls: 0,
            calls_max,
            late: 0,
        }
    }

    fn call(&mut self) -> ControlFlow<Stop> {
        self.calls += 1;
        self.late += u64::from(self.calls > self.calls_max);
        if self.calls >= self.calls_max {
            Break(Stop)
        } else {
            Continue(())
        }
    }
}

impl Page for Counted {
    fn part(&mut self, _: RecordId, _: PartName, _: &[u8]) -> ControlFlow<Stop> {
        self.call()
    }
    fn piece_at(&mut self, _: &str, _: Option<&[u8]>, _: i64) -> ControlFlow<Stop> {
        self.call()
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        self.call()
    }
    fn refused(&mut self, _: Location, _: Refusal) -> ControlFlow<Stop> {
        self.call()
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        self.call()
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        self.call()
    }
    fn next(&mut self, _: Request) -> ControlFlow<Stop> {
        self.call()
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        self.call()
    }
    fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
        self.call()
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        self.call()
    }
}
