//! The search index: every dataset with the words and facets it is found by, and its package as CKAN has it.
//!
//! Never truth: it is made from the store and the log, and made anew where it is missing, damaged, of another version or
//! ahead of the store. It moves when something is published, and each published snapshot holds its own [`View`] of it, so that all doors
//! show the same. Nothing but this room knows tantivy. Start at [`Search::follow`]; who asks starts at [`View::search`].

mod collect;
mod facets;
mod follow;
pub mod grammar;
mod marks;
mod query;
mod render;
pub mod schema;
pub mod text;
mod view;

pub use collect::{By, SORTS_MAX, Sort};
pub use marks::Wanted;
pub use render::Agents;
pub use schema::Label;
pub use view::{Counted, Found, Labels, Package, Question, View};

use crate::quality::Survey;
use crate::store::{Store, StoreError};
use follow::Index;
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// What searching and its index may cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchLimits {
    /// Memory for documents that are not written yet: when it is full, they are.
    pub heap_bytes: usize,
    /// Datasets on one page of an answer.
    pub rows_max: usize,
    /// Bytes of each query text.
    pub query_bytes_max: usize,
    /// Words, phrases and ranges of one query.
    pub clauses_max: usize,
    /// Values of one facet in an answer.
    pub facet_values_max: usize,
    /// An index that failed at a publication is tried again after this time, and then after twice as long each time.
    pub retry_first_ms: u64,
    /// The longest of these waits.
    pub retry_max_ms: u64,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            heap_bytes: 64 * 1024 * 1024,
            rows_max: 1_000,
            query_bytes_max: 16 * 1024,
            clauses_max: 256,
            facet_values_max: 10_000,
            retry_first_ms: 1_000,
            retry_max_ms: 5 * 60 * 1_000,
        }
    }
}

/// Searching failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// It is the question that is wrong.
    #[error("{parameter}: {why}, in {text:?}")]
    Query {
        parameter: &'static str,
        text: String,
        why: String,
    },
    #[error("the search index failed: {0}")]
    Index(#[from] tantivy::TantivyError),
    #[error("the search index failed: {0}")]
    Io(#[from] io::Error),
    #[error("the search index holds {0}")]
    Broken(String),
    #[error("the search index failed: {0}")]
    Panicked(#[from] crate::chunks::Panicked),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SearchError {
    fn query(parameter: &'static str, text: &str, why: &impl ToString) -> Self {
        Self::Query {
            parameter,
            text: harvestd_vocab::description::printable(text),
            why: why.to_string(),
        }
    }
}

/// The index of a data directory. It is opened when it is needed, and anew after it failed.
pub struct Search {
    dir: PathBuf,
    heap_bytes: usize,
    index: Option<Index>,
    /// What has been prepared took so long.
    prepared_in: Duration,
}

impl Search {
    /// Nothing is opened yet.
    pub fn of(data_dir: &Path, limits: &SearchLimits) -> Self {
        Self {
            dir: data_dir.join("search"),
            heap_bytes: limits.heap_bytes,
            index: None,
            prepared_in: Duration::ZERO,
        }
    }

    /// Makes the documents that [`Search::follow`] will commit, for whoever has time before.
    pub fn prepare(&mut self, store: &Store, survey: &Survey) -> Result<(), SearchError> {
        let began = Instant::now();
        let mut index = self.opened()?;
        index.prepare(store, survey)?;
        self.index = Some(index);
        self.prepared_in += began.elapsed();
        Ok(())
    }

    fn opened(&mut self) -> Result<Index, SearchError> {
        match self.index.take() {
            Some(index) => Ok(index),
            None => Index::open(&self.dir, self.heap_bytes),
        }
    }

    /// Brings the index to where the store is, and gives the view that belongs to its head. What fails is not committed, and
    /// the next one begins with what was.
    pub fn follow(&mut self, store: &Store, survey: &Survey) -> Result<Arc<View>, SearchError> {
        let began = Instant::now();
        let mut index = self.opened()?;
        crate::trouble_point!(
            "search-follow",
            SearchError::Broken("what a test wants".to_owned())
        );
        let view = index.follow(store, survey)?;
        self.index = Some(index);
        let took = std::mem::take(&mut self.prepared_in) + began.elapsed();
        metrics::histogram!("harvestd_search_index_seconds").record(took.as_secs_f64());
        tracing::debug!(
            took_ms = took.as_millis() as u64,
            datasets = view.datasets(),
            "the search index follows"
        );
        Ok(view)
    }
}
