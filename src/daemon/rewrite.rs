//! Why the files of a data directory are not written anew, be it to compact them or to erase something.

use super::OpenError;
use crate::lock::LockError;
use crate::run::RunError;
use crate::state::StateError;
use crate::store::StoreError;
use std::io;

/// What was there stands then, unless the message says more.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
    /// What is wanted cannot be, for a reason that the caller can mend.
    #[error("{0}")]
    Refused(String),
    #[error("a part of it panicked: {0}")]
    Panic(String),
}

impl RewriteError {
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io(doing, error)
    }

    /// Another process has the data directory: the same may work later.
    pub fn held(&self) -> Option<&LockError> {
        match self {
            Self::Lock(held @ LockError::Held { .. })
            | Self::Open(OpenError::Lock(held @ LockError::Held { .. })) => Some(held),
            _ => None,
        }
    }

    /// Is it what is kept on disk that is damaged?
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Open(OpenError::Store(error)) | Self::Store(error) => error.is_damage(),
            _ => false,
        }
    }
}
