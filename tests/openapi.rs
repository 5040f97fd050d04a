//! The documents of the doors against the program itself: every door is asked, every answer is as the document says, and
//! no door answers a method that is not in it. Start at [`ask::DOORS`]; the operator's are [`operator::DOORS`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/daemon.rs"]
mod daemon;

#[path = "openapi/ask.rs"]
mod ask;
#[path = "openapi/hostile.rs"]
mod hostile;
#[path = "openapi/operator.rs"]
mod operator;
#[path = "openapi/roles.rs"]
mod roles;
#[path = "openapi/schema.rs"]
mod schema;

use ask::{Ask, CORRECTION, DOORS};
use daemon::{serving, texts};
use harvestd::push::tokens;
use reqwest::{Client, Response, redirect::Policy};
use serde_json::Value;
use serving::{Bed, Serving};
use std::collections::BTreeSet;
use texts::{export, rows};

const MORE: &str = "[feedback]\nopen = true\n\
    [[source]]\nid = \"centre\"\nkind = \"push\"\ntitle = { en = \"Centre\" }\n\
    [[webhook]]\nid = \"library\"\nurl = \"http://127.0.0.1:9/\"\nsecret = { file = \"secret\" }\n\
    allow_ranges = [\"127.0.0.0/8\"]\nbegin = \"start\"\n";

/// A receiver that nobody is: nothing has to be taken there.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Hub {
    daemon: Serving,
    client: Client,
    token: String,
    document: Value,
    bed: Bed,
}

async fn hub() -> Hub {
    let bed = Bed::new(export(&rows(1, 12, 1))).await;
    std::fs::write(bed.dir.path().join("secret"), SECRET).unwrap();
    bed.configure("[limits.push]\npublish_every_ms = 0\n", MORE);
    let token = tokens::make(&bed.data_dir(), "centre", 0).unwrap().1.0;
    let daemon = bed.serve().await;
    daemon.run().await;
    let document = daemon.json("/openapi.json").await;
    let client = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap();
    Hub {
        daemon,
        client,
        token,
        document,
        bed,
    }
}

impl Hub {
    async fn send(&self, method: &str, ask: &Ask) -> Response {
        let url = format!("http://{}{}", self.daemon.listen, ask.path);
        let mut request = self.client.request(method.parse().unwrap(), url);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if ask.with_token {
            request = request.bearer_auth(&self.token);
        }
        request.body(ask.body).send().await.unwrap()
    }
}

/// The answer is one that the document declares.
async fn check(document: &Value, ask: &Ask, response: Response) {
    let what = format!("{} {} ({})", ask.method, ask.path, ask.template);
    let operation = &document["paths"][ask.template][ask.method.to_lowercase()];
    assert!(operation.is_object(), "{what} is not in the document");
    let status = response.status().as_u16();
    let declared = &operation["responses"][status.to_string()];
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap().to_owned());
    let text = match kind.as_deref() {
        // It has no end.
        Some("text/event-stream") => String::new(),
        _ => response.text().await.unwrap(),
    };
    assert_eq!(status, ask.status, "{what}: {text}");
    assert!(
        declared.is_object(),
        "{what}: {status} is not declared: {text}"
    );
    let Some(content) = declared["content"].as_object() else {
        assert_eq!(text, "", "{what}: a body that is not declared");
        return;
    };
    let kind = kind.unwrap_or_else(|| panic!("{what}: {status} without a content type"));
    let essence = kind.split(';').next().unwrap().trim();
    let media = content
        .get(essence)
        .unwrap_or_else(|| panic!("{what}: {status} as {essence}, declared {content:?}"));
    if let Some(expected) = media.get("schema") {
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{what}: {e}: {text}"));
        let wrong = schema::wrong(document, expected, &value, "");
        assert_eq!(wrong, None, "{what}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_answers_as_the_document_says() {
    let hub = hub().await;
    for ask in DOORS {
        let response = hub.send(ask.method, ask).await;
        check(&hub.document, ask, response).await;
    }
    every_one_is_asked(&hub.document, DOORS);
}

fn every_one_is_asked(document: &Value, asks: &[Ask]) {
    let asked = asks
        .iter()
        .map(|ask| (ask.template.to_owned(), ask.method.to_lowercase()));
    let asked: BTreeSet<_> = asked.collect();
    let mut told = BTreeSet::new();
    for (template, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            told.insert((template.clone(), method.clone()));
        }
    }
    let unasked: Vec<_> = told.difference(&asked).collect();
    assert!(unasked.is_empty(), "no test asks {unasked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_a_body() {
    let hub = hub().await;
    for ask in DOORS
        .iter()
        .filter(|ask| ask.method == "GET" && ask.status == 200)
    {
        // Some doors speak of what others have taken in.
        if ask.path.starts_with("/feedback")
            || ask.headers.contains(&("accept", "text/event-stream"))
        {
            continue;
        }
        let get = hub.send("GET", ask).await;
        let head = hub.send("HEAD", ask).await;
        assert_eq!(head.status(), get.status(), "{}", ask.path);
        for name in ["content-type", "etag", "vary"] {
            assert_eq!(
                head.headers().get(name),
                get.headers().get(name),
                "{name} of {}",
                ask.path
            );
        }
        assert_eq!(head.text().await.unwrap(), "", "{}", ask.path);
    }
}

/// Who holds what a tag is of is told so, and the document says that this may be.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_tag_is_not_sent_twice() {
    let hub = hub().await;
    let mut tagged = 0;
    for ask in DOORS
        .iter()
        .filter(|ask| ask.method == "GET" && ask.status == 200)
    {
        if ask.headers.contains(&("accept", "text/event-stream")) {
            continue;
        }
        let first = hub.send("GET", ask).await;
        let Some(tag) = first.headers().get("etag").cloned() else {
            continue;
        };
        let url = format!("http://{}{}", hub.daemon.listen, ask.path);
        let mut again = hub.client.get(url).header("if-none-match", tag);
        for (name, value) in ask.headers {
            again = again.header(*name, *value);
        }
        let again = again.send().await.unwrap();
        // How things stand may be otherwise by now.
        if !ask.path.starts_with("/status") {
            assert_eq!(again.status(), 304, "{}", ask.path);
        }
        let declared = &hub.document["paths"][ask.template]["get"]["responses"]["304"];
        assert!(declared.is_object(), "{}: 304 is not declared", ask.path);
        tagged += 1;
    }
    assert!(tagged > 40, "{tagged} answers have tags");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_in_the_document_is_not_allowed() {
    let hub = hub().await;
    for (template, methods) in hub.document["paths"].as_object().unwrap() {
        let example = DOORS.iter().find(|ask| ask.template == template).unwrap();
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if methods.get(method.to_lowercase()).is_some() {
                continue;
            }
            let ask = Ask {
                headers: &[],
                body: "",
                with_token: true,
                ..*example
            };
            let response = hub.send(method, &ask).await;
            assert_eq!(response.status(), 405, "{method} {}", ask.path);
            let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
            for known in methods.as_object().unwrap().keys() {
                assert!(
                    allowed.contains(&known.to_uppercase()),
                    "{method} {}: {allowed}",
                    ask.path
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_every_door_and_brings_nothing_from_elsewhere() {
    let hub = hub().await;
    let page = hub.daemon.get("/openapi").header("accept", "text/html");
    let page = page.send().await.unwrap().text().await.unwrap();
    for template in hub.document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!(" {template}</code>")), "{template}");
    }
    for foreign in ["<script>", "src=\"//", "https://", "http://", "style=\""] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let listed = hub.daemon.json("/").await;
    assert_eq!(listed["openapi"], "https://hub.example/openapi");
    assert_eq!(listed["dumps"], "https://hub.example/dumps");
}

/// The reference for people: whoever reads it has met every door that `/` lists.
#[test]
fn the_reference_tells_of_every_door_that_is_listed() {
    let text = include_str!("../docs/doors.md");
    let doors = harvestd::serve::openapi::doors().iter();
    let listed: Vec<&str> = doors
        .filter(|door| door.name.is_some())
        .map(|door| door.path.split('{').next().unwrap().trim_end_matches('/'))
        .collect();
    assert!(listed.len() > 10, "{listed:?}");
    let untold: Vec<_> = listed
        .iter()
        .filter(|path| !text.contains(**path))
        .collect();
    assert!(
        untold.is_empty(),
        "docs/doors.md does not tell of {untold:?}"
    );
}

/// A route without a description would be in no document.
#[test]
fn no_route_is_made_by_hand() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve");
    let (mut folders, mut seen) = (vec![root], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text: String = std::fs::read_to_string(&path)
                .unwrap()
                .split_whitespace()
                .collect();
            seen += 1;
            let hand = text.contains(".route(\"") || text.contains(".route_service(");
            assert!(!hand, "{}", path.display());
        }
    }
    assert!(seen > 50, "{seen}");
}
