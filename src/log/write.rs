//! A segment being written: hashed as it is written, synced and renamed when it is whole. Start at [`SegmentWriter`].

use super::{Activity, Log};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::PathBuf,
};

/// zstd level of segments: 3 packs N-Quads some twelvefold at hundreds of megabytes a second.
const LEVEL: i32 = 3;

impl Log {
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
        crate::trouble_point!("log-fails", crate::crash::planned());
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
