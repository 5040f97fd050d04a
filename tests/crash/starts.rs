//! kill -9 at random moments of starts that have something to mend: a commit that was cut short, a state that is lost. They
//! come to the same in the end, however often the mending is cut short too.

use super::{at_random::Moments, *};
use signals::Serving;
use texts::{export, rows};

const SEED: u64 = 20_261_122;
const LIMITS: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_deaths_in_starts() {
    dies_in_starts(15).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes longer than the others, and shows the same more often"]
async fn fifty_deaths_in_starts() {
    dies_in_starts(50).await;
}

async fn dies_in_starts(wanted: u32) {
    let bed = Bed::new(export(&rows(1, 40, 1)), LIMITS).await;
    bed.completes().await;
    let began = Instant::now();
    Serving::start(&bed).await.terminate().await;
    let mut longest = began.elapsed();
    let before = bed.whole().await;
    let mut moments = Moments(SEED);
    let (mut deaths, mut starts) = (0, 0);
    while deaths < wanted {
        starts += 1;
        assert!(starts <= 4 * wanted, "it is up before it is killed");
        match starts % 3 {
            // A start that died may have set it aside already.
            0 => drop(std::fs::remove_dir_all(bed.data_dir().join("state"))),
            1 => {
                let revision = usize::try_from(starts).unwrap() + 1;
                bed.origin.say("/a", JSON, export(&rows(1, 40, revision)));
                let killed = bed.run("committed=return").await;
                assert!(was_killed(&killed), "{}", killed.status);
            }
            _ => {}
        }
        let mut child = bed.command("serve", "").spawn().unwrap();
        let wait = moments.below(longest);
        let ended = tokio::time::timeout(wait, child.wait()).await;
        assert!(ended.is_err(), "it ended by itself: {ended:?}");
        let running = bed.data_dir().join("running.json");
        let is_up = running.exists();
        child.kill().await.unwrap();
        let _ = std::fs::remove_file(running);
        match is_up {
            true => longest = longest * 3 / 4,
            false => deaths += 1,
        }
    }
    let after = bed.whole().await;
    assert_eq!(after.log[..before.log.len()], before.log, "history stays");
    bed.origin.say("/a", JSON, export(&rows(1, 40, 1_000)));
    assert_eq!(bed.completes().await.counts.holds, 40);
    let last = bed.whole().await;
    assert_eq!(last.log[..after.log.len()], after.log, "history stays");
    assert_eq!(
        last.titles(),
        (1..=40).map(|n| format!("資料 {n}.1000")).collect()
    );
    assert_eq!(bed.completes().await.activities, None);
}
