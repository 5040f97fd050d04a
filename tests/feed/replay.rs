//! The feed replayed from zero is the default graph, triple by triple, whatever happened before.

use super::{
    doors,
    follower::{Follower, Replayed},
    house::House,
    origin::Origin,
    texts::{self, BASE, export, rows, source},
    whole::Whole,
};
use harvestd::{
    config::QueryLimits,
    daemon::write_limits,
    log::Verb,
    serve::{self, ListenLimits, public_router},
    serve::{
        desk::Desk,
        pool::{Pool, PoolOptions},
    },
    snapshot::Published,
    store::Store,
};
use oxigraph::model::{GraphName, Literal, NamedNode, Quad};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
};
use tokio::{net::TcpListener, sync::watch};

const SYNTAXES: [&str; 4] = [
    "*/*",
    "application/trig",
    "application/ld+json",
    "application/n-quads",
];

/// A ministry, a daemon that harvests it, and doors that show what the test publishes.
struct Bed {
    origin: Origin,
    house: House,
    shown: watch::Sender<Option<Arc<Published>>>,
    at: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let origin = Origin::start().await;
        let dir = tempfile::tempdir().unwrap();
        let sources = [source("a", "data_gov_tw", &origin.at("/a"), "")];
        let config = texts::config(dir.path(), "", &sources);
        let house = House::with(config.clone());
        let (shown, watching) = watch::channel(house.daemon.published().borrow().clone());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_harvestd"));
        let pool = Pool::start(
            PoolOptions::for_the_house(program, &QueryLimits::default()),
            watching.clone(),
        );
        let doors = serve::House::new(
            Arc::new(config),
            watching,
            Arc::clone(&house.daemon) as Arc<dyn Desk>,
            pool.clone(),
            pool,
            doors::metrics(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = public_router(doors);
        tokio::spawn(serve::serve(
            listener,
            router,
            ListenLimits::default(),
            std::future::pending(),
        ));
        Self {
            origin,
            house,
            shown,
            at,
            _dir: dir,
        }
    }

    /// Harvests these rows; nothing of it is shown yet.
    async fn harvest(&self, rows: &[String]) -> Whole {
        self.origin.say("/a", "application/json", export(rows));
        self.house.complete("a").await;
        Whole::of(&self.house.daemon)
    }

    fn show(&self) {
        let newest = self.house.daemon.published().borrow().clone();
        self.shown.send_replace(newest);
    }

    fn follower(&self, accept: &'static str) -> Follower {
        Follower::new(self.at, BASE, accept)
    }

    /// In every syntax the same, and what the store and the log say.
    async fn assert_shows(&self, whole: &Whole) -> Replayed {
        let mut all = Vec::new();
        for syntax in SYNTAXES {
            let replayed = self.follower(syntax).replay().await;
            assert!(replayed.graph == whole.graph, "{syntax}: another graph");
            let log: Vec<_> = whole
                .log
                .iter()
                .map(|(v, e)| (name(*v), e.clone()))
                .collect();
            assert_eq!(replayed.log, log, "{syntax}");
            all.push(replayed);
        }
        all.remove(0)
    }
}

fn name(verb: Verb) -> String {
    verb.iri().rsplit('#').next().unwrap().to_owned()
}

/// More than a page of creations, then changes and deletions that cross into the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_from_zero_is_the_default_graph() {
    let bed = Bed::new().await;
    assert_eq!(bed.follower("*/*").status().await, 503, "nothing is held");
    let first = bed.harvest(&rows(1, 1020, 1)).await;
    assert_eq!(bed.follower("*/*").status().await, 503, "not published yet");
    bed.show();
    let before = bed.assert_shows(&first).await;
    let closed = format!("{BASE}feed/1/0");
    let pages: Vec<&String> = before.documents.keys().collect();
    assert_eq!(pages, [&closed, &format!("{BASE}feed/1/1")]);

    let mut second = rows(101, 1020, 1);
    second.splice(0..30, rows(101, 130, 2));
    second.extend(rows(2001, 2010, 1));
    let gate = bed.harvest(&second).await;
    let unseen = bed.follower("*/*").replay().await;
    assert_eq!(
        unseen, before,
        "committed, but not published to these doors"
    );
    bed.show();
    let after = bed.assert_shows(&gate).await;
    assert_eq!(
        after.documents[&closed], before.documents[&closed],
        "a closed page never changes"
    );
    assert!(after.documents[&closed].cache_control.contains("immutable"));
    let open = format!("{BASE}feed/1/1");
    assert_ne!(after.documents[&open].etag, before.documents[&open].etag);
    assert!(!after.documents[&open].cache_control.contains("immutable"));
    for verb in [Verb::Create, Verb::Update, Verb::Delete] {
        assert!(
            after.log.iter().any(|(kind, _)| *kind == name(verb)),
            "{verb:?}"
        );
    }
}

/// A store that another build wrote, with other rules of what belongs to a description, begins anew by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_of_containment_begin_a_new_generation() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sources = [source("a", "data_gov_tw", &origin.at("/a"), "")];
    let config = texts::config(&data, "", &sources);
    origin.say("/a", "application/json", export(&rows(1, 30, 1)));
    let house = House::with(config.clone());
    house.complete("a").await;
    let before = Whole::of(&house.daemon);
    house.close().await;

    let base = config.public_url.as_str();
    let store = Store::open(&data, base, write_limits(&config)).unwrap();
    let graph = NamedNode::new(format!("{base}graph/runs")).unwrap();
    let said = |subject: &str, word: &str, value: u8, graph: GraphName| {
        let iri = |iri: &str| NamedNode::new(iri).unwrap();
        Quad::new(
            iri(subject),
            iri(word),
            Literal::from(i32::from(value)),
            graph,
        )
    };
    let name = format!("{base}feed#generation-1");
    let rules = "https://w3id.org/harvestd/ns#containmentRules";
    let held: Vec<Quad> = store
        .quads()
        .quads_for_pattern(
            None,
            Some(NamedNode::new(rules).unwrap().as_ref()),
            None,
            None,
        )
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(held.len(), 1, "the store says which rules it follows");
    store.quads().remove(&held[0]).unwrap();
    store
        .quads()
        .insert(&said(&name, rules, 0, graph.into()))
        .unwrap();
    // What belonged to a description by the other rules.
    let part = said(
        "https://x.example/part",
        "http://purl.org/dc/terms/title",
        1,
        GraphName::DefaultGraph,
    );
    store.quads().insert(&part).unwrap();
    drop(store);

    for _ in 0..2 {
        let house = House::with(config.clone());
        let whole = Whole::of(&house.daemon);
        assert_eq!(whole.head.generation, 2, "once, and not at every start");
        assert_eq!(whole.head.seq, before.bodies.len() as u64);
        assert!(
            whole.graph == before.graph,
            "what belongs to nothing is gone"
        );
        let name = NamedNode::new(format!("{base}feed#generation-2")).unwrap();
        let about = |store: &harvestd::store::Store| -> Vec<String> {
            let about = Some(name.as_ref().into());
            let why = store.quads().quads_for_pattern(about, None, None, None);
            why.map(|quad| quad.unwrap().object.to_string()).collect()
        };
        let why = about(&house.daemon.rooms.writer().unwrap().store);
        assert!(
            why.iter().any(
                |said| said.contains("from version 0 of the rules of containment to version 1")
            ),
            "{why:?}"
        );
        house.close().await;
    }
}

/// Begins a new generation as an operator does, killed at a failpoint where one is named.
async fn new_generation(dir: &Path, sources: &[String], failpoint: Option<&str>) -> ExitStatus {
    let file = dir.join("harvestd.toml");
    std::fs::write(&file, texts::configuration(&dir.join("data"), "", sources)).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_harvestd"));
    command.args([
        "feed",
        "new-generation",
        "--why",
        "a test",
        "--json",
        "--config",
    ]);
    command.arg(file);
    if let Some(point) = failpoint {
        command.env("FAILPOINTS", format!("{point}=return"));
    }
    command.output().await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_generation_states_everything_again_and_forgets_the_past() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let sources = [source("a", "data_gov_tw", &origin.at("/a"), "")];
    let config = texts::config(
        &dir.path().join("data"),
        "segment_activities_max = 400",
        &sources,
    );
    let house = House::with(config.clone());
    origin.say("/a", "application/json", export(&rows(1, 1100, 1)));
    house.complete("a").await;
    origin.say("/a", "application/json", export(&rows(11, 1100, 1)));
    house.complete("a").await;
    let before = Whole::of(&house.daemon);
    assert!(before.log.iter().any(|(verb, _)| *verb == Verb::Delete));
    house.close().await;

    for (failpoint, generation) in [
        (Some("generation"), 1),
        (Some("generation-committed"), 2),
        (None, 3),
    ] {
        let status = new_generation(dir.path(), &sources, failpoint).await;
        assert_eq!(
            status.success(),
            failpoint.is_none(),
            "{failpoint:?}: {status}"
        );
        if failpoint.is_none() {
            let snapshots = dir.path().join("data/snapshots");
            assert!(!snapshots.exists(), "they show the past");
        }
        let house = House::with(config.clone());
        let whole = Whole::of(&house.daemon);
        assert_eq!(whole.head.generation, generation, "{failpoint:?}");
        assert!(
            whole.graph == before.graph,
            "the default graph stays as it is"
        );
        assert_eq!(whole.bodies, before.bodies);
        if generation > 1 {
            assert_eq!(whole.head.seq, before.bodies.len() as u64);
            assert!(whole.log.iter().all(|(verb, _)| *verb == Verb::Create));
            let kept: Vec<_> = std::fs::read_dir(dir.path().join("data/log"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!(kept, [generation.to_string()]);
        }
        house.close().await;
    }

    // A record that is harvested again is unchanged, and a change goes on in the new generation.
    let house = House::with(config);
    let again = house.complete("a").await;
    assert_eq!(
        (again.counts.new, again.counts.changed),
        (0, 0),
        "{}",
        again.line()
    );
    origin.say("/a", "application/json", export(&rows(12, 1100, 1)));
    let head = Whole::of(&house.daemon).head;
    house.complete("a").await;
    let after = Whole::of(&house.daemon).head;
    assert_eq!((after.generation, after.seq), (3, head.seq + 1));
    house.close().await;
}
