//! The survey keeps up with runs, restarts, lost and damaged files, and days.

use super::*;
use harvestd::{
    daemon::Daemon,
    quality::{Day, Scope, Sum, Sums, Survey, read_days},
};
use house::House;
use origin::Origin;
use std::{fs, path::Path, sync::Arc};
use texts::{export, rows, source};
use whole::Whole;

fn sums(daemon: &Daemon) -> Arc<Sums> {
    let published = daemon.published().borrow().clone();
    published.unwrap().quality().unwrap()
}

type Named = Vec<(String, Sum)>;

/// By source and publisher, whatever the order in which they came.
fn told(sums: &Sums) -> (Sum, Named, Named) {
    let sources = sums.by_source().into_iter();
    let publishers = sums.by_publisher().into_iter();
    (
        sums.whole(),
        sources.map(|(id, sum)| (id.to_owned(), sum)).collect(),
        publishers
            .map(|(name, (_, sum))| (name.to_owned(), sum))
            .collect(),
    )
}

struct Bed {
    origin: Origin,
    dir: tempfile::TempDir,
}

impl Bed {
    async fn new(document: String) -> Self {
        let origin = Origin::start().await;
        origin.say("/a", JSON, document);
        let dir = tempfile::tempdir().unwrap();
        Self { origin, dir }
    }

    fn open(&self, limits: &str) -> House {
        let source = source("a", "data_gov_tw", &self.origin.at("/a"), "");
        House::open(self.dir.path(), limits, &[source])
    }

    fn survey(&self) -> std::path::PathBuf {
        self.dir.path().join("survey")
    }
}

/// Rows 1 to `last`, of which the first `few` have lost their keywords' worth: another format and no description.
fn document(last: usize, few: usize) -> String {
    let poor = |row: String| row.replace("CSV", "PDF");
    let all = rows(1, last, 1).into_iter().enumerate();
    let all: Vec<String> = all
        .map(|(at, row)| match at < few {
            true => poor(row),
            false => row,
        })
        .collect();
    export(&all)
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_what_changes_and_are_what_measuring_anew_gives() {
    let bed = Bed::new(document(30, 0)).await;
    let house = bed.open("");
    house.complete("a").await;
    Whole::of(&house.daemon);
    let first = sums(&house.daemon);
    assert_eq!(first.whole().datasets, 30);
    assert!(first.whole().mqa > 0);

    // Seven get worse, and five go.
    bed.origin.say("/a", JSON, document(25, 7));
    house.complete("a").await;
    Whole::of(&house.daemon);
    let second = told(&sums(&house.daemon));
    assert_eq!(second.0.datasets, 25);
    assert!(second.0.mqa * 30 < first.whole().mqa * 25, "{second:?}");
    house.close().await;

    let again = |house: &House| {
        Whole::of(&house.daemon);
        assert_eq!(told(&sums(&house.daemon)), second);
    };
    let house = bed.open("");
    again(&house);
    house.close().await;
    // Without the file, and with one that is damaged.
    fs::remove_dir_all(bed.survey()).unwrap();
    let house = bed.open("");
    again(&house);
    house.close().await;
    let file = bed.survey().join("book");
    let mut damaged = fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&file, damaged).unwrap();
    let house = bed.open("");
    again(&house);
    house.close().await;
}

/// More datasets than a transaction may hold go through the bulk loader.
#[tokio::test(flavor = "multi_thread")]
async fn many_come_in_at_once() {
    let bed = Bed::new(document(400, 9)).await;
    let house = bed.open("batch_triples_max = 1000");
    house.complete("a").await;
    Whole::of(&house.daemon);
    bed.origin.say("/a", JSON, document(400, 50));
    house.complete("a").await;
    Whole::of(&house.daemon);
    assert_eq!(sums(&house.daemon).whole().datasets, 400);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_is_measured_anew() {
    let bed = Bed::new(document(10, 2)).await;
    let house = bed.open("");
    house.complete("a").await;
    let before = told(&sums(&house.daemon));
    {
        let mut writer = house.daemon.rooms.writer.lock().unwrap();
        writer.store.new_generation("a test").unwrap();
        writer.publish().unwrap();
    }
    assert_eq!(told(&sums(&house.daemon)), before);
    house.close().await;
    let house = bed.open("");
    assert_eq!(told(&sums(&house.daemon)), before);
    house.close().await;
}

/// What is read without writing: up to the head where that can be known from what is there, else not at all.
#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_sees_the_same_or_nothing() {
    let bed = Bed::new(document(10, 2)).await;
    let house = bed.open("");
    house.complete("a").await;
    let before = told(&sums(&house.daemon));
    let look = |dir: &Path| {
        let writer = house.daemon.rooms.writer.lock().unwrap();
        Survey::of(dir).look(&writer.store, chrono::Utc::now())
    };
    assert_eq!(told(&look(bed.dir.path()).unwrap()), before);
    fs::remove_dir_all(bed.survey()).unwrap();
    assert!(look(bed.dir.path()).is_none());
    assert!(!bed.survey().exists());
    house.close().await;
}

/// Every month is promised, and issued they were on 2 January 2020: nothing is harvested in between.
#[tokio::test(flavor = "multi_thread")]
async fn on_another_day_what_was_on_time_is_late() {
    let bed = Bed::new(document(10, 0)).await;
    let house = bed.open("");
    house.complete("a").await;
    let today = sums(&house.daemon).whole();
    assert_eq!((today.timely[0], today.timely[1]), (0, 10), "{today:?}");
    let follow = |now: &str| {
        let writer = &mut *house.daemon.rooms.writer.lock().unwrap();
        let sums = writer
            .survey
            .follow(&mut writer.store, now.parse().unwrap());
        sums.unwrap().whole()
    };
    let then = follow("2020-03-02T23:59:59Z");
    assert_eq!((then.timely[0], then.timely[1]), (10, 0), "{then:?}");
    assert!(then.ai_ready > today.ai_ready);
    Whole::of(&house.daemon);
    let next = follow("2020-03-03T00:00:00Z");
    assert_eq!((next.timely[0], next.timely[1]), (0, 10), "{next:?}");
    assert_eq!(next, today);
    Whole::of(&house.daemon);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_has_its_figure() {
    let bed = Bed::new(document(10, 2)).await;
    let house = bed.open("");
    house.complete("a").await;
    let whole = sums(&house.daemon).whole();
    house.close().await;
    for scope in [Scope::Whole, Scope::Source("a".to_owned())] {
        let days: Vec<Day> = read_days(bed.dir.path(), &scope).unwrap();
        let found: Vec<u64> = days.iter().map(Day::datasets).collect();
        assert_eq!(found, [whole.datasets], "{scope}");
    }
}
