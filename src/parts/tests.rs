//! What is kept is found again, what is not is not, and what is damaged is not read.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

const KINDS: &[PartKind] = &[kind("row"), kind("detail")];

const fn kind(name: PartName) -> PartKind {
    PartKind {
        name,
        replaces: &[],
        stands_alone: true,
        repeats: false,
    }
}

fn id(key: u64) -> RecordId {
    RecordId::dataset(key.to_string())
}

fn log(dir: &Path, run: &str) -> Log {
    Parts::new(dir).open("s", run, KINDS).unwrap()
}

fn text(log: &mut Log, key: u64) -> Option<String> {
    let record = log.record(&id_digest(&id(key))).unwrap()?;
    let part = |(name, raw): &(PartName, Vec<u8>)| {
        format!(
            "{name}={}",
            String::from_utf8_lossy(&raw[..raw.len().min(9)])
        )
    };
    Some(record.parts.iter().map(part).collect::<Vec<_>>().join(" "))
}

fn segments(dir: &Path) -> usize {
    fs::read_dir(dir.join("parts/s")).unwrap().count() - 1
}

#[test]
fn what_a_killed_run_began_is_swept_when_the_directory_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    Parts::new(dir.path()).sweep().unwrap();
    let mut kept = log(dir.path(), "1");
    kept.put(&id(1), "row", b"one").unwrap();
    kept.finish().unwrap();
    let begun = dir.path().join("parts/s/2-s.tmp");
    fs::write(&begun, "half").unwrap();
    Parts::new(dir.path()).sweep().unwrap();
    assert!(!begun.exists());
    assert_eq!(text(&mut log(dir.path(), "3"), 1).unwrap(), "row=one");
}

#[test]
fn a_later_word_wins_and_what_does_not_count_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = log(dir.path(), "1");
    for key in 1..=3 {
        one.put(&id(key), "row", b"old").unwrap();
    }
    one.put(&id(1), "row", b"new").unwrap();
    assert_eq!(text(&mut one, 1).as_deref(), Some("row=new"), "at once");
    one.finish().unwrap();
    let mut two = log(dir.path(), "2");
    two.put(&id(1), "detail", b"page").unwrap();
    two.put(&id(2), "row", b"newer").unwrap();
    two.remove(&id(3)).unwrap();
    two.missed(&id(2), 2, 99).unwrap();
    two.finish().unwrap();
    let mut gone = log(dir.path(), "3");
    gone.put(&id(1), "row", b"never").unwrap();
    drop(gone);
    assert_eq!(segments(dir.path()), 2);
    let mut now = log(dir.path(), "4");
    assert_eq!(text(&mut now, 1).as_deref(), Some("row=new detail=page"));
    assert_eq!(text(&mut now, 2).as_deref(), Some("row=newer"));
    assert_eq!(text(&mut now, 3), None);
    let held = now.held(&id_digest(&id(2))).unwrap();
    assert_eq!(held.missed.map(|m| (m.tries, m.at_ms)), Some((2, 99)));
    assert_eq!(now.all().len(), 2);
    now.drop_part(&id(1), "detail").unwrap();
    now.finish().unwrap();
    assert_eq!(
        text(&mut log(dir.path(), "5"), 1).as_deref(),
        Some("row=new")
    );
}

#[test]
fn the_folder_does_not_grow_with_the_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut most = 0;
    for run in 0..60_u64 {
        let mut log = log(dir.path(), &format!("{run:03}"));
        for key in 0..20 {
            let mut raw = format!("{run}-{key} ").into_bytes();
            raw.resize(20_000, b'x');
            if run == 0 || key % 4 == run % 4 {
                log.put(&id(key), "row", &raw).unwrap();
            }
        }
        log.missed(&id(1), 1, 7).unwrap();
        log.finish().unwrap();
        most = most.max(segments(dir.path()));
    }
    assert!(most <= SEGMENTS_MAX + 1, "{most} segments");
    let mut log = log(dir.path(), "999");
    for key in 0..20_u64 {
        let last = (0..60).rev().find(|run| key % 4 == run % 4).unwrap();
        let found = text(&mut log, key).unwrap();
        assert!(found.starts_with(&format!("row={last}-{key} ")), "{found}");
    }
    assert!(log.held(&id_digest(&id(1))).unwrap().missed.is_some());
    assert!(log.dead_bytes <= log.live_bytes.max(DEAD_BYTES_MIN) * 2);
}

#[test]
fn what_is_damaged_is_not_read() {
    for damage in ["index", "block", "missing"] {
        let dir = tempfile::tempdir().unwrap();
        let mut first = log(dir.path(), "1");
        first.put(&id(1), "row", b"something").unwrap();
        first.finish().unwrap();
        let path = dir.path().join("parts/s/1.parts");
        let mut bytes = fs::read(&path).unwrap();
        let at = if damage == "index" {
            bytes.len() - 30
        } else {
            12
        };
        bytes[at] ^= 0x55;
        match damage {
            "missing" => fs::remove_file(&path).unwrap(),
            _ => fs::write(&path, &bytes).unwrap(),
        }
        let mut log = log(dir.path(), "2");
        if damage == "block" {
            assert!(log.record(&id_digest(&id(1))).is_err());
            drop(log);
            log = super::tests::log(dir.path(), "3");
            assert!(log.all().is_empty(), "nobody reads it a second time");
        } else {
            assert!(log.damaged.is_some(), "{damage}");
            assert!(log.all().is_empty());
        }
        log.put(&id(1), "row", b"again").unwrap();
        log.finish().unwrap();
        assert_eq!(
            text(&mut super::tests::log(dir.path(), "4"), 1).as_deref(),
            Some("row=again")
        );
    }
}
