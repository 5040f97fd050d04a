//! The answers of a source's last complete run and of the partial runs since, compressed: what a changed mapping is
//! applied to without asking anyone.
//!
//! `answers/{source}/{run}/{n}.zst` with `{n}.json` beside it. Knows nothing of what the answers mean.

use crate::network::Spooled;
use harvestd_harvesters::Request;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};
use url::Url;

/// zstd level of kept answers.
const LEVEL: i32 = 1;

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
        io::copy(&mut zstd::Decoder::new(File::open(&self.path)?)?, &mut file)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(&self.head.hash, &mut hash).map_err(io::Error::other)?;
        Ok(Spooled {
            file,
            status: self.head.status,
            url: self.head.url.clone(),
            media_type: self.head.media_type.clone(),
            charset: self.head.charset.clone(),
            link_next: self.head.link_next.clone(),
            validators: crate::network::Validators::default(),
            bytes: self.head.bytes,
            hash,
            framed: self.head.framed,
        })
    }
}

impl Answers {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("answers"),
        }
    }

    /// Removes what interrupted runs left behind. Says how many folders went.
    pub fn sweep(&self) -> io::Result<usize> {
        let mut swept = 0;
        for source in folders(&self.dir)? {
            for run in folders(&source)? {
                if run.extension().is_some_and(|e| e == "tmp") {
                    fs::remove_dir_all(run)?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    /// Begins to keep a run's answers. They count when [`Keeping::finish`] is called.
    pub fn begin(&self, source: &str, run: &str) -> io::Result<Keeping> {
        let dir = self.dir.join(source);
        let temporary = dir.join(format!("{run}.tmp"));
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary)?;
        Ok(Keeping {
            before: self.kept(source)?,
            dir,
            temporary,
            run: run.to_owned(),
            count: 0,
        })
    }

    /// Removes all kept answers of a source: what is kept of it now are the parts of its records.
    pub fn forget(&self, source: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.dir.join(source)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// All kept answers of a source: the newest run first, each run's in the order they came.
    pub fn kept(&self, source: &str) -> io::Result<Vec<Kept>> {
        let mut runs = folders(&self.dir.join(source))?;
        runs.retain(|r| r.extension().is_none_or(|e| e != "tmp"));
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

/// The answers of a run under way. Dropped before they count, they go.
pub struct Keeping {
    dir: PathBuf,
    temporary: PathBuf,
    run: String,
    count: u64,
    before: Vec<Kept>,
}

impl Keeping {
    /// Keeps an answer; one whose bytes are kept already is linked, not compressed again.
    pub fn keep(&mut self, request: &Request, spooled: &Spooled) -> io::Result<()> {
        let head = Head {
            request: request.clone(),
            status: spooled.status,
            url: spooled.url.clone(),
            media_type: spooled.media_type.clone(),
            charset: spooled.charset.clone(),
            link_next: spooled.link_next.clone(),
            bytes: spooled.bytes,
            hash: hex::encode(spooled.hash),
            framed: spooled.framed,
        };
        let path = self.temporary.join(format!("{}.zst", self.count));
        match self
            .before
            .iter()
            .find(|k| k.head.hash == head.hash && k.head.bytes == head.bytes)
        {
            Some(same) => fs::hard_link(&same.path, &path)?,
            None => {
                let mut out = zstd::Encoder::new(BufWriter::new(File::create(&path)?), LEVEL)?;
                io::copy(&mut File::open(spooled.file.path())?, &mut out)?;
                out.finish()?.flush()?;
            }
        }
        fs::write(
            self.temporary.join(format!("{}.json", self.count)),
            serde_json::to_vec(&head)?,
        )?;
        self.count += 1;
        Ok(())
    }

    /// Counts from now on; after a run that saw everything, the answers before it go.
    pub fn finish(self, saw_everything: bool) -> io::Result<()> {
        if self.count == 0 {
            return fs::remove_dir_all(&self.temporary);
        }
        let old = folders(&self.dir)?;
        let place = self.dir.join(&self.run);
        fs::rename(&self.temporary, &place)?;
        if saw_everything {
            for run in old
                .into_iter()
                .filter(|r| *r != self.temporary && *r != place)
            {
                fs::remove_dir_all(run)?;
            }
        }
        Ok(())
    }

    /// Nothing of the run is kept.
    pub fn drop_all(self) -> io::Result<()> {
        fs::remove_dir_all(&self.temporary)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.temporary.display(), %error, "answers of a failed run could not be removed; they go at the next start");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn spooled(dir: &Path, text: &str) -> Spooled {
        let mut file = tempfile::NamedTempFile::new_in(dir).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let url = Url::parse("http://127.0.0.1/").unwrap();
        Spooled {
            file,
            status: 200,
            url,
            media_type: None,
            charset: None,
            link_next: None,
            validators: Default::default(),
            bytes: text.len() as u64,
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            framed: true,
        }
    }

    fn texts(answers: &Answers, dir: &Path) -> Vec<String> {
        answers
            .kept("s")
            .unwrap()
            .iter()
            .map(|k| fs::read_to_string(k.spool(dir).unwrap().file.path()).unwrap())
            .collect()
    }

    #[test]
    fn the_last_complete_run_and_the_partial_ones_since() {
        let dir = tempfile::tempdir().unwrap();
        let answers = Answers::new(dir.path());
        let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
        for (run, text, complete) in [
            ("1", "one", true),
            ("2", "two", false),
            ("3", "three", false),
        ] {
            let mut keeping = answers.begin("s", run).unwrap();
            keeping.keep(&request, &spooled(dir.path(), text)).unwrap();
            keeping.finish(complete).unwrap();
        }
        assert_eq!(texts(&answers, dir.path()), ["three", "two", "one"]);
        let mut keeping = answers.begin("s", "4").unwrap();
        keeping
            .keep(&request, &spooled(dir.path(), "three"))
            .unwrap();
        keeping
            .keep(&request, &spooled(dir.path(), "four"))
            .unwrap();
        keeping.finish(true).unwrap();
        assert_eq!(texts(&answers, dir.path()), ["three", "four"]);
        let mut given_up = answers.begin("s", "5").unwrap();
        given_up
            .keep(&request, &spooled(dir.path(), "five"))
            .unwrap();
        given_up.drop_all().unwrap();
        assert_eq!(texts(&answers, dir.path()), ["three", "four"]);
    }

    #[test]
    fn of_a_run_that_failed_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let answers = Answers::new(dir.path());
        let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
        let mut keeping = answers.begin("s", "1").unwrap();
        keeping.keep(&request, &spooled(dir.path(), "one")).unwrap();
        drop(keeping);
        assert_eq!(
            folders(&dir.path().join("answers/s")).unwrap(),
            [""; 0].map(PathBuf::from)
        );
    }
}
