//! What is committed, or about to be, and shown by no snapshot yet: the newest snapshot is not the newest state then.
//!
//! Never waits for the writer: a word that the writer leaves, and that publication takes away. Start at
//! [`Beyond::first_us`].

use super::Head;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by the writer, who publishes, and who asks for the past.
#[derive(Debug, Clone, Default)]
pub struct Beyond(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    first_us: Option<i64>,
    committed: Head,
}

impl Beyond {
    /// No activity before this moment is missing from the newest snapshot, microseconds since 1970; from it on one may be.
    /// None: it holds all.
    pub fn first_us(&self) -> Option<i64> {
        self.state().first_us
    }

    /// The newest activity that is committed, published or not.
    pub fn committed(&self) -> Head {
        self.state().committed
    }

    /// Activities are about to be committed. `now_us` is asked under the lock: whoever saw no commit begin asked before that
    /// moment.
    pub(super) fn begins(&self, now_us: impl FnOnce() -> i64) -> i64 {
        let mut state = self.state();
        let now_us = now_us();
        state.first_us = state.first_us.or(Some(now_us));
        now_us
    }

    pub(super) fn ends(&self, head: Head) {
        self.state().committed = head;
    }

    /// A snapshot holds everything.
    pub(crate) fn is_shown(&self) {
        self.state().first_us = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Two values, each right by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
