//! Connector `data_gov_tw`: the full export of Taiwan's 政府資料開放平臺 (data.gov.tw), as JSON or as CSV.
//!
//! One document holds the whole catalogue: 53,000 rows of 22 columns, without paging, total or bookmark. The site
//! declares `text/html` for either form and begins with a byte order mark, so the form is taken from the first byte.
//! A row is a dataset; the row of an API (資料提供屬性 = API服務) is a data service as well, from the same bytes.
//!
//! It splits no title, resolves no agency and maps no word: what 每1月 or 公共資訊 is in controlled terms is for the
//! vocabulary to say.
//!
//! Start reading at [`DataGovTw::read`]; what a row says in RDF is in [`describe`].

mod columns;
mod csv_form;
mod describe;
mod lists;
mod rows;
mod terms;

use crate::{
    Answer, Bookmark, Completeness, Harvester, Kind, Page, ReadError, ReadErrorKind, Record,
    RecordId, Request, Settings, SettingsError, Stop,
};
use harvestd_vocab::{Class, Description, Refusal};
use rows::{Entry, Form};
use serde::Deserialize;
use std::ops::ControlFlow;
use url::Url;

pub const KIND: Kind = Kind {
    name: "data_gov_tw",
    about: "the full export of data.gov.tw (政府資料開放平臺), JSON or CSV",
    mapping_version: 2,
    open: |settings| Ok(Box::new(DataGovTw::new(settings)?)),
};

/// The only part that a record has: a JSON object with the export's column names as keys.
const ROW: &str = "row";

/// The export says this of rows that are served by an interface.
const API_SERVICE: &str = "API服務";

struct DataGovTw {
    url: Url,
    record_bytes_max: usize,
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Describe the contact persons by name and telephone number: personal data, left out unless asked for.
    contact_persons: bool,
}

impl DataGovTw {
    fn new(settings: Settings) -> Result<Self, SettingsError> {
        let options = match settings.options {
            serde_json::Value::Null => Options::default(),
            given => serde_json::from_value(given).map_err(|e| SettingsError {
                key: "options".to_owned(),
                found: e.to_string(),
                expected: "contact_persons = true or false, and nothing else".to_owned(),
            })?,
        };
        Ok(Self {
            url: settings.url,
            record_bytes_max: settings.record_bytes_max,
            options,
        })
    }
}

impl Harvester for DataGovTw {
    /// Always the whole export: it knows no "since".
    fn begin(&self, _since: Option<&Bookmark>) -> Vec<Request> {
        let mut question = Request::get(
            self.url.clone(),
            "application/json, text/csv;q=0.9, */*;q=0.5",
        );
        question.conditional = true;
        vec![question]
    }

    /// A JSON export is complete when its closing bracket was seen. A CSV export has no closing mark: that it is
    /// complete is only known as far as HTTP says where the body ends, no quote is left open, and the last row has as
    /// many fields as the header.
    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let body = answer.body;
        let (form, offset) = rows::sniff(body)?;
        if let Some(declared) = answer
            .media_type
            .filter(|declared| !form.is_declared_by(declared))
        {
            let text = format!("declared as {declared}, read as {}", form.name());
            if page.noticed("sniffed-format", text).is_break() {
                return Ok(());
            }
        }
        let mut each = |entry: Entry<'_>| hand_out(entry, page);
        let unknown = match form {
            Form::Json => rows::read_json(body, offset, self.record_bytes_max, &mut each)?,
            Form::Csv => csv_form::read_csv(body, offset, self.record_bytes_max, &mut each)?,
        };
        let Some(notices) = unknown else {
            return Ok(());
        };
        for (code, text) in notices {
            if page.noticed(code, text).is_break() {
                return Ok(());
            }
        }
        // Nothing follows, whether the run wants more or not.
        let proof = match form {
            Form::Json => Completeness::ClosedDocument,
            Form::Csv => Completeness::EndOfBody,
        };
        let _ = page.complete(proof);
        Ok(())
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let raw = record
            .part(ROW)
            .ok_or_else(|| Refusal::new("no-row", ROW, "no such part", "a row of the export"))?;
        let row = columns::Row::parse(raw)?;
        match record.id.class {
            Class::DataService => Ok(describe::service(&record.id.key, &row)),
            _ => Ok(describe::dataset(
                &record.id.key,
                &row,
                self.options.contact_persons,
            )),
        }
    }
}

fn hand_out(entry: Entry<'_>, page: &mut dyn Page) -> ControlFlow<Stop> {
    match entry {
        Entry::Row {
            key,
            is_service,
            raw,
        } => {
            page.part(RecordId::dataset(key.as_ref()), ROW, raw)?;
            if is_service {
                page.part(RecordId::new(Class::DataService, key.as_ref()), ROW, raw)?;
            }
            ControlFlow::Continue(())
        }
        Entry::Refused { at, why } => page.refused(at, why),
    }
}

/// The answer is no export of this portal.
fn not_the_export(found: impl AsRef<str>, expected: &str) -> ReadError {
    ReadError::new(
        ReadErrorKind::NotACatalogue,
        "reading the export of data.gov.tw",
        found,
        expected,
    )
}
