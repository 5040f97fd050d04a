//! The walk through `package_search`.
//!
//! **The order** is by `id`: the only field that never changes. Sorted by date, a package that is edited during the
//! walk jumps over the reader, and a page may skip one that nobody touched. Sorted by id, only a deletion (or an
//! insertion) before the reader's place moves the rest, and that shows: every page begins with the row that the page
//! before ended with. Where it does not, the walk steps back until it meets what it knows.
//!
//! **Proof.** Ids that rise from page to page are different without anybody remembering them. So a walk is complete
//! when each page joined the one before, the last one was reached, and at least as many different ids came as the
//! portal ever declared meanwhile. A portal that does not sort can prove nothing beyond one page.
//!
//! **Changes** are asked for by `metadata_modified`, somewhat before the bookmark. A portal that ignores the filter
//! gives its whole catalogue, and is then read as such.
//!
//! Start reading at [`Ckan::read_head`], then [`Ckan::read_page`].

mod rows;
mod walk;

use super::{Ckan, Envelope, Note, complaint_of, is_success};
use crate::{
    Answer, Bookmark, Page, ReadError, ReadErrorKind, Request, Stop,
    json_slices::{Found, Frame, SliceLimits, slices},
};
use chrono::{DateTime, Duration, NaiveDateTime};
use rows::{Read, Rows};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::ControlFlow::{self, Break, Continue};
use walk::Changes;
pub(super) use walk::Walk;

/// The question that comes first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    /// The bookmark of the last complete run.
    since: Option<String>,
    /// When the run began: a package dated into the future must not become the bookmark.
    #[serde(default)]
    began: Option<String>,
    /// Asks the portal, too, for changes up to now only.
    bounded: bool,
}

impl Head {
    pub(super) fn new(since: Option<&Bookmark>, now_ms: i64) -> Self {
        let began = DateTime::from_timestamp_millis(now_ms);
        Self {
            since: since.map(|b| b.0.clone()),
            began: began.map(|began| written(began.naive_utc())),
            bounded: true,
        }
    }
}

impl Ckan {
    pub(super) fn ask_head(&self, head: Head) -> Request {
        let fq = self.filter(
            head.bounded
                .then_some("+metadata_modified:[* TO NOW]".to_owned()),
        );
        let mut parameters = vec![
            ("rows", "1"),
            ("start", "0"),
            ("sort", "metadata_modified desc"),
        ];
        parameters.extend(fq.as_deref().map(|fq| ("fq", fq)));
        let asked = self.question("package_search", &parameters, &Note::Head(head.clone()));
        Request {
            any_status: true,
            ..asked
        }
    }

    fn ask_page(&self, walk: Walk) -> Request {
        let (rows, start) = (self.options.rows.to_string(), walk.start.to_string());
        let fq = self.filter(
            walk.changes
                .as_ref()
                .map(|c| format!("+metadata_modified:[{}Z TO *]", c.from)),
        );
        let mut parameters = vec![
            ("rows", rows.as_str()),
            ("start", start.as_str()),
            ("sort", "id asc"),
        ];
        parameters.extend(fq.as_deref().map(|fq| ("fq", fq)));
        // A portal may refuse the filter; it may not refuse the catalogue.
        let any_status = walk.changes.is_some() && walk.start == 0;
        Request {
            any_status,
            ..self.question("package_search", &parameters, &Note::Walk(walk.clone()))
        }
    }

    /// The filter query: the source's own, its organisations, and one more.
    fn filter(&self, more: Option<String>) -> Option<String> {
        let one_of = |names: &[String]| {
            let quoted = names
                .iter()
                .map(|n| format!("\"{}\"", n.replace('\\', "\\\\").replace('"', "\\\"")));
            format!("organization:({})", quoted.collect::<Vec<_>>().join(" OR "))
        };
        let (include, exclude) = (
            &self.options.organisations_include,
            &self.options.organisations_exclude,
        );
        let parts = [
            self.options.fq.clone(),
            (!include.is_empty()).then(|| format!("+{}", one_of(include))),
            (!exclude.is_empty()).then(|| format!("-{}", one_of(exclude))),
            more,
        ];
        let fq = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!fq.is_empty()).then_some(fq)
    }

    pub(super) fn read_head(
        &self,
        head: Head,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        if !is_success(answer.status) {
            let failure = complaint_of(answer.status, answer.body);
            return self.without_head(head, answer.status, failure, page);
        }
        let mut newest = None;
        let frame = self.results(answer.body, &mut |found| {
            if let Found::Element(slice) = found {
                let package: Option<Value> = serde_json::from_slice(slice.raw).ok();
                newest = package.as_ref().and_then(modified).or(newest.take());
            }
            Continue(())
        })?;
        let found = Declared::of(&frame);
        if !found.success || !frame.array_found {
            return self.without_head(head, answer.status, found.complaint, page);
        }
        let newest = newest.map(|newest| match &head.began {
            Some(began) => newest.min(began.clone()),
            None => newest,
        });
        let _stopped = self.begin_walk(head, newest.as_deref(), found.count, page);
        Ok(())
    }

    /// The search failed: it is asked more simply, then done without, unless the portal turns everybody away.
    fn without_head(
        &self,
        head: Head,
        status: u16,
        failure: String,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let expected = match status {
            401 | 403 => "an open package_search, or a key in the source's headers",
            429 | 503 => "a portal that answers",
            500.. if !head.bounded => "a result",
            _ => {
                let _stopped = self.ask_otherwise(head, status, &failure, page);
                return Ok(());
            }
        };
        let doing = "asking package_search for the newest change";
        Err(ReadError::new(
            ReadErrorKind::SourceFailed,
            doing,
            failure,
            expected,
        ))
    }

    fn ask_otherwise(&self, head: Head, status: u16, failure: &str, page: &mut dyn Page) -> Said {
        if head.bounded && status != 404 {
            let bounded = false;
            return page.next(self.ask_head(Head { bounded, ..head }));
        }
        let text = format!("package_search: {failure}; the packages are asked for one by one");
        page.noticed("search-unavailable", text)?;
        page.next(self.ask_names())
    }

    fn begin_walk(
        &self,
        head: Head,
        newest: Option<&str>,
        total: Option<u64>,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        let changes = match &head.since {
            None => None,
            Some(since) => match moment(since) {
                Some(moment) => Some(Changes {
                    from: to_the_second(moment - Duration::minutes(self.options.overlap_minutes)),
                    since: written(moment),
                }),
                None => {
                    page.noticed(
                        "bookmark-unreadable",
                        format!("{since:?}: the whole catalogue is read"),
                    )?;
                    None
                }
            },
        };
        page.next(self.ask_page(Walk::new(changes, newest.map(str::to_owned), total)))
    }

    pub(super) fn read_page(
        &self,
        walk: Walk,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        const DOING: &str = "reading a page of package_search";
        let first_of_changes = walk.changes.is_some() && walk.start == 0;
        let failure = if !is_success(answer.status) {
            complaint_of(answer.status, answer.body)
        } else {
            let mut rows = Rows::new(self, walk.clone(), page);
            let frame = self.results(answer.body, &mut |found| rows.row(found))?;
            let declared = Declared::of(&frame);
            match rows.end() {
                Read::Stopped => return Ok(()),
                // Only a whole answer can say that it failed.
                Read::Whole(_) | Read::NotJoined(_) if !(declared.success && frame.array_found) => {
                    declared.complaint
                }
                Read::NotJoined(walk) | Read::StepBack(walk) => {
                    let _stopped = page.next(self.ask_page(walk));
                    return Ok(());
                }
                Read::Whole(arrived) => {
                    let _stopped = self.after_page(walk, arrived, &frame, declared.count, page);
                    return Ok(());
                }
            }
        };
        if first_of_changes && answer.status < 500 {
            let text = format!("{failure}; the whole catalogue is read");
            if page.noticed("filter-refused", text).is_continue() {
                let _stopped = page.next(self.ask_page(walk.without_filter()));
            }
            return Ok(());
        }
        Err(ReadError::new(
            ReadErrorKind::SourceFailed,
            DOING,
            failure,
            "packages in result.results",
        ))
    }

    fn results(
        &self,
        body: &mut dyn std::io::BufRead,
        each: &mut dyn FnMut(Found<'_>) -> ControlFlow<Stop>,
    ) -> Result<Frame, ReadError> {
        let limits = SliceLimits {
            record_bytes_max: self.record_bytes_max,
            frame_bytes_max: 16 * 1024 * 1024,
        };
        slices(body, &["result", "results"], limits, each)
    }
}

/// What stands around the packages of a page.
struct Declared {
    success: bool,
    count: Option<u64>,
    complaint: String,
}

impl Declared {
    fn of(frame: &Frame) -> Self {
        let envelope = Envelope::of(&frame.json);
        let whole: Value = serde_json::from_slice(&frame.json).unwrap_or_default();
        let count = match whole.pointer("/result/count") {
            Some(Value::Number(n)) => n.as_u64(),
            Some(Value::String(digits)) => digits.trim().parse().ok(),
            _ => None,
        };
        let success = envelope.success.unwrap_or(frame.array_found);
        Self {
            success,
            count,
            complaint: envelope.complaint(),
        }
    }
}

/// When the package's entry was changed last, in UTC, as the search index spells it, without a zone.
fn modified(package: &Value) -> Option<String> {
    package
        .get("metadata_modified")
        .and_then(Value::as_str)
        .and_then(moment)
        .map(written)
}

/// A portal's time; without a zone it is UTC.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.naive_utc())
        .or_else(|_| text.parse())
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|_| {
            NaiveDateTime::parse_from_str(&format!("{text}T00:00:00"), "%Y-%m-%dT%H:%M:%S")
        })
        .ok()
}

fn written(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// The beginning of a second sorts before its fractions in either spelling.
fn to_the_second(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Ends a page: Break where the run wants no more.
type Said = ControlFlow<Stop>;
const STOPPED: Said = Break(Stop);
