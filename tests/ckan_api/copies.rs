//! Copies of answers are kept by the answers' content: what a publication did not change keeps its tag.

use super::{row, serving::Bed, texts};
use reqwest::Response;

const SHOW: &str = "/api/3/action/package_show?id=https://data.gov.tw/dataset/1";
const SEARCH: &str = "/api/3/action/package_search?q=%E6%B0%B4";
/// More than are answered in one piece.
const ALL: &str = "/api/3/action/package_search?rows=1000";
const LISTED: &str = "/api/3/action/package_list";
const NOW: &str =
    "/api/3/action/package_search?rows=1000&fq=metadata_modified:%5BNOW-1DAY%20TO%20NOW%5D";

fn rows(wind: &str) -> String {
    let mut rows = vec![
        row("1", "水庫水情", "每日水情", "經濟部水利署"),
        row("2", wind, "每小時", "環境部"),
    ];
    rows.extend(texts::rows(3, 130, 1));
    texts::export(&rows)
}

fn tag(response: &Response) -> String {
    assert_eq!(response.status(), 200, "{}", response.url());
    response.headers()["etag"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_kept_until_its_content_is_another() {
    let bed = Bed::new(rows("風速")).await;
    let serving = bed.serve().await;
    serving.run().await;
    let get = async |path: &str| serving.get(path).send().await.unwrap();
    let held = async |path: &str, tag: &str| {
        let asked = serving.get(path).header("if-none-match", tag);
        asked.send().await.unwrap()
    };
    let paths = [SHOW, SEARCH, ALL, LISTED, NOW];
    let mut tags = Vec::new();
    for path in paths {
        let own = tag(&get(path).await);
        let again = held(path, &format!("\"x\", {own}")).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], *own);
        assert_eq!(again.headers()["cache-control"], "no-cache");
        tags.push(own);
    }
    let post = serving.post("/api/3/action/package_search").send().await;
    assert!(post.unwrap().headers().get("etag").is_none());

    bed.origin.say("/a", "application/json", rows("風速與風向"));
    assert_eq!(serving.run().await["counts"]["changed"], 1);
    for (path, before) in paths.iter().zip(&tags) {
        let after = held(path, before).await;
        // A dataset that did not change, what finds no other, and the names.
        let same = [SHOW, SEARCH, LISTED].contains(path);
        assert_eq!(after.status(), if same { 304 } else { 200 }, "{path}");
    }
}
