//! One backup at a time: whoever copies one holds this for as long as the process lives, so that a kill frees it.
//!
//! Start at [`Turn::take`].

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// The file in the data directory that is locked meanwhile. It names who has it, each time anew.
pub const FILE: &str = "backup.lock";

/// It is ours to copy a backup, until this is dropped.
#[derive(Debug)]
pub struct Turn(File);

impl Turn {
    /// None: somebody else is copying one.
    pub fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        let path = data_dir.join(FILE);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(e) => return Err(e.into()),
        }
        let now_us = chrono::Utc::now().timestamp_micros();
        fs::write(&path, format!("{}-{now_us}\n", std::process::id()))?;
        Ok(Some(Self(file)))
    }

    /// Who copies one at this moment. None: nobody does.
    pub fn of(data_dir: &Path) -> io::Result<Option<String>> {
        let path = data_dir.join(FILE);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(None),
            Err(Errno::WOULDBLOCK) => fs::read_to_string(&path).map(Some),
            Err(e) => Err(e.into()),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A process that is being started by another thread has the file open as well, until it is another program.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_at_a_time_each_under_another_name() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Turn::of(dir.path()).unwrap(), None);
        let first = Turn::take(dir.path()).unwrap().unwrap();
        let name = Turn::of(dir.path()).unwrap().unwrap();
        assert!(Turn::take(dir.path()).unwrap().is_none());
        drop(first);
        assert_eq!(Turn::of(dir.path()).unwrap(), None);
        let _second = Turn::take(dir.path()).unwrap().unwrap();
        assert_ne!(Turn::of(dir.path()).unwrap().unwrap(), name);
    }
}
