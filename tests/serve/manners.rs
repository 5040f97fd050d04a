//! What every answer has in common: documents for errors, headers, limits of requests, a clean stop.

use super::*;
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_documents() {
    let doors = open(Plan::default()).await;
    problem(
        doors.get("/nothing/here").send().await.unwrap(),
        404,
        "not-found",
    )
    .await;
    let response = doors
        .request("DELETE", "/catalog.ttl")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    problem(response, 405, "method-not-allowed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_browsers_should_have_and_an_id() {
    let doors = open(Plan::default()).await;
    for path in ["/status", "/nothing", "/sparql?query=x"] {
        let response = doors.get(path).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert!(
            headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert!(!headers["x-request-id"].is_empty());
    }
    let given = doors
        .get("/healthz")
        .header("x-request-id", "proxy-1")
        .send()
        .await
        .unwrap();
    assert_eq!(given.headers()["x-request-id"], "proxy-1");
    let long = "x".repeat(65);
    for unfit in ["a b", "<script>", long.as_str()] {
        let response = doors
            .get("/healthz")
            .header("x-request-id", unfit)
            .send()
            .await
            .unwrap();
        assert_ne!(response.headers()["x-request-id"], unfit);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_origin_may_ask_the_public_door() {
    let doors = open(Plan::default()).await;
    let preflight = doors
        .request("OPTIONS", "/sparql")
        .header("origin", "https://notebook.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            preflight.status().as_u16(),
            preflight.headers()["access-control-allow-origin"]
                .to_str()
                .unwrap()
        ),
        (200, "*")
    );
    let response = doors
        .query("ASK {}")
        .header("origin", "https://notebook.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    // What a script may read of an answer is what our doors speak by.
    let exposed = response.headers()["access-control-expose-headers"].clone();
    let exposed = exposed.to_str().unwrap().to_ascii_lowercase();
    let exposed: Vec<&str> = exposed.split(',').map(str::trim).collect();
    for name in [
        "etag",
        "last-modified",
        "link",
        "location",
        "retry-after",
        "accept-ranges",
        "content-range",
        "memento-datetime",
        "harvestd-generation",
        "harvestd-sequence",
        "x-request-id",
    ] {
        assert!(exposed.contains(&name), "{name}: {exposed:?}");
    }
    let admin = doors
        .admin("GET", "/sources")
        .bearer_auth(TOKEN)
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert!(!admin.headers().contains_key("access-control-allow-origin"));
}

/// By content: what says the same has the same tag, and says so to whoever holds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_house_says_of_itself_has_a_tag_of_its_content() {
    let mut doors = open(Plan::default()).await;
    let ask = "/sparql?query=ASK%7B%7D";
    let paths = [
        ("/", "application/json"),
        ("/status", "application/json"),
        ("/sources", "text/html"),
        ("/sources/moi", "text/html"),
        ("/status.json", "*/*"),
        ("/sources/moi/report", "*/*"),
        ("/snapshots", "application/json"),
        ("/snapshots", "application/link-format"),
        ("/sparql", "text/turtle"),
        ("/sparql", "text/html"),
        (ask, "application/sparql-results+json"),
        (ask, "text/csv"),
    ];
    let get = async |doors: &doors::Doors, path: &str, accept: &str, held: &str| {
        let request = doors.get(path).header("accept", accept);
        request.header("if-none-match", held).send().await.unwrap()
    };
    let mut tags = Vec::new();
    for (path, accept) in paths {
        let first = get(&doors, path, accept, "\"none\"").await;
        assert_eq!(first.status(), 200, "{path}");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        assert_eq!(first.headers()["cache-control"], "no-cache", "{path}");
        let again = get(&doors, path, accept, &tag).await;
        assert_eq!(again.status(), 304, "{path} as {accept}");
        assert_eq!(again.headers()["etag"], *tag);
        assert!(again.bytes().await.unwrap().is_empty());
        tags.push(tag);
    }
    doors.publish();
    for ((path, accept), tag) in paths.into_iter().zip(tags) {
        let moves = path.starts_with("/status") || path == "/sources";
        let after = get(&doors, path, accept, &tag).await;
        assert_eq!(after.status(), if moves { 200 } else { 304 }, "{path}");
    }
    // A long answer is streamed: its tag would be known at its end.
    let all =
        "/sparql?query=SELECT%20*%20%7B%3Fa%20%3Fb%20%3Fc.%3Fd%20%3Fe%20%3Ff.%3Fg%20%3Fh%20%3Fi%7D";
    let streamed = doors.get(all).send().await.unwrap();
    assert_eq!(streamed.status(), 200);
    assert!(!streamed.headers().contains_key("etag"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_is_the_same_whatever_coding_is_accepted() {
    let doors = open(Plan::default()).await;
    for path in [
        "/catalog.ttl",
        "/data.json",
        "/status.json",
        "/openapi.json",
    ] {
        let plain = doors
            .request("HEAD", path)
            .header("accept-encoding", "identity");
        let plain = plain.send().await.unwrap();
        for coding in ["gzip", "br", "zstd"] {
            let head = doors
                .request("HEAD", path)
                .header("accept-encoding", coding);
            let head = head.send().await.unwrap();
            assert_eq!(head.status(), 200, "{path} as {coding}");
            for name in ["etag", "content-type"] {
                assert_eq!(
                    head.headers()[name],
                    plain.headers()[name],
                    "{path}: {name}"
                );
            }
            let vary = head.headers().get_all("vary").iter();
            let vary: Vec<_> = vary
                .map(|v| v.to_str().unwrap().to_ascii_lowercase())
                .collect();
            assert!(
                vary.iter().any(|v| v.contains("accept-encoding")),
                "{path}: {vary:?}"
            );
            let get = doors.encoded(path, coding).await;
            let codings = [&head, &get].map(|r| r.headers().get("content-encoding").cloned());
            assert_eq!(codings[0], codings[1], "{path} as {coding}");
            // No length of another form.
            assert!(
                !head.headers().contains_key("content-length"),
                "{path} as {coding}"
            );
            assert!(head.bytes().await.unwrap().is_empty(), "{path} as {coding}");
        }
    }
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    use tower::ServiceExt;
    let router = axum::Router::new().route(
        "/",
        axum::routing::get(async || -> () { panic!("on purpose") }),
    );
    let request = axum::http::Request::get("/")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = layers::public(router, &HttpLimits::default())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    let body = axum::body::to_bytes(response.into_body(), 10_000)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("on purpose"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dawdles_with_headers_is_let_go() {
    let listen = ListenLimits {
        header_read: Duration::from_millis(200),
        ..ListenLimits::default()
    };
    let doors = open(Plan {
        listen,
        ..Plan::default()
    })
    .await;
    let stream = doors
        .raw("GET /healthz HTTP/1.1\r\nHost: hub.example\r\nX-Slow: ")
        .await;
    let answer = tokio::time::timeout(Duration::from_secs(120), read_all(stream))
        .await
        .unwrap();
    assert!(
        !answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

/// Every address of 127.0.0.0/8 is a client of its own here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_cannot_have_all_connections() {
    let listen = ListenLimits {
        connections_max: 8,
        per_client_max: 4,
        header_read: Duration::from_secs(300),
        ..ListenLimits::default()
    };
    let doors = open(Plan {
        listen,
        ..Plan::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(doors.raw("GET /healthz HTTP/1.1\r\nX-Slow: ").await);
    }
    let fifth = TcpStream::connect(doors.public).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(120), read_all(fifth));
    assert_eq!(answer.await.unwrap(), b"", "closed without a word");
    let other = reqwest::Client::builder()
        .local_address(IpAddr::from([127, 0, 0, 2]))
        .no_proxy()
        .build()
        .unwrap();
    let health = format!("http://{}/healthz", doors.public);
    let response = other.get(&health).send().await.unwrap();
    assert_eq!(response.status(), 200);
    held.pop();
    eventually("there is room again", async || {
        let asked = reqwest::Client::builder().no_proxy().build().unwrap();
        asked.get(&health).send().await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_requests_end_and_takes_no_more() {
    let plan = with_query_limits(|limits| limits.deadline_ms = 6_000);
    let listen = ListenLimits {
        grace: Duration::from_secs(120),
        ..plan.listen
    };
    let plan = Plan { listen, ..plan };
    let mut doors = open(plan).await;
    assert_eq!(doors.column(TITLES).await.len(), 3);
    doors.at_rest().await;
    let under_way = tokio::spawn(doors.query(ENDLESS).send());
    eventually("the query is under way", async || doors.workers.free() == 1).await;
    doors.stop.take().unwrap().send(()).unwrap();
    problem(under_way.await.unwrap().unwrap(), 504, "deadline").await;
    doors.served.take().unwrap().await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(doors.public).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let mut plan = Plan::default();
    plan.limits.http.body_bytes_max = 2_000;
    let doors = open(plan).await;
    let large = format!("ASK {{}} # {}", "x".repeat(3_000));
    problem(
        doors.query(&large).send().await.unwrap(),
        413,
        "content-too-large",
    )
    .await;
    let head = "POST /sparql HTTP/1.1\r\nHost: hub.example\r\nContent-Type: application/sparql-query\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = |text: &str| format!("{head}{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let answer = read_all(doors.raw(&chunked(&large)).await).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 413"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let answer = read_all(doors.raw(&chunked("ASK {}")).await).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let admin = doors
        .admin("POST", "/sources/moi/run")
        .bearer_auth(TOKEN)
        .body("x".repeat(3_000))
        .send()
        .await
        .unwrap();
    problem(admin, 413, "content-too-large").await;
    assert!(doors.desk.asked.lock().unwrap().is_empty());
}

/// A proxy sends the whole body before it reads, and tells its client of a bad gateway where it cannot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_still_sends_hears_the_refusal() {
    // More than the buffers of a socket take in.
    const BYTES: usize = 24 << 20;
    let head = format!(
        "POST /sparql HTTP/1.1\r\nHost: hub.example\r\nContent-Type: application/sparql-query\r\nContent-Length: {BYTES}\r\n\r\n"
    );
    let body = vec![b'x'; BYTES];
    let doors = open(Plan::default()).await;
    let mut stream = doors.raw(&head).await;
    stream.write_all(&body).await.unwrap();
    let answer = read_all(stream).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.starts_with("HTTP/1.1 413") && text.contains("content-too-large"),
        "{text}"
    );

    let mut plan = Plan::default();
    plan.listen.leftover.bytes_max = 1 << 20;
    let doors = open(plan).await;
    let mut stream = doors.raw(&head).await;
    let sent = stream.write_all(&body).await;
    assert!(sent.is_err(), "not without an end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dawdles_with_a_body_is_let_go() {
    let mut plan = Plan::default();
    plan.limits.http.body_read_ms = 200;
    let doors = open(plan).await;
    let stream = doors
        .raw("POST /sparql HTTP/1.1\r\nHost: hub.example\r\nContent-Type: application/sparql-query\r\nContent-Length: 6\r\n\r\nASK")
        .await;
    let answer = tokio::time::timeout(Duration::from_secs(120), read_all(stream))
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.starts_with("HTTP/1.1 408") && text.contains("body-too-slow"),
        "{text}"
    );
}
