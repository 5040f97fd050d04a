//! What is only remembered may be lost: nothing is deleted for it, and numbers go on.

use super::*;
use std::path::Path;
use texts::numbered;

async fn survives(break_state: impl Fn(&Path)) {
    let bed = Bed::dcat(numbered(8)).await;
    bed.house.complete("a").await;
    let before = bed.whole();
    let Bed {
        origin, house, dir, ..
    } = bed;
    house.close().await;
    break_state(&dir.path().join("state"));

    let house = House::open(dir.path(), "", &[source("a", "dcat", &origin.at("/a"), "")]);
    assert_eq!(Whole::of(&house.daemon), before, "opening changes nothing");
    let report = house.complete("a").await;
    let c = &report.counts;
    assert_eq!(
        (c.unchanged, c.holds, report.activities),
        (8, 8, None),
        "{}",
        report.line()
    );
    assert_eq!(report.not_modified, 0, "validators are not trusted either");
    assert_eq!(Whole::of(&house.daemon), before);

    origin.say("/a", TURTLE, numbered(9).replace("Title 3", "Third title"));
    let report = house.complete("a").await;
    assert_eq!((report.counts.new, report.counts.changed), (1, 1));
    assert_eq!(report.activities.unwrap().0, before.head.seq + 1);
    origin.say("/a", TURTLE, numbered(8));
    assert_eq!(house.complete("a").await.counts.absent, 1);
    Whole::of(&house.daemon);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_state() {
    survives(|state| std::fs::remove_dir_all(state).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_state() {
    survives(|state| {
        let file = std::fs::File::options()
            .write(true)
            .open(state.join("db"))
            .unwrap();
        file.set_len(100).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_garbage() {
    survives(|state| {
        for path in whole::files(state).into_iter().filter(|p| p.is_file()) {
            std::fs::write(path, [0x5a; 4096]).unwrap();
        }
    })
    .await;
}
