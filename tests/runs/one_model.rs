//! Sources that change at random, and people who decide at random: what is published as one, what is kept of it and what
//! is counted is always what comparing everything from the start would make of it, and the log tells the same as the store.

use super::identity::Portals;
use super::*;
use harvestd::{
    identity::{
        Features, Linked, Standing, Verdict,
        candidates::{KEY_RECORDS_MAX, keys, links},
        clusters::{Clusters, cluster},
    },
    run::{Rooms, decide::Wanted},
    serve::desk::Desk,
    state::Holder,
    store::Store,
};
use std::collections::{BTreeMap, BTreeSet};

/// Of each dataset there could be: two titles that have nothing in common.
const TITLES: [[&str; 2]; 7] = [
    ["公廁位置", "廁所清冊"],
    ["路燈位置", "照明設備"],
    ["行道樹", "植栽普查"],
    ["公園", "綠地面積"],
    ["公車站牌", "候車亭"],
    ["垃圾車路線", "清運時刻"],
    ["雨量", "氣象觀測"],
];
/// Files of each.
const FILES: usize = 3;
const SOURCES: [&str; 5] = ["a", "b", "c", "d", "e"];
const STEPS: usize = 60;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of so many, or several.
    fn some(&mut self, n: usize) -> BTreeSet<usize> {
        (0..n).map(|_| self.below(n)).collect()
    }
}

/// A dataset of a source. Several titles and files make chains: of three records the first may have nothing in common
/// with the last.
struct Entry {
    /// The dataset's IRI: now and then that of another source's.
    iri: String,
    titles: Vec<&'static str>,
    files: Vec<String>,
    /// A dataset that it says it comes from.
    from: Option<String>,
    agency: &'static str,
}

impl Entry {
    fn new(id: &str, n: usize, dice: &mut Dice) -> Self {
        let other = SOURCES[dice.below(SOURCES.len())];
        let home = if dice.one_in(10) { other } else { id };
        let about = if dice.one_in(4) { dice.below(7) } else { n };
        let titles = dice.some(2).into_iter().map(|t| TITLES[about][t]);
        let files = dice.some(FILES).into_iter();
        let from = format!("https://{other}.example/dataset/{about}");
        Self {
            iri: format!("https://{home}.example/dataset/{n}"),
            titles: titles.collect(),
            files: files.map(|file| format!("f{about}-{file}")).collect(),
            from: dice.one_in(4).then_some(from),
            agency: if dice.one_in(8) {
                "工務局"
            } else {
                "環境保護局"
            },
        }
    }

    fn turtle(&self) -> String {
        let Self { iri, .. } = self;
        let mut text = format!("<> dcat:dataset <{iri}> .\n<{iri}> a dcat:Dataset .\n");
        for title in &self.titles {
            text += &format!("<{iri}> dct:title \"{title}\"@zh-Hant .\n");
        }
        for file in &self.files {
            let file = format!("https://files.example/{file}");
            text += &format!(
                "<{iri}> dcat:distribution <{file}> .\n<{file}> a dcat:Distribution ; dcat:accessURL <{file}.csv> .\n"
            );
        }
        if let Some(from) = &self.from {
            text += &format!("<{iri}> dct:source <{from}> .\n");
        }
        let agency = self.agency;
        text + &format!(
            "<{iri}> dct:publisher [ a foaf:Agent ; foaf:name \"臺南市{agency}\"@zh-Hant ] .\n"
        )
    }
}

type Held = BTreeMap<usize, Entry>;

/// What the dice came to.
#[derive(Default)]
struct Seen {
    clusters: Vec<BTreeSet<Box<str>>>,
    /// Every key that a record ever had.
    keys: BTreeSet<u64>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    joined: usize,
    most: usize,
    of_three: usize,
    came_together: usize,
    fell_apart: usize,
    standings: BTreeSet<&'static str>,
}

impl Seen {
    fn note(&mut self, found: Clusters) {
        let within = |part: &BTreeSet<Box<str>>, all: &[BTreeSet<Box<str>>]| {
            all.iter().filter(|c| !c.is_disjoint(part)).count()
        };
        let before = std::mem::take(&mut self.clusters);
        let many = |parts: &[BTreeSet<Box<str>>], all: &[BTreeSet<Box<str>>]| {
            parts.iter().any(|c| c.len() > 2 && within(c, all) != 1)
        };
        let counts = &mut self.counts;
        counts.came_together += usize::from(many(&found.clusters, &before));
        counts.fell_apart += usize::from(many(&before, &found.clusters));
        counts.of_three += found.clusters.iter().filter(|c| c.len() > 2).count();
        counts.joined += found.clusters.len();
        counts.most = counts.most.max(found.clusters.len());
        let standings = found.links.iter().map(|l| l.standing.word());
        counts.standings.extend(standings);
        self.clusters = found.clusters;
    }
}

async fn harvest(portals: &Portals, id: &str, held: &Held) -> Whole {
    let text: String = held.values().map(Entry::turtle).collect();
    portals.hold_text(id, &text).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_one_never_hangs_on_the_way_there() {
    let portals = Portals::with(&SOURCES).await;
    let mut dice = Dice(0x5eed_0001);
    let mut held: BTreeMap<&str, Held> = BTreeMap::new();
    let mut seen = Seen::default();
    for id in SOURCES {
        let all = (0..5).map(|n| (n, Entry::new(id, n, &mut dice))).collect();
        harvest(&portals, id, &all).await;
        held.insert(id, all);
    }
    for step in 0..STEPS {
        let id = SOURCES[dice.below(SOURCES.len())];
        let of = held.get_mut(id).unwrap();
        match dice.below(5) {
            // Few enough go at once that it counts as no catastrophe.
            0 if of.len() > 3 => {
                let at = *of.keys().nth(dice.below(of.len())).unwrap();
                of.remove(&at);
            }
            1 => decide(&portals, &mut dice),
            // What is kept of it is worked out again, as after a commit that was cut short.
            2 if dice.below(4) == 0 => portals.house.daemon.rooms.state.doubt_identity().unwrap(),
            _ => {
                let n = dice.below(7);
                of.insert(n, Entry::new(id, n, &mut dice));
            }
        }
        let whole = harvest(&portals, id, of).await;
        assert_as_from_the_start(&portals, step, &mut seen);
        assert!(
            !whole.quads.iter().any(|q| q.contains("graph/pending")),
            "step {step}"
        );
    }
    let counts = seen.counts;
    assert!(
        counts.most >= 3 && counts.joined > 2 * STEPS && counts.of_three > STEPS,
        "{counts:?}"
    );
    assert!(
        counts.came_together > 5 && counts.fell_apart > 5 && counts.standings.len() == 5,
        "{counts:?}"
    );
    portals.house.close().await;
}

/// Joins, splits, or takes back what was decided of two records.
fn decide(portals: &Portals, dice: &mut Dice) {
    let mut records: Vec<String> = {
        let writer = portals.house.daemon.rooms.writer.lock().unwrap();
        let all = writer.store.all_features();
        all.map(|f| f.unwrap().record.to_string()).collect()
    };
    records.sort();
    let wanted = Wanted {
        verdict: [Some(Verdict::Join), Some(Verdict::Split), None][dice.below(3)],
        a: records[dice.below(records.len())].clone(),
        b: records[dice.below(records.len())].clone(),
        who: "dice".to_owned(),
        why: "so it fell".to_owned(),
    };
    // Two of one source are refused, and nothing that was never decided is taken back.
    let _ = portals.house.daemon.decide(&wanted);
}

/// What is published as one, what the state keeps, what is counted and what the store says of pairs is what comparing
/// everything makes of it.
fn assert_as_from_the_start(portals: &Portals, step: usize, seen: &mut Seen) -> Vec<Linked> {
    let rooms = &portals.house.daemon.rooms;
    let writer = rooms.writer.lock().unwrap();
    let sorted = |mut all: Vec<Features>| {
        all.sort_by(|x, y| x.record.cmp(&y.record));
        all
    };
    let all = sorted(writer.store.all_features().map(Result::unwrap).collect());
    let kept = rooms.state.features().unwrap().map(Result::unwrap);
    assert_eq!(sorted(kept.collect()), all, "step {step}");
    assert_index(rooms, &all, seen, step);
    let decisions = writer.store.decisions().unwrap();
    let expected = cluster(&all, &links(&all, None), &decisions, writer.thresholds);
    let links = rooms.state.links().unwrap();
    let mut links: Vec<Linked> = links.map(|l| l.unwrap().placed().unwrap()).collect();
    links.sort_by(|x, y| (&x.link.a, &x.link.b).cmp(&(&y.link.a, &y.link.b)));
    assert_eq!(links, expected.links, "step {step}");
    let said = pairs(&writer.store);
    let short = |l: &Linked| (l.link.a.clone(), l.link.b.clone(), l.standing.word());
    assert_eq!(said, links.iter().map(short).collect(), "step {step}");
    let mut published: BTreeMap<String, BTreeSet<Box<str>>> = BTreeMap::new();
    for features in &all {
        let kept = writer.store.published_as(&features.entity).unwrap();
        let group = published.entry(kept).or_default();
        group.insert(features.entity.clone());
    }
    let mut found: Vec<_> = published.into_values().filter(|c| c.len() > 1).collect();
    found.sort();
    assert_eq!(found, expected.clusters, "step {step}");
    let joined = rooms.state.joined().unwrap().unwrap();
    let records: usize = found.iter().map(BTreeSet::len).sum();
    let open = links.iter().filter(|l| l.standing.is_open()).count();
    assert_eq!(
        (joined.datasets, joined.records, joined.listed),
        (found.len() as u64, records as u64, open as u64),
        "step {step}"
    );
    seen.note(expected);
    links
}

/// Each key leads to the records that have it now, and to no others.
fn assert_index(rooms: &Rooms, all: &[Features], seen: &mut Seen, step: usize) {
    let mut expected: BTreeMap<u64, BTreeSet<Holder>> = BTreeMap::new();
    for features in all {
        for key in keys(features) {
            let holders = expected.entry(key).or_default();
            holders.insert(Holder::of(features));
        }
    }
    seen.keys.extend(expected.keys());
    for key in &seen.keys {
        let found: BTreeSet<Holder> = rooms
            .state
            .holders(*key)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            found,
            expected.remove(key).unwrap_or_default(),
            "step {step}"
        );
    }
}

fn pairs(store: &Store) -> BTreeSet<(Box<str>, Box<str>, &'static str)> {
    let pairs = harvestd::store_read::pairs(store.quads(), store.base());
    let said = pairs.map(Result::unwrap);
    said.map(|l| (l.link.a, l.link.b, l.standing.word()))
        .collect()
}

/// Records that all have one title, and one agency. While they are few each is compared with each of the other source;
/// then the title says nothing, until one of them goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_very_many_records_says_nothing() {
    let portals = Portals::with(&["a", "b", "c"]).await;
    let named = |id: &str, count: usize| -> Held {
        let entry = |n: usize| Entry {
            iri: format!("https://{id}.example/dataset/{n}"),
            titles: vec![TITLES[0][0]],
            files: Vec::new(),
            from: None,
            agency: "環境保護局",
        };
        (0..count).map(|n| (n, entry(n))).collect()
    };
    let mut seen = Seen::default();
    let most = KEY_RECORDS_MAX - 2;
    harvest(&portals, "a", &named("a", most)).await;
    let turns = [
        ("b", 1, most),
        ("b", 2, 2 * most),
        ("b", 3, 0),
        ("b", 4, 0),
        ("c", 1, 0),
        ("b", 3, 0),
        ("b", 2, 0),
        ("b", 1, 2 * most + 1),
        ("c", 2, 0),
        ("c", 1, 2 * most + 1),
    ];
    for (step, (id, count, pairs)) in turns.into_iter().enumerate() {
        // What went before went with a person's word: together the losses of so small a catalogue would be held.
        let book = &portals.house.daemon.rooms.book;
        book.change(id, |page| page.lower(u64::MAX)).unwrap();
        harvest(&portals, id, &named(id, count)).await;
        let listed = assert_as_from_the_start(&portals, step, &mut seen);
        assert_eq!(listed.len(), pairs, "{id} {count}");
        assert!(listed.iter().all(|l| l.standing == Standing::Unsure));
    }
    portals.house.close().await;
}
