//! What must always hold of a store and its log, looked at from outside.
//!
//! Start at [`Whole::of`], which panics where an invariant is broken.

use harvestd::{
    daemon::Daemon,
    digest::{Sums, bucket, hash},
    facts::Facts,
    log::Verb,
    quality::entry_of,
    store::{Head, PAGE, Store, default_graph_body},
    store_read,
};
use harvestd_vocab::{Class, containment::is_membership, iris::parse_record_iri};
use oxigraph::model::{GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, QuadRef};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

/// A store that keeps its promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub head: Head,
    /// Sorted N-Triples of the default graph.
    pub graph: String,
    /// Entity -> its description, by the log.
    pub bodies: BTreeMap<String, String>,
    /// All activities, first to last.
    pub log: Vec<(Verb, String)>,
    /// Every quad of every graph: also records that are no winners, the log's index, run reports. Not what is told of
    /// runs that failed, nor of the quality of datasets: that is compared with the descriptions instead.
    pub quads: BTreeSet<String>,
}

impl Whole {
    /// Looks at everything: the log replayed is the default graph; numbers have no gaps; commits name their segments;
    /// `scan`, `description_of` and `owner_of` agree; the state counts what the store holds; no stray files.
    pub fn of(daemon: &Daemon) -> Self {
        let writer = daemon.rooms.writer.lock().unwrap();
        let store = &writer.store;
        let mut whole = replayed(store);
        let in_store: BTreeSet<&str> = whole.graph.lines().collect();
        let mut by_log = BTreeSet::new();
        for (entity, body) in &whole.bodies {
            for line in body.lines() {
                assert!(
                    by_log.insert(line),
                    "{line} is in two descriptions, one is {entity}'s"
                );
            }
        }
        let missing: Vec<_> = by_log.difference(&in_store).take(5).collect();
        let extra: Vec<_> = in_store.difference(&by_log).take(5).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "only the log says {missing:#?}, only the store says {extra:#?}"
        );
        assert_ways_agree(store, &whole.bodies);
        for quad in store.quads().iter() {
            whole.quads.insert(quad.unwrap().to_string());
        }
        assert_measured(daemon, store, &whole.bodies);
        let measured = format!(" <{}graph/quality>", store.base());
        whole.quads.retain(|quad| !quad.ends_with(&measured));
        whole.forget_failures();
        let activities = whole
            .quads
            .iter()
            .filter(|q| q.contains("<https://www.w3.org/ns/activitystreams#object>"));
        assert_eq!(activities.count() as u64, whole.head.seq, "the log's index");
        for source in &daemon.config().sources {
            let held = store.records_of_source(&source.id).map(Result::unwrap);
            let datasets = held.filter(|(record, _)| {
                parse_record_iri(store.base(), record).unwrap().class == Class::Dataset
            });
            let counted = daemon.rooms.state.datasets(&source.id).unwrap();
            assert_eq!(
                counted,
                datasets.count() as u64,
                "datasets of {}",
                source.id
            );
        }
        assert_digest(daemon, store, &whole.bodies);
        drop(writer);
        assert_no_strays(&daemon.config().data_dir);
        whole
    }

    /// The activities after `seq`.
    pub fn since(&self, seq: u64) -> &[(Verb, String)] {
        &self.log[seq as usize..]
    }

    /// The titles of all datasets.
    fn forget_failures(&mut self) {
        let subject = |quad: &String| quad.split(' ').next().unwrap().to_owned();
        let counts = |quad: &&String| quad.contains("ns#failuresInRow> ");
        let failed: BTreeSet<String> = self.quads.iter().filter(counts).map(subject).collect();
        self.quads.retain(|quad| !failed.contains(&subject(quad)));
    }

    pub fn titles(&self) -> BTreeSet<String> {
        let title = "<http://purl.org/dc/terms/title> ";
        let datasets = self.bodies.iter().filter(|(entity, body)| {
            body.contains(&format!("<{entity}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset>"))
        });
        let own = datasets.flat_map(|(entity, body)| {
            let begin = format!("<{entity}> {title}");
            body.lines()
                .filter_map(move |line| line.strip_prefix(&begin))
        });
        own.map(|literal| literal.split('"').nth(1).unwrap().to_owned())
            .collect()
    }
}

/// Reads the whole log into an empty model.
fn replayed(store: &Store) -> Whole {
    let head = store.head();
    let (mut bodies, mut log, mut last_us) = (BTreeMap::new(), Vec::new(), i64::MIN);
    for segment in store.log().segments(head.generation).unwrap() {
        assert_eq!(segment.first, log.len() as u64 + 1, "segments have no gaps");
        assert_named(store, &segment);
        for activity in segment.read().unwrap() {
            let activity = activity.unwrap();
            assert_eq!(activity.seq, log.len() as u64 + 1);
            assert!(
                activity.published_us > last_us,
                "times rise: {}",
                activity.seq
            );
            if (activity.seq - 1) % PAGE == 0 {
                assert_eq!(
                    activity.published_us % 1000,
                    0,
                    "a page begins at a millisecond"
                );
            }
            last_us = activity.published_us;
            let entity = activity.entity.clone();
            let before = match activity.verb {
                Verb::Delete => bodies.remove(&entity),
                _ => bodies.insert(entity.clone(), activity.body.clone()),
            };
            let known = activity.verb != Verb::Create;
            assert_eq!(before.is_some(), known, "{:?} of {entity}", activity.verb);
            assert_ne!(
                before.as_ref(),
                Some(&activity.body),
                "{entity} is said to have changed"
            );
            assert_eq!(activity.body.is_empty(), activity.verb == Verb::Delete);
            log.push((activity.verb, entity));
        }
        assert_eq!(segment.last, log.len() as u64);
    }
    assert_eq!(head.seq, log.len() as u64, "the log ends where the head is");
    Whole {
        head,
        graph: default_graph_body(store.quads()).unwrap(),
        bodies,
        log,
        quads: BTreeSet::new(),
    }
}

/// A commit names the segment, by the hash of its bytes.
fn assert_named(store: &Store, segment: &harvestd::log::Segment) {
    let generation = store.head().generation;
    let hash = hex::encode(Sha256::digest(std::fs::read(&segment.path).unwrap()));
    let name = store
        .log()
        .segment_iri(generation, segment.first, segment.last);
    let page = format!(
        "{}graph/changes/{generation}/{}",
        store.base(),
        (segment.first - 1) / PAGE
    );
    let (name, page) = (NamedNode::new(name).unwrap(), NamedNode::new(page).unwrap());
    let hash = Literal::new_simple_literal(hash);
    let predicate = NamedNodeRef::new("http://spdx.org/rdf/terms#checksumValue").unwrap();
    let named = QuadRef::new(
        &name,
        predicate,
        &hash,
        GraphNameRef::NamedNode(page.as_ref()),
    );
    assert!(
        store.quads().contains(named).unwrap(),
        "no commit names {name}"
    );
}

/// The three ways out of the store say the same as the log.
fn assert_ways_agree(store: &Store, bodies: &BTreeMap<String, String>) {
    let mut seen = 0;
    for described in store_read::scan(store.quads()) {
        let described = described.unwrap();
        let entity = described.entity.as_str();
        let scanned: BTreeSet<String> =
            described.triples.iter().map(|t| format!("{t} .")).collect();
        assert_eq!(
            scanned.len(),
            described.triples.len(),
            "each triple once: {entity}"
        );
        let logged: BTreeSet<String> = bodies[entity].lines().map(str::to_owned).collect();
        assert_eq!(scanned, logged, "{entity}");
        let asked = store_read::description_of(store.quads(), described.entity.as_ref()).unwrap();
        assert_eq!(asked.len(), described.triples.len());
        let subjects: BTreeSet<String> = described
            .triples
            .iter()
            .filter(|t| !is_membership(t.predicate.as_ref()))
            .map(|t| match &t.subject {
                NamedOrBlankNode::NamedNode(node) => node.as_str().to_owned(),
                NamedOrBlankNode::BlankNode(node) => panic!("a blank node in the store: {node}"),
            })
            .collect();
        for subject in subjects {
            let node = NamedNodeRef::new(&subject).unwrap();
            let owner = store_read::owner_of(store.quads(), node).unwrap();
            assert_eq!(
                owner.as_ref(),
                Some(&described.entity),
                "owner of {subject}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, bodies.len(), "every entity is scanned once");
}

/// What is published in sums is what the log says, and moves with what is published.
fn assert_digest(daemon: &Daemon, store: &Store, bodies: &BTreeMap<String, String>) {
    let told = daemon.rooms.digest.told();
    let published = daemon.published().borrow().clone();
    match published {
        Some(published) => assert_eq!(
            (told.generation, told.seq),
            (published.generation, published.seq)
        ),
        None => assert_eq!(told.seq, 0, "nothing is published"),
    }
    if told.seq < store.head().seq {
        assert!(store.is_unpublished(), "the digest stayed behind");
        return;
    }
    let mut sums = Sums::default();
    for (entity, body) in bodies {
        sums.add(entity, hash(entity, body));
    }
    assert_eq!(told.entities, bodies.len() as u64);
    assert_eq!(told.buckets, sums.buckets());
    for (entity, body) in bodies.iter().take(5) {
        let listed = daemon.rooms.digest.bucket(bucket(entity)).unwrap().unwrap();
        let found = listed.entities.iter().find(|e| e.iri == *entity);
        assert_eq!(found.unwrap().sha256, hash(entity, body), "{entity}");
    }
}

/// The graph of quality says of each dataset what measuring it anew gives, and nothing of anything else: as soon as it
/// says that it is measured up to the head, and it does where that is published.
fn assert_measured(daemon: &Daemon, store: &Store, bodies: &BTreeMap<String, String>) {
    let head = store.head();
    let published = daemon.published().borrow().clone();
    let is_published =
        published.is_some_and(|p| (p.generation, p.seq) == (head.generation, head.seq));
    let mark = store.quality_mark().unwrap().unwrap_or_default();
    let told: Vec<&str> = mark.split(' ').collect();
    let now = [head.generation.to_string(), head.seq.to_string()];
    if told.get(1..3) != Some(&[now[0].as_str(), now[1].as_str()]) {
        assert!(!is_published, "published, and measured up to {mark:?}");
        return;
    }
    let links = daemon.rooms.state.addresses().unwrap();
    if links.has_moved() {
        return;
    }
    let today: i32 = told[3].parse().unwrap();
    let (graph, node) = (
        format!("{}graph/quality", store.base()),
        format!("{}quality#", store.base()),
    );
    let graph = NamedNode::new(graph).unwrap();
    let link = NamedNodeRef::new("http://www.w3.org/ns/dqv#hasQualityMeasurement").unwrap();
    let said = store
        .quads()
        .quads_for_pattern(None, Some(link), None, Some(graph.as_ref().into()));
    let said: BTreeSet<String> = said
        .map(|quad| quad.unwrap())
        .map(|quad| format!("{} {}", quad.subject, quad.object))
        .collect();
    let mut expected = BTreeSet::new();
    for (entity, body) in bodies {
        let reach = |address: &str| links.reach(address).unwrap();
        let entry = entry_of(entity, body, &Facts::of(body), today, &reach);
        for (metric, value) in entry.iter().flat_map(|entry| entry.values()) {
            expected.insert(format!("<{entity}> <{node}{metric}-{value}>"));
        }
    }
    assert_eq!(said, expected, "what is measured");
    for line in &said {
        let measurement = NamedNode::new(line.split(['<', '>']).nth(3).unwrap()).unwrap();
        let about = store.quads().quads_for_pattern(
            Some(measurement.as_ref().into()),
            None,
            None,
            Some(graph.as_ref().into()),
        );
        assert_eq!(about.count(), 3, "{line} says what it is");
    }
}

/// Nothing that an interrupted load, commit or answer left behind. What is being written at this moment (a report after
/// its answer) is gone soon; a stray stays.
fn assert_no_strays(data_dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Some(stray) = stray(data_dir) {
        assert!(Instant::now() < deadline, "a stray: {}", stray.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn stray(data_dir: &Path) -> Option<std::path::PathBuf> {
    files(data_dir).into_iter().find(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".tmp")
            || (name.starts_with("bulk-") && name.ends_with(".sst"))
            || path.parent() == Some(&data_dir.join("spool"))
    })
}

/// Every file and folder below. An old snapshot may go while it is looked through.
pub fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return all,
        entries => entries.unwrap(),
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        }
        all.push(path);
    }
    all
}
