//! Connector `data_gov_tw`.
use crate::*;

pub const KIND: Kind = Kind { name: "data_gov_tw", about: "", mapping_version: 1, open: |_| unimplemented!() };
