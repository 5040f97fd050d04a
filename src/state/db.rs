//! sled, opened where somebody else may have its file open for a moment, and written to disk where there is room only: one
//! write that fails, and it refuses everything until the daemon starts anew. Knows nothing of what is in it.

use std::{
    io,
    ops::Deref,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// The least that is free where sled writes: two of its segments of 512 KiB, the one that it ends and the one that it begins.
/// It is no setting: `limits.disk_free_bytes_min` is, and stands before it.
const ROOM_BYTES: u64 = 2 * 512 * 1024;

/// sled, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Db {
    sled: sled::Db,
    dir: Arc<Path>,
}

impl Deref for Db {
    type Target = sled::Db;

    fn deref(&self) -> &sled::Db {
        &self.sled
    }
}

impl Db {
    /// Everything that was said so far is on disk afterwards. Where there is no room nothing is written: it stays in memory,
    /// and goes with the next that is.
    pub(super) fn flush(&self) -> Result<(), sled::Error> {
        let disk = rustix::fs::statvfs(&*self.dir).map_err(io::Error::from)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < ROOM_BYTES {
            let dir = self.dir.display();
            let text = format!("{free} bytes are left for {dir}, expected {ROOM_BYTES}");
            return Err(io::Error::new(io::ErrorKind::StorageFull, text).into());
        }
        self.sled.flush()?;
        Ok(())
    }
}

/// How long the file may be locked.
const LOCKED_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Opens sled. Whoever is here holds the data directory, so a file that is locked all the same is so for a moment only: a
/// process that another thread is starting has it open until it becomes another program.
pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Db, sled::Error> {
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
            opened => {
                let dir = dir.into();
                return opened.map(|sled| Db { sled, dir });
            }
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
