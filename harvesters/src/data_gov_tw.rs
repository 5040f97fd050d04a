//! Connector `data_gov_tw`: Taiwan's 政府資料開放平臺 (data.gov.tw).
//!
//! - The full export, as JSON or as CSV: one document holds the whole catalogue, 53,000 rows of 22 columns, without
//!   paging or total. The site declares `text/html` for either form and begins with a byte order mark, so the form is
//!   taken from the first byte. A row is a dataset; the row of an API (資料提供屬性 = API服務) is a data service as well,
//!   from the same bytes.
//! - With the option `changes`, runs between two full exports ask for the changes of each missed day (`changes.rs`):
//!   new and changed rows, and datasets taken down (資料集下架).
//! - With the option `details`, each dataset's own page (`detail.rs`) may be asked for as well.
//!
//! What these say of one dataset becomes one row again (`merge.rs`): nothing never overwrites something.
//!
//! It splits no title, resolves no agency and maps no word: what 每1月 or 公共資訊 is in controlled terms is for the
//! vocabulary to say.
//!
//! Start reading at [`DataGovTw::read`]; what a row says in RDF is in [`describe`].

mod changes;
mod columns;
mod csv_form;
mod describe;
mod detail;
mod lists;
mod merge;
mod rows;
mod terms;
mod time;

use crate::{
    Answer, Bookmark, Completeness, Detail, Harvester, Kind, Page, PartKind, PartName, ReadError,
    ReadErrorKind, Record, RecordId, Request, Settings, SettingsError, Stop,
};
use chrono::NaiveDate;
use columns::Column;
use harvestd_vocab::{Class, Description, Refusal};
use rows::{Change, Entry, Form, Serves};
use serde::{Deserialize, Serialize};
use std::{io::Read, ops::ControlFlow};
use url::Url;

pub const KIND: Kind = Kind {
    name: "data_gov_tw",
    about: "data.gov.tw (政府資料開放平臺): full export, daily changes, and each dataset's own page",
    mapping_version: 2,
    pushes: false,
    portal: true,
    open: |settings| Ok(Box::new(DataGovTw::new(settings)?)),
};

/// A row of the full export: a JSON object with the export's column names as keys.
const ROW: PartName = "row";
/// A row of a day's changes: the same columns, some of them always empty.
const CHANGE: PartName = "change";
/// The answer about one dataset.
const DETAIL: PartName = "detail";

const PARTS: [PartKind; 3] = [
    PartKind {
        name: ROW,
        replaces: &[CHANGE],
        stands_alone: true,
        repeats: false,
    },
    PartKind {
        name: CHANGE,
        replaces: &[],
        stands_alone: true,
        repeats: true,
    },
    PartKind {
        name: DETAIL,
        replaces: &[],
        stands_alone: false,
        repeats: false,
    },
];

/// The export says this of rows that are served by an interface.
const API_SERVICE: &str = "API服務";

const ACCEPT: &str = "application/json, text/csv;q=0.9, */*;q=0.5";

struct DataGovTw {
    url: Url,
    record_bytes_max: usize,
    options: Options,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Describe the contact persons by name, telephone number and address: personal data, left out unless asked for.
    contact_persons: bool,
    /// The changes of a day, without the day. None: every run asks for the full export.
    changes: Option<Url>,
    /// Where more days than this were missed, the full export is asked for instead.
    changes_days_max: u64,
    /// Beginning of the addresses of the datasets' own pages; the identifier follows. None: they are not asked for.
    details: Option<Url>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            contact_persons: false,
            changes: None,
            changes_days_max: 14,
            details: None,
        }
    }
}

/// What a question is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Note {
    /// The full export. It holds everything up to the end of this day.
    Export { covers: NaiveDate },
    /// A day's changes. The last question of a run: with it, everything up to the end of the day `covers` is read.
    Day {
        day: NaiveDate,
        covers: Option<NaiveDate>,
    },
    /// A dataset's own page.
    Detail { key: String },
}

impl DataGovTw {
    fn new(settings: Settings) -> Result<Self, SettingsError> {
        let options = match settings.options {
            serde_json::Value::Null => Options::default(),
            given => serde_json::from_value(given).map_err(|e| SettingsError {
                key: "options".to_owned(),
                found: e.to_string(),
                expected: "contact_persons = true or false, changes and details = an address, changes_days_max = a number of days, and nothing else".to_owned(),
            })?,
        };
        Ok(Self {
            url: settings.url,
            record_bytes_max: settings.record_bytes_max,
            options,
        })
    }

    /// Everything, without "since".
    fn export(&self, now_ms: i64) -> Request {
        let mut question = Request::get(self.url.clone(), ACCEPT);
        question.conditional = true;
        match changes::yesterday(now_ms).filter(|_| self.options.changes.is_some()) {
            Some(covers) => question.note(&Note::Export { covers }),
            None => question,
        }
    }

    /// Reads rows and hands them out. None where the run wants no more.
    ///
    /// A JSON document is complete when its closing bracket was seen. A CSV document has no closing mark: that it is
    /// complete is only known as far as HTTP says where the body ends, no quote is left open, and the last row has as
    /// many fields as the header.
    fn read_rows(
        &self,
        answer: Answer<'_>,
        page: &mut dyn Page,
        each: &mut dyn FnMut(Entry<'_>, &mut dyn Page) -> ControlFlow<Stop>,
    ) -> Result<Option<Form>, ReadError> {
        let body = answer.body;
        let (form, offset) = rows::sniff(body)?;
        if let Some(declared) = answer
            .media_type
            .filter(|declared| !form.is_declared_by(declared))
        {
            let text = format!("declared as {declared}, read as {}", form.name());
            if page.noticed("sniffed-format", text).is_break() {
                return Ok(None);
            }
        }
        let mut each = |entry: Entry<'_>| each(entry, page);
        let unknown = match form {
            Form::Json => rows::read_json(body, offset, self.record_bytes_max, &mut each)?,
            Form::Csv => csv_form::read_csv(body, offset, self.record_bytes_max, &mut each)?,
        };
        let Some(notices) = unknown else {
            return Ok(None);
        };
        for (code, text) in notices {
            if page.noticed(code, text).is_break() {
                return Ok(None);
            }
        }
        Ok(Some(form))
    }

    fn read_export(
        &self,
        answer: Answer<'_>,
        covers: Option<NaiveDate>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let Some(form) = self.read_rows(answer, page, &mut hand_out)? else {
            return Ok(());
        };
        let proof = match form {
            Form::Json => Completeness::ClosedDocument,
            Form::Csv => Completeness::EndOfBody,
        };
        if page.complete(proof).is_continue()
            && let Some(covers) = covers
        {
            let _ = page.bookmark(Bookmark(covers.to_string()));
        }
        Ok(())
    }

    fn read_day(
        &self,
        answer: Answer<'_>,
        covers: Option<NaiveDate>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let mut no_change = None;
        let read = self.read_rows(answer, page, &mut |entry, page| match entry {
            // A portal that does not heed the day gives the full export instead.
            Entry::Row {
                key,
                change: Change::Unsaid,
                ..
            } => {
                no_change = Some(key.into_owned());
                ControlFlow::Break(Stop)
            }
            entry => hand_out_change(entry, page),
        })?;
        if let Some(key) = no_change {
            let found = format!("a row of dataset {key} that says of no change");
            let expected = format!("{} in every row", Column::Change.name());
            return Err(not_the_export(found, &expected));
        }
        if let (Some(_), Some(covers)) = (read, covers)
            && page.complete(Completeness::Changes).is_continue()
        {
            let _ = page.bookmark(Bookmark(covers.to_string()));
        }
        Ok(())
    }

    fn read_detail(
        &self,
        answer: Answer<'_>,
        key: &str,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let mut raw = Vec::new();
        let bytes_max = self.record_bytes_max as u64;
        answer.body.take(bytes_max + 1).read_to_end(&mut raw)?;
        if raw.len() as u64 > bytes_max {
            let found = format!("more than {bytes_max} bytes");
            return Err(ReadError::new(
                ReadErrorKind::Limit,
                "reading a dataset's own page at data.gov.tw",
                found,
                "a page within limits.record_bytes_max",
            ));
        }
        let mark = if raw.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        let raw = &raw[mark..];
        detail::Detail::parse(raw, key)?;
        if page.part(RecordId::dataset(key), DETAIL, raw).is_continue() {
            let _ = page.part(RecordId::new(Class::DataService, key), DETAIL, raw);
        }
        Ok(())
    }
}

impl Harvester for DataGovTw {
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request> {
        let days = self.options.changes.as_ref().and_then(|changes| {
            changes::questions(changes, since, now_ms, self.options.changes_days_max)
        });
        days.unwrap_or_else(|| vec![self.export(now_ms)])
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        match Note::deserialize(&answer.request.note) {
            Ok(Note::Day { covers, .. }) => self.read_day(answer, covers, page),
            Ok(Note::Detail { key }) => self.read_detail(answer, &key, page),
            Ok(Note::Export { covers }) => self.read_export(answer, Some(covers), page),
            Err(_) => self.read_export(answer, None, page),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let (row, detail) = merge::row(record)?;
        let said = describe::Said {
            key: &record.id.key,
            row: &row,
            detail: detail.as_ref(),
            contact_persons: self.options.contact_persons,
        };
        match record.id.class {
            Class::DataService => Ok(describe::service(&said)),
            _ => Ok(describe::dataset(&said)),
        }
    }

    fn parts(&self) -> &'static [PartKind] {
        if self.options.changes.is_some() || self.options.details.is_some() {
            &PARTS
        } else {
            &[]
        }
    }

    /// A service is told of on the page of its dataset.
    fn detail(&self, record: &Record) -> Option<Detail> {
        let details = self
            .options
            .details
            .as_ref()
            .filter(|_| record.id.class == Class::Dataset)?;
        let (row, _) = merge::row(record).ok()?;
        let modified = time::instant(row.get(Column::RecordModified));
        let mut url = details.clone();
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .push(&record.id.key);
        let note = Note::Detail {
            key: record.id.key.clone(),
        };
        Some(Detail {
            age: modified.map_or_else(String::new, |time| time.to_rfc3339()),
            request: Request::get(url, "application/json").note(&note),
        })
    }
}

fn hand_out(entry: Entry<'_>, page: &mut dyn Page) -> ControlFlow<Stop> {
    match entry {
        Entry::Row {
            key, serves, raw, ..
        } => {
            page.part(RecordId::dataset(key.as_ref()), ROW, raw)?;
            if serves == Serves::Yes {
                page.part(RecordId::new(Class::DataService, key.as_ref()), ROW, raw)?;
            }
            ControlFlow::Continue(())
        }
        Entry::Refused { at, why } => page.refused(at, why),
    }
}

fn hand_out_change(entry: Entry<'_>, page: &mut dyn Page) -> ControlFlow<Stop> {
    let Entry::Row {
        key,
        serves,
        change,
        raw,
    } = entry
    else {
        return hand_out(entry, page);
    };
    let service = RecordId::new(Class::DataService, key.as_ref());
    if change == Change::Removed {
        page.gone(service)?;
        return page.gone(RecordId::dataset(key.as_ref()));
    }
    page.part(RecordId::dataset(key.as_ref()), CHANGE, raw)?;
    match serves {
        Serves::Yes => page.part(service, CHANGE, raw),
        Serves::No => page.gone(service),
        Serves::Unsaid => ControlFlow::Continue(()),
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
