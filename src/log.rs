//! The change log: the past, in the form in which it is published.
//!
//! A segment is `log/{generation}/{first}-{last}.nq.zst`: N-Quads, each activity in the default graph, the entity's
//! body in the graph named by the activity. A segment is written, synced and renamed before the commit that names its
//! hash; it is never changed afterwards. Start at [`Log::begin`]. This file knows nothing of the store.

use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

/// zstd level of segments: 3 packs N-Quads some twelvefold at hundreds of megabytes a second.
const LEVEL: i32 = 3;

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

    /// Opens a segment that begins with activity `first`. It counts only when finished and named by a commit.
    pub fn begin(&self, generation: u64, first: u64) -> io::Result<SegmentWriter> {
        let dir = self.dir.join(generation.to_string());
        fs::create_dir_all(&dir)?;
        let temporary = dir.join(format!("{first}.tmp"));
        let hashing = Hashing {
            inner: BufWriter::with_capacity(1 << 16, File::create(&temporary)?),
            sha: Sha256::new(),
        };
        let out = zstd::Encoder::new(hashing, LEVEL)?;
        Ok(SegmentWriter {
            log: self.clone(),
            dir,
            temporary,
            generation,
            first,
            next: first,
            out,
        })
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

    /// The activities after number `after`, up to and with `up_to`, in order, read as they are asked for. Opens only the
    /// segments that hold some of them. What lies beyond the published head is for the caller to leave out: `up_to`.
    ///
    /// # Errors
    /// `NotFound` where the log does not hold the first of them (any more: see [`Log::begins`]). The iterator ends with an
    /// error where a later one is missing: it never leaves one out.
    pub fn after(&self, generation: u64, after: u64, up_to: u64) -> io::Result<After> {
        let mut segments = self.segments(generation)?;
        segments.retain(|s| s.last > after && s.first <= up_to);
        let next = after.saturating_add(1);
        if next <= up_to && segments.first().is_none_or(|s| s.first > next) {
            return Err(missing(generation, next));
        }
        Ok(After {
            generation,
            next,
            up_to,
            segments: segments.into_iter(),
            open: None,
        })
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

/// A segment being written.
pub struct SegmentWriter {
    log: Log,
    dir: PathBuf,
    temporary: PathBuf,
    generation: u64,
    first: u64,
    next: u64,
    out: zstd::Encoder<'static, Hashing<BufWriter<File>>>,
}

/// A finished segment: what the commit has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub iri: String,
    pub first: u64,
    pub last: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl SegmentWriter {
    /// Appends the next activity; sequence numbers have no gaps.
    pub fn append(&mut self, a: &Activity) -> io::Result<()> {
        if a.seq != self.next {
            return Err(io::Error::other(format!(
                "activity {} appended where {} was due",
                a.seq, self.next
            )));
        }
        self.next += 1;
        let name = self.log.activity_iri(self.generation, a.seq);
        a.write(&name, &mut self.out)
    }

    /// How many activities are in it.
    pub fn len(&self) -> u64 {
        self.next - self.first
    }

    pub fn is_empty(&self) -> bool {
        self.next == self.first
    }

    /// Closes the segment and makes it durable: file synced, renamed, folder synced.
    pub fn finish(self) -> io::Result<Written> {
        let hashing = self.out.finish()?;
        let file = hashing
            .inner
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        crate::crash_point!("segment-write");
        file.sync_all()?;
        let last = self.next - 1;
        fs::rename(
            &self.temporary,
            self.dir.join(format!("{}-{last}.nq.zst", self.first)),
        )?;
        File::open(&self.dir)?.sync_all()?;
        crate::crash_point!("segment-written");
        Ok(Written {
            iri: self.log.segment_iri(self.generation, self.first, last),
            first: self.first,
            last,
            sha256: hex::encode(hashing.sha.finalize()),
        })
    }
}

struct Hashing<W> {
    inner: W,
    sha: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        crate::crash_point!("segment-half", {
            let half = &buf[..buf.len() / 2];
            self.inner.write_all(half).and_then(|()| self.inner.flush())
        });
        let n = self.inner.write(buf)?;
        self.sha.update(&buf[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Segment {
    /// Reads the segment's activities in order.
    pub fn read(&self) -> io::Result<impl Iterator<Item = io::Result<Activity>>> {
        self.open()
    }

    fn open(&self) -> io::Result<Activities<SegmentLines>> {
        let lines = BufReader::with_capacity(1 << 16, zstd::Decoder::new(File::open(&self.path)?)?);
        Ok(Activities {
            lines,
            seq: self.first,
            ahead: String::new(),
        })
    }
}

type SegmentLines = BufReader<zstd::Decoder<'static, BufReader<File>>>;

/// What [`Log::after`] reads.
pub struct After {
    generation: u64,
    next: u64,
    up_to: u64,
    segments: std::vec::IntoIter<Segment>,
    open: Option<Activities<SegmentLines>>,
}

impl After {
    fn activity(&mut self) -> io::Result<Option<Activity>> {
        while self.next <= self.up_to {
            let Some(segment) = &mut self.open else {
                let next = self
                    .segments
                    .next()
                    .filter(|segment| segment.first <= self.next)
                    .ok_or_else(|| missing(self.generation, self.next))?;
                self.open = Some(next.open()?);
                continue;
            };
            match segment.activity()? {
                Some(activity) if activity.seq == self.next => {
                    self.next += 1;
                    return Ok(Some(activity));
                }
                Some(_) => {}
                None => self.open = None,
            }
        }
        Ok(None)
    }
}

impl Iterator for After {
    type Item = io::Result<Activity>;
    fn next(&mut self) -> Option<Self::Item> {
        let activity = self.activity().transpose();
        if matches!(activity, Some(Err(_))) {
            self.next = u64::MAX;
            self.up_to = 0;
        }
        activity
    }
}

fn missing(generation: u64, seq: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("the change log does not hold activity {seq} of generation {generation}"),
    )
}

struct Activities<R> {
    lines: R,
    seq: u64,
    /// The line read beyond the activity before.
    ahead: String,
}

impl<R: BufRead> Activities<R> {
    fn next_line(&mut self) -> io::Result<bool> {
        self.ahead.clear();
        Ok(self.lines.read_line(&mut self.ahead)? > 0)
    }

    fn activity(&mut self) -> io::Result<Option<Activity>> {
        if self.ahead.is_empty() && !self.next_line()? {
            return Ok(None);
        }
        let broken =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("log segment: {what}"));
        let verb = [Verb::Create, Verb::Update, Verb::Delete]
            .into_iter()
            .find(|v| self.ahead.contains(v.iri()))
            .ok_or_else(|| broken("an activity without a type"))?;
        let name = self
            .ahead
            .split('>')
            .next()
            .map(|n| format!("{n}>"))
            .unwrap_or_default();
        self.next_line()?;
        let entity = object(&self.ahead)
            .ok_or_else(|| broken("an activity without as:object"))?
            .to_owned();
        self.next_line()?;
        let published = self.ahead.split('"').nth(1).and_then(parse_date_time);
        let published_us = published.ok_or_else(|| broken("an activity without as:published"))?;
        let end = format!(" {name} .\n");
        let mut body = String::new();
        while self.next_line()? {
            match self.ahead.strip_suffix(&end) {
                Some(triple) => {
                    body.push_str(triple);
                    body.push_str(" .\n");
                }
                None => break,
            }
        }
        let seq = self.seq;
        self.seq += 1;
        Ok(Some(Activity {
            seq,
            verb,
            entity,
            published_us,
            body,
        }))
    }
}

impl<R: BufRead> Iterator for Activities<R> {
    type Item = io::Result<Activity>;
    fn next(&mut self) -> Option<Self::Item> {
        self.activity().transpose()
    }
}

fn object(line: &str) -> Option<&str> {
    line.trim_end()
        .strip_suffix("> .")?
        .rsplit_once('<')
        .map(|(_, iri)| iri)
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn activity(seq: u64, verb: Verb, body: &str) -> Activity {
        Activity {
            seq,
            verb,
            entity: format!("https://e.example/{seq}"),
            published_us: 1_700_000_000_000_000 + seq as i64,
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path().join("log"), "https://h.example/").unwrap();
        let all = vec![
            activity(
                1,
                Verb::Create,
                "<https://e.example/1> <https://e.example/p> \"a < b > \\\"c\\\" .\" .\n<https://e.example/1> <https://e.example/q> <https://e.example/1> .\n",
            ),
            activity(2, Verb::Delete, ""),
            activity(
                3,
                Verb::Update,
                "<https://e.example/3> <https://e.example/p> \"資料\"@zh-hant .\n",
            ),
        ];
        let mut writer = log.begin(1, 1).unwrap();
        for a in &all {
            writer.append(a).unwrap();
        }
        let written = writer.finish().unwrap();
        let segments = log.segments(1).unwrap();
        assert_eq!(segments.len(), 1);
        assert_eq!(
            hex::encode(Sha256::digest(fs::read(&segments[0].path).unwrap())),
            written.sha256
        );
        let read: Vec<_> = segments[0]
            .read()
            .unwrap()
            .collect::<io::Result<_>>()
            .unwrap();
        assert_eq!(read, all);
    }

    /// A log of segments with these numbers, each activity a deletion.
    fn log_of(dir: &Path, segments: &[std::ops::RangeInclusive<u64>]) -> Log {
        let log = Log::open(dir.to_owned(), "https://h.example/").unwrap();
        for range in segments {
            let mut writer = log.begin(1, *range.start()).unwrap();
            for seq in range.clone() {
                writer.append(&activity(seq, Verb::Delete, "")).unwrap();
            }
            writer.finish().unwrap();
        }
        log
    }

    #[test]
    fn reading_begins_and_ends_anywhere() {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(dir.path(), &[1..=3, 4..=4, 5..=9]);
        for (after, up_to) in [
            (0, 9),
            (0, 3),
            (2, 4),
            (3, 4),
            (4, 9),
            (6, 8),
            (9, 9),
            (0, 0),
        ] {
            let read: Vec<u64> = log
                .after(1, after, up_to)
                .unwrap()
                .map(|a| a.unwrap().seq)
                .collect();
            assert_eq!(read, (after + 1..=up_to).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_missing_is_an_error_and_never_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(dir.path(), &[4..=6, 9..=9]);
        assert_eq!(log.begins(1).unwrap(), Some(4));
        assert_eq!(log.begins(2).unwrap(), None);
        let kind = |after, up_to| log.after(1, after, up_to).err().map(|e| e.kind());
        assert_eq!(kind(0, 9), Some(io::ErrorKind::NotFound));
        assert_eq!(kind(9, 12), Some(io::ErrorKind::NotFound));
        assert_eq!(kind(3, 6), None);
        let read: Vec<_> = log.after(1, 4, 9).unwrap().collect();
        assert_eq!(read.len(), 3, "5, 6, and an error in place of 7");
        assert_eq!(
            read[2].as_ref().unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        let read: Vec<_> = log.after(1, 8, 12).unwrap().collect();
        assert_eq!(read.len(), 2, "9, and an error in place of 10");
        assert!(read[1].is_err());
    }

    #[test]
    fn a_gap_in_the_numbers_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path().to_owned(), "https://h.example/").unwrap();
        let mut writer = log.begin(1, 5).unwrap();
        assert!(writer.append(&activity(6, Verb::Create, "")).is_err());
    }

    #[test]
    fn sweeping_leaves_what_commits_name() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path().to_owned(), "https://h.example/").unwrap();
        for first in [1, 2, 3] {
            let mut writer = log.begin(1, first).unwrap();
            writer.append(&activity(first, Verb::Delete, "")).unwrap();
            writer.finish().unwrap();
        }
        drop(log.begin(1, 4).unwrap());
        assert_eq!(log.sweep(1, 2).unwrap(), 2);
        assert_eq!(
            log.segments(1)
                .unwrap()
                .iter()
                .map(|s| s.last)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }

    #[test]
    fn times_are_in_the_stores_canonical_form() {
        for (us, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_100_000, "1970-01-01T00:00:01.1Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
        ] {
            assert_eq!(date_time(us), text);
            assert_eq!(parse_date_time(text), Some(us));
        }
    }
}
