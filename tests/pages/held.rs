//! The first page, datasets and publishers, in both languages.

use super::{address, answered, catalogue, page};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_leads_to_datasets_and_these_to_their_publishers() {
    let bed = catalogue(|_, _| ()).await;
    let serving = bed.serve().await;
    serving.run().await;
    let home = page(&serving, "/", "zh-TW,zh;q=0.9").await;
    for expected in [
        "<html lang=\"zh-Hant\">",
        "<span class=\"figure\">14</span> 資料集",
        "<span class=\"figure\">11</span> 發布機關",
        "今天新增或異動",
        "1 個來源運作正常",
        "生活安全及品質",
    ] {
        assert!(home.contains(expected), "{expected}: {home}");
    }
    let english = page(&serving, "/", "en-GB").await;
    for expected in [
        "<html lang=\"en\">",
        "Browse by service category",
        "Safety and quality of life",
        "The source is well",
        "</span> source</a>",
    ] {
        assert!(english.contains(expected), "{expected}: {english}");
    }
    // What is asked in English is found where it is written in Chinese.
    let dengue = page(&serving, "/search?q=dengue+fever", "en-GB").await;
    for expected in [
        "1 dataset found",
        "<mark>登革熱</mark>病例統計",
        "Also looked for: <q lang=\"zh-Hant\">登革熱</q>",
        "<span lang=\"en\">Open Government Data License, version 1.0</span>",
    ] {
        assert!(dengue.contains(expected), "{expected}: {dengue}");
    }
    // Programs get what they got.
    assert!(serving.json("/").await["sparql"].is_string());
    let theme = page(&serving, &address(&home, "生活安全及品質"), "zh-TW").await;
    assert!(theme.contains("找到 14 個資料集"));
    // From the list to the dataset.
    let dataset = page(&serving, &address(&home, "登革熱病例統計"), "zh-TW").await;
    for expected in [
        "登革熱病例統計</h1>",
        "取得資料",
        "href=\"https://ministry.example/6.csv\"",
        "政府資料開放授權條款",
        "每月",
        "疾病管制署",
        "api/3/action/package_show?id=",
        "application/ld+json",
        "新增 <a class=\"small\" href=\"/activity/1/",
    ] {
        assert!(dataset.contains(expected), "{expected}: {dataset}");
    }
    // It came from the portal itself, and is not handed back to it.
    assert!(!dataset.contains("/api/v1/rest/dataset/"));
    let publisher = page(&serving, &address(&dataset, "疾病管制署"), "zh-TW").await;
    for expected in [
        "疾病管制署</h1>",
        "1 個資料集",
        "登革熱病例統計",
        "organization_show?id=",
    ] {
        assert!(publisher.contains(expected), "{expected}: {publisher}");
    }
    let all = page(&serving, "/publishers", "en").await;
    assert!(all.contains("11 publishers"), "{all}");
    let some = page(&serving, "/publishers?q=%E4%BA%A4%E9%80%9A", "en").await;
    assert!(
        some.contains("1 publisher<") && some.contains("交通局"),
        "{some}"
    );
    let (status, none) = answered(&serving, "/publishers/nobody", "en").await;
    assert_eq!(status, 404);
    assert!(none.contains("There is nothing here"), "{none}");
    // What else is held has its page too.
    let catalog = page(&serving, "/catalog/a", "en").await;
    assert!(catalog.contains("Source a</h1>"), "{catalog}");
    serving.stop().await;
}
