//! Pages of Datastreams: their rows, what stands around them, and the way to the next one.
//!
//! `@iot.nextLink` is followed byte for byte: servers escape it themselves, some with `+` for spaces, and answer
//! "bad request" to one that was escaped again. Only what may not stand in a URL at all (spaces, quotes, letters beyond
//! ASCII, which some servers leave) is escaped when it is read. No question leaves the configured host: a link to a host
//! under which the service was known before is rewritten to the configured scheme, host and port, its path and query
//! untouched; any other is refused. Start at [`SensorThings::read_page`].

use super::{SensorThings, row::Row};
use crate::{
    Answer, Page, ReadError, ReadErrorKind, Stop,
    json_slices::{Found, SliceLimits, slices},
};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use url::Url;

/// How far a walk has come. Goes from page to page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) rows: u64,
    /// The least that any page declared.
    pub(super) declared: Option<u64>,
    /// Digest of the rows of the page before.
    last_page: String,
}

#[derive(Debug, Default, Deserialize)]
struct Around {
    #[serde(rename = "@iot.count")]
    count: Option<u64>,
    #[serde(rename = "@iot.nextLink")]
    next: Option<String>,
}

const DOING: &str = "paging through the Datastreams";

impl SensorThings {
    /// Hands out the rows of a page. Returns the address of the next one; None after the last.
    pub(super) fn read_page(
        &self,
        walk: &mut Walk,
        answer: Answer<'_>,
        page: &mut dyn Page,
        each: &mut dyn FnMut(&Row, &mut dyn Page) -> ControlFlow<Stop>,
    ) -> Result<ControlFlow<Stop, Option<Url>>, ReadError> {
        let limits = SliceLimits {
            record_bytes_max: self.record_bytes_max,
            frame_bytes_max: self.record_bytes_max,
        };
        let (mut hasher, mut stopped) = (blake3::Hasher::new(), false);
        let frame = slices(answer.body, &["value"], limits, &mut |found| {
            let said = match readable(found, &mut hasher) {
                Ok(row) => each(&row, page),
                Err(why) => page.noticed("unreadable-datastream", why),
            };
            stopped = said.is_break();
            said
        })?;
        if stopped {
            return Ok(ControlFlow::Break(Stop));
        }
        if !frame.array_found {
            let found = String::from_utf8_lossy(&frame.json);
            let expected = "a list of Datastreams under \"value\"";
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                DOING,
                found,
                expected,
            ));
        }
        let around: Around = serde_json::from_slice(&frame.json).map_err(|e| {
            let expected = "@iot.count as a number, @iot.nextLink as a text";
            ReadError::new(ReadErrorKind::Malformed, DOING, e.to_string(), expected)
        })?;
        walk.rows += frame.elements;
        let least = |count| walk.declared.map_or(count, |least: u64| least.min(count));
        walk.declared = around.count.map(least).or(walk.declared);
        let next = match around.next {
            Some(link) => {
                Some(self.turn(walk, frame.elements, &hasher, &link, &answer.request.url)?)
            }
            None => self.last_page(walk).map(|()| None)?,
        };
        Ok(ControlFlow::Continue(next))
    }

    /// The next page, unless the pages lead nowhere.
    fn turn(
        &self,
        walk: &mut Walk,
        rows: u64,
        hasher: &blake3::Hasher,
        link: &str,
        asked: &Url,
    ) -> Result<Url, ReadError> {
        let digest = hasher.finalize().to_hex()[..16].to_owned();
        if rows == 0 || digest == walk.last_page {
            let which = if rows == 0 {
                "an empty page"
            } else {
                "the page before it again"
            };
            let found = format!(
                "{which} after {} Datastreams, with a next one: {link}",
                walk.rows
            );
            let expected = "pages that come to an end";
            return Err(ReadError::new(
                ReadErrorKind::Malformed,
                DOING,
                found,
                expected,
            ));
        }
        walk.last_page = digest;
        self.next_address(link, asked)
    }

    /// As many as were declared must have come.
    fn last_page(&self, walk: &Walk) -> Result<(), ReadError> {
        match walk.declared {
            Some(declared) if walk.rows < declared => Err(ReadError::new(
                ReadErrorKind::Truncated,
                DOING,
                format!("{} Datastreams, and no next page", walk.rows),
                format!("the {declared} of @iot.count"),
            )),
            _ => Ok(()),
        }
    }

    fn next_address(&self, link: &str, asked: &Url) -> Result<Url, ReadError> {
        let refused = |expected: String| {
            ReadError::new(
                ReadErrorKind::Malformed,
                "following @iot.nextLink",
                link,
                expected,
            )
        };
        let given = asked
            .join(link)
            .map_err(|e| refused(format!("an address ({e})")))?;
        let known = |host: &str| {
            self.root.host_str() == Some(host)
                || self
                    .options
                    .legacy_hosts
                    .iter()
                    .any(|legacy| legacy == host)
        };
        if !matches!(given.scheme(), "http" | "https") || !given.host_str().is_some_and(known) {
            let ours = self.root.host_str().unwrap_or_default();
            return Err(refused(format!(
                "an address at {ours}, or at a host that options.legacy_hosts names"
            )));
        }
        let next = match link.split_once("://") {
            // Nothing but what stands before the path is another.
            Some((_, rest)) => {
                let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
                let origin = self.root.origin().ascii_serialization();
                Url::parse(&format!("{origin}{path}"))
                    .map_err(|e| refused(format!("an address ({e})")))?
            }
            None => given,
        };
        if next == *asked {
            return Err(refused("another page than the one that says so".to_owned()));
        }
        Ok(next)
    }
}

fn readable(found: Found<'_>, hasher: &mut blake3::Hasher) -> Result<Row, String> {
    match found {
        Found::Element(slice) => {
            hasher.update(slice.raw);
            Row::parse(slice.raw)
                .ok_or_else(|| format!("element {} of the page is no JSON object", slice.index))
        }
        Found::TooLarge { index, bytes, .. } => {
            hasher.update(&bytes.to_le_bytes());
            Err(format!("element {index} of the page has {bytes} bytes"))
        }
    }
}
