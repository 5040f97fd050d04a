//! Description -> Normal: a record said again in DCAT-AP 3, always in the same way.

use crate::{Description, Normal, Refusal};

/// What normalisation needs to know of the source. Everything here takes part in the versions that decide whether an
/// unchanged record must be described again.
#[derive(Debug, Clone)]
pub struct Context {
    /// The base of our own IRIs, with a slash at its end.
    pub base: String,
    /// The source's id in the configuration.
    pub source: String,
    /// BCP 47 tag for literals of titles, descriptions and keywords that carry none. None: they stay untagged.
    pub language: Option<String>,
    /// Offset in minutes for dates and times that carry none (Taipei: 480). None: they stay without.
    pub offset_minutes: Option<i32>,
}

/// Says a record again in DCAT-AP 3. `key` is the record's key within its source.
pub fn normalise(_description: Description, _key: &str, _cx: &Context) -> Result<Normal, Refusal> {
    unimplemented!()
}
