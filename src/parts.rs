//! The newest raw bytes of every part of every record, for sources whose records come in parts (`Harvester::parts`):
//! what a record is described from when one of its parts changes, and what a changed mapping is applied to without
//! asking anyone.
//!
//! `parts/{source}/{run}.parts`, one segment for each run that brought something (`parts/segment.rs`), and
//! `segments.json`, which names those that count, oldest first. A later word wins. When more is dead than alive, or
//! there are many segments, they are written anew as one: the folder never holds more than twice what counts.
//!
//! It can be asked again, so it is never truth: what is damaged is set aside, and the next run asks for everything. It
//! knows no connector and no store. Start at [`Log::open`].

mod segment;
#[cfg(test)]
mod tests;

use crate::state::{digest, id_digest};
use harvestd_harvesters::{PartKind, PartName, Record, RecordId};
use segment::{Op, Reader, Writer};
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Segments from which on they are written anew as one: each is an open file, and read at every run's start.
const SEGMENTS_MAX: usize = 32;
/// Dead bytes that are not worth the writing.
const DEAD_BYTES_MIN: u64 = 1 << 20;
const SEGMENTS: &str = "segments.json";

/// The parts of all sources.
#[derive(Debug, Clone)]
pub struct Parts {
    dir: PathBuf,
}

impl Parts {
    pub fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("parts"),
        }
    }

    /// The parts of one source, to be added to by `run`.
    pub fn open(&self, source: &str, run: &str, kinds: &'static [PartKind]) -> io::Result<Log> {
        Log::open(self.dir.join(source), run, kinds)
    }

    /// The sources of which anything is kept, or was.
    pub fn sources(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry?.file_name().into_string();
            name.map_err(|name| io::Error::other(format!("{name:?} is no source's folder")))
        };
        entries.map(name).collect()
    }

    /// Removes what runs that were killed had begun to write.
    pub fn sweep(&self) -> io::Result<()> {
        let folders = self
            .sources()?
            .into_iter()
            .map(|source| self.dir.join(source));
        for folder in folders.filter(|folder| folder.is_dir()) {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == "tmp") {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    /// Removes all parts of a source.
    pub fn forget(&self, source: &str) -> io::Result<()> {
        fs::remove_dir_all(self.dir.join(source))
    }
}

/// The parts of one source. What is added counts when [`Log::finish`] is called; dropped, it leaves nothing behind.
pub struct Log {
    dir: PathBuf,
    run: String,
    pub kinds: &'static [PartKind],
    names: Vec<String>,
    readers: Vec<Reader>,
    writer: Option<Writer>,
    held: HashMap<[u8; 16], Held>,
    /// Counts every word: what was said later has the higher number.
    order: u64,
    live_bytes: u64,
    dead_bytes: u64,
    /// Why there is nothing, where there should be something.
    pub damaged: Option<String>,
}

/// What is held of a record.
#[derive(Debug, Clone)]
pub struct Held {
    pub id: RecordId,
    pub parts: Vec<Place>,
    /// The last time that its detail was asked for in vain, if no part of it has come since.
    pub missed: Option<Missed>,
}

/// Where a part is.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub part: PartName,
    pub hash: [u8; 16],
    /// Higher: came later.
    pub order: u64,
    segment: u32,
    block: u64,
    at: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// In a row.
    pub tries: u32,
    pub at_ms: i64,
    order: u64,
}

impl Held {
    pub fn part(&self, name: PartName) -> Option<&Place> {
        self.parts.iter().find(|place| place.part == name)
    }
}

impl Log {
    fn open(dir: PathBuf, run: &str, kinds: &'static [PartKind]) -> io::Result<Self> {
        let mut log = Self {
            dir,
            run: run.to_owned(),
            kinds,
            names: Vec::new(),
            readers: Vec::new(),
            writer: None,
            held: HashMap::new(),
            order: 0,
            live_bytes: 0,
            dead_bytes: 0,
            damaged: None,
        };
        if let Err(error) = log.load() {
            tracing::warn!(dir = %log.dir.display(), %error, "kept parts cannot be read; everything is asked for again");
            log.forget(error.to_string())?;
        }
        log.sweep()?;
        Ok(log)
    }

    fn load(&mut self) -> io::Result<()> {
        let names: Vec<String> = match fs::read(self.dir.join(SEGMENTS)) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e),
        };
        for name in names {
            let (reader, said) = Reader::open(&self.path_of(&name))?;
            let segment = self.readers.len() as u32;
            self.readers.push(reader);
            self.names.push(name);
            for op in said {
                self.take(op, segment);
            }
        }
        Ok(())
    }

    /// Begins with nothing.
    fn forget(&mut self, why: String) -> io::Result<()> {
        self.names.clear();
        self.readers.clear();
        self.held.clear();
        (self.live_bytes, self.dead_bytes) = (0, 0);
        self.damaged = Some(why);
        match fs::remove_file(self.dir.join(SEGMENTS)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Removes what no list names: of a run that was killed, or of before a damage.
    fn sweep(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let known = path.file_name().is_some_and(|f| f == SEGMENTS)
                || self.names.iter().any(|name| self.path_of(name) == path);
            if !known {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.parts"))
    }

    fn temporary(&self) -> PathBuf {
        self.dir.join(format!("{}.tmp", self.run))
    }

    /// One word of a segment, as it counts after all before it.
    fn take(&mut self, op: Op, segment: u32) {
        self.order += 1;
        let order = self.order;
        match op {
            Op::Put {
                id,
                part,
                hash,
                block,
                at,
                len,
            } => {
                // A part that no connector knows any more.
                let Some(part) = self.kinds.iter().map(|k| k.name).find(|n| *n == part) else {
                    self.dead_bytes += u64::from(len);
                    return;
                };
                self.let_go(&id, part);
                self.live_bytes += u64::from(len);
                let held = self.held.entry(id_digest(&id)).or_insert_with(|| Held {
                    id,
                    parts: Vec::with_capacity(1),
                    missed: None,
                });
                held.missed = None;
                held.parts.push(Place {
                    part,
                    hash,
                    order,
                    segment,
                    block,
                    at,
                    len,
                });
            }
            Op::Drop { id, part } => self.let_go(&id, &part),
            Op::Remove { id } => {
                if let Some(held) = self.held.remove(&id_digest(&id)) {
                    let bytes = held.parts.iter().map(|p| u64::from(p.len)).sum::<u64>();
                    self.live_bytes -= bytes;
                    self.dead_bytes += bytes;
                }
            }
            Op::Missed { id, tries, at_ms } => {
                if let Some(held) = self.held.get_mut(&id_digest(&id)) {
                    held.missed = Some(Missed {
                        tries,
                        at_ms,
                        order,
                    });
                }
            }
        }
    }

    fn let_go(&mut self, id: &RecordId, part: &str) {
        let Some(held) = self.held.get_mut(&id_digest(id)) else {
            return;
        };
        if let Some(at) = held.parts.iter().position(|place| place.part == part) {
            let bytes = u64::from(held.parts.swap_remove(at).len);
            self.live_bytes -= bytes;
            self.dead_bytes += bytes;
        }
    }

    pub fn kind(&self, part: PartName) -> Option<&'static PartKind> {
        self.kinds.iter().find(|kind| kind.name == part)
    }

    pub fn held(&self, name: &[u8; 16]) -> Option<&Held> {
        self.held.get(name)
    }

    /// Is nothing held?
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Everything that is held, in the order in which it came.
    pub fn all(&self) -> Vec<[u8; 16]> {
        let first = |held: &Held| held.parts.iter().map(|place| place.order).min();
        let mut all: Vec<_> = self.held.iter().map(|(n, h)| (first(h), *n)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, name)| name).collect()
    }

    /// Keeps a part in the place of what was kept of it.
    pub fn put(&mut self, id: &RecordId, part: PartName, raw: &[u8]) -> io::Result<()> {
        let hash = digest(raw);
        let (block, at) = self.writer()?.raw(raw)?;
        let len = u32::try_from(raw.len()).map_err(io::Error::other)?;
        self.say(Op::Put {
            id: id.clone(),
            part: part.to_owned(),
            hash,
            block,
            at,
            len,
        })
    }

    /// A part is out of date.
    pub fn drop_part(&mut self, id: &RecordId, part: PartName) -> io::Result<()> {
        self.say(Op::Drop {
            id: id.clone(),
            part: part.to_owned(),
        })
    }

    /// A record is no more.
    pub fn remove(&mut self, id: &RecordId) -> io::Result<()> {
        if !self.held.contains_key(&id_digest(id)) {
            return Ok(());
        }
        self.say(Op::Remove { id: id.clone() })
    }

    /// A record's detail was asked for in vain; `tries` times in a row by now.
    pub fn missed(&mut self, id: &RecordId, tries: u32, at_ms: i64) -> io::Result<()> {
        self.say(Op::Missed {
            id: id.clone(),
            tries,
            at_ms,
        })
    }

    fn say(&mut self, op: Op) -> io::Result<()> {
        self.writer()?.said.push(op.clone());
        let segment = self.readers.len() as u32;
        self.take(op, segment);
        Ok(())
    }

    fn writer(&mut self) -> io::Result<&mut Writer> {
        if self.writer.is_none() {
            fs::create_dir_all(&self.dir)?;
            self.writer = Some(Writer::create(&self.temporary())?);
        }
        self.writer
            .as_mut()
            .ok_or_else(|| io::Error::other("no segment"))
    }

    /// A record with everything that is held of it, read back and compared with its hashes.
    pub fn record(&mut self, name: &[u8; 16]) -> io::Result<Option<Record>> {
        let Some(held) = self.held.get(name) else {
            return Ok(None);
        };
        let (id, mut places) = (held.id.clone(), held.parts.clone());
        places.sort_unstable_by_key(|place| place.order);
        let mut parts = Vec::with_capacity(places.len());
        for place in places {
            parts.push((place.part, self.read(&place)?));
        }
        Ok(Some(Record { id, parts }))
    }

    fn read(&mut self, place: &Place) -> io::Result<Vec<u8>> {
        let raw = match self.readers.get_mut(place.segment as usize) {
            Some(reader) => reader.raw(place.block, place.at, place.len),
            None => match &mut self.writer {
                Some(writer) => writer.read(place.block, place.at, place.len),
                None => Err(io::Error::other("a segment that is not there")),
            },
        };
        raw.and_then(|raw| match digest(&raw) == place.hash {
            true => Ok(raw),
            false => Err(io::Error::other("a part with other bytes than were kept")),
        })
        .inspect_err(|error| {
            tracing::warn!(dir = %self.dir.display(), %error, "a kept part cannot be read; the next run asks for everything");
            let _ = fs::remove_file(self.dir.join(SEGMENTS));
        })
    }

    /// Counts from now on.
    pub fn finish(self) -> io::Result<()> {
        self.end(false)
    }

    /// The same, and leaves no byte of what does not count any more.
    pub fn compact(mut self) -> io::Result<()> {
        if !self.names.is_empty() {
            self.writer()?;
        }
        self.end(true)
    }

    fn end(mut self, whole: bool) -> io::Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let reader = writer.finish()?;
        let old: Vec<PathBuf> = self.names.iter().map(|name| self.path_of(name)).collect();
        let place = self.path_of(&self.run);
        self.readers.push(reader);
        let dead = self.dead_bytes > self.live_bytes.max(DEAD_BYTES_MIN);
        if whole || dead || self.names.len() >= SEGMENTS_MAX {
            self.rewrite()?;
            self.names.clear();
        }
        fs::rename(self.temporary(), place)?;
        self.names.push(self.run.clone());
        self.list()?;
        for path in old {
            if !self.names.iter().any(|name| self.path_of(name) == path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Writes all that counts into one segment, in the order in which it was said.
    fn rewrite(&mut self) -> io::Result<()> {
        let path = self.dir.join(format!("{}.all.tmp", self.run));
        let mut writer = Writer::create(&path)?;
        let mut words: Vec<(u64, [u8; 16], Option<Place>)> = Vec::new();
        for (name, held) in &self.held {
            words.extend(held.parts.iter().map(|p| (p.order, *name, Some(*p))));
            words.extend(held.missed.map(|missed| (missed.order, *name, None)));
        }
        words.sort_unstable_by_key(|(order, ..)| *order);
        for (_, name, place) in words {
            let Some(held) = self.held.get(&name) else {
                continue;
            };
            let (id, missed) = (held.id.clone(), held.missed);
            let op = match (place, missed) {
                (Some(place), _) => {
                    let raw = self.read(&place)?;
                    let (block, at) = writer.raw(&raw)?;
                    let (part, hash, len) = (place.part.to_owned(), place.hash, place.len);
                    Op::Put {
                        id,
                        part,
                        hash,
                        block,
                        at,
                        len,
                    }
                }
                (None, Some(Missed { tries, at_ms, .. })) => Op::Missed { id, tries, at_ms },
                (None, None) => continue,
            };
            writer.said.push(op);
        }
        writer.finish()?;
        fs::rename(path, self.temporary())
    }

    fn list(&self) -> io::Result<()> {
        let temporary = self.dir.join("segments.tmp");
        fs::write(&temporary, serde_json::to_vec(&self.names)?)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(temporary, self.dir.join(SEGMENTS))?;
        File::open(&self.dir)?.sync_all()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.writer.take().is_some()
            && let Err(error) = fs::remove_file(self.temporary())
        {
            tracing::warn!(dir = %self.dir.display(), %error, "parts of a run that do not count could not be removed");
        }
    }
}
