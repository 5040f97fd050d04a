//! The state flipped, ahead of the store, and behind it (deleted, truncated and of garbage: `tests/runs/lost_state.rs`).

use super::*;

/// After the damage: the same is published, numbers go on, nothing is deleted, and what is new comes in.
async fn survives(bed: Bed, before: Whole) {
    let opened = whole(&bed).await;
    assert_eq!(opened.bodies, before.bodies);
    assert_eq!(opened.head, before.head, "opening tells nothing new");
    let house = open(&bed);
    let report = house.complete("a").await;
    let counts = (report.counts.unchanged, report.counts.holds);
    assert_eq!(counts, (21, 21), "{}", report.line());
    assert_eq!(report.activities, None);
    bed.origin.say("/a", JSON, export(&rows(1, 22, 3)));
    let report = house.complete("a").await;
    assert_eq!(report.activities.unwrap().0, before.head.seq + 1);
    assert_eq!((report.counts.new, report.counts.absent), (1, 0));
    Whole::of(&house.daemon);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped() {
    let bed = twice().await;
    let before = whole(&bed).await;
    let db = bed.data_dir().join("state/db");
    let length = fs::metadata(&db).unwrap().len();
    // Wherever sled keeps something by then.
    for at in (4_096..length.saturating_sub(64)).step_by(16_384) {
        flip(&db, at, 64);
    }
    survives(bed, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    told(&bed, &["run", "a"]).await.ends_with(0);
    let old = bed.dir.path().join("old");
    copied(&bed.data_dir().join("state"), &old);
    bed.origin.say("/a", JSON, changed());
    told(&bed, &["run", "a"]).await.ends_with(0);
    let before = whole(&bed).await;
    fs::remove_dir_all(bed.data_dir().join("state")).unwrap();
    copied(&old, &bed.data_dir().join("state"));
    survives(bed, before).await;
}

/// The store and its snapshots are those of an earlier day, the state is today's.
#[tokio::test(flavor = "multi_thread")]
async fn ahead() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    told(&bed, &["run", "a"]).await.ends_with(0);
    let before = whole(&bed).await;
    let old = bed.dir.path().join("old");
    copied(&bed.data_dir(), &old);
    bed.origin.say("/a", JSON, changed());
    told(&bed, &["run", "a"]).await.ends_with(0);
    let today = bed.dir.path().join("today");
    copied(&bed.data_dir().join("state"), &today);
    fs::remove_dir_all(bed.data_dir()).unwrap();
    copied(&old, &bed.data_dir());
    fs::remove_dir_all(bed.data_dir().join("state")).unwrap();
    copied(&today, &bed.data_dir().join("state"));
    let opened = whole(&bed).await;
    assert_eq!((opened.bodies, opened.head), (before.bodies, before.head));
    // What the state knew to be there is not, and is asked for.
    let house = open(&bed);
    let report = house.complete("a").await;
    let counts = (
        report.counts.new,
        report.counts.changed,
        report.counts.absent,
    );
    assert_eq!(counts, (1, 3, 0), "{}", report.line());
    assert_eq!(report.activities.unwrap().0, before.head.seq + 1);
    Whole::of(&house.daemon);
    house.close().await;
}
