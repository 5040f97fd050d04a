//! The index kept in step with the store: from the log, where that tells everything since, else from the whole store.
//!
//! One thread writes documents while another makes them of descriptions. A commit says up to which activity it goes. Start at
//! [`Index::follow`].

use super::{
    SearchError, View,
    schema::{self, Fields},
};
use crate::ckan::{Agent, Package as Rendered, Source};
use crate::facts::Facts;
use crate::log::{Activity, Verb};
use crate::store::{Head, Store, StoreError, Times};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fs, io,
    path::Path,
    sync::Arc,
};
use tantivy::{
    IndexReader, IndexWriter, ReloadPolicy, Term, directory::MmapDirectory,
    indexer::IndexWriterOptions,
};

/// The index and its only writer.
pub struct Index {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    /// Up to where it is written. None: it has to be made anew.
    at: Option<Head>,
    view: Option<Arc<View>>,
}

impl Index {
    /// Opens the index in a folder. What cannot be opened, or is of another version, is removed and begun anew.
    pub fn open(dir: &Path, heap_bytes: usize) -> Result<Self, SearchError> {
        match Self::at(dir, heap_bytes) {
            Ok(search) if search.at.is_some() => Ok(search),
            Ok(search) if search.reader.searcher().num_docs() == 0 => Ok(search),
            found => {
                let why = found.err().map(|e| e.to_string());
                let why = why.unwrap_or_else(|| "it is of another version".to_owned());
                tracing::warn!(why, "the search index is made anew");
                fs::remove_dir_all(dir)?;
                Self::at(dir, heap_bytes)
            }
        }
    }

    fn at(dir: &Path, heap_bytes: usize) -> Result<Self, SearchError> {
        fs::create_dir_all(dir)?;
        let (schema, fields) = Fields::schema();
        let directory = MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?;
        let index = tantivy::Index::builder()
            .schema(schema)
            .settings(tantivy::IndexSettings {
                docstore_compression: tantivy::store::Compressor::None,
                ..Default::default()
            })
            .open_or_create(directory)?;
        Fields::prepare(&index);
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(heap_bytes)
            .build();
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(64)
            .try_into()?;
        let at = index.load_metas()?.payload.as_deref().and_then(place);
        Ok(Self {
            writer: index.writer_with_options(options)?,
            reader,
            fields,
            at,
            view: None,
        })
    }

    /// Brings the index to where the store is: from the log, where that tells everything since; else from the whole store.
    /// Gives the view that belongs to this head.
    pub fn follow(&mut self, store: &Store) -> Result<Arc<View>, SearchError> {
        let head = store.head();
        if let Some(view) = self.view.as_ref().filter(|_| self.at == Some(head)) {
            return Ok(view.clone());
        }
        self.advance(store)?;
        self.reader.reload()?;
        let view = Arc::new(View::new(self.reader.searcher(), self.fields));
        self.view = Some(view.clone());
        Ok(view)
    }

    fn advance(&mut self, store: &Store) -> Result<(), SearchError> {
        let head = store.head();
        if self.at == Some(head) {
            return Ok(());
        }
        let empty = self.reader.searcher().num_docs() == 0;
        let begin = Head {
            generation: head.generation,
            ..Head::default()
        };
        let from = self.at.or(empty.then_some(begin));
        let from = from.filter(|at| at.generation == head.generation && at.seq <= head.seq);
        let logged = from.map(|at| store.log().after(head.generation, at.seq, head.seq));
        match logged {
            Some(Ok(activities)) => self.take(store, activities)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => self.rebuild(store)?,
        }
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload(head));
        commit.commit()?;
        crate::crash_point!("indexed");
        self.at = Some(head);
        Ok(())
    }

    /// Everything anew, from the store.
    fn rebuild(&mut self, store: &Store) -> Result<(), SearchError> {
        tracing::info!(
            to = store.head().seq,
            "the search index is made from the store"
        );
        self.writer.delete_all_documents()?;
        let times = store.times()?;
        let render = Render::new(store);
        for described in store.every() {
            let (entity, body) = described?;
            let Some(times) = times.get(&entity).copied() else {
                return Err(SearchError::Broken(format!(
                    "no activity of {entity} in the log's index"
                )));
            };
            if let Some(package) = render.package(&entity, &body, times)? {
                self.writer.add_document(self.fields.document(&package)?)?;
            }
        }
        Ok(())
    }

    /// What activities change.
    fn take(
        &mut self,
        store: &Store,
        activities: impl Iterator<Item = io::Result<Activity>>,
    ) -> Result<(), SearchError> {
        let before = View::new(self.reader.searcher(), self.fields);
        let render = Render::new(store);
        let (mut created, mut others) = (HashMap::new(), HashSet::new());
        for activity in activities {
            let activity = activity?;
            let entity = &activity.entity;
            let came = match activity.verb {
                Verb::Create => activity.published_us,
                _ => match created.get(entity) {
                    Some(us) => *us,
                    None => before.created(entity)?.unwrap_or(activity.published_us),
                },
            };
            let times = Times {
                created_us: came,
                modified_us: activity.published_us,
            };
            self.forget(entity);
            let package = match activity.verb {
                Verb::Delete => None,
                _ => render.package(entity, &activity.body, times)?,
            };
            match package {
                Some(package) => {
                    created.insert(activity.entity, came);
                    self.writer.add_document(self.fields.document(&package)?)?;
                }
                None => {
                    others.insert(activity.entity);
                }
            }
        }
        self.renew(store, &before, &render, &created, others)
    }

    /// Datasets that did not change themselves, but whose publishers did.
    fn renew(
        &mut self,
        store: &Store,
        before: &View,
        render: &Render<'_>,
        done: &HashMap<String, i64>,
        agents: HashSet<String>,
    ) -> Result<(), SearchError> {
        for agent in &agents {
            for (entity, created_us, modified_us) in before.published_by(agent)? {
                if done.contains_key(&entity) || agents.contains(&entity) {
                    continue;
                }
                let Some(body) = store.body(&entity)? else {
                    continue;
                };
                let times = Times {
                    created_us,
                    modified_us,
                };
                self.forget(&entity);
                if let Some(package) = render.package(&entity, &body, times)? {
                    self.writer.add_document(self.fields.document(&package)?)?;
                }
            }
        }
        Ok(())
    }

    fn forget(&self, entity: &str) {
        self.writer
            .delete_term(Term::from_field_text(self.fields.uri, entity));
    }
}

/// Descriptions to packages, with the names of agents as the store has them.
struct Render<'s> {
    store: &'s Store,
    agents: RefCell<HashMap<String, Option<Agent>>>,
}

impl<'s> Render<'s> {
    fn new(store: &'s Store) -> Self {
        Self {
            store,
            agents: RefCell::default(),
        }
    }

    fn package(
        &self,
        entity: &str,
        body: &str,
        times: Times,
    ) -> Result<Option<Rendered>, SearchError> {
        let failed = RefCell::new(None);
        let agents = |agent: &str| {
            self.agent(agent).unwrap_or_else(|error| {
                failed.replace(Some(error));
                None
            })
        };
        let package = Rendered::of(&Source {
            base: self.store.base(),
            entity,
            facts: &Facts::of(body),
            created_us: times.created_us,
            modified_us: times.modified_us,
            agents: &agents,
        });
        match failed.into_inner() {
            Some(error) => Err(error.into()),
            None => Ok(package),
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

/// What a commit of the index says of where it is.
fn payload(head: Head) -> String {
    format!(
        "{} {} {} {}",
        schema::version(),
        head.generation,
        head.seq,
        head.published_us
    )
}

/// Where an index is. None: it is of another version.
fn place(payload: &str) -> Option<Head> {
    let rest = payload.strip_prefix(&schema::version())?;
    let mut numbers = rest.split_whitespace();
    Some(Head {
        generation: numbers.next()?.parse().ok()?,
        seq: numbers.next()?.parse().ok()?,
        published_us: numbers.next()?.parse().ok()?,
    })
}
