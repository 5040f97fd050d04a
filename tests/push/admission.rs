//! Who may push, and how much.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_own_source_only() {
    let bed = Bed::new().await;
    let body = || dataset("rain", "Rain");
    for (method, path) in harvestd::serve::push::ROUTES {
        let path = path.replace("{source}", "centre").replace("{id}", "rain");
        for token in [None, Some(""), Some("wrong"), Some(&bed.token[1..])] {
            let request = bed
                .request(method, &path)
                .header("content-type", "text/turtle")
                .body(body());
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let (headers, _) = problem(request, 401, "unauthorized").await;
            assert!(
                headers["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
        let request = bed.request(method, &path).bearer_auth(&bed.other_token);
        problem(
            request.header("content-type", "text/turtle").body(body()),
            403,
            "not-your-source",
        )
        .await;
    }
    // No other origin's scripts are let in.
    let preflight = bed
        .request("OPTIONS", "/push/centre/rain")
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "PUT");
    let preflight = preflight.send().await.unwrap();
    assert!(
        !preflight
            .headers()
            .contains_key("access-control-allow-origin"),
        "{preflight:?}"
    );
    let elsewhere = bed
        .request("GET", "/nowhere")
        .header("origin", "https://elsewhere.example");
    assert_eq!(
        elsewhere.send().await.unwrap().headers()["access-control-allow-origin"],
        "*"
    );
    assert_eq!(bed.whole().head.seq, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_at_once() {
    let bed = Bed::new().await;
    answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain")),
        201,
    )
    .await;
    let tokens = harvestd::push::tokens::list(bed.dir.path()).unwrap();
    let own = tokens
        .iter()
        .find(|token| token.source == "centre")
        .unwrap();
    harvestd::push::tokens::revoke(bed.dir.path(), &own.id)
        .unwrap()
        .unwrap();
    let again = bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rainfall"));
    problem(again, 401, "unauthorized").await;
    assert_eq!(bed.titles().await, ["Rain"]);
}

/// One centre names another's dataset: both records are kept, the first one's is published, and neither can take the
/// other's away.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_centre_cannot_take_over() {
    let bed = Bed::new().await;
    answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain")),
        201,
    )
    .await;
    let other = |method: &str, body: String| {
        let request = bed
            .request(method, "/push/other/rain")
            .bearer_auth(&bed.other_token);
        request.header("content-type", "text/turtle").body(body)
    };
    let second = answer(other("PUT", dataset("rain", "Mine now")), 201).await;
    assert_eq!(second["records"][0]["published"], false, "{second}");
    assert_eq!(bed.titles().await, ["Rain"]);
    let before = bed.whole();
    assert_eq!(
        other("DELETE", String::new())
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(bed.titles().await, ["Rain"]);
    assert_eq!(bed.whole().graph, before.graph);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_bytes_are_counted() {
    let bed = Bed::with(
        "[limits.push]\nbytes_per_day_max = 1024",
        &[CENTRE, bed::OTHER],
    )
    .await;
    let long = |n: usize| dataset("rain", &"x".repeat(n));
    answer(bed.turtle("PUT", "/push/centre/rain", long(100)), 201).await;
    let (headers, _) = problem(
        bed.turtle("PUT", "/push/centre/rain", long(900)),
        429,
        "quota",
    )
    .await;
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_401).contains(&wait), "{wait}");
    answer(bed.turtle("PUT", "/push/centre/rain", long(50)), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_not_read() {
    let limits = "[limits.push]\nbody_bytes_max = 2048\ncatalog_bytes_max = 4096\nunder_way_bytes_max = 1_000_000";
    let bed = Bed::with(limits, &[CENTRE]).await;
    let body = dataset("rain", &"x".repeat(3_000));
    problem(
        bed.turtle("PUT", "/push/centre/rain", body.clone()),
        413,
        "content-too-large",
    )
    .await;
    answer(bed.turtle("PUT", "/push/centre", body), 200).await;
    let body = dataset("rain", &"x".repeat(5_000));
    problem(
        bed.turtle("PUT", "/push/centre", body),
        413,
        "content-too-large",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_runs_a_source_that_pushes() {
    let bed = Bed::new().await;
    let order = harvestd::run::Order {
        trigger: harvestd::report::Trigger::Hand,
        full: true,
    };
    let refused =
        harvestd::serve::desk::Desk::run_now(&*bed.house.daemon, "centre", order).unwrap_err();
    assert!(
        refused.to_string().contains("pushes its records itself"),
        "{refused}"
    );
}
