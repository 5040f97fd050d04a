//! Descriptions to documents on all cores, in order: whatever the threads do, documents are written in the order in which
//! the descriptions came.
//!
//! Memory is bounded by the chunks that are under way; a panic is an error of the whole. Start at [`in_order`].

use super::{SearchError, schema::Fields};
use crate::ckan::{Agent, Package, Source};
use crate::facts::Facts;
use crate::store::{Store, StoreError, Times};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    thread::{ScopedJoinHandle, available_parallelism, scope},
};
use tantivy::TantivyDocument;
use zstd::bulk::Compressor;

/// Descriptions that a thread takes at once.
const CHUNK: usize = 32;
/// Chunks under way for each thread: one in its hands, one that waits, one that is done.
const CHUNKS_WAITING: usize = 3;

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

type Chunk = Vec<Result<Made, SearchError>>;

/// Makes a document of each job and hands it to `take`, in the order of the jobs. Ends with the first error.
pub fn in_order(
    store: &Store,
    fields: &Fields,
    jobs: impl Iterator<Item = Result<Job, SearchError>>,
    take: impl FnMut(Made) -> Result<(), SearchError> + Send,
) -> Result<(), SearchError> {
    let threads = available_parallelism().map_or(1, usize::from);
    let (work, to_do) = bounded::<(Vec<Job>, Sender<Chunk>)>(threads);
    let (order, in_turn) = bounded::<Receiver<Chunk>>(threads * CHUNKS_WAITING);
    scope(|scope| {
        let renderers: Vec<_> = (0..threads)
            .map(|_| {
                let to_do = to_do.clone();
                scope.spawn(move || work_on(&to_do, store, fields))
            })
            .collect();
        drop(to_do);
        let taker = scope.spawn(move || take_all(&in_turn, take));
        let given = give(jobs, &work, &order);
        drop((work, order));
        let done = renderers.into_iter().map(joined).fold(Ok(()), Result::and);
        let taken = joined(taker).flatten();
        given.and(done).and(taken)
    })
}

/// Hands out chunks. Whoever does not listen any more has an error to tell.
fn give(
    jobs: impl Iterator<Item = Result<Job, SearchError>>,
    work: &Sender<(Vec<Job>, Sender<Chunk>)>,
    order: &Sender<Receiver<Chunk>>,
) -> Result<(), SearchError> {
    let mut jobs = jobs.peekable();
    while jobs.peek().is_some() {
        let chunk: Vec<Job> = jobs.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
        let (done, made) = bounded(1);
        if order.send(made).is_err() || work.send((chunk, done)).is_err() {
            break;
        }
    }
    Ok(())
}

fn work_on(to_do: &Receiver<(Vec<Job>, Sender<Chunk>)>, store: &Store, fields: &Fields) {
    let mut render = Render::new(store, fields);
    for (chunk, done) in to_do {
        let made = chunk.into_iter().map(|job| match &mut render {
            Ok(render) => render.made(job),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string()).into()),
        });
        if done.send(made.collect()).is_err() {
            return;
        }
    }
}

fn take_all(
    in_turn: &Receiver<Receiver<Chunk>>,
    mut take: impl FnMut(Made) -> Result<(), SearchError>,
) -> Result<(), SearchError> {
    for made in in_turn {
        for made in made.recv().map_err(|_| panicked())? {
            take(made?)?;
        }
    }
    Ok(())
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, SearchError> {
    thread.join().map_err(|_| panicked())
}

fn panicked() -> SearchError {
    SearchError::Broken("a description at which making its document panicked".to_owned())
}

/// One thread's: with the names of agents as the store has them.
struct Render<'s> {
    store: &'s Store,
    fields: &'s Fields,
    agents: RefCell<HashMap<String, Option<Agent>>>,
    pack: Compressor<'static>,
}

impl<'s> Render<'s> {
    fn new(store: &'s Store, fields: &'s Fields) -> io::Result<Self> {
        Ok(Self {
            store,
            fields,
            agents: RefCell::default(),
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
        let document = package.map(|package| self.fields.document(&package, &mut self.pack));
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
            self.agent(agent).unwrap_or_else(|error| {
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

    fn agent(&self, iri: &str) -> Result<Option<Agent>, StoreError> {
        if let Some(known) = self.agents.borrow().get(iri) {
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
        self.agents
            .borrow_mut()
            .insert(iri.to_owned(), agent.clone());
        Ok(agent)
    }
}
