//! Who may say something, and how much.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_taken_unless_it_is_open() {
    let bed = Bed::new().await;
    let (headers, document) = problem(bed.anyone(&remark("x")), 401, "unauthorized").await;
    assert!(
        headers["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );
    let detail = document["detail"].as_str().unwrap();
    assert!(
        detail.contains("open = true") && detail.contains("Authorization: Bearer"),
        "{detail}"
    );
    bed.configure("", "open = true").await;
    assert_eq!(
        answer(bed.anyone(&remark("x")), 201).await["sender"],
        serde_json::Value::Null
    );
    // A wrong token is a mistake, and not nobody's.
    let wrong = bed.anyone(&remark("y")).bearer_auth("harvestd_0123");
    let (_, document) = problem(wrong, 401, "unauthorized").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("harvestd token new"),
        "{document}"
    );
    assert_eq!(bed.ids("/feedback?source=centre").await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_at_once() {
    let bed = Bed::new().await;
    answer(bed.say(&remark("x")), 201).await;
    let tokens = harvestd::push::tokens::list(&bed.data_dir()).unwrap();
    let own = tokens
        .iter()
        .find(|token| token.source == "centre")
        .unwrap();
    harvestd::push::tokens::revoke(&bed.data_dir(), &own.id)
        .unwrap()
        .unwrap();
    problem(bed.say(&remark("y")), 401, "unauthorized").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_address_and_one_centre_send_is_counted() {
    let limits = "per_address_hour_max = 2\nper_centre_day_max = 3\nopen_max = 8";
    let bed = Bed::with(limits, "open = true\nproxies = [\"127.0.0.0/8\"]").await;
    let from =
        |text: &str, address: &str| bed.anyone(&remark(text)).header("x-forwarded-for", address);
    answer(from("1", "203.0.113.7"), 201).await;
    answer(from("2", "10.0.0.1, 203.0.113.7"), 201).await;
    let (headers, document) = problem(from("3", "203.0.113.7"), 429, "too-many").await;
    let wait: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    assert!(!document.to_string().contains("203.0.113"), "{document}");
    // Another client, and one that claims to be one: only what our proxy says counts.
    answer(from("3", "203.0.113.8"), 201).await;
    problem(from("4", "203.0.113.9, 203.0.113.7"), 429, "too-many").await;
    bed::not_near_midnight().await;
    for text in ["a", "b", "c"] {
        answer(bed.say(&remark(text)), 201).await;
    }
    problem(bed.say(&remark("d")), 429, "too-many").await;
    let other = |text: &str| bed.anyone(&remark(text)).bearer_auth(&bed.other_token);
    answer(other("a"), 201).await;
    answer(other("b"), 201).await;
    let (headers, _) = problem(other("c"), 503, "full").await;
    assert!(headers.contains_key("retry-after"));
    assert!(!bed.log().contains("203.0.113"), "addresses are not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_is_not_believed() {
    let bed = Bed::with("per_address_hour_max = 1", "open = true").await;
    let from =
        |text: &str, address: &str| bed.anyone(&remark(text)).header("x-forwarded-for", address);
    answer(from("1", "203.0.113.7"), 201).await;
    problem(from("2", "203.0.113.8"), 429, "too-many").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_centre_may_speak_and_each_reads_what_is_said_of_its_own() {
    let bed = Bed::new().await;
    bed.holds("other", "snow", "Snow", "Office of Snow").await;
    let other = bed
        .anyone(&remark("of yours"))
        .bearer_auth(&bed.other_token);
    let said = answer(other, 201).await;
    assert_eq!(
        (&said["sender"], &said["sources"][0]),
        (&"other".into(), &"centre".into())
    );
    assert_eq!(bed.ids("/feedback?source=centre").await, [1]);
    assert_eq!(bed.ids("/feedback?source=other").await, [0; 0]);
    assert_eq!(bed.ids("/feedback?sender=other&status=open").await, [1]);
    // From a page elsewhere: everybody may read, and a browser may send.
    let elsewhere = bed
        .request("GET", "/feedback")
        .header("origin", "https://e.example");
    assert_eq!(
        elsewhere.send().await.unwrap().headers()["access-control-allow-origin"],
        "*"
    );
    let posted = bed
        .say(&remark("y"))
        .header("origin", "https://e.example")
        .send()
        .await
        .unwrap();
    assert_eq!(posted.headers()["access-control-allow-origin"], "*");
    let preflight = bed
        .request("OPTIONS", "/feedback")
        .header("origin", "https://e.example")
        .header("access-control-request-method", "POST");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let wrong = bed.request("DELETE", "/feedback").send().await.unwrap();
    assert_eq!(wrong.status(), 405);
}
