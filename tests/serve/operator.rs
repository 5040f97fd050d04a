//! The operator's door.

use super::*;
use harvestd::serve::openapi::door::Door;

/// Method and address of each door.
fn routes() -> Vec<(String, String)> {
    let operations = |door: &'static Door| {
        door.operations
            .iter()
            .map(move |operation| (door, operation))
    };
    let all = admin::doors().iter().flat_map(operations);
    all.map(|(door, operation)| (operation.verb.word().to_uppercase(), door.path.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answers_without_the_token() {
    let doors = open(Plan::default()).await;
    let wrong = [
        None,
        Some("Bearer wrong"),
        Some("Bearer "),
        Some("Basic open sesame"),
        Some("open sesame"),
    ];
    let unknown = [
        ("GET", "/"),
        ("GET", "/metrics"),
        ("DELETE", "/sources"),
        ("GET", "/sparql"),
        ("PATCH", "/sources/moi/run"),
    ];
    let unknown = unknown.map(|(method, path)| (method.to_owned(), path.to_owned()));
    for (method, path) in routes().into_iter().chain(unknown) {
        let path = path.replace("{id}", "moi");
        for authorization in wrong {
            let mut request = doors.admin(&method, &path);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let response = request.send().await.unwrap();
            assert_eq!(
                response.headers()["www-authenticate"],
                "Bearer realm=\"harvestd\""
            );
            problem(response, 401, "unauthorized").await;
        }
    }
    assert!(doors.desk.asked.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_token_the_daemon_is_asked() {
    let doors = open(Plan::default()).await;
    let ask = async |method: &str, path: &str| {
        doors
            .admin(method, path)
            .bearer_auth(TOKEN)
            .send()
            .await
            .unwrap()
    };
    // These want a body, a desk that keeps feedback (tests/feedback.rs), or one with records (tests/gate.rs, tests/recovery.rs).
    let others = |path: &str| {
        let elsewhere = ["/feedback", "/held/", "/runs/", "/restore", "/backup"];
        path == "/identity/decide"
            || path == "/sources/{id}/runs"
            || elsewhere.iter().any(|begin| path.starts_with(begin))
    };
    for (method, path) in routes().iter().filter(|(_, path)| !others(path)) {
        let status = ask(method, &path.replace("{id}", "moi"))
            .await
            .status()
            .as_u16();
        let nobody = path.starts_with("/webhooks/") || path.starts_with("/links/");
        let expected = match (method.as_str(), nobody) {
            // The double at the desk tells nobody, and checks no addresses.
            (_, true) => 404,
            ("GET", false) => 200,
            (_, false) => 202,
        };
        assert_eq!(status, expected, "{method} {path}");
    }
    assert_eq!(
        *doors.desk.asked.lock().unwrap(),
        ["run moi", "pause moi", "resume moi"]
    );
    problem(ask("POST", "/sources/nobody/run").await, 404, "not-found").await;
    problem(ask("POST", "/sources/busy/run").await, 409, "running").await;
    problem(ask("GET", "/nothing").await, 404, "not-found").await;
    let wanted = r#"{"verdict": "join", "a": "x", "b": "y", "who": "me", "why": "so"}"#;
    let request = doors.admin("POST", "/identity/decide").bearer_auth(TOKEN);
    let request = request.header("content-type", "application/json");
    problem(request.body(wanted).send().await.unwrap(), 422, "refused").await;
    let response = ask("GET", "/sources/moi/run").await;
    assert_eq!(response.headers()["allow"], "POST");
    problem(response, 405, "method-not-allowed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_door_does_not_lead_there() {
    let doors = open(Plan::default()).await;
    // It has a document of its own, and of the sources what everybody may know.
    let both = ["/openapi.json", "/sources", "/sources/{id}"];
    let theirs = |path: &str| !both.contains(&path);
    for (method, path) in routes().iter().filter(|(_, path)| theirs(path)) {
        let response = doors
            .request(method, &path.replace("{id}", "moi"))
            .bearer_auth(TOKEN)
            .send()
            .await
            .unwrap();
        problem(response, 404, "not-found").await;
    }
    assert!(doors.desk.asked.lock().unwrap().is_empty());
}
