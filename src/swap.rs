//! Folders of the data directory that others take the place of: written whole beside them, then moved, whatever kills the
//! process meanwhile.
//!
//! What is to come is written into `{data_dir}/incoming` and synced; then a note, `swap.json`, says so; only then what is
//! there is moved aside and what has come takes its place. Whoever takes the data directory finishes what the note says
//! ([`finish`], by [`crate::lock::Lock::take`]); without a note `incoming` is what a kill left, and goes. It knows nothing of
//! what is in the folders. Start at [`Swap::begin`].

use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

const INCOMING: &str = "incoming";
const NOTE: &str = "swap.json";
/// Beginning of the name of a folder that holds what was replaced.
pub const ASIDE: &str = "replaced-";
/// Of the process that has the directory, and of the filesystem.
const STAYS: [&str; 4] = ["lock", "running.json", "swap.tmp", "lost+found"];

/// What is replaced, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// These entries of the data directory. None: all.
    pub only: Option<Vec<String>>,
    /// The folder of the data directory that what was there is moved to; its name begins with [`ASIDE`].
    pub aside: String,
    /// Is that kept? Else it goes once it is replaced.
    pub kept: bool,
    /// All that is to go has been moved.
    moved: bool,
}

/// Where what is to come is written.
pub fn incoming(data_dir: &Path) -> PathBuf {
    data_dir.join(INCOMING)
}

/// The same, empty.
pub fn fresh(data_dir: &Path) -> io::Result<PathBuf> {
    let dir = incoming(data_dir);
    remove(&dir)?;
    fs::create_dir(&dir)?;
    Ok(dir)
}

/// Is something replaced at this moment, or was it when a process was killed?
pub fn is_begun(data_dir: &Path) -> bool {
    data_dir.join(NOTE).exists()
}

impl Swap {
    pub fn new(only: Option<&[&str]>, at_ms: i64, kept: bool) -> Self {
        let names = only.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Self {
            only: names,
            aside: format!("{ASIDE}{at_ms}"),
            kept,
            moved: false,
        }
    }

    /// From now on what has come takes the place of what is there, at the latest when the directory is taken again.
    pub fn begin(&self, data_dir: &Path) -> io::Result<()> {
        self.movable(data_dir)?;
        synced(&incoming(data_dir))?;
        self.write(data_dir)?;
        crate::crash_point!("swap-begun");
        Ok(())
    }

    /// Refuses what could not be moved aside, before anything is noted.
    fn movable(&self, data_dir: &Path) -> io::Result<()> {
        let disk = fs::metadata(data_dir)?.dev();
        for name in names(data_dir)?.iter().filter(|name| self.replaces(name)) {
            if fs::symlink_metadata(data_dir.join(name))?.dev() != disk {
                let text = format!("{name} is on a disk of its own, and cannot be moved aside");
                return Err(io::Error::other(text));
            }
        }
        Ok(())
    }

    fn write(&self, data_dir: &Path) -> io::Result<()> {
        let temporary = data_dir.join("swap.tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(temporary, data_dir.join(NOTE))?;
        File::open(data_dir)?.sync_all()
    }

    fn replaces(&self, name: &str) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|one| one == name),
            None => {
                !STAYS.contains(&name)
                    && ![INCOMING, NOTE].contains(&name)
                    && !name.starts_with(ASIDE)
            }
        }
    }
}

/// Finishes what was begun. May be done again.
pub fn finish(data_dir: &Path) -> io::Result<()> {
    let mut swap: Swap = match fs::read(data_dir.join(NOTE)) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return remove(&incoming(data_dir)),
        Err(e) => return Err(e),
    };
    let aside = data_dir.join(&swap.aside);
    if !swap.moved {
        fs::create_dir_all(&aside)?;
        for name in names(data_dir)? {
            if swap.replaces(&name) {
                fs::rename(data_dir.join(&name), aside.join(&name))?;
            }
        }
        File::open(&aside)?.sync_all()?;
        File::open(data_dir)?.sync_all()?;
        crate::crash_point!("swap-between");
        swap.moved = true;
        swap.write(data_dir)?;
    }
    let incoming = incoming(data_dir);
    if incoming.exists() {
        for name in names(&incoming)? {
            fs::rename(incoming.join(&name), data_dir.join(&name))?;
            crate::crash_point!("swap-half");
        }
        File::open(data_dir)?.sync_all()?;
        fs::remove_dir(&incoming)?;
    }
    if !swap.kept {
        remove(&aside)?;
    }
    fs::remove_file(data_dir.join(NOTE))?;
    File::open(data_dir)?.sync_all()
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        let name = entry?.file_name().into_string();
        name.map_err(|name| io::Error::other(format!("{name:?} is no name of ours")))
    };
    fs::read_dir(dir)?.map(name).collect()
}

/// Every file and folder below survives a power cut.
fn synced(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            synced(&path)?;
        } else {
            File::open(path)?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn write(dir: &Path, name: &str, text: &str) {
        fs::create_dir_all(dir.join(name)).unwrap();
        fs::write(dir.join(name).join("file"), text).unwrap();
    }

    fn read(dir: &Path, name: &str) -> String {
        fs::read_to_string(dir.join(name).join("file")).unwrap()
    }

    #[test]
    fn what_has_come_takes_the_place_and_nothing_else_moves() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        write(dir, "store", "old");
        write(dir, "log", "stays");
        write(&fresh(dir).unwrap(), "store", "new");
        // Without a note it is what a kill left.
        finish(dir).unwrap();
        assert!(!incoming(dir).exists());
        write(&fresh(dir).unwrap(), "store", "new");
        let swap = Swap::new(Some(&["store"]), 7, true);
        swap.begin(dir).unwrap();
        assert!(is_begun(dir));
        finish(dir).unwrap();
        finish(dir).unwrap();
        assert_eq!(
            [
                read(dir, "store"),
                read(dir, "log"),
                read(dir, "replaced-7/store")
            ],
            ["new", "stays", "old"]
        );
        assert!(!is_begun(dir));
    }

    #[test]
    fn where_it_was_cut_short_it_is_finished_from_there() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        write(dir, "store", "old");
        write(dir, "log", "old");
        fs::write(dir.join("lock"), "1").unwrap();
        let incoming = fresh(dir).unwrap();
        write(&incoming, "store", "new");
        write(&incoming, "log", "new");
        let mut swap = Swap::new(None, 7, false);
        swap.begin(dir).unwrap();
        // As a kill leaves it that comes when all was moved aside and one has come.
        fs::create_dir(dir.join("replaced-7")).unwrap();
        for name in ["store", "log"] {
            fs::rename(dir.join(name), dir.join("replaced-7").join(name)).unwrap();
        }
        swap.moved = true;
        swap.write(dir).unwrap();
        fs::rename(incoming.join("log"), dir.join("log")).unwrap();
        finish(dir).unwrap();
        assert_eq!([read(dir, "store"), read(dir, "log")], ["new", "new"]);
        assert!(dir.join("lock").exists() && !dir.join("replaced-7").exists());
    }
}
