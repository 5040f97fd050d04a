//! The same push again: under a key, without one, with an older version, after a restart.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_answer_and_no_activity() {
    let bed = Bed::new().await;
    let put = |bed: &Bed, key: &str, body: String| {
        bed.turtle("PUT", "/push/centre/rain", body)
            .header("idempotency-key", key.to_owned())
    };
    let first = answer(put(&bed, "k1", dataset("rain", "Rain")), 201).await;
    let head = bed.whole().head;
    let response = put(&bed, "k1", dataset("rain", "Rain"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["idempotency-replayed"]
        ),
        (201, &"true".parse().unwrap())
    );
    assert_eq!(bed::json(response).await, first);
    problem(
        put(&bed, "k1", dataset("rain", "Other")),
        422,
        "idempotency-key-used",
    )
    .await;
    assert_eq!(bed.whole().head, head);

    // Without a key: nothing has changed, and nothing is logged.
    let same = answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain")),
        200,
    )
    .await;
    assert_eq!(same["records"][0]["outcome"], "unchanged");
    assert_eq!(bed.whole().head, head);

    // An old push under its key does not undo a newer one, and keys survive a restart.
    answer(put(&bed, "k2", dataset("rain", "Rainfall")), 200).await;
    let bed = Bed::at(bed.close().await, "", &[CENTRE, bed::OTHER]).await;
    assert_eq!(
        answer(put(&bed, "k1", dataset("rain", "Rain")), 201).await,
        first
    );
    assert_eq!(bed.titles().await, ["Rainfall"]);
    // Another source's keys are its own.
    let other = bed
        .request("PUT", "/push/other/rain")
        .bearer_auth(&bed.other_token);
    let other = other
        .header("content-type", "text/turtle")
        .header("idempotency-key", "k1");
    answer(other.body(dataset("rain", "Theirs")), 201).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_is_refused() {
    let bed = Bed::new().await;
    let put = |bed: &Bed, version: &str, title: &str| {
        let request = bed.turtle("PUT", "/push/centre/rain", dataset("rain", title));
        request.header("harvestd-version", version.to_owned())
    };
    answer(put(&bed, "10", "Ten"), 201).await;
    for version in ["9", "10"] {
        let (_, document) = problem(put(&bed, version, "Old"), 409, "old-version").await;
        assert_eq!(document["version"], 10);
    }
    problem(put(&bed, "-1", "x"), 400, "version").await;
    let bed = Bed::at(bed.close().await, "", &[CENTRE, bed::OTHER]).await;
    problem(put(&bed, "10", "Old"), 409, "old-version").await;
    answer(put(&bed, "11", "Eleven"), 200).await;
    assert_eq!(bed.titles().await, ["Eleven"]);
    problem(
        bed.turtle("PUT", "/push/centre/rain", "x")
            .header("idempotency-key", " "),
        400,
        "idempotency-key",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_take_nothing_without_a_version() {
    let strict = format!("{CENTRE}require_version = true\n");
    let bed = Bed::with("", &[&strict, bed::OTHER]).await;
    let put = |bed: &Bed| bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain"));
    let without = [
        put(&bed),
        bed.turtle("PUT", "/push/centre/rain?dry-run", dataset("rain", "Rain")),
        bed.turtle("PUT", "/push/centre", dataset("rain", "Rain")),
        bed.turtle("POST", "/push/centre", dataset("rain", "Rain")),
        bed.push("DELETE", "/push/centre/rain"),
    ];
    for request in without {
        let (_, document) = problem(request, 428, "version-required").await;
        let said = document["detail"].as_str().unwrap();
        assert!(said.contains("Harvestd-Version: n"), "{said}");
    }
    assert_eq!(bed.whole().titles().len(), 0);
    answer(put(&bed).header("harvestd-version", "1"), 201).await;
    problem(
        put(&bed).header("harvestd-version", "1"),
        409,
        "old-version",
    )
    .await;
    problem(put(&bed), 428, "version-required").await;
    // The other source does not ask for one.
    let other = bed.request("PUT", "/push/other/rain");
    let other = other.bearer_auth(&bed.other_token);
    let other = other.header("content-type", "text/turtle");
    answer(other.body(dataset("rain", "Theirs")), 201).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_keys_are_forgotten() {
    let bed = Bed::with("[limits.push]\nkeys_max = 0", &[CENTRE, bed::OTHER]).await;
    let put = |bed: &Bed, title: &str| {
        let request = bed.turtle("PUT", "/push/centre/rain", dataset("rain", title));
        request.header("idempotency-key", "k")
    };
    answer(put(&bed, "Rain"), 201).await;
    let bed = Bed::at(
        bed.close().await,
        "[limits.push]\nkeys_max = 0",
        &[CENTRE, bed::OTHER],
    )
    .await;
    // The first run after a start looks for old ones; the next push finds the key unused.
    answer(
        bed.turtle("PUT", "/push/centre/snow", dataset("snow", "Snow")),
        201,
    )
    .await;
    answer(put(&bed, "Rainfall"), 200).await;
    assert_eq!(bed.titles().await, ["Rainfall", "Snow"]);
}
