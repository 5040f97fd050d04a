//! What answers show beside what was asked for: the clock of the source's server, and where it has moved to.
//!
//! Judges nothing. Start at [`All::note`].

use super::{header, redact::redact};
use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header::HeaderMap};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use url::Url;

/// What the answers to one source's questions showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vitals {
    /// By how many seconds the server's clock is ahead of ours, as its last answer had it. None: no answer said.
    pub ahead_s: Option<i64>,
    /// The first address that said it had moved for good, and where to; both without secrets.
    pub moved: Option<(String, String)>,
}

/// Of all sources, by id.
#[derive(Default)]
pub struct All(Mutex<HashMap<String, Vitals>>);

impl All {
    /// Looks at the head of an answer of the source's own server, redirects included.
    pub fn note(&self, source: &str, headers: &HeaderMap, now: DateTime<Utc>) {
        if let Some(ahead_s) = header::ahead_s(headers, now) {
            self.all().entry(source.to_owned()).or_default().ahead_s = Some(ahead_s);
        }
    }

    /// The answer was a redirect.
    pub fn redirected(&self, source: &str, status: StatusCode, from: &Url, to: &Url) {
        if matches!(
            status,
            StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT
        ) {
            let mut all = self.all();
            let vitals = all.entry(source.to_owned()).or_default();
            vitals
                .moved
                .get_or_insert_with(|| (redact(from), redact(to)));
        }
    }

    pub fn take(&self, source: &str) -> Vitals {
        self.all().remove(source).unwrap_or_default()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Vitals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
