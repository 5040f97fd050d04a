//! How things stand: status, probes, metrics.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_has_its_reason() {
    let doors = open(Plan::default()).await;
    assert_eq!(doors.get("/readyz").send().await.unwrap().status(), 200);
    *doors.desk.unready.lock().unwrap() = Some("the store is being opened".to_owned());
    let document = problem(doors.get("/readyz").send().await.unwrap(), 503, "not-ready").await;
    assert_eq!(document["detail"], "the store is being opened");
    assert_eq!(
        doors
            .get("/healthz")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "ok\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_shows_each_source_and_counts_that_add_up() {
    let doors = open(Plan::default()).await;
    let status = doors.json("/status").await;
    let source = &status["sources"][0];
    assert_eq!(
        (source["id"].as_str(), source["holds"].as_u64()),
        (Some("moi"), Some(2))
    );
    let counts = &source["last"]["counts"];
    let parts: u64 = [
        "new",
        "changed",
        "unchanged",
        "refused",
        "unreadable",
        "duplicate",
        "filtered",
        "looped",
    ]
    .iter()
    .map(|part| counts[*part].as_u64().unwrap())
    .sum();
    assert_eq!(Some(parts), counts["received"].as_u64());
    assert_eq!(source["next_due"], "2026-01-01T01:00:00.000Z");
    assert_eq!(source["report"], "http://hub.example/sources/moi/report");
    assert_eq!(status["published"]["seq"], 1);
    let same = doors.json("/status.json").await;
    assert_eq!(same, status);
    let report = doors.json("/sources/moi/report").await;
    assert_eq!(report["run"], "1767225600000-moi");
    problem(
        doors.get("/sources/nobody/report").send().await.unwrap(),
        404,
        "not-found",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_sources_say_as_text() {
    let doors = open(Plan::default()).await;
    let browser = async |path: &str| {
        let request = doors.get(path).header("accept", "text/html,*/*;q=0.8");
        request
            .header("accept-language", "en")
            .send()
            .await
            .unwrap()
    };
    let led = browser("/status").await;
    assert_eq!(led.status(), 303);
    assert_eq!(led.headers()["location"], "/sources");
    for path in ["/sources", "/sources/moi"] {
        let response = browser(path).await;
        let headers = response.headers().clone();
        let header = |name: &str| headers[name].to_str().unwrap();
        assert!(header("content-type").starts_with("text/html"), "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(header("vary"), "Accept, Accept-Language, Cookie");
        let page = response.text().await.unwrap();
        assert!(
            page.contains("Interior &#60;script&#62;") && !page.contains("<script>"),
            "{page}"
        );
        assert!(
            page.contains("2026-01-01 08:00") && page.contains("complete") || path == "/sources",
            "{page}"
        );
        assert!(!page.contains("<form"), "nobody acts here: {page}");
    }
    let chinese = doors.get("/sources/moi").header("accept", "text/html");
    let chinese = chinese.send().await.unwrap().text().await.unwrap();
    assert!(
        chinese.contains("lang=\"zh-Hant\"") && chinese.contains("執行紀錄"),
        "{chinese}"
    );
    for (path, status, said) in [
        ("/sources/nobody", 404, "404 not-found"),
        ("/sources/moi?fate=x", 400, "400 query"),
    ] {
        let response = browser(path).await;
        assert_eq!(response.status(), status);
        let page = response.text().await.unwrap();
        assert!(page.contains(said), "{page}");
    }
    let told = doors.json("/sources").await;
    assert_eq!(told[0]["id"], "moi");
    assert_eq!(
        doors.json("/sources/moi").await["next_due"],
        told[0]["next_due"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_by_route() {
    let doors = open(Plan::default()).await;
    doors.get("/dataset/moi/1").send().await.unwrap();
    // Other houses of this process set the same figure.
    let mut text = String::new();
    eventually("the figure is of this house", async || {
        let response = doors.get("/metrics").send().await.unwrap();
        text = response.text().await.unwrap();
        text.contains("harvestd_published_seq 1\n")
    })
    .await;
    assert!(
        text.contains("harvestd_http_requests_total{route=\"/dataset/{*rest}\",status=\"200\"}"),
        "{text}"
    );
    assert!(
        text.contains("harvestd_workers_free{pool=\"house\"}"),
        "{text}"
    );
    assert!(!text.contains("/dataset/moi/1"), "a path is a label");
    for line in [
        "# TYPE harvestd_http_request_seconds histogram",
        "# HELP harvestd_workers_free Workers of a pool that could take a query at once",
        "harvestd_source_records{source=\"moi\"}",
        "harvestd_published_timestamp_seconds 1",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = name.split(' ').next().unwrap();
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} has no help"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_leads_on() {
    let base = "http://hub.example/open/data/";
    for (base, roots) in [
        ("http://hub.example/", &["/"][..]),
        (base, &["/", "/open/data", "/open/data/"]),
    ] {
        let turtle = doors::CATALOGUE.replace("http://hub.example/", base);
        let plan = Plan {
            base,
            turtle,
            ..Plan::default()
        };
        let doors = open(plan).await;
        let prefix = base
            .trim_start_matches("http://hub.example")
            .trim_end_matches('/');
        for root in roots {
            let browser = doors.get(root).header("accept", "text/html,*/*;q=0.8");
            // This house has no search index: the page says what is missing, in the frame, and where to go.
            let response = browser.send().await.unwrap();
            assert_eq!(response.status(), 503, "{root}");
            let kind = &response.headers()["content-type"];
            assert_eq!(kind, "text/html; charset=utf-8");
            assert!(response.headers().contains_key("retry-after"));
            let page = response.text().await.unwrap();
            assert!(
                page.contains(&format!("action=\"{prefix}/search\"")),
                "{page}"
            );
            assert!(page.contains("503 no-search"), "{page}");
            let listed = doors.json(root).await;
            for (name, address) in listed.as_object().unwrap() {
                let path = address.as_str().unwrap().strip_prefix(base).unwrap();
                let response = doors.get(&format!("{prefix}/{path}")).send().await.unwrap();
                assert_ne!(response.status(), 404, "{name} is nowhere");
            }
            assert_eq!(listed.as_object().unwrap().len(), 20, "{listed}");
        }
        let image = doors.get("/").header("accept", "image/png");
        problem(image.send().await.unwrap(), 406, "not-acceptable").await;
    }
}
