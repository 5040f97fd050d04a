//! The pool behind the doors: deadlines, memory, clients that go away, snapshots that change.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_ends_a_query_and_nobody_elses() {
    let doors = open(with_query_limits(|limits| {
        limits.deadline_ms = 6_000;
        limits.memory_bytes_max = 16 * 1024 * 1024 * 1024;
    }))
    .await;
    assert_eq!(doors.column(TITLES).await.len(), 3);
    let endless = tokio::spawn(doors.query(ENDLESS_SORT).send());
    let mut answered = 0;
    while !endless.is_finished() {
        assert_eq!(doors.column(TITLES).await.len(), 3);
        answered += usize::from(!endless.is_finished());
    }
    assert!(answered > 0, "no query was answered beside an endless one");
    problem(endless.await.unwrap().unwrap(), 504, "deadline").await;
    // Both places are taken again, one by a fresh worker.
    let (a, b) = tokio::join!(doors.column(TITLES), doors.column(TITLES));
    assert_eq!((a.len(), b.len()), (3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_ends_a_query_and_nobody_elses() {
    let doors = open(with_query_limits(|limits| {
        limits.memory_bytes_max = 1024 * 1024 * 1024;
        limits.deadline_ms = 300_000;
        limits.workers = 1;
    }))
    .await;
    let document = problem(
        doors.query(ENDLESS_SORT).send().await.unwrap(),
        500,
        "memory",
    )
    .await;
    assert!(
        document["detail"].as_str().unwrap().contains("1073 MB"),
        "{document}"
    );
    assert_eq!(doors.column(TITLES).await.len(), 3);
}

/// Deep without a bracket: nothing but the worker's own end stops it, and the daemon lives on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_that_overflows_takes_nothing_with_it() {
    let doors = open(with_query_limits(|limits| limits.workers = 1)).await;
    let query = format!("ASK {{ FILTER({}true) }}", "!".repeat(1_000_000));
    let response = doors.query(&query).send().await.unwrap();
    problem(response, 400, "query-too-deep").await;
    assert_eq!(doors.column(TITLES).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_frees_its_worker() {
    let doors = open(with_query_limits(|limits| {
        limits.workers = 1;
        limits.deadline_ms = 300_000;
    }))
    .await;
    for query in [ENDLESS, ENDLESS_STREAM] {
        doors.at_rest().await;
        let stream = doors.raw(&doors.raw_query(query)).await;
        // The only worker has it once a second question would have to wait.
        eventually("the worker is taken", async || doors.workers.free() == 0).await;
        drop(stream);
        // Long before the query's own deadline.
        let titles = tokio::time::timeout(Duration::from_secs(120), doors.column(TITLES));
        assert_eq!(titles.await.unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_answer_never_looks_whole() {
    let doors = open(with_query_limits(|limits| limits.deadline_ms = 5_000)).await;
    let bytes = read_all(doors.raw(&doors.raw_query(ENDLESS_STREAM)).await).await;
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("transfer-encoding: chunked"),
        "{}",
        &text[..300]
    );
    assert!(bytes.len() > 256 * 1024, "{} bytes", bytes.len());
    assert!(
        !bytes.ends_with(b"\r\n0\r\n\r\n"),
        "the cut answer ends as a whole one: …{}",
        &text[text.len().saturating_sub(200)..]
    );
    for encoding in ["gzip", "br", "zstd"] {
        let path = format!(
            "/sparql?query={}",
            ENDLESS_STREAM.replace(' ', "+").replace('?', "%3F")
        );
        let response = doors.encoded(&path, encoding).await;
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["content-encoding"].to_str().unwrap()
            ),
            (200, encoding)
        );
        assert!(
            response.bytes().await.is_err(),
            "{encoding}: a cut answer was read as whole"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_is_whole() {
    let mut turtle = String::from("@prefix e: <http://e.example/> .\n");
    for i in 0..20_000 {
        turtle.push_str(&format!("e:s{i} e:p \"value number {i}\" .\n"));
    }
    let doors = open(Plan {
        turtle,
        ..Plan::default()
    })
    .await;
    assert_eq!(doors.column("SELECT ?s { ?s ?p ?o }").await.len(), 20_000);
    let response = doors.get("/catalog.nt").send().await.unwrap();
    assert_eq!(
        parsed(RdfFormat::NTriples, &response.bytes().await.unwrap()).len(),
        20_000
    );
}

/// Two clients that read a dump slowly have their workers, and no more than two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_of_dumps_do_not_hold_up_the_house() {
    let mut turtle = doors::CATALOGUE.to_owned();
    let long = "long words ".repeat(100);
    for i in 0..30_000 {
        turtle.push_str(&format!("<http://e.example/{i}> dct:title \"{long}\" .\n"));
    }
    let doors = open(Plan {
        turtle,
        ..Plan::default()
    })
    .await;
    let request = "GET /catalog.nt HTTP/1.1\r\nHost: hub.example\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..4 {
        slow.push(doors.raw(request).await);
    }
    eventually("two dumps are under way", async || {
        doors.readers.free() == 1
    })
    .await;
    for _ in 0..20 {
        assert_eq!(
            doors.get("/dataset/moi/1").send().await.unwrap().status(),
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_said_at_once() {
    let doors = open(with_query_limits(|limits| {
        limits.workers = 1;
        limits.queue_max = 1;
        limits.deadline_ms = 6_000;
    }))
    .await;
    assert_eq!(doors.column(TITLES).await.len(), 3);
    let answers = futures_util::future::join_all((0..4).map(|_| doors.query(ENDLESS).send())).await;
    let mut codes = Vec::new();
    for answer in answers {
        let answer = answer.unwrap();
        if answer.status() == 503 {
            assert_eq!(answer.headers()["retry-after"], "5");
        }
        let document: serde_json::Value =
            serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        codes.push(
            document["type"]
                .as_str()
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned(),
        );
    }
    codes.sort_unstable();
    // One is evaluated, one waits, and two are refused at once. The one that waits may run out of time, too.
    assert_eq!(
        (codes[..2].concat(), codes[3].as_str()),
        ("busybusy".to_owned(), "deadline"),
        "{codes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_move_to_a_new_snapshot_and_let_the_old_one_go() {
    let mut doors = open(Plan::default()).await;
    assert_eq!(doors.column(TITLES).await.len(), 3);
    // What is counted for the service description does not keep the snapshot either.
    let described = doors.get("/sparql").send().await.unwrap();
    assert!(described.text().await.unwrap().contains("void#entities"));
    let old = std::sync::Arc::downgrade(doors.published.borrow().as_ref().unwrap());
    doors.add("<http://hub.example/dataset/moi/3> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> \"Third\" .");
    assert_eq!(
        doors.column(TITLES).await.len(),
        3,
        "an unpublished change is seen"
    );
    doors.publish();
    assert_eq!(doors.column(TITLES).await.len(), 4);
    eventually("the old snapshot is let go", async || {
        old.upgrade().is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_queries_do_not_hold_up_the_house() {
    let doors = open(with_query_limits(|limits| limits.deadline_ms = 6_000)).await;
    let endless = [
        tokio::spawn(doors.query(ENDLESS).send()),
        tokio::spawn(doors.query(ENDLESS).send()),
    ];
    eventually("both are under way", async || doors.workers.free() == 0).await;
    for _ in 0..5 {
        let answer = doors.get("/dataset/moi/1").send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    for task in endless {
        problem(task.await.unwrap().unwrap(), 504, "deadline").await;
    }
}

/// No process can be started: too many of them, too little memory, a file that went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_worker_can_be_started_it_is_said_and_the_house_goes_on() {
    let doors = open(Plan {
        program: "/nowhere/harvestd".into(),
        ..Plan::default()
    })
    .await;
    let query = doors.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }");
    let refused = query.send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    problem(refused, 503, "no-worker").await;
    let health = doors.get("/healthz").send().await.unwrap();
    assert_eq!(health.status(), 200);
}
