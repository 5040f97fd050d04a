//! The engine's own write-ahead log, synced by us: it writes each commit there and leaves it to the system when that
//! reaches the disk. Reads nothing of it. Start at [`sync`].

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Syncs every file of the engine's log in `dir`; the folder too, where it holds one whose name is not `known` to be
/// durable.
pub fn sync(dir: &Path, known: &mut HashSet<PathBuf>) -> io::Result<()> {
    let mut there = HashSet::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "log") {
            continue;
        }
        match File::open(&path) {
            Ok(log) => log.sync_data()?,
            // What it held has been written out meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        }
        there.insert(path);
    }
    if !there.is_subset(known) {
        File::open(dir)?.sync_all()?;
    }
    *known = there;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_counts_as_known_for_as_long_as_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("1.log"), dir.path().join("2.log"));
        for name in ["1.log", "3.sst", "LOG"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        let mut known = HashSet::new();
        sync(dir.path(), &mut known).unwrap();
        assert_eq!(known, HashSet::from([first.clone()]));
        fs::remove_file(&first).unwrap();
        fs::write(&second, "x").unwrap();
        sync(dir.path(), &mut known).unwrap();
        assert_eq!(known, HashSet::from([second]));
    }
}
