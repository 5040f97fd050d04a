//! The catalogue in forms that others gave: DCAT-US's data.json, and the table of Taiwan's national portal.
//!
//! Values in, text out: no store, no network, no clock. What a dataset does not say is not made up: a form that demands it
//! leaves the dataset out and counts it. Start at [`entry::Entry`], which reads one dataset's triples.

pub mod data_json;
pub mod entry;
pub mod national_csv;
