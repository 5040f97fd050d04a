//! The rows are compared with those of the `csv` crate, through every buffer size.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::io::BufReader;

fn rows(
    document: &[u8],
    record_bytes_max: usize,
    buffer_bytes: usize,
) -> Result<Vec<Vec<String>>, ReadError> {
    let mut body = BufReader::with_capacity(buffer_bytes, document);
    let mut rows = Rows::new(&mut body, record_bytes_max, 0);
    let mut out = Vec::new();
    while let Some(found) = rows.next_row()? {
        out.push(match found {
            Found::Row(row) => {
                let lines_before = document[..usize::try_from(row.offset).unwrap()]
                    .iter()
                    .filter(|b| **b == b'\n');
                assert_eq!(row.line, 1 + lines_before.count() as u64);
                row.fields()
                    .map(|f| String::from_utf8_lossy(f).into_owned())
                    .collect()
            }
            Found::TooLarge { line, bytes, .. } => {
                vec![format!("too large: line {line}, {bytes} bytes")]
            }
        });
    }
    Ok(out)
}

/// The rows, the same for every size of buffer.
fn all_buffers(
    document: &[u8],
    record_bytes_max: usize,
) -> Result<Vec<Vec<String>>, ReadErrorKind> {
    let first = rows(document, record_bytes_max, 1).map_err(|e| e.kind);
    for buffer_bytes in (2..=33).chain([4096]) {
        let again = rows(document, record_bytes_max, buffer_bytes).map_err(|e| e.kind);
        assert_eq!(again, first, "buffer of {buffer_bytes} bytes");
    }
    first
}

fn by_the_csv_crate(document: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(document);
    let text = |row: csv::ByteRecord| {
        row.iter()
            .map(|f| String::from_utf8_lossy(f).into_owned())
            .collect()
    };
    reader
        .byte_records()
        .map(|row| text(row.unwrap()))
        .collect()
}

#[test]
fn quotes_line_breaks_and_all_line_ends() {
    let document = "id,名稱\r\n1,\"a\nb \"\"c\"\", d\"\n\n\r\n2,\"\"\r3,x\"y\"z\n4,\"q\"rest\n,\n\"last\",no line end".as_bytes();
    let expected = by_the_csv_crate(document);
    assert_eq!(expected[1], ["1", "a\nb \"c\", d"]);
    assert_eq!(all_buffers(document, 1000), Ok(expected));
}

#[test]
fn random_documents_read_as_the_csv_crate_reads_them() {
    let mut state = 1_u64;
    let mut compared = 0;
    for _ in 0..3000 {
        let document: Vec<u8> = (0..24)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                b"\"\",,\n\rab"[(state >> 60) as usize % 8]
            })
            .collect();
        if let Ok(found) = all_buffers(&document, 1000) {
            assert_eq!(
                found,
                by_the_csv_crate(&document),
                "{:?}",
                String::from_utf8_lossy(&document)
            );
            compared += 1;
        }
    }
    assert!(compared > 1000, "only {compared} documents were compared");
}

#[test]
fn a_quote_open_at_the_end_is_a_cut() {
    let e = rows(b"a,b\n1,\"x\ny", 1000, 3).unwrap_err();
    assert_eq!(e.kind, ReadErrorKind::Truncated);
    assert!(e.found.contains("line 2 at offset 4"), "{}", e.found);
}

#[test]
fn a_long_row_is_passed_over() {
    let document = format!(
        "a,b\n1,\"{}\n\"\n2,y\n3{}\n4,z\n",
        "x".repeat(50),
        ",".repeat(FIELDS_MAX)
    );
    let found = all_buffers(document.as_bytes(), 20).unwrap();
    let expected: [&[&str]; 5] = [
        &["a", "b"],
        &["too large: line 2, 56 bytes"],
        &["2", "y"],
        &["too large: line 5, 4098 bytes"],
        &["4", "z"],
    ];
    assert_eq!(found, expected);
    let found = all_buffers(document.as_bytes(), 1 << 20).unwrap();
    assert_eq!(found[3], ["too large: line 5, 4098 bytes"]);
}

#[test]
fn nothing_gives_no_rows() {
    assert_eq!(all_buffers(b"", 10), Ok(vec![]));
    assert_eq!(all_buffers(b"\r\n\n", 10), Ok(vec![]));
}
