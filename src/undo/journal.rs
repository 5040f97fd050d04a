//! What each commit replaced, record by record, kept for a grace period: the words of a record before it changed or went,
//! or that there were none.
//!
//! The change log tells what was published; what a source's record said cannot be read from it where another record is the
//! one that is published, or a correction lies over it. So each commit writes here, synced, beside its segment of the log
//! and before it replaces anything. A frame of a commit that never came to be is taken away again ([`Journal::mend`]).
//!
//! `undo/{generation}/{source}/{day}.frames`: frames of `{bytes of payload: u32}{BLAKE3 of it: 16 bytes}{payload: lines of
//! JSON, zstd}`. A frame that is not whole ends its file: it was never synced. It goes with its generation of the log.
//! It knows no store. Start at [`Journal::append`].

use harvestd_harvesters::RecordId;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

const DAY_MS: i64 = 86_400_000;
/// zstd level of payloads.
const LEVEL: i32 = 1;
const HASH_BYTES: usize = 16;
/// A frame holds one commit, which `limits.batch_triples_max` bounds; beyond this it is no frame of ours.
const FRAME_BYTES_MAX: u64 = 4 << 30;

/// The journal of all sources.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
}

/// What one record was before a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: RecordId,
    /// None: there was no such record.
    pub before: Option<Before>,
}

/// A record's words, as its source said them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The IRI that the source gave what the record is about.
    pub entity: String,
    /// The record of another harvestd whose body it is, where it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrors: Option<String>,
    /// Sorted N-Triples.
    pub body: String,
}

/// The commit that a frame is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub run: String,
    pub at_ms: i64,
    /// Number of the commit's last activity; of a commit without any, of the last one before it. 0: written before this was
    /// kept.
    #[serde(default)]
    pub seq: u64,
}

/// What one commit replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub head: Head,
    pub entries: Vec<Entry>,
}

impl Journal {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("undo"),
        }
    }

    /// Writes what a commit is about to replace; durable when this returns.
    pub fn append(
        &self,
        generation: u64,
        source: &str,
        head: &Head,
        entries: &[Entry],
    ) -> io::Result<()> {
        let dir = self.source(generation, source);
        let path = dir.join(format!("{:07}.frames", head.at_ms.div_euclid(DAY_MS)));
        let payload = payload_of(head, entries)?;
        let len = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(payload.len() + HASH_BYTES + 4);
        frame.extend(len.to_le_bytes());
        frame.extend(&blake3::hash(&payload).as_bytes()[..HASH_BYTES]);
        frame.extend(payload);
        let is_new = !path.exists();
        if is_new {
            fs::create_dir_all(&dir)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let end = file.metadata()?.len();
        if let Err(error) = durably(&mut file, &frame) {
            // The next frame begins where this one did, whatever is left of it.
            let _ = file.set_len(end).and_then(|()| file.sync_data());
            return Err(error);
        }
        if is_new {
            for dir in dir.ancestors().take(3) {
                File::open(dir)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// After a start, or a commit that failed: takes away what was not written whole, and the frame of a commit that never
    /// came to be, so that others can follow. `committed`: number of the newest activity.
    pub fn mend(&self, generation: u64, committed: u64) -> io::Result<()> {
        for source in names(&self.dir.join(generation.to_string()))? {
            // An interrupted write is the last one of its source.
            let Some(path) = days(&source)?.pop() else {
                continue;
            };
            let mut frames = Frames::open(&path)?;
            let mut whole = 0;
            while let Some(frame) = frames.frame()?
                && frame.head.seq <= committed
            {
                whole = frames.whole;
            }
            if whole < fs::metadata(&path)?.len() {
                let file = OpenOptions::new().write(true).open(&path)?;
                file.set_len(whole)?;
                file.sync_all()?;
            }
        }
        Ok(())
    }

    /// Where a file of frames is not what was written. None: it is whole.
    pub fn torn_at(path: &Path) -> io::Result<Option<u64>> {
        let mut frames = Frames::open(path)?;
        for frame in &mut frames {
            frame?;
        }
        Ok((frames.left > 0).then_some(frames.whole))
    }

    /// All frames of a source, in the order of its commits.
    pub fn frames(
        &self,
        generation: u64,
        source: &str,
    ) -> io::Result<impl Iterator<Item = io::Result<Frame>> + use<>> {
        let days = days(&self.source(generation, source))?;
        Ok(days
            .into_iter()
            .flat_map(|path| -> Box<dyn Iterator<Item = io::Result<Frame>>> {
                match Frames::open(&path) {
                    Ok(frames) => Box::new(frames),
                    Err(e) => Box::new(std::iter::once(Err(e))),
                }
            }))
    }

    /// The sources of which something is kept.
    pub fn sources(&self, generation: u64) -> io::Result<Vec<String>> {
        let folders = names(&self.dir.join(generation.to_string()))?;
        let name = |path: PathBuf| path.file_name()?.to_str().map(str::to_owned);
        Ok(folders.into_iter().filter_map(name).collect())
    }

    /// Removes what is older than so many days; 0 removes everything. Says how many files went.
    pub fn prune(&self, generation: u64, days_kept: u64, now_ms: i64) -> io::Result<usize> {
        let today = now_ms.div_euclid(DAY_MS);
        let first = today.saturating_sub_unsigned(days_kept).saturating_add(1);
        let mut pruned = 0;
        for source in names(&self.dir.join(generation.to_string()))? {
            for path in days(&source)? {
                let day = path.file_stem().and_then(|stem| stem.to_str());
                if day
                    .and_then(|d| d.parse::<i64>().ok())
                    .is_some_and(|d| d < first)
                {
                    fs::remove_file(path)?;
                    pruned += 1;
                }
            }
        }
        Ok(pruned)
    }

    /// Removes what was kept under a generation of the log that has ended.
    pub fn remove(&self, generation: u64) -> io::Result<()> {
        match fs::remove_dir_all(self.dir.join(generation.to_string())) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn source(&self, generation: u64, source: &str) -> PathBuf {
        self.dir.join(generation.to_string()).join(source)
    }
}

fn durably(file: &mut File, frame: &[u8]) -> io::Result<()> {
    file.write_all(frame)?;
    crate::trouble_point!("undo-fails", crate::crash::planned());
    file.sync_data()
}

fn payload_of(head: &Head, entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut out = zstd::Encoder::new(Vec::new(), LEVEL)?;
    serde_json::to_writer(&mut out, head)?;
    for entry in entries {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, entry)?;
    }
    out.finish()
}

/// What is in a folder, by name; nothing where there is none.
fn names(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    match fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                all.push(entry?.path());
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    all.sort();
    Ok(all)
}

fn days(source: &Path) -> io::Result<Vec<PathBuf>> {
    let mut days = names(source)?;
    days.retain(|path| path.extension().is_some_and(|e| e == "frames"));
    Ok(days)
}

/// The whole frames of one file.
struct Frames {
    file: BufReader<File>,
    left: u64,
    /// Bytes of the frames read so far.
    whole: u64,
}

impl Frames {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self {
            left: file.metadata()?.len(),
            file: BufReader::with_capacity(1 << 16, file),
            whole: 0,
        })
    }

    fn frame(&mut self) -> io::Result<Option<Frame>> {
        let begin = (4 + HASH_BYTES) as u64;
        if self.left < begin {
            return Ok(None);
        }
        let (mut len, mut hash) = ([0; 4], [0; HASH_BYTES]);
        self.file.read_exact(&mut len)?;
        self.file.read_exact(&mut hash)?;
        let len = u64::from(u32::from_le_bytes(len));
        if len > (self.left - begin).min(FRAME_BYTES_MAX) {
            return Ok(None);
        }
        let mut payload = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        self.file.read_exact(&mut payload)?;
        if blake3::hash(&payload).as_bytes()[..HASH_BYTES] != hash {
            return Ok(None);
        }
        self.left -= begin + len;
        self.whole += begin + len;
        let mut lines = BufReader::new(zstd::Decoder::new(payload.as_slice())?).lines();
        let none = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a frame of the undo journal is empty",
            )
        };
        let head = serde_json::from_str(&lines.next().ok_or_else(none)??)?;
        let mut entries = Vec::new();
        for line in lines {
            entries.push(serde_json::from_str(&line?)?);
        }
        Ok(Some(Frame { head, entries }))
    }
}

impl Iterator for Frames {
    type Item = io::Result<Frame>;
    fn next(&mut self) -> Option<Self::Item> {
        self.frame().transpose()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn entry(key: &str, body: Option<&str>) -> Entry {
        let before = body.map(|body| Before {
            entity: format!("https://e.example/{key}"),
            mirrors: None,
            body: body.to_owned(),
        });
        Entry {
            id: RecordId::dataset(key),
            before,
        }
    }

    fn head(run: &str, day: i64) -> Head {
        Head {
            run: run.to_owned(),
            at_ms: day * DAY_MS + 1,
            seq: 0,
        }
    }

    fn runs(journal: &Journal) -> Vec<(String, usize)> {
        let frames = journal.frames(1, "a").unwrap().map(Result::unwrap);
        frames.map(|f| (f.head.run, f.entries.len())).collect()
    }

    #[test]
    fn frames_come_back_in_order_and_a_torn_one_ends_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        let entries = [
            entry(
                "1",
                Some("<a:a> <a:b> \"資料\\n\" .\n<a:a> <a:c> <a:d> .\n"),
            ),
            entry("2", None),
        ];
        journal.append(1, "a", &head("1-a", 100), &entries).unwrap();
        journal
            .append(1, "a", &head("2-a", 100), &entries[..1])
            .unwrap();
        let read: Vec<Frame> = journal
            .frames(1, "a")
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(read[0].entries, entries);
        assert_eq!(read[1].head, head("2-a", 100));
        // A kill in the middle of a write.
        let path = days(&dir.path().join("undo/1/a")).unwrap().pop().unwrap();
        let len = fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(len - 3).unwrap();
        assert_eq!(runs(&journal), [("1-a".to_owned(), 2)]);
        journal.mend(1, 0).unwrap();
        journal.append(1, "a", &head("3-a", 100), &entries).unwrap();
        assert_eq!(
            runs(&journal),
            [("1-a".to_owned(), 2), ("3-a".to_owned(), 2)]
        );
    }

    #[test]
    fn what_was_never_committed_goes() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        for seq in [7, 9] {
            let head = Head {
                seq,
                ..head(&format!("{seq}-a"), 100)
            };
            journal.append(1, "a", &head, &[entry("1", None)]).unwrap();
        }
        journal.mend(1, 9).unwrap();
        assert_eq!(runs(&journal).len(), 2);
        journal.mend(1, 8).unwrap();
        assert_eq!(runs(&journal), [("7-a".to_owned(), 1)]);
        journal.mend(1, 6).unwrap();
        assert!(runs(&journal).is_empty());
    }

    #[test]
    fn what_is_too_old_goes_and_a_generation_goes_whole() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        for day in [100, 101, 130] {
            let head = head(&format!("{day}-a"), day);
            journal.append(1, "a", &head, &[entry("1", None)]).unwrap();
        }
        assert_eq!(journal.prune(1, 30, 130 * DAY_MS).unwrap(), 1);
        assert_eq!(runs(&journal).len(), 2);
        assert_eq!(journal.sources(1).unwrap(), ["a"]);
        assert_eq!(journal.prune(1, 0, 130 * DAY_MS).unwrap(), 2);
        journal.remove(1).unwrap();
        journal.remove(1).unwrap();
        assert!(runs(&journal).is_empty());
    }
}
