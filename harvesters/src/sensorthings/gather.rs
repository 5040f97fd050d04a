//! The second walk: the Datastreams of one pair, summed up to one dataset. Start at [`SensorThings::read_datastreams`].

use super::{
    SUM, SensorThings,
    note::{Facts, Note, Step},
    pages::Walk,
    row::Pair,
    sums::Sums,
};
use crate::{Answer, Location, Page, ReadError, RecordId, Request, Stop};
use harvestd_vocab::Refusal;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow::{self, Break, Continue};

/// A dataset on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Gathering {
    pub(super) facts: Facts,
    pub(super) pair: Pair,
    pub(super) walk: Walk,
    /// Datastreams of other pairs that came.
    pub(super) others: u64,
    pub(super) sums: Sums,
}

/// A dataset as it is handed out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) facts: Facts,
    pub(super) pair: Pair,
    pub(super) sums: Sums,
}

impl Gathering {
    pub(super) fn new(facts: Facts, pair: Pair) -> Self {
        Self {
            facts,
            pair,
            walk: Walk::default(),
            others: 0,
            sums: Sums::default(),
        }
    }
}

impl SensorThings {
    pub(super) fn ask_first_datastreams(&self, gathering: Gathering) -> Request {
        let facts = gathering.facts;
        let filter = self.filter("", &gathering.pair);
        let note = Note::new(Step::Gather(Box::new(gathering)));
        self.ask_whole(&facts, filter.as_deref(), &note)
    }

    pub(super) fn read_datastreams(
        &self,
        mut gathering: Gathering,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let Gathering {
            walk,
            pair,
            others,
            sums,
            ..
        } = &mut gathering;
        let said = self.read_page(walk, answer, page, &mut |row, _| {
            if row.is_expanded() && row.pair(&self.options) == *pair {
                sums.add(row, &self.options);
            } else {
                *others += 1;
            }
            Continue(())
        })?;
        let _stopped = match said {
            Break(Stop) => Break(Stop),
            Continue(Some(next)) => {
                let note = Note::new(Step::Gather(Box::new(gathering)));
                page.next(self.question(next, &note))
            }
            Continue(None) => self.gathered(gathering, page),
        };
        Ok(())
    }

    fn gathered(&self, gathering: Gathering, page: &mut dyn Page) -> ControlFlow<Stop> {
        let (key, sums) = (gathering.pair.key(), &gathering.sums);
        if gathering.others > 0 && self.says_all(&gathering.pair) {
            let text = format!(
                "{key}: {} Datastreams of others came with its own",
                gathering.others
            );
            page.noticed("filter-inexact", text)?;
        }
        if sums.datastreams == 0 {
            // Refused, so that a dataset that is held stays, and is reported.
            let at = Location {
                key: Some(key.clone()),
                ..Location::default()
            };
            let found = "no Datastream by the filter, though the first walk met one";
            let expected = "the Datastreams of the group and observed property";
            return page.refused(
                at,
                Refusal::new("datastreams-vanished", "Datastreams", found, expected),
            );
        }
        if sums.places.bad > 0 {
            let text = format!(
                "{key}: {} places have no possible coordinates",
                sums.places.bad
            );
            page.noticed("bad-coordinates", text)?;
        }
        let facts = gathering.facts;
        let unknown = !facts.times && facts.observations == Some(true) && sums.times.is_empty();
        // Without a filter that says all, the first and last Observation would be those of others.
        if unknown && self.says_all(&gathering.pair) {
            return self.ask_earliest(gathering, page);
        }
        self.hand_out(gathering, page)
    }

    pub(super) fn hand_out(&self, gathering: Gathering, page: &mut dyn Page) -> ControlFlow<Stop> {
        let id = RecordId::dataset(gathering.pair.key());
        let mut sum = Sum {
            facts: gathering.facts,
            pair: gathering.pair,
            sums: gathering.sums,
        };
        sum.sums.settle();
        let raw = serde_json::to_vec(&sum).unwrap_or_default();
        page.part(id, SUM, &raw)
    }
}
