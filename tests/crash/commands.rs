//! Commands on a data directory that is not (yet) what they need: they say so, and change nothing.

use super::*;
use harvestd::{
    daemon::write_limits,
    store::{Head, Store},
};
use std::collections::{BTreeMap, BTreeSet};
use texts::{export, rows};

const NOTHING_RUNS: i32 = 5;
const UNKNOWN_SOURCE: i32 = 4;

async fn told(bed: &Bed, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    program.args(arguments).args(["--json", "--config"]);
    let ended = program.arg(bed.file()).kill_on_drop(true).output();
    let output = tokio::time::timeout(DEADLINE, ended)
        .await
        .unwrap()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_writes_nothing() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    for exists in [false, true] {
        if exists {
            std::fs::create_dir(bed.data_dir()).unwrap();
        }
        for arguments in [
            &["status"][..],
            &["status", "a"],
            &["query", "ASK {}"],
            &["export"],
        ] {
            let (code, out, error) = told(&bed, arguments).await;
            assert_eq!(code, Some(NOTHING_RUNS), "{arguments:?}: {error}");
            assert!(error.contains("harvestd run SOURCE"), "{error}");
            assert_eq!(out, "", "{arguments:?}");
        }
        let (code, out, error) = told(&bed, &["sources"]).await;
        assert_eq!(code, Some(0), "{error}");
        assert!(out.contains("\"a\""), "the configuration is enough: {out}");
        let made: Vec<PathBuf> = match exists {
            true => whole::files(&bed.data_dir()),
            false => bed
                .data_dir()
                .exists()
                .then(|| bed.data_dir())
                .into_iter()
                .collect(),
        };
        assert_eq!(made, Vec::<PathBuf>::new(), "no store, no lock, no token");
    }
    assert_eq!(bed.origin.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_is_a_file() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    std::fs::write(bed.data_dir(), "mine").unwrap();
    for arguments in [&["status"][..], &["run", "a"], &["serve"]] {
        let (code, _, error) = told(&bed, arguments).await;
        assert_eq!(code, Some(1), "{arguments:?}: {error}");
        assert!(
            error.contains("a file stands where a folder is needed")
                && error.contains("--data-dir"),
            "{arguments:?}: {error}"
        );
    }
    assert_eq!(std::fs::read_to_string(bed.data_dir()).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_nobody_configured() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.completes().await;
    for command in ["status", "run", "check"] {
        let (code, _, error) = told(&bed, &[command, "aa"]).await;
        assert_eq!(code, Some(UNKNOWN_SOURCE), "{error}");
        assert!(
            error.contains("no source is called \"aa\" (did you mean \"a\"?); configured are: a"),
            "{command}: {error}"
        );
        let (_, _, error) = told(&bed, &[command, "weather-service"]).await;
        assert!(!error.contains("did you mean"), "{error}");
        assert!(error.contains("configured are: a"), "{error}");
    }
}

/// Without a daemon, the next run is told all the same: when one would begin it.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_is_known_without_a_daemon() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.configure("schedule = \"0 3 1 1 *\"");
    bed.completes().await;
    let (code, out, error) = told(&bed, &["status"]).await;
    assert_eq!(code, Some(0), "{error}");
    let status: serde_json::Value = serde_json::from_str(&out).unwrap();
    let due = status["sources"][0]["next_due_ms"].as_i64().unwrap();
    assert!(due > chrono::Utc::now().timestamp_millis(), "{out}");
}

/// A correction and a shared vocabulary that no daemon has taken over yet.
fn configure_more(bed: &Bed) {
    let correction = "[[override]]\ndataset = \"https://data.gov.tw/dataset/1\"\nproperty = \"dct:title\"\nexpect = \"資料 1.1\"\nset = \"changed\"\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n";
    let text = texts::configuration(&bed.data_dir(), bed.limits, &[bed.source("")]);
    let text = format!("shared = [\"tw\"]\n{text}{correction}");
    std::fs::write(bed.file(), text).unwrap();
}

/// What a command that reads must leave as it was.
#[derive(Debug, PartialEq)]
struct Held {
    head: Head,
    quads: BTreeSet<String>,
    log: BTreeMap<PathBuf, Vec<u8>>,
    snapshots: BTreeSet<PathBuf>,
}

impl Held {
    fn of(bed: &Bed) -> Self {
        let dir = bed.data_dir();
        let config = texts::config(&dir, bed.limits, &[bed.source("")]);
        let store = Store::open(&dir, texts::BASE, write_limits(&config)).unwrap();
        let quads = store.quads().iter().map(|quad| quad.unwrap().to_string());
        let log = whole::files(&dir.join("log")).into_iter();
        let log = log.filter(|path| path.is_file()).map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        });
        let snapshots = std::fs::read_dir(dir.join("snapshots")).unwrap();
        Self {
            head: store.head(),
            quads: quads.collect(),
            log: log.collect(),
            snapshots: snapshots.map(|entry| entry.unwrap().path()).collect(),
        }
    }
}

/// Whatever else is configured by now: it counts from the next start on, or the next run.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_commits_nothing() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.completes().await;
    let before = Held::of(&bed);
    assert!(before.head.seq > 0 && !before.log.is_empty() && before.snapshots.len() == 1);
    configure_more(&bed);
    let dataset = "https://data.gov.tw/dataset/1";
    for (arguments, exit, says) in [
        (&["status"][..], 0, "\"a\""),
        (&["status", "a"], 0, "complete"),
        (&["query", "SELECT * { ?s ?p ?o }"], 0, "資料 1.1"),
        (&["export"], 0, "資料 1.1"),
        (&["verify", "--replay"], 0, "\"with\":\"log\""),
        (&["identity", "list"], 0, "\"records\":3"),
        (&["identity", "explain", dataset], 0, "[]"),
        (&["identity", "decisions"], 0, "[]"),
        (&["overrides", "list"], 0, "\"not in force\""),
        (&["overrides", "check"], 1, "\"not in force\""),
        (&["overrides", "explain", dataset], 0, "\"not in force\""),
        (&["webhooks", "list"], 0, "[]"),
        (&["feedback", "list"], 0, "[]"),
        (&["check", "a"], 0, "\"unchanged\":3"),
    ] {
        let (code, out, error) = told(&bed, arguments).await;
        assert_eq!(code, Some(exit), "{arguments:?}: {error}");
        assert!(out.contains(says), "{arguments:?}: {out}");
        assert_eq!(Held::of(&bed), before, "{arguments:?}");
    }

    // A run is no reader.
    bed.completes().await;
    let after = Held::of(&bed);
    assert!(after.head.seq > before.head.seq);
    let (code, out, error) = told(&bed, &["overrides", "list"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("\"applied\""), "{out}");
    // Nor does a reader take anything back.
    bed.configure("");
    let (code, out, error) = told(&bed, &["export"]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("\"changed\""), "{out}");
    assert_eq!(Held::of(&bed), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_makes_no_data_directory() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    configure_more(&bed);
    for exists in [false, true] {
        if exists {
            std::fs::create_dir(bed.data_dir()).unwrap();
        }
        let (code, out, error) = told(&bed, &["check", "a"]).await;
        assert_eq!(code, Some(0), "{error}");
        let report: Report = serde_json::from_str(&out).unwrap();
        assert_eq!((report.counts.new, report.activities), (3, None), "{out}");
        assert_eq!(bed.data_dir().exists(), exists);
        if exists {
            assert_eq!(whole::files(&bed.data_dir()), Vec::<PathBuf>::new());
        }
    }
}

/// It is configured, so it is not an unknown one; there is just nothing to tell of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_never_ran() {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.completes().await;
    let text = std::fs::read_to_string(bed.file()).unwrap();
    std::fs::write(bed.file(), text + &bed.source("").replace("\"a\"", "\"b\"")).unwrap();
    let (code, out, error) = told(&bed, &["status", "b"]).await;
    assert_eq!((code, out.as_str()), (Some(NOTHING_RUNS), ""), "{error}");
    assert!(error.contains("\"b\" never ran to an end"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_prints_is_whole_lines_and_its_errors_name_files() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.completes().await;
    let ask = async |query: &str| told(&bed, &["query", "-o", "table", query]).await;
    assert_eq!(ask("ASK {}").await.1, "true\n");
    let (code, out, error) = ask("SELECT ?s { ?s <a:b> ?o }").await;
    assert_eq!((code, out.as_str()), (Some(0), "?s\n"));
    assert!(error.contains("no rows"), "{error}");
    let (code, _, error) = told(&bed, &["query", "--file", "nope.rq"]).await;
    assert_eq!(code, Some(2));
    assert!(error.contains("nope.rq"), "{error}");
    let (code, _, error) = told(&bed, &["export", "--out", "no/such/x.ttl"]).await;
    assert_eq!(code, Some(1));
    assert!(
        error.contains("made in no/such: entity not found"),
        "{error}"
    );
    let file = bed.data_dir().with_file_name("x.ttl");
    let beside = bed.data_dir().with_file_name("beside");
    let (code, ..) = told(&bed, &["export", "--out", file.to_str().unwrap()]).await;
    assert_eq!(code, Some(0));
    std::fs::write(&beside, "").unwrap();
    let mode = |file| std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode(&file), mode(&beside), "as any new file of the user's");
}
