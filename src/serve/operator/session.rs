//! Who is signed in: sessions in memory, each with a random id that its browser holds, and the tries of those who are not.
//!
//! Knows neither HTTP nor the token; the time is an argument. What is kept of an id is its hash. Start at
//! [`Sessions::open`] and [`Sessions::find`].

use crate::network::site;
use harvestd_web::operator::Notice;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use subtle::ConstantTimeEq;

/// Limits of the operator's pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorLimits {
    /// A session ends so long after signing in, whatever was done in it.
    pub session_ms: u64,
    /// Sessions at one time: one more ends the oldest.
    pub sessions_max: usize,
    /// Wrong tokens of one client within `tries_ms`; then none of its tokens is looked at until they are older.
    pub tries_max: usize,
    pub tries_ms: u64,
    /// How long the answer to a form waits for what was ordered; it is done all the same.
    pub wait_ms: u64,
}

impl Default for OperatorLimits {
    fn default() -> Self {
        const MINUTE: u64 = 60_000;
        Self {
            session_ms: 8 * 60 * MINUTE,
            sessions_max: 16,
            tries_max: 5,
            tries_ms: 15 * MINUTE,
            wait_ms: 20_000,
        }
    }
}

/// Clients whose tries are remembered: beyond, those whose tries are over are forgotten, then everybody's.
const CLIENTS_MAX: usize = 10_000;

type Hash = [u8; 32];

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    limits: OperatorLimits,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<Hash, Session>,
    /// When each client gave a wrong token, milliseconds since 1970.
    tries: HashMap<IpAddr, Vec<i64>>,
}

#[derive(Debug)]
struct Session {
    /// What its forms carry.
    token: String,
    until_ms: i64,
    /// What became of the last form.
    notice: Option<Notice>,
}

impl Sessions {
    pub fn new(limits: OperatorLimits) -> Self {
        Self {
            limits,
            inner: Mutex::default(),
        }
    }

    pub fn limits(&self) -> &OperatorLimits {
        &self.limits
    }

    /// A new session; gives its id, which nobody can guess.
    pub fn open(&self, now_ms: i64) -> io::Result<String> {
        let (id, token) = (random()?, random()?);
        let mut inner = self.inner();
        inner.open.retain(|_, session| session.until_ms > now_ms);
        while inner.open.len() >= self.limits.sessions_max.max(1) {
            let oldest = inner
                .open
                .iter()
                .min_by_key(|(_, session)| session.until_ms);
            let Some(oldest) = oldest.map(|(hash, _)| *hash) else {
                break;
            };
            inner.open.remove(&oldest);
        }
        let session = Session {
            token,
            until_ms: now_ms.saturating_add_unsigned(self.limits.session_ms),
            notice: None,
        };
        inner.open.insert(hash(&id), session);
        Ok(id)
    }

    /// The token of a session's forms. None: there is no such session (any more).
    pub fn find(&self, id: &str, now_ms: i64) -> Option<String> {
        let inner = self.inner();
        let session = inner.open.get(&hash(id));
        let session = session.filter(|session| session.until_ms > now_ms)?;
        Some(session.token.clone())
    }

    /// Does a form carry the token of its session?
    pub fn is_of(&self, id: &str, token: &str, now_ms: i64) -> bool {
        self.find(id, now_ms)
            .is_some_and(|expected| bool::from(expected.as_bytes().ct_eq(token.as_bytes())))
    }

    pub fn close(&self, id: &str) {
        self.inner().open.remove(&hash(id));
    }

    /// What became of a form, for the next page of its session.
    pub fn tell(&self, id: &str, notice: Notice) {
        if let Some(session) = self.inner().open.get_mut(&hash(id)) {
            session.notice = Some(notice);
        }
    }

    /// What there is to be told; once.
    pub fn told(&self, id: &str) -> Option<Notice> {
        self.inner().open.get_mut(&hash(id))?.notice.take()
    }

    /// How long a client's tokens are not looked at. None: they are.
    pub fn wait_ms(&self, client: IpAddr, now_ms: i64) -> Option<u64> {
        let inner = self.inner();
        let tries = inner.tries.get(&site(client))?;
        let recent = tries.iter().filter(|at| self.is_recent(**at, now_ms));
        let mut recent: Vec<i64> = recent.copied().collect();
        recent.sort_unstable();
        let first = *recent
            .iter()
            .rev()
            .nth(self.limits.tries_max.checked_sub(1)?)?;
        let over = first.saturating_add_unsigned(self.limits.tries_ms);
        u64::try_from(over - now_ms).ok()
    }

    /// A client gave a wrong token.
    pub fn failed(&self, client: IpAddr, now_ms: i64) {
        let mut inner = self.inner();
        if inner.tries.len() >= CLIENTS_MAX {
            let recent = |tries: &Vec<i64>| tries.iter().any(|at| self.is_recent(*at, now_ms));
            inner.tries.retain(|_, tries| recent(tries));
            if inner.tries.len() >= CLIENTS_MAX {
                inner.tries.clear();
            }
        }
        let tries = inner.tries.entry(site(client)).or_default();
        tries.retain(|at| self.is_recent(*at, now_ms));
        tries.push(now_ms);
    }

    fn is_recent(&self, at: i64, now_ms: i64) -> bool {
        at.saturating_add_unsigned(self.limits.tries_ms) > now_ms
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(id: &str) -> Hash {
    Sha256::digest(id.as_bytes()).into()
}

/// 256 random bits, in hexadecimal.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn sessions() -> Sessions {
        Sessions::new(OperatorLimits {
            session_ms: 1_000,
            sessions_max: 2,
            tries_max: 2,
            tries_ms: 100,
            wait_ms: 0,
        })
    }

    #[test]
    fn a_session_ends_by_the_clock_at_signing_out_and_for_a_newer_one() {
        let sessions = sessions();
        let first = sessions.open(0).unwrap();
        let token = sessions.find(&first, 999).unwrap();
        assert!(sessions.is_of(&first, &token, 999));
        assert!(!sessions.is_of(&first, "", 999) && !sessions.is_of("", &token, 999));
        assert!(!sessions.is_of(&first, &token, 1_000), "it is over");
        let second = sessions.open(1).unwrap();
        assert_ne!(first, second);
        let other = sessions.find(&second, 1).unwrap();
        assert!(!sessions.is_of(&second, &token, 1), "another session's");
        assert!(sessions.is_of(&second, &other, 1));
        let third = sessions.open(2).unwrap();
        assert_eq!(sessions.find(&first, 2), None, "the oldest made room");
        sessions.close(&second);
        assert_eq!(sessions.find(&second, 3), None);
        assert!(sessions.find(&third, 3).is_some());
    }

    #[test]
    fn what_became_of_a_form_is_told_once() {
        let sessions = sessions();
        let id = sessions.open(0).unwrap();
        let notice = Notice {
            good: true,
            ..Notice::default()
        };
        sessions.tell(&id, notice.clone());
        sessions.tell("nobody", notice.clone());
        assert_eq!(sessions.told(&id), Some(notice));
        assert_eq!(sessions.told(&id), None);
    }

    #[test]
    fn who_guesses_waits_and_nobody_else() {
        let sessions = sessions();
        let guesser: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        sessions.failed(guesser, 0);
        assert_eq!(sessions.wait_ms(guesser, 10), None);
        sessions.failed(guesser, 10);
        assert_eq!(sessions.wait_ms(guesser, 20), Some(80));
        assert_eq!(sessions.wait_ms(other, 20), None);
        assert_eq!(
            sessions.wait_ms(guesser, 100),
            None,
            "the first is old by now"
        );
    }
}
