//! What is carried into a new state where the old one must leave no byte behind: what nobody can be asked for again. The rest
//! is rebuilt from the store, as where the state was lost.
//!
//! sled writes a log of its own, and keeps what was removed for a while. Start at [`State::carry_to`].

use super::{State, StateError, bodies, open_checked};
use crate::store::Head;
use std::{fs, io, path::Path};

/// How sources stand, which are paused, and how much they pushed today.
const CARRIED: [&str; 3] = ["sources", "paused", "pushed"];

impl State {
    /// Writes it into a new state at `dir`, which stands nowhere: what it lacks is listed from the store by whoever opens it
    /// first. What was there goes.
    pub fn carry_to(&self, dir: &Path, cache_bytes: u64) -> Result<(), StateError> {
        let carried = |name: &[u8]| {
            CARRIED.iter().any(|carried| carried.as_bytes() == name) || bodies::are_in(name)
        };
        // Not even the store that it belongs to was ever published at 0.
        let nowhere = self.head()?.map(|head| Head {
            published_us: 0,
            ..head
        });
        self.write_to(dir, cache_bytes, nowhere, carried)
    }

    /// Writes all of the state into a new one at `dir`, without what was removed from it.
    pub fn copy_to(&self, dir: &Path, cache_bytes: u64) -> Result<(), StateError> {
        self.write_to(dir, cache_bytes, self.head()?, |_| true)
    }

    fn write_to(
        &self,
        dir: &Path,
        cache_bytes: u64,
        head: Option<Head>,
        is_meant: impl Fn(&[u8]) -> bool,
    ) -> Result<(), StateError> {
        match fs::remove_dir_all(dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(StateError::Folder(dir.to_owned(), e));
            }
            _ => {}
        }
        let new = open_checked(dir, cache_bytes)?;
        for name in self.db.tree_names() {
            if !is_meant(&name) {
                continue;
            }
            let tree = new.db.open_tree(&name)?;
            for entry in self.db.open_tree(&name)?.iter() {
                let (key, value) = entry?;
                tree.insert(key, value)?;
            }
        }
        if let Some(head) = head {
            new.set_head(head)?;
        }
        new.make_durable()
    }
}
