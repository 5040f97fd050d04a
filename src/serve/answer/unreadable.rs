//! A snapshot that cannot be read: is it damaged? The daemon is told what is, the client that something is.
//!
//! Start at [`unreadable`]; [`read`] looks for it.

use super::{Failure, internal};
use crate::serve::{guard, problem::DAMAGED, wire::Refused};
use crate::store::{
    StoreError,
    damage::{self, Damaged},
};
use crate::store_read;
use oxigraph::store::Store;
use std::{
    error::Error,
    io::{self, Write},
    path::Path,
};

/// What was done in vain, and, where the engine may not say which file it was about, the snapshot.
pub fn unreadable(doing: &str, dir: Option<&Path>, error: &(dyn Error + 'static)) -> Failure {
    match damage::met_in(dir, error) {
        None => internal(&format!("{doing}: {error}")),
        Some(found) => damaged(found),
    }
}

fn damaged(found: Damaged) -> Failure {
    let _ = writeln!(io::stderr(), "worker: damaged: {found}");
    let (code, detail) = DAMAGED;
    Failure::Refused(Refused {
        damaged: Some(Box::new(found)),
        ..guard::refuse(500, code, detail.to_owned())
    })
}

/// Reads all of a snapshot by every order, as no other question does.
pub fn read(store: &Store, snapshot: &Path) -> Result<(), Failure> {
    match store_read::read_all(store, &mut |_| {}) {
        Ok(_) => Ok(()),
        Err(StoreError::Corrupt { what, .. }) => Err(damaged(what)),
        Err(StoreError::Broken(found)) => Err(damaged(Damaged {
            file: Some(snapshot.to_owned()),
            found,
        })),
        Err(other) => Err(internal(&other.to_string())),
    }
}
