//! An index that fails or is damaged comes back by itself: nobody has to publish anything for it.

use super::{
    asked, result,
    serving::{Bed, Serving, eventually},
    texts,
};
use serde_json::Value;
use std::path::PathBuf;

async fn all(serving: &Serving) -> Value {
    let sorted = [("sort", "id asc"), ("rows", "1000")];
    result(serving, "package_search", &sorted).await["results"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_at_a_publication_is_tried_again_without_another() {
    let mut bed = Bed::new(texts::export(&texts::rows(1, 30, 1))).await;
    let soon = "[limits.search]\nretry_first_ms = 10\nretry_max_ms = 40\n";
    bed.configure(soon, "");
    // At the publication, and twice after it.
    bed.failpoints = "search-follow=3*return->off".to_owned();
    let serving = bed.serve().await;
    serving.run().await;
    let published = serving.json("/status").await["published"].clone();
    eventually("it is there again", async || {
        asked(&serving, "package_list", &[]).await.0 == 200
    })
    .await;
    assert_eq!(all(&serving).await.as_array().unwrap().len(), 30);
    assert_eq!(serving.json("/status").await["published"], published);
    // It is told after it is so.
    eventually("it is told", async || {
        serving.log().contains("the search index is there again")
    })
    .await;
    let log = serving.log();
    assert_eq!(log.matches("the search index stays behind").count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_noticed_and_the_index_made_anew() {
    let bed = Bed::new(texts::export(&texts::rows(1, 30, 1))).await;
    let serving = bed.serve().await;
    serving.run().await;
    let before = all(&serving).await;
    serving.stop().await;
    for (times, ending) in ["store", "term", "fast"].into_iter().enumerate() {
        let file = segment(&bed, ending);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x55;
        std::fs::write(&file, bytes).unwrap();
        let serving = bed.serve().await;
        let log = serving.log();
        let anew = log.matches("the search index is made anew").count();
        assert_eq!(anew, times + 1, "{ending}\n{log}");
        assert!(log.contains("damaged files"), "{log}");
        assert_eq!(all(&serving).await, before, "{ending}");
        serving.stop().await;
    }
}

/// The largest file of the index with this ending.
fn segment(bed: &Bed, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(bed.data_dir().join("search")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|e| e == ending));
    let size = |file: &PathBuf| std::fs::metadata(file).unwrap().len();
    files.max_by_key(size).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_commit_left_is_in_nobodys_way() {
    let bed = Bed::new(texts::export(&texts::rows(1, 30, 1))).await;
    let serving = bed.serve().await;
    serving.run().await;
    serving.stop().await;
    let meta = bed.data_dir().join("search/meta.json");
    let before = std::fs::read(&meta).unwrap();
    let mut rows = texts::rows(1, 28, 1);
    rows.extend(texts::rows(29, 30, 2));
    bed.origin
        .say("/a", "application/json", texts::export(&rows));
    let serving = bed.serve().await;
    serving.run().await;
    let after = all(&serving).await;
    serving.stop().await;
    // The list of its files is what a commit writes last: so it looks where one was killed before that.
    std::fs::write(&meta, before).unwrap();
    assert!(segment(&bed, "del").exists());
    let serving = bed.serve().await;
    assert_eq!(all(&serving).await, after);
    let log = serving.log();
    assert!(!log.contains("the search index stays behind"), "{log}");
    serving.stop().await;
}
