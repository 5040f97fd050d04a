//! The way around a search that does not work: every name by `package_list`, every package by `package_show`.
//!
//! It costs one question a package and knows no bookmark: each such run is a full one. What a name's answer lacks is
//! that package's own trouble; only a portal that is down or refuses everybody ends the run.
//! Start reading at [`Ckan::read_names`].

use super::{Ckan, Envelope, Note, complaint_of, is_success};
use crate::{
    Answer, Completeness, Location, Page, ReadError, ReadErrorKind, RecordId, Request, Stop,
    json_slices::{Found, SliceLimits, slices},
};
use harvestd_vocab::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::HashSet,
    io::Read,
    ops::ControlFlow::{self, Continue},
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Show {
    name: String,
    /// The last name of the list: its answer ends the run.
    last: bool,
}

impl Ckan {
    pub(super) fn ask_names(&self) -> Request {
        Request {
            any_status: true,
            ..self.question("package_list", &[], &Note::Names)
        }
    }

    fn ask_package(&self, name: &str, last: bool) -> Request {
        let note = Note::Show(Show {
            name: name.to_owned(),
            last,
        });
        Request {
            any_status: true,
            ..self.question("package_show", &[("id", name)], &note)
        }
    }

    pub(super) fn read_names(
        &self,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        const DOING: &str = "listing the portal's packages";
        const EXPECTED: &str = "package_list with the names of all packages";
        if !is_success(answer.status) {
            let kind = if matches!(answer.status, 404 | 405 | 410) {
                ReadErrorKind::NotACatalogue
            } else {
                ReadErrorKind::SourceFailed
            };
            return Err(ReadError::new(
                kind,
                DOING,
                complaint_of(answer.status, answer.body),
                EXPECTED,
            ));
        }
        let limits = SliceLimits {
            record_bytes_max: self.record_bytes_max,
            frame_bytes_max: self.record_bytes_max,
        };
        let mut names = Vec::new();
        let mut met = HashSet::new();
        let mut refusals = Vec::new();
        let frame = slices(answer.body, &["result"], limits, &mut |found| {
            match name_of(found) {
                Ok(name) if met.insert(name.clone()) => names.push(name),
                Ok(_) => {}
                Err(refusal) => refusals.push(refusal),
            }
            Continue(())
        })?;
        if !frame.array_found {
            let found = Envelope::of(&frame.json).complaint();
            return Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                DOING,
                found,
                EXPECTED,
            ));
        }
        let told = |page: &mut dyn Page| -> ControlFlow<Stop> {
            page.declares((names.len() + refusals.len()) as u64)?;
            for (at, why) in refusals {
                page.refused(at, why)?;
            }
            for (index, name) in names.iter().enumerate() {
                page.next(self.ask_package(name, index + 1 == names.len()))?;
            }
            if names.is_empty() {
                page.complete(Completeness::LastPage)?;
            }
            Continue(())
        };
        let _stopped = told(page);
        Ok(())
    }

    pub(super) fn read_package(
        &self,
        show: &Show,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        if matches!(answer.status, 429 | 503) {
            return Err(ReadError::new(
                ReadErrorKind::SourceFailed,
                format!("asking for the package {}", show.name),
                complaint_of(answer.status, answer.body),
                "a portal that answers",
            ));
        }
        let at = Location::default();
        let said = match self.shown(show, answer)? {
            Shown::Package(raw) => self.hand_out(at, raw.get().as_bytes(), page),
            Shown::Gone => page.gone(RecordId::dataset(&show.name)),
            Shown::Unreadable(why) => page.refused(at, why),
        };
        if said.is_continue() && show.last {
            let _stopped = page.complete(Completeness::LastPage);
        }
        Ok(())
    }

    fn shown(&self, show: &Show, answer: Answer<'_>) -> Result<Shown, ReadError> {
        let path = format!("package_show?id={}", show.name);
        if matches!(answer.status, 401 | 403 | 404 | 410) {
            return Ok(Shown::Gone);
        }
        if !is_success(answer.status) {
            let found = complaint_of(answer.status, answer.body);
            return Ok(Shown::Unreadable(Refusal::new(
                "source-failed",
                path,
                &found,
                "the package",
            )));
        }
        let bytes_max = self.record_bytes_max.saturating_add(64 * 1024);
        let mut body = Vec::new();
        answer
            .body
            .take(bytes_max as u64 + 1)
            .read_to_end(&mut body)?;
        if body.len() > bytes_max {
            let expected = format!("at most {} bytes", self.record_bytes_max);
            return Ok(Shown::Unreadable(Refusal::new(
                "record-too-large",
                path,
                "a longer answer",
                expected,
            )));
        }
        #[derive(Deserialize)]
        struct Answered {
            result: Option<Box<RawValue>>,
        }
        Ok(match serde_json::from_slice::<Answered>(&body) {
            Ok(Answered { result: Some(raw) }) if raw.get() != "null" => Shown::Package(raw),
            Ok(_) => {
                let found = Envelope::of(&body).complaint();
                Shown::Unreadable(Refusal::new("source-failed", path, &found, "a result"))
            }
            Err(e) => {
                let beginning = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
                let found = format!("{e}, in an answer that begins with {beginning:?}");
                Shown::Unreadable(Refusal::new(
                    "not-json",
                    path,
                    &found,
                    "a JSON object with a result",
                ))
            }
        })
    }
}

/// What `package_show` gave for a name.
enum Shown {
    Package(Box<RawValue>),
    /// Deleted, or hidden since the list was made. The key is not known any more; the name stands for it.
    Gone,
    Unreadable(Refusal),
}

fn name_of(found: Found<'_>) -> Result<String, (Location, Refusal)> {
    let expected = "a name of 1 to 1000 bytes";
    let (index, offset, shown) = match found {
        Found::Element(slice) => {
            let name = serde_json::from_slice::<String>(slice.raw).ok();
            match name.filter(|n| (1..=1000).contains(&n.len())) {
                Some(name) => return Ok(name),
                None => (
                    slice.index,
                    slice.offset,
                    String::from_utf8_lossy(slice.raw).into_owned(),
                ),
            }
        }
        Found::TooLarge {
            index,
            offset,
            bytes,
        } => (index, offset, format!("{bytes} bytes")),
    };
    let at = Location {
        index: Some(index),
        offset: Some(offset),
        ..Location::default()
    };
    Err((
        at,
        Refusal::new("no-identifier", "package_list", &shown, expected),
    ))
}
