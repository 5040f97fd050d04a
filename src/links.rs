//! The addresses in the catalogue: are they there, and is what comes what was declared? Asked on a schedule, politely.
//!
//! Publishes nothing and changes no description. An address goes through these files in their order below: a description
//! names and declares it, it is asked, its first bytes are looked at, what came is judged, and the book remembers it.
//! Start at [`Links`].

pub mod book;
pub mod check;
pub mod declared;
pub mod follow;
pub mod judge;
mod limits;
pub mod round;
pub mod sniff;
pub mod told;
pub mod trouble;

pub use limits::{LinkLimits, LinkSettings};
pub use told::{Filter, Sums};

use crate::config::Config;
use crate::state::links::{KeptLinks, Key, key};
use crate::state::{State, StateError};
use book::{Address, NAMED_BY_MAX};
use declared::Dataset;
use harvestd_vocab::quality::Reach;
use judge::Came;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use trouble::Trouble;

/// The book of all addresses, for whoever asks or checks.
pub struct Links {
    kept: KeptLinks,
    config: RwLock<Arc<Config>>,
    /// What was summed up last.
    sums: Mutex<Option<Arc<Sums>>>,
    /// Held while the datasets are brought up to the log.
    following: tokio::sync::Mutex<()>,
}

impl Links {
    pub fn open(state: &State, config: Arc<Config>) -> Result<Self, StateError> {
        Ok(Self {
            kept: state.addresses()?,
            config: RwLock::new(config),
            sums: Mutex::default(),
            following: tokio::sync::Mutex::default(),
        })
    }

    pub fn configure(&self, config: Arc<Config>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    pub fn config(&self) -> Arc<Config> {
        let config = self.config.read();
        config.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nobody else brings the book up to the log until this is dropped.
    pub async fn turn_to_follow(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.following.lock().await
    }

    /// Everything that was noted survives whatever comes.
    pub fn make_durable(&self) -> Result<(), StateError> {
        self.kept.make_durable()
    }

    /// Does this address lead to something? None: nobody knows yet.
    pub fn reach(&self, url: &str) -> Result<Option<Reach>, StateError> {
        self.kept.reach(url)
    }

    pub fn address(&self, url: &str) -> Result<Option<Address>, StateError> {
        self.kept.address(key(url))
    }

    pub fn dataset(&self, iri: &str) -> Result<Option<Dataset>, StateError> {
        self.kept.dataset(key(iri))
    }

    /// Some of the datasets that name an address, at most [`NAMED_BY_MAX`].
    pub fn named_by(&self, url: &str) -> Result<Vec<Dataset>, StateError> {
        self.kept.named_by(key(url), NAMED_BY_MAX)
    }

    /// Notes what came from an address. None: nobody names it any more.
    fn note(&self, at: Key, came: Came, now_ms: i64) -> Result<Option<Trouble>, StateError> {
        let Some(mut address) = self.kept.address(at)? else {
            return Ok(None);
        };
        let trouble = address.judged(&self.kept.named_by(at, NAMED_BY_MAX)?, &came);
        let limits = &self.config().limits.links;
        address.note(trouble, came, now_ms, limits);
        self.kept.set_address(at, &address)?;
        metrics::counter!("harvestd_links_checked_total", "trouble" => trouble.code()).increment(1);
        Ok(Some(trouble))
    }
}
