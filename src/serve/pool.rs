//! The pool of warm workers: each answers one question at a time, within a deadline, and is replaced when it does not.
//!
//! Knows no HTTP and evaluates nothing itself. A stream that breaks never looks whole: [`Body`] ends with an error
//! unless the worker said that the answer was complete. Start at [`Pool::ask`].

use super::{
    accounts::Account,
    child::{Begun, Child, ChildError},
    lease::{Lease, Patience, pump},
    places::{Place, Places, Rank},
    running::{Impatient, Running},
    warm::keep_warm,
    wire::{BODY_BYTES, Question, Refused, WorkerLimits},
};
use crate::snapshot::Published;
use bytes::Bytes;
use std::{
    ffi::OsString,
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// In metrics and logs.
    pub name: &'static str,
    /// The program and its arguments that make a worker: our own binary and `worker`.
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub workers: usize,
    /// Workers are kept with the newest snapshot open. Else each is started for one question, and ended after it.
    pub warm: bool,
    /// Dumps at the same time: a client that reads one slowly keeps its worker.
    pub dumps: usize,
    /// Questions that wait for a worker; one more is refused.
    pub queue_max: usize,
    /// From the moment a worker has the question until it has given the last byte. Also the longest wait for a worker.
    pub deadline: Duration,
    /// Dumps have no deadline of this kind, but worker and client may each be silent no longer than this.
    pub stall: Duration,
    /// How long a snapshot may be read in which a worker ended of its question.
    pub read: Duration,
    /// Where questions go on that take long. None: they keep their place to the end.
    pub slow: Option<Slow>,
    /// Bytes of a long answer read ahead of a slow client, so that most answers free their worker early.
    pub ahead_bytes_max: usize,
    pub worker: WorkerLimits,
}

/// Places for questions that take long.
#[derive(Debug, Clone, Copy)]
pub struct Slow {
    /// How long a question may keep a fast place while nobody wants it,
    pub after: Duration,
    /// and while somebody does who has used little.
    pub wanted_after: Duration,
    pub places: usize,
}

impl PoolOptions {
    /// The pool for the queries of strangers.
    pub fn for_queries(program: PathBuf, limits: &crate::config::QueryLimits) -> Self {
        Self {
            name: "queries",
            program,
            arguments: vec!["worker".into()],
            workers: limits.workers,
            warm: true,
            dumps: 1,
            queue_max: limits.queue_max,
            deadline: Duration::from_millis(limits.deadline_ms),
            stall: Duration::from_millis(limits.stall_ms),
            read: Duration::from_millis(limits.read_ms),
            slow: Some(Slow {
                after: Duration::from_millis(limits.slow_ms),
                wanted_after: Duration::from_millis(limits.wanted_ms),
                places: limits.slow_workers,
            }),
            ahead_bytes_max: limits.ahead_bytes_max,
            worker: WorkerLimits {
                memory_bytes_max: limits.memory_bytes_max,
                stack_bytes: limits.stack_bytes,
                files_max: limits.files_max,
                merge_triples_max: limits.merge_triples_max,
                whole_bytes_max: limits.whole_bytes_max,
            },
        }
    }

    /// The pool for our own questions (descriptions, dumps, counts), which strangers' queries must not hold up.
    pub fn for_the_house(program: PathBuf, limits: &crate::config::QueryLimits) -> Self {
        Self {
            name: "house",
            workers: limits.house_workers,
            dumps: limits.dumps_max,
            deadline: Duration::from_millis(limits.house_deadline_ms),
            slow: None,
            ..Self::for_queries(program, limits)
        }
    }

    /// The pool for questions about the past: each has another snapshot, so no worker is worth keeping.
    pub fn for_the_past(program: PathBuf, limits: &crate::config::QueryLimits) -> Self {
        Self {
            name: "past",
            workers: limits.past_workers,
            warm: false,
            slow: None,
            ..Self::for_queries(program, limits)
        }
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    #[error("{waiting} questions wait already, and no more are taken")]
    Busy { waiting: usize },
    #[error("no worker was free within {0:?}")]
    NoWorkerInTime(Duration),
    #[error("the worker did not answer within {0:?} and was ended")]
    Deadline(Duration),
    #[error("the query took longer than others could wait for, and was ended")]
    GaveWay { wait: Duration },
    #[error("the worker needed more memory than its {bytes_max} bytes and ended")]
    Memory { bytes_max: u64 },
    #[error("the worker's stack overflowed, and it ended")]
    Stack,
    #[error("the worker ended before it answered: {0}")]
    Died(String),
    #[error("a worker could not be started: {0}")]
    NotStarted(String),
    #[error("the snapshot is damaged")]
    Damaged,
    #[error("the question was refused: {}", .0.detail)]
    Refused(Refused),
}

/// An answer: its media type and its bytes.
#[derive(Debug)]
pub struct Answer {
    pub media_type: String,
    pub body: Body,
}

impl Answer {
    /// What it says in JSON. None where it is another thing, or too long to be whole.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        match &self.body {
            Body::Whole(json) => serde_json::from_slice(json).ok(),
            Body::Stream(_) => None,
        }
    }
}

#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Piece by piece. After `Piece::End` it was whole; if the channel closes without it, the answer broke.
    Stream(mpsc::Receiver<Piece>),
}

#[derive(Debug)]
pub enum Piece {
    Bytes(Bytes),
    End,
}

/// Workers that are warm, and places for as many as there may be.
pub struct Pool {
    pub(super) options: PoolOptions,
    pub(super) places: Arc<Places>,
    /// Dumps wait for each other before they wait for a place.
    lanes: Arc<Places>,
    /// Questions that have left their place.
    pub(super) slow: Mutex<Vec<Arc<Running>>>,
    pub(super) idle: Mutex<Vec<Child>>,
    pub(super) published: watch::Receiver<Option<Arc<Published>>>,
}

impl Pool {
    /// A pool whose workers have the newest published snapshot open. Must be called within a runtime, which then keeps
    /// the idle workers warm until the pool is dropped.
    pub fn start(
        options: PoolOptions,
        published: watch::Receiver<Option<Arc<Published>>>,
    ) -> Arc<Self> {
        let pool = Arc::new(Self {
            places: Places::new(options.workers),
            slow: Mutex::default(),
            lanes: Places::new(options.dumps),
            idle: Mutex::new(Vec::new()),
            published: published.clone(),
            options,
        });
        if pool.options.warm {
            tokio::spawn(keep_warm(Arc::downgrade(&pool), published));
        }
        pool
    }

    pub fn options(&self) -> &PoolOptions {
        &self.options
    }

    /// Workers that are neither answering nor being replaced.
    pub fn free(&self) -> usize {
        self.places.free()
    }

    /// Questions that have left their place to others and go on.
    pub fn beside(&self) -> usize {
        lock(&self.slow).len()
    }

    /// Asks a worker a question of ours. `snapshot` is held until no worker has it open.
    pub async fn ask(
        self: &Arc<Self>,
        question: Question,
        snapshot: &Arc<Published>,
    ) -> Result<Answer, PoolError> {
        self.ask_for(None, question, snapshot).await
    }

    /// The same for a client, to whose account it goes.
    pub async fn ask_for(
        self: &Arc<Self>,
        account: Option<Account>,
        question: Question,
        snapshot: &Arc<Published>,
    ) -> Result<Answer, PoolError> {
        let started = Instant::now();
        let answer = match self.try_ask(account, question, snapshot).await {
            Err(error) => Err(self.or_damaged(error, snapshot).await),
            answer => answer,
        };
        let outcome = match &answer {
            Ok(_) => "given",
            Err(PoolError::Busy { .. } | PoolError::NoWorkerInTime(_)) => "busy",
            Err(PoolError::Deadline(_)) => "deadline",
            Err(PoolError::GaveWay { .. }) => "gave-way",
            Err(PoolError::Memory { .. }) => "memory",
            Err(PoolError::Stack) => "stack",
            Err(PoolError::Died(_) | PoolError::NotStarted(_)) => "died",
            Err(PoolError::Damaged) => "damaged",
            Err(PoolError::Refused(_)) => "refused",
        };
        metrics::histogram!("harvestd_worker_answer_seconds", "pool" => self.options.name, "outcome" => outcome)
            .record(started.elapsed().as_secs_f64());
        answer
    }

    async fn try_ask(
        self: &Arc<Self>,
        account: Option<Account>,
        question: Question,
        snapshot: &Arc<Published>,
    ) -> Result<Answer, PoolError> {
        let is_dump = matches!(
            question,
            Question::Dump { .. }
                | Question::List { .. }
                | Question::Entities { .. }
                | Question::Features { .. }
                | Question::Pairs { .. }
                | Question::Hashes { .. }
                | Question::Sitemap { .. }
        );
        let lane = match is_dump {
            true => Some(self.place(&self.lanes, Rank::default()).await?),
            false => None,
        };
        let rank = account.as_ref().map(Account::rank).unwrap_or_default();
        let place = self.place(&self.places, rank).await?;
        let mut lease = self.lease(account, place, lane).await?;
        let running = Arc::clone(&lease.running);
        let patience = if is_dump {
            Patience::Stall(self.options.stall)
        } else {
            Patience::Until(Instant::now() + self.options.deadline)
        };
        let begin = lease.begin(&question, snapshot);
        match running.within(self, patience, begin).await {
            Err(why) => Err(self.out_of_patience(lease, why)),
            Ok(Err(e)) => Err(self.diagnose(lease, e).await),
            Ok(Ok(Begun::Refused(refused))) => {
                lease.done();
                Err(PoolError::Refused(refused))
            }
            Ok(Ok(Begun::Whole(media_type, bytes))) => {
                lease.done();
                Ok(Answer {
                    media_type,
                    body: Body::Whole(bytes),
                })
            }
            Ok(Ok(Begun::Stream(media_type))) => {
                let (pieces, body) =
                    mpsc::channel(self.options.ahead_bytes_max.div_ceil(BODY_BYTES).max(1));
                tokio::spawn(pump(lease, patience, pieces));
                Ok(Answer {
                    media_type,
                    body: Body::Stream(body),
                })
            }
        }
    }

    /// A place of these for one question.
    async fn place(&self, of: &Arc<Places>, rank: Rank) -> Result<Place, PoolError> {
        let PoolOptions {
            queue_max,
            deadline,
            ..
        } = self.options;
        match timeout(deadline, of.take(rank, queue_max)).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(waiting)) => Err(PoolError::Busy { waiting }),
            Err(_) => Err(PoolError::NoWorkerInTime(deadline)),
        }
    }

    async fn lease(
        self: &Arc<Self>,
        account: Option<Account>,
        place: Place,
        lane: Option<Place>,
    ) -> Result<Lease, PoolError> {
        let child = match self.warm() {
            Some(child) => child,
            None => self
                .spawn()
                .await
                .map_err(|e| PoolError::NotStarted(e.to_string()))?,
        };
        Ok(Lease {
            pool: Arc::clone(self),
            running: Running::new(account, &child, place),
            child: Some(child),
            lane,
        })
    }

    pub(super) async fn spawn(&self) -> Result<Child, ChildError> {
        let PoolOptions {
            program,
            arguments,
            worker,
            ..
        } = &self.options;
        let child = Child::spawn(program, arguments, *worker).await;
        metrics::counter!("harvestd_workers_started_total", "pool" => self.options.name)
            .increment(1);
        child
    }

    pub(super) fn out_of_patience(&self, lease: Lease, why: Impatient) -> PoolError {
        drop(lease);
        match why {
            Impatient::Deadline => {
                metrics::counter!("harvestd_worker_deadlines_total", "pool" => self.options.name)
                    .increment(1);
                PoolError::Deadline(self.options.deadline)
            }
            Impatient::GaveWay(wait) => PoolError::GaveWay { wait },
        }
    }

    pub(super) async fn diagnose(&self, mut lease: Lease, error: ChildError) -> PoolError {
        let said = match &mut lease.child {
            Some(child) => child.last_words_at_end().await,
            None => String::new(),
        };
        lease.running.has_had_its_share();
        drop(lease);
        tracing::warn!(pool = self.options.name, %error, said, "a worker ended before its answer did");
        if said.contains("memory allocation of")
            || said.contains("bad_alloc")
            || said.contains("out of memory")
        {
            PoolError::Memory {
                bytes_max: self.options.worker.memory_bytes_max,
            }
        } else if said.contains("has overflowed its stack") {
            PoolError::Stack
        } else {
            PoolError::Died(error.to_string())
        }
    }

    pub(super) fn in_background(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Without a runtime the process is ending, and its children with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(task);
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A list of children is right at every step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
