//! Every document is read through every buffer size, so that each edge falls on each byte once.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use std::{
    io::{BufReader, ErrorKind},
    path::Path,
};

const WIDE: SliceLimits = SliceLimits {
    record_bytes_max: 1 << 20,
    frame_bytes_max: 1 << 20,
};

/// What came of a document, in lines that a test can be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    found: Vec<(u64, u64, String)>,
    frame: Result<(String, u64, bool), (ReadErrorKind, String)>,
}

fn read(document: &[u8], path: &[&str], limits: SliceLimits, buffer_bytes: usize) -> Outcome {
    let mut found = Vec::new();
    let mut body = BufReader::with_capacity(buffer_bytes, document);
    let frame = slices(&mut body, path, limits, &mut |f| {
        found.push(match f {
            Found::Element(s) => {
                let at = usize::try_from(s.offset).unwrap();
                assert_eq!(
                    &document[at..at + s.raw.len()],
                    s.raw,
                    "the offset points to the element"
                );
                (
                    s.index,
                    s.offset,
                    String::from_utf8_lossy(s.raw).into_owned(),
                )
            }
            Found::TooLarge {
                index,
                offset,
                bytes,
            } => (index, offset, format!("too large: {bytes}")),
        });
        ControlFlow::Continue(())
    });
    let frame = frame
        .map(|f| {
            (
                String::from_utf8_lossy(&f.json).into_owned(),
                f.elements,
                f.array_found,
            )
        })
        .map_err(|e| (e.kind, e.found));
    Outcome { found, frame }
}

/// The outcome, the same for every size of buffer.
fn outcome(document: &str, path: &[&str], limits: SliceLimits) -> Outcome {
    let first = read(document.as_bytes(), path, limits, 1);
    for buffer_bytes in (2..=64).chain([4096]) {
        assert_eq!(
            read(document.as_bytes(), path, limits, buffer_bytes),
            first,
            "buffer of {buffer_bytes} bytes"
        );
    }
    first
}

fn elements(document: &str, path: &[&str]) -> Vec<String> {
    let outcome = outcome(document, path, WIDE);
    assert!(outcome.frame.is_ok(), "{:?}", outcome.frame);
    outcome.found.into_iter().map(|(_, _, text)| text).collect()
}

fn error(document: &str, path: &[&str]) -> (ReadErrorKind, String) {
    outcome(document, path, WIDE).frame.unwrap_err()
}

#[test]
fn a_root_array_is_split_at_its_own_commas() {
    let document = r#"[ {"a":[1,{"b":","}],"c":"]}"} , "x,\"y" ,null,-1.5e3, [ ] ]"#;
    let expected = [
        r#"{"a":[1,{"b":","}],"c":"]}"}"#,
        r#""x,\"y""#,
        "null",
        "-1.5e3",
        "[ ]",
    ];
    assert_eq!(elements(document, &[]), expected);
    assert_eq!(elements(" [ ]\n", &[]), [""; 0]);
}

#[test]
fn quotes_and_backslashes_on_every_edge() {
    for padding in 0..20 {
        let text = format!(
            r#""{}\\\"{}\\\\","#,
            "ä".repeat(padding),
            "x".repeat(padding)
        );
        let document = format!("[{text}{text}1]");
        let alone = text.trim_end_matches(',').to_owned();
        assert_eq!(
            elements(&document, &[]),
            [alone.clone(), alone, "1".to_owned()]
        );
    }
}

#[test]
fn the_array_is_found_below_keys_and_the_frame_keeps_the_rest() {
    let document = "\u{feff}{\"help\": \"a [\\\"result\\\"] b\", \"result\": {\"count\": 2, \"facets\": {\"results\": [9]},
        \"results\" : [ {\"results\":[1]}, {} ], \"after\": [1, {\"x\": 2}]}, \"success\": true }\n";
    let outcome = outcome(document, &["result", "results"], WIDE);
    let texts: Vec<_> = outcome.found.iter().map(|f| f.2.as_str()).collect();
    assert_eq!(texts, [r#"{"results":[1]}"#, "{}"]);
    let (json, elements, array_found) = outcome.frame.unwrap();
    assert!(array_found);
    assert_eq!(elements, 2);
    let frame: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({"help": "a [\"result\"] b", "success": true, "result": {
        "count": 2, "facets": {"results": [9]}, "results": [], "after": [1, {"x": 2}]}});
    assert_eq!(frame, expected);
}

#[test]
fn a_key_may_be_written_with_escapes() {
    assert_eq!(
        elements(r#"{"re\u0073ult":[1,2]}"#, &["result"]),
        ["1", "2"]
    );
}

#[test]
fn a_document_without_the_array_is_its_own_frame() {
    let cases = [
        (
            r#"{"success":false,"error":{"message":"no"}}"#,
            &["result", "results"][..],
        ),
        (r#"{"result":null,"success":false}"#, &["result", "results"]),
        (
            r#"{"result":{"results":{"a":1}},"n":1}"#,
            &["result", "results"],
        ),
        (r#"{"result":{},"n":1}"#, &["result", "results"]),
        (r#"{"a":[1]}"#, &[]),
        (r#"[1,[2],{"result":[3]}]"#, &["result"]),
        ("{}", &["result"]),
    ];
    for (document, path) in cases {
        let outcome = outcome(document, path, WIDE);
        assert_eq!(outcome.found, [], "{document}");
        assert_eq!(outcome.frame, Ok((document.to_owned(), 0, false)));
    }
}

#[test]
fn bad_elements_do_not_harm_their_neighbours() {
    let bad = [
        "",
        "nul",
        "{\"a\":[1}}",
        "{\"a\" \"b\"} junk",
        "{1} {2}",
        "\"\u{1}\n\"",
        "{\"a\":\"\\x\"}",
        "[}",
    ];
    for bad in bad {
        let document = format!("[{{\"id\":1}},{bad}, {{\"id\":3}}\n]");
        assert_eq!(elements(&document, &[]), ["{\"id\":1}", bad, "{\"id\":3}"]);
    }
}

#[test]
fn what_cannot_be_contained_names_the_element() {
    let (kind, found) = error(r#"[{"id":1},{"id":[2},{"id":3}]"#, &[]);
    assert_eq!(kind, ReadErrorKind::Malformed);
    assert!(
        found.contains("number 1 at offset 10, whose brackets first disagree at offset 18"),
        "{found}"
    );

    let (kind, found) = error(r#"{"r":[{"id":1},{"id":2}},{"id":3}]}"#, &["r"]);
    assert_eq!(kind, ReadErrorKind::Malformed);
    assert!(
        found.contains("'}' at offset 23") && found.contains("number 1 at offset 15"),
        "{found}"
    );

    let (kind, found) = error(r#"[{"id":1},{"id":"2},{"id":3}]"#, &[]);
    assert_eq!(kind, ReadErrorKind::Truncated);
    assert!(
        found.contains("offset 29") && found.contains("number 1 at offset 10"),
        "{found}"
    );
}

#[test]
fn a_cut_document_is_truncated_wherever_it_is_cut() {
    let document = r#"{"help":"h","result":{"count":2,"results":[{"a":"b\"c"},[1,2],3],"x":{"y":[]}},"success":true}"#;
    assert_eq!(
        elements(document, &["result", "results"]),
        [r#"{"a":"b\"c"}"#, "[1,2]", "3"]
    );
    for cut in 0..document.len() {
        let (kind, found) = error(&document[..cut], &["result", "results"]);
        assert_eq!(kind, ReadErrorKind::Truncated, "cut at {cut}: {found}");
        assert!(
            cut == 0 || found.contains(&format!("offset {cut}")),
            "cut at {cut}: {found}"
        );
    }
}

#[test]
fn what_is_no_json_is_no_catalogue() {
    let (kind, found) = error("\u{feff} \n<!DOCTYPE html><html>…", &[]);
    assert_eq!(kind, ReadErrorKind::NotACatalogue);
    assert!(found.contains("<!DOCTYPE html>"), "{found}");
    for document in ["not found", "\"Not found\"", "42", "null", "é", "\u{ffef}"] {
        assert_eq!(
            error(document, &["result"]).0,
            ReadErrorKind::NotACatalogue,
            "{document}"
        );
    }
}

#[test]
fn whatever_follows_the_end_is_an_error() {
    for (document, path) in [
        ("[1]]", &[][..]),
        ("[1] x", &[]),
        ("{\"r\":[]} {}", &["r"]),
        ("{\"r\":1}}", &["r"]),
    ] {
        assert_eq!(
            error(document, path).0,
            ReadErrorKind::Malformed,
            "{document}"
        );
    }
    assert_eq!(elements("[1]\r\n\t ", &[]), ["1"]);
}

#[test]
fn a_too_large_element_is_passed_over() {
    let limits = SliceLimits {
        record_bytes_max: 8,
        frame_bytes_max: 16,
    };
    let outcome_ = outcome(r#"["12345678",{"a":1},"123456"]"#, &[], limits);
    let expected = [
        (0, 1, "too large: 10"),
        (1, 12, r#"{"a":1}"#),
        (2, 20, r#""123456""#),
    ];
    assert_eq!(
        outcome_.found,
        expected.map(|(i, o, t)| (i, o, t.to_owned()))
    );
    assert_eq!(outcome_.frame, Ok(("[]".to_owned(), 3, true)));
    for document in [
        r#"{"help":"0123456789","r":[]}"#,
        r#"{"01234567890123456":[]}"#,
        r#"{"r":[1],"t":[1,2,3,4]}"#,
    ] {
        assert_eq!(
            outcome(document, &["r"], limits).frame.unwrap_err().0,
            ReadErrorKind::Limit,
            "{document}"
        );
    }
}

#[test]
fn stop_is_obeyed_at_once() {
    let mut count = 0;
    let document: &[u8] = b"[1,2,3";
    let frame = slices(&mut BufReader::new(document), &[], WIDE, &mut |_| {
        count += 1;
        if count == 2 {
            ControlFlow::Break(Stop)
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(frame.unwrap().elements, 2);
    assert_eq!(count, 2);
}

#[test]
fn depth_costs_nothing() {
    let deep = format!("[{}{},7]", "[".repeat(100_000), "]".repeat(100_000));
    let outcome = read(deep.as_bytes(), &[], WIDE, 4096);
    assert_eq!(outcome.found.len(), 2);
    assert_eq!(outcome.frame, Ok(("[]".to_owned(), 2, true)));
}

#[test]
fn an_interrupted_read_is_repeated() {
    struct Interrupted(bool, &'static [u8]);
    impl std::io::Read for Interrupted {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0 = !self.0;
            if self.0 {
                Err(ErrorKind::Interrupted.into())
            } else {
                std::io::Read::read(&mut self.1, into)
            }
        }
    }
    let mut count = 0;
    let mut body = BufReader::with_capacity(3, Interrupted(false, b"[1,22,333]"));
    let frame = slices(&mut body, &[], WIDE, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((count, frame.unwrap().elements), (3, 3));
}

/// What a JSON parser takes, the splitter takes, and in the same pieces.
#[test]
fn the_splitter_agrees_with_a_parser_on_hostile_files() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/hostile/jsontestsuite");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: ../shared not present");
        return;
    };
    let mut compared = 0;
    for file in files {
        let file = file.unwrap().path();
        let document = std::fs::read(&file).unwrap();
        let first = read(&document, &[], WIDE, 1);
        for buffer_bytes in [2, 3, 7, 64, 8192] {
            assert_eq!(
                read(&document, &[], WIDE, buffer_bytes),
                first,
                "{}",
                file.display()
            );
        }
        if let Ok(parsed) = serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(&document) {
            let found: Vec<_> = first.found.iter().map(|f| f.2.as_str()).collect();
            let expected: Vec<_> = parsed.iter().map(|raw| raw.get()).collect();
            assert_eq!(found, expected, "{}", file.display());
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} files were compared");
}

/// `cargo test -p harvestd-harvesters --lib json_slices -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let record = format!(
        "{{\"id\":\"1\",\"text\":\"{}\",\"formats\":\"CSV;JSON\",\"n\":[1,2]}}",
        "目錄 of data ".repeat(90)
    );
    let document = format!("[{}]", vec![record; 100_000].join(",\n"));
    let begun = std::time::Instant::now();
    let mut bytes = 0;
    slices(
        &mut BufReader::with_capacity(1 << 16, document.as_bytes()),
        &[],
        WIDE,
        &mut |f| {
            if let Found::Element(s) = f {
                bytes += s.raw.len();
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "{bytes} bytes in {seconds:.3} s: {:.0} MB/s",
        document.len() as f64 / 1e6 / seconds
    );
}

/// Random documents of JSON's own tokens: never a panic or an endless loop, the same through every buffer, and where
/// a parser takes the document, its very elements.
#[test]
fn random_documents_are_split_as_a_parser_splits_them() {
    const TOKENS: [&str; 16] = [
        ",",
        ",",
        ",",
        ",",
        "[",
        "]",
        "{",
        "}",
        ":",
        "\"",
        "\\",
        " ",
        "1",
        "null",
        r#""a,\"""#,
        r#"{"]":[2]}"#,
    ];
    let mut state = 7_u64;
    let mut parsed = 0;
    for round in 0..6000 {
        let inner: String = (0..1 + round % 6)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                TOKENS[(state >> 60) as usize]
            })
            .collect();
        let document = format!("[{inner}]");
        let first = read(document.as_bytes(), &[], WIDE, 1);
        for buffer_bytes in 2..=16 {
            assert_eq!(
                read(document.as_bytes(), &[], WIDE, buffer_bytes),
                first,
                "{document}"
            );
        }
        if let Ok(expected) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&document) {
            let found: Vec<_> = first.found.iter().map(|f| f.2.as_str()).collect();
            let expected: Vec<_> = expected.iter().map(|raw| raw.get()).collect();
            assert_eq!(found, expected, "{document}");
            parsed += 1;
        }
    }
    assert!(parsed > 300, "only {parsed} documents were JSON");
}
