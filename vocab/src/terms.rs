//! IRIs of the vocabularies in use, one constant each.
