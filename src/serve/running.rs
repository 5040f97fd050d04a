//! A question while a worker has it: its place, what it has used, and when it must leave the fast places to others.
//!
//! A question that takes long goes on beside the fast places, at low priority. There are few places of that kind: when they
//! are taken, the question of the client that owes most gives way; among those who owe nothing, the longest. Start at
//! [`Running::within`].

use super::{
    accounts::Account,
    child::Child,
    lease::Patience,
    places::Place,
    pool::{Pool, Slow, lock},
};
use rustix::process::{Pid, setpriority_process};
use std::{
    future::Future,
    path::PathBuf,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The nice value of questions that take long: about a third of the share of one that is new. Far less, and whatever else
/// works on the machine would starve them until their deadline.
const LOW: i32 = 5;

/// Why a worker was not waited for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impatient {
    Deadline,
    /// For the questions of others. The client may try again after so long.
    GaveWay(Duration),
}

pub struct Running {
    began: Instant,
    charged: Mutex<Charged>,
    /// None for our own questions.
    account: Option<Account>,
    /// The worker's process.
    process: Option<u32>,
    fast: Mutex<Option<Place>>,
    gave_way: CancellationToken,
}

/// Up to where its time is on the account. Not by the clock: what a machine has no time for is not the client's doing.
struct Charged {
    /// What the worker had used of processors.
    used: Duration,
    /// Since when the worker waits for who reads the answer, in a fast place: nobody else has that meanwhile.
    reader: Option<Instant>,
}

impl Running {
    pub fn new(account: Option<Account>, child: &Child, place: Place) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            charged: Mutex::new(Charged {
                used: child.used(),
                reader: None,
            }),
            account,
            process: child.id(),
            fast: Mutex::new(Some(place)),
            gave_way: CancellationToken::new(),
        })
    }

    /// The fast place that it still has.
    pub fn take_place(&self) -> Option<Place> {
        lock(&self.fast).take()
    }

    /// Waits for something of the worker's, or of who reads it. What takes long moves to the slow places meanwhile.
    pub async fn within<T>(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        patience: Patience,
        of: impl Future<Output = T>,
    ) -> Result<T, Impatient> {
        let mut of = pin!(patience.wait(of));
        let deadline = |waited: Option<T>| waited.ok_or(Impatient::Deadline);
        if let Some(slow) = pool.options().slow.filter(|_| !self.is_slow()) {
            let others = async {
                sleep_until(self.began + slow.wanted_after.min(slow.after)).await;
                pool.places.wanted().await;
            };
            tokio::select! {
                biased;
                waited = &mut of => return deadline(waited),
                () = sleep_until(self.began + slow.after) => pool.slow_down(self, slow.places),
                () = others => pool.slow_down(self, slow.places),
            }
        }
        tokio::select! {
            biased;
            waited = of => deadline(waited),
            () = self.gave_way.cancelled() => {
                let wait = self.account.as_ref().map_or(Duration::ZERO, Account::wait);
                Err(Impatient::GaveWay(wait))
            }
        }
    }

    fn is_slow(&self) -> bool {
        lock(&self.fast).is_none()
    }

    /// What speaks for ending it: what the client owes beyond what all may, then how long this question has run.
    fn burden(&self) -> (Duration, Duration) {
        self.charge(used_by(self.process));
        let owed = self.account.as_ref().map_or(Duration::ZERO, Account::owed);
        (owed, self.began.elapsed())
    }

    /// Ends it for others. The client has had its share with it, however short it was: else it would come again at once.
    fn give_way(&self) {
        self.has_had_its_share();
        self.gave_way.cancel();
    }

    /// The same for a question that ended its worker: making another takes longer than most questions.
    pub fn has_had_its_share(&self) {
        if let Some(account) = &self.account {
            account.has_had_its_share();
        }
    }

    /// Who reads the answer keeps the worker waiting from now on, or no more.
    pub fn waits_for_reader(&self, waits: bool) {
        let since = (waits && !self.is_slow()).then(Instant::now);
        let before = std::mem::replace(&mut lock(&self.charged).reader, since);
        if let (Some(account), Some(before)) = (&self.account, before) {
            account.charge(before.elapsed());
        }
    }

    /// Puts on the account what came since the last time; `used` is what the worker has used of processors by now.
    pub fn charge(&self, used: Duration) {
        let Some(account) = &self.account else {
            return;
        };
        let mut charged = lock(&self.charged);
        // A process that has ended says nothing any more.
        let used = used.max(charged.used);
        let mut time = used - std::mem::replace(&mut charged.used, used);
        if let Some(since) = &mut charged.reader {
            let now = Instant::now();
            time += now - std::mem::replace(since, now);
        }
        account.charge(time);
    }
}

impl Pool {
    /// Moves a question to the slow places. Where there are no more than `places`, one gives way: this or another.
    fn slow_down(self: &Arc<Self>, running: &Arc<Running>, places: usize) {
        let mut slow = lock(&self.slow);
        slow.push(Arc::clone(running));
        if slow.len() > places {
            let most = (0..slow.len()).max_by_key(|at| slow[*at].burden());
            if let Some(most) = most {
                metrics::counter!("harvestd_worker_gave_way_total", "pool" => self.options().name)
                    .increment(1);
                slow.swap_remove(most).give_way();
            }
        }
        self.places.crowded(slow.len() >= places);
        drop(slow);
        if running.gave_way.is_cancelled() {
            // Its worker is ended, and the place is then a fresh one's.
            return;
        }
        // What it has used until now speaks against the client's next question already.
        running.charge(used_by(running.process));
        lower(running.process);
        drop(lock(&running.fast).take());
        running.waits_for_reader(false);
        self.refresh();
    }

    /// A question is over.
    pub(super) fn is_over(&self, running: &Arc<Running>) {
        let Some(Slow { places, .. }) = self.options().slow else {
            return;
        };
        let mut slow = lock(&self.slow);
        let before = slow.len();
        slow.retain(|other| !Arc::ptr_eq(other, running));
        if slow.len() < before {
            self.places.crowded(slow.len() >= places);
        }
    }
}

/// Lets the others' threads go first. A process that may not be raised again is ended after its question.
pub(super) fn lower(process: Option<u32>) {
    for thread in threads(process) {
        let id = thread.file_name().and_then(|id| id.to_str()?.parse().ok());
        if let Some(thread) = id.and_then(Pid::from_raw)
            && let Err(error) = setpriority_process(Some(thread), LOW)
        {
            tracing::debug!(%error, "a worker's priority stays as it is");
        }
    }
}

/// Time that a process has been on a processor. The first number of `schedstat` is in nanoseconds.
pub(super) fn used_by(process: Option<u32>) -> Duration {
    let of = |thread: PathBuf| {
        let text = std::fs::read_to_string(thread.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads(process).filter_map(of).sum())
}

fn threads(process: Option<u32>) -> impl Iterator<Item = PathBuf> {
    let tasks = process.and_then(|id| std::fs::read_dir(format!("/proc/{id}/task")).ok());
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .map(|task| task.path())
}
