//! The log remembered: what comes, changes, leaves a source, goes and comes again.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const BASE: &str = "https://hub.example/";
const DATASET: &str = "https://city.example/1";

fn body(winner: &str, sources: &[&str], identifiers: &[&str]) -> String {
    let mut text = format!(
        "<{DATASET}> <{}> <{}> .\n<{DATASET}> <{}> <https://city.example/office> .\n\
         <{BASE}record/{winner}/1> <{}> <{DATASET}> .\n",
        rdf::TYPE.as_str(),
        dcat::DATASET.as_str(),
        dct::PUBLISHER.as_str(),
        foaf::PRIMARY_TOPIC.as_str()
    );
    for source in sources {
        text += &format!(
            "<{BASE}catalog/{source}> <{}> <{DATASET}> .\n",
            dcat::HAS_DATASET.as_str()
        );
    }
    for identifier in identifiers {
        text += &format!(
            "<{DATASET}> <{}> \"{identifier}\" .\n",
            dct::IDENTIFIER.as_str()
        );
    }
    text
}

fn activity(seq: u64, verb: Verb, body: String) -> Activity {
    Activity {
        seq,
        verb,
        entity: DATASET.to_owned(),
        published_us: seq as i64 * 1_000_000,
        body,
    }
}

fn listed(names: &BTreeSet<Arc<str>>) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

#[test]
fn a_dataset_is_followed_through_its_life() {
    let mut chronicle = Chronicle::new(BASE, 1);
    let created = body("a", &["a", "b"], &["9", "A41000000G-000001"]);
    chronicle.apply(&activity(1, Verb::Create, created));
    let entry = chronicle.get(DATASET).unwrap();
    assert_eq!(
        (entry.identifier.as_deref(), entry.winner.as_deref()),
        (Some("A41000000G-000001"), Some("a"))
    );
    assert_eq!(listed(&entry.sources), ["a", "b"]);

    chronicle.apply(&activity(4, Verb::Update, body("b", &["b"], &[])));
    let entry = chronicle.get(DATASET).unwrap();
    assert_eq!((entry.first, entry.seq), (1, 4));
    assert_eq!(
        (listed(&entry.sources), listed(&entry.left)),
        (vec!["b"], vec!["a"])
    );

    chronicle.apply(&activity(6, Verb::Delete, String::new()));
    let entry = chronicle.get(DATASET).unwrap();
    assert!(entry.gone && entry.sources.is_empty());
    assert_eq!(listed(&entry.left), ["a", "b"]);
    assert_eq!(
        entry.publisher.as_deref(),
        Some("https://city.example/office")
    );
    assert_eq!(chronicle.by_change(5..).count(), 1);

    chronicle.apply(&activity(9, Verb::Create, body("a", &["a"], &["9"])));
    let entry = chronicle.get(DATASET).unwrap();
    assert_eq!(
        (entry.first, entry.gone, listed(&entry.left)),
        (9, false, vec!["b"])
    );
    let by_change = chronicle.by_change(..).count();
    assert_eq!((chronicle.in_order().count(), by_change), (1, 1));
    assert_eq!(chronicle.seq, 9);
}

#[test]
fn what_is_no_dataset_is_no_entry() {
    let mut chronicle = Chronicle::new(BASE, 1);
    let agent = format!(
        "<{DATASET}> <{}> <http://xmlns.com/foaf/0.1/Agent> .\n",
        rdf::TYPE.as_str()
    );
    chronicle.apply(&activity(3, Verb::Create, agent));
    assert!(chronicle.get(DATASET).is_none());
    assert_eq!(chronicle.seq, 3);
}

#[test]
fn identifiers_of_agencies() {
    for (identifier, expected) in [
        ("A41000000G-000001", true),
        ("355000000-000004", true),
        ("A41000000G-000001-002", true),
        ("6564", false),
        ("https://a.example/A41000000G-000001", false),
    ] {
        assert_eq!(is_national(identifier), expected, "{identifier}");
    }
}
