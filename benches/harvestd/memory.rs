//! Resident memory of processes, from `/proc` (Linux).

use anyhow::{Context as _, Result};
use std::fs;

/// The most a process ever had resident, in bytes (VmHWM).
pub fn peak_bytes(pid: u32) -> Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// What a process has resident now in memory of its own (RssAnon), and of mapped files (RssFile), in bytes. The latter the
/// kernel takes back as it likes.
pub fn own_and_mapped_bytes(pid: u32) -> Result<(u64, u64)> {
    let status = format!("/proc/{pid}/status");
    Ok((field(&status, "RssAnon:")?, field(&status, "RssFile:")?))
}

/// The sum of the peaks of a process's children.
pub fn children_peak_bytes(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for task in
        fs::read_dir(format!("/proc/{pid}/task")).context("reading the process's threads")?
    {
        let children = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            // A child may have ended meanwhile.
            sum += field(&format!("/proc/{child}/status"), "VmHWM:").unwrap_or(0);
        }
    }
    Ok(sum)
}

fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    let kilobytes = text
        .lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .trim()
                .strip_suffix(" kB")?
                .trim()
                .parse::<u64>()
                .ok()
        })
        .with_context(|| format!("{path} has no {name}"))?;
    Ok(kilobytes * 1024)
}
