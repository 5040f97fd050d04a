//! The dumps on disk: `dumps/{generation}-{sequence}/`, each with its files and `manifest.json`.
//!
//! A folder has that name only when all of it was synced, and loses it before anything in it is removed. Start at
//! [`Shelf::sets`].

use super::{super::wire::Holdings, DumpLimits};
use crate::store::Head;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest.json";
const MAKING: &str = "making";
const GOING: &str = "going";

/// A dump that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    pub generation: u64,
    /// Of the newest activity that it holds.
    pub seq: u64,
    /// When that was committed, microseconds since 1970.
    pub published_us: i64,
    pub made_us: i64,
    pub holdings: Holdings,
    pub files: Vec<Entry>,
}

/// One of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    /// The media type of what is in it.
    pub format: String,
    /// Of the file as it is.
    pub bytes: u64,
    pub sha256: String,
    /// Unpacked.
    pub plain_bytes: u64,
    pub statements: u64,
}

impl Set {
    pub fn name(&self) -> String {
        format!("{}-{}", self.generation, self.seq)
    }
}

/// Generation and sequence number of a set's name.
pub fn named(name: &str) -> Option<(u64, u64)> {
    let (generation, seq) = name.split_once('-')?;
    let number = (generation.parse().ok()?, seq.parse().ok()?);
    (format!("{}-{}", number.0, number.1) == name).then_some(number)
}

pub struct Shelf {
    dir: PathBuf,
}

impl Shelf {
    pub fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The folders here, with their names.
    fn folders(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => found?,
        };
        let mut folders = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                folders.push((name.to_owned(), path));
            }
        }
        Ok(folders)
    }

    /// Those that are whole, the newest first.
    pub fn sets(&self) -> io::Result<Vec<Set>> {
        let mut sets = Vec::new();
        for (name, path) in self.folders()? {
            if named(&name).is_none() {
                continue;
            }
            match fs::read(path.join(MANIFEST)) {
                Ok(manifest) => sets.push(serde_json::from_slice::<Set>(&manifest)?),
                // It is going this moment.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        sets.sort_by_key(|set| std::cmp::Reverse((set.generation, set.seq)));
        Ok(sets)
    }

    pub async fn open(&self, set: &Set, entry: &Entry) -> io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.dir.join(set.name()).join(&entry.name)).await
    }

    /// A folder to write a set into. Dropped before [`Making::done`], it goes.
    pub fn making(&self, head: Head) -> io::Result<Making> {
        let path = self
            .dir
            .join(format!("{}-{}.{MAKING}", head.generation, head.seq));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Making {
            path,
            dir: self.dir.clone(),
        })
    }

    /// Removes what is half written or half removed. What is not ours is left alone.
    pub fn sweep(&self) -> io::Result<()> {
        for (name, path) in self.folders()? {
            let half = name
                .split_once('.')
                .is_some_and(|(set, end)| named(set).is_some() && (end == MAKING || end == GOING));
            if half {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    /// Removes what the limits do not keep, and every dump of another generation than that of `head`.
    pub fn thin(&self, head: Head, now_us: i64, limits: &DumpLimits) -> io::Result<()> {
        let kept_us = i64::try_from(limits.kept_ms).unwrap_or(i64::MAX / 1_000) * 1_000;
        let mut place = 0;
        for set in self.sets()? {
            let of_now = set.generation == head.generation;
            let is_present = of_now && set.seq == head.seq;
            let young = is_present || now_us.saturating_sub(set.made_us) < kept_us;
            if of_now && young && place < limits.kept {
                place += 1;
                continue;
            }
            let path = self.dir.join(set.name());
            let going = self.dir.join(format!("{}.{GOING}", set.name()));
            fs::rename(path, &going)?;
            fs::remove_dir_all(going)?;
        }
        Ok(())
    }
}

/// A set that is being written.
pub struct Making {
    path: PathBuf,
    dir: PathBuf,
}

impl Making {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name. Its files are synced.
    pub fn done(&self, set: &Set) -> io::Result<()> {
        let manifest = self.path.join(MANIFEST);
        fs::write(&manifest, serde_json::to_vec_pretty(set)?)?;
        File::open(&manifest)?.sync_all()?;
        File::open(&self.path)?.sync_all()?;
        let named = self.dir.join(set.name());
        if named.exists() {
            let going = self.dir.join(format!("{}.{GOING}", set.name()));
            fs::rename(&named, &going)?;
            fs::remove_dir_all(going)?;
        }
        fs::rename(&self.path, named)?;
        File::open(&self.dir)?.sync_all()
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.path.display(), %error, "a half written dump could not be removed; it goes at the next start");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

    fn head(generation: u64, seq: u64) -> Head {
        Head {
            generation,
            seq,
            published_us: 0,
        }
    }

    fn put(shelf: &Shelf, generation: u64, seq: u64, made_us: i64) {
        let making = shelf.making(head(generation, seq)).unwrap();
        fs::write(making.path().join("a.zst"), "x").unwrap();
        let set = Set {
            generation,
            seq,
            published_us: made_us,
            made_us,
            holdings: Holdings::default(),
            files: Vec::new(),
        };
        making.done(&set).unwrap();
    }

    fn names(shelf: &Shelf) -> Vec<String> {
        shelf.sets().unwrap().iter().map(Set::name).collect()
    }

    #[test]
    fn a_name_is_two_numbers_and_nothing_else() {
        assert_eq!(named("2-17"), Some((2, 17)));
        for other in ["2", "2-17.making", "02-17", "2-17-1", "-1-2", "+2-17", ""] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_whole_is_no_dump_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(dir.path().join("dumps"));
        put(&shelf, 1, 5, 0);
        drop(shelf.making(head(1, 6)).unwrap());
        for left in ["1-7.making", "1-4.going", "somebody's"] {
            fs::create_dir(dir.path().join("dumps").join(left)).unwrap();
        }
        assert_eq!(names(&shelf), ["1-5"]);
        shelf.sweep().unwrap();
        let mut left: Vec<String> = shelf
            .folders()
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        left.sort();
        assert_eq!(left, ["1-5", "somebody's"]);
    }

    #[test]
    fn the_newest_stay_and_the_present_whatever_its_age() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(dir.path().join("dumps"));
        let limits = DumpLimits::default();
        for (seq, day) in [(3, 1), (4, 2), (12, 3)] {
            put(&shelf, 1, seq, day * DAY_US);
        }
        shelf.thin(head(1, 12), 3 * DAY_US, &limits).unwrap();
        assert_eq!(names(&shelf), ["1-12", "1-4"], "two are kept");
        shelf.thin(head(1, 12), 10 * DAY_US, &limits).unwrap();
        assert_eq!(names(&shelf), ["1-12"], "the other is older than a week");
        shelf.thin(head(1, 13), 10 * DAY_US, &limits).unwrap();
        assert!(names(&shelf).is_empty(), "it is no longer the present");
    }

    #[test]
    fn a_generation_that_has_ended_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(dir.path().join("dumps"));
        put(&shelf, 1, 500, 0);
        put(&shelf, 2, 3, 0);
        shelf.thin(head(2, 3), 1, &DumpLimits::default()).unwrap();
        assert_eq!(names(&shelf), ["2-3"]);
    }
}
