//! The index as it was when a snapshot was published. Segments never change, so a view stays true for as long as it is held,
//! whatever is published meanwhile.
//!
//! Start at [`View::search`].

use super::{
    SearchError,
    collect::{By, Gather, Sort},
    facets::Ordinals,
    grammar::{self, Tree},
    query::Terms,
    schema::{FACETS, Fields, Label},
};
use crate::store::Times;
use chrono::{DateTime, Utc};
use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};
use tantivy::{
    DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument, Term,
    columnar::StrColumn,
    query::{BooleanQuery, ConstScoreQuery},
    schema::{Field, IndexRecordOption, Value as _},
};
use zstd::bulk::Decompressor;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Words, or a query of the grammar where it has a colon.
    pub q: String,
    /// Queries of the grammar, all of which must be so.
    pub filters: Vec<String>,
    /// Empty: the best first, then the newest.
    pub sorts: Vec<Sort>,
    pub start: usize,
    pub rows: usize,
    /// Names of [`FACETS`].
    pub facets: Vec<&'static str>,
    /// Words, phrases and ranges of one query.
    pub clauses_max: usize,
}

/// What is found.
#[derive(Debug)]
pub struct Found {
    /// All that match, whatever the page.
    pub count: u64,
    pub page: Vec<Package>,
    /// In the order in which they were asked for.
    pub facets: Vec<Counted>,
}

/// A dataset of a page, to be read when it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Package(DocAddress);

/// The values of a facet and how many datasets have them.
#[derive(Debug)]
pub struct Counted {
    ordinals: Arc<Ordinals>,
    counts: Vec<u32>,
}

impl Counted {
    /// See [`Ordinals::top`].
    pub fn top(&self, least: u32, most: Option<usize>) -> Vec<(&str, u32)> {
        self.ordinals.top(&self.counts, least, most)
    }
}

thread_local! {
    /// Making one costs more than unpacking a package.
    static UNPACK: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The index at one sequence number.
pub struct View {
    searcher: Searcher,
    fields: Fields,
    facets: [OnceLock<Arc<Ordinals>>; FACETS.len()],
    labels: OnceLock<Arc<Labels>>,
}

/// What the values of facets are called, by facet and name.
pub type Labels = HashMap<(&'static str, String), Label>;

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a view of {} datasets", self.datasets())
    }
}

impl View {
    pub(super) fn new(searcher: Searcher, fields: Fields) -> Self {
        Self {
            searcher,
            fields,
            facets: Default::default(),
            labels: OnceLock::new(),
        }
    }

    /// How many datasets there are.
    pub fn datasets(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Datasets that match, a page of them, and what they have in common. `now` is what `NOW` means in a query.
    ///
    /// # Errors
    /// [`SearchError::Query`] where the question is none; it says where.
    pub fn search(&self, question: &Question, now: DateTime<Utc>) -> Result<Found, SearchError> {
        let terms = Terms {
            fields: &self.fields,
            now,
            clauses_max: question.clauses_max,
        };
        let mut parts = vec![("q", &question.q, tree_of(&question.q)?)];
        for filter in &question.filters {
            let tree = grammar::parse(filter);
            let tree = tree.map_err(|why| SearchError::query("fq", filter, &why))?;
            parts.push(("fq", filter, tree));
        }
        let mut queries = Vec::new();
        for (parameter, text, tree) in parts {
            let query = terms.query(&tree);
            let query = query.map_err(|why| SearchError::query(parameter, text, &why))?;
            // What is filtered by says nothing of how well it fits.
            queries.push(match parameter {
                "q" => query,
                _ => Box::new(ConstScoreQuery::new(query, 0.0)),
            });
        }
        let query = BooleanQuery::intersection(queries);
        let mut facets = Vec::new();
        for facet in &question.facets {
            facets.push(self.facet(facet)?);
        }
        let gather = Gather {
            sorts: sorts_of(question),
            start: question.start,
            rows: question.rows,
            facets,
        };
        let gathered = self.searcher.search(&query, &gather)?;
        let counted = gather.facets.into_iter().zip(gathered.facets);
        Ok(Found {
            count: gathered.count,
            page: gathered.page.into_iter().map(Package).collect(),
            facets: counted
                .map(|(ordinals, counts)| Counted { ordinals, counts })
                .collect(),
        })
    }

    /// The dataset of an id, a name or an IRI.
    pub fn find(&self, id: &str) -> Result<Option<Package>, SearchError> {
        for field in [self.fields.id, self.fields.name, self.fields.uri] {
            if let Some(found) = self.with(field, id)?.first() {
                return Ok(Some(Package(*found)));
            }
        }
        Ok(None)
    }

    /// The dataset that has the resource of this id.
    pub fn of_resource(&self, id: &str) -> Result<Option<Package>, SearchError> {
        Ok(self
            .with(self.fields.resources, id)?
            .first()
            .map(|at| Package(*at)))
    }

    /// What `package_show` gives: JSON.
    pub fn json(&self, package: Package) -> Result<Vec<u8>, SearchError> {
        /// No package is larger: a raw record is not.
        const BYTES_MAX: usize = 256 * 1024 * 1024;
        let document: TantivyDocument = self.searcher.doc(package.0)?;
        let packed = document
            .get_first(self.fields.package)
            .and_then(|value| value.as_bytes());
        let packed = packed
            .ok_or_else(|| SearchError::Broken("a dataset without its package".to_owned()))?;
        let long = zstd::zstd_safe::get_frame_content_size(packed)
            .ok()
            .flatten();
        let long = long
            .and_then(|long| usize::try_from(long).ok())
            .unwrap_or(BYTES_MAX);
        let unpacked = UNPACK.with_borrow_mut(|unpack| {
            let unpack = match unpack {
                Some(unpack) => unpack,
                None => unpack.insert(Decompressor::new()?),
            };
            unpack.decompress(packed, long.min(BYTES_MAX))
        });
        unpacked.map_err(SearchError::Io)
    }

    /// The names of all datasets, sorted.
    pub fn names(&self) -> Result<Vec<String>, SearchError> {
        let mut names = Vec::new();
        for reader in self.searcher.segment_readers() {
            let Some(column) = reader.fast_fields().str("name")? else {
                continue;
            };
            let has = alive(reader, &column);
            let mut ord = 0;
            let mut stream = column.dictionary().stream()?;
            while stream.advance() {
                if has.get(ord).copied().unwrap_or_default() {
                    names.push(String::from_utf8_lossy(stream.key()).into_owned());
                }
                ord += 1;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What organizations, groups and licences are called.
    pub fn labels(&self) -> Result<Arc<Labels>, SearchError> {
        if let Some(labels) = self.labels.get() {
            return Ok(labels.clone());
        }
        let mut labels = Labels::new();
        for reader in self.searcher.segment_readers() {
            let Some(column) = reader.fast_fields().str("labels")? else {
                continue;
            };
            let has = alive(reader, &column);
            let mut text = String::new();
            for (ord, _) in has.iter().enumerate().filter(|(_, has)| **has) {
                column.ord_to_str(ord as u64, &mut text)?;
                if let Some(label) = Label::read(&text) {
                    labels.insert((label.facet, label.name.clone()), label);
                }
            }
        }
        Ok(self.labels.get_or_init(|| Arc::new(labels)).clone())
    }

    /// Documents whose field has this value.
    pub(super) fn with(&self, field: Field, value: &str) -> Result<Vec<DocAddress>, SearchError> {
        let term = Term::from_field_text(field, value);
        let mut found = Vec::new();
        for (segment, reader) in (0..).zip(self.searcher.segment_readers()) {
            let postings = reader
                .inverted_index(field)?
                .read_postings(&term, IndexRecordOption::Basic)?;
            let Some(mut postings) = postings else {
                continue;
            };
            while postings.doc() != TERMINATED {
                if !reader.is_deleted(postings.doc()) {
                    found.push(DocAddress::new(segment, postings.doc()));
                }
                postings.advance();
            }
        }
        Ok(found)
    }

    /// When a dataset came, and when it changed last. None: it is not here.
    pub(super) fn times(&self, uri: &str) -> Result<Option<Times>, SearchError> {
        let found = self.with(self.fields.uri, uri)?;
        found.first().map(|at| self.times_at(*at)).transpose()
    }

    fn times_at(&self, at: DocAddress) -> Result<Times, SearchError> {
        let fast = self.searcher.segment_reader(at.segment_ord).fast_fields();
        let date =
            |name| Ok::<_, SearchError>(fast.i64(name)?.first(at.doc_id).unwrap_or_default());
        Ok(Times {
            created_us: date("metadata_created")?,
            modified_us: date("metadata_modified")?,
        })
    }

    /// The datasets that name this publisher.
    pub(super) fn published_by(&self, agent: &str) -> Result<Vec<(String, Times)>, SearchError> {
        let mut found = Vec::new();
        for at in self.with(self.fields.publisher, agent)? {
            let json = self.json(Package(at))?;
            let package: serde_json::Value =
                serde_json::from_slice(&json).map_err(std::io::Error::other)?;
            let extras = package["extras"].as_array().into_iter().flatten();
            let mut uri = extras
                .filter(|extra| extra["key"] == "uri")
                .filter_map(|extra| extra["value"].as_str());
            if let Some(uri) = uri.next() {
                found.push((uri.to_owned(), self.times_at(at)?));
            }
        }
        Ok(found)
    }

    fn facet(&self, name: &'static str) -> Result<Arc<Ordinals>, SearchError> {
        let at = FACETS.iter().position(|known| *known == name);
        let kept = at.and_then(|at| self.facets.get(at));
        let kept = kept.ok_or_else(|| SearchError::Broken(format!("{name} is no facet")))?;
        if let Some(ordinals) = kept.get() {
            return Ok(ordinals.clone());
        }
        let ordinals = Arc::new(Ordinals::of(&self.searcher, name)?);
        Ok(kept.get_or_init(|| ordinals).clone())
    }
}

/// Which values of a field the documents have that are not deleted.
fn alive(reader: &tantivy::SegmentReader, column: &StrColumn) -> Vec<bool> {
    let mut has = vec![false; column.num_terms()];
    for doc in reader.doc_ids_alive() {
        for ord in column.term_ords(doc) {
            if let Some(has) = usize::try_from(ord).ok().and_then(|ord| has.get_mut(ord)) {
                *has = true;
            }
        }
    }
    has
}

/// As CKAN has it: what names a field is a query, anything else is words.
fn tree_of(q: &str) -> Result<Tree, SearchError> {
    match q.trim() {
        "" | "*" | "\"\"" | "''" => Ok(Tree::Everything),
        q if q.contains(':') => grammar::parse(q).map_err(|why| SearchError::query("q", q, &why)),
        q => grammar::words(q).map_err(|why| SearchError::query("q", q, &why)),
    }
}

fn sorts_of(question: &Question) -> Vec<Sort> {
    let descending = |by| Sort {
        by,
        descending: true,
    };
    if question.sorts.is_empty() {
        vec![descending(By::Score), descending(By::Modified)]
    } else {
        question.sorts.clone()
    }
}
