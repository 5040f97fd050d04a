//! The small questions that come before the walk: what is this service, and what can it do?
//!
//! Only the root and the first form of question must be answered. What a service refuses beyond them, it cannot do.
//! Start reading at [`SensorThings::read_root`]; each answer asks the next question.

use super::{
    FACTS, SensorThings,
    ask::MANNERS,
    note::{Facts, Note, Step, Version},
};
use crate::{
    Answer, Page, ReadError, ReadErrorKind, RecordId, Request, Stop,
    json_slices::{Found, SliceLimits, slices},
};
use harvestd_vocab::Class;
use serde::Deserialize;
use serde_json::Value;
use std::{
    io::{BufRead, Read},
    ops::ControlFlow::{self, Break},
};

/// More than any root or error has.
const SMALL_BYTES_MAX: u64 = 1 << 20;

#[derive(Deserialize)]
struct Root {
    value: Vec<Named>,
    #[serde(rename = "serverSettings", default)]
    settings: ServerSettings,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServerSettings {
    conformance: Vec<String>,
}

impl SensorThings {
    pub(super) fn read_root(
        &self,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        const EXPECTED: &str = "a list of entity sets, Datastreams among them";
        let refused = |found: &str| {
            let doing = "reading the root of the service";
            ReadError::new(ReadErrorKind::NotACatalogue, doing, found, EXPECTED)
        };
        let mut body = Vec::new();
        answer.body.take(SMALL_BYTES_MAX).read_to_end(&mut body)?;
        let root: Root = serde_json::from_slice(&body).map_err(|e| {
            let beginning = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
            refused(&format!("{e}, in an answer that begins with {beginning:?}"))
        })?;
        let has = |set: &str| root.value.iter().any(|named| named.name == set);
        if !has("Datastreams") {
            let names: Vec<_> = root.value.iter().map(|named| named.name.as_str()).collect();
            return Err(refused(&format!("{names:?}")));
        }
        if has("MultiDatastreams") {
            let text = "the service has MultiDatastreams as well: they are not read".to_owned();
            if page.noticed("multi-datastreams-not-read", text).is_break() {
                return Ok(());
            }
        }
        let facts = Facts::of(self.version(&root.settings.conformance));
        let _stopped = page.next(self.ask_manner(facts));
        Ok(())
    }

    /// By the address, which ends with the version in both specifications; by the conformance classes where a proxy hides it.
    fn version(&self, conformance: &[String]) -> Version {
        let mut segments = self.root.path_segments().into_iter().flatten().rev();
        match segments.find(|segment| !segment.is_empty()) {
            Some("v1.0") => Version::V1_0,
            Some("v1.1") => Version::V1_1,
            _ if conformance
                .iter()
                .any(|class| class.contains("/iot_sensing/1.1/")) =>
            {
                Version::V1_1
            }
            _ => Version::V1_0,
        }
    }

    fn ask_manner(&self, facts: Facts) -> Request {
        let filter = self.filter("", &self.pair_of_nobody());
        // Nothing to filter by: any filter shows whether the form is understood, and this is not the walk's question.
        let filter =
            filter.unwrap_or_else(|| "name eq 'harvestd: nobody has this name'".to_owned());
        Request {
            any_status: true,
            ..self.ask_pairs(&facts, Some(&filter), &Note::new(Step::Manner(facts)))
        }
    }

    /// The form of the question was understood if no Datastream came: nobody has these names.
    pub(super) fn read_manner(
        &self,
        mut facts: Facts,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        const DOING: &str = "asking for Datastreams by the names of group and observed property";
        let expected = || {
            let by = &self.options.group_by;
            format!(
                "a service that filters by Thing/properties/{by}; options.group_by = \"\" asks for no group"
            )
        };
        let status = answer.status;
        if matches!(status, 400 | 413 | 414 | 422 | 501) && facts.manner + 1 < MANNERS.len() {
            let without = if facts.manner == 0 {
                "$top"
            } else {
                "$orderby and $select"
            };
            let text = format!(
                "status {status} to the question as it was asked; asked again without {without}"
            );
            facts.manner += 1;
            if page.noticed("question-refused", text).is_continue() {
                let _stopped = page.next(self.ask_manner(facts));
            }
            return Ok(());
        }
        if !is_success(status) {
            let found = format!("status {status}: {}", beginning(answer.body)?);
            return Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                DOING,
                found,
                expected(),
            ));
        }
        if let Some(row) = self.first_of(answer.body, DOING)? {
            let found = format!("a Datastream of others, so the filter is ignored: {row}");
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                DOING,
                found,
                expected(),
            ));
        }
        let _stopped = page.next(self.ask_few(facts));
        Ok(())
    }

    pub(super) fn ask_observation(&self, facts: Facts) -> Request {
        let mut parameters = vec![("$top", "1"), ("$count", "false")];
        if facts.manner().selects {
            parameters.extend([
                ("$select", "phenomenonTime"),
                ("$expand", "Datastream($select=phenomenonTime)"),
            ]);
        } else {
            parameters.push(("$expand", "Datastream"));
        }
        let url = self.address("Observations", &parameters);
        let question = self.question(url, &Note::new(Step::Observations(facts)));
        Request {
            any_status: true,
            ..question
        }
    }

    /// One Observation with its Datastream says two things: there is one, and whether Datastreams know their times.
    pub(super) fn read_observations(
        &self,
        mut facts: Facts,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        if is_success(answer.status) {
            let first = self.first_of(answer.body, "asking for one Observation")?;
            facts.observations = Some(first.is_some());
            facts.times = first.is_none_or(|row| {
                row.pointer("/Datastream/phenomenonTime")
                    .is_some_and(Value::is_string)
            });
        } else {
            let text = format!("status {} to a question for one Observation", answer.status);
            if page.noticed("observations-refused", text).is_break() {
                return Ok(());
            }
        }
        let _stopped = page.next(self.ask_format("CSV", Step::Csv(facts)));
        Ok(())
    }

    /// A format that is not in the specification: a service that does not know it refuses it, or answers in JSON.
    fn ask_format(&self, format: &str, step: Step) -> Request {
        let url = self.address(
            "Datastreams",
            &[
                ("$top", "1"),
                ("$select", "name"),
                ("$resultFormat", format),
            ],
        );
        Request {
            any_status: true,
            accept: "*/*".to_owned(),
            ..self.question(url, &Note::new(step))
        }
    }

    pub(super) fn read_csv(
        &self,
        mut facts: Facts,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let said = answer
            .media_type
            .as_deref()
            .is_some_and(|declared| declared.contains("csv"));
        let text = beginning(answer.body)?;
        facts.csv = is_success(answer.status) && said && !text.starts_with(['{', '[', '<']);
        let _stopped = page.next(self.ask_format("GeoJSON", Step::GeoJson(facts)));
        Ok(())
    }

    pub(super) fn read_geo_json(
        &self,
        mut facts: Facts,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let mut body = Vec::new();
        answer.body.take(SMALL_BYTES_MAX).read_to_end(&mut body)?;
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let is_features = document.get("type").and_then(Value::as_str) == Some("FeatureCollection");
        facts.geo_json = is_success(answer.status) && is_features;
        let _stopped = self.known(facts, page);
        Ok(())
    }

    /// Everything is known of the service that will be: the walk begins.
    fn known(&self, facts: Facts, page: &mut dyn Page) -> ControlFlow<Stop> {
        let raw = serde_json::to_vec(&facts).unwrap_or_default();
        page.part(
            RecordId::new(Class::DataService, self.root.as_str()),
            FACTS,
            &raw,
        )?;
        page.next(self.ask_first_pairs(facts))
    }

    /// The first entity of an answer, if there is one.
    pub(super) fn first_of(
        &self,
        body: &mut dyn BufRead,
        doing: &str,
    ) -> Result<Option<Value>, ReadError> {
        let limits = SliceLimits {
            record_bytes_max: self.record_bytes_max,
            frame_bytes_max: self.record_bytes_max,
        };
        let mut first = None;
        let frame = slices(body, &["value"], limits, &mut |found| {
            first = Some(match found {
                Found::Element(slice) => serde_json::from_slice(slice.raw).unwrap_or_default(),
                Found::TooLarge { .. } => Value::Null,
            });
            Break(Stop)
        })?;
        if first.is_none() && !frame.array_found {
            let found = String::from_utf8_lossy(&frame.json);
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                doing,
                found,
                "a list under \"value\"",
            ));
        }
        Ok(first)
    }
}

/// What a person needs to see of an answer that was not expected.
fn beginning(body: &mut dyn BufRead) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    body.take(300).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes)
        .trim_start_matches('\u{feff}')
        .trim()
        .to_owned())
}

pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
