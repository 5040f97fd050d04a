//! The newest snapshot in the place of a store that cannot be read: a snapshot is a whole store, of what was published last.
//!
//! It is read from its first quad to its last before, since it may have the damaged file as well. What was there is set
//! aside. Where the change log does not reach the snapshot, a new generation is to begin. Start at [`recover`].

use super::{Raise, backup::generation_seen};
use crate::config::Config;
use crate::log::Log;
use crate::run::now_ms;
use crate::snapshot;
use crate::store::Head;
use crate::store_read::read_whole;
use crate::swap::{self, Swap};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why there is nothing to recover from.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    #[error(
        "no snapshot reads whole, so nothing was changed: restore a backup (`harvestd backup restore DIR`){}",
        tried(.0)
    )]
    None(Vec<String>),
    #[error(
        "{} is no snapshot: expected a folder of `snapshots` in the data directory, or one that was set aside; nothing was changed",
        .0.display()
    )]
    NoSnapshot(PathBuf),
    #[error("{0}: {1}; nothing was changed")]
    Io(&'static str, io::Error),
}

fn tried(all: &[String]) -> String {
    all.iter().map(|one| format!("\n  {one}")).collect()
}

/// What was put in place.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recovered {
    pub snapshot: PathBuf,
    pub generation: u64,
    pub seq: u64,
    /// Where what was there is now.
    pub replaced: PathBuf,
    /// A new generation begins at the next start.
    pub raises: bool,
}

/// Readies the newest snapshot that reads whole, or this one, to take the store's place, which whoever takes the data
/// directory next sees to ([`crate::swap`]). The caller has the directory.
pub fn recover(
    config: &Config,
    this: Option<&Path>,
    tell: &mut dyn FnMut(u64),
) -> Result<Recovered, RecoverError> {
    let failed = |what| move |e| RecoverError::Io(what, e);
    let (data_dir, base) = (&config.data_dir, config.public_url.as_str());
    let candidates = match this {
        Some(this) if !this.join("CURRENT").is_file() => {
            return Err(RecoverError::NoSnapshot(this.to_owned()));
        }
        Some(this) => vec![this.to_owned()],
        None => {
            let all = snapshot::all_named(data_dir).map_err(failed("listing snapshots"))?;
            all.into_iter().rev().map(|(_, dir)| dir).collect()
        }
    };
    let mut tried = Vec::new();
    let mut found = None;
    for dir in candidates {
        match read_whole(&dir, base, tell) {
            Ok(whole) if whole.head.seq > 0 => {
                found = Some((dir, whole.head));
                break;
            }
            Ok(_) => tried.push(format!("{}: it holds nothing", dir.display())),
            Err(e) => tried.push(format!("{}: {e}", dir.display())),
        }
    }
    let Some((dir, head)) = found else {
        return Err(RecoverError::None(tried));
    };
    let incoming = swap::fresh(data_dir).map_err(failed("making a folder"))?;
    copied(&dir, &incoming.join("store")).map_err(failed("copying the snapshot"))?;
    let noted = Raise::read(data_dir).map_err(failed("reading what is to begin"))?;
    let reaches = reaches(data_dir, base, head).map_err(failed("reading the change log"))?;
    let raises = noted.is_some() || !reaches;
    if raises {
        let note = Raise {
            above: generation_seen(data_dir)
                .map_err(failed("looking for the newest generation"))?,
            why: format!(
                "The store was damaged, and taken from a snapshot of activity {} of generation {}.",
                head.seq, head.generation
            ),
        };
        note.leave(&incoming)
            .map_err(failed("noting that a generation is to begin"))?;
    }
    let swap = Swap::new(Some(&["store", "raise.json"]), now_ms(), true);
    swap.begin(data_dir)
        .map_err(failed("noting what is begun"))?;
    Ok(Recovered {
        snapshot: dir,
        generation: head.generation,
        seq: head.seq,
        replaced: data_dir.join(&swap.aside),
        raises,
    })
}

/// Does the change log end with the activity at which the snapshot stands? What it holds beyond may have been published.
fn reaches(data_dir: &Path, base: &str, head: Head) -> io::Result<bool> {
    let log = Log::at(data_dir.join("log"), base);
    let segments = log.segments(head.generation)?;
    let ends = segments.last().is_some_and(|last| last.last == head.seq);
    Ok(ends && generation_seen(data_dir)? == head.generation)
}

/// The engine's tables never change, so they are linked; the rest it writes to.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let beside = to.join(name);
        let linked =
            path.extension().is_some_and(|e| e == "sst") && fs::hard_link(&path, &beside).is_ok();
        if !linked {
            fs::copy(&path, &beside)?;
        }
    }
    Ok(())
}
