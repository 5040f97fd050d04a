//! Records of a CSV answer: its first line names the fields, each further row is a record. It is handed out as a JSON object
//! with its keys in order, so that a moved column does not make every record look new. Start reading at [`read`].

use super::{intake::Intake, pages::Around, plan::Plan};
use crate::{
    Location, ReadError, ReadErrorKind,
    csv_rows::{Found, Row, Rows},
    guard,
};
use harvestd_vocab::Refusal;
use serde_json::{Map, Value};
use std::io::BufRead;

const DOING: &str = "reading the CSV answer";

pub(super) fn read(
    plan: &Plan,
    body: &mut dyn BufRead,
    record_bytes_max: usize,
    intake: &mut Intake<'_>,
) -> Result<Around, ReadError> {
    let offset = beginning(body)?;
    let mut rows = Rows::new(body, record_bytes_max, offset);
    let header = Header::next(plan, &mut rows)?;
    let mut suspect: Option<(Location, usize)> = None;
    let mut index = 0;
    while let Some(found) = rows.next_row()? {
        if let Some((at, width)) = suspect.take()
            && intake.refused(at, header.wrong_width(width)).is_break()
        {
            return Ok(Around::default());
        }
        let said = match found {
            Found::TooLarge {
                offset,
                line,
                bytes,
            } => intake.too_large(bytes, at(index, offset, line)),
            Found::Row(row) if row.width() != header.names.len() => {
                suspect = Some((at(index, row.offset, row.line), row.width()));
                super::intake::GO_ON
            }
            Found::Row(row) => match header.record(&row) {
                Ok((raw, value)) => intake.record(&raw, &value, at(index, row.offset, row.line)),
                Err(why) => intake.refused(at(index, row.offset, row.line), why),
            },
        };
        if said.is_break() {
            return Ok(Around::default());
        }
        index += 1;
    }
    match suspect {
        // A bad row, unless it is the last one: then the answer was cut inside it.
        Some((at, width)) => Err(ReadError::new(
            ReadErrorKind::Truncated,
            DOING,
            format!("a last row of {width} fields ({at})"),
            header.expected_width(),
        )),
        None => Ok(Around::default()),
    }
}

/// Passes over a byte order mark, and makes sure that no web page follows.
fn beginning(body: &mut dyn BufRead) -> Result<u64, ReadError> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let mut offset = 0;
    // A buffer may end inside the mark.
    for expected in MARK {
        match body.fill_buf()?.first() {
            Some(byte) if byte == expected => body.consume(1),
            _ => break,
        }
        offset += 1;
    }
    let start = body.fill_buf()?;
    if start.trim_ascii_start().first() == Some(&b'<') {
        let mut page = Vec::new();
        const BYTES_MAX: u64 = 16 * 1024;
        std::io::Read::read_to_end(&mut std::io::Read::take(body, BYTES_MAX), &mut page)?;
        let found = match guard::looks_like_html(&page) {
            true => guard::explain_html(&page),
            false => format!("{:?}", String::from_utf8_lossy(&page)),
        };
        return Err(no_header(
            &found,
            "a CSV with the names of its fields first",
        ));
    }
    Ok(offset)
}

fn no_header(found: &str, expected: &str) -> ReadError {
    ReadError::new(ReadErrorKind::NotACatalogue, DOING, found, expected)
}

fn at(index: u64, offset: u64, line: u64) -> Location {
    Location {
        key: None,
        index: Some(index),
        offset: Some(offset),
        line: Some(line),
    }
}

/// The names of the fields; empty where a column has none.
struct Header {
    names: Vec<String>,
}

impl Header {
    fn next(plan: &Plan, rows: &mut Rows<'_>) -> Result<Self, ReadError> {
        const EXPECTED: &str = "the names of the fields";
        match rows.next_row()? {
            Some(Found::Row(row)) => Self::read(plan, &row),
            Some(Found::TooLarge { bytes, .. }) => {
                let found = format!("a first line of {bytes} bytes");
                Err(no_header(&found, EXPECTED))
            }
            None => Err(no_header("no line at all", EXPECTED)),
        }
    }

    fn read(plan: &Plan, row: &Row<'_>) -> Result<Self, ReadError> {
        let names: Vec<String> = row
            .fields()
            .map(|field| String::from_utf8_lossy(field).trim().to_owned())
            .collect();
        let wanted: Vec<&str> = plan
            .id
            .paths()
            .iter()
            .map(|path| path.first_key())
            .collect();
        if !wanted
            .iter()
            .any(|key| names.iter().any(|name| name == key))
        {
            let found = format!("a first line of {:?}", names.join(","));
            let expected = format!("a field {}, which identifies a record", wanted.join(" or "));
            return Err(no_header(&found, &expected));
        }
        Ok(Self { names })
    }

    /// The row as a JSON object. Of two fields of one name, the first that says something counts.
    fn record(&self, row: &Row<'_>) -> Result<(Vec<u8>, Value), Refusal> {
        let mut members = Map::new();
        for (name, field) in self.names.iter().zip(row.fields()) {
            let text = std::str::from_utf8(field).map_err(|e| {
                let from = e.valid_up_to();
                let bytes = field[from..field.len().min(from + 8)].escape_ascii();
                let found = format!("{bytes} at byte {from} of the field");
                Refusal::new("invalid-utf-8", name.as_str(), &found, "UTF-8")
            })?;
            let said = members
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty());
            if !name.is_empty() && !said {
                members.insert(name.clone(), text.into());
            }
        }
        let value = Value::Object(members);
        let raw = serde_json::to_vec(&value)
            .map_err(|e| Refusal::new("not-json", "", &e.to_string(), "text"))?;
        Ok((raw, value))
    }

    fn wrong_width(&self, width: usize) -> Refusal {
        let found = format!("a row of {width} fields");
        Refusal::new("wrong-width", "", &found, self.expected_width())
    }

    fn expected_width(&self) -> String {
        format!("{} fields, as in the first line", self.names.len())
    }
}
