//! kill -9 between the note of what a commit replaces and the commit: nobody built on what never came to be.

use super::*;
use harvestd::undo::journal::Journal;
use texts::{export, rows};

/// The runs that the journal of what was replaced tells of.
fn told(bed: &Bed) -> Vec<String> {
    let journal = Journal::new(&bed.data_dir());
    let mut runs: Vec<String> = journal
        .frames(1, "a")
        .unwrap()
        .map(|frame| frame.unwrap().head.run)
        .collect();
    runs.dedup();
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_before_its_commit_is_in_no_undos_way() {
    let say = |bed: &Bed, revision| {
        let mut all = rows(1, 5, revision);
        all.extend(rows(6, 20, 1));
        bed.origin.say("/a", JSON, export(&all));
    };
    let bed = Bed::new(export(&rows(1, 20, 1)), "").await;
    let first = bed.completes().await.run;
    say(&bed, 2);
    let second = bed.completes().await.run;
    say(&bed, 3);
    let killed = bed.run("commit=return").await;
    assert!(was_killed(&killed), "{}", killed.status);
    assert_eq!(told(&bed).len(), 3, "it died between the two");

    let mut undo = bed.command("undo", "");
    let undone = tokio::time::timeout(DEADLINE, undo.args([&second, "--dry-run"]).output());
    let undone = undone.await.expect("it ends").unwrap();
    let log = String::from_utf8_lossy(&undone.stderr);
    assert!(undone.status.success(), "{}\n{log}", undone.status);
    assert_eq!(told(&bed), [first.clone(), second.clone()]);

    // The next run says it again, and that one does build on it.
    let third = bed.completes().await.run;
    assert_eq!(told(&bed), [first, second, third]);
}
