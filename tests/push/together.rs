//! Many at once share commits, none is lost, and what does not fit is refused at once.

use super::*;
use bed::until;
use futures_util::future::join_all;
use harvestd::config::PushLimits;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_commits() {
    let bed = Bed::new().await;
    const MANY: usize = 200;
    // While the writer is taken, the first waits for it, and all others in line.
    let writer = bed.house.daemon.rooms.writer.lock().unwrap();
    let push = |n: usize| answer(put(&bed, n), 201);
    let others = async {
        until("the first is taken in", || bed.is_taking_in()).await;
        join_all((1..MANY).map(push)).await
    };
    let release = async {
        until("all others wait", || bed.waiting() == MANY - 1).await;
        drop(writer);
    };
    let (first, mut answers, ()) = tokio::join!(push(0), others, release);
    answers.push(first);
    let runs: BTreeSet<_> = answers
        .iter()
        .map(|answer| answer["run"].as_str().unwrap().to_owned())
        .collect();
    let per_commit = PushLimits::default().per_commit_max;
    assert_eq!(runs.len(), 1 + (MANY - 1).div_ceil(per_commit));
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
    const MANY: usize = 40;
    // The first waits for the writer, four in line, and for the others there is no room.
    const TAKEN: usize = 1 + 4;
    let writer = bed.house.daemon.rooms.writer.lock().unwrap();
    let refused = AtomicUsize::new(0);
    let push = async |n: usize| {
        let response = put(&bed, n).send().await.unwrap();
        refused.fetch_add(usize::from(response.status() == 503), Relaxed);
        response
    };
    let others = async {
        until("the first is taken in", || bed.is_taking_in()).await;
        join_all((1..MANY).map(push)).await
    };
    let release = async {
        let all = || refused.load(Relaxed) == MANY - TAKEN;
        until("what does not fit is refused", all).await;
        drop(writer);
    };
    let (first, others, ()) = tokio::join!(push(0), others, release);
    let taken = others.iter().filter(|r| r.status() == 201).count();
    assert_eq!((first.status().as_u16(), taken), (201, TAKEN - 1));
    let full: Vec<_> = others.iter().filter(|r| r.status() == 503).collect();
    assert_eq!(full.len(), MANY - TAKEN);
    assert!(full.iter().all(|r| r.headers().contains_key("retry-after")));
    assert_eq!(bed.whole().titles().len(), TAKEN);
}

fn put(bed: &Bed, n: usize) -> reqwest::RequestBuilder {
    let id = format!("d{n}");
    let body = dataset(&id, &format!("Title {n}"));
    bed.turtle("PUT", &format!("/push/centre/{id}"), body)
}
