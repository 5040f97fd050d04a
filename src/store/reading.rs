//! What the index is made from: descriptions as they stand, names of agents, and when each entity was committed. Reads only.
//! Start at [`Store::every`].

use super::{OBJECT, PAGE, PUBLISHED, Store, StoreError, body_of, page_graph};
use crate::facts::LANGUAGES;
use crate::log::parse_date_time;
use crate::store_read;
use harvestd_vocab::terms::{activity, foaf, skos};
use oxigraph::model::{GraphNameRef, NamedNodeRef, NamedOrBlankNode, Term, vocab::rdf};
use std::collections::{BTreeMap, HashMap};

/// Names of an agent, by language: the best first, as [`LANGUAGES`] has it.
pub type Names = Vec<(String, String)>;

/// Commit times of an entity, microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Of its first activity since it is here.
    pub created_us: i64,
    /// Of its last.
    pub modified_us: i64,
}

impl Store {
    /// Every entity of the default graph with its description as sorted N-Triples, in no particular order.
    pub fn every(&self) -> impl Iterator<Item = Result<(String, String), StoreError>> {
        store_read::scan(&self.quads).map(|described| {
            let described = described.map_err(StoreError::storage("reading all descriptions"))?;
            Ok((described.entity.into_string(), body_of(&described.triples)))
        })
    }

    /// The description of an entity. None: it is not here.
    pub fn body(&self, entity: &str) -> Result<Option<String>, StoreError> {
        let entity = NamedNodeRef::new_unchecked(entity);
        let triples = store_read::description_of(&self.quads, entity)
            .map_err(StoreError::storage("reading a description"))?;
        Ok((!triples.is_empty()).then(|| body_of(&triples)))
    }

    /// What an agent is called in the default graph.
    pub fn called(&self, agent: &str) -> Result<Names, StoreError> {
        let agent = NamedNodeRef::new_unchecked(agent);
        let mut names = Names::new();
        for property in [foaf::NAME, skos::PREF_LABEL] {
            let quads = self.quads.quads_for_pattern(
                Some(agent.into()),
                Some(property),
                None,
                Some(GraphNameRef::DefaultGraph),
            );
            for quad in quads {
                let quad = quad.map_err(StoreError::storage("reading an agent's name"))?;
                if let Term::Literal(name) = quad.object {
                    let language = name.language().unwrap_or_default().to_owned();
                    names.push((language, name.value().to_owned()));
                }
            }
        }
        let rank = |language: &str| {
            let primary = language.split('-').next().unwrap_or_default();
            let known = LANGUAGES.iter().position(|known| *known == primary);
            known.unwrap_or(LANGUAGES.len())
        };
        names.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)).then_with(|| a.cmp(b)));
        Ok(names)
    }

    /// When each entity came and last changed, as the log's index in the store says: it stays where the log is pruned.
    pub fn times(&self) -> Result<HashMap<String, Times>, StoreError> {
        let mut times: HashMap<String, Times> = HashMap::new();
        for page in 0..self.head.seq.div_ceil(PAGE) {
            for noted in self.page(page * PAGE + 1)?.into_values() {
                let (Some(verb), Some(entity), Some(us)) = (noted.verb, noted.entity, noted.us)
                else {
                    continue;
                };
                if verb == activity::DELETE.as_str() {
                    times.remove(&entity);
                    continue;
                }
                times
                    .entry(entity)
                    .and_modify(|times| times.modified_us = us)
                    .or_insert(Times {
                        created_us: us,
                        modified_us: us,
                    });
            }
        }
        Ok(times)
    }

    /// The activities of one page of the log's index, by number.
    fn page(&self, first: u64) -> Result<BTreeMap<u64, Noted>, StoreError> {
        let graph = page_graph(&self.base, self.head.generation, first);
        let graph = GraphNameRef::NamedNode(graph.as_ref());
        let mut page: BTreeMap<u64, Noted> = BTreeMap::new();
        for quad in self.quads.quads_for_pattern(None, None, None, Some(graph)) {
            let quad = quad.map_err(StoreError::storage("reading the log's index"))?;
            let NamedOrBlankNode::NamedNode(subject) = &quad.subject else {
                continue;
            };
            let activities = format!("{}activity/{}/", self.base, self.head.generation);
            let seq = subject.as_str().strip_prefix(&activities);
            let Some(seq) = seq.and_then(|seq| seq.parse().ok()) else {
                continue;
            };
            let noted = page.entry(seq).or_default();
            match quad.object {
                Term::NamedNode(verb) if quad.predicate == rdf::TYPE => {
                    noted.verb = Some(verb.into_string());
                }
                Term::NamedNode(entity) if quad.predicate == OBJECT => {
                    noted.entity = Some(entity.into_string());
                }
                Term::Literal(time) if quad.predicate == PUBLISHED => {
                    noted.us = parse_date_time(time.value());
                }
                _ => {}
            }
        }
        Ok(page)
    }
}

/// What the index says of an activity.
#[derive(Default)]
struct Noted {
    verb: Option<String>,
    entity: Option<String>,
    us: Option<i64>,
}
