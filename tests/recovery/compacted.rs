//! Store and state in new files: nothing that is said changes, what was removed is in no file of them, and a kill costs
//! nothing.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_fewer_bytes() {
    let bed = Bed::new(export(&rows(1, 400, 1))).await;
    told(&bed, &["run", "a"]).await.ends_with(0);
    for revision in 2..6 {
        bed.origin.say("/a", JSON, export(&rows(1, 400, revision)));
        told(&bed, &["run", "a"]).await.ends_with(0);
    }
    let before = whole(&bed).await;
    let done = told(&bed, &["compact", "--json"]).await.ends_with(0).json();
    let bytes = |key: &str| done[key].as_u64().unwrap();
    assert!(
        bytes("store_after") < bytes("store_before") && bytes("store_after") > 0,
        "{done}"
    );
    let after = whole(&bed).await;
    assert_eq!(after, before);
    // The state is the same as well: nothing is described again.
    let house = open(&bed);
    let report = house.complete("a").await;
    assert_eq!(
        (report.counts.unchanged, report.not_modified),
        (400, 1),
        "{}",
        report.line()
    );
    house.close().await;
    told(&bed, &["verify", "--replay"]).await.ends_with(0);
    told(&bed, &["scrub"]).await.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step() {
    let mut bed = twice().await;
    let before = whole(&bed).await;
    for failpoint in ["swap-begun", "swap-between", "swap-half"] {
        bed.failpoints = format!("{failpoint}=return");
        let died = told(&bed, &["compact"]).await;
        assert_eq!(died.exit, None, "{failpoint}: {died:?}");
        bed.failpoints.clear();
        told(&bed, &["status"]).await.ends_with(0);
        assert_eq!(whole(&bed).await, before, "{failpoint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_daemon_it_is_for_later() {
    let bed = twice().await;
    let serving = bed.serve().await;
    let told = told(&bed, &["compact"]).await.ends_with(LOCKED);
    assert!(told.error.contains("belongs to process"), "{told:?}");
    serving.stop().await;
}
