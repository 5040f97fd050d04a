//! The `[source.options]` of a feed. Start at [`Options::read`].

use crate::SettingsError;
use serde::Deserialize;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Statements of one page, some 400 bytes of memory each.
    pub page_quads_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            page_quads_max: 500_000,
        }
    }
}

impl Options {
    pub fn read(options: &serde_json::Value) -> Result<Self, SettingsError> {
        if options.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(options).map_err(|e| SettingsError {
            key: "options".to_owned(),
            found: e.to_string(),
            expected: "page_quads_max".to_owned(),
        })
    }
}
