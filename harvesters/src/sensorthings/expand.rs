//! Is `$expand` to be believed? A spot check, before anything is made of it.
//!
//! At least one server that is in use (all releases of it up to November 2026) expands the Thing of one row of a page
//! into every row of it: all Datastreams then seem to belong to one Thing, and its datasets would be plausible and
//! wrong. Asked for one Datastream alone it tells the truth. So a few are asked for together. Where all of them are
//! said to belong to one Thing and one observed property, the first and the last are asked for alone, and if that does
//! not agree the run ends. Start reading at [`SensorThings::ask_few`].

use super::{
    SensorThings,
    note::{Facts, Note, Step},
    probe::is_success,
    row::{Pair, Row},
};
use crate::{
    Answer, Page, ReadError, ReadErrorKind, Request,
    json_slices::{Found, SliceLimits, slices},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{io::Read, ops::ControlFlow::Continue};

/// Not more than any service gives at once.
const FEW: &str = "50";
/// Characters of an identifier, as JSON.
const ID_CHARS_MAX: usize = 200;

/// Datastreams to be asked for alone, and what all of them were said to belong to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Checked {
    pub(super) facts: Facts,
    /// The one to ask for next, first.
    pub(super) ids: Vec<Value>,
    /// The Thing's identifier, as JSON.
    pub(super) thing: String,
    pub(super) pair: Pair,
}

impl SensorThings {
    fn belongs(&self, row: &Row) -> Option<(String, Pair)> {
        let thing = row.get("/Thing/@iot.id")?.to_string();
        let pair = row.pair(&self.options);
        let fits = row.is_expanded() && !pair.too_long() && thing.len() <= ID_CHARS_MAX;
        fits.then_some((thing, pair))
    }
}

impl SensorThings {
    /// The newest ones: the walk itself begins with the oldest, and no question may be asked twice in a run.
    pub(super) fn ask_few(&self, facts: Facts) -> Request {
        let mut parameters = vec![("$top", FEW)];
        if facts.manner().selects {
            parameters.extend([
                ("$select", "id"),
                ("$expand", PAIR),
                ("$orderby", "id desc"),
            ]);
        } else {
            parameters.push(("$expand", "Thing,ObservedProperty"));
        }
        let url = self.address("Datastreams", &parameters);
        self.question(url, &Note::new(Step::Few(facts)))
    }

    pub(super) fn read_few(
        &self,
        facts: Facts,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let limits = SliceLimits {
            record_bytes_max: self.record_bytes_max,
            frame_bytes_max: self.record_bytes_max,
        };
        let (mut ids, mut said, mut differ) = (Vec::new(), None, false);
        slices(answer.body, &["value"], limits, &mut |found| {
            if let Found::Element(slice) = found
                && let Some(row) = Row::parse(slice.raw)
                && let Some(id) = row.get("/@iot.id")
                && id.to_string().len() <= ID_CHARS_MAX
                && let Some(belongs) = self.belongs(&row)
            {
                ids.truncate(1);
                ids.push(id.clone());
                let first = said.get_or_insert_with(|| belongs.clone());
                differ |= *first != belongs;
            }
            Continue(())
        })?;
        let _stopped = match said.filter(|_| ids.len() > 1 && !differ) {
            Some((thing, pair)) => page.next(self.ask_alone(Checked {
                facts,
                ids,
                thing,
                pair,
            })),
            None => page.next(self.ask_observation(facts)),
        };
        Ok(())
    }

    fn ask_alone(&self, checked: Checked) -> Request {
        let set = match checked.ids.first() {
            Some(Value::String(id)) => format!("Datastreams('{}')", id.replace('\'', "''")),
            id => format!("Datastreams({})", id.unwrap_or(&Value::Null)),
        };
        let expand = if checked.facts.manner().selects {
            PAIR
        } else {
            "Thing,ObservedProperty"
        };
        let url = self.address(&set, &[("$expand", expand)]);
        Request {
            any_status: true,
            ..self.question(url, &Note::new(Step::Alone(checked)))
        }
    }

    pub(super) fn read_alone(
        &self,
        mut checked: Checked,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let mut body = Vec::new();
        let limit = self.record_bytes_max as u64;
        answer.body.take(limit).read_to_end(&mut body)?;
        let row = Row::parse(&body).filter(|row| is_success(answer.status) && row.is_expanded());
        let Some((thing, pair)) = row.and_then(|row| self.belongs(&row)) else {
            let text = format!(
                "status {} to a question for one Datastream alone: what $expand says is not checked",
                answer.status
            );
            if page.noticed("expand-unchecked", text).is_continue() {
                let _stopped = page.next(self.ask_observation(checked.facts));
            }
            return Ok(());
        };
        if (&thing, &pair) != (&checked.thing, &checked.pair) {
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                "checking what $expand says",
                format!(
                    "a Datastream of Thing {} ({}) among others, and of Thing {thing} ({}) alone",
                    checked.thing,
                    checked.pair.key(),
                    pair.key()
                ),
                "a service that expands each Datastream by its own Thing and observed property",
            ));
        }
        checked.ids.remove(0);
        let _stopped = match checked.ids.is_empty() {
            true => page.next(self.ask_observation(checked.facts)),
            false => page.next(self.ask_alone(checked)),
        };
        Ok(())
    }
}

/// What a pair is read from.
const PAIR: &str = "Thing($select=id,properties),ObservedProperty($select=name)";
