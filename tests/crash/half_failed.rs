//! A commit that fails half-way while the daemon lives on: the next run knows what the store holds, not what it held.

use super::{signals::Serving, *};
use harvestd::report::Outcome;
use texts::{export, rows};

/// A change of this many titles takes several of the smallest batches.
const ROWS: usize = 1_200;
const SMALL: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";

async fn ordered(bed: &Bed, command: &str) -> Report {
    let output = bed.command(command, "").arg("a").output();
    let output = tokio::time::timeout(DEADLINE, output)
        .await
        .unwrap()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The second commit of a run fails, and the source takes its changes back.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_before_the_failure_is_known() {
    let old = export(&rows(1, ROWS, 1));
    let bed = Bed::new(old.clone(), SMALL).await;
    bed.completes().await;
    let before = bed.whole().await;

    let serving = Serving::with(&bed, "commit-fails=1*off->1*return->off").await;
    bed.origin.say("/a", JSON, export(&rows(1, ROWS, 2)));
    let failed = ordered(&bed, "run").await;
    assert_eq!(failed.outcome, Outcome::Failed, "{}", failed.line());
    assert!(failed.why.as_ref().unwrap().contains("a planned failure"));

    bed.origin.say("/a", JSON, old);
    let would = ordered(&bed, "check").await;
    assert!(would.counts.changed > 0, "{}", would.line());
    let report = ordered(&bed, "run").await;
    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
    assert_eq!(report.counts.changed, would.counts.changed);
    assert_eq!(report.counts.received as usize, ROWS);
    assert_eq!(ordered(&bed, "run").await.activities, None);
    serving.terminate().await;
    let after = bed.whole().await;
    assert_eq!(after.titles(), before.titles());
    assert_eq!(after.bodies, before.bodies, "the same bytes as before");
}

/// Everything is committed, and then the state cannot be written: the next run publishes, though it changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_and_not_published_is_published_by_the_next_run() {
    let bed = Bed::new(export(&rows(1, 20, 1)), SMALL).await;
    bed.completes().await;
    let serving = Serving::with(&bed, "state-fails=1*return->off").await;
    bed.origin.say("/a", JSON, export(&rows(1, 20, 2)));
    let failed = ordered(&bed, "run").await;
    assert_eq!(failed.outcome, Outcome::Failed, "{}", failed.line());

    let report = ordered(&bed, "run").await;
    assert_eq!(
        (report.outcome, report.activities, report.counts.unchanged),
        (Outcome::Complete, None, 20),
        "{}",
        report.line()
    );
    let asked = bed
        .command("query", "")
        .arg("ASK { ?d <http://purl.org/dc/terms/title> ?t FILTER(STR(?t) = \"資料 20.2\") }")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(said.contains("true"), "{said}");
    serving.terminate().await;
    bed.whole().await;
}
