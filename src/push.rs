//! The one way in: what a centre hands in itself, with a token of its own.
//!
//! A push is a run of its source whose answers are the pushed bodies: it is read by the source's connector, described,
//! normalised, compared, gated, committed, published and reported like any other. Pushes that wait at the same time
//! share one run. It never writes in another way, and a 2xx is given only when everything is durable; what is visible to
//! readers follows within `limits.push.publish_every_ms`. A whole catalogue is answered when it is visible as well.
//! The doors are in [`crate::serve::push`]. Start at [`Inbox`], then [`run::run`].

mod answer;
mod group;
mod inbox;
pub mod read;
pub mod run;
pub mod tokens;

pub use answer::{Answer, Document, Row};
pub use group::Group;
pub use inbox::{Inbox, Place};

use crate::report::RefusedRow;
use read::Read;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What a push is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// This one dataset is as the body says.
    One(String),
    /// This one dataset is no more.
    Delete(String),
    /// These datasets are as the body says, or no more; nothing is said of the others.
    Batch,
    /// This is the whole catalogue: what it does not name is no more.
    Whole,
}

/// A push that is read and waits for its commit.
pub struct Push {
    pub what: What,
    pub read: Read,
    /// The Idempotency-Key.
    pub key: Option<String>,
    /// SHA-256 of everything that makes the request what it is, in hexadecimal.
    pub request: String,
    /// The version of the centre's catalogue that it belongs to: it must rise.
    pub version: Option<u64>,
    /// Bytes of the body.
    pub bytes: u64,
    pub answer: oneshot::Sender<Result<Answer, PushError>>,
    /// Its share of what may be under way; given back with the push.
    pub room: Option<OwnedSemaphorePermit>,
}

/// Why a push was not taken. Nothing of it is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PushError {
    #[error("{0}")]
    Unreadable(String),
    #[error("{} of what was pushed cannot be taken, so nothing of it was", .0.len())]
    Refused(Vec<RefusedRow>),
    #[error("the Idempotency-Key was used before, for another request")]
    KeyUsed,
    #[error("version {found} is not newer than {held}, which was pushed already")]
    OldVersion { found: u64, held: u64 },
    #[error(
        "this source takes nothing without a version: send `Harvestd-Version: n`, a whole number higher than that of the push before"
    )]
    NoVersion,
    #[error("no dataset {0:?} is held of this source")]
    NotHeld(String),
    #[error("too much is waiting to be taken in")]
    Full,
    #[error("nothing can be written at this moment: {0}")]
    ReadOnly(String),
    #[error("this source has pushed all that it may on one day, UTC")]
    Quota { retry_after_s: u32 },
    #[error("the daemon is stopping")]
    Stopping,
    #[error("{0}")]
    Failed(String),
}
