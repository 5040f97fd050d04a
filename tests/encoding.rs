//! Which encoding an answer is in, and whether its text comes out right.
#![expect(clippy::unwrap_used, reason = "tests")]

use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS, WINDOWS_1252};
use harvestd::encoding::{Decoded, open};
use std::{
    io::{Read, Write},
    path::Path,
};
use tempfile::NamedTempFile;

const CHINESE: &str = "資料集名稱,提供機關,更新頻率\n臺北市空氣品質監測資料,環境部,每日\n115年4月份村里人口數統計表,民政處,不定期更新\n";
const FRENCH: &str =
    "titre;éditeur\nQualité de l'air à Genève;Fédération\nÉtat des forêts;Département de l'été\n";

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Opens bytes and reads them to their end.
fn read(bytes: &[u8], media_type: Option<&str>, charset: Option<&str>) -> (Decoded, Vec<u8>) {
    let file = file(bytes);
    let mut decoded = open(file.path(), media_type, charset).unwrap();
    let mut out = Vec::new();
    decoded.reader.read_to_end(&mut out).unwrap();
    (decoded, out)
}

fn encode(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding.encode(text);
    assert!(!unmappable);
    bytes.into_owned()
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

/// Bytes, the charset of their Content-Type, the encoding to be found, how, and the text to be read.
fn check(bytes: &[u8], charset: Option<&str>, encoding: &str, how: &str, text: &str) {
    let (decoded, out) = read(bytes, None, charset);
    assert_eq!(
        (decoded.encoding, decoded.how),
        (encoding, how),
        "{text:.40}"
    );
    assert!(
        out == text.as_bytes(),
        "{encoding}: {:.80}",
        String::from_utf8_lossy(&out)
    );
    assert_eq!(decoded.faults.count(), 0);
}

#[test]
fn text_in_utf_8_comes_as_it_is() {
    check(CHINESE.as_bytes(), None, "UTF-8", "valid UTF-8", CHINESE);
    check(
        CHINESE.as_bytes(),
        Some("utf-8"),
        "UTF-8",
        "charset of the answer",
        CHINESE,
    );
    check(
        format!("\u{feff}{CHINESE}").as_bytes(),
        None,
        "UTF-8",
        "byte order mark",
        CHINESE,
    );
    check(b"plain", None, "UTF-8", "nothing but ASCII", "plain");
    check(b"", Some("big5"), "UTF-8", "nothing but ASCII", "");
}

#[test]
fn the_mark_says_more_than_the_charset_and_the_charset_more_than_the_declaration() {
    check(
        format!("\u{feff}{CHINESE}").as_bytes(),
        Some("big5"),
        "UTF-8",
        "byte order mark",
        CHINESE,
    );
    let xml = format!("<?xml version='1.0' encoding='gbk'?><a>{CHINESE}</a>");
    let said = xml.replace("gbk", "UTF-8");
    check(
        &encode(BIG5, &xml),
        Some("Big5"),
        "Big5",
        "charset of the answer",
        &said,
    );
}

#[test]
fn big5_by_charset_declaration_and_guess() {
    let bytes = encode(BIG5, CHINESE);
    for label in ["big5", "BIG5", "cp950", "MS950", "x-x-big5", "big5-hkscs"] {
        check(
            &bytes,
            Some(label),
            "Big5",
            "charset of the answer",
            CHINESE,
        );
    }
    check(&bytes, None, "Big5", "guess by frequency", CHINESE);
    check(
        &bytes,
        Some("no-such-charset"),
        "Big5",
        "guess by frequency",
        CHINESE,
    );
    let xml =
        format!("<?xml version=\"1.0\" encoding = \"big5\" standalone=\"yes\"?>\n<a>{CHINESE}</a>");
    let said = xml.replace("big5", "UTF-8");
    check(&encode(BIG5, &xml), None, "Big5", "XML declaration", &said);
}

#[test]
fn other_legacy_encodings() {
    check(
        &encode(WINDOWS_1252, FRENCH),
        Some("ISO-8859-1"),
        "windows-1252",
        "charset of the answer",
        FRENCH,
    );
    check(
        &encode(WINDOWS_1252, FRENCH),
        None,
        "windows-1252",
        "guess by frequency",
        FRENCH,
    );
    check(
        &encode(GBK, "数据集名称,提供机关"),
        Some("gb2312"),
        "GBK",
        "charset of the answer",
        "数据集名称,提供机关",
    );
    check(
        &encode(SHIFT_JIS, "データセット"),
        Some("shift_jis"),
        "Shift_JIS",
        "charset of the answer",
        "データセット",
    );
}

#[test]
fn utf_16_with_and_without_its_mark() {
    let json = "{\"名稱\": \"資料集\"}";
    for big_endian in [false, true] {
        let name = if big_endian { "UTF-16BE" } else { "UTF-16LE" };
        check(
            &utf16(&format!("\u{feff}{CHINESE}"), big_endian),
            None,
            name,
            "byte order mark",
            CHINESE,
        );
        check(
            &utf16("<a>資料</a>", big_endian),
            None,
            name,
            "zero bytes of UTF-16",
            "<a>資料</a>",
        );
        check(
            &utf16("[1, \"資料\"]", big_endian),
            Some("utf-16"),
            name,
            "zero bytes of UTF-16",
            "[1, \"資料\"]",
        );
    }
    check(
        &utf16(json, false),
        Some("utf-16le"),
        "UTF-16LE",
        "zero bytes of UTF-16",
        json,
    );
    check(
        &utf16(CHINESE, false),
        Some("utf-16"),
        "UTF-16LE",
        "charset of the answer",
        CHINESE,
    );
}

#[test]
fn a_declaration_is_not_believed_against_the_bytes() {
    check(
        CHINESE.as_bytes(),
        Some("iso-8859-1"),
        "UTF-8",
        "valid UTF-8, though declared otherwise",
        CHINESE,
    );
    let xml = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a>資料</a>";
    check(
        xml.as_bytes(),
        None,
        "UTF-8",
        "valid UTF-8, though declared otherwise",
        &xml.replace("utf-16", "UTF-8"),
    );
    check(
        b"<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>",
        None,
        "UTF-8",
        "nothing but ASCII",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
    );
}

#[test]
fn a_long_ascii_head_decides_nothing() {
    let head = "x".repeat(200_000);
    let text = format!("{head}\n{CHINESE}");
    check(
        text.as_bytes(),
        Some("iso-8859-1"),
        "UTF-8",
        "valid UTF-8, though declared otherwise",
        &text,
    );
    check(
        &encode(BIG5, &text),
        None,
        "Big5",
        "guess by frequency",
        &text,
    );
}

#[test]
fn utf_8_with_a_mistake_stays_as_it_is() {
    let mut bytes = CHINESE.repeat(10).into_bytes();
    bytes.splice(200..200, [0xff, 0xfe]);
    for charset in [None, Some("utf-8"), Some("big5")] {
        let (decoded, out) = read(&bytes, None, charset);
        assert_eq!(decoded.encoding, "UTF-8");
        assert!(out == bytes, "the mistake is the connector's to find");
    }
}

#[test]
fn what_cannot_be_decoded_is_counted_and_placed() {
    let before = encode(BIG5, CHINESE);
    let bytes = [&before[..], b"\xff\n", &before[..], b"\xa4"].concat();
    let (decoded, out) = read(&bytes, None, Some("big5"));
    assert_eq!(
        String::from_utf8(out).unwrap(),
        format!("{CHINESE}\u{fffd}\n{CHINESE}\u{fffd}")
    );
    assert_eq!(
        (decoded.faults.count(), decoded.faults.first_offset()),
        (2, Some(before.len() as u64))
    );
    let lone = [
        b"\xff\xfe".to_vec(),
        utf16("ab", false),
        vec![0x00, 0xd8],
        utf16("c", false),
    ]
    .concat();
    let (decoded, out) = read(&lone, None, None);
    assert_eq!(
        (
            String::from_utf8(out).unwrap().as_str(),
            decoded.faults.first_offset()
        ),
        ("ab\u{fffd}c", Some(6))
    );
}

#[test]
fn characters_across_the_edges_of_buffers_are_whole() {
    for shift in 0..4 {
        let text = format!("{}{}", "a".repeat(shift), CHINESE.repeat(3000));
        check(
            &encode(BIG5, &text),
            None,
            "Big5",
            "guess by frequency",
            &text,
        );
        check(text.as_bytes(), None, "UTF-8", "valid UTF-8", &text);
        check(
            &utf16(&format!("\u{feff}{text}"), true),
            None,
            "UTF-16BE",
            "byte order mark",
            &text,
        );
    }
}

#[test]
fn many_mistakes_in_a_row_are_all_replaced() {
    let bytes = [b"\xa4\xa4".to_vec(), vec![0xff; 300_000]].concat();
    let (decoded, out) = read(&bytes, None, Some("big5"));
    assert_eq!(
        (decoded.faults.count(), out.len()),
        (300_000, 3 + 3 * 300_000)
    );
}

#[test]
fn what_is_no_text_is_left_alone() {
    let noise: Vec<u8> = (0..5000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for (bytes, media_type) in [
        (&b"PK\x03\x04\xff\xfe rest"[..], Some("text/csv")),
        (b"\x1f\x8b\x08\xff", None),
        (b"\xff\xd8\xff\xe0 a photograph", Some("image/jpeg")),
        (&noise, Some("application/octet-stream")),
    ] {
        let (decoded, out) = read(bytes, media_type, None);
        assert_eq!(decoded.encoding, "binary", "{media_type:?}");
        assert!(out == bytes);
    }
    let (decoded, _) = read(
        &encode(BIG5, CHINESE),
        Some("application/vnd.ms-excel"),
        None,
    );
    assert_eq!(decoded.encoding, "Big5", "many servers call CSV so");
}

#[test]
fn utf_32_is_refused_by_name() {
    let error = open(file(b"\xff\xfe\0\0a\0\0\0").path(), None, None).unwrap_err();
    assert!(error.to_string().contains("UTF-32"), "{error}");
}

/// Lists of the Taipei portal as they were served: Big5, and nothing says so.
#[test]
fn real_lists_in_big5_are_read() {
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/taiwan/portal-lists");
    if !lists.exists() {
        println!("SKIPPED: ../shared not present");
        return;
    }
    for name in ["01_taipei.csv", "data_taipei_2015_big5_multiline.csv"] {
        let mut decoded = open(&lists.join(name), Some("text/csv"), None).unwrap();
        let mut text = String::new();
        decoded.reader.read_to_string(&mut text).unwrap();
        assert_eq!(
            (decoded.encoding, decoded.how),
            ("Big5", "guess by frequency"),
            "{name}"
        );
        assert_eq!(decoded.faults.count(), 0, "{name}: {:?}", decoded.faults);
        assert!(text.contains("臺北市") || text.contains("台北市"), "{name}");
    }
}
