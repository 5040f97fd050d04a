//! Sources beside one another: one writer for all, and nobody waits for it on a thread that others need.

use super::*;
use texts::{config, export, rows};

/// Two runs that commit in many batches at the same time: one log, and each source's records are its own. They hold
/// different datasets, else the one that comes second would have nothing to log.
#[tokio::test(flavor = "multi_thread")]
async fn two_sources_commit_at_once() {
    const ROWS: usize = 120;
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    const FIRST: [(&str, usize); 2] = [("a", 1), ("b", 1001)];
    let sources = FIRST.map(|(id, first)| {
        let said = export(&rows(first, first + ROWS - 1, 1));
        origin.say(&format!("/{id}"), JSON, said);
        source(id, "data_gov_tw", &origin.at(&format!("/{id}")), "")
    });
    let limits = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";
    let house = House::open(dir.path(), limits, &sources);
    for revision in [1, 2] {
        for (id, first) in FIRST {
            let said = rows(first, first + ROWS - 1 - 5 * revision, revision);
            origin.say(&format!("/{id}"), JSON, export(&said));
        }
        let (a, b) = tokio::join!(house.complete("a"), house.complete("b"));
        let holds = ROWS - 5 * revision;
        assert_eq!(
            (a.counts.holds, b.counts.holds),
            (holds as u64, holds as u64)
        );
        let (a, b) = (a.activities.unwrap(), b.activities.unwrap());
        assert!(
            a.1 < b.0 || b.1 < a.0,
            "each run's activities stand together: {a:?}, {b:?}"
        );
        let whole = Whole::of(&house.daemon);
        assert_eq!(whole.head.seq, a.1.max(b.1));
    }
    house.close().await;
}

/// A reload waits for the commit under way, and everything else goes on meanwhile.
#[tokio::test]
async fn a_reload_waits_beside_the_others() {
    let bed = Bed::ministry(export(&rows(1, 3, 1))).await;
    let (rooms, daemon) = (bed.house.daemon.rooms.clone(), bed.house.daemon.clone());
    let (held, is_held) = std::sync::mpsc::channel();
    let (let_go, may_go) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let writer = rooms.writer.lock().unwrap();
        held.send(()).unwrap();
        // Ends by itself too, so that a reload on this one thread fails the test and does not hang it.
        let told = may_go.recv_timeout(house::DEADLINE);
        drop(writer);
        told
    });
    is_held.recv().unwrap();
    let a = source("a", "data_gov_tw", &bed.origin.at("/a"), "priority = 7");
    let config = config(bed.dir.path(), "", &[a]);
    let reload = tokio::spawn(async move { daemon.configure(config).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!reload.is_finished(), "it waits for the writer");
    let priority = || bed.house.daemon.config().source("a").unwrap().priority;
    assert_eq!(priority(), 0, "until then everything is as it was");
    let_go.send(()).unwrap();
    reload.await.unwrap().unwrap();
    assert_eq!(priority(), 7);
    assert_eq!(
        writer.join().unwrap(),
        Ok(()),
        "and nobody waited with the reload"
    );
    bed.house.close().await;
}
