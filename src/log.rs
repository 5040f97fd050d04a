//! The change log: the past, in the form in which it is published.
//!
//! A segment is `log/{generation}/{first}-{last}.nq.zst`: N-Quads, each activity in the default graph, the entity's
//! body in the graph named by the activity. A segment is written, synced and renamed before the commit that names its
//! hash; it is never changed afterwards. Start at [`Log::begin`]. This file knows nothing of the store.

mod read;
mod write;

pub use read::After;
pub use write::{SegmentWriter, Written};

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The folder of segments.
#[derive(Debug, Clone)]
pub struct Log {
    dir: PathBuf,
    /// Base of our own IRIs, with a slash at its end.
    base: String,
}

/// What happened to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Update,
    Delete,
}

impl Verb {
    /// The IRI in Activity Streams 2.0.
    pub fn iri(self) -> &'static str {
        match self {
            Self::Create => "https://www.w3.org/ns/activitystreams#Create",
            Self::Update => "https://www.w3.org/ns/activitystreams#Update",
            Self::Delete => "https://www.w3.org/ns/activitystreams#Delete",
        }
    }
}

/// One change of one entity. Its body is the whole description after the change, empty for a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub seq: u64,
    pub verb: Verb,
    /// IRI without brackets.
    pub entity: String,
    /// Microseconds since 1970, strictly rising.
    pub published_us: i64,
    /// Sorted N-Triples.
    pub body: String,
}

impl Activity {
    /// Writes it as N-Quads: the activity in the default graph, its body in the graph named by the activity.
    pub fn write(&self, name: &str, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        writeln!(
            out,
            "<{name}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{}> .",
            self.verb.iri()
        )?;
        writeln!(
            out,
            "<{name}> <https://www.w3.org/ns/activitystreams#object> <{}> .",
            self.entity
        )?;
        writeln!(
            out,
            "<{name}> <https://www.w3.org/ns/activitystreams#published> \"{}\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .",
            date_time(self.published_us)
        )?;
        for line in self.body.lines() {
            let triple = line.strip_suffix(" .").unwrap_or(line);
            writeln!(out, "{triple} <{name}> .")?;
        }
        Ok(())
    }
}

/// A segment on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    pub first: u64,
    pub last: u64,
    pub path: PathBuf,
}

impl Log {
    pub fn open(dir: PathBuf, base: &str) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self::at(dir, base))
    }

    /// For reading: makes nothing.
    pub fn at(dir: PathBuf, base: &str) -> Self {
        Self {
            dir,
            base: base.to_owned(),
        }
    }

    /// The IRI of an activity.
    pub fn activity_iri(&self, generation: u64, seq: u64) -> String {
        format!("{}activity/{generation}/{seq}", self.base)
    }

    /// The IRI by which a commit names a segment.
    pub fn segment_iri(&self, generation: u64, first: u64, last: u64) -> String {
        format!("{}log/{generation}/{first}-{last}", self.base)
    }

    /// Removes what no commit names: unfinished files, and segments beyond the head. Says how many files went.
    pub fn sweep(&self, generation: u64, head_seq: u64) -> io::Result<usize> {
        let dir = self.dir.join(generation.to_string());
        let mut swept = 0;
        for entry in read_dir(&dir)? {
            let path = entry?.path();
            let stray = match segment_of(&path) {
                Some(segment) => segment.last > head_seq,
                None => path.extension().is_some_and(|e| e == "tmp"),
            };
            if stray {
                fs::remove_file(&path)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// The finished segments of a generation, in order.
    pub fn segments(&self, generation: u64) -> io::Result<Vec<Segment>> {
        let mut all = Vec::new();
        for entry in read_dir(&self.dir.join(generation.to_string()))? {
            all.extend(segment_of(&entry?.path()));
        }
        all.sort();
        Ok(all)
    }

    /// The number of the oldest activity that the log still holds. None: it holds none of this generation.
    pub fn begins(&self, generation: u64) -> io::Result<Option<u64>> {
        Ok(self.segments(generation)?.first().map(|s| s.first))
    }

    /// Removes the oldest segments, as long as all in them comes before activity `before`. Says how many files went. The
    /// oldest go first: what is left after a crash is a log that begins later, without gaps.
    pub fn prune(&self, generation: u64, before: u64) -> io::Result<usize> {
        let segments = self.segments(generation)?;
        let old = segments.iter().take_while(|s| s.last < before);
        let mut pruned = 0;
        for segment in old {
            fs::remove_file(&segment.path)?;
            pruned += 1;
        }
        Ok(pruned)
    }

    /// Removes a whole generation, the newest segments first: one that is left in part has no gap.
    pub fn remove(&self, generation: u64) -> io::Result<()> {
        for segment in self.segments(generation)?.iter().rev() {
            fs::remove_file(&segment.path)?;
        }
        match fs::remove_dir_all(self.dir.join(generation.to_string())) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Bytes of all segments.
    pub fn bytes(&self, generation: u64) -> io::Result<u64> {
        self.segments(generation)?
            .iter()
            .map(|s| Ok(fs::metadata(&s.path)?.len()))
            .sum()
    }
}

fn read_dir(dir: &Path) -> io::Result<Vec<io::Result<fs::DirEntry>>> {
    match fs::read_dir(dir) {
        Ok(entries) => Ok(entries.collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn segment_of(path: &Path) -> Option<Segment> {
    let (first, last) = path
        .file_name()?
        .to_str()?
        .strip_suffix(".nq.zst")?
        .split_once('-')?;
    Some(Segment {
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        path: path.to_owned(),
    })
}

/// xsd:dateTime in UTC, without trailing zeros in the fraction: the store's own canonical form.
pub fn date_time(us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default();
    let seconds = time.format("%Y-%m-%dT%H:%M:%S");
    match us.rem_euclid(1_000_000) {
        0 => format!("{seconds}Z"),
        fraction => format!(
            "{seconds}.{}Z",
            format!("{fraction:06}").trim_end_matches('0')
        ),
    }
}

/// The inverse of [`date_time`].
pub fn parse_date_time(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|t| t.timestamp_micros())
}

#[cfg(test)]
mod tests;
