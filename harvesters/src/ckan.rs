//! Connector `ckan`.
use crate::*;

pub const KIND: Kind = Kind { name: "ckan", about: "", mapping_version: 1, open: |_| unimplemented!() };
