//! A store that is behind what was published from it begins a new generation: nobody is given a number twice. One that lost
//! only what nobody saw does not.

use super::*;

/// The engine's own log, cut where the machine had not written it down yet.
fn cut_log(store: &Path, left: u64) {
    for path in ending(store, ".log") {
        let file = fs::File::options().write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length.min(left)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_store_raises_the_generation() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    told(&bed, &["run", "a"]).await.ends_with(0);
    let before = whole(&bed).await;
    let old = bed.dir.path().join("old");
    copied(&bed.data_dir().join("store"), &old);
    bed.origin.say("/a", JSON, changed());
    told(&bed, &["run", "a"]).await.ends_with(0);
    let seen = whole(&bed).await;
    assert!(seen.head.seq > before.head.seq);
    fs::remove_dir_all(bed.data_dir().join("store")).unwrap();
    copied(&old, &bed.data_dir().join("store"));

    // Who only reads changes nothing.
    told(&bed, &["status"]).await.ends_with(0);
    let opened = whole(&bed).await;
    assert_eq!(opened.bodies, before.bodies);
    assert_eq!(opened.head.generation, seen.head.generation + 1);
    let ahead = fs::read_dir(bed.data_dir()).unwrap();
    let ahead = ahead.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ahead: Vec<String> = ahead.filter(|name| name.starts_with("ahead-")).collect();
    assert_eq!(ahead.len(), 1, "what was published last is not deleted");

    // The source brings what the store does not know, as ever.
    let house = open(&bed);
    let report = house.complete("a").await;
    let counts = (
        report.counts.new,
        report.counts.changed,
        report.counts.absent,
    );
    assert_eq!(counts, (1, 3, 0), "{}", report.line());
    let whole = Whole::of(&house.daemon);
    assert_eq!(whole.head.generation, opened.head.generation, "once");
    house.close().await;

    // And what was published last can be had again.
    let snapshot = bed.data_dir().join(&ahead[0]);
    let snapshot = snapshot.to_str().unwrap();
    let recovered = told(&bed, &["recover", "--json", "--snapshot", snapshot]).await;
    let recovered = recovered.ends_with(0).json();
    assert_eq!(recovered["raises"], true);
    let again = super::whole(&bed).await;
    assert_eq!(again.bodies, seen.bodies);
    assert!(again.head.generation > whole.head.generation);
}

/// A commit that was never published, lost with the machine: its numbers are given again, and nobody saw them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_published_raises_nothing() {
    let mut bed = twice().await;
    let before = whole(&bed).await;
    bed.origin.say("/a", JSON, export(&rows(1, 23, 4)));
    bed.failpoints = "backup=return".to_owned();
    let died = told(&bed, &["run", "a"]).await;
    assert_eq!(died.exit, None, "{died:?}");
    bed.failpoints.clear();
    cut_log(&bed.data_dir().join("store"), 10);
    let opened = whole(&bed).await;
    assert_eq!(opened.head.generation, before.head.generation);
    let house = open(&bed);
    house.complete("a").await;
    let after = Whole::of(&house.daemon);
    assert_eq!(after.head.generation, before.head.generation);
    assert_eq!(after.titles().len(), 23);
    house.close().await;
}

/// Killed before the new generation is committed and after: it begins all the same, and what was published last stays.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_begins() {
    for failpoint in ["generation=return", "generation-committed=return"] {
        let mut bed = Bed::new(export(&rows(1, 20, 1))).await;
        told(&bed, &["run", "a"]).await.ends_with(0);
        let before = whole(&bed).await;
        let old = bed.dir.path().join("old");
        copied(&bed.data_dir().join("store"), &old);
        bed.origin.say("/a", JSON, changed());
        told(&bed, &["run", "a"]).await.ends_with(0);
        fs::remove_dir_all(bed.data_dir().join("store")).unwrap();
        copied(&old, &bed.data_dir().join("store"));
        bed.failpoints = failpoint.to_owned();
        for _ in 0..2 {
            let died = told(&bed, &["run", "a"]).await;
            assert_eq!(died.exit, None, "{failpoint}: {died:?}");
        }
        bed.failpoints.clear();
        let after = whole(&bed).await;
        assert_eq!(after.bodies, before.bodies, "{failpoint}");
        assert!(
            after.head.generation > before.head.generation,
            "{failpoint}"
        );
        let names = fs::read_dir(bed.data_dir()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names: Vec<String> = names.collect();
        assert!(
            names.iter().any(|name| name.starts_with("ahead-")),
            "{names:?}"
        );
        assert!(!names.contains(&"raise.json".to_owned()), "{names:?}");
    }
}
