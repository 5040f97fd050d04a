//! What a formula looks at: the statements of a dataset and of its files. Start at [`Seen`].

use super::{Circumstances, Facts, Timeliness, Value, last_change};
use crate::terms::dcat;
use oxrdf::NamedNodeRef;

/// A node with what is said of it.
#[derive(Debug)]
pub struct Node<'s> {
    pub iri: &'s str,
    said: Vec<(&'s str, Value<'s>)>,
}

impl<'s> Node<'s> {
    fn of(facts: &'s impl Facts, node: &str, iri: &'s str) -> Self {
        let mut said = Vec::new();
        facts.each(node, &mut |property, value| said.push((property, value)));
        Self { iri, said }
    }

    /// All values of a property that say something.
    pub fn all<'n>(
        &'n self,
        property: NamedNodeRef<'static>,
    ) -> impl Iterator<Item = Value<'s>> + use<'n, 's> {
        let said = self
            .said
            .iter()
            .filter(move |(of, value)| *of == property.as_str() && !value.word().trim().is_empty());
        said.map(|(_, value)| *value)
    }

    pub fn first(&self, property: NamedNodeRef<'static>) -> Option<Value<'s>> {
        self.all(property).next()
    }

    pub fn has(&self, property: NamedNodeRef<'static>) -> bool {
        self.first(property).is_some()
    }

    /// The IRIs of a property that begin so, without that.
    pub fn under<'n>(
        &'n self,
        property: NamedNodeRef<'static>,
        begin: &'static str,
    ) -> impl Iterator<Item = &'s str> + use<'n, 's> {
        self.all(property)
            .filter_map(move |value| value.word().strip_prefix(begin))
    }
}

/// A dataset as the formulas see it.
pub struct Seen<'s> {
    pub dataset: Node<'s>,
    pub files: Vec<Node<'s>>,
    pub timeliness: Timeliness,
    /// Days since 1970.
    pub today: i32,
    pub conformance: Option<super::Conformance>,
    /// What each address of the files is known to do, in the order of [`Seen::files`].
    reached: Vec<(&'s str, Option<super::Reach>)>,
}

impl<'s> Seen<'s> {
    pub fn of(facts: &'s impl Facts, entity: &str, circumstances: &Circumstances<'_>) -> Self {
        let dataset = Node::of(facts, entity, "");
        let files: Vec<Node<'s>> = dataset
            .all(dcat::HAS_DISTRIBUTION)
            .map(|file| Node::of(facts, file.word(), file.word()))
            .collect();
        let mut reached: Vec<(&str, Option<super::Reach>)> = Vec::new();
        for property in [dcat::ACCESS_URL, dcat::DOWNLOAD_URL] {
            for address in files.iter().flat_map(|file| file.all(property)) {
                let address = address.word();
                if !reached.iter().any(|(known, _)| *known == address) {
                    reached.push((address, (circumstances.reach)(address)));
                }
            }
        }
        let mut seen = Self {
            dataset,
            files,
            timeliness: Timeliness::default(),
            today: circumstances.today,
            conformance: circumstances.conformance,
            reached,
        };
        seen.timeliness = Timeliness::of(&seen.dataset, last_change(&seen), circumstances.today);
        seen
    }

    /// The dataset, then its files.
    pub fn nodes(&self) -> impl Iterator<Item = &Node<'s>> {
        std::iter::once(&self.dataset).chain(&self.files)
    }

    pub fn reach(&self, address: &str) -> Option<super::Reach> {
        let mut reached = self.reached.iter();
        reached
            .find(|(known, _)| *known == address)
            .and_then(|(_, reach)| *reach)
    }
}
