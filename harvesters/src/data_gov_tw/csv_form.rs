//! The CSV form of the export: its header, and its rows.
//!
//! A row is handed out as a JSON object of the same columns in the export's order, so that both forms share one
//! description, and a moved column does not make every record look new.
//!
//! Start reading at [`read_csv`].

use super::{
    columns::{COLUMNS, Column, OF_EXPORT, identifier, tidy, utf_8},
    not_the_export,
    rows::{Change, Each, Entry, Notices, Serves, too_large, unknown_columns},
};
use crate::{
    Location, ReadError, ReadErrorKind,
    csv_rows::{self, Rows},
};
use harvestd_vocab::Refusal;
use std::{borrow::Cow, io::BufRead};

/// Rows of a CSV document whose header begins at `offset`.
pub(super) fn read_csv(
    body: &mut dyn BufRead,
    offset: u64,
    record_bytes_max: usize,
    each: Each<'_>,
) -> Result<Notices, ReadError> {
    let mut rows = Rows::new(body, record_bytes_max, offset);
    let header = match rows.next_row()? {
        Some(csv_rows::Found::Row(row)) => Header::read(&row)?,
        _ => {
            return Err(not_the_export(
                "a first line of great length",
                "the names of the columns",
            ));
        }
    };
    let mut json = Vec::new();
    let mut index = 0;
    let mut suspect = None;
    while let Some(found) = rows.next_row()? {
        if let Some(odd) = suspect.take()
            && each(header.wrong_width(odd)).is_break()
        {
            return Ok(None);
        }
        match header.entry(found, index, record_bytes_max, &mut json) {
            Ok(entry) => {
                if each(entry).is_break() {
                    return Ok(None);
                }
            }
            Err(odd) => suspect = Some(odd),
        }
        index += 1;
    }
    match suspect {
        Some(odd) => Err(header.cut(&odd)),
        None => Ok(Some(header.notices)),
    }
}

/// A row of the wrong width: a bad row, unless it is the last one. Then the answer was cut inside it.
struct OddWidth {
    at: Location,
    width: usize,
}

/// What the first line of a CSV export says.
struct Header {
    width: usize,
    columns: Vec<(String, Vec<usize>)>,
    notices: Vec<(&'static str, String)>,
}

impl Header {
    fn read(row: &csv_rows::Row<'_>) -> Result<Self, ReadError> {
        let columns = columns_of(row);
        let given: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let missing: Vec<&str> = COLUMNS[..OF_EXPORT]
            .iter()
            .map(|(_, name)| *name)
            .filter(|name| !given.contains(name))
            .collect();
        if missing.len() == OF_EXPORT {
            let found = format!("a first line of {:?}", given.join(","));
            return Err(not_the_export(found, "the names of the export's columns"));
        }
        let needed = [Column::Identifier, Column::Title, Column::Urls].map(Column::name);
        if needed.iter().any(|name| missing.contains(name)) {
            let doing = "reading the header of the CSV export of data.gov.tw";
            let found = format!("no column {}", missing.join(", "));
            let expected = format!("at least the columns {}", needed.join(", "));
            return Err(ReadError::new(
                ReadErrorKind::Malformed,
                doing,
                found,
                expected,
            ));
        }
        let unknown = given
            .iter()
            .filter(|name| rank(name) == COLUMNS.len())
            .map(|name| (*name).to_owned())
            .collect();
        let mut notices: Vec<_> = unknown_columns(&unknown).into_iter().collect();
        if !missing.is_empty() {
            notices.push(("missing-column", missing.join(", ")));
        }
        Ok(Self {
            width: row.width(),
            columns,
            notices,
        })
    }

    /// What stands at one place, a row of the right width as JSON in `json`.
    fn entry<'a>(
        &self,
        found: csv_rows::Found<'_>,
        index: u64,
        record_bytes_max: usize,
        json: &'a mut Vec<u8>,
    ) -> Result<Entry<'a>, OddWidth> {
        let at = |offset, line, key| Location {
            key,
            index: Some(index),
            offset: Some(offset),
            line: Some(line),
        };
        let row = match found {
            csv_rows::Found::Row(row) => row,
            csv_rows::Found::TooLarge {
                offset,
                line,
                bytes,
            } => {
                return Ok(Entry::Refused {
                    at: at(offset, line, None),
                    why: too_large(bytes, record_bytes_max),
                });
            }
        };
        if row.width() != self.width {
            return Err(OddWidth {
                at: at(row.offset, row.line, self.key_of(&row)),
                width: row.width(),
            });
        }
        Ok(match self.canonical(&row, json) {
            Ok((key, head)) => Entry::Row {
                key: Cow::Owned(key),
                serves: head.0,
                change: head.1,
                raw: json,
            },
            Err(why) => Entry::Refused {
                at: at(row.offset, row.line, self.key_of(&row)),
                why,
            },
        })
    }

    fn canonical(
        &self,
        row: &csv_rows::Row<'_>,
        json: &mut Vec<u8>,
    ) -> Result<(String, (Serves, Change)), Refusal> {
        json.clear();
        for (name, fields) in &self.columns {
            json.push(if json.is_empty() { b'{' } else { b',' });
            write_text(json, name)?;
            json.push(b':');
            write_text(json, value(row, name, fields)?)?;
        }
        json.push(b'}');
        let key = identifier(self.named(row, Column::Identifier)?)?.to_owned();
        let serves = Serves::of(tidy(self.named(row, Column::Kind)?));
        let change = Change::of(tidy(self.named(row, Column::Change)?))?;
        Ok((key, (serves, change)))
    }

    fn named<'r>(&self, row: &csv_rows::Row<'r>, column: Column) -> Result<&'r str, Refusal> {
        match self.columns.iter().find(|(name, _)| name == column.name()) {
            Some((name, fields)) => value(row, name, fields),
            None => Ok(""),
        }
    }

    /// The identifier of a row that cannot be taken, where it can still be made out.
    fn key_of(&self, row: &csv_rows::Row<'_>) -> Option<String> {
        let text = self.named(row, Column::Identifier).ok()?;
        identifier(text).ok().map(str::to_owned)
    }

    fn wrong_width(&self, odd: OddWidth) -> Entry<'static> {
        let found = format!("a row of {} fields", odd.width);
        Entry::Refused {
            at: odd.at,
            why: Refusal::new("wrong-width", "", &found, self.expected_width()),
        }
    }

    fn cut(&self, odd: &OddWidth) -> ReadError {
        let doing = "reading the CSV export of data.gov.tw";
        let found = format!("a last row of {} fields ({})", odd.width, odd.at);
        ReadError::new(
            ReadErrorKind::Truncated,
            doing,
            found,
            self.expected_width(),
        )
    }

    fn expected_width(&self) -> String {
        format!("{} fields, as in the header", self.width)
    }
}

/// The columns in the order of our JSON: known ones as the export orders them, then the others by name. Two columns of
/// one name (the ninth has two spellings) are one, which holds the first of them that says something.
fn columns_of(row: &csv_rows::Row<'_>) -> Vec<(String, Vec<usize>)> {
    let mut columns: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, field) in row.fields().enumerate() {
        let given = String::from_utf8_lossy(field);
        let name = match Column::of_name(&given) {
            Some(column) => column.name(),
            None => tidy(&given),
        };
        match columns.iter_mut().find(|(known, _)| known == name) {
            Some((_, fields)) => fields.push(index),
            None => columns.push((name.to_owned(), vec![index])),
        }
    }
    columns.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
    columns
}

/// A column's place in the export; behind them all for one that nobody knows.
fn rank(name: &str) -> usize {
    COLUMNS
        .iter()
        .position(|(_, known)| *known == name)
        .unwrap_or(COLUMNS.len())
}

/// The first of the fields that says something.
fn value<'r>(row: &csv_rows::Row<'r>, name: &str, fields: &[usize]) -> Result<&'r str, Refusal> {
    for &index in fields {
        let text = utf_8(row.field(index).unwrap_or_default(), name)?;
        if !tidy(text).is_empty() {
            return Ok(text);
        }
    }
    Ok("")
}

fn write_text(json: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
    serde_json::to_writer(json, text)
        .map_err(|e| Refusal::new("not-json", "", &e.to_string(), "text"))
}
