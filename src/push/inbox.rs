//! Where pushes are handed in: who may, how much, and the line in which they wait. Bounded everywhere: what does not fit
//! is refused at once, and nothing that was taken in is lost. Start at [`Inbox::hand_in`].

use super::{
    Push, PushError, What,
    read::{self, Body, Read},
    tokens::Tokens,
};
use crate::config::{Config, Source};
use crate::report::Report;
use crate::run::{
    Rooms,
    trial::{self, Document},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// What may be under way is counted in pieces of so many bytes.
const ROOM_BYTES: usize = 1_024;

/// Shared by the doors, which hand in, and the daemon, whose sources take out.
pub struct Inbox {
    tokens: Tokens,
    rooms: Weak<Rooms>,
    places: RwLock<BTreeMap<String, Place>>,
    config: RwLock<Arc<Config>>,
    room: Arc<Semaphore>,
    /// Bodies are read on so many threads at a time.
    readers: Semaphore,
    /// Places for trials.
    trials: Arc<Semaphore>,
    /// Held while a source's bytes of the day are counted.
    counting: Mutex<()>,
}

/// A source that pushes, and its line.
#[derive(Clone)]
pub struct Place {
    pub source: Arc<Source>,
    pub waiting: mpsc::Sender<Push>,
}

impl Inbox {
    pub fn new(rooms: &Arc<Rooms>, config: Arc<Config>) -> Self {
        let room = config.limits.push.under_way_bytes_max / ROOM_BYTES;
        Self {
            tokens: Tokens::new(&config.data_dir),
            rooms: Arc::downgrade(rooms),
            places: RwLock::default(),
            room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
            readers: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            trials: Arc::new(Semaphore::new(config.limits.validate.at_once_max)),
            config: RwLock::new(config),
            counting: Mutex::default(),
        }
    }

    /// Takes over a configuration, and the sources that push by it.
    pub fn configure(&self, config: Arc<Config>, places: BTreeMap<String, Place>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = places;
    }

    pub fn config(&self) -> Arc<Config> {
        self.config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The source that a token belongs to.
    pub fn source_of(&self, token: &str) -> Result<Option<String>, PushError> {
        let found = self.tokens.source_of(token);
        found.map_err(|e| PushError::Failed(e.to_string()))
    }

    /// The source of that id, if it pushes and is enabled.
    pub fn place(&self, source: &str) -> Option<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places
            .get(source)
            .filter(|place| place.source.enabled)
            .cloned()
    }

    /// Room for a body of so many bytes; free again when what this gives is dropped.
    pub fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, PushError> {
        let pieces = u32::try_from(bytes.div_ceil(ROOM_BYTES).max(1)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(pieces);
        room.map_err(|_| PushError::Full)
    }

    /// A place for a trial; free again when what this gives is dropped.
    pub fn trial(&self) -> Option<OwnedSemaphorePermit> {
        self.trials.clone().try_acquire_owned().ok()
    }

    /// What would become of a document, or of what the source's address gives. Nothing is compared with what is held.
    pub async fn try_out(
        &self,
        source: Source,
        document: Option<Document>,
    ) -> Result<Report, PushError> {
        let rooms = self.rooms.upgrade().ok_or(PushError::Stopping)?;
        if let Some(why) = rooms.room.lacking() {
            return Err(PushError::ReadOnly(why));
        }
        let config = self.config();
        let report = trial::trial(&rooms, &config, source, document).await;
        report.map_err(|e| PushError::Failed(e.to_string()))
    }

    /// Counts a body into what its source pushes today.
    pub fn count(&self, source: &str, bytes: u64, now_ms: i64) -> Result<(), PushError> {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |e: crate::state::StateError| PushError::Failed(e.to_string());
        let rooms = self.rooms.upgrade().ok_or(PushError::Stopping)?;
        let state = &rooms.state;
        let today = now_ms.div_euclid(DAY_MS);
        let (day, before) = state.pushed(source).map_err(failed)?;
        let before = if day == today { before } else { 0 };
        let sum = before.saturating_add(bytes);
        if sum > self.config().limits.push.bytes_per_day_max {
            let left_ms = DAY_MS - now_ms.rem_euclid(DAY_MS);
            return Err(PushError::Quota {
                retry_after_s: u32::try_from(left_ms / 1_000 + 1).unwrap_or(u32::MAX),
            });
        }
        state.set_pushed(source, today, sum).map_err(failed)
    }

    /// Reads a body, on another thread.
    pub async fn read(
        &self,
        source: &Arc<Source>,
        what: &What,
        body: Body,
    ) -> Result<Read, PushError> {
        let Ok(_turn) = self.readers.acquire().await else {
            return Err(PushError::Stopping);
        };
        let (config, source, what) = (self.config(), source.clone(), what.clone());
        let read = tokio::task::spawn_blocking(move || read::read(&config, &source, &what, body));
        read.await.map_err(|e| PushError::Failed(e.to_string()))?
    }

    /// Puts a push in the line of its source. Its answer comes when it is committed and durable.
    pub fn hand_in(&self, place: &Place, push: Push) -> Result<(), PushError> {
        let rooms = self.rooms.upgrade().ok_or(PushError::Stopping)?;
        if let Some(why) = rooms.room.lacking() {
            return Err(PushError::ReadOnly(why));
        }
        place.waiting.try_send(push).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => PushError::Full,
            mpsc::error::TrySendError::Closed(_) => PushError::Stopping,
        })
    }
}
