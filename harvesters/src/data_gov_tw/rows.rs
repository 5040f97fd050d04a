//! Which form an answer has, and the rows of the JSON form: exact bytes, and which of them are no rows.
//!
//! Start reading at [`sniff`].

use super::{
    API_SERVICE,
    columns::{Column, Head, salvaged_identifier},
    not_the_export,
};
use crate::{
    Location, ReadError, ReadErrorKind, Stop,
    json_slices::{self, SliceLimits, slices},
};
use harvestd_vocab::Refusal;
use std::{borrow::Cow, collections::BTreeSet, io::BufRead, ops::ControlFlow};

/// What stands at one place of the export.
pub(super) enum Entry<'a> {
    Row {
        key: Cow<'a, str>,
        serves: Serves,
        change: Change,
        raw: &'a [u8],
    },
    Refused {
        at: Location,
        why: Refusal,
    },
}

/// Is the dataset served by an interface?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serves {
    Yes,
    No,
    /// The row leaves it open.
    Unsaid,
}

impl Serves {
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "" => Self::Unsaid,
            API_SERVICE => Self::Yes,
            _ => Self::No,
        }
    }
}

/// What became of a dataset on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The row does not say, as in the export: it is there.
    Unsaid,
    /// It is new, or it is not as it was.
    Says,
    Removed,
}

impl Change {
    const SAYS: [&'static str; 2] = ["資料集上架", "資料集修改"];
    const REMOVED: &'static str = "資料集下架";

    pub(super) fn of(status: &str) -> Result<Self, Refusal> {
        match status {
            "" => Ok(Self::Unsaid),
            Self::REMOVED => Ok(Self::Removed),
            status if Self::SAYS.contains(&status) => Ok(Self::Says),
            other => Err(Refusal::new(
                "unknown-change",
                Column::Change.name(),
                other,
                format!("{} or {}", Self::SAYS.join(", "), Self::REMOVED),
            )),
        }
    }
}

pub(super) type Each<'e> = &'e mut dyn FnMut(Entry<'_>) -> ControlFlow<Stop>;

/// What the operator should know of the whole: codes and texts. None where the run wanted no more.
pub(super) type Notices = Option<Vec<(&'static str, String)>>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Csv => "CSV",
        }
    }

    /// The site itself declares `text/html`, always.
    pub(super) fn is_declared_by(self, media_type: &str) -> bool {
        match self {
            Self::Json => media_type.ends_with("json"),
            Self::Csv => media_type.ends_with("csv"),
        }
    }
}

/// The form of the answer by its first byte, and the number of bytes before it, which are skipped.
pub(super) fn sniff(body: &mut dyn BufRead) -> Result<(Form, u64), ReadError> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let mut offset = 0;
    while let Some(&byte) = body.fill_buf()?.first() {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let is_mark = MARK.get(at) == Some(&byte);
        match byte {
            _ if is_mark => {}
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'[' | b'{' => return Ok((Form::Json, offset)),
            b'<' => {
                return Err(not_the_export(
                    beginning(body)?,
                    "the export in JSON or CSV",
                ));
            }
            _ => return Ok((Form::Csv, offset)),
        }
        body.consume(1);
        offset += 1;
    }
    let found = format!("nothing but {offset} bytes of white space");
    Err(ReadError::new(
        ReadErrorKind::Truncated,
        "reading the export of data.gov.tw",
        found,
        "the export",
    ))
}

/// How something begins that is no export.
fn beginning(body: &mut dyn BufRead) -> Result<String, ReadError> {
    const BEGINNING_BYTES: u64 = 120;
    let mut start = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(body, BEGINNING_BYTES), &mut start)?;
    Ok(format!(
        "an answer that begins with {:?}",
        String::from_utf8_lossy(&start)
    ))
}

/// Rows of a JSON array that begins at `offset`.
pub(super) fn read_json(
    body: &mut dyn BufRead,
    offset: u64,
    record_bytes_max: usize,
    each: Each<'_>,
) -> Result<Notices, ReadError> {
    // An answer that is an object instead of an array says why, shortly.
    const FRAME_BYTES_MAX: usize = 64 * 1024;
    let limits = SliceLimits {
        record_bytes_max,
        frame_bytes_max: FRAME_BYTES_MAX,
    };
    let mut unknown = BTreeSet::new();
    let mut stopped = false;
    let frame = slices(body, &[], limits, &mut |found| {
        let said = each(json_entry(found, offset, record_bytes_max, &mut unknown));
        stopped = said.is_break();
        said
    })?;
    if !frame.array_found {
        let kind = if says_failed(&frame.json) {
            ReadErrorKind::SourceFailed
        } else {
            ReadErrorKind::NotACatalogue
        };
        let found = String::from_utf8_lossy(&frame.json);
        return Err(ReadError::new(
            kind,
            "reading the export of data.gov.tw",
            found,
            "an array of rows",
        ));
    }
    Ok((!stopped).then(|| unknown_columns(&unknown).into_iter().collect()))
}

fn says_failed(frame: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(frame)
        .is_ok_and(|v| v.get("success") == Some(&false.into()))
}

fn json_entry<'a>(
    found: json_slices::Found<'a>,
    begun: u64,
    record_bytes_max: usize,
    unknown: &mut BTreeSet<String>,
) -> Entry<'a> {
    let place = |index, offset: u64, key| Location {
        key,
        index: Some(index),
        offset: Some(begun + offset),
        line: None,
    };
    match found {
        json_slices::Found::TooLarge {
            index,
            offset,
            bytes,
        } => Entry::Refused {
            at: place(index, offset, None),
            why: too_large(bytes, record_bytes_max),
        },
        json_slices::Found::Element(slice) => {
            let head = Head::parse(slice.raw, unknown);
            let head = head.and_then(|head| {
                let key = head.key()?.to_owned();
                Ok((key, Serves::of(head.kind()), Change::of(head.change())?))
            });
            match head {
                Ok((key, serves, change)) => Entry::Row {
                    key: Cow::Owned(key),
                    serves,
                    change,
                    raw: slice.raw,
                },
                Err(why) => Entry::Refused {
                    at: place(slice.index, slice.offset, salvaged_identifier(slice.raw)),
                    why,
                },
            }
        }
    }
}

pub(super) fn too_large(bytes: u64, record_bytes_max: usize) -> Refusal {
    Refusal::new(
        "too-large",
        "",
        &format!("a row of {bytes} bytes"),
        format!("at most {record_bytes_max} bytes"),
    )
}

pub(super) fn unknown_columns(unknown: &BTreeSet<String>) -> Option<(&'static str, String)> {
    let names = || {
        unknown
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    (!unknown.is_empty()).then(|| ("unknown-column", names()))
}
