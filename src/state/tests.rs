//! The state, opened again after everything that can happen to it.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

const CACHE_BYTES: u64 = 1 << 20;
const HEAD: Head = Head {
    generation: 1,
    seq: 7,
    published_us: 9,
};

fn filled(dir: &Path) -> Head {
    let (state, found) = State::open(
        dir,
        Head {
            generation: 1,
            seq: 0,
            published_us: 0,
        },
        CACHE_BYTES,
    )
    .unwrap();
    assert_eq!(found, Found::Fresh);
    let source = SourceState {
        bookmark: Some(Bookmark("b".into())),
        epoch: "e".into(),
        ..SourceState::default()
    };
    state.begin_applying("s").unwrap();
    let upserts = [
        (RecordId::dataset("a"), vec![([1; 8], [2; 16])]),
        (RecordId::new(Class::Agent, "b"), vec![]),
    ];
    state
        .commit("s", HEAD, upserts.into_iter(), std::iter::empty(), &source)
        .unwrap();
    HEAD
}

/// A process that is being started has a copy of every open file until it becomes another program.
#[test]
fn a_file_that_is_locked_for_a_moment_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let file = std::fs::File::open(dir.path().join("state/db")).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let other = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        drop(file);
    });
    let (_, found) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
    assert_eq!(found, Found::Good, "and not set aside as broken");
    other.join().unwrap();
}

#[test]
fn what_is_committed_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (state, found) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
    assert_eq!(found, Found::Good);
    assert!(!state.interrupted("s").unwrap());
    let mut had = state.had("s", "e").unwrap();
    assert_eq!((had.records.len(), had.datasets), (2, 1));
    assert_eq!(
        had.records[&id_digest(&RecordId::dataset("a"))].parts,
        vec![([1; 8], [2; 16])]
    );
    had.records
        .get_mut(&id_digest(&RecordId::dataset("a")))
        .unwrap()
        .seen = true;
    assert_eq!(
        state.unseen("s", &had).unwrap(),
        [RecordId::new(Class::Agent, "b")]
    );
    let other_epoch = state.had("s", "f").unwrap();
    assert!(
        other_epoch.records.values().all(|k| k.parts.is_empty()),
        "a changed mapping describes everything again"
    );
}

#[test]
fn a_state_that_is_ahead_forgets_hashes_and_bookmarks() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (state, found) = State::open(dir.path(), Head { seq: 6, ..HEAD }, CACHE_BYTES).unwrap();
    assert!(matches!(found, Found::Rebuilt(_)), "{found:?}");
    assert!(state.had("s", "e").unwrap().records.is_empty());
    assert_eq!(state.source("s").unwrap().bookmark, None);
}

#[test]
fn what_tells_of_records_is_found_by_its_keys_until_the_state_is_doubted() {
    use crate::identity::{Features, candidates::keys};
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let record = |source: &str, url: &str| Features {
        record: format!("r/{source}").into(),
        entity: format!("e/{source}").into(),
        source: source.into(),
        urls: vec![url.into()],
        ..Features::default()
    };
    let (a, b) = (record("a", "x/1"), record("b", "x/1"));
    let moved = record("b", "x/2");
    let holders = |state: &State, of: &Features| -> Vec<Holder> {
        let found = state.holders(keys(of)[0]).unwrap();
        found.map(Result::unwrap).collect()
    };
    {
        let (state, _) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
        let all = [a.clone(), b.clone()].into_iter().map(Ok::<_, StateError>);
        state.fill_identity(all).unwrap();
        assert_eq!(holders(&state, &a).len(), 2);
        state.set_features(Some(&b), Some(&moved)).unwrap();
        assert_eq!(holders(&state, &a), [Holder::of(&a)]);
        assert_eq!(holders(&state, &moved), [Holder::of(&b)]);
        assert_eq!(
            state.features_about("e/b").unwrap(),
            std::slice::from_ref(&moved)
        );
        state.set_features(Some(&moved), None).unwrap();
        assert_eq!(holders(&state, &moved), []);
        assert_eq!(state.features_of(tag("r/b")).unwrap(), None);
        state.trust_identity("rules", Joined::default()).unwrap();
    }
    let (state, found) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
    assert_eq!(found, Found::Good);
    assert_eq!(holders(&state, &a), [Holder::of(&a)]);
    assert_eq!(state.identity_basis().unwrap().as_deref(), Some("rules"));
    drop(state);
    let (state, _) = State::open(dir.path(), Head { seq: 6, ..HEAD }, CACHE_BYTES).unwrap();
    assert_eq!(holders(&state, &a), [], "it was ahead of the store");
    assert_eq!(state.identity_basis().unwrap(), None);
}

#[test]
fn a_state_that_is_behind_keeps_its_bookmark() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (state, found) = State::open(dir.path(), Head { seq: 8, ..HEAD }, CACHE_BYTES).unwrap();
    assert!(matches!(found, Found::Rebuilt(_)), "{found:?}");
    assert_eq!(
        state.source("s").unwrap().bookmark,
        Some(Bookmark("b".into()))
    );
}

#[test]
fn a_broken_state_is_set_aside() {
    for damage in ["truncated", "flipped", "missing"] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path());
        let db = dir.path().join("state/db");
        let bytes = std::fs::read(&db).unwrap();
        match damage {
            "truncated" => std::fs::write(&db, b"").unwrap(),
            "flipped" => {
                std::fs::write(&db, bytes.iter().map(|b| b ^ 0x55).collect::<Vec<_>>()).unwrap()
            }
            _ => std::fs::remove_dir_all(dir.path().join("state")).unwrap(),
        }
        let (state, found) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
        assert!(matches!(found, Found::Rebuilt(_)), "{damage}: {found:?}");
        assert_eq!(
            state
                .rebuild("s", [RecordId::dataset("a")].into_iter())
                .unwrap(),
            1
        );
        assert_eq!(state.had("s", "e").unwrap().datasets, 1);
    }
}

#[test]
fn an_interrupted_commit_is_known() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (state, _) = State::open(dir.path(), HEAD, CACHE_BYTES).unwrap();
    state.begin_applying("s").unwrap();
    assert!(state.interrupted("s").unwrap());
}
