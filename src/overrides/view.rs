//! A harvested description, looked at by subject: what a node says, which distribution is meant, what hangs together.
//!
//! Changes nothing. Start at [`View`].

use super::value::{RECORD, Said};
use crate::store::lines::{iri, split};
use harvestd_vocab::containment::{contains, is_membership};
use harvestd_vocab::terms::{dcat, foaf, rdfs, skos, vcard};
use oxrdf::{Literal, NamedNodeRef};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::str::FromStr;

const ALTERNATE_OF: &str = "http://www.w3.org/ns/prov#alternateOf";

/// What names a node.
const LABELS: [NamedNodeRef<'_>; 4] = [rdfs::LABEL, skos::PREF_LABEL, foaf::NAME, vcard::FN];

/// A harvested description, by subject.
pub(super) struct View<'a> {
    pub entity: &'a str,
    record: &'a str,
    by_subject: HashMap<&'a str, Vec<(&'a str, &'a str, &'a str)>>,
}

impl<'a> View<'a> {
    pub(super) fn of(body: &'a str, entity: &'a str, record: &'a str) -> Self {
        let mut by_subject: HashMap<&str, Vec<_>> = HashMap::new();
        for line in body.lines() {
            if let Some((s, p, o)) = split(line)
                && let (Some(s), Some(p)) = (iri(s), iri(p))
            {
                by_subject.entry(s).or_default().push((line, p, o));
            }
        }
        Self {
            entity,
            record,
            by_subject,
        }
    }

    /// Lines and objects of one property of one node.
    pub(super) fn objects(
        &self,
        node: &str,
        property: &str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = self.by_subject.get(node).map_or(&[][..], Vec::as_slice);
        lines
            .iter()
            .filter(move |(_, p, _)| *p == property)
            .map(|(line, _, o)| (*line, *o))
    }

    /// The distribution of that IRI, else those of that address.
    pub(super) fn distribution(&self, address: &str) -> Vec<&'a str> {
        let address = harvestd_vocab::links::link(address)
            .map_or_else(|_| address.to_owned(), oxrdf::NamedNode::into_string);
        let all: Vec<&str> = self
            .objects(self.entity, dcat::HAS_DISTRIBUTION.as_str())
            .filter_map(|(_, object)| iri(object))
            .collect();
        // A node that another dataset has as well goes by a name of its own.
        let named = |node: &str| {
            let mut other = self.objects(node, ALTERNATE_OF);
            node == address || other.any(|(_, object)| iri(object) == Some(&address))
        };
        if let Some(named) = all.iter().find(|node| named(node)) {
            return vec![named];
        }
        let mut by_address = all;
        by_address.retain(|node| {
            [dcat::ACCESS_URL, dcat::DOWNLOAD_URL]
                .iter()
                .any(|property| {
                    self.objects(node, property.as_str())
                        .any(|(_, object)| iri(object) == Some(&address))
                })
        });
        by_address
    }

    /// Are the values that are there those that are said, each at least once?
    pub(super) fn agree(
        &self,
        said: &[Said],
        found: &[&str],
        is: impl Fn(&Self, &Said, &str) -> bool,
    ) -> bool {
        said.iter()
            .all(|s| found.iter().any(|object| is(self, s, object)))
            && found
                .iter()
                .all(|object| said.iter().any(|s| is(self, s, object)))
    }

    /// The same in normal form; of a node without an IRI of its own, the same label.
    pub(super) fn is(&self, said: &Said, object: &str) -> bool {
        said.objects.iter().any(|o| self.own(o) == object)
            || self
                .label(object)
                .is_some_and(|label| said.has_words(label))
    }

    /// The same; or, where a plain text is expected, these words, whatever their language or type.
    pub(super) fn may_be(&self, said: &Said, object: &str) -> bool {
        self.is(said, object) || said.has_words(object)
    }

    /// What a node of the record is called.
    fn label(&self, object: &str) -> Option<&'a str> {
        let node = iri(object)?.strip_prefix(self.record)?;
        let node = node.starts_with('#').then_some(iri(object)?)?;
        LABELS
            .iter()
            .find_map(|property| self.objects(node, property.as_str()).next())
            .map(|(_, label)| label)
    }

    pub(super) fn shown(&self, object: &str) -> String {
        self.label(object).unwrap_or(object).to_owned()
    }

    /// With nodes under this record.
    pub(super) fn own(&self, text: &str) -> String {
        text.replace(&format!("<{RECORD}#"), &format!("<{}#", self.record))
    }

    /// The nodes that the description goes through, from the entity and its record.
    pub(super) fn reached<'l>(&self, lines: impl Iterator<Item = &'l str>) -> BTreeSet<&'l str> {
        let mut edges: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for line in lines {
            if let Some(s) = subject(line)
                && let Some((_, p, o)) = split(line)
            {
                let target = iri(p).zip(iri(o));
                edges.entry(s).or_default().extend(target);
            }
        }
        let mut next: VecDeque<(&str, usize)> = [self.entity, self.record]
            .iter()
            .filter_map(|anchor| edges.get_key_value(*anchor))
            .map(|(node, _)| (*node, 0))
            .collect();
        let mut reached = BTreeSet::new();
        while let Some((node, depth)) = next.pop_front() {
            let Some(targets) = edges.get(node).filter(|_| reached.insert(node)) else {
                continue;
            };
            let parts = targets
                .iter()
                .filter(|(p, o)| contains(self.record, depth, NamedNodeRef::new_unchecked(p), o));
            next.extend(parts.map(|(_, o)| (*o, depth + 1)));
        }
        reached
    }
}

impl Said {
    /// A node without an IRI of its own is shown by what was written.
    pub(super) fn shown(&self) -> Vec<String> {
        let own = format!("<{RECORD}#");
        if self.objects.is_empty() || self.objects.iter().any(|o| o.starts_with(&own)) {
            return vec![Literal::new_simple_literal(&self.text).to_string()];
        }
        self.objects.clone()
    }

    /// The same in a language, where it is written as words and kept as words in none. A node that it brings has its label
    /// in that language.
    pub(super) fn tagged(&self, tag: &str) -> Self {
        let mut tagged = self.clone();
        if !self.plain {
            return tagged;
        }
        for object in tagged.objects.iter_mut().filter(|o| is_simple(o)) {
            *object = format!("{object}@{tag}");
        }
        for line in &mut tagged.lines {
            let label = split(line.trim_end()).filter(|(_, p, o)| {
                is_simple(o)
                    && iri(p).is_some_and(|p| LABELS.iter().any(|label| label.as_str() == p))
            });
            if let Some((s, p, o)) = label {
                *line = format!("{s} {p} {o}@{tag} .\n");
            }
        }
        tagged
    }

    /// Is it written without language and datatype, and are these its words?
    fn has_words(&self, token: &str) -> bool {
        self.plain && literal(token).is_some_and(|l| l.value() == self.text)
    }
}

/// Words without language and datatype.
fn is_simple(token: &str) -> bool {
    token.starts_with('"') && token.ends_with('"')
}

/// The subject of a line, but of a link to a member: that is the member's.
pub(super) fn subject(line: &str) -> Option<&str> {
    let (s, p, _) = split(line)?;
    let member = is_membership(NamedNodeRef::new_unchecked(iri(p)?));
    iri(s).filter(|_| !member)
}

fn literal(token: &str) -> Option<Literal> {
    token
        .starts_with('"')
        .then(|| Literal::from_str(token).ok())?
}

pub(super) fn language(token: &str) -> Option<String> {
    literal(token)?.language().map(str::to_owned)
}
