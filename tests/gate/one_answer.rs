//! Runs that were killed when their one answer had come whole: it is read again from disk and not sent again.

use super::{resumed::told, *};
use std::os::unix::process::ExitStatusExt;

/// An answer that came whole is read again from disk, wherever in reading or committing the kill came: where the source can
/// tell, it is asked whether it is still so.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_came_whole_is_not_asked_for_again() {
    for failpoint in ["segment-write=return", "commit=return", "bulk=return"] {
        let limits = if failpoint.starts_with("bulk") {
            "bulk_bytes_min = 1"
        } else {
            "bulk_bytes_min = 16_000_000_000\nbatch_triples_max = 1_000"
        };
        let bed = serving::Bed::new(export(&rows(1, 200, 1))).await;
        bed.configure(limits, "");
        let run = async |failpoint: &str| {
            let mut command = bed.command(&["run", "a", "--json"]);
            let running = command.env("FAILPOINTS", failpoint).output();
            tokio::time::timeout(DEADLINE, running)
                .await
                .expect("it ends")
                .unwrap()
        };
        let killed = run(failpoint).await;
        assert_eq!(killed.status.signal(), Some(9), "{failpoint}");
        assert_eq!(bed.origin.asked(), 1);
        let output = run("").await;
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        // The source is only asked whether it is still so.
        assert_eq!((bed.origin.asked(), report.requests), (2, 1));
        assert_eq!(report.not_modified, 0, "{}", report.line());
        assert_adds_up(&report);
        let c = &report.counts;
        assert_eq!(
            (
                report.outcome,
                c.received,
                c.new + c.changed + c.unchanged,
                c.holds
            ),
            (Outcome::Complete, 200, 200, 200),
            "{}",
            report.line()
        );
        assert!(told(&report, "resumed").is_some());
        // Nothing of it is kept beyond the run, and what makes the next question conditional came along.
        let output = run("").await;
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (bed.origin.asked(), report.not_modified),
            (3, 1),
            "{}",
            report.line()
        );
    }
}

/// The whole national export, killed in the middle of its commit: it is not sent again, and its 52,547 rows are all
/// accounted for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test --test gate -- --ignored --nocapture"]
async fn the_national_export_goes_on() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/corpora/taiwan/datagovtw/datagovtw_export_full.json.gz");
    let Ok(packed) = std::fs::File::open(path) else {
        eprintln!("SKIPPED: ../shared not present");
        return;
    };
    let mut export = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(packed);
    std::io::Read::read_to_string(&mut unpacked, &mut export).unwrap();
    let rows = serde_json::from_str::<Vec<serde_json::Value>>(&export)
        .unwrap()
        .len() as u64;
    for failpoint in ["ingest=return", "state=return"] {
        let bed = serving::Bed::new(export.clone()).await;
        let run = async |failpoint: &str| {
            let mut command = bed.command(&["run", "a", "--json"]);
            command.env("FAILPOINTS", failpoint).output().await.unwrap()
        };
        let killed = run(failpoint).await;
        assert_eq!(killed.status.signal(), Some(9), "{failpoint}");
        let output = run("").await;
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        eprintln!("{failpoint}: {}", report.line());
        assert_adds_up(&report);
        let c = &report.counts;
        assert_eq!(
            (report.outcome, c.received, report.requests),
            (Outcome::Complete, rows, 1)
        );
        assert_eq!(
            (
                c.holds + c.refused + c.unreadable + c.duplicate,
                bed.origin.asked()
            ),
            (rows, 2)
        );
        assert!(told(&report, "resumed").is_some());
    }
}
