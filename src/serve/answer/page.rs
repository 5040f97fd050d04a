//! A page of datasets, each whole, with the agents, services and themes that they name, and Hydra's links to the pages around it.
//!
//! Pages go by key: a page begins after an IRI, wherever that stands by now, so that a catalogue that moves while somebody
//! pages through it loses nobody. A page may end before it has its number of datasets, by its bytes: where the one before
//! began is therefore not told, and where the last one begins only if it was found to reach the end. Runs in the worker's
//! process only. Start at [`write`].

use super::{
    Failure, house,
    write::{CRUMBS_BYTES, serializer},
};
use crate::serve::{wire::PageAsked, worker::Reply};
use harvestd_vocab::terms::{dcat, dct, xsd};
use oxigraph::{
    io::WriterQuadSerializer,
    model::{GraphNameRef, Literal, NamedNode, NamedNodeRef, Term, Triple, vocab::rdf},
    store::{StorageError, Store},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    cell::Cell,
    collections::HashSet,
    io::{self, BufWriter, Write},
    ops::Range,
};

/// As Hydra's vocabulary has it. Terms that it has renamed stand beside their successors, for those who know only one.
const HYDRA: &str = "http://www.w3.org/ns/hydra/core#";
const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What a dataset names and what is told on its page as well: a page can be read by itself.
const COMPANIONS: [NamedNodeRef<'_>; 7] = [
    dct::PUBLISHER,
    dct::CREATOR,
    dct::CONTRIBUTOR,
    dct::RIGHTS_HOLDER,
    dcat::CONTACT_POINT,
    dcat::ACCESS_SERVICE,
    dcat::THEME,
];

/// `members` are the IRIs of the whole list, sorted; `last` is what [`last`] found.
pub(super) fn write(
    store: &Store,
    asked: &PageAsked,
    members: &[String],
    last: Option<usize>,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is(asked.format.media_type());
    let written = Cell::new(0);
    let mut out = begun(
        asked,
        BufWriter::with_capacity(CRUMBS_BYTES, reply),
        &written,
    )?;
    let start = asked
        .after
        .as_ref()
        .map_or(0, |after| members.partition_point(|iri| iri <= after));
    let end = datasets(store, asked, members, start, &mut out, &written)?;
    for triple in links(asked, members, start..end, last) {
        out.serialize_triple(&triple)?;
    }
    out.finish()?.flush()?;
    Ok(())
}

/// Where the last page begins, if pages have as many datasets as they may: if what is left for it fits into its bytes. That
/// is found by writing it to nowhere.
pub(super) fn last(
    store: &Store,
    asked: &PageAsked,
    members: &[String],
) -> Result<Option<usize>, Failure> {
    let start = members.len().saturating_sub(1) / asked.datasets_max * asked.datasets_max;
    if start == 0 {
        return Ok(None);
    }
    let written = Cell::new(0);
    let mut out = begun(asked, io::sink(), &written)?;
    let end = datasets(store, asked, members, start, &mut out, &written)?;
    Ok((end == members.len()).then_some(start))
}

fn begun<'c, W: Write>(
    asked: &PageAsked,
    out: W,
    written: &'c Cell<u64>,
) -> Result<WriterQuadSerializer<Counted<'c, W>>, Failure> {
    let prefixed = serializer(asked.format)
        .with_prefix("hydra", HYDRA)
        .map_err(|e| super::internal(&format!("the prefix of Hydra: {e}")))?;
    Ok(prefixed.for_writer(Counted { out, written }))
}

/// The datasets of the page that begins at `start`, with what they name. Gives where it ends: it has one dataset at least,
/// and ends with the one by which it came to its size.
fn datasets<W: Write>(
    store: &Store,
    asked: &PageAsked,
    members: &[String],
    start: usize,
    out: &mut WriterQuadSerializer<Counted<'_, W>>,
    written: &Cell<u64>,
) -> Result<usize, Failure> {
    let mut told = HashSet::new();
    if start == 0 {
        for triple in catalogs(store, asked)? {
            out.serialize_triple(&triple)?;
        }
    }
    let mut end = start;
    for iri in members[start..].iter().take(asked.datasets_max) {
        if end > start && written.get() >= asked.bytes_max {
            break;
        }
        end += 1;
        let description = house::description(store, NamedNodeRef::new_unchecked(iri))?;
        for triple in &description {
            out.serialize_triple(triple)?;
        }
        for companion in companions(store, &description, &mut told)? {
            for triple in house::description(store, companion.as_ref())? {
                out.serialize_triple(&triple)?;
            }
        }
    }
    Ok(end)
}

/// The catalogues that the list's datasets are in, on its first page.
fn catalogs(store: &Store, asked: &PageAsked) -> Result<Vec<Triple>, StorageError> {
    let list = &asked.list;
    if let Some(source) = &list.which.source {
        let catalog = NamedNode::new_unchecked(format!("{}catalog/{source}", list.base));
        return house::description(store, catalog.as_ref());
    }
    let mut triples = Vec::new();
    let graph = Some(GraphNameRef::DefaultGraph);
    for quad in store.quads_for_pattern(None, Some(rdf::TYPE), Some(dcat::CATALOG.into()), graph) {
        if let oxigraph::model::NamedOrBlankNode::NamedNode(catalog) = quad?.subject
            && !is_dataset(store, catalog.as_ref())?
        {
            triples.extend(house::description(store, catalog.as_ref())?);
        }
    }
    Ok(triples)
}

/// Entities that a description names and that this page has not told of yet.
pub(super) fn companions(
    store: &Store,
    description: &[Triple],
    told: &mut HashSet<NamedNode>,
) -> Result<Vec<NamedNode>, StorageError> {
    let mut found = Vec::new();
    for triple in description {
        if let Term::NamedNode(named) = &triple.object
            && COMPANIONS.contains(&triple.predicate.as_ref())
            && told.insert(named.clone())
            && !is_dataset(store, named.as_ref())?
        {
            found.push(named.clone());
        }
    }
    Ok(found)
}

/// Each dataset stands on one page: who counts them counts each once.
fn is_dataset(store: &Store, node: NamedNodeRef<'_>) -> Result<bool, StorageError> {
    let typed =
        oxigraph::model::QuadRef::new(node, rdf::TYPE, dcat::DATASET, GraphNameRef::DefaultGraph);
    store.contains(typed)
}

/// What Hydra says of this page, which holds these of the members.
fn links(
    asked: &PageAsked,
    members: &[String],
    page: Range<usize>,
    last: Option<usize>,
) -> Vec<Triple> {
    let here = match &asked.after {
        None => asked.address.clone(),
        Some(key) => after(&asked.address, key),
    };
    let collection = format!("{}#collection", asked.address);
    let mut triples = vec![
        (
            &here,
            rdf::TYPE.into_owned(),
            hydra("PagedCollection").into(),
        ),
        (
            &here,
            rdf::TYPE.into_owned(),
            hydra("PartialCollectionView").into(),
        ),
        (&here, hydra("itemsPerPage"), number(asked.datasets_max)),
        (&here, hydra("totalItems"), number(members.len())),
    ];
    for (now, formerly, address) in around(asked, &here, members, page.end, last) {
        let address: Term = NamedNode::new_unchecked(address).into();
        triples.push((&here, hydra(now), address.clone()));
        triples.push((&here, hydra(formerly), address));
    }
    let view = NamedNode::new_unchecked(here.clone());
    triples.push((
        &collection,
        rdf::TYPE.into_owned(),
        hydra("Collection").into(),
    ));
    triples.push((&collection, hydra("totalItems"), number(members.len())));
    triples.push((&collection, hydra("view"), view.into()));
    let triple = |(subject, predicate, object): (&String, NamedNode, Term)| {
        Triple::new(NamedNode::new_unchecked(subject.clone()), predicate, object)
    };
    triples.into_iter().map(triple).collect()
}

/// The pages around this one, which ends before `end`, as far as they are known: Hydra's term, the term that it replaced,
/// and the address.
fn around(
    asked: &PageAsked,
    here: &str,
    members: &[String],
    end: usize,
    last: Option<usize>,
) -> Vec<(&'static str, &'static str, String)> {
    let page = |first: usize| match first.checked_sub(1) {
        None => asked.address.clone(),
        Some(before) => after(&asked.address, &members[before]),
    };
    let mut around = vec![("first", "firstPage", page(0))];
    if end == members.len() {
        around.push(("last", "lastPage", here.to_owned()));
        return around;
    }
    around.push(("next", "nextPage", page(end)));
    if let Some(last) = last.filter(|last| *last >= end) {
        around.push(("last", "lastPage", page(last)));
    }
    around
}

fn after(address: &str, key: &str) -> String {
    format!("{address}&after={}", utf8_percent_encode(key, IN_A_QUERY))
}

fn hydra(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{HYDRA}{name}"))
}

fn number(of: usize) -> Term {
    Literal::new_typed_literal(of.to_string(), xsd::INTEGER).into()
}

/// Counts what goes through.
struct Counted<'c, W> {
    out: W,
    written: &'c Cell<u64>,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.written.set(self.written.get() + taken as u64);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
