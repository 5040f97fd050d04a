//! The operations: what happens at sources, runs, pushes, decisions by hand, deaths. Each is drawn from the seed, done, and
//! judged. Start at [`Bed::step`].

#[path = "by_hand.rs"]
mod by_hand;
#[path = "pushes.rs"]
mod pushes;

use super::{
    dice::Dice,
    house::House,
    look::{self, Name, Seen},
    model::{self, Model},
    origin::Origin,
    process::Process,
    render::{self, World},
    whole::Whole,
    world::{Catalogue, Datasets},
};
use harvestd::{config::Config, push::tokens};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

/// Failpoints at which runs, commits and publications die.
const POINTS: [&str; 17] = [
    "segment-write",
    "segment-written",
    "segment-half",
    "commit",
    "committed",
    "bulk",
    "ingest",
    "ingested",
    "digest",
    "state",
    "indexed",
    "quality",
    "measured",
    "backup",
    "prune",
    "pruned",
    "push-answer",
];
/// Of the sources that are asked.
const ASKED: [&str; 4] = ["full", "paged", "graph", "feed"];

#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub operations: u64,
    pub kills: u64,
    pub checks: u64,
}

impl Totals {
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.kills += other.kills;
        self.checks += other.checks;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operations,
            kills,
            checks,
        } = self;
        write!(f, "{operations} operations, {kills} kills, {checks} checks")
    }
}

/// A daemon, its sources, and the model of what it holds.
pub struct Bed {
    seed: u64,
    dice: Dice,
    dir: tempfile::TempDir,
    world: World,
    _origin: Origin,
    process: Option<Process>,
    /// It has a failpoint, and may die at any moment.
    armed: bool,
    token: String,
    model: Model,
    /// The records' addresses, of all that ever were.
    records: BTreeMap<Name, String>,
    /// The runs that the daemon told of, changes or not.
    runs: BTreeSet<String>,
    feed: Vec<(String, String)>,
    /// How long a run takes here and now.
    takes: Duration,
    totals: Totals,
    log: Vec<String>,
}

impl Drop for Bed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let daemon =
                std::fs::read_to_string(self.dir.path().join("log.txt")).unwrap_or_default();
            let last: Vec<&str> = daemon.lines().rev().take(30).collect();
            println!("VIOLATION with seed {}; the operations:", self.seed);
            self.log.iter().for_each(|line| println!("  {line}"));
            println!("the daemon's last words:");
            last.iter().rev().for_each(|line| println!("  {line}"));
        }
    }
}

impl Bed {
    pub async fn new(seed: u64) -> Self {
        let world = render::world();
        let origin = render::serve(&world).await;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::write(
            dir.path().join("harvestd.toml"),
            render::configuration(&data, &origin),
        )
        .unwrap();
        let token = tokens::make(&data, "centre", 0).unwrap().1.0;
        let process = Process::start(dir.path(), "").await;
        Self {
            seed,
            dice: Dice(seed),
            dir,
            world,
            _origin: origin,
            process,
            armed: false,
            token,
            model: Model::default(),
            records: BTreeMap::new(),
            runs: BTreeSet::new(),
            feed: Vec::new(),
            takes: Duration::from_millis(300),
            totals: Totals::default(),
            log: Vec::new(),
        }
    }

    /// One operation. Its dice hang on the seed and its number alone.
    pub async fn step(&mut self) {
        self.totals.operations += 1;
        let number = self.totals.operations;
        self.dice = Dice(self.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        match self.dice.below(20) {
            0..=2 => self.happens(),
            3..=9 => {
                self.happens();
                self.run().await;
            }
            10..=12 => self.push().await,
            13 => self.push_whole().await,
            14..=15 => self.decide().await,
            16 => self.undo().await,
            17 => self.restore().await,
            18 => self.redescribe().await,
            _ => self.restart().await,
        }
        self.look().await;
    }

    fn say(&mut self, what: String) {
        self.log.push(format!("{}. {what}", self.totals.operations));
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    fn happens(&mut self) {
        let source = *self.dice.of(&ASKED);
        let what = {
            let mut world = self.world.lock().unwrap();
            world.get_mut(source).unwrap().happens(&mut self.dice)
        };
        self.say(format!("{source} {what}"));
    }

    fn said(&self, source: &str) -> Catalogue {
        self.world.lock().unwrap()[source].clone()
    }

    /// Whether and how the daemon is to die meanwhile: after some time, or at a failpoint, for which it is started anew.
    async fn death(&mut self) -> Option<Duration> {
        let (kind, point, passes) = (
            self.dice.below(6),
            *self.dice.of(&POINTS),
            self.dice.below(4),
        );
        let thousandths = self.dice.below(1_300) as u32;
        match kind {
            0..=1 => {
                self.say(format!(
                    "… and is killed after {thousandths} thousandths of a run"
                ));
                Some(self.takes * thousandths / 1_000)
            }
            2..=3 => {
                let name = format!("{point}={passes}*off->return");
                self.say(format!("… with {name}"));
                let before = self.process.take().unwrap();
                before.terminate(false).await;
                self.process = Process::start(self.dir.path(), &name).await;
                self.armed = self.process.is_some();
                if !self.armed {
                    self.totals.kills += 1;
                    self.process = Process::start(self.dir.path(), "").await;
                }
                None
            }
            _ => None,
        }
    }

    /// Asks the operator's door, or another; a daemon that died meanwhile is started again. None: it died first.
    async fn asks(
        &mut self,
        request: reqwest::RequestBuilder,
        death: Option<Duration>,
    ) -> Option<(u16, Value)> {
        let began = Instant::now();
        let answer = self.process().answers(request, death).await;
        match answer {
            // What was answered survives it.
            Some(_) if self.armed => self.revive().await,
            Some(_) => self.takes = (self.takes * 3 + began.elapsed()) / 4,
            None => self.revive().await,
        }
        answer
    }

    /// Kills what is left of it, and starts it again without failpoints.
    async fn revive(&mut self) {
        self.totals.kills += 1;
        self.armed = false;
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
        self.process = Process::start(self.dir.path(), "").await;
        let began = Instant::now();
        loop {
            let sources = self
                .process()
                .operator("GET", "/sources")
                .send()
                .await
                .unwrap();
            let sources: Value = serde_json::from_slice(&sources.bytes().await.unwrap()).unwrap();
            let all = sources.as_array().unwrap();
            if all.iter().all(|source| source["running"].is_null()) {
                return;
            }
            assert!(began.elapsed() < super::house::DEADLINE, "it runs and runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn seen(&mut self) -> Seen {
        let seen = Seen::at(self.process()).await;
        self.records.extend(seen.records.clone());
        seen
    }

    /// What is seen of one source once it is `expected`, or after a while.
    async fn seen_as(&mut self, expected: &BTreeMap<Name, u32>) -> Seen {
        let began = Instant::now();
        loop {
            let seen = self.seen().await;
            if seen.held == *expected || began.elapsed() > super::house::DEADLINE {
                self.totals.checks += expected.len() as u64;
                assert_eq!(seen.held, *expected);
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The run that the daemon tells of and did not before.
    async fn new_run(&mut self, source: &str) -> Option<String> {
        let asked = self
            .process()
            .operator("GET", &format!("/sources/{source}/runs"));
        let response = asked.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let all: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let names = all.as_array().unwrap().iter();
        let names = names.map(|run| run["run"].as_str().unwrap().to_owned());
        let new: Vec<String> = names
            .filter(|name| self.runs.insert(name.clone()))
            .collect();
        let [one] = new.as_slice() else {
            return None;
        };
        Some(one.clone())
    }

    async fn run(&mut self) {
        let source = *self.dice.of(&ASKED);
        let full = self.dice.one_in(3);
        self.say(format!("{source} runs, full: {full}"));
        let death = self.death().await;
        let path = format!("/sources/{source}/run?wait=true&full={full}");
        let request = self.process().operator("POST", &path);
        let answer = self.asks(request, death).await;
        let said = self.said(source);
        self.world.lock().unwrap().get_mut(source).unwrap().mends();
        let seen = self.seen().await;
        let run = self.new_run(source).await;
        let Some((status, report)) = answer else {
            self.totals.checks += self.model.judge_killed(source, &said.now, &seen);
            self.model.killed.push((source, self.model.runs.len()));
            self.model.settled.remove(source);
            self.model.named(source, &said.now, false);
            self.model.broke_off(source, said.now);
            self.model.becomes(source, &seen, run.as_deref());
            return;
        };
        assert_eq!(status, 200, "{report}");
        let outcome = report["outcome"].as_str().unwrap().to_owned();
        self.say(format!("… {outcome}: {}", report["why"]));
        self.totals.checks += self.model.judge(source, &said, &seen, &report);
        self.assert_held(source, &said.now, &report).await;
        let whole = outcome == "complete" || !report["held"].is_null();
        let resumed = model::is_resumed(&report);
        match outcome == "complete" && !resumed {
            true => self.model.settled.insert(source),
            false => self.model.settled.remove(source),
        };
        self.model.named(source, &said.now, whole && !resumed);
        match whole {
            true => drop(self.model.earlier.remove(source)),
            false => self.model.broke_off(source, said.now),
        }
        self.model.becomes(source, &seen, run.as_deref());
    }

    /// The list of held deletions is what is not named any more, and not kept by a person.
    async fn assert_held(&mut self, source: &'static str, said: &Datasets, report: &Value) {
        if report["held"].is_null() {
            return;
        }
        let (_, listed) = self.listed(source).await.unwrap();
        let absent = self
            .model
            .held
            .keys()
            .filter(|(of, key)| *of == source && !said.contains_key(key));
        let sure = |name: &&Name| !self.model.soft.contains(name);
        let expected: BTreeSet<Name> = absent
            .filter(sure)
            .filter(|name| !self.model.kept.contains(name))
            .copied()
            .collect();
        let found: BTreeSet<Name> = listed.iter().filter(sure).copied().collect();
        assert_eq!(found, expected, "held deletions of {source}");
        self.totals.checks += 1;
    }

    async fn restart(&mut self) {
        let kills = self.dice.one_in(2);
        self.say(format!("it ends and starts again, killed: {kills}"));
        if kills {
            return self.revive().await;
        }
        self.process.take().unwrap().terminate(false).await;
        self.process = Process::start(self.dir.path(), "").await;
    }

    /// What is published is what the model holds, by every door.
    async fn look(&mut self) {
        if self.process().is_dead() {
            self.revive().await;
        }
        let expected = self.model.held.clone();
        let seen = self.seen_as(&expected).await;
        assert_eq!(
            seen.published,
            self.model.published(),
            "who speaks for what"
        );
        seen.assert_ckan(self.process()).await;
        let replayed = look::replayed(self.process()).await;
        assert!(
            replayed.log.starts_with(&self.feed),
            "the feed's past has changed: {} activities, {} before",
            replayed.log.len(),
            self.feed.len()
        );
        self.totals.checks += 3 + (replayed.log.len() - self.feed.len()) as u64;
        self.feed = replayed.log;
    }

    /// Ends the daemon, and looks at everything that lies in its directory.
    pub async fn end(mut self) -> Totals {
        self.say("the end".to_owned());
        self.process.take().unwrap().terminate(false).await;
        let config = Config::load(&self.dir.path().join("harvestd.toml")).unwrap();
        let house = House::with(config);
        let whole = Whole::of(&house.daemon);
        assert_eq!(whole.log.len(), self.feed.len());
        house.close().await;
        self.totals.checks += 1;
        self.totals
    }
}
