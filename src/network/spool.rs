//! From the wire to a file: counts, decompresses, hashes, writes; nothing larger than a buffer lies in memory.
//!
//! Every way in which a body can be too slow, too large, too short or not what it says ends here in an error, and the
//! file is gone with it. Start at [`spool`].

use super::{
    error::{Doing, NetworkError, NetworkErrorKind as Kind, from_client},
    header, meters,
};
use crate::config::NetworkLimits;
use async_compression::{
    tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder},
    zstd::DParameter,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::{Response, Version, header as names};
use std::{
    io,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout_at},
};
use tokio_util::io::StreamReader;

/// A body that decompresses to more than this many times what came over the wire is a bomb: catalogues reach 10 to 40.
const RATIO_MAX: u64 = 200;
/// Below this size the ratio is not judged: a small page of nothing but spaces harms nobody.
const RATIO_FROM_BYTES: u64 = 8 * 1024 * 1024;
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

/// Writes the body of an answer into a new file in `dir`. `deadline` is the end of the whole try.
pub async fn spool(
    response: Response,
    limits: &NetworkLimits,
    deadline: Instant,
    dir: &Path,
    doing: &Doing<'_>,
) -> Result<Body, NetworkError> {
    let framed = is_framed(&response);
    let coding = coding(&response, doing)?;
    if let Some(declared) = response
        .content_length()
        .filter(|declared| *declared > limits.body_bytes_max)
    {
        return Err(too_large(
            doing,
            format!("a body of {declared} bytes"),
            limits,
        ));
    }
    let wire = Arc::new(AtomicU64::new(0));
    let meter = Meter {
        chunks: response.bytes_stream().boxed(),
        limits,
        doing: *doing,
        deadline,
        wire: Arc::clone(&wire),
        window: Window::default(),
    };
    let mut decoded = Decoded::open(coding, meter.reader())
        .await
        .map_err(|error| broken(error, doing, coding))?;
    let mut sink = Sink::create(dir)
        .await
        .map_err(|error| disk(error, dir, doing))?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    loop {
        buffer.clear();
        if decoded
            .read(&mut buffer)
            .await
            .map_err(|error| broken(error, doing, coding))?
            == 0
        {
            break;
        }
        check_size(
            sink.bytes + buffer.len() as u64,
            wire.load(Ordering::Relaxed),
            limits,
            doing,
        )?;
        sink.write(&buffer)
            .await
            .map_err(|error| disk(error, dir, doing))?;
    }
    let (file, bytes, hash) = sink
        .finish()
        .await
        .map_err(|error| disk(error, dir, doing))?;
    meters::received(wire.load(Ordering::Relaxed), bytes);
    Ok(Body {
        file,
        bytes,
        hash,
        framed,
    })
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
    if bytes > RATIO_FROM_BYTES && bytes / RATIO_MAX > wire {
        let found =
            format!("a body that grew from {wire} to more than {bytes} bytes when decompressed");
        let expected = format!("at most {RATIO_MAX} times as much");
        return Err(NetworkError::new(Kind::TooLarge, doing, found, expected));
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

/// Watches the bytes as they come: their number, the silence between them, their rate, the deadline.
struct Meter<'a> {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    limits: &'a NetworkLimits,
    doing: Doing<'a>,
    deadline: Instant,
    wire: Arc<AtomicU64>,
    window: Window,
}

/// A stretch of waiting over which the rate is judged. Time that we spend decoding and writing is not the source's.
#[derive(Default)]
struct Window {
    waited: Duration,
    bytes: u64,
}

type Wire<'a> = Pin<Box<dyn AsyncBufRead + Send + 'a>>;

impl<'a> Meter<'a> {
    fn reader(self) -> Wire<'a> {
        let chunks = stream::try_unfold(self, |mut meter| async move {
            let chunk = meter.next().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, meter)))
        });
        Box::pin(StreamReader::new(Box::pin(chunks)))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, NetworkError> {
        let window = Duration::from_millis(self.limits.rate_window_ms);
        let silent_until = Instant::now() + Duration::from_millis(self.limits.read_ms);
        loop {
            let began = Instant::now();
            let until = silent_until
                .min(self.deadline)
                .min(began + window.saturating_sub(self.window.waited));
            let came = timeout_at(until, self.chunks.next()).await;
            self.window.waited += began.elapsed();
            let chunk =
                match came {
                    Ok(None) => return Ok(None),
                    Ok(Some(chunk)) => Some(chunk.map_err(|error| {
                        from_client(&error, &self.doing, self.limits.connect_ms)
                    })?),
                    Err(_) => None,
                };
            let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            self.wire.fetch_add(length, Ordering::Relaxed);
            self.window.bytes += length;
            self.judge(chunk.is_none().then_some(silent_until))?;
            if chunk.is_some() {
                return Ok(chunk);
            }
        }
    }

    /// `silent_until` is given where nothing came.
    fn judge(&mut self, silent_until: Option<Instant>) -> Result<(), NetworkError> {
        let (now, limits) = (Instant::now(), self.limits);
        if now >= self.deadline {
            let found = format!("an answer that was not whole after {} ms", limits.total_ms);
            return Err(self.error(Kind::Deadline, found, "a whole answer by then"));
        }
        if silent_until.is_some_and(|until| now >= until) {
            let found = format!("no byte for {} ms", limits.read_ms);
            return Err(self.error(Kind::Timeout, found, "a body that goes on"));
        }
        if self.window.waited >= Duration::from_millis(limits.rate_window_ms) {
            let Window { waited, bytes } = std::mem::take(&mut self.window);
            let least = u128::from(limits.bytes_per_second_min) * waited.as_millis() / 1000;
            if u128::from(bytes) < least {
                let found = format!("{bytes} bytes in {} ms", waited.as_millis());
                let expected = format!("at least {} bytes a second", limits.bytes_per_second_min);
                return Err(self.error(Kind::Drip, found, expected));
            }
        }
        Ok(())
    }

    fn error(&self, kind: Kind, found: String, expected: impl Into<String>) -> NetworkError {
        NetworkError::new(kind, &self.doing, found, expected)
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
    file: NamedTempFile,
    out: tokio::fs::File,
    hasher: blake3::Hasher,
    bytes: u64,
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
            file,
            out: out.into(),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).await
    }

    async fn finish(mut self) -> io::Result<(NamedTempFile, u64, [u8; 32])> {
        self.out.flush().await?;
        Ok((self.file, self.bytes, self.hasher.finalize().into()))
    }
}
