//! Large bodies that were begun and did not come to their end, by a kill or a cut: what came is kept beside the spooled
//! answers, and where the server can tell that it still has the same, only the rest is asked for (RFC 9110, sections 13.1.5
//! and 14.2).
//!
//! Only of bodies that came as they are, since a place in decompressed bytes is none in those that are sent; and only until
//! the machine is started anew, which may leave a file with less in it than its length says. Start at [`Begun::find`].

use super::header;
use reqwest::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::{NamedTempFile, TempPath};
use url::Url;

/// The folder below that of spooled answers.
const FOLDER: &str = "begun";
/// A smaller body is asked for again.
const BYTES_MIN: u64 = 4 << 20;
/// A date is as good as an entity tag where it is so much older than the answer (RFC 9110, section 8.8.2.2).
const DATE_STRONG_S: i64 = 60;

/// The beginning of a body, ours until this is dropped; then it stays for the next question.
#[derive(Debug)]
pub struct Begun {
    pub place: Place,
    pub file: File,
    /// So many had come.
    pub bytes: u64,
    /// What the server knows its representation by.
    pub validator: String,
}

/// Where it lies.
#[derive(Debug, Clone)]
pub struct Place {
    body: PathBuf,
    note: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    url: Url,
    validator: String,
    boot: String,
}

impl Begun {
    /// What an earlier question of the source for this address has left, unless another one is at it.
    pub fn find(dir: &Path, source: &str, url: &Url) -> Option<Self> {
        let place = Place::of(dir, source, url);
        let said: Note = serde_json::from_slice(&fs::read(&place.note).ok()?).ok()?;
        let mut options = File::options();
        let mut file = options.read(true).write(true).open(&place.body).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        let bytes = file.seek(SeekFrom::End(0)).ok()?;
        let known = said.url == *url && said.boot == boot()? && bytes > 0;
        known.then_some(Self {
            place,
            file,
            bytes,
            validator: said.validator,
        })
    }

    /// Begins to keep a body that may be gone on with. None: it may not, or another question is at it.
    pub fn begin(dir: &Path, source: &str, url: &Url, headers: &HeaderMap) -> Option<Self> {
        let validator = strong(headers)?;
        header::content_length(headers).filter(|length| *length >= BYTES_MIN)?;
        let place = Place::of(dir, source, url);
        let begin = || -> io::Result<File> {
            fs::create_dir_all(dir.join(FOLDER))?;
            let mut options = File::options();
            options.create(true).truncate(false).read(true).write(true);
            let file = options.open(&place.body)?;
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            file.set_len(0)?;
            let said = Note {
                url: url.clone(),
                validator: validator.clone(),
                boot: boot().ok_or(io::ErrorKind::Unsupported)?,
            };
            fs::write(&place.note, serde_json::to_vec(&said)?)?;
            Ok(file)
        };
        let file = begin().ok()?;
        Some(Self {
            place,
            file,
            bytes: 0,
            validator,
        })
    }

    /// Does the answer go on where this ends, and to the very end? A server may send less than was asked for.
    pub fn is_continued_by(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let goes_on = || {
            let range = text(CONTENT_RANGE)?.trim().strip_prefix("bytes ")?;
            let (range, total) = range.split_once('/')?;
            let (from, to) = range.split_once('-')?;
            let number = |text: &str| text.trim().parse::<u64>().ok();
            Some(number(from)? == self.bytes && number(to)? + 1 == number(total)?)
        };
        let same = match self.validator.starts_with('"') {
            true => text(ETAG).is_none_or(|etag| etag == self.validator),
            false => text(LAST_MODIFIED).is_none_or(|date| date == self.validator),
        };
        goes_on() == Some(true) && same && header::codings(headers).is_empty()
    }

    /// It is whole: a spooled answer like any other.
    pub fn finish(self, dir: &Path) -> io::Result<NamedTempFile> {
        let name = tempfile::Builder::new()
            .prefix("answer-")
            .tempfile_in(dir)?;
        let name: TempPath = name.into_temp_path();
        fs::rename(&self.place.body, &name)?;
        self.place.forget();
        let file = File::options().read(true).write(true).open(&name)?;
        Ok(NamedTempFile::from_parts(file, name))
    }
}

impl Place {
    fn of(dir: &Path, source: &str, url: &Url) -> Self {
        let key = blake3::hash(format!("{source}\n{url}").as_bytes()).to_hex();
        let place = |end: &str| dir.join(FOLDER).join(format!("{}.{end}", &key[..32]));
        Self {
            body: place("body"),
            note: place("json"),
        }
    }

    /// What lies there is of no use any more.
    pub fn forget(&self) {
        // What is gone already need not go, and a folder in which another body begins stays.
        let _ = fs::remove_file(&self.note);
        let _ = fs::remove_file(&self.body);
        let _ = self.body.parent().map(fs::remove_dir);
    }
}

/// Removes what is older than `within`, and all but that from the folder of spooled answers, at the start.
pub fn sweep(dir: &Path, within: Duration) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name() == FOLDER {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    let begun = dir.join(FOLDER);
    if !begun.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(&begun)? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age >= within {
            fs::remove_file(entry.path())?;
        }
    }
    let _ = fs::remove_dir(begun);
    Ok(())
}

/// What names the representation beyond doubt, where the server takes questions for parts of it.
fn strong(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let units = text(ACCEPT_RANGES)?;
    if !units.split(',').any(|unit| unit.trim() == "bytes") {
        return None;
    }
    if let Some(etag) = text(ETAG) {
        return etag.starts_with('"').then(|| etag.to_owned());
    }
    let age = header::modified_before_s(headers)?;
    let date = text(LAST_MODIFIED)?;
    (age >= DATE_STRONG_S).then(|| date.to_owned())
}

/// Names the time since the machine was started. None: nobody says, and nothing is kept.
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}
