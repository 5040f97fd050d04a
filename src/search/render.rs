//! Descriptions to documents on all cores, in order: whatever the threads do, documents are written in the order in which
//! the descriptions came.
//!
//! Start at [`in_order`]; [`crate::chunks`] shares the work out.

use super::{SearchError, schema::Fields};
use crate::chunks;
use crate::ckan::{Agent, Package, Source};
use crate::facts::Facts;
use crate::quality::Survey;
use crate::store::{Store, StoreError, Times};
use std::{cell::RefCell, collections::HashMap, io, thread::available_parallelism};
use tantivy::TantivyDocument;
use zstd::bulk::Compressor;

/// An entity whose document is to be made.
pub struct Job {
    pub entity: String,
    /// None: as it stands in the store.
    pub body: Option<String>,
    pub times: Times,
    /// The index may have one of it.
    pub replaces: bool,
}

/// What came of it. Without a document: it is no dataset, or not here any more.
pub struct Made {
    pub entity: String,
    pub document: Option<TantivyDocument>,
    pub replaces: bool,
}

/// Makes a document of each job and hands it to `take`, in the order of the jobs. Ends with the first error.
pub fn in_order(
    store: &Store,
    survey: &Survey,
    fields: &Fields,
    jobs: impl Iterator<Item = Result<Job, SearchError>>,
    take: impl FnMut(Made) -> Result<(), SearchError> + Send,
) -> Result<(), SearchError> {
    let threads = available_parallelism().map_or(1, usize::from);
    let begin = || {
        let mut render = Render::new(store, survey, fields);
        move |job| match &mut render {
            Ok(render) => render.made(job),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string()).into()),
        }
    };
    chunks::in_order(threads, jobs, begin, take)
}

/// One thread's: with the names of agents as the store has them.
struct Render<'s> {
    store: &'s Store,
    survey: &'s Survey,
    fields: &'s Fields,
    agents: Agents<'s>,
    pack: Compressor<'static>,
}

impl<'s> Render<'s> {
    fn new(store: &'s Store, survey: &'s Survey, fields: &'s Fields) -> io::Result<Self> {
        Ok(Self {
            store,
            survey,
            fields,
            agents: Agents::of(store),
            pack: Fields::pack()?,
        })
    }

    fn made(&mut self, job: Job) -> Result<Made, SearchError> {
        let body = match job.body {
            Some(body) => Some(body),
            None => self.store.body(&job.entity)?,
        };
        let package = match body {
            Some(body) => self.package(&job.entity, &body, job.times)?,
            None => None,
        };
        let rating = self.survey.rating(&job.entity);
        let document =
            package.map(|package| self.fields.document(&package, rating, &mut self.pack));
        Ok(Made {
            entity: job.entity,
            document: document.transpose()?,
            replaces: job.replaces,
        })
    }

    fn package(
        &self,
        entity: &str,
        body: &str,
        times: Times,
    ) -> Result<Option<Package>, SearchError> {
        let failed = RefCell::new(None);
        let agents = |agent: &str| {
            self.agents.agent(agent).unwrap_or_else(|error| {
                failed.replace(Some(error));
                None
            })
        };
        let package = Package::of(&Source {
            base: self.store.base(),
            entity,
            facts: &Facts::of(body),
            created_us: times.created_us,
            modified_us: times.modified_us,
            agents: &agents,
        });
        match failed.into_inner() {
            Some(error) => Err(error.into()),
            None => package.map_err(|error| io::Error::from(error).into()),
        }
    }
}

/// Names of agents as the store has them, each looked up once.
pub struct Agents<'s> {
    store: &'s Store,
    known: RefCell<HashMap<String, Option<Agent>>>,
}

impl<'s> Agents<'s> {
    pub fn of(store: &'s Store) -> Self {
        Self {
            store,
            known: RefCell::default(),
        }
    }

    /// What an agent is called that is an entity of its own. None: it has no name.
    pub fn agent(&self, iri: &str) -> Result<Option<Agent>, StoreError> {
        if let Some(known) = self.known.borrow().get(iri) {
            return Ok(known.clone());
        }
        let names = self.store.called(iri)?;
        let english = names
            .iter()
            .find(|(language, _)| language.starts_with("en"));
        let english = english.map(|(_, name)| name.clone());
        let agent = names.first().map(|(_, title)| Agent {
            title: title.clone(),
            english: english.filter(|english| english != title),
        });
        self.known
            .borrow_mut()
            .insert(iri.to_owned(), agent.clone());
        Ok(agent)
    }
}
