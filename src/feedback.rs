//! What people and centres say of datasets: corrections and remarks on quality. Kept for good, listed for everybody, and
//! judged by the operator, who makes a correction an override.
//!
//! Truth is one file that only grows ([`journal`]) but for what is erased ([`forget`](fn@forget)); what it holds is in memory as well. Never changes what is published of
//! a dataset: accepting is the daemon's (`daemon/feedback.rs`). Who sent something may leave an address to be asked at: it
//! stays in the file and at the operator's door, and is in nothing that goes out. Start at [`Feedback::take`].

mod accept;
pub mod atom;
mod forget;
mod form;
mod item;
mod journal;
mod plain;
mod rates;
pub mod rdf;
mod read_rdf;
mod said;
mod settings;
mod shelf;

pub use accept::{Wanted, draft, values_of};
pub(crate) use accept::{correction, meant};
pub use forget::forget;
pub use item::{Filter, Item, Judged, Publisher, Shown, Status, Verdict};
pub use said::{Kind, Row, Said, Sent};
pub use settings::{FeedbackLimits, FeedbackSettings};
pub use shelf::{Counts, Private};

use crate::config::Config;
use crate::push::tokens::Tokens;
use rates::Rates;
use shelf::Shelf;
use std::{
    io,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};
use tokio::sync::watch;

/// What the form of a page sends (URL Standard, section 5).
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Why something was not taken, or not done. Nothing of it is kept then.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FeedbackError {
    #[error("{0}")]
    Unreadable(String),
    #[error("what was sent cannot be taken: {}", .0.iter().map(Row::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Row>),
    #[error("no dataset is published here under {0}")]
    UnknownDataset(String),
    #[error("the Idempotency-Key was used before, for something else")]
    KeyUsed,
    #[error("{whose} may send no more for now")]
    TooMany {
        whose: &'static str,
        retry_after_s: u32,
    },
    #[error("so much feedback waits for the operator that no more is taken")]
    Full,
    #[error("no feedback has the number {0}")]
    Unknown(u64),
    #[error("{0}")]
    Conflict(String),
    #[error("the process that has the data directory at this moment only reads")]
    ReadOnly,
    #[error("{0}")]
    Failed(String),
}

/// Whoever sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A source that pushes, by its token.
    Centre(String),
    /// Somebody without a token, at this address. The address is counted, and not kept.
    Anyone(IpAddr),
}

impl Sender {
    fn centre(&self) -> Option<&str> {
        match self {
            Self::Centre(source) => Some(source),
            Self::Anyone(_) => None,
        }
    }
}

/// What is known of a dataset when something is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// The IRI under which it is published; none where nothing is held.
    pub kept: Option<String>,
    pub publishers: Vec<Publisher>,
    /// Ids of the sources that have it.
    pub sources: Vec<String>,
}

/// What became of something that was sent.
#[derive(Debug, Clone)]
pub struct Taken {
    pub item: Arc<Item>,
    /// It is the same as what was sent before: under the same key, or word for word while that is open.
    pub again: bool,
    /// It was sent under this key before.
    pub replayed: bool,
}

/// Everything that was said, shared by the doors and the daemon.
pub struct Feedback {
    shelf: Mutex<Shelf>,
    tokens: Tokens,
    rates: Rates,
    settings: RwLock<Arc<Settings>>,
    /// Counts what was taken and judged: whoever publishes it waits here.
    changed: watch::Sender<u64>,
}

/// What of the configuration matters here.
struct Settings {
    feedback: FeedbackSettings,
    limits: FeedbackLimits,
    /// Sources that push and are enabled.
    centres: Vec<String>,
}

impl Settings {
    fn of(config: &Config) -> Arc<Self> {
        let sources = config.sources.iter();
        let pushing = sources.filter(|source| source.is_pushed() && source.enabled);
        Arc::new(Self {
            feedback: config.feedback.clone(),
            limits: config.limits.feedback.clone(),
            centres: pushing.map(|source| source.id.clone()).collect(),
        })
    }
}

impl Feedback {
    /// Reads what is kept in a data directory. Where nothing may be written, nothing is mended and nothing taken.
    pub fn open(config: &Config, writes: bool) -> io::Result<Self> {
        let data_dir: &Path = &config.data_dir;
        let shelf = Shelf::open(data_dir, writes)?;
        shelf.tell();
        Ok(Self {
            changed: watch::Sender::new(shelf.revision()),
            shelf: Mutex::new(shelf),
            tokens: Tokens::new(data_dir),
            rates: Rates::default(),
            settings: RwLock::new(Settings::of(config)),
        })
    }

    /// Goes by another configuration from now on.
    pub fn configure(&self, config: &Config) {
        let mut settings = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *settings = Settings::of(config);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        settings.clone()
    }

    pub fn limits(&self) -> FeedbackLimits {
        self.settings().limits.clone()
    }

    /// May people without a token send something?
    pub fn is_open(&self) -> bool {
        self.settings().feedback.open
    }

    /// The centre that a token belongs to.
    pub fn centre_of(&self, token: &str) -> Result<Option<String>, FeedbackError> {
        let found = self.tokens.source_of(token);
        let found = found.map_err(|e| FeedbackError::Failed(e.to_string()))?;
        let settings = self.settings();
        Ok(found.filter(|source| settings.centres.contains(source)))
    }

    /// Counts a try of somebody's, and refuses it where there were too many.
    pub fn admit(&self, sender: &Sender, now_ms: i64) -> Result<(), FeedbackError> {
        let limits = &self.settings().limits;
        match sender {
            Sender::Anyone(ip) => self.rates.count(*ip, now_ms, limits),
            Sender::Centre(source) => {
                let shelf = self.shelf();
                shelf.room_today(source, now_ms, limits.per_centre_day_max)
            }
        }
    }

    /// Reads a body: `application/json` is our own, [`FORM`] is of a page, everything else RDF. Asks nobody, and keeps
    /// nothing.
    pub fn read(&self, body: &[u8], media_type: &str, base: &str) -> Result<Sent, FeedbackError> {
        let sent = match media_type {
            "application/json" => plain::read(body)?,
            FORM => form::read(body)?,
            _ => read_rdf::read(body, media_type, base)?,
        };
        sent.checked(&self.settings().limits)
    }

    /// Keeps what was sent: when this returns, it is durable. `request` names all that was sent, byte for byte.
    pub fn take(
        &self,
        sender: &Sender,
        sent: Sent,
        held: Held,
        key: Option<String>,
        request: &str,
        now_ms: i64,
    ) -> Result<Taken, FeedbackError> {
        let limits = &self.settings().limits;
        let centre = sender.centre().map(str::to_owned);
        let mut shelf = self.shelf();
        if let Some(before) = shelf.before(centre.as_deref(), key.as_deref(), request)? {
            return Ok(before);
        }
        let taken = shelf.add(centre, sent, held, key, request, now_ms, limits)?;
        self.changed.send_replace(shelf.revision());
        if !taken.again {
            let from = if sender.centre().is_some() {
                "centre"
            } else {
                "anyone"
            };
            let kind = taken.item.said.kind.word();
            metrics::counter!("harvestd_feedback_received_total", "kind" => kind, "from" => from)
                .increment(1);
            tracing::info!(
                id = taken.item.id,
                kind,
                dataset = taken.item.said.dataset,
                "feedback is kept"
            );
        }
        shelf.tell();
        Ok(taken)
    }

    /// What was sent under this key, or word for word. None: it is new.
    pub fn before(
        &self,
        sender: &Sender,
        key: Option<&str>,
        request: &str,
    ) -> Result<Option<Taken>, FeedbackError> {
        self.shelf().before(sender.centre(), key, request)
    }

    /// Keeps what the operator decided: durable when this returns.
    pub fn judge(&self, id: u64, judged: Judged) -> Result<Arc<Item>, FeedbackError> {
        let mut shelf = self.shelf();
        let item = shelf.judge(id, judged)?;
        self.changed.send_replace(shelf.revision());
        shelf.tell();
        Ok(item)
    }

    pub fn get(&self, id: u64) -> Option<Arc<Item>> {
        self.shelf().get(id)
    }

    /// With what is for the operator alone.
    pub fn private(&self, id: u64) -> Option<Private> {
        self.shelf().private(id)
    }

    /// All that fit, the oldest first, from behind `after` on.
    pub fn all(&self, fits: impl Fn(&Item) -> bool, after: u64, most: usize) -> Vec<Arc<Item>> {
        let shelf = self.shelf();
        let all = shelf.iter().filter(|item| item.id > after && fits(item));
        all.take(most).cloned().collect()
    }

    /// The newest that fit, the newest first, from before `before` on.
    pub fn newest(&self, fits: impl Fn(&Item) -> bool, before: u64, most: usize) -> Vec<Arc<Item>> {
        let shelf = self.shelf();
        let all = shelf.iter().rev();
        let all = all.filter(|item| item.id < before && fits(item));
        all.take(most).cloned().collect()
    }

    /// The datasets that something was said of.
    pub fn datasets(&self) -> std::collections::BTreeSet<String> {
        let shelf = self.shelf();
        shelf.iter().map(|item| item.said.dataset.clone()).collect()
    }

    pub fn counts(&self) -> Counts {
        self.shelf().counts()
    }

    /// Tells of everything that is taken or judged from now on.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What has changed since the last time, for whoever publishes it.
    pub fn changed(&self) -> Vec<Arc<Item>> {
        self.shelf().changed()
    }

    /// It could not be published: it has changed still.
    pub fn unpublished(&self, items: &[Arc<Item>]) {
        self.shelf().unpublished(items);
    }
}
