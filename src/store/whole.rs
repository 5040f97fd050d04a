//! Is the store there, where one was? The engine makes an empty one wherever the file is missing that names all others, and
//! an empty store would give up the whole change log.
//!
//! Changes nothing. Start at [`refuse_missing`].

use super::{Head, Quads, StoreError, read_head};
use crate::snapshot;
use std::{fs, io, path::Path};

/// Refuses to open a store of which the engine would find nothing although something was kept.
pub(super) fn refuse_missing(data_dir: &Path) -> Result<(), StoreError> {
    let dir = data_dir.join("store");
    let reading = StoreError::log("looking through the store's folder");
    let current = match fs::read_to_string(dir.join("CURRENT")) {
        Ok(named) if dir.join(named.trim_end()).is_file() => return Ok(()),
        Ok(named) => format!(
            "its file CURRENT names {:?}, which is missing",
            named.trim_end()
        ),
        Err(e) if e.kind() == io::ErrorKind::NotFound => "its file CURRENT is missing".to_owned(),
        Err(e) => return Err(reading(e)),
    };
    let tables = holds(&dir, |name| {
        name.ends_with(".sst") && !name.starts_with("bulk-")
    });
    if tables.map_err(&reading)? {
        return Err(damaged(data_dir, current));
    }
    match snapshot::newest_named(data_dir).map_err(&reading)? {
        Some(seen) if seen.seq > 0 => Err(damaged(data_dir, lost(seen))),
        _ => Ok(()),
    }
}

/// Where the store stands, and whether it is behind what was published from it. Refuses one that the engine opened and found
/// empty although something was.
pub(super) fn head(quads: &Quads, data_dir: &Path, base: &str) -> Result<(Head, bool), StoreError> {
    let head = read_head(quads, base)?;
    let seen = snapshot::newest_named(data_dir)
        .map_err(StoreError::log("looking through the snapshots"))?;
    match seen {
        Some(seen) if head.seq == 0 && seen.seq > 0 => Err(damaged(data_dir, lost(seen))),
        Some(seen) => {
            let is_behind = (seen.generation, seen.seq) > (head.generation, head.seq);
            Ok((head, is_behind))
        }
        None => Ok((head, false)),
    }
}

fn lost(seen: Head) -> String {
    format!(
        "it holds nothing, and activity {} of generation {} was published from it",
        seen.seq, seen.generation
    )
}

/// The engine's own word for what it cannot read.
pub(super) fn opening(
    data_dir: &Path,
) -> impl Fn(oxigraph::store::StorageError) -> StoreError + '_ {
    move |error| {
        let text = error.to_string();
        match super::damage::met_in(Some(&data_dir.join("store")), &error) {
            Some(found) => damaged(data_dir, found.found),
            // The engine's lists name it.
            None if text.contains("No such file") => damaged(data_dir, text),
            None => StoreError::storage("opening")(error),
        }
    }
}

fn damaged(data_dir: &Path, what: String) -> StoreError {
    StoreError::Damaged {
        dir: data_dir.join("store"),
        what,
    }
}

fn holds(dir: &Path, is: impl Fn(&str) -> bool) -> io::Result<bool> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        if entry?.file_name().to_str().is_some_and(&is) {
            return Ok(true);
        }
    }
    Ok(false)
}
