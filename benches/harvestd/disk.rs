//! Disk that a folder takes: allocated blocks, a file with several names counted once.

use crate::{
    daemon::Daemon,
    export::Server,
    one_per_cent,
    place::Place,
    say,
    table::{self, Goal, Line, Table},
};
use anyhow::{Context as _, Result};
use std::{collections::HashSet, fs, io, os::unix::fs::MetadataExt as _, path::Path};

/// What the place takes after so many runs of one per cent changes, over `first`.
pub fn lines(
    runs: u64,
    place: &Place,
    server: &mut Server,
    first: u64,
    table: &mut Table,
) -> Result<()> {
    say(&format!("disk: {runs} runs of one per cent changes"));
    let mut daemon = Daemon::start(place)?;
    for n in 1..=runs {
        let (time, _) = one_per_cent(&mut daemon, server)?;
        if n % 20 == 0 || n == runs {
            let now = used_bytes(&place.data_dir())?;
            say(&format!("  run {n}: {time:.2?}, {}", table::bytes(now)));
        }
    }
    let after = used_bytes(&place.data_dir())?;
    daemon.stop()?;
    let name = format!("disk after {runs} runs of 1 % changes");
    table.add(Line::sizes(
        &name,
        after,
        "after the first harvest",
        first,
        Goal::AtMost(3.0),
    ));
    Ok(())
}

/// Bytes of all files under `folder`. Files that vanish while it is walked count nothing.
pub fn used_bytes(folder: &Path) -> Result<u64> {
    let mut seen = HashSet::new();
    walk(folder, &mut seen).with_context(|| format!("measuring {}", folder.display()))
}

fn walk(folder: &Path, seen: &mut HashSet<u64>) -> io::Result<u64> {
    const BLOCK_BYTES: u64 = 512;
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        if metadata.is_dir() {
            sum += match walk(&entry.path(), seen) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
                bytes => bytes?,
            };
        } else if seen.insert(metadata.ino()) {
            sum += metadata.blocks() * BLOCK_BYTES;
        }
    }
    Ok(sum)
}
