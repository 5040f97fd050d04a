//! Where a run stands, seen from outside while it goes on; also the way to stop it. Start at [`Progress`].

use crate::report::Trigger;
use harvestd_harvesters::Stop;
use harvestd_vocab::Class;
use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    Asking = 0,
    Reading = 1,
    Committing = 2,
    Publishing = 3,
}

impl Phase {
    pub const ALL: [Self; 4] = [
        Self::Asking,
        Self::Reading,
        Self::Committing,
        Self::Publishing,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Reading => "reading",
            Self::Committing => "committing",
            Self::Publishing => "publishing",
        }
    }
}

/// Seen from outside while a run goes on; also the way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    received: AtomicU64,
    declared: AtomicU64,
    pub committed: AtomicU64,
    pub started_ms: AtomicU64,
    /// It ends where something else is wanted of the source, since it loses nothing.
    pub yields: bool,
    stop: AtomicBool,
    stopping: tokio::sync::Notify,
}

impl Progress {
    pub fn of(trigger: Trigger) -> Self {
        Self {
            yields: trigger == Trigger::Details,
            ..Self::default()
        }
    }

    /// Asks the run to end: at once while it waits for an answer, else at the next record.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.stopping.notify_one();
    }

    /// Waits until the run is to end.
    pub(crate) async fn until_stopped(&self) {
        while !self.stopped() {
            self.stopping.notified().await;
        }
    }

    pub fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub fn phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    pub fn phase_word(&self) -> &'static str {
        Phase::ALL
            .into_iter()
            .find(|p| *p as u8 == self.phase.load(Relaxed))
            .map_or("", Phase::word)
    }

    /// Datasets received so far, and declared by the source, if it did.
    pub fn counts(&self) -> (u64, Option<u64>) {
        let declared = self.declared.load(Relaxed);
        (
            self.received.load(Relaxed),
            (declared > 0).then_some(declared),
        )
    }

    /// What was received so far counts no more.
    pub(crate) fn begin_anew(&self) {
        self.received.store(0, Relaxed);
    }

    pub(crate) fn received(&self, class: Class) {
        if class == Class::Dataset {
            self.received.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn declared(&self, total: u64) {
        self.declared.store(total, Relaxed);
    }

    pub(crate) fn flow(&self) -> ControlFlow<Stop> {
        if self.stopped() {
            ControlFlow::Break(Stop)
        } else {
            ControlFlow::Continue(())
        }
    }
}
