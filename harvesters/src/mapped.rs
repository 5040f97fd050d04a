//! Connector `mapped`: a source with an interface of its own, added without code. Its configuration says what is asked,
//! where the records stand in the answer (JSON, CSV or XML), and which field of a record means what in DCAT.
//!
//! ```toml
//! [source.options]
//! format = "json"                                   # json, csv or xml
//! id = "id"                                         # where a record's identifier stands
//! iri = "https://a.example/dataset/{id}"            # the dataset's own address, where it has one
//! request = { url = "https://a.example/api?page={page}&size={limit}" }
//! paging = { by = "page", limit = 100 }             # none, page, offset or next
//! answer = { records = "payload.list", total = "payload.count" }
//! [source.options.map]
//! title = "name"
//! "publisher.name" = "agency.name"
//! keyword = { path = "tags", split = "," }
//! [source.options.map.distribution]
//! each = "resources"
//! access_url = "url"
//! ```
//!
//! The words on the left are in [`terms`], the right sides in [`value`], paths in [`path`]; all of it is checked when the
//! configuration is read ([`plan`]). A record is handed out as it came, or as one JSON object where it was a row or an element;
//! so every format shares one description. It maps no word to a controlled term but those the configuration names:
//! that is the vocabulary's work. It knows no incremental runs.
//!
//! Start reading at [`pages`], then [`describe`].

mod csv_form;
mod describe;
mod intake;
mod json_form;
mod lists;
mod pages;
mod path;
mod plan;
mod template;
mod terms;
mod value;
mod xml_form;

use crate::{Answer, Bookmark, Harvester, Kind, Page, ReadError, Record, Request};
use harvestd_vocab::{Class, Description, Refusal};
use plan::Plan;
use serde_json::Value;
use url::Url;

pub const KIND: Kind = Kind {
    name: "mapped",
    about: "any interface in JSON, CSV or XML, by a mapping in the source's own configuration",
    mapping_version: 1,
    pushes: false,
    portal: false,
    open: |settings| {
        Ok(Box::new(Mapped {
            plan: Plan::read(&settings)?,
            source: settings.url,
            record_bytes_max: settings.record_bytes_max,
        }))
    },
};

/// The only part that a record has.
const RECORD: &str = "record";

/// One source.
struct Mapped {
    plan: Plan,
    source: Url,
    record_bytes_max: usize,
}

impl Harvester for Mapped {
    /// Always everything: an interface that nobody knows has no "since" that could be trusted.
    fn begin(&self, _since: Option<&Bookmark>, _now_ms: i64) -> Vec<Request> {
        vec![self.ask_first()]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        self.read_page(answer, page)
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let raw = record.part(RECORD).ok_or_else(|| {
            Refusal::new("no-part", RECORD, "no such part", "a record of the source")
        })?;
        if record.id.class != Class::Dataset {
            let found = record.id.to_string();
            return Err(Refusal::new(
                "not-of-this-kind",
                RECORD,
                &found,
                "a dataset",
            ));
        }
        let value = json(raw)?;
        Ok(describe::describe(&self.plan, &record.id.key, &value))
    }
}

/// A record's JSON, or why it is none.
fn json(raw: &[u8]) -> Result<Value, Refusal> {
    if let Err(e) = std::str::from_utf8(raw) {
        let from = e.valid_up_to();
        let bytes = raw[from..raw.len().min(from + 8)].escape_ascii();
        let found = format!("{bytes} at byte {from} of the record");
        return Err(Refusal::new("invalid-utf-8", RECORD, &found, "UTF-8"));
    }
    match serde_json::from_slice(raw) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(other) => Err(Refusal::new(
            "not-a-record",
            RECORD,
            &other.to_string(),
            "an object",
        )),
        Err(e) => Err(Refusal::new(
            "not-json",
            RECORD,
            &e.to_string(),
            "a JSON object",
        )),
    }
}
