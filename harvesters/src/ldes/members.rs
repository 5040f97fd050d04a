//! The members of a page: what became of which object, and when; the newest version of each, newest first.
//!
//! A member is an activity (its object's body in the graph that it names, or beside it), or a version of the object
//! itself. What belongs into a record may come as a member of its own (a distribution, a contact). Start at [`Members::read`].

use super::{
    bookmark::Note,
    page::{Quads, TREE},
};
use crate::{ReadError, ReadErrorKind};
use harvestd_vocab::Class;
use oxrdf::{BlankNode, NamedOrBlankNode, Quad, Term, Triple, vocab::rdf};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use url::Url;

const ACTIVITY: &str = "https://www.w3.org/ns/activitystreams#";
/// Nodes of one record: a page that is one large graph does not become a record.
const NODES_MAX: usize = 2_000;

/// The classes of records, the strongest first.
const RECORDS: [(&str, Class); 7] = [
    (
        "http://www.w3.org/ns/dcat#DatasetSeries",
        Class::DatasetSeries,
    ),
    ("http://www.w3.org/ns/dcat#Catalog", Class::Catalog),
    ("http://www.w3.org/ns/dcat#DataService", Class::DataService),
    ("http://www.w3.org/ns/dcat#Dataset", Class::Dataset),
    ("http://xmlns.com/foaf/0.1/Agent", Class::Agent),
    ("http://xmlns.com/foaf/0.1/Organization", Class::Agent),
    ("http://www.w3.org/ns/org#Organization", Class::Agent),
];

/// The classes of what records contain.
const PARTS: [&str; 11] = [
    "http://www.w3.org/ns/dcat#Distribution",
    "http://www.w3.org/2006/vcard/ns#Kind",
    "http://www.w3.org/2006/vcard/ns#Individual",
    "http://www.w3.org/2006/vcard/ns#Organization",
    "http://purl.org/dc/terms/LicenseDocument",
    "http://purl.org/dc/terms/RightsStatement",
    "http://purl.org/dc/terms/Location",
    "http://purl.org/dc/terms/PeriodOfTime",
    "http://purl.org/dc/terms/Standard",
    "http://www.w3.org/ns/dcat#CatalogRecord",
    "http://spdx.org/rdf/terms#Checksum",
];

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is as the member says.
    Is,
    Gone,
}

/// A member, and the object it is about.
#[derive(Debug, Clone)]
pub struct Member {
    node: NamedOrBlankNode,
    about: NamedOrBlankNode,
    /// IRI of the object.
    pub object: String,
    pub verb: Verb,
    /// Microseconds since 1970.
    pub time_us: Option<i64>,
    /// A version of the object, and no activity.
    is_version: bool,
}

/// The members of a page.
#[derive(Debug, Default)]
pub struct Members {
    /// The newest of each object, newest first.
    pub all: Vec<Member>,
    pub newest_us: Option<i64>,
    /// The members' nodes, also of older versions: no record reaches into another member.
    nodes: HashSet<NamedOrBlankNode>,
    hidden: [Option<String>; 2],
}

impl Members {
    pub fn read(quads: &Quads, note: &Note, here: &Url) -> Result<Self, ReadError> {
        let predicate = format!("{TREE}member");
        let mut members = Self {
            hidden: [note.timestamp.clone(), note.version_of.clone()],
            ..Self::default()
        };
        let mut found = Vec::new();
        for quad in quads
            .default_graph()
            .filter(|q| q.predicate.as_str() == predicate)
        {
            let Some(node) = node_of(&quad.object) else {
                continue;
            };
            if !members.nodes.insert(node.clone()) {
                continue;
            }
            if note.mirror.is_some() && quads.about(&node).next().is_none() {
                return Err(ReadError::new(
                    ReadErrorKind::Truncated,
                    format!("reading {here}"),
                    format!("a page that lists {node} and ends before it"),
                    "all its members",
                ));
            }
            found.extend(Member::read(quads, note, node));
        }
        members.newest_us = found.iter().filter_map(|member| member.time_us).max();
        let mut found: Vec<_> = found.into_iter().enumerate().collect();
        found.sort_by_key(|(at, member)| std::cmp::Reverse((member.time_us, *at)));
        let mut objects = HashSet::new();
        for (_, member) in found {
            if objects.insert(member.object.clone()) {
                members.all.push(member);
            }
        }
        Ok(members)
    }

    /// The class of the object, where that is a record of its own.
    pub fn class(&self, quads: &Quads, member: &Member) -> Option<Class> {
        class_of(&member.type_iris(quads))
    }

    /// Is the object something that records contain?
    pub fn is_part(&self, quads: &Quads, member: &Member) -> bool {
        let types = member.type_iris(quads);
        self.class(quads, member).is_none() && PARTS.iter().any(|iri| types.contains(*iri))
    }

    /// What the member says of its object, as N-Triples: the object's own statements first.
    pub fn description(&self, quads: &Quads, member: &Member) -> String {
        let mut triples = self.own(quads, member);
        triples.sort_by_key(|triple| triple.subject != member.about);
        let mut names = Names::default();
        let mut lines = BTreeSet::new();
        let mut text = String::new();
        for triple in triples {
            let line = format!("{} .\n", names.plain(triple));
            if lines.insert(line.clone()) {
                text.push_str(&line);
            }
        }
        text
    }

    fn own(&self, quads: &Quads, member: &Member) -> Vec<Triple> {
        let mut graph = quads.graph(&member.node).peekable();
        if graph.peek().is_some() {
            return graph.cloned().map(Triple::from).collect();
        }
        let start = match member.is_version {
            true => &member.node,
            false => &member.about,
        };
        let mut triples = Vec::new();
        let (mut seen, mut next) = (
            HashSet::from([start.clone()]),
            VecDeque::from([start.clone()]),
        );
        while let Some(node) = next.pop_front() {
            for quad in quads
                .about(&node)
                .filter(|quad| !self.is_hidden(&node, quad, member))
            {
                if let Some(object) = node_of(&quad.object)
                    && seen.len() < NODES_MAX
                    && !self.nodes.contains(&object)
                    && seen.insert(object.clone())
                {
                    next.push_back(object);
                }
                triples.push(member.renamed(quad));
            }
        }
        triples
    }

    /// What a version says of itself as a member is no word about the object.
    fn is_hidden(&self, node: &NamedOrBlankNode, quad: &Quad, member: &Member) -> bool {
        let hidden = || self.hidden.iter().flatten();
        *node == member.node
            && member.is_version
            && hidden().any(|predicate| predicate == quad.predicate.as_str())
    }
}

impl Member {
    fn read(quads: &Quads, note: &Note, node: NamedOrBlankNode) -> Option<Self> {
        let word = |predicate: &Option<String>| quads.object(&node, predicate.as_deref()?);
        let time_us = match word(&note.timestamp) {
            Some(Term::Literal(time)) => time_us(time.value()),
            _ => None,
        };
        let about = match word(&note.version_of) {
            Some(term) => node_of(&term)?,
            None => node.clone(),
        };
        let NamedOrBlankNode::NamedNode(object) = &about else {
            return None;
        };
        let (mut verb, mut is_version) = (Verb::Is, true);
        for quad in quads.about(&node).filter(|q| q.predicate == rdf::TYPE) {
            let Term::NamedNode(of) = &quad.object else {
                continue;
            };
            match of.as_str().strip_prefix(ACTIVITY) {
                Some("Create" | "Update" | "Add") => is_version = false,
                Some("Delete" | "Remove") => (verb, is_version) = (Verb::Gone, false),
                _ => {}
            }
        }
        Some(Self {
            object: object.as_str().to_owned(),
            node,
            about,
            verb,
            time_us,
            is_version,
        })
    }

    fn type_iris(&self, quads: &Quads) -> BTreeSet<String> {
        let subject = if self.is_version {
            &self.node
        } else {
            &self.about
        };
        let said = quads.about(subject).chain(quads.graph(&self.node));
        said.filter(|q| q.predicate == rdf::TYPE)
            .filter(|q| q.subject == self.about || q.subject == *subject)
            .filter_map(|q| match &q.object {
                Term::NamedNode(of) => Some(of.as_str().to_owned()),
                _ => None,
            })
            .collect()
    }

    /// The types of the object, for a report.
    pub fn types(&self, quads: &Quads) -> String {
        self.type_iris(quads)
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The graph that the activity names, as sorted N-Triples.
    pub fn body(&self, quads: &Quads) -> String {
        let graph = quads.graph(&self.node).cloned().map(Triple::from);
        let lines: BTreeSet<String> = graph.map(|triple| format!("{triple} .\n")).collect();
        lines.into_iter().collect()
    }

    fn renamed(&self, quad: &Quad) -> Triple {
        let mut triple = Triple::from(quad.clone());
        if self.is_version && triple.subject == self.node {
            triple.subject = self.about.clone();
        }
        triple
    }
}

/// Blank nodes by the order in which they come: the parser's own names change from one reading to the next.
#[derive(Default)]
struct Names(BTreeMap<String, BlankNode>);

impl Names {
    fn name(&mut self, node: &BlankNode) -> BlankNode {
        let next = self.0.len();
        let name = || BlankNode::new_unchecked(format!("b{next}"));
        self.0
            .entry(node.as_str().to_owned())
            .or_insert_with(name)
            .clone()
    }

    fn plain(&mut self, mut triple: Triple) -> Triple {
        if let NamedOrBlankNode::BlankNode(node) = &triple.subject {
            triple.subject = self.name(node).into();
        }
        if let Term::BlankNode(node) = &triple.object {
            triple.object = self.name(node).into();
        }
        triple
    }
}

/// The class of a record of these types.
pub fn class_of(types: &BTreeSet<String>) -> Option<Class> {
    let known = RECORDS.iter().find(|(iri, _)| types.contains(*iri));
    known.map(|(_, class)| *class)
}

fn node_of(term: &Term) -> Option<NamedOrBlankNode> {
    match term {
        Term::NamedNode(node) => Some(node.clone().into()),
        Term::BlankNode(node) => Some(node.clone().into()),
        _ => None,
    }
}

/// xsd:dateTime, with or without a zone (then UTC), or xsd:date, as microseconds since 1970.
pub fn time_us(text: &str) -> Option<i64> {
    let zoned = chrono::DateTime::parse_from_rfc3339(text).ok();
    let local = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let date = || {
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    zoned
        .map(|time| time.timestamp_micros())
        .or_else(|| Some(local().or_else(date)?.and_utc().timestamp_micros()))
}
