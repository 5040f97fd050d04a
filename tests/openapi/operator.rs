//! The operator's doors against their own document.

use super::{
    Ask, CORRECTION, Hub,
    ask::{ANY, SENDS_JSON, SENDS_TEXT, get, send},
    check, every_one_is_asked,
    serving::parsed,
};
use reqwest::Response;

const RUN: &str = "/sources/{id}/run";
const DEAD: &str = "/webhooks/{id}/dead";
const RESEND: &str = "/webhooks/{id}/resend";
const ENABLE: &str = "/webhooks/{id}/enable";
const ITEM: &str = "/feedback/{id}";
const JUDGE: &str = "/feedback/{id}/judge";
const DECIDE: &str = "/identity/decide";
const APPROVE: &str = "/held/{id}/approve";
const REJECT: &str = "/held/{id}/reject";
const RELEASE: &str = "/held/{id}/release";
const RUNS: &str = "/sources/{id}/runs";
const UNDO: &str = "/runs/{id}/undo";
const RESTORE: &str = "/restore";
const BACKUP: &str = "/backup";
const CHECK_LINKS: &str = "/links/check";
const RELEASED: &str = "/backup/release";

const NO_PAIR: &str =
    "{\"verdict\": \"join\", \"a\": \"x\", \"b\": \"y\", \"who\": \"me\", \"why\": \"so\"}";
const DECLINED: &str = "{\"verdict\": \"decline\", \"who\": \"me\", \"why\": \"so\"}";

/// What is asked, in this order, of a daemon with one item of feedback and one receiver.
pub const DOORS: &[Ask] = &[
    get("/openapi.json", "/openapi.json", ANY, 200),
    get(
        "/openapi.json",
        "/openapi.json",
        &[("if-none-match", "*")],
        304,
    ),
    get("/sources", "/sources", ANY, 200),
    get("/sources/{id}", "/sources/a", ANY, 200),
    get("/sources/{id}", "/sources/nobody", ANY, 404),
    post(RUN, "/sources/a/run?wait=true", 200),
    post(RUN, "/sources/a/run?what=check&full=true&wait=true", 200),
    post(RUN, "/sources/a/run?what=dance", 400),
    post(RUN, "/sources/nobody/run", 404),
    post(RUN, "/sources/centre/run", 409),
    post("/sources/{id}/pause", "/sources/a/pause", 202),
    post("/sources/{id}/pause", "/sources/nobody/pause", 404),
    post("/sources/{id}/resume", "/sources/a/resume", 202),
    post("/sources/{id}/resume", "/sources/nobody/resume", 404),
    get("/identity/features", "/identity/features", ANY, 200),
    get("/identity/pairs", "/identity/pairs", ANY, 200),
    get("/identity/decisions", "/identity/decisions", ANY, 200),
    send("POST", DECIDE, DECIDE, SENDS_JSON, NO_PAIR, 422),
    send("POST", DECIDE, DECIDE, SENDS_JSON, "{}", 422),
    send("POST", DECIDE, DECIDE, SENDS_JSON, "{", 400),
    send("POST", DECIDE, DECIDE, SENDS_TEXT, NO_PAIR, 415),
    get("/state/hashes", "/state/hashes", ANY, 200),
    get("/overrides", "/overrides", ANY, 200),
    get("/held", "/held", ANY, 200),
    get("/held/{id}", "/held/a", ANY, 200),
    get("/held/{id}", "/held/nobody", ANY, 404),
    post(APPROVE, "/held/a/approve", 422),
    post(APPROVE, "/held/a/approve?lsit=x", 400),
    post(APPROVE, "/held/nobody/approve", 404),
    post(REJECT, "/held/a/reject?list=x", 422),
    post(RELEASE, "/held/a/release", 200),
    post(RELEASE, "/held/nobody/release", 404),
    get(RUNS, "/sources/a/runs", ANY, 200),
    get(RUNS, "/sources/nobody/runs", ANY, 404),
    post(UNDO, "/runs/1-a/undo", 422),
    post(UNDO, "/runs/1-nobody/undo", 404),
    post(UNDO, "/runs/1-a/undo?dry=perhaps", 400),
    post(RESTORE, "/restore?iri=https://nowhere.example/1", 422),
    post(RESTORE, "/restore", 400),
    post(BACKUP, BACKUP, 200),
    post(BACKUP, BACKUP, 409),
    post(RELEASED, RELEASED, 204),
    get("/webhooks", "/webhooks", ANY, 200),
    get(DEAD, "/webhooks/library/dead", ANY, 200),
    get(DEAD, "/webhooks/nobody/dead", ANY, 404),
    post(RESEND, "/webhooks/library/resend", 200),
    post(RESEND, "/webhooks/library/resend?batch=none", 404),
    post(RESEND, "/webhooks/library/resend?batsch=none", 400),
    post(ENABLE, "/webhooks/library/enable", 200),
    post(ENABLE, "/webhooks/nobody/enable", 404),
    get("/feedback", "/feedback?status=open", ANY, 200),
    post(CHECK_LINKS, "/links/check?source=nobody", 200),
    post(CHECK_LINKS, "/links/check", 400),
    post(CHECK_LINKS, "/links/check?uri=x", 400),
    get("/feedback", "/feedback?kid=remark", ANY, 400),
    get(ITEM, "/feedback/1", ANY, 200),
    get(ITEM, "/feedback/99", ANY, 404),
    get(ITEM, "/feedback/first", ANY, 400),
    send("POST", JUDGE, "/feedback/1/judge", SENDS_JSON, "{}", 422),
    send(
        "POST",
        JUDGE,
        "/feedback/1/judge",
        SENDS_TEXT,
        DECLINED,
        415,
    ),
    send(
        "POST",
        JUDGE,
        "/feedback/99/judge",
        SENDS_JSON,
        DECLINED,
        404,
    ),
    send(
        "POST",
        JUDGE,
        "/feedback/1/judge",
        SENDS_JSON,
        DECLINED,
        200,
    ),
];

/// It goes on when the test is through.
const LAST: Ask = post(RUN, "/sources/a/run", 202);

const fn post(template: &'static str, path: &'static str, status: u16) -> Ask {
    send("POST", template, path, ANY, "", status)
}

impl Hub {
    async fn operates(&self, ask: &Ask) -> Response {
        let mut request = self.daemon.operator(ask.method, ask.path);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        request.body(ask.body).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_of_the_operator_answers_as_its_document_says() {
    let hub = super::hub().await;
    let said = send(
        "POST",
        "/feedback",
        "/feedback",
        SENDS_JSON,
        CORRECTION,
        201,
    );
    assert_eq!(hub.send("POST", &said).await.status(), 201);
    let document = parsed(hub.operates(&DOORS[0]).await).await;
    for ask in DOORS {
        check(&document, ask, hub.operates(ask).await).await;
    }
    every_one_is_asked(&document, DOORS);
    // What changes something: the first run is taken back, and a dataset of it comes back.
    let runs = parsed(hub.operates(&get(RUNS, "/sources/a/runs", ANY, 200)).await).await;
    let undo = format!("/runs/{}/undo", runs[0]["run"].as_str().unwrap());
    for path in [&format!("{undo}?dry=true"), &undo] {
        let ask = post(UNDO, path.clone().leak(), 200);
        check(&document, &ask, hub.operates(&ask).await).await;
    }
    let restore = post(RESTORE, "/restore?iri=https://data.gov.tw/dataset/1", 200);
    check(&document, &restore, hub.operates(&restore).await).await;
    check(&document, &LAST, hub.operates(&LAST).await).await;
    assert_eq!(document["servers"][0]["url"], "/");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            assert!(operation["security"].is_array(), "{path}");
            assert!(operation["responses"]["401"].is_object(), "{path}");
        }
    }
}
