//! One process at a time on a data directory, and where that process listens.
//!
//! `{data_dir}/lock` is locked for as long as the process lives; `{data_dir}/running.json` counts only meanwhile.

use crate::format::{self, FormatError};
use crate::swap;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The data directory is ours until this is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    running: PathBuf,
}

/// What a daemon says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
}

/// The data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("the data directory {dir} belongs to process {pid} at this moment")]
    Held { dir: PathBuf, pid: String },
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("the data directory {dir} cannot be used: {}", trouble(.source))]
    Io { dir: PathBuf, source: io::Error },
}

/// What is wrong, and what helps.
fn trouble(source: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let (what, help) = match source.kind() {
        Kind::AlreadyExists | Kind::NotADirectory => (
            "a file stands where a folder is needed",
            "name a folder with data_dir or --data-dir",
        ),
        Kind::PermissionDenied => (
            "this user may not write there",
            "give the folder to the user that harvestd runs as, or name another with data_dir or --data-dir",
        ),
        Kind::ReadOnlyFilesystem => (
            "it is on a filesystem that cannot be written to",
            "name a folder elsewhere with data_dir or --data-dir",
        ),
        Kind::StorageFull | Kind::QuotaExceeded => ("the disk is full", "make room"),
        _ => return source.to_string(),
    };
    format!("{what} ({source}): {help}")
}

impl Lock {
    /// Takes the data directory, which is made where it is missing. One that a newer program wrote is left
    /// alone; what a kill left half replaced is finished.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        format::check(data_dir)?;
        Self::take_of_any_form(data_dir)
    }

    /// The same of a data directory that is to be replaced, whoever wrote it.
    pub fn take_of_any_form(data_dir: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io {
            dir: data_dir.to_owned(),
            source,
        };
        fs::create_dir_all(data_dir).map_err(failed)?;
        let path = data_dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let pid = fs::read_to_string(&path)
                    .unwrap_or_default()
                    .trim()
                    .to_owned();
                return Err(LockError::Held {
                    dir: data_dir.to_owned(),
                    pid,
                });
            }
            Err(e) => return Err(failed(e.into())),
        }
        let running = data_dir.join("running.json");
        let _ = fs::remove_file(&running);
        fs::write(&path, format!("{}\n", std::process::id())).map_err(failed)?;
        swap::finish(data_dir).map_err(failed)?;
        Ok(Self { file, running })
    }

    /// Says where we listen.
    pub fn announce(&self, listen: SocketAddr, admin_listen: SocketAddr) -> io::Result<()> {
        let said = Running {
            pid: std::process::id(),
            listen,
            admin_listen,
        };
        let temporary = self.running.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec(&said)?)?;
        fs::rename(temporary, &self.running)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.running);
        // Closing the file is not enough: a process that is being started by another thread has it open as well until it
        // becomes another program.
        let _ = rustix::fs::flock(&self.file, rustix::fs::FlockOperation::Unlock);
    }
}

/// Where the process that holds the data directory listens. None: it does not say so (yet).
pub fn running(data_dir: &Path) -> Option<Running> {
    serde_json::from_slice(&fs::read(data_dir.join("running.json")).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(
            "127.0.0.1:1".parse().unwrap(),
            "127.0.0.1:2".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(running(dir.path()).unwrap().pid, std::process::id());
        let second = Lock::take(dir.path()).unwrap_err();
        assert!(
            second.to_string().contains(&std::process::id().to_string()),
            "{second}"
        );
        // As a process has it that was begun, and is no other program yet.
        let _inherited = lock.file.try_clone().unwrap();
        drop(lock);
        assert!(running(dir.path()).is_none());
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_used_is_told_with_what_helps() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "mine").unwrap();
        for place in [file.clone(), file.join("below")] {
            let error = Lock::take(&place).unwrap_err().to_string();
            assert!(
                error.contains("a file stands where a folder is needed")
                    && error.contains("--data-dir"),
                "{error}"
            );
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        for (errno, says) in [
            (rustix::io::Errno::ACCESS, "may not write"),
            (rustix::io::Errno::PERM, "may not write"),
            (rustix::io::Errno::ROFS, "cannot be written to"),
            (rustix::io::Errno::NOSPC, "full"),
        ] {
            let told = trouble(&errno.into());
            assert!(told.contains(says), "{errno}: {told}");
        }
    }
}
