//! One segment of kept parts: blocks of raw bytes, each compressed for itself so that one part can be read alone, and
//! behind them what was said, in order.
//!
//! A block is its compressed length, its length (four bytes each, little-endian) and a zstd frame. The end of the file is
//! the place and length of what was said (eight bytes each), BLAKE3 of it, and a mark. Start at [`Writer`].

use harvestd_harvesters::RecordId;
use harvestd_vocab::Class;
use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
};

/// Raw bytes after which a block is closed: what one random access decompresses.
const BLOCK_BYTES: usize = 64 * 1024;
/// The longest block: a record of the largest size that `limits.record_bytes_max` may allow, behind a nearly full one.
const BLOCK_BYTES_MAX: usize = BLOCK_BYTES + 256 * 1024 * 1024;
/// zstd level: some 300 MB a second, and a fifth of the size.
const LEVEL: i32 = 1;
const MARK: &[u8; 8] = b"parts 1\n";
const HASH_BYTES: usize = 32;
const TAIL_BYTES: usize = 16 + HASH_BYTES + MARK.len();

/// What a run said of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Put {
        id: RecordId,
        part: String,
        hash: [u8; 16],
        block: u64,
        at: u32,
        len: u32,
    },
    Drop {
        id: RecordId,
        part: String,
    },
    Remove {
        id: RecordId,
    },
    Missed {
        id: RecordId,
        tries: u32,
        at_ms: i64,
    },
}

impl Op {
    /// One byte for what it is and one for the class, the key behind its length, and the rest; numbers little-endian.
    fn encode(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let (kind, id) = match self {
            Self::Put { id, .. } => (b'+', id),
            Self::Drop { id, .. } => (b'-', id),
            Self::Remove { id } => (b'x', id),
            Self::Missed { id, .. } => (b'?', id),
        };
        out.extend([kind, id.class as u8]);
        text(out, &id.key)?;
        match self {
            Self::Put {
                part,
                hash,
                block,
                at,
                len,
                ..
            } => {
                text(out, part)?;
                out.extend(hash);
                out.extend(block.to_le_bytes());
                out.extend(at.to_le_bytes());
                out.extend(len.to_le_bytes());
            }
            Self::Drop { part, .. } => text(out, part)?,
            Self::Remove { .. } => {}
            Self::Missed { tries, at_ms, .. } => {
                out.extend(tries.to_le_bytes());
                out.extend(at_ms.to_le_bytes());
            }
        }
        Ok(())
    }

    fn decode(words: &mut Words<'_>) -> io::Result<Self> {
        let [kind, class] = words.take()?;
        let class = Class::ALL.into_iter().find(|c| *c as u8 == class);
        let class = class.ok_or_else(|| io::Error::other("an unknown class"))?;
        let id = RecordId::new(class, words.text()?);
        Ok(match kind {
            b'+' => Self::Put {
                id,
                part: words.text()?.to_owned(),
                hash: words.take()?,
                block: u64::from_le_bytes(words.take()?),
                at: u32::from_le_bytes(words.take()?),
                len: u32::from_le_bytes(words.take()?),
            },
            b'-' => Self::Drop {
                id,
                part: words.text()?.to_owned(),
            },
            b'x' => Self::Remove { id },
            b'?' => Self::Missed {
                id,
                tries: u32::from_le_bytes(words.take()?),
                at_ms: i64::from_le_bytes(words.take()?),
            },
            _ => return Err(io::Error::other("an unknown word")),
        })
    }
}

fn text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let length = u16::try_from(text.len()).map_err(io::Error::other)?;
    out.extend(length.to_le_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

/// What is left to decode.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (taken, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| io::Error::other("a word that is cut"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn text(&mut self) -> io::Result<&'a str> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (text, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| io::Error::other("a word that is cut"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(io::Error::other)
    }
}

/// A segment under writing.
pub(super) struct Writer {
    file: File,
    /// Where the open block will begin.
    offset: u64,
    block: Vec<u8>,
    pub(super) said: Vec<Op>,
    cache: Cache,
}

impl Writer {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        Ok(Self {
            file,
            offset: 0,
            block: Vec::with_capacity(BLOCK_BYTES * 2),
            said: Vec::new(),
            cache: Cache::default(),
        })
    }

    /// Where the bytes are: block, and place in it.
    pub(super) fn raw(&mut self, raw: &[u8]) -> io::Result<(u64, u32)> {
        if self.block.len() >= BLOCK_BYTES {
            self.close_block()?;
        }
        let at = u32::try_from(self.block.len()).map_err(io::Error::other)?;
        self.block.extend_from_slice(raw);
        Ok((self.offset, at))
    }

    fn close_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let packed = zstd::bulk::compress(&self.block, LEVEL)?;
        let length = |n: usize| u32::try_from(n).map_err(io::Error::other);
        self.file.write_all(&length(packed.len())?.to_le_bytes())?;
        self.file
            .write_all(&length(self.block.len())?.to_le_bytes())?;
        self.file.write_all(&packed)?;
        self.offset += 8 + packed.len() as u64;
        self.block.clear();
        Ok(())
    }

    pub(super) fn read(&mut self, block: u64, at: u32, len: u32) -> io::Result<Vec<u8>> {
        if block == self.offset {
            self.close_block()?;
        }
        self.cache.raw(&self.file, block, at, len)
    }

    /// Writes what was said and makes sure that the disk has it.
    pub(super) fn finish(mut self) -> io::Result<Reader> {
        self.close_block()?;
        let mut words = Vec::new();
        for op in &self.said {
            op.encode(&mut words)?;
        }
        let index = zstd::encode_all(words.as_slice(), LEVEL)?;
        let mut tail = Vec::with_capacity(TAIL_BYTES);
        tail.extend_from_slice(&self.offset.to_le_bytes());
        tail.extend_from_slice(&(index.len() as u64).to_le_bytes());
        tail.extend_from_slice(blake3::hash(&index).as_bytes());
        tail.extend_from_slice(MARK);
        self.file.write_all(&index)?;
        self.file.write_all(&tail)?;
        self.file.sync_all()?;
        Ok(Reader {
            file: self.file,
            cache: self.cache,
        })
    }
}

/// A segment that counts.
pub(super) struct Reader {
    file: File,
    cache: Cache,
}

impl Reader {
    /// The segment, and what it says.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Op>)> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let bad = |what: &str| io::Error::other(format!("{}: {what}", path.display()));
        let tail_at = bytes
            .checked_sub(TAIL_BYTES as u64)
            .ok_or_else(|| bad("too short"))?;
        let mut tail = [0; TAIL_BYTES];
        file.read_exact_at(&mut tail, tail_at)?;
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&tail[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let (at, length) = (number(0), number(8));
        if !tail.ends_with(MARK) || at.checked_add(length) != Some(tail_at) {
            return Err(bad("no end of a segment"));
        }
        let mut index = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut index, at)?;
        if blake3::hash(&index).as_bytes()[..] != tail[16..16 + HASH_BYTES] {
            return Err(bad("what it says is damaged"));
        }
        let index = zstd::decode_all(index.as_slice())?;
        let (mut words, mut said) = (Words(&index), Vec::new());
        while !words.0.is_empty() {
            said.push(Op::decode(&mut words)?);
        }
        let cache = Cache::default();
        Ok((Self { file, cache }, said))
    }

    pub(super) fn raw(&mut self, block: u64, at: u32, len: u32) -> io::Result<Vec<u8>> {
        self.cache.raw(&self.file, block, at, len)
    }
}

/// The block that was read last.
#[derive(Default)]
struct Cache {
    block: Option<u64>,
    raw: Vec<u8>,
}

impl Cache {
    fn raw(&mut self, file: &File, block: u64, at: u32, len: u32) -> io::Result<Vec<u8>> {
        if self.block != Some(block) {
            self.block = None;
            let mut lengths = [0; 8];
            file.read_exact_at(&mut lengths, block)?;
            let length = |at: usize| {
                let mut four = [0; 4];
                four.copy_from_slice(&lengths[at..at + 4]);
                u32::from_le_bytes(four) as usize
            };
            if length(4) > BLOCK_BYTES_MAX {
                return Err(io::Error::other("a block of a length that we never write"));
            }
            let mut packed = vec![0; length(0).min(file.metadata()?.len() as usize)];
            file.read_exact_at(&mut packed, block + 8)?;
            self.raw = zstd::bulk::decompress(&packed, length(4))?;
            self.block = Some(block);
        }
        let (at, len) = (at as usize, len as usize);
        let raw = self.raw.get(at..at + len);
        raw.map(<[u8]>::to_vec)
            .ok_or_else(|| io::Error::other("a place outside of its block"))
    }
}
