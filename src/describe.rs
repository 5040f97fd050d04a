//! Record -> Description -> Normal on all cores, in order: whatever the threads do, records are staged in the order in
//! which the source gave them.
//!
//! Threads have 8 MB of stack and a panic is contained to its record. Touches no network and no store.

mod looped;
mod mirror;

use crate::report::{Account, FindingRow, LOOPED, RefusedRow, Row, Section};
use crate::run::catalog;
use crate::stage::{Stage, StageFiles, Staged};
use crate::state::Parts;
use crossbeam_channel::{Receiver, Sender, bounded};
use harvestd_harvesters::{Harvester, Location, MIRRORED, Record, RecordId};
use harvestd_vocab::{Agencies, Class, Context, Normal, Refusal, normalise, shared};
use std::{
    collections::{BTreeMap, HashSet},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};

// None of these is a setting: they bound memory (some 5 MB of raw records wait, whatever a source sends) and change
// nothing that is published. How large a record may be is `limits.record_bytes_max`, which is one.

/// Records a chunk at most, and bytes after which a chunk is sent off: a chunk is the unit of work.
const CHUNK_RECORDS: usize = 64;
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that wait at each end: memory is bounded by these and the threads.
const CHUNKS_WAITING: usize = 8;
/// Parsers recurse; the default of 2 MB is not enough for the deepest document that our guards let pass. Of address space,
/// not of memory: a page is taken when it is first touched.
pub(crate) const STACK_BYTES: usize = 8 * 1024 * 1024;

type Job = (Record, Parts);
/// The normal form, and the other harvestd's record whose body it is.
type Said = (Normal, Option<String>);
type Done = (RecordId, Parts, Result<Said, Left>);

/// Why a record is left out.
enum Left {
    Refused(Refusal),
    /// It passed through us, as this IRI of ours shows.
    Looped(String),
}

impl From<Refusal> for Left {
    fn from(why: Refusal) -> Self {
        Self::Refused(why)
    }
}

/// The threads, and the one that stages what they have done.
pub struct Describers {
    chunk: Vec<Job>,
    chunk_bytes: usize,
    next: u64,
    jobs: Option<Sender<(u64, Vec<Job>)>>,
    collector: Option<JoinHandle<io::Result<Described>>>,
}

/// What came back to where it came from.
#[derive(Debug, Default)]
pub struct Looped {
    pub datasets: u64,
    pub referents: u64,
    /// Those of them that nothing newer came of in this run.
    pub ids: HashSet<RecordId>,
    /// The first one, and the IRI of ours that shows it.
    pub first: Option<(RecordId, String)>,
}

impl Looped {
    fn take(&mut self, id: RecordId, sign: String) {
        match id.class {
            Class::Dataset => self.datasets += 1,
            _ => self.referents += 1,
        }
        self.first.get_or_insert_with(|| (id.clone(), sign));
        self.ids.insert(id);
    }
}

/// What describing gave.
pub struct Described {
    pub stage: StageFiles,
    /// What the state will remember of each staged record.
    pub upserts: Vec<(RecordId, Parts)>,
    /// The first ones.
    pub refused: Vec<RefusedRow>,
    /// Refused records of class Dataset, and of the other classes.
    pub refused_datasets: u64,
    pub refused_referents: u64,
    /// Records that passed through us: they are not compared.
    pub looped: Looped,
    /// The first ones.
    pub findings: Vec<FindingRow>,
    pub findings_by_code: BTreeMap<String, u64>,
    /// The rows of the account that describing comes to.
    pub rows: Section,
    /// Agencies beyond the table that the staged records name.
    pub learned: Agencies,
}

impl Describers {
    /// Starts `threads` threads that describe with `harvester` and normalise in `context`.
    pub fn start(
        harvester: Arc<dyn Harvester>,
        context: Arc<Context>,
        stage: Stage,
        threads: usize,
        account: &Account,
    ) -> io::Result<Self> {
        let (rows, examples_max) = (account.section(), account.examples_max);
        let (jobs, incoming) = bounded::<(u64, Vec<Job>)>(CHUNKS_WAITING);
        let (done, finished) = bounded(CHUNKS_WAITING);
        for n in 0..threads.max(1) {
            let (harvester, context) = (harvester.clone(), context.clone());
            let (incoming, done) = (incoming.clone(), done.clone());
            std::thread::Builder::new()
                .name(format!("describe-{n}"))
                .stack_size(STACK_BYTES)
                .spawn(move || {
                    for (seq, chunk) in incoming {
                        let described = chunk
                            .into_iter()
                            .map(|job| one(&*harvester, &context, job))
                            .collect();
                        if done.send((seq, described)).is_err() {
                            return;
                        }
                    }
                })?;
        }
        let collector = std::thread::Builder::new()
            .name("stage".to_owned())
            .spawn(move || collect(finished, stage, rows, examples_max))?;
        Ok(Self {
            chunk: Vec::new(),
            chunk_bytes: 0,
            next: 0,
            jobs: Some(jobs),
            collector: Some(collector),
        })
    }

    /// Hands over a record; waits while everybody is busy.
    pub fn push(&mut self, record: Record, parts: Parts) {
        self.chunk_bytes += record.parts.iter().map(|(_, raw)| raw.len()).sum::<usize>();
        self.chunk.push((record, parts));
        if self.chunk.len() >= CHUNK_RECORDS || self.chunk_bytes >= CHUNK_BYTES {
            self.send();
        }
    }

    fn send(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.chunk_bytes = 0;
        if let Some(jobs) = self.jobs.as_ref().filter(|_| !chunk.is_empty())
            && jobs.send((self.next, chunk)).is_err()
        {
            tracing::debug!("the describers stopped early; finishing tells why");
        }
        self.next += 1;
    }

    /// Waits for the last record.
    pub fn finish(mut self) -> io::Result<Described> {
        self.send();
        self.jobs = None;
        match self.collector.take().map(JoinHandle::join) {
            Some(Ok(described)) => described,
            _ => Err(io::Error::other("staging panicked")),
        }
    }
}

fn one(harvester: &dyn Harvester, context: &Context, (record, parts): Job) -> Done {
    let said = said_of(harvester, context, &record);
    (record.id, parts, said)
}

/// One record's normal form. A panic is the record's own trouble.
pub(crate) fn normal_of(
    harvester: &dyn Harvester,
    context: &Context,
    record: &Record,
) -> Result<Normal, Refusal> {
    match said_of(harvester, context, record) {
        Ok((normal, _)) => Ok(normal),
        Err(Left::Refused(why)) => Err(why),
        Err(Left::Looped(sign)) => Err(Refusal::new(
            LOOPED,
            "",
            &sign,
            "a record that does not come from here",
        )),
    }
}

fn said_of(harvester: &dyn Harvester, context: &Context, record: &Record) -> Result<Said, Left> {
    let said = catch_unwind(AssertUnwindSafe(|| {
        if let Some(raw) = record.part(MIRRORED) {
            return mirror::taken_over(&record.id, raw, context);
        }
        let description = harvester.describe(record)?;
        if !is_own(record, context)
            && let Some(sign) = looped::sign(&context.base, &description.node, &description.triples)
        {
            return Err(Left::Looped(sign.to_owned()));
        }
        Ok((normalise(description, &record.id.key, context)?, None))
    }));
    said.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Err(Left::Refused(Refusal::new(
            "panic",
            "",
            text.unwrap_or("a panic"),
            "a record that our code can describe: please report it",
        )))
    })
}

/// Is it we who say it: a source's own catalogue, or what all sources share? Its names are ours.
fn is_own(record: &Record, context: &Context) -> bool {
    record.part(catalog::PART).is_some() || context.source == shared::SOURCE
}

fn collect(
    finished: Receiver<(u64, Vec<Done>)>,
    stage: Stage,
    rows: Section,
    examples_max: usize,
) -> io::Result<Described> {
    let mut collecting = Collecting {
        stage,
        rows,
        examples_max,
        upserts: Vec::new(),
        refused: Vec::new(),
        refused_datasets: 0,
        refused_referents: 0,
        looped: Looped::default(),
        findings: Vec::new(),
        findings_by_code: BTreeMap::new(),
        learned: Agencies::default(),
    };
    let (mut next, mut early) = (0, BTreeMap::new());
    for (seq, chunk) in finished {
        early.insert(seq, chunk);
        while let Some(chunk) = early.remove(&next) {
            for done in chunk {
                collecting.take(done)?;
            }
            next += 1;
        }
    }
    collecting.finish()
}

struct Collecting {
    stage: Stage,
    rows: Section,
    examples_max: usize,
    upserts: Vec<(RecordId, Parts)>,
    refused: Vec<RefusedRow>,
    refused_datasets: u64,
    refused_referents: u64,
    looped: Looped,
    findings: Vec<FindingRow>,
    findings_by_code: BTreeMap<String, u64>,
    learned: Agencies,
}

impl Collecting {
    fn take(&mut self, (id, parts, normal): Done) -> io::Result<()> {
        match normal {
            Ok((mut normal, mirrors)) => {
                for finding in normal.findings.drain(..) {
                    *self
                        .findings_by_code
                        .entry(finding.code.clone())
                        .or_default() += 1;
                    self.rows.push(&Row::finding(&id, &finding));
                    if self.findings.len() < self.examples_max {
                        self.findings.push(FindingRow {
                            key: id.key.clone(),
                            finding,
                        });
                    }
                }
                for learned in normal.learned.drain(..) {
                    self.learned.learn(learned);
                }
                self.stage.push(&Staged::new(id.clone(), normal, mirrors))?;
                self.looped.ids.remove(&id);
                self.upserts.push((id, parts));
            }
            Err(Left::Looped(sign)) => {
                self.rows.push(&Row::looped(&id, &sign));
                self.looped.take(id, sign);
            }
            Err(Left::Refused(why)) => {
                if id.class == Class::Dataset {
                    self.refused_datasets += 1
                } else {
                    self.refused_referents += 1
                }
                self.rows.push(&Row::refused(&id, &why));
                if self.refused.len() < self.examples_max {
                    let at = Location {
                        key: Some(id.to_string()),
                        ..Location::default()
                    };
                    self.refused.push(RefusedRow { at, why });
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> io::Result<Described> {
        Ok(Described {
            stage: self.stage.finish()?,
            upserts: self.upserts,
            refused: self.refused,
            refused_datasets: self.refused_datasets,
            refused_referents: self.refused_referents,
            looped: self.looped,
            findings: self.findings,
            findings_by_code: self.findings_by_code,
            rows: self.rows,
            learned: self.learned,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use harvestd_harvesters::*;
    use harvestd_vocab::Description;

    struct Fake;
    impl Harvester for Fake {
        fn begin(&self, _: Option<&Bookmark>, _: i64) -> Vec<Request> {
            Vec::new()
        }
        fn read(&self, _: Answer<'_>, _: &mut dyn Page) -> Result<(), ReadError> {
            Ok(())
        }
        fn describe(&self, record: &Record) -> Result<Description, Refusal> {
            match record.id.key.as_str() {
                "refused" => Err(Refusal::new("no-identifier", "id", "", "an identifier")),
                "panic" => panic!("boom {}", record.id.key),
                key => Ok(Description {
                    class: record.id.class,
                    node: oxrdf::NamedNode::new_unchecked(format!("https://e.example/{key}"))
                        .into(),
                    triples: Vec::new(),
                }),
            }
        }
    }

    #[test]
    fn order_is_kept_and_a_panic_is_one_records_trouble() {
        let dir = tempfile::tempdir().unwrap();
        let stage = Stage::begin(dir.path().join("s")).unwrap();
        let context = Context {
            base: "https://h.example/".into(),
            source: "s".into(),
            language: None,
            offset_minutes: None,
            shared_agencies: false,
        };
        let account = Account::new(dir.path(), 1 << 20, 10);
        let mut describers =
            Describers::start(Arc::new(Fake), Arc::new(context), stage, 2, &account).unwrap();
        let mut keys: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        keys[500] = "refused".into();
        keys[700] = "panic".into();
        for key in &keys {
            describers.push(
                Record {
                    id: RecordId::dataset(key.as_str()),
                    parts: vec![("row", Vec::new())],
                },
                Parts::new(),
            );
        }
        let described = describers.finish().unwrap();
        let staged: Vec<String> = described.stage.read().map(|s| s.unwrap().id.key).collect();
        keys.retain(|k| k != "refused" && k != "panic");
        assert_eq!(staged, keys);
        let codes: Vec<&str> = described
            .refused
            .iter()
            .map(|r| r.why.code.as_str())
            .collect();
        assert_eq!(codes, ["no-identifier", "panic"]);
        assert_eq!(described.refused[1].why.found, "boom panic");
    }
}
