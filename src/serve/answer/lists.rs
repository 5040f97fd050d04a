//! A whole list of datasets as data.json or as the table of the national portal, written as it is read.
//!
//! Reads one dataset at a time; what the forms say is in [`crate::documents`]. Runs in the worker's process only. Start at
//! [`write`].

use super::{Failure, house, page, write::CRUMBS_BYTES};
use crate::{
    documents::{data_json, entry::Entry, national_csv},
    serve::{
        wire::{ListAsked, ListForm},
        worker::Reply,
    },
    store_read,
};
use oxigraph::{
    model::{NamedNodeRef, Triple},
    store::{StorageError, Store},
};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    io::{BufWriter, Write},
};

/// A spreadsheet takes a file for UTF-8 where it begins so.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// `members` are the IRIs of the list's datasets, sorted.
pub(super) fn write(
    store: &Store,
    list: &ListAsked,
    form: &ListForm,
    members: &[String],
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is(form.media_type());
    let mut out = BufWriter::with_capacity(CRUMBS_BYTES, reply);
    match form {
        ListForm::DataJson { address, desk } => {
            let desk = desk.as_ref().map(|(name, mail)| (&**name, &**mail));
            data_json(store, list, address, desk, members, &mut out)?;
        }
        ListForm::NationalCsv { safe } => table(store, list, *safe, members, &mut out)?,
    }
    Ok(out.flush()?)
}

/// What a dataset says, and what the entities say that it names.
fn told(store: &Store, iri: &str) -> Result<Vec<Triple>, Failure> {
    let mut triples = house::description(store, NamedNodeRef::new_unchecked(iri))?;
    for companion in page::companions(store, &triples, &mut HashSet::new())? {
        triples.extend(house::description(store, companion.as_ref())?);
    }
    Ok(triples)
}

/// When it was committed last.
fn changed(store: &Store, list: &ListAsked, iri: &str) -> Result<Option<i64>, StorageError> {
    let entity = NamedNodeRef::new_unchecked(iri);
    store_read::committed(store, &list.base, list.generation, entity)
}

/// The datasets that can be entries, and at the end how many cannot, and how many lack which member.
fn data_json(
    store: &Store,
    list: &ListAsked,
    address: &str,
    desk: Option<data_json::Desk<'_>>,
    members: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut about = Map::new();
    for (name, value) in [
        ("@context", data_json::CONTEXT),
        ("@id", address),
        ("@type", "dcat:Catalog"),
        ("conformsTo", data_json::CONFORMS_TO),
        ("describedBy", data_json::DESCRIBED_BY),
    ] {
        about.insert(name.to_owned(), value.into());
    }
    let about = Value::Object(about).to_string();
    write!(out, "{},\"dataset\":[", about.trim_end_matches('}'))?;
    let (mut listed, mut lacking) = (0_u64, BTreeMap::<&str, u64>::new());
    for iri in members {
        let triples = told(store, iri)?;
        let entry = Entry::of(iri, &triples, changed(store, list, iri)?);
        match data_json::dataset(&entry, desk) {
            Ok(entry) => {
                let comma = if listed == 0 { "\n" } else { ",\n" };
                write!(out, "{comma}{entry}")?;
                listed += 1;
            }
            Err(missing) => {
                for member in missing {
                    *lacking.entry(member).or_default() += 1;
                }
            }
        }
    }
    let left_out = members.len() as u64 - listed;
    let left_out = json!({ "datasets": left_out, "lacking": lacking });
    writeln!(
        out,
        "\n],\"harvestd:listed\":{listed},\"harvestd:leftOut\":{left_out}}}"
    )?;
    Ok(())
}

fn table(
    store: &Store,
    list: &ListAsked,
    safe: bool,
    members: &[String],
    out: &mut impl Write,
) -> Result<(), Failure> {
    write!(out, "{BYTE_ORDER_MARK}")?;
    let mut table = csv::Writer::from_writer(out);
    table.write_record(national_csv::COLUMNS).map_err(failed)?;
    for iri in members {
        let triples = told(store, iri)?;
        let row = national_csv::row(&Entry::of(iri, &triples, changed(store, list, iri)?));
        let row = row.map(|cell| {
            if safe {
                national_csv::safe(&cell)
            } else {
                cell
            }
        });
        table.write_record(row).map_err(failed)?;
    }
    Ok(table.flush()?)
}

fn failed(error: csv::Error) -> Failure {
    Failure::Output(error.into())
}
