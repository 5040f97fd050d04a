//! Whatever moves between mirrored entities, and in whatever order it is told: the store is what the bodies say.
#![expect(clippy::unwrap_used, reason = "tests")]

use crate::stage::{Stage, Staged};
use crate::store::{ApplyOptions, Policy, Store, WriteLimits, default_graph_body};
use crate::store_read;
use harvestd_harvesters::RecordId;
use harvestd_vocab::{Class, Normal};
use oxigraph::model::NamedNode;
use std::collections::BTreeMap;

const BASE: &str = "https://b.example/";

const LIMITS: WriteLimits = WriteLimits {
    batch_triples_max: usize::MAX,
    flush_triples: 1_000_000,
    segment_activities_max: 100,
    bulk_bytes_min: 0,
    bulk_batch_quads: 1_000,
    runs_noted: 10,
};

/// Entity -> the record of the other harvestd that speaks for it, and the files it contains, each with a word about it.
type World<'w> = BTreeMap<&'w str, (&'w str, &'w [(&'w str, &'w str)])>;

struct Replica {
    dir: tempfile::TempDir,
    store: Store,
    bulk: bool,
}

fn entity(name: &str) -> String {
    format!("https://e.example/{name}")
}

fn ours(name: &str) -> String {
    format!("{BASE}record/mirror/{name}")
}

fn body(name: &str, record: &str, files: &[(&str, &str)]) -> String {
    let (entity, record) = (entity(name), format!("https://a.example/record/s/{record}"));
    let dcat = "http://www.w3.org/ns/dcat#";
    let rdf_type = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
    let mut lines = vec![
        format!("<{entity}> <{rdf_type}> <{dcat}Dataset> .\n"),
        format!("<{record}> <{rdf_type}> <{dcat}CatalogRecord> .\n"),
        format!("<{record}> <http://xmlns.com/foaf/0.1/primaryTopic> <{entity}> .\n"),
        format!("<{record}> <http://www.w3.org/ns/adms#identifier> <{record}#id> .\n"),
        format!("<{record}#id> <http://www.w3.org/2004/02/skos/core#notation> \"{name}\" .\n"),
        format!("<https://a.example/catalog/s> <{dcat}record> <{record}> .\n"),
    ];
    for (file, word) in files {
        let file = format!("https://f.example/{file}");
        lines.push(format!("<{entity}> <{dcat}distribution> <{file}> .\n"));
        lines.push(format!("<{file}> <{rdf_type}> <{dcat}Distribution> .\n"));
        lines.push(format!(
            "<{file}> <http://purl.org/dc/terms/title> \"{word}\" .\n"
        ));
    }
    lines.sort();
    lines.concat()
}

impl Replica {
    fn new(batch_triples_max: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let limits = WriteLimits {
            batch_triples_max,
            ..LIMITS
        };
        let store = Store::open(dir.path(), BASE, limits).unwrap();
        let bulk = false;
        Self { dir, store, bulk }
    }

    /// Tells the names in this order how they are in the world now, or that they are gone.
    fn hear(&mut self, order: &[&str], world: &World<'_>) {
        let told: Vec<_> = order.iter().map(|name| (*name, world)).collect();
        self.hear_all(&told);
    }

    /// The same where each name is told of in a world of its own.
    fn hear_all(&mut self, told: &[(&str, &World<'_>)]) {
        let mut stage = Stage::begin(self.dir.path().join("stage")).unwrap();
        let mut gone = Vec::new();
        for (name, world) in told {
            let Some((record, files)) = world.get(name) else {
                gone.push((Class::Dataset, ours(name)));
                continue;
            };
            let normal = Normal {
                class: Class::Dataset,
                entity: NamedNode::new_unchecked(entity(name)),
                record: NamedNode::new_unchecked(ours(name)),
                body: body(name, record, files),
                findings: Vec::new(),
                learned: Vec::new(),
            };
            let origin = format!("https://a.example/record/s/{record}");
            let id = RecordId::new(Class::Dataset, *name);
            stage.push(&Staged::new(id, normal, Some(origin))).unwrap();
        }
        let stage = stage.finish().unwrap();
        let options = ApplyOptions {
            mostly_new: self.bulk,
            ..ApplyOptions::default()
        };
        let policy = Policy::default();
        self.store
            .apply(&stage, &gone, &policy, &options, &|_| {})
            .unwrap();
    }

    /// The default graph is the bodies of the world, and each entity's description is its body.
    fn is(&self, world: &World<'_>) {
        let mut lines = Vec::new();
        for (name, (record, files)) in world {
            let told = body(name, record, files);
            let entity = NamedNode::new_unchecked(entity(name));
            let held = store_read::description_of(self.store.quads(), entity.as_ref()).unwrap();
            assert_eq!(crate::store::body_of(&held), told);
            lines.extend(told.lines().map(str::to_owned));
        }
        lines.sort();
        lines.dedup();
        let held = default_graph_body(self.store.quads()).unwrap();
        assert_eq!(held.lines().collect::<Vec<_>>(), lines);
    }
}

/// From one world to another, told in every order, with a commit after each record and without.
fn moves(before: &World<'_>, after: &World<'_>) {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for (at, order) in orders(&names).into_iter().enumerate() {
        for (batch_triples_max, bulk) in [(1, false), (1_000, false), (1_000, true)] {
            // Once: the bulk loader compacts the store, which takes its time.
            if bulk && at > 0 {
                continue;
            }
            println!("{order:?}, batches of {batch_triples_max}, bulk {bulk}");
            let mut replica = Replica::new(batch_triples_max);
            replica.hear(&names, before);
            replica.is(before);
            replica.bulk = bulk;
            replica.hear(&order, after);
            replica.is(after);
            let head = replica.store.head();
            replica.hear(&order, after);
            assert_eq!(replica.store.head(), head, "nothing new, nothing told");
        }
    }
}

fn orders<'n>(names: &[&'n str]) -> Vec<Vec<&'n str>> {
    let Some((first, rest)) = names.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(at, *first);
            all.push(longer);
        }
    }
    all
}

#[test]
fn a_file_goes_from_one_to_the_other() {
    moves(
        &World::from([("1", ("1", &[("x", "x")][..])), ("2", ("2", &[("y", "y")]))]),
        &World::from([
            ("1", ("1", &[][..])),
            ("2", ("2", &[("x", "new"), ("y", "y")])),
        ]),
    );
}

#[test]
fn two_swap_their_files() {
    moves(
        &World::from([("1", ("1", &[("x", "x")][..])), ("2", ("2", &[("y", "y")]))]),
        &World::from([
            ("1", ("1", &[("y", "y")][..])),
            ("2", ("2", &[("x", "new")])),
        ]),
    );
}

#[test]
fn a_record_goes_with_what_is_named_under_it() {
    // Joined: the second's record speaks for both; and split again.
    let apart = World::from([("1", ("1", &[("x", "x")][..])), ("2", ("2", &[("y", "y")]))]);
    let joined = World::from([("1", ("2", &[("y", "y")][..]))]);
    moves(&apart, &joined);
    moves(&joined, &apart);
    let swapped = World::from([("1", ("2", &[("y", "y")][..])), ("2", ("1", &[("x", "x")]))]);
    moves(&apart, &swapped);
}

#[test]
fn what_goes_leaves_its_files_to_what_comes() {
    moves(
        &World::from([("1", ("1", &[("x", "x")][..]))]),
        &World::from([("2", ("2", &[("x", "new")][..]))]),
    );
}

#[test]
fn three_in_a_row_and_in_a_circle() {
    let x: &[_] = &[("x", "x")];
    let (y, z): (&[_], &[_]) = (&[("y", "y")], &[("z", "z")]);
    let before = World::from([("1", ("1", x)), ("2", ("2", y)), ("3", ("3", z))]);
    let row = World::from([("1", ("1", &[][..])), ("2", ("2", x)), ("3", ("3", y))]);
    moves(&before, &row);
    let circle = World::from([("1", ("1", y)), ("2", ("2", z)), ("3", ("3", x))]);
    moves(&before, &circle);
    let gone = World::from([("2", ("2", x)), ("3", ("1", y))]);
    moves(&before, &gone);
}

/// Six pairs swap their files. Each pair is made in one commit, and not all of them in one.
#[test]
fn circles_share_a_commit_up_to_its_bound() {
    let names: Vec<String> = (0..12).map(|n| format!("{n:02}")).collect();
    let files: Vec<[(&str, &str); 1]> = names.iter().map(|name| [(&**name, "x")]).collect();
    let before = dealt(&names, &files, |n| n);
    let after = dealt(&names, &files, |n| n ^ 1);
    // The second ones of all pairs come after all the first ones.
    let order: Vec<&str> = (0..12).map(|at| &*names[at % 6 * 2 + at / 6]).collect();
    let triples = body("00", "00", &files[0]).lines().count();
    for (pairs, commits) in [(1, 6), (2, 3), (4, 2), (100, 1)] {
        let mut replica = Replica::new(usize::MAX);
        replica.hear(&order, &before);
        let segments = |replica: &Replica| replica.store.log().segments(1).unwrap().len();
        let then = segments(&replica);
        replica.store.limits.batch_triples_max = pairs * 2 * triples;
        replica.hear(&order, &after);
        replica.is(&after);
        assert_eq!(segments(&replica) - then, commits, "{pairs} pairs a commit");
    }
}

/// Each is told of twice in one run: what was read ahead of the second time is not what stands there by then.
#[test]
fn what_was_read_ahead_counts_until_something_is_committed() {
    let names: Vec<String> = (0..24).map(|n| format!("{n:02}")).collect();
    let [first, second, third] = ["first", "second", "third"].map(|word| {
        let files = names.iter().map(|name| [(&**name, word)]);
        files.collect::<Vec<[(&str, &str); 1]>>()
    });
    let [first, second, third] = [&first, &second, &third].map(|files| dealt(&names, files, |n| n));
    let order: Vec<&str> = names.iter().map(|name| &**name).collect();
    let twice: Vec<_> = order
        .iter()
        .flat_map(|name| [(*name, &second), (*name, &third)])
        .collect();
    for batch_triples_max in [1, usize::MAX] {
        let mut replica = Replica::new(batch_triples_max);
        replica.hear(&order, &first);
        replica.hear_all(&twice);
        replica.is(&third);
        assert_eq!(replica.store.head().seq, 3 * 24, "each change is told");
    }
}

/// Each has the file that falls to it.
fn dealt<'w>(
    names: &'w [String],
    files: &'w [[(&'w str, &'w str); 1]],
    of: impl Fn(usize) -> usize,
) -> World<'w> {
    let entity = |n: usize| (&*names[n], (&*names[n], &files[of(n)][..]));
    (0..names.len()).map(entity).collect()
}
