//! From the wire to a file: counts, decompresses, hashes, writes; nothing larger than a buffer lies in memory.
//!
//! Every way in which a body can be too slow, too large, too short or not what it says ends here in an error, and the
//! file is gone with it. Start at [`spool`].

use super::{
    begun::Begun,
    error::{Doing, NetworkError, NetworkErrorKind as Kind},
    header, meters,
    wire::{Meter, Wire},
};
use crate::config::NetworkLimits;
use async_compression::{
    tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder},
    zstd::DParameter,
};
use reqwest::{Response, Version, header as names};
use std::{
    io::{self, Seek},
    path::Path,
    sync::atomic::Ordering,
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

/// RFC 9659: a zstd frame sent over HTTP needs no more than 8 MB of window.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const BUFFER_BYTES: usize = 64 * 1024;

/// A body on disk.
pub struct Body {
    pub file: NamedTempFile,
    pub bytes: u64,
    pub hash: [u8; 32],
    pub framed: bool,
}

/// What becomes of a body that is larger than `body_bytes_max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Larger {
    IsRefused,
    /// Its beginning is all that is wanted.
    IsCut,
}

/// Writes the body of an answer into a new file in `dir`, or goes on with one that was `begun`. `deadline` is the end of the
/// whole try.
pub async fn spool(
    response: Response,
    limits: &NetworkLimits,
    larger: Larger,
    deadline: Instant,
    dir: &Path,
    begun: Option<Begun>,
    doing: &Doing<'_>,
) -> Result<Body, NetworkError> {
    let place = begun.as_ref().map(|begun| begun.place.clone());
    let spooled = written(response, limits, larger, deadline, dir, begun, doing).await;
    if let (Err(error), Some(place)) = (&spooled, place)
        && !error.kind.may_pass()
    {
        place.forget();
    }
    spooled
}

async fn written(
    response: Response,
    limits: &NetworkLimits,
    larger: Larger,
    deadline: Instant,
    dir: &Path,
    begun: Option<Begun>,
    doing: &Doing<'_>,
) -> Result<Body, NetworkError> {
    let framed = is_framed(&response);
    let coding = coding(&response, doing)?;
    let had = begun.as_ref().map_or(0, |begun| begun.bytes);
    let declared = had.saturating_add(response.content_length().unwrap_or(0));
    if declared > limits.body_bytes_max && larger == Larger::IsRefused {
        let found = format!("a body of {declared} bytes");
        return Err(too_large(doing, found, limits));
    }
    let disk = |error| disk(error, dir, doing);
    let broken = |error| broken(error, doing, coding);
    // Of one that is cut, what comes beyond is nobody's.
    let beyond = NetworkLimits {
        body_bytes_max: u64::MAX,
        ..limits.clone()
    };
    let metered = match larger {
        Larger::IsRefused => limits,
        Larger::IsCut => &beyond,
    };
    let (wire, came) = Meter::open(response, metered, deadline, doing);
    let mut decoded = Decoded::open(coding, wire).await.map_err(broken)?;
    let sink = match begun {
        Some(begun) => Sink::go_on(begun).await,
        None => Sink::create(dir).await,
    };
    let mut sink = sink.map_err(disk)?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    while decoded.read(&mut buffer).await.map_err(broken)? > 0 {
        if larger == Larger::IsCut {
            let room = limits.body_bytes_max - sink.bytes;
            buffer.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        let bytes = sink.bytes + buffer.len() as u64;
        check_size(bytes, had + came.load(Ordering::Relaxed), limits, doing)?;
        sink.write(&buffer).await.map_err(disk)?;
        buffer.clear();
        if larger == Larger::IsCut && bytes >= limits.body_bytes_max {
            break;
        }
    }
    let body = sink.finish(framed, dir).await.map_err(disk)?;
    meters::received(came.load(Ordering::Relaxed), body.bytes - had);
    Ok(body)
}

/// The first bytes of a body, decompressed: what a server says where it gives no answer. Never an error: what cannot be read
/// within `limits.read_ms` is not there.
pub async fn begin_of(
    response: Response,
    limits: &NetworkLimits,
    doing: &Doing<'_>,
    bytes_max: usize,
) -> Vec<u8> {
    let deadline = Instant::now() + super::ms(limits.read_ms);
    beginning(response, limits, deadline, doing, bytes_max)
        .await
        .0
}

/// The same, and whether that was all; or why there was no more of it.
pub async fn beginning(
    response: Response,
    limits: &NetworkLimits,
    deadline: Instant,
    doing: &Doing<'_>,
    bytes_max: usize,
) -> (Vec<u8>, Result<bool, NetworkError>) {
    let mut begin = Vec::new();
    let coding = match coding(&response, doing) {
        Ok(coding) => coding,
        Err(error) => return (begin, Err(error)),
    };
    let (wire, _) = Meter::open(response, limits, deadline, doing);
    let reading = async {
        let mut decoded = Decoded::open(coding, wire).await?;
        while begin.len() < bytes_max {
            if decoded.read(&mut begin).await? == 0 {
                return Ok(true);
            }
        }
        Ok::<_, io::Error>(false)
    };
    let read = reading.await.map_err(|error| broken(error, doing, coding));
    // More than was wanted may have come with the last piece.
    let whole = read.map(|whole| whole && begin.len() <= bytes_max);
    begin.truncate(bytes_max);
    (begin, whole)
}

/// Will the end of the body be seen as an end? A body that ends with the connection may have been cut.
fn is_framed(response: &Response) -> bool {
    let headers = response.headers();
    response.version() >= Version::HTTP_2
        || headers.contains_key(names::CONTENT_LENGTH)
        || headers.contains_key(names::TRANSFER_ENCODING)
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
    Brotli,
    Zstd,
}

/// The codings that [`coding`] takes, as a request offers them.
pub const ACCEPT_ENCODING: &str = "gzip, br, zstd";

fn coding(response: &Response, doing: &Doing<'_>) -> Result<Coding, NetworkError> {
    let codings = header::codings(response.headers());
    match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Coding::Plain),
        ["gzip" | "x-gzip"] => Ok(Coding::Gzip),
        ["br"] => Ok(Coding::Brotli),
        ["zstd"] => Ok(Coding::Zstd),
        _ => {
            let found = format!("the content coding {:?}", codings.join(", "));
            Err(NetworkError::new(
                Kind::Protocol,
                doing,
                found,
                format!("at most one of {ACCEPT_ENCODING}"),
            ))
        }
    }
}

fn check_size(
    bytes: u64,
    wire: u64,
    limits: &NetworkLimits,
    doing: &Doing<'_>,
) -> Result<(), NetworkError> {
    if bytes > limits.body_bytes_max {
        return Err(too_large(
            doing,
            format!("a body of more than {} bytes", limits.body_bytes_max),
            limits,
        ));
    }
    if bytes > limits.decoded_ratio_from_bytes && bytes / limits.decoded_ratio_max > wire {
        let found =
            format!("a body that grew from {wire} to more than {bytes} bytes when decompressed");
        let expected = format!("at most {} times as much", limits.decoded_ratio_max);
        return Err(NetworkError::new(Kind::TooLarge, doing, found, expected)
            .advise("a catalogue that compresses so well needs a larger decoded_ratio_max for the source"));
    }
    Ok(())
}

fn too_large(doing: &Doing<'_>, found: String, limits: &NetworkLimits) -> NetworkError {
    let expected = format!("at most {} bytes, decompressed", limits.body_bytes_max);
    NetworkError::new(Kind::TooLarge, doing, found, expected)
        .advise("a larger catalogue needs a larger body_bytes_max for the source")
}

fn disk(error: io::Error, dir: &Path, doing: &Doing<'_>) -> NetworkError {
    let found = format!("{error} when writing the answer to {}", dir.display());
    NetworkError::new(Kind::Disk, doing, found, "room to write")
        .advise("see whether the disk is full or read-only")
}

/// An error on the way from the meter through the decoder: our own comes out as it went in, the rest is the decoder's.
fn broken(error: io::Error, doing: &Doing<'_>, coding: Coding) -> NetworkError {
    let kind = error.kind();
    match error.downcast::<NetworkError>() {
        Ok(ours) => ours,
        Err(_) if kind == io::ErrorKind::UnexpectedEof => NetworkError::new(
            Kind::Truncated,
            doing,
            format!("{coding:?} data that ends in the middle"),
            "a whole answer",
        ),
        Err(error) => {
            let found = format!("a body that is not valid {coding:?} data ({error})");
            NetworkError::new(
                Kind::Protocol,
                doing,
                found,
                "the content coding that the answer declares",
            )
        }
    }
}

/// The decompressed body.
enum Decoded<'a> {
    Plain(Wire<'a>),
    Gzip(GzipDecoder<Wire<'a>>),
    Brotli(BrotliDecoder<Wire<'a>>),
    Zstd(ZstdDecoder<Wire<'a>>),
}

impl<'a> Decoded<'a> {
    async fn open(coding: Coding, mut wire: Wire<'a>) -> io::Result<Self> {
        // Servers declare a coding for bodies of no bytes at all.
        if wire.fill_buf().await?.is_empty() {
            return Ok(Self::Plain(wire));
        }
        Ok(match coding {
            Coding::Plain => Self::Plain(wire),
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(wire);
                // RFC 1952: a file is a series of members; without this, all but the first would silently be lost.
                decoder.multiple_members(true);
                Self::Gzip(decoder)
            }
            Coding::Brotli => Self::Brotli(BrotliDecoder::new(wire)),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::with_params(
                    wire,
                    &[DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)],
                );
                decoder.multiple_members(true);
                Self::Zstd(decoder)
            }
        })
    }

    /// Appends some bytes; 0 is the end, seen in the body's framing too.
    async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let read = match self {
            Self::Plain(wire) => return wire.read_buf(buffer).await,
            Self::Gzip(decoder) => decoder.read_buf(buffer).await?,
            Self::Brotli(decoder) => decoder.read_buf(buffer).await?,
            Self::Zstd(decoder) => decoder.read_buf(buffer).await?,
        };
        if read == 0 && !self.wire().fill_buf().await?.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "more bytes follow its end",
            ));
        }
        Ok(read)
    }

    fn wire(&mut self) -> &mut Wire<'a> {
        match self {
            Self::Plain(wire) => wire,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// The file, its length and its hash.
struct Sink {
    file: Kept,
    out: tokio::fs::File,
    hasher: blake3::Hasher,
    bytes: u64,
}

enum Kept {
    /// Gone with whoever fails.
    Passing(NamedTempFile),
    Begun(Begun),
}

impl Sink {
    async fn create(dir: &Path) -> io::Result<Self> {
        let dir = dir.to_owned();
        let create = move || {
            let file = tempfile::Builder::new()
                .prefix("answer-")
                .tempfile_in(dir)?;
            let out = file.reopen()?;
            Ok::<_, io::Error>((file, out))
        };
        let (file, out) = tokio::task::spawn_blocking(create)
            .await
            .map_err(io::Error::other)??;
        Ok(Self {
            file: Kept::Passing(file),
            out: out.into(),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    /// Behind what came before, which is read once more for its hash.
    async fn go_on(begun: Begun) -> io::Result<Self> {
        let read = move || {
            let mut hasher = blake3::Hasher::new();
            let mut out = begun.file.try_clone()?;
            out.rewind()?;
            hasher.update_reader(&mut out)?;
            Ok::<_, io::Error>((hasher, out, begun))
        };
        let (hasher, out, begun) = tokio::task::spawn_blocking(read)
            .await
            .map_err(io::Error::other)??;
        Ok(Self {
            bytes: begun.bytes,
            file: Kept::Begun(begun),
            out: out.into(),
            hasher,
        })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).await
    }

    async fn finish(mut self, framed: bool, dir: &Path) -> io::Result<Body> {
        self.out.flush().await?;
        let hash = self.hasher.finalize().into();
        Ok(Body {
            file: match self.file {
                Kept::Passing(file) => file,
                Kept::Begun(begun) => begun.finish(dir)?,
            },
            bytes: self.bytes,
            hash,
            framed,
        })
    }
}
