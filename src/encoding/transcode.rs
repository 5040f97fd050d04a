//! Readers that turn text of another encoding into UTF-8 while it is read.
//!
//! Decides nothing about which encoding it is. Start at [`Transcoder`].

use encoding_rs::{Decoder, DecoderResult, Encoding};
use std::{
    fmt,
    io::{self, BufRead, BufReader, Chain, Cursor, Read},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const INPUT_BYTES: usize = 32 * 1024;
/// Three bytes of UTF-8 are the most that one byte of a legacy encoding turns into.
const ROOM_BYTES: usize = 3 * INPUT_BYTES + 64;
/// Room for the decoder, and for a replacement after it.
const OUTPUT_BYTES: usize = ROOM_BYTES + REPLACEMENT.len();
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
/// An XML declaration is over by then.
const DECLARATION_BYTES: usize = 512;

/// Places that could not be decoded; each became U+FFFD.
#[derive(Default)]
pub struct Faults {
    count: AtomicU64,
    /// Of the first one, valid where `count` is not zero.
    offset: AtomicU64,
    /// Where the text begins in the file: after the byte order mark.
    begins: u64,
}

impl Faults {
    pub(super) fn after(begins: u64) -> Self {
        Self {
            begins,
            ..Self::default()
        }
    }

    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Offset of the first one in the file, in bytes, counted before transcoding.
    pub fn first_offset(&self) -> Option<u64> {
        (self.count() > 0).then(|| self.offset.load(Ordering::Acquire))
    }

    fn add(&self, offset: u64) {
        if self.count() == 0 {
            self.offset.store(self.begins + offset, Ordering::Release);
        }
        self.count.fetch_add(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("count", &self.count())
            .field("first_offset", &self.first_offset())
            .finish()
    }
}

/// Reads bytes in one encoding, hands out UTF-8.
pub struct Transcoder<R> {
    bytes: BufReader<R>,
    decoder: Decoder,
    faults: Arc<Faults>,
    /// Bytes taken from the input so far.
    taken: u64,
    output: Vec<u8>,
    /// What of the output is still to be handed out.
    ready: Range<usize>,
    ended: bool,
}

impl<R: Read> Transcoder<R> {
    /// The byte order mark, if any, must be gone from `bytes`.
    pub fn new(bytes: R, encoding: &'static Encoding, faults: Arc<Faults>) -> Self {
        Self {
            bytes: BufReader::with_capacity(INPUT_BYTES, bytes),
            decoder: encoding.new_decoder_without_bom_handling(),
            faults,
            taken: 0,
            output: vec![0; OUTPUT_BYTES],
            ready: 0..0,
            ended: false,
        }
    }

    /// Decodes some more; afterwards `ready` is empty only at the end.
    fn decode(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            let input = self.bytes.fill_buf()?;
            let last = input.is_empty();
            let (result, read, mut written) = self.decoder.decode_to_utf8_without_replacement(
                input,
                &mut self.output[..ROOM_BYTES],
                last,
            );
            self.bytes.consume(read);
            self.taken += read as u64;
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    self.faults
                        .add(self.taken.saturating_sub(u64::from(bad) + u64::from(after)));
                    self.output[written..written + REPLACEMENT.len()].copy_from_slice(REPLACEMENT);
                    written += REPLACEMENT.len();
                }
            }
            self.ready = 0..written;
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.decode()?;
        let length = self.ready.len().min(out.len());
        out[..length].copy_from_slice(&self.output[self.ready.start..self.ready.start + length]);
        self.ready.start += length;
        Ok(length)
    }
}

type Text = Box<dyn Read + Send>;

/// Text whose XML declaration, where it has one, names UTF-8: that is what it is now, and parsers believe the declaration.
pub fn declared_utf8(mut text: Text) -> io::Result<BufReader<Chain<Cursor<Vec<u8>>, Text>>> {
    let mut head = Vec::with_capacity(DECLARATION_BYTES);
    text.by_ref()
        .take(DECLARATION_BYTES as u64)
        .read_to_end(&mut head)?;
    if let Some(at) = declared_encoding(&head)
        && !head[at.clone()].eq_ignore_ascii_case(b"utf-8")
    {
        head.splice(at, *b"UTF-8");
    }
    Ok(BufReader::new(Cursor::new(head).chain(text)))
}

/// Where an XML declaration at the head of a text names its encoding.
pub fn declared_encoding(head: &[u8]) -> Option<Range<usize>> {
    const NAME: &[u8] = b"encoding";
    let head = &head[..head.len().min(DECLARATION_BYTES)];
    let rest = head.strip_prefix(b"<?xml")?;
    if !rest.first()?.is_ascii_whitespace() {
        return None;
    }
    let declaration = &head[..find(head, b"?>")?];
    let skip_space = |from: usize| {
        declaration[from..]
            .iter()
            .position(|b| !b.is_ascii_whitespace())
            .map(|skipped| from + skipped)
    };
    let equals =
        skip_space(find(declaration, NAME)? + NAME.len()).filter(|at| declaration[*at] == b'=')?;
    let quote = skip_space(equals + 1).filter(|at| matches!(declaration[*at], b'"' | b'\''))?;
    let length = declaration[quote + 1..]
        .iter()
        .position(|b| *b == declaration[quote])?;
    Some(quote + 1..quote + 1 + length)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
