//! Erasing: what is asked for goes from the store, and what is not said any more goes from every file that we keep.
//!
//! Deleting is not erasing: the change log tells what was, snapshots show it, and the engines of the store and of the state
//! keep bytes of what they removed. So the log begins anew, the store and the state are written into new files, and what is
//! made of them goes. Nothing is taken away before all that takes its place is on disk ([`files`] has the order), and what
//! was begun is finished by the same command. Nobody else has the data directory meanwhile. Start at [`erase`].

pub mod files;

use super::{Daemon, OpenError, Purpose, open::show};
use crate::config::Config;
use crate::feedback::{self, Feedback};
use crate::lock::{Lock, LockError};
use crate::run::{
    RunError, Writer,
    unify::{self, Changed},
};
use crate::stage::Stage;
use crate::state::StateError;
use crate::store::{About, ApplyOptions, Head, StoreError};
use files::Journal;
use harvestd_harvesters::RecordId;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long what the daemon began at its start may take to end.
const GRACE: Duration = Duration::from_secs(60);

/// Why nothing is erased, or not all.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
    #[error(
        "nothing is known under {0}: expected the IRI of an entity or of a record; nothing was erased"
    )]
    Unknown(String),
    #[error(
        "{at} corrects {entity}, and would say it again: take that correction away first; nothing was erased"
    )]
    Corrected { entity: String, at: String },
    #[error(
        "nothing would be left of what {0} holds: take the whole directory away instead; nothing was erased"
    )]
    NothingLeft(PathBuf),
    #[error("a part of it panicked: {0}")]
    Panic(String),
}

fn doing(what: &'static str) -> impl Fn(io::Error) -> EraseError {
    move |error| EraseError::Io(what, error)
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// IRIs of the records that are no more.
    pub records: Vec<String>,
    /// How much feedback lost its words.
    pub feedback: usize,
    /// Where the feed stands now; its generation is a new one.
    pub head: Head,
}

/// Erases what these IRIs mean, or nothing but the past where there are none. Finishes first what was begun before and not
/// finished. `why` is published.
///
/// # Errors
/// Where another process has the data directory, an IRI means nothing, or a correction by hand would say again what is to
/// go: nothing is erased then. Where the disk or the store fails: the same command goes on with it.
pub async fn erase(config: Config, iris: &[String], why: &str) -> Result<Erased, EraseError> {
    let data_dir = config.data_dir.clone();
    let begun = {
        let _lock = Lock::take(&data_dir)?;
        let journal = Journal::read(&data_dir).map_err(doing("reading what was begun"))?;
        if journal.as_ref().is_some_and(|journal| journal.written) {
            files::finish(&data_dir).map_err(doing("taking away what is replaced"))?;
        }
        journal
    };
    let journal = Journal {
        iris: iris.iter().cloned().collect(),
        again: begun.map(|journal| journal.all()).unwrap_or_default(),
        why: why.to_owned(),
        written: false,
    };
    let daemon = Daemon::open(config, Purpose::Erase)?;
    let work = daemon.clone();
    let written = tokio::task::spawn_blocking(move || work.write_without(journal)).await;
    daemon.close(GRACE).await;
    drop(daemon);
    let erased = written.map_err(|panic| EraseError::Panic(panic.to_string()))??;
    let _lock = Lock::take(&data_dir)?;
    files::finish(&data_dir).map_err(doing("taking away what is replaced"))?;
    Ok(erased)
}

impl Daemon {
    /// Writes everything that is to stay beside what is there.
    fn write_without(&self, mut journal: Journal) -> Result<Erased, EraseError> {
        let config = self.config();
        let data_dir = &config.data_dir;
        let writer = &mut *self.rooms.writer()?;
        let (records, names) = found(writer, &journal)?;
        if let Some(of) = names
            .iter()
            .find_map(|iri| config.overrides.of(iri).first())
        {
            return Err(EraseError::Corrected {
                entity: of.entity().to_owned(),
                at: of.at().to_owned(),
            });
        }
        if !writer.store.holds_but(&names)? {
            return Err(EraseError::NothingLeft(data_dir.clone()));
        }
        let noted = doing("noting what is begun");
        journal.write(data_dir).map_err(&noted)?;
        crate::crash_point!("erase-begun");
        let forgotten = feedback::forget(data_dir, &names).map_err(doing("rewriting feedback"))?;
        let feedback = Feedback::open(&config, true).map_err(doing("reading feedback"))?;
        show(&feedback, &mut writer.store)?;
        // By what the store holds it is known what is meant, so that goes last.
        self.forget_parts(&config, &records)?;
        self.forget_held(&records)?;
        crate::crash_point!("erase-parts");
        self.delete(writer, &records)?;
        writer.store.forget_receipts()?;
        writer.store.flush()?;
        writer.store.forget_quality()?;
        let head = writer.store.new_generation(&journal.why)?;
        crate::crash_point!("erase-deleted");
        let store = files::new(data_dir, "store");
        writer.store.write_anew(&store, &|_| {})?;
        let cache_bytes = config.limits.state_cache_bytes;
        let state = files::new(data_dir, "state");
        self.rooms.state.carry_to(&state, cache_bytes)?;
        journal.written = true;
        journal.write(data_dir).map_err(&noted)?;
        crate::crash_point!("erase-written");
        Ok(Erased {
            records: records.into_iter().map(|about| about.record).collect(),
            feedback: forgotten,
            head,
        })
    }

    /// Takes the records away as a run does that finds them gone. What the state says of their sources is rebuilt at the next
    /// start.
    fn delete(&self, writer: &mut Writer, records: &BTreeSet<About>) -> Result<(), EraseError> {
        if records.is_empty() {
            return Ok(());
        }
        let state = &self.rooms.state;
        let trusted = unify::doubt(state, writer)?;
        let mut by_source: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for about in records {
            by_source.entry(&about.source).or_default().push(&about.id);
        }
        for (source, ids) in by_source {
            state.begin_applying(source)?;
            state.drop_bodies(source, ids.into_iter())?;
        }
        let staging = doing("staging");
        let stage = Stage::begin(self.rooms.spool_dir.join("erase")).map_err(&staging)?;
        let stage = stage.finish().map_err(&staging)?;
        let deletion = |about: &About| (about.id.class, about.record.clone());
        let mut deletions: Vec<_> = records.iter().map(deletion).collect();
        // What refers goes before what is referred to.
        deletions.sort_by_key(|(class, _)| std::cmp::Reverse(*class));
        let options = ApplyOptions {
            run: None,
            dry: false,
            mostly_new: false,
        };
        let policy = &writer.policy;
        writer
            .store
            .apply(&stage, &deletions, policy, &options, &|_| {})?;
        let gone: Vec<String> = deletions.into_iter().map(|(_, record)| record).collect();
        let changed = Changed {
            gone: &gone,
            ..Changed::default()
        };
        unify::unify(state, writer, &changed, trusted)?;
        Ok(())
    }

    /// Takes the records from the lists of those that are held or kept by hand.
    fn forget_held(&self, records: &BTreeSet<About>) -> Result<(), EraseError> {
        let mut ids: BTreeMap<&str, BTreeSet<RecordId>> = BTreeMap::new();
        for about in records {
            ids.entry(&about.source)
                .or_default()
                .insert(about.id.clone());
        }
        for (source, ids) in ids {
            let changed = self.rooms.book.change(source, |page| page.forget(&ids));
            changed.map_err(doing("rewriting what the gate remembers"))?;
        }
        Ok(())
    }

    /// Takes away the parts of the records, and what was kept of any record and counts no more.
    fn forget_parts(&self, config: &Config, records: &BTreeSet<About>) -> Result<(), EraseError> {
        let failed = doing("rewriting kept parts");
        for source in self.rooms.parts.sources().map_err(&failed)? {
            let harvester = config
                .source(&source)
                .map(|source| source.open(&config.limits))
                .transpose()
                .map_err(|e| failed(io::Error::other(e.to_string())))?;
            let kinds = harvester.map_or(&[][..], |harvester| harvester.parts());
            if kinds.is_empty() {
                // Nobody can read them any more.
                self.rooms.parts.forget(&source).map_err(&failed)?;
                continue;
            }
            let parts = &self.rooms.parts;
            let run = format!("erase-{}", crate::run::now_ms());
            let mut log = parts.open(&source, &run, kinds).map_err(&failed)?;
            for about in records.iter().filter(|about| about.source == source) {
                log.remove(&about.id).map_err(&failed)?;
            }
            log.compact().map_err(&failed)?;
        }
        Ok(())
    }
}

/// The records that are meant, and every IRI under which anything may have been said of what they are about.
fn found(
    writer: &Writer,
    journal: &Journal,
) -> Result<(BTreeSet<About>, BTreeSet<String>), EraseError> {
    let mut records = BTreeSet::new();
    let mut names = journal.all();
    for iri in names.clone() {
        let about = writer.store.every_record_about(&iri)?;
        // What was begun before may be gone already.
        if about.is_empty() && !journal.again.contains(&iri) {
            return Err(EraseError::Unknown(iri));
        }
        records.extend(about);
    }
    for about in &records {
        names.insert(writer.store.published_as(&about.entity)?);
        names.insert(about.entity.clone());
    }
    Ok((records, names))
}

/// Refuses a data directory in which erasing was begun and not finished.
pub fn refuse(data_dir: &Path) -> Result<(), OpenError> {
    let begun = Journal::read(data_dir).map_err(|e| OpenError::Io("reading what was begun", e))?;
    match begun {
        Some(_) => Err(OpenError::Erasing(data_dir.to_owned())),
        None => Ok(()),
    }
}
