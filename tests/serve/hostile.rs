//! Clients that ask dear questions, beside one that does not: what they use is counted, and what waits is theirs.

use super::*;

const HEALTHY: &str = "198.51.100.1";

fn asking(change: impl FnOnce(&mut harvestd::config::QueryLimits)) -> Plan {
    with_query_limits(|limits| {
        limits.lookup_triples_max = 0;
        change(limits);
    })
}

async fn titles(doors: &doors::Doors, client: &str) -> usize {
    let response = doors.query_of(client, TITLES).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let rows: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    rows["results"]["bindings"].as_array().unwrap().len()
}

fn seconds(response: &reqwest::Response) -> u64 {
    let after = response.headers()["retry-after"].to_str().unwrap();
    after.parse().unwrap()
}

/// Two seconds long a worker counts, on however much of a processor; a tenth of a second is free, and a hundredth comes back
/// each second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_spent_the_budget_is_told_when_to_come_again() {
    let doors = open(asking(|limits| {
        limits.deadline_ms = 2_000;
        limits.client_ms_max = 100;
        limits.client_ms_per_second = 10;
    }))
    .await;
    let ended = doors.query_of("203.0.113.7", ENDLESS).send().await.unwrap();
    problem(ended, 504, "deadline").await;
    doors.at_rest().await;
    let refused = doors.query_of("203.0.113.7", TITLES).send().await.unwrap();
    assert!(
        (1..=300).contains(&seconds(&refused)),
        "{}",
        seconds(&refused)
    );
    let document = problem(refused, 429, "budget-spent").await;
    let detail = document["detail"].as_str().unwrap();
    let told = detail.split("have used ").nth(1).unwrap();
    let used: u64 = told.split(' ').next().unwrap().parse().unwrap();
    assert!(used <= 3, "{detail}");
    assert!(!detail.contains("203.0.113"), "{detail}");
    assert_eq!(titles(&doors, HEALTHY).await, 3);
}

/// The processes that this one started and that have something of a folder open. They are found by whom they name as their
/// parent: `/proc/self/task/*/children` leaves some out while others end (proc(5)).
fn at_work_in(folder: &std::path::Path) -> Vec<rustix::process::Pid> {
    let own = std::process::id().to_string();
    let is_ours = |id: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Its name in brackets, its state, its parent.
        let after = stat.rsplit_once(") ").map(|(_, after)| after);
        after.and_then(|after| after.split(' ').nth(1)) == Some(&own)
    };
    let all = std::fs::read_dir("/proc").unwrap();
    let ids = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let has_open = |id: &i32| {
        let files = std::fs::read_dir(format!("/proc/{id}/fd"));
        let mut files = files.into_iter().flatten().flatten();
        files.any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.starts_with(folder)))
    };
    ids.filter(is_ours)
        .filter(has_open)
        .map(|id| rustix::process::Pid::from_raw(id).unwrap())
        .collect()
}

/// A worker that has no processor costs its client nothing, whatever the clock says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_processor_is_not_charged() {
    const STOPPED: Duration = Duration::from_secs(1);
    let doors = open(asking(|limits| {
        limits.workers = 1;
        limits.client_ms_max = 700;
        limits.client_ms_per_second = 1;
    }))
    .await;
    assert_eq!(titles(&doors, HEALTHY).await, 3);
    doors.at_rest().await;
    let tell = |workers: &[rustix::process::Pid], signal| {
        for worker in workers {
            // One that ended meanwhile needs no telling.
            rustix::process::kill_process(*worker, signal).ok();
        }
    };
    let mut answered = 0;
    let (workers, asked) = loop {
        let workers = at_work_in(doors.data_dir());
        tell(&workers, rustix::process::Signal::STOP);
        let asked = tokio::spawn(doors.query_of("203.0.113.7", TITLES).send());
        let began = std::time::Instant::now();
        eventually("it is answered, or has waited", async || {
            asked.is_finished() || doors.workers.free() == 0 && began.elapsed() > STOPPED
        })
        .await;
        if !asked.is_finished() {
            break (workers, asked);
        }
        // By a worker that was begun just then.
        tell(&workers, rustix::process::Signal::CONT);
        answered += 1;
        assert!(answered < 10, "no worker was stopped: {workers:?}");
    };
    tell(&workers, rustix::process::Signal::CONT);
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert_eq!(titles(&doors, "203.0.113.7").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_has_so_many_questions_at_a_time() {
    let doors = open(asking(|limits| {
        limits.deadline_ms = 300_000;
        limits.client_open_max = 2;
        limits.slow_ms = 100;
        limits.wanted_ms = 100;
        limits.slow_workers = 2;
    }))
    .await;
    let first = tokio::spawn(doors.query_of("203.0.113.7", ENDLESS).send());
    let second = tokio::spawn(doors.query_of("203.0.113.7", ENDLESS).send());
    eventually("both go on beside", async || doors.workers.beside() == 2).await;
    let refused = doors.query_of("203.0.113.7", TITLES).send().await.unwrap();
    assert_eq!(seconds(&refused), 1);
    problem(refused, 429, "too-many-queries").await;
    assert_eq!(titles(&doors, HEALTHY).await, 3);
    first.abort();
    second.abort();
    // Who goes away is not counted any longer.
    eventually("its questions are over", async || {
        let again = doors.query_of("203.0.113.7", TITLES).send().await.unwrap();
        again.status() == 200
    })
    .await;
}

/// One place, and a question that never ends has it: it leaves it to the others, and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_long_makes_room() {
    let doors = open(asking(|limits| {
        limits.deadline_ms = 300_000;
        limits.workers = 1;
        limits.slow_ms = 100;
        limits.wanted_ms = 100;
        limits.slow_workers = 1;
    }))
    .await;
    for query in [ENDLESS, ENDLESS_STREAM] {
        let endless = tokio::spawn(doors.query_of("203.0.113.7", query).send());
        eventually("it goes on beside", async || doors.workers.beside() == 1).await;
        for _ in 0..3 {
            assert_eq!(titles(&doors, HEALTHY).await, 3);
        }
        assert_eq!(doors.workers.beside(), 1, "it was not ended");
        endless.abort();
        let _ = endless.await;
        eventually("it is over", async || doors.workers.beside() == 0).await;
    }
}

/// One slow place and two endless questions: that of the client which has used more ends, with a clear word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_used_most_gives_way() {
    let doors = open(asking(|limits| {
        limits.deadline_ms = 300_000;
        limits.workers = 1;
        limits.slow_ms = 100;
        limits.wanted_ms = 100;
        limits.slow_workers = 1;
    }))
    .await;
    let glutton = tokio::spawn(doors.query_of("203.0.113.7", ENDLESS).send());
    eventually("it goes on beside", async || doors.workers.beside() == 1).await;
    assert_eq!(titles(&doors, HEALTHY).await, 3);
    let mut newcomer = tokio::spawn(doors.query_of("203.0.113.8", ENDLESS).send());
    let ended = glutton.await.unwrap().unwrap();
    assert!(seconds(&ended) >= 1);
    let document = problem(ended, 429, "gave-way").await;
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("ended for them"),
        "{document}"
    );
    // The newcomer goes on: nobody else is there any more.
    assert!(!newcomer.is_finished());
    newcomer.abort();
    let _ = (&mut newcomer).await;
}

/// Two places: a client that has used much waits for one of them while the other stays free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_is_kept_for_others() {
    let doors = open(asking(|limits| {
        limits.deadline_ms = 300_000;
        limits.client_light_ms = 0;
        limits.client_ms_per_second = 1;
        limits.workers = 2;
    }))
    .await;
    // What it has used is above nothing, from here on.
    for _ in 0..30 {
        assert_eq!(titles(&doors, "203.0.113.7").await, 3);
    }
    doors.at_rest().await;
    let first = tokio::spawn(doors.query_of("203.0.113.7", ENDLESS).send());
    eventually("it has a place", async || doors.workers.free() == 1).await;
    let second = tokio::spawn(doors.query_of("203.0.113.7", TITLES).send());
    for n in 0..20 {
        assert_eq!(titles(&doors, &format!("198.51.100.{n}")).await, 3);
    }
    assert!(!second.is_finished(), "it waits for its own question");
    first.abort();
    assert_eq!(second.await.unwrap().unwrap().status(), 200);
}
