//! Runs taken back where two portals hold one dataset and a correction lies over it: what people decided stays, and what is
//! published is worked out anew from what the records said.

use super::*;
use harvestd::config::{Config, Outside};
use std::{collections::BTreeSet, path::Path};

const TOILETS: &str = "https://a.example/dataset/toilets";
const WC: &str = "https://b.example/dataset/wc";
const CORRECTION: &str = "[[override]]\ndataset = \"https://b.example/dataset/wc\"\nproperty = \"dct:title\"\nexpect = \"公廁位置\"\nset = { text = \"公共廁所位置\", lang = \"zh-Hant\" }\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n\n";

/// A portal that holds the one dataset, if `name` is given, and others of its own.
fn portal(id: &str, name: Option<(&str, &str)>) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix d: <https://{id}.example/dataset/> .\n\
         <https://{id}.example/> a dcat:Catalog ; dct:title \"{id}\"@en .\n"
    );
    let own = ["lamps", "trees", "parks"].map(|what| format!("{id}-{what}"));
    let own = own
        .iter()
        .map(|own| (own.as_str(), own.as_str(), own.as_str(), ""));
    let one = name.map(|(name, description)| (name, "公廁位置", "toilets", description));
    for (name, title, file, description) in own.chain(one) {
        text += &format!(
            "<https://{id}.example/> dcat:dataset d:{name} .\n\
             d:{name} a dcat:Dataset ; dct:title \"{title}\"@zh-Hant ;\n\
             dct:publisher [ a foaf:Agent ; foaf:name \"臺南市環境保護局\"@zh-Hant ] ;\n\
             dcat:distribution <https://files.example/{file}> .\n\
             <https://files.example/{file}> a dcat:Distribution ; dcat:accessURL <https://files.example/{file}.csv> .\n"
        );
        if !description.is_empty() {
            text += &format!("d:{name} dct:description \"{description}\"@en .\n");
        }
    }
    text
}

fn config(dir: &Path, origin: &Origin) -> Config {
    let sources = ["a", "b"].map(|id| source(id, "dcat", &origin.at(&format!("/{id}")), ""));
    let text = texts::configuration(dir, "", &sources) + CORRECTION;
    Config::parse("test.toml", &text, &Outside::default())
        .map_err(|e| e.to_string())
        .unwrap()
}

struct Portals {
    origin: Origin,
    house: House,
    _dir: tempfile::TempDir,
}

impl Portals {
    /// Harvests what the portal holds now. Gives the run's name.
    async fn hold(&self, id: &str, name: Option<(&str, &str)>) -> String {
        self.origin.say(&format!("/{id}"), TURTLE, portal(id, name));
        let report = self.house.order(id, Trigger::Hand, true).await;
        assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
        report.run
    }

    async fn undo(&self, source: &str, run: String, with_later: bool) {
        let wanted = Change::Undo {
            run,
            with_later,
            dry: false,
        };
        let done = self.house.daemon.change(source, wanted).unwrap();
        let done = tokio::time::timeout(DEADLINE, done).await.unwrap().unwrap();
        done.unwrap();
    }

    /// Everything that is held, but for what tells of runs and of the log itself.
    fn holds(&self) -> BTreeSet<String> {
        let whole = Whole::of(&self.house.daemon);
        let past = ["graph/changes/", "graph/runs>", "/activity/"];
        let mut quads = whole.quads;
        quads.retain(|quad| !past.iter().any(|past| quad.contains(past)));
        quads
    }

    fn published(&self, entity: &str) -> Option<String> {
        Whole::of(&self.house.daemon).bodies.get(entity).cloned()
    }
}

fn assert_same(after: &BTreeSet<String>, before: &BTreeSet<String>) {
    let lost: Vec<_> = before.difference(after).collect();
    let new: Vec<_> = after.difference(before).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "lost {lost:#?}, new {new:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_and_corrections_stay_what_people_made_of_them() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &origin));
    let portals = Portals {
        origin,
        house,
        _dir: dir,
    };
    portals.hold("a", Some(("toilets", "At A"))).await;
    let alone = portals.holds();
    let joining = portals.hold("b", Some(("wc", "At B"))).await;
    let joined = portals.holds();
    assert_eq!(portals.published(WC), None, "they are one");
    let is_corrected = |entity| {
        portals
            .published(entity)
            .unwrap()
            .contains("\"公共廁所位置\"")
    };
    assert!(is_corrected(TOILETS));

    // The record that does not speak: its words are in its own graph alone.
    let run = portals.hold("b", Some(("wc", "Changed at B"))).await;
    let quiet = |quads: &BTreeSet<String>| quads.iter().any(|q| q.contains("\"Changed at B\"@en"));
    assert!(quiet(&portals.holds()));
    portals.undo("b", run, false).await;
    assert_same(&portals.holds(), &joined);

    // The record that speaks, under a correction.
    let run = portals.hold("a", Some(("toilets", "Changed at A"))).await;
    assert!(portals.published(TOILETS).unwrap().contains("Changed at A") && is_corrected(TOILETS));
    portals.undo("a", run, false).await;
    assert_same(&portals.holds(), &joined);

    // It goes, and the other one speaks: taken back, the first one does again.
    let run = portals.hold("a", None).await;
    assert!(portals.published(TOILETS).unwrap().contains("At B"));
    portals.undo("a", run, false).await;
    assert_same(&portals.holds(), &joined);

    // The run that made two records one dataset, and what came after it of the same record.
    portals.hold("b", Some(("wc", "At B"))).await;
    portals.undo("b", joining, true).await;
    let mut after = portals.holds();
    // Its address goes on leading to the dataset that it was, as when its source takes it away.
    let leads = format!("<{WC}> <http://purl.org/dc/terms/isReplacedBy> <{TOILETS}> ");
    after.retain(|quad| !quad.starts_with(&leads));
    assert_same(&after, &alone);
    assert_eq!(portals.published(WC), None);
    portals.house.close().await;
}
