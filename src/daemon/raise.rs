//! A new generation of the feed where numbers may have been seen that the store does not know: nobody is given a number
//! twice.
//!
//! That is so after a backup was restored (which leaves a note), and where the store is behind a snapshot that was published
//! from it: an old copy was put in its place, or the machine lost what it had said was on its disk. The snapshots that are
//! ahead are set aside, not deleted. Start at [`raise`].

use super::OpenError;
use crate::snapshot;
use crate::store::{Head, Store};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

const NOTE: &str = "raise.json";

/// What whoever puts an older store in place leaves for the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// No generation up to this one is used again.
    pub above: u64,
    /// Published with the generation.
    pub why: String,
}

impl Raise {
    /// The note that the next start finds.
    pub(super) fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(data_dir.join(NOTE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whole and durable when it returns.
    pub fn leave(&self, dir: &Path) -> io::Result<()> {
        let temporary = dir.join("raise.tmp");
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(temporary, dir.join(NOTE))?;
        File::open(dir)?.sync_all()
    }
}

/// Begins a new generation where one is needed. May be done again where it was cut short.
pub(super) fn raise(store: &mut Store, data_dir: &Path) -> Result<(), OpenError> {
    let failed = |e| OpenError::Io("raising the feed's generation", e);
    let noted = Raise::read(data_dir).map_err(failed)?;
    let head = store.head();
    let seen = snapshot::newest_named(data_dir).map_err(failed)?;
    let seen = seen.filter(|seen| is_ahead(*seen, head));
    let why = match (&noted, seen) {
        (Some(noted), _) => noted.why.clone(),
        (None, Some(seen)) => format!(
            "The store stood at activity {} of generation {}, and activity {} of generation {} had been published from it.",
            head.seq, head.generation, seen.seq, seen.generation
        ),
        (None, None) => return Ok(()),
    };
    let noted_above = noted.as_ref().map_or(0, |noted| noted.above);
    let above = noted_above.max(seen.map_or(0, |seen| seen.generation));
    let note = Raise { above, why };
    // Before what told of it is set aside.
    note.leave(data_dir).map_err(failed)?;
    snapshot::set_ahead_aside(data_dir, |of| is_ahead(of, head)).map_err(failed)?;
    if head.seq > 0 {
        let head = store.new_generation_above(&note.why, above)?;
        tracing::warn!(
            generation = head.generation,
            why = note.why,
            "a new generation of the change log has begun; followers are told"
        );
    }
    match fs::remove_file(data_dir.join(NOTE)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(e)),
        _ => Ok(()),
    }
}

fn is_ahead(seen: Head, head: Head) -> bool {
    (seen.generation, seen.seq) > (head.generation, head.seq)
}
