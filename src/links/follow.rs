//! Which addresses there are, kept in step with what is published: from the log, where that tells everything since, else
//! from all descriptions.
//!
//! Blocks while it reads. Start at [`Links::follow`].

use super::{
    Links,
    book::{Address, NAMED_BY_MAX},
    declared::Dataset,
};
use crate::log::{Log, Verb};
use crate::state::{
    StateError,
    links::{Key, key},
};
use crate::store::Head;
use std::{
    collections::{BTreeSet, HashSet},
    io,
};

/// The addresses could not be brought up to what is published.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("reading the change log: {0}")]
    Log(#[from] io::Error),
    #[error("reading all descriptions: {0}")]
    Store(String),
    #[error("stopped")]
    Stopped,
}

/// After so many descriptions what was learnt is made durable.
const DURABLE_AFTER: u64 = 10_000;

impl Links {
    /// Brings the book to this place in the log. `every` gives all entities with their descriptions, of this place or a
    /// later one; it is asked for where the log does not tell everything. Gives how many entities were looked at.
    pub fn follow<I>(
        &self,
        log: &Log,
        to: Head,
        now_ms: i64,
        stopped: &dyn Fn() -> bool,
        every: impl FnOnce() -> I,
    ) -> Result<u64, FollowError>
    where
        I: Iterator<Item = Result<(String, String), String>>,
    {
        let at = self.kept.head()?;
        // Where nothing is known yet the log, read from its beginning, tells everything.
        let from = match at {
            Some(at) => (at.generation == to.generation && at.seq <= to.seq).then_some(at.seq),
            None => Some(0),
        };
        if at.is_some() && from == Some(to.seq) {
            return Ok(0);
        }
        let logged = from.map(|from| log.after(to.generation, from, to.seq));
        let mut looked = 0;
        match logged {
            Some(Ok(activities)) => {
                let mut seen = HashSet::new();
                for activity in activities {
                    let activity = activity?;
                    let body = (activity.verb != Verb::Delete).then_some(activity.body.as_str());
                    let at = key(&activity.entity);
                    match self.apply(&activity.entity, body, now_ms)? {
                        true => seen.insert(at),
                        false => seen.remove(&at),
                    };
                    self.pause(&mut looked, stopped)?;
                }
                if at.is_none() {
                    self.forget_others(&seen, now_ms)?;
                }
            }
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {
                let mut seen = HashSet::new();
                for described in every() {
                    let (entity, body) = described.map_err(FollowError::Store)?;
                    if self.apply(&entity, Some(&body), now_ms)? {
                        seen.insert(key(&entity));
                    }
                    self.pause(&mut looked, stopped)?;
                }
                self.forget_others(&seen, now_ms)?;
            }
        }
        self.kept.set_head(to)?;
        Ok(looked)
    }

    fn pause(&self, looked: &mut u64, stopped: &dyn Fn() -> bool) -> Result<(), FollowError> {
        *looked += 1;
        if stopped() {
            return Err(FollowError::Stopped);
        }
        if looked.is_multiple_of(DURABLE_AFTER) {
            self.kept.make_durable()?;
        }
        Ok(())
    }

    /// What an entity is by now; None: it went. Gives whether it is a dataset with addresses.
    fn apply(&self, entity: &str, body: Option<&str>, now_ms: i64) -> Result<bool, StateError> {
        let config = self.config();
        let (base, landing) = (config.public_url.as_str(), config.links.landing_pages);
        let now = body.and_then(|body| Dataset::of(base, entity, body, landing));
        let at = key(entity);
        let before = self.kept.dataset(at)?;
        if before == now {
            return Ok(now.is_some());
        }
        let urls = |dataset: &Option<Dataset>| -> BTreeSet<String> {
            let places = dataset.iter().flat_map(|dataset| &dataset.places);
            places.map(|place| place.url.clone()).collect()
        };
        let (had, has) = (urls(&before), urls(&now));
        match &now {
            Some(now) => self.kept.set_dataset(at, now)?,
            None => self.kept.remove_dataset(at)?,
        }
        for url in had.difference(&has) {
            self.kept.remove_use(key(url), at)?;
            self.renew(url, now_ms)?;
        }
        for url in &has {
            self.kept.set_use(key(url), at)?;
            if self.kept.address(key(url))?.is_none() {
                self.kept
                    .set_address(key(url), &Address::new(url, now_ms))?;
            }
            self.renew(url, now_ms)?;
        }
        Ok(now.is_some())
    }

    /// Others name an address now, or declare something else of it. What came from it is judged anew, and where that makes
    /// a difference it is asked again.
    fn renew(&self, url: &str, now_ms: i64) -> Result<(), StateError> {
        let at = key(url);
        let Some(mut address) = self.kept.address(at)? else {
            return Ok(());
        };
        let named_by = self.kept.named_by(at, NAMED_BY_MAX)?;
        let news = address.set_owners(&named_by);
        let judged = address
            .came
            .as_ref()
            .map(|came| address.judged(&named_by, came));
        let other = judged.is_some() && judged != address.trouble;
        if other {
            address.due_ms = now_ms;
        }
        if news || other {
            self.kept.set_address(at, &address)?;
        }
        Ok(())
    }

    fn forget_others(&self, seen: &HashSet<Key>, now_ms: i64) -> Result<(), StateError> {
        for entry in self.kept.datasets() {
            let (at, dataset) = entry?;
            if !seen.contains(&at) {
                self.apply(&dataset.iri, None, now_ms)?;
            }
        }
        Ok(())
    }
}
