//! Pushed packages: one alone, a list of them, or `{"packages": […], "deleted": [ids]}`. Start at [`read`].

use crate::{
    Answer, Completeness, Location, Page, ReadError, ReadErrorKind, RecordId, Stop,
    ckan::Ckan,
    json_slices::{Found, SliceLimits, slices},
};
use harvestd_vocab::Refusal;
use serde::Deserialize;
use std::{
    io::BufRead,
    ops::ControlFlow::{self, Continue},
};

/// Bytes around the packages: the ids of those that are deleted, most of all.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What stands beside the packages.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Beside {
    deleted: Vec<String>,
    packages: Vec<serde_json::Value>,
}

pub fn read(ckan: &Ckan, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
    let path: &[&str] = if is_list(answer.body)? {
        &[]
    } else {
        &["packages"]
    };
    let limits = SliceLimits {
        record_bytes_max: ckan.record_bytes_max,
        frame_bytes_max: FRAME_BYTES_MAX,
    };
    let mut stopped = false;
    let frame = slices(answer.body, path, limits, &mut |found| {
        let flow = hand_out(ckan, found, page);
        stopped = flow.is_break();
        flow
    })?;
    if stopped {
        return Ok(());
    }
    let flow = if !frame.array_found {
        ckan.hand_out(Location::default(), &frame.json, page)
    } else if path.is_empty() {
        Continue(())
    } else {
        let beside: Beside = serde_json::from_slice(&frame.json).map_err(|e| {
            ReadError::new(
                ReadErrorKind::Malformed,
                "reading what stands beside the packages",
                e.to_string(),
                "{\"packages\": […], \"deleted\": [ids]}",
            )
        })?;
        let mut gone = beside.deleted.into_iter();
        gone.try_for_each(|key| page.gone(RecordId::dataset(key)))
    };
    if flow.is_continue() && frame.array_found {
        let _ = page.complete(Completeness::ClosedDocument);
    }
    Ok(())
}

fn is_list(body: &mut dyn BufRead) -> Result<bool, ReadError> {
    loop {
        let begin = body.fill_buf()?;
        let spaces = begin.iter().take_while(|b| b.is_ascii_whitespace()).count();
        match begin.get(spaces) {
            Some(first) => return Ok(*first == b'['),
            None if begin.is_empty() => return Ok(false),
            None => body.consume(spaces),
        }
    }
}

fn hand_out(ckan: &Ckan, found: Found<'_>, page: &mut dyn Page) -> ControlFlow<Stop> {
    let at = found.at();
    match found {
        Found::Element(slice) => ckan.hand_out(at, slice.raw, page),
        Found::TooLarge { bytes, .. } => {
            let expected = format!("a package of at most {} bytes", ckan.record_bytes_max);
            page.refused(
                at,
                Refusal::new("record-too-large", "", &format!("{bytes} bytes"), expected),
            )
        }
    }
}
