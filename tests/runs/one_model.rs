//! Sources that change at random, and people who decide at random: what is published as one is always what comparing
//! everything from the start would make of it, and the log tells the same as the store.

use super::identity::{Entry, Portals};
use super::*;
use harvestd::{
    identity::{Features, Linked, Verdict, candidates::links, clusters::cluster},
    run::decide::Wanted,
    serve::desk::Desk,
};
use std::collections::{BTreeMap, BTreeSet};

const TITLES: [&str; 6] = [
    "公廁位置",
    "路燈位置",
    "行道樹",
    "公園",
    "公車站牌",
    "垃圾車路線",
];
const STEPS: usize = 36;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// What a source holds: local name -> title and file, by number.
type Held = BTreeMap<usize, (usize, usize)>;

async fn harvest(portals: &Portals, id: &str, held: &Held) -> Whole {
    let names: Vec<String> = held.keys().map(|n| format!("{id}{n}")).collect();
    let files: Vec<String> = held.values().map(|(_, f)| format!("f{f}")).collect();
    let entries: Vec<Entry<'_>> = held
        .values()
        .zip(names.iter().zip(&files))
        .map(|((title, _), (name, file))| (name.as_str(), TITLES[*title], file.as_str(), ""))
        .collect();
    portals.hold(id, &entries).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_one_never_hangs_on_the_way_there() {
    let portals = Portals::with(&["a", "b", "c"]).await;
    let mut dice = Dice(0x5eed_0001);
    let mut held: BTreeMap<&str, Held> = BTreeMap::new();
    for id in ["a", "b", "c"] {
        let all = (0..5).map(|n| (n, (n, n))).collect();
        harvest(&portals, id, &all).await;
        held.insert(id, all);
    }
    let (mut joined, mut most) = (0, 0);
    for step in 0..STEPS {
        let id = ["a", "b", "c"][dice.below(3)];
        let of = held.get_mut(id).unwrap();
        match dice.below(4) {
            // Few enough go at once that it counts as no catastrophe.
            0 if of.len() > 3 => {
                let at = *of.keys().nth(dice.below(of.len())).unwrap();
                of.remove(&at);
            }
            1 => decide(&portals, &mut dice),
            _ => {
                let change = (dice.below(TITLES.len()), dice.below(TITLES.len()));
                of.insert(dice.below(7), change);
            }
        }
        let whole = harvest(&portals, id, of).await;
        let clusters = assert_as_from_the_start(&portals, step);
        joined += clusters;
        most = most.max(clusters);
        assert!(
            !whole.quads.iter().any(|q| q.contains("graph/pending")),
            "step {step}"
        );
    }
    assert!(
        most >= 3 && joined > STEPS,
        "the dice joined {joined} times, at most {most} at once"
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

/// What is published as one is what comparing everything makes of it. Gives how many datasets several records are about.
fn assert_as_from_the_start(portals: &Portals, step: usize) -> usize {
    let rooms = &portals.house.daemon.rooms;
    let writer = rooms.writer.lock().unwrap();
    let sorted = |mut all: Vec<Features>| {
        all.sort_by(|x, y| x.record.cmp(&y.record));
        all
    };
    let all = sorted(writer.store.all_features().map(Result::unwrap).collect());
    let kept = rooms.state.features().unwrap().map(Result::unwrap);
    assert_eq!(sorted(kept.collect()), all, "step {step}");
    let decisions = writer.store.decisions().unwrap();
    let expected = cluster(&all, &links(&all, None), &decisions, writer.thresholds);
    let links = rooms.state.links().unwrap();
    let mut links: Vec<Linked> = links.map(|l| l.unwrap().placed().unwrap()).collect();
    links.sort_by(|x, y| (&x.link.a, &x.link.b).cmp(&(&y.link.a, &y.link.b)));
    assert_eq!(links, expected.links, "step {step}");
    let mut published: BTreeMap<String, BTreeSet<Box<str>>> = BTreeMap::new();
    for features in &all {
        let kept = writer.store.published_as(&features.entity).unwrap();
        published
            .entry(kept)
            .or_default()
            .insert(features.entity.clone());
    }
    let mut found: Vec<_> = published.into_values().filter(|c| c.len() > 1).collect();
    found.sort();
    assert_eq!(found, expected.clusters, "step {step}");
    found.len()
}
