//! Many at once share commits, none is lost, and what does not fit is refused at once.

use super::*;
use futures_util::future::join_all;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_commits() {
    let bed = Bed::new().await;
    const MANY: usize = 200;
    // While the writer is taken, all of them come to wait.
    let writer = bed.house.daemon.rooms.writer.lock().unwrap();
    let pushes = (0..MANY).map(|n| {
        let id = format!("d{n}");
        answer(
            bed.turtle(
                "PUT",
                &format!("/push/centre/{id}"),
                dataset(&id, &format!("Title {n}")),
            ),
            201,
        )
    });
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        drop(writer);
    };
    let (answers, ()) = tokio::join!(join_all(pushes), release);
    let runs: BTreeSet<_> = answers
        .iter()
        .map(|answer| answer["run"].as_str().unwrap().to_owned())
        .collect();
    assert!(runs.len() < MANY / 10, "{} runs", runs.len());
    let activities: BTreeSet<_> = answers
        .iter()
        .map(|a| a["records"][0]["activity"].as_u64().unwrap())
        .collect();
    assert_eq!(activities.len(), MANY, "each has its own");
    let whole = bed.whole();
    assert_eq!(whole.titles().len(), MANY);
    for answer in &answers {
        let row = &answer["records"][0];
        let (_, entity) = &whole.log[row["activity"].as_u64().unwrap() as usize - 1];
        assert_eq!(row["iri"], entity.as_str());
    }
    assert_eq!(
        harvestd::serve::desk::Desk::source(&*bed.house.daemon, "centre")
            .unwrap()
            .holds,
        MANY as u64
    );
}

/// The same dataset from two hands at once, and the same key: one after the other, in the order of arrival.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_dataset_at_once() {
    let bed = Bed::new().await;
    let same = (0..20).map(|_| {
        let request = bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Rain"));
        request.header("idempotency-key", "one").send()
    });
    for response in join_all(same).await {
        assert_eq!(response.unwrap().status(), 201);
    }
    assert_eq!(
        bed.whole().log.len(),
        bed.whole().bodies.len(),
        "each entity was created once"
    );
    let different = (0..20).map(|n| {
        let body = dataset("rain", &format!("Title {n}"));
        bed.turtle("PUT", "/push/centre/rain", body).send()
    });
    for response in join_all(different).await {
        assert_eq!(response.unwrap().status(), 200);
    }
    let updates = bed
        .whole()
        .log
        .iter()
        .filter(|(_, e)| e.ends_with("/rain"))
        .count();
    assert_eq!(updates, 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_line_is_said_and_loses_nothing() {
    let bed = Bed::with(
        "[limits.push]\nwaiting_max = 4\nper_commit_max = 2",
        &[CENTRE],
    )
    .await;
    let writer = bed.house.daemon.rooms.writer.lock().unwrap();
    let pushes = (0..40).map(|n| {
        let id = format!("d{n}");
        let request = bed.turtle(
            "PUT",
            &format!("/push/centre/{id}"),
            dataset(&id, &format!("Title {n}")),
        );
        async move { request.send().await.unwrap() }
    });
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        drop(writer);
    };
    let (responses, ()) = tokio::join!(join_all(pushes), release);
    let taken = responses.iter().filter(|r| r.status() == 201).count();
    let full: Vec<_> = responses.iter().filter(|r| r.status() == 503).collect();
    assert!(taken >= 4 && taken + full.len() == 40, "{taken} of 40");
    assert!(!full.is_empty() && full.iter().all(|r| r.headers().contains_key("retry-after")));
    assert_eq!(bed.whole().titles().len(), taken);
}
