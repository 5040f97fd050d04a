//! The first walk: which pairs of group and observed property have Datastreams?
//!
//! Its last page says how many datasets there are and that all were seen to be there. That proof is said before the
//! questions for the datasets are answered; but each of them either hands out its dataset or ends the run in trouble, and
//! a run in trouble proves nothing. Start reading at [`SensorThings::read_pairs`].

use super::{
    SensorThings,
    gather::Gathering,
    note::{Facts, Note, Step},
    pages::Walk,
    row::{Pair, Row},
};
use crate::{Answer, Completeness, Location, Page, ReadError, ReadErrorKind, Request, Stop};
use harvestd_vocab::Refusal;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow::{self, Break, Continue};
use url::Url;

/// Datasets of one service: a note holds a digest of each.
pub(super) const PAIRS_MAX: usize = 400;
/// Characters of a digest, six bits each: that two of 400 pairs are alike by chance is as likely as 1 in 3 billion.
const DIGEST_CHARS: usize = 8;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) facts: Facts,
    pub(super) walk: Walk,
    /// The digests of the pairs met, one after the other.
    pub(super) met: String,
}

impl Found {
    fn pairs(&self) -> usize {
        self.met.len() / DIGEST_CHARS
    }

    /// Is the pair met for the first time?
    fn meet(&mut self, pair: &Pair) -> bool {
        let digest = digest(pair);
        let (digests, _) = self.met.as_bytes().as_chunks::<DIGEST_CHARS>();
        let new = digests.iter().all(|met| met != digest.as_bytes());
        if new {
            self.met.push_str(&digest);
        }
        new
    }
}

fn digest(pair: &Pair) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = blake3::hash(pair.key().as_bytes());
    let bytes = &hash.as_bytes()[..DIGEST_CHARS];
    bytes
        .iter()
        .map(|byte| char::from(SIGNS[usize::from(byte & 63)]))
        .collect()
}

impl SensorThings {
    pub(super) fn ask_first_pairs(&self, facts: Facts) -> Request {
        let found = Found {
            facts,
            walk: Walk::default(),
            met: String::new(),
        };
        self.ask_pairs(&facts, None, &Note::new(Step::Find(found)))
    }

    pub(super) fn read_pairs(
        &self,
        mut found: Found,
        answer: Answer<'_>,
        page: &mut dyn Page,
    ) -> Result<(), ReadError> {
        let mut walk = std::mem::take(&mut found.walk);
        let mut arrived = Arrived::default();
        let said = self.read_page(&mut walk, answer, page, &mut |row, page| {
            self.met_row(&mut found, &mut arrived, row, page)
        })?;
        if arrived.too_many {
            return Err(ReadError::new(
                ReadErrorKind::Limit,
                "finding the datasets of the service",
                format!("more than {PAIRS_MAX}"),
                "fewer: options.group_by may name a property with fewer values, options.per_property may be false",
            ));
        }
        if said.is_continue() && arrived.rows > 0 && arrived.bare == arrived.rows {
            return Err(ReadError::new(
                ReadErrorKind::NotACatalogue,
                "finding the datasets of the service",
                "Datastreams without their Thing and ObservedProperty",
                "a service that understands $expand",
            ));
        }
        found.walk = walk;
        let _stopped = match said {
            Break(Stop) => Break(Stop),
            Continue(Some(next)) => self.ask_more_pairs(found, next, page),
            Continue(None) => self.found_all(&found, page),
        };
        Ok(())
    }

    fn met_row(
        &self,
        found: &mut Found,
        arrived: &mut Arrived,
        row: &Row,
        page: &mut dyn Page,
    ) -> ControlFlow<Stop> {
        arrived.rows += 1;
        if !row.is_expanded() {
            arrived.bare += 1;
            let at = format!(
                "Datastream {} has no Thing or no observed property",
                found.walk.rows + arrived.rows
            );
            return page.noticed("incomplete-datastream", at);
        }
        let pair = row.pair(&self.options);
        if !found.meet(&pair) {
            return Continue(());
        }
        if found.pairs() > PAIRS_MAX {
            arrived.too_many = true;
            return Break(Stop);
        }
        if pair.too_long() {
            let at = Location {
                key: Some(pair.key()),
                ..Location::default()
            };
            let why = Refusal::new(
                "name-too-long",
                "Thing/properties, ObservedProperty/name",
                &pair.key(),
                "shorter names",
            );
            return page.refused(at, why);
        }
        page.next(self.ask_first_datastreams(Gathering::new(found.facts, pair)))
    }

    fn ask_more_pairs(&self, found: Found, next: Url, page: &mut dyn Page) -> ControlFlow<Stop> {
        page.next(self.question(next, &Note::new(Step::Find(found))))
    }

    fn found_all(&self, found: &Found, page: &mut dyn Page) -> ControlFlow<Stop> {
        if found.facts.observations == Some(false) && found.walk.rows > 0 {
            let text = format!("{} Datastreams and not one Observation", found.walk.rows);
            page.noticed("no-observations", text)?;
        }
        page.declares(found.pairs() as u64)?;
        if found.walk.declared.is_some() {
            return page.complete(Completeness::LastPage);
        }
        let text =
            "no @iot.count, so nothing proves that all Datastreams came: no deletion is inferred";
        page.noticed("no-count", text.to_owned())
    }
}

/// What a page brought.
#[derive(Default)]
struct Arrived {
    rows: u64,
    /// Rows that were not expanded.
    bare: u64,
    too_many: bool,
}
