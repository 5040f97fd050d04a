//! The index kept in step with the store: from the log, where that tells everything since, else from the whole store.
//!
//! One thread writes documents while others make them of descriptions. A commit says up to which activity it goes. Start at
//! [`Index::follow`].

use super::{
    SearchError, View,
    render::{Job, in_order},
    schema::{self, Fields},
};
use crate::log::{Activity, Verb};
use crate::quality::Survey;
use crate::store::{Head, Store, Times};
use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::Path,
    sync::Arc,
};
use tantivy::{
    IndexReader, IndexWriter, ReloadPolicy, Term, directory::MmapDirectory,
    indexer::IndexWriterOptions,
};

/// Where an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    head: Head,
    /// [`Survey::ratings`] by which datasets are rated in it.
    ratings: u64,
}

impl Place {
    fn of(store: &Store, survey: &Survey) -> Self {
        Self {
            head: store.head(),
            ratings: survey.ratings(),
        }
    }
}

/// The index and its only writer.
pub struct Index {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    /// Up to where it is written. None: it has to be made anew.
    at: Option<Place>,
    /// Up to where documents are handed to the writer, and not committed.
    written: Option<Place>,
    view: Option<Arc<View>>,
}

impl Index {
    /// Opens the index in a folder. What cannot be opened, is damaged, or is of another version, is removed and begun anew.
    /// Every file is read for that, and compared with its checksum: a damaged one would answer something else.
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
        let damaged = index.validate_checksum()?;
        if let Some(file) = damaged.iter().next() {
            let files = damaged.len();
            return Err(SearchError::Broken(format!(
                "{files} damaged files, among them {}",
                file.display()
            )));
        }
        let at = index.load_metas()?.payload.as_deref().and_then(place);
        let writer: IndexWriter = index.writer_with_options(options)?;
        // What a commit left that was killed bears the names that the next one gives, and no file is written twice.
        writer.garbage_collect_files().wait()?;
        Ok(Self {
            writer,
            reader,
            fields,
            at,
            written: None,
            view: None,
        })
    }

    /// Brings the index to where the store is: from the log, where that tells everything since; else from the whole store.
    /// Datasets are rated as the survey has them. Gives the view that belongs to this head.
    pub fn follow(&mut self, store: &Store, survey: &Survey) -> Result<Arc<View>, SearchError> {
        let place = Place::of(store, survey);
        if let Some(view) = self.view.as_ref().filter(|_| self.at == Some(place)) {
            return Ok(view.clone());
        }
        self.advance(store, survey)?;
        self.reader.reload()?;
        let view = Arc::new(View::new(self.reader.searcher(), self.fields));
        self.view = Some(view.clone());
        Ok(view)
    }

    fn advance(&mut self, store: &Store, survey: &Survey) -> Result<(), SearchError> {
        let place = Place::of(store, survey);
        if self.at == Some(place) {
            return Ok(());
        }
        self.prepare(store, survey)?;
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload(place));
        commit.commit()?;
        crate::crash_point!("indexed");
        self.written = None;
        self.at = Some(place);
        Ok(())
    }

    /// Makes the documents of what is committed, and commits none of them: that waits until the store is durable, since an
    /// index must never know more.
    pub fn prepare(&mut self, store: &Store, survey: &Survey) -> Result<(), SearchError> {
        let place = Place::of(store, survey);
        if self.at == Some(place) || self.written == Some(place) {
            return Ok(());
        }
        if self.written.take().is_some() {
            // What it brought is not to be seen yet, and more cannot be made of it.
            self.writer.rollback()?;
        }
        let head = place.head;
        let known = self
            .at
            .filter(|at| at.head.generation == head.generation && at.head.seq <= head.seq);
        let followed = known.and_then(|at| Some((at.head.seq, self.moved(store, survey, at)?)));
        let logged = followed.map(|(seq, moved)| {
            let activities = store.log().after(head.generation, seq, head.seq);
            activities.map(|activities| (activities, moved))
        });
        match logged {
            Some(Ok((activities, moved))) => self.take(store, survey, activities, Some(moved))?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => self.anew(store, survey)?,
        }
        self.written = Some(place);
        Ok(())
    }

    /// The datasets that are rated otherwise than at a place. None: nobody remembers, or these are so many that all are
    /// sooner written anew.
    fn moved<'s>(&self, store: &Store, survey: &'s Survey, at: Place) -> Option<&'s [String]> {
        let moved = survey.rated_since(at.ratings)?;
        let logged = store.head().seq - at.head.seq;
        let others = (moved.len() as u64).saturating_sub(logged);
        (others * 2 <= self.datasets()).then_some(moved)
    }

    fn datasets(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Everything anew: from the log, where that is faster or nothing was known, else from the store.
    fn anew(&mut self, store: &Store, survey: &Survey) -> Result<(), SearchError> {
        self.writer.delete_all_documents()?;
        match store.all_logged(self.datasets())? {
            Some(activities) => self.take(store, survey, activities, None),
            None => self.rebuild(store, survey),
        }
    }

    /// Everything anew, from the store.
    fn rebuild(&mut self, store: &Store, survey: &Survey) -> Result<(), SearchError> {
        tracing::info!(
            to = store.head().seq,
            "the search index is made from the store"
        );
        let times = store.times()?;
        let jobs = store.every().map(|described| -> Result<Job, SearchError> {
            let (entity, body) = described?;
            let times = times.get(&entity).copied().ok_or_else(|| {
                SearchError::Broken(format!("no activity of {entity} in the log's index"))
            })?;
            Ok(Job {
                entity,
                body: Some(body),
                times,
                replaces: false,
            })
        });
        self.write(store, survey, jobs).map(drop)
    }

    /// What activities change, and the ratings that `moved` without one. None: there is nothing before the activities.
    fn take(
        &mut self,
        store: &Store,
        survey: &Survey,
        activities: impl Iterator<Item = io::Result<Activity>>,
        moved: Option<&[String]>,
    ) -> Result<(), SearchError> {
        let before = View::new(self.reader.searcher(), self.fields);
        let is_empty = moved.is_none() || before.datasets() == 0;
        // When each came that is here; None: it went.
        let mut came: HashMap<String, Option<i64>> = HashMap::new();
        let jobs = activities.map(|activity| -> Result<Job, SearchError> {
            let activity = activity?;
            let known = came.get(&activity.entity);
            let replaces = !is_empty || known.is_some();
            let created = match (activity.verb, known) {
                (Verb::Delete, _) => None,
                (Verb::Update, Some(Some(us))) => Some(*us),
                (Verb::Update, None) => {
                    let times = before.times(&activity.entity)?;
                    times.map(|times| times.created_us)
                }
                _ => None,
            };
            let created_us = created.unwrap_or(activity.published_us);
            let is_here = activity.verb != Verb::Delete;
            came.insert(activity.entity.clone(), is_here.then_some(created_us));
            Ok(Job {
                entity: activity.entity,
                body: Some(activity.body),
                times: Times {
                    created_us,
                    modified_us: activity.published_us,
                },
                replaces,
            })
        });
        let others = self.write(store, survey, jobs)?;
        let Some(moved) = moved else {
            return Ok(());
        };
        let mut renewed = HashMap::new();
        for agent in &others {
            renewed.extend(before.published_by(agent)?);
        }
        for entity in moved {
            if let Some(times) = before.times(entity)? {
                renewed.insert(entity.clone(), times);
            }
        }
        renewed.retain(|entity, _| !came.contains_key(entity));
        self.renew(store, survey, renewed)
    }

    /// Datasets that did not change themselves, but whose publishers or ratings did.
    fn renew(
        &mut self,
        store: &Store,
        survey: &Survey,
        datasets: HashMap<String, Times>,
    ) -> Result<(), SearchError> {
        let jobs = datasets.into_iter().map(|(entity, times)| {
            Ok(Job {
                entity,
                body: None,
                times,
                replaces: true,
            })
        });
        self.write(store, survey, jobs).map(drop)
    }

    /// Writes documents. Gives what is no dataset.
    fn write(
        &self,
        store: &Store,
        survey: &Survey,
        jobs: impl Iterator<Item = Result<Job, SearchError>>,
    ) -> Result<HashSet<String>, SearchError> {
        let mut others = HashSet::new();
        in_order(store, survey, &self.fields, jobs, |made| {
            if made.replaces {
                let term = Term::from_field_text(self.fields.uri, &made.entity);
                self.writer.delete_term(term);
            }
            match made.document {
                Some(document) => {
                    self.writer.add_document(document)?;
                }
                None => {
                    others.insert(made.entity);
                }
            }
            Ok(())
        })?;
        Ok(others)
    }
}

/// What a commit of the index says of where it is.
fn payload(place: Place) -> String {
    let Place { head, ratings } = place;
    format!(
        "{} {} {} {} {ratings}",
        schema::version(),
        head.generation,
        head.seq,
        head.published_us
    )
}

/// Where an index is. None: it is of another version.
fn place(payload: &str) -> Option<Place> {
    let rest = payload.strip_prefix(&schema::version())?;
    let mut numbers = rest.split_whitespace();
    Some(Place {
        head: Head {
            generation: numbers.next()?.parse().ok()?,
            seq: numbers.next()?.parse().ok()?,
            published_us: numbers.next()?.parse().ok()?,
        },
        ratings: numbers.next()?.parse().ok()?,
    })
}
