//! The identifiers of a platform, and the proof that there are no more of them.
//!
//! **The question.** Without `limit` and `offset` the standard promises all identifiers; so that is what is asked first,
//! unless the source's settings name a page size. A list without repetition can only be told from one answer, and one answer
//! of 50,000 identifiers has a megabyte.
//!
//! **The proof.** Whatever came, the platform is asked once more, from the last identifier on. Nothing but that
//! identifier: the list ended there. Others after it: the answer was a page, and paging goes on in the same way. The list
//! from its beginning: the platform ignores `offset`; then the answer was the whole list, unless a limit cut it.
//! A page that does not begin where the one before ended proves nothing, and is not read: identifiers asked for twice
//! in a run would end it.
//!
//! **Changes** are asked for by `modified`, somewhat before the bookmark, which is the time when the last run began. A platform
//! that refuses the filter gives everything.
//!
//! Start reading at [`Interchange::read_list`].

use super::{
    Interchange, Modified, Note,
    dataset::Asked,
    envelope::{self, Said},
    fields::text_of,
};
use crate::{
    Answer, Bookmark, Completeness, Location, Page, ReadError, ReadErrorKind, Request, Stop,
};
use chrono::{DateTime, Duration, FixedOffset, Utc};
use harvestd_vocab::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashSet,
    ops::ControlFlow::{self, Continue},
};

#[cfg(test)]
mod tests;

/// A longer identifier might not fit into a note twice, every byte of it escaped.
const ID_BYTES_MAX: usize = 300;
/// Some 600,000 identifiers.
const LIST_BYTES_MAX: usize = 32 << 20;
const DOING: &str = "listing the platform's datasets";

/// A list that is being read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct List {
    /// Only what changed since this moment, as it was asked.
    changed_since: Option<String>,
    /// Different identifiers so far.
    seen: u64,
    /// The first and the last of them.
    first: String,
    last: String,
    /// When the run began.
    began_ms: i64,
}

impl List {
    fn new(changed_since: Option<String>, began_ms: i64) -> Self {
        Self {
            changed_since,
            seen: 0,
            first: String::new(),
            last: String::new(),
            began_ms,
        }
    }

    /// How many identifiers of the next page are known: its first, where there is another to tell it from.
    fn overlap(&self) -> u64 {
        u64::from(self.seen > 1)
    }
}

/// What a page after the first says of the list.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Nothing follows.
    Ended,
    /// It goes on with the identifiers from this place on.
    GoesOn(usize),
    /// It is the beginning again.
    FromTheBeginning,
    /// It does not begin where the page before ended.
    Moved,
}

impl Interchange {
    pub(super) fn ask_first(&self, since: Option<&Bookmark>, now_ms: i64) -> Request {
        let changed_since = since
            .filter(|_| self.options.modified != Modified::Never)
            .and_then(|since| self.changed_since(&since.0));
        self.ask_list(List::new(changed_since, now_ms))
    }

    /// The moment of a bookmark, less the overlap, in Taiwan's time and in the platform's words. None asks for everything.
    fn changed_since(&self, bookmark: &str) -> Option<String> {
        const SECONDS_EAST: i32 = 8 * 3600;
        let moment = DateTime::parse_from_rfc3339(bookmark).ok()?;
        let from = moment - Duration::minutes(self.options.overlap_minutes);
        let from = from.with_timezone(&FixedOffset::east_opt(SECONDS_EAST)?);
        Some(match self.options.modified {
            Modified::Date => from.format("%Y-%m-%d").to_string(),
            _ => from.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        })
    }

    fn ask_list(&self, list: List) -> Request {
        let mut url = self.datasets.clone();
        let begun = list.seen > 0;
        let limit = match self.options.limit {
            // Enough to see whether anything follows, and to go on in large steps where it does.
            0 if begun => Some(list.seen.max(100)),
            0 => None,
            limit => Some(limit),
        };
        if list.changed_since.is_some() || limit.is_some() {
            let mut query = url.query_pairs_mut();
            if let Some(since) = &list.changed_since {
                query.append_pair("modified", since);
            }
            if let Some(limit) = limit {
                query.append_pair("limit", &limit.to_string());
                let offset = list.seen - list.overlap();
                query.append_pair("offset", &offset.to_string());
            }
        }
        Request {
            any_status: true,
            ..Request::get(url, "application/json").note(&Note::List(list))
        }
    }

    pub(super) fn read_list(
        &self,
        list: List,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let first = list.seen == 0;
        let said = envelope::read(answer.status, answer.body, LIST_BYTES_MAX)?;
        let ids = match identifiers(said) {
            Ok(ids) => ids,
            // A list of which only the end is in doubt is worth reading.
            Err(trouble) if !first => {
                let text = format!("asked for what follows {}: {trouble}", list.last);
                let _stopped = page.noticed("list-unproven", text);
                return Ok(());
            }
            Err(trouble)
                if list.changed_since.is_some() && trouble.kind == ReadErrorKind::SourceFailed =>
            {
                let _stopped = self.ask_without_filter(list, &trouble, page);
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        let _stopped = match first {
            true => self.first_page(list, ids, page),
            false => self.next_page(list, &ids, page),
        };
        Ok(())
    }

    fn ask_without_filter(
        &self,
        list: List,
        trouble: &ReadError,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        let text = format!("{}; everything is asked for", trouble.found);
        page.noticed("filter-refused", text)?;
        page.next(self.ask_list(List::new(None, list.began_ms)))
    }

    fn first_page(
        &self,
        mut list: List,
        found: Identifiers,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        for (at, why) in found.refused {
            page.refused(at, why)?;
        }
        let (Some(first), Some(last)) = (found.ids.first(), found.ids.last()) else {
            return end(&list, page);
        };
        (list.first, list.last) = (first.clone(), last.clone());
        list.seen = found.ids.len() as u64;
        // The end is looked for before the datasets are asked for, while the list is what it was.
        page.next(self.ask_list(list.clone()))?;
        self.ask_for(&list, &found.ids, page)
    }

    fn next_page(
        &self,
        mut list: List,
        found: &Identifiers,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        match follows(&list, &found.ids) {
            Next::Ended => end(&list, page),
            Next::GoesOn(from) => {
                let new = &found.ids[from..];
                list.seen += new.len() as u64;
                list.last = new.last().cloned().unwrap_or(list.last);
                page.next(self.ask_list(list.clone()))?;
                self.ask_for(&list, new, page)
            }
            Next::FromTheBeginning => {
                let cut = self.options.limit > 0 && list.seen <= self.options.limit;
                let text = format!(
                    "asked for what follows {}, the platform gave its list from {} on: {}",
                    list.last,
                    list.first,
                    if cut {
                        "set limit = 0"
                    } else {
                        "the list is taken as whole"
                    }
                );
                page.noticed("paging-ignored", text)?;
                match cut {
                    true => Continue(()),
                    false => end(&list, page),
                }
            }
            Next::Moved => {
                let text = format!(
                    "the page after {} begins with {}: the list changed, or has no order",
                    list.last,
                    found.ids.first().map_or("nothing", String::as_str)
                );
                page.noticed("list-moved", text)
            }
        }
    }

    fn ask_for(&self, list: &List, ids: &[String], page: &mut dyn Page) -> ControlFlow<Stop> {
        for (index, id) in ids.iter().enumerate() {
            // Whether the filter works shows in the dates: the first dataset is looked at.
            let is_sample = index == 0 && ids.first() == Some(&list.first);
            page.next(self.ask_dataset(Asked {
                id: id.clone(),
                not_before: list.changed_since.clone().filter(|_| is_sample),
            }))?;
        }
        Continue(())
    }
}

fn follows(list: &List, ids: &[String]) -> Next {
    let overlap = list.overlap() == 1;
    match ids.first() {
        None => Next::Ended,
        Some(id) if overlap && *id == list.last && ids.len() == 1 => Next::Ended,
        Some(id) if overlap && *id == list.last => Next::GoesOn(1),
        Some(id) if *id == list.first => Next::FromTheBeginning,
        Some(_) if !overlap => Next::GoesOn(0),
        Some(_) => Next::Moved,
    }
}

/// Nothing is missing from the list. That a dataset of it cannot be read is a refusal of its own.
fn end(list: &List, page: &mut dyn Page) -> ControlFlow<Stop> {
    page.declares(list.seen)?;
    page.complete(match list.changed_since {
        Some(_) => Completeness::Changes,
        None => Completeness::LastPage,
    })?;
    match DateTime::from_timestamp_millis(list.began_ms) {
        Some(began) => page.bookmark(written(began)),
        None => Continue(()),
    }
}

fn written(moment: DateTime<Utc>) -> Bookmark {
    Bookmark(moment.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// The identifiers of one answer, each once.
#[derive(Debug, Default)]
struct Identifiers {
    ids: Vec<String>,
    refused: Vec<(Location, Refusal)>,
}

fn identifiers(said: Said) -> Result<Identifiers, ReadError> {
    const EXPECTED: &str = "{\"success\": true, \"result\": [identifiers]}";
    let (kind, found, expected) = match said {
        Said::Result(raw) => match serde_json::from_str::<Vec<Value>>(raw.get()) {
            Ok(items) => return Ok(distinct(&items)),
            Err(_) => {
                let beginning: String = raw.get().chars().take(80).collect();
                let found = format!("a result that is no list: {beginning}");
                (ReadErrorKind::NotACatalogue, found, EXPECTED)
            }
        },
        // 若查無資料則回傳空陣列: some say so in words.
        Said::NotFound(words) => (ReadErrorKind::SourceFailed, words, EXPECTED),
        Said::KeyRefused(words) => return Err(key_refused(DOING, &words)),
        Said::Failed(words) => (ReadErrorKind::SourceFailed, words, EXPECTED),
        Said::Unreadable { code, found } => {
            let kind = match code {
                "cut" => ReadErrorKind::Truncated,
                "not-json" => ReadErrorKind::Malformed,
                _ => ReadErrorKind::NotACatalogue,
            };
            (kind, found, EXPECTED)
        }
        Said::TooLarge => {
            let found = format!("more than {LIST_BYTES_MAX} bytes");
            (
                ReadErrorKind::Limit,
                found,
                "a shorter list: set limit, so that it comes in pages",
            )
        }
    };
    Err(ReadError::new(kind, DOING, found, expected))
}

/// ER0001: no further question will be answered, in this run or in a later one, until the source has its key.
pub(super) fn key_refused(doing: &str, words: &str) -> ReadError {
    ReadError::new(
        ReadErrorKind::Denied,
        doing,
        words,
        "a platform without a key, or its key as the header Authorization of the source: [source.network] headers",
    )
}

fn distinct(items: &[Value]) -> Identifiers {
    let mut found = Identifiers::default();
    let mut met = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        match identifier(item) {
            Some(id) if met.insert(id.clone()) => found.ids.push(id),
            Some(_) => {}
            None => {
                let at = Location {
                    index: Some(index as u64),
                    ..Location::default()
                };
                let expected = format!("an identifier of 1 to {ID_BYTES_MAX} bytes");
                let why = Refusal::new("no-identifier", "result", &item.to_string(), expected);
                found.refused.push((at, why));
            }
        }
    }
    found
}

/// An identifier: a text, a number, or an object that has one.
fn identifier(item: &Value) -> Option<String> {
    let value = match item {
        Value::Object(members) => {
            let named = |name: &str| {
                members
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
            };
            named("identifier").or_else(|| named("datasetId"))?.1
        }
        other => other,
    };
    text_of(value).filter(|id| id.len() <= ID_BYTES_MAX && !value.is_boolean())
}
