//! What somebody says by the form of a page, without scripts.

use super::*;

const PAGE: &str = "text/html,*/*;q=0.8";

/// Sends the form as a browser does, and follows where it is led.
async fn send(bed: &Bed, pairs: &[(&str, &str)]) -> reqwest::Response {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let request = bed.request("POST", "/feedback").header("accept", PAGE);
    let request = request.header("accept-language", "en");
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_scripts_is_heard_and_answered_with_pages() {
    let mut bed = Bed::with("", "open = true\n").await;
    // The page of the dataset has the form.
    let dataset = bed.text("/record/centre/rain", PAGE).await;
    for part in [
        "method=\"post\" action=\"/feedback\"",
        &format!("name=\"dataset\" value=\"{RAIN}\""),
    ] {
        assert!(dataset.contains(part), "{part}: {dataset}");
    }
    let said = [
        ("dataset", RAIN),
        ("text", "Which <rows>?\r\nAll?"),
        ("who", "Mei"),
    ];
    for again in [false, true] {
        let response = send(&bed, &said).await;
        assert_eq!(response.status(), 200, "again: {again}");
        assert_eq!(response.url().path(), "/feedback/1");
        let page = response.text().await.unwrap();
        for part in ["Which &#60;rows&#62;?\nAll?", "Mei", "not yet judged"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    let list = bed.text("/feedback?lang=zh-Hant", PAGE).await;
    assert!(
        list.contains("待處理") && list.contains("/feedback/1"),
        "{list}"
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_stays_where_it_could_not_be_taken() {
    let mut bed = Bed::with("per_address_hour_max = 4\n", "open = true\n").await;
    let rain = ("dataset", RAIN);
    for (pairs, status, told) in [
        (
            vec![
                rain,
                ("text", "It <is> wrong"),
                ("who", "mei@people.example"),
            ],
            422,
            "A name, please",
        ),
        (
            vec![rain, ("text", " "), ("who", "Mei <3")],
            422,
            "Please say something",
        ),
        (
            vec![
                ("dataset", "https://centre.example/none"),
                ("text", "It <is> wrong"),
            ],
            404,
            "no dataset is published here",
        ),
        (vec![rain, ("rating", "5")], 422, "could not be taken"),
        (vec![rain, ("text", "once more")], 429, "may send no more"),
    ] {
        let response = send(&bed, &pairs).await;
        assert_eq!(response.status(), status, "{pairs:?}");
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "text/html; charset=utf-8");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        let page = response.text().await.unwrap();
        assert!(
            page.contains("role=\"alert\"") && page.contains(told),
            "{page}"
        );
        // Of who sends too much nothing is read.
        for (_, typed) in pairs
            .iter()
            .filter(|(name, _)| status != 429 && *name != "rating")
        {
            let typed = typed.replace('<', "&#60;").replace('>', "&#62;");
            assert!(page.contains(&typed), "{typed}: {page}");
        }
    }
    assert_eq!(bed.json("/feedback").await["items"], serde_json::json!([]));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_taken_only_where_everybody_may_speak() {
    let mut bed = Bed::new().await;
    let response = send(&bed, &[("dataset", RAIN), ("text", "No"), ("who", "Mei")]).await;
    assert_eq!(response.status(), 401);
    let page = response.text().await.unwrap();
    assert!(page.contains("role=\"alert\""), "{page}");
    let dataset = bed.text("/record/centre/rain", PAGE).await;
    assert!(!dataset.contains("action=\"/feedback\""), "{dataset}");
    bed.stop().await;
}
