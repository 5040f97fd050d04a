//! From when to when there are Observations.
//!
//! A Datastream of most servers knows the extent of its Observations' `phenomenonTime`. It is optional, so
//! where the service was seen not to keep it, the first and the last Observation of a dataset are asked
//! for: by `resultTime`, which is one instant by definition, while `phenomenonTime` may be a period and is sorted by
//! some servers only. Start at [`Times::add`].

use super::{
    SensorThings,
    gather::Gathering,
    note::{Note, Step},
    probe::is_success,
};
use crate::{Answer, Page, ReadError, Request, Stop};
use chrono::{DateTime, Datelike, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::ControlFlow;

/// A time from this year on means "no end": 2099-12-31 is what services write.
const OPEN_FROM_YEAR: i32 = 2099;
/// A time before this year means "no beginning": 0001-01-01 and the like.
const OPEN_BEFORE_YEAR: i32 = 1800;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Times {
    /// Milliseconds since 1970.
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    /// A Datastream says that it has no end.
    open: bool,
}

impl Times {
    /// An instant, or a period with a slash in it.
    pub(super) fn add(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            return;
        };
        let (start, end) = text.split_once('/').unwrap_or((text, text));
        let (start, end) = (Moment::of(start), Moment::of(end));
        if let Moment::At(ms) = start {
            self.start_ms = Some(self.start_ms.map_or(ms, |least| least.min(ms)));
        }
        match end {
            Moment::At(ms) => self.end_ms = Some(self.end_ms.map_or(ms, |most| most.max(ms))),
            Moment::NoEnd => self.open = true,
            Moment::Unknown => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn start(&self) -> Option<String> {
        self.start_ms.and_then(written)
    }

    /// None also where it is open.
    pub(super) fn end(&self) -> Option<String> {
        self.end_ms.filter(|_| !self.open).and_then(written)
    }
}

enum Moment {
    At(i64),
    NoEnd,
    Unknown,
}

impl Moment {
    fn of(text: &str) -> Self {
        let text = text.trim();
        if text == ".." {
            return Self::NoEnd;
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) if time.year() >= OPEN_FROM_YEAR => Self::NoEnd,
            Ok(time) if time.year() < OPEN_BEFORE_YEAR => Self::Unknown,
            Ok(time) => Self::At(time.timestamp_millis()),
            Err(_) => Self::Unknown,
        }
    }
}

fn written(ms: i64) -> Option<String> {
    DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Which end of a dataset's times is asked for.
#[derive(Clone, Copy)]
pub(super) enum End {
    Earliest,
    Latest,
}

impl SensorThings {
    pub(super) fn ask_earliest(
        &self,
        gathering: Gathering,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        page.next(self.ask_time(gathering, End::Earliest))
    }

    fn ask_time(&self, gathering: Gathering, end: End) -> Request {
        let filter = self.filter("Datastream/", &gathering.pair);
        let mut parameters = vec![
            ("$top", "1"),
            ("$count", "false"),
            ("$select", "phenomenonTime,resultTime"),
        ];
        parameters.extend(filter.as_deref().map(|filter| ("$filter", filter)));
        let (order, step) = match end {
            End::Earliest => ("resultTime asc", Step::Earliest(Box::new(gathering))),
            End::Latest => ("resultTime desc", Step::Latest(Box::new(gathering))),
        };
        parameters.push(("$orderby", order));
        let question = self.question(self.address("Observations", &parameters), &Note::new(step));
        Request {
            any_status: true,
            ..question
        }
    }

    pub(super) fn read_time(
        &self,
        mut gathering: Gathering,
        end: End,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        if is_success(answer.status) {
            let first = self.first_of(answer.body, "asking for the first or last Observation")?;
            let time = first.as_ref().and_then(|observation| {
                let at = |name: &str| observation.get(name).and_then(Value::as_str);
                at("phenomenonTime").or_else(|| at("resultTime"))
            });
            gathering.sums.times.add(time);
        } else {
            let text = format!(
                "{}: status {} to a question for its times",
                gathering.pair.key(),
                answer.status
            );
            if page.noticed("times-refused", text).is_break() {
                return Ok(());
            }
        }
        let _stopped = match end {
            End::Earliest => page.next(self.ask_time(gathering, End::Latest)),
            End::Latest => self.hand_out(gathering, page),
        };
        Ok(())
    }
}
