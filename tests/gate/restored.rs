//! Records that went and come back: they stay until their source names them again.

use super::*;

const THREE: &str = "https://data.gov.tw/dataset/3";

fn restore(iri: &str) -> Change {
    let iri = iri.to_owned();
    Change::Restore { iri }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_dataset_comes_back_as_it_was_and_stays() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    let before = bed.whole();
    let without = |gone: usize| [rows(1, gone - 1, 1), rows(gone + 1, 30, 1)].concat();
    bed.say(export(&without(3)));
    bed.complete().await;
    assert!(!bed.whole().bodies.contains_key(THREE));

    assert_eq!(bed.house.daemon.source_of_gone(THREE).unwrap(), "a");
    let report = bed.committed(restore(THREE)).await;
    assert_eq!(
        (report.trigger, report.counts.new, report.counts.holds),
        (Trigger::Restore, 1, 30)
    );
    let after = bed.whole();
    assert_eq!(after.bodies[THREE], before.bodies[THREE]);
    assert_eq!(bed.told().unwrap().kept, 1);
    for _ in 0..2 {
        assert_eq!(bed.complete().await.counts.holds, 30, "it stays");
    }
    assert!(refused(bed.change(restore(THREE)).await).contains("nothing to restore"));
    let record = format!("{}record/a/3", texts::BASE);
    assert!(refused(bed.change(restore(&record)).await).contains("nothing to restore"));

    // Named again, it is as any other, and goes like any other.
    bed.say(export(&rows(1, 30, 1)));
    assert_eq!(bed.complete().await.counts.unchanged, 30);
    assert_eq!(bed.told().unwrap().kept, 0);
    bed.say(export(&without(3)));
    assert_eq!(bed.complete().await.counts.absent, 1);
    bed.committed(restore(&record)).await;
    assert!(bed.whole().bodies.contains_key(THREE));
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_the_grace_period_is_gone() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    bed.say(export(&rows(2, 30, 1)));
    bed.complete().await;
    let journal = {
        let writer = bed.house.daemon.rooms.writer.lock().unwrap();
        writer.store.journal().clone()
    };
    let now_ms = chrono::Utc::now().timestamp_millis();
    let day_ms = 86_400_000;
    assert_eq!(journal.prune(1, 30, now_ms + 20 * day_ms).unwrap(), 0);
    let one = "https://data.gov.tw/dataset/1";
    assert!(bed.house.daemon.source_of_gone(one).is_ok());
    assert!(journal.prune(1, 30, now_ms + 31 * day_ms).unwrap() > 0);
    let Err(DeskError::Refused(why)) = bed.house.daemon.source_of_gone(one) else {
        panic!("it is kept");
    };
    assert!(
        why.contains("nothing is kept of https://data.gov.tw/dataset/1"),
        "{why}"
    );
    bed.house.close().await;
}
