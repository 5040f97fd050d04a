//! The Nth write fails, for each N and each thing that is written: the log, the store, the state, the stage, the undo journal,
//! the gate's book, a report. The daemon says so and lives on; the next run mends it, and so would a restart.

use super::{
    signals::Serving,
    sweep::{At, failpoints},
    *,
};
use harvestd::report::Outcome;
use texts::{export, rows};

const SMALL: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";
const ROWS: usize = 60;
/// Datasets that the source has afterwards, of which the first five are gone.
const LAST: usize = 170;
/// More passages than a run has of any; of stage and the like, the first and some more are enough.
const TIMES: [usize; 4] = [0, 1, 3, 60];

/// Five go, others change, many come.
fn now() -> String {
    export(&rows(6, LAST, 2))
}

async fn run(bed: &Bed) -> Report {
    let output = bed.command("run", "").arg("a").output();
    let output = tokio::time::timeout(DEADLINE, output)
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// True: the run was troubled.
async fn fails(name: &str, passed: usize, uncrashed: &Whole) -> bool {
    let bed = Bed::new(export(&rows(1, ROWS, 1)), SMALL).await;
    bed.completes().await;
    let before = bed.whole().await;
    let case = format!("{name} after {passed}");
    let serving = Serving::with(&bed, &format!("{name}={passed}*off->1*return->off")).await;
    bed.origin.say("/a", JSON, now());
    let first = run(&bed).await;
    let troubled = first.outcome == Outcome::Failed;
    if troubled {
        let why = first.why.as_deref().unwrap_or_default();
        assert!(why.contains("a planned failure"), "{case}: {why}");
    }
    let serving = match troubled {
        true => serving,
        // It is for the first run, and would meet another.
        false => {
            serving.terminate().await;
            Serving::start(&bed).await
        }
    };
    let second = run(&bed).await;
    assert_eq!(
        second.outcome,
        Outcome::Complete,
        "{case}: {}",
        second.line()
    );
    assert_eq!(second.counts.holds as usize, LAST - 5, "{case}");
    assert_eq!(
        run(&bed).await.activities,
        None,
        "{case}: nothing is left to do"
    );
    serving.terminate().await;
    let after = bed.whole().await;
    assert_eq!(
        after.log[..before.log.len()],
        before.log,
        "{case}: history stays"
    );
    assert_eq!(after.titles(), uncrashed.titles(), "{case}");
    let sorted = |whole: &Whole| {
        let mut log: Vec<String> = whole.log.iter().map(|a| format!("{a:?}")).collect();
        log.sort();
        log
    };
    assert_eq!(
        sorted(&after),
        sorted(uncrashed),
        "{case}: each change is logged once"
    );
    troubled
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nth_write_fails() {
    let bed = Bed::new(export(&rows(1, ROWS, 1)), SMALL).await;
    bed.completes().await;
    bed.origin.say("/a", JSON, now());
    bed.completes().await;
    let uncrashed = bed.whole().await;
    let all = failpoints().into_iter().filter(|(_, at)| *at == At::Fails);
    for (name, _) in all {
        let mut troubled = Vec::new();
        for passed in TIMES {
            if fails(&name, passed, &uncrashed).await {
                troubled.push(passed);
            } else {
                break;
            }
        }
        println!("{name}: the run fails after {troubled:?} passages");
        // What comes after the commit is told in the log and does not make the run a failure.
        let told_elsewhere = ["report-fails", "search-follow"].contains(&name.as_str());
        assert!(
            !troubled.is_empty() || told_elsewhere,
            "{name} troubles no run"
        );
    }
}
