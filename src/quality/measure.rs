//! Descriptions measured on all cores, in order. Start at [`all`].

use super::entry::{Entry, Group};
use super::{Mark, SurveyError};
use crate::ckan::{self, Source};
use crate::facts::Facts;
use crate::search::Agents;
use crate::state::links::KeptLinks;
use crate::store::Store;
use crate::{chunks, store::StoreError};
use harvestd_vocab::quality::{self, Circumstances, Conformance, Reach};
use harvestd_vocab::terms::dcat;
use std::{cell::RefCell, thread::available_parallelism};

/// An entity to be measured.
pub struct Job {
    pub entity: String,
    /// None: it is not here any more.
    pub body: Option<String>,
}

/// What came of it.
pub struct Made {
    pub entity: String,
    /// None: it is no dataset, or not here any more.
    pub measured: Option<(Entry, Group)>,
}

/// What is measured of an entity by its description (sorted N-Triples, and the same taken apart). None: it is no dataset.
pub fn entry_of(
    entity: &str,
    body: &str,
    facts: &Facts<'_>,
    today: i32,
    reach: &dyn Fn(&str) -> Option<Reach>,
) -> Option<Entry> {
    // A series is typed as a dataset as well where it comes from a feed, and is none.
    if !facts.is_a(entity, dcat::DATASET) || facts.is_a(entity, dcat::DATASET_SERIES) {
        return None;
    }
    let circumstances = Circumstances {
        today,
        reach,
        conformance: Some(Conformance::of(body)),
    };
    Some(Entry::of(&quality::measure(facts, entity, &circumstances)))
}

/// Measures each job, and hands what came of it to `take`, in their order. Ends with the first error.
pub fn all(
    store: &Store,
    mark: &Mark,
    links: Option<&KeptLinks>,
    jobs: impl Iterator<Item = Result<Job, SurveyError>>,
    take: &mut (dyn FnMut(Made) + Send),
) -> Result<(), SurveyError> {
    let threads = available_parallelism().map_or(1, usize::from);
    let begin = || {
        let measure = Measure {
            store,
            agents: Agents::of(store),
            today: mark.today,
            links,
        };
        move |job: Job| measure.made(job)
    };
    chunks::in_order(threads, jobs, begin, |made| {
        take(made);
        Ok(())
    })
}

/// One thread's.
struct Measure<'s> {
    store: &'s Store,
    agents: Agents<'s>,
    today: i32,
    links: Option<&'s KeptLinks>,
}

impl Measure<'_> {
    fn made(&self, job: Job) -> Result<Made, SurveyError> {
        let measured = match &job.body {
            Some(body) => self.measured(&job.entity, body)?,
            None => None,
        };
        Ok(Made {
            entity: job.entity,
            measured,
        })
    }

    fn measured(&self, entity: &str, body: &str) -> Result<Option<(Entry, Group)>, SurveyError> {
        let failed = RefCell::new(None);
        let reach = |address: &str| {
            let known = self.links.map(|links| links.reach(address));
            known
                .transpose()
                .map(Option::flatten)
                .unwrap_or_else(|error| {
                    failed.replace(Some(error));
                    None
                })
        };
        let facts = Facts::of(body);
        let entry = entry_of(entity, body, &facts, self.today, &reach);
        if let Some(error) = failed.into_inner() {
            return Err(error.into());
        }
        match entry {
            Some(entry) => Ok(Some((entry, self.group(entity, &facts)?))),
            None => Ok(None),
        }
    }

    fn group(&self, entity: &str, facts: &Facts<'_>) -> Result<Group, StoreError> {
        let failed = RefCell::new(None);
        let agents = |agent: &str| {
            self.agents.agent(agent).unwrap_or_else(|error| {
                failed.replace(Some(error));
                None
            })
        };
        let (publisher, sources) = ckan::parties(&Source {
            base: self.store.base(),
            entity,
            facts,
            created_us: 0,
            modified_us: 0,
            agents: &agents,
        });
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(Group {
                publisher: publisher.map(Into::into),
                sources,
            }),
        }
    }
}
