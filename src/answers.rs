//! The answers of a source's last complete run and of the partial runs since, compressed: what a changed mapping is
//! applied to without asking anyone.
//!
//! `answers/{source}/{run}/{n}.zst` with `{n}.json` beside it. Knows nothing of what the answers mean.
//!
//! Questions are kept with the keys in their addresses: the folder is its owner's only.
//!
//! Those of a run under way stand in `{run}.tmp`, or `{run}.left` when it was killed or broke off: the next run goes on from
//! them ([`Answers::left`]). Of sources of which something else is kept for good, they are there for that alone.

mod keeping;
mod left;

pub use keeping::Keeping;
pub use left::Left;

use crate::network::{Spooled, Validators};
use harvestd_harvesters::Request;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};
use url::Url;

/// Ending of the folder of a run that did not come to its end.
const LEFT: &str = "left";
/// Ending of an answer that is not compressed.
const PLAIN: &str = "body";

/// What is kept beside an answer's bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    pub request: Request,
    pub status: u16,
    pub url: Url,
    pub media_type: Option<String>,
    pub charset: Option<String>,
    pub link_next: Option<Url>,
    pub bytes: u64,
    /// BLAKE3 of the bytes, in hexadecimal.
    pub hash: String,
    pub framed: bool,
    #[serde(default)]
    pub validators: Validators,
    /// When the run began that asked for it, or the run that this one went on from: milliseconds since 1970.
    #[serde(default)]
    pub began_ms: i64,
}

/// The kept answers of all sources.
#[derive(Debug, Clone)]
pub struct Answers {
    dir: PathBuf,
}

/// One kept answer.
#[derive(Debug, Clone)]
pub struct Kept {
    pub head: Head,
    path: PathBuf,
}

impl Kept {
    /// Decompresses the answer into a file, as if it had just been asked for.
    pub fn spool(&self, dir: &Path) -> io::Result<Spooled> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        let kept = File::open(&self.path)?;
        match self.path.extension().is_some_and(|e| e == PLAIN) {
            true => io::copy(&mut BufReader::new(kept), &mut file)?,
            false => io::copy(&mut zstd::Decoder::new(kept)?, &mut file)?,
        };
        let mut hash = [0; 32];
        hex::decode_to_slice(&self.head.hash, &mut hash).map_err(io::Error::other)?;
        Ok(Spooled {
            file,
            status: self.head.status,
            url: self.head.url.clone(),
            media_type: self.head.media_type.clone(),
            charset: self.head.charset.clone(),
            link_next: self.head.link_next.clone(),
            validators: self.head.validators.clone(),
            bytes: self.head.bytes,
            had_bytes: 0,
            hash,
            framed: self.head.framed,
        })
    }

    /// The same, if the bytes are those that came: a kill may have left less of them.
    pub fn spool_whole(&self, dir: &Path) -> io::Result<Spooled> {
        let spooled = self.spool(dir)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(spooled.file.path())?)?;
        match *hasher.finalize().as_bytes() == spooled.hash {
            true => Ok(spooled),
            false => Err(io::Error::other("its bytes are not those that came")),
        }
    }
}

impl Answers {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("answers"),
        }
    }

    /// After a start: what interrupted runs had so far is left for the next ones. Says how many runs there were.
    pub fn sweep(&self) -> io::Result<usize> {
        let mut swept = 0;
        for source in folders(&self.dir)? {
            for run in folders(&source)? {
                if run.extension().is_some_and(|e| e == "tmp") {
                    fs::rename(&run, run.with_extension(LEFT))?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    /// Removes all kept answers of a source, but for those of a run under way: what is kept of it now are the parts of its
    /// records.
    pub fn forget(&self, source: &str) -> io::Result<()> {
        for run in folders(&self.dir.join(source))? {
            if run.extension().is_none_or(|e| e != "tmp") {
                fs::remove_dir_all(run)?;
            }
        }
        Ok(())
    }

    /// All kept answers of a source: the newest run first, each run's in the order they came.
    pub fn kept(&self, source: &str) -> io::Result<Vec<Kept>> {
        let mut runs = folders(&self.dir.join(source))?;
        runs.retain(|r| r.extension().is_none_or(|e| e != "tmp" && e != LEFT));
        runs.sort();
        let mut all = Vec::new();
        for run in runs.into_iter().rev() {
            for n in 0.. {
                let head = run.join(format!("{n}.json"));
                let Ok(bytes) = fs::read(&head) else { break };
                all.push(Kept {
                    head: serde_json::from_slice(&bytes)?,
                    path: run.join(format!("{n}.zst")),
                });
            }
        }
        Ok(all)
    }
}

fn folders(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|e| e.map(|e| e.path())).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests;
