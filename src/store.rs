//! The only writer of the only RDF store: the truth, one writer.
//!
//! Nothing outside this file changes a quad. Start at [`Store::apply`], which takes a run's staged records and
//! deletions, works out what they change, and commits it: segment of the log first, then one transaction that names it.
//! Reading is in [`crate::store_read`].

mod ahead;
mod applied;
mod apply;
mod batch;
mod beyond;
mod bulk;
mod claims;
mod clock;
mod compacting;
mod corrections;
pub mod damage;
mod engine_log;
mod erase;
mod evidence;
mod generation;
mod leave;
pub(crate) mod lines;
mod mirror;
mod one;
mod own_date;
mod place;
mod project;
mod quality;
mod reading;
mod receipts;
mod records;
mod remarks;
mod replaced;
mod restate;
mod runs;
mod turns;
mod whole;

pub use crate::store_read::Times;
pub use applied::{Applied, ApplyOptions, Outcome, Tally};
pub use beyond::Beyond;
pub use erase::About;
pub use lines::body_of;
pub use place::{Corrections, Policy, Publication};
pub use receipts::{Done, Notes, Receipt, Receipts, Told};
pub use records::default_graph_body;
pub use replaced::Run;

use crate::digest::Change;
use crate::identity::Features;
use crate::log::{Activity, Log, parse_date_time};
use crate::undo::journal::Journal;
use clock::Clock;
use compacting::Compacting;
use damage::Damaged;
use oxigraph::model::{GraphName, Literal, NamedNode, NamedNodeRef, Quad, Term, vocab::rdf};
use oxigraph::store::{StorageError, Store as Quads};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

/// Activities on one page of the log's index. A page takes a thousand microseconds of `as:published`, so a page always
/// begins at a new millisecond.
pub const PAGE: u64 = 1000;

const SHA256: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://spdx.org/rdf/terms#checksumValue");
pub(crate) const OBJECT: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://www.w3.org/ns/activitystreams#object");
pub(crate) const PUBLISHED: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://www.w3.org/ns/activitystreams#published");

/// The newest activity that is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Raised when history had to be given up; sequence numbers begin again with it.
    pub generation: u64,
    /// 0: nothing was ever committed.
    pub seq: u64,
    /// Microseconds since 1970.
    pub published_us: i64,
}

/// The store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store failed while {doing}: {source}")]
    Storage {
        doing: &'static str,
        source: StorageError,
    },
    #[error("the change log failed while {doing}: {source}")]
    Log {
        doing: &'static str,
        source: std::io::Error,
    },
    #[error("a snapshot failed while {doing}: {source}")]
    Snapshot {
        doing: &'static str,
        source: std::io::Error,
    },
    #[error("staged records could not be read: {0}")]
    Stage(#[source] std::io::Error),
    #[error(
        "the store at {dir} holds IRIs under {found}, but public_url is {expected}: set public_url (or, of the demo, --listen) back, or begin with another --data-dir"
    )]
    OtherBase {
        dir: PathBuf,
        found: String,
        expected: String,
    },
    #[error(
        "the store at {dir} is damaged: {what}; nothing was changed. {help}", help = damage::HELP
    )]
    Damaged { dir: PathBuf, what: String },
    #[error(
        "the store is damaged: {doing}: {}. {help}", .what.found, help = damage::HELP
    )]
    Corrupt { doing: &'static str, what: Damaged },
    #[error("{0}")]
    Broken(String),
}

impl StoreError {
    pub(crate) fn storage(doing: &'static str) -> impl Fn(StorageError) -> Self {
        move |source| match damage::met(&source) {
            Some(what) => Self::Corrupt { doing, what },
            None => Self::Storage { doing, source },
        }
    }

    /// Is it what is kept on disk that is damaged?
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Corrupt { .. })
    }
    fn log(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Log { doing, source }
    }
}

/// How much is changed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteLimits {
    /// Changed triples in one transaction: one of 600,000 holds 0.9 GB while it is built.
    pub batch_triples_max: usize,
    /// Changed triples between two flushes: memtables grow to 128 MiB a column family and cannot be configured.
    pub flush_triples: usize,
    /// Activities in one segment of the log.
    pub segment_activities_max: u64,
    /// Staged bytes from which new records go through the bulk loader.
    pub bulk_bytes_min: u64,
    /// Quads of one bulk batch: some 300 bytes each while it is sorted.
    pub bulk_batch_quads: usize,
    /// Runs of each source that are told of.
    pub runs_noted: usize,
}

/// The store, its log, and where they stand.
pub struct Store {
    quads: Quads,
    /// Where the engine keeps its files.
    dir: PathBuf,
    log: Log,
    /// What each commit replaced.
    journal: Journal,
    base: String,
    head: Head,
    limits: WriteLimits,
    triples_since_flush: AtomicUsize,
    /// Files of the engine's own log whose names are durable.
    engine_logs: HashSet<PathBuf>,
    /// Source -> its runs that are told of, where they were counted.
    runs_told: HashMap<String, usize>,
    /// Something was committed since the last checkpoint.
    unpublished: AtomicBool,
    /// The same, as far as activities go, for whoever asks for the past.
    beyond: Beyond,
    /// The log may hold a segment that no commit names: a commit was begun, and has not ended.
    has_strays: bool,
    /// What was committed since the digest last took it in.
    changes: Mutex<Vec<Change>>,
    /// After a bulk load; a snapshot waits for it.
    compacting: Compacting,
}

impl Store {
    /// Opens the store under `data_dir`, having removed what a killed load or commit left behind.
    pub fn open(data_dir: &Path, base: &str, limits: WriteLimits) -> Result<Self, StoreError> {
        let dir = data_dir.join("store");
        whole::refuse_missing(data_dir)?;
        std::fs::create_dir_all(&dir).map_err(StoreError::log("creating the store's folder"))?;
        let strays = sweep_bulk_files(&dir)
            .map_err(StoreError::log("removing files of an interrupted load"))?;
        damage::recall(&dir).map_err(StoreError::log("reading what is known of its damage"))?;
        let quads = Quads::open(&dir).map_err(whole::opening(data_dir))?;
        check_base(data_dir, base)?;
        let log = Log::open(data_dir.join("log"), base).map_err(StoreError::log("opening"))?;
        let (head, is_behind) = whole::head(&quads, data_dir, base)?;
        // Of a store that is behind what was published, nothing is a stray.
        let committed = if is_behind { u64::MAX } else { head.seq };
        let swept = log
            .sweep(head.generation, committed)
            .map_err(StoreError::log("sweeping"))?;
        if strays + swept > 0 {
            tracing::info!(
                strays,
                swept,
                "removed what an interrupted commit left behind"
            );
        }
        let journal = Journal::new(data_dir);
        journal
            .mend(head.generation, committed)
            .map_err(StoreError::log("mending the undo journal"))?;
        let mut store = Self {
            quads,
            dir,
            log,
            journal,
            base: base.to_owned(),
            head,
            limits,
            triples_since_flush: AtomicUsize::new(0),
            engine_logs: HashSet::new(),
            runs_told: HashMap::new(),
            unpublished: AtomicBool::new(true),
            beyond: Beyond::default(),
            has_strays: false,
            changes: Mutex::default(),
            compacting: Compacting::default(),
        };
        // What a new generation was killed over.
        if !is_behind {
            store.forget_older()?;
        }
        store.beyond.ends(head);
        Ok(store)
    }

    pub fn head(&self) -> Head {
        self.head
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What each commit replaced, for as long as it is kept.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// For reading only: [`crate::store_read`] and snapshots.
    pub fn quads(&self) -> &Quads {
        &self.quads
    }

    /// What tells of each record of a dataset which dataset it is about, one record after the other.
    pub fn all_features(&self) -> impl Iterator<Item = Result<Features, StoreError>> {
        let all = crate::store_read::all_features(&self.quads, &self.base);
        all.map(|f| f.map_err(StoreError::storage("reading what tells of records")))
    }

    /// The names of an agent that is a record of its own.
    pub fn names_of(&self, agent: &str) -> Vec<String> {
        crate::store_read::names(&self.quads, agent)
    }

    /// Makes everything committed durable.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.triples_since_flush.store(0, Relaxed);
        self.quads.flush().map_err(StoreError::storage("flushing"))
    }

    /// The same for whoever does not have the writer: the store may be changed meanwhile.
    pub fn flushing(&self) -> impl FnOnce() -> Result<(), StoreError> + Send + use<> {
        let quads = self.quads.clone();
        move || quads.flush().map_err(StoreError::storage("flushing"))
    }

    /// Makes everything committed durable by syncing the engine's write-ahead log. Of a small commit it costs a fraction of
    /// what [`Store::flush`] does, which writes a new file for each of the engine's tables.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let synced = engine_log::sync(&self.dir, &mut self.engine_logs);
        synced.map_err(StoreError::log("syncing the store's own log"))
    }

    /// Writes quads that describe the house and not the catalogue. They are no activities.
    pub fn note(&mut self, quads: Vec<Quad>) -> Result<(), StoreError> {
        self.refuse_damaged()?;
        self.unpublished.store(true, Relaxed);
        self.quads
            .extend(quads)
            .map_err(StoreError::storage("writing a note"))
    }

    /// A checkpoint in a new folder on the same filesystem, of files that are compacted.
    pub fn checkpoint(&self, dir: &Path) -> Result<(), StoreError> {
        self.compacting.end()?;
        crate::crash_point!("backup");
        self.quads
            .backup(dir)
            .map_err(StoreError::storage("making a snapshot"))?;
        self.unpublished.store(false, Relaxed);
        Ok(())
    }

    /// The same for somebody else: what is published stays what it was.
    pub fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.compacting.end()?;
        self.quads
            .backup(dir)
            .map_err(StoreError::storage("copying the store"))
    }

    /// Does the store hold more than its last checkpoint?
    pub fn is_unpublished(&self) -> bool {
        self.unpublished.load(Relaxed)
    }

    /// What is committed and in no snapshot yet.
    pub fn beyond(&self) -> Beyond {
        self.beyond.clone()
    }

    /// Hands the changes since the last time to whoever keeps the digest. They are forgotten where it succeeds.
    pub fn changes<E>(&self, take: impl FnOnce(&[Change]) -> Result<(), E>) -> Result<(), E> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        take(&changes)?;
        *changes = Vec::new();
        Ok(())
    }

    fn changed(&self, new: Vec<Change>) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.extend(new);
    }

    /// Numbers and times for the next activities.
    fn clock(&self) -> Clock {
        Clock {
            seq: self.head.seq,
            last_us: self.head.published_us,
            now_us: now_us(),
        }
    }

    /// Nothing is written on top of what cannot be read.
    fn refuse_damaged(&self) -> Result<(), StoreError> {
        match damage::below(&self.dir) {
            Some(what) => Err(StoreError::Corrupt {
                doing: "committing",
                what,
            }),
            None => Ok(()),
        }
    }

    /// The same for activities that are about to be committed: from now on the newest snapshot may not be the newest state,
    /// until something is published, be it that the commit failed.
    fn commit_begins(&self) -> Clock {
        self.unpublished.store(true, Relaxed);
        Clock {
            now_us: self.beyond.begins(now_us),
            ..self.clock()
        }
    }

    /// They are committed.
    fn commit_ended(&mut self, clock: &Clock) {
        self.head.seq = clock.seq;
        self.head.published_us = clock.last_us;
        self.beyond.ends(self.head);
    }

    /// The index quads of an activity, and the page graph's name.
    fn index(&self, a: &Activity) -> [Quad; 3] {
        let name = NamedNode::new_unchecked(self.log.activity_iri(self.head.generation, a.seq));
        let graph = GraphName::NamedNode(page_graph(&self.base, self.head.generation, a.seq));
        let entity = NamedNode::new_unchecked(a.entity.clone());
        let published = Literal::new_typed_literal(
            crate::log::date_time(a.published_us),
            oxigraph::model::vocab::xsd::DATE_TIME,
        );
        [
            Quad::new(
                name.clone(),
                rdf::TYPE,
                NamedNode::new_unchecked(a.verb.iri()),
                graph.clone(),
            ),
            Quad::new(name.clone(), OBJECT, entity, graph.clone()),
            Quad::new(name, PUBLISHED, published, graph),
        ]
    }

    /// The quad by which a commit names a segment.
    fn segment_quad(&self, written: &crate::log::Written) -> Quad {
        Quad::new(
            NamedNode::new_unchecked(written.iri.clone()),
            SHA256,
            Literal::new_simple_literal(written.sha256.clone()),
            GraphName::NamedNode(page_graph(&self.base, self.head.generation, written.first)),
        )
    }
}

fn now_us() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// The graph that indexes the page on which an activity stands.
pub(crate) fn page_graph(base: &str, generation: u64, seq: u64) -> NamedNode {
    NamedNode::new_unchecked(format!(
        "{base}graph/changes/{generation}/{}",
        seq.saturating_sub(1) / PAGE
    ))
}

/// The head is what the last page of the last generation says.
pub(crate) fn read_head(quads: &Quads, base: &str) -> Result<Head, StoreError> {
    let has = |generation: u64, page: u64| {
        quads
            .contains_named_graph(page_graph(base, generation, page * PAGE + 1).as_ref())
            .map_err(StoreError::storage(
                "looking for the newest page of the log",
            ))
    };
    let mut generation = 1;
    while has(generation + 1, 0)? {
        generation += 1;
    }
    if !has(generation, 0)? {
        return Ok(Head {
            generation,
            seq: 0,
            published_us: 0,
        });
    }
    let (mut low, mut high) = (0, 1);
    while has(generation, high)? {
        low = high;
        high *= 2;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if has(generation, middle)? {
            low = middle
        } else {
            high = middle
        }
    }
    let graph = page_graph(base, generation, low * PAGE + 1);
    let mut head = Head {
        generation,
        seq: 0,
        published_us: 0,
    };
    for quad in quads.quads_for_pattern(None, Some(PUBLISHED), None, Some(graph.as_ref().into())) {
        let quad = quad.map_err(StoreError::storage("reading the newest page of the log"))?;
        let subject = quad.subject.to_string();
        let seq = subject
            .trim_end_matches('>')
            .rsplit('/')
            .next()
            .and_then(|n| n.parse::<u64>().ok());
        let published = match &quad.object {
            Term::Literal(l) => parse_date_time(l.value()),
            _ => None,
        };
        let (Some(seq), Some(published_us)) = (seq, published) else {
            return Err(StoreError::Broken(format!(
                "the log's index holds {quad}, which is no activity of ours"
            )));
        };
        if seq > head.seq {
            head = Head {
                generation,
                seq,
                published_us,
            };
        }
    }
    Ok(head)
}

/// A killed bulk load leaves its sorted files for ever; nothing names them.
fn sweep_bulk_files(dir: &Path) -> std::io::Result<usize> {
    let mut swept = 0;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if name.starts_with("bulk-") && name.ends_with(".sst") {
            std::fs::remove_file(&path)?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// All our IRIs begin with the base: a store belongs to one.
fn check_base(data_dir: &Path, base: &str) -> Result<(), StoreError> {
    let path = data_dir.join("base");
    match std::fs::read_to_string(&path) {
        Ok(found) if found.trim() == base => Ok(()),
        Ok(found) => Err(StoreError::OtherBase {
            dir: data_dir.to_owned(),
            found: found.trim().to_owned(),
            expected: base.to_owned(),
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::write(&path, format!("{base}\n"))
                .map_err(StoreError::log("noting the base of our IRIs"))
        }
        Err(e) => Err(StoreError::Log {
            doing: "reading the base of our IRIs",
            source: e,
        }),
    }
}
