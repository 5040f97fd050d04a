//! Corrections of a dataset that two portals hold: they are laid over whichever record speaks for it, whatever IRI they
//! name it by.

use super::house::House;
use super::origin::Origin;
use super::texts::{self, source};
use super::whole::Whole;
use harvestd::config::{Config, Outside};
use harvestd::log::Verb;
use harvestd::overrides::State;
use std::path::Path;

const TOILETS: &str = "https://a.example/dataset/toilets";
const WC: &str = "https://b.example/dataset/wc";

/// A portal that holds the one dataset, if `name` is given, and two others.
fn portal(id: &str, name: Option<&str>) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix d: <https://{id}.example/dataset/> .\n\
         <https://{id}.example/> a dcat:Catalog ; dct:title \"{id}\"@en .\n"
    );
    let own = [format!("{id}-lamps"), format!("{id}-trees")];
    let own = own
        .iter()
        .map(|file| (file.as_str(), file.as_str(), file.as_str()));
    for (name, title, file) in own.chain(name.map(|name| (name, "公廁位置", "toilets"))) {
        text += &format!(
            "<https://{id}.example/> dcat:dataset d:{name} .\n\
             d:{name} a dcat:Dataset ; dct:title \"{title}\"@zh-Hant ;\n\
             dct:publisher [ a foaf:Agent ; foaf:name \"臺南市環境保護局\"@zh-Hant ] ;\n\
             dcat:distribution <https://files.example/{file}> .\n\
             <https://files.example/{file}> a dcat:Distribution ; dcat:accessURL <https://files.example/{file}.csv> .\n"
        );
    }
    text
}

fn corrections() -> String {
    let one = |dataset: &str, more: &str| {
        format!(
            "[[override]]\ndataset = \"{dataset}\"\n{more}who = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n\n"
        )
    };
    let title = "property = \"dct:title\"\nexpect = \"公廁位置\"\nset = { text = \"公共廁所位置\", lang = \"zh-Hant\" }\n";
    let description =
        "property = \"dct:description\"\nset = { text = \"由 B 更正\", lang = \"zh-Hant\" }\n";
    let file = "distribution = \"https://files.example/toilets\"\nproperty = \"dct:format\"\nset = \"CSV\"\n";
    one(TOILETS, title) + &one(WC, description) + &one(TOILETS, file)
}

fn config(dir: &Path, origin: &Origin, corrections: &str) -> Config {
    let sources = ["a", "b"].map(|id| source(id, "dcat", &origin.at(&format!("/{id}")), ""));
    let text = texts::configuration(dir, "", &sources) + corrections;
    Config::parse("test.toml", &text, &Outside::default())
        .map_err(|e| e.to_string())
        .unwrap()
}

struct Portals {
    origin: Origin,
    house: House,
    dir: tempfile::TempDir,
}

impl Portals {
    async fn hold(&self, id: &str, name: Option<&str>) -> Whole {
        self.origin
            .say(&format!("/{id}"), "text/turtle", portal(id, name));
        self.house.complete(id).await;
        Whole::of(&self.house.daemon)
    }

    async fn correct(&self, corrections: &str) -> Whole {
        let config = config(self.dir.path(), &self.origin, corrections);
        self.house.daemon.configure(config).await.unwrap();
        Whole::of(&self.house.daemon)
    }

    /// Of the corrections, in the order of their properties: dct:description, dct:format, dct:title.
    fn states(&self) -> Vec<State> {
        let config = self.house.daemon.config();
        let mut laid = config
            .overrides
            .laid(&self.house.daemon.rooms.standings.borrow());
        laid.sort_by(|a, b| a.draft.property.cmp(&b.draft.property));
        laid.into_iter()
            .map(|l| l.standing.unwrap().state)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joined_dataset_is_corrected_by_any_of_its_names() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &origin, ""));
    let portals = Portals { origin, house, dir };
    portals.hold("a", Some("toilets")).await;
    let never = portals.hold("b", Some("wc")).await;
    assert!(
        never.bodies.contains_key(TOILETS) && !never.bodies.contains_key(WC),
        "they are joined"
    );

    let corrected = portals.correct(&corrections()).await;
    assert_eq!(
        corrected.since(never.head.seq),
        [(Verb::Update, TOILETS.to_owned())]
    );
    assert_eq!(portals.states(), [State::Applied; 3]);
    let is_corrected = |whole: &Whole| {
        let body = &whole.bodies[TOILETS];
        ["title> \"公共廁所位置\"", "由 B 更正", "file-type/CSV"].map(|text| body.contains(text))
    };
    assert_eq!(is_corrected(&corrected), [true; 3]);

    // The other record speaks: corrected all the same, though its file goes by another name there or not.
    let other = portals.hold("a", None).await;
    assert_eq!(is_corrected(&other), [true; 3], "{}", other.bodies[TOILETS]);
    assert!(other.bodies[TOILETS].contains("/record/b/"));
    let back = portals.hold("a", Some("toilets")).await;
    assert_eq!(back.bodies, corrected.bodies);

    // B's record goes: nothing is known by its name any more.
    let without = portals.hold("b", None).await;
    assert_eq!(is_corrected(&without), [true, false, true]);
    assert_eq!(
        portals.states(),
        [State::Absent, State::Applied, State::Applied]
    );
    portals.hold("b", Some("wc")).await;
    assert_eq!(portals.states(), [State::Applied; 3]);

    assert_eq!(
        portals.correct("").await.bodies,
        never.bodies,
        "taken back: the same bytes"
    );
    portals.house.close().await;
}
