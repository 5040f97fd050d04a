//! Opening the house: lock, store, state, first snapshot; what does not agree with the store is rebuilt from it.

use super::Daemon;
use crate::answers::Answers;
use crate::config::Config;
use crate::lock::{Lock, LockError};
use crate::network::Network;
use crate::parts::Parts;
use crate::report::Reports;
use crate::run::{Rooms, RunError, Writer};
use crate::snapshot::Publisher;
use crate::state::{Found, State, StateError};
use crate::store::{Policy, Store, StoreError, WriteLimits};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, RwLock},
};
use tokio::sync::Semaphore;
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
    #[error("{0}: {1}")]
    Io(&'static str, std::io::Error),
}

impl Daemon {
    /// Opens everything and publishes what the store holds. `scheduled`: sources run when they are due.
    pub fn open(config: Config, scheduled: bool) -> Result<Arc<Self>, OpenError> {
        let data_dir = config.data_dir.clone();
        let lock = Lock::take(&data_dir)?;
        let limits = write_limits(&config);
        let mut store = Store::open(&data_dir, config.public_url.as_str(), limits)?;
        let state = open_state(&data_dir, &store, &config)?;
        let spool_dir = data_dir.join("spool");
        fresh(&spool_dir).map_err(|e| OpenError::Io("emptying the spool folder", e))?;
        let answers = Answers::new(&data_dir);
        let swept = answers
            .sweep()
            .map_err(|e| OpenError::Io("sweeping the kept answers", e))?;
        if swept > 0 {
            tracing::info!(swept, "removed answers that interrupted runs left behind");
        }
        let mut publisher = Publisher::open(&data_dir, config.limits.snapshots_kept)
            .map_err(|e| OpenError::Io("emptying the snapshots folder", e))?;
        let policy = policy(&config);
        // What a commit that was cut short left to be stated anew.
        store.restate_pending(&policy)?;
        store.flush()?;
        let digest = super::digest::open(&state, &store)?;
        publisher.with_digest(digest.clone());
        publisher.publish(&store)?;
        let published = publisher.watch();
        let rooms = Rooms {
            network: Network::new(&config.public_url),
            writer: Mutex::new(Writer {
                store,
                publisher,
                policy,
            }),
            state,
            digest,
            answers,
            parts: Parts::new(&data_dir),
            reports: Reports::new(&data_dir, config.limits.reports_kept),
            spool_dir,
        };
        let daemon = Arc::new(Self {
            rooms: Arc::new(rooms),
            runs: Arc::new(Semaphore::new(config.limits.runs_at_once_max)),
            config: RwLock::new(Arc::new(config.clone())),
            places: Mutex::new(BTreeMap::new()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            scheduled,
            began: chrono::Utc::now(),
            _lock: lock,
            published,
        });
        daemon.take_over(config)?;
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
    }
}

/// Who wins, as configured.
pub fn policy(config: &Config) -> Policy {
    Policy::new(
        config
            .sources
            .iter()
            .map(|s| (s.id.clone(), s.owns.clone(), s.priority)),
    )
}

fn fresh(dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => std::fs::create_dir_all(dir),
    }
}

fn open_state(data_dir: &Path, store: &Store, config: &Config) -> Result<State, OpenError> {
    let (state, found) = State::open(data_dir, store.head(), config.limits.state_cache_bytes)?;
    if let Found::Rebuilt(why) = &found {
        tracing::warn!(
            why,
            "the state is rebuilt from the store; unchanged records are described once more"
        );
    }
    for source in &config.sources {
        let interrupted = state.interrupted(&source.id)?;
        if interrupted {
            tracing::info!(
                source = source.id,
                "a commit was interrupted; the source's records are listed from the store"
            );
        }
        if interrupted || matches!(found, Found::Rebuilt(_)) {
            let records = store.record_ids(&source.id)?;
            let count = state.rebuild(&source.id, records.into_iter())?;
            tracing::info!(
                source = source.id,
                records = count,
                "the state of a source is rebuilt"
            );
        }
    }
    Ok(state)
}
