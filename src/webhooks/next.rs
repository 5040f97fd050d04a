//! What a receiver is to be told next, read from the log. Sends nothing. Start at [`Courier::compose`].

use super::{courier::Courier, keep::Cursor};
use crate::{log::Activity, serve::changes::Told};
use std::io;

/// Activities that are looked through for one batch: a receiver that wants few moves on all the same.
const LOOKED_THROUGH: usize = 10_000;

impl Courier {
    /// The first activity that the log holds after the cursor, up to and with `up_to`, if it is not the next one.
    pub(super) async fn first_kept(
        &self,
        cursor: Cursor,
        up_to: u64,
    ) -> io::Result<Option<Activity>> {
        let log = self.log.clone();
        tokio::task::spawn_blocking(move || {
            let begins = log.begins(cursor.generation)?.unwrap_or_default();
            if begins <= cursor.seq + 1 || begins > up_to {
                return Ok(None);
            }
            log.after(cursor.generation, begins - 1, begins)?
                .next()
                .transpose()
        })
        .await
        .map_err(io::Error::other)?
    }

    /// What the receiver wants of the next activities, and up to which they were looked through.
    pub(super) async fn compose(&self, cursor: Cursor, up_to: u64) -> io::Result<(u64, Vec<Told>)> {
        let (log, base, webhook) = (self.log.clone(), self.base.clone(), self.webhook.clone());
        let most = self.limits.batch_activities_max;
        tokio::task::spawn_blocking(move || {
            let (mut last, mut told) = (cursor.seq, Vec::new());
            let activities = log.after(cursor.generation, cursor.seq, up_to)?;
            for activity in activities.take(LOOKED_THROUGH) {
                let activity = activity?;
                last = activity.seq;
                if webhook.wants(&base, &activity) {
                    told.push(Told::of(&log, cursor.generation, &activity));
                }
                if told.len() >= most {
                    break;
                }
            }
            Ok((last, told))
        })
        .await
        .map_err(io::Error::other)?
    }
}
