//! The words everyone agrees on: what a description is, and how it is said in one language (DCAT-AP 3).
//!
//! This crate does no I/O, knows no clock and no async runtime: values in, values out.
//! Start reading at [`description`] (what a connector hands over), then [`normalise()`] (what we keep). The words
//! themselves are data: `tables/*.tsv`.

pub mod description;
pub mod normalise;

pub mod agents;
pub mod bilingual;
pub mod body;
pub mod concepts;
pub mod containment;
pub mod iris;
pub mod learned;
pub mod terms;

pub mod dates;
pub mod files;
pub mod frequency;
pub mod links;
pub mod literals;
pub mod quality;
pub mod shacl;
pub mod shared;
pub mod tables;

mod alike;
mod complete;
mod contents;
mod disagree;
mod elsewhere;
mod graph;
mod html;
mod mapping;
mod names;
mod properties;
mod secrets;
mod text;
mod values;
mod words;

pub use description::{Class, Description, Finding, Normal, Refusal};
pub use iris::{catalog_iri, entity_iri, parse_record_iri, record_iri};
pub use learned::{Agencies, Learned};
pub use normalise::{Context, normalise};
pub use tables::tables_version;
