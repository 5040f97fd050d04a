//! Our questions which datasets may be one: the features of every dataset's record, and what people decided of pairs, a
//! line of JSON each.
//!
//! Runs in the worker's process only. Start at [`write`].

use super::Failure;
use crate::{serve::worker::Reply, store_read};
use oxigraph::store::Store;
use std::io::{BufWriter, Write};

pub(super) fn write(store: &Store, base: &str, reply: &mut Reply<'_>) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    let mut out = BufWriter::with_capacity(16 * 1024, reply);
    for features in store_read::all_features(store, base) {
        serde_json::to_writer(&mut out, &features?).map_err(|e| Failure::Output(e.into()))?;
        out.write_all(b"\n").map_err(Failure::Output)?;
    }
    out.flush().map_err(Failure::Output)
}

pub(super) fn write_decisions(
    store: &Store,
    base: &str,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    for decision in store_read::decisions(store, base)? {
        serde_json::to_writer(&mut *reply, &decision).map_err(|e| Failure::Output(e.into()))?;
        reply.write_all(b"\n").map_err(Failure::Output)?;
    }
    Ok(())
}
