//! What `{base}graph/quality` says: of each dataset the values of a few metrics (W3C Data Quality Vocabulary), of the metrics
//! what they are, and up to where it is measured.
//!
//! Derived: never in the log, and made anew where the mark does not fit. The mark goes with the last of what it speaks of,
//! so that a kill between leaves an older one, from which on is measured again. Start at [`Store::set_quality`].
//!
//! November 2026: a measurement is not a node of each dataset's own, but of each value: `{base}quality#mqa-245` is the
//! measurement that came to 245, and all datasets that it came out of have it. Queries are the same; of 52,547 datasets it
//! is one quad and no new name for each metric, instead of three and a name.

use super::{Store, StoreError};
use harvestd_vocab::quality::{Scheme, Words};
use harvestd_vocab::terms::{dqv, skos};
use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode,
    NamedOrBlankNodeRef, Quad, Term,
    vocab::{rdf, xsd},
};
use std::{collections::HashSet, sync::atomic::Ordering::Relaxed};

const DOING: &str = "writing the quality of datasets";
/// Up to where is measured.
const MEASURED: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("https://w3id.org/harvestd/ns#measured");

/// Metrics with their dimensions, and what both are called.
fn metrics() -> [(&'static str, Words, &'static str, Words); 4] {
    let of = |scheme: Scheme, dimension, en, zh| {
        (scheme.word(), scheme.name(), dimension, Words::of(en, zh))
    };
    [
        of(
            Scheme::Mqa,
            "metadata-quality",
            "Metadata quality",
            "詮釋資料品質",
        ),
        of(
            Scheme::Fair,
            "fairness",
            "Findable, accessible, interoperable, reusable",
            "可尋、可取、可互通、可再用",
        ),
        of(
            Scheme::AiReady,
            "ai-readiness",
            "Ready for machine learning",
            "AI 可用性",
        ),
        (
            "violations",
            Words::of("Violations of DCAT-AP 3", "違反 DCAT-AP 3 規則數"),
            "conformance",
            Words::of("Conformance", "符合標準"),
        ),
    ]
}

impl Store {
    fn quality_graph(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{}graph/quality", self.base))
    }

    fn quality_node(&self, name: &str) -> NamedNode {
        NamedNode::new_unchecked(format!("{}quality#{name}", self.base))
    }

    /// Up to where is measured. None: nothing is, or a rebuilding was cut short.
    pub fn quality_mark(&self) -> Result<Option<String>, StoreError> {
        let said = self.quality_marks().next().transpose()?;
        Ok(said.and_then(|quad| match quad.object {
            Term::Literal(mark) => Some(mark.value().to_owned()),
            _ => None,
        }))
    }

    fn quality_marks(&self) -> impl Iterator<Item = Result<Quad, StoreError>> + use<> {
        let graph = self.quality_graph();
        let about = Some(NamedOrBlankNodeRef::from(graph.as_ref()));
        let within = Some(GraphNameRef::from(graph.as_ref()));
        let said = self
            .quads
            .quads_for_pattern(about, Some(MEASURED), None, within);
        said.map(|quad| {
            quad.map_err(StoreError::storage(
                "reading up to where quality is measured",
            ))
        })
    }

    /// Every dataset of which the graph says something, each once.
    pub fn measured(&self) -> Result<HashSet<String>, StoreError> {
        let graph = self.quality_graph();
        let said = self.quads.quads_for_pattern(
            None,
            Some(dqv::HAS_QUALITY_MEASUREMENT),
            None,
            Some(graph.as_ref().into()),
        );
        let mut all = HashSet::new();
        for quad in said {
            let quad = quad.map_err(StoreError::storage("listing what is measured"))?;
            if let NamedOrBlankNode::NamedNode(dataset) = quad.subject {
                all.insert(dataset.into_string());
            }
        }
        Ok(all)
    }

    /// Nothing is measured any more.
    pub fn forget_quality(&mut self) -> Result<(), StoreError> {
        let graph = self.quality_graph();
        let graph = GraphNameRef::NamedNode(graph.as_ref());
        self.unpublished.store(true, Relaxed);
        self.quads
            .clear_graph(graph)
            .map_err(StoreError::storage(DOING))
    }

    /// Says these values of these datasets, and nothing else of them; of one without values nothing. `is_anew`: and nothing
    /// of any other. `mark` is up to where that is measured.
    pub fn set_quality<'a>(
        &mut self,
        datasets: impl Iterator<Item = (&'a str, Vec<(&'static str, u32)>)>,
        mark: &str,
        is_anew: bool,
    ) -> Result<(), StoreError> {
        self.unpublished.store(true, Relaxed);
        if is_anew {
            self.forget_quality()?;
        }
        let mut writing = Writing::new(self);
        if is_anew {
            writing.come.extend(writing.vocabulary());
            writing.come.push(writing.mark(mark));
            return writing.load(datasets);
        }
        for (dataset, values) in datasets {
            writing.differ(dataset, &values)?;
            if writing.changes() >= self.limits.batch_triples_max {
                writing.commit()?;
            }
        }
        for quad in self.quality_marks() {
            writing.gone.push(quad?);
        }
        writing.come.push(writing.mark(mark));
        crate::crash_point!("quality");
        writing.commit()
    }
}

/// What goes and comes in one commit.
struct Writing<'s> {
    store: &'s Store,
    graph: NamedNode,
    /// Values that are described already.
    described: HashSet<(&'static str, u32)>,
    gone: Vec<Quad>,
    come: Vec<Quad>,
}

impl<'s> Writing<'s> {
    fn new(store: &'s Store) -> Self {
        Self {
            store,
            graph: store.quality_graph(),
            described: HashSet::new(),
            gone: Vec::new(),
            come: Vec::new(),
        }
    }

    fn quad(
        &self,
        subject: impl Into<NamedOrBlankNode>,
        predicate: NamedNodeRef<'_>,
        object: impl Into<Term>,
    ) -> Quad {
        Quad::new(
            subject,
            predicate.into_owned(),
            object,
            GraphName::NamedNode(self.graph.clone()),
        )
    }

    fn mark(&self, mark: &str) -> Quad {
        let mark = Literal::new_simple_literal(mark);
        self.quad(self.graph.clone(), MEASURED, mark)
    }

    /// The metrics and their dimensions.
    fn vocabulary(&self) -> Vec<Quad> {
        let mut quads = Vec::new();
        for (name, called, dimension, of) in metrics() {
            let metric = self.store.quality_node(name);
            let dimension = self.store.quality_node(dimension);
            for (node, class, words) in [
                (&metric, dqv::METRIC, called),
                (&dimension, dqv::DIMENSION, of),
            ] {
                quads.push(self.quad(node.clone(), rdf::TYPE, class.into_owned()));
                for (text, language) in [(&words.en, "en"), (&words.zh, "zh-hant")] {
                    let label = Literal::new_language_tagged_literal_unchecked(text, language);
                    quads.push(self.quad(node.clone(), skos::PREF_LABEL, label));
                }
            }
            let integer = xsd::INTEGER.into_owned();
            quads.push(self.quad(metric.clone(), dqv::EXPECTED_DATA_TYPE, integer));
            quads.push(self.quad(metric, dqv::IN_DIMENSION, dimension));
        }
        quads
    }

    /// The measurement that came to a value; what it is goes along the first time.
    fn measurement(&mut self, (metric, value): (&'static str, u32)) -> NamedNode {
        let node = self.store.quality_node(&format!("{metric}-{value}"));
        if self.described.insert((metric, value)) {
            let of = self.store.quality_node(metric);
            let number = Literal::new_typed_literal(value.to_string(), xsd::INTEGER);
            let said = [
                self.quad(
                    node.clone(),
                    rdf::TYPE,
                    dqv::QUALITY_MEASUREMENT.into_owned(),
                ),
                self.quad(node.clone(), dqv::IS_MEASUREMENT_OF, of),
                self.quad(node.clone(), dqv::VALUE, number),
            ];
            self.come.extend(said);
        }
        node
    }

    fn links(&mut self, dataset: &str, values: &[(&'static str, u32)]) -> Vec<Quad> {
        let dataset = NamedNode::new_unchecked(dataset);
        let mut links = Vec::with_capacity(values.len());
        for value in values {
            let node = self.measurement(*value);
            links.push(self.quad(dataset.clone(), dqv::HAS_QUALITY_MEASUREMENT, node));
        }
        links
    }

    /// What has to go and to come, so that the graph says these values of the dataset.
    fn differ(&mut self, dataset: &str, values: &[(&'static str, u32)]) -> Result<(), StoreError> {
        let new = self.links(dataset, values);
        let old = self.store.quads.quads_for_pattern(
            Some(NamedNodeRef::new_unchecked(dataset).into()),
            Some(dqv::HAS_QUALITY_MEASUREMENT),
            None,
            Some(self.graph.as_ref().into()),
        );
        let old: Result<Vec<Quad>, _> = old.collect();
        let old = old.map_err(StoreError::storage(DOING))?;
        self.gone
            .extend(old.iter().filter(|quad| !new.contains(quad)).cloned());
        self.come
            .extend(new.into_iter().filter(|quad| !old.contains(quad)));
        Ok(())
    }

    fn changes(&self) -> usize {
        self.gone.len() + self.come.len()
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let mut transaction = self
            .store
            .quads
            .start_transaction()
            .map_err(StoreError::storage(DOING))?;
        for quad in self.gone.drain(..) {
            transaction.remove(&quad);
        }
        transaction.extend(self.come.iter().map(Quad::as_ref));
        transaction.commit().map_err(StoreError::storage(DOING))?;
        self.come.clear();
        Ok(())
    }

    /// Everything at once, into a graph that is empty: a few in a transaction, many through the bulk loader.
    fn load<'a>(
        mut self,
        datasets: impl Iterator<Item = (&'a str, Vec<(&'static str, u32)>)>,
    ) -> Result<(), StoreError> {
        let (store, mut datasets) = (self.store, datasets);
        for (dataset, values) in datasets.by_ref() {
            let links = self.links(dataset, &values);
            self.come.extend(links);
            if self.come.len() >= store.limits.batch_triples_max {
                break;
            }
        }
        let first = std::mem::take(&mut self.come);
        let rest = datasets.flat_map(|(dataset, values)| {
            let links = self.links(dataset, &values);
            self.come.drain(..).chain(links).collect::<Vec<_>>()
        });
        let mut rest = rest.peekable();
        if rest.peek().is_none() {
            drop(rest);
            self.come = first;
            return self.commit();
        }
        let mut loader = store
            .quads
            .bulk_loader()
            .with_num_threads(1)
            .with_max_memory_size_in_megabytes(store.limits.bulk_batch_quads.div_ceil(1000));
        let quads = first.into_iter().chain(rest).map(Ok);
        loader.load_ok_quads::<StoreError, StoreError>(quads)?;
        loader.commit().map_err(StoreError::storage(DOING))
    }
}
