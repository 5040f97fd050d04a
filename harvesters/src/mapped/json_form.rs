//! Records of a JSON answer, one by one, and what stands around them. Start reading at [`read`].

use super::{
    intake::Intake,
    pages::Around,
    path::Path,
    plan::{Next, Plan},
    value::text_of,
};
use crate::{
    Location, ReadError, ReadErrorKind,
    json_slices::{Found, Frame, SliceLimits, slices},
};
use serde_json::Value;
use std::io::BufRead;

/// Everything around the records.
const FRAME_BYTES_MAX: usize = 4 << 20;
const DOING: &str = "reading a page of records";

pub(super) fn read(
    plan: &Plan,
    body: &mut dyn BufRead,
    record_bytes_max: usize,
    intake: &mut Intake<'_>,
) -> Result<Around, ReadError> {
    let limits = SliceLimits {
        record_bytes_max,
        frame_bytes_max: FRAME_BYTES_MAX,
    };
    let keys: Vec<&str> = plan.records.iter().map(String::as_str).collect();
    let frame = slices(body, &keys, limits, &mut |found| match found {
        Found::Element(slice) => intake.raw(slice.raw, at(slice.index, slice.offset)),
        Found::TooLarge {
            index,
            offset,
            bytes,
        } => intake.too_large(bytes, at(index, offset)),
    })?;
    let around: Value = serde_json::from_slice(&frame.json).unwrap_or_default();
    if let Some(trouble) = trouble(plan, &frame, &around) {
        return Err(trouble);
    }
    Ok(Around {
        total: first(plan.total.as_ref(), &around).and_then(|text| text.trim().parse().ok()),
        next: match &plan.next {
            Some(Next::Path(path)) => first(Some(path), &around),
            _ => None,
        }
        .filter(|text| !text.trim().is_empty()),
    })
}

/// Why the answer is none: by its own words, or because it has no list where records should be.
fn trouble(plan: &Plan, frame: &Frame, around: &Value) -> Option<ReadError> {
    let success = first(plan.success.as_ref(), around);
    let failed = success.is_some_and(|word| {
        matches!(
            word.trim().to_ascii_lowercase().as_str(),
            "false" | "0" | "no" | "error" | "fail" | "failed"
        )
    });
    let place = match plan.records.is_empty() {
        true => "a list of records".to_owned(),
        false => format!("a list of records at {}", plan.records.join(".")),
    };
    if failed {
        let words = first(plan.error.as_ref(), around);
        let found = words.unwrap_or_else(|| "an answer that says it failed".to_owned());
        return Some(ReadError::new(
            ReadErrorKind::SourceFailed,
            DOING,
            found,
            place,
        ));
    }
    if frame.array_found || is_null_there(plan, around) {
        return None;
    }
    let words = first(plan.error.as_ref(), around);
    let kind = match words {
        Some(_) => ReadErrorKind::SourceFailed,
        None => ReadErrorKind::NotACatalogue,
    };
    let found = words.unwrap_or_else(|| String::from_utf8_lossy(&frame.json).into_owned());
    Some(ReadError::new(kind, DOING, found, place))
}

/// Some sources say null for a list without items.
fn is_null_there(plan: &Plan, around: &Value) -> bool {
    let mut here = around;
    for key in &plan.records {
        match here.get(key) {
            Some(below) => here = below,
            None => return false,
        }
    }
    !plan.records.is_empty() && here.is_null()
}

fn first(path: Option<&Path>, around: &Value) -> Option<String> {
    path?.find(around, around).into_iter().find_map(text_of)
}

fn at(index: u64, offset: u64) -> Location {
    Location {
        index: Some(index),
        offset: Some(offset),
        ..Location::default()
    }
}
