//! kill -9 between a decision about two records and what follows from it: the next opening draws the conclusion.

use super::*;
use harvestd::config::Config;
use texts::{export, numbered, rows};

const A: &str = "https://data.gov.tw/dataset/1";
const B: &str = "https://city.example/dataset/1";

/// A ministry and a city, harvested, which have nothing in common.
async fn two_catalogues() -> Bed {
    let bed = Bed::new(export(&rows(1, 3, 1)), "").await;
    bed.origin.say("/b", "text/turtle", numbered(3));
    let b = source("b", "dcat", &bed.origin.at("/b"), "");
    let text = texts::configuration(&bed.data_dir(), bed.limits, &[bed.source(""), b]);
    std::fs::write(bed.file(), text).unwrap();
    for id in ["a", "b"] {
        let output = bed.command("run", "").arg(id).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    bed
}

async fn decides(bed: &Bed, words: &[&str], failpoint: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harvestd"));
    command.arg("identity").args(words).args([A, B]);
    command.arg("--config").arg(bed.file());
    let deciding = command.env("FAILPOINTS", failpoint).output();
    tokio::time::timeout(DEADLINE, deciding)
        .await
        .expect("it ends")
        .unwrap()
}

async fn look(bed: &Bed) -> Whole {
    let house = House::with(Config::load(&bed.file()).unwrap());
    let whole = Whole::of(&house.daemon);
    house.close().await;
    whole
}

/// What is published, without what a clock or this bed wrote into it.
fn published(whole: &Whole, bed: &Bed) -> (String, Vec<String>) {
    let timeless = |line: &&str| !line.contains("dateTime>");
    let graph = whole.graph.lines().filter(timeless);
    let graph = graph.map(|line| line.replace(&bed.origin.url, "") + "\n");
    let log = whole.log.iter().map(|activity| format!("{activity:?}"));
    (graph.collect(), log.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_is_kept_is_carried_out() {
    const JOIN: [&str; 5] = ["join", "--why", "same", "--who", "Lin"];
    let (bed, other) = (two_catalogues().await, two_catalogues().await);
    let steps: [&[&str]; 3] = [
        &JOIN,
        &["split", "--why", "other", "--who", "Lin"],
        &["forget"],
    ];
    let mut graphs = Vec::new();
    for step in steps {
        let killed = decides(&bed, step, "decided=return").await;
        assert!(was_killed(&killed), "{step:?}: {}", killed.status);
        let done = decides(&other, step, "").await;
        assert!(done.status.success(), "{step:?}: {done:?}");
        let (recovered, uncrashed) = (look(&bed).await, look(&other).await);
        assert_eq!(
            published(&recovered, &bed),
            published(&uncrashed, &other),
            "{step:?}"
        );
        graphs.push(published(&recovered, &bed).0);
        assert_eq!(look(&bed).await, recovered, "{step:?}: once");
    }
    assert_ne!(graphs[0], graphs[1], "one dataset, and two");
}
