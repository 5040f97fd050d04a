//! Held deletions approved and kept, and a run taken back, by the forms of the operator's pages, of a daemon at work.

use super::*;
use reqwest::{Client, Response, redirect::Policy};
use serving::{Bed as Place, Serving};

/// Somebody with a browser.
struct Browser<'s> {
    daemon: &'s Serving,
    client: Client,
    cookie: String,
}

impl<'s> Browser<'s> {
    async fn signed_in(place: &Place, daemon: &'s Serving) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none());
        let mut browser = Self {
            daemon,
            client: client.build().unwrap(),
            cookie: String::new(),
        };
        let token = std::fs::read_to_string(place.data_dir().join("admin-token")).unwrap();
        let signed = browser
            .send("/operator/sign-in", &[("token", token.trim())])
            .await;
        let cookie = signed.headers()["set-cookie"].to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let place = format!("http://{}", self.daemon.admin);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let form = self.client.post(format!("{place}{path}"));
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let form = form.header("accept-language", "en").body(body.finish());
        let form = form.header("origin", place).header("cookie", &self.cookie);
        let answer = form.send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        answer
    }

    async fn page(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.daemon.admin);
        let page = self.client.get(url).header("cookie", &self.cookie);
        let page = page.header("accept-language", "en").send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        page.text().await.unwrap()
    }

    /// Sends a form of the page with this, and gives the page that follows.
    async fn act(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let page = self.page("/operator/sources/a").await;
        let token = value(&page, "token").to_owned();
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        let done = self.send(path, &all).await;
        assert_eq!(done.headers()["location"], "/operator/sources/a");
        self.page("/operator/sources/a").await
    }
}

fn value<'p>(page: &'p str, name: &str) -> &'p str {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    rest.unwrap_or_else(|| panic!("{name}: {page}"))
        .split('"')
        .next()
        .unwrap()
}

/// So many datasets are published.
async fn published(daemon: &Serving, count: &str) {
    let query = "SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }";
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let path = format!("/sparql?format=csv&query={query}");
    serving::eventually(count, async || {
        let found = daemon
            .get(&path)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        found.lines().nth(1) == Some(count)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_deletions_are_looked_at_and_approved_some_and_all() {
    let place = Place::new(export(&rows(1, 100, 1))).await;
    place.configure("gate.pass_after_runs = 0\n", "");
    let daemon = place.serve().await;
    daemon.run().await;
    place.origin.say("/a", JSON, export(&rows(41, 100, 1)));
    let report = serving::parsed(daemon.admin("POST", "/sources/a/run?wait=true").await).await;
    assert_eq!(report["counts"]["held"], 40, "{report}");
    let browser = Browser::signed_in(&place, &daemon).await;
    let page = browser.page("/operator/sources/a").await;
    assert!(
        page.contains("資料 7.1") && !page.contains("資料 41.1"),
        "{page}"
    );
    let list = value(&page, "list").to_owned();
    let records = page.split("name=\"record\" value=\"").skip(1);
    let records = records.map(|rest| rest.split('"').next().unwrap());
    // Some of what is held may be agents.
    let records: Vec<&str> = records.filter(|iri| !iri.contains("agent:")).collect();
    assert_eq!(records.len(), 40, "{records:?}");

    // One is kept, two go, and then all that are left; each list is the one that was looked at.
    let held = "/operator/sources/a/held";
    let keep = [
        ("list", list.as_str()),
        ("verdict", "reject"),
        ("record", records[0]),
    ];
    let page = browser.act(held, &keep).await;
    assert!(page.contains("1 records are kept"), "{page}");
    assert!(page.contains("1 kept by hand"), "{page}");
    let stale = [("list", list.as_str()), ("verdict", "approve")];
    let page = browser.act(held, &stale).await;
    assert!(
        page.contains("It was not done.") && page.contains("is another one by now"),
        "{page}"
    );
    published(&daemon, "100").await;
    let list = value(&page, "list").to_owned();
    let some = [
        ("list", list.as_str()),
        ("verdict", "approve"),
        ("record", records[1]),
        ("record", records[2]),
    ];
    let page = browser.act(held, &some).await;
    assert!(page.contains("2 records were deleted"), "{page}");
    published(&daemon, "98").await;
    let list = value(&page, "list").to_owned();
    let page = browser
        .act(held, &[("list", &list), ("verdict", "approve")])
        .await;
    assert!(page.contains("records were deleted"), "{page}");
    published(&daemon, "61").await;

    // The approval is taken back, after it was said what that comes to.
    let undo = page.split("/operator/sources/a/undo?run=").nth(1).unwrap();
    let run = undo.split('"').next().unwrap();
    let before = browser
        .page(&format!("/operator/sources/a/undo?run={run}"))
        .await;
    assert!(
        before.contains("records are again what they were"),
        "{before}"
    );
    published(&daemon, "61").await;
    let run = value(&before, "run").to_owned();
    let page = browser
        .act("/operator/sources/a/undo", &[("run", &run)])
        .await;
    assert!(page.contains("1 runs were taken back"), "{page}");
    published(&daemon, "98").await;
    daemon.stop().await;
}
