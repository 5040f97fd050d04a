//! From the bytes of a spooled answer to UTF-8 text: which encoding it is in, and a reader that transcodes as it goes.
//!
//! Never holds more than a window of the file. Bytes that are UTF-8, or claim to be, pass through as they are, mistakes
//! included: a connector quarantines the record that holds them. What is no text at all is left alone.
//! Start at [`open`].

mod transcode;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};
pub use transcode::Faults;

/// So much of a file is looked at together.
const PART_BYTES: usize = 64 * 1024;

/// An answer as UTF-8 text, or as the bytes it is where it is none.
pub struct Decoded {
    pub reader: Box<dyn BufRead + Send>,
    /// The name in the Encoding Standard, or `binary`.
    pub encoding: &'static str,
    /// How we know, for the report.
    pub how: &'static str,
    /// What could not be decoded; complete once the reader is at its end.
    pub faults: Arc<Faults>,
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            encoding,
            how,
            faults,
            ..
        } = self;
        f.debug_struct("Decoded")
            .field("encoding", encoding)
            .field("how", how)
            .field("faults", faults)
            .finish_non_exhaustive()
    }
}

/// Opens a spooled answer as UTF-8 text.
///
/// `media_type` and `charset` are those of its Content-Type. A byte order mark says more than the charset (it stands in
/// the bytes themselves; RFC 7303, section 3.2), the charset more than the XML declaration, and either more than a guess.
/// But neither is believed against bytes that can only be UTF-8: servers add a default charset to everything they send.
///
/// # Errors
/// Reading fails, or the text is UTF-32.
pub fn open(file: &Path, media_type: Option<&str>, charset: Option<&str>) -> io::Result<Decoded> {
    let mut file = File::open(file)?;
    let mut window = part(&mut file)?;
    let found = decide(&mut file, &window, media_type, charset)?;
    file.seek(SeekFrom::Start(window.len() as u64))?;
    let Some(found) = found else {
        let reader = Box::new(BufReader::new(Cursor::new(window).chain(file)));
        return Ok(Decoded {
            reader,
            encoding: "binary",
            how: "no text",
            faults: Arc::default(),
        });
    };
    let Found {
        encoding,
        how,
        mark_bytes,
    } = found;
    window.drain(..mark_bytes);
    let bytes = Cursor::new(window).chain(file);
    let faults = Arc::new(Faults::after(mark_bytes as u64));
    let text: Box<dyn Read + Send> = match encoding {
        encoding if encoding == UTF_8 => Box::new(bytes),
        _ => Box::new(transcode::Transcoder::new(
            bytes,
            encoding,
            Arc::clone(&faults),
        )),
    };
    let reader = Box::new(transcode::declared_utf8(text)?);
    Ok(Decoded {
        reader,
        encoding: encoding.name(),
        how,
        faults,
    })
}

/// The encoding of a text by its first bytes alone: a name in the Encoding Standard, or `US-ASCII` where nothing tells. None:
/// it is no text. A character that the end cuts is no mistake.
pub fn of_beginning(bytes: &[u8]) -> Option<&'static str> {
    const CHARACTER_BYTES_MAX: usize = 4;
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding.name());
    }
    if is_binary(bytes, None) {
        return None;
    }
    if let Some(encoding) = utf16_by_zeros(bytes) {
        return Some(encoding.name());
    }
    let whole = match std::str::from_utf8(bytes) {
        Err(e) if bytes.len() - e.valid_up_to() < CHARACTER_BYTES_MAX => &bytes[..e.valid_up_to()],
        _ => bytes,
    };
    match utf8_evidence(whole) {
        _ if bytes.contains(&0) => None,
        Evidence::Ascii => Some("US-ASCII"),
        Evidence::Is => Some(UTF_8.name()),
        Evidence::IsNot => Some(guess(bytes).name()),
    }
}

/// The name in the Encoding Standard of what people call an encoding. None: it is none that is known.
pub fn name_of(label: &str) -> Option<&'static str> {
    by_label(label).map(Encoding::name)
}

struct Found {
    encoding: &'static Encoding,
    how: &'static str,
    /// Length of the byte order mark, which is not part of the text.
    mark_bytes: usize,
}

/// The next part of a file, empty at its end.
fn part(file: &mut File) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(PART_BYTES);
    file.take(PART_BYTES as u64).read_to_end(&mut part)?;
    Ok(part)
}

/// None: no text. `window` is the first part of `file`, which is read further where the window is nothing but ASCII.
fn decide(
    file: &mut File,
    window: &[u8],
    media_type: Option<&str>,
    charset: Option<&str>,
) -> io::Result<Option<Found>> {
    let found = |encoding, how, mark_bytes| {
        Ok(Some(Found {
            encoding,
            how,
            mark_bytes,
        }))
    };
    if matches!(window, [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..]) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "found UTF-32, expected UTF-8, UTF-16 or a legacy encoding",
        ));
    }
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(window) {
        return found(encoding, "byte order mark", mark_bytes);
    }
    if is_binary(window, media_type) {
        return Ok(None);
    }
    if let Some(encoding) = utf16_by_zeros(window) {
        return found(encoding, "zero bytes of UTF-16", 0);
    }
    let by_charset = charset
        .and_then(by_label)
        .map(|encoding| (encoding, "charset of the answer"));
    let declared =
        by_charset.or_else(|| Some((by_label(&declared_in_xml(window)?)?, "XML declaration")));
    if let Some((encoding, how)) = declared.filter(|(encoding, _)| *encoding == UTF_8) {
        return found(encoding, how, 0);
    }
    let telling = telling_part(file, window)?;
    match (declared, utf8_evidence(&telling)) {
        (_, Evidence::Ascii) => found(UTF_8, "nothing but ASCII", 0),
        (Some(_), Evidence::Is) => found(UTF_8, "valid UTF-8, though declared otherwise", 0),
        (None, Evidence::Is) => found(UTF_8, "valid UTF-8", 0),
        (Some((encoding, how)), Evidence::IsNot) => found(encoding, how, 0),
        (None, Evidence::IsNot) if telling.contains(&0) => Ok(None),
        (None, Evidence::IsNot) => found(guess(&telling), "guess by frequency", 0),
    }
}

/// The first part that is not all ASCII: a long head of markup tells nothing. `window` is the first part of all.
fn telling_part(file: &mut File, window: &[u8]) -> io::Result<Vec<u8>> {
    let mut telling = window.to_vec();
    while !telling.is_empty() && telling.is_ascii() {
        telling = part(file)?;
    }
    Ok(telling)
}

/// The encoding of a label, with the names that people in Taiwan write and the Encoding Standard does not list.
fn by_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes()).or_else(|| {
        match label.trim().to_ascii_lowercase().as_str() {
            "cp950" | "ms950" | "windows-950" | "big-5" | "big5-eten" => Some(BIG5),
            "utf-8-sig" | "utf8mb4" => Some(UTF_8),
            _ => None,
        }
    })
}

/// What a declared media type or the first bytes show to be no text.
fn is_binary(window: &[u8], media_type: Option<&str>) -> bool {
    const TYPES: &[&str] = &[
        "application/zip",
        "application/gzip",
        "application/x-gzip",
        "application/pdf",
        "application/x-7z-compressed",
        "application/vnd.ms-excel",
        "application/msword",
    ];
    const FAMILIES: &[&str] = &[
        "image/",
        "audio/",
        "video/",
        "font/",
        "application/vnd.openxmlformats-",
        "application/vnd.oasis.opendocument.",
    ];
    const BEGINNINGS: &[&[u8]] = &[
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"%PDF-",
        b"7z\xbc\xaf\x27\x1c",
        b"\x28\xb5\x2f\xfd",
        b"\xd0\xcf\x11\xe0",
        b"\x89PNG",
    ];
    let by_type = media_type.is_some_and(|media_type| {
        let text = media_type.ends_with("+xml");
        !text
            && (TYPES.contains(&media_type)
                || FAMILIES.iter().any(|family| media_type.starts_with(family)))
    });
    // A servers' table of types calls a CSV a spreadsheet: the bytes decide there.
    let sheet_that_is_text = media_type == Some("application/vnd.ms-excel") && !window.contains(&0);
    (by_type && !sheet_that_is_text)
        || BEGINNINGS
            .iter()
            .any(|beginning| window.starts_with(beginning))
}

/// UTF-16 without a mark: markup and JSON begin with two ASCII characters, so every other byte is zero.
fn utf16_by_zeros(window: &[u8]) -> Option<&'static Encoding> {
    match window {
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(UTF_16LE),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that an XML declaration names (XML 1.0, section 4.3.3).
fn declared_in_xml(window: &[u8]) -> Option<String> {
    let at = transcode::declared_encoding(window)?;
    Some(String::from_utf8_lossy(&window[at]).into_owned())
}

/// What the bytes themselves say about being UTF-8.
#[derive(Debug, PartialEq, Eq)]
enum Evidence {
    Ascii,
    Is,
    IsNot,
}

/// Text in another encoding holds hardly any byte sequences that UTF-8 allows, and UTF-8 with a few mistakes hardly any
/// that it does not: more of one than of the other decides, so that one broken record does not garble all the others.
fn utf8_evidence(window: &[u8]) -> Evidence {
    let (mut valid, mut broken) = (0_usize, 0_usize);
    for chunk in window.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    match (valid, broken) {
        (0, 0) => Evidence::Ascii,
        _ if valid > broken => Evidence::Is,
        _ => Evidence::IsNot,
    }
}

/// The likeliest legacy encoding. The top-level domain tips the balance where several are likely: to Big5, here.
fn guess(telling: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(telling, telling.len() < PART_BYTES);
    detector.guess(Some(b"tw"), Utf8Detection::Deny)
}
