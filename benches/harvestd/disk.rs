//! Disk that a folder takes: allocated blocks, a file with several names counted once.

use anyhow::{Context as _, Result};
use std::{collections::HashSet, fs, io, os::unix::fs::MetadataExt as _, path::Path};

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
