//! Writing a dump: workers read the snapshot, and one thread packs, hashes and counts what they give.
//!
//! Nothing of it lies in memory but the pieces on their way. Start at [`make`].

use super::{
    super::{
        House, catalog,
        negotiate::GraphFormat,
        pool::{Answer, Body, Piece, PoolError},
        problem::Problem,
    },
    shelf::{Entry, Set, Shelf},
};
use crate::{snapshot::Published, store::Head};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// What zstd's own program takes where nobody says otherwise.
const LEVEL: i32 = 3;
const FILE_BYTES: usize = 1 << 20;

/// The files of a dump: the catalogue triple by triple, for any store; and entity by entity, for a replica.
const FORMATS: [GraphFormat; 2] = [GraphFormat::NTriples, GraphFormat::NQuads];

/// Why there is no dump.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error("writing: {0}")]
    Io(#[from] io::Error),
    #[error("asking a worker: {0}")]
    Worker(#[from] PoolError),
    #[error("counting: {}", .0.detail)]
    Count(Problem),
    #[error("{file} has {found} statements, and the snapshot {expected}")]
    Short {
        file: String,
        found: u64,
        expected: u64,
    },
}

/// Writes the dump of a snapshot, and gives its name.
pub async fn make(
    house: &House,
    shelf: &Shelf,
    snapshot: &Arc<Published>,
) -> Result<String, MakeError> {
    let head = Head::from(&**snapshot);
    let holdings = house.holdings(snapshot).await.map_err(MakeError::Count)?;
    let making = shelf.making(head)?;
    let mut files = Vec::new();
    for format in FORMATS {
        let question = catalog::whole(house, snapshot, format);
        let answer = house.readers.ask(question, snapshot).await?;
        let name = format!("catalog.{}.zst", format.extension());
        let (path, stop) = (making.path().join(&name), house.ending.clone());
        let written = tokio::task::spawn_blocking(move || write(path, answer, &stop)).await;
        let written = written.map_err(io::Error::other)??;
        let entry = Entry {
            name,
            format: format.media_type().to_owned(),
            ..written
        };
        if format == GraphFormat::NTriples && entry.statements != holdings.triples {
            return Err(MakeError::Short {
                file: entry.name,
                found: entry.statements,
                expected: holdings.triples,
            });
        }
        files.push(entry);
    }
    let set = Set {
        generation: head.generation,
        seq: head.seq,
        published_us: head.published_us,
        made_us: chrono::Utc::now().timestamp_micros(),
        holdings,
        files,
    };
    let name = set.name();
    let done = tokio::task::spawn_blocking(move || making.done(&set)).await;
    done.map_err(io::Error::other)??;
    Ok(name)
}

/// Packs an answer into a file and syncs it. Blocks.
fn write(path: PathBuf, answer: Answer, stop: &CancellationToken) -> io::Result<Entry> {
    let mut packing = Packing::into(&path)?;
    crate::crash::hold("dump-file");
    match answer.body {
        Body::Whole(bytes) => packing.take(&bytes)?,
        Body::Stream(mut pieces) => loop {
            if stop.is_cancelled() {
                return Err(io::Error::other("the daemon stops"));
            }
            match pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => packing.take(&bytes)?,
                Some(Piece::End) => break,
                None => return Err(io::Error::other("the worker's answer broke off")),
            }
        },
    }
    packing.finish()
}

struct Packing {
    packed: zstd::Encoder<'static, Hashed>,
    plain_bytes: u64,
    statements: u64,
}

impl Packing {
    fn into(path: &Path) -> io::Result<Self> {
        let out = Hashed {
            out: BufWriter::with_capacity(FILE_BYTES, File::create(path)?),
            hash: Sha256::new(),
            bytes: 0,
        };
        let mut packed = zstd::Encoder::new(out, LEVEL)?;
        packed.include_checksum(true)?;
        Ok(Self {
            packed,
            plain_bytes: 0,
            statements: 0,
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.plain_bytes += bytes.len() as u64;
        // Line feeds within literals are escaped: a line is a statement.
        self.statements += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.packed.write_all(bytes)
    }

    fn finish(self) -> io::Result<Entry> {
        let Hashed { out, hash, bytes } = self.packed.finish()?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(Entry {
            name: String::new(),
            format: String::new(),
            bytes,
            sha256: hex::encode(hash.finalize()),
            plain_bytes: self.plain_bytes,
            statements: self.statements,
        })
    }
}

/// A file, and the hash of what is in it.
struct Hashed {
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
