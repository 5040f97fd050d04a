//! The connector's own settings: `[source.options]` of a source of kind `dcat`. Start at [`Options`].

use super::format::{ACCEPT, FORMATS, Syntax};
use crate::SettingsError;
use serde_json::Value;

pub struct Options {
    /// `format`: the only syntax to ask for and to read. Without it: whatever comes.
    format: Option<(Syntax, &'static str)>,
    /// `follow_catalogs`: ask for catalogues that a catalogue refers to and does not describe.
    pub follow_catalogs: bool,
    /// `page_max`: how many pages of one catalogue are asked for.
    pub page_max: u32,
    /// `table_bytes_max`: how much memory the triples of one answer may take.
    pub table_bytes_max: usize,
}

impl Options {
    pub fn read(options: &Value) -> Result<Self, SettingsError> {
        let mut read = Self {
            format: None,
            follow_catalogs: false,
            page_max: 10_000,
            table_bytes_max: 512 << 20,
        };
        let table = match options {
            Value::Null => return Ok(read),
            Value::Object(table) => table,
            other => return Err(refused("options", other, "a table")),
        };
        for (key, value) in table {
            match key.as_str() {
                "format" => read.format = Some(format(value)?),
                "follow_catalogs" => {
                    read.follow_catalogs = value
                        .as_bool()
                        .ok_or_else(|| refused(key, value, "true or false"))?;
                }
                "page_max" => read.page_max = whole(key, value, 1..=1_000_000)? as u32,
                "table_bytes_max" => {
                    read.table_bytes_max = whole(key, value, 1 << 20..=2 << 30)? as usize
                }
                _ => {
                    return Err(refused(
                        key,
                        value,
                        "format, follow_catalogs, page_max or table_bytes_max",
                    ));
                }
            }
        }
        Ok(read)
    }

    pub fn syntax(&self) -> Option<Syntax> {
        self.format.map(|(syntax, _)| syntax)
    }

    pub fn accept(&self) -> &'static str {
        self.format.map_or(ACCEPT, |(_, accept)| accept)
    }
}

fn format(value: &Value) -> Result<(Syntax, &'static str), SettingsError> {
    let named = FORMATS
        .iter()
        .find(|(name, _, _)| value.as_str() == Some(name));
    named
        .map(|(_, syntax, accept)| (*syntax, *accept))
        .ok_or_else(|| {
            let names: Vec<_> = FORMATS.iter().map(|(name, _, _)| *name).collect();
            refused("format", value, &format!("one of {}", names.join(", ")))
        })
}

fn whole(
    key: &str,
    value: &Value,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, SettingsError> {
    value.as_u64().filter(|n| range.contains(n)).ok_or_else(|| {
        refused(
            key,
            value,
            &format!("a whole number from {} to {}", range.start(), range.end()),
        )
    })
}

fn refused(key: &str, found: &Value, expected: &str) -> SettingsError {
    SettingsError {
        key: key.to_owned(),
        found: found.to_string(),
        expected: expected.to_owned(),
    }
}
