//! What the engine says where a file is not what was written: told from its other errors here and nowhere else. Whoever meets
//! it (a run, a push, a lookup, a worker's query) is seldom who has to know, so it is remembered for the whole process, and
//! told once; and in the store's own folder ([`NOTE`]), so that a restart does not forget it. What takes the store's place
//! takes the place of that note as well.
//!
//! Changes nothing else on disk. Start at [`met`] and [`below`].

use oxigraph::store::{CorruptionError, StorageError};
use serde::{Deserialize, Serialize};
use std::{
    error::Error,
    fmt,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What helps, wherever damage is told.
pub const HELP: &str = "`harvestd scrub` says what else is, `harvestd recover` puts the newest snapshot in its place, `harvestd backup restore` a backup: docs/recovery.md";
/// Files of which is remembered that they are damaged. A disk that loses one seldom loses a thousand.
const REMEMBERED_MAX: usize = 100;

/// What was met in the store beside it, as JSON.
const NOTE: &str = "damaged.json";

static MET: Mutex<Met> = Mutex::new(Met {
    all: Vec::new(),
    stores: Vec::new(),
});

/// What this process knows.
struct Met {
    all: Vec<Damaged>,
    /// Folders of the stores that it writes to.
    stores: Vec<PathBuf>,
}

/// A file that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damaged {
    /// None: the engine did not say which.
    pub file: Option<PathBuf>,
    /// In the engine's words.
    pub found: String,
}

impl Damaged {
    /// Is it of a file in this folder, or of one that the engine did not name?
    fn is_below(&self, dir: &Path) -> bool {
        self.file.as_ref().is_none_or(|file| file.starts_with(dir))
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(to, "{}: {}", file.display(), self.found),
            None => write!(to, "{}", self.found),
        }
    }
}

/// What is damaged, where the error says that something kept is; from now on it is known.
pub fn met(error: &(dyn Error + 'static)) -> Option<Damaged> {
    met_in(None, error)
}

/// The same of a store in this folder, where the engine does not say which file it is.
pub fn met_in(dir: Option<&Path>, error: &(dyn Error + 'static)) -> Option<Damaged> {
    let found = is_damage(error).then(|| error.to_string())?;
    let file = file_in(&found).map(of_the_store);
    let damaged = Damaged {
        file: file.or_else(|| dir.map(Path::to_owned)),
        found,
    };
    note(&damaged);
    Some(damaged)
}

/// Remembers what was met here or by another process.
pub fn note(damaged: &Damaged) {
    let mut met = met_so_far();
    let is_known = met.all.iter().any(|known| match &damaged.file {
        Some(_) => known.file == damaged.file,
        None => known.found == damaged.found,
    });
    if is_known || met.all.len() >= REMEMBERED_MAX {
        return;
    }
    tracing::error!("damaged: {damaged}. {HELP}");
    met.all.push(damaged.clone());
    metrics::gauge!("harvestd_damaged_files").set(u32::try_from(met.all.len()).unwrap_or(u32::MAX));
    for dir in met.stores.iter().filter(|dir| damaged.is_below(dir)) {
        let of_it: Vec<&Damaged> = met.all.iter().filter(|all| all.is_below(dir)).collect();
        if let Err(error) = write(dir, &of_it) {
            tracing::warn!(%error, "that the store is damaged could not be noted: a restart forgets it");
        }
    }
}

/// From now on what is met in this store is noted there, and what was noted before is known. For who writes to it.
pub fn recall(dir: &Path) -> io::Result<()> {
    let noted: Vec<Damaged> = match fs::read(dir.join(NOTE)) {
        // A note that cannot be read says enough.
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|e| {
            vec![Damaged {
                file: Some(dir.join(NOTE)),
                found: e.to_string(),
            }]
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e),
    };
    noted.iter().for_each(note);
    let mut met = met_so_far();
    if !met.stores.iter().any(|known| known == dir) {
        met.stores.push(dir.to_owned());
    }
    Ok(())
}

/// The store was read and is whole: what was noted there holds no more, from the next start on. Says whether anything was.
pub fn forget(dir: &Path) -> io::Result<bool> {
    match fs::remove_file(dir.join(NOTE)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// Durable when it returns.
fn write(dir: &Path, damaged: &[&Damaged]) -> io::Result<()> {
    let temporary = dir.join("damaged.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(damaged)?)?;
    file.sync_all()?;
    fs::rename(temporary, dir.join(NOTE))?;
    File::open(dir)?.sync_all()
}

/// What is known to be damaged of the files in this folder, or in one that the engine did not name.
pub fn below(dir: &Path) -> Option<Damaged> {
    let met = met_so_far();
    met.all.iter().find(|known| known.is_below(dir)).cloned()
}

fn met_so_far() -> MutexGuard<'static, Met> {
    // A list is right at every step.
    MET.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_damage(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<CorruptionError>() {
            return true;
        }
        match error.downcast_ref() {
            Some(StorageError::Corruption(_)) => return true,
            // Of what it was told by the system and by its own background work, the engine keeps the words alone.
            Some(other) if other.to_string().contains("Corruption") => return true,
            _ => {}
        }
        let within = error.downcast_ref().and_then(io::Error::get_ref);
        next = match within {
            Some(within) => Some(within),
            None => error.source(),
        };
    }
    false
}

/// The file that the engine's words name: "… in /data/store/000012.sst offset 4065 size 4092".
fn file_in(found: &str) -> Option<&Path> {
    let end = found.find(".sst")? + ".sst".len();
    let begin = [" in ", " from ", ": "]
        .into_iter()
        .filter_map(|before| Some(found[..end].rfind(before)? + before.len()))
        .max()?;
    Some(Path::new(&found[begin..end]))
}

/// A snapshot's tables are the store's, as hard links under the same names: then it is the store that is damaged.
fn of_the_store(file: &Path) -> PathBuf {
    let inode = |path: &Path| fs::metadata(path).map(|found| found.ino()).ok();
    let data_dir = file.ancestors().nth(3);
    data_dir
        .zip(file.file_name())
        .map(|(dir, name)| dir.join("store").join(name))
        .filter(|of_store| inode(of_store).is_some_and(|ino| Some(ino) == inode(file)))
        .unwrap_or_else(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn said(what: &str) -> StorageError {
        StorageError::Other(what.into())
    }

    #[test]
    fn damage_is_told_from_other_errors_however_it_is_wrapped() {
        let io = io::Error::other(said("Corruption: bad entry"));
        for error in [
            &said("Corruption: bad entry") as &(dyn Error + 'static),
            &io,
        ] {
            assert!(is_damage(error), "{error}");
        }
        for error in [
            &said("IO error: No space left on device") as &(dyn Error + 'static),
            &io::Error::other("Corruption: of something else"),
        ] {
            assert!(!is_damage(error), "{error}");
        }
    }

    #[test]
    fn the_file_is_named_that_the_store_and_its_snapshot_share() {
        let dir = tempfile::tempdir().unwrap();
        let (store, snapshot) = (
            dir.path().join("store"),
            dir.path().join("snapshots/1-2-3-4"),
        );
        for dir in [&store, &snapshot] {
            fs::create_dir_all(dir).unwrap();
        }
        fs::write(store.join("000012.sst"), "x").unwrap();
        fs::hard_link(store.join("000012.sst"), snapshot.join("000012.sst")).unwrap();
        fs::write(snapshot.join("000013.sst"), "x").unwrap();
        for (name, of) in [("000012.sst", &store), ("000013.sst", &snapshot)] {
            let in_snapshot = snapshot.join(name);
            let words = format!(
                "Corruption: block checksum mismatch: stored = 1, computed = 2, type = 4  in {} offset 0 size 9",
                in_snapshot.display()
            );
            assert_eq!(file_in(&words), Some(in_snapshot.as_path()));
            assert_eq!(below(&of.join(name)), None);
            met(&said(&words)).unwrap();
            met(&said(&words)).unwrap();
            assert_eq!(below(of).unwrap().file, Some(of.join(name)));
        }
        assert_eq!(file_in("Corruption: no file at all"), None);
    }

    #[test]
    fn nothing_is_written_on_top_of_what_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let limits = crate::store::WriteLimits {
            batch_triples_max: 1_000,
            flush_triples: 1_000,
            segment_activities_max: 10,
            bulk_bytes_min: 1_000_000,
            bulk_batch_quads: 1_000,
            runs_noted: 10,
        };
        let mut store =
            crate::store::Store::open(dir.path(), "https://hub.example/", limits).unwrap();
        store.note(Vec::new()).unwrap();
        note(&Damaged {
            file: Some(dir.path().join("store/000007.sst")),
            found: "planned".to_owned(),
        });
        assert!(store.note(Vec::new()).unwrap_err().is_damage());
        let noted = fs::read_to_string(dir.path().join("store").join(NOTE)).unwrap();
        assert!(noted.contains("000007.sst"), "{noted}");
    }

    #[test]
    fn what_was_noted_is_known_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let damaged = Damaged {
            file: Some(dir.path().join("000008.sst")),
            found: "planned".to_owned(),
        };
        recall(dir.path()).unwrap();
        assert!(!forget(dir.path()).unwrap(), "nothing was noted");
        write(dir.path(), &[&damaged]).unwrap();
        assert_eq!(below(dir.path()), None);
        recall(dir.path()).unwrap();
        assert_eq!(below(dir.path()), Some(damaged));
        assert!(forget(dir.path()).unwrap());
        assert!(!forget(dir.path()).unwrap());
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join(NOTE), "[{").unwrap();
        recall(other.path()).unwrap();
        let known = below(other.path()).unwrap();
        assert_eq!(known.file, Some(other.path().join(NOTE)));
    }
}
