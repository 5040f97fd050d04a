//! What a backup is copied from: links to what the data directory holds at one moment, and how long each file was then.
//!
//! Start at [`links`].

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folder of a data directory in which a backup is staged.
pub const NAME: &str = "backup.staged";

/// Made apart, since they are written to.
const MADE: [&str; 2] = ["store", "state"];
/// Made again from what is kept, or of a process, or on their way.
const LEFT_OUT: [&str; 15] = [
    "lost+found",
    "snapshots",
    "dumps",
    "search",
    "survey",
    "feed",
    "spool",
    "lock",
    "running.json",
    "push-tokens.lock",
    "raise.json",
    "erasing.json",
    "swap.json",
    "incoming",
    NAME,
];
/// What was set aside by hand or by the daemon.
const ASIDE: [&str; 4] = ["ahead-", "state.broken-", crate::swap::ASIDE, "scrub-"];

/// A backup that waits to be copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    pub dir: PathBuf,
    pub base: String,
    pub generation: u64,
    pub seq: u64,
    pub made_us: i64,
    /// Path below `dir`, with slashes, and bytes.
    pub files: Vec<(String, u64)>,
}

/// Links everything that a backup takes from a data directory, but for the store and the state, into `staged`, which is
/// there. Files under way (`.tmp`) are nobody's yet. Gives each file with its length.
pub fn links(data_dir: &Path, staged: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for (name, path) in entries(data_dir)? {
        let aside = ASIDE.iter().any(|begin| name.starts_with(begin));
        if !aside && !LEFT_OUT.contains(&name.as_str()) && !MADE.contains(&name.as_str()) {
            link(&path, &staged.join(&name), &name, &mut files)?;
        }
    }
    Ok(files)
}

/// With those of the folders that were made for it in `staged`.
pub fn with_made(staged: &Path, mut files: Vec<(String, u64)>) -> io::Result<Vec<(String, u64)>> {
    for name in MADE {
        let mut folders = vec![(name.to_owned(), staged.join(name))];
        while let Some((below, dir)) = folders.pop() {
            for (name, path) in entries(&dir)? {
                let below = format!("{below}/{name}");
                let found = fs::metadata(&path)?;
                if found.is_dir() {
                    folders.push((below, path));
                } else {
                    files.push((below, found.len()));
                }
            }
        }
    }
    files.sort();
    Ok(files)
}

fn link(from: &Path, to: &Path, below: &str, files: &mut Vec<(String, u64)>) -> io::Result<()> {
    if below.ends_with(".tmp") || below.ends_with(".going") {
        return Ok(());
    }
    // What is linked to is in it.
    let found = match fs::metadata(from) {
        // A report or an answer that is replaced at this moment.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if found.is_dir() {
        fs::create_dir_all(to)?;
        for (name, path) in entries(from)? {
            link(&path, &to.join(&name), &format!("{below}/{name}"), files)?;
        }
    } else if found.is_file() {
        let linked = fs::canonicalize(from).and_then(|from| match fs::hard_link(&from, to) {
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => fs::copy(from, to).map(drop),
            linked => linked,
        });
        match linked {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            linked => linked?,
        }
        files.push((below.to_owned(), fs::metadata(to)?.len()));
    }
    Ok(())
}

fn entries(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(all),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| io::Error::other(format!("{name:?} is no name of ours")))?;
        all.push((name, entry.path()));
    }
    Ok(all)
}
