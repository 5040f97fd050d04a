//! Feeds of others, through the whole daemon: the newest version of each object, in whatever order they come.
//!
//! The pages are those of `tests/connectors/ldes`, on a server of our own.

use super::*;
use axum::{body::Body, http::StatusCode, response::IntoResponse};
use futures_util::stream;
use std::{collections::BTreeSet, convert::Infallible, sync::Arc};
use texts::source;
use tokio::sync::Notify;

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

/// Pages of activities: verb, object, day of 2026, and what the object's graph says.
type Activity<'a> = (&'a str, &'a str, &'a str, &'a str);

fn activities(number: u8, all: &[Activity<'_>]) -> String {
    let mut text = format!(
        "@prefix as: <https://www.w3.org/ns/activitystreams#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .\n\
         @prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix spdx: <http://spdx.org/rdf/terms#> . @prefix c: <{CITY}> .\n\
         <{CITY}feed#stream> a <https://w3id.org/ldes#EventStream> .\n"
    );
    for (n, (verb, object, day, said)) in all.iter().enumerate() {
        let activity = format!("<{CITY}a/{number}-{n}>");
        text += &format!(
            "<{CITY}feed#stream> <https://w3id.org/tree#member> {activity} .\n\
             {activity} a as:{verb} ; as:object {object} ; as:published \"2026-{day}T00:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n\
             {activity} {{ {said} }}\n"
        );
    }
    text
}

/// A feed of two pages: that of January, which is closed, and that of all later.
async fn two_pages(first: &[Activity<'_>], second: &[Activity<'_>]) -> (Hub, Origin) {
    let (hub, origin) = feed("activities", &[("/feed", "root.trig")]).await;
    tell(&origin, 1, first);
    tell(&origin, 2, second);
    (hub, origin)
}

fn tell(origin: &Origin, number: u8, all: &[Activity<'_>]) {
    let text = activities(number, all).replace(
        &format!("<{CITY}feed#stream>"),
        &format!("<{}/feed#stream>", origin.url),
    );
    origin.say(&format!("/feed/{number}"), "application/trig", text);
}

/// Dataset, address and checksum of each distribution that is described.
async fn distributions(hub: &Hub) -> BTreeSet<String> {
    let query = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> \
        PREFIX spdx: <http://spdx.org/rdf/terms#> \
        SELECT ?t ?u ?r { ?d dct:title ?t ; dcat:distribution ?x . ?x dcat:accessURL ?u \
        OPTIONAL { ?x spdx:checksum ?s . ?s spdx:checksumValue ?r } }";
    let output = hub.does(&["query", query, "-o", "csv"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip(1);
    lines.map(|line| line.trim().replace(CITY, "")).collect()
}

const PARKS: Activity<'static> = (
    "Create",
    "c:parks",
    "01-05",
    "c:parks a dcat:Dataset ; dct:title \"Parks\" ; dcat:distribution c:csv .",
);
const TREES: Activity<'static> = (
    "Create",
    "c:trees",
    "01-06",
    "c:trees a dcat:Dataset ; dct:title \"Trees\" ; dcat:distribution c:csv .",
);
const ROADS: Activity<'static> = (
    "Create",
    "c:roads",
    "01-07",
    "c:roads a dcat:Dataset ; dct:title \"Roads\" .",
);
const CSV: Activity<'static> = (
    "Create",
    "c:csv",
    "02-01",
    "c:csv a dcat:Distribution ; dcat:accessURL c:1 ; spdx:checksum c:sum .",
);

/// Datasets and what belongs into them, on two pages in both orders; then what belongs into them changes alone, comes
/// late, and goes.
#[tokio::test(flavor = "multi_thread")]
async fn pieces_on_other_pages_come_change_and_go() {
    let datasets = [PARKS, TREES, ROADS];
    let later = |(verb, object, _, said): Activity<'static>| (verb, object, "02-09", said);
    let earlier = (CSV.0, CSV.1, "01-01", CSV.3);
    let (hub, _origin) = two_pages(&[earlier], &datasets.map(later)).await;
    hub.run("f").await;
    let as_told = set(&["Parks,1,", "Trees,1,"]);
    assert_eq!(distributions(&hub).await, as_told);

    let (hub, origin) = two_pages(&datasets, &[CSV]).await;
    let report = hub.run("f").await;
    assert_eq!(distributions(&hub).await, as_told);
    assert_eq!(report["counts"]["new"], 3, "{report}");

    // What it refers to comes late, and reaches the datasets through it: both are described again, once each.
    let sum = "c:sum a spdx:Checksum ; spdx:checksumValue \"ab\" .";
    let mut second = vec![CSV, ("Create", "c:sum", "02-02", sum)];
    check(&hub, &origin, &second, &["Parks,1,ab", "Trees,1,ab"]).await;
    // A newer version of it alone; an older one, which comes after it, changes nothing.
    let newer = "c:csv a dcat:Distribution ; dcat:accessURL c:2 ; spdx:checksum c:sum .";
    second.push(("Update", "c:csv", "02-04", newer));
    check(&hub, &origin, &second, &["Parks,2,ab", "Trees,2,ab"]).await;
    let older = "c:csv a dcat:Distribution ; dcat:accessURL c:0 .";
    second.push(("Update", "c:csv", "02-03", older));
    tell(&origin, 2, &second);
    let report = hub.run("f").await;
    assert_eq!(report["activities"], Value::Null, "{report}");
    second.push(("Delete", "c:sum", "02-05", ""));
    check(&hub, &origin, &second, &["Parks,2,", "Trees,2,"]).await;
    second.push(("Delete", "c:csv", "02-06", ""));
    check(&hub, &origin, &second, &[]).await;
    // The whole feed once more comes to the same.
    let output = hub.does(&["run", "f", "--full"]).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(distributions(&hub).await, set(&[]));
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}

/// Publishes a second page, harvests it, and checks that two datasets changed, and how.
async fn check(hub: &Hub, origin: &Origin, second: &[Activity<'_>], expected: &[&str]) {
    tell(origin, 2, second);
    let report = hub.run("f").await;
    assert_eq!(report["counts"]["changed"], 2, "{report}");
    assert_eq!(report["activities"].as_array().map(Vec::len), Some(2));
    let (from, to) = (&report["activities"][0], &report["activities"][1]);
    assert_eq!(
        to.as_u64().unwrap() - from.as_u64().unwrap(),
        1,
        "one activity each: {report}"
    );
    let agree = Value::from(Vec::<Value>::new());
    assert_eq!(report["disagreements"], agree, "{report}");
    assert_eq!(distributions(hub).await, set(expected));
}

/// A run that ends between two pages keeps what it has read; the next one, a new process, puts both together.
#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_found_after_a_run_that_ended_between_pages() {
    let (hub, origin) = two_pages(&[PARKS, TREES], &[CSV]).await;
    origin.answer("/feed/1", |_| {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    });
    let output = hub.does(&["run", "f"]).await;
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(distributions(&hub).await, set(&[]));
    tell(&origin, 1, &[PARKS, TREES]);
    hub.run("f").await;
    let both = set(&["Parks,1,", "Trees,1,"]);
    assert_eq!(distributions(&hub).await, both);
    // Described anew from what is kept, they are as they were.
    let output = hub.does(&["redescribe", "f"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(distributions(&hub).await, both);
}

const FOAF: &str = "http://xmlns.com/foaf/0.1/";

/// Title of each dataset, with the name of its publisher where that is described.
async fn publishers(hub: &Hub) -> BTreeSet<String> {
    let query = "PREFIX dct: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/> \
        PREFIX dcat: <http://www.w3.org/ns/dcat#> \
        SELECT ?t ?n { ?d a dcat:Dataset ; dct:title ?t ; dct:publisher ?p OPTIONAL { ?p a foaf:Agent ; foaf:name ?n } }";
    let output = hub.does(&["query", query, "-o", "csv"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.trim().into())
        .collect()
}

/// An agent that comes as an activity of its own is an entity of its own: on either side of the datasets that name it, it
/// comes, changes and goes by one activity, and no dataset is described again for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_its_own_comes_changes_and_goes() {
    let agent = |name| format!("c:office a <{FOAF}Agent> ; <{FOAF}name> \"{name}\"@en .");
    let (first, second) = (agent("Office"), agent("Office of Parks"));
    let of = |title: &str| {
        format!("c:{title} a dcat:Dataset ; dct:title \"{title}\" ; dct:publisher c:office .")
    };
    let (parks, trees) = (of("parks"), of("trees"));
    let parks: Activity<'_> = ("Create", "c:parks", "01-05", &parks);
    let trees: Activity<'_> = ("Create", "c:trees", "02-02", &trees);
    let mut later = vec![("Create", "c:office", "02-01", first.as_str()), trees];
    let (hub, origin) = two_pages(&[parks], &later).await;
    let report = hub.run("f").await;
    assert_eq!(report["counts"]["new"], 2, "{report}");
    assert_eq!(
        publishers(&hub).await,
        set(&["parks,Office", "trees,Office"])
    );

    let agents = "SELECT ?r { ?r a <https://w3id.org/harvestd/ns#AgentRecord> ; <http://xmlns.com/foaf/0.1/primaryTopic> ?o FILTER(STRENDS(STR(?o), \"office\")) }";
    let records = hub.does(&["query", agents, "-o", "csv"]).await;
    let records = String::from_utf8(records.stdout).unwrap();
    assert_eq!(records.lines().count(), 2, "a record of its own: {records}");

    for (activity, expected) in [
        (
            ("Update", "c:office", "02-03", second.as_str()),
            ["parks,Office of Parks", "trees,Office of Parks"],
        ),
        (("Delete", "c:office", "02-04", ""), ["parks,", "trees,"]),
    ] {
        later.push(activity);
        tell(&origin, 2, &later);
        let report = hub.run("f").await;
        let told = &report["activities"];
        assert_eq!(told[0], told[1], "one activity, the agent's: {report}");
        assert!(told[0].is_u64(), "{report}");
        assert_eq!(report["counts"]["changed"], 0, "{report}");
        assert_eq!(publishers(&hub).await, set(&expected), "{activity:?}");
    }
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}

/// Never ends.
fn pending() -> axum::response::Response {
    let nothing = stream::pending::<Result<axum::body::Bytes, Infallible>>();
    origin::plain("application/trig", Body::from_stream(nothing))
}

/// A feed that grows by a page between a run that was killed and the one that goes on from it: what its last page gained
/// meanwhile was not on it when the first run read it, and lies before where the new page begins.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_gained_between_two_runs_is_not_passed_over() {
    let cars: Activity<'_> = (
        "Create",
        "c:cars",
        "02-01",
        "c:cars a dcat:Dataset ; dct:title \"Cars\" .",
    );
    let (trees, roads) = (
        (TREES.0, TREES.1, "02-02", TREES.3),
        (ROADS.0, ROADS.1, "03-02", ROADS.3),
    );
    let (hub, origin) = two_pages(&[], &[cars]).await;
    // The last page is asked for first: it has been read when the other one is awaited.
    let asked = Arc::new(Notify::new());
    let told = asked.clone();
    origin.answer("/feed/1", move |_| {
        told.notify_one();
        pending()
    });
    let mut child = hub.command(&["run", "f"]).spawn().unwrap();
    let heard = tokio::time::timeout(DEADLINE, asked.notified()).await;
    heard.expect("the first page is asked for");
    child.kill().await.unwrap();

    tell(&origin, 1, &[PARKS]);
    tell(&origin, 2, &[cars, trees]);
    tell(&origin, 3, &[roads]);
    let bound = |kind: &str, page: u8| {
        format!(
            "<{0}/feed> tree:relation [ a tree:{kind} ; tree:node <{0}/feed/{page}> ; tree:path as:published ; \
             tree:value \"2026-03-01T00:00:00Z\"^^xsd:dateTime ] .\n",
            origin.url
        )
    };
    let root = recorded(&origin, "activities", "root.trig")
        + &bound("LessThanRelation", 2)
        + &bound("GreaterThanOrEqualToRelation", 3);
    origin.say("/feed", "application/trig", root);
    let report = hub.run("f").await;
    assert!(
        report["noticed"].to_string().contains("resumed"),
        "{report}"
    );
    hub.run("f").await;
    let all = set(&["Parks", "Cars", "Trees", "Roads"]);
    assert_eq!(titles(&hub).await, all);
    assert_eq!(hub.verify(&["--replay"]).await.0, 0);
}

/// A version that is dated into the future is kept, and is never where the next run begins: what comes after it, dated
/// right, would be taken for known.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_the_future_hides_nothing() {
    let (hub, origin) = two_pages(&[], &[]).await;
    let far = (PARKS.0, PARKS.1, "FAR", PARKS.3);
    let roads = (ROADS.0, ROADS.1, "NOW", ROADS.3);
    let say = |all: &[Activity<'_>]| {
        let now = chrono::Utc::now();
        let text = activities(2, all)
            .replace(
                &format!("<{CITY}feed#stream>"),
                &format!("<{}/feed#stream>", origin.url),
            )
            .replace("2026-FAR", "2199-12-31")
            .replace(
                "2026-NOWT00:00:00Z",
                &now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            );
        origin.say("/feed/2", "application/trig", text);
    };
    say(&[far]);
    hub.run("f").await;
    assert_eq!(titles(&hub).await, set(&["Parks"]));
    say(&[far, roads]);
    let report = hub.run("f").await;
    assert_eq!(report["counts"]["new"], 1, "{report}");
    assert_eq!(titles(&hub).await, set(&["Parks", "Roads"]));
}
