//! Opening the house: lock, store, state, first snapshot; what does not agree with the store is rebuilt from it.

use super::{Daemon, raise::raise, shared::SharedError};
use crate::answers::Answers;
use crate::config::Config;
use crate::diagnosis::health;
use crate::feed_cache;
use crate::feedback::{Feedback, rdf};
use crate::format;
use crate::gate::book::Book;
use crate::links::Links;
use crate::lock::{Lock, LockError};
use crate::network::Network;
use crate::parts::Parts;
use crate::push::Inbox;
use crate::quality::Survey;
use crate::report::Reports;
use crate::room::Room;
use crate::run::{
    Rooms, RunError, Writer,
    corrections::lay,
    unify::{self, Changed},
};
use crate::search::Search;
use crate::snapshot::Publisher;
use crate::state::{Found, State, StateError};
use crate::store::{Policy, Store, StoreError, WriteLimits};
use crate::webhooks::Webhooks;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Shared(#[from] SharedError),
    #[error("erasing was begun in {0} and not finished: `harvestd erase --why TEXT` finishes it")]
    Erasing(PathBuf),
    #[error("{0}: {1}")]
    Io(&'static str, std::io::Error),
}

/// What a daemon is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sources run when they are due.
    Serve,
    /// Sources run when somebody asks.
    Work,
    /// Something is erased ([`super::erase`]).
    Erase,
    /// Sources are asked what a run would change. Otherwise as [`Purpose::Read`].
    Check,
    /// What is committed is shown. The configuration changes nothing of it: corrections and shared vocabularies that are
    /// new there are not committed, and what an interrupted commit left to do is left.
    Read,
}

impl Purpose {
    /// May the store change?
    pub fn writes(self) -> bool {
        matches!(self, Self::Serve | Self::Work | Self::Erase)
    }
}

impl Daemon {
    /// Opens everything and publishes what the store holds, unless nothing was ever committed to it.
    pub fn open(config: Config, purpose: Purpose) -> Result<Arc<Self>, OpenError> {
        let data_dir = config.data_dir.clone();
        let lock = Lock::take(&data_dir)?;
        if purpose != Purpose::Erase {
            super::erase::refuse(&data_dir)?;
        }
        let limits = write_limits(&config);
        let mut store = Store::open(&data_dir, config.public_url.as_str(), limits)?;
        if purpose.writes() {
            raise(&mut store, &data_dir)?;
            store.follow_rules()?;
            format::note(&data_dir)
                .map_err(|e| OpenError::Io("noting the form of the data directory", e))?;
        }
        let state = open_state(&data_dir, &store, &config)?;
        super::backup::remove_staged(&data_dir)
            .map_err(|e| OpenError::Io("removing a backup that was not copied", e))?;
        let spool_dir = data_dir.join("spool");
        let within_ms = match purpose {
            Purpose::Erase => 0,
            _ => config.limits.resume_within_ms,
        };
        Network::sweep(&spool_dir, Duration::from_millis(within_ms))
            .map_err(|e| OpenError::Io("emptying the spool folder", e))?;
        let answers = Answers::new(&data_dir);
        let interrupted = answers
            .sweep()
            .map_err(|e| OpenError::Io("sweeping the kept answers", e))?;
        if interrupted > 0 {
            tracing::info!(
                interrupted,
                "runs were interrupted; the next ones go on from what they were answered"
            );
        }
        let swept = feed_cache::sweep(&data_dir)
            .map_err(|e| OpenError::Io("sweeping the feed's pages", e))?;
        if swept > 0 {
            tracing::info!(swept, "removed files that a kill left half written");
        }
        let (kept, policy_of_snapshots) = (config.limits.snapshots_kept, &config.limits.snapshots);
        let policy_of_snapshots = policy_of_snapshots.clone();
        let publisher = Publisher::open(&data_dir, kept, policy_of_snapshots, store.beyond())
            .map_err(|e| OpenError::Io("looking through the snapshots folder", e))?;
        let (tell_standings, standings) = watch::channel(Arc::default());
        let mut writer = Writer {
            agencies: store.agencies()?,
            store,
            publisher,
            survey: Survey::of(&data_dir).with_links(state.addresses()?),
            policy: policy(&config),
            thresholds: config.identity,
            overrides: Arc::default(),
            standings: tell_standings,
        };
        let feedback = Feedback::open(&config, purpose.writes())
            .map_err(|e| OpenError::Io("reading feedback", e))?;
        if purpose.writes() {
            show(&feedback, &mut writer.store)?;
            let search = Search::of(&data_dir, &config.limits.search);
            writer.publisher.with_search(search);
            catch_up(&state, &mut writer)?;
            lay(&mut writer, &config.overrides)?;
            state.moved_on(writer.store.head())?;
        } else {
            let in_force = writer.store.in_force(&config.overrides)?;
            writer.standings.send_replace(Arc::new(in_force));
            writer.overrides = config.overrides.clone();
        }
        writer.store.flush()?;
        let digest = super::digest::open(&state, &writer.store)?;
        writer.publisher.with_digest(digest.clone());
        publish(&mut writer, purpose)?;
        let (published, shelf) = (writer.publisher.watch(), writer.publisher.shelf());
        let health = health::Book::open(&data_dir)
            .map_err(|e| OpenError::Io("reading which sources are sick", e))?;
        let health = Arc::new(health);
        let webhooks = Webhooks::new(
            &data_dir,
            writer.store.log().clone(),
            health.clone(),
            &config.public_url,
            published.clone(),
            purpose == Purpose::Serve,
        );
        let parts = Parts::new(&data_dir);
        let reports = Reports::new(
            &data_dir,
            config.limits.reports_kept,
            config.limits.reports_bytes_max,
        );
        if purpose.writes() {
            let swept = parts.sweep().and_then(|()| reports.sweep());
            swept.map_err(|e| OpenError::Io("removing what a killed run began to write", e))?;
        }
        let links = Arc::new(Links::open(&state, Arc::new(config.clone()))?);
        let rooms = Rooms {
            network: Arc::new(Network::new(&config.public_url)),
            writer: Mutex::new(writer),
            standings,
            state,
            digest,
            answers,
            parts,
            reports,
            book: Book::open(&data_dir)
                .map_err(|e| OpenError::Io("reading what the gate remembers", e))?,
            health,
            room: Room::of(&data_dir),
            spool_dir,
        };
        let rooms = Arc::new(rooms);
        let inbox = Inbox::new(&rooms, Arc::new(config.clone()));
        let daemon = Arc::new(Self {
            inbox: Arc::new(inbox),
            rooms,
            runs: Arc::new(Semaphore::new(config.limits.runs_at_once_max)),
            large: Arc::new(Semaphore::new(
                config.limits.runs_at_once_max.saturating_sub(1).max(1),
            )),
            config: RwLock::new(Arc::new(config.clone())),
            places: Mutex::new(BTreeMap::new()),
            lives: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            purpose,
            began: chrono::Utc::now(),
            _lock: lock,
            published,
            shelf,
            webhooks: Arc::new(webhooks),
            feedback: Arc::new(feedback),
            staged: Mutex::default(),
            links,
            turn: tokio::sync::Mutex::default(),
        });
        if purpose.writes() {
            daemon.share(&config)?;
            daemon.look_once();
            daemon.tasks.spawn(daemon.clone().look_at_snapshots());
            daemon.tasks.spawn(daemon.clone().look_for_room());
            daemon.tasks.spawn(daemon.clone().mend_search());
        }
        daemon.take_over(config)?;
        if purpose.writes() {
            daemon.tasks.spawn(daemon.clone().publish_feedback());
        }
        if purpose == Purpose::Serve {
            daemon.tasks.spawn(daemon.clone().check_links());
        }
        Ok(daemon)
    }
}

/// How much the store may change at once, as configured.
pub fn write_limits(config: &Config) -> WriteLimits {
    let limits = &config.limits;
    WriteLimits {
        batch_triples_max: limits.batch_triples_max,
        flush_triples: limits.flush_triples,
        segment_activities_max: limits.segment_activities_max,
        bulk_bytes_min: limits.bulk_bytes_min,
        bulk_batch_quads: limits.bulk_batch_quads,
        runs_noted: limits.runs_noted,
    }
}

/// Who wins, as configured.
pub fn policy(config: &Config) -> Policy {
    let sources = config.sources.iter();
    let sources = sources.map(|s| (s.id.clone(), s.owns.clone(), s.priority));
    // Also where it is not published any more: what was, is still there.
    let tw = harvestd_vocab::shared::SOURCE;
    let shared = (tw.to_owned(), crate::run::shared::owns(config, tw), 0);
    Policy::new(sources.chain([shared])).corrected_by(config.overrides.clone())
}

/// What the store holds, for everybody; or for as long as this process reads.
fn publish(writer: &mut Writer, purpose: Purpose) -> Result<(), OpenError> {
    if writer.store.head().seq == 0 {
        return Ok(());
    }
    if purpose.writes() {
        writer.measured()?;
    } else {
        let known = writer.survey.look(&writer.store, chrono::Utc::now());
        writer.publisher.measured(known);
        writer.publisher.show(&writer.store)?;
    }
    Ok(())
}

/// The graph of feedback says what is kept: a kill may have come before it was told.
pub(super) fn show(feedback: &Feedback, store: &mut Store) -> Result<(), StoreError> {
    let base = store.base().to_owned();
    let all = feedback.changed();
    let said = all.iter().flat_map(|item| rdf::quads(&base, item));
    store.set_feedback(None, said.collect())?;
    Ok(())
}

/// Which records are one dataset, where a commit was cut short or the rules changed: before anything is published.
fn catch_up(state: &State, writer: &mut Writer) -> Result<(), OpenError> {
    if unify::doubted(state, writer)? {
        unify::doubt(state, writer)?;
        state.make_durable()?;
        unify::unify(state, writer, &Changed::default(), false)?;
        state.make_durable()?;
    } else if let Some(joined) = state.joined()? {
        unify::tell(joined);
    }
    Ok(())
}

fn open_state(data_dir: &Path, store: &Store, config: &Config) -> Result<State, OpenError> {
    let (state, found) = State::open(data_dir, store.head(), config.limits.state_cache_bytes)?;
    if let Found::Rebuilt(why) = &found {
        tracing::warn!(
            why,
            "the state is rebuilt from the store; unchanged records are described once more"
        );
    }
    let shared = config.shared.iter().map(String::as_str);
    for source in shared.chain(config.sources.iter().map(|s| s.id.as_str())) {
        let interrupted = state.interrupted(source)?;
        if interrupted {
            tracing::info!(
                source,
                "a commit was interrupted; the source's records are listed from the store"
            );
        }
        if interrupted || matches!(found, Found::Rebuilt(_)) {
            let records = store.record_ids(source)?;
            let count = state.rebuild(source, records.into_iter())?;
            tracing::info!(source, records = count, "the state of a source is rebuilt");
        }
    }
    Ok(state)
}
