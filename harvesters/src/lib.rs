//! One file per kind of catalogue. A connector says which questions to ask, reads the answers and describes records;
//! the daemon asks. This crate does no I/O, knows no clock and no async runtime.
//!
//! Start reading at [`contract`]. A new connector is one file, two lines here and one folder of recorded answers.

pub mod contract;

pub mod ckan;
pub mod csv_rows;
pub mod data_gov_tw;
pub mod dcat;
pub mod guard;
mod input;
pub mod json_slices;
pub mod ldes;
pub mod mapped;
pub mod push;
mod saying;
pub mod sensorthings;
pub mod tw_interchange;

pub use contract::*;

/// Every kind of catalogue we know how to read. Nothing else matches on a kind's name.
pub const KINDS: &[Kind] = &[
    ckan::KIND,
    dcat::KIND,
    data_gov_tw::KIND,
    ldes::KIND,
    mapped::KIND,
    push::KIND,
    sensorthings::KIND,
    tw_interchange::KIND,
];

/// The kind of that name, as written in a source's configuration.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == name)
}
