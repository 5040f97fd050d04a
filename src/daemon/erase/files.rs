//! Which files are replaced and which go when something is erased, and the note that says how far that is.
//!
//! Order: the note; then all that is to stay, written beside what is there; the note says so; only then what is there goes.
//! Killed at any moment, either the old files stand whole, or the new ones take their place when it is begun again. Start
//! at [`finish`].

use crate::backup::STAGED;
use crate::diagnosis::health::forget_what_was_seen;
use crate::feed_cache;
use crate::scrub;
use crate::swap;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// What was begun, `{data_dir}/erasing.json`, until it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What is to go.
    pub iris: BTreeSet<String>,
    /// The same, of a time before that was cut short.
    pub again: BTreeSet<String>,
    pub why: String,
    /// All that is to stay is written.
    pub written: bool,
}

const NOTE: &str = "erasing.json";
/// Written anew.
const REPLACED: [&str; 2] = ["store", "state"];
/// Made from the store and the log: made again when somebody asks, or at the next start.
const DERIVED: [&str; 4] = ["snapshots", "dumps", "search", "survey"];
/// What sources said, and what was said of that: it comes again with their next runs.
const PAST: [&str; 3] = ["answers", "reports", "spool"];

/// Beginnings of the names of what was set aside: states that could not be read, snapshots that were ahead of the store, what
/// a restored backup or a recovered store took the place of; a backup that was not copied; a copy that a scrub left.
const SET_ASIDE: [&str; 5] = [
    "state.broken-",
    "ahead-",
    swap::ASIDE,
    STAGED,
    scrub::BESIDE,
];

impl Journal {
    pub fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(data_dir.join(NOTE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Durable when it returns.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        let temporary = data_dir.join("erasing.tmp");
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(temporary, data_dir.join(NOTE))?;
        File::open(data_dir)?.sync_all()
    }

    /// Everything that is to go.
    pub fn all(&self) -> BTreeSet<String> {
        self.iris.union(&self.again).cloned().collect()
    }
}

/// Where what takes the place of a folder is written.
pub fn new(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join(format!("{name}.new"))
}

/// Puts what is written into its place, and takes away everything that it was without. May be done again.
pub fn finish(data_dir: &Path) -> io::Result<()> {
    for name in REPLACED {
        let (new, here) = (new(data_dir, name), data_dir.join(name));
        let old = data_dir.join(format!("{name}.erased"));
        if new.is_dir() {
            remove(&old)?;
            if here.exists() {
                fs::rename(&here, &old)?;
            }
            crate::crash_point!("erase-between");
            fs::rename(new, here)?;
            File::open(data_dir)?.sync_all()?;
        }
        remove(&old)?;
    }
    remove_derived(data_dir)?;
    for name in PAST {
        remove(&data_dir.join(name))?;
    }
    for entry in fs::read_dir(data_dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| SET_ASIDE.iter().any(|begin| name.starts_with(begin))) {
            remove(&path)?;
        }
    }
    forget_dead_letters(&data_dir.join("webhooks"))?;
    forget_what_was_seen(data_dir)?;
    File::open(data_dir)?.sync_all()?;
    fs::remove_file(data_dir.join(NOTE))?;
    File::open(data_dir)?.sync_all()
}

/// Takes away all that is made of the store and of the log, while nobody has them open.
pub fn remove_derived(data_dir: &Path) -> io::Result<()> {
    for name in DERIVED {
        remove(&data_dir.join(name))?;
    }
    feed_cache::forget(data_dir)
}

/// What receivers did not take tells of a generation that has ended; they are told of that instead.
fn forget_dead_letters(webhooks: &Path) -> io::Result<()> {
    let receivers = match fs::read_dir(webhooks) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        receivers => receivers?,
    };
    for receiver in receivers {
        remove(&receiver?.path().join("dead"))?;
    }
    Ok(())
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
