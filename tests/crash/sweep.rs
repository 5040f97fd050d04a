//! Every failpoint there is, found in the program's own text: a run dies at each that it passes, and the others name the
//! test that dies there. So a new failpoint cannot be left out.

use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use texts::{export, rows};

const SMALL: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";
const BULK: &str = "bulk_bytes_min = 1";

/// Failpoints that a run of one source does not pass, each with the file whose test injects it.
const ELSEWHERE: [(&str, &str); 20] = [
    ("decided", "tests/crash/decided.rs"),
    ("dump-file", "tests/dumps.rs"),
    ("erase-begun", "tests/erase.rs"),
    ("erase-between", "tests/erase.rs"),
    ("erase-deleted", "tests/erase.rs"),
    ("erase-parts", "tests/erase.rs"),
    ("erase-written", "tests/erase.rs"),
    ("feedback-durable", "tests/feedback/killed.rs"),
    ("feedback-judge", "tests/feedback/killed.rs"),
    ("feedback-override", "tests/feedback/killed.rs"),
    ("feedback-write", "tests/feedback/killed.rs"),
    ("generation", "tests/feed/replay.rs"),
    ("generation-committed", "tests/feed/replay.rs"),
    ("learned", "tests/crash/shared.rs"),
    ("publish", "tests/outgoing/unpublished.rs"),
    ("push-answer", "tests/push/killed.rs"),
    ("scrub-copied", "tests/recovery"),
    ("swap-begun", "tests/recovery"),
    ("swap-between", "tests/recovery"),
    ("swap-half", "tests/recovery"),
];

/// What the program does at a failpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Dies,
    Fails,
    Waits,
}

/// All failpoints, by the text of the program.
pub(super) fn failpoints() -> BTreeMap<String, At> {
    let ways = [
        ("crash_point!", At::Dies),
        ("trouble_point!", At::Fails),
        ("crash::hold", At::Waits),
    ];
    let mut found = BTreeMap::new();
    for (path, text) in texts_below(Path::new("src")) {
        if path.ends_with("src/crash.rs") {
            continue;
        }
        for (call, at) in ways {
            for rest in text.split(call).skip(1) {
                let name = rest
                    .strip_prefix('(')
                    .and_then(|rest| rest.trim_start().strip_prefix('"'));
                let name = name.and_then(|name| name.split_once('"'));
                let (name, _) = name
                    .unwrap_or_else(|| panic!("a failpoint without a name in {}", path.display()));
                let before = found.insert(name.to_owned(), at);
                assert_eq!(before, None, "two failpoints are called {name}");
            }
        }
    }
    found
}

fn texts_below(path: &Path) -> Vec<(PathBuf, String)> {
    let files = if path.is_dir() {
        whole::files(path)
    } else {
        vec![path.to_owned()]
    };
    let rust = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "rs"));
    rust.map(|file| (file.clone(), std::fs::read_to_string(file).unwrap()))
        .collect()
}

/// Dies at the failpoint in a run of that bed, or says that the run does not pass it.
async fn dies(name: &str, bed: &Bed) -> bool {
    let killed = bed.run(&format!("{name}=return")).await;
    if !was_killed(&killed) {
        assert!(killed.status.success(), "{name}: {}", killed.status);
        return false;
    }
    let after = bed.whole().await;
    bed.completes().await;
    let done = bed.whole().await;
    assert_eq!(
        done.log[..after.log.len()],
        after.log,
        "{name}: history stays"
    );
    assert_eq!(
        bed.completes().await.activities,
        None,
        "{name}: nothing is left to do"
    );
    true
}

/// A first load and a run of changes; where it is not passed there, a first load in bulk.
async fn dies_in_a_run(name: &str) -> bool {
    let bed = Bed::new(export(&rows(1, 30, 1)), SMALL).await;
    let mut died = dies(name, &bed).await;
    bed.origin.say("/a", JSON, export(&rows(1, 30, 2)));
    died |= dies(name, &bed).await;
    if !died {
        let bed = Bed::new(export(&rows(1, 30, 2)), BULK).await;
        died = dies(name, &bed).await;
        assert_eq!(bed.whole().await.titles(), titles(), "{name}");
    }
    assert_eq!(bed.whole().await.titles(), titles(), "{name}");
    died
}

fn titles() -> BTreeSet<String> {
    (1..=30).map(|n| format!("資料 {n}.2")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_dies_at_every_failpoint_that_it_passes() {
    let elsewhere: BTreeMap<&str, &str> = ELSEWHERE.into();
    let all = failpoints();
    assert!(all.len() > 20, "{all:?}");
    for (name, at) in &all {
        match elsewhere.get(name.as_str()) {
            Some(file) => {
                let named = [format!("\"{name}"), format!("{name}=")];
                let is_there = texts_below(Path::new(file))
                    .into_iter()
                    .any(|(path, text)| {
                        !path.ends_with("crash/sweep.rs")
                            && named.iter().any(|n| text.contains(n.as_str()))
                    });
                assert!(is_there, "no test in {file} injects {name}");
            }
            None if *at == At::Dies => assert!(
                dies_in_a_run(name).await,
                "no run dies at {name}: which test injects it? Name it in ELSEWHERE"
            ),
            None => assert!(
                *at == At::Fails,
                "{name} holds a thread up, and no test is named"
            ),
        }
    }
    let gone: Vec<_> = elsewhere
        .keys()
        .filter(|name| !all.contains_key(**name))
        .collect();
    assert!(gone.is_empty(), "no failpoints are called {gone:?}");
}
