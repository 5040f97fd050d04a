//! What is written is read again; what is missing or cut is an error.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use sha2::{Digest, Sha256};

fn activity(seq: u64, verb: Verb, body: &str) -> Activity {
    Activity {
        seq,
        verb,
        entity: format!("https://e.example/{seq}"),
        published_us: 1_700_000_000_000_000 + seq as i64,
        body: body.to_owned(),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path().join("log"), "https://h.example/").unwrap();
    let all = vec![
        activity(
            1,
            Verb::Create,
            "<https://e.example/1> <https://e.example/p> \"a < b > \\\"c\\\" .\" .\n<https://e.example/1> <https://e.example/q> <https://e.example/1> .\n",
        ),
        activity(2, Verb::Delete, ""),
        activity(
            3,
            Verb::Update,
            "<https://e.example/3> <https://e.example/p> \"資料\"@zh-hant .\n",
        ),
    ];
    let mut writer = log.begin(1, 1).unwrap();
    for a in &all {
        writer.append(a).unwrap();
    }
    let written = writer.finish().unwrap();
    let segments = log.segments(1).unwrap();
    assert_eq!(segments.len(), 1);
    assert_eq!(
        hex::encode(Sha256::digest(fs::read(&segments[0].path).unwrap())),
        written.sha256
    );
    let read: Vec<_> = segments[0]
        .read()
        .unwrap()
        .collect::<io::Result<_>>()
        .unwrap();
    assert_eq!(read, all);
}

/// A log of segments with these numbers, each activity a deletion.
fn log_of(dir: &Path, segments: &[std::ops::RangeInclusive<u64>]) -> Log {
    let log = Log::open(dir.to_owned(), "https://h.example/").unwrap();
    for range in segments {
        let mut writer = log.begin(1, *range.start()).unwrap();
        for seq in range.clone() {
            writer.append(&activity(seq, Verb::Delete, "")).unwrap();
        }
        writer.finish().unwrap();
    }
    log
}

#[test]
fn reading_begins_and_ends_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), &[1..=3, 4..=4, 5..=9]);
    for (after, up_to) in [
        (0, 9),
        (0, 3),
        (2, 4),
        (3, 4),
        (4, 9),
        (6, 8),
        (9, 9),
        (0, 0),
    ] {
        let read: Vec<u64> = log
            .after(1, after, up_to)
            .unwrap()
            .map(|a| a.unwrap().seq)
            .collect();
        assert_eq!(read, (after + 1..=up_to).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_missing_is_an_error_and_never_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), &[4..=6, 9..=9]);
    assert_eq!(log.begins(1).unwrap(), Some(4));
    assert_eq!(log.begins(2).unwrap(), None);
    let kind = |after, up_to| log.after(1, after, up_to).err().map(|e| e.kind());
    assert_eq!(kind(0, 9), Some(io::ErrorKind::NotFound));
    assert_eq!(kind(9, 12), Some(io::ErrorKind::NotFound));
    assert_eq!(kind(3, 6), None);
    let read: Vec<_> = log.after(1, 4, 9).unwrap().collect();
    assert_eq!(read.len(), 3, "5, 6, and an error in place of 7");
    assert_eq!(
        read[2].as_ref().unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    let read: Vec<_> = log.after(1, 8, 12).unwrap().collect();
    assert_eq!(read.len(), 2, "9, and an error in place of 10");
    assert!(read[1].is_err());
}

#[test]
fn a_gap_in_the_numbers_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path().to_owned(), "https://h.example/").unwrap();
    let mut writer = log.begin(1, 5).unwrap();
    assert!(writer.append(&activity(6, Verb::Create, "")).is_err());
}

#[test]
fn sweeping_leaves_what_commits_name() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path().to_owned(), "https://h.example/").unwrap();
    for first in [1, 2, 3] {
        let mut writer = log.begin(1, first).unwrap();
        writer.append(&activity(first, Verb::Delete, "")).unwrap();
        writer.finish().unwrap();
    }
    drop(log.begin(1, 4).unwrap());
    assert_eq!(log.sweep(1, 2).unwrap(), 2);
    assert_eq!(
        log.segments(1)
            .unwrap()
            .iter()
            .map(|s| s.last)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[test]
fn times_are_in_the_stores_canonical_form() {
    for (us, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_100_000, "1970-01-01T00:00:01.1Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
    ] {
        assert_eq!(date_time(us), text);
        assert_eq!(parse_date_time(text), Some(us));
    }
}
