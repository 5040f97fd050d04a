//! Feeds of others, through the whole daemon: the newest version of each object, in whatever order they come.
//!
//! The pages are those of `tests/connectors/ldes`, on a server of our own.

use super::*;
use axum::{http::StatusCode, response::IntoResponse};
use std::collections::BTreeSet;
use texts::source;

const CITY: &str = "https://city.example/";

/// A feed whose pages are these files of a recorded case, by path and query.
async fn feed(case: &str, pages: &[(&str, &'static str)]) -> (Hub, Origin) {
    let (hub, origin) = (Hub::new(""), Origin::start().await);
    for (path, file) in pages {
        say(&origin, case, path, file);
    }
    hub.configure(&[source("f", "ldes", &origin.at("/feed"), "")]);
    (hub, origin)
}

fn say(origin: &Origin, case: &str, path: &str, file: &'static str) {
    let kind = if file.ends_with("trig") {
        "application/trig"
    } else {
        "text/turtle"
    };
    origin.say(path, kind, recorded(origin, case, file));
}

fn recorded(origin: &Origin, case: &str, file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors/ldes");
    let text = std::fs::read_to_string(folder.join(case).join(file)).unwrap();
    // Addresses of pages lead to the server; what is said of datasets stays.
    text.replace(&format!("<{CITY}feed"), &format!("<{}/feed", origin.url))
        .replace("feed?page=2", "page-2")
}

async fn titles(hub: &Hub) -> BTreeSet<String> {
    let query = "SELECT ?t { ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> ?t }";
    let output = hub.does(&["query", query, "-o", "csv"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.trim().trim_matches('"').to_owned())
        .collect()
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_from_the_beginning_and_then_what_is_new() {
    let pages = [
        ("/feed", "root.trig"),
        ("/feed/1", "1.trig"),
        ("/feed/2", "2.trig"),
    ];
    let (hub, origin) = feed("activities", &pages).await;
    let report = hub.run("f").await;
    assert_eq!(report["counts"]["new"], 2, "{report}");
    assert_eq!(titles(&hub).await, set(&["Parks, third", "Roads"]));
    let contact = "ASK { ?d <http://www.w3.org/ns/dcat#contactPoint> ?c . ?c <http://www.w3.org/2006/vcard/ns#fn> \"Desk\" }";
    let output = hub.does(&["query", contact, "-o", "json"]).await;
    assert!(String::from_utf8_lossy(&output.stdout).contains("true"));

    // The closed page is not asked for again, so it may go.
    origin.answer("/feed/1", |_| StatusCode::GONE.into_response());
    let report = hub.run("f").await;
    assert_eq!(report["activities"], Value::Null, "{report}");
    // The open one may not.
    origin.answer("/feed/2", |_| StatusCode::GONE.into_response());
    let output = hub.does(&["run", "f"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("410") && text.contains("--full"), "{text}");
    assert_eq!(
        titles(&hub).await,
        set(&["Parks, third", "Roads"]),
        "nothing is lost"
    );
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}

/// A linked list, oldest page first: the version that is read later is the newer one.
#[tokio::test(flavor = "multi_thread")]
async fn versions_in_the_order_of_their_pages() {
    let pages = [("/feed", "root.ttl"), ("/page-2", "2.ttl")];
    let (hub, _origin) = feed("versions", &pages).await;
    let report = hub.run("f").await;
    assert_eq!(
        report["disagreements"],
        Value::from(Vec::<Value>::new()),
        "{report}"
    );
    assert_eq!(
        titles(&hub).await,
        set(&["Parks, third", "Roads"]),
        "{report}"
    );
    // The other way round: what is older is passed over.
    let (hub, origin) = feed("versions", &[("/page-2", "root.ttl")]).await;
    let newer = recorded(&origin, "versions", "2.ttl").replace("node <feed>", "node <page-2>");
    origin.say("/feed", "text/turtle", newer);
    hub.run("f").await;
    assert_eq!(titles(&hub).await, set(&["Parks, third", "Roads"]));
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}
