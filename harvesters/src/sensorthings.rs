//! Connector `sensorthings`: a service of the OGC SensorThings API, 1.0 or 1.1, as a catalogue of datasets.
//!
//! A service holds thousands of Things and Datastreams and no dataset at all. Here the service's root is a data
//! service, and all Datastreams of one group of Things (the authority that runs them, unless the settings say
//! otherwise) and one observed property are one dataset.
//!
//! **How a dataset comes together**, though a connector keeps nothing between answers but a note of 4 kB. The service
//! cannot add up: no query of SensorThings gives a bounding box, or the distinct values of a Thing's property. So the
//! Datastreams are walked twice. The first walk reads one pair (group, observed property) of each Datastream and asks
//! one question for every pair that is new to it; its note holds a digest of each pair met ([`find`]). Each such question
//! asks for the Datastreams of its pair alone, by `$filter`; its pages are summed up in a note of bounded size, and the
//! last of them hands out the dataset ([`gather`], [`sums`]). So a service of D Datastreams and G datasets costs some
//! 2·D/1000 + G + 9 questions, more where it gives fewer rows at once: 163 for 4,005 Datastreams by 100 of a server that
//! has to be asked for times as well.
//! Nothing rests on the order in which a service sorts, and no row is trusted to be what was asked for: a Datastream of
//! another pair is passed over. Sorting by group and cutting the stream where the group changes would save one walk;
//! but a service that sorts otherwise than it was asked to would then give datasets that are silently wrong.
//!
//! **What a service can do is asked, not guessed** ([`probe`]), each by one small question before the walk: which form
//! of question it understands, whether it filters, whether `$expand` tells the truth, whether it has any Observation and keeps the times of its
//! Datastreams, whether it answers in CSV and GeoJSON.
//!
//! **1.0 and 1.1.** All that is asked here is the same in both: `@iot.count`, `@iot.nextLink`, Thing.properties, `eq`
//! on a path. 1.1 adds `serverSettings` to the root and `properties` to every entity, which are not read; renamed the
//! encoding of Locations (`application/vnd.geo+json` is `application/geo+json` now: both are read, as is a Location that
//! is an address). In both `phenomenonTime` of a Datastream may be missing ([`times`]). That a filter may look into
//! Thing.properties is in neither text, but in the servers that are in use.
//!
//! It reads no Observation beyond what the probes and a missing extent need, no MultiDatastream, no Sensor.
//!
//! Start reading at [`SensorThings::read`].

mod ask;
mod describe;
mod expand;
mod find;
mod gather;
mod note;
mod options;
mod pages;
mod place;
mod probe;
mod row;
mod say;
mod sums;
mod terms;
#[cfg(test)]
mod tests;
mod times;
mod ways;

use crate::{
    Answer, Bookmark, Harvester, Kind, Page, ReadError, ReadErrorKind, Record, Request, Settings,
    SettingsError,
};
use harvestd_vocab::{Class, Description, Refusal};
use note::{Note, Step};
use options::Options;
use url::Url;

pub const KIND: Kind = Kind {
    name: "sensorthings",
    about: "an OGC SensorThings API service, 1.0 or 1.1: one dataset for each authority and observed property",
    mapping_version: 1,
    pushes: false,
    portal: false,
    open: |settings| Ok(Box::new(SensorThings::new(settings)?)),
};

/// The only part of a dataset: what its Datastreams come to, as JSON of our own ([`gather::Sum`]).
const SUM: &str = "sum";
/// The only part of the service: what was found out about it ([`note::Facts`]).
const FACTS: &str = "facts";

struct SensorThings {
    /// The service's root as it is configured: some answer only with a slash at its end, some only without.
    root: Url,
    options: Options,
    record_bytes_max: usize,
}

impl SensorThings {
    fn new(settings: Settings) -> Result<Self, SettingsError> {
        let mut root = settings.url;
        root.set_query(None);
        root.set_fragment(None);
        Ok(Self {
            options: Options::read(settings.options, &root)?,
            root,
            record_bytes_max: settings.record_bytes_max,
        })
    }
}

impl Harvester for SensorThings {
    /// Always everything: a service does not say which Datastreams have changed.
    fn begin(&self, _since: Option<&Bookmark>, _now_ms: i64) -> Vec<Request> {
        vec![self.question(self.root.clone(), &Note::new(Step::Root))]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        let note: Note =
            serde_json::from_value(answer.request.note.clone()).map_err(|e| not_ours(&e))?;
        if note.v != note::VERSION {
            return Err(not_ours(&format!("a note of version {}", note.v)));
        }
        match note.step {
            Step::Root => self.read_root(answer, page),
            Step::Manner(facts) => self.read_manner(facts, answer, page),
            Step::Few(facts) => self.read_few(facts, answer, page),
            Step::Alone(checked) => self.read_alone(checked, answer, page),
            Step::Observations(facts) => self.read_observations(facts, answer, page),
            Step::Csv(facts) => self.read_csv(facts, answer, page),
            Step::GeoJson(facts) => self.read_geo_json(facts, answer, page),
            Step::Find(found) => self.read_pairs(found, answer, page),
            Step::Gather(gathering) => self.read_datastreams(*gathering, answer, page),
            Step::Earliest(gathering) => {
                self.read_time(*gathering, times::End::Earliest, answer, page)
            }
            Step::Latest(gathering) => self.read_time(*gathering, times::End::Latest, answer, page),
        }
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let (part, expected) = match record.id.class {
            Class::DataService => (FACTS, "the facts of a service"),
            _ => (SUM, "the sum of a dataset's Datastreams"),
        };
        let raw = record
            .part(part)
            .ok_or_else(|| Refusal::new("no-such-part", part, "nothing", expected))?;
        let unreadable =
            |e: serde_json::Error| Refusal::new("not-ours", part, &e.to_string(), expected);
        match record.id.class {
            Class::DataService => {
                Ok(self.describe_service(&serde_json::from_slice(raw).map_err(unreadable)?))
            }
            _ => Ok(self.describe_dataset(
                &record.id.key,
                &serde_json::from_slice(raw).map_err(unreadable)?,
            )),
        }
    }
}

/// The answer to a question that this version of the connector would not have asked.
fn not_ours(found: &dyn std::fmt::Display) -> ReadError {
    ReadError::new(
        ReadErrorKind::Malformed,
        "reading the note of a question",
        found.to_string(),
        format!("a note of version {}", note::VERSION),
    )
}
