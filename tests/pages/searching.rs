//! Narrowing, counting, sorting and paging, by links alone.

use super::{address, answered, catalogue, page, search, titles};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_is_narrowed_sorted_and_turned_back_by_links() {
    let bed = catalogue(|number, row| {
        if number % 2 == 0 {
            row["檔案格式"] = json!("JSON");
        }
        if number == 3 {
            row["更新頻率"] = json!("每1日");
        }
    })
    .await;
    let serving = bed.serve().await;
    serving.run().await;
    let all = page(&serving, "/search", "zh-TW").await;
    assert!(all.contains("找到 14 個資料集"), "{all}");
    assert_eq!(titles(&all).len(), 14);
    // Each value has its count beside it, and leads to what has it.
    assert!(all.contains("<span class=\"quiet number\">7</span>"));
    let json_only = page(&serving, &address(&all, "JSON"), "zh-TW").await;
    assert!(json_only.contains("找到 7 個資料集"), "{json_only}");
    // Beside the other values stands what there would be with them too.
    let both = page(&serving, &address(&json_only, "CSV"), "zh-TW").await;
    assert!(both.contains("找到 14 個資料集"), "{both}");
    assert_eq!(
        both.matches("aria-current=\"true\"").count(),
        3,
        "two values and an order"
    );
    let daily = page(&serving, &address(&all, "每日"), "zh-TW").await;
    assert_eq!(titles(&daily), ["水庫每日營運狀況"]);
    assert!(
        daily.contains("<span lang=\"zh-Hant\">每日</span> <span aria-hidden"),
        "{daily}"
    );
    // What was chosen is taken away where it is shown.
    let without = daily.split("class=\"chosen\"").nth(1).unwrap();
    let without = without
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(without, "/search");
    // Publishers, several at once: one of them is enough.
    let office = page(&serving, &address(&all, "交通局"), "zh-TW").await;
    assert_eq!(titles(&office).len(), 3);
    // The order is a link as well.
    let sorted = page(&serving, &address(&all, "名稱"), "zh-TW").await;
    let found = titles(&sorted);
    assert_eq!(found[0], "Air quality stations", "{found:?}");
    let mut expected = found.clone();
    expected.sort_by_key(|title| title.to_lowercase().replace('臺', "台"));
    assert_eq!(found, expected);
    // The form goes on with what is narrowed by.
    assert!(daily.contains("<input type=\"hidden\" name=\"frequency\" value=\"DAILY\">"));
    // By when the data changed, as the source says: not when they came here.
    let old = page(&serving, &address(&all, "一年以前"), "zh-TW").await;
    assert_eq!(titles(&old).len(), 14);
    assert!(!all.contains("一週內"), "{all}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_lead_to_each_other_and_a_part_comes_alone() {
    let bed = super::Bed::new(super::texts::export(&super::texts::rows(1, 45, 1))).await;
    let serving = bed.serve().await;
    serving.run().await;
    let mut seen = Vec::new();
    let mut path = search(&[("q", "資料"), ("sort", "title"), ("lang", "en")]);
    for number in 1..=3 {
        let page = page(&serving, &path, "en").await;
        assert!(page.contains(&format!("Page {number} of 3")), "{page}");
        seen.extend(titles(&page));
        if number < 3 {
            path = address(&page, "Next");
        } else {
            assert!(!page.contains("rel=\"next\""));
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 45);
    let far = page(&serving, "/search?page=9&lang=en", "en").await;
    assert!(far.contains("There is no such page"), "{far}");
    let part = page(&serving, &search(&[("q", "資料"), ("part", "found")]), "en").await;
    assert!(
        !part.contains("<html") && part.contains("<mark>資料</mark>"),
        "{part}"
    );
    let long = format!("/search?q={}", "x".repeat(20_000));
    let (status, _) = answered(&serving, &long, "en").await;
    assert_eq!(status, 400);
    serving.stop().await;
}
