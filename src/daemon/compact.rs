//! Compacting: the store and the state are written into new files, since the engine collects no string that it was ever
//! given. What is said stays, with its numbers, its past and its digest.
//!
//! Nothing is taken away before all that takes its place is on disk ([`crate::swap`]). Nobody else has the data directory
//! meanwhile. Start at [`compact`].

use super::{Daemon, Purpose, RewriteError};
use crate::config::Config;
use crate::lock::Lock;
use crate::run::now_ms;
use crate::swap::{self, Swap};
use std::{fs, io, path::Path, sync::Arc, time::Duration};

const GRACE: Duration = Duration::from_secs(60);
const REPLACED: [&str; 2] = ["store", "state"];

/// What it came to, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Compacted {
    pub quads: u64,
    pub store_before: u64,
    pub store_after: u64,
    pub state_before: u64,
    pub state_after: u64,
}

/// Writes store and state anew. `tell` is called with the number of quads written so far.
///
/// # Errors
/// Where another process has the directory, or the disk or the store fails: what was there stands then.
pub async fn compact(
    config: Config,
    tell: impl Fn(u64) + Send + 'static,
) -> Result<Compacted, RewriteError> {
    let data_dir = config.data_dir.clone();
    let daemon = Daemon::open(config, Purpose::Work)?;
    let work = daemon.clone();
    let written = tokio::task::spawn_blocking(move || work.write_again(&tell)).await;
    daemon.close(GRACE).await;
    drop(daemon);
    let written = written.map_err(|panic| RewriteError::Panic(panic.to_string()))??;
    // Finishes what was begun.
    let _lock = Lock::take(&data_dir)?;
    Ok(written)
}

impl Daemon {
    fn write_again(self: Arc<Self>, tell: &dyn Fn(u64)) -> Result<Compacted, RewriteError> {
        let config = self.config();
        let data_dir = &config.data_dir;
        let failed = RewriteError::io;
        let writer = &mut *self.rooms.writer()?;
        writer.store.flush()?;
        let bytes = |dir: &Path| bytes_in(dir).map_err(failed("measuring"));
        let before = REPLACED.map(|name| bytes(&data_dir.join(name)));
        let incoming = swap::fresh(data_dir).map_err(failed("making a folder"))?;
        let quads = writer.store.write_anew(&incoming.join("store"), tell)?;
        let cache_bytes = config.limits.state_cache_bytes;
        self.rooms
            .state
            .copy_to(&incoming.join("state"), cache_bytes)?;
        let after = REPLACED.map(|name| bytes(&incoming.join(name)));
        let ([store_before, state_before], [store_after, state_after]) = (before, after);
        let compacted = Compacted {
            quads,
            store_before: store_before?,
            store_after: store_after?,
            state_before: state_before?,
            state_after: state_after?,
        };
        let swap = Swap::new(Some(&REPLACED), now_ms(), false);
        swap.begin(data_dir)
            .map_err(failed("noting what is begun"))?;
        Ok(compacted)
    }
}

/// Bytes of all files below.
pub fn bytes_in(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let found = match entry.metadata() {
            // A table that the engine has merged into others.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            found => found?,
        };
        bytes += match found.is_dir() {
            true => bytes_in(&entry.path())?,
            false => found.len(),
        };
    }
    Ok(bytes)
}
