//! Several datasets at once, and whole catalogues: what they do not name goes, as far as the gate lets it.

use super::*;
use crate::texts;
use serde_json::json;

fn datasets(ids: impl Iterator<Item = usize>, word: &str) -> String {
    ids.map(|n| dataset(&format!("d{n}"), &format!("{word} {n:02}")))
        .collect()
}

/// What an answer counts, but for what it counts none of.
fn counts(answer: &serde_json::Value) -> Vec<(&str, u64)> {
    let counts = answer["counts"].as_object().unwrap().iter();
    let counts = counts.filter_map(|(name, n)| Some((name.as_str(), n.as_u64()?)));
    counts.filter(|(_, n)| *n > 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_taken_whole_or_not_at_all() {
    let bed = Bed::new().await;
    let batch = answer(
        bed.turtle("POST", "/push/centre", datasets(1..=3, "Batch")),
        200,
    )
    .await;
    let outcomes: Vec<_> = batch["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["created", "created", "created"]);
    let more = datasets(3..=4, "More");
    let both = answer(
        bed.turtle("POST", "/push/centre?delete=d1&delete=never", more),
        200,
    )
    .await;
    let mut outcomes: Vec<String> = both["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row["id"].as_str().unwrap(),
                row["outcome"].as_str().unwrap()
            )
        })
        .collect();
    outcomes.sort();
    assert_eq!(
        outcomes,
        ["d1 deleted", "d3 updated", "d4 created", "never absent"]
    );
    assert_eq!(bed.titles().await, ["Batch 02", "More 03", "More 04"]);

    let packages = json!({ "packages": [{ "id": "p", "title": "Package" }], "deleted": ["d2"] });
    let request = bed
        .push("POST", "/push/centre")
        .header("content-type", "application/json");
    answer(request.body(packages.to_string()), 200).await;
    assert_eq!(bed.titles().await, ["More 03", "More 04", "Package"]);

    let before = bed.whole();
    let packages = json!([{ "id": "q", "title": "Good" }, { "title": "Bad" }]);
    let request = bed
        .push("POST", "/push/centre")
        .header("content-type", "application/json");
    let (_, document) = problem(request.body(packages.to_string()), 422, "refused").await;
    assert_eq!(document["refused"][0]["at"]["index"], 1, "{document}");
    let twice =
        dataset("d3", "Once") + &dataset("d3", "Twice").replace("dataset/d3", "dataset/d3b");
    problem(bed.turtle("POST", "/push/centre", twice), 422, "refused").await;
    let both = bed.turtle("POST", "/push/centre?delete=d3", dataset("d3", "Both"));
    problem(both, 422, "refused").await;
    assert_eq!(bed.whole(), before);
    let only = bed.push("POST", "/push/centre?delete=p&delete=d4");
    answer(only, 200).await;
    assert_eq!(bed.titles().await, ["More 03"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_catalogue_takes_away_what_it_does_not_name() {
    let bed = Bed::new().await;
    let first = answer(
        bed.turtle("PUT", "/push/centre", datasets(1..=20, "First")),
        200,
    )
    .await;
    assert_eq!(bed.titles().await.len(), 20, "{first}");
    let second = answer(
        bed.turtle("PUT", "/push/centre", datasets(3..=21, "First")),
        200,
    )
    .await;
    assert_eq!(second["held_back"], 0, "{second}");
    assert_eq!(
        counts(&second),
        [
            ("absent", 2),
            ("holds", 19),
            ("new", 1),
            ("received", 19),
            ("unchanged", 18)
        ]
    );
    let titles = bed.titles().await;
    assert_eq!((titles.len(), titles[0].as_str()), (19, "First 03"));
    let report = harvestd::serve::desk::Desk::report(&*bed.house.daemon, "centre").unwrap();
    let c = &report.counts;
    assert_eq!(
        (c.new, c.unchanged, c.absent, c.holds),
        (1, 18, 2, 19),
        "{}",
        report.line()
    );

    // More than half at once: the gate holds it, and says so.
    let third = answer(
        bed.turtle("PUT", "/push/centre", datasets(20..=22, "First")),
        200,
    )
    .await;
    assert_eq!(third["held_back"], 17, "{third}");
    assert!(
        third["why"]
            .as_str()
            .unwrap()
            .contains("of the 20 held at most in 30 days may go"),
        "{third}"
    );
    assert_eq!(bed.titles().await.len(), 20);
    assert_eq!(
        counts(&third),
        [
            ("held", 17),
            ("holds", 20),
            ("new", 1),
            ("received", 3),
            ("unchanged", 2)
        ]
    );
    // A catalogue of nothing takes away nothing.
    let empty =
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . <https://centre.example/c> a dcat:Catalog .";
    let fourth = answer(bed.turtle("PUT", "/push/centre", empty), 200).await;
    assert_eq!(fourth["held_back"], 20, "{fourth}");
    assert_eq!(bed.titles().await.len(), 20);
    bed.whole();
    let refused = bed.turtle("PUT", "/push/centre?delete=d3", dataset("d3", "x"));
    problem(refused, 400, "query").await;
}

/// Of a whole catalogue what is wrong is left out and listed, and what was held of it stays.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_whole_catalogue_the_good_is_taken() {
    let bed = Bed::new().await;
    let put = |packages: serde_json::Value| {
        let request = bed
            .push("PUT", "/push/centre")
            .header("content-type", "application/json");
        answer(request.body(packages.to_string()), 200)
    };
    let package = |n: usize| json!({ "id": format!("p{n}"), "title": format!("Package {n}") });
    put(json!([package(1), package(2), package(3)])).await;
    let second = put(json!([package(1), { "title": "no id" }, package(4)])).await;
    assert_eq!(
        second["held_back"], 2,
        "a nameless one may be any of them: {second}"
    );
    assert_eq!(
        counts(&second),
        [
            ("held", 2),
            ("holds", 4),
            ("new", 1),
            ("received", 3),
            ("refused", 1),
            ("unchanged", 1)
        ]
    );
    assert_eq!(second["refused"][0]["at"]["index"], 1, "{second}");
    assert_eq!(
        bed.titles().await,
        ["Package 1", "Package 2", "Package 3", "Package 4"]
    );
    let whole = bed.whole();
    assert!(whole.titles().contains("Package 4"));
}

/// Pushed and harvested are one catalogue: the same rules, the same log.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_source_that_is_harvested() {
    let origin = crate::origin::Origin::start().await;
    origin.say("/a", "text/turtle", texts::numbered(3));
    let asked = texts::source("a", "dcat", &origin.at("/a"), "");
    let bed = Bed::with("", &[CENTRE, bed::OTHER, &asked]).await;
    answer(
        bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain")),
        201,
    )
    .await;
    bed.house.complete("a").await;
    answer(
        bed.turtle("PUT", "/push/centre/snow", dataset("snow", "Snow")),
        201,
    )
    .await;
    assert_eq!(
        bed.titles().await,
        ["Rain", "Snow", "Title 1", "Title 2", "Title 3"]
    );
    bed.whole();
}
