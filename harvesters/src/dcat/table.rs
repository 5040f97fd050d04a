//! All triples of one answer, once in memory: every term is kept once, in its N-Triples form, in one string.
//!
//! Start at [`Table`]. It never parses; what goes in has been parsed, what is no valid IRI is kept and marked.

use crate::{ReadError, ReadErrorKind};
use oxrdf::{Literal, NamedNode, NamedOrBlankNode, Quad, Term};
use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt::Write,
    hash::BuildHasher,
    ops::Range,
};

/// A term of the table. Ids rise in the order in which terms were first met.
pub type Id = u32;

/// Subject, predicate, object.
pub type Row = [Id; 3];

/// What kind of term it is: the first byte of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Iri,
    Literal,
    Blank,
    /// What stood where an IRI should stand, and is none.
    NoIri,
}

/// The triples of a document, graph names dropped.
pub struct Table {
    /// The N-Triples forms of all terms, one after the other. What is no IRI is written `!…`.
    text: String,
    begins: Vec<u32>,
    ids: HashMap<u64, Id>,
    hasher: RandomState,
    rows: Vec<Row>,
    /// Object, predicate, subject of the rows that are asked for backwards.
    backwards: Vec<Row>,
    languages: HashMap<String, Option<String>>,
    bytes_max: usize,
    scratch: String,
    pub oddities: Oddities,
}

/// What was mended while filling the table, and how often.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Oddities {
    /// Triples left out because their predicate is no IRI.
    pub predicates: u64,
    /// Literals that lost a language tag or a datatype that is none.
    pub literals: u64,
}

/// A term costs this beside its text, in bytes: its begin, and its place in the map.
const TERM_BYTES: usize = 24;

impl Table {
    /// `bytes_max`: how much memory the table may take, in bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            text: String::new(),
            begins: Vec::new(),
            ids: HashMap::new(),
            hasher: RandomState::new(),
            rows: Vec::new(),
            backwards: Vec::new(),
            languages: HashMap::new(),
            // Begins are u32.
            bytes_max: bytes_max.min(u32::MAX as usize / 2),
            scratch: String::new(),
            oddities: Oddities::default(),
        }
    }

    pub fn add(&mut self, quad: &Quad) -> Result<(), ReadError> {
        let Some(predicate) = self.iri(quad.predicate.as_str()) else {
            self.oddities.predicates += 1;
            return Ok(());
        };
        let subject = match &quad.subject {
            NamedOrBlankNode::NamedNode(iri) => self.named(iri.as_str()),
            NamedOrBlankNode::BlankNode(node) => self.blank(node.as_str()),
        };
        let object = match &quad.object {
            Term::NamedNode(iri) => self.named(iri.as_str()),
            Term::BlankNode(node) => self.blank(node.as_str()),
            Term::Literal(literal) => self.literal(literal),
        };
        self.rows.push([subject, predicate, object]);
        if self.bytes() > self.bytes_max {
            let found = format!(
                "{} triples that take more than {} bytes",
                self.rows.len(),
                self.bytes_max
            );
            return Err(ReadError::new(
                ReadErrorKind::Limit,
                "keeping the document's triples",
                found,
                "a document in pages",
            ));
        }
        Ok(())
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.begins.len() * TERM_BYTES + self.rows.len() * size_of::<Row>()
    }

    /// Sorts what was added. `backwards`: of which predicates subjects can be asked for by object.
    pub fn finish(&mut self, backwards: &[Id]) {
        self.rows.sort_unstable();
        self.rows.dedup();
        self.backwards = self
            .rows
            .iter()
            .filter(|row| backwards.contains(&row[1]))
            .map(|&[s, p, o]| [o, p, s])
            .collect();
        self.backwards.sort_unstable();
        self.scratch = String::new();
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The triples of a subject, by predicate and object.
    pub fn of(&self, subject: Id) -> &[Row] {
        &self.rows[equal(&self.rows, subject)]
    }

    /// The objects of a subject's predicate.
    pub fn objects(&self, subject: Id, predicate: Option<Id>) -> impl Iterator<Item = Id> + '_ {
        self.of(subject)
            .iter()
            .filter(move |row| Some(row[1]) == predicate)
            .map(|row| row[2])
    }

    /// Predicate and subject of the triples that point to an object, as far as they can be asked for backwards.
    pub fn to(&self, object: Id) -> impl Iterator<Item = (Id, Id)> + '_ {
        self.backwards[equal(&self.backwards, object)]
            .iter()
            .map(|&[_, predicate, subject]| (predicate, subject))
    }

    pub fn is_described(&self, node: Id) -> bool {
        !equal(&self.rows, node).is_empty()
    }

    /// The N-Triples form. `!…` for what is no IRI.
    pub fn form(&self, id: Id) -> &str {
        let at = id as usize;
        let begin = self.begins[at] as usize;
        let end = self
            .begins
            .get(at + 1)
            .map_or(self.text.len(), |end| *end as usize);
        &self.text[begin..end]
    }

    pub fn sort(&self, id: Id) -> Sort {
        match self.text.as_bytes()[self.begins[id as usize] as usize] {
            b'<' => Sort::Iri,
            b'"' => Sort::Literal,
            b'_' => Sort::Blank,
            _ => Sort::NoIri,
        }
    }

    /// The IRI, without its brackets; what was taken for one, if it is none.
    pub fn iri_text(&self, id: Id) -> Option<&str> {
        let form = self.form(id);
        match self.sort(id) {
            Sort::Iri => form.get(1..form.len() - 1),
            Sort::NoIri => form.get(1..),
            Sort::Literal | Sort::Blank => None,
        }
    }

    /// The value of a literal, unescaped, or an IRI.
    pub fn value(&self, id: Id) -> Option<String> {
        match self.sort(id) {
            Sort::Literal => literal_value(self.form(id)),
            Sort::Blank => None,
            Sort::Iri | Sort::NoIri => self.iri_text(id).map(str::to_owned),
        }
    }

    /// The term of that form, if the document has it.
    pub fn find(&self, form: &str) -> Option<Id> {
        self.slot(form).ok()
    }

    pub fn find_iri(&self, iri: &str) -> Option<Id> {
        self.find(&format!("<{iri}>"))
    }

    fn named(&mut self, iri: &str) -> Id {
        match self.iri(iri) {
            Some(id) => id,
            None => {
                // Control characters would do no harm here; that they are gone keeps reports readable.
                let form: String = std::iter::once('!')
                    .chain(iri.chars().map(|c| if c.is_control() { ' ' } else { c }))
                    .collect();
                self.intern(&form)
            }
        }
    }

    /// None: it is no IRI.
    fn iri(&mut self, iri: &str) -> Option<Id> {
        let mut form = std::mem::take(&mut self.scratch);
        form.clear();
        let _ = write!(form, "<{iri}>");
        let id = match self.find(&form) {
            Some(id) => Some(id),
            None => NamedNode::new(iri).ok().map(|_| self.intern(&form)),
        };
        self.scratch = form;
        id
    }

    fn blank(&mut self, label: &str) -> Id {
        let mut form = std::mem::take(&mut self.scratch);
        form.clear();
        let _ = write!(form, "_:{label}");
        let id = self.intern(&form);
        self.scratch = form;
        id
    }

    fn literal(&mut self, literal: &Literal) -> Id {
        let mended = match (literal.language(), literal.datatype()) {
            (Some(language), _) => match self.language(language) {
                Some(None) => Some(Literal::new_simple_literal(literal.value())),
                Some(Some(language)) => Some(Literal::new_language_tagged_literal_unchecked(
                    literal.value(),
                    language,
                )),
                None => None,
            },
            (None, datatype) if self.iri(datatype.as_str()).is_none() => {
                Some(Literal::new_simple_literal(literal.value()))
            }
            (None, _) => None,
        };
        self.oddities.literals += u64::from(mended.is_some());
        let mut form = std::mem::take(&mut self.scratch);
        form.clear();
        let _ = write!(form, "{}", mended.as_ref().unwrap_or(literal));
        let id = self.intern(&form);
        self.scratch = form;
        id
    }

    /// None: the tag is as it should be. Else the tag that it was meant to be, if one can be seen (`zh_TW` is `zh-tw`).
    fn language(&mut self, tag: &str) -> Option<Option<String>> {
        if let Some(known) = self.languages.get(tag) {
            return match known {
                Some(known) if known == tag => None,
                other => Some(other.clone()),
            };
        }
        let valid = |tag: &str| Literal::new_language_tagged_literal("", tag).is_ok();
        let hyphens = tag.replace('_', "-").to_ascii_lowercase();
        let meant = if valid(tag) {
            Some(tag.to_owned())
        } else {
            Some(hyphens).filter(|tag| valid(tag))
        };
        self.languages.insert(tag.to_owned(), meant);
        self.language(tag)
    }

    fn intern(&mut self, form: &str) -> Id {
        match self.slot(form) {
            Ok(id) => id,
            Err(slot) => {
                let id = self.begins.len() as Id;
                self.begins.push(self.text.len() as u32);
                self.text.push_str(form);
                self.ids.insert(slot, id);
                id
            }
        }
    }

    /// The term's id, or the free key under which it would stand.
    fn slot(&self, form: &str) -> Result<Id, u64> {
        let mut slot = self.hasher.hash_one(form);
        while let Some(&id) = self.ids.get(&slot) {
            if self.form(id) == form {
                return Ok(id);
            }
            slot = slot.wrapping_add(1);
        }
        Err(slot)
    }
}

fn equal(rows: &[Row], first: Id) -> Range<usize> {
    let begin = rows.partition_point(|row| row[0] < first);
    let length = rows[begin..].partition_point(|row| row[0] == first);
    begin..begin + length
}

/// The value between the quotes of a literal's canonical N-Triples form.
fn literal_value(form: &str) -> Option<String> {
    let end = form.rfind('"').filter(|end| *end > 0)?;
    let mut out = String::with_capacity(end);
    let mut chars = form[1..end].chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            't' => out.push('\t'),
            'b' => out.push('\u{8}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            'f' => out.push('\u{c}'),
            'u' => out.push(hexadecimal(&mut chars, 4)?),
            'U' => out.push(hexadecimal(&mut chars, 8)?),
            other => out.push(other),
        }
    }
    Some(out)
}

fn hexadecimal(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text: String = chars.by_ref().take(digits).collect();
    char::from_u32(u32::from_str_radix(&text, 16).ok()?)
}

#[cfg(test)]
mod tests;
