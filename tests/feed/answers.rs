//! What single answers say: kept copies, formats, codings, and what is not there.

use super::doors::{self, Doors, Plan, problem};
use harvestd::{
    log::{Activity, Log, Verb},
    snapshot::Published,
    store::Head,
};
use oxigraph::io::{RdfFormat, RdfParser};
use std::sync::Arc;

const BASE: &str = "http://hub.example/";
const DAY_US: i64 = 86_400_000_000;

/// Doors over a log of so many deletions, written in the second generation of a feed; a page lasts a day.
async fn doors(activities: u64, keep_days: Option<u64>) -> Doors {
    let plan = Plan {
        keep_days,
        ..Plan::default()
    };
    let doors = doors::open(plan).await;
    let log = Log::open(doors.data_dir().join("log"), BASE).unwrap();
    let mut seq = 0;
    while seq < activities {
        let mut writer = log.begin(2, seq + 1).unwrap();
        for _ in 0..1000.min(activities - seq) {
            seq += 1;
            let (page, place) = ((seq - 1) / 1000, (seq - 1) % 1000);
            let activity = Activity {
                seq,
                verb: Verb::Delete,
                entity: format!("https://e.example/{seq}"),
                published_us: page as i64 * DAY_US + place as i64,
                body: String::new(),
            };
            writer.append(&activity).unwrap();
        }
        writer.finish().unwrap();
    }
    publish(&doors, activities);
    doors
}

fn publish(doors: &Doors, seq: u64) {
    let head = Head {
        generation: 2,
        seq,
        published_us: 0,
    };
    let published = Published::of(head, doors.data_dir().join("none"));
    doors.published.send_replace(Some(Arc::new(published)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_kept_as_long_as_it_holds() {
    let doors = doors(1500, None).await;
    for (path, closed) in [("/feed", false), ("/feed/2/0", true), ("/feed/2/1", false)] {
        let first = doors.encoded(path, "gzip").await;
        assert_eq!(first.status(), 200, "{path}");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with('"'), "a strong tag: {tag}");
        let cache = first.headers()["cache-control"]
            .to_str()
            .unwrap()
            .to_owned();
        let expected = if closed {
            "public, max-age=604800, immutable"
        } else {
            "public, no-cache"
        };
        assert_eq!(cache, expected, "{path}");
        let plain = doors.encoded(path, "identity").await.headers()["etag"].clone();
        assert_ne!(plain, tag.as_str(), "other bytes, another tag");
        for (asked, expected) in [
            (tag.clone(), 304),
            (format!("\"x\", {tag}"), 304),
            (plain.to_str().unwrap().to_owned(), 304),
            (format!("W/{tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
        ] {
            let request = doors.get(path).header("if-none-match", &asked);
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), expected, "{path}: {asked}");
            for name in ["etag", "cache-control", "vary"] {
                assert!(response.headers().contains_key(name), "{path}: {name}");
            }
        }
    }
    let tags = async |path| doors.encoded(path, "gzip").await.headers()["etag"].clone();
    let before = (
        tags("/feed").await,
        tags("/feed/2/0").await,
        tags("/feed/2/1").await,
    );
    publish(&doors, 1400);
    let after = (
        tags("/feed").await,
        tags("/feed/2/0").await,
        tags("/feed/2/1").await,
    );
    assert_eq!(before.1, after.1, "closed");
    assert_ne!(before.2, after.2, "open");
    assert_eq!(
        before.0, after.0,
        "the root says where the open page begins, not where it ends"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_says_what_get_says() {
    let doors = doors(1001, None).await;
    for path in [
        "/feed",
        "/feed.jsonld",
        "/feed/2/0",
        "/feed/2/1.nq",
        "/feed/2/7",
        "/feed/1/0",
    ] {
        let get = doors.get(path).send().await.unwrap();
        let head = doors.request("HEAD", path).send().await.unwrap();
        assert_eq!(get.status(), head.status(), "{path}");
        for name in ["content-type", "etag", "cache-control", "vary", "link"] {
            assert_eq!(
                get.headers().get(name),
                head.headers().get(name),
                "{path}: {name}"
            );
        }
        assert_eq!(head.bytes().await.unwrap().len(), 0);
    }
    let get = doors.encoded("/feed/2/0", "gzip").await;
    let length = get.headers()["content-length"].clone();
    assert_eq!(
        get.bytes().await.unwrap().len().to_string(),
        length.to_str().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_by_accept_and_by_ending() {
    let doors = doors(1001, None).await;
    for (path, accept, kind) in [
        ("/feed", "*/*", "application/trig"),
        ("/feed", "", "application/trig"),
        ("/feed/2/0", "application/ld+json", "application/ld+json"),
        ("/feed/2/0", "application/json", "application/ld+json"),
        (
            "/feed/2/1",
            "application/n-quads,application/trig;q=0.9",
            "application/n-quads",
        ),
        ("/feed/2/1.jsonld", "text/html", "application/ld+json"),
        ("/feed.nq", "application/trig", "application/n-quads"),
    ] {
        let response = doors
            .get(path)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        let found = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(found, kind, "{path}, {accept}");
        assert_eq!(response.headers()["vary"], "Accept, Accept-Encoding");
    }
    let refused = doors.get("/feed").header("accept", "text/turtle").send();
    problem(refused.await.unwrap(), 406, "not-acceptable").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_document_in_every_coding() {
    let doors = doors(1001, None).await;
    for path in ["/feed", "/feed/2/0", "/feed/2/1"] {
        let plain = doors.encoded(path, "identity").await;
        assert!(!plain.headers().contains_key("content-encoding"), "{path}");
        let plain = plain.bytes().await.unwrap();
        assert!(
            RdfParser::from_format(RdfFormat::TriG)
                .for_slice(&plain)
                .all(|quad| quad.is_ok())
        );
        for coding in ["br", "zstd"] {
            let response = doors.encoded(path, coding).await;
            assert!(
                !response.headers().contains_key("content-encoding"),
                "the tag is of these bytes"
            );
            assert_eq!(response.bytes().await.unwrap(), plain, "{path}, {coding}");
        }
        let packed = doors.encoded(path, "br;q=0.1, gzip").await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let packed = packed.bytes().await.unwrap();
        let mut unpacked = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
        assert_eq!(unpacked, plain, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there() {
    let doors = doors(1001, None).await;
    for path in [
        "/feed/2/2",
        "/feed/2/0-31",
        "/feed/2/00",
        "/feed/2/x",
        "/feed/2/0.ttl",
        "/feed/3/0",
        "/feed/0/0",
        "/feed/02/0",
        "/activity/2/1002",
        "/activity/2/0",
        "/activity/3/1",
    ] {
        problem(doors.get(path).send().await.unwrap(), 404, "not-found").await;
    }
    let post = doors.post("/feed").send().await.unwrap();
    problem(post, 405, "method-not-allowed").await;
    let cors = doors
        .get("/feed")
        .header("origin", "https://a.example")
        .send()
        .await
        .unwrap();
    assert_eq!(cors.headers()["access-control-allow-origin"], "*");
    for (path, page) in [
        ("/activity/2/1000", "feed/2/0"),
        ("/activity/2/1001", "feed/2/1"),
    ] {
        let response = doors.get(path).send().await.unwrap();
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()["location"], format!("{BASE}{page}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_generation_is_gone_and_says_where_to_begin() {
    let doors = doors(1001, None).await;
    for path in ["/feed/1/0", "/feed/1/0-31.nq", "/activity/1/5"] {
        let response = doors.get(path).send().await.unwrap();
        let links: Vec<_> = response.headers().get_all("link").iter().cloned().collect();
        assert_eq!(
            links,
            [
                "<http://hub.example/feed>; rel=\"successor-version\"",
                "<http://hub.example/catalog.nq>; rel=\"alternate\""
            ]
        );
        let said = problem(response, 410, "generation-ended").await;
        assert_eq!(said["generation"], 2);
        assert_eq!(said["view"], "http://hub.example/feed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_pages_are_gone_and_name_the_dump() {
    let doors = doors(5500, Some(2)).await;
    let root = doors
        .get("/feed.nq")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        root.contains(
            "<https://w3id.org/ldes#retentionPolicy> <http://hub.example/feed#retention>"
        )
    );
    let head = Head {
        generation: 2,
        seq: 5500,
        published_us: 0,
    };
    let cache = doors.feed.clone();
    let pruned = tokio::task::spawn_blocking(move || cache.prune(head, 5 * DAY_US).unwrap());
    assert_eq!(
        pruned.await.unwrap(),
        3,
        "pages 0, 1 and 2 ended more than two days before the fifth"
    );
    let said = problem(doors.get("/feed/2/2").send().await.unwrap(), 410, "pruned").await;
    assert_eq!(
        (&said["generation"], &said["sequence"]),
        (&2.into(), &5500.into())
    );
    assert_eq!(said["dump"], "http://hub.example/catalog.nq");
    assert_eq!(doors.get("/feed/2/3").send().await.unwrap().status(), 200);
    let root = doors
        .get("/feed.nq")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(root.contains("feed/2/3>") && !root.contains("feed/2/2>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_names_its_generation_and_sequence_number() {
    let doors = doors::open(Plan::default()).await;
    for path in ["/catalog", "/catalog.nt"] {
        for method in ["GET", "HEAD"] {
            let response = doors.request(method, path).send().await.unwrap();
            assert_eq!(response.headers()["harvestd-generation"], "1");
            assert_eq!(response.headers()["harvestd-sequence"], "1");
        }
    }
}
