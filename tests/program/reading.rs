//! `harvestd export` and `harvestd check-config`: their answers, for people and for programs, and their exit codes.

use super::*;
use origin::Origin;
use oxrdfio::{RdfFormat, RdfParser};
use std::{collections::BTreeSet, path::PathBuf};
use texts::{configuration, numbered, source};

const DATASETS: usize = 5;

/// A data directory into which one catalogue was harvested, and its configuration file.
struct Bed {
    origin: Origin,
    dir: tempfile::TempDir,
}

impl Bed {
    async fn harvested() -> Self {
        let origin = Origin::start().await;
        origin.say("/a", "text/turtle", numbered(DATASETS));
        let dir = tempfile::tempdir().unwrap();
        let source = source("a", "dcat", &origin.at("/a"), "");
        let text_of = configuration(&dir.path().join("data"), "", &[source]);
        std::fs::write(dir.path().join("c.toml"), text_of).unwrap();
        let bed = Self { origin, dir };
        let told = bed.asks(&["run", "a"]).await;
        assert_eq!(told.exit, Some(0), "{told:?}");
        bed
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn asks(&self, words: &[&str]) -> Told {
        harvestd(&[words, &["--config", text(&self.at("c.toml"))]].concat()).await
    }
}

/// Triples, blank nodes left out: there are none.
fn triples(format: RdfFormat, text: &str) -> BTreeSet<String> {
    let parser = RdfParser::from_format(format).for_slice(text.as_bytes());
    parser.map(|quad| quad.unwrap().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_syntax_says_the_same_and_a_file_is_what_is_printed() {
    let bed = Bed::harvested().await;
    let plain = bed.asks(&["export", "-o", "nt"]).await;
    assert_eq!(plain.exit, Some(0), "{plain:?}");
    let all = triples(RdfFormat::NTriples, &plain.out);
    let titles = all.iter().filter(|t| t.contains("\"Title "));
    assert_eq!(titles.count(), DATASETS);
    assert!(!all.iter().any(|triple| triple.contains("_:")));
    let json_ld = RdfFormat::JsonLd {
        profile: oxrdfio::JsonLdProfileSet::empty(),
    };
    for (name, format) in [
        ("ttl", RdfFormat::Turtle),
        ("rdf", RdfFormat::RdfXml),
        ("jsonld", json_ld),
    ] {
        let told = bed.asks(&["export", "-o", name]).await;
        assert_eq!((told.exit, told.error.as_str()), (Some(0), ""), "{name}");
        assert_eq!(triples(format, &told.out), all, "{name}");
    }
    let turtle = bed.asks(&["export"]).await.out;
    assert_eq!(triples(RdfFormat::Turtle, &turtle), all, "Turtle by itself");

    let file = bed.at("all.nt");
    std::fs::write(&file, "what was there before").unwrap();
    let told = bed
        .asks(&["export", "-o", "nt", "--out", text(&file)])
        .await;
    assert_eq!((told.exit, told.out.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), plain.out);
    let told = bed.asks(&["export", "-o", "csv"]).await;
    assert_eq!(told.exit, Some(2), "{told:?}");
    assert!(
        told.error.contains("possible values: ttl, nt, rdf, jsonld"),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_configuration_is_told_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("c.toml"), dir.path().join("data"));
    let due = source(
        "a",
        "ckan",
        "https://a.example/",
        "schedule = \"30 3 * * *\"\njitter_ms = 0",
    );
    let by_hand = source("b", "dcat", "https://b.example/", "");
    std::fs::write(&file, configuration(&data, "", &[due, by_hand])).unwrap();
    let words = ["check-config", "--config", text(&file)];
    let told = harvestd(&words).await;
    assert_eq!((told.exit, told.error.as_str()), (Some(0), ""), "{told:?}");
    let row = |id: &str| {
        told.out
            .lines()
            .find(|line| line.starts_with(id))
            .unwrap()
            .to_owned()
    };
    assert!(
        row("a ").contains(" 03:30:00 ") && row("b ").contains("by hand"),
        "{told:?}"
    );
    let told = harvestd(&[&words[..], &["--json", "--listen", "127.0.0.1:9"]].concat()).await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    let json = told.json();
    assert_eq!(
        json["listen"], "127.0.0.1:9",
        "the command line counts as for serve"
    );
    let ids: Vec<_> = json["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["id"])
        .collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(json["sources"][0]["due"].as_array().unwrap().len(), 5);
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    let wrong = source(
        "a",
        "ckam",
        "https://a.example/",
        "schedule = \"61 * * * *\"",
    );
    std::fs::write(&file, configuration(dir.path(), "", &[wrong])).unwrap();
    let words = ["check-config", "--config", text(&file)];
    let told = harvestd(&words).await;
    assert_eq!((told.exit, told.out.as_str()), (Some(2), ""));
    for says in [
        "c.toml:12:8: source.kind",
        "\"ckam\"",
        "2 errors in the configuration",
    ] {
        assert!(told.error.contains(says), "{says}: {told:?}");
    }
    let told = harvestd(&[&words[..], &["--json"]].concat()).await;
    assert_eq!((told.exit, told.error.as_str()), (Some(2), ""));
    let errors = told.json()["errors"].clone();
    let of = |n: usize| (errors[n]["line"].clone(), errors[n]["key"].clone());
    assert_eq!(of(0), (12.into(), "source.kind".into()), "{errors:#}");
    assert_eq!(of(1).1, "source.schedule", "{errors:#}");
    assert!(
        errors[0]["expected"].as_str().unwrap().contains("ckan"),
        "{errors:#}"
    );
    assert_eq!(errors.as_array().unwrap().len(), 2);

    let told = harvestd(&["check-config", "--json", "--config", "nope.toml"]).await;
    assert_eq!(told.exit, Some(2));
    assert_eq!(told.json()["errors"][0]["file"], "nope.toml");
}

/// Another harvestd is asked under the limits that sources are asked under.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_silent_or_endless_is_given_up() {
    let bed = Bed::harvested().await;
    let config = std::fs::read_to_string(bed.at("c.toml")).unwrap();
    let limits = "tries_max = 1\nread_ms = 200\nbody_bytes_max = 1_024";
    std::fs::write(bed.at("c.toml"), config.replace("tries_max = 1", limits)).unwrap();
    let silent = axum::body::Body::from_stream(futures_util::stream::pending::<
        Result<axum::body::Bytes, std::convert::Infallible>,
    >());
    let silent = std::sync::Mutex::new(Some(silent));
    bed.origin.answer("/silent/feed/state", move |_| {
        origin::plain("application/json", silent.lock().unwrap().take().unwrap())
    });
    bed.origin
        .say("/endless/feed/state", "application/json", " ".repeat(2_000));
    for (peer, says) in [("silent", "timed out"), ("endless", "body_bytes_max")] {
        let there = bed.origin.at(&format!("/{peer}/"));
        let told = bed.asks(&["verify", "--against", &there]).await;
        assert_eq!(told.exit, Some(1), "{told:?}");
        assert!(told.error.contains(says), "{told:?}");
    }
}
