//! One dataset from several sources, or corrected by people: what is published of it, and what stays of its records.

use super::*;
use harvestd::{
    identity::Verdict,
    run::decide::{Decided, Wanted},
    serve::desk::Desk,
    store::{Corrections, Policy, Publication},
};
use std::sync::Arc;
use texts::{BASE, turtle};

const ONE: &str = "https://city.example/dataset/1";

/// Another title for the one dataset.
#[derive(Debug)]
struct Retitled;

impl Corrections for Retitled {
    fn concern(&self, iri: &str) -> bool {
        iri == ONE
    }
    fn correct(&self, published: &Publication<'_>, body: String) -> String {
        assert_eq!(published.kept, ONE);
        body.replace("\"One", "\"Corrected one")
    }
}

fn correct(house: &House, corrections: Option<Arc<dyn Corrections>>) {
    let mut writer = house.daemon.rooms.writer.lock().unwrap();
    let plain = Policy::new([("a".to_owned(), Vec::new(), 0)]);
    writer.policy = match corrections {
        Some(corrections) => plain.corrected_by(corrections),
        None => plain,
    };
}

/// What the record's own graph says.
fn own_graph(whole: &Whole, record: &str) -> Vec<String> {
    let graph = format!(" <{BASE}record/{record}>");
    let quads = whole.quads.iter().filter_map(|q| q.strip_suffix(&graph));
    // A triple of the default graph may end in the record as well: then it lacks its object.
    let whole = quads.filter(|q| q.splitn(3, ' ').count() == 3);
    whole.map(|q| format!("{q} .")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_correction_the_harvested_words_stay() {
    const RECORD: &str = "a/https%3A%2F%2Fcity.example%2Fdataset%2F1";
    let bed = Bed::dcat(turtle(&[("1", "One", ""), ("2", "Two", "")])).await;
    bed.house.complete("a").await;
    let plain = bed.whole();

    correct(&bed.house, Some(Arc::new(Retitled)));
    let again = bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!(again.counts.unchanged, 2, "{}", again.line());
    let corrected = bed.whole();
    assert_eq!(
        corrected.since(plain.head.seq),
        [(Verb::Update, ONE.into())]
    );
    assert_eq!(
        corrected.bodies[ONE],
        plain.bodies[ONE].replace("\"One", "\"Corrected one")
    );
    assert_eq!(
        own_graph(&corrected, RECORD).join("\n") + "\n",
        plain.bodies[ONE]
    );

    bed.say(turtle(&[("1", "One, changed", ""), ("2", "Two", "")]));
    let report = bed.house.complete("a").await;
    assert_eq!(
        (report.counts.changed, report.counts.unchanged),
        (1, 1),
        "{}",
        report.line()
    );
    let changed = bed.whole();
    assert!(changed.bodies[ONE].contains("\"Corrected one, changed\""));
    assert!(
        own_graph(&changed, RECORD)
            .concat()
            .contains("\"One, changed\"")
    );

    bed.say(turtle(&[("1", "One", ""), ("2", "Two", "")]));
    bed.house.complete("a").await;
    correct(&bed.house, None);
    {
        let mut writer = bed.house.daemon.rooms.writer.lock().unwrap();
        let writer = &mut *writer;
        writer
            .store
            .restate_entities([ONE], &writer.policy)
            .unwrap();
    }
    let back = bed.whole();
    assert_eq!(back.graph, plain.graph, "taken back: the same bytes");
    assert_eq!(own_graph(&back, RECORD), Vec::<String>::new());

    correct(&bed.house, Some(Arc::new(Retitled)));
    bed.house.order("a", Trigger::Redescribe, false).await;
    bed.say(turtle(&[("2", "Two", "")]));
    bed.house.complete("a").await;
    let gone = bed.whole();
    assert_eq!(gone.log.last(), Some(&(Verb::Delete, ONE.to_owned())));
    assert_eq!(own_graph(&gone, RECORD), Vec::<String>::new());
    bed.house.close().await;
}

/// Two portals that hold some datasets of one agency, each under IRIs of its own.
pub struct Portals {
    origin: Origin,
    pub house: House,
    dir: tempfile::TempDir,
}

/// A dataset of a portal: local name, title, file, further statements.
type Entry<'a> = (&'a str, &'a str, &'a str, &'a str);

const TOILETS: &str = "https://a.example/dataset/toilets";
const WC: &str = "https://b.example/dataset/wc";
const AT_A: &[Entry<'_>] = &[
    ("toilets", "公廁位置", "toilets", ""),
    ("lamps", "路燈位置", "lamps", ""),
    ("trees", "行道樹", "trees", ""),
];
const AT_B: &[Entry<'_>] = &[
    ("wc", "公廁位置", "toilets", ""),
    ("buses", "公車站牌", "buses", ""),
    ("parks", "公園", "parks", ""),
];

impl Portals {
    async fn new() -> Self {
        Self::with(&["a", "b"]).await
    }

    pub async fn with(ids: &[&str]) -> Self {
        let origin = Origin::start().await;
        let dir = tempfile::tempdir().unwrap();
        let sources = ids
            .iter()
            .map(|id| source(id, "dcat", &origin.at(&format!("/{id}")), ""));
        let house = House::open(dir.path(), "", &sources.collect::<Vec<_>>());
        Self { origin, house, dir }
    }

    fn sources(origin: &Origin, b: &str) -> Vec<String> {
        [("a", ""), ("b", b)]
            .map(|(id, more)| source(id, "dcat", &origin.at(&format!("/{id}")), more))
            .to_vec()
    }

    async fn configure(&self, b: &str) {
        let sources = Self::sources(&self.origin, b);
        let config = texts::config(self.dir.path(), "", &sources);
        self.house.daemon.configure(config).await.unwrap();
    }

    async fn restarted(self) -> Self {
        let Self { origin, house, dir } = self;
        house.close().await;
        let house = House::open(dir.path(), "", &Self::sources(&origin, ""));
        Self { origin, house, dir }
    }

    /// Harvests what the portal holds now; says what became of it, activity by activity.
    async fn hold(&self, id: &str, entries: &[Entry<'_>]) -> (Whole, Vec<(Verb, String)>) {
        let mut text = format!("@prefix d: <https://{id}.example/dataset/> .\n");
        for (name, title, file, more) in entries {
            text += &format!(
                "<> dcat:dataset d:{name} .\n\
                 d:{name} a dcat:Dataset ; dct:title \"{title}\"@zh-Hant ;\n\
                 dct:publisher [ a foaf:Agent ; foaf:name \"臺南市環境保護局\"@zh-Hant ] ;\n\
                 dcat:distribution <https://files.example/{file}> .\n\
                 <https://files.example/{file}> a dcat:Distribution ; dcat:accessURL <https://files.example/{file}.csv> .\n{more}\n"
            );
        }
        self.hold_text(id, &text).await
    }

    /// The same of datasets in Turtle; the catalogue is `<>`.
    pub async fn hold_text(&self, id: &str, datasets: &str) -> (Whole, Vec<(Verb, String)>) {
        let before = self.house.daemon.rooms.writer.lock().unwrap().store.head();
        let text = format!(
            "@base <https://{id}.example/> .\n\
             @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
             @prefix foaf: <http://xmlns.com/foaf/0.1/> .\n\
             <> a dcat:Catalog ; dct:title \"{id}\"@en .\n{datasets}"
        );
        self.origin.say(&format!("/{id}"), TURTLE, text);
        self.house.complete(id).await;
        let whole = Whole::of(&self.house.daemon);
        let done = whole.since(before.seq).to_vec();
        (whole, done)
    }
}

fn says(body: &str, line: &str) -> bool {
    body.lines().any(|l| l.contains(line))
}

fn redirects(whole: &Whole) -> Vec<String> {
    let by = "<http://purl.org/dc/terms/isReplacedBy>";
    whole
        .quads
        .iter()
        .filter(|q| q.contains(by))
        .cloned()
        .collect()
}

/// With what of `AT_B` replaced.
fn with<'a>(entries: &[Entry<'a>], entry: Entry<'a>) -> Vec<Entry<'a>> {
    let mut all: Vec<Entry<'_>> = entries.iter().copied().filter(|e| e.0 != entry.0).collect();
    all.push(entry);
    all
}

fn update(iri: &str) -> (Verb, String) {
    (Verb::Update, iri.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_records_of_one_dataset_are_published_once() {
    let portals = Portals::new().await;
    let (alone, _) = portals.hold("a", AT_A).await;
    let (both, done) = portals.hold("b", AT_B).await;
    let created = done
        .iter()
        .filter(|(verb, _)| *verb == Verb::Create)
        .count();
    assert!(
        done.contains(&update(TOILETS)) && done.contains(&(Verb::Delete, WC.to_owned())),
        "{done:?}"
    );
    assert_eq!((created, done.len()), (5, 7), "{done:?}");
    let body = &both.bodies[TOILETS];
    assert!(!both.bodies.contains_key(WC));
    assert!(
        says(
            body,
            &format!("<{BASE}catalog/b> <http://www.w3.org/ns/dcat#dataset> <{TOILETS}>")
        ),
        "{body}"
    );
    assert!(
        says(
            body,
            &format!("<{TOILETS}> <http://www.w3.org/ns/prov#alternateOf> <{WC}>")
        ),
        "{body}"
    );
    assert_eq!(redirects(&both).len(), 1, "{:?}", redirects(&both));
    let record =
        |id: &str, name: &str| format!("{id}/https%3A%2F%2F{id}.example%2Fdataset%2F{name}");
    assert_eq!(
        own_graph(&both, &record("a", "toilets")).join("\n") + "\n",
        alone.bodies[TOILETS]
    );
    let evidence = both
        .quads
        .iter()
        .filter(|q| q.contains("harvestd/ns#evidence>"))
        .count();
    assert_eq!(evidence, 3, "title, data, agency");

    // Nothing changed: nothing is said.
    assert_eq!(portals.hold("b", AT_B).await.1, []);
    assert_eq!(portals.hold("a", AT_A).await.1, []);

    // B changes its own record: what is published does not change; A's does.
    let more = "d:wc dct:description \"另一份說明\"@zh-Hant .";
    let (whole, done) = portals
        .hold("b", &with(AT_B, ("wc", "公廁位置", "toilets", more)))
        .await;
    assert_eq!(done, []);
    assert!(
        own_graph(&whole, &record("b", "wc"))
            .concat()
            .contains("另一份說明")
    );
    assert_eq!(portals.hold("b", AT_B).await.1, []);
    let more = "d:toilets dct:description \"說明\"@zh-Hant .";
    let (_, done) = portals
        .hold("a", &with(AT_A, ("toilets", "公廁位置", "toilets", more)))
        .await;
    assert_eq!(done, [update(TOILETS)]);
    let (whole, done) = portals.hold("a", AT_A).await;
    assert_eq!(done, [update(TOILETS)]);
    assert_eq!(
        whole.bodies[TOILETS], both.bodies[TOILETS],
        "changed back: the same bytes"
    );

    // The winner goes: the other speaks, under the IRI that is published. It comes back.
    let (whole, done) = portals.hold("a", &AT_A[1..]).await;
    assert_eq!(done, [update(TOILETS)]);
    assert!(says(
        &whole.bodies[TOILETS],
        &format!(
            "<{BASE}record/b/https%3A%2F%2Fb.example%2Fdataset%2Fwc> <http://xmlns.com/foaf/0.1/primaryTopic> <{TOILETS}>"
        )
    ));
    let (whole, done) = portals.hold("a", AT_A).await;
    assert_eq!(done, [update(TOILETS)]);
    assert_eq!(whole.graph, both.graph);

    // The other goes: what is left is as it was before it came. It comes back.
    let (whole, done) = portals.hold("b", &AT_B[1..]).await;
    assert_eq!(done, [update(TOILETS)]);
    assert_eq!(whole.bodies[TOILETS], alone.bodies[TOILETS]);
    assert_eq!(
        redirects(&whole).len(),
        1,
        "the address that went still leads on"
    );
    let (whole, done) = portals.hold("b", AT_B).await;
    assert_eq!(done, [update(TOILETS)]);
    assert_eq!(whole.graph, both.graph);

    // The other becomes something else: a split.
    let (whole, mut done) = portals
        .hold("b", &with(AT_B, ("wc", "垃圾車路線", "routes", "")))
        .await;
    done.sort_by(|x, y| x.1.cmp(&y.1));
    assert_eq!(done, [update(TOILETS), (Verb::Create, WC.to_owned())]);
    assert_eq!(whole.bodies[TOILETS], alone.bodies[TOILETS]);
    assert_eq!(redirects(&whole), Vec::<String>::new());
    let (whole, _) = portals.hold("b", AT_B).await;
    assert_eq!(whole.graph, both.graph);

    let portals = portals.restarted().await;
    assert_eq!(
        Whole::of(&portals.house.daemon).quads,
        whole.quads,
        "after a restart"
    );
    assert_eq!(portals.hold("a", AT_A).await.1, []);
    portals.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_winner_changes_the_body_only() {
    let portals = Portals::new().await;
    portals.hold("a", AT_A).await;
    let (both, _) = portals.hold("b", AT_B).await;
    for _ in 0..2 {
        portals.configure("priority = 5").await;
        let (other, done) = portals
            .hold(
                "a",
                &with(
                    AT_A,
                    (
                        "lamps",
                        "路燈位置",
                        "lamps",
                        "d:lamps dct:description \"x\" .",
                    ),
                ),
            )
            .await;
        assert_eq!(
            done,
            [update("https://a.example/dataset/lamps"), update(TOILETS)]
        );
        assert!(says(&other.bodies[TOILETS], &format!("<{BASE}record/b/")));
        portals.configure("").await;
        let (back, done) = portals.hold("a", AT_A).await;
        assert_eq!(done.len(), 2);
        assert_eq!(back.graph, both.graph, "changed back: the same bytes");
    }
    portals.house.close().await;
}

impl Portals {
    fn decide(&self, verdict: Option<Verdict>, a: &str, b: &str) -> (Whole, Decided) {
        let wanted = Wanted {
            verdict,
            a: a.to_owned(),
            b: b.to_owned(),
            who: "Lin".to_owned(),
            why: "seen".to_owned(),
        };
        let desk: &dyn Desk = &*self.house.daemon;
        let decided = desk.decide(&wanted).unwrap();
        (Whole::of(&self.house.daemon), decided)
    }
}

const LAMPS: &str = "https://a.example/dataset/lamps";
const BUSES: &str = "https://b.example/dataset/buses";

#[tokio::test(flavor = "multi_thread")]
async fn what_people_decide_holds_until_it_is_taken_back() {
    let portals = Portals::new().await;
    portals.hold("a", AT_A).await;
    let (found, _) = portals.hold("b", AT_B).await;

    let (split, decided) = portals.decide(Some(Verdict::Split), TOILETS, WC);
    assert!(!decided.is_one());
    assert!(split.bodies.contains_key(WC) && split.bodies.contains_key(TOILETS));
    let (joined, decided) = portals.decide(Some(Verdict::Join), LAMPS, BUSES);
    assert_eq!(decided.published, [LAMPS, LAMPS]);
    assert!(!joined.bodies.contains_key(BUSES));

    // Runs change nothing of it, nor does a new start, nor that the state is lost.
    let more = "d:wc dct:description \"說明\"@zh-Hant .";
    let (_, done) = portals
        .hold("b", &with(AT_B, ("wc", "公廁位置", "toilets", more)))
        .await;
    assert_eq!(done, [update(WC)]);
    portals.hold("b", AT_B).await;
    let portals = portals.restarted().await;
    assert_eq!(Whole::of(&portals.house.daemon).graph, joined.graph);
    let Portals { origin, house, dir } = portals;
    house.close().await;
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let house = House::open(dir.path(), "", &Portals::sources(&origin, ""));
    let portals = Portals { origin, house, dir };
    assert_eq!(portals.hold("a", AT_A).await.0.graph, joined.graph);
    portals.hold("b", AT_B).await;

    // While one of the two is away the decision waits.
    let without: Vec<Entry<'_>> = AT_B.iter().copied().filter(|e| e.0 != "buses").collect();
    portals.hold("b", &without).await;
    assert_eq!(portals.hold("b", AT_B).await.0.graph, joined.graph);

    let (back, decided) = portals.decide(None, BUSES, LAMPS);
    assert!(decided.taken_back && !decided.is_one());
    assert_eq!(back.graph, split.graph, "taken back: the same bytes");
    let (back, _) = portals.decide(None, WC, TOILETS);
    assert_eq!(back.graph, found.graph, "taken back: the same bytes");
    assert_eq!(
        back.quads
            .iter()
            .filter(|q| q.contains("ns#Decision>"))
            .count(),
        0
    );
    portals.house.close().await;
}
