//! Is what a state's folder holds readable? Of a copy: sled writes to what it opens. Start at [`State::readable`].

use super::{State, open_checked};
use crate::store::Head;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

impl State {
    /// Reads every entry, and gives where in the log it says to be. An error is what is wrong, in a sentence.
    pub fn readable(dir: &Path, cache_bytes: u64) -> Result<Option<Head>, String> {
        let read = || open_checked(dir, cache_bytes).and_then(|state| state.head());
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(read) => read.map_err(|e| e.to_string()),
            Err(_) => Err("sled panicked while opening it".to_owned()),
        }
    }
}
