//! What holds of every page: its languages, where its parts come from, and how errors are told.

use super::{answered, catalogue, page};
use reqwest::header::SET_COOKIE;

const PATHS: [&str; 6] = [
    "/",
    "/search?q=%E6%B0%B4",
    "/publishers",
    "/dataset/none",
    "/record/a/3",
    "/catalog/a",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_load_what_is_ours_and_have_one_heading_and_a_way_to_the_other_language() {
    let bed = catalogue(|_, _| ()).await;
    let serving = bed.serve().await;
    serving.run().await;
    for path in PATHS {
        for (language, other) in [("zh-Hant", "en"), ("en", "zh-Hant")] {
            let (_, text) = answered(&serving, path, language).await;
            assert!(
                text.contains(&format!("<html lang=\"{language}\">")),
                "{path}"
            );
            assert!(text.contains(&format!("lang={other}\"")), "{path}: {text}");
            assert_eq!(text.matches("<h1").count(), 1, "{path}");
            assert_eq!(text.matches("<main id=\"content\">").count(), 1, "{path}");
            for loaded in [
                "<script src=\"",
                "rel=\"stylesheet\" href=\"",
                "<img src=\"",
            ] {
                for address in text.split(loaded).skip(1) {
                    assert!(address.starts_with("/assets/"), "{path}: {loaded}");
                }
            }
            // Headings go down by one at a time.
            let mut last = 1;
            for level in text
                .split("<h")
                .skip(1)
                .filter_map(|rest| rest.chars().next()?.to_digit(10))
            {
                assert!(level <= last + 1, "{path}: h{level} after h{last}");
                last = level;
            }
            // What is named is named once.
            let mut ids: Vec<&str> = text
                .split(" id=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{path}: {ids:?}");
        }
    }
    let chosen = serving.get("/search?lang=en").header("accept", "text/html");
    let chosen = chosen.send().await.unwrap();
    let cookie = chosen.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("lang=en;"), "{cookie}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_pages_for_browsers_and_documents_for_programs() {
    let bed = catalogue(|_, _| ()).await;
    let serving = bed.serve().await;
    // Nothing is published yet.
    let (status, text) = answered(&serving, "/", "en").await;
    assert_eq!(status, 503);
    assert!(text.contains("Not available at the moment"), "{text}");
    serving.run().await;
    for (path, status, chinese, english) in [
        (
            "/dataset/none",
            404,
            "這裡沒有東西",
            "There is nothing here",
        ),
        (
            "/nowhere/at/all",
            404,
            "這裡沒有東西",
            "There is nothing here",
        ),
        (
            "/record/a/1?format=pdf",
            400,
            "這個要求無法理解",
            "This request is not understood",
        ),
    ] {
        for (language, expected) in [("zh-TW", chinese), ("en", english)] {
            let (found, text) = answered(&serving, path, language).await;
            assert_eq!(found, status, "{path}");
            assert!(text.contains(expected), "{path}: {text}");
            assert!(text.contains("action=\"/search\""), "{path}: {text}");
        }
        for accept in ["*/*", "application/json", "text/turtle"] {
            let response = serving.get(path).header("accept", accept).send().await;
            let response = response.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            let kind = response.headers()["content-type"].to_str().unwrap();
            assert_eq!(kind, "application/problem+json", "{path} {accept}");
        }
    }
    // CKAN's errors have a form of their own.
    let ckan = serving.get("/api/3/action/package_show?id=none");
    let ckan = ckan.header("accept", "text/html").send().await.unwrap();
    let kind = ckan.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/json"), "{kind}");
    page(&serving, "/record/a/1", "en").await;
    serving.stop().await;
}
