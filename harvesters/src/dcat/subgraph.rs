//! The raw bytes of one record: its part of the document's triples, as N-Triples.
//!
//! The same triples give the same bytes, in whatever order the document had them and whatever it called its blank
//! nodes: those are named by what they say, and where two say the same it does not matter which is which. The first
//! statement's subject is the entity. Start at [`Subgraph::of`].

mod order;

use super::{
    find::{Entities, HYDRA},
    table::{Id, Row, Sort, Table},
};
use harvestd_vocab::{
    containment::{DEPTH_MAX, is_containment, is_membership},
    terms::{dcat, foaf},
};
use order::Order;
use oxrdf::{
    NamedNodeRef,
    vocab::{rdf, rdfs},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Blank nodes are followed this deep, lists not counted: a record's own, so deeper than what has a name.
const BLANK_DEPTH_MAX: usize = 2 * DEPTH_MAX;

/// What a walk needs to know of the predicates, once per document.
pub struct Walk<'a> {
    table: &'a Table,
    entities: &'a Entities,
    predicates: HashMap<Id, Role>,
    primary_topic: Option<Id>,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Containment,
    Membership,
    /// Speaks of the document's pages.
    Paging,
    /// `rdf:first` and `rdf:rest`: no deeper.
    List,
    Type,
    Reference,
}

/// One record's triples.
pub struct Subgraph<'a> {
    walk: &'a Walk<'a>,
    /// The nodes described, and how deep they stand.
    depths: BTreeMap<Id, usize>,
    rows: BTreeMap<Id, Vec<Row>>,
    /// Triples that point to the entity from collections.
    memberships: Vec<Row>,
    /// The catalogue on whose pages the entity stands, where no catalogue lists it on this page.
    home: Option<&'a str>,
    /// Links to records of their own that have no name to be referred to by.
    pub unnamed_references: u64,
    /// Links to nodes too deep inside.
    pub too_deep: u64,
    /// About how many bytes it takes in N-Triples; where that is above the limit, it is not whole.
    pub bytes: usize,
    bytes_max: usize,
}

impl<'a> Walk<'a> {
    pub fn new(table: &'a Table, entities: &'a Entities) -> Self {
        let mut predicates = HashMap::new();
        for [_, predicate, _] in table.rows() {
            predicates
                .entry(*predicate)
                .or_insert_with(|| role(table.iri_text(*predicate).unwrap_or_default()));
        }
        Self {
            table,
            entities,
            predicates,
            primary_topic: table.find_iri(foaf::PRIMARY_TOPIC.as_str()),
        }
    }

    fn role(&self, predicate: Id) -> Role {
        self.predicates
            .get(&predicate)
            .copied()
            .unwrap_or(Role::Reference)
    }

    fn is_paging(&self, [_, predicate, object]: Row) -> bool {
        match self.role(predicate) {
            Role::Paging => true,
            Role::Type => self
                .table
                .iri_text(object)
                .is_some_and(|iri| iri.starts_with(HYDRA)),
            _ => false,
        }
    }

    /// Has it no IRI by which others can refer to it? A literal has none either, and is no node.
    fn is_blank(&self, node: Id) -> bool {
        match self.table.sort(node) {
            Sort::Blank => true,
            Sort::NoIri => self.table.is_described(node),
            Sort::Iri | Sort::Literal => false,
        }
    }
}

fn role(predicate: &str) -> Role {
    let iri = NamedNodeRef::new_unchecked(predicate);
    match () {
        () if predicate.starts_with(HYDRA) => Role::Paging,
        () if iri == rdf::TYPE => Role::Type,
        () if iri == rdf::FIRST || iri == rdf::REST => Role::List,
        () if is_membership(iri) => Role::Membership,
        () if is_containment(iri) => Role::Containment,
        () => Role::Reference,
    }
}

impl<'a> Subgraph<'a> {
    /// Gives up where it would take more than `bytes_max`. `home`: the catalogue that the document is a page of. Some list
    /// all their datasets on one page and describe them on others: whatever stands on its pages is a member of it, so
    /// that what is said of a dataset does not depend on where pages begin and end.
    pub fn of(walk: &'a Walk<'a>, entity: Id, home: Option<&'a str>, bytes_max: usize) -> Self {
        let mut found = Self {
            walk,
            depths: BTreeMap::new(),
            rows: BTreeMap::new(),
            memberships: Vec::new(),
            home,
            unnamed_references: 0,
            too_deep: 0,
            bytes: 0,
            bytes_max,
        };
        found.reach(entity, entity, 0);
        let records: Vec<Id> = walk
            .table
            .to(entity)
            .filter(|(p, _)| Some(*p) == walk.primary_topic)
            .map(|(_, record)| record)
            .collect();
        for record in records {
            if walk.entities.class(record).is_none() {
                found.reach(entity, record, 1);
            }
        }
        found.members_of(entity);
        let lists = |row: &Row| walk.table.iri_text(row[1]) == Some(dcat::HAS_DATASET.as_str());
        if found.memberships.iter().any(lists) {
            found.home = None;
        }
        found
    }

    /// The document describes nodes that this record only refers to, and that are no records either: nobody keeps what
    /// it says of them. Their types are handed on, so that somebody can say that the rest was left out.
    fn described_elsewhere(&self) -> impl Iterator<Item = Id> + '_ {
        let walk = self.walk;
        let rows = self.rows.values().flatten();
        let referred_to = rows.filter(|row| walk.role(row[1]) != Role::Type);
        let named: BTreeSet<Id> = referred_to
            .map(|row| row[2])
            .filter(|node| walk.table.sort(*node) == Sort::Iri)
            .filter(|node| !self.depths.contains_key(node) && walk.entities.class(*node).is_none())
            .collect();
        named
            .into_iter()
            .filter(move |node| walk.table.is_described(*node))
    }

    /// Breadth first, so that every node stands at its least depth.
    fn reach(&mut self, entity: Id, from: Id, depth: usize) {
        let mut waiting = VecDeque::from([(from, depth)]);
        while let Some((node, depth)) = waiting.pop_front() {
            if self.depths.contains_key(&node) {
                continue;
            }
            self.depths.insert(node, depth);
            let mut rows = Vec::new();
            for &row in self.walk.table.of(node) {
                if self.walk.is_paging(row) || self.walk.role(row[1]) == Role::Membership {
                    continue;
                }
                match self.step(entity, row, depth) {
                    Step::Leave => continue,
                    Step::Keep => {}
                    Step::Follow(0) => waiting.push_front((row[2], depth)),
                    Step::Follow(more) => waiting.push_back((row[2], depth + more)),
                }
                self.bytes += row
                    .iter()
                    .map(|term| self.walk.table.form(*term).len())
                    .sum::<usize>();
                if self.bytes > self.bytes_max {
                    return;
                }
                rows.push(row);
            }
            self.rows.insert(node, rows);
        }
    }

    fn step(&mut self, entity: Id, [_, predicate, object]: Row, depth: usize) -> Step {
        if object == entity {
            return Step::Keep;
        }
        let role = self.walk.role(predicate);
        let own_record = self.walk.entities.class(object).is_some();
        if !self.walk.is_blank(object) {
            let contained = role == Role::Containment
                && !own_record
                && depth < DEPTH_MAX
                && self.walk.table.is_described(object);
            return if contained {
                Step::Follow(1)
            } else {
                Step::Keep
            };
        }
        if own_record {
            self.unnamed_references += 1;
            return Step::Leave;
        }
        match role {
            Role::List => Step::Follow(0),
            _ if depth < BLANK_DEPTH_MAX => Step::Follow(1),
            _ => {
                self.too_deep += 1;
                Step::Leave
            }
        }
    }

    /// The links from catalogues with a name. None to the entity's CatalogRecord: it is the source's own, and what
    /// becomes of it here stands in our catalogue of the source alone.
    fn members_of(&mut self, member: Id) {
        let links = self
            .walk
            .table
            .to(member)
            .filter(|(predicate, collection)| {
                self.walk.role(*predicate) == Role::Membership
                    && self.walk.table.sort(*collection) == Sort::Iri
            });
        self.memberships
            .extend(links.map(|(predicate, collection)| [collection, predicate, member]));
    }

    /// None: it would be longer than the limit.
    pub fn n_triples(&self, entity: Id) -> Option<Vec<u8>> {
        if self.bytes > self.bytes_max {
            return None;
        }
        let order = self.order(entity);
        let mut out = Vec::new();
        for node in &order.nodes {
            let rows = self.rows.get(node).map(Vec::as_slice).unwrap_or_default();
            if !self.write(rows, &order, &mut out) {
                return None;
            }
        }
        if let Some(home) = self.home {
            let entity = self.form(entity, &order);
            let link = format!("<{home}> {} {entity} .\n", dcat::HAS_DATASET);
            out.extend_from_slice(link.as_bytes());
        }
        (self.write(&self.memberships, &order, &mut out) && self.write_types(&mut out))
            .then_some(out)
    }

    /// One line for each node that is described elsewhere. False: it is too much.
    fn write_types(&self, out: &mut Vec<u8>) -> bool {
        let table = self.walk.table;
        let mut lines = BTreeSet::new();
        for node in self.described_elsewhere() {
            let types = table.of(node).iter().filter(|row| {
                self.walk.role(row[1]) == Role::Type && table.sort(row[2]) == Sort::Iri
            });
            let class = types.map(|row| table.form(row[2])).min();
            let node = table.form(node);
            lines.insert(match class {
                Some(class) => format!("{node} {} {class} .\n", rdf::TYPE),
                None => format!("{node} {} {} .\n", rdf::TYPE, rdfs::RESOURCE),
            });
        }
        out.extend(lines.iter().flat_map(|line| line.as_bytes()));
        out.len() <= self.bytes_max
    }

    /// Writes a block of statements, sorted. False: it is too much.
    fn write(&self, rows: &[Row], order: &Order, out: &mut Vec<u8>) -> bool {
        let mut lines = BTreeSet::new();
        let mut bytes = out.len();
        for row in rows {
            let line = format!(
                "{} {} {} .\n",
                self.form(row[0], order),
                self.form(row[1], order),
                self.form(row[2], order)
            );
            bytes += line.len();
            if bytes > self.bytes_max {
                return false;
            }
            lines.insert(line);
        }
        for line in lines {
            out.extend_from_slice(line.as_bytes());
        }
        true
    }

    /// A term in N-Triples. What is no IRI becomes a blank node where something is said of it, else the words it is.
    fn form(&self, term: Id, order: &Order) -> String {
        let table = self.walk.table;
        match (order.labels.get(&term), table.sort(term)) {
            (Some(label), _) => format!("_:b{label}"),
            (None, Sort::NoIri) => {
                let words = table.iri_text(term).unwrap_or_default();
                oxrdf::Literal::new_typed_literal(words, oxrdf::vocab::xsd::ANY_URI).to_string()
            }
            (None, _) => table.form(term).to_owned(),
        }
    }
}

enum Step {
    /// The triple is left out.
    Leave,
    Keep,
    /// The triple is kept and its object described, this much deeper.
    Follow(usize),
}
