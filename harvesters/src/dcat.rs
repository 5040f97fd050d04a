//! Connector `dcat`.
use crate::*;

pub const KIND: Kind = Kind { name: "dcat", about: "", mapping_version: 1, open: |_| unimplemented!() };
