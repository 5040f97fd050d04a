//! Torture: a daemon of its own process, five sources that change and fail at random, a person who decides at random, and
//! kill -9 at random. After every step what the daemon publishes is compared with a model in memory.
//!
//! An episode is one seed: the same seed gives the same operations. `make torture` plays one episode after another for
//! `TORTURE_MINUTES`, beginning with `TORTURE_SEED`; here two short ones are an ordinary test. A violation prints the seed
//! and the operations. Start at [`episode`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "feed/follower.rs"]
mod follower;
#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;
#[path = "support/whole.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod whole;

#[path = "torture/dice.rs"]
mod dice;
#[path = "torture/look.rs"]
mod look;
#[path = "torture/model.rs"]
mod model;
#[path = "torture/play.rs"]
mod play;
#[path = "torture/process.rs"]
mod process;
#[path = "torture/render.rs"]
mod render;
#[path = "torture/world.rs"]
mod world;

use play::{Bed, Totals};
use std::time::{Duration, Instant};

/// Operations of an episode.
const STEPS: usize = 60;
const SEED: u64 = 1;

/// One seed, from an empty data directory to a last look at everything that lies in it.
async fn episode(seed: u64, steps: usize) -> Totals {
    let mut bed = Bed::new(seed).await;
    for _ in 0..steps {
        bed.step().await;
    }
    bed.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_short_episodes() {
    let mut totals = Totals::default();
    for seed in [SEED, SEED + 1] {
        totals.add(&episode(seed, 25).await);
    }
    println!("{totals}");
    assert!(totals.kills > 0 && totals.checks > 200, "{totals}");
}

fn asked(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok().filter(|text| !text.is_empty());
    said.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, not a whole number"))
    })
}

/// `make torture`. A seed that is named is played alone, unless minutes are named as well.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "as long as TORTURE_MINUTES says: make torture"]
async fn a_long_one() {
    let one = std::env::var("TORTURE_SEED").is_ok_and(|seed| !seed.is_empty());
    let minutes = asked("TORTURE_MINUTES", if one { 0 } else { 10 });
    let (began, mut seed) = (Instant::now(), asked("TORTURE_SEED", SEED));
    let (mut totals, mut violated) = (Totals::default(), Vec::new());
    loop {
        match tokio::spawn(episode(seed, STEPS)).await {
            Ok(done) => {
                totals.add(&done);
                println!("seed {seed}: {done}");
            }
            Err(_) => violated.push(seed),
        }
        seed += 1;
        if began.elapsed() >= Duration::from_secs(60 * minutes) {
            break;
        }
    }
    println!("torture: {totals}, {} violations", violated.len());
    assert!(
        violated.is_empty(),
        "violations with the seeds {violated:?}: TORTURE_SEED={} make torture plays the first again",
        violated[0]
    );
}
