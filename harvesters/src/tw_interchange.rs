//! Connector `tw_interchange`: platforms that answer the 政府資料開放跨平臺介接規範, version 1 (`/rest/dataset`).
//!
//! A run asks for the identifiers of all datasets (or of those changed since the bookmark), makes sure that the list ended where it
//! seemed to end, and then asks for each dataset by its identifier: [`listing`], then [`dataset`].
//!
//! What the platforms do and the standard does not say: `success` is the truth, whatever the status; keys are spelt
//! `publisherOID`, `publisherOid` or `publisheroid`; fields have the names of the metadata standard of 2015 or of its
//! successor; an answer may stand in an array of one; identifiers break the standard's own pattern, so none is refused for its form.
//!
//! It holds no key: a platform that wants one gets it by a header of the source (`Authorization`). What a dataset
//! says is mapped in [`describe`].

mod agent;
mod dataset;
mod describe;
mod envelope;
mod fields;
mod listing;

use crate::{
    Answer, Bookmark, Harvester, Kind, Page, ReadError, ReadErrorKind, Record, Request, Settings,
    SettingsError,
};
use harvestd_vocab::{Class, Description, Refusal};
use listing::List;
use serde::{Deserialize, Serialize};
use url::Url;

pub const KIND: Kind = Kind {
    name: "tw_interchange",
    about: "platforms of Taiwan's 政府資料開放跨平臺介接規範 v1: /rest/dataset, then each dataset",
    mapping_version: 2,
    pushes: false,
    portal: false,
    open: |settings| Ok(Box::new(Interchange::open(settings)?)),
};

/// Part of a dataset's record: the result as the platform gave it.
const DATASET: &str = "dataset";
/// Part of an agent's record: what the datasets say of it.
const PUBLISHER: &str = "publisher";

/// The `[source.options]` of a source of this kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Identifiers a page. 0: the first question asks for all of them, as the standard promises.
    limit: u64,
    /// How changes are asked for.
    modified: Modified,
    /// How far before the bookmark an incremental run begins: clocks differ, and some platforms count in days.
    overlap_minutes: i64,
    /// Describe contact persons by name, telephone and mail: personal data, left out unless asked for.
    contact_persons: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Modified {
    /// `?modified=2026-11-20T12:00:00+08:00`, as the standard has it.
    DateTime,
    /// `?modified=2026-11-20`.
    Date,
    /// Not at all: every run is a full one.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limit: 0,
            modified: Modified::DateTime,
            overlap_minutes: 24 * 60,
            contact_persons: false,
        }
    }
}

/// One platform.
struct Interchange {
    /// Where the datasets are: `…/rest/dataset`, without a slash at its end.
    datasets: Url,
    options: Options,
    record_bytes_max: usize,
}

/// What was asked, and all that must be remembered until the answer comes. The tag is the note's version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case")]
enum Note {
    List(List),
    Dataset(dataset::Asked),
}

impl Interchange {
    fn open(settings: Settings) -> Result<Self, SettingsError> {
        let refused = |key: &str, found: String, expected: &str| SettingsError {
            key: key.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let options = match settings.options {
            serde_json::Value::Null => Options::default(),
            table => serde_json::from_value(table).map_err(|e| {
                let expected =
                    "limit, modified (date_time, date or never), overlap_minutes, contact_persons";
                refused("options", e.to_string(), expected)
            })?,
        };
        // One identifier a page could not overlap with the next.
        if options.limit == 1 || options.limit > 1_000_000 {
            let found = options.limit.to_string();
            let expected = "0, or 2 to 1000000 identifiers a page";
            return Err(refused("options.limit", found, expected));
        }
        if !(0..=525_600).contains(&options.overlap_minutes) {
            let found = options.overlap_minutes.to_string();
            return Err(refused(
                "options.overlap_minutes",
                found,
                "0 to 525600 minutes",
            ));
        }
        let datasets = datasets_of(&settings.url).ok_or_else(|| {
            let expected =
                "an http(s) address that ends in /rest/dataset, or what stands before it";
            refused("url", settings.url.to_string(), expected)
        })?;
        Ok(Self {
            datasets,
            options,
            record_bytes_max: settings.record_bytes_max,
        })
    }
}

/// The address of the datasets, from theirs or from that of the whole interface.
fn datasets_of(configured: &Url) -> Option<Url> {
    const SUFFIX: &str = "/rest/dataset";
    if !matches!(configured.scheme(), "http" | "https") {
        return None;
    }
    let mut url = configured.clone();
    url.set_query(None);
    url.set_fragment(None);
    let path = configured.path().trim_end_matches('/');
    match path.ends_with(SUFFIX) {
        true => url.set_path(path),
        false => url.set_path(&format!("{path}{SUFFIX}")),
    }
    Some(url)
}

impl Harvester for Interchange {
    fn begin(&self, since: Option<&Bookmark>, now_ms: i64) -> Vec<Request> {
        vec![self.ask_first(since, now_ms)]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let note = Note::deserialize(&answer.request.note).map_err(|e| {
            let found = format!("{} ({e})", answer.request.note);
            let doing = "reading the connector's own note";
            ReadError::new(
                ReadErrorKind::Malformed,
                doing,
                found,
                "a note of version 1",
            )
        })?;
        match note {
            Note::List(list) => self.read_list(list, answer, page),
            Note::Dataset(asked) => self.read_dataset(&asked, answer, page),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let (part, raw) = record.parts.first().ok_or_else(|| {
            let expected = "what the platform says of a dataset";
            Refusal::new("no-part", DATASET, "a record without parts", expected)
        })?;
        let value = fields::json(part, raw)?;
        match record.id.class {
            Class::Dataset => Ok(self.describe_dataset(&record.id.key, &value)),
            Class::Agent => self.describe_agent(&value),
            _ => Err(Refusal::new(
                "not-of-this-kind",
                DATASET,
                &record.id.to_string(),
                "a dataset or an agent",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_address_of_the_datasets() {
        for (configured, expected) in [
            (
                "https://a.example/OdService/rest/dataset",
                "https://a.example/OdService/rest/dataset",
            ),
            (
                "https://a.example/API/v1/rest/dataset/?x=1",
                "https://a.example/API/v1/rest/dataset",
            ),
            (
                "https://a.example/API/v1",
                "https://a.example/API/v1/rest/dataset",
            ),
            ("https://a.example/", "https://a.example/rest/dataset"),
        ] {
            let found = datasets_of(&configured.parse().unwrap()).unwrap();
            assert_eq!(found.as_str(), expected);
        }
        assert!(datasets_of(&"ftp://a.example/".parse().unwrap()).is_none());
    }
}
