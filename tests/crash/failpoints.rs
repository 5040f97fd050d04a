//! kill -9 at every named place: in the first load, in the bulk load, and in a run of changes and deletions.

use super::*;
use harvestd::log::Verb;
use texts::{export, rows};

/// Small batches, so that a run of 60 rows has several.
const SMALL: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";
const BULK: &str = "bulk_bytes_min = 1";

/// What was there before, and what the source says now.
struct Case {
    limits: &'static str,
    before: Option<String>,
    now: String,
}

fn first_load(limits: &'static str) -> Case {
    Case {
        limits,
        before: None,
        now: export(&rows(1, 60, 1)),
    }
}

/// Rows 1 to 5 go, 6 to 40 change, 61 to 130 come.
fn changes() -> Case {
    let mut now = rows(6, 40, 2);
    now.extend(rows(41, 130, 1));
    Case {
        limits: SMALL,
        before: Some(export(&rows(1, 60, 1))),
        now: export(&now),
    }
}

/// Descriptions without what a clock wrote into them.
fn timeless(whole: &Whole, origin: &Origin) -> String {
    let by_clock = |line: &&str| line.contains("/record/") && line.contains("dateTime>");
    let lines = whole.graph.lines().filter(|line| !by_clock(line));
    lines
        .map(|line| line.replace(&origin.url, "") + "\n")
        .collect()
}

/// Runs to the failpoint, looks, runs again, and compares with a run that nobody killed.
async fn dies_at(failpoint: &str, case: Case) {
    let bed = Bed::new(
        case.before.clone().unwrap_or_else(|| case.now.clone()),
        case.limits,
    )
    .await;
    if case.before.is_some() {
        bed.completes().await;
    }
    let before = match case.before {
        Some(_) => Some(bed.whole().await),
        None => None,
    };
    bed.origin.say("/a", JSON, case.now.clone());

    let killed = bed.run(failpoint).await;
    let log = String::from_utf8_lossy(&killed.stderr).into_owned();
    assert!(was_killed(&killed), "{failpoint}: {}\n{log}", killed.status);
    let after = bed.whole().await;
    if let Some(before) = &before {
        assert_eq!(
            after.log[..before.log.len()],
            before.log,
            "{failpoint}: history stays"
        );
        for (entity, body) in &before.bodies {
            let deleted = after.log.contains(&(Verb::Delete, entity.clone()));
            assert!(
                after.bodies.contains_key(entity) || deleted,
                "{failpoint}: {entity}, {body}"
            );
        }
    }

    let report = bed.completes().await;
    assert_eq!(
        report.counts.holds,
        if case.before.is_some() { 125 } else { 60 },
        "{failpoint}: {}",
        report.line()
    );
    let done = bed.whole().await;
    assert_eq!(
        done.log[..after.log.len()],
        after.log,
        "{failpoint}: history stays"
    );
    assert_eq!(
        bed.completes().await.activities,
        None,
        "{failpoint}: nothing is left to do"
    );

    let other = Bed::new(case.before.unwrap_or_else(|| case.now.clone()), case.limits).await;
    other.completes().await;
    other.origin.say("/a", JSON, case.now);
    other.completes().await;
    let uncrashed = other.whole().await;
    assert_eq!(
        timeless(&done, &bed.origin),
        timeless(&uncrashed, &other.origin),
        "{failpoint}"
    );
    let by_entity = |whole: &Whole| {
        let mut log: Vec<String> = whole.log.iter().map(|a| format!("{a:?}")).collect();
        log.sort();
        log
    };
    assert_eq!(
        by_entity(&done),
        by_entity(&uncrashed),
        "{failpoint}: each change is logged once"
    );
}

macro_rules! dies {
    ($($name:ident: $failpoint:literal, $case:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            dies_at($failpoint, $case).await;
        }
    )*};
}

dies! {
    first_load_in_the_first_segment: "segment-write=return", first_load(SMALL);
    first_load_half_in_the_first_segment: "segment-half=return", first_load(SMALL);
    first_load_half_in_the_second_segment: "segment-half=2*off->return", first_load(SMALL);
    bulk_half_in_the_segment: "segment-half=return", first_load(BULK);
    changes_half_in_the_first_segment: "segment-half=return", changes();
    first_load_after_the_first_segment: "segment-written=return", first_load(SMALL);
    first_load_before_the_first_commit: "commit=return", first_load(SMALL);
    first_load_after_the_first_commit: "committed=return", first_load(SMALL);
    first_load_in_the_second_segment: "segment-write=1*off->return", first_load(SMALL);
    first_load_before_the_second_commit: "commit=1*off->return", first_load(SMALL);
    first_load_in_the_snapshot: "backup=return", first_load(SMALL);
    first_load_before_pruning: "prune=return", first_load(SMALL);
    first_load_after_pruning: "pruned=return", first_load(SMALL);
    first_load_in_the_state: "state=return", first_load(SMALL);
    bulk_in_the_segment: "segment-write=return", first_load(BULK);
    bulk_after_the_segment: "segment-written=return", first_load(BULK);
    bulk_written_and_not_ingested: "bulk=return", first_load(BULK);
    bulk_before_ingesting: "ingest=return", first_load(BULK);
    bulk_after_ingesting: "ingested=return", first_load(BULK);
    bulk_in_the_state: "state=return", first_load(BULK);
    changes_in_the_first_segment: "segment-write=return", changes();
    changes_after_the_first_segment: "segment-written=return", changes();
    changes_before_the_first_commit: "commit=return", changes();
    changes_after_the_first_commit: "committed=return", changes();
    changes_after_the_second_commit: "committed=1*off->return", changes();
    changes_in_the_snapshot: "backup=1*off->return", changes();
    changes_before_pruning: "prune=1*off->return", changes();
    changes_in_the_state: "state=return", changes();
    first_load_before_the_digest: "digest=return", first_load(SMALL);
    bulk_before_the_digest: "digest=return", first_load(BULK);
    changes_before_the_digest: "digest=return", changes();
}

/// The daemon dies when it opens: in the snapshot that it publishes at the start.
#[tokio::test(flavor = "multi_thread")]
async fn opening_can_die_as_well() {
    let bed = Bed::new(export(&rows(1, 20, 1)), SMALL).await;
    bed.completes().await;
    let before = bed.whole().await;
    for failpoint in ["backup=return", "prune=return"] {
        assert!(was_killed(&bed.run(failpoint).await), "{failpoint}");
        assert_eq!(bed.whole().await, before, "{failpoint}");
    }
}

/// Half a run is committed when it dies, and the source takes its changes back: "not modified" since the run before
/// would leave the half standing.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_takes_its_changes_back() {
    let old = export(&rows(1, 60, 1));
    let bed = Bed::new(old.clone(), SMALL).await;
    bed.completes().await;
    let before = bed.whole().await;
    bed.origin.say("/a", JSON, export(&rows(1, 60, 2)));
    assert!(was_killed(&bed.run("committed=return").await));
    assert_ne!(bed.whole().await.titles(), before.titles());
    bed.origin.say("/a", JSON, old);
    let report = bed.completes().await;
    assert_eq!(report.not_modified, 0, "{}", report.line());
    let after = bed.whole().await;
    assert_eq!(after.titles(), before.titles());
    assert_eq!(
        after.bodies, before.bodies,
        "changed and changed back: the same bytes"
    );
}

/// Corrections are laid when the data directory is opened, in a commit of their own: a death in it, or before what is said
/// of them is written, leaves nothing that the next opening does not mend.
#[tokio::test(flavor = "multi_thread")]
async fn dying_while_corrections_are_laid() {
    let bed = Bed::new(export(&rows(1, 20, 1)), SMALL).await;
    bed.completes().await;
    let never = bed.whole().await;
    let plain = std::fs::read_to_string(bed.file()).unwrap();
    let corrections: String = (1..=5)
        .map(|n| format!("[[override]]\ndataset = \"https://data.gov.tw/dataset/{n}\"\nproperty = \"dct:title\"\nexpect = \"資料 {n}.1\"\nset = \"corrected\"\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n"))
        .collect();
    let corrected = format!("{plain}{corrections}");
    let points = [
        "segment-written=return",
        "commit=return",
        "commit=1*off->return",
        "committed=return",
    ];
    for (text, wanted) in [(&corrected, 5), (&plain, 0)] {
        std::fs::write(bed.file(), text).unwrap();
        for point in points {
            let killed = bed.run(point).await;
            assert!(was_killed(&killed), "{point}: {}", killed.status);
        }
        bed.completes().await;
        let config = harvestd::config::Config::load(&bed.file()).unwrap();
        let house = House::with(config);
        let whole = Whole::of(&house.daemon);
        house.close().await;
        let found = whole.graph.matches("\"corrected\"").count();
        assert_eq!(found, wanted, "{:?}", whole.log);
        if wanted == 0 {
            assert_eq!(whole.bodies, never.bodies, "the same bytes as before");
            assert!(!whole.quads.iter().any(|q| q.contains("graph/overrides>")));
        }
    }
}

/// Half of a segment is on disk, which no reader would take for a whole one: it goes, and its number is given again.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_segment_is_swept() {
    let bed = Bed::new(export(&rows(1, 60, 1)), SMALL).await;
    assert!(was_killed(&bed.run("segment-half=2*off->return").await));
    let of_log = |ending: &str| {
        let files = whole::files(&bed.data_dir().join("log")).into_iter();
        let files = files.filter(|path| path.to_string_lossy().ends_with(ending));
        files.collect::<Vec<_>>()
    };
    let half = of_log(".tmp");
    let [half] = half.as_slice() else {
        panic!("{half:?}")
    };
    let bytes = std::fs::read(half).unwrap();
    assert!(bytes.len() > 100, "{}", bytes.len());
    let cut = zstd::decode_all(bytes.as_slice()).unwrap_err();
    assert!(cut.to_string().contains("incomplete frame"), "{cut}");
    let before = of_log(".nq.zst");
    assert_eq!(before.len(), 1);

    let whole = bed.whole().await;
    assert_eq!(of_log(".tmp"), Vec::<PathBuf>::new());
    assert_eq!(of_log(".nq.zst"), before);
    assert!(!whole.log.is_empty() && whole.bodies.len() < 60);
    assert_eq!(bed.completes().await.counts.holds, 60);
    assert!(of_log(".nq.zst").len() > 1);
    bed.whole().await;
}
