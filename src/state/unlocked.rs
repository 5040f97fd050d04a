//! Opening sled where somebody else may have its file open for a moment. Knows nothing of what is in it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// How long the file may be locked.
const LOCKED_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Opens sled. Whoever is here holds the data directory, so a file that is locked all the same is so for a moment only: a
/// process that another thread is starting has it open until it becomes another program.
pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(None);
    let began = Instant::now();
    loop {
        match config.open() {
            Err(error) if is_locked(&error) && began.elapsed() < LOCKED_MAX => {
                std::thread::sleep(LOOK_EVERY);
            }
            opened => return opened,
        }
    }
}

/// sled has no kind of its own for it.
fn is_locked(error: &sled::Error) -> bool {
    let sled::Error::Io(error) = error else {
        return false;
    };
    error.to_string().starts_with("could not acquire lock")
}
