//! Backups: a copy of everything in a data directory that cannot be made again, with a manifest of SHA-256 sums.
//!
//! The daemon stages one under the writer's lock, in moments: a checkpoint of the store, the state's irreplaceable part, and
//! hard links to files that only grow or are replaced whole, with the length that each has then ([`links`]). Whoever asked
//! copies at leisure, to whatever disk ([`copy()`]). A folder without a manifest is no backup. Start at [`Manifest`].

mod copy;
mod staged;
mod turn;

pub use copy::{check, copy, restore_into};
pub use staged::{NAME as STAGED, Staged, links, with_made};
pub use turn::Turn;

use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

/// Name of the manifest. What it stands beside is whole.
const MANIFEST: &str = "manifest.json";
/// Of the manifest; a later form has a higher number.
const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub version: u32,
    /// The program that made it.
    pub program: String,
    /// Base of our own IRIs.
    pub base: String,
    pub generation: u64,
    /// Of the newest activity that it holds.
    pub seq: u64,
    /// When it was staged, microseconds since 1970.
    pub made_us: i64,
    pub files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Below the backup's folder, with slashes.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A backup could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} is no backup: {1}")]
    NoBackup(PathBuf, String),
    #[error("{0} is not empty: a backup is made in a folder of its own")]
    NotEmpty(PathBuf),
    #[error("{} of the backup's files are damaged: {}", .0.len(), .0.join("; "))]
    Damaged(Vec<String>),
    #[error("a copy of what is damaged is no backup, and nothing was copied: {0}")]
    Unreadable(String),
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

impl BackupError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what.into(), error)
    }
}

impl Manifest {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads what a folder says of itself.
    pub fn read(dir: &Path) -> Result<Self, BackupError> {
        let no = |why: String| BackupError::NoBackup(dir.to_owned(), why);
        let bytes = fs::read(dir.join(MANIFEST)).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => no(format!(
                "it has no {MANIFEST}, which is written when all the rest is"
            )),
            _ => no(e.to_string()),
        })?;
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|e| no(format!("{MANIFEST}: {e}")))?;
        if manifest.version > VERSION {
            return Err(no(format!(
                "harvestd {} made it, in form {}, and this harvestd knows form {VERSION}",
                manifest.program, manifest.version
            )));
        }
        for file in &manifest.files {
            let mut parts = Path::new(&file.path).components();
            if !parts.all(|part| matches!(part, Component::Normal(_))) {
                return Err(no(format!("{MANIFEST} names {:?}", file.path)));
            }
        }
        Ok(manifest)
    }

    /// Written last, whole or not at all.
    fn write(&self, dir: &Path) -> io::Result<()> {
        let temporary = dir.join("manifest.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(temporary, dir.join(MANIFEST))?;
        File::open(dir)?.sync_all()
    }
}
