//! kill -9 at ten moments in harvests of more than a thousand rows: half of them anywhere in a run, half while it commits.
//!
//! The moments come from a seed. Where a run stands is read from its own log, not guessed from a clock. The same in a
//! harvest as large as the national export: `HARVESTD_ROWS=52547 cargo test --test crash at_random -- --nocapture`.

use super::*;
use texts::{export, rows};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStderr;

const ROWS: usize = 1_500;
/// From here on limits are the usual ones, with the bulk loader; below, many small batches.
const LARGE: usize = 10_000;
const DEATHS: u64 = 10;
/// So many of them, at the least, while a run commits.
const IN_COMMIT: u64 = 3;
const SEED: u64 = 20_261_121;
/// What a run logs when committing begins, and when it is over.
const STAGED: &str = "everything is read, described and staged";
const COMMITTED: &str = "everything is committed";

/// SplitMix64: the same numbers in every run.
pub(super) struct Moments(pub(super) u64);

impl Moments {
    pub(super) fn below(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_micros((z ^ (z >> 31)) % (most.as_micros() as u64).max(1))
    }
}

/// One `harvestd run a`, and what it has logged.
struct Run {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    log: String,
}

impl Run {
    fn begin(bed: &Bed) -> Self {
        let mut command = bed.command("run", "");
        command.arg("a").env("HARVESTD_LOG", "harvestd=debug");
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            lines,
            log: String::new(),
        }
    }

    /// Reads on until the log says this. False: it ended without.
    async fn says(&mut self, what: &str) -> bool {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(what) {
                return true;
            }
        }
        false
    }

    /// Kills it after this long. None: it had ended by itself. Some(true): it died while it was committing.
    async fn dies_after(mut self, wait: Duration) -> Option<bool> {
        let killed = tokio::time::timeout(wait, self.child.wait()).await.is_err();
        if killed {
            self.child.kill().await.unwrap();
        }
        self.says("\0").await;
        killed.then(|| self.log.contains(STAGED) && !self.log.contains(COMMITTED))
    }
}

/// How long reading and committing take here and now, so that the moments lie within a run.
async fn measured(bed: &Bed) -> (Duration, Duration) {
    let began = Instant::now();
    let mut run = Run::begin(bed);
    assert!(run.says(STAGED).await, "{}", run.log);
    let staged = began.elapsed();
    assert!(run.says(COMMITTED).await, "{}", run.log);
    let committed = began.elapsed() - staged;
    assert!(run.child.wait().await.unwrap().success());
    (staged, committed)
}

fn size() -> usize {
    let asked = std::env::var("HARVESTD_ROWS").ok();
    asked.map_or(ROWS, |rows| {
        rows.parse().expect("HARVESTD_ROWS is a number")
    })
}

/// How long a run may take: one of the full size takes minutes on a busy machine.
pub(super) fn patience() -> Duration {
    match size() {
        LARGE.. => DEADLINE * 20,
        _ => DEADLINE,
    }
}

/// What the source says before each death: half of the rows change each time, so that there is always something to commit.
fn said(revision: usize) -> String {
    let half = size() / 2 + 50;
    let mut all = rows(11, half, revision);
    all.extend(rows(half + 1, size(), 1));
    export(&all)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_deaths_in_harvests() {
    let limits = match size() {
        LARGE.. => "",
        _ => "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000",
    };
    let measure = Bed::new(said(1), limits).await;
    let (staging, committing) = measured(&measure).await;
    let bed = Bed::new(export(&rows(1, 200, 1)), limits).await;
    bed.completes().await;
    let mut before = bed.whole().await;
    let mut moments = Moments(SEED);
    let (mut deaths, mut attempts, mut in_commit) = (0, 0, 0);
    // Within how long after its beginning, and after its commit began, a run is killed. What was measured on a machine
    // that had other work may be too long now: whoever comes too late comes earlier from then on.
    let (mut in_run, mut in_its_commit) = (staging + committing, committing / 2);
    while deaths < DEATHS || in_commit < IN_COMMIT {
        attempts += 1;
        assert!(attempts <= 8 * DEATHS, "runs end before they are killed");
        bed.origin.say("/a", JSON, said(1 + attempts as usize));
        let mut run = Run::begin(&bed);
        let announced = deaths % 2 == 1;
        let wait = match announced {
            false => moments.below(in_run),
            true => {
                assert!(run.says(STAGED).await, "{}", run.log);
                moments.below(in_its_commit)
            }
        };
        let died = run.dies_after(wait).await;
        println!(
            "seed {SEED}, {wait:?} after {} (reading takes {staging:?}, committing {committing:?}): {}",
            if announced {
                "committing began"
            } else {
                "the start"
            },
            match died {
                None => "it had ended by itself",
                Some(true) => "killed while committing",
                Some(false) => "killed",
            }
        );
        deaths += u64::from(died.is_some());
        in_commit += u64::from(died == Some(true));
        match (announced, died) {
            (true, None | Some(false)) => in_its_commit /= 2,
            (false, None) => in_run /= 2,
            _ => {}
        }
        let after = bed.whole().await;
        assert_eq!(after.log[..before.log.len()], before.log, "history stays");
        println!(
            "  {} activities, {} entities",
            after.log.len(),
            after.bodies.len()
        );
        before = after;
    }
    println!("{deaths} deaths, {in_commit} of them while committing");

    let report = bed.completes().await;
    assert_eq!(
        report.counts.holds as usize,
        size() - 10,
        "{}",
        report.line()
    );
    let after = bed.whole().await;
    assert_eq!(after.log[..before.log.len()], before.log);
    assert_eq!(after.titles().len(), size() - 10);
    let last = format!("資料 11.{}", 1 + attempts);
    assert!(!after.titles().contains("資料 1.1") && after.titles().contains(&last));
    assert_eq!(bed.completes().await.activities, None);
}
