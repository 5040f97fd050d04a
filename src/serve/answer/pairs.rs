//! Our question which records have something in common: each pair with where it stands and what its datasets are published
//! as, one after the other as the snapshot has them.
//!
//! Compares nothing. Runs in the worker's process only. Start at [`write`].

use super::Failure;
use crate::{
    identity::Linked,
    serve::{
        wire::{Paired, PairedLine},
        worker::Reply,
    },
    store_read,
};
use oxigraph::store::{StorageError, Store};
use std::{
    collections::BTreeSet,
    io::{BufWriter, Write},
};

/// A line for each pair, and at the end how much there was to compare.
pub(super) fn write(store: &Store, base: &str, reply: &mut Reply<'_>) -> Result<(), Failure> {
    reply.is("application/x-ndjson");
    let mut out = BufWriter::with_capacity(16 * 1024, reply);
    for linked in store_read::pairs(store, base) {
        let paired = paired(store, base, linked?)?;
        line(&mut out, &PairedLine::Pair(paired))?;
    }
    let (mut records, mut sources) = (0, BTreeSet::new());
    for record in store_read::dataset_records(store, base) {
        records += 1;
        sources.insert(record?.source);
    }
    let sources = sources.len() as u64;
    line(&mut out, &PairedLine::Of { records, sources })?;
    out.flush().map_err(Failure::Output)
}

fn paired(store: &Store, base: &str, linked: Linked) -> Result<Paired, StorageError> {
    let (mut datasets, mut published) = ([None, None], [None, None]);
    for (at, record) in [&linked.link.a, &linked.link.b].into_iter().enumerate() {
        if let Some(dataset) = store_read::dataset_of(store, base, record)? {
            let kept = store_read::replaced(store, base, dataset.as_ref())?;
            published[at] = Some(kept.unwrap_or_else(|| dataset.clone()).into_string());
            datasets[at] = Some(dataset.into_string());
        }
    }
    Ok(Paired {
        linked,
        datasets,
        published,
    })
}

fn line(out: &mut impl Write, value: &PairedLine) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(|e| Failure::Output(e.into()))?;
    out.write_all(b"\n").map_err(Failure::Output)
}
