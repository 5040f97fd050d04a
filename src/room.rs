//! May anything be written: is there room on every disk that the data directory is on, and is the store what was written?
//! Where not, nothing new is begun: what is published goes on being read, and so do the feed and queries.
//!
//! Asks the filesystem and writes nothing. Start at [`Room::look`].

use crate::store::damage::{self, Damaged};
use rustix::fs::{StatVfsMountFlags, statvfs};
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// What may be on a disk of its own, beside the data directory itself.
const FOLDERS: [&str; 6] = ["store", "state", "log", "spool", "snapshots", "undo"];

/// What was found at the last look.
#[derive(Debug)]
pub struct Room {
    data_dir: PathBuf,
    now: Mutex<Option<String>>,
}

impl Room {
    pub fn of(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            now: Mutex::default(),
        }
    }

    /// Looks at the disks, and tells where that changes something. `free_bytes_min` is the least that is to be free.
    pub fn look(&self, free_bytes_min: u64) {
        let disks = disks(&self.data_dir);
        let found = disks.iter().find_map(|disk| disk.lacking(free_bytes_min));
        let read_only = found.is_some() || self.damaged().is_some();
        metrics::gauge!("harvestd_read_only").set(if read_only { 1.0 } else { 0.0 });
        if let Some(fullest) = disks.iter().map(|disk| disk.free_bytes).min() {
            metrics::gauge!("harvestd_disk_free_bytes").set(fullest as f64);
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*now, &found) {
            (None, Some(why)) => tracing::error!(why, "nothing is written any more"),
            (Some(_), None) => tracing::info!("there is room again: runs begin as they are due"),
            _ => {}
        }
        *now = found;
    }

    /// Why nothing may be written. None: it may.
    pub fn lacking(&self) -> Option<String> {
        if let Some(damaged) = self.damaged() {
            return Some(format!("damaged: {damaged}. {}", damage::HELP));
        }
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// What of the store is known not to be what was written: until another takes its place, or a scrub finds it whole.
    pub fn damaged(&self) -> Option<Damaged> {
        damage::below(&self.data_dir.join("store"))
    }
}

/// The disk that a folder is on.
struct Disk {
    dir: PathBuf,
    read_only: bool,
    /// Free for a process that is not root's.
    free_bytes: u64,
}

impl Disk {
    fn lacking(&self, free_bytes_min: u64) -> Option<String> {
        let (dir, free) = (self.dir.display(), self.free_bytes);
        if self.read_only {
            return Some(format!("the disk of {dir} cannot be written to"));
        }
        (free < free_bytes_min).then(|| {
            format!(
                "the disk of {dir} has {free} bytes left, expected {free_bytes_min} (limits.disk_free_bytes_min)"
            )
        })
    }
}

fn disks(data_dir: &Path) -> Vec<Disk> {
    let folders = FOLDERS.iter().map(|name| data_dir.join(name));
    let all = std::iter::once(data_dir.to_owned()).chain(folders);
    // What is not there yet is on the disk of the directory above it.
    all.filter(|dir| dir.is_dir())
        .filter_map(|dir| {
            let disk = statvfs(&dir).ok()?;
            Some(Disk {
                read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
                free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
                dir,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_lacking_is_told_until_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::of(dir.path());
        assert_eq!(room.lacking(), None);
        room.look(u64::MAX);
        let why = room.lacking().unwrap();
        assert!(
            why.contains("bytes left") && why.contains("disk_free_bytes_min"),
            "{why}"
        );
        room.look(0);
        assert_eq!(room.lacking(), None);
    }
}
