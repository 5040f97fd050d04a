//! Telling a receiver which sources fall sick and get well: one message for each change, in the order of the changes, among
//! its other messages and by the same rules.
//!
//! Start at [`Courier::tell_health`].

use super::{
    batch::Batch,
    courier::{Courier, Next, now_ms},
    keep::{Cursor, Keep, Standing},
};
use std::{io, time::Duration};

/// How far a receiver has come when a message is taken or given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub before: Option<Cursor>,
    pub cursor: Option<Cursor>,
    /// Of a message about a source's health.
    pub health: Option<u64>,
}

impl Reached {
    pub fn at(before: Cursor, cursor: Cursor) -> Self {
        Self {
            before: Some(before),
            cursor: Some(cursor),
            health: None,
        }
    }

    /// The first activity that the message tells; 0 where history begins anew. One about health tells none: the first is
    /// then beyond the last.
    pub fn first(&self) -> u64 {
        match (self.before, self.cursor) {
            (Some(before), Some(now)) if before.generation == now.generation => before.seq + 1,
            _ => 0,
        }
    }
}

/// How long what waits for its next try still waits. None: it need not.
pub(super) fn waiting(standing: &Standing) -> Option<Next> {
    let wait = standing.pending.as_ref()?.next_try_ms - now_ms();
    (wait > 0).then(|| Next::Wait(Duration::from_millis(wait.unsigned_abs())))
}

impl Courier {
    /// Tells the next change of a source's health, unless activities wait for their next try: no message overtakes
    /// another. None: there is nothing to tell.
    pub(super) async fn tell_health(
        &self,
        keep: &mut Keep,
        standing: &Standing,
    ) -> io::Result<Option<Next>> {
        if standing
            .pending
            .as_ref()
            .is_some_and(|p| p.health.is_none())
        {
            return Ok(None);
        }
        let mut standing = standing.clone();
        let last = self.health.last();
        // A new receiver begins with what comes, or where it is to; who does not want it has always come to the end.
        let Some(told) = standing.health.filter(|_| self.webhook.health) else {
            if standing.health == Some(last) && standing.pending.is_none() {
                return Ok(None);
            }
            let begins = self.webhook.health && self.webhook.from_start;
            standing.health = Some(if begins { 0 } else { last });
            standing.pending = None;
            keep.set(standing)?;
            return Ok(Some(Next::Again));
        };
        let Some(change) = self.health.after(told) else {
            return Ok(None);
        };
        if let Some(wait) = waiting(&standing) {
            return Ok(Some(wait));
        }
        let wanted = &self.webhook.sources;
        if !wanted.is_empty() && !wanted.contains(&change.source) {
            standing.health = Some(change.n);
            keep.set(standing)?;
            return Ok(Some(Next::Again));
        }
        let reached = Reached {
            before: standing.cursor,
            cursor: standing.cursor,
            health: Some(change.n),
        };
        let batch = Batch::health(&change);
        self.attempt(keep, standing, batch, reached).await.map(Some)
    }
}
