//! The answers of a source's last complete run and of the partial runs since, compressed: what a changed mapping is
//! applied to without asking anyone.
//!
//! `answers/{source}/{run}/{n}.zst` with `{n}.json` beside it. Knows nothing of what the answers mean.
//!
//! Those of a run under way stand in `{run}.tmp`, or `{run}.left` when it was killed or broke off: the next run goes on from
//! them ([`Answers::left`]). Of sources of which something else is kept for good, they are there for that alone.

use crate::network::{Spooled, Validators};
use harvestd_harvesters::Request;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};
use url::Url;

/// zstd level of kept answers.
const LEVEL: i32 = 1;
/// Ending of the folder of a run that did not come to its end.
const LEFT: &str = "left";
/// Ending of an answer that is not compressed.
const PLAIN: &str = "body";
/// An answer so large is not worth compressing for one run: its file gets another name.
const LINKED_BYTES_MIN: u64 = 4 << 20;

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

/// What a run that did not come to its end has left.
#[derive(Debug, Default)]
pub struct Left {
    /// The newest of the runs.
    pub run: Option<String>,
    pub answers: Vec<Kept>,
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

    /// What runs of the source that were killed or broke off have left, if they began at `from_ms` or later; `broke_off` is
    /// one whose answers are kept all the same. What is older is removed.
    pub fn left(&self, source: &str, broke_off: Option<&str>, from_ms: i64) -> io::Result<Left> {
        let mut left = Left::default();
        let mut runs = folders(&self.dir.join(source))?;
        runs.sort();
        for run in runs.into_iter().rev() {
            let name = run.file_stem().and_then(|name| name.to_str());
            let Some(name) = name.map(str::to_owned) else {
                continue;
            };
            let began = name.split('-').next().and_then(|ms| ms.parse::<i64>().ok());
            let is_left = run.extension().is_some_and(|e| e == LEFT);
            let in_time = began.is_some_and(|began| began >= from_ms);
            if is_left && !in_time {
                fs::remove_dir_all(run)?;
            } else if in_time && (is_left || broke_off == Some(name.as_str())) {
                left.answers.extend(answers_of(&run));
                left.run.get_or_insert(name);
            }
        }
        Ok(left)
    }

    /// Removes what runs of the source have left.
    pub fn forget_left(&self, source: &str) -> io::Result<()> {
        for run in folders(&self.dir.join(source))? {
            if run.extension().is_some_and(|e| e == LEFT) {
                fs::remove_dir_all(run)?;
            }
        }
        Ok(())
    }

    /// Begins to keep a run's answers. They count when [`Keeping::finish`] is called.
    /// `passing`: they are there for the next run alone, should this one not come to its end.
    pub fn begin(&self, source: &str, run: &str, passing: bool) -> io::Result<Keeping> {
        let dir = self.dir.join(source);
        let temporary = dir.join(format!("{run}.tmp"));
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary)?;
        Ok(Keeping {
            before: self.kept(source)?,
            passing,
            dir,
            temporary,
            run: run.to_owned(),
            count: 0,
        })
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

/// The answers of a run that did not come to its end, as far as they are whole.
fn answers_of(run: &Path) -> Vec<Kept> {
    let answer = |n: u64| {
        let head = fs::read(run.join(format!("{n}.json"))).ok()?;
        let plain = run.join(format!("{n}.{PLAIN}"));
        let path = match plain.exists() {
            true => plain,
            false => run.join(format!("{n}.zst")),
        };
        let head = serde_json::from_slice(&head).ok()?;
        Some(Kept { head, path })
    };
    (0..).map_while(answer).collect()
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
    passing: bool,
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
            validators: spooled.validators.clone(),
        };
        if self.passing && spooled.bytes >= LINKED_BYTES_MIN {
            let path = self.temporary.join(format!("{}.{PLAIN}", self.count));
            // The spooled file under another name: it costs nothing.
            if fs::hard_link(spooled.file.path(), &path).is_err() {
                fs::copy(spooled.file.path(), &path)?;
            }
            return self.name(&head);
        }
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
        self.name(&head)
    }

    /// From here on the answer counts: its bytes are there.
    fn name(&mut self, head: &Head) -> io::Result<()> {
        let named = self.temporary.join(format!("{}.json", self.count));
        fs::write(named, serde_json::to_vec(head)?)?;
        self.count += 1;
        Ok(())
    }

    /// The run broke off, and the next one is to go on from here. `counts`: it was committed as far as it came, and what is
    /// kept for good counts as well.
    pub fn leave(self, counts: bool) -> io::Result<()> {
        match counts && !self.passing {
            true => self.finish(false),
            false => fs::rename(&self.temporary, self.temporary.with_extension(LEFT)),
        }
    }

    /// Counts from now on; after a run that saw everything, the answers before it go.
    pub fn finish(self, saw_everything: bool) -> io::Result<()> {
        if self.count == 0 || self.passing {
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
            let mut keeping = answers.begin("s", run, false).unwrap();
            keeping.keep(&request, &spooled(dir.path(), text)).unwrap();
            keeping.finish(complete).unwrap();
        }
        assert_eq!(texts(&answers, dir.path()), ["three", "two", "one"]);
        let mut keeping = answers.begin("s", "4", false).unwrap();
        keeping
            .keep(&request, &spooled(dir.path(), "three"))
            .unwrap();
        keeping
            .keep(&request, &spooled(dir.path(), "four"))
            .unwrap();
        keeping.finish(true).unwrap();
        assert_eq!(texts(&answers, dir.path()), ["three", "four"]);
        let mut given_up = answers.begin("s", "5", false).unwrap();
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
        let mut keeping = answers.begin("s", "1", false).unwrap();
        keeping.keep(&request, &spooled(dir.path(), "one")).unwrap();
        drop(keeping);
        assert_eq!(
            folders(&dir.path().join("answers/s")).unwrap(),
            [""; 0].map(PathBuf::from)
        );
    }

    #[test]
    fn a_large_answer_of_one_run_is_not_compressed() {
        let dir = tempfile::tempdir().unwrap();
        let answers = Answers::new(dir.path());
        let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
        let large = "x".repeat(usize::try_from(LINKED_BYTES_MIN).unwrap());
        let mut keeping = answers.begin("s", "1-s", true).unwrap();
        keeping
            .keep(&request, &spooled(dir.path(), &large))
            .unwrap();
        keeping.leave(true).unwrap();
        let left = answers.left("s", None, 0).unwrap().answers;
        assert_eq!(left[0].path.extension().unwrap(), PLAIN);
        let again = left[0].spool_whole(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(again.file.path()).unwrap(), large);
        // Of a run that comes to its end nothing stays.
        let mut keeping = answers.begin("s", "2-s", true).unwrap();
        keeping.keep(&request, &spooled(dir.path(), "two")).unwrap();
        answers.forget("s").unwrap();
        keeping.finish(true).unwrap();
        assert!(folders(&dir.path().join("answers/s")).unwrap().is_empty());
    }

    #[test]
    fn what_a_killed_run_had_is_left_for_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let answers = Answers::new(dir.path());
        let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
        for (run, passing) in [("100-s", false), ("200-s", true)] {
            let mut keeping = answers.begin("s", run, passing).unwrap();
            keeping.keep(&request, &spooled(dir.path(), run)).unwrap();
            keeping.keep(&request, &spooled(dir.path(), "two")).unwrap();
            // No destructor runs.
            std::mem::forget(keeping);
        }
        assert_eq!(answers.sweep().unwrap(), 2);
        assert!(texts(&answers, dir.path()).is_empty(), "nothing counts");
        let left = answers.left("s", None, 100).unwrap();
        assert_eq!(left.run.as_deref(), Some("200-s"));
        let whole = |kept: &Kept| {
            let spooled = kept.spool_whole(dir.path()).ok()?;
            Some(fs::read_to_string(spooled.file.path()).unwrap())
        };
        let read: Vec<_> = left.answers.iter().filter_map(whole).collect();
        assert_eq!(read, ["200-s", "two", "100-s", "two"]);
        fs::write(&left.answers[0].path, "tw").unwrap();
        assert_eq!(whole(&left.answers[0]), None, "cut");
        assert_eq!(answers.left("s", None, 150).unwrap().answers.len(), 2);
        assert_eq!(
            folders(&dir.path().join("answers/s")).unwrap().len(),
            1,
            "the older went"
        );
        answers.forget_left("s").unwrap();
        assert_eq!(answers.left("s", None, 0).unwrap().run, None);
    }
}
