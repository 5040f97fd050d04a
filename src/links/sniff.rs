//! What the first bytes of a file show: its type, its encoding, the columns of a table.
//!
//! Pure, and judges nothing. Start at [`look`].

use crate::encoding;
use encoding_rs::Encoding;
use harvestd_harvesters::guard::{PageKind, page_kind};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use std::borrow::Cow;

/// What bytes seem to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    Empty,
    Csv,
    Json,
    Xml,
    Html,
    Text,
    /// And what is packed so: XLSX, ODS, DOCX, KMZ.
    Zip,
    Gzip,
    Archive,
    Pdf,
    /// Documents of old office programs: XLS, DOC, PPT.
    Office,
    Image,
    Binary,
}

/// What a web page in the place of data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    Login,
    Challenge,
    /// It says that there is nothing here.
    Lost,
    Other,
}

/// What was seen of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    #[serde(rename = "type")]
    pub kind: Option<Type>,
    /// Of a web page.
    pub page: Option<Page>,
    /// Name in the Encoding Standard, or `US-ASCII`, which is within most others. None: it is no text.
    pub encoding: Option<String>,
    /// Of a table: its first row.
    pub columns: Vec<String>,
    /// As far as it was seen, the file is well formed. None: not looked at.
    pub well_formed: Option<bool>,
}

/// Longer rows than this are no header.
const COLUMNS_MAX: usize = 256;
/// Longer names are cut.
const COLUMN_CHARS_MAX: usize = 60;
/// Rows of a table that are compared with its first.
const ROWS_COMPARED: usize = 20;

const BEGINNINGS: &[(&[u8], Type)] = &[
    (b"PK\x03\x04", Type::Zip),
    (b"PK\x05\x06", Type::Zip),
    (b"\x1f\x8b", Type::Gzip),
    (b"%PDF-", Type::Pdf),
    (b"\xd0\xcf\x11\xe0", Type::Office),
    (b"7z\xbc\xaf\x27\x1c", Type::Archive),
    (b"Rar!", Type::Archive),
    (b"\x28\xb5\x2f\xfd", Type::Archive),
    (b"BZh", Type::Archive),
    (b"\x89PNG", Type::Image),
    (b"\xff\xd8\xff", Type::Image),
    (b"GIF8", Type::Image),
    (b"II*\0", Type::Image),
    (b"MM\0*", Type::Image),
];

/// `whole`: these bytes are all of the file, and not only its beginning.
pub fn look(bytes: &[u8], whole: bool) -> Look {
    let mut look = Look::default();
    if bytes.trim_ascii().is_empty() {
        look.kind = Some(Type::Empty);
        return look;
    }
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        look.kind = Some(*kind);
        return look;
    }
    let Some(name) = encoding::of_beginning(bytes) else {
        look.kind = Some(Type::Binary);
        return look;
    };
    look.encoding = Some(name.to_owned());
    let text = decoded(bytes, name);
    if let Some(kind) = page_kind(text.as_bytes()) {
        look.kind = Some(Type::Html);
        look.page = Some(page(kind, &text));
        return look;
    }
    of_text(&text, whole, &mut look);
    look
}

fn decoded<'b>(bytes: &'b [u8], name: &str) -> Cow<'b, str> {
    let encoding = Encoding::for_label(name.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0
}

fn page(kind: PageKind, text: &str) -> Page {
    match kind {
        PageKind::Login => Page::Login,
        PageKind::Challenge | PageKind::Firewall => Page::Challenge,
        PageKind::Maintenance | PageKind::Other if says_nothing_is_here(text) => Page::Lost,
        PageKind::Maintenance | PageKind::Other => Page::Other,
    }
}

/// By its title alone: within a page, these words may be about anything.
fn says_nothing_is_here(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "404",
        "not found",
        "error page",
        "找不到",
        "查無",
        "不存在",
        "頁面錯誤",
    ];
    let lower = text.to_lowercase();
    let title = lower.split_once("<title").and_then(|(_, rest)| {
        let (_, rest) = rest.split_once('>')?;
        Some(rest.split('<').next().unwrap_or_default())
    });
    title.is_some_and(|title| WORDS.iter().any(|word| title.contains(word)))
}

fn of_text(text: &str, whole: bool, look: &mut Look) {
    let trimmed = text.trim_start();
    let kind = match trimmed.as_bytes() {
        [b'{', ..] => Type::Json,
        // Some tables begin with a bracket, and no JSON goes on like a word.
        [b'[', rest @ ..] if begins_as_json(rest) => Type::Json,
        [b'<', next, ..] if next.is_ascii_alphabetic() || b"?!".contains(next) => Type::Xml,
        _ => Type::Text,
    };
    look.kind = Some(kind);
    match kind {
        Type::Json if whole => look.well_formed = Some(is_json(trimmed)),
        Type::Xml => look.well_formed = xml(trimmed, whole),
        Type::Text => table(text, whole, look),
        _ => {}
    }
}

fn begins_as_json(rest: &[u8]) -> bool {
    let next = rest.trim_ascii_start().first();
    next.is_none_or(|b| b"{[\"]-0123456789tfn".contains(b))
}

/// JSON, or a value on each line.
fn is_json(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.all(|value| value.is_ok())
}

/// Are elements closed as they were opened, as far as it goes? The end of what is not whole is nobody's mistake.
fn xml(text: &str, whole: bool) -> Option<bool> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open = 0_usize;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Start(_)) => open += 1,
            Ok(quick_xml::events::Event::End(_)) => open = open.saturating_sub(1),
            Ok(quick_xml::events::Event::Eof) => return whole.then_some(open == 0),
            Ok(_) => {}
            Err(quick_xml::Error::Syntax(_)) if !whole => return None,
            Err(_) => return Some(false),
        }
    }
}

/// A table has rows of several fields, the first as many as most of those after it.
fn table(text: &str, whole: bool, look: &mut Look) {
    let Some(first) = text.lines().find(|line| !line.trim().is_empty()) else {
        return;
    };
    let count = |mark: &u8| first.bytes().filter(|b| b == mark).count();
    let marks = [b',', b'\t', b';', b'|'];
    let Some(mark) = marks
        .iter()
        .max_by_key(|mark| count(mark))
        .filter(|m| count(m) > 0)
    else {
        // One column, or words: the declared type decides.
        look.columns = vec![named(first)];
        return;
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(*mark)
        .from_reader(text.as_bytes());
    let mut rows: Vec<csv::StringRecord> = reader
        .records()
        .map_while(Result::ok)
        .take(ROWS_COMPARED + 1)
        .collect();
    if !whole && rows.len() > 1 && rows.len() <= ROWS_COMPARED {
        // The last one may be cut.
        rows.pop();
    }
    let Some((header, rest)) = rows.split_first() else {
        return;
    };
    let fitting = rest.iter().filter(|row| row.len() == header.len()).count();
    if header.len() < 2 || header.len() > COLUMNS_MAX {
        return;
    }
    if *mark != b',' && fitting * 2 < rest.len() {
        return;
    }
    look.kind = Some(Type::Csv);
    look.well_formed = Some(fitting == rest.len());
    look.columns = header.iter().map(named).collect();
}

fn named(column: &str) -> String {
    let column = column
        .trim_start_matches('\u{feff}')
        .trim()
        .trim_matches('"');
    column.chars().take(COLUMN_CHARS_MAX).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Type {
        look(bytes, true).kind.unwrap()
    }

    #[test]
    fn types_are_told_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b""[..], Type::Empty),
            (b" \r\n", Type::Empty),
            (b"a,b\n1,2\n", Type::Csv),
            (b"a\tb\n1\t2\n", Type::Csv),
            (b"[a],b\n1,2\n", Type::Csv),
            ("站名,經度\n甲,121\n".as_bytes(), Type::Csv),
            (b"{\"a\": 1}", Type::Json),
            (b"\xef\xbb\xbf[{}]", Type::Json),
            (b"<?xml version=\"1.0\"?><a/>", Type::Xml),
            (b"<rss><channel/></rss>", Type::Xml),
            (b"<!DOCTYPE html><title>x</title>", Type::Html),
            (b"PK\x03\x04....", Type::Zip),
            (b"%PDF-1.7", Type::Pdf),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Type::Office),
            (b"words", Type::Text),
            (b"\x01\x02\x00\x03\xfe\xff\x00", Type::Binary),
        ] {
            assert_eq!(kind(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn pages_are_told_apart() {
        for (text, expected) in [
            ("<html><title>404 Not Found</title>", Page::Lost),
            ("<html><title>查無此頁</title>", Page::Lost),
            ("<html><form><input type=\"password\">", Page::Login),
            ("<html><title>Just a moment...</title>", Page::Challenge),
            ("<html><title>Welcome</title>404 things", Page::Other),
        ] {
            assert_eq!(look(text.as_bytes(), true).page, Some(expected), "{text}");
        }
    }

    #[test]
    fn encodings_and_columns() {
        let (big5, ..) =
            encoding_rs::BIG5.encode("站名,經度,緯度\n中正測站,121.5,25.0\n信義測站,121.6,25.1\n");
        let seen = look(&big5, true);
        assert_eq!(seen.encoding.as_deref(), Some("Big5"));
        assert_eq!(seen.columns, ["站名", "經度", "緯度"]);
        assert_eq!(
            look(b"a,b\n1,2\n", true).encoding.as_deref(),
            Some("US-ASCII")
        );
        let cut = &"站名,經度\n中正測站,1\n".as_bytes()[..20];
        let seen = look(cut, false);
        assert_eq!(seen.encoding.as_deref(), Some("UTF-8"));
        assert_eq!(seen.columns, ["站名", "經度"]);
        assert_eq!(look(b"\xef\xbb\xbfname\n1\n", true).columns, ["name"]);
    }

    #[test]
    fn what_is_broken_is_seen_and_what_is_only_cut_is_not() {
        for (text, whole, expected) in [
            ("{\"a\": 1}", true, Some(true)),
            ("{\"a\": 1}\n{\"a\": 2}", true, Some(true)),
            ("{\"a\": 1", true, Some(false)),
            ("{\"a\": 1", false, None),
            ("<a><b/></a>", true, Some(true)),
            ("<a><b></a>", true, Some(false)),
            ("<a><b>", true, Some(false)),
            ("<a><b>", false, None),
            ("<a><b", false, None),
            ("a,b\n1,2\n3,4\n", true, Some(true)),
            ("a,b\n1,2,3\n3,4\n", true, Some(false)),
            ("a,b\n1,2\n3", false, Some(true)),
        ] {
            let found = look(text.as_bytes(), whole).well_formed;
            assert_eq!(found, expected, "{text} {whole}");
        }
    }
}
