//! The files that are neither of the store nor of the log: whatever carries a sum is compared with it, and the rest is read
//! as what its name says it is. Start at [`look`].

use super::{Scrubbed, sha256};
use crate::feed_cache;
use crate::serve::dumps;
use crate::undo::journal::Journal;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

const UNDO_HELP: &str =
    "nothing: the runs from there on cannot be taken back; what is committed from now on can";
const AGAIN_HELP: &str = "remove the file: it is made again when somebody asks for it";
const DUMP_HELP: &str = "remove the dump's folder: the next dump is whole";
const ASKED_HELP: &str = "remove the file: the source's next run asks for it again";
const REPORT_HELP: &str = "remove the file: one account of a run is lost, and nothing else";
const KEPT_HELP: &str = "take the file from a backup (`harvestd backup restore DIR` restores all), or remove it: what was decided or noted there is lost";

/// What folders hold, beside the store, the log and the state.
const FOLDERS: [(&str, &str); 6] = [
    ("answers", ASKED_HELP),
    ("parts", ASKED_HELP),
    ("reports", REPORT_HELP),
    ("gate", KEPT_HELP),
    ("quality", KEPT_HELP),
    ("webhooks", KEPT_HELP),
];

pub(super) fn look(
    data_dir: &Path,
    tell: &mut dyn FnMut(&str, u64),
    scrubbed: &mut Scrubbed,
) -> io::Result<()> {
    undo(data_dir, tell, scrubbed)?;
    let mut feed = 0;
    for path in below(&data_dir.join("feed"))? {
        feed += 1;
        tell("feed", feed);
        match feed_cache::intact(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => scrubbed.damage("feed", &path, &e, AGAIN_HELP),
        }
    }
    scrubbed.looked("feed", feed, None);
    let mut dumps = 0;
    for (path, sum) in dumps::kept_files(&data_dir.join("dumps"))? {
        dumps += 1;
        tell("dump", dumps);
        match sha256(&path) {
            Ok(found) if found == sum => {}
            Ok(found) => {
                let found = format!("it has the sum {found}, and its manifest says {sum}");
                scrubbed.damage("dump", &path, &found, DUMP_HELP);
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && !is_there(&path) => {}
            Err(e) => scrubbed.damage("dump", &path, &e, DUMP_HELP),
        }
    }
    scrubbed.looked("dump", dumps, None);
    for (name, help) in FOLDERS {
        let mut read = 0;
        for path in below(&data_dir.join(name))? {
            read += 1;
            tell(name, read);
            match as_named(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    scrubbed.damage(name, &path, &e, help);
                }
                _ => {}
            }
        }
        scrubbed.looked(name, read, None);
    }
    Ok(())
}

/// The folder of a dump is there, so its file should be.
fn is_there(file: &Path) -> bool {
    file.parent().is_some_and(Path::is_dir)
}

fn undo(
    data_dir: &Path,
    tell: &mut dyn FnMut(&str, u64),
    scrubbed: &mut Scrubbed,
) -> io::Result<()> {
    let mut read = 0;
    for path in below(&data_dir.join("undo"))? {
        read += 1;
        tell("undo", read);
        match Journal::torn_at(&path) {
            Ok(None) => {}
            Ok(Some(at)) => {
                let found = format!("the frame at byte {at} is not what was written");
                scrubbed.damage("undo", &path, &found, UNDO_HELP);
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => scrubbed.damage("undo", &path, &e, UNDO_HELP),
        }
    }
    scrubbed.looked("undo", read, None);
    Ok(())
}

/// Reads a file as what its name says; the frames of zstd carry sums of their own where they were written with them.
fn as_named(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("zst") => io::copy(&mut zstd::Decoder::new(file)?, &mut io::sink()).map(drop),
        Some("json") => {
            let mut text = Vec::new();
            io::BufReader::new(file).read_to_end(&mut text)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(&text)?;
            Ok(())
        }
        _ => io::copy(&mut io::BufReader::new(file), &mut io::sink()).map(drop),
    }
}

/// Every file below a folder, but for those under way.
fn below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(dir) = folders.pop() {
        let entries = match fs::read_dir(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "tmp") {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => folders.push(path),
                false => all.push(path),
            }
        }
    }
    all.sort();
    Ok(all)
}
