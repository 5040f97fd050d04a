//! The words everyone agrees on: what a description is, and how it is said in one language (DCAT-AP 3).
//!
//! This crate does no I/O, knows no clock and no async runtime: values in, values out.
//! Start reading at [`description`] (what a connector hands over), then [`normalise()`] (what we keep).

pub mod description;
pub mod normalise;
pub mod terms;

pub use description::{Class, Description, Finding, Normal, Refusal};
pub use normalise::{Context, normalise};
