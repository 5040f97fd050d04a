//! Joins, splits and changed winners at the first, through its feed to the second, with kill -9 on either side.
//!
//! The first harvests three portals that hold partly the same datasets, each under IRIs of its own; what they hold,
//! what people decide of it, and which portal goes before which falls by dice. `HARVESTD_SEED` gives the dice another
//! number than theirs.

use super::{
    step::{Chance, NO_BULK, assert_equal_graphs, dies, in_step, mirror, replays},
    *,
};
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, Term},
    store::Store,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};
use texts::source;

const TURTLE: &str = "text/turtle";
const PORTALS: [&str; 3] = ["a", "b", "c"];
const AREAS: [&str; 12] = [
    "中西區",
    "安平區",
    "永康區",
    "新營區",
    "善化區",
    "白河區",
    "麻豆區",
    "關廟區",
    "玉井區",
    "七股區",
    "鹽水區",
    "楠西區",
];
const THINGS: [&str; 10] = [
    "公廁位置",
    "路燈位置",
    "行道樹",
    "公園",
    "公車站牌",
    "垃圾車路線",
    "游泳池",
    "停車場",
    "圖書館",
    "消防栓",
];
/// Where a run of a portal dies, and where one of the replica does.
const ROUNDS: [(&str, &str); 5] = [
    ("commit=1*off->return", "committed=return"),
    ("segment-written=return", "commit=return"),
    ("state=return", "segment-write=1*off->return"),
    ("committed=return", "digest=return"),
    ("digest=return", "state=return"),
];

/// What a portal holds: number -> what it is about, and how often its words were changed.
type Held = BTreeMap<u64, (u64, u64)>;

fn title(topic: u64) -> String {
    let (area, thing) = (topic / THINGS.len() as u64, topic % THINGS.len() as u64);
    format!("{}{}", AREAS[area as usize], THINGS[thing as usize])
}

fn catalogue(portal: &str, held: &Held) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix d: <https://{portal}.example/dataset/> .\n\
         <https://{portal}.example/> a dcat:Catalog ; dct:title \"{portal}\"@en .\n"
    );
    for (number, (topic, revision)) in held {
        let file = format!("https://files.example/f{topic}");
        write!(
            text,
            "<https://{portal}.example/> dcat:dataset d:{number} .\n\
             d:{number} a dcat:Dataset ; dct:title \"{}\"@zh-Hant ; dct:description \"{portal} {number} {revision}\" ;\n\
             dct:publisher [ a foaf:Agent ; foaf:name \"臺南市環境保護局\"@zh-Hant ] ;\n\
             dcat:distribution <{file}> .\n\
             <{file}> a dcat:Distribution ; dcat:accessURL <{file}.csv> .\n",
            title(*topic)
        )
        .unwrap();
    }
    text
}

/// Some ninety changes of a portal: few deletions, since a harvest that lost much of its source would be held.
fn change(held: &mut Held, chance: &mut Chance) {
    let topics = (AREAS.len() * THINGS.len()) as u64;
    for number in 0..150 {
        match (held.contains_key(&number), chance.below(20)) {
            (true, 0) => {
                held.remove(&number);
            }
            (true, 1..=2) => {
                held.insert(number, (chance.below(topics), 0));
            }
            (true, 3..=12) => held.entry(number).or_default().1 += 1,
            (false, 0..=5) => {
                held.insert(number, (chance.below(topics), 0));
            }
            _ => {}
        }
    }
}

/// What is published at the first.
#[derive(Default)]
struct Published {
    /// IRI that is joined to another -> that other.
    joined: BTreeMap<String, String>,
    /// Dataset -> the record that speaks for it.
    speaks: BTreeMap<String, String>,
    head: u64,
}

impl Published {
    /// The hub must have ended.
    fn of(hub: &Hub) -> Self {
        let store = Store::open(hub.data_dir().join("store")).unwrap();
        let pairs = |predicate: &str, graph: GraphNameRef<'_>| -> BTreeMap<String, String> {
            let predicate = NamedNodeRef::new(predicate).unwrap();
            let quads = store.quads_for_pattern(None, Some(predicate), None, Some(graph));
            let said = quads.map(Result::unwrap).filter_map(|q| match q.object {
                Term::NamedNode(to) => Some((q.subject.to_string(), to.to_string())),
                _ => None,
            });
            said.collect()
        };
        let identity = NamedNode::new(format!("{}graph/identity", hub.base)).unwrap();
        let records = pairs(
            "http://xmlns.com/foaf/0.1/primaryTopic",
            GraphNameRef::DefaultGraph,
        );
        Self {
            joined: pairs(
                "http://purl.org/dc/terms/isReplacedBy",
                identity.as_ref().into(),
            ),
            speaks: records
                .into_iter()
                .map(|(record, of)| (of, record))
                .collect(),
            head: 0,
        }
    }
}

/// How often what happened that a feed has to tell.
#[derive(Debug, Default)]
struct Told {
    joins: usize,
    splits: usize,
    winners: usize,
    activities: u64,
}

impl Told {
    fn add(&mut self, before: &Published, now: &Published) {
        let keys = |p: &Published| p.joined.keys().cloned().collect::<BTreeSet<_>>();
        self.joins += keys(now).difference(&keys(before)).count();
        self.splits += keys(before).difference(&keys(now)).count();
        let was = |(of, record): &(&String, &String)| {
            before
                .speaks
                .get(*of)
                .is_some_and(|before| before != *record)
        };
        self.winners += now.speaks.iter().filter(was).count();
        self.activities += now.head - before.head;
    }
}

struct Federation {
    origin: Origin,
    first: Hub,
    second: Hub,
    chance: Chance,
    held: [Held; 3],
}

impl Federation {
    /// Another order of the portals.
    fn configure(&mut self) {
        let mut sources = Vec::new();
        for portal in PORTALS {
            let priority = format!("priority = {}", self.chance.below(9));
            sources.push(source(
                portal,
                "dcat",
                &self.origin.at(&format!("/{portal}")),
                &priority,
            ));
        }
        self.first.configure(&sources);
    }

    fn say(&self, at: usize) {
        let text = catalogue(PORTALS[at], &self.held[at]);
        self.origin.say(&format!("/{}", PORTALS[at]), TURTLE, text);
    }

    /// People decide of some pairs; two of one source, or what was never decided, is refused.
    async fn decide(&mut self) {
        for _ in 0..8 {
            let iri = |portal: u64, number| {
                format!(
                    "https://{}.example/dataset/{number}",
                    PORTALS[portal as usize]
                )
            };
            let portal = self.chance.below(3);
            let (a, b) = (
                iri(portal, self.chance.below(150)),
                iri((portal + 1) % 3, self.chance.below(150)),
            );
            let words: &[&str] = match self.chance.below(3) {
                0 => &[
                    "identity", "split", &a, &b, "--why", "dice", "--who", "dice",
                ],
                _ => &["identity", "join", &a, &b, "--why", "dice", "--who", "dice"],
            };
            self.first.does(words).await;
        }
    }

    async fn round(&mut self, dies_first: &str, dies_second: &str) {
        self.configure();
        let portal = self.chance.below(3) as usize;
        for (at, name) in PORTALS.into_iter().enumerate() {
            change(&mut self.held[at], &mut self.chance);
            self.say(at);
            if at == portal {
                dies(&self.first, name, dies_first).await;
            }
            self.first.run(name).await;
        }
        self.decide().await;
        let mut serving = self.first.serve().await;
        dies(&self.second, "mirror", dies_second).await;
        self.second.run("mirror").await;
        in_step(&self.second, &self.first).await;
        replays(&self.first).await;
        serving.kill().await.unwrap();
        assert_equal_graphs(&self.first, &self.second);
    }

    async fn published(&self) -> Published {
        let (_, verified) = self.first.verify(&[]).await;
        Published {
            head: verified["seq"].as_u64().unwrap(),
            ..Published::of(&self.first)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_splits_and_winners_travel() {
    let seed = std::env::var("HARVESTD_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    println!("HARVESTD_SEED={seed}");
    let (first, second) = (Hub::new(NO_BULK), Hub::new(NO_BULK));
    second.configure(&[mirror(&first)]);
    let origin = Origin::start().await;
    let mut all = Federation {
        origin,
        first,
        second,
        chance: Chance(seed),
        held: Default::default(),
    };
    all.configure();
    for (at, name) in PORTALS.into_iter().enumerate() {
        for number in 0..120 {
            let topic = all.chance.below(120);
            all.held[at].insert(number, (topic, 0));
        }
        all.say(at);
        all.first.run(name).await;
    }
    let mut told = Told::default();
    let mut before = all.published().await;
    for (round, (dies_first, dies_second)) in ROUNDS.into_iter().enumerate() {
        all.round(dies_first, dies_second).await;
        let now = all.published().await;
        told.add(&before, &now);
        before = now;
        println!("round {round}: {told:?}, {} joined", before.joined.len());
    }
    let enough = told.joins >= 20 && told.splits >= 20 && told.winners >= 20;
    assert!(enough && told.activities >= 1_000, "{told:?}");
}
