//! A new generation of the log: what the store holds is stated again, as if it had come today, and the past is forgotten.
//!
//! For a change of what belongs to a description, and for erasing what must not be kept. Order: segments first, synced;
//! then the whole new index in one atomic commit, which is the moment of the change; then the old log and its index go.
//! Killed before that moment, the old generation stands and the new segments are swept at the next start; killed after
//! it, the rest of the old one goes at the next start. Start at [`Store::new_generation`].

use super::batch::Segments;
use super::lines::body_of;
use super::{Clock, Head, Store, StoreError, now_us, page_graph};
use crate::log::Verb;
use crate::state::digest;
use crate::store_read;
use harvestd_vocab::{Class, containment, iris::parse_record_iri};
use oxigraph::model::{
    GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term, TripleRef,
    vocab::xsd,
};
use std::collections::{BTreeMap, HashSet};

const DESCRIPTION: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/description");
const CREATED: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://purl.org/dc/terms/created");

/// Which rules of containment a generation was stated under.
const RULES: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#containmentRules");
/// Default-graph triples that are taken away at once.
const UNOWNED_MAX: usize = 50_000;

impl Store {
    /// Sees to it that the store's present generation was stated under the rules of containment of this build: else a new
    /// one begins. A store that does not say is taken for one of these rules.
    pub fn follow_rules(&mut self) -> Result<(), StoreError> {
        let found = self.rules()?;
        if found == Some(containment::VERSION) {
            return Ok(());
        }
        let (Some(found), 1..) = (found, self.head.seq) else {
            return self.note(vec![self.rules_quad()]);
        };
        let now = containment::VERSION;
        tracing::warn!(
            found,
            now,
            "what belongs to a description has changed: the change log begins anew"
        );
        let why = format!(
            "What belongs to a description has changed: from version {found} of the rules of containment to version {now}."
        );
        let head = self.new_generation(&why)?;
        tracing::warn!(
            generation = head.generation,
            activities = head.seq,
            "a new generation of the change log has begun; followers are told"
        );
        Ok(())
    }

    fn rules(&self) -> Result<Option<u32>, StoreError> {
        let graph = self.runs_graph();
        let name = self.generation_name();
        let graph = GraphNameRef::NamedNode(graph.as_ref());
        let said = self
            .quads
            .quads_for_pattern(Some(name.as_ref().into()), Some(RULES), None, Some(graph))
            .next()
            .transpose()
            .map_err(StoreError::storage("reading which rules the store follows"))?;
        Ok(said.and_then(|quad| match quad.object {
            Term::Literal(version) => version.value().parse().ok(),
            _ => None,
        }))
    }

    /// Says that the present generation is stated under the rules of this build.
    fn rules_quad(&self) -> Quad {
        let version = Literal::new_typed_literal(containment::VERSION.to_string(), xsd::INTEGER);
        Quad::new(self.generation_name(), RULES, version, self.runs_graph())
    }

    fn generation_name(&self) -> NamedNode {
        let generation = self.head.generation;
        NamedNode::new_unchecked(format!("{}feed#generation-{generation}", self.base))
    }

    /// Takes away the triples of the default graph that are in no entity's description.
    fn remove_unowned(&mut self) -> Result<(), StoreError> {
        let doing = "looking for what belongs to no description";
        let name = |triple: TripleRef<'_>| digest(triple.to_string().as_bytes());
        let mut owned = HashSet::new();
        for described in store_read::scan(&self.quads) {
            let described = described.map_err(StoreError::storage(doing))?;
            owned.extend(described.triples.iter().map(|t| name(t.as_ref())));
        }
        loop {
            let all =
                self.quads
                    .quads_for_pattern(None, None, None, Some(GraphNameRef::DefaultGraph));
            let unowned = all
                .filter(|quad| {
                    quad.as_ref()
                        .map_or(true, |quad| !owned.contains(&name(quad.as_ref().into())))
                })
                .take(UNOWNED_MAX)
                .collect::<Result<Vec<_>, _>>()
                .map_err(StoreError::storage(doing))?;
            if unowned.is_empty() {
                return Ok(());
            }
            let mut transaction = self
                .quads
                .start_transaction()
                .map_err(StoreError::storage(doing))?;
            for quad in &unowned {
                transaction.remove(quad);
            }
            transaction.commit().map_err(StoreError::storage(doing))?;
        }
    }

    /// Begins a new generation: one Create for each entity, referents first, in the order of their IRIs. The default graph
    /// stays as it is, but for what belongs to no description any more where the rules of containment have changed. `why` is noted in `{base}graph/runs`.
    ///
    /// # Errors
    /// Where the store holds nothing; where it or the disk fails. The old generation stands then.
    pub fn new_generation(&mut self, why: &str) -> Result<Head, StoreError> {
        self.new_generation_above(why, 0)
    }

    /// The same where a generation up to `above` may have been seen elsewhere: it is a later one.
    pub fn new_generation_above(&mut self, why: &str, above: u64) -> Result<Head, StoreError> {
        let old = self.head;
        if self
            .rules()?
            .is_some_and(|found| found != containment::VERSION)
        {
            self.remove_unowned()?;
        }
        let entities = self.entities_in_order()?;
        if entities.is_empty() {
            return Err(StoreError::Broken(
                "the store holds nothing that a new generation could state".to_owned(),
            ));
        }
        self.head = Head {
            generation: old.generation.max(above) + 1,
            seq: 0,
            published_us: old.published_us,
        };
        let stated = self
            .log
            .remove(self.head.generation)
            .map_err(StoreError::log("removing an interrupted generation"))
            .and_then(|()| self.state_all(entities, old.generation + 1));
        match stated {
            Ok(head) => {
                self.head = head;
                self.beyond.ends(head);
            }
            Err(e) => {
                self.head = old;
                return Err(e);
            }
        }
        self.flush()?;
        crate::crash_point!("generation-committed");
        self.forget_older()?;
        let (name, graph) = (self.generation_name(), self.runs_graph());
        let now = Literal::new_typed_literal(crate::log::date_time(now_us()), xsd::DATE_TIME);
        let said = [
            (DESCRIPTION, Literal::new_simple_literal(why)),
            (CREATED, now),
        ];
        self.note(
            said.map(|(word, value)| Quad::new(name.clone(), word, value, graph.clone()))
                .into(),
        )?;
        self.flush()?;
        Ok(self.head)
    }

    /// Removes the log and the index of generations before the present one, and segments of one that never came to be. An
    /// older generation keeps the empty graph of its first page, by which the present one is found.
    pub(super) fn forget_older(&mut self) -> Result<(), StoreError> {
        let doing = "removing the index of an older generation";
        let now = self.head.generation;
        self.log
            .remove(now + 1)
            .map_err(StoreError::log("removing an interrupted generation"))?;
        for generation in 1..now {
            self.log
                .remove(generation)
                .and_then(|()| self.journal.remove(generation))
                .map_err(StoreError::log("removing an older generation"))?;
            let page = |n: u64| page_graph(&self.base, generation, n * super::PAGE + 1);
            let has = |n| self.quads.contains_named_graph(page(n).as_ref());
            let mut pages = 1;
            while has(pages).map_err(StoreError::storage(doing))? {
                pages += 1;
            }
            // The last first: what an interruption leaves has no gap.
            for n in (1..pages).rev() {
                self.quads
                    .remove_named_graph(&page(n))
                    .map_err(StoreError::storage(doing))?;
            }
            self.quads
                .clear_graph(&page(0))
                .map_err(StoreError::storage(doing))?;
        }
        Ok(())
    }

    /// Every entity of the default graph, referents first.
    pub(super) fn entities_in_order(&self) -> Result<Vec<NamedNode>, StoreError> {
        let doing = "listing what the store holds";
        let mut classes: BTreeMap<String, Class> = BTreeMap::new();
        for record in store_read::records(&self.quads) {
            let NamedOrBlankNode::NamedNode(record) =
                record.map_err(StoreError::storage(doing))?.subject
            else {
                continue;
            };
            let entity = store_read::entity_of(&self.quads, record.as_ref())
                .map_err(StoreError::storage(doing))?;
            let class = parse_record_iri(&self.base, record.as_str()).map(|name| name.class);
            let class = class.unwrap_or(Class::Dataset);
            if let Some(entity) = entity {
                let known = classes.entry(entity.into_string()).or_insert(class);
                *known = class.min(*known);
            }
        }
        let mut entities: Vec<(Class, String)> =
            classes.into_iter().map(|(e, class)| (class, e)).collect();
        entities.sort_unstable();
        let named = |(_, entity)| NamedNode::new_unchecked(entity);
        Ok(entities.into_iter().map(named).collect())
    }

    /// Something in the first page's graph of a generation that never was: the present one is found by counting up. What
    /// is in it goes with what older generations leave.
    fn skipped(&self, generation: u64) -> Quad {
        let page = page_graph(&self.base, generation, 1);
        let never = Literal::new_simple_literal("This generation was never published from here.");
        Quad::new(page.clone(), DESCRIPTION, never, page)
    }

    /// Writes the segments of the present generation and commits its whole index at once. Generations from `skipped` on
    /// never were.
    fn state_all(&self, entities: Vec<NamedNode>, skipped: u64) -> Result<Head, StoreError> {
        let skipped = (skipped..self.head.generation).map(|generation| self.skipped(generation));
        let skipped: Vec<Quad> = skipped.collect();
        let mut stating = Stating {
            clock: self.clock(),
            segments: Segments::default(),
            store: self,
        };
        let mut loader = self
            .quads
            .bulk_loader()
            .with_num_threads(1)
            .with_max_memory_size_in_megabytes(self.limits.bulk_batch_quads.div_ceil(1000));
        let mut all = entities.into_iter();
        let quads = std::iter::from_fn(|| match all.next() {
            Some(entity) => Some(stating.state(&entity)),
            None => {
                let named = stating.segments.close(self).transpose();
                named.map(|quad| quad.map(|quad| vec![quad]))
            }
        })
        .chain([Ok(vec![self.rules_quad()]), Ok(skipped)])
        .flat_map(|quads| {
            let (quads, error) = match quads {
                Ok(quads) => (quads, None),
                Err(e) => (Vec::new(), Some(Err(e))),
            };
            quads.into_iter().map(Ok).chain(error)
        });
        loader.load_ok_quads::<StoreError, StoreError>(quads)?;
        crate::crash_point!("generation");
        loader
            .commit()
            .map_err(StoreError::storage("committing a new generation"))?;
        Ok(Head {
            generation: self.head.generation,
            seq: stating.clock.seq,
            published_us: stating.clock.last_us,
        })
    }
}

struct Stating<'a> {
    clock: Clock,
    segments: Segments,
    store: &'a Store,
}

impl Stating<'_> {
    /// Logs one entity; the quads of the index that name it.
    fn state(&mut self, entity: &NamedNode) -> Result<Vec<Quad>, StoreError> {
        let triples = store_read::description_of(&self.store.quads, entity.as_ref())
            .map_err(StoreError::storage("reading a description"))?;
        let body = body_of(&triples);
        let activity = self
            .clock
            .next(Verb::Create, entity.as_str().to_owned(), body);
        let full = self.segments.append(self.store, &activity)?;
        let mut quads: Vec<Quad> = self.store.index(&activity).into();
        if full {
            quads.extend(self.segments.close(self.store)?);
        }
        Ok(quads)
    }
}
