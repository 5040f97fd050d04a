//! kill -9 at ten moments that nobody chose, in one harvest of some thousand rows.

use super::*;
use texts::{export, rows};

const ROWS: usize = 4_000;
const SEED: u64 = 20_261_121;

/// SplitMix64: the same numbers in every run.
struct Moments(u64);

impl Moments {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_deaths_in_one_harvest() {
    let bed = Bed::new(
        export(&rows(1, 200, 1)),
        "batch_triples_max = 2_000\nbulk_bytes_min = 1_000_000_000",
    )
    .await;
    bed.completes().await;
    let mut before = bed.whole().await;
    let mut changed = rows(11, 200, 2);
    changed.extend(rows(201, ROWS, 1));
    bed.origin.say("/a", JSON, export(&changed));

    // How long a run takes here and now, so that the moments lie within one.
    let measure = Bed::new(export(&changed), bed.limits).await;
    let began = Instant::now();
    measure.completes().await;
    let took = began.elapsed();
    let mut moments = Moments(SEED);
    for death in 1..=10 {
        let wait = Duration::from_micros(moments.below(took.as_micros() as u64));
        println!("death {death}: seed {SEED}, after {wait:?} of {took:?}");
        let mut child = bed.command("run", "").arg("a").spawn().unwrap();
        if tokio::time::timeout(wait, child.wait()).await.is_err() {
            child.kill().await.unwrap();
        }
        let after = bed.whole().await;
        assert_eq!(
            after.log[..before.log.len()],
            before.log,
            "death {death}: history stays"
        );
        println!(
            "  {} activities, {} entities",
            after.log.len(),
            after.bodies.len()
        );
        before = after;
    }
    let report = bed.completes().await;
    assert_eq!(report.counts.holds as usize, ROWS - 10, "{}", report.line());
    let after = bed.whole().await;
    assert_eq!(after.log[..before.log.len()], before.log);
    assert_eq!(after.titles().len(), ROWS - 10);
    assert!(!after.titles().contains("資料 1.1") && after.titles().contains("資料 11.2"));
    assert_eq!(bed.completes().await.activities, None);
}
